"""The work of a job's day, and what an admin reads of what was not done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

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
    async with deps.database.sessions() as session:
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
