"""Recordings and transcripts become records of calls (work items 5-3, 6-5): received, read or listened to, noted.

A recording goes its way in stages (`Progress`), each of which is saved together with its result: work that was killed
goes on where it stood. What is posted stands in the outbox under keys, so nothing is posted twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused
from domain.members import Permission, Role, require
from domain.model import Outcome, Unavailable
from domain.performance.coaching import measure
from domain.pipeline.recordings import (
    MAX_AUDIO_BYTES,
    MAX_TEXT_BYTES,
    UNHEARD,
    Decision,
    Failed,
    Kind,
    Progress,
    Trouble,
    best,
    day_in,
    kind_of,
    names_in,
    weight,
)
from domain.pipeline.transcripts import Side, Transcript, Utterance, parse, swapped, with_sides
from services import listening, members
from services.deps import Actor, Deps
from services.outreach import leads
from services.pipeline import notes
from services.pipeline.recording_posts import (
    PROPOSALS,
    PROPOSALS_UPDATE,
    RESULT,
    RESULT_UPDATE,
    post_card,
    redraw,
    tell,
)
from services.pipeline.recording_records import RecordingView, view_of
from services.pipeline.texts import decoded
from storage import leads as lead_queries
from storage import members as member_queries
from storage import recordings as queries
from storage.members import audit
from storage.outbox import RECORDING_QUEUE
from storage.recordings import RecordingRow, UtteranceRow

TASK = "recording.work"

MAX_FILENAME = 200
MAX_PEOPLE = 20
_UNREAD: Final = {Code.TOO_LONG: Trouble.TOO_LARGE, Code.REQUIRED: Trouble.EMPTY}
"""Why nobody knows what is said in a file; anything else: it cannot be read."""
CANDIDATES = 10

Fetch = Callable[[str, Path, int], Awaitable[None]]
"""(file, where to, at most so many bytes): brings a file. Raises `Failed`."""


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
        said = _transcript(await queries.utterances(session, recording_id))
        await _save_sides(session, recording_id, swapped(said))
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


# The work


async def work(deps: Deps, team_id: str, recording_id: int, fetch: Fetch, attempt: int | None = None) -> None:
    """Bring a recording as far as it can be brought now: to its end, or to where a person has to say whom it is about.
    Repeated it changes nothing. What fails is saved with the recording. `attempt`: which work this is; it stops once
    another was begun."""
    try:
        while await _step(deps, team_id, recording_id, fetch, attempt):
            pass
    except Failed as failed:
        await fail(deps, team_id, recording_id, failed.trouble, attempt)


async def fail(deps: Deps, team_id: str, recording_id: int, trouble: Trouble, attempt: int | None = None) -> None:
    """Put down that and why a recording could not be made a record; what is done already stays so."""
    async with deps.writing(team_id) as session:
        row = await queries.recording(session, recording_id, lock=True)
        if row is None or row.progress in (Progress.DONE.value, Progress.FAILED.value):
            return
        if attempt not in (None, row.attempt):
            return
        await queries.change(session, recording_id, progress=Progress.FAILED.value, error=trouble.value)
        await redraw(session, deps, row)


async def _step(deps: Deps, team_id: str, recording_id: int, fetch: Fetch, attempt: int | None) -> bool:
    """One stage; whether there is another. Raises `Failed`."""
    async with deps.reading(team_id) as session:
        row = await queries.recording(session, recording_id)
    if row is None or attempt not in (None, row.attempt):
        return False
    match Progress(row.progress):
        case Progress.RECEIVED if row.audio:
            # Listening costs money: somebody has said first that this is the call of a lead.
            return row.lead_id is not None and await _advance(deps, team_id, row, Progress.TRANSCRIBING)
        case Progress.RECEIVED:
            await _keep(deps, team_id, row, *await _read(row, fetch))
            return True
        case Progress.TRANSCRIBING:
            await _keep(deps, team_id, row, *await _listened(deps, team_id, row, fetch))
            return True
        case Progress.ARRANGING if row.lead_id is not None:
            await _arrange(deps, team_id, row)
            return True
    return False


async def _advance(deps: Deps, team_id: str, row: RecordingRow, to: Progress) -> bool:
    async with deps.writing(team_id) as session:
        now = await queries.recording(session, row.id, lock=True)
        if now is not None and now.progress == row.progress:
            await queries.change(session, row.id, progress=to.value)
            await redraw(session, deps, now)
    return True


async def _read(row: RecordingRow, fetch: Fetch) -> tuple[Transcript, str]:
    """What stands in a file, and the file's digest."""
    with tempfile.TemporaryDirectory(prefix="kakehashi-") as folder:
        path = Path(folder) / "transcript"
        await fetch(str(row.file_id), path, MAX_TEXT_BYTES)
        try:
            return await asyncio.to_thread(lambda: (parse(decoded(path.read_bytes()), row.filename), _digest(path)))
        except Refused as refused:
            raise Failed(_UNREAD.get(refused.code, Trouble.UNREADABLE)) from refused


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _listened(deps: Deps, team_id: str, row: RecordingRow, fetch: Fetch) -> tuple[Transcript, str]:
    # Before anything is fetched: where nobody may listen, nothing need be.
    try:
        await listening.check(deps, team_id)
        with tempfile.TemporaryDirectory(prefix="kakehashi-") as folder:
            path = Path(folder) / f"sound.{row.filename.lower().rpartition('.')[2]}"
            await fetch(str(row.file_id), path, MAX_AUDIO_BYTES)
            digest = await asyncio.to_thread(_digest, path)
            known = await _known(deps, team_id, row, digest)
            if known is not None:
                return known, digest
            return await listening.transcript(deps, team_id, path, row.language, member_id=row.member_id), digest
    except Unavailable as unavailable:
        rejected = unavailable.outcome is Outcome.REJECTED
        raise Failed(Trouble.MODEL_REJECTED if rejected else UNHEARD[unavailable.reason]) from unavailable
    except Refused as refused:
        raise Failed(_UNREAD.get(refused.code, Trouble.NO_SOUND)) from refused


async def _known(deps: Deps, team_id: str, row: RecordingRow, digest: str) -> Transcript | None:
    """What is said in the same recording, where somebody else's has been listened to: nobody pays for it twice."""
    async with deps.reading(team_id) as session:
        other = await queries.of_digest(session, digest, row.id)
        said = _bare(_transcript(await queries.utterances(session, other.id))) if other is not None else None
    return said if said is not None and said.utterances else None


def _bare(said: Transcript) -> Transcript:
    """What was said, whoever said it."""
    return Transcript(tuple(replace(u, side=Side.UNKNOWN) for u in said.utterances))


async def _keep(deps: Deps, team_id: str, row: RecordingRow, said: Transcript, digest: str) -> None:
    """Save what was said, with whose voice it is."""
    proposed = None
    if row.lead_id is None and row.proposed_lead_id is None:
        actor = await members.acting(deps, team_id, row.member_id)
        if actor is not None:
            proposed = await propose(deps, actor, await _strangers(deps, team_id, said))
    async with deps.writing(team_id) as session:
        now = await queries.recording(session, row.id, lock=True)
        if now is None or now.progress != row.progress:
            return
        sided, guessed = with_sides(said, *await _names(session, now.lead_id))
        await keep(session, row.id, sided)
        values: dict[str, object] = {"guessed": guessed, "digest": digest}
        if now.proposed_lead_id is None:
            values["proposed_lead_id"] = proposed
        await queries.change(session, row.id, progress=Progress.ARRANGING.value, **values)
        await redraw(session, deps, now)


async def keep(session: AsyncSession, recording_id: int, said: Transcript) -> None:
    """Put down what was said."""
    rows = (UtteranceRow(u.number, u.speaker, u.side.value, u.start_ms, u.end_ms, u.text) for u in said.utterances)
    await queries.add_utterances(session, recording_id, rows)


async def _strangers(deps: Deps, team_id: str, said: Transcript) -> list[str]:
    """The names of speakers who are none of ours."""
    async with deps.reading(team_id) as session:
        ours, _ = await _names(session, None)
    sided, guessed = with_sides(said, ours, [])
    if guessed:
        return [word for name in said.speakers for word in names_in(name)]
    return [
        word
        for name in dict.fromkeys(u.speaker for u in sided.utterances if u.side is not Side.OURS)
        for word in names_in(name)
    ]


async def _names(session: AsyncSession, lead_id: int | None) -> tuple[list[str], list[str]]:
    """The names of the team's members, and of everybody at the lead's company."""
    ours = [row.name for row in await member_queries.of_roles(session, list(Role))]
    lead = await lead_queries.line(session, lead_id) if lead_id is not None else None
    if lead is None:
        return ours, []
    people = await lead_queries.people(session, lead.account_id, MAX_PEOPLE)
    return ours, [lead.contact, *(person.name for person in people), lead.account]


async def _arrange(deps: Deps, team_id: str, row: RecordingRow) -> None:
    """Count and note what was said, and have it posted."""
    async with deps.reading(team_id) as session:
        ours, theirs = await _names(session, row.lead_id)
        said = _transcript(await queries.utterances(session, row.id))
    guessed = row.guessed
    if guessed and not row.swapped:
        # Now that it is known who the customer is, it may be known who speaks.
        said, guessed = with_sides(_bare(said), ours, theirs)
    measures = measure(said)
    note = await notes.read(
        deps,
        team_id,
        said,
        [*ours, *theirs],
        row.member_id,
        held_on=row.held_on,
        language=row.language,
    )
    told = await notes.summarise(
        deps,
        team_id,
        [item.text for item in note.items],
        [*ours, *theirs],
        row.member_id,
        language=row.language,
    )
    # A sentence is traced to the first thing it rests on.
    summary = [
        {"text": line.text, "source": note.items[line.sources[0] - 1].source.to_json()} for line in told.sentences
    ]
    async with deps.writing(team_id) as session:
        now = await queries.recording(session, row.id, lock=True)
        if now is None or _basis(now) != _basis(row):
            # Somebody has changed it meanwhile: it is made again from what holds now.
            return
        await _save_sides(session, row.id, said)
        decided = {_core(p.content) for p in await queries.proposals(session, row.id) if p.state != Decision.OPEN.value}
        fresh = [p.to_json() for p in note.proposals if _core(p.to_json()) not in decided]
        await queries.replace_proposals(session, row.id, fresh, Decision.OPEN.value)
        await queries.change(
            session,
            row.id,
            progress=Progress.DONE.value,
            guessed=guessed,
            measures=measures.to_json(),
            note=note.to_json() | {"summary": summary, "plain_summary": told.unavailable},
            done_at=deps.now(),
        )
        await redraw(session, deps, now)
        await tell(session, deps, now, RESULT, RESULT_UPDATE)
        if fresh or decided:
            await tell(session, deps, now, PROPOSALS, PROPOSALS_UPDATE)


def _basis(row: RecordingRow) -> tuple[object, ...]:
    """What a note is made from. What is said to its proposals, and where its card stands, changes nothing about it."""
    return row.progress, row.attempt, row.lead_id, row.swapped


def _core(content: dict[str, object]) -> tuple[str, str]:
    return str(content.get("field")), str(content.get("quote"))


def _transcript(rows: Iterable[UtteranceRow]) -> Transcript:
    return Transcript(tuple(Utterance(r.number, r.speaker, Side(r.side), r.start_ms, r.end_ms, r.text) for r in rows))


async def _save_sides(session: AsyncSession, recording_id: int, said: Transcript) -> None:
    sides: dict[str, list[str]] = {}
    for speaker, side in dict.fromkeys((u.speaker, u.side) for u in said.utterances):
        sides.setdefault(side.value, []).append(speaker)
    await queries.set_sides(session, recording_id, sides)


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
