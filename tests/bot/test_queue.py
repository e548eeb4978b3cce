"""The engine of one process: its lock, its memory."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dbos import DBOS

import bot.queue
from bot.queue import Queue
from bot.settings import Settings
from handlers.delivery import UnderWay
from services import scratch

# A SQLite file has one process, which needs no lock and takes over from nobody.
several_processes = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@dataclass
class Running:
    """A started queue and the one workflow it knows."""

    queue: Queue
    echo: Callable[[str], Coroutine[Any, Any, str]]

    async def worked(self) -> str:
        """The id of a workflow that has been done."""
        handle = await DBOS.start_workflow_async(self.echo, "x")
        assert await handle.get_result() == "x"
        return handle.get_workflow_id()


@pytest.fixture
async def started(database_url: str) -> AsyncIterator[Running]:
    queue = Queue(Settings(_env_file=None, database_url=database_url))
    known: list[Callable[[str], Coroutine[Any, Any, str]]] = []

    async def echo(text: str) -> str:
        return text

    def register() -> UnderWay:
        known.append(DBOS.workflow(name="echo")(echo))
        return UnderWay()

    await queue.start(register)
    yield Running(queue, known[0])
    await queue.stop()


def held(queue: Queue) -> bool:
    """Whether somebody holds the queue's lock; asked over a connection of one's own."""
    with psycopg.connect(queue._plain_url(), autocommit=True) as connection:
        asked = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
        row = connection.execute(asked, (queue.executor_id,)).fetchone()
        assert row is not None
        return not row[0]


@several_processes
async def test_process_that_lost_its_lock_takes_it_again(started: Running) -> None:
    queue = started.queue
    assert held(queue)
    assert queue._lock is not None
    with psycopg.connect(queue._plain_url(), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (queue._lock.info.backend_pid,))
    assert not held(queue)
    assert await queue.recover() == 0
    assert held(queue)


@several_processes
async def test_work_of_a_dead_executor_is_taken_over_at_the_second_look(started: Running) -> None:
    queue = started.queue
    workflow = await started.worked()
    with psycopg.connect(queue._plain_url(), autocommit=True) as connection:
        connection.execute(
            "UPDATE dbos.workflow_status SET status = 'PENDING', executor_id = 'dead' WHERE workflow_uuid = %s",
            (workflow,),
        )
    assert await queue.recover() == 0
    assert await queue.recover() == 1
    assert await queue.recover() == 0


@several_processes
async def test_work_of_a_living_executor_is_left_to_it(started: Running) -> None:
    queue = started.queue
    workflow = await started.worked()
    with psycopg.connect(queue._plain_url(), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended('alive', 0))")
        connection.execute(
            "UPDATE dbos.workflow_status SET status = 'PENDING', executor_id = 'alive' WHERE workflow_uuid = %s",
            (workflow,),
        )
        assert [await queue.recover() for _ in range(3)] == [0, 0, 0]


async def test_finished_work_is_forgotten_after_its_time(started: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        await started.worked()
    assert await started.queue.forget() == 0
    monkeypatch.setattr(bot.queue, "KEPT", timedelta(seconds=-5))
    monkeypatch.setattr(bot.queue, "FORGOTTEN_AT_ONCE", 2)
    assert await started.queue.forget() == 3
    assert await DBOS.list_workflows_async() == []


async def working(queue: Queue) -> None:
    """Returns once it works."""
    async with asyncio.timeout(20):
        while True:
            if await queue.works():
                return
            await asyncio.sleep(0.02)


def siblings(folder: Path) -> Iterator[Path]:
    """It, and what lies beside it."""
    return folder.parent.iterdir()


async def test_engine_at_work_deletes_what_killed_processes_left_in_the_temporary_folder(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", tempfile.mkdtemp(dir=tmp_path))
    left = Path(tempfile.mkdtemp(prefix=scratch.PREFIX))
    (left / "call.wav").write_bytes(b"sound")
    os.utime(left, (0, 0))
    monkeypatch.setattr(scratch, "YOUNG_SECONDS", 0.1)
    queue = Queue(Settings(_env_file=None, database_url=database_url, recover_seconds=0.02))
    await queue.start(UnderWay)
    try:
        with scratch.folder() as ours:
            os.utime(ours, (0, 0))
            async with asyncio.timeout(20):
                while [*siblings(ours)] != [ours]:  # noqa: ASYNC110 - what is waited for is another thread's
                    await asyncio.sleep(0.02)
    finally:
        await queue.stop()


async def test_engine_works_from_soon_after_its_start_until_its_end(started: Running) -> None:
    queue = started.queue
    await working(queue)
    await queue.stop()
    assert not await queue.works()


@several_processes
async def test_engine_that_cannot_get_its_lock_back_does_not_work(
    started: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = started.queue
    await working(queue)
    assert queue._lock is not None
    with psycopg.connect(queue._plain_url(), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (queue._lock.info.backend_pid,))
    with monkeypatch.context() as away:
        away.setattr(Queue, "_plain_url", lambda queue: "postgresql://nobody@127.0.0.1:1/none")
        with pytest.raises(psycopg.OperationalError):
            await queue.recover()
        assert not await queue.works()
    await queue.recover()
    assert await queue.works()
