"""The team's own days and its members' leave. The session goes first and sees one team only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from storage import statements
from storage.tables import Absence, Member, TeamDay


class DayRow(NamedTuple):
    """A date on which the team works though others do not (`works`), or the other way round."""

    day: date
    works: bool
    name: str


class LeaveRow(NamedTuple):
    """A member's leave: both days included."""

    id: int
    member_id: int
    slack_user: str
    name: str
    first_day: date
    last_day: date


_LEAVE = sa.select(
    Absence.id, Absence.member_id, Member.slack_user, Member.name, Absence.first_day, Absence.last_day
).join(Member, Member.id == Absence.member_id)


async def days(session: AsyncSession, first: date, last: date) -> list[DayRow]:
    """The team's own days from `first` to `last`, in order."""
    statement = sa.select(TeamDay.day, TeamDay.works, TeamDay.name).where(TeamDay.day.between(first, last))
    return [DayRow._make(row) for row in await session.execute(statement.order_by(TeamDay.day))]


async def put_days(session: AsyncSession, days: Sequence[date], *, works: bool, name: str) -> None:
    """Write down the team's own days; what was said of one before is forgotten."""
    for day in days:
        row = {"team_id": session.info["team_id"], "day": day, "works": works, "name": name}
        await session.merge(TeamDay(**row))
    await session.flush()


async def drop_day(session: AsyncSession, day: date) -> bool:
    """Forget an own day; False when it was none."""
    gone = await session.execute(sa.delete(TeamDay).where(TeamDay.day == day).returning(TeamDay.day))
    return gone.scalar_one_or_none() is not None


async def leaves(session: AsyncSession, since: date, *, member_id: int | None = None) -> list[LeaveRow]:
    """Leave that ends on `since` or later, of the whole team or of one member, in order."""
    statement = _LEAVE.where(Absence.last_day >= since, Member.active)
    if member_id is not None:
        statement = statement.where(Absence.member_id == member_id)
    found = await session.execute(statement.order_by(Absence.first_day, Absence.last_day, Absence.id))
    return [LeaveRow._make(row) for row in found]


async def leave(session: AsyncSession, leave_id: int) -> LeaveRow | None:
    """One leave."""
    row = (await session.execute(_LEAVE.where(Absence.id == leave_id))).one_or_none()
    return LeaveRow._make(row) if row else None


async def overlapping(session: AsyncSession, member_id: int, first: date, last: date) -> bool:
    """Whether a member is already on leave on one of these days."""
    statement = sa.select(Absence.id).where(
        Absence.member_id == member_id, Absence.first_day <= last, Absence.last_day >= first
    )
    return await session.scalar(statement.limit(1)) is not None


async def add_leave(session: AsyncSession, member_id: int, first: date, last: date, now: datetime) -> int:
    """Add a leave; its id."""
    values = {"member_id": member_id, "first_day": first, "last_day": last, "created_at": now}
    return await statements.insert(session, Absence, values)


async def drop_leave(session: AsyncSession, leave_id: int) -> None:
    """Delete a leave."""
    await session.execute(sa.delete(Absence).where(Absence.id == leave_id))
