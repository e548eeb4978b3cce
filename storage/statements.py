"""Statements that are built once and run on the connection itself: what the measured ways are made of.

They go past the session, and so past its filter: each of them names the team.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Base

TEAM = "in_team"
"""The parameter by which every statement here is told its team; `run` sets it."""


def table(model: type[Base]) -> sa.Table:
    """The table of a model."""
    return cast("sa.Table", model.__table__)


async def run(session: AsyncSession, statement: sa.Executable, parameters: Mapping[str, Any]) -> sa.CursorResult[Any]:
    """Run a statement in the session's transaction."""
    connection = await session.connection()
    return await connection.execute(statement, dict(parameters))


async def select(session: AsyncSession, statement: sa.Select[Any], **parameters: Any) -> sa.CursorResult[Any]:
    """Run a prepared selection; `TEAM` is filled in."""
    return await run(session, statement, {TEAM: session.info["team_id"], **parameters})


async def insert(session: AsyncSession, model: type[Base], values: Mapping[str, Any]) -> int:
    """Add a row of the session's team; its id."""
    added = await run(session, _insert(model), {"team_id": session.info["team_id"], **values})
    (key,) = added.inserted_primary_key or (0,)
    return int(key)


async def insert_once(
    session: AsyncSession, model: type[Base], values: Mapping[str, Any], *, unique: tuple[str, ...]
) -> Any | None:
    """Add a row unless one with the same `unique` columns is there: its primary key, or None when there was one.

    Waits for a transaction that is just adding the same.
    """
    dialect = session.get_bind().dialect.name
    return (await run(session, _insert_once(model, dialect, unique), values)).scalar_one_or_none()


async def update(session: AsyncSession, model: type[Base], key: int, values: Mapping[str, Any]) -> None:
    """Set columns of a row of the session's team. A `version` is counted up."""
    await run(session, _update(model), {"in_key": key, TEAM: session.info["team_id"], **values})


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
def _update(model: type[Base]) -> sa.Update:
    target = table(model)
    statement = sa.update(target).where(target.c.id == sa.bindparam("in_key"), target.c.team_id == sa.bindparam(TEAM))
    return statement.values(version=target.c.version + 1) if "version" in target.c else statement
