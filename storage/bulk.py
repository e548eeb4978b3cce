"""Many rows at once: COPY on PostgreSQL, one prepared statement for all rows on SQLite.

PostgreSQL copies into no table with row-level security. So the rows go into a temporary table, and from there into
their own in one statement, in which each row's team is looked at.

Rows go in as they are given, past the session's rules: whoever writes in bulk keeps roll-ups, indexes and the audit
trail in step by writing those rows too.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from itertools import islice
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from storage.sqlite import OneTripConnection
from storage.statements import table
from storage.tables import Base

Row = Sequence[Any]

CHUNK = 5_000
"""Rows that are held as text or parameters at a time."""


async def reserve(session: AsyncSession, model: type[Base], count: int) -> int:
    """The first of `count` consecutive ids of a table that nobody else is given.

    Until the transaction ends, others wait who want to add rows to this table.
    """
    target = table(model)
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.text(f"LOCK TABLE {target.name} IN SHARE ROW EXCLUSIVE MODE"))
        sequence = f"pg_get_serial_sequence('{target.name}', 'id')"
        first = (await connection.execute(sa.text(f"SELECT nextval({sequence})"))).scalar_one()
        if count > 1:
            # The last one that is taken counts as used, so the next one to be given out follows it.
            taken = {"last": first + count - 1}
            await connection.execute(sa.text(f"SELECT setval({sequence}, :last)"), taken)
        return int(first)
    # The write lock is held, and SQLite counts on from the highest id there is.
    return int((await connection.execute(sa.select(sa.func.coalesce(sa.func.max(target.c.id), 0)))).scalar_one()) + 1


async def write(session: AsyncSession, model: type[Base], columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Add rows, each with a value for every one of `columns`; how many there were.

    Values are Python's own (aware datetimes, dates, dicts and lists for JSON, None). Columns that are left out get the
    table's default where it is a plain value, else NULL; ids come from `reserve`. Rows may be made while they are
    written: no more than a few thousand are held at a time. Raises the driver's own errors.
    """
    target = table(model)
    fixed = _defaults(target, columns)
    names = [*columns, *fixed]
    rest = tuple(fixed.values())
    connection = await session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    given = (tuple(row) + rest for row in rows) if rest else rows
    listed = ", ".join(f'"{name}"' for name in names)
    if isinstance(driver, OneTripConnection):
        encoders = [_for_sqlite(target.c[name].type, connection.dialect) for name in names]
        marks = ", ".join("?" * len(names))
        return await _execute_many(driver, f'INSERT INTO "{target.name}" ({listed}) VALUES ({marks})', encoders, given)  # noqa: S608 - our own names, no values
    into = [_for_copy(target.c[name].type, connection.dialect) for name in names]
    async with copying(driver, target.name, names) as copy:
        return await _copy(copy, into, given)


@asynccontextmanager
async def copying(
    driver: psycopg.AsyncConnection[Any], name: str, columns: Sequence[str]
) -> AsyncIterator[psycopg.AsyncCopy]:
    """Where lines for COPY go: rows of the table at the end of the block. For a transaction on PostgreSQL."""
    listed = ", ".join(f'"{column}"' for column in columns)
    async with driver.cursor() as cursor:

        async def run(sql: str) -> None:
            # Our own names and nothing else.
            await cursor.execute(cast("Any", sql))

        await run(f'CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS SELECT {listed} FROM "{name}" WITH NO DATA')  # noqa: S608 - see above
        async with cursor.copy(cast("Any", f"COPY pg_temp.incoming ({listed}) FROM STDIN")) as copy:
            yield copy
        await run(f'INSERT INTO "{name}" ({listed}) SELECT {listed} FROM pg_temp.incoming')  # noqa: S608 - see above
        await run("DROP TABLE pg_temp.incoming")


def _defaults(target: sa.Table, columns: Sequence[str]) -> dict[str, Any]:
    """The columns that nobody gave and that have a default, with its value."""
    fixed: dict[str, Any] = {}
    for column in target.c:
        if column.name in columns or column.primary_key:
            continue
        default: Any = column.default
        if default is not None:
            # A default such as `list` is called with a context by SQLAlchemy.
            fixed[column.name] = default.arg(None) if default.is_callable else default.arg
    return fixed


Encode = Callable[[Any], Any]


async def _execute_many(driver: OneTripConnection, sql: str, into: Sequence[Encode | None], rows: Iterable[Row]) -> int:
    count = 0
    for chunk in _chunks(rows):
        encoded = _encoded(chunk, into)

        def in_thread(values: list[Row] = encoded) -> None:
            driver.driver.executemany(sql, values)

        await driver.in_thread(in_thread)
        count += len(chunk)
    return count


async def _copy(copy: psycopg.AsyncCopy, into: Sequence[Encode], rows: Iterable[Row]) -> int:
    count = 0
    for chunk in _chunks(rows):
        # As text and in large pieces: the driver's own way is a coroutine for each row.
        lines = [
            "\t".join([r"\N" if value is None else encode(value) for encode, value in zip(into, row, strict=True)])
            for row in chunk
        ]
        await copy.write("\n".join(lines) + "\n")
        count += len(chunk)
    return count


def _chunks(rows: Iterable[Row]) -> Iterable[list[Row]]:
    source = iter(rows)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _encoded(chunk: list[Row], into: Sequence[Encode | None]) -> list[Row]:
    # Column by column: most need nothing done.
    columns: list[Sequence[Any]] = list(zip(*chunk, strict=True))
    for place, encode in enumerate(into):
        if encode is not None:
            columns[place] = [None if value is None else encode(value) for value in columns[place]]
    return list(zip(*columns, strict=True))


def _for_sqlite(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Encode | None:
    """What turns a column's values into what SQLite keeps; None where nothing does."""
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _for_copy(declared: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Encode:
    """What turns a column's values into COPY's text format."""
    kind = declared.dialect_impl(dialect)
    if isinstance(kind, sa.JSON):
        return lambda value: _escaped(json.dumps(value, ensure_ascii=False))
    if isinstance(kind, sa.ARRAY):
        return lambda value: "{" + ",".join(map(str, value)) + "}"
    if isinstance(kind, sa.Boolean):
        return lambda value: "t" if value else "f"
    if isinstance(kind, sa.Integer | sa.Float):
        return str
    process = kind.bind_processor(dialect)
    return (lambda value: _text(process(value))) if process else _text


def _text(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return _escaped(str(value))


def _escaped(text: str) -> str:
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text:
        return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return text
