"""A meeting changes: moved, given to another rep, cancelled, closed (work item 3-5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused
from domain.leads import NextStep, Stage
from domain.members import Permission, require
from domain.qualification.meetings import (
    CancelledBy,
    MeetingStatus,
    Slot,
    calls_again,
    check_close,
    check_movable,
)
from services import teams
from services.deps import Actor, Deps
from services.qualification import meeting_slots, meetings
from services.qualification.meeting_news import OUTCOME_UPDATE, announce, outcome_key, show
from services.qualification.meeting_records import Free, MeetingView, Occasion, SlotTaken, Write, meeting_view
from storage import leads as lead_queries
from storage import meetings as queries
from storage.members import audit

MAX_REASON = 1000


async def slots_to_move(
    deps: Deps, team_id: str, meeting_id: int, *, zone: str = "", anybody: bool = False
) -> tuple[MeetingView, Free]:
    """A meeting, and the free slots of its rep (`anybody`: of all reps). Refused: NOT_FOUND, INVALID `zone`."""
    meeting = await meetings.view(deps, team_id, meeting_id)
    found = await meetings.free_for(
        deps,
        team_id,
        meeting.lead_id,
        zone or meeting.customer_zone,
        place=meeting.place,
        minutes=int((meeting.ends_at - meeting.starts_at) / timedelta(minutes=1)),
        only=None if anybody else [meeting.rep_id],
        but=meeting_id,
    )
    return meeting, found


async def move(
    deps: Deps,
    by: Actor | None,
    team_id: str,
    meeting_id: int,
    start: datetime,
    write: Write,
    *,
    version: int | None = None,
    zone: str = "",
) -> MeetingView:
    """Put a meeting at another time with the same rep; the same time again changes nothing. `by` None: the customer,
    who may only take a slot that is offered, and whose `zone` is written down.

    Refused: NOT_ALLOWED, NOT_FOUND, ALREADY_DONE (`status`) for one that is over or cancelled, STALE when it was
    changed since `version`, DATE_IN_PAST or INVALID `slot`. `SlotTaken` when another has the time.
    """
    if by is not None:
        require(by.role, Permission.BOOK_MEETINGS)
    now = deps.now()
    before, offered = await slots_to_move(deps, team_id, meeting_id, zone=zone)
    slot = Slot(start, start + (before.ends_at - before.starts_at), before.rep_id)
    check_movable(before.status, before.starts_at, now, by_customer=by is None)
    if start == before.starts_at:
        return before
    meetings.check_slot(slot, now)
    mine = offered.of(before.rep_id)
    if by is None and (mine is None or slot not in mine.slots):
        raise SlotTaken(offered)
    if not await meeting_slots.still_free(deps, team_id, slot, before.place, but=meeting_id):
        raise SlotTaken(offered)
    try:
        async with deps.writing(team_id) as session:
            was = await _locked(session, meeting_id, version)
            check_movable(was.status, was.starts_at, now, by_customer=by is None)
            if was.rep_id != slot.member_id:
                raise Refused(Code.STALE)
            await _put(session, was, slot, {"customer_zone": zone or was.customer_zone})
            lead = await lead_queries.line(session, was.lead_id, lock=True)
            if lead is not None and lead.next_step == NextStep.WAIT_FOR_FIELD_SALES.value and lead.next_step_at:
                await lead_queries.change(session, was.lead_id, now, next_step_at=start)
            detail = {"meeting_id": meeting_id, "from": was.starts_at.isoformat(), "to": start.isoformat()}
            await audit(session, by.member_id if by else None, "meeting.move", f"leads:{was.lead_id}", detail, now)
            moved = await meetings.read(session, meeting_id)
            await announce(deps, session, moved, Occasion.MOVED, write, by=by.slack_user if by else None, was=was)
            return moved
    except meetings.Occupied:
        raise SlotTaken((await slots_to_move(deps, team_id, meeting_id, zone=zone))[1]) from None


async def reassign(
    deps: Deps, actor: Actor, meeting_id: int, member_id: int, write: Write, *, version: int | None = None
) -> MeetingView:
    """Have another rep hold a meeting at the same time; the same rep again changes nothing.

    Refused: NOT_ALLOWED, NOT_FOUND, ALREADY_DONE (`status`), STALE, INVALID `member_id`. `SlotTaken` when that rep has
    no time then.
    """
    require(actor.role, Permission.BOOK_MEETINGS)
    now = deps.now()
    before = await meetings.view(deps, actor.team_id, meeting_id)
    check_movable(before.status, before.starts_at, now, by_customer=False)
    if before.rep_id == member_id:
        return before
    slot = Slot(before.starts_at, before.ends_at, member_id)
    if not await meeting_slots.still_free(deps, actor.team_id, slot, before.place):
        raise SlotTaken((await slots_to_move(deps, actor.team_id, meeting_id, anybody=True))[1])
    try:
        async with deps.writing(actor.team_id) as session:
            was = await _locked(session, meeting_id, version)
            check_movable(was.status, was.starts_at, now, by_customer=False)
            if was.starts_at != slot.start:
                raise Refused(Code.STALE)
            await meetings.check_rep(session, member_id)
            await _put(session, was, slot, {"member_id": member_id})
            detail = {"meeting_id": meeting_id, "from": was.rep_id, "to": member_id}
            await audit(session, actor.member_id, "meeting.reassign", f"leads:{was.lead_id}", detail, now)
            given = await meetings.read(session, meeting_id)
            await announce(deps, session, given, Occasion.REASSIGNED, write, by=actor.slack_user, was=was)
            return given
    except meetings.Occupied:
        raise SlotTaken((await slots_to_move(deps, actor.team_id, meeting_id, anybody=True))[1]) from None


async def cancel(
    deps: Deps,
    by: Actor | None,
    team_id: str,
    meeting_id: int,
    reason: str,
    write: Write,
    *,
    version: int | None = None,
) -> MeetingView:
    """Cancel a meeting; its time is free again. `by` None: the customer, until it begins.

    Refused: NOT_ALLOWED, NOT_FOUND, ALREADY_DONE (`status`), STALE, TOO_LONG `reason`.
    """
    if by is not None:
        require(by.role, Permission.BOOK_MEETINGS)
    reason = reason.strip()
    if len(reason) > MAX_REASON:
        raise Refused(Code.TOO_LONG, "reason", most=MAX_REASON)
    now = deps.now()
    async with deps.writing(team_id) as session:
        was = await _locked(session, meeting_id, version)
        if by is None:
            check_movable(was.status, was.starts_at, now, by_customer=True)
        return await _cancelled(deps, session, was, by, reason, write)


async def close(deps: Deps, actor: Actor, meeting_id: int, status: MeetingStatus, write: Write) -> MeetingView:
    """Say how a meeting went: HELD, NO_SHOW or CANCELLED. Saying the same again changes nothing.

    Refused: NOT_ALLOWED, NOT_FOUND, ALREADY_DONE (`status`) for one that is cancelled, INVALID `status` before it has
    begun.
    """
    require(actor.role, Permission.CLOSE_MEETINGS)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        was = await _locked(session, meeting_id, None)
        if was.status is status:
            return was
        check_close(was.status, status, was.starts_at, now)
        if status is MeetingStatus.CANCELLED:
            return await _cancelled(deps, session, was, actor, "", write)
        await queries.change(session, meeting_id, status=status.value, outcome_at=now)
        detail = {"meeting_id": meeting_id, "status": status.value}
        await audit(session, actor.member_id, "meeting.close", f"leads:{was.lead_id}", detail, now)
        await _lead_after(session, was, actor, now, took_place=status is MeetingStatus.HELD)
        closed = await meetings.read(session, meeting_id)
        await _show_all(deps, session, closed)
        return closed


async def _locked(session: AsyncSession, meeting_id: int, version: int | None) -> MeetingView:
    row = await queries.meeting(session, meeting_id, lock=True)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    if version not in (None, row.version):
        raise Refused(Code.STALE, version=row.version)
    return meeting_view(row)


async def _put(session: AsyncSession, was: MeetingView, slot: Slot, columns: dict[str, Any]) -> None:
    """Take another time for a meeting in place of the one it has."""
    # In the order of their ids, so that two meetings that change places do not wait for each other.
    for member_id in sorted({was.rep_id, slot.member_id}):
        await queries.hold_rep(session, member_id)
    await queries.release(session, was.meeting_id)
    wanted = await meeting_slots.taken_cells(session, slot, was.place)
    if not await queries.take(session, was.meeting_id, slot.member_id, wanted):
        raise meetings.Occupied
    await queries.change(
        session,
        was.meeting_id,
        starts_at=slot.start,
        ends_at=slot.end,
        sequence=was.sequence + 1,
        **columns,
    )


async def _cancelled(
    deps: Deps, session: AsyncSession, was: MeetingView, by: Actor | None, reason: str, write: Write
) -> MeetingView:
    now = deps.now()
    check_close(was.status, MeetingStatus.CANCELLED, was.starts_at, now)
    await queries.release(session, was.meeting_id)
    await queries.change(
        session,
        was.meeting_id,
        status=MeetingStatus.CANCELLED.value,
        cancel_reason=reason,
        cancelled_by=(CancelledBy.MEMBER if by else CancelledBy.CUSTOMER).value,
        outcome_at=now,
        sequence=was.sequence + 1,
    )
    detail = {"meeting_id": was.meeting_id, "reason": reason}
    await audit(session, by.member_id if by else None, "meeting.cancel", f"leads:{was.lead_id}", detail, now)
    await _lead_after(session, was, by, now, took_place=False)
    cancelled = await meetings.read(session, was.meeting_id)
    # Nobody takes a letter about a meeting seriously that should have begun already.
    quiet = now >= was.starts_at
    who = by.slack_user if by else None
    await announce(deps, session, cancelled, Occasion.CANCELLED, write, by=who, quiet=quiet)
    await _update_question(deps, session, cancelled)
    return cancelled


async def _lead_after(
    session: AsyncSession, was: MeetingView, by: Actor | None, now: datetime, *, took_place: bool
) -> None:
    """The next step of the lead once a meeting is over: a call when it did not take place and no other is booked."""
    lead = await lead_queries.line(session, was.lead_id, lock=True)
    if lead is None or not calls_again(Stage(lead.stage)):
        return
    others = await queries.of_lead(session, was.lead_id, meetings.LISTED)
    if any(m.id != was.meeting_id and m.status == MeetingStatus.BOOKED.value and m.starts_at > now for m in others):
        return
    waits = lead.next_step == NextStep.WAIT_FOR_FIELD_SALES.value
    if took_place:
        if waits:
            # What comes next is to be decided by people; until then the lead is listed as one without a next step.
            await lead_queries.change(session, was.lead_id, now, next_step=None, next_step_at=None)
        return
    if not waits and lead.next_step != NextStep.HAND_OFF.value:
        # Something else was decided meanwhile.
        return
    zone = by.team_zone if by else was.rep_zone
    calendar = await teams.team_calendar(session, zone, now)
    at = calendar.add_minutes(now, 0)
    await lead_queries.change(session, was.lead_id, now, next_step=NextStep.CALL.value, next_step_at=at)


async def _show_all(deps: Deps, session: AsyncSession, closed: MeetingView) -> None:
    await show(deps, session, closed)
    await _update_question(deps, session, closed)


async def _update_question(deps: Deps, session: AsyncSession, closed: MeetingView) -> None:
    key = outcome_key(closed)
    if await queries.enqueued(session, [key]):
        await deps.outbox.enqueue(
            session,
            key=f"{key}:{closed.version}",
            kind=OUTCOME_UPDATE,
            channel=closed.rep_slack_user,
            arguments={"meeting_id": closed.meeting_id},
            now=deps.now(),
        )
