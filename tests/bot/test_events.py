"""Events that Slack sends more than once."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from bot.app import Listeners, all_routes
from bot.metrics import Metrics


class Hearing(Listeners):
    """Each try takes until the test says how it ends."""

    def __init__(self) -> None:
        routes = all_routes()
        super().__init__(cast("Any", None), routes, Metrics(routes))
        self.tries: list[asyncio.Future[None]] = []

    async def _heard(self, body: dict[str, Any], client: object) -> None:
        self.tries.append(asyncio.get_running_loop().create_future())
        await self.tries[-1]


async def settle() -> None:
    """Let everything go as far as it goes by itself."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_event_that_came_again_meanwhile_is_handled_when_the_first_try_fails() -> None:
    listeners = Hearing()
    body = {"event_id": "Ev1"}
    first, *others = [asyncio.create_task(listeners.event(body, cast("Any", None))) for _ in range(3)]
    await settle()
    # None of them is acknowledged before it is known how the first ends.
    assert (len(listeners.tries), [each.done() for each in others]) == (1, [False, False])
    listeners.tries[0].set_exception(ConnectionError("lost"))
    await settle()
    with pytest.raises(ConnectionError, match="lost"):
        await first
    assert (len(listeners.tries), [each.done() for each in others]) == (2, [False, False])
    listeners.tries[1].set_result(None)
    await asyncio.gather(*others)
    await listeners.event(body, cast("Any", None))
    assert len(listeners.tries) == 2
