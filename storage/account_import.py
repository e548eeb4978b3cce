"""Many companies at once, each batch in the caller's transaction.

A batch asks which of its companies are there, adds the others, and changes those that differ. New ones go to the
database in a few large statements: one per row would cost more than the work itself, and on SQLite each of them would
wait for the interpreter, in which the next batch is being read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.data.search import ngrams
from storage import account_search, bulk, roll_up
from storage.account_search import is_postgresql
from storage.tables import Account

FIELDS = (
    "corporate_number",
    "name",
    "reading",
    "name_en",
    "industry",
    "listed",
    "address",
    "website",
    "business",
    "capital_million_yen",
    "employees",
)
"""What a file can say of a company, in the order of an incoming company's values."""

_NUMBERS = frozenset({"capital_million_yen", "employees"})


class Incoming(NamedTuple):
    """A company as it comes in. `values` in the order of FIELDS; "" and None say nothing and change nothing."""

    values: tuple[Any, ...]
    name_key: str
    search_text: str


class Standing(NamedTuple):
    """A company that is there and differs from what came in."""

    id: int
    values: tuple[Any, ...]
    name_key: str
    search_text: str


# Which are there


def _cell(postgresql: bool, index: int, kind: str = "") -> str:
    if postgresql:
        return f"(j.value ->> {index}){'::' + kind if kind else ''}"
    return f"json_extract(j.value, '$[{index}]')"


def _source(postgresql: bool) -> str:
    if postgresql:
        return "json_array_elements(CAST(:rows AS json)) WITH ORDINALITY AS j(value, place)"
    return "json_each(:rows) AS j"


def _matching(postgresql: bool) -> sa.TextClause:
    number, key, address = (_cell(postgresql, index) for index in range(3))
    # Every string here is written in this module; what a person typed goes in as `:rows`.
    return sa.text(
        f"""
        SELECT place, id FROM (
            SELECT {"j.place - 1" if postgresql else "j.key"} AS place, coalesce(
                (SELECT a.id FROM accounts a WHERE a.team_id = :team AND a.corporate_number = {number}),
                CASE WHEN {number} IS NULL THEN
                    (SELECT a.id FROM accounts a
                     WHERE a.team_id = :team AND a.name_key = {key} AND a.address = {address}
                     ORDER BY a.id LIMIT 1)
                ELSE
                    (SELECT a.id FROM accounts a
                     WHERE a.team_id = :team AND a.name_key = {key} AND a.address = {address}
                       AND a.corporate_number IS NULL
                     ORDER BY a.id LIMIT 1)
                END
            ) AS id FROM {_source(postgresql)}
        ) AS matched WHERE id IS NOT NULL
        """  # noqa: S608 - see above
    )


_MATCHING = {postgresql: _matching(postgresql) for postgresql in (False, True)}


def match_text(companies: Sequence[Incoming]) -> str:
    """The question which of these are there, prepared: costly, and no business of the event loop."""
    return json.dumps(
        [[company.values[0] or None, company.name_key, company.values[6]] for company in companies],
        ensure_ascii=False,
    )


async def matches(session: AsyncSession, rows: str) -> dict[int, int]:
    """Place in the batch → id of the company that it is, for those that are there.

    A company is known by its corporate number, else by name key and address where one of the two has no number.
    """
    if is_postgresql(session):
        await session.execute(_BY_INDEX)
    found = await session.execute(_MATCHING[is_postgresql(session)], {"rows": rows, "team": session.info["team_id"]})
    return {int(place): int(account_id) for place, account_id in found}


# A plan made while the table was small, and kept, would read a table that has grown once for every row.
_BY_INDEX = sa.text("SET LOCAL enable_seqscan = off")


# Those that are not


Packed = bytes | list[Any]
"""New companies as the database takes them. PostgreSQL: lines for COPY. SQLite: of each company the values of
_SQLITE_COLUMNS and its grams."""


def pack(postgresql: bool, team_id: str, companies: Sequence[Incoming], now: datetime) -> Packed:
    """New companies as the database takes them: costly, and no business of the event loop.

    On SQLite shorter names come first: ids are given in this order, and the search index is written in it.
    """
    if postgresql:
        moment = now.astimezone(UTC).isoformat()
        return "".join([_copy_line(team_id, company, moment) for company in companies]).encode()
    # As the column's type writes it (storage/tables.py: Moment).
    moment = now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return [
        (
            *company.values[1:],
            company.values[0] or None,
            company.name_key,
            company.search_text,
            team_id,
            moment,
            moment,
            ngrams(company.search_text),
        )
        for company in sorted(companies, key=lambda company: len(company.name_key))
    ]


_COPY_COLUMNS = ("team_id", *FIELDS, "name_key", "search_text", "grams", "created_at", "updated_at")
_needs_escape = re.compile(r"[\\\t\n\r]").search
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_NULL = r"\N"


def _copy_line(team_id: str, company: Incoming, moment: str) -> str:
    texts: Sequence[str] = company.values[1:9]
    if any(map(_needs_escape, texts)):
        texts = [text.translate(_ESCAPES) for text in texts]
    number, capital, employees = company.values[0], company.values[9], company.values[10]
    # A set of numbers is written as PostgreSQL writes an array of them.
    grams = account_search.numbers(team_id, company.name_key, company.search_text)
    return (
        f"{team_id}\t{number or _NULL}\t" + "\t".join(texts) + f"\t{_NULL if capital is None else capital}"
        f"\t{_NULL if employees is None else employees}\t{company.name_key}\t{company.search_text}\t{grams}"
        f"\t{moment}\t{moment}\n"
    )


_SQLITE_COLUMNS = (*FIELDS[1:], FIELDS[0], "name_key", "search_text", "team_id", "created_at", "updated_at")
# SQLite takes 32,766 values in one statement.
_SQLITE_ROWS = 32_766 // (len(_SQLITE_COLUMNS) + 1)


def _values(columns: int, rows: int) -> str:
    return ", ".join([f"({', '.join('?' * columns)})"] * rows)


async def insert(session: AsyncSession, packed: Packed) -> list[int]:
    """Add what `pack` made; the new ids. Nobody else may add companies in the meantime (`accounts.lock`)."""
    connection = await session.connection()
    # Of all teams where they can be seen: they share the table, and so its ids. On PostgreSQL ids only grow.
    newest = (await connection.execute(_NEWEST)).scalar() or 0
    if isinstance(packed, bytes):
        for setting in _ROOM_POSTGRESQL:
            await connection.execute(setting)
        driver: Any = (await connection.get_raw_connection()).driver_connection
        async with bulk.copying(driver, "accounts", _COPY_COLUMNS) as copy:
            await copy.write(packed)
        await account_search.settle(session)
        return list(await session.scalars(sa.select(Account.id).where(Account.id > newest)))
    await connection.execute(_ROOM_SQLITE)
    first = newest + 1
    team_row = account_search.first_row_id(session.info["team_id"])
    for start in range(0, len(packed), _SQLITE_ROWS):
        chunk = packed[start : start + _SQLITE_ROWS]
        ids = range(first + start, first + start + len(chunk))
        values = tuple(value for key, row in zip(ids, chunk, strict=True) for value in (key, *row[:-1]))
        await connection.exec_driver_sql(_sqlite_insert(len(chunk)), values)
        grams = tuple(
            value
            for key, row in zip(ids, chunk, strict=True)
            for value in (team_row + account_search.length_rows(len(row[_NAME_KEY])) + key, row[-1])
        )
        await connection.exec_driver_sql(_sqlite_index(len(chunk)), grams)
    return list(range(first, first + len(packed)))


# 64 MB instead of 2: a batch touches pages all over the indexes, and those that do not fit are written several times.
_ROOM_SQLITE = sa.text("PRAGMA cache_size = -65536")
# The grams of a whole batch are sorted into the index in one go instead of in many small ones.
_ROOM_POSTGRESQL = (
    sa.text("SET LOCAL gin_pending_list_limit = '64MB'"),
    sa.text("SET LOCAL maintenance_work_mem = '128MB'"),
)
_NAME_KEY = _SQLITE_COLUMNS.index("name_key")


# The text of a full chunk is long and always the same.
@lru_cache(maxsize=4)
def _sqlite_insert(rows: int) -> str:
    columns = ("id", *_SQLITE_COLUMNS)
    return f"INSERT INTO accounts ({', '.join(columns)}) VALUES {_values(len(columns), rows)}"  # noqa: S608 - written here


@lru_cache(maxsize=4)
def _sqlite_index(rows: int) -> str:
    return f"INSERT INTO account_search (rowid, grams) VALUES {_values(2, rows)}"  # noqa: S608 - written here


_NEWEST = sa.text("SELECT max(id) FROM accounts")


async def count_anew(session: AsyncSession) -> None:
    """Tell the database to look at what many changes have made of the table: until PostgreSQL does so by itself, which
    takes minutes, it plans searches as if the table were small, and they take ten times as long."""
    if is_postgresql(session):
        await session.execute(sa.text("SELECT kakehashi_count_accounts()"))


# Those that differ


def _differing(postgresql: bool) -> sa.TextClause:
    differs = []
    for place, name in enumerate(FIELDS, start=1):
        cell = _cell(postgresql, place, "bigint" if name in _NUMBERS else "")
        distinct = "IS DISTINCT FROM" if postgresql else "IS NOT"
        said = f"{cell} IS NOT NULL" if name in _NUMBERS else f"{cell} <> ''"
        differs.append(f"({said} AND a.{name} {distinct} {cell})")
    # On SQLite a cross join keeps its order: else the team's companies are read through once for each row.
    join = "JOIN" if postgresql else "CROSS JOIN"
    return sa.text(
        f"""
        SELECT {"j.place - 1" if postgresql else "j.key"} AS place, a.id, {", ".join(f"a.{name}" for name in FIELDS)},
               a.name_key, a.search_text
        FROM {_source(postgresql)} {join} accounts a ON a.id = {_cell(postgresql, 0, "bigint")}
        WHERE a.team_id = :team AND ({" OR ".join(differs)})
        """  # noqa: S608 - every string is written in this module
    )


_DIFFERING = {postgresql: _differing(postgresql) for postgresql in (False, True)}


def compare_text(companies: Sequence[tuple[int, Incoming]]) -> str:
    """The question which of these companies (with their ids) differ, prepared like `match_text`."""
    return json.dumps([(account_id, *company.values) for account_id, company in companies], ensure_ascii=False)


async def differing(session: AsyncSession, rows: str) -> dict[int, Standing]:
    """Place in the question → the company as it stands, for those that differ from what came in."""
    found = await session.execute(_DIFFERING[is_postgresql(session)], {"rows": rows, "team": session.info["team_id"]})
    size = len(FIELDS)
    return {place: Standing(key, tuple(rest[:size]), rest[size], rest[size + 1]) for place, key, *rest in found}


async def change(session: AsyncSession, changes: Sequence[tuple[Standing, Incoming]], now: datetime) -> None:
    """Give companies their new values, and the index its."""
    postgresql, team_id = is_postgresql(session), session.info["team_id"]
    updates: list[Mapping[str, Any]] = []
    moved: list[tuple[Standing, Incoming]] = []
    for standing, incoming in changes:
        values = dict(zip(FIELDS, incoming.values, strict=True))
        values["corporate_number"] = values["corporate_number"] or None
        values |= {"key": standing.id, "name_key": incoming.name_key, "search_text": incoming.search_text, "now": now}
        if postgresql:
            values["grams"] = sorted(account_search.numbers(team_id, incoming.name_key, incoming.search_text))
        updates.append(values)
        if (standing.name_key, standing.search_text) != (incoming.name_key, incoming.search_text):
            moved.append((standing, incoming))
    industry = FIELDS.index("industry")
    regrouped = [old.id for old, new in changes if old.values[industry] != new.values[industry]]
    # The best hour is learned by industry, so calls follow their company into its new one.
    hours = await roll_up.hours_of(session, regrouped) if regrouped else {}
    connection = await session.connection()
    table = Account.__table__
    columns: dict[str, Any] = {name: sa.bindparam(name) for name in (*FIELDS, "name_key", "search_text")}
    if postgresql:
        columns["grams"] = sa.bindparam("grams")
    statement = (
        sa.update(table)  # type: ignore[arg-type]  # a Table; typed as any clause that can be selected from
        .where(table.c.team_id == team_id, table.c.id == sa.bindparam("key"))
        .values({**columns, "updated_at": sa.bindparam("now")})
    )
    await connection.execute(statement, updates)
    await roll_up.regroup(session, hours, regrouped)
    if postgresql:
        await account_search.settle(session)
    else:
        await account_search.replace_sqlite(
            session,
            [account_search.Entry(standing.id, standing.name_key, standing.search_text) for standing, _ in moved],
            [account_search.Entry(standing.id, new.name_key, new.search_text) for standing, new in moved],
        )
