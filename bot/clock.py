"""The clock: fires the jobs of the route tables, nothing else."""

from __future__ import annotations

import logging
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

from bot.queue import Queue
from domain.clock import LATE, Timetable
from handlers.routes import Routes
from services import clock as service
from services.clock import BeatRow, Planned, RunState
from services.deps import Deps

log = logging.getLogger(__name__)

HOURS = 60 * 60
READ = "read-plans"

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
    queue: Queue
    scheduler: AsyncIOScheduler = field(init=False)
    _planned: dict[str, Planned] = field(default_factory=dict, init=False)
    _every: dict[str, int] = field(default_factory=dict, init=False)
    _beats: dict[str, BeatRow] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": int(LATE.total_seconds())},
        )
        every = intervals(self.routes, self.queue.settings.recover_seconds)
        runs: dict[str, Callable[[], Awaitable[object]]] = {
            name: partial(schedule.run, self.deps) for name, schedule in self.routes.jobs.items()
        }
        runs["recover-deliveries"] = self.queue.recover
        runs["forget-finished-work"] = self.queue.forget
        runs["forget-due-times"] = partial(service.forget, self.deps)
        for name, run in runs.items():
            self.scheduler.add_job(run, IntervalTrigger(seconds=every[name]), id=name, name=name)
        reading = IntervalTrigger(seconds=service.READ_SECONDS)
        self.scheduler.add_job(self.read, reading, id=READ, next_run_time=datetime.now(UTC))
        self._every = {name: max(1, round(seconds)) for name, seconds in every.items()}
        self.scheduler.add_listener(self._heard, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR | EVENT_JOB_MISSED)

    def start(self) -> None:
        """Start ringing, on the running loop."""
        self.scheduler.start()

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
                self.scheduler.add_job(
                    service.ring, trigger, args=[self.deps, plan], id=key, name=plan.name, replace_existing=True
                )
        self._planned = planned
        await service.sweep(self.deps, list(planned.values()))
        beats, self._beats = list(self._beats.values()), {}
        await service.beat(self.deps, beats)

    def _heard(self, event: JobExecutionEvent) -> None:
        state = _STATES[event.code]
        if state is RunState.FAILED:
            log.error("The job %s failed", event.job_id, exc_info=event.exception)
        elif state is RunState.SKIPPED:
            log.warning("The job %s was due at %s: too late, it is skipped", event.job_id, event.scheduled_run_time)
        if event.job_id in self._every:
            seconds, now = self._every[event.job_id], self.deps.now()
            self._beats[event.job_id] = BeatRow(event.job_id, seconds, now, state.value)


def intervals(routes: Routes, recover_seconds: float) -> Mapping[str, float]:
    """Every job that comes in intervals, and its seconds: those of the route tables, and the house's own upkeep."""
    upkeep = {"recover-deliveries": recover_seconds, "forget-finished-work": 6 * HOURS, "forget-due-times": 6 * HOURS}
    return {name: float(schedule.seconds) for name, schedule in routes.jobs.items()} | upkeep
