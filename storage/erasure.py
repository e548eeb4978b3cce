"""Everything that belongs to a team leaves the tables, a piece at a time."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from storage import account_search, passages
from storage.account_search import Entry, is_postgresql
from storage.audit import permitted
from storage.statements import table
from storage.tables import Account, AuditLog, AuditPermit, Base, Installation, Passage, Team


@cache
def tables() -> tuple[sa.Table, ...]:
    """The tables with rows of teams, each before those that its rows refer to. The installation is not among them: it
    says that the team is being erased, and goes with the team itself."""
    kept = (table(Team), table(Installation), table(AuditPermit))
    return tuple(each for each in reversed(Base.metadata.sorted_tables) if "team_id" in each.c and each not in kept)


async def take(session: AsyncSession, target: sa.Table, most: int) -> int:
    """Delete so many rows of the session's team from a table, at the most; how many they were."""
    connection = await session.connection()
    key = tuple(target.primary_key)
    mine = sa.select(*key).where(target.c.team_id == session.info["team_id"]).limit(most)
    if target is table(Account) and not is_postgresql(session):
        columns = (target.c.id, target.c.name_key, target.c.search_text)
        found = await connection.execute(sa.select(*columns).where(target.c.id.in_(mine)))
        former = [Entry(row.id, row.name_key, row.search_text) for row in found]
        await account_search.replace_sqlite(session, former, [])
    if target is table(Passage):
        found = await connection.execute(sa.select(target.c.id, target.c.search_text).where(target.c.id.in_(mine)))
        await passages.unindex(session, [(row.id, row.search_text) for row in found])
    named = sa.tuple_(*key).in_(mine) if len(key) > 1 else key[0].in_(mine)
    if target is table(AuditLog):
        # Nobody else may delete from it.
        async with permitted(session):
            return (await connection.execute(sa.delete(target).where(named))).rowcount
    return (await connection.execute(sa.delete(target).where(named))).rowcount


async def take_team(session: AsyncSession) -> None:
    """Delete the session's team itself, and with it whatever refers to it."""
    connection = await session.connection()
    await connection.execute(sa.delete(table(Team)).where(table(Team).c.id == session.info["team_id"]))


# A negative number merges also what is not worth it yet; so many pages at a time.
_MERGES = [
    sa.text(f"INSERT INTO {index} ({index}, rank) VALUES ('merge', :pages)")  # noqa: S608 - our own names
    for index in ("account_search", "passage_search")
]
_PAGES = 2_000


async def settle(session: AsyncSession, first: bool) -> bool:
    """SQLite: let go of some of the words that the search indexes still keep of companies and passages that are no
    more; whether there may be others. `first`: the first of several times."""
    if is_postgresql(session):
        return False
    connection = await session.connection()
    more = False
    for merge in _MERGES:
        before = await _changes(connection)
        await connection.execute(merge, {"pages": -_PAGES if first else _PAGES})
        # The index counts a merge that did nothing as one change.
        more = more or await _changes(connection) - before >= 2
    return more


async def _changes(connection: AsyncConnection) -> int:
    return int((await connection.execute(sa.text("SELECT total_changes()"))).scalar_one())
