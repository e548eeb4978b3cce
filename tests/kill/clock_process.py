"""The bot as a process of its own whose time a test sets, with one job that is due at half past eight in Tokyo."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Self

import time_machine

from bot import run
from bot.clock import Clock
from bot.settings import Settings
from domain.clock import Due, Timetable
from handlers.messages import Reader, Rendered
from handlers.routes import Outgoing, Routes
from services import clock
from services.deps import Deps

TEAM, ZONE, CHANNEL = "T01HOSHIMI", "Asia/Tokyo", "C01ISTEAM0"
JOB = "morning"
AT = time(8, 30)
BEGUN = "after it was begun"
"""Killed when the due time is written down and its task is started."""
WORKED = "after it was worked"
"""Killed when the work has been done and nobody has written that down."""


@dataclass(frozen=True, slots=True)
class Morning:
    """What the job posts."""

    day: str

    def render(self, reader: Reader) -> Rendered:
        """The date."""
        return Rendered(self.day)

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """One."""
        return [cls("2026-04-01")]


async def work(deps: Deps, due: Due) -> None:
    """Enqueue the message of the day under its key."""
    day = due.day.isoformat()
    async with deps.writing(due.team_id) as session:
        key = f"{JOB}:{due.team_id}:{day}"
        await deps.outbox.enqueue(session, key=key, kind=JOB, channel=CHANNEL, arguments={"day": day}, now=deps.now())


async def compose(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """The message of the day."""
    return Outgoing(Morning(str(arguments["day"])), "ja", ZONE, CHANNEL)


async def plan(deps: Deps) -> Sequence[Timetable]:
    """Every day at half past eight."""
    return [Timetable(TEAM, ZONE, AT)]


def routes(made: Routes) -> Routes:
    """The product's routes, with this job as the only one at local times."""
    made.dailies.clear()
    made.daily(JOB, work, plan=plan)
    made.delivery(JOB, compose)
    return made


@dataclass(frozen=True)
class Life:
    """A life of the bot. It begins at `at`; where `go` is given, a process that has read its plans says so, and once
    that file is there its time moves on to just before `moves_to`."""

    settings: dict[str, Any]
    at: datetime
    journal: Path
    """A file to which the process adds a line for each thing a test waits for."""
    point: str | None = None
    go: Path | None = None
    moves_to: datetime | None = None

    def live(self) -> None:
        """Until it is killed."""
        logging.basicConfig(level=logging.ERROR)
        self._watch()
        with time_machine.travel(self.at) as hands:
            asyncio.run(self._run(hands))

    def _tell(self, what: str) -> None:
        with self.journal.open("a") as file:
            file.write(f"{what}\n")

    def _watch(self) -> None:
        start, done = clock.start, clock.done

        async def watched_start(deps: Deps, name: str, due: Due) -> bool:
            begun = await start(deps, name, due)
            self._tell("begun" if begun else "too late")
            if begun and self.point == BEGUN:
                os.kill(os.getpid(), signal.SIGKILL)
            return begun

        async def watched_done(deps: Deps, name: str, due: Due) -> None:
            if self.point == WORKED:
                os.kill(os.getpid(), signal.SIGKILL)
            await done(deps, name, due)

        clock.start, clock.done = watched_start, watched_done

    async def _run(self, hands: time_machine.Coordinates) -> None:
        clocks: list[Clock] = []

        def kept(*arguments: Any) -> Clock:
            clocks.append(Clock(*arguments))
            return clocks[-1]

        made: Callable[[], Routes] = run.all_routes
        run.all_routes = lambda: routes(made())
        run.Clock = kept  # type: ignore[misc,assignment]  # the test needs the one that is made
        async with run.running(Settings(_env_file=None, **self.settings)):
            if self.go is not None and self.moves_to is not None:
                await _until(lambda: clocks[0]._planned)
                self._tell("ready")
                await _until(self.go.exists)
                hands.move_to(self.moves_to - timedelta(milliseconds=300))
                clocks[0].scheduler.wakeup()
            await asyncio.Event().wait()


async def _until(check: Callable[[], object]) -> None:
    while True:
        if check():
            return
        await asyncio.sleep(0.01)


def live(life: Life) -> None:
    """A process's main function."""
    life.live()
