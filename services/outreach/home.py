"""What a member sees first: own leads by stage, handoffs that wait, handoffs to answer."""

from __future__ import annotations

from dataclasses import dataclass

from domain.leads import OPEN_STAGES, Stage
from domain.members import Permission, Role, may, require
from services.deps import Actor, Deps
from services.outreach.records import LeadLine, lead_line
from services.qualification.records import HandoffLine, handoff_line
from storage import handoffs as handoff_queries
from storage import leads as queries
from storage.handoffs import Waiting

LINES_PER_STAGE = 5
MAX_HANDOFFS = 10


@dataclass(frozen=True, slots=True)
class StageGroup:
    """A stage, how many own leads are in it, and the first few."""

    stage: Stage
    count: int
    lines: tuple[LeadLine, ...]


@dataclass(frozen=True, slots=True)
class HandoffGroup:
    """Handoffs that wait: how many, how many of them too long, and the first few, the one due first first."""

    count: int
    overdue: int
    lines: tuple[HandoffLine, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """The App Home of a member.

    `stages` are the open stages that hold own leads, in the order of the funnel. `sent` are own handoffs that wait for
    field sales. `to_answer` are those that wait for this member (None for who takes none), `team` those that wait
    for others (None for who leads nobody).
    """

    stages: tuple[StageGroup, ...]
    sent: HandoffGroup
    to_answer: HandoffGroup | None
    team: HandoffGroup | None


async def by_stage(deps: Deps, actor: Actor) -> Home:
    """What the App Home shows. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    now, me = deps.now(), actor.member_id
    leads_team = actor.role in (Role.MANAGER, Role.ADMIN)
    async with deps.reading(actor.team_id) as session:
        counts = await queries.stages_of_owner(session, me)
        first = [lead_line(r) for r in await queries.first_of_each_stage(session, me, OPEN_STAGES, LINES_PER_STAGE)]

        async def group(who: Waiting) -> HandoffGroup:
            count, overdue = await handoff_queries.count_waiting(session, who, now)
            rows = await handoff_queries.waiting(session, who, MAX_HANDOFFS) if count else []
            return HandoffGroup(count, overdue, tuple(handoff_line(row, now) for row in rows))

        sent = await group(Waiting(sent_by=me))
        to_answer = await group(Waiting(sent_to=me)) if may(actor.role, Permission.TAKE_HANDOFF) else None
        team = await group(Waiting(not_to=me)) if leads_team else None
    stages = tuple(
        StageGroup(stage, counts[stage], tuple(line for line in first if line.stage is stage))
        for stage in OPEN_STAGES
        if counts.get(stage)
    )
    return Home(stages, sent, to_answer, team)
