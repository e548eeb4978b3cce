"""A life of the bot: a process that works until somebody ends it, and to which things may happen."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
import time_machine
from sqlalchemy.engine import Engine

from bot import stranded
from bot.run import running
from bot.settings import Settings
from domain.pacing import Budget
from handlers import delivery
from handlers.pacing import BUDGETS
from services import assistant, calendars, mail

LONGEST_PAUSE = 2.0
"""Seconds. What failed is tried again after pauses that grow up to half an hour; nobody waits for that here."""
ANSWERED_WITHIN = 1.5
"""Seconds that the assistant waits for its model."""
SOONER = 50.0
"""So many times what Slack takes is called."""
LOST_AFTER = 5.0
"""Seconds after which work of a process that does not run in it is taken up."""


@dataclass(frozen=True)
class Life:
    """What a process is started with. `ahead`: by how many seconds its clock is wrong. `full`: its disk has no room
    left for the database's file (SQLite)."""

    settings: dict[str, Any]
    journal: str
    """The file that takes its log, and what else it says."""
    ahead: float = 0.0
    full: bool = False


def live(life: Life) -> None:
    """A process's main function."""
    with Path(life.journal).open("a") as journal:
        os.dup2(journal.fileno(), 2)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(message)s")
    for module in (delivery, mail, calendars):
        module.LONGEST_PAUSE = LONGEST_PAUSE
    calendars.FIRST_PAUSE = 0.2
    assistant.SECONDS, assistant.GIVEN_UP_AFTER = ANSWERED_WITHIN, 2 * ANSWERED_WITHIN + 1.0
    stranded.LONGEST_PAUSE, stranded.LOST_AFTER = LONGEST_PAUSE, LOST_AFTER
    budgets = cast("dict[str, Budget]", BUDGETS)
    for method, budget in budgets.items():
        # Hundreds of cards are drawn in minutes here, and the workspace takes them.
        budgets[method] = Budget(SOONER * budget.burst, SOONER * budget.per_second)
    if life.full:
        sa.event.listen(Engine, "connect", _leave_no_room)
    with contextlib.ExitStack() as stack:
        if life.ahead:
            stack.enter_context(time_machine.travel(datetime.now(UTC) + timedelta(seconds=life.ahead)))
        asyncio.run(_run(life))


async def _run(life: Life) -> None:
    async with running(Settings(_env_file=None, **life.settings)):
        await asyncio.Event().wait()


def _leave_no_room(connection: Any, _record: object) -> None:
    """What SQLite does at this limit is what it does on a full disk: SQLITE_FULL."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA page_count")
    (pages,) = cursor.fetchone()
    cursor.execute(f"PRAGMA max_page_count={pages}")
    cursor.close()
