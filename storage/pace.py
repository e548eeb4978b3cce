"""What is left of Slack's limits for each workspace and method, shared by all processes.

The queue engine limits a queue, or one partition of it; a post belongs to two at once, its channel and its workspace.
The channel is its partition (storage/outbox.py). The workspace's budget stands here: a row that whoever wants to call
locks for a moment.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from domain import pacing
from domain.pacing import Budget, Level
from storage.tables import SlackPace


async def take(session: AsyncSession, method: str, budget: Budget, now: datetime, keep: float) -> float:
    """Take one call out of the workspace's budget: 0.0, or the seconds after which to ask again; see domain/pacing."""
    row = await _locked(session, method)
    if row is None:
        await _begin(session, method, budget.burst, now)
        row = await _locked(session, method)
    level, wait = pacing.take(row, budget, now, keep)
    if wait == 0.0:
        await session.execute(
            sa.update(SlackPace).where(SlackPace.method == method).values(remaining=level.left, at=level.at)
        )
    return wait


async def close(session: AsyncSession, method: str, now: datetime, until: datetime) -> None:
    """Slack wants no calls of this method before a moment; a later one that was named already stays."""
    await _begin(session, method, 0.0, now)
    later = sa.or_(SlackPace.closed_until.is_(None), SlackPace.closed_until < until)
    await session.execute(sa.update(SlackPace).where(SlackPace.method == method, later).values(closed_until=until))


async def _begin(session: AsyncSession, method: str, remaining: float, now: datetime) -> None:
    """A row, where there is none so far."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"team_id": session.info["team_id"], "method": method, "remaining": remaining, "at": now}
    await session.execute(insert(SlackPace).values(values).on_conflict_do_nothing())


async def _locked(session: AsyncSession, method: str) -> Level | None:
    query = sa.select(SlackPace.remaining, SlackPace.at, SlackPace.closed_until).where(SlackPace.method == method)
    row = (await session.execute(query.with_for_update())).one_or_none()
    return None if row is None else Level(*row)
