"""Handoffs that field sales gave back lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from domain.leads import Stage
from domain.members import Permission, Role, require
from domain.qualification.handoff import ReturnReason
from services.deps import Actor, Deps
from services.qualification.records import Return
from storage import handoffs as queries

DAYS = 30
LISTED = 10


@dataclass(frozen=True, slots=True)
class Returned:
    """A handoff that came back, and where its lead stands now."""

    returned: Return
    lead_id: int
    stage: Stage
    contact: str
    account: str
    sender: str


@dataclass(frozen=True, slots=True)
class Lately:
    """How many came back in the last days, and the newest. `everybody`: of the whole team, else the member's own."""

    count: int
    days: int
    everybody: bool
    newest: tuple[Returned, ...]


async def lately(deps: Deps, actor: Actor) -> Lately:
    """Those of the actor's handoffs; for all who do not hand off themselves, the team's. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    everybody = actor.role is not Role.INSIDE_SALES
    async with deps.reading(actor.team_id) as session:
        count, rows = await queries.returned(
            session, deps.now() - timedelta(days=DAYS), LISTED, sent_by=None if everybody else actor.member_id
        )
    newest = tuple(
        Returned(
            Return(row.handoff_id, row.created_at, row.member, ReturnReason(row.reason), row.comment),
            row.lead_id,
            Stage(row.stage),
            row.contact,
            row.account,
            row.sender,
        )
        for row in rows
    )
    return Lately(count, DAYS, everybody, newest)
