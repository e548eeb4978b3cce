"""All rows of one team, as values that JSON can hold and that give the same row back on either database."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from storage.outbox import OPEN, DeliveryState
from storage.statements import table
from storage.tables import (
    Account,
    AuditPermit,
    Base,
    Delivery,
    Installation,
    JobBeat,
    JobPlan,
    JobRun,
    Mail,
    Moment,
    OfTeam,
    Passage,
    PassageDue,
    PassageSigns,
    PassageVector,
    SlackPace,
    SpentState,
    Team,
)

LEFT_OUT: Mapping[type[Base], str] = {
    AuditPermit: "What a transaction under way may do. It is empty to everybody else.",
    JobRun: "What this installation's clock has done. A new clock must not take another's for its own past.",
    JobPlan: "Since when a job is due here: where the team arrives later, nothing from before was missed.",
    SlackPace: "When Slack takes the next call. Where the team arrives later, that has passed.",
    JobBeat: "When this installation's processes last ran something. It belongs to no team.",
    Installation: "Tokens for the workspace, which nobody but this installation may have.",
    Passage: "Made of other tables. Where those rows arrive they are due, and the passages are made anew.",
    PassageDue: "What this installation has to make anew. Rows that arrive elsewhere are due there.",
    PassageSigns: "Made of passages, where a language model is set up.",
    PassageVector: "Made of passages, where a language model is set up.",
    SpentState: "Who has just come back from Slack's consent page. It belongs to no team.",
}
"""The tables that are no team's data, and why. The queue's own tables are none either: what is left to do in them is
found again in the states of deliveries and letters."""

DERIVED: Mapping[type[Base], frozenset[str]] = {Account: frozenset({"grams"})}
"""Columns that are made of others, and differently on the two databases."""

BATCH = 1_000
"""Rows that are read at a time."""

Value = Any
"""What JSON can hold."""


class Unfit(ValueError):
    """A value that its column cannot hold."""


class Way(NamedTuple):
    """How a column's values become what JSON can hold, and back again. `back` raises `Unfit`."""

    out: Callable[[Any], Value]
    back: Callable[[Value], Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A table as it is exported."""

    model: type[Base]
    target: sa.Table
    ways: Mapping[str, Way]
    """By column, in the order of the names."""

    @property
    def name(self) -> str:
        """The table's name."""
        return self.target.name

    @property
    def team(self) -> sa.Column[str]:
        """The column that says whose row it is."""
        return self.target.c.id if self.model is Team else self.target.c.team_id

    def row(self, values: Sequence[Any]) -> dict[str, Value]:
        """A row as it is exported, from its values in the order of `ways`."""
        row = {
            name: None if value is None else way.out(value)
            for (name, way), value in zip(self.ways.items(), values, strict=True)
        }
        return _begun(row) if self.model in (Delivery, Mail) else row

    def values(self, row: Any, team_id: str) -> tuple[Any, ...]:
        """An exported row's values in the order of `ways`. Raises `Unfit` for what is no row of this table and team."""
        if not isinstance(row, dict) or row.keys() != self.ways.keys():
            raise Unfit("columns")
        if row[self.team.name] != team_id:
            raise Unfit(self.team.name)
        return tuple(self._value(name, row[name]) for name in self.ways)

    def _value(self, name: str, value: Value) -> Any:
        if value is None:
            if not self.target.c[name].nullable:
                raise Unfit(name)
            return None
        try:
            return self.ways[name].back(value)
        except (ValueError, OverflowError) as unfit:
            raise Unfit(name) from unfit


@cache
def parts() -> tuple[Part, ...]:
    """The tables that are exported, each after those that its rows refer to."""
    models = {mapper.local_table: mapper.class_ for mapper in Base.registry.mappers}
    found = [models[target] for target in Base.metadata.sorted_tables if models[target] not in LEFT_OUT]
    for model in found:
        if model is not Team and not issubclass(model, OfTeam):
            raise TypeError(f"{model.__tablename__}: whose are its rows? Make it OfTeam, or say in LEFT_OUT why not.")
    return tuple(_part(model) for model in found)


def _part(model: type[Base]) -> Part:
    target, derived = table(model), DERIVED.get(model, frozenset())
    names = sorted(column.name for column in target.c if column.name not in derived)
    return Part(model, target, {name: _way(target.c[name].type) for name in names})


# Values


def _way(kind: sa.types.TypeEngine[Any]) -> Way:
    for known, way in _WAYS:
        if isinstance(kind, known):
            return way
    raise TypeError(f"Values of the type {kind!r} have no way into an export yet.")


def _typed(kind: type) -> Callable[[Value], Any]:
    def back(value: Value) -> Any:
        # Not isinstance: true and false are numbers to Python.
        if type(value) is not kind:
            raise Unfit
        return value

    return back


def _moment_out(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _moment_back(value: Value) -> datetime:
    moment = datetime.fromisoformat(_typed(str)(value))
    if moment.tzinfo is None:
        raise Unfit
    return moment.astimezone(UTC)


def _date_back(value: Value) -> date:
    return date.fromisoformat(_typed(str)(value))


def _float_back(value: Value) -> float:
    return float(value) if type(value) is int else float(_typed(float)(value))


def _json_out(value: Value) -> Value:
    """The same value as PostgreSQL gives it back: there numbers of 10^16 and more are written out, and come back as
    whole ones, and nothing is less than nothing only by its sign."""
    if isinstance(value, float) and math.isfinite(value):
        if value == 0:
            return 0.0
        return int(value) if abs(value) >= 1e16 else value
    if isinstance(value, dict):
        return {key: _json_out(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_json_out(each) for each in value]
    return value


def _json_back(value: Value) -> Value:
    if not isinstance(value, dict | list):
        raise Unfit
    return value


_WAYS: tuple[tuple[type[sa.types.TypeEngine[Any]], Way], ...] = (
    (Moment, Way(_moment_out, _moment_back)),
    (sa.Date, Way(date.isoformat, _date_back)),
    (sa.Boolean, Way(bool, _typed(bool))),
    (sa.Integer, Way(int, _typed(int))),
    (sa.Float, Way(float, _float_back)),
    (sa.String, Way(str, _typed(str))),
    (sa.JSON, Way(_json_out, _json_back)),
)


def _begun(row: dict[str, Value]) -> dict[str, Value]:
    """A delivery or letter as an export may tell it. What waits to be sent may be sent a moment after it was read, so
    it is told as begun: whoever takes it up looks first whether it arrived, or asks, and nothing goes out twice."""
    if row["state"] not in OPEN:
        return row
    return {**row, "state": DeliveryState.SENDING.value, "claimed_at": row["claimed_at"] or row["created_at"]}


# Reading


async def revision(session: AsyncSession) -> str:
    """The database's schema revision."""
    return str(await session.scalar(sa.text("SELECT version_num FROM alembic_version")))


async def rows(session: AsyncSession, part: Part) -> AsyncIterator[list[dict[str, Value]]]:
    """The team's rows of a table in the order of the primary key, some at a time: no more are held."""
    connection = await session.connection()
    read = _stream if connection.dialect.name == "postgresql" else _pages
    statement = sa.select(*(part.target.c[name] for name in part.ways)).where(part.team == session.info["team_id"])
    async for found in read(connection, part, statement):
        yield [part.row(each) for each in found]


async def _stream(
    connection: AsyncConnection, part: Part, statement: sa.Select[Any]
) -> AsyncIterator[Sequence[sa.Row[Any]]]:
    # By code point, as SQLite does it, whatever the database's language is.
    order = [column.collate("C") if isinstance(column.type, sa.String) else column for column in _key(part)]
    result = await connection.stream(statement.order_by(*order), execution_options={"yield_per": BATCH})
    try:
        async for found in result.partitions():
            yield found
    finally:
        await result.close()


async def _pages(
    connection: AsyncConnection, part: Part, statement: sa.Select[Any]
) -> AsyncIterator[Sequence[sa.Row[Any]]]:
    """SQLite's driver brings all rows of a result at once, so each batch is a question of its own, which begins after
    the last row of the one before."""
    key = _key(part)
    places = [list(part.ways).index(column.name) for column in key]
    page = statement.order_by(*key).limit(BATCH)
    found = (await connection.execute(page)).all()
    while found:
        yield found
        if len(found) < BATCH:
            return
        last = [sa.literal(found[-1][place], column.type) for place, column in zip(places, key, strict=True)]
        found = (await connection.execute(page.where(sa.tuple_(*key) > sa.tuple_(*last)))).all()


def _key(part: Part) -> list[sa.Column[Any]]:
    return list(part.target.primary_key.columns)
