"""Clocks in several processes, killed and started again, do each due time's work once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bot.app import all_routes
from bot.manifest import manifest
from bot.run import storage
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from services import members
from storage.database import connect
from storage.tables import Delivery, JobRun
from tests.kill.clock_process import AT, BEGUN, CHANNEL, JOB, TEAM, WORKED, ZONE, Life, live
from tests.kill.conftest import DEADLINE, eventually, processes

pytestmark = pytest.mark.kill

# A SQLite file has one process.
several_processes = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def due_today() -> datetime:
    """The last half past eight in Tokyo that is some hours past: the processes' time is never ahead of the
    workspace's, in whose history they look for what they posted."""
    now = datetime.now(UTC) - timedelta(hours=3)
    local = now.astimezone(ZoneInfo(ZONE))
    day = local.date() if local.time() > AT else local.date() - timedelta(days=1)
    return datetime.combine(day, AT, ZoneInfo(ZONE)).astimezone(UTC)


@dataclass
class Hall:
    """A workspace, a database, and bots whose time is set."""

    workspace: RunningWorkspace
    settings: dict[str, Any]
    journal: Path
    due: datetime
    bots: list[BaseProcess] = field(default_factory=list)

    @property
    def go(self) -> Path:
        """The file at which the time of the bots that wait moves on to the due time."""
        return self.journal.with_name("go")

    @property
    def day(self) -> date:
        """The local date of the due time."""
        return self.due.astimezone(ZoneInfo(ZONE)).date()

    def start(self, minutes: float, point: str | None = None, *, waits: bool = False) -> BaseProcess:
        """A bot that believes it is so many minutes after the due time; with `waits` until it is told to `go`."""
        at = self.due + timedelta(minutes=minutes)
        life = Life(self.settings, at, self.journal, point, self.go if waits else None, self.due)
        bot = processes.Process(target=live, args=(life,), daemon=True)
        bot.start()
        self.bots.append(bot)
        return bot

    def told(self) -> Counter[str]:
        """What the bots wrote into the journal."""
        return Counter(self.journal.read_text().split("\n")[:-1]) if self.journal.exists() else Counter()

    async def heard(self, what: str, count: int) -> None:
        await eventually(lambda: self.told()[what] >= count, f"{what} {count} times")

    async def dead(self, bot: BaseProcess) -> None:
        await eventually(lambda: not bot.is_alive(), "the bot's death")
        assert bot.exitcode == -9, "the bot ended otherwise"

    def posts(self) -> list[str]:
        """The keys of the messages in the channel."""
        messages = self.workspace.workspace.conversations[CHANNEL].messages.values()
        return [m.metadata["event_payload"]["key"] for m in messages if m.metadata]

    async def settled(self, state: str, posts: int) -> None:
        """Wait until the due time has ended so, and check that so many messages stand in the channel."""
        opened = connect(self.settings["database_url"])
        try:
            async with asyncio.timeout(DEADLINE):
                while True:
                    async with opened.reading(TEAM) as session:
                        runs = [(key, how) for key, how in await session.execute(sa.select(JobRun.key, JobRun.state))]
                        deliveries = list(await session.scalars(sa.select(Delivery.state)))
                    if [how for _, how in runs] == [state] and deliveries == ["sent"] * posts:
                        break
                    await asyncio.sleep(0.05)
        finally:
            await opened.dispose()
        assert runs == [(f"{JOB}:{TEAM}:{ZONE}:{self.day}", state)]
        assert self.posts() == [f"{JOB}:{TEAM}:{self.day}"] * posts


@pytest.fixture
async def hall(database_url: str, tmp_path: Path) -> AsyncIterator[Hall]:
    async with workspace_running(manifest=manifest(all_routes())) as served:
        settings = {
            "slack_bot_token": served.bot_token,
            "slack_app_token": served.app_token,
            "slack_api_url": served.api_url,
            "database_url": database_url,
            "web_port": 0,
            "delivery_settle_seconds": 0.5,
            "queue_poll_seconds": 0.02,
            "recover_seconds": 0.2,
            "log_level": "ERROR",
        }
        due = due_today()
        async with storage(Settings(_env_file=None, **settings), now=lambda: due - timedelta(days=3)) as deps:
            who = {"team_name": "星見", "name": "佐藤", "language": "ja", "zone": ZONE}
            await members.arrive(deps, TEAM, "U01SATO001", **who)
        opened = Hall(served, settings, tmp_path / "journal", due)
        try:
            yield opened
        finally:
            for bot in opened.bots:
                bot.kill()
                bot.join()


@several_processes
async def test_two_clocks_that_ring_at_once_post_once(hall: Hall) -> None:
    bots = [hall.start(-10, waits=True) for _ in range(2)]
    await hall.heard("ready", 2)
    hall.go.touch()
    await hall.heard("begun", 1)
    await hall.heard("too late", 1)
    await hall.settled("done", 1)
    assert all(bot.is_alive() for bot in bots)
    assert hall.told()["begun"] == 1


@several_processes
@pytest.mark.parametrize("point", [BEGUN, WORKED])
async def test_work_of_a_clock_that_was_killed_is_done_once_by_another(hall: Hall, point: str) -> None:
    bots = [hall.start(-10, point, waits=True) for _ in range(2)]
    await hall.heard("ready", 2)
    hall.go.touch()
    # Both are killed at this point: whoever begins, or whoever does the work, then whoever takes it over.
    await eventually(lambda: not all(bot.is_alive() for bot in bots), "the first death")
    if point == WORKED:
        for bot in bots:
            await hall.dead(bot)
    hall.start(1)
    await hall.settled("done", 1)


@pytest.mark.parametrize("point", [BEGUN, WORKED])
async def test_process_killed_just_after_it_rang_ends_its_work_when_it_is_back(hall: Hall, point: str) -> None:
    killed = hall.start(-10, point, waits=True)
    await hall.heard("ready", 1)
    hall.go.touch()
    await hall.dead(killed)
    # Long after the half hour: what was begun is ended whenever that is.
    hall.start(100)
    await hall.settled("done", 1)
    # A sweep may have come by as well, and found that it was begun.
    assert hall.told()["begun"] == 1


@pytest.mark.parametrize(("minutes", "state", "posts"), [(29, "done", 1), (31, "skipped", 0)])
async def test_process_that_was_away_catches_up_within_half_an_hour(
    hall: Hall, minutes: float, state: str, posts: int
) -> None:
    stopped = hall.start(-10, waits=True)
    await hall.heard("ready", 1)
    stopped.kill()
    await hall.dead(stopped)
    hall.start(minutes)
    await hall.settled(state, posts)
    # And once is enough, for a process that comes later as well.
    hall.bots[-1].kill()
    await hall.dead(hall.bots[-1])
    again = hall.start(minutes + 5, waits=True)
    await hall.heard("ready", 2)
    assert again.is_alive()
    await hall.settled(state, posts)


async def test_process_on_a_fresh_database_has_missed_nothing(hall: Hall) -> None:
    fresh = hall.start(10, waits=True)
    await hall.heard("ready", 1)
    assert hall.told() == {"ready": 1}
    assert hall.posts() == []
    assert fresh.is_alive()
