"""Slack's limits for a workspace, and what a delivery does that finds no room in them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from domain.pacing import Budget
from services.deliveries import AGAIN, Call, NoRoom

T = TypeVar("T")

POST, UPDATE, FILES = "chat.postMessage", "chat.update", "files"
"""What is counted against a workspace's limits. An upload takes several methods, each of the same tier."""
BUDGETS: Mapping[str, Budget] = {
    POST: Budget(burst=30.0, per_second=5.0),
    UPDATE: Budget(burst=10.0, per_second=40 / 60),
    FILES: Budget(burst=10.0, per_second=40 / 60),
}
"""What all processes together call in one workspace. Slack takes several hundred posts a minute, 50 calls a minute of a
method of tier 3, 100 of tier 4: a margin is left for calls that nobody counts, such as those a click makes."""
KEPT_FOR_PEOPLE = 0.5
"""This part of the burst is left by what the clock sends."""
SHORT_SECONDS = 2.0
"""For so long a delivery waits for its turn where it is, rather than in the queue."""


@dataclass(frozen=True, slots=True)
class PutOff:
    """Slack's limits leave no room for so many seconds: the same turn comes again then."""

    seconds: float


def call_of(method: str, budgets: Mapping[str, Budget], *, timed: bool) -> Call:
    """A call, as it is counted; `timed`: the clock sends it."""
    budget = budgets[method]
    return Call(method, budget, KEPT_FOR_PEOPLE * budget.burst if timed else 0.0)


async def in_turn(ask: Callable[[], Awaitable[T]]) -> T:
    """What `ask` answers, asked once more where there is room soon. Raises `NoRoom`."""
    try:
        return await ask()
    except NoRoom as full:
        if full.seconds > SHORT_SECONDS:
            raise
        await asyncio.sleep(full.seconds)
        return await ask()


def times_put_off(workflow_id: str | None) -> int:
    """How often the turn of this workflow was put off before."""
    times = (workflow_id or "").rpartition(AGAIN)[2]
    return int(times) if AGAIN in (workflow_id or "") and times.isdecimal() else 0
