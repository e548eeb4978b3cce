"""The connections to PostgreSQL: how many one process may open, for what, and how many there is room for.

PostgreSQL takes a fixed number of connections, and refuses whoever comes then. So a process has a fixed number too, of
all its pools together, and whoever finds none free waits for one: somebody's click for a short while, because Slack
waits for it, the work of the queue for longer.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import psycopg
import sqlalchemy as sa

from storage.isolation import TeamConnection

WAIT_SECONDS: Final = 30.0
"""How long what can wait is given until a connection is free."""
FULL_SECONDS: Final = 0.8
"""How long we wait for room on a server that takes no more: others may have all its connections for a moment."""
LOOK_SECONDS: Final = 0.05
LEAST: Final = 10
"""Fewer connections than this do not make a process."""
_NAME: Final = "kakehashi "
# The server says so before it knows who asks, and without a code that the driver would hand on.
_FULL: Final = ("too many clients", "remaining connection slots", "too many connections")


@dataclass(frozen=True, slots=True)
class Shares:
    """How the connections of a process are divided."""

    people: int
    """For what somebody waits for, and the clock."""
    work: int
    """For what can wait (`patiently`): what the queue works on, and what is done after a click's acknowledgement."""
    queue: int
    """For the queue engine's own tables."""


def shares(most: int, *, edge: bool, worker: bool) -> Shares:
    """Divide `most` connections. One is left for the queue's client, and a worker has two that are always open: for its
    lock (bot/queue.py), and to be notified on."""
    left = most - 3 if worker else most - 1
    # Its background work holds one connection while it works on another, and leaves one for the rest.
    queue = max(3, left // 4 if edge else left // 3) if worker else 0
    people = (left - queue) // 2 if edge else 2
    return Shares(people, left - queue - people, queue)


_PATIENT: ContextVar[bool] = ContextVar("patient", default=False)


@contextmanager
def patiently() -> Iterator[None]:
    """What is done until the block ends, and in tasks started meanwhile, nobody waits for: it waits for a connection as
    long as it takes, and never takes one from those who have no time."""
    token = _PATIENT.set(True)
    try:
        yield
    finally:
        _PATIENT.reset(token)


def patient() -> bool:
    """Whether that is so now."""
    return _PATIENT.get()


@cache
def process_name() -> str:
    """By what PostgreSQL knows the connections of this process."""
    return _NAME + secrets.token_hex(4)


async def opened(
    *arguments: Any, connect: Callable[..., Awaitable[TeamConnection]] = TeamConnection.connect, **options: Any
) -> TeamConnection:
    """A new connection. Where the server has no room it is asked again, for `FULL_SECONDS`."""
    until = time.monotonic() + FULL_SECONDS
    while True:
        try:
            return await connect(*arguments, **options)
        except psycopg.OperationalError as refused:
            if not any(sign in str(refused) for sign in _FULL) or time.monotonic() >= until:
                raise
        await asyncio.sleep(LOOK_SECONDS)


@dataclass(frozen=True, slots=True)
class Room:
    """What a server has room for. `most`: connections that a role like ours may have; `others`: those that are open and
    none of a process of ours; `processes`: of ours that have any open."""

    most: int
    others: int
    processes: int


def room(connection: sa.Connection) -> Room:
    """What there is room for on the connection's server, where its own role is concerned."""
    return Room(*connection.execute(_ROOM, {"ours": f"{_NAME}%"}).one())


# Each limit is one, or -1 for none; the reserved ones are for superusers, and (since PostgreSQL 16) for whoever may use
# them.
_ROOM: Final = sa.text("""
    SELECT
        LEAST(
            current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                - COALESCE(current_setting('reserved_connections', true), '0')::int,
            NULLIF((SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user), -1),
            NULLIF((SELECT datconnlimit FROM pg_database WHERE datname = current_database()), -1)
        ),
        (SELECT count(*) FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name NOT LIKE :ours),
        (SELECT count(DISTINCT application_name) FROM pg_stat_activity WHERE application_name LIKE :ours)
""")
