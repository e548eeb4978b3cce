"""A team at work: members of every role, a company, leads, and a clock that stands where a test puts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.members import Role
from domain.qualification.bant import Answer, Answers, Authority, Budget, Need, Status, Timeline
from domain.qualification.handoff import Package
from services.data.quality import account_keys
from services.deps import Actor, Deps
from services.outreach.leads import NewLead, add
from services.qualification import bant, handoff
from services.qualification.bant import Judged
from services.qualification.records import HandoffView
from storage.tables import Account, AuditLog, Delivery, Lead, Member, StageChange, Team

# A Wednesday, ten in the morning in Tokyo.
NOW = datetime(2026, 4, 1, 1, tzinfo=UTC)
TODAY = date(2026, 4, 1)
CHANNEL = "C0FIELD"

QUALIFIED = Answers(
    budget=Budget(Status.CONFIRMED, amount_yen=12_000_000),
    authority=Authority(Status.CONFIRMED, decision_maker="部長"),
    need=Need(Status.CONFIRMED, note="月末の入力が終わらない"),
    timeline=Timeline(Status.CONFIRMED, start_on=date(2026, 6, 1)),
    pain_recognised=Answer.YES,
    intent_stated=Answer.YES,
    call_summary="来月の稟議に載せたいとのこと",
)
NOT_QUALIFIED = replace(QUALIFIED, pain_recognised=Answer.NO)

PACKAGE = Package(
    company="会社",
    key_persons="部長",
    background="背景",
    worries="不安",
    hopes="期待",
    call_summary="通話",
)


@dataclass(slots=True)
class Clock:
    """The time of a test."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **length: float) -> None:
        """Let time pass."""
        self.now += timedelta(**length)


@dataclass(slots=True)
class Office:
    """A team with one member of each role (`sato`: inside sales, `ito` and `kato`: field sales)."""

    deps: Deps
    clock: Clock
    team_id: str = "T1"
    members: dict[str, Actor] = field(default_factory=dict)
    account_id: int = 0

    def __getattr__(self, name: str) -> Actor:
        try:
            return self.members[name]
        except KeyError:
            raise AttributeError(name) from None

    async def lead(self, name: str = "青葉 一郎", *, owner: Actor | None = None, **values: Any) -> int:
        """A new lead of `owner` (sato)."""
        new = NewLead(values.pop("account_id", self.account_id), name, **values)
        return await add(self.deps, owner or self.sato, new, despite_duplicates=True)

    async def judged(self, lead_id: int, answers: Answers = QUALIFIED, **options: Any) -> Judged:
        """A judgement by sato."""
        return await bant.qualify(self.deps, self.sato, lead_id, answers, **options)

    async def handed_off(self, lead_id: int | None = None, **options: Any) -> HandoffView:
        """A handoff from sato to ito."""
        lead_id = lead_id or await self.lead()
        done = await self.judged(lead_id)
        return await handoff.post(
            self.deps, self.sato, lead_id, done.qualification_id, PACKAGE, self.ito.member_id, CHANNEL, **options
        )

    async def account(self, name: str = "株式会社あおば精機", **values: Any) -> int:
        """A company, straight into the table: how companies come in is another wing's matter."""
        keys = account_keys(name, reading=values.get("reading", ""), name_en=values.get("name_en", ""))
        columns = {"name_key": keys.name_key, "search_text": keys.search_text}
        columns |= {"created_at": self.clock.now, "updated_at": self.clock.now}
        async with self.deps.writing(self.team_id) as session:
            row = Account(team_id=self.team_id, name=name, **(columns | values))
            session.add(row)
            await session.flush()
            return row.id

    async def stage(self, lead_id: int) -> str:
        """The stage in which a lead stands."""
        async with self.deps.reading(self.team_id) as session:
            return (await session.execute(sa.select(Lead.stage).where(Lead.id == lead_id))).scalar_one()

    async def moves(self, lead_id: int) -> list[tuple[str | None, str]]:
        """The moves of a lead, oldest first."""
        async with self.deps.reading(self.team_id) as session:
            statement = sa.select(StageChange.from_stage, StageChange.to_stage).where(StageChange.lead_id == lead_id)
            return [(a, b) for a, b in await session.execute(statement.order_by(StageChange.id))]

    async def audited(self, action: str) -> list[Mapping[str, Any]]:
        """What the audit log says about an action, oldest first."""
        async with self.deps.reading(self.team_id) as session:
            statement = sa.select(AuditLog.detail).where(AuditLog.action == action).order_by(AuditLog.id)
            return list(await session.scalars(statement))

    async def deliveries(self) -> dict[str, tuple[str, str, Mapping[str, Any]]]:
        """What was enqueued: key → kind, channel, arguments."""
        async with self.deps.reading(self.team_id) as session:
            rows = await session.scalars(sa.select(Delivery))
            return {row.key: (row.kind, row.channel, row.arguments) for row in rows}

    async def rows(self, table: Any) -> int:
        """How many rows of a table this team has."""
        async with self.deps.reading(self.team_id) as session:
            return (await session.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()


PEOPLE = {
    "boss": Role.ADMIN,
    "mori": Role.MANAGER,
    "sato": Role.INSIDE_SALES,
    "suzuki": Role.INSIDE_SALES,
    "ito": Role.FIELD_SALES,
    "kato": Role.FIELD_SALES,
    "marketer": Role.MARKETING,
    "success": Role.CUSTOMER_SUCCESS,
}


async def open_office(deps: Deps, clock: Clock, team_id: str) -> Office:
    """A team with all its people and one company."""
    office = Office(deps, clock, team_id)
    async with deps.writing(team_id) as session:
        session.add(Team(id=team_id, name=f"Team {team_id}", created_at=clock.now))
        await session.flush()
        people = {
            name: Member(team_id=team_id, slack_user=f"U{name.upper()}", name=name, role=role.value)
            for name, role in PEOPLE.items()
        }
        session.add_all(people.values())
        await session.flush()
        for name, row in people.items():
            office.members[name] = Actor(
                team_id, row.id, row.slack_user, name, PEOPLE[name], row.language, row.zone, row.zone
            )
    office.account_id = await office.account(industry="機械", address="東京都大田区")
    return office
