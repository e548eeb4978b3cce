"""Statements that are built once and run on the connection itself: what the measured ways are made of.

They go past the session, and so past its filter: each of them names the team.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.brief import Answer, Brief
from storage.tables import Base

Transaction = AsyncSession | Brief
"""Where a statement runs: in a session, or in a brief transaction (storage/brief.py)."""

TEAM = "in_team"
"""The parameter by which every statement here is told its team; `run` sets it."""


def table(model: type[Base]) -> sa.Table:
    """The table of a model."""
    return cast("sa.Table", model.__table__)


def team_of(transaction: Transaction) -> str:
    """The team whose rows it sees."""
    return transaction.team_id if isinstance(transaction, Brief) else str(transaction.info["team_id"])


async def run(
    transaction: Transaction, statement: sa.Executable, parameters: Mapping[str, Any]
) -> sa.CursorResult[Any] | Answer:
    """Run a statement and bring its rows."""
    if isinstance(transaction, Brief):
        return await transaction.run(statement, parameters)
    connection = await transaction.connection()
    return await connection.execute(statement, dict(parameters))


async def select(
    transaction: Transaction, statement: sa.Select[Any], **parameters: Any
) -> sa.CursorResult[Any] | Answer:
    """Run a prepared selection; `TEAM` is filled in."""
    return await run(transaction, statement, {TEAM: team_of(transaction), **parameters})


def select_later(brief: Brief, statement: sa.Select[Any], **parameters: Any) -> Answer:
    """A prepared selection whose rows come with the next trip."""
    return brief.later(statement, {TEAM: brief.team_id, **parameters})


async def insert(session: AsyncSession, model: type[Base], values: Mapping[str, Any]) -> int:
    """Add a row of the session's team; its id."""
    connection = await session.connection()
    added = await connection.execute(_insert(model), {"team_id": session.info["team_id"], **values})
    (key,) = added.inserted_primary_key or (0,)
    return int(key)


async def append(transaction: Transaction, model: type[Base], values: Mapping[str, Any]) -> None:
    """Add a row whose id nobody needs."""
    await send(transaction, _insert(model), {"team_id": team_of(transaction), **values})


async def insert_once(
    transaction: Transaction, model: type[Base], values: Mapping[str, Any], *, unique: tuple[str, ...]
) -> Any | None:
    """Add a row unless one with the same `unique` columns is there: its primary key, or None when there was one.

    Waits for a transaction that is just adding the same.
    """
    dialect = transaction.dialect if isinstance(transaction, Brief) else transaction.get_bind().dialect
    return (await run(transaction, _insert_once(model, dialect.name, unique), values)).scalar_one_or_none()


async def insert_last(
    transaction: Transaction, model: type[Base], values: Mapping[str, Any], *, unique: tuple[str, ...]
) -> Any | None:
    """`insert_once` as the last thing a transaction does: a brief one sends it with its commit. When there was such a
    row, nothing of a brief transaction is committed."""
    if not isinstance(transaction, Brief):
        return await insert_once(transaction, model, values, unique=unique)
    try:
        return (await transaction.last(_insert_returning(model), values)).scalar_one_or_none()
    except psycopg.errors.UniqueViolation as there:
        if there.diag.constraint_name not in _constraints(model, unique):
            raise
    except sqlite3.IntegrityError as there:
        if f": {', '.join(f'{model.__tablename__}.{name}' for name in unique)}" not in str(there):
            raise
    return None


async def update(transaction: Transaction, model: type[Base], key: int, values: Mapping[str, Any]) -> None:
    """Set columns of a row of the team. A `version` is counted up."""
    await send(transaction, _update(model), {"in_key": key, TEAM: team_of(transaction), **values})


async def send(transaction: Transaction, statement: sa.Executable, parameters: Mapping[str, Any]) -> None:
    """Run a statement that brings nothing; a brief transaction sends it with the next trip."""
    if isinstance(transaction, Brief):
        transaction.later(statement, parameters)
    else:
        await run(transaction, statement, parameters)


@cache
def _insert(model: type[Base]) -> sa.Insert:
    return sa.insert(table(model))


@cache
def _insert_once(model: type[Base], dialect: str, unique: tuple[str, ...]) -> sa.Executable:
    target = table(model)
    kind = postgresql.insert if dialect == "postgresql" else sqlite.insert
    (key,) = target.primary_key.columns
    return kind(target).on_conflict_do_nothing(index_elements=list(unique)).returning(key)


@cache
def _constraints(model: type[Base], unique: tuple[str, ...]) -> frozenset[str]:
    # By name: PostgreSQL does not tell the columns of rows that policies may hide.
    found = (each for each in table(model).constraints if isinstance(each, sa.UniqueConstraint))
    return frozenset(str(each.name) for each in found if tuple(each.columns.keys()) == unique)


@cache
def _insert_returning(model: type[Base]) -> sa.Executable:
    target = table(model)
    (key,) = target.primary_key.columns
    return sa.insert(target).returning(key)


@cache
def _update(model: type[Base]) -> sa.Update:
    target = table(model)
    statement = sa.update(target).where(target.c.id == sa.bindparam("in_key"), target.c.team_id == sa.bindparam(TEAM))
    return statement.values(version=target.c.version + 1) if "version" in target.c else statement
