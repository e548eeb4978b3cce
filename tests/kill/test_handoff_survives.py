"""Killed between any two steps of qualify → save → enqueue → post → record, the bot neither loses nor doubles."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

import pytest

from tests.kill.bot_process import POINTS
from tests.kill.conftest import REPS, Office, eventually

pytestmark = pytest.mark.kill

ROOT = Path(__file__).parents[2]

RANDOM_KILLS = 6
"""On each database, beside one at every point: more than fifty kills in all. `make chaos` has hundreds."""
HANDOFFS = 20
"""How many are made at least while the bot comes and goes."""


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
    await eventually(lambda: len(office.handed_off) >= HANDOFFS, "enough handoffs")
    office.closing = True
    await asyncio.gather(*people)
    assert await office.check() >= HANDOFFS
    assert office.kills == len(POINTS) + 1 + RANDOM_KILLS


# A SQLite file has one process, so nobody is there to take over.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_second_process_takes_over_from_a_killed_one(office: Office) -> None:
    first = office.start("after post", nth=3)
    await office.connected()
    second = office.start()
    await office.connected(2)
    people = [asyncio.create_task(office.work(rep)) for rep in REPS]
    await office.dead(first)
    office.closing = True
    await asyncio.gather(*people)
    assert await office.check() >= 3
    assert second.is_alive()


async def test_command_that_runs_the_bot_goes_on_after_a_kill_and_ends_in_order(office: Office) -> None:
    environment = {name.upper(): str(value) for name, value in office.settings.items()}

    async def run() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"), cwd=ROOT, env=os.environ | environment
        )

    killed = await run()
    people = [asyncio.create_task(office.work(rep)) for rep in REPS]
    await eventually(office.posts, "a post")
    killed.kill()
    await killed.wait()
    before = len(office.posts())
    ended = await run()
    try:
        await eventually(lambda: len(office.posts()) > before, "a post of the second life")
        office.closing = True
        await asyncio.gather(*people)
        assert await office.check() > before
    finally:
        ended.terminate()
        await ended.wait()
    assert ended.returncode == 0
