"""The durable queue engine (dbos) of one process: started, told its workflows, recovered after a crash."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
from dbos import DBOS, DBOSConfig

from bot.settings import Settings
from storage.database import normalise_url
from storage.migrations import sync_url
from storage.outbox import QUEUE, TASK_QUEUE, WORKFLOW_VERSION

log = logging.getLogger(__name__)

# Work at once in one process. Without a bound a crash on SQLite made hundreds of steps be done again.
DELIVERIES_AT_ONCE = 16
TASKS_AT_ONCE = 2


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

    def __post_init__(self) -> None:
        self.executor_id = f"{socket.gethostname()}-{secrets.token_hex(6)}" if self.on_postgresql else "embedded"

    @property
    def on_postgresql(self) -> bool:
        """Whether several processes may share the queue."""
        return normalise_url(self.settings.database_url).get_backend_name() == "postgresql"

    async def start(self, register: Callable[[], None]) -> None:
        """Start working. `register` makes the workflows known; it is called before anything runs.

        Coroutines run on the loop that calls this.
        """
        if self.on_postgresql:
            self._lock = await psycopg.AsyncConnection.connect(self._plain_url(), autocommit=True)
            await self._lock.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (self.executor_id,))
        config: DBOSConfig = {
            "name": "kakehashi",
            "system_database_url": sync_url(self.settings.database_url),
            "application_version": WORKFLOW_VERSION,
            "executor_id": self.executor_id,
            "log_level": "WARNING",
            "run_migrations": False,
        }
        DBOS(config=config)
        register()
        DBOS.launch()
        await DBOS.register_queue_async(
            QUEUE,
            worker_concurrency=DELIVERIES_AT_ONCE,
            partition_limiter={"limit": self.settings.delivery_limit, "period": self.settings.delivery_seconds},
            polling_interval_sec=self.settings.queue_poll_seconds,
            on_conflict="always_update",
        )
        await DBOS.register_queue_async(
            TASK_QUEUE,
            worker_concurrency=TASKS_AT_ONCE,
            polling_interval_sec=self.settings.queue_poll_seconds,
            on_conflict="always_update",
        )

    async def recover(self) -> int:
        """Take over the work of dead processes; the number of executors it was taken from."""
        if self._lock is None:
            return 0
        rows = await self._lock.execute(
            "SELECT DISTINCT executor_id FROM dbos.workflow_status WHERE status = 'PENDING' AND executor_id <> %s",
            (self.executor_id,),
        )
        dead = 0
        for (executor_id,) in await rows.fetchall():
            free = await self._lock.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (executor_id,))
            row = await free.fetchone()
            if row is None or not row[0]:
                continue
            try:
                # dbos offers recovery of other executors under this name only; it is idempotent.
                await asyncio.to_thread(DBOS._recover_pending_workflows, [str(executor_id)])
                dead += 1
            finally:
                await self._lock.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (executor_id,))
        return dead

    async def stop(self) -> None:
        """Finish what runs, for a few seconds, and let go of the rest (it is recovered later)."""
        # In a thread, because the workflows it waits for run on this loop.
        await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=5)
        if self._lock is not None:
            await self._lock.close()

    def _plain_url(self) -> str:
        url = normalise_url(self.settings.database_url).set(drivername="postgresql")
        return url.render_as_string(hide_password=False)
