"""What the team wrote down and heard, found again (work item 5-3).

The passages of a row are made anew soon after it changed (`index`, a job of the clock); until then a search does not
show what the row said before. Whoever erases a person does not wait for that (`forget`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from domain.data import search as names
from domain.data.quality import person_key
from domain.members import Permission, require
from domain.model import Reason
from domain.pipeline import passages as domain
from domain.pipeline.passages import Kind, Question
from domain.slack_links import MessageLink, message_in
from services.deps import Actor, Deps
from services.pipeline import meanings
from storage import account_search, installations, slack_places, vectors
from storage import passages as queries
from storage.passages import Candidate, Draft, Named, PassageRow
from storage.slack_places import About, Place

__all__ = ["Hit", "Kind", "Page", "Place", "bring_up", "forget", "index", "search"]

log = logging.getLogger(__name__)

INDEX_SECONDS: Final = 5
"""How often the clock looks what is due."""
BATCH: Final = 40
"""Rows whose passages are made anew in one transaction; on SQLite others wait for it."""
SAMPLE: Final = 300
MOST: Final = 1_000
"""Passages that are read and weighed for one question, at the most, of each of the ways to find some."""
ENOUGH: Final = 2_000
"""Where the better ways have found so many, the others need not be gone."""
NAMES: Final = 4
"""So many of the words may name a company or a person."""
NAMED_LEADS: Final = 200
MAX_LIMIT: Final = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that answers, and what it is about. `passage_id`: 0 where a message in Slack led to the row itself.
    `snippet`: the part of it that answers best, "" where nothing is written there. `section`: which of
    the row's texts it is from, "" where it has only one. `place`: its message in Slack, where there is one,
    or `link`, that message's address."""

    passage_id: int
    kind: Kind
    source_id: int
    section: str
    snippet: str
    said_at: datetime
    lead_id: int | None
    contact: str
    account: str
    member: str
    place: Place | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Answers, best first. `more`: there are others behind them. `unavailable`: why they were found by words alone,
    where the language model would have helped."""

    hits: tuple[Hit, ...] = ()
    more: bool = False
    unavailable: Reason | None = None


async def search(deps: Deps, actor: Actor, text: str, limit: int = 5, offset: int = 0) -> Page:
    """The team's passages that answer what was typed, best first, of each text the best; of equal ones the newer. Where
    the team lets the language model read, those that mean the same count too. The address of a message in Slack finds
    what belongs to that message.

    Refused: NOT_ALLOWED.
    """
    require(actor.role, Permission.READ)
    pasted = message_in(text)
    if pasted is not None:
        return await _belonging(deps, actor, pasted, min(limit, MAX_LIMIT), max(offset, 0))
    question = domain.parse(text)
    limit, offset = min(limit, MAX_LIMIT), max(offset, 0)
    if question is None or limit < 1:
        return Page()
    vector, unavailable = await meanings.question(deps, actor.team_id, text[: domain.MAX_TYPED], actor.member_id)
    async with deps.reading(actor.team_id) as session:
        sample = await queries.sample(session, SAMPLE)
        weights = domain.weigh(question, sample)
        ranked = await _by_words(session, question, weights, sample)
        if vector is not None and deps.model is not None:
            near = await vectors.nearest(session, deps.model.settings.embedding, vector, meanings.NEAREST)
            ranked = domain.fused((ranked, near))
        shown, more = await _chosen(session, ranked, limit, offset)
        posts = await slack_places.posts(session, [(Kind(row.kind), row.source_id) for row in shown])
        links = await slack_places.links(session, [row.source_id for row in shown if row.kind == Kind.RECORDING])
    hits = [
        Hit(
            row.id,
            Kind(row.kind),
            row.source_id,
            row.section,
            domain.snippet(question, weights, row.text),
            row.said_at,
            row.lead_id,
            row.contact or "",
            row.account or "",
            row.member or "",
            posts.get((Kind(row.kind), row.source_id)),
            links.get(row.source_id, "") if row.kind == Kind.RECORDING else "",
        )
        for row in shown
    ]
    return Page(tuple(hits), more, unavailable)


async def _belonging(deps: Deps, actor: Actor, at: MessageLink, limit: int, offset: int) -> Page:
    """The team's rows that a message shows or came from; a message of anywhere else has none."""
    async with deps.reading(actor.team_id) as session:
        named = await slack_places.posted(session, at)
        found = [
            source
            for kind in Kind
            if (ids := [row_id for of, row_id in named if of is kind])
            for source in await queries.sources(session, kind, ids)
        ]
        # One answer for each row: its first text that says something, or else that it is there.
        first: dict[Named, queries.Source] = {}
        for source in found:
            key = (source.kind, source.source_id)
            if key not in first or (not first[key].text.strip() and source.text.strip()):
                first[key] = source
        shown = [first[key] for key in named if key in first][offset : offset + limit + 1]
        names = await slack_places.about(session, {each.lead_id for each in shown if each.lead_id is not None})
        members = await slack_places.members(session, {each.member_id for each in shown if each.member_id is not None})
        posts = await slack_places.posts(session, [(each.kind, each.source_id) for each in shown])
        links = await slack_places.links(session, [each.source_id for each in shown if each.kind is Kind.RECORDING])
    hits = []
    for each in shown[:limit]:
        who = names.get(each.lead_id or 0, About("", ""))
        hits.append(
            Hit(
                0,
                each.kind,
                each.source_id,
                each.section,
                domain.opening(each.text),
                each.said_at,
                each.lead_id,
                who.contact,
                who.account,
                members.get(each.member_id or 0, ""),
                posts.get((each.kind, each.source_id)),
                links.get(each.source_id, "") if each.kind is Kind.RECORDING else "",
            )
        )
    return Page(tuple(hits), len(shown) > limit)


async def _by_words(
    session: AsyncSession, question: Question, weights: dict[str, float], sample: Sequence[str]
) -> list[int]:
    """Passages in the order of their worth."""
    named, about = await _named(session, question)
    found: dict[int, Candidate] = {candidate.id: candidate for candidate, _ in about}
    leads = {candidate.id: lead_id for candidate, lead_id in about}
    for branches in _ways(question, weights, sample):
        if len(found) < ENOUGH:
            found |= {candidate.id: candidate for candidate in await queries.having(session, branches, MOST)}
    for word in question.words:
        if not word.grams:
            found |= {candidate.id: candidate for candidate in await queries.holding(session, word.needle, MOST)}
    scored = [
        (domain.worth(question, weights, candidate.search_text, named.get(leads.get(key, 0), frozenset())), candidate)
        for key, candidate in found.items()
    ]
    scored.sort(key=lambda pair: (pair[0], pair[1].said_at, pair[1].id), reverse=True)
    least = domain.BESIDE * scored[0][0] if scored else 0.0
    return [candidate.id for worth, candidate in scored if worth > 0 and worth >= least]


def _ways(question: Question, weights: dict[str, float], sample: Sequence[str]) -> list[list[tuple[str, ...]]]:
    """What the index is asked for, one after the other: all that was typed; rare words; two rare grams; one."""
    ways: list[list[tuple[str, ...]]] = [[question.grams]] if question.grams else []
    words = [word for word in question.words if word.grams and word.grams != question.grams]
    most = domain.COMMON * len(sample)
    ways.append([word.grams for word in words if sum(word.needle in text for text in sample) <= most])
    rarest = domain.rare(weights, len(sample))
    ways += [list(domain.pairs(rarest)), [(gram,) for gram in rarest]]
    return [branches for branches in ways if branches]


async def _named(
    session: AsyncSession, question: Question
) -> tuple[dict[int, frozenset[int]], list[tuple[Candidate, int]]]:
    """Words that name a company or a person: for each lead of theirs which words, and the passages about them."""
    places: dict[int, set[int]] = {}
    for place, word in enumerate(question.words[:NAMES]):
        plain = word.needle.replace(domain.EDGE, "")
        query = names.parse(plain) if len(plain) > 1 else None
        if query is None:
            continue
        # Names that begin so, not those that hold it somewhere.
        found = await account_search.search(session, names.Query(query.name, query.tiers[:1]), NAMED_LEADS)
        for lead_id in await queries.leads_named(
            session, [account.id for account in found], person_key(plain), NAMED_LEADS
        ):
            places.setdefault(lead_id, set()).add(place)
    about = await queries.about(session, places, MOST) if places else []
    return {lead_id: frozenset(words) for lead_id, words in places.items()}, about


async def _chosen(
    session: AsyncSession, ranked: Sequence[int], limit: int, offset: int
) -> tuple[list[PassageRow], bool]:
    """Of the ranked passages those of one page, of each text the best one; whether others follow."""
    seen: set[tuple[str, int, str]] = set()
    shown: list[PassageRow] = []
    wanted = offset + limit + 1
    for begin in range(0, len(ranked), 4 * MAX_LIMIT):
        some = ranked[begin : begin + 4 * MAX_LIMIT]
        rows = await queries.read(session, some)
        for row in (rows[key] for key in some if key in rows):
            if (text := (row.kind, row.source_id, row.section)) not in seen:
                seen.add(text)
                shown.append(row)
        if len(shown) >= wanted:
            break
    return shown[offset : offset + limit], len(shown) >= wanted


# Kept in step


async def index(deps: Deps, seconds: float = 0.6 * INDEX_SECONDS, most: int = BATCH) -> int:
    """Make the passages of all teams' changed rows anew; how many rows there were. For an interval job: what is not
    done after so many seconds is left to the next time. The teams take turns of at most `most` rows."""
    async with deps.database.reading_across_teams() as session:
        # Nobody searches in a workspace that has removed the app, and its data may be on the way out.
        gone = await installations.gone(session)
        teams = [team_id for team_id in await queries.due_teams(session) if team_id not in gone]
    done, until = 0, time.monotonic() + seconds
    while teams:
        for team_id in tuple(teams):
            try:
                taken = await bring_up(deps, team_id, most)
            except Exception:
                # One team's fault must not stop the others' work; the next look tries again.
                log.exception("The passages of team %s could not be made anew", team_id)
                taken = 0
            done += taken
            if not taken:
                teams.remove(team_id)
            if time.monotonic() > until:
                return done
    return done


async def bring_up(deps: Deps, team_id: str, most: int = BATCH) -> int:
    """Make the passages of some of a team's changed rows anew; how many entries were seen to, 0 when nothing is due."""
    async with deps.reading(team_id) as session:
        due = await queries.dues(session, most)
        named: dict[Named, None] = {(Kind(row.kind), row.source_id): None for row in due}
        drafts: list[Draft] = []
        for kind in Kind:
            ids = [source_id for of, source_id in named if of is kind]
            found = await queries.sources(session, kind, ids) if ids else []
            # Later rows get later passages, by which the newer of equal answers is told.
            for source in sorted(found, key=lambda source: source.source_id):
                drafts += [Draft(source, part, text) for part, text in enumerate(domain.passages(source.text))]
    if not due:
        return 0
    ids = [row.id for row in due]
    async with deps.writing(team_id) as session:
        await queries.lock(session)
        # What changed since it was read is due again, and made then.
        changed = await queries.due_again(session, named, ids)
        await queries.drop(session, named)
        await queries.add(session, [d for d in drafts if (d.source.kind, d.source.source_id) not in changed])
        await queries.settle(session, ids)
    return len(due)


async def forget(session: AsyncSession) -> None:
    """Delete the passages of every row that was changed and not seen to yet, in the transaction that changed them."""
    await queries.lock(session)
    await queries.drop_due(session)
