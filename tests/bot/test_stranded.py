"""Work that the engine lets go of because the database failed it is taken up again, each step done once."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, cast

import pytest
import sqlalchemy as sa
from dbos import DBOS, EnqueueOptions
from dbos._dbos import _get_dbos_instance
from slack_sdk.errors import SlackApiError

from bot import stranded
from bot.queue import Queue
from bot.run import storage
from bot.settings import Settings
from handlers import delivery
from handlers.delivery import Deliverer, UnderWay
from services.deps import Deps
from storage.outbox import TASK_QUEUE, TASK_WORKFLOW, WORKFLOW_VERSION

TEAM = "T01"
STEPS, OUTCOMES = "operation_outputs", "workflow_output"
"""The tables into which the engine writes what became of steps, and of work."""


@dataclass
class Clients:
    """Slack has no part in this."""

    async def of(self, team_id: str) -> None:
        return None

    async def refused(self, team_id: str, client: object, error: str) -> bool:
        return False


@dataclass
class Worker:
    """A started queue, and tasks that count how often they are done."""

    queue: Queue
    deps: Deps
    done: Counter[str] = field(default_factory=Counter)
    failing: list[Exception] = field(default_factory=list)

    def register(self) -> UnderWay:
        async def task(deps: Deps, client: object, team_id: str, arguments: Mapping[str, Any]) -> None:
            self.done[str(arguments["name"])] += 1
            if self.failing:
                raise self.failing.pop()

        deliverer = Deliverer(self.deps, cast("Any", Clients()), {})
        return delivery.register(deliverer, {"count": task, "persist": task}, ["persist"])

    async def begin(self, name: str, kind: str = "count") -> None:
        async with self.deps.writing(TEAM) as session:
            await self.deps.outbox.start_task(session, key=name, kind=kind, arguments={"name": name})

    async def states(self) -> dict[str, str]:
        found = await DBOS.list_workflows_async(load_input=False, load_output=False)
        return {each.workflow_id: each.status for each in found}

    async def until(self, **states: str) -> None:
        """Wait until work is in these states."""
        await eventually(lambda: self._are(states))

    async def _are(self, states: Mapping[str, str]) -> bool:
        return await self.states() == states

    async def taken_up(self) -> None:
        """Look until something has been taken up."""
        await eventually(self.queue.take_up)


async def eventually(holds: Callable[[], Awaitable[object]]) -> None:
    """Ask until it holds."""
    async with asyncio.timeout(30):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.02)


async def _both(found: Collection[object]) -> bool:
    return len(found) == 2


@pytest.fixture
async def worker(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    monkeypatch.setattr(stranded, "LONGEST_PAUSE", 0.0)
    monkeypatch.setitem(delivery.PATIENT, "max_attempts", 2)
    monkeypatch.setitem(delivery.PATIENT, "interval_seconds", 0.01)
    # The test looks, not the queue.
    settings = Settings(_env_file=None, database_url=database_url, queue_poll_seconds=0.02, recover_seconds=600)
    async with storage(settings) as deps:
        worker = Worker(Queue(settings), deps)
        await worker.queue.start(worker.register)
        yield worker
        await worker.queue.stop()


@contextmanager
def full(table: str) -> Iterator[list[str]]:
    """The disk has no room for rows of this table of the engine's until the block ends; the statements refused."""
    refused: list[str] = []
    engine = _get_dbos_instance()._sys_db.engine

    def refuse(
        connection: object, cursor: object, statement: str, parameters: object, context: object, many: bool
    ) -> None:
        if re.search(rf"INSERT INTO \w+\.{table} ", statement):
            refused.append(statement)
            raise sa.exc.OperationalError("", {}, sqlite3.OperationalError("database or disk is full"))

    sa.event.listen(engine, "before_cursor_execute", refuse)
    try:
        yield refused
    finally:
        sa.event.remove(engine, "before_cursor_execute", refuse)


async def test_work_whose_steps_cannot_be_written_down_is_begun_again_until_they_can(worker: Worker) -> None:
    with full(STEPS):
        await worker.begin("letter")
        await worker.until(letter="ERROR")
        await worker.taken_up()
        await worker.until(**{"letter": "ERROR", "letter!1": "ERROR"})
    await worker.taken_up()
    await worker.until(**{"letter": "ERROR", "letter!1": "ERROR", "letter!2": "SUCCESS"})
    assert worker.done == {"letter": 3}
    assert [await worker.queue.take_up() for _ in range(3)] == [0, 0, 0]


async def test_step_that_was_written_down_is_not_done_again(worker: Worker) -> None:
    with full(OUTCOMES) as refused:
        await worker.begin("letter")
        # That it has ended well; and then, for that could not be written, that it has ended as an error.
        await eventually(partial(_both, refused))
    # Nobody could write down that it had ended: it counts as under way, in this process.
    assert await worker.states() == {"letter": "PENDING"}
    assert [await worker.queue.take_up() for _ in range(3)] == [0, 0, 0]
    with pytest.MonkeyPatch.context() as soon:
        soon.setattr(stranded, "LOST_AFTER", 0.0)
        await worker.taken_up()
    await worker.until(letter="SUCCESS")
    assert worker.done == {"letter": 1}


async def test_only_a_task_that_something_stopped_that_passes_is_begun_again(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []
    since: list[datetime] = []
    with_errors, ended = stranded._with_errors, stranded._ended

    async def watched_errors(workflow_ids: list[str]) -> Any:
        judged.extend(workflow_ids)
        return await with_errors(workflow_ids)

    async def watched(back_to: datetime) -> Any:
        since.append(back_to)
        return await ended(back_to)

    monkeypatch.setattr(stranded, "_with_errors", watched_errors)
    monkeypatch.setattr(stranded, "_ended", watched)
    worker.failing.append(ValueError("our own fault"))
    await worker.begin("faulty")
    await worker.until(faulty="ERROR")
    assert [await worker.queue.take_up() for _ in range(3)] == [0, 0, 0]
    away = sqlite3.OperationalError("database or disk is full")
    away.sqlite_errorcode = sqlite3.SQLITE_FULL
    # The newest comes first.
    worker.failing += [SlackApiError("", {"ok": False, "error": "internal_error"}), away]
    await worker.begin("stopped")
    await worker.until(faulty="ERROR", stopped="ERROR")
    await worker.taken_up()
    await worker.until(**{"faulty": "ERROR", "stopped": "ERROR", "stopped!1": "ERROR"})
    await worker.taken_up()
    await worker.until(**{"faulty": "ERROR", "stopped": "ERROR", "stopped!1": "ERROR", "stopped!2": "SUCCESS"})
    assert worker.done == {"faulty": 1, "stopped": 3}
    # No error was read twice, and what was given up long ago is not even asked for.
    assert sorted(judged) == ["faulty", "stopped", "stopped!1"]
    assert since[-1] - since[0] > stranded.LOOKED_BACK / 2


async def test_letter_of_a_morning_is_begun_again_at_its_place_in_the_line(worker: Worker) -> None:
    with full(STEPS):
        async with worker.deps.writing(TEAM) as session:
            options: EnqueueOptions = {
                "workflow_name": TASK_WORKFLOW,
                "queue_name": TASK_QUEUE,
                "workflow_id": "letter",
            }
            options |= {"app_version": WORKFLOW_VERSION, "priority": 7}
            await worker.deps.outbox._start(session, options, TEAM, "count", {"name": "letter"})
        await worker.until(letter="ERROR")
    (letter,) = await DBOS.list_workflows_async()
    # No worker takes it from there.
    letter.queue_name = "nobody's"
    assert await stranded._begin_again(letter) == 1
    (again,) = await DBOS.list_workflows_async(workflow_ids=["letter!1"])
    assert (again.status, again.priority) == ("ENQUEUED", 7)


async def test_patient_task_that_fails_to_its_last_try_by_a_fault_of_our_own_is_given_up(worker: Worker) -> None:
    worker.failing += [ValueError("our own fault"), ValueError("our own fault")]
    await worker.begin("faulty", "persist")
    await worker.until(faulty="ERROR")
    assert [await worker.queue.take_up() for _ in range(3)] == [0, 0, 0]
    worker.failing += [OSError(), OSError()]
    await worker.begin("stopped", "persist")
    await worker.until(faulty="ERROR", stopped="ERROR")
    await worker.taken_up()
    await worker.until(**{"faulty": "ERROR", "stopped": "ERROR", "stopped!1": "SUCCESS"})
    assert worker.done == {"faulty": 2, "stopped": 3}


async def test_work_that_cannot_be_taken_up_holds_up_none_of_the_rest(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        worker.failing.append(OSError())
        await worker.begin(name)
        await eventually(partial(_ended, worker, name))
    steps = DBOS.list_workflow_steps_async

    async def unreadable(workflow_id: str) -> Any:
        # As where the class of what a step raised is known no longer.
        if workflow_id == "first":
            raise AttributeError("no such class")
        return await steps(workflow_id)

    monkeypatch.setattr(DBOS, "list_workflow_steps_async", unreadable)
    await worker.taken_up()
    await worker.until(**{"first": "ERROR", "second": "ERROR", "second!1": "SUCCESS"})


async def _ended(worker: Worker, name: str) -> bool:
    return (await worker.states()).get(name) == "ERROR"
