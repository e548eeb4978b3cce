"""The clock: fires the jobs of the route tables, nothing else."""

from __future__ import annotations

import logging

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.queue import Queue
from handlers.routes import Routes
from services.deps import Deps

log = logging.getLogger(__name__)

# A job that could not run in time because the process was busy runs once, late, within this many seconds.
MISFIRE_SECONDS = 30 * 60


def clock(deps: Deps, routes: Routes, queue: Queue) -> AsyncIOScheduler:
    """The scheduler with every job, not yet started: those of the route tables and the queue's own upkeep."""
    scheduler = AsyncIOScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": MISFIRE_SECONDS}
    )
    for name, schedule in routes.jobs.items():
        scheduler.add_job(schedule.run, IntervalTrigger(seconds=schedule.seconds), args=[deps], id=name)
    recover = IntervalTrigger(seconds=queue.settings.recover_seconds)
    scheduler.add_job(queue.recover, recover, id="recover-deliveries")
    scheduler.add_job(queue.forget, IntervalTrigger(hours=6), id="forget-finished-work")
    scheduler.add_listener(_report, EVENT_JOB_ERROR)
    return scheduler


def _report(event: JobExecutionEvent) -> None:
    log.error("The job %s failed", event.job_id, exc_info=event.exception)
