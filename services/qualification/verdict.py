"""The team's rules for the verdict, and putting a verdict aside (work item 3-4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused
from domain.leads import Stage, after_verdict
from domain.members import Permission, require
from domain.qualification.bant import Element
from domain.qualification.verdict import Policy
from services.deps import Actor, Deps
from services.outreach.records import LeadLine, lead_line
from services.outreach.stages import move, steps_of_verdict
from services.qualification.records import (
    PolicyVersion,
    QualificationView,
    policy_of,
    policy_version,
    qualification_view,
)
from storage import leads as lead_queries
from storage import qualification as queries
from storage.members import audit

MAX_REASON = 1000
OVERRIDDEN = "verdict.overridden"
"""The kind of delivery that tells the lead's owner."""


@dataclass(frozen=True, slots=True)
class JudgedLead:
    """A judgement and the lead it is on."""

    lead: LeadLine
    qualification: QualificationView


async def judged_lead(deps: Deps, team_id: str, qualification_id: int) -> JudgedLead:
    """A judgement and its lead. Refused: NOT_FOUND."""
    async with deps.reading(team_id) as session:
        row = await queries.qualification(session, qualification_id)
        lead = await lead_queries.line(session, row.lead_id) if row else None
    if row is None or lead is None:
        raise Refused(Code.NOT_FOUND)
    return JudgedLead(lead_line(lead), qualification_view(row))


async def policy(deps: Deps, actor: Actor) -> PolicyVersion:
    """The rules in force; a team that has none yet gets version 1, the defaults."""
    require(actor.role, Permission.READ)
    async with deps.reading(actor.team_id) as session:
        row = await queries.policy(session)
    if row is None:
        async with deps.writing(actor.team_id) as session:
            await make_defaults(session, deps.now())
            row = await queries.policy(session)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return policy_version(row)


async def versions(deps: Deps, actor: Actor) -> list[PolicyVersion]:
    """Every version of the rules, newest first."""
    current = await policy(deps, actor)
    async with deps.reading(actor.team_id) as session:
        rows = await queries.policies(session)
    return [policy_version(row) for row in rows] or [current]


async def change_policy(deps: Deps, actor: Actor, new: Policy, *, based_on: int) -> PolicyVersion:
    """Make the next version of the rules; the same rules again change nothing and give the version in force.

    `based_on` is the version the form was filled from. Refused: NOT_ALLOWED, STALE when somebody made another version
    meanwhile (`version`); Rejected with fields `min_confirmed`, `start_within_months` out of range.
    """
    require(actor.role, Permission.EDIT_POLICY)
    new.check()
    async with deps.writing(actor.team_id) as session:
        if await queries.policy(session) is None:
            await make_defaults(session, deps.now())
        current = await queries.policy(session)
        if current is None or current.policy.version != based_on:
            raise Refused(Code.STALE, version=current.policy.version if current else 0)
        if policy_of(current.policy) == new:
            return policy_version(current)
        now, version = deps.now(), based_on + 1
        if await queries.add_policy(session, version, _columns(new), actor.member_id, now) is None:
            raise Refused(Code.STALE, version=version)
        detail = {"from": _columns(policy_of(current.policy)), "to": _columns(new)}
        await audit(session, actor.member_id, "policy.change", f"verdict_policies:{version}", detail, now)
    return PolicyVersion(version, new, now, actor.name)


async def override(
    deps: Deps, actor: Actor, qualification_id: int, reason: str, *, sales_qualified: bool | None = None
) -> QualificationView:
    """Turn the newest verdict on a lead round, with a reason; the lead moves with it.

    `sales_qualified`: what it shall say from now on, as the button promised; None turns whatever it says.
    Refused: NOT_ALLOWED, NOT_FOUND, REQUIRED or TOO_LONG `reason`, STALE when the lead was judged again since,
    ALREADY_DONE (`by`) when it says so already, WRONG_STAGE while field sales has the lead.
    """
    require(actor.role, Permission.OVERRIDE_VERDICT)
    reason = reason.strip()
    if not reason:
        raise Refused(Code.REQUIRED, "reason")
    if len(reason) > MAX_REASON:
        raise Refused(Code.TOO_LONG, "reason", most=MAX_REASON)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        found = await queries.qualification(session, qualification_id)
        if found is None:
            raise Refused(Code.NOT_FOUND)
        lead = await lead_queries.line(session, found.lead_id, lock=True)
        newest = (await queries.qualifications(session, found.lead_id, 1))[0]
        if lead is None or newest.id != qualification_id:
            raise Refused(Code.STALE)
        target = not found.sales_qualified if sales_qualified is None else sales_qualified
        stage = Stage(lead.stage)
        moved = after_verdict(stage, target)
        # Two managers at once: the verdict turns only from what was read above, so the second does not turn it back.
        if not await queries.override(
            session, qualification_id, sales_qualified=target, member_id=actor.member_id, reason=reason, now=now
        ):
            raise Refused(Code.ALREADY_DONE, by=newest.overridden_by or newest.member)
        steps = steps_of_verdict(target, lead.next_step)
        await move(session, actor, lead.id, stage, moved, now, reason=reason, **steps)
        detail = {"sales_qualified": target, "reason": reason, "lead_id": lead.id}
        await audit(session, actor.member_id, "qualification.override", f"qualifications:{newest.id}", detail, now)
        if lead.owner_id != actor.member_id:
            await deps.outbox.enqueue(
                session,
                key=f"qualification:{newest.id}:overridden:{now.isoformat()}",
                kind=OVERRIDDEN,
                channel=lead.owner_slack_user,
                arguments={"qualification_id": newest.id},
                now=now,
            )
        row = await queries.qualification(session, qualification_id)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return qualification_view(row)


async def make_defaults(session: AsyncSession, now: datetime) -> None:
    """Give the session's team version 1 of the rules, the defaults, unless somebody just did."""
    await queries.add_policy(session, 1, _columns(Policy()), None, now)


def _columns(rules: Policy) -> dict[str, Any]:
    return {
        "min_confirmed": rules.min_confirmed,
        "required": [element.value for element in Element if element in rules.required],
        "needs_pain": rules.needs_pain,
        "needs_intent": rules.needs_intent,
        "start_within_months": rules.start_within_months,
    }
