"""The clock with the real scheduler: it rings at local times, reads plans again, and reports what came too late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from apscheduler.events import EVENT_JOB_MISSED, JobExecutionEvent
from dbos import DBOSClient

from bot.clock import READ, AtLocalTimes, Clock, intervals
from domain.clock import Due, Timetable
from handlers.routes import Routes
from handlers.trail import Unwatched
from services import clock as service
from services.deps import Deps
from storage.database import Database
from storage.outbox import Outbox
from storage.tables import JobBeat, JobRun, Team

BERLIN = "Europe/Berlin"
# In the night in which the clocks of Berlin go back: half past two comes twice, this is just before the first.
ALMOST = datetime(2026, 10, 25, 0, 29, 58, tzinfo=UTC)
DEADLINE = 20.0


@pytest.fixture
async def deps(database: Database, queue_client: DBOSClient) -> Deps:
    async with database.writing("T1") as session:
        session.add(Team(id="T1", name="T1", zone=BERLIN, created_at=datetime(2026, 1, 1, tzinfo=UTC)))
    return Deps(database, Outbox(queue_client))


class Plan:
    """A plan that a test changes."""

    def __init__(self, *timetables: Timetable) -> None:
        self.timetables: Sequence[Timetable] = timetables

    async def __call__(self, deps: Deps) -> Sequence[Timetable]:
        if not self.timetables:
            raise ConnectionError("away")
        return self.timetables


def routed(plan: Plan, **jobs: Callable[[Deps], Awaitable[object]]) -> Routes:
    async def run(deps: Deps, due: Due) -> None:
        raise AssertionError("the task does this, not the clock")

    routes = Routes()
    routes.daily("digest", run, plan=plan)
    for name, job in jobs.items():
        routes.job(name, job, seconds=1)
    return routes


@asynccontextmanager
async def ticking(deps: Deps, routes: Routes) -> AsyncIterator[Clock]:
    clock = Clock(deps, routes)
    clock.start()
    try:
        yield clock
    finally:
        clock.stop()
        await asyncio.sleep(0)


async def eventually(check: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(DEADLINE):
        while True:
            found = await check()
            if found:
                return found
            await asyncio.sleep(0.02)


async def runs(deps: Deps) -> list[tuple[str, str]]:
    async with deps.database.reading_across_teams() as session:
        found = await session.execute(sa.select(JobRun.key, JobRun.state).order_by(JobRun.key))
        return [(key, state) for key, state in found]


def planned(clock: Clock) -> dict[str, datetime]:
    """The dailies that the scheduler knows, and when it will fire them."""
    return {job.id: job.next_run_time for job in clock.scheduler.get_jobs() if isinstance(job.trigger, AtLocalTimes)}


HALF_PAST_TWO = Timetable("T1", BERLIN, time(2, 30))
KEY = "digest:T1:Europe/Berlin"


async def test_job_rings_at_its_local_time_and_not_again_in_the_repeated_hour(deps: Deps) -> None:
    with time_machine.travel(ALMOST):
        async with ticking(deps, routed(Plan(HALF_PAST_TWO))) as clock:
            await eventually(lambda: asyncio.sleep(0, planned(clock)))
            assert planned(clock) == {KEY: HALF_PAST_TWO.moment(date(2026, 10, 25))}
            assert await runs(deps) == []
            await eventually(lambda: runs(deps))
            assert await runs(deps) == [(f"{KEY}:2026-10-25", "started")]
            # Winter has come: half past two is an hour later by the world's clock, and a day later.
            assert planned(clock) == {KEY: datetime(2026, 10, 26, 1, 30, tzinfo=UTC)}
    with time_machine.travel(ALMOST + timedelta(hours=1)):
        async with ticking(deps, routed(Plan(HALF_PAST_TWO))) as clock:
            await eventually(lambda: asyncio.sleep(0, planned(clock)))
            assert planned(clock) == {KEY: datetime(2026, 10, 26, 1, 30, tzinfo=UTC)}
            assert len(await runs(deps)) == 1


async def test_clock_that_starts_late_begins_what_was_missed(deps: Deps) -> None:
    plan = Plan(HALF_PAST_TWO)
    with time_machine.travel(ALMOST - timedelta(hours=1)):
        await service.read(deps, {"digest": plan})
    with time_machine.travel(ALMOST + timedelta(minutes=29)):
        async with ticking(deps, routed(plan)):
            assert await eventually(lambda: runs(deps)) == [(f"{KEY}:2026-10-25", "started")]


async def test_plans_are_read_again_and_the_jobs_follow(deps: Deps) -> None:
    plan = Plan(HALF_PAST_TWO)
    with time_machine.travel(ALMOST - timedelta(hours=6)):
        async with ticking(deps, routed(plan)) as clock:
            await eventually(lambda: asyncio.sleep(0, planned(clock)))
            tokyo = Timetable("T1", "Asia/Tokyo", time(8, 30))
            plan.timetables = [Timetable("T1", BERLIN, time(9)), tokyo]
            await clock.read()
            first = datetime(2026, 10, 25, 8, tzinfo=UTC)
            both = {KEY: first, "digest:T1:Asia/Tokyo": datetime(2026, 10, 24, 23, 30, tzinfo=UTC)}
            assert planned(clock) == both
            # A plan that cannot be read leaves the jobs as they were.
            plan.timetables = []
            await clock.read()
            assert planned(clock) == both
            plan.timetables = [tokyo]
            await clock.read()
            assert planned(clock).keys() == {"digest:T1:Asia/Tokyo"}


async def test_interval_jobs_leave_word_of_their_last_run(deps: Deps, caplog: pytest.LogCaptureFixture) -> None:
    ran: list[str] = []

    async def good(deps: Deps) -> None:
        ran.append("good")

    async def bad(deps: Deps) -> None:
        ran.append("bad")
        raise KeyError("x")

    async def told() -> bool:
        return {"good", "bad"} <= set(ran) and any("The job bad failed" in text for text in caplog.messages)

    async with ticking(deps, routed(Plan(HALF_PAST_TWO), good=good, bad=bad)) as clock:
        await eventually(told)
        await clock.read()
        async with deps.database.sessions() as session:
            found = await session.execute(sa.select(JobBeat.name, JobBeat.seconds, JobBeat.state))
            assert {tuple(row) for row in found} == {("good", 1, "done"), ("bad", 1, "failed")}


async def test_job_that_is_under_way_when_the_clock_stops_is_let_go_of_and_has_not_failed(
    deps: Deps, caplog: pytest.LogCaptureFixture
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def long(deps: Deps) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with asyncio.timeout(DEADLINE):
        async with ticking(deps, routed(Plan(HALF_PAST_TWO), long=long)):
            await begun.wait()
        await ended.wait()
        await asyncio.sleep(0.1)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_turn_that_came_too_late_is_reported(deps: Deps, caplog: pytest.LogCaptureFixture) -> None:
    async with ticking(deps, routed(Plan(HALF_PAST_TWO))) as clock:
        due = datetime(2026, 10, 25, tzinfo=UTC)
        clock.scheduler._dispatch_event(JobExecutionEvent(EVENT_JOB_MISSED, "forget-due-times", "default", due))
        assert f"The job forget-due-times was due at {due}: too late, it is skipped" in caplog.messages
        for job in clock.scheduler.get_jobs():
            assert (job.misfire_grace_time, job.coalesce, job.max_instances) == (1800, True, 1)


async def test_every_interval_is_listed(deps: Deps) -> None:
    async def job(deps: Deps) -> None:
        pass

    routes = routed(Plan(HALF_PAST_TWO), poll=job)
    async with ticking(deps, routes) as clock:
        listed = set(intervals(routes))
        assert {job.id for job in clock.scheduler.get_jobs()} >= listed | {READ}
        assert listed == {"poll", "forget-due-times"}


def test_trigger_goes_on_from_the_last_time_it_fired() -> None:
    trigger = AtLocalTimes(HALF_PAST_TWO)
    now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    spring = trigger.get_next_fire_time(None, now)
    assert spring == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert trigger.get_next_fire_time(spring, now) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)
    never = AtLocalTimes(Timetable("T1", BERLIN, time(9), frozenset()))
    assert never.get_next_fire_time(None, now) is None
    assert HALF_PAST_TWO.moment(date(2026, 3, 29)) == spring


async def test_clock_works_while_it_is_heard_reading_its_plans(deps: Deps, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ticking(deps, routed(Plan(HALF_PAST_TWO))) as clock:
        assert await clock.works()
        begun = clock._heard_at
        await eventually(lambda: asyncio.sleep(0, clock._heard_at > begun))
        monkeypatch.setattr("bot.clock.SILENT_SECONDS", 0.0)
        assert not await clock.works()
        monkeypatch.undo()
        assert await clock.works()
    assert not await clock.works()


class Counted(Unwatched):
    """What the clock has told of its turns."""

    def __init__(self) -> None:
        self.turns: list[tuple[str, str]] = []

    def turn(self, job: str, outcome: str) -> None:
        self.turns.append((job, outcome))


async def test_turns_are_told_under_the_jobs_name_without_the_team(deps: Deps) -> None:
    async def breaks(deps: Deps) -> None:
        raise ConnectionError("away")

    counted = Counted()
    async with ticking(deps, routed(Plan(HALF_PAST_TWO), breaks=breaks)) as clock:
        clock.watch = counted
        await eventually(lambda: asyncio.sleep(0, planned(clock)))
        clock._heard(JobExecutionEvent(EVENT_JOB_MISSED, KEY, "default", ALMOST))
        clock._heard(JobExecutionEvent(EVENT_JOB_MISSED, "gone:T1:Europe/Berlin", "default", ALMOST))
        await eventually(lambda: asyncio.sleep(0, ("breaks", "fault") in counted.turns))
    assert {("digest", "missed"), ("unknown", "missed"), (READ, "ok")} <= set(counted.turns)
