"""The work of the clock's jobs, and what an admin reads about those that did not happen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.web.async_client import AsyncWebClient

from handlers import trail
from handlers.blocks import divider, section
from handlers.i18n import Markup, Translator, escape
from handlers.routes import Routes
from handlers.trail import UNKNOWN, Outcome
from services import clock as service
from services.clock import RunRow, RunState
from services.deps import Deps

log = logging.getLogger(__name__)

PAUSES = (2.0, 10.0)
"""Seconds before a job that failed is tried again: a database that restarts is back by then."""
LINES = 5


def register(routes: Routes) -> None:
    """The task that does a job's work of one day."""

    async def work(deps: Deps, client: AsyncWebClient, team_id: str, arguments: Mapping[str, Any]) -> None:  # noqa: ARG001 - a task's signature; jobs send through the outbox
        await perform(routes, deps, team_id, arguments)

    routes.task(service.TASK, work)


async def perform(routes: Routes, deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> None:
    """Do a job's work of one day, and write down how it went."""
    name, due = service.due_of(team_id, arguments)
    daily = routes.dailies.get(name)
    trail.note(route=name if daily else UNKNOWN)
    if daily is None:
        # Begun by a release that had this job.
        await service.failed(deps, name, due, "unknown")
        return
    for pause in (*PAUSES, None):
        try:
            await daily.run(deps, due)
            break
        except Exception as fault:
            if pause is None:
                if deps.database.at_fault(fault):
                    # It may work later, and is begun again then.
                    raise
                trail.ended(Outcome.FAULT)
                log.exception("The job %s of team %s failed", name, team_id)
                # The name alone: what a fault says may hold what customers said.
                await service.failed(deps, name, due, type(fault).__name__)
                return
            log.warning(
                "The job %s of team %s is tried again in %.0f s: %s", name, team_id, pause, type(fault).__name__
            )
            await asyncio.sleep(pause)
    await service.done(deps, name, due)


def trouble(t: Translator, zone: str, runs: Sequence[RunRow]) -> list[Block]:
    """What an admin reads in the home tab; nothing where all went well."""
    if not runs:
        return []
    lines = []
    for run in runs[:LINES]:
        why = (
            t("failed: {error}", error=run.error or "–")
            if run.state == RunState.FAILED
            else t("skipped: I was not running then, and found it more than 30 minutes later")
        )
        lines.append(t.md("• `{job}` {due}: {why}", job=run.name, due=t.moment(run.due_at, zone), why=why))
    more = len(runs) - LINES
    if more > 0:
        lines.append(escape(t.plural("{n} more", "{n} more", more)))
    title = escape(t("Scheduled work that was not done"))
    return [divider(), section(Markup(f":alarm_clock: *{title}*\n" + "\n".join(lines)))]
