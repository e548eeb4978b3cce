"""An invented history for tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from dbos import DBOSClient

from bot.demo_history import History, invent
from bot.demo_state import Plan
from bot.demo_store import Staff, Stored, store
from bot.demo_truth import model
from domain.calendar import BusinessCalendar
from domain.members import Role
from services.deps import Deps
from services.keys import Keys
from services.teams import business_calendar
from storage.database import Database
from storage.outbox import Outbox
from storage.tables import Member, Team

NOW = datetime(2026, 4, 1, 4, tzinfo=UTC)
"""A Wednesday, one in the afternoon in Tokyo."""
ZONE = "Asia/Tokyo"
TEAM, CHANNEL = "T01DEMO", "C01HANDOFF"


def calendar(now: datetime = NOW) -> BusinessCalendar:
    """Japan's business days, and the day of `now` whatever it is."""
    known = business_calendar(ZONE, now.year)
    older = business_calendar(ZONE, now.year - 2).holidays
    today = now.astimezone(known.zone).date()
    return replace(known, holidays=frozenset(known.holidays | older), workdays=frozenset({today}))


def invented(seed: int = 1, reps: int = 3, months: int = 1, now: datetime = NOW) -> History:
    """A history of a team."""
    return invent(model(seed, reps), Plan(seed, months, now, calendar(now)))


@dataclass(frozen=True)
class Invented:
    """A history in a database."""

    deps: Deps
    history: History
    stored: Stored
    staff: Staff

    async def rows(self, statement: sa.Select[Any]) -> list[sa.Row[Any]]:
        async with self.deps.reading(TEAM) as session:
            return list((await session.execute(statement)).all())

    async def count(self, table: Any) -> int:
        return int((await self.rows(sa.select(sa.func.count()).select_from(table)))[0][0])

    def rep(self, member_id: int) -> int:
        return self.staff.inside.index(member_id)


async def staffed(deps: Deps, history: History) -> Staff:
    """A team with everybody the history names."""
    async with deps.writing(TEAM) as session:
        session.add(Team(id=TEAM, name="Team", zone=ZONE, created_at=NOW))
        await session.flush()
        model = history.truth.model
        roles = [Role.INSIDE_SALES] * len(model.reps) + [Role.FIELD_SALES] * model.field + [Role.MANAGER]
        people = [
            Member(team_id=TEAM, slack_user=f"U{place}", name=f"人{place}", role=role.value)
            for place, role in enumerate(roles)
        ]
        session.add_all(people)
        await session.flush()
        ids = [person.id for person in people]
    return Staff(tuple(ids[: len(model.reps)]), tuple(ids[len(model.reps) : -1]), ids[-1])


async def keep(database: Database, queue_client: DBOSClient, history: History) -> Invented:
    """A history in a database, seen at its own now."""
    deps = Deps(database, Outbox(queue_client), lambda: history.plan.now, Keys())
    staff = await staffed(deps, history)
    return Invented(deps, history, await store(deps, TEAM, history, staff, CHANNEL), staff)
