"""Rows for every table there is, whatever they mean: what an export has to carry."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from services.data.quality import account_keys
from storage.exports import Part, parts
from storage.outbox import DeliveryState
from storage.tables import Account, Delivery, Mail, Moment

DAY = date(2026, 4, 1)


@dataclass(frozen=True)
class Pool:
    """Values that the rows are made of. PostgreSQL holds all of them."""

    texts: list[str] = field(
        default_factory=lambda: [
            "",
            "\\N",
            "\\.",
            'a\tb\r\nc\\n"',
            "\u2028\u2029\x85\x0b\x1c\x7f",
            "𠮷野家🏯 が は\u3099",
            "null",
            "=1+1",
            "\\u0000 \\ud800",
        ]
    )
    documents: list[Any] = field(
        default_factory=lambda: [
            {},
            {"b": [1.0, 1e22, -0.0, 1e-9, 10**30, True, None], "a": {"ひ": "\\", "": "\n"}, "B": 0.1},
            {"z": [{"y": 2, "x": 1}], "é": "e\u0301"},
        ]
    )
    floats: list[float] = field(default_factory=lambda: [0.0, 0.1 + 0.2, 1e22, -1.5])
    wholes: list[int] = field(default_factory=lambda: [0, -1, 2**63 - 1, -(2**63)])
    moments: list[datetime] = field(
        default_factory=lambda: [
            datetime(2026, 4, 1, tzinfo=UTC),
            datetime(2025, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(1950, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        ]
    )


# NUL and halves of characters: PostgreSQL has neither.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
_DOCUMENT = st.recursive(
    st.lists(_LEAVES, max_size=3) | st.dictionaries(TEXT, _LEAVES, max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=6,
)
POOLS = st.builds(
    Pool,
    st.lists(TEXT, min_size=3, max_size=5),
    st.lists(_DOCUMENT, min_size=1, max_size=3),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=2),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=3),
    st.lists(
        st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone stands beside
        min_size=1,
        max_size=3,
    ),
)


async def fill(session: AsyncSession, pool: Pool, first: int, each: int = 2) -> None:
    """Give every table that holds nothing of the session's team so many rows, with ids from `first` on."""
    team_id, numbers = session.info["team_id"], count(1_000 * first)
    known: dict[str, list[Any]] = {}
    for part in parts():
        key = next(iter(part.target.primary_key.columns))
        there = sa.select(key).where(part.team == team_id).order_by(key).limit(each)
        known[part.name] = list(await session.scalars(there))
        if known[part.name]:
            continue
        rows = [
            _row(part, pool, team_id, known, place, first, numbers)
            for place in range(1 if part.name == "teams" else each)
        ]
        await session.execute(sa.insert(part.target), rows)
        known[part.name] = [row[key.name] for row in rows]


def _row(
    part: Part, pool: Pool, team_id: str, known: dict[str, list[Any]], place: int, first: int, numbers: Any
) -> dict[str, Any]:
    alone = {column.name for columns in _unique(part.target) for column in columns}
    row: dict[str, Any] = {}
    for name in part.ways:
        column = part.target.c[name]
        number = next(numbers)
        if column is part.team:
            row[name] = team_id
        elif column.foreign_keys:
            (reference,) = column.foreign_keys
            row[name] = known[reference.column.table.name][place]
        elif column is part.target.autoincrement_column:
            row[name] = first + place
        elif column.nullable and number % 3 == 0:
            row[name] = None
        else:
            row[name] = _value(column.type, pool, number, alone=name in alone)
    if part.model in (Delivery, Mail):
        row["state"] = list(DeliveryState)[place % len(DeliveryState)].value
    if part.model is Account:
        # The line that a search is made in has a form of its own.
        keys = account_keys(row["name"], reading=row["reading"], name_en=row["name_en"])
        row |= {"name_key": keys.name_key, "search_text": keys.search_text}
    return row


def _unique(target: sa.Table) -> list[Any]:
    constraints = [each.columns for each in target.constraints if isinstance(each, sa.UniqueConstraint)]
    return [target.primary_key.columns, *constraints, *(each.columns for each in target.indexes if each.unique)]


def _value(kind: Any, pool: Pool, number: int, *, alone: bool) -> Any:
    def one(values: list[Any]) -> Any:
        return values[number % len(values)]

    if isinstance(kind, Moment):
        return one(pool.moments)
    if isinstance(kind, sa.Date):
        return DAY + timedelta(days=number)
    if isinstance(kind, sa.Boolean):
        return number % 2 == 0
    if isinstance(kind, sa.Integer):
        bits = 15 if isinstance(kind, sa.SmallInteger) else 63 if isinstance(kind, sa.BigInteger) else 31
        return number % 30_000 if alone else int(math.fmod(one(pool.wholes), 2**bits))
    if isinstance(kind, sa.Float):
        return one(pool.floats)
    if isinstance(kind, sa.String):
        text = one(pool.texts)[: kind.length]
        return f"{text[: max(0, kind.length - 12) if kind.length else None]}{number}" if alone else text
    assert isinstance(kind, sa.JSON), kind
    return one(pool.documents)
