"""Rows that were exported, taken back with the ids they had."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from storage import account_search, bulk
from storage.account_import import count_anew
from storage.account_search import Entry, is_postgresql
from storage.exports import Part, parts
from storage.tables import Account, CalendarConnection, FormSource


class Trouble(StrEnum):
    """Why the database did not take rows."""

    TAKEN = "taken"
    """There are rows of others under the same ids, keys or addresses."""
    REFERS = "refers"
    """A row refers to one that is not among the team's."""
    VALUES = "values"
    """A text, number or date that this database cannot hold."""
    ELSE = "else"


class NotStored(Exception):
    """The database did not take rows of a table; the transaction is to be rolled back. `said`: its own words."""

    def __init__(self, trouble: Trouble, name: str, said: str = "") -> None:
        super().__init__(f"{trouble}: {name}: {said}")
        self.trouble = trouble
        self.name = name
        self.said = said


async def occupied(session: AsyncSession) -> str | None:
    """The first table that holds a row of the session's team; None: the team is empty."""
    for part in parts():
        query = sa.select(sa.literal(1)).select_from(part.target).where(part.team == session.info["team_id"])
        if (await session.execute(query.limit(1))).first() is not None:
            return part.name
    return None


async def hold(session: AsyncSession, part: Part) -> None:
    """Keep others from taking ids of this table until the transaction ends."""
    if is_postgresql(session):
        await session.execute(sa.text(f'LOCK TABLE "{part.name}" IN SHARE ROW EXCLUSIVE MODE'))


async def add(session: AsyncSession, part: Part, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows of a table, values in the order of `part.ways`. Raises `NotStored`."""
    async with _told(part):
        if part.model is not Account:
            await bulk.write(session, part.model, list(part.ways), rows)
        else:
            await _add_accounts(session, list(part.ways), rows)


async def _add_accounts(session: AsyncSession, names: list[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Add companies, and make them findable."""
    name_key, text, key = (names.index(name) for name in ("name_key", "search_text", "id"))
    if is_postgresql(session):
        team_id = session.info["team_id"]
        found = ((*row, sorted(account_search.numbers(team_id, row[name_key], row[text]))) for row in rows)
        await bulk.write(session, Account, [*names, "grams"], found)
        return
    await bulk.write(session, Account, names, rows)
    await account_search.replace_sqlite(session, [], [Entry(row[key], row[name_key], row[text]) for row in rows])


async def settle(session: AsyncSession) -> None:
    """When all rows are there: no row refers to another team's, and new rows get ids behind these. Raises
    `NotStored`."""
    team_id = session.info["team_id"]
    for part in parts():
        for column in part.target.c:
            for reference in column.foreign_keys:
                await _refers_within(session, part, column, reference.column, team_id)
    if not is_postgresql(session):
        # SQLite counts on from the highest id there is.
        return
    for part in parts():
        key = part.target.autoincrement_column
        if key is not None:
            await session.execute(_count_on(part.name, key.name))
    await account_search.settle(session)
    await count_anew(session)


async def _refers_within(
    session: AsyncSession, part: Part, column: sa.Column[Any], other: sa.Column[Any], team_id: str
) -> None:
    parent = other.table.alias("parent")
    if "team_id" not in parent.c:
        return
    # Not a search for rows of others, which PostgreSQL would hide: among the team's own rows there must be one.
    found = sa.and_(parent.c[other.name] == column, parent.c.team_id == team_id)
    strange = (
        sa.select(sa.literal(1))
        .select_from(part.target.outerjoin(parent, found))
        .where(part.team == team_id, column.is_not(None), parent.c[other.name].is_(None))
    )
    if (await session.execute(strange.limit(1))).first() is not None:
        raise NotStored(Trouble.REFERS, part.name, column.name)


def _count_on(name: str, key: str) -> sa.TextClause:
    # Never back: others may have been given higher ids, also such as they have not written yet.
    sequence = f"pg_get_serial_sequence('{name}', '{key}')"
    highest = f'(SELECT max("{key}") FROM "{name}")'  # noqa: S608 - our own names
    return sa.text(
        f"SELECT setval({sequence}, {highest}) WHERE {highest} > "
        f"coalesce((SELECT pg_sequence_last_value(CAST({sequence} AS regclass))), 0)"
    )


async def secrets(session: AsyncSession) -> tuple[list[str], list[str]]:
    """The secrets of the team's calendars and of its forms, encrypted."""
    calendars = sa.select(CalendarConnection.secret).where(CalendarConnection.secret != "")
    return list(await session.scalars(calendars)), list(await session.scalars(sa.select(FormSource.secret)))


@asynccontextmanager
async def _told(part: Part) -> AsyncIterator[None]:
    """What the database answered, in our words. Its details are left out: they show values."""
    try:
        yield
    except (psycopg.Error, sqlite3.Error, OverflowError, UnicodeError) as refused:
        raise _not_stored(part, refused) from refused
    except sa.exc.DBAPIError as refused:
        raise _not_stored(part, refused.orig or refused) from refused


def _not_stored(part: Part, refused: BaseException) -> NotStored:
    if isinstance(refused, psycopg.Error):
        kinds: dict[type[psycopg.Error], Trouble] = {
            psycopg.errors.UniqueViolation: Trouble.TAKEN,
            psycopg.errors.ForeignKeyViolation: Trouble.REFERS,
            psycopg.errors.DataError: Trouble.VALUES,
        }
        trouble = next((kind for known, kind in kinds.items() if isinstance(refused, known)), Trouble.ELSE)
        return NotStored(trouble, part.name, refused.diag.message_primary or type(refused).__name__)
    if isinstance(refused, OverflowError | UnicodeError):
        return NotStored(Trouble.VALUES, part.name, type(refused).__name__)
    said = str(refused)
    words = {"UNIQUE constraint": Trouble.TAKEN, "FOREIGN KEY constraint": Trouble.REFERS}
    trouble = next((kind for word, kind in words.items() if word in said), Trouble.ELSE)
    return NotStored(trouble, part.name, said)
