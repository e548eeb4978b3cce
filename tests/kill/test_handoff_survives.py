"""Killed between any two steps of qualify → save → enqueue → post → record, the bot neither loses nor doubles."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.kill.bot_process import POINTS
from tests.kill.conftest import REPS, Office, eventually

pytestmark = pytest.mark.kill

RANDOM_KILLS = 26
"""On each database: more than fifty in all, beside those at every point."""


async def test_every_handoff_is_posted_once_whenever_the_bot_is_killed(office: Office) -> None:
    chance = random.Random(20)
    people = [asyncio.create_task(office.work(rep)) for rep in REPS]
    for point in POINTS:
        if point.endswith("postpone"):
            office.workspace.workspace.faults.order({"kind": "500", "method": "chat.postMessage"})
        await office.dead(office.start(point, chance.randint(1, 3) if "postpone" not in point else 1))
    # While a request is under way that Slack has not yet made a message of.
    office.workspace.workspace.faults.order({"kind": "delay", "method": "chat.postMessage", "seconds": 0.3})
    bot = office.start()
    await eventually(lambda: not office.workspace.workspace.faults.orders, "a post")
    await office.kill(bot)
    for number in range(RANDOM_KILLS):
        bot = office.start()
        if number % 5:
            await office.connected()
        await asyncio.sleep(chance.uniform(0.0, 0.5))
        await office.kill(bot)
    office.start()
    office.closing = True
    await asyncio.gather(*people)
    assert await office.check() > len(POINTS)
    assert office.kills == len(POINTS) + 1 + RANDOM_KILLS
