"""Recordings and transcripts that become records of calls (work items 5-3, 6-5): taken on, and what people say to them.

What is then done with them, stage by stage: `recording_work`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused
from domain.members import Permission, require
from domain.pipeline.recordings import Kind, Progress, best, day_in, kind_of, names_in, weight
from domain.pipeline.transcripts import swapped
from services.deps import Actor, Deps
from services.operator import known_teams
from services.outreach import leads
from services.pipeline.recording_posts import (
    PROPOSALS,
    PROPOSALS_UPDATE,
    RESULT,
    RESULT_UPDATE,
    post_card,
    redraw,
    tell,
)
from services.pipeline.recording_records import RecordingView, save_sides, transcript_of, view_of
from storage import leads as lead_queries
from storage import recordings as queries
from storage.members import audit
from storage.outbox import RECORDING_QUEUE
from storage.recordings import RecordingRow

TASK = "recording.work"

MAX_FILENAME = 200
CANDIDATES = 10
HEARD_KEPT = timedelta(days=7)


async def receive(
    deps: Deps,
    actor: Actor,
    *,
    file_id: str,
    filename: str,
    said: str = "",
    channel: str,
    thread_ts: str | None,
) -> int | None:
    """Take a file on; the recording's id, or None for a file that was taken on before.

    `said`: what was written beside it, where names may stand too. Refused: NOT_ALLOWED, INVALID `file` for a file that
    is neither a recording nor a transcript.
    """
    require(actor.role, Permission.LOG_CALLS)
    kind = kind_of(filename)
    if kind not in (Kind.AUDIO, Kind.TRANSCRIPT, Kind.TEXT):
        raise Refused(Code.INVALID, "file")
    proposed = await propose(deps, actor, (*names_in(filename), *names_in(said)))
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        made = await queries.add(
            session,
            proposed_lead_id=proposed,
            member_id=actor.member_id,
            source_key=f"slack:{file_id}",
            file_id=file_id,
            filename=_short(filename),
            audio=kind is Kind.AUDIO,
            progress=Progress.RECEIVED.value,
            held_on=day_in(filename, deps.today(actor.team_zone)),
            channel=channel,
            thread_ts=thread_ts,
            created_at=now,
        )
        if made is None:
            return None
        await audit(session, actor.member_id, "recording.receive", f"recordings:{made}", {"file": file_id}, now)
        await post_card(session, deps, made, channel)
        await _start(session, deps, made, 1)
    return made


async def taken_on(deps: Deps, actor: Actor, file_id: str) -> tuple[str, str | None] | None:
    """In which conversation and thread a file was taken on; None for one that was not. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.LOG_CALLS)
    async with deps.reading(actor.team_id) as session:
        row = await queries.of_source(session, f"slack:{file_id}")
    return (row.channel, row.thread_ts) if row is not None else None


def _short(filename: str) -> str:
    tidy = " ".join(filename.split()).encode("utf-8", "replace").decode().replace("\0", "")
    return tidy if len(tidy) <= MAX_FILENAME else f"…{tidy[1 - MAX_FILENAME :]}"


async def _start(session: AsyncSession, deps: Deps, recording_id: int, attempt: int) -> None:
    """Have the work begun whose number stands with the recording: an older one stops where it is, so that no two of
    them ask and pay for the same."""
    await deps.outbox.start_task(
        session,
        key=f"recording:{recording_id}:work:{attempt}",
        kind=TASK,
        arguments={"recording_id": recording_id, "attempt": attempt},
        queue=RECORDING_QUEUE,
    )


async def propose(deps: Deps, actor: Actor, words: Sequence[str]) -> int | None:
    """The lead in whose company and person the most of these words stand."""
    fitting: dict[int, list[str]] = {}
    companies: dict[int, int] = {}
    for word in dict.fromkeys(words):
        for line in await leads.find(deps, actor, word, limit=CANDIDATES):
            fitting.setdefault(line.lead_id, []).append(word)
            companies[line.lead_id] = line.account_id
    return best({lead: weight(found) for lead, found in fitting.items()}, companies)


async def forget_heard(deps: Deps) -> int:
    """Delete what was heard of recordings that failed before they were heard to their end, and that nobody has tried
    again for `HEARD_KEPT`; of how many. For an interval job."""
    forgotten = 0
    for team_id in await known_teams(deps):
        async with deps.reading(team_id) as session:
            found = await queries.half_heard(session, Progress.FAILED.value, deps.now() - HEARD_KEPT)
        if found:
            async with deps.writing(team_id) as session:
                await queries.forget_heard(session, found)
        forgotten += len(found)
    return forgotten


# What people say to it


async def confirm(deps: Deps, actor: Actor, recording_id: int, lead_id: int) -> RecordingView:
    """Say whom a recording is about; it goes on from there.

    Refused: NOT_ALLOWED, NOT_FOUND, ALREADY_DONE where it is a record already.
    """
    require(actor.role, Permission.LOG_CALLS)
    async with deps.writing(actor.team_id) as session:
        row = await _locked(session, recording_id)
        if row.lead_id != lead_id:
            if row.progress == Progress.DONE.value:
                raise Refused(Code.ALREADY_DONE, by=row.member)
            if await lead_queries.line(session, lead_id) is None:
                raise Refused(Code.NOT_FOUND)
            # What listens does so whoever it is about, and goes on from there: nobody listens a second time.
            listening_now = row.progress == Progress.TRANSCRIBING.value
            attempt = row.attempt if listening_now else row.attempt + 1
            await queries.change(session, recording_id, lead_id=lead_id, attempt=attempt)
            detail = {"lead_id": lead_id}
            now = deps.now()
            await audit(session, actor.member_id, "recording.confirm", f"recordings:{recording_id}", detail, now)
            if not listening_now:
                await _start(session, deps, recording_id, attempt)
            await redraw(session, deps, row)
        return await view_of(session, await _found(session, recording_id))


async def swap(deps: Deps, actor: Actor, recording_id: int) -> RecordingView:
    """The voices are the other way round; figures and note are made anew.

    Refused: NOT_ALLOWED, NOT_FOUND, INCOMPLETE while nobody knows yet what was said.
    """
    require(actor.role, Permission.LOG_CALLS)
    async with deps.writing(actor.team_id) as session:
        row = await _locked(session, recording_id)
        if row.progress not in (Progress.ARRANGING.value, Progress.DONE.value):
            raise Refused(Code.INCOMPLETE)
        said = transcript_of(await queries.utterances(session, recording_id))
        await save_sides(session, recording_id, swapped(said))
        await queries.change(
            session,
            recording_id,
            swapped=not row.swapped,
            guessed=False,
            progress=Progress.ARRANGING.value,
            attempt=row.attempt + 1,
        )
        detail = {"swapped": not row.swapped}
        await audit(session, actor.member_id, "recording.swap", f"recordings:{recording_id}", detail, deps.now())
        await _start(session, deps, recording_id, row.attempt + 1)
        await redraw(session, deps, row)
        return await view_of(session, await _found(session, recording_id))


async def retry(deps: Deps, actor: Actor, recording_id: int) -> RecordingView:
    """Try again what failed. Refused: NOT_ALLOWED, NOT_FOUND, ALREADY_DONE where nothing has failed."""
    require(actor.role, Permission.LOG_CALLS)
    async with deps.writing(actor.team_id) as session:
        row = await _locked(session, recording_id)
        if row.progress != Progress.FAILED.value:
            raise Refused(Code.ALREADY_DONE, by=row.member)
        known = await queries.utterances(session, recording_id)
        progress = Progress.ARRANGING if known else Progress.RECEIVED
        await queries.change(session, recording_id, progress=progress.value, error=None, attempt=row.attempt + 1)
        await _start(session, deps, recording_id, row.attempt + 1)
        await redraw(session, deps, row)
        return await view_of(session, await _found(session, recording_id))


async def move(deps: Deps, actor: Actor, recording_id: int, lead_id: int) -> RecordingView:
    """A record is about another lead than was said. Note and proposals go with it; what was accepted stays with the
    lead it was accepted for (`ProposalView.elsewhere`), until somebody decides about it again.

    Refused: NOT_ALLOWED, NOT_FOUND, INCOMPLETE while it is no record yet.
    """
    require(actor.role, Permission.LOG_CALLS)
    async with deps.writing(actor.team_id) as session:
        row = await _locked(session, recording_id)
        if row.progress != Progress.DONE.value:
            raise Refused(Code.INCOMPLETE)
        if row.lead_id != lead_id:
            if await lead_queries.line(session, lead_id) is None:
                raise Refused(Code.NOT_FOUND)
            await queries.change(session, recording_id, lead_id=lead_id)
            detail = {"lead_id": lead_id, "from": row.lead_id}
            await audit(session, actor.member_id, "recording.move", f"recordings:{recording_id}", detail, deps.now())
            await redraw(session, deps, row)
            await tell(session, deps, row, RESULT, RESULT_UPDATE)
            if await queries.proposals(session, recording_id):
                await tell(session, deps, row, PROPOSALS, PROPOSALS_UPDATE)
        return await view_of(session, await _found(session, recording_id))


async def _locked(session: AsyncSession, recording_id: int) -> RecordingRow:
    row = await queries.recording(session, recording_id, lock=True)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return row


async def _found(session: AsyncSession, recording_id: int) -> RecordingRow:
    row = await queries.recording(session, recording_id)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return row


# Views


async def view(deps: Deps, team_id: str, recording_id: int) -> RecordingView:
    """A recording as its messages show it. Refused: NOT_FOUND."""
    async with deps.reading(team_id) as session:
        return await view_of(session, await _found(session, recording_id))


async def show(deps: Deps, actor: Actor, recording_id: int) -> RecordingView:
    """A recording, for whoever wants to read what came of it. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.READ)
    return await view(deps, actor.team_id, recording_id)


async def linked(deps: Deps, team_id: str, recording_id: int, permalink: str) -> None:
    """Remember where the card of a recording stands in Slack."""
    async with deps.writing(team_id) as session:
        row = await queries.recording(session, recording_id, lock=True)
        if row is not None and not row.permalink:
            await queries.change(session, recording_id, permalink=permalink)
