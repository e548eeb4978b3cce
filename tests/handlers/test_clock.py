"""The work of a job's day, and what an admin reads of what was not done."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from slack_sdk.web.async_client import AsyncWebClient

from bot.queue import TASKS_AT_ONCE
from domain.clock import Due, Timetable
from handlers import clock
from handlers.i18n import translator
from handlers.routes import Routes
from services import clock as service
from services.deps import Deps
from storage.jobs import RunRow, RunState
from storage.tables import JobRun
from tests.handlers.conftest import ADMIN, IS, World, eventually

TEAM, ZONE = "T01HOSHIMI", "Asia/Tokyo"
DAY = date(2026, 4, 1)
AT = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
DUE = Due(TEAM, ZONE, DAY, AT)
ARGUMENTS = {"name": "digest", "zone": ZONE, "day": DAY.isoformat(), "at": AT.isoformat()}


class Job:
    """A daily that fails so many times before it works."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.dues: list[Due] = []

    async def run(self, deps: Deps, due: Due) -> None:
        self.dues.append(due)
        if len(self.dues) <= self.failures:
            raise ConnectionError("customer@example.jp")

    def routed(self) -> Routes:
        async def plan(deps: Deps) -> Sequence[Timetable]:
            return [Timetable(TEAM, ZONE, time(8, 30))]

        routes = Routes()
        routes.daily("digest", self.run, plan=plan)
        return routes


async def state(deps: Deps) -> tuple[str, str | None]:
    async with deps.database.reading_across_teams() as session:
        row = (await session.execute(sa.select(JobRun.state, JobRun.error))).one()
        return row.state, row.error


@pytest.mark.parametrize(("failures", "tries", "ended"), [(0, 1, "done"), (2, 3, "done"), (3, 3, "failed")])
async def test_job_that_fails_is_tried_again_and_then_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch, failures: int, tries: int, ended: str
) -> None:
    monkeypatch.setattr(clock, "PAUSES", (0.0, 0.0))
    deps, job = world.house.deps, Job(failures)
    assert await service.skip(deps, "digest", Due(TEAM, ZONE, DAY, AT - timedelta(hours=1)))
    assert await service.start(deps, "digest", DUE)
    await clock.perform(job.routed(), deps, TEAM, ARGUMENTS)
    assert job.dues == [DUE] * tries
    # What the fault said may hold what customers said, and is not shown.
    assert await state(deps) == (ended, "ConnectionError" if ended == "failed" else None)


async def test_work_of_the_clock_does_not_wait_behind_long_tasks(world: World) -> None:
    deps, routes, job, begun, ended = world.house.deps, world.house.routes, Job(), list[int](), list[int]()
    over = asyncio.Event()

    async def long(deps: Deps, client: AsyncWebClient, team_id: str, arguments: Mapping[str, Any]) -> None:
        begun.append(arguments["n"])
        await over.wait()
        ended.append(arguments["n"])

    async def never(deps: Deps) -> Sequence[Timetable]:
        return []

    routes.task("long", long)
    routes.daily("digest", job.run, plan=never)
    async with deps.writing(TEAM) as session:
        for n in range(TASKS_AT_ONCE + 1):
            await deps.outbox.start_task(session, key=f"long:{n}", kind="long", arguments={"n": n})
    await eventually(lambda: len(begun) == TASKS_AT_ONCE)
    assert await service.start(deps, "digest", DUE)
    await eventually(lambda: job.dues == [DUE])
    # Every place of the tasks was taken all the while, and one more task waits for its turn.
    assert (len(begun), ended) == (TASKS_AT_ONCE, [])
    over.set()
    await eventually(lambda: len(ended) == TASKS_AT_ONCE + 1)


async def test_admin_reads_in_the_home_tab_what_was_not_done(world: World) -> None:
    deps = world.house.deps
    at = deps.now().replace(microsecond=0) - timedelta(hours=2)
    assert await service.skip(deps, "digest", Due(TEAM, ZONE, at.date(), at))
    await world.person(ADMIN).home()
    await world.person(IS).home()

    def home(user: str) -> str:
        return str(world.person(user).screen()["home"])

    await eventually(lambda: "実行されなかった定期処理" in home(ADMIN))
    await eventually(lambda: "自分のリード" in home(IS))
    assert "実行されなかった定期処理" not in home(IS)
    assert "digest" in home(ADMIN)


def test_only_the_first_few_are_told_and_the_rest_counted() -> None:
    t = translator("en")
    runs = [
        RunRow(f"job{n}", TEAM, ZONE, DAY, AT, state.value, AT, AT, error)
        for n, (state, error) in enumerate([(RunState.FAILED, "KeyError")] + [(RunState.SKIPPED, None)] * 6)
    ]
    text = str([block.to_dict() for block in clock.trouble(t, ZONE, runs)])
    assert "`job0` Wed, 1 Apr 2026 08:30: failed: KeyError" in text
    assert "`job4`" in text
    assert "`job5`" not in text
    assert "2 more" in text
    assert clock.trouble(t, ZONE, []) == []
