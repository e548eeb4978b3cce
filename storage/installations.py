"""Who has installed the app: the rows, each change with the condition under which it holds.

What is asked over all teams names what it means; everything else runs in a session of the team.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.statements import insert_once
from storage.tables import Installation, SpentState, Team

_NO_SYNC = {"synchronize_session": False}


class InstallationRow(NamedTuple):
    """An installation as it is stored: tokens encrypted, None where the app was removed."""

    team_id: str
    app_id: str
    bot_id: str
    bot_user: str
    installer: str
    scopes: str
    bot_token: str | None
    refresh_token: str | None
    expires_at: datetime | None
    renewing_until: datetime | None
    installed_at: datetime
    gone_at: datetime | None
    erasing: bool


class ListedRow(NamedTuple):
    """A workspace as those who run the house see it. `installed_at` None: it was not installed over OAuth."""

    team_id: str
    name: str
    created_at: datetime
    installed_at: datetime | None
    expires_at: datetime | None
    gone_at: datetime | None
    erasing: bool


_ROW = sa.select(*(getattr(Installation, name) for name in InstallationRow._fields))


async def of(session: AsyncSession) -> InstallationRow | None:
    """The session's team's installation."""
    row = (await session.execute(_ROW)).one_or_none()
    return InstallationRow._make(row) if row else None


async def held(session: AsyncSession) -> InstallationRow | None:
    """The same; no other transaction changes it until the end of this one."""
    row = (await session.execute(_ROW.with_for_update())).one_or_none()
    return InstallationRow._make(row) if row else None


async def put(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Write the session's team's installation, in place of an earlier one."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"team_id": session.info["team_id"], "renewing_until": None, "gone_at": None, "erasing": False, **values}
    added = insert(Installation).values(row)
    kept = {name: added.excluded[name] for name in row if name != "team_id"}
    await session.execute(added.on_conflict_do_update(index_elements=["team_id"], set_=kept))


async def begin_renewal(session: AsyncSession, refresh_token: str, now: datetime, until: datetime) -> bool:
    """Take the right to spend this refresh token until then; False while somebody else has it, or has spent it."""
    return await _change(
        session,
        Installation.refresh_token == refresh_token,
        sa.or_(Installation.renewing_until.is_(None), Installation.renewing_until <= now),
        renewing_until=until,
    )


async def end_renewal(session: AsyncSession, spent: str, **values: Any) -> bool:
    """Write what a refresh token became; False when the installation is no longer the one that had it."""
    return await _change(session, Installation.refresh_token == spent, renewing_until=None, **values)


async def mark_gone(session: AsyncSession, now: datetime) -> None:
    """Erase the tokens of the session's team, and write down when it went."""
    await _change(session, bot_token=None, refresh_token=None, expires_at=None, renewing_until=None, gone_at=now)


async def begin_erasing(session: AsyncSession, before: datetime) -> bool:
    """Mark the session's team as being erased when it went before this moment; whether it is so marked now."""
    return await _change(session, Installation.gone_at <= before, erasing=True)


async def _change(session: AsyncSession, *where: sa.ColumnElement[bool], **values: Any) -> bool:
    statement = sa.update(Installation).where(Installation.team_id == session.info["team_id"], *where)
    changed = await session.execute(
        statement.values(**values).returning(Installation.team_id), execution_options=_NO_SYNC
    )
    return changed.scalar_one_or_none() is not None


async def spend(session: AsyncSession, digest: str, expires_at: datetime) -> bool:
    """Write a state down as spent; False when it was already."""
    row = {"digest": digest, "expires_at": expires_at}
    return await insert_once(session, SpentState, row, unique=("digest",)) is not None


async def forget_spent(session: AsyncSession, before: datetime) -> None:
    """Forget the states that nobody could use any more anyway."""
    await session.execute(sa.delete(SpentState).where(SpentState.expires_at < before), execution_options=_NO_SYNC)


# Over all teams


async def listed(session: AsyncSession) -> list[ListedRow]:
    """Every team, in the order in which they came."""
    statement = (
        sa.select(
            Team.id,
            Team.name,
            Team.created_at,
            Installation.installed_at,
            Installation.expires_at,
            Installation.gone_at,
            sa.func.coalesce(Installation.erasing, sa.false()),
        )
        .outerjoin(Installation, Installation.team_id == Team.id)
        .order_by(Team.created_at, Team.id)
    )
    return [ListedRow._make(row) for row in await session.execute(statement)]


async def expiring(session: AsyncSession, before: datetime) -> list[str]:
    """The teams whose token ends before this moment, the earliest first."""
    statement = sa.select(Installation.team_id).where(Installation.expires_at < before)
    return list(await session.scalars(statement.order_by(Installation.expires_at)))


async def gone(session: AsyncSession) -> frozenset[str]:
    """The teams that have removed the app."""
    return frozenset(await session.scalars(sa.select(Installation.team_id).where(Installation.gone_at.is_not(None))))


async def has_gone(session: AsyncSession, team_id: str) -> bool:
    """Whether this team has removed the app."""
    gone = sa.select(Installation.team_id).where(Installation.team_id == team_id, Installation.gone_at.is_not(None))
    return (await session.execute(gone)).scalar_one_or_none() is not None


async def to_erase(session: AsyncSession, before: datetime) -> list[str]:
    """The teams that went before this moment."""
    statement = sa.select(Installation.team_id).where(Installation.gone_at <= before)
    return list(await session.scalars(statement.order_by(Installation.gone_at)))
