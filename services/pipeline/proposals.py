"""What a conversation proposes for the qualification: accepted, changed or rejected by a person, and what follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused
from domain.members import Permission, require
from domain.pipeline.notes import Value, checked
from domain.pipeline.quotes import Source
from domain.pipeline.recordings import Decision
from services.deps import Actor, Deps
from services.pipeline.recording_posts import PROPOSALS_UPDATE
from services.pipeline.recording_records import ProposalView, proposal_views
from storage import recordings as queries
from storage.members import audit

TAKEN = (Decision.ACCEPTED.value, Decision.EDITED.value)
MOST = 100
MOST_RECORDINGS = 5


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """A sentence about a conversation, where it was said, and where that can be read again ("": nobody knows)."""

    text: str
    source: Source
    permalink: str


async def one(deps: Deps, actor: Actor, proposal_id: int) -> ProposalView:
    """A proposal. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.QUALIFY)
    async with deps.reading(actor.team_id) as session:
        return await _one(session, proposal_id)


async def _one(session: AsyncSession, proposal_id: int) -> ProposalView:
    row = await queries.proposal(session, proposal_id)
    found = proposal_views([row] if row else [])
    if not found:
        raise Refused(Code.NOT_FOUND)
    return found[0]


async def decide(
    deps: Deps, actor: Actor, proposal_id: int, decision: Decision, value: Value | None = None
) -> ProposalView:
    """Put down what a person says to a proposal; the last word counts. `value` takes the proposed one's place (EDITED).

    Refused: NOT_ALLOWED, NOT_FOUND, INVALID `value` for one that the field cannot have.
    """
    require(actor.role, Permission.QUALIFY)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        # The recording first, as whatever makes its note anew does: the other way round each would wait for the other.
        number = (await _one(session, proposal_id)).recording_id
        recording = await queries.recording(session, number, lock=True)
        if recording is None:
            raise Refused(Code.NOT_FOUND)
        before = await _one(session, proposal_id)
        proposed = before.proposed
        # A record that was moved takes along what is decided from now on.
        lead_id = recording.lead_id if decision.value in TAKEN else None
        if decision is Decision.EDITED:
            try:
                # A person has said so: that is certain.
                proposed = replace(proposed, value=checked(proposed.field, value), certain=True)
            except ValueError as wrong:
                raise Refused(Code.INVALID, "value") from wrong
        elif (before.decision, before.lead_id) == (decision, lead_id):
            return before
        await queries.decide(
            session,
            proposal_id,
            content=proposed.to_json(),
            state=decision.value,
            lead_id=lead_id,
            decided_by=actor.member_id,
            decided_at=now,
        )
        await queries.change(session, recording.id)
        detail = {"decision": decision.value, "field": proposed.field.value}
        await audit(session, actor.member_id, "proposal.decide", f"proposals:{proposal_id}", detail, now)
        await deps.outbox.enqueue(
            session,
            key=f"recording:{recording.id}:proposals:v{recording.version + 1}",
            kind=PROPOSALS_UPDATE,
            channel=recording.channel,
            arguments={"recording_id": recording.id},
            now=now,
        )
        return replace(before, proposed=proposed, decision=decision, lead_id=lead_id, by=actor.name)


async def accepted(session: AsyncSession, lead_id: int, since: datetime | None) -> tuple[ProposalView, ...]:
    """What was accepted about a lead after a moment, in the order in which it was."""
    rows = await queries.of_lead_in(session, lead_id, TAKEN, MOST)
    return proposal_views(
        row for row in rows if since is None or (row.decided_at is not None and row.decided_at > since)
    )


async def summary(session: AsyncSession, lead_id: int) -> tuple[SummaryLine, ...]:
    """What the newest conversation with a lead came to, sentence by sentence, each with its source."""
    for row in await queries.of_lead(session, lead_id, MOST_RECORDINGS):
        lines = (row.note or {}).get("summary") or []
        if lines:
            return tuple(SummaryLine(line["text"], Source.from_json(line["source"]), row.permalink) for line in lines)
    return ()
