"""Members' leave: nobody on leave is reminded of calls, offered for meetings or counted as slow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from domain.errors import Code, Refused
from domain.members import Permission, may, require
from services.deps import Actor, Deps
from storage import members as member_queries
from storage import team_calendar as queries
from storage.members import audit
from storage.team_calendar import LeaveRow

__all__ = ["Leave", "add", "coming", "remove"]

MAX_DAYS = 366

Leave = LeaveRow


async def coming(deps: Deps, actor: Actor) -> Sequence[Leave]:
    """Leave that has not ended: the actor's own, and everybody's for whoever may change it."""
    require(actor.role, Permission.READ)
    member_id = None if may(actor.role, Permission.EDIT_TEAM) else actor.member_id
    async with deps.reading(actor.team_id) as session:
        return await queries.leaves(session, deps.today(actor.team_zone) - timedelta(days=1), member_id=member_id)


async def add(deps: Deps, actor: Actor, member_id: int, first: date, last: date | None) -> Leave:
    """Put down a leave from `first` to `last`, both included, local dates of the member. Members do it for themselves,
    managers for anybody.

    Refused: NOT_ALLOWED, NOT_FOUND `member_id`, INVALID `last` before `first`, TOO_LONG `last` (`days`), DATE_IN_PAST
    `last`, DUPLICATE `first` when the member is already on leave on one of the days.
    """
    require(actor.role, Permission.READ)
    if member_id != actor.member_id:
        require(actor.role, Permission.EDIT_TEAM)
    last = last or first
    if last < first:
        raise Refused(Code.INVALID, "last")
    if (last - first).days >= MAX_DAYS:
        raise Refused(Code.TOO_LONG, "last", days=MAX_DAYS)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        member = await member_queries.by_id(session, member_id)
        if member is None:
            raise Refused(Code.NOT_FOUND, "member_id")
        if last < deps.today(member.zone):
            raise Refused(Code.DATE_IN_PAST, "last")
        # Two submissions at once are one after the other: the second finds the first's days.
        await member_queries.lock_team(session, actor.team_id)
        if await queries.overlapping(session, member_id, first, last):
            raise Refused(Code.DUPLICATE, "first")
        leave_id = await queries.add_leave(session, member_id, first, last, now)
        detail = {"first": first.isoformat(), "last": last.isoformat()}
        await audit(session, actor.member_id, "leave.add", f"members:{member_id}", detail, now)
    return Leave(leave_id, member_id, member.slack_user, member.name, first, last)


async def remove(deps: Deps, actor: Actor, leave_id: int) -> None:
    """Take a leave back; nothing happens when it is gone. Refused: NOT_ALLOWED for another's."""
    require(actor.role, Permission.READ)
    async with deps.writing(actor.team_id) as session:
        found = await queries.leave(session, leave_id)
        if found is None:
            return
        if found.member_id != actor.member_id:
            require(actor.role, Permission.EDIT_TEAM)
        await queries.drop_leave(session, leave_id)
        detail = {"first": found.first_day.isoformat(), "last": found.last_day.isoformat()}
        await audit(session, actor.member_id, "leave.remove", f"members:{found.member_id}", detail, deps.now())
