"""Rows written in bulk are the rows that were given, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from storage import bulk
from storage.database import Database
from storage.tables import AuditLog, CallDay, Member, Team

NOW = datetime(2026, 4, 1, 1, 2, 3, 456789, tzinfo=UTC)
AWKWARD = "タブ\t改行\n\r 逆\\n斜線 \\N ' \" é 😀"


async def _team(database: Database, team_id: str = "T1") -> None:
    async with database.writing(team_id) as session:
        session.add(Team(id=team_id, name="Team", created_at=NOW))


async def test_every_kind_of_value_comes_back_as_it_was_given(database: Database) -> None:
    await _team(database)
    async with database.writing("T1") as session:
        first = await bulk.reserve(session, Member, 2)
        rows = [
            ("T1", first, "U1", AWKWARD, "inside_sales", ["東京都", AWKWARD], []),
            ("T1", first + 1, "U2", "", "manager", [], ["機械"]),
        ]
        columns = ("team_id", "id", "slack_user", "name", "role", "territories", "industries")
        assert await bulk.write(session, Member, columns, rows) == 2
        detail = {"text": AWKWARD, "number": 1.5, "nothing": None, "list": [1, {"a": True}]}
        trail = [("T1", None, "did", "members:1", detail, NOW), ("T1", first, "did", "x", {}, NOW.astimezone())]
        await bulk.write(
            session, AuditLog, ("team_id", "member_id", "action", "subject", "detail", "created_at"), trail
        )
        day = date(2026, 4, 1)
        await bulk.write(
            session, CallDay, ("team_id", "day", "member_id", "source", "dials"), [("T1", day, first, "x", 7)]
        )
    async with database.reading("T1") as session:
        members = list(await session.scalars(sa.select(Member).order_by(Member.id)))
        audits = list(await session.scalars(sa.select(AuditLog).order_by(AuditLog.id)))
        days = list(await session.scalars(sa.select(CallDay)))
    assert [(m.id, m.slack_user, m.name, m.territories, m.industries) for m in members] == [
        (first, "U1", AWKWARD, ["東京都", AWKWARD], []),
        (first + 1, "U2", "", [], ["機械"]),
    ]
    assert [(m.language, m.zone, m.email, m.active) for m in members] == [("ja", "Asia/Tokyo", "", True)] * 2
    assert [(a.member_id, a.detail, a.created_at) for a in audits] == [(None, detail, NOW), (first, {}, NOW)]
    assert [(d.day, d.member_id, d.dials, d.connected) for d in days] == [(day, first, 7, 0)]


async def test_ids_that_were_reserved_are_given_to_nobody_else(database: Database) -> None:
    await _team(database)
    columns = ("team_id", "id", "slack_user", "name", "role")
    for turn in range(2):
        async with database.writing("T1") as session:
            first = await bulk.reserve(session, Member, 3)
            rows = [("T1", first + n, f"U{turn}{n}", "名", "manager") for n in range(3)]
            await bulk.write(session, Member, columns, rows)
        async with database.writing("T1") as session:
            session.add(Member(team_id="T1", slack_user=f"Usingle{turn}", name="名", role="manager"))
    async with database.reading("T1") as session:
        ids = list(await session.scalars(sa.select(Member.id)))
    assert len(ids) == len(set(ids)) == 8


async def test_more_rows_than_a_chunk_are_all_written(database: Database) -> None:
    await _team(database)
    count = bulk.CHUNK * 2 + 1
    columns = ("team_id", "action", "subject", "detail", "created_at")
    rows = (("T1", "did", f"s:{n}", {"n": n}, NOW + timedelta(seconds=n)) for n in range(count))
    async with database.writing("T1") as session:
        assert await bulk.write(session, AuditLog, columns, rows) == count
    async with database.reading("T1") as session:
        found = (
            await session.execute(
                sa.select(
                    sa.func.count(), sa.func.count(sa.distinct(AuditLog.subject)), sa.func.max(AuditLog.created_at)
                )
            )
        ).one()
    assert tuple(found) == (count, count, NOW + timedelta(seconds=count - 1))


async def test_nothing_stays_of_a_transaction_that_fails(database: Database) -> None:
    await _team(database)
    columns = ("team_id", "slack_user", "name", "role")

    async def fail() -> None:
        async with database.writing("T1") as session:
            await bulk.write(session, Member, columns, [("T1", "U1", "名", "manager")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.reading("T1") as session:
        assert list(await session.scalars(sa.select(Member))) == []


async def test_naive_moment_is_refused(database: Database) -> None:
    await _team(database)
    columns = ("team_id", "action", "subject", "detail", "created_at")
    with pytest.raises(ValueError, match="naive"):
        async with database.writing("T1") as session:
            await bulk.write(session, AuditLog, columns, [("T1", "did", "x", {}, datetime(2026, 4, 1))])  # noqa: DTZ001 - the point of this test


async def test_no_rows_write_nothing(database: Database) -> None:
    await _team(database)
    async with database.writing("T1") as session:
        assert await bulk.write(session, Member, ("team_id", "slack_user", "name", "role"), []) == 0
