"""The way of a recording to a record, stage by stage (work item 5-3): read or listened to, counted, noted, posted.

Each stage (`Progress`) is saved together with its result: work that was killed goes on where it stood. What is posted
stands in the outbox under keys, so nothing is posted twice.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused
from domain.members import Role
from domain.model import Outcome, Unavailable
from domain.performance.coaching import measure
from domain.pipeline.recordings import (
    MAX_AUDIO_BYTES,
    MAX_TEXT_BYTES,
    UNHEARD,
    Decision,
    Failed,
    Progress,
    Trouble,
    names_in,
)
from domain.pipeline.transcripts import Side, Transcript, parse, with_sides
from services import listening, members, scratch
from services.deps import Deps
from services.listening import Heard
from services.pipeline import notes
from services.pipeline.recording_posts import PROPOSALS, PROPOSALS_UPDATE, RESULT, RESULT_UPDATE, redraw, tell
from services.pipeline.recording_records import keep, save_sides, transcript_of
from services.pipeline.recordings import propose
from services.pipeline.texts import decoded
from storage import leads as lead_queries
from storage import members as member_queries
from storage import recordings as queries
from storage.recordings import RecordingRow

MAX_PEOPLE = 20
_UNREAD: Final = {Code.TOO_LONG: Trouble.TOO_LARGE, Code.REQUIRED: Trouble.EMPTY}
"""Why nobody knows what is said in a file; anything else: it cannot be read."""

Fetch = Callable[[str, Path, int], Awaitable[None]]
"""(file, where to, at most so many bytes): brings a file. Raises `Failed`."""


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
    with scratch.folder() as folder:
        path = folder / "transcript"
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
        with scratch.folder() as folder:
            path = folder / f"sound.{row.filename.lower().rpartition('.')[2]}"
            await fetch(str(row.file_id), path, MAX_AUDIO_BYTES)
            digest = await asyncio.to_thread(_digest, path)
            known = await _known(deps, team_id, row, digest)
            if known is not None:
                return known, digest
            said = await listening.transcript(
                deps,
                team_id,
                path,
                row.language,
                member_id=row.member_id,
                heard=await _heard(deps, team_id, row, digest),
                keep=partial(_keep_heard, deps, team_id, row, digest),
            )
            return said, digest
    except Unavailable as unavailable:
        rejected = unavailable.outcome is Outcome.REJECTED
        raise Failed(Trouble.MODEL_REJECTED if rejected else UNHEARD[unavailable.reason]) from unavailable
    except Refused as refused:
        raise Failed(_UNREAD.get(refused.code, Trouble.NO_SOUND)) from refused


async def _heard(deps: Deps, team_id: str, row: RecordingRow, digest: str) -> list[Heard]:
    """The pieces of this very file that were heard before this work was begun again."""
    async with deps.reading(team_id) as session:
        kept = await queries.heard(session, row.id)
    return [Heard.from_json(each) for each in kept["pieces"]] if kept and kept["digest"] == digest else []


async def _keep_heard(
    deps: Deps, team_id: str, row: RecordingRow, digest: str, pieces: Sequence[Heard], of: int
) -> None:
    """Put down what was heard so far, and show how far that is."""
    kept = {"digest": digest, "of": of, "pieces": [each.to_json() for each in pieces]}
    async with deps.writing(team_id) as session:
        now = await queries.recording(session, row.id, lock=True)
        if now is not None and now.progress == row.progress:
            await queries.keep_heard(session, row.id, kept)
            await redraw(session, deps, now)


async def _known(deps: Deps, team_id: str, row: RecordingRow, digest: str) -> Transcript | None:
    """What is said in the same recording, where somebody else's has been listened to: nobody pays for it twice."""
    async with deps.reading(team_id) as session:
        other = await queries.of_digest(session, digest, row.id)
        said = _bare(transcript_of(await queries.utterances(session, other.id))) if other is not None else None
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
        if row.audio:
            await queries.keep_heard(session, row.id, None)
        values: dict[str, object] = {"guessed": guessed, "digest": digest}
        if now.proposed_lead_id is None:
            values["proposed_lead_id"] = proposed
        await queries.change(session, row.id, progress=Progress.ARRANGING.value, **values)
        await redraw(session, deps, now)


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
        said = transcript_of(await queries.utterances(session, row.id))
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
        await save_sides(session, row.id, said)
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
