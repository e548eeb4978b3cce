"""What is left of Slack's limits for each workspace and method, shared by all processes.

The queue engine limits a queue, or one partition of it; a post belongs to two at once, its channel and its workspace.
The channel is its partition (storage/outbox.py). The workspace's budget stands here: a row that whoever wants to call
locks for a moment. A channel gets a row of its own, named by the method and the channel, when Slack has closed it.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from domain import pacing
from domain.pacing import Budget, Level
from storage.tables import SlackPace


async def take(
    session: AsyncSession, method: str, budget: Budget, now: datetime, keep: float, channel: str = ""
) -> float:
    """Take one call out of the workspace's budget: 0.0, or the seconds after which to ask again; see domain/pacing."""
    row = await _locked(session, method)
    if row is None:
        await _begin(session, method, budget.burst, now)
        row = await _locked(session, method)
    if channel:
        query = sa.select(SlackPace.closed_until).where(SlackPace.method == _of_channel(method, channel))
        closed = pacing.closed_for(await session.scalar(query), now)
        if closed:
            return closed
    level, wait = pacing.take(row, budget, now, keep)
    if wait == 0.0:
        await session.execute(
            sa.update(SlackPace).where(SlackPace.method == method).values(remaining=level.left, at=level.at)
        )
    return wait


async def spend(session: AsyncSession, method: str, budget: Budget, now: datetime, calls: int = 1) -> None:
    """Calls were made without asking; what is left may fall below zero, as far as the budget is deep."""
    row = await _locked(session, method)
    if row is None:
        await _begin(session, method, budget.burst, now)
        row = await _locked(session, method)
    level = pacing.spend(row, budget, now, calls)
    await session.execute(
        sa.update(SlackPace).where(SlackPace.method == method).values(remaining=level.left, at=level.at)
    )


async def lightly(session: AsyncSession) -> None:
    """Let PostgreSQL commit this transaction without waiting for its disk: what it writes may be lost."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(sa.text("SET LOCAL synchronous_commit TO OFF"))


async def close(
    session: AsyncSession, method: str, budget: Budget, now: datetime, until: datetime, channel: str = ""
) -> None:
    """Slack wants no such calls before a moment; a later one that was named already stays. With a channel only those in
    it, unless the workspace has spent more than its budget, or another channel is closed already: that is no accident
    of one channel's."""
    if channel and not await _is_the_workspaces(session, method, budget, now, channel):
        method = _of_channel(method, channel)
    await _begin(session, method, 0.0, now)
    # One that is too far ahead was named by a clock that was wrong.
    wrong = SlackPace.closed_until > now + pacing.LONGEST_CLOSED + pacing.SKEW
    later = sa.or_(SlackPace.closed_until.is_(None), SlackPace.closed_until < until, wrong)
    await session.execute(sa.update(SlackPace).where(SlackPace.method == method, later).values(closed_until=until))


async def _is_the_workspaces(session: AsyncSession, method: str, budget: Budget, now: datetime, channel: str) -> bool:
    if pacing.refilled(await _locked(session, method), budget, now).left < 0.0:
        return True
    others = sa.select(sa.func.count()).where(
        SlackPace.method.startswith(f"{method} ", autoescape=True),
        SlackPace.method != _of_channel(method, channel),
        SlackPace.closed_until > now,
    )
    return bool(await session.scalar(others))


def _of_channel(method: str, channel: str) -> str:
    return f"{method} {channel}"


async def _begin(session: AsyncSession, method: str, remaining: float, now: datetime) -> None:
    """A row, where there is none so far."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"team_id": session.info["team_id"], "method": method, "remaining": remaining, "at": now}
    await session.execute(insert(SlackPace).values(values).on_conflict_do_nothing())


async def _locked(session: AsyncSession, method: str) -> Level | None:
    query = sa.select(SlackPace.remaining, SlackPace.at, SlackPace.closed_until).where(SlackPace.method == method)
    row = (await session.execute(query.with_for_update())).one_or_none()
    return None if row is None else Level(*row)
