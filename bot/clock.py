"""The clock: fires the jobs of the route tables, nothing else."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from handlers.routes import Routes
from services.deps import Deps

log = logging.getLogger(__name__)

# A job that could not run in time because the process was busy runs once, late, within this many seconds.
MISFIRE_SECONDS = 30 * 60


def clock(deps: Deps, routes: Routes, recover: Callable[[], Awaitable[object]]) -> AsyncIOScheduler:
    """The scheduler with every job, not yet started. `recover` takes over work of processes that died."""
    scheduler = AsyncIOScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": MISFIRE_SECONDS}
    )
    for name, schedule in routes.jobs.items():
        scheduler.add_job(schedule.run, IntervalTrigger(seconds=schedule.seconds), args=[deps], id=name)
    scheduler.add_job(recover, IntervalTrigger(seconds=15), id="recover-deliveries")
    scheduler.add_listener(_report, EVENT_JOB_ERROR)
    return scheduler


def _report(event: JobExecutionEvent) -> None:
    log.error("The job %s failed", event.job_id, exc_info=event.exception)
