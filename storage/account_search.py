"""The search index of accounts, on SQLite and on PostgreSQL.

SQLite: a full-text table without content holds each account's grams as words. Its row ids are made of team, length of
the name and id, so reading it in order gives the team's accounts with the shorter names first, and stops at the limit.
Nothing keeps it in step by itself: whoever adds, changes or deletes an account says so here. A row that was forgotten
costs a look at the account and finds nothing.

PostgreSQL: a GIN index over the grams as numbers. It has no order, so each account carries one more number, made of
team and length class of its name: a search with many answers asks for the classes one after the other. Under row-level
security only a function of the tables' owner can use that index (migrations/versions/0006_isolation.py says why).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from domain.data.search import Branch, Query, Tier, gram_numbers, ngrams, numbers_of, rank
from storage.tables import Account

ID_BITS, _LENGTH_BITS, _TEAM_BITS = 36, 7, 20
MAX_LENGTH = (1 << _LENGTH_BITS) - 1
_ID_MASK = (1 << ID_BITS) - 1

# The longest name of each length class; the last class has no end.
_CLASSES = (3, 4, 5, 6, 7, 9, 12)
# So many candidates are read at once without asking for an order.
_FEW = 600

_FULL_TEXT = sa.table("account_search", sa.column("rowid", sa.BigInteger))


class Found(NamedTuple):
    """A hit, as a list shows it."""

    id: int
    name: str
    reading: str
    industry: str
    address: str
    corporate_number: str | None


_COLUMNS: tuple[Any, ...] = (
    Account.id,
    Account.name,
    Account.reading,
    Account.industry,
    Account.address,
    Account.corporate_number,
)


def is_postgresql(session: AsyncSession) -> bool:
    """Whether the session is on PostgreSQL; otherwise it is on SQLite."""
    return session.get_bind().dialect.name == "postgresql"


# Writing


def first_row_id(team_id: str) -> int:
    """SQLite: where a team's accounts begin. With `length_rows` and the account's id it makes the row id."""
    team = crc32(team_id.encode()) & ((1 << _TEAM_BITS) - 1)
    return team << _LENGTH_BITS + ID_BITS


def length_rows(length: int) -> int:
    """SQLite: how far into its team an account with a name of this length stands."""
    return min(length, MAX_LENGTH) << ID_BITS


def class_number(team_id: str, length_class: int) -> int:
    """PostgreSQL: the number that all accounts of a team with names of one length class carry.

    Made of two private-use characters, which folding removes from every name. Teams may share numbers: it only
    narrows the search, the team itself is always asked for too.
    """
    team = crc32(team_id.encode())
    return 0xE000 + (length_class << 8 | team & 0xFF) | (0xE000 + (team >> 8 & 0xFFF)) << 16


def class_of(length: int) -> int:
    """The length class of a name."""
    return sum(length > longest for longest in _CLASSES)


_SIGN, _RANGE = 1 << 31, 1 << 32


def signed(number: int) -> int:
    """The number as PostgreSQL's integer keeps it."""
    return number - _RANGE if number >= _SIGN else number


def numbers(team_id: str, name_key: str, search_text: str) -> set[int]:
    """PostgreSQL: the content of an account's `grams`."""
    grams = gram_numbers(search_text)
    grams.add(signed(class_number(team_id, class_of(len(name_key)))))
    return grams


class Entry(NamedTuple):
    """What the index knows of an account."""

    account_id: int
    name_key: str
    search_text: str


async def add(session: AsyncSession, entry: Entry) -> None:
    """Make a new account findable."""
    if is_postgresql(session):
        values = sorted(numbers(session.info["team_id"], entry.name_key, entry.search_text))
        await session.execute(sa.update(Account).where(Account.id == entry.account_id).values(grams=values))
    else:
        await replace_sqlite(session, [], [entry])


async def settle(session: AsyncSession) -> None:
    """PostgreSQL: put what many changes left on the index's waiting list in its place; each search reads that list."""
    await session.execute(_SETTLE)


_SETTLE = sa.text("SELECT kakehashi_settle_accounts()")


async def replace_sqlite(session: AsyncSession, former: Sequence[Entry], new: Sequence[Entry]) -> None:
    """SQLite: take entries out of the full-text table, given as they were put in, and put others in."""
    connection = await session.connection()
    for statement, entries in ((_SQLITE_REMOVE, former), (_SQLITE_ADD, new)):
        rows = [
            {
                "row_id": first_row_id(session.info["team_id"]) + length_rows(len(entry.name_key)) + entry.account_id,
                "grams": ngrams(entry.search_text),
            }
            for entry in entries
        ]
        if rows:
            # In the order of the index, which otherwise writes a segment for each step back.
            rows.sort(key=itemgetter("row_id"))
            await connection.execute(statement, rows)


_SQLITE_ADD = sa.text("INSERT INTO account_search (rowid, grams) VALUES (:row_id, :grams)")
_SQLITE_REMOVE = sa.text("INSERT INTO account_search (account_search, rowid, grams) VALUES ('delete', :row_id, :grams)")


# Reading


async def search(session: AsyncSession, query: Query, limit: int) -> list[Found]:
    """The team's accounts that answer a query: best rank first, then shorter names, then older accounts."""
    team_id = session.info["team_id"]
    named = sa.select(*_COLUMNS).where(Account.team_id == team_id, Account.name_key == query.name)
    found = await _fetch(session, named.order_by(Account.id).limit(limit))
    search_tier = _tier_postgresql if is_postgresql(session) else _tier_sqlite
    if is_postgresql(session) and len(found) < limit:
        # Not so for one letter or kana, which has many answers.
        few = await _few(session, query, query.tiers[-1])
        if few is not None:
            # The last tier's candidates hold those of all others.
            return (found + few)[:limit]
    for tier in query.tiers:
        if len(found) >= limit:
            break
        aided = all(branch.every or branch.some for branch in tier.branches)
        found += await (search_tier if aided else _tier_unaided)(session, query, tier, limit - len(found))
    return found


async def _fetch(session: AsyncSession, statement: sa.Select[Any]) -> list[Found]:
    return [Found._make(row) for row in await session.execute(statement)]


def _checks(contains: Any, query: Query, tier: Tier) -> list[sa.ColumnElement[bool]]:
    """The tier's own condition: what the index offers is only likely."""
    text = Account.search_text
    checks = [sa.or_(*(contains(text, needle) > 0 for needle in needles)) for needles in tier.needles]
    return [*checks, *(contains(text, needle) == 0 for needle in tier.without), Account.name_key != query.name]


async def _tier_unaided(session: AsyncSession, query: Query, tier: Tier, limit: int) -> list[Found]:
    """Read through all of the team's companies: one letter, of which too few were found at the beginning of anything.

    So it is in a team with few companies, where that is quick.
    """
    contains = sa.func.strpos if is_postgresql(session) else sa.func.instr
    statement = sa.select(*_COLUMNS).where(Account.team_id == session.info["team_id"], *_checks(contains, query, tier))
    return await _fetch(session, statement.order_by(*_order(session)).limit(limit))


def _order(session: AsyncSession) -> tuple[sa.ColumnElement[Any], ...]:
    length = sa.func.length(Account.name_key)
    least = sa.func.least if is_postgresql(session) else sa.func.min
    return least(length, MAX_LENGTH), Account.__table__.c.id


async def _tier_sqlite(session: AsyncSession, query: Query, tier: Tier, limit: int) -> list[Found]:
    team_id = session.info["team_id"]
    row_id = _FULL_TEXT.c.rowid
    first = first_row_id(team_id)
    statement = (
        sa.select(*_COLUMNS)
        .select_from(_FULL_TEXT)
        .join(Account, Account.id == row_id.op("&")(_ID_MASK))
        .where(
            sa.literal_column("account_search").op("MATCH")(_match(tier.branches)),
            row_id.between(first, first + (1 << ID_BITS + _LENGTH_BITS) - 1),
            Account.team_id == team_id,
            *_checks(sa.func.instr, query, tier),
        )
        .order_by(row_id)
    )
    return await _fetch(session, statement.limit(limit))


def _match(branches: Iterable[Branch]) -> str:
    """A full-text expression. Every gram is a quoted string, in which nothing but the quote has a meaning."""

    def any_of(parts: Sequence[str]) -> str:
        return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"

    def quoted(grams: Iterable[str]) -> list[str]:
        return ['"' + gram.replace('"', '""') + '"' for gram in sorted(grams)]

    return any_of(
        [
            "(" + " AND ".join(quoted(branch.every) + ([any_of(quoted(branch.some))] if branch.some else [])) + ")"
            for branch in branches
        ]
    )


async def _tier_postgresql(session: AsyncSession, query: Query, tier: Tier, limit: int) -> list[Found]:
    few = await _few(session, query, tier)
    if few is not None:
        return few[:limit]
    team_id = session.info["team_id"]
    classes = [signed(class_number(team_id, length_class)) for length_class in range(len(_CLASSES) + 1)]
    checks = {
        "needles": [list(needles) for needles in tier.needles],
        "without": list(tier.without),
        "but": query.name,
        "longest": MAX_LENGTH,
    }
    found: list[Found] = []
    at_once = 1
    while classes and len(found) < limit:
        asked, classes = classes[:at_once], classes[at_once:]
        rows = await _offered(session, {**_of_classes(tier, asked), **checks}, limit - len(found))
        found += [Found._make(row[: len(_COLUMNS)]) for row in rows]
        # Where one class has no answer, the next probably has none either.
        at_once = 1 if rows else at_once * 2
    return found


def _of_classes(tier: Tier, classes: list[int]) -> dict[str, Any]:
    if len(classes) == 1:
        return {"branches": _branches(tier, classes)}
    return {"branches": _branches(tier, []), "classes": classes}


async def _few(session: AsyncSession, query: Query, tier: Tier) -> list[Found] | None:
    """All answers of this tier and better ones but the best, in order; None when the index offers many."""
    if not all(branch.every for branch in tier.branches):
        return None
    rows = await _offered(session, {"branches": _branches(tier, [])}, _FEW + 1)
    if len(rows) > _FEW:
        return None
    ranked = []
    for row in rows:
        position = rank(query, row.name_key, row.search_text)
        if position:
            ranked.append((position, min(len(row.name_key), MAX_LENGTH), Found._make(row[: len(_COLUMNS)])))
    return [entry for *_, entry in sorted(ranked, key=lambda entry: (entry[0], entry[1], entry[2].id))]


def _branches(tier: Tier, further: list[int]) -> list[dict[str, list[int]]]:
    """What the index is asked for: accounts that have all of `every` and one of `some`, of any branch."""
    return [
        {"every": sorted(numbers_of(branch.every)) + further, "some": sorted(numbers_of(branch.some))}
        for branch in tier.branches
    ]


async def _offered(session: AsyncSession, asked: dict[str, Any], most: int) -> Sequence[sa.Row[Any]]:
    """Accounts of the session's team (`_COLUMNS`, name key, search text) that the index offers and that stand up to the
    checks; in order where `longest` is given."""
    nothing: dict[str, Any] = {"classes": [], "needles": [], "without": [], "but": None, "longest": None}
    return (await session.execute(_FIND, {"asked": {**nothing, **asked}, "most": most})).all()


_FOUND = sa.func.kakehashi_find_accounts(sa.bindparam("asked", type_=JSONB), sa.bindparam("most", type_=sa.Integer))
_FIND = sa.select(
    *_FOUND.table_valued(
        *(sa.column(column.key, column.type) for column in (*_COLUMNS, Account.name_key, Account.search_text))
    ).c
)
