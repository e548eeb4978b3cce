"""The clock's book: who begins a due time, what was missed, what the list of jobs says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from domain.clock import Due, Timetable
from services import clock
from services.clock import Line, Plan, Planned, RunState
from services.deps import Deps
from storage.jobs import BeatRow
from storage.tables import JobPlan, JobRun, Team
from tests.services.office import NOW, Clock, Office

TOKYO = "Asia/Tokyo"
# Half past eight in Tokyo of the day after NOW, which is at ten.
DUE = Due("T1", TOKYO, date(2026, 4, 2), datetime(2026, 4, 1, 23, 30, tzinfo=UTC))
MORNING = Timetable("T1", TOKYO, time(8, 30))


@pytest.fixture
def wall(office: Office) -> Clock:
    """The time of the office."""
    return office.clock


def plan(*timetables: Timetable) -> Plan:
    """A plan that says this."""

    async def read(deps: Deps) -> Sequence[Timetable]:
        return timetables

    return read


def planned(timetable: Timetable = MORNING, since: datetime = NOW) -> Planned:
    return Planned("digest", timetable, since)


async def book(deps: Deps) -> dict[str, RunState]:
    """What the book says of each due time."""
    async with deps.database.reading_across_teams() as session:
        return {row.key: RunState(row.state) for row in await session.execute(sa.select(JobRun.key, JobRun.state))}


async def tasks(deps: Deps) -> list[str]:
    """The ids of the tasks that were started."""
    async with deps.database.sessions() as session:
        dialect = session.get_bind().dialect.name
        table = "dbos.workflow_status" if dialect == "postgresql" else "workflow_status"
        found = await session.execute(sa.text(f"SELECT workflow_uuid FROM {table} ORDER BY 1"))  # noqa: S608 - named above
        return list(found.scalars())


KEY = "digest:T1:Asia/Tokyo:2026-04-02"


async def test_due_time_is_begun_once_with_its_task(office: Office) -> None:
    deps = office.deps
    assert await clock.start(deps, "digest", DUE)
    assert not await clock.start(deps, "digest", DUE)
    assert await book(deps) == {KEY: RunState.STARTED}
    assert await tasks(deps) == [f"daily:{KEY}"]


async def test_of_many_who_begin_at_once_one_does(office: Office) -> None:
    begun = await asyncio.gather(*(clock.start(office.deps, "digest", DUE) for _ in range(8)))
    assert sorted(begun) == [False] * 7 + [True]
    assert len(await tasks(office.deps)) == 1


async def test_another_date_zone_team_or_job_is_another_due_time(office: Office, neighbours: Office) -> None:
    others = [
        ("digest", Due("T1", TOKYO, date(2026, 4, 3), DUE.at + timedelta(days=1))),
        ("digest", Due("T1", "Asia/Seoul", DUE.day, DUE.at)),
        ("digest", Due("T2", TOKYO, DUE.day, DUE.at)),
        ("queue", DUE),
    ]
    assert [await clock.start(office.deps, name, due) for name, due in [("digest", DUE), *others]] == [True] * 5


async def test_end_is_written_down_once(office: Office) -> None:
    deps = office.deps
    await clock.start(deps, "digest", DUE)
    name, due = clock.due_of("T1", {"name": "digest", "zone": TOKYO, "day": "2026-04-02", "at": DUE.at.isoformat()})
    assert (name, due) == ("digest", DUE)
    await clock.done(deps, name, due)
    await clock.failed(deps, name, due, "OperationalError")
    assert await book(deps) == {KEY: RunState.DONE}


@pytest.mark.parametrize(
    ("minutes", "state"),
    [(-1, None), (0, RunState.STARTED), (30, RunState.STARTED), (30.02, RunState.SKIPPED), (600, RunState.SKIPPED)],
)
async def test_what_was_missed_is_done_within_half_an_hour_and_skipped_later(
    office: Office, wall: Clock, minutes: float, state: RunState | None, caplog: pytest.LogCaptureFixture
) -> None:
    wall.now = DUE.at + timedelta(minutes=minutes)
    with caplog.at_level(logging.WARNING):
        begun = await clock.sweep(office.deps, [planned()])
        assert await clock.sweep(office.deps, [planned()]) == 0
    assert begun == (1 if state is RunState.STARTED else 0)
    assert await book(office.deps) == ({KEY: state} if state else {})
    assert [*caplog.messages] == (
        [
            f"The job digest of team T1 was due at {DUE.at.isoformat()} and found at "
            f"{wall.now.isoformat(timespec='seconds')}: too late, it is skipped"
        ]
        if state is RunState.SKIPPED
        else []
    )


async def test_only_the_latest_missed_due_time_counts(office: Office, wall: Clock) -> None:
    wall.now = DUE.at + timedelta(days=5, minutes=10)
    assert await clock.sweep(office.deps, [planned()]) == 1
    assert await book(office.deps) == {"digest:T1:Asia/Tokyo:2026-04-07": RunState.STARTED}


async def test_nothing_is_missed_that_was_due_before_the_plan_stood(office: Office, wall: Clock) -> None:
    wall.now = DUE.at + timedelta(minutes=10)
    assert await clock.sweep(office.deps, [planned(since=DUE.at + timedelta(seconds=1))]) == 0
    assert await book(office.deps) == {}


async def test_date_that_was_skipped_is_done_at_a_later_time_of_it(office: Office, wall: Clock) -> None:
    wall.now = DUE.at + timedelta(hours=1)
    await clock.sweep(office.deps, [planned()])
    wall.now = DUE.at + timedelta(hours=3)
    later = planned(Timetable("T1", TOKYO, time(11, 30)))
    assert await clock.sweep(office.deps, [later]) == 1
    assert await clock.sweep(office.deps, [later]) == 0
    assert await book(office.deps) == {KEY: RunState.STARTED}
    assert await tasks(office.deps) == [f"daily:{KEY}"]


async def test_date_that_was_done_is_not_done_again_at_another_time_of_it(office: Office, wall: Clock) -> None:
    wall.now = DUE.at
    assert await clock.sweep(office.deps, [planned()]) == 1
    wall.now = DUE.at + timedelta(hours=3)
    assert await clock.sweep(office.deps, [planned(Timetable("T1", TOKYO, time(11, 30)))]) == 0


async def test_team_whose_work_cannot_be_begun_keeps_no_other_from_theirs(office: Office, wall: Clock) -> None:
    wall.now = DUE.at
    nobody = planned(Timetable("T0", TOKYO, time(8, 30)))
    assert await clock.sweep(office.deps, [nobody, planned()]) == 1


# Plans


async def test_plan_stands_since_it_was_first_read(office: Office, wall: Clock) -> None:
    plans = {"digest": plan(MORNING)}
    wall.forward(days=1)
    first = await clock.read(office.deps, plans)
    since = wall.now - timedelta(seconds=clock.READ_SECONDS)
    assert first.planned == [Planned("digest", MORNING, since)]
    wall.forward(days=1)
    assert (await clock.read(office.deps, plans)).planned == first.planned


async def test_plan_of_a_new_team_stands_since_the_team_was_made(office: Office, wall: Clock) -> None:
    wall.forward(seconds=10)
    assert (await clock.read(office.deps, {"digest": plan(MORNING)})).planned[0].since == NOW


async def test_changed_time_stands_since_it_was_changed(office: Office, wall: Clock) -> None:
    await clock.read(office.deps, {"digest": plan(MORNING)})
    wall.forward(days=3)
    earlier = Timetable("T1", TOKYO, time(8))
    changed = (await clock.read(office.deps, {"digest": plan(earlier)})).planned[0]
    assert (changed.timetable, changed.since) == (earlier, wall.now - timedelta(seconds=clock.READ_SECONDS))
    # At ten it is two hours too late for eight o'clock, which nobody had asked for then.
    assert await clock.sweep(office.deps, [changed]) == 0
    assert await book(office.deps) == {}


async def test_time_chosen_just_before_it_comes_is_kept(office: Office, wall: Clock) -> None:
    wall.now = DUE.at - timedelta(minutes=5)
    await clock.read(office.deps, {"digest": plan(Timetable("T1", TOKYO, time(12)))})
    wall.now = DUE.at + timedelta(seconds=30)
    chosen = await clock.read(office.deps, {"digest": plan(MORNING)})
    assert await clock.sweep(office.deps, chosen.planned) == 1


async def test_plan_that_is_gone_and_comes_back_stands_anew(office: Office, wall: Clock) -> None:
    await clock.read(office.deps, {"digest": plan(MORNING)})
    assert (await clock.read(office.deps, {"digest": plan()})).planned == []
    wall.forward(days=30)
    back = (await clock.read(office.deps, {"digest": plan(MORNING)})).planned[0]
    assert back.since == wall.now - timedelta(seconds=clock.READ_SECONDS)


async def test_plan_that_cannot_be_read_keeps_the_others_and_what_is_known_of_it(office: Office, wall: Clock) -> None:
    async def broken(deps: Deps) -> Sequence[Timetable]:
        raise RuntimeError("broken")

    plans = {"digest": plan(MORNING), "queue": plan(MORNING)}
    first = await clock.read(office.deps, plans)
    wall.forward(days=1)
    read = await clock.read(office.deps, plans | {"queue": broken})
    assert [plan.name for plan in read.planned] == ["digest"]
    assert read.unread == {"queue"}
    assert (await clock.read(office.deps, plans)).planned == first.planned


async def test_plan_in_an_unknown_zone_keeps_no_other_from_standing(office: Office) -> None:
    read = await clock.read(office.deps, {"digest": plan(Timetable("T1", "Mars/Olympus", time(9)), MORNING)})
    assert [plan.timetable for plan in read.planned] == [MORNING]


async def test_second_time_for_the_same_team_and_zone_is_reported(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    read = await clock.read(office.deps, {"digest": plan(MORNING, Timetable("T1", TOKYO, time(17)))})
    assert [plan.timetable for plan in read.planned] == [MORNING]
    assert "The job digest has two plans for team T1 in Asia/Tokyo" in caplog.messages


async def test_two_processes_that_read_at_once_agree(office: Office, wall: Clock) -> None:
    plans = {f"job{n}": plan(MORNING) for n in range(5)}
    first, second = await asyncio.gather(clock.read(office.deps, plans), clock.read(office.deps, plans))
    assert first == second
    async with office.deps.database.reading_across_teams() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(JobPlan)) == 5


async def test_nothing_of_another_jobs_plans_is_forgotten(office: Office, wall: Clock) -> None:
    await clock.read(office.deps, {"digest": plan(MORNING)})
    wall.forward(days=1)
    # A process of an older release, which does not know the digest yet.
    await clock.read(office.deps, {"queue": plan(MORNING)})
    assert (await clock.read(office.deps, {"digest": plan(MORNING)})).planned[0].since < wall.now - timedelta(hours=1)


# The list


async def test_list_says_what_fires_when_and_when_it_last_did(office: Office, neighbours: Office) -> None:
    deps = office.deps
    theirs = Timetable("T2", TOKYO, time(9))
    plans = {"digest": plan(MORNING, theirs), "queue": plan(MORNING)}
    yesterday = Due("T1", TOKYO, date(2026, 4, 1), DUE.at - timedelta(days=1))
    await clock.start(deps, "digest", Due("T1", TOKYO, date(2026, 3, 31), DUE.at - timedelta(days=2)))
    await clock.start(deps, "digest", yesterday)
    await clock.failed(deps, "digest", yesterday, "TimeoutError")
    await clock.beat(deps, [BeatRow("poll", 20, NOW, "done")])
    lines = await clock.overview(deps, plans, {"poll": 20, "recover": 15})
    following = datetime(2026, 4, 1, 23, 30, tzinfo=UTC)
    assert lines == [
        Line("digest", "T1", TOKYO, None, MORNING, following, yesterday.at, "failed", "TimeoutError"),
        Line("queue", "T1", TOKYO, None, MORNING, following),
        Line("digest", "T2", TOKYO, None, theirs, following + timedelta(minutes=30)),
        Line("recover", seconds=15),
        Line("poll", seconds=20, last_at=NOW, state="done"),
    ]
    assert [line.name for line in await clock.overview(deps, plans, {}, "T2")] == ["digest"]


async def test_latest_beat_of_all_processes_stays(office: Office) -> None:
    deps, later = office.deps, NOW + timedelta(seconds=20)
    await clock.beat(deps, [BeatRow("poll", 20, later, "failed")])
    await clock.beat(deps, [BeatRow("poll", 20, NOW, "done")])
    assert [(line.last_at, line.state) for line in await clock.overview(deps, {}, {"poll": 20})] == [(later, "failed")]


async def test_admin_is_told_of_what_failed_or_was_skipped_in_the_last_days(office: Office, neighbours: Office) -> None:
    deps = office.deps
    office.clock.now = DUE.at
    old = DUE.at - timedelta(days=8)
    await clock.skip(deps, "old", Due("T1", TOKYO, old.date(), old))
    await clock.skip(deps, "theirs", Due("T2", TOKYO, DUE.day, DUE.at))
    await clock.skip(deps, "late", Due("T1", TOKYO, DUE.day, DUE.at - timedelta(hours=1)))
    for name in ("good", "bad"):
        await clock.start(deps, name, DUE)
    await clock.done(deps, "good", DUE)
    await clock.failed(deps, "bad", DUE, "KeyError")
    found = await clock.troubled(deps, "T1")
    assert [(run.name, run.state, run.error) for run in found] == [
        ("bad", "failed", "KeyError"),
        ("late", "skipped", None),
    ]


async def test_due_times_of_long_ago_are_forgotten(office: Office, wall: Clock) -> None:
    await clock.start(office.deps, "digest", DUE)
    wall.now = DUE.at + clock.KEPT
    assert await clock.forget(office.deps) == 0
    wall.forward(seconds=1)
    assert await clock.forget(office.deps) == 1
    assert await book(office.deps) == {}


async def test_book_of_a_team_goes_with_it(office: Office) -> None:
    await clock.start(office.deps, "digest", DUE)
    await clock.read(office.deps, {"digest": plan(MORNING)})
    async with office.deps.writing("T1") as session:
        await session.execute(sa.delete(Team).where(Team.id == "T1"))
        await session.flush()
        assert await session.scalar(sa.select(sa.func.count()).select_from(JobRun)) == 0
        assert await session.scalar(sa.select(sa.func.count()).select_from(JobPlan)) == 0
