"""Prepared statements go past the session's filter: they must keep to their team by themselves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from storage import statements
from storage.database import Database
from storage.tables import Account, Contact, Lead, Member, Team, VerdictPolicy

NOW = datetime(2026, 4, 1, 1, tzinfo=UTC)


@pytest.fixture
async def leads(database: Database) -> dict[str, int]:
    """One lead in each of two teams."""
    found = {}
    for team in ("T1", "T2"):
        async with database.writing(team) as session:
            session.add(Team(id=team, name=team, created_at=NOW))
            await session.flush()
            member = {"slack_user": "U1", "name": "n", "role": "inside_sales"}
            owner = await statements.insert(session, Member, member)
            keys = {"name": "n", "name_key": "n", "created_at": NOW}
            account = await statements.insert(session, Account, keys | {"search_text": "n", "updated_at": NOW})
            contact = await statements.insert(session, Contact, keys | {"account_id": account})
            lead = {"account_id": account, "contact_id": contact, "owner_id": owner}
            found[team] = await statements.insert(session, Lead, lead | {"created_at": NOW, "updated_at": NOW})
    return found


async def _note(database: Database, team: str) -> tuple[str, int]:
    async with database.reading(team) as session:
        row = (await session.execute(sa.select(Lead.note, Lead.version))).one()
        return row[0], row[1]


async def test_update_counts_the_version_up(database: Database, leads: dict[str, int]) -> None:
    async with database.writing("T1") as session:
        await statements.update(session, Lead, leads["T1"], {"note": "changed"})
    assert await _note(database, "T1") == ("changed", 2)
    assert await _note(database, "T2") == ("", 1)


async def test_update_of_another_teams_row_changes_nothing(database: Database, leads: dict[str, int]) -> None:
    async with database.writing("T1") as session:
        await statements.update(session, Lead, leads["T2"], {"note": "changed"})
    assert await _note(database, "T2") == ("", 1)


async def test_row_is_added_once_and_the_second_is_told(database: Database, leads: dict[str, int]) -> None:
    rules = {
        "team_id": "T1",
        "version": 1,
        "min_confirmed": 3,
        "required": [],
        "needs_pain": True,
        "needs_intent": True,
        "created_at": NOW,
    }
    made = []
    for team in ("T1", "T1", "T2"):
        async with database.writing(team) as session:
            values = rules | {"team_id": team}
            made.append(await statements.insert_once(session, VerdictPolicy, values, unique=("team_id", "version")))
    assert made[0] is not None
    assert made[1] is None
    assert made[2] not in (None, made[0])
