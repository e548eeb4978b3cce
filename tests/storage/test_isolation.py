"""PostgreSQL keeps teams apart by itself: what a statement forgets, the database does not."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from storage.database import Database, connect
from storage.isolation import ALL_TEAMS
from storage.statements import table
from storage.tables import (
    AuditPermit,
    Base,
    Installation,
    JobPlan,
    JobRun,
    Member,
    Passage,
    PassageSigns,
    PassageVector,
    SlackPace,
)
from tests.services.data.any_team import Pool, fill

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
OF_NO_TEAM = {
    "job_beats": "What the processes of the installation last ran.",
    "spent_states": "Digests of links that were used; nobody has a team yet.",
}
READ_ACROSS = {
    "audit_log",
    "form_sources",
    "form_submissions",
    "handoffs",
    "installations",
    "job_plans",
    "job_runs",
    "leads",
    "meeting_offers",
    "meetings",
    "members",
    "passage_dues",
    "recording_sources",
    "team_rules",
    "teams",
}
WRITTEN_ACROSS = {"job_plans", "job_runs"}
TABLES = sorted(set(Base.metadata.tables) - set(OF_NO_TEAM))
MEMBERS = sa.text("SELECT DISTINCT team_id FROM members ORDER BY 1")

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def column(name: str) -> str:
    """The column that says whose row it is."""
    return "id" if name == "teams" else "team_id"


@pytest.fixture
async def full(database_url: str) -> AsyncIterator[Database]:
    """Two teams with rows in every table, seen through one connection: the next one to use it gets the one before's."""
    opened = connect(database_url, pool_size=1)
    for number, team in enumerate(("T1", "T2"), 1):
        async with opened.writing(team) as session:
            await fill(session, Pool(), 100 * number)
            key = {"key": team, "name": "job", "team_id": team}
            await session.execute(sa.insert(JobPlan).values(**key, plan="", since=NOW))
            run = {"zone": "UTC", "day": date(2026, 4, 1), "due_at": NOW, "state": "done", "started_at": NOW}
            await session.execute(sa.insert(JobRun).values(**key, **run))
            passage = {"kind": "call", "source_id": 1, "part": 0, "said_at": NOW, "text": "x", "search_text": "_x_"}
            session.add(Passage(team_id=team, id=number, shuffle=1, **passage))
            await session.flush()
            session.add(PassageSigns(team_id=team, passage_id=number, model="m", signs=b"x"))
            session.add(PassageVector(team_id=team, passage_id=number, vector=b"x"))
            session.add(AuditPermit(team_id=team))
            session.add(SlackPace(team_id=team, method="chat.postMessage", remaining=1.0, at=NOW))
            installed = dict.fromkeys(("app_id", "bot_id", "bot_user", "installer", "scopes"), "x")
            session.add(Installation(team_id=team, **installed, installed_at=NOW, erasing=False))
    yield opened
    await opened.dispose()


def everywhere(*teams: str) -> dict[str, set[str]]:
    """Rows of these teams in every table."""
    return {name: set(teams) for name in TABLES}


async def seen(database: Database, team: str | None) -> dict[str, set[str]]:
    """The teams whose rows a statement without any filter finds, by table; `team` None: nobody said for which."""
    async with database.sessions(info={} if team is None else {"team_id": team}) as session:
        return {
            name: set(await session.scalars(sa.text(f"SELECT {column(name)} FROM {name}")))  # noqa: S608 - our names
            for name in TABLES
        }


@on_postgresql
async def test_statement_that_names_no_team_finds_its_own_rows_only_and_none_where_the_team_was_forgotten(
    full: Database,
) -> None:
    assert await seen(full, "T1") == everywhere("T1")
    assert await seen(full, None) == everywhere()
    assert await seen(full, "T2") == everywhere("T2")


@on_postgresql
async def test_no_statement_changes_deletes_or_adds_rows_of_others(full: Database, owner: Database) -> None:
    async def changed(sql: str, *, across: bool = False) -> int:
        """The number of rows; -1: refused."""
        opened = full.writing_across_teams() if across else full.writing("T1")
        try:
            async with opened as session:
                found = await session.execute(sa.text(sql))
                assert isinstance(found, sa.CursorResult)
                return found.rowcount
        except sa.exc.ProgrammingError as refused:
            if isinstance(refused.orig, psycopg.errors.InsufficientPrivilege):
                return -1
            raise
        except sa.exc.IntegrityError as refused:
            # The audit log's own guard comes first.
            if isinstance(refused.orig, psycopg.errors.RestrictViolation):
                return -1
            raise

    for name in TABLES:
        mine = column(name)
        theirs = f"WHERE {mine} = 'T2'"
        assert await changed(f"UPDATE {name} SET {mine} = {mine} {theirs}") == 0, name  # noqa: S608 - our own names
        assert await changed(f"DELETE FROM {name} {theirs}") == 0, name  # noqa: S608 - see above
        assert await changed(f"UPDATE {name} SET {mine} = 'T2'") == -1, name  # noqa: S608 - see above
        copied = f'SELECT (jsonb_populate_record(x, \'{{"{mine}": "T2"}}\')).* FROM {name} AS x LIMIT 1'  # noqa: S608 - see above
        assert await changed(f"INSERT INTO {name} {copied}") == -1, name
        if name not in WRITTEN_ACROSS:
            # Who reads over all teams writes nothing.
            assert await changed(f"UPDATE {name} SET {mine} = {mine}", across=True) == 0, name  # noqa: S608 - see above
            assert await changed(f"DELETE FROM {name}", across=True) == 0, name  # noqa: S608 - see above
            if name in READ_ACROSS:
                assert await changed(f"INSERT INTO {name} {copied}", across=True) == -1, name
    assert await seen(owner, None) == everywhere("T1", "T2")


@on_postgresql
async def test_over_all_teams_only_the_tables_made_for_it_can_be_read(full: Database) -> None:
    async with full.reading_across_teams() as session:
        for name in TABLES:
            found = set(await session.scalars(sa.text(f"SELECT {column(name)} FROM {name}")))  # noqa: S608 - our names
            assert found == ({"T1", "T2"} if name in READ_ACROSS else set()), name
    # Nobody comes to that by a team's name.
    for opened in (full.reading(ALL_TEAMS), full.asking(ALL_TEAMS), full.writing(ALL_TEAMS)):
        with pytest.raises(ValueError, match="no team"):
            async with opened as session:
                await session.execute(MEMBERS)
    with pytest.raises(ValueError, match="no team"):
        async with full.brief(ALL_TEAMS):
            pass


def test_sessions_without_a_team_are_opened_only_where_no_team_has_rows() -> None:
    root = Path(__file__).parents[2]
    sources = [path for folder in ("bot", "handlers", "services", "storage") for path in (root / folder).rglob("*.py")]
    opening = {
        path.relative_to(root).as_posix() for path in sources if re.search(r"\.sessions\b", path.read_text("utf-8"))
    }
    # The queue's depth and the schema's revision.
    assert opening == {"storage/database.py", "bot/metrics.py", "bot/readiness.py"}


@on_postgresql
async def test_connection_never_brings_the_team_that_used_it_before(full: Database) -> None:
    async def asked(team: str) -> list[str]:
        async with full.asking(team) as session:
            return list(await session.scalars(MEMBERS))

    async def read(team: str | None) -> list[str]:
        async with full.sessions(info={} if team is None else {"team_id": team}) as session:
            return list(await session.scalars(MEMBERS))

    async def brief(team: str) -> list[str]:
        # A statement that names no team, as none is that runs in one.
        async with full.brief(team) as transaction:
            return [row[0] for row in await transaction.run(sa.select(table(Member).c.team_id).distinct(), {})]

    for way in (asked, read, brief):
        for other in (asked, read, brief):
            assert [await way("T1"), await other("T2"), await read(None)] == [["T1"], ["T2"], []]
    # One connection answered all of this, and what it was told in a failed transaction did not stay either.
    with pytest.raises(sa.exc.DBAPIError):
        async with full.writing("T1") as session:
            await session.execute(sa.text("SELECT 1 / 0"))
    assert await read(None) == []
    async with full.asking("") as session:
        assert list(await session.scalars(MEMBERS)) == []


@on_postgresql
async def test_many_rows_at_once_are_as_apart_as_one(full: Database) -> None:
    async with full.reading("T1") as session:
        connection = await session.connection()
        statement = sa.text("UPDATE members SET name = :name WHERE team_id = :team")
        # psycopg sends these without waiting for each.
        await connection.execute(statement, [{"name": "x", "team": team} for team in ("T1", "T2")])
        assert list(await session.scalars(sa.text("SELECT DISTINCT name FROM members"))) == ["x"]
    async with full.sessions(info={"team_id": "T2"}) as session:
        statement = sa.text("DELETE FROM team_days WHERE team_id = :team")
        await (await session.connection()).execute(statement, [{"team": "T1"}] * 2)
        await session.commit()
    assert (await seen(full, "T1"))["team_days"] == {"T1"}


@on_postgresql
async def test_program_may_work_and_nothing_else(full: Database) -> None:
    async def refused(sql: str) -> bool:
        try:
            async with full.writing("T1") as session:
                await session.execute(sa.text(sql))
        except sa.exc.ProgrammingError as error:
            return isinstance(error.orig, psycopg.errors.InsufficientPrivilege)
        return False

    for sql in (
        "ALTER TABLE members DISABLE ROW LEVEL SECURITY",
        "DROP POLICY team ON calls",
        "CREATE TABLE mine (id integer)",
        "DROP TABLE calls",
        "TRUNCATE call_days",
        "UPDATE alembic_version SET version_num = '0001'",
        "CREATE ROLE another",
    ):
        assert await refused(sql), sql
