"""Slack's limits for a workspace, and what a delivery does that finds no room in them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from domain.pacing import Budget
from services import deliveries
from services.deliveries import AGAIN, Call, NoRoom
from services.deps import Deps

log = logging.getLogger(__name__)

T = TypeVar("T")

POST, UPDATE, FILES = "chat.postMessage", "chat.update", "files"
"""What is counted against a workspace's limits. An upload takes several methods, each of the same tier."""
BUDGETS: Mapping[str, Budget] = {
    POST: Budget(burst=30.0, per_second=5.0),
    UPDATE: Budget(burst=10.0, per_second=40 / 60),
    FILES: Budget(burst=10.0, per_second=40 / 60),
}
"""What all processes together call in one workspace. Slack takes several hundred posts a minute, 50 calls a minute of a
method of tier 3, 100 of tier 4: a margin is left, since what somebody waits for is counted and never waits."""
KEPT_FOR_PEOPLE = 0.5
"""This part of the burst is left by what the clock sends."""
SHORT_SECONDS = 2.0
"""For so long a delivery waits for its turn where it is, rather than in the queue."""


@dataclass(frozen=True, slots=True)
class PutOff:
    """Slack's limits leave no room for so many seconds: the same turn comes again then."""

    seconds: float


def call_of(method: str, budgets: Mapping[str, Budget], *, timed: bool, channel: str = "") -> Call:
    """A call, as it is counted; `timed`: the clock sends it. Slack limits posts by channel too."""
    budget = budgets[method]
    return Call(method, budget, KEPT_FOR_PEOPLE * budget.burst if timed else 0.0, channel if method == POST else "")


async def counted(deps: Deps, team_id: str, method: str) -> None:
    """Somebody waited for a call, so it was made without asking for room; now it is counted, and what can wait does so
    for its sake. That it could not be counted is nothing that anybody needs to be told."""
    try:
        await deliveries.counted(deps, team_id, method, BUDGETS[method])
    except Exception:
        log.warning("A call of %s was not counted", method, exc_info=True)


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
