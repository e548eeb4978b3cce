"""Recordings and proposals as their messages show them, and what was said in them (work item 5-3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from domain.performance.coaching import Measures
from domain.pipeline.notes import Note
from domain.pipeline.notes import Proposal as Proposed
from domain.pipeline.recordings import Decision, Progress, Trouble
from domain.pipeline.transcripts import Side, Transcript, Utterance
from services.outreach.records import LeadLine, lead_line
from storage import leads as lead_queries
from storage import recordings as queries
from storage.recordings import ProposalRow, RecordingRow, UtteranceRow


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A proposal as it stands, with the person's own value where one was put in its place. `lead_id`: for whom it was
    accepted; `elsewhere` that lead, where the record is about another by now."""

    proposal_id: int
    recording_id: int
    proposed: Proposed
    decision: Decision
    by: str | None
    permalink: str
    held_on: date
    lead_id: int | None = None
    elsewhere: LeadLine | None = None


@dataclass(frozen=True, slots=True)
class SameView:
    """The record that the same file made before, for somebody else."""

    by: str
    permalink: str


@dataclass(frozen=True, slots=True)
class RecordingView:
    """A recording as its messages show it. `proposed`: the lead that it seems to be about, while nobody has said which.
    `speakers`: in the order in which they begin to speak."""

    recording_id: int
    version: int
    filename: str
    audio: bool
    progress: Progress
    trouble: Trouble | None
    lead: LeadLine | None
    proposed: LeadLine | None
    member_id: int
    slack_user: str
    language: str
    zone: str
    channel: str
    thread_ts: str | None
    held_on: date
    permalink: str
    speakers: tuple[tuple[str, Side], ...]
    guessed: bool
    measures: Measures | None
    note: Note | None
    proposals: tuple[ProposalView, ...]
    same: SameView | None = None
    plain_summary: str = ""
    """Why no model summed the note up ("" where one did)."""
    heard: tuple[int, int] | None = None
    """While a long one is listened to: how many of its pieces have been heard, and how many there are."""


async def view_of(session: AsyncSession, row: RecordingRow) -> RecordingView:
    """A recording with all that belongs to it."""
    lead = await lead_queries.line(session, row.lead_id) if row.lead_id is not None else None
    asked = row.proposed_lead_id if lead is None else None
    proposed = await lead_queries.line(session, asked) if asked is not None else None
    same = await queries.of_digest(session, row.digest, row.id) if row.digest else None
    decided = proposal_views(await queries.proposals(session, row.id))
    others = {each.lead_id for each in decided if each.lead_id is not None} - {row.lead_id}
    lines = {each: await lead_queries.line(session, each) for each in others}
    elsewhere = {each: lead_line(line) for each, line in lines.items() if line is not None}
    listening = row.progress == Progress.TRANSCRIBING.value
    heard = await queries.heard(session, row.id) if listening else None
    return RecordingView(
        recording_id=row.id,
        version=row.version,
        filename=row.filename,
        audio=row.audio,
        progress=Progress(row.progress),
        trouble=Trouble(row.error) if row.error else None,
        lead=lead_line(lead) if lead else None,
        proposed=lead_line(proposed) if proposed else None,
        member_id=row.member_id,
        slack_user=row.slack_user,
        language=row.language,
        zone=row.zone,
        channel=row.channel,
        thread_ts=row.thread_ts,
        held_on=row.held_on,
        permalink=row.permalink,
        speakers=tuple((name, Side(side)) for name, side in await queries.voices(session, row.id)),
        guessed=row.guessed,
        measures=Measures.from_json(row.measures) if row.measures else None,
        note=Note.from_json(row.note) if row.note else None,
        proposals=tuple(replace(each, elsewhere=elsewhere.get(each.lead_id or 0)) for each in decided),
        same=SameView(same.member, same.permalink) if same else None,
        plain_summary=(row.note or {}).get("plain_summary", ""),
        heard=(len(heard["pieces"]), heard["of"]) if heard else None,
    )


def proposal_views(rows: Iterable[ProposalRow]) -> tuple[ProposalView, ...]:
    """Proposals from their rows, without those that were erased."""
    return tuple(
        ProposalView(
            row.id,
            row.recording_id,
            Proposed.from_json(row.content),
            Decision(row.state),
            row.by,
            row.permalink,
            row.held_on,
            row.lead_id,
        )
        for row in rows
        if row.content
    )


def transcript_of(rows: Iterable[UtteranceRow]) -> Transcript:
    """What was said, as it was put down."""
    return Transcript(tuple(Utterance(r.number, r.speaker, Side(r.side), r.start_ms, r.end_ms, r.text) for r in rows))


async def keep(session: AsyncSession, recording_id: int, said: Transcript) -> None:
    """Put down what was said."""
    rows = (UtteranceRow(u.number, u.speaker, u.side.value, u.start_ms, u.end_ms, u.text) for u in said.utterances)
    await queries.add_utterances(session, recording_id, rows)


async def save_sides(session: AsyncSession, recording_id: int, said: Transcript) -> None:
    """Put down whose voice is whose."""
    sides: dict[str, list[str]] = {}
    for speaker, side in dict.fromkeys((u.speaker, u.side) for u in said.utterances):
        sides.setdefault(side.value, []).append(speaker)
    await queries.set_sides(session, recording_id, sides)
