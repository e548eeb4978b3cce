"""Members' calendars: where they are, and how the last attempt to use them went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import CalendarConnection, Meeting, Member

# Rows are changed by statements, never by loaded objects.
_NO_SYNC = {"synchronize_session": False}


class ConnectionRow(NamedTuple):
    """A member's calendar. `secret` is encrypted, and "" once the member has disconnected it."""

    id: int
    member_id: int
    slack_user: str
    zone: str
    kind: str
    url: str
    calendar: str
    secret: str
    error: str | None
    created_at: datetime


_CONNECTION = sa.select(
    CalendarConnection.id,
    CalendarConnection.member_id,
    Member.slack_user,
    Member.zone,
    CalendarConnection.kind,
    CalendarConnection.url,
    CalendarConnection.calendar,
    CalendarConnection.secret,
    CalendarConnection.error,
    CalendarConnection.created_at,
).join(Member, Member.id == CalendarConnection.member_id)


async def of_members(session: AsyncSession, member_ids: Sequence[int]) -> list[ConnectionRow]:
    """The connected calendars of these members."""
    statement = _CONNECTION.where(CalendarConnection.member_id.in_(member_ids), CalendarConnection.secret != "")
    return [ConnectionRow._make(row) for row in await session.execute(statement)]


async def of_member(session: AsyncSession, member_id: int) -> ConnectionRow | None:
    """A member's calendar, also one that was disconnected."""
    row = (await session.execute(_CONNECTION.where(CalendarConnection.member_id == member_id))).one_or_none()
    return None if row is None else ConnectionRow._make(row)


async def connect(
    session: AsyncSession, member_id: int, *, kind: str, url: str, calendar: str, secret: str, now: datetime
) -> None:
    """Put down where a member's calendar is, in place of the one before. `secret` "" disconnects it: the row stays, so
    that `created_at` always says when the member last decided something."""
    row = await session.scalar(_locked(member_id))
    if row is None:
        row = CalendarConnection(team_id=session.info["team_id"], member_id=member_id)
        session.add(row)
    row.kind, row.url, row.calendar, row.secret = kind, url, calendar, secret
    row.error, row.created_at = None, now
    await session.flush()


async def decided_at(session: AsyncSession, member_id: int) -> datetime | None:
    """When the member last connected or disconnected a calendar; the row is held until the transaction ends."""
    row = await session.scalar(_locked(member_id))
    return None if row is None else row.created_at


def _locked(member_id: int) -> sa.Select[CalendarConnection]:
    return sa.select(CalendarConnection).where(CalendarConnection.member_id == member_id).with_for_update()


async def set_error(session: AsyncSession, connection_id: int, error: str | None) -> bool:
    """Remember how the last attempt went; False when it went the same way before."""
    same = CalendarConnection.error.is_(None) if error is None else CalendarConnection.error == error
    statement = (
        sa.update(CalendarConnection)
        .where(CalendarConnection.id == connection_id, sa.not_(sa.func.coalesce(same, sa.false())))
        .values(error=error)
        .returning(CalendarConnection.id)
    )
    return (await session.execute(statement, execution_options=_NO_SYNC)).scalar_one_or_none() is not None


async def replace_secret(session: AsyncSession, connection_id: int, before: str, after: str) -> None:
    """Put down newer tokens, unless somebody else has put down something in the meantime."""
    statement = (
        sa.update(CalendarConnection)
        .where(CalendarConnection.id == connection_id, CalendarConnection.secret == before)
        .values(secret=after)
    )
    await session.execute(statement, execution_options=_NO_SYNC)


class MeetingRow(NamedTuple):
    """What a meeting's calendar entry depends on."""

    member_id: int
    status: str
    sequence: int


async def meeting(session: AsyncSession, uid: str) -> MeetingRow | None:
    """The meeting whose entry has this UID."""
    statement = sa.select(Meeting.member_id, Meeting.status, Meeting.sequence).where(Meeting.uid == uid)
    row = (await session.execute(statement.limit(1))).one_or_none()
    return None if row is None else MeetingRow._make(row)
