"""Queries about teams and their members. The session goes first and sees one team only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from storage import statements
from storage.tables import Absence, AuditLog, Member, Team

# Rows are changed by statements, never by loaded objects, so there is nothing in the session to keep in step.
NO_SYNC = {"synchronize_session": False}


class MemberRow(NamedTuple):
    """A member, and the zone of the team."""

    id: int
    team_id: str
    slack_user: str
    name: str
    role: str
    language: str
    zone: str
    team_zone: str
    territories: list[str]
    industries: list[str]
    email: str


_MEMBER = sa.select(
    Member.id,
    Member.team_id,
    Member.slack_user,
    Member.name,
    Member.role,
    Member.language,
    Member.zone,
    Team.zone,
    Member.territories,
    Member.industries,
    Member.email,
).join(Team, Team.id == Member.team_id)


class TeamRow(NamedTuple):
    """A team's settings."""

    name: str
    zone: str
    language: str
    handoff_channel: str | None
    acknowledge_minutes: int


def _by_slack_user() -> sa.Select[Any]:
    member, team = statements.table(Member), statements.table(Team)
    columns = ("id", "team_id", "slack_user", "name", "role", "language", "zone", "territories", "industries", "email")
    by_name = {name: member.c[name] for name in columns} | {"team_zone": team.c.zone}
    return (
        sa.select(*(by_name[name] for name in MemberRow._fields))
        .join(team, team.c.id == member.c.team_id)
        .where(
            member.c.team_id == sa.bindparam(statements.TEAM),
            member.c.slack_user == sa.bindparam("slack_user"),
            member.c.active,
        )
    )


_BY_SLACK_USER = _by_slack_user()


async def by_slack_user(session: AsyncSession, slack_user: str) -> MemberRow | None:
    """The active member with this Slack user. Asked at everything anybody does."""
    row = (await statements.select(session, _BY_SLACK_USER, slack_user=slack_user)).one_or_none()
    return MemberRow._make(row) if row else None


async def by_id(session: AsyncSession, member_id: int) -> MemberRow | None:
    """The active member with this id."""
    row = (await session.execute(_MEMBER.where(Member.id == member_id, Member.active))).one_or_none()
    return MemberRow._make(row) if row else None


async def voice(session: AsyncSession, slack_user: str) -> tuple[str, str] | None:
    """The language and the zone in which a member is spoken to."""
    statement = sa.select(Member.language, Member.zone).where(Member.slack_user == slack_user)
    row = (await session.execute(statement)).one_or_none()
    return (row[0], row[1]) if row else None


async def of_roles(session: AsyncSession, roles: Sequence[str]) -> list[MemberRow]:
    """The active members of these roles, in the order in which they came."""
    rows = await session.execute(_MEMBER.where(Member.role.in_(roles), Member.active).order_by(Member.id))
    return [MemberRow._make(row) for row in rows]


async def lock_team(session: AsyncSession, team_id: str) -> None:
    """Wait until no other transaction holds this team's row, and hold it until the end of this one."""
    await session.execute(sa.select(Team.id).where(Team.id == team_id).with_for_update())


async def count(session: AsyncSession, role: str | None = None) -> int:
    """How many members there are, or how many active ones of one role."""
    statement = sa.select(sa.func.count(Member.id))
    if role is not None:
        statement = statement.where(Member.role == role, Member.active)
    return (await session.execute(statement)).scalar_one()


async def change(session: AsyncSession, member_id: int, **values: Any) -> bool:
    """Set columns of a member; False when there is none."""
    statement = sa.update(Member).where(Member.id == member_id).values(**values).returning(Member.id)
    return (await session.execute(statement, execution_options=NO_SYNC)).scalar_one_or_none() is not None


async def move_zone(session: AsyncSession, before: str, after: str) -> int:
    """Give the members of one zone another; how many active ones there were."""
    statement = sa.update(Member).where(Member.zone == before).values(zone=after).returning(Member.active)
    return sum(await session.scalars(statement, execution_options=NO_SYNC))


async def refresh(session: AsyncSession, slack_user: str, *, name: str, zone: str, email: str) -> None:
    """Bring a member's name and zone up to date, and the address where none is known; somebody who had left is back."""
    known = sa.case((Member.email == "", email), else_=Member.email)
    values = {"name": name, "zone": zone, "email": known, "active": True}
    statement = sa.update(Member).where(Member.slack_user == slack_user).values(values)
    await session.execute(statement, execution_options=NO_SYNC)


async def take_back(session: AsyncSession, slack_user: str, *, name: str, role: str) -> int:
    """Somebody who had left is a member again, with this role; their id."""
    values = {"name": name, "role": role, "active": True}
    statement = sa.update(Member).where(Member.slack_user == slack_user).values(values).returning(Member.id)
    return (await session.execute(statement, execution_options=NO_SYNC)).scalar_one()


async def team(session: AsyncSession, team_id: str) -> TeamRow | None:
    """A team's settings."""
    row = (
        await session.execute(
            sa.select(Team.name, Team.zone, Team.language, Team.handoff_channel, Team.acknowledge_minutes).where(
                Team.id == team_id
            )
        )
    ).one_or_none()
    return TeamRow._make(row) if row else None


async def team_ids(session: AsyncSession) -> list[str]:
    """The ids of all teams, in order."""
    return list(await session.scalars(sa.select(Team.id).order_by(Team.id)))


async def team_zones(session: AsyncSession) -> list[tuple[str, str]]:
    """Every team and its zone. For a session that sees all teams."""
    return [(team_id, zone) for team_id, zone in await session.execute(sa.select(Team.id, Team.zone))]


async def member_zones(session: AsyncSession, roles: Sequence[str]) -> list[tuple[str, str]]:
    """Every team and the zones of its active members with one of these roles. For a session that sees all teams."""
    statement = sa.select(Member.team_id, Member.zone).where(Member.active, Member.role.in_(roles)).distinct()
    return [(team_id, zone) for team_id, zone in await session.execute(statement)]


async def absent(session: AsyncSession, day: date) -> set[int]:
    """The members who are on leave on a local date."""
    statement = sa.select(Absence.member_id).where(Absence.first_day <= day, Absence.last_day >= day)
    return set(await session.scalars(statement))


async def change_team(session: AsyncSession, team_id: str, **values: Any) -> bool:
    """Set columns of a team; False when there is none."""
    statement = sa.update(Team).where(Team.id == team_id).values(**values).returning(Team.id)
    return (await session.execute(statement, execution_options=NO_SYNC)).scalar_one_or_none() is not None


async def audit(
    transaction: statements.Transaction,
    member_id: int | None,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    now: datetime,
) -> None:
    """Write down who did what to which record (`leads:12`)."""
    entry = {
        "member_id": member_id,
        "action": action,
        "subject": subject,
        "detail": dict(detail),
        "created_at": now,
    }
    await statements.append(transaction, AuditLog, entry)
