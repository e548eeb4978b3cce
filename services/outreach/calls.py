"""Recording calls."""

from __future__ import annotations

from datetime import datetime

from domain.errors import Code, Refused
from domain.leads import NextStep, Stage, may_qualify
from domain.members import Permission, require
from domain.outreach.calls import CallResult
from services.deps import Actor, Deps
from services.outreach.stages import move
from storage import leads as queries
from storage.members import audit

MAX_NOTE = 3000


async def record(deps: Deps, actor: Actor, lead_id: int, result: CallResult, called_at: datetime | None = None) -> int:
    """Write down a call, its id. A new lead is being worked from then on; a promised callback is the next step.

    `called_at` is aware; None: now. Refused: NOT_ALLOWED, NOT_FOUND, INVALID `called_at` in the future, TOO_LONG
    `note`, DATE_IN_PAST `callback_at` before the call. Rejected: axes that contradict each other.
    """
    require(actor.role, Permission.EDIT_LEADS)
    result.check()
    now = deps.now()
    at = called_at or now
    if at > now:
        raise Refused(Code.INVALID, "called_at")
    if result.callback_at is not None and result.callback_at < at:
        raise Refused(Code.DATE_IN_PAST, "callback_at")
    if len(result.note) > MAX_NOTE:
        raise Refused(Code.TOO_LONG, "note", most=MAX_NOTE)
    async with deps.writing(actor.team_id) as session:
        lead = await queries.line(session, lead_id, lock=True)
        if lead is None:
            raise Refused(Code.NOT_FOUND)
        made = await queries.add_call(
            session,
            lead_id=lead_id,
            member_id=actor.member_id,
            called_at=at,
            connection=result.connection.value,
            party=result.party.value,
            outcome=result.outcome.value if result.outcome else None,
            reason=result.reason.value if result.reason else None,
            note=result.note,
        )
        # A call entered late does not hide a later one.
        if lead.last_called_at is None or at > lead.last_called_at:
            await queries.set_last_call(session, lead_id, at)
        stage = Stage(lead.stage)
        target = Stage.WORKING if stage is Stage.NEW else stage
        promised = result.callback_at if may_qualify(stage) else None
        if promised is not None:
            call = NextStep.CALL.value
            await move(session, actor, lead_id, stage, target, now, next_step=call, next_step_at=promised)
        elif target is not stage:
            await move(session, actor, lead_id, stage, target, now)
        await audit(session, actor.member_id, "lead.call", f"leads:{lead_id}", {"call_id": made}, now)
    return made
