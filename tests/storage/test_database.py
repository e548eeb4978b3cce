"""Sessions: the team's filter and the outbox's transaction."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from dbos import DBOSClient

from storage.database import Database
from storage.outbox import DeliveryState, Outbox, delivery
from storage.tables import Delivery, Member, Team

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)


async def _two_teams(database: Database) -> None:
    for team in ("T1", "T2"):
        async with database.writing(team) as session:
            session.add(Team(id=team, name=team, created_at=NOW))
            await session.flush()
            session.add(Member(team_id=team, slack_user="U1", name=f"of {team}", role="inside_sales"))


async def test_session_sees_only_its_own_teams_rows(database: Database) -> None:
    await _two_teams(database)
    async with database.reading("T2") as session:
        assert [m.name for m in await session.scalars(sa.select(Member))] == ["of T2"]


async def test_session_updates_only_its_own_teams_rows(database: Database) -> None:
    await _two_teams(database)
    async with database.writing("T1") as session:
        await session.execute(sa.update(Member).values(name="changed"))
    async with database.reading("T2") as session:
        assert [m.name for m in await session.scalars(sa.select(Member))] == ["of T2"]


async def test_what_was_to_be_saved_is_not_in_an_errors_text(database: Database) -> None:
    await _two_teams(database)
    with pytest.raises(sa.exc.DBAPIError) as failed:
        async with database.writing("T1") as session:
            await session.execute(sa.text("INSERT INTO nowhere (name) VALUES (:name)"), {"name": "小鳥遊 兼好"})
    assert "小鳥遊" not in str(failed.value)


async def test_failed_transaction_leaves_neither_rows_nor_work(database: Database, queue_client: DBOSClient) -> None:
    await _two_teams(database)
    outbox = Outbox(queue_client)

    async def fails_after_enqueueing() -> None:
        async with database.writing("T1") as session:
            await outbox.enqueue(session, key="k", kind="x", channel="C1", arguments={}, now=NOW)
            raise RuntimeError("after the enqueue")

    with pytest.raises(RuntimeError, match="after the enqueue"):
        await fails_after_enqueueing()
    async with database.reading("T1") as session:
        assert (await session.scalars(sa.select(Delivery))).all() == []
    assert await queue_client.list_workflows_async() == []


async def test_second_enqueue_under_one_key_changes_nothing(database: Database, queue_client: DBOSClient) -> None:
    await _two_teams(database)
    outbox = Outbox(queue_client)
    answers = []
    for arguments in ({"n": 1}, {"n": 2}):
        async with database.writing("T1") as session:
            answers.append(await outbox.enqueue(session, key="k", kind="x", channel="C1", arguments=arguments, now=NOW))
    assert answers == [True, False]
    async with database.reading("T1") as session:
        row = await delivery(session, "k")
        assert row is not None
        assert (row.state, row.arguments, row.created_at) == (DeliveryState.QUEUED, {"n": 1}, NOW)
    assert [w.workflow_id for w in await queue_client.list_workflows_async()] == ["k"]


async def test_naive_moment_is_refused(database: Database) -> None:
    with pytest.raises(sa.exc.StatementError, match="naive"):
        async with database.writing("T1") as session:
            session.add(Team(id="T1", name="T1", created_at=datetime(2026, 4, 1)))  # noqa: DTZ001 - the very thing


def test_only_what_another_time_may_change_is_the_databases_fault() -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    assert Database.at_fault(sa.exc.OperationalError("", {}, full))
    # Python's module itself finds this wrong, and gives it no code.
    no_text = sqlite3.OperationalError("Could not decode to UTF-8 column 'name'")
    assert not Database.at_fault(sa.exc.OperationalError("", {}, no_text))
    assert not Database.at_fault(ValueError("no fault of a database"))
