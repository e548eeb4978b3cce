"""The connection to the database and the sessions on it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimedOut
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, with_loader_criteria
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import greenlet_spawn

from storage import connections
from storage.brief import Brief
from storage.connections import opened, patient, process_name
from storage.isolation import ALL_TEAMS, TeamConnection
from storage.sqlite import OneTripConnection
from storage.tables import OfTeam

BUSY_TIMEOUT_MS = 30_000
RESTED_SECONDS = 1.0


def normalise_url(url: str) -> URL:
    """The address with the async driver we use: aiosqlite or psycopg. Raises ValueError for any other database."""
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return parsed.set(drivername="sqlite+aiosqlite")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise ValueError(f"The database must be SQLite or PostgreSQL, not {backend}.")


@dataclass(frozen=True, slots=True)
class Database:
    """An engine and its sessions."""

    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]
    turn: AbstractAsyncContextManager[object]
    """Entered by each writer: on SQLite one at a time, in the order of arrival; on PostgreSQL all at once."""
    others: Database | None = None
    """The same database with connections for those who can wait (storage/connections.py)."""
    _prepared: dict[Any, Any] = field(default_factory=dict)
    """What brief transactions have prepared so far."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @staticmethod
    def full(error: BaseException) -> bool:
        """Whether an error means that no connection was free for somebody who had no more time to wait for one."""
        return isinstance(error, PoolTimedOut)

    @staticmethod
    def at_fault(error: BaseException) -> bool:
        """Whether an error comes from the state of the database (away, full, out of connections) and not from what it
        was asked, so that the same may work later."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, sqlite3.OperationalError):
            # The low byte is the kind of the error; the general one stands for faulty statements. What Python's own
            # module finds wrong, such as bytes that are no text, has no code.
            return getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF != sqlite3.SQLITE_ERROR
        return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError | PoolTimedOut)

    @property
    def _here(self) -> Database:
        """With whose connections."""
        return self.others if self.others is not None and patient() else self

    @asynccontextmanager
    async def reading(self, team_id: str) -> AsyncIterator[AsyncSession]:
        """A session that sees one team's rows. It is rolled back at the end: nothing written in it stays."""
        async with self._here.sessions(info={"team_id": _named(team_id)}) as session:
            yield session

    @asynccontextmanager
    async def asking(self, team_id: str) -> AsyncIterator[AsyncSession]:
        """A session for one question about one team's rows: on PostgreSQL without a transaction around it, which would
        cost two more trips to the server."""
        async with self._here.sessions(info={"team_id": _named(team_id)}) as session:
            if self.dialect == "postgresql":
                await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            yield session

    @asynccontextmanager
    async def snapshot(self, team_id: str) -> AsyncIterator[AsyncSession]:
        """A session that sees one team's rows as they were at one moment, however long it reads. Nothing written in it
        stays."""
        async with self._here.sessions(info={"team_id": _named(team_id)}) as session:
            if self.dialect == "postgresql":
                # On SQLite every transaction is like this; here each statement would see what was committed before it.
                await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @asynccontextmanager
    async def writing(self, team_id: str) -> AsyncIterator[AsyncSession]:
        """A transaction on one team's rows: committed at the end, rolled back when the block raises."""
        async with self.turn, self._here.sessions(info={"team_id": _named(team_id)}) as session:
            # On SQLite a transaction that first reads and then writes fails when another wrote in between;
            # taking the write lock at once makes it wait instead.
            await session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            yield session
            await session.commit()

    @asynccontextmanager
    async def reading_across_teams(self) -> AsyncIterator[AsyncSession]:
        """A session that sees the rows of every team, in the few tables that are made for it (storage/isolation.py).
        For what must know which teams there is something to do in, or whose form it is; the work itself is done in a
        session of that team. Nothing written in it stays."""
        async with self._here.sessions(info={_ACROSS: True}) as session:
            yield session

    @asynccontextmanager
    async def writing_across_teams(self) -> AsyncIterator[AsyncSession]:
        """A transaction on what is kept over all teams: the clock's own tables, and those of no team. Of other tables
        nothing can be written in it on PostgreSQL."""
        async with self.turn, self._here.sessions(info={_ACROSS: True}) as session:
            yield session
            await session.commit()

    @asynccontextmanager
    async def brief(self, team_id: str) -> AsyncIterator[Brief]:
        """A transaction of a few prepared statements on one team's rows, in as few trips as possible: committed at the
        end, rolled back when the block raises."""
        named = _named(team_id)
        async with self.turn:
            here = self._here
            connection = await here.engine.raw_connection()
            driver: Any = connection.driver_connection
            if isinstance(driver, TeamConnection):
                driver.team = named
            brief = Brief(team_id, self.engine.dialect, driver, self._prepared)
            try:
                yield brief
                await brief.commit()
            except asyncio.CancelledError:
                # What the driver is still doing is unknown: such a connection must not be used again.
                await greenlet_spawn(connection.invalidate)
                raise
            except psycopg.OperationalError:
                if driver.closed:
                    # What ended this connection has ended those that rest as well.
                    await here.engine.dispose(close=False)
                raise
            finally:
                # Undoes what was not committed.
                await greenlet_spawn(connection.close)

    async def dispose(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
        if self.others is not None:
            await self.others.dispose()


def connect(url: str, *, pool_size: int = 20, wait_seconds: float = connections.WAIT_SECONDS) -> Database:
    """Open a database. No connection is made until the first session needs one. PostgreSQL: at most `pool_size`; a
    session that finds none free waits for so long, and then raises SQLAlchemy's TimeoutError."""
    parsed = normalise_url(url)
    options: dict[str, Any] = {}
    if parsed.get_backend_name() == "postgresql":
        # The connection used last is used again: few stay busy, and those are known to live.
        options |= {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": wait_seconds, "pool_use_lifo": True}
        options["connect_args"] = {"async_creator_fn": opened, "application_name": process_name()}
    else:
        options["connect_args"] = {"async_creator_fn": OneTripConnection}
    # What people typed is in the parameters, and errors are logged.
    engine = create_async_engine(parsed, hide_parameters=True, **options)
    if parsed.get_backend_name() == "sqlite":
        _prepare_sqlite(engine)
    else:
        _begin_without_team(engine)
        _ping_rested(engine)
    # SQLite's own way of waiting is to sleep and try again, up to 100 ms at a time and in no order: with 32 writers the
    # unluckiest wait for seconds. Queued here, each waits for those before it and no longer.
    turn = asyncio.Lock() if parsed.get_backend_name() == "sqlite" else nullcontext()
    return Database(engine, async_sessionmaker(engine, expire_on_commit=False), turn)


def _begin_without_team(engine: AsyncEngine) -> None:
    """A connection comes from the pool without the team that it worked for before."""

    @event.listens_for(engine.sync_engine, "checkout")
    def forget(connection: Any, _entry: ConnectionPoolEntry, _proxy: Any) -> None:
        connection.driver_connection.team = ""


def _ping_rested(engine: AsyncEngine) -> None:
    """Ask a connection that has rested whether it still lives, before it is used: the server may have gone away since.
    One that was used a moment ago is not asked: each time, that would cost a trip to the server."""
    dialect = engine.sync_engine.dialect

    @event.listens_for(engine.sync_engine, "checkin")
    def rest(_connection: Any, entry: ConnectionPoolEntry) -> None:
        entry.info["rests_since"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def ask(connection: Any, entry: ConnectionPoolEntry, _proxy: Any) -> None:
        rests_since = entry.info.get("rests_since")
        if rests_since is None or time.monotonic() - rests_since < RESTED_SECONDS:
            return
        try:
            dialect.do_ping(connection)
        except Exception as error:
            # The pool then makes this one anew, and all others that were made before it.
            raise InvalidatePoolError from error


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # We begin transactions ourselves (below), so the driver must not.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # FULL: an acknowledged form must survive a power cut.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_begin', 'DEFERRED')}")


_ACROSS = "across_teams"


def _named(team_id: str) -> str:
    """A team's id, which must not be what stands for all of them."""
    if team_id == ALL_TEAMS:
        raise ValueError("This is no team.")
    return team_id


@event.listens_for(Session, "after_begin")
def _tell_the_team(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    """PostgreSQL is told the session's team with its first statement (storage/isolation.py)."""
    driver = connection.connection.driver_connection
    if isinstance(driver, TeamConnection):
        driver.team = ALL_TEAMS if session.info.get(_ACROSS) else _named(session.info.get("team_id", ""))


@event.listens_for(Session, "do_orm_execute")
def _only_the_teams_rows(state: ORMExecuteState) -> None:
    """House rule: the session adds the team's filter. `session.info["team_id"]` is set by reading() and writing()."""
    team_id = state.session.info.get("team_id")
    if team_id is None or state.is_column_load or state.is_relationship_load or state.is_insert:
        return
    state.statement = state.statement.options(
        with_loader_criteria(OfTeam, lambda cls: cls.team_id == team_id, include_aliases=True)
    )
