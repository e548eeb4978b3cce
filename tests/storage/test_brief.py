"""Brief transactions: what they save stays, what fails leaves nothing, and a lost connection is not used again."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from storage import database as storage_database
from storage import statements
from storage.database import Database
from storage.members import audit
from storage.statements import TEAM, table
from storage.tables import AuditLog, Member, Team, VerdictPolicy

NOW = datetime(2026, 4, 1, 9, 30, 15, 250_000, tzinfo=UTC)
_LOG = sa.select(
    table(AuditLog).c.action, table(AuditLog).c.detail, table(AuditLog).c.created_at, table(AuditLog).c.member_id
).where(table(AuditLog).c.team_id == sa.bindparam(TEAM))
_ACTIVE = sa.select(table(Member).c.name, table(Member).c.active, table(Member).c.territories).where(
    table(Member).c.team_id == sa.bindparam(TEAM)
)


@pytest.fixture
async def team(database: Database) -> str:
    """A team with one member."""
    async with database.writing("T1") as session:
        session.add(Team(id="T1", name="T1", created_at=NOW))
        await session.flush()
        session.add(Member(id=7, team_id="T1", slack_user="U1", name="佐藤", role="manager", territories=["東京都"]))
    return "T1"


async def _actions(database: Database) -> list[str]:
    async with database.reading("T1") as session:
        return list(await session.scalars(sa.select(AuditLog.action).order_by(AuditLog.id)))


async def test_rows_are_the_same_as_in_a_session(database: Database, team: str) -> None:
    async with database.brief(team) as brief:
        await audit(brief, 7, "first", "leads:1", {"金額": 1200, "of": ["a", None]}, NOW)
        log = list(await statements.select(brief, _LOG))
        members = list(await statements.select(brief, _ACTIVE))
    assert log == [("first", {"金額": 1200, "of": ["a", None]}, NOW, 7)]
    assert members == [("佐藤", True, ["東京都"])]
    async with database.reading(team) as session:
        assert [tuple(row) for row in await statements.select(session, _LOG)] == log
        assert [tuple(row) for row in await statements.select(session, _ACTIVE)] == members


async def test_what_waits_is_sent_with_the_commit_in_its_order(database: Database, team: str) -> None:
    async with database.brief(team) as brief:
        for action in ("one", "two", "three"):
            await audit(brief, None, action, "leads:1", {}, NOW)
    assert await _actions(database) == ["one", "two", "three"]


async def test_row_added_once_is_told_with_what_waited_before_it(database: Database, team: str) -> None:
    rules = {"team_id": team, "version": 1, "min_confirmed": 3, "required": ["need"], "start_within_months": None}
    rules |= {"needs_pain": True, "needs_intent": True, "created_by": 7, "created_at": NOW}
    made = []
    for action in ("first", "second"):
        async with database.brief(team) as brief:
            await audit(brief, 7, action, "policy", {}, NOW)
            made.append(await statements.insert_once(brief, VerdictPolicy, rules, unique=("team_id", "version")))
    assert isinstance(made[0], int)
    assert made[1] is None
    assert await _actions(database) == ["first", "second"]


async def test_row_added_last_is_committed_with_it_and_added_again_leaves_nothing(
    database: Database, team: str
) -> None:
    rules = {"team_id": team, "version": 1, "min_confirmed": 3, "required": ["need"], "start_within_months": None}
    rules |= {"needs_pain": True, "needs_intent": True, "created_by": 7, "created_at": NOW}
    made, seen = [], []
    for action in ("first", "second"):
        async with database.brief(team) as brief:
            await audit(brief, 7, action, "policy", {}, NOW)
            made.append(await statements.insert_last(brief, VerdictPolicy, rules, unique=("team_id", "version")))
            seen.append(await _actions(database))
    assert isinstance(made[0], int)
    assert made[1] is None
    assert seen == [["first"], ["first"]]
    with pytest.raises((psycopg.errors.UniqueViolation, sqlite3.IntegrityError)):
        async with database.brief(team) as brief:
            await statements.insert_last(brief, VerdictPolicy, rules, unique=("team_id", "created_at"))
    async with database.brief(team) as brief:
        await audit(brief, 7, "third", "policy", {}, NOW)
    assert await _actions(database) == ["first", "third"]


async def test_answer_is_not_there_before_its_trip(database: Database, team: str) -> None:
    async with database.brief(team) as brief:
        later = statements.select_later(brief, _ACTIVE)
        with pytest.raises(RuntimeError, match="not been sent"):
            later.one_or_none()
        await statements.select(brief, _LOG)
        assert later.one_or_none() == ("佐藤", True, ["東京都"])


async def test_failed_block_leaves_nothing_and_the_next_transaction_works(database: Database, team: str) -> None:
    async def fails() -> None:
        async with database.brief(team) as brief:
            await audit(brief, 7, "lost", "leads:1", {}, NOW)
            await statements.select(brief, _LOG)
            raise ValueError("after writing")

    with pytest.raises(ValueError, match="after writing"):
        await fails()
    async with database.brief(team) as brief:
        await audit(brief, 7, "kept", "leads:1", {}, NOW)
    assert await _actions(database) == ["kept"]


async def test_refused_statement_undoes_those_before_it(database: Database, team: str) -> None:
    async def refused() -> None:
        async with database.brief(team) as brief:
            await audit(brief, 7, "lost", "leads:1", {}, NOW)
            await audit(brief, 999, "nobody", "leads:1", {}, NOW)

    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await refused()
    assert await _actions(database) == []


async def test_missing_default_is_refused_instead_of_stored_as_null(database: Database, team: str) -> None:
    values = {"team_id": team, "version": 1, "created_at": NOW}

    async def incomplete() -> None:
        async with database.brief(team) as brief:
            await statements.insert_once(brief, VerdictPolicy, values, unique=("team_id", "version"))

    with pytest.raises(Exception, match=r"(?i)must be given|null"):
        await incomplete()


async def test_many_at_once_all_stay(database: Database, team: str) -> None:
    async def one(number: int) -> None:
        async with database.brief(team) as brief:
            await audit(brief, 7, f"{number:02}", "leads:1", {}, NOW)
            await statements.select(brief, _LOG)

    await asyncio.gather(*(one(number) for number in range(30)))
    assert sorted(await _actions(database)) == [f"{number:02}" for number in range(30)]


async def test_cancelled_transaction_holds_nobody_up(database: Database, team: str) -> None:
    started = asyncio.Event()

    async def never_ends() -> None:
        async with database.brief(team) as brief:
            await audit(brief, 7, "lost", "leads:1", {}, NOW)
            await statements.select(brief, _LOG)
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10), database.brief(team) as brief:
        await audit(brief, 7, "kept", "leads:1", {}, NOW)
    assert await _actions(database) == ["kept"]


async def _cut(url: str) -> None:
    """End every other connection to the database, as a restart of the server does."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
class TestLostConnection:
    """What a restart of PostgreSQL does to the connections that rest in the pool."""

    async def test_rested_connection_is_asked_before_it_is_used(
        self, database: Database, database_url: str, team: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(storage_database, "RESTED_SECONDS", 0.0)
        await _cut(database_url)
        async with database.brief(team) as brief:
            await audit(brief, 7, "kept", "leads:1", {}, NOW)
        await _cut(database_url)
        async with database.reading(team) as session:
            assert list(await session.scalars(sa.select(AuditLog.action))) == ["kept"]

    async def test_one_that_was_not_asked_fails_once_and_takes_the_others_with_it(
        self, database: Database, database_url: str, team: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(storage_database, "RESTED_SECONDS", 3600.0)

        async def ask() -> list[Any]:
            async with database.brief(team) as brief:
                return list(await statements.select(brief, _ACTIVE))

        async with database.brief(team) as first, database.brief(team) as second:
            await statements.select(first, _LOG)
            await statements.select(second, _LOG)
        await _cut(database_url)
        with pytest.raises(psycopg.OperationalError):
            await ask()
        assert await ask() == [("佐藤", True, ["東京都"])]
