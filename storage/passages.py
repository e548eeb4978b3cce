"""The passages of a team and their search index, on SQLite and on PostgreSQL.

SQLite: a full-text table without content holds each passage's grams as words, under row ids that begin with the team
(as storage/account_search.py has it). PostgreSQL: a GIN index over the grams as numbers, with the team's number among
them; under row-level security only a function of the tables' owner can use it.

Nothing keeps the index in step by itself: passages are added and deleted here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from domain.data.search import numbers_of
from domain.outreach.form_fields import SIGNED, Field
from domain.pipeline.passages import Kind, grams, line
from storage.account_search import class_number, first_row_id, is_postgresql, signed
from storage.members import NO_SYNC
from storage.statements import table
from storage.tables import (
    Account,
    Call,
    Contact,
    FormSubmission,
    Handoff,
    HandoffReturn,
    Lead,
    Member,
    Objection,
    Passage,
    PassageDue,
    Qualification,
    Recording,
    Script,
    ScriptVersion,
    Utterance,
)

_FULL_TEXT = sa.table("passage_search", sa.column("rowid", sa.BigInteger))
_LOCK = 7_301_204_117
"""Any fixed number: the lock's name, the same in every process."""


class Source(NamedTuple):
    """A text of a row that passages are made of."""

    kind: Kind
    source_id: int
    section: str
    text: str
    lead_id: int | None
    member_id: int | None
    said_at: datetime


class Draft(NamedTuple):
    """A passage that is to be kept. `part`: its number within the source's text."""

    source: Source
    part: int
    text: str


_KINDS = [kind.value for kind in Kind]

Named = tuple[Kind, int]
"""A row that passages come from."""


class DueRow(NamedTuple):
    """A row whose passages are to be made anew."""

    id: int
    kind: str
    source_id: int


# What is due


async def due_teams(session: AsyncSession) -> list[str]:
    """The teams with something due. For a session over all teams."""
    statement = sa.select(PassageDue.team_id).where(PassageDue.kind.in_(_KINDS)).distinct()
    return list(await session.scalars(statement.order_by(PassageDue.team_id)))


async def dues(session: AsyncSession, most: int) -> list[DueRow]:
    """What has been due for longest; what a later version has more of waits for it."""
    statement = sa.select(PassageDue.id, PassageDue.kind, PassageDue.source_id).where(PassageDue.kind.in_(_KINDS))
    statement = statement.order_by(PassageDue.id).limit(most)
    return [DueRow._make(row) for row in await session.execute(statement)]


async def lock(session: AsyncSession) -> None:
    """Let nobody else change passages until the transaction ends. (On SQLite nobody else writes anyway.)"""
    if is_postgresql(session):
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK + crc32(session.info["team_id"].encode()))))


async def due_again(session: AsyncSession, named: Iterable[Named], done: Iterable[int]) -> set[Named]:
    """Those of the rows that became due again, by other entries than those `done`."""
    statement = sa.select(PassageDue.kind, PassageDue.source_id).where(
        _among(PassageDue, named), PassageDue.id.not_in(list(done))
    )
    return {(Kind(kind), source_id) for kind, source_id in await session.execute(statement)}


async def settle(session: AsyncSession, done: Sequence[int]) -> None:
    """Take entries of what is due away."""
    statement = sa.delete(PassageDue).where(PassageDue.id.in_(done))
    await session.execute(statement, execution_options=NO_SYNC)


def _among(model: type[Passage] | type[PassageDue], named: Iterable[Named]) -> sa.ColumnElement[bool]:
    kinds: dict[str, list[int]] = {}
    for kind, source_id in named:
        kinds.setdefault(kind, []).append(source_id)
    return sa.or_(sa.false(), *(sa.and_(model.kind == kind, model.source_id.in_(ids)) for kind, ids in kinds.items()))


_IS_DUE = sa.exists().where(
    PassageDue.team_id == Passage.team_id,
    PassageDue.kind == Passage.kind,
    PassageDue.source_id == Passage.source_id,
)


# What passages are made of


async def sources(session: AsyncSession, kind: Kind, ids: Sequence[int]) -> list[Source]:
    """The texts of those of the rows that are there."""
    return [Source(kind, *row) for row in await _READERS[kind](session, ids)]


async def _calls(session: AsyncSession, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    columns = (Call.id, sa.literal(""), Call.note, Call.lead_id, Call.member_id, Call.called_at)
    return [tuple(row) for row in await session.execute(sa.select(*columns).where(Call.id.in_(ids)))]


async def _leads(session: AsyncSession, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    columns = (Lead.id, sa.literal(""), Lead.note, Lead.id, Lead.owner_id, Lead.created_at)
    return [tuple(row) for row in await session.execute(sa.select(*columns).where(Lead.id.in_(ids)))]


async def _returns(session: AsyncSession, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    given = HandoffReturn
    columns = (given.id, sa.literal(""), given.comment, Handoff.lead_id, given.member_id, given.created_at)
    statement = sa.select(*columns).join(Handoff, Handoff.id == given.handoff_id).where(given.id.in_(ids))
    return [tuple(row) for row in await session.execute(statement)]


async def _qualifications(session: AsyncSession, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    judged = Qualification
    columns = (judged.id, judged.answers, judged.lead_id, judged.member_id, judged.created_at)
    found: list[tuple[Any, ...]] = []
    for key, answers, *about in await session.execute(sa.select(*columns).where(judged.id.in_(ids))):
        for section, names in _ANSWERS.items():
            given = answers.get(section) if isinstance(answers, dict) else None
            texts = [given] if not names else [given.get(name) for name in names] if isinstance(given, dict) else []
            said = "\n".join(text for text in texts if isinstance(text, str) and text.strip())
            found.append((key, section, said, *about))
    return found


_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "budget": ("note",),
    "authority": ("decision_maker", "influencers", "process"),
    "need": ("note",),
    "timeline": ("note",),
    "call_summary": (),
}
"""The texts of a judgement, by section (domain/qualification/bant.py)."""


async def _handoffs(session: AsyncSession, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    columns = (Handoff.id, Handoff.package, Handoff.lead_id, Handoff.from_member_id, Handoff.created_at)
    return [
        (key, section, text, *about)
        for key, package, *about in await session.execute(sa.select(*columns).where(Handoff.id.in_(ids)))
        for section, text in (package.items() if isinstance(package, dict) else ())
        if isinstance(text, str) and len(section) <= 32
    ]


async def _objections(session: AsyncSession, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    columns = (Objection.id, Objection.said, Objection.answers, Objection.created_by, Objection.updated_at)
    statement = sa.select(*columns).where(Objection.id.in_(ids), Objection.retired_at.is_(None))
    return [
        (key, "", "\n".join(text for text in (said, *answers) if isinstance(text, str)), None, *about)
        for key, said, answers, *about in await session.execute(statement)
    ]


async def _scripts(session: AsyncSession, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """Of each script the version that holds."""
    given = ScriptVersion
    columns = (Script.id, given.stages, given.created_by, given.created_at)
    holds = sa.and_(given.script_id == Script.id, given.number == Script.newest)
    statement = sa.select(*columns).join(given, holds).where(Script.id.in_(ids), Script.retired_at.is_(None))
    return [
        (key, stage, said, None, *about)
        for key, stages, *about in await session.execute(statement)
        for stage, said in (stages.items() if isinstance(stages, dict) else ())
        if isinstance(said, str) and len(stage) <= 32
    ]


async def _recordings(session: AsyncSession, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """What was said, one turn a line, and what the note made of it, once somebody has said whom it is about."""
    columns = (Recording.id, Recording.note, Recording.lead_id, Recording.member_id, Recording.created_at)
    rows = (
        await session.execute(sa.select(*columns).where(Recording.id.in_(ids), Recording.lead_id.is_not(None)))
    ).all()
    turns = sa.select(Utterance.recording_id, Utterance.text).where(Utterance.recording_id.in_(ids))
    said: dict[int, list[str]] = {}
    for key, text in await session.execute(turns.order_by(Utterance.recording_id, Utterance.number)):
        said.setdefault(key, []).append(text)
    found = [(key, "", "\n".join(said.get(key, ())), *about) for key, _note, *about in rows]
    return found + [(key, NOTE, _noted(note), *about) for key, note, *about in rows if note]


NOTE: Final = "note"
"""The section of a recording that is its structured note."""


def _noted(note: Mapping[str, Any]) -> str:
    """A note's lines and its summary, in the model's words; a line that only repeats what was said is found there."""
    lines = [item for item in note.get("items", ()) if item.get("text") != item.get("quote")]
    texts = [line.get("text") for line in (*note.get("summary", ()), *lines)]
    return "\n".join(dict.fromkeys(text for text in texts if isinstance(text, str) and text.strip()))


async def _inquiries(session: AsyncSession, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """What was typed into a form; who typed it is found by the lead's names, and what became its note there."""
    given = FormSubmission
    columns = (given.id, given.fields, Lead.note, given.lead_id, given.claimed_by, given.received_at)
    statement = sa.select(*columns).join(Lead, Lead.id == given.lead_id).where(given.id.in_(ids))
    found: list[tuple[Any, ...]] = []
    for key, fields, note, *about in await session.execute(statement):
        typed = fields if isinstance(fields, dict) else {}
        texts = [
            text
            for name, text in typed.items()
            if name not in _WHO and isinstance(text, str) and text.strip() and text.strip() not in (note or "")
        ]
        found.append((key, "", "\n".join(texts), *about))
    return found


_WHO: Final = {SIGNED, *(field for field in Field if field not in {Field.TOPIC, Field.MESSAGE, Field.OTHER})}
"""Fields of a form that say who somebody is, not what they want."""


_READERS = {
    Kind.CALL: _calls,
    Kind.LEAD: _leads,
    Kind.RETURN: _returns,
    Kind.QUALIFICATION: _qualifications,
    Kind.HANDOFF: _handoffs,
    Kind.OBJECTION: _objections,
    Kind.SCRIPT: _scripts,
    Kind.RECORDING: _recordings,
    Kind.INQUIRY: _inquiries,
}


# Writing


async def add(session: AsyncSession, drafts: Sequence[Draft]) -> None:
    """Add passages, and make them findable."""
    if not drafts:
        return
    team_id, on_postgresql = session.info["team_id"], is_postgresql(session)
    rows: list[dict[str, Any]] = []
    indexed: list[set[str]] = []
    for source, part, text in drafts:
        search_text = line(text)
        found = grams(search_text)
        row = {**source._asdict(), "kind": source.kind.value, "team_id": team_id, "part": part, "text": text}
        row |= {"search_text": search_text, "shuffle": crc32(f"{row['kind']}{source}{part}".encode("utf-8", "replace"))}
        row["grams"] = sorted({*numbers_of(found), _number(team_id)}) if on_postgresql else None
        rows.append(row)
        indexed.append(found)
    connection = await session.connection()
    statement = sa.insert(table(Passage)).returning(table(Passage).c.id, sort_by_parameter_order=True)
    ids = (await connection.execute(statement, rows)).scalars().all()
    if not on_postgresql:
        entries = [
            {"row_id": first_row_id(team_id) + key, "grams": " ".join(sorted(found))}
            for key, found in zip(ids, indexed, strict=True)
        ]
        await connection.execute(_SQLITE_ADD, entries)


async def drop(session: AsyncSession, named: Iterable[Named]) -> None:
    """Delete the passages of these rows."""
    await _drop(session, sa.select(Passage.id, Passage.search_text).where(_among(Passage, named)))


async def drop_due(session: AsyncSession) -> None:
    """Delete the passages of all rows of which something is due: for those who cannot wait until it is done."""
    await _drop(session, sa.select(Passage.id, Passage.search_text).where(_IS_DUE))


async def _drop(session: AsyncSession, chosen: sa.Select[int, str]) -> None:
    found = (await session.execute(chosen)).all()
    if found:
        await unindex(session, [(key, text) for key, text in found])
        gone = sa.delete(Passage).where(Passage.id.in_([row.id for row in found]))
        await session.execute(gone, execution_options=NO_SYNC)


async def unindex(session: AsyncSession, entries: Sequence[tuple[int, str]]) -> None:
    """SQLite: take passages (id and line) out of the full-text table, before they go."""
    if entries and not is_postgresql(session):
        first = first_row_id(session.info["team_id"])
        rows = [{"row_id": first + key, "grams": " ".join(sorted(grams(text)))} for key, text in entries]
        await (await session.connection()).execute(_SQLITE_REMOVE, rows)


_SQLITE_ADD = sa.text("INSERT INTO passage_search (rowid, grams) VALUES (:row_id, :grams)")
_SQLITE_REMOVE = sa.text("INSERT INTO passage_search (passage_search, rowid, grams) VALUES ('delete', :row_id, :grams)")


def _number(team_id: str) -> int:
    """PostgreSQL: what all passages of a team have among their grams. Teams may share it: it only narrows the search,
    the team itself is always asked for too."""
    return signed(class_number(team_id, 0))


# Reading


class Candidate(NamedTuple):
    """A passage that may be an answer."""

    id: int
    search_text: str
    said_at: datetime


_CANDIDATE = (Passage.id, Passage.search_text, Passage.said_at)


async def sample(session: AsyncSession, most: int) -> list[str]:
    """The lines of some of the team's passages, drawn once and for all by lot."""
    statement = sa.select(Passage.search_text).where(Passage.team_id == session.info["team_id"])
    return list(await session.scalars(statement.order_by(Passage.shuffle).limit(most)))


async def having(session: AsyncSession, branches: Sequence[Sequence[str]], most: int) -> list[Candidate]:
    """The newest passages that have all grams of one of the branches."""
    if not branches:
        return []
    if is_postgresql(session):
        number = _number(session.info["team_id"])
        asked = [[*sorted(numbers_of(branch)), number] for branch in branches]
        return [Candidate._make(row) for row in await session.execute(_FIND, {"asked": asked, "most": most})]
    first = first_row_id(session.info["team_id"])
    own = _FULL_TEXT.c.rowid - first
    statement = (
        sa.select(*_CANDIDATE)
        .select_from(_FULL_TEXT)
        .join(Passage, Passage.id == own)
        .where(
            sa.literal_column("passage_search").op("MATCH")(_match(branches)),
            _FULL_TEXT.c.rowid.between(first, first_row_id(session.info["team_id"]) + _MOST_ID),
            Passage.team_id == session.info["team_id"],
        )
        .order_by(_FULL_TEXT.c.rowid.desc())
        .limit(most)
    )
    return [Candidate._make(row) for row in await session.execute(statement)]


_MOST_ID = (1 << 43) - 1
"""SQLite: so many row ids belong to a team (storage/account_search.py: `first_row_id`)."""


def _match(branches: Sequence[Sequence[str]]) -> str:
    """A full-text expression. Every gram is a quoted string; no gram holds a quote."""
    parts = ("(" + " AND ".join(f'"{gram}"' for gram in branch) + ")" for branch in branches)
    return " OR ".join(parts)


_FOUND = sa.func.kakehashi_find_passages(sa.bindparam("asked", type_=JSONB), sa.bindparam("most", type_=sa.Integer))
_FIND = sa.select(*_FOUND.table_valued(*(sa.column(column.key, column.type) for column in _CANDIDATE)).c)


async def holding(session: AsyncSession, needle: str, most: int) -> list[Candidate]:
    """The newest passages with this in their line: what no gram tells, such as a single character, is read for."""
    contains = sa.func.strpos if is_postgresql(session) else sa.func.instr
    statement = sa.select(*_CANDIDATE).where(
        Passage.team_id == session.info["team_id"], contains(Passage.search_text, needle) > 0
    )
    return [Candidate._make(row) for row in await session.execute(statement.order_by(Passage.id.desc()).limit(most))]


async def about(session: AsyncSession, lead_ids: Iterable[int], most: int) -> list[tuple[Candidate, int]]:
    """The newest passages about these leads, each with its lead."""
    statement = sa.select(*_CANDIDATE, Passage.lead_id).where(Passage.lead_id.in_(list(lead_ids)))
    rows = await session.execute(statement.order_by(Passage.id.desc()).limit(most))
    return [(Candidate(*row[:3]), row[3] or 0) for row in rows]


class PassageRow(NamedTuple):
    """A passage as a list shows it."""

    id: int
    kind: str
    source_id: int
    section: str
    text: str
    said_at: datetime
    lead_id: int | None
    contact: str | None
    account: str | None
    member: str | None


async def read(session: AsyncSession, ids: Sequence[int]) -> dict[int, PassageRow]:
    """These passages, those whose row is still what it was when they were made."""
    statement = (
        sa.select(
            Passage.id,
            Passage.kind,
            Passage.source_id,
            Passage.section,
            Passage.text,
            Passage.said_at,
            Passage.lead_id,
            Contact.name,
            Account.name,
            Member.name,
        )
        .outerjoin(Lead, Lead.id == Passage.lead_id)
        .outerjoin(Contact, Contact.id == Lead.contact_id)
        .outerjoin(Account, Account.id == Lead.account_id)
        .outerjoin(Member, Member.id == Passage.member_id)
        .where(Passage.id.in_(ids), Passage.kind.in_(_KINDS), ~_IS_DUE)
    )
    return {row[0]: PassageRow._make(row) for row in await session.execute(statement)}


async def people_named(session: AsyncSession, keys: Iterable[str], most: int) -> list[str]:
    """The names of people whose folded names hold one of these."""
    holds = [Contact.name_key.contains(key, autoescape=True) for key in keys if key]
    if not holds:
        return []
    return list(await session.scalars(sa.select(Contact.name).where(sa.or_(*holds)).distinct().limit(most)))


async def leads_named(session: AsyncSession, account_ids: Sequence[int], contact_key: str, most: int) -> list[int]:
    """Leads at these companies, or of people whose folded name holds this."""
    found: list[sa.ColumnElement[bool]] = [Lead.account_id.in_(account_ids)] if account_ids else []
    if contact_key:
        found.append(Contact.name_key.contains(contact_key, autoescape=True))
    if not found:
        return []
    statement = sa.select(Lead.id).join(Contact, Contact.id == Lead.contact_id).where(sa.or_(*found))
    return list(await session.scalars(statement.order_by(Lead.id.desc()).limit(most)))
