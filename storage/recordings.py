"""Queries about recordings, what was said in them and what they propose. The session goes first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from storage import statements
from storage.members import NO_SYNC
from storage.tables import Member, Proposal, Recording, RecordingSource, Utterance

AT_ONCE = 1_000


class RecordingRow(NamedTuple):
    """A recording and whose it is."""

    id: int
    lead_id: int | None
    proposed_lead_id: int | None
    member_id: int
    member: str
    slack_user: str
    language: str
    zone: str
    source_key: str
    file_id: str | None
    filename: str
    audio: bool
    progress: str
    error: str | None
    attempt: int
    held_on: date
    channel: str
    thread_ts: str | None
    permalink: str
    guessed: bool
    swapped: bool
    measures: dict[str, Any] | None
    note: dict[str, Any] | None
    created_at: datetime
    digest: str | None
    version: int


_COLUMNS: tuple[Any, ...] = (
    Recording.id,
    Recording.lead_id,
    Recording.proposed_lead_id,
    Recording.member_id,
    Member.name,
    Member.slack_user,
    Member.language,
    Member.zone,
    Recording.source_key,
    Recording.file_id,
    Recording.filename,
    Recording.audio,
    Recording.progress,
    Recording.error,
    Recording.attempt,
    Recording.held_on,
    Recording.channel,
    Recording.thread_ts,
    Recording.permalink,
    Recording.guessed,
    Recording.swapped,
    Recording.measures,
    Recording.note,
    Recording.created_at,
    Recording.digest,
    Recording.version,
)
_ROWS = sa.select(*_COLUMNS).select_from(Recording).join(Member, Member.id == Recording.member_id)


class UtteranceRow(NamedTuple):
    """One turn."""

    number: int
    speaker: str
    side: str
    start_ms: int | None
    end_ms: int | None
    text: str


class ProposalRow(NamedTuple):
    """What is proposed, and what somebody said to it."""

    id: int
    recording_id: int
    content: dict[str, Any]
    state: str
    by: str | None
    permalink: str
    held_on: date
    decided_at: datetime | None
    lead_id: int | None


class RecordRow(NamedTuple):
    """A record of a conversation in a line."""

    id: int
    by: str
    held_on: date
    filename: str
    permalink: str
    created_at: datetime


class SourceRow(NamedTuple):
    """A telephone system."""

    id: int
    team_id: str
    title: str
    active: bool
    created_by: int
    created_at: datetime


async def add(session: AsyncSession, **values: Any) -> int | None:
    """Add a recording; its id, or None when the same source made one before."""
    begun = {"permalink": "", "attempt": 1, "guessed": False, "swapped": False, "version": 1}
    values = {"team_id": session.info["team_id"], **begun, **values}
    made: int | None = await statements.insert_once(session, Recording, values, unique=("team_id", "source_key"))
    return made


async def recording(session: AsyncSession, recording_id: int, *, lock: bool = False) -> RecordingRow | None:
    """One recording."""
    return await _one(session, Recording.id == recording_id, lock=lock)


async def of_source(session: AsyncSession, source_key: str) -> RecordingRow | None:
    """The recording that a file or a call made."""
    return await _one(session, Recording.source_key == source_key)


async def of_digest(session: AsyncSession, digest: str, before: int) -> RecordingRow | None:
    """The first recording that a file with the same content made, before this one."""
    statement = _ROWS.where(Recording.digest == digest, Recording.id < before).order_by(Recording.id).limit(1)
    row = (await session.execute(statement)).one_or_none()
    return RecordingRow._make(row) if row else None


async def _one(session: AsyncSession, found: sa.ColumnElement[bool], *, lock: bool = False) -> RecordingRow | None:
    statement = _ROWS.where(found)
    row = (await session.execute(statement.with_for_update(of=Recording) if lock else statement)).one_or_none()
    return RecordingRow._make(row) if row else None


async def of_lead(session: AsyncSession, lead_id: int, limit: int) -> list[RecordingRow]:
    """A lead's recordings, newest first."""
    statement = _ROWS.where(Recording.lead_id == lead_id).order_by(Recording.id.desc()).limit(limit)
    return [RecordingRow._make(row) for row in await session.execute(statement)]


async def records_of_lead(session: AsyncSession, lead_id: int, limit: int) -> list[RecordRow]:
    """The conversations with a lead of which there is a record, newest first."""
    columns = (Recording.id, Member.name, Recording.held_on, Recording.filename, Recording.permalink)
    statement = (
        sa.select(*columns, Recording.created_at)
        .join(Member, Member.id == Recording.member_id)
        .where(Recording.lead_id == lead_id, Recording.done_at.is_not(None))
        .order_by(Recording.id.desc())
        .limit(limit)
    )
    return [RecordRow._make(row) for row in await session.execute(statement)]


async def change(session: AsyncSession, recording_id: int, **values: Any) -> None:
    """Set columns of a recording; its version is counted up."""
    await statements.update(session, Recording, recording_id, values)


async def stop(
    session: AsyncSession, recording_ids: Collection[int], under_way: Collection[str], *, progress: str, error: str
) -> None:
    """Take from whoever works on these recordings what was heard so far, and their work with it: those that are under
    way get this progress and error, and a new attempt."""
    await forget_heard(session, recording_ids)
    statement = sa.update(Recording).where(Recording.id.in_(recording_ids), Recording.progress.in_(under_way))
    statement = statement.values(
        progress=progress, error=error, attempt=Recording.attempt + 1, version=Recording.version + 1
    )
    await session.execute(statement, execution_options=NO_SYNC)


async def forget_heard(session: AsyncSession, recording_ids: Collection[int]) -> None:
    """Delete what was heard so far of these recordings."""
    statement = sa.update(Recording).where(Recording.id.in_(recording_ids)).values(heard=sa.null())
    await session.execute(statement, execution_options=NO_SYNC)


async def half_heard(session: AsyncSession, progress: str, before: datetime) -> list[int]:
    """Recordings that stand so, came before a moment, and of which is kept what was heard so far."""
    statement = sa.select(Recording.id).where(
        Recording.progress == progress, Recording.created_at < before, Recording.heard.is_not(sa.null())
    )
    return list(await session.scalars(statement))


# What was said


async def heard(session: AsyncSession, recording_id: int) -> dict[str, Any] | None:
    """What was heard in the first pieces of a recording."""
    statement = sa.select(Recording.heard).where(Recording.id == recording_id)
    found: dict[str, Any] | None = (await session.execute(statement)).scalar_one_or_none()
    return found


async def keep_heard(session: AsyncSession, recording_id: int, pieces: dict[str, Any] | None) -> None:
    """Put down what was heard in the first pieces; None where nobody needs it any more."""
    await statements.update(session, Recording, recording_id, {"heard": sa.null() if pieces is None else pieces})


async def add_utterances(session: AsyncSession, recording_id: int, said: Iterable[UtteranceRow]) -> None:
    """Put down what was said."""
    rows = [{"team_id": session.info["team_id"], "recording_id": recording_id, **turn._asdict()} for turn in said]
    connection = await session.connection()
    for begin in range(0, len(rows), AT_ONCE):
        await connection.execute(sa.insert(statements.table(Utterance)), rows[begin : begin + AT_ONCE])


async def utterances(session: AsyncSession, recording_id: int) -> list[UtteranceRow]:
    """What was said, in its order."""
    columns = (getattr(Utterance, name) for name in UtteranceRow._fields)
    statement = sa.select(*columns).where(Utterance.recording_id == recording_id).order_by(Utterance.number)
    return [UtteranceRow._make(row) for row in await session.execute(statement)]


async def voices(session: AsyncSession, recording_id: int) -> list[tuple[str, str]]:
    """Speakers and their sides, in the order in which they begin to speak."""
    statement = (
        sa.select(Utterance.speaker, Utterance.side)
        .where(Utterance.recording_id == recording_id)
        .group_by(Utterance.speaker, Utterance.side)
        .order_by(sa.func.min(Utterance.number))
    )
    return [(row.speaker, row.side) for row in await session.execute(statement)]


async def set_sides(session: AsyncSession, recording_id: int, sides: Mapping[str, Sequence[str]]) -> None:
    """Say whose voices they are: side → speakers."""
    for side, speakers in sides.items():
        voices = sa.update(Utterance).where(Utterance.recording_id == recording_id, Utterance.speaker.in_(speakers))
        await session.execute(voices.values(side=side), execution_options=NO_SYNC)


# What it proposes


async def replace_proposals(
    session: AsyncSession, recording_id: int, contents: Iterable[Mapping[str, Any]], open_state: str
) -> None:
    """Put these in place of the proposals that nobody has decided about."""
    old = sa.delete(Proposal).where(Proposal.recording_id == recording_id, Proposal.state == open_state)
    await session.execute(old, execution_options=NO_SYNC)
    for content in contents:
        values = {"recording_id": recording_id, "content": dict(content), "state": open_state}
        await statements.append(session, Proposal, values)


_PROPOSALS = (
    sa.select(
        Proposal.id,
        Proposal.recording_id,
        Proposal.content,
        Proposal.state,
        Member.name,
        Recording.permalink,
        Recording.held_on,
        Proposal.decided_at,
        Proposal.lead_id,
    )
    .select_from(Proposal)
    .join(Recording, Recording.id == Proposal.recording_id)
    .outerjoin(Member, Member.id == Proposal.decided_by)
    .order_by(Proposal.id)
)


async def proposals(session: AsyncSession, recording_id: int) -> list[ProposalRow]:
    """A recording's proposals, in their order."""
    found = await session.execute(_PROPOSALS.where(Proposal.recording_id == recording_id))
    return [ProposalRow._make(row) for row in found]


async def proposal(session: AsyncSession, proposal_id: int) -> ProposalRow | None:
    """One proposal. Whoever changes it holds its recording."""
    row = (await session.execute(_PROPOSALS.where(Proposal.id == proposal_id))).one_or_none()
    return ProposalRow._make(row) if row else None


async def of_lead_in(session: AsyncSession, lead_id: int, states: Sequence[str], limit: int) -> list[ProposalRow]:
    """The proposals that were decided so for a lead, in the order in which they were."""
    statement = _PROPOSALS.where(Proposal.lead_id == lead_id, Proposal.state.in_(states))
    statement = statement.order_by(None).order_by(Proposal.decided_at, Proposal.id).limit(limit)
    return [ProposalRow._make(row) for row in await session.execute(statement)]


async def decide(session: AsyncSession, proposal_id: int, **values: Any) -> None:
    """Put down what somebody said to a proposal."""
    await statements.update(session, Proposal, proposal_id, values)


# Telephone systems

_SOURCES = sa.select(
    RecordingSource.id,
    RecordingSource.team_id,
    RecordingSource.title,
    RecordingSource.active,
    RecordingSource.created_by,
    RecordingSource.created_at,
)


async def source_of_token(session: AsyncSession, token_hash: str) -> SourceRow | None:
    """The telephone system whose token has this hash. For a session that is of no team."""
    row = (await session.execute(_SOURCES.where(RecordingSource.token_hash == token_hash))).one_or_none()
    return SourceRow._make(row) if row else None


async def sources(session: AsyncSession) -> list[SourceRow]:
    """The team's telephone systems, oldest first."""
    return [SourceRow._make(row) for row in await session.execute(_SOURCES.order_by(RecordingSource.id))]


async def source(session: AsyncSession, source_id: int) -> SourceRow | None:
    """One of them."""
    row = (await session.execute(_SOURCES.where(RecordingSource.id == source_id))).one_or_none()
    return SourceRow._make(row) if row else None


async def add_source(session: AsyncSession, **values: Any) -> int:
    """Add a telephone system; its id."""
    return await statements.insert(session, RecordingSource, {"active": True, "version": 1, **values})


async def change_source(session: AsyncSession, source_id: int, **values: Any) -> None:
    """Set columns of one."""
    await statements.update(session, RecordingSource, source_id, values)
