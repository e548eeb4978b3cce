"""The clock: fires the jobs of the route tables, nothing else."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from domain.clock import LATE, Timetable
from handlers import trail
from handlers.routes import Routes
from handlers.trail import UNKNOWN, UNWATCHED, Outcome, Watch
from services import clock as service
from services.clock import BeatRow, Planned, RunState
from services.deps import Deps, in_no_hurry

log = logging.getLogger(__name__)

HOURS = 60 * 60
READ = "read-plans"

# Nobody has heard of it for so long: then it stands still.
SILENT_SECONDS = 3 * service.READ_SECONDS

_OUTCOMES = {RunState.DONE: Outcome.OK, RunState.FAILED: Outcome.FAULT, RunState.SKIPPED: Outcome.MISSED}
_STATES = {
    EVENT_JOB_EXECUTED: RunState.DONE,
    EVENT_JOB_ERROR: RunState.FAILED,
    EVENT_JOB_MISSED: RunState.SKIPPED,
}


class AtLocalTimes(BaseTrigger):  # type: ignore[misc]  # the library ships no types
    """Fires when a timetable is due.

    The library's own cron trigger skips a day whose midnight spring takes away, and fires twice in the hour that autumn
    repeats; the timetable does neither.
    """

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """The next due time after both."""
        found = self._timetable.next_due(now if previous is None else max(previous, now))
        return found[1] if found else None


@dataclass(slots=True)
class Clock:
    """The scheduler of one process. Several processes may each have one: see services/clock.py.

    A job of the route tables that could not run in time because the process was busy runs once, up to half an hour
    late. What was due while no process ran is found when the plans are read: at the start, and every minute.
    """

    deps: Deps
    routes: Routes
    watch: Watch = UNWATCHED
    scheduler: AsyncIOScheduler = field(init=False)
    _planned: dict[str, Planned] = field(default_factory=dict, init=False)
    _every: dict[str, int] = field(default_factory=dict, init=False)
    _beats: dict[str, BeatRow] = field(default_factory=dict, init=False)
    _heard_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": int(LATE.total_seconds())},
        )
        every = intervals(self.routes)
        runs: dict[str, Callable[[], Awaitable[object]]] = {
            name: partial(schedule.run, self.deps) for name, schedule in self.routes.jobs.items()
        }
        runs["forget-due-times"] = partial(service.forget, self.deps)
        for name, run in runs.items():
            self.scheduler.add_job(followed(name, run), IntervalTrigger(seconds=every[name]), id=name, name=name)
        reading = IntervalTrigger(seconds=service.READ_SECONDS)
        self.scheduler.add_job(followed(READ, self.read), reading, id=READ, next_run_time=datetime.now(UTC))
        self._every = {name: max(1, round(seconds)) for name, seconds in every.items()}
        self.scheduler.add_listener(self._heard, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR | EVENT_JOB_MISSED)

    def start(self) -> None:
        """Start ringing, on the running loop."""
        self._heard_at = time.monotonic()
        self.scheduler.start()

    async def works(self) -> bool:
        """Whether it rings: it reads its plans every minute, and was heard doing so."""
        return bool(self.scheduler.running) and time.monotonic() - self._heard_at < SILENT_SECONDS

    def stop(self) -> None:
        """Ring no more. What a job had begun to write is rolled back, and is found again by the next clock."""
        self.scheduler.shutdown(wait=False)

    async def read(self) -> None:
        """Read the plans again, set the jobs by them, and see to what is due."""
        read = await service.read(self.deps, {name: daily.plan for name, daily in self.routes.dailies.items()})
        planned = {plan.key: plan for plan in read.planned}
        # A plan that could not be read stays as it was.
        planned |= {key: plan for key, plan in self._planned.items() if plan.name in read.unread}
        for key in self._planned.keys() - planned.keys():
            with suppress(JobLookupError):
                self.scheduler.remove_job(key)
        for key, plan in planned.items():
            if self._planned.get(key) != plan or self.scheduler.get_job(key) is None:
                trigger = AtLocalTimes(plan.timetable)
                ring = followed(plan.name, partial(service.ring, self.deps, plan))
                self.scheduler.add_job(ring, trigger, id=key, name=plan.name, replace_existing=True)
        self._planned = planned
        await service.sweep(self.deps, list(planned.values()))
        beats, self._beats = list(self._beats.values()), {}
        await service.beat(self.deps, beats)

    def _heard(self, event: JobExecutionEvent) -> None:
        if event.job_id == READ:
            self._heard_at = time.monotonic()
        state = _STATES[event.code]
        planned = self._planned.get(event.job_id)
        name = planned.name if planned else event.job_id if event.job_id in {READ, *self._every} else UNKNOWN
        self.watch.turn(name, _OUTCOMES[state])
        with trail.following(kind="job", route=name):
            self._tell(event, state)

    def _tell(self, event: JobExecutionEvent, state: RunState) -> None:
        if state is RunState.FAILED:
            log.error("The job %s failed", event.job_id, exc_info=event.exception)
        elif state is RunState.SKIPPED:
            log.warning("The job %s was due at %s: too late, it is skipped", event.job_id, event.scheduled_run_time)
        if event.job_id in self._every:
            seconds, now = self._every[event.job_id], self.deps.now()
            self._beats[event.job_id] = BeatRow(event.job_id, seconds, now, state.value)


def followed(name: str, run: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    """The same with a trail: the job's name stands beside what is logged meanwhile."""

    async def running() -> None:
        with trail.following(kind="job", route=name), in_no_hurry():
            try:
                await run()
            except asyncio.CancelledError:
                # By `stop`, and by nobody else. The scheduler would log it as a fault of the job's.
                log.info("The job %s was let go of, because the clock stops", name)

    return running


def intervals(routes: Routes) -> Mapping[str, float]:
    """Every job that comes in intervals, and its seconds: those of the route tables, and the clock's own upkeep."""
    return {name: float(schedule.seconds) for name, schedule in routes.jobs.items()} | {"forget-due-times": 6.0 * HOURS}
