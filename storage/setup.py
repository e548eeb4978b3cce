"""What a team has set up so far. The session goes first and sees one team only."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.members import Role
from storage.tables import Account, CalendarConnection, Member


async def roles(session: AsyncSession) -> set[str]:
    """The roles that active members have."""
    return set(await session.scalars(sa.select(Member.role).where(Member.active).distinct()))


async def has_companies(session: AsyncSession) -> bool:
    """Whether there is any."""
    return (await session.execute(sa.select(Account.id).limit(1))).first() is not None


async def without_calendar(session: AsyncSession) -> list[str]:
    """The Slack users of field sales whose calendar is not connected, in the order in which they came."""
    connected = sa.select(CalendarConnection.member_id)
    statement = (
        sa.select(Member.slack_user)
        .where(Member.active, Member.role == Role.FIELD_SALES.value, Member.id.not_in(connected))
        .order_by(Member.id)
    )
    return list(await session.scalars(statement))
