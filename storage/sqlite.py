"""SQLite in one trip: each statement goes to the connection's thread once.

aiosqlite asks its thread four times for a statement (cursor, execute, fetch, close), and each trip costs about as much
as the statement itself. Here the thread does all four at once; SQLAlchemy reads every row of a result at once anyway.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import aiosqlite

CHUNK = 64


class OneTripCursor:
    """What SQLAlchemy's adapter uses of an aiosqlite cursor, with the rows already here after `execute`."""

    arraysize = 1

    def __init__(self, connection: OneTripConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        """Nothing is opened before the first statement."""
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> Self:
        """Run one statement and bring its rows along."""
        return await self._run(lambda cursor: cursor.execute(sql, parameters or ()))

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Self:
        """Run one statement for many parameters."""
        return await self._run(lambda cursor: cursor.executemany(sql, parameters))

    async def _run(self, statement: Callable[[sqlite3.Cursor], object]) -> Self:
        def in_thread() -> None:
            cursor = self._connection.driver.cursor()
            try:
                statement(cursor)
                self.description = cursor.description
                self._rows = cursor.fetchall() if cursor.description else []
                self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
            finally:
                cursor.close()

        await self._connection.in_thread(in_thread)
        return self

    async def fetchall(self) -> list[Any]:
        """The rows that have not been given out yet."""
        rows, self._rows = self._rows, []
        return rows

    async def fetchmany(self, size: int = 1) -> list[Any]:
        """The next rows."""
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    async def fetchone(self) -> Any:
        """The next row, or None."""
        return self._rows.pop(0) if self._rows else None

    async def close(self) -> None:
        """Nothing is open any more."""


class OneTripConnection(aiosqlite.Connection):
    """An aiosqlite connection that makes `OneTripCursor`s."""

    def __init__(self, database: str, **options: Any) -> None:
        super().__init__(lambda: sqlite3.connect(database, **options), CHUNK)
        # A process that ends without closing its connections must still end.
        self._thread.daemon = True

    @property
    def driver(self) -> sqlite3.Connection:
        """The connection inside; only for use in its thread."""
        return self._conn

    async def rollback(self) -> None:
        """Undo the transaction; without one there is nothing to ask the thread for (the pool asks after each use)."""
        if self._conn.in_transaction:
            await super().rollback()

    async def in_thread(self, work: Callable[[], None]) -> None:
        """Run something in the connection's thread."""
        await self._execute(work)  # type: ignore[no-untyped-call]  # aiosqlite does not annotate it

    async def run(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> list[list[Any]]:
        """Run several statements in one trip; the rows of each. The first that fails ends it."""
        found: list[list[Any]] = []

        def in_thread() -> None:
            cursor = self.driver.cursor()
            try:
                for sql, parameters in statements:
                    cursor.execute(sql, parameters)
                    found.append(cursor.fetchall() if cursor.description else [])
            finally:
                cursor.close()

        await self.in_thread(in_thread)
        return found

    def cursor(self) -> OneTripCursor:  # type: ignore[override]  # what SQLAlchemy needs of aiosqlite's own
        """A new cursor."""
        return OneTripCursor(self)
