"""Conversations become notes, and what is known of a lead becomes a summary for field sales (work items 5-3, 3-1, 3-6).

A model reads where there is one and the team lets it; whatever it claims is held against what was said. Otherwise cue
words find what they can, and the result says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TypeVar

from pydantic import BaseModel

from domain.model import Outcome, Unavailable
from domain.pipeline import checks, plain_notes
from domain.pipeline.cues import addresses_a_machine
from domain.pipeline.notes import DropReason, Note, Sentence, Summary
from domain.pipeline.transcripts import Transcript, Utterance
from prompts.pipeline.outputs import MeetingNote
from prompts.qualification.outputs import BantReading, HandoffSummary
from services import model
from services.deps import Deps
from storage import members as member_queries

M = TypeVar("M", bound=BaseModel)

MEETING_NOTES = "pipeline/meeting_notes"
BANT = "qualification/bant"
HANDOFF = "qualification/handoff"

MOST_CHARACTERS = 30_000
"""Of a transcript in one question, as it is shown: about an hour of talk. Longer ones are read in parts."""
MOST_HALVINGS = 2
"""How often a part is halved whose answer is too long."""
MOST_SOURCES = 40
MOST_PLAIN_SENTENCES = 8


async def read(
    deps: Deps,
    team_id: str,
    transcript: Transcript,
    names: Iterable[str] = (),
    member_id: int | None = None,
    *,
    held_on: date | None = None,
    language: str = "ja",
) -> Note:
    """The note of a conversation, and what it proposes for BANT.

    `names`: of everybody whom it may name, to be masked where the team masks; the speakers' are known. `member_id`: on
    whose behalf. `held_on`: the local day of the conversation (today, where it is not told), which 来月 comes after.
    `language`: in which the note is written. Without a model `Note.unavailable` says why.
    """
    day = held_on or await _today(deps, team_id)
    known = {*names, *(u.speaker for u in transcript.utterances)} - {""}
    items: list[checks.ItemClaim] = []
    claims: list[checks.ProposalClaim] = []
    ask = partial(model.ask, deps, team_id, member_id=member_id, names=known)
    try:
        for part in _parts(transcript):
            async for note in _answers(ask, MEETING_NOTES, MeetingNote, part, {"language": language}):
                items += [checks.ItemClaim(line.kind, line.text, line.quote, line.utterance) for line in note.lines]
            async for bant in _answers(ask, BANT, BantReading, part, {}):
                claims += [
                    checks.ProposalClaim(line.field, line.value, line.quote, line.utterance, line.certain)
                    for line in bant.lines
                ]
    except Unavailable as unavailable:
        # In a thread: an hour of talk takes a good part of a second.
        found = await asyncio.to_thread(plain_notes.read, transcript, day)
        return Note(found.items, found.proposals, found.drops, unavailable.reason.value)
    kept_items, item_drops = await asyncio.to_thread(checks.items, items, transcript)
    kept_proposals, proposal_drops = await asyncio.to_thread(checks.proposals, claims, transcript, day)
    return Note(tuple(kept_items), tuple(kept_proposals), (*item_drops, *proposal_drops))


async def summarise(
    deps: Deps,
    team_id: str,
    sources: Sequence[str],
    names: Iterable[str] = (),
    member_id: int | None = None,
    *,
    language: str = "ja",
) -> Summary:
    """A summary of what was said and noted, for field sales. Every sentence names the sources it rests on, numbered
    from 1 as they are given; the first forty are read. Without a model the sources stand for themselves."""
    given = [" ".join(source.split()) for source in sources][:MOST_SOURCES]
    if not any(given):
        return Summary()
    try:
        told = await model.ask(
            deps,
            team_id,
            HANDOFF,
            HandoffSummary,
            {"language": language, "sources": given},
            member_id=member_id,
            names=names,
        )
    except Unavailable as unavailable:
        return _plain_summary(given, unavailable.reason.value)
    kept, drops = checks.summary(((line.text, line.sources) for line in told.lines), given)
    return Summary(tuple(kept), tuple(drops))


def _plain_summary(sources: Sequence[str], why: str) -> Summary:
    """The sources one after the other, each its own."""
    drops: list[DropReason] = []
    kept: list[Sentence] = []
    for number, text in enumerate(sources, 1):
        if not text:
            continue
        if addresses_a_machine(text):
            drops.append(DropReason.MACHINE)
        elif len(kept) < MOST_PLAIN_SENTENCES and all(each.text != text for each in kept):
            kept.append(Sentence(text, (number,)))
    return Summary(tuple(kept), tuple(drops), why)


async def _today(deps: Deps, team_id: str) -> date:
    async with deps.reading(team_id) as session:
        team = await member_queries.team(session, team_id)
    return deps.today(team.zone if team is not None else "Asia/Tokyo")


async def _answers(
    ask: Callable[..., Awaitable[M]],
    prompt_id: str,
    output_type: type[M],
    part: Sequence[Utterance],
    more: Mapping[str, str],
    halvings: int = MOST_HALVINGS,
) -> AsyncIterator[M]:
    """What the model says about a part. One of which so much is to be said that the answer has no room is asked about
    by halves. Raises `Unavailable`."""
    try:
        answer = await ask(prompt_id, output_type, {"transcript": _shown(part), **more})
    except Unavailable as unavailable:
        if unavailable.outcome is not Outcome.TRUNCATED or halvings == 0 or len(part) < 2:
            raise
    else:
        yield answer
        return
    middle = len(part) // 2
    for half in (part[:middle], part[middle:]):
        async for answer in _answers(ask, prompt_id, output_type, half, more, halvings - 1):
            yield answer


def _parts(transcript: Transcript) -> Iterable[Sequence[Utterance]]:
    part: list[Utterance] = []
    length = 0
    for utterance in transcript.utterances:
        more = len(_line(utterance)) + 1
        if part and length + more > MOST_CHARACTERS:
            yield part
            part, length = [], 0
        part.append(utterance)
        length += more
    if part:
        yield part


def _shown(utterances: Sequence[Utterance]) -> str:
    return "\n".join(map(_line, utterances))


def _line(u: Utterance) -> str:
    """`[12] 3:05 theirs 田島: ...`. What was said has no line breaks of its own, so that nobody says a line in somebody
    else's name."""
    return f"[{u.number}]{_clock(u.start_ms)} {u.side.value} {' '.join(u.speaker.split())}: {' '.join(u.text.split())}"


def _clock(start_ms: int | None) -> str:
    if start_ms is None:
        return ""
    return f" {start_ms // 60_000}:{start_ms // 1000 % 60:02}"
