"""The durable queue engine (dbos) of one process: started, told its workflows, recovered after a crash."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
from dbos import DBOS, DBOSConfig

from bot.settings import Settings
from bot.stranded import Stranded
from handlers import trail
from handlers.delivery import UnderWay
from services import scratch
from storage.connections import process_name
from storage.database import normalise_url
from storage.migrations import sync_url
from storage.outbox import (
    DAILY_QUEUE,
    OUTSIDE_QUEUE,
    QUEUE,
    RECORDING_QUEUE,
    TASK_QUEUE,
    TIMED_QUEUE,
    WORKFLOW_VERSION,
)

log = logging.getLogger(__name__)

QUEUES = (QUEUE, TIMED_QUEUE, TASK_QUEUE, OUTSIDE_QUEUE, RECORDING_QUEUE, DAILY_QUEUE)
# Work at once in one process. Without a bound a crash on SQLite made hundreds of steps be done again.
DELIVERIES_AT_ONCE = 16
TIMED_AT_ONCE = 8
TASKS_AT_ONCE = 2
# Letters and calendar entries wait for others' servers most of their time.
OUTSIDE_AT_ONCE = 8
# Each has its file on this machine's disk, and is cut by its processors.
RECORDINGS_AT_ONCE = 4
# Short pieces, each of one team, but a faulty one keeps its place while it pauses between its tries.
DAILIES_AT_ONCE = 4
# Each look at a queue takes time from whoever clicks. A file just dropped may wait a little longer than a message.
TASK_POLLS = 5
STOP_SECONDS = 5
# By default PostgreSQL notices only after two hours that a machine at the other end is gone, and holds its locks till
# then.
KEEPALIVE = "-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"


# What has finished stays in the queue's tables for so long: a key used again within that time starts nothing.
KEPT = timedelta(days=30)
FORGOTTEN_AT_ONCE = 500
FORGET_SECONDS = 6 * 60 * 60
SWEEP_SECONDS = 10 * 60
FINISHED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


@dataclass(slots=True)
class Queue:
    """The engine of this process.

    dbos has no leases: on PostgreSQL each process has an executor id of its own and holds an advisory lock for it; work
    that belongs to an id whose lock is free was left by a dead process and is taken over (`recover`). A SQLite file has
    one process, whose work is recovered at start.
    """

    settings: Settings
    executor_id: str = field(init=False)
    _lock: psycopg.AsyncConnection[tuple[object, ...]] | None = field(default=None, init=False)
    _free: frozenset[str] = field(default=frozenset(), init=False)
    """The executors whose lock nobody held when we last looked."""
    _under_way: UnderWay = field(default_factory=UnderWay, init=False)
    _stranded: Stranded = field(default_factory=Stranded, init=False)
    _upkeep: asyncio.Task[None] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.executor_id = f"{socket.gethostname()}-{secrets.token_hex(6)}" if self.on_postgresql else "embedded"

    @property
    def on_postgresql(self) -> bool:
        """Whether several processes may share the queue."""
        return normalise_url(self.settings.database_url).get_backend_name() == "postgresql"

    async def start(self, register: Callable[[], UnderWay]) -> None:
        """Start working. `register` makes the workflows known and is called before anything runs; what it returns
        tells at the end what is still under way.

        Coroutines run on the loop that calls this.
        """
        engine: dict[str, Any] = {}
        if self.on_postgresql:
            await self._hold()
            engine["pool_size"] = self.settings.shares.queue
            engine["connect_args"] = {"application_name": process_name()}
        config: DBOSConfig = {
            "name": "kakehashi",
            "system_database_url": sync_url(self.settings.database_url),
            "application_version": WORKFLOW_VERSION,
            "executor_id": self.executor_id,
            "log_level": "WARNING",
            "run_migrations": False,
            # Its errors are logged, and arguments of tasks are in the parameters.
            "db_engine_kwargs": {"hide_parameters": True, **engine},
            # We use no notifications; with each look at them the engine also looks whether it is to stop.
            "notification_listener_polling_interval_sec": 0.1,
        }
        DBOS(config=config)
        self._under_way = register()
        DBOS.launch()
        await DBOS.register_queue_async(
            QUEUE,
            worker_concurrency=DELIVERIES_AT_ONCE,
            partition_limiter={"limit": self.settings.delivery_limit, "period": self.settings.delivery_seconds},
            polling_interval_sec=self.settings.queue_poll_seconds,
            on_conflict="always_update",
        )
        await DBOS.register_queue_async(
            TIMED_QUEUE,
            worker_concurrency=TIMED_AT_ONCE,
            partition_limiter={"limit": self.settings.timed_limit, "period": self.settings.timed_seconds},
            polling_interval_sec=TASK_POLLS * self.settings.queue_poll_seconds,
            on_conflict="always_update",
        )
        tasks = {
            TASK_QUEUE: TASKS_AT_ONCE,
            OUTSIDE_QUEUE: OUTSIDE_AT_ONCE,
            RECORDING_QUEUE: RECORDINGS_AT_ONCE,
            DAILY_QUEUE: DAILIES_AT_ONCE,
        }
        for name, at_once in tasks.items():
            await DBOS.register_queue_async(
                name,
                worker_concurrency=at_once,
                polling_interval_sec=TASK_POLLS * self.settings.queue_poll_seconds,
                on_conflict="always_update",
            )
        # The first of the two looks at once: whatever an earlier process left is taken over at the next.
        await self.recover()
        self._upkeep = asyncio.create_task(self._keep_up())

    async def works(self) -> bool:
        """Whether a thread of the engine looks at each queue, and, on PostgreSQL, our lock still says that we live."""
        alive = {thread.name for thread in threading.enumerate()}
        looked_at = all(f"queue-worker-{name}" in alive for name in QUEUES)
        kept_up = self._upkeep is not None and not self._upkeep.done()
        locked = not self.on_postgresql or (self._lock is not None and not self._lock.closed)
        return looked_at and kept_up and locked

    async def _keep_up(self) -> None:
        """Look after the queue for as long as it works. Every worker does so itself, also where no clock runs."""
        forget_at = time.monotonic() + FORGET_SECONDS
        sweep_at = time.monotonic() + scratch.YOUNG_SECONDS
        while True:
            await asyncio.sleep(self.settings.recover_seconds)
            with trail.following(kind="queue", route="recover"):
                await _carefully(self.recover)
            with trail.following(kind="queue", route="stranded"):
                await _carefully(self.take_up)
            if time.monotonic() >= forget_at:
                forget_at = time.monotonic() + FORGET_SECONDS
                with trail.following(kind="queue", route="forget"):
                    await _carefully(self.forget)
            if time.monotonic() >= sweep_at:
                sweep_at = time.monotonic() + SWEEP_SECONDS
                with trail.following(kind="queue", route="sweep"):
                    await _carefully(partial(asyncio.to_thread, scratch.sweep))

    async def recover(self) -> int:
        """Take over the work of dead processes; the number of executors it was taken from.

        An executor counts as dead when its lock was free at two calls running: a living process that lost its
        connection to the database takes its lock again, in this same method, before that.
        """
        if self._lock is None:
            return 0
        try:
            return await self._recover(self._lock)
        except psycopg.OperationalError:
            log.warning("The connection that holds this process's lock was lost; it is made anew")
            await self._lock.close()
            await self._hold()
            return 0

    async def _recover(self, lock: psycopg.AsyncConnection[tuple[object, ...]]) -> int:
        rows = await lock.execute(
            "SELECT DISTINCT executor_id FROM dbos.workflow_status WHERE status = 'PENDING' AND executor_id <> %s",
            (self.executor_id,),
        )
        free: set[str] = set()
        dead = 0
        for executor_id in [str(row[0]) for row in await rows.fetchall()]:
            answer = await lock.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (executor_id,))
            row = await answer.fetchone()
            if row is None or not row[0]:
                continue
            try:
                if executor_id in self._free:
                    # dbos offers recovery of other executors under this name only; it is idempotent.
                    await asyncio.to_thread(DBOS._recover_pending_workflows, [executor_id])
                    dead += 1
                else:
                    free.add(executor_id)
            finally:
                await lock.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (executor_id,))
        self._free = frozenset(free)
        return dead

    async def take_up(self) -> int:
        """Go on with work that the engine let go of because the database or Slack failed it; how many pieces it was."""
        return await self._stranded.look(self.executor_id)

    async def forget(self) -> int:
        """Delete the records of work that finished long ago, which dbos keeps for ever; how many there were."""
        before = (datetime.now(UTC) - KEPT).isoformat()
        forgotten = 0
        while True:
            old = await DBOS.list_workflows_async(
                status=FINISHED,
                completed_before=before,
                limit=FORGOTTEN_AT_ONCE,
                load_input=False,
                load_output=False,
            )
            if not old:
                return forgotten
            await DBOS.delete_workflows_async([workflow.workflow_id for workflow in old])
            forgotten += len(old)

    async def stop(self) -> None:
        """Finish what runs, for a few seconds, and let go of the rest (it is recovered later)."""
        if self._upkeep is not None:
            self._upkeep.cancel()
            # What it has under way goes over the connection that holds the lock, which is closed below.
            await asyncio.gather(self._upkeep, return_exceptions=True)
        # dbos can wait too, but sleeps for a second before it looks for the first time.
        await self._under_way.finish(STOP_SECONDS)
        # In a thread, because what it waits for may need this loop.
        await asyncio.to_thread(DBOS.destroy)
        # dbos has made its thread pool the loop's own, and has now shut it down.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        # What is still under way ends before the lock does: nobody may take it over while we could still post.
        await self._under_way.let_go()
        if self._lock is not None:
            await self._lock.close()

    async def _hold(self) -> None:
        """Take the lock that says that this process lives. It ends with its connection."""
        self._lock = await psycopg.AsyncConnection.connect(
            self._plain_url(), autocommit=True, options=KEEPALIVE, application_name=process_name()
        )
        await self._lock.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (self.executor_id,))

    def _plain_url(self) -> str:
        url = normalise_url(self.settings.database_url).set(drivername="postgresql")
        return url.render_as_string(hide_password=False)


async def _carefully(look: Callable[[], Awaitable[int]]) -> None:
    try:
        await look()
    except Exception:
        # A database that is away comes back: the next look is made all the same.
        log.exception("The queue could not be looked after")
