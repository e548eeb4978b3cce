"""Calls of the language model: put down before they are made, so that what they may cost counts at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.model import Outcome
from storage.tables import ModelCall, Team


class CallCount(NamedTuple):
    """How often a prompt ended so, and what that cost in millionths of a yen."""

    prompt_id: str
    outcome: str
    calls: int
    cost: int


async def hold(session: AsyncSession) -> None:
    """Let nobody else put a call of the team down until the end of the transaction. Rows that refer to the team can
    still be added."""
    statement = sa.select(Team.id).where(Team.id == session.info["team_id"])
    await session.execute(statement.with_for_update(key_share=True))


async def spent(session: AsyncSession, since: datetime) -> int:
    """What the team's calls have cost since then, and may cost yet; millionths of a yen. What a process had under way
    that ended meanwhile counts with the most that it may have cost: nobody knows what the server did."""
    query = sa.select(sa.func.sum(ModelCall.cost)).where(ModelCall.created_at >= since)
    return int(await session.scalar(query) or 0)


async def begin(session: AsyncSession, values: Mapping[str, Any]) -> int:
    """Put a call down; its id."""
    row = ModelCall(team_id=session.info["team_id"], **values)
    session.add(row)
    await session.flush()
    return row.id


async def end(session: AsyncSession, call_id: int, values: Mapping[str, Any]) -> None:
    """How it ended."""
    await session.execute(sa.update(ModelCall).where(ModelCall.id == call_id).values(**values))


async def counts(session: AsyncSession, since: datetime, oldest: datetime) -> Sequence[CallCount]:
    """The team's calls since then, those of the dearest prompt first. Those that were begun before `oldest` are under
    way no longer, whatever was put down."""
    gone = (ModelCall.outcome == Outcome.UNDER_WAY.value) & (ModelCall.created_at < oldest)
    calls = (
        sa.select(
            ModelCall.prompt_id,
            sa.case((gone, Outcome.GIVEN_UP.value), else_=ModelCall.outcome).label("outcome"),
            ModelCall.cost,
        )
        .where(ModelCall.created_at >= since)
        .subquery()
    )
    cost = sa.func.sum(calls.c.cost)
    statement = (
        sa.select(calls.c.prompt_id, calls.c.outcome, sa.func.count(), cost)
        .group_by(calls.c.prompt_id, calls.c.outcome)
        .order_by(cost.desc(), calls.c.prompt_id, calls.c.outcome)
    )
    return [CallCount(prompt, how, n, int(each)) for prompt, how, n, each in await session.execute(statement)]
