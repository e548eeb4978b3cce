"""Queries about objections and how it went with them. The session goes first and sees one team only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.outreach.calls import Outcome
from domain.qualification.meetings import MeetingStatus
from storage import statements
from storage.members import NO_SYNC
from storage.tables import Call, Meeting, Member, Objection, ObjectionUse


class ObjectionRow(NamedTuple):
    """An objection, and who wrote it down."""

    id: int
    said: str
    answers: list[str]
    version: int
    created_at: datetime
    updated_at: datetime
    member: str | None


class UseRow(NamedTuple):
    """An objection came up."""

    objection_id: int
    lead_id: int | None
    handled: bool
    used_at: datetime


_OBJECTIONS = sa.select(
    Objection.id,
    Objection.said,
    Objection.answers,
    Objection.version,
    Objection.created_at,
    Objection.updated_at,
    Member.name,
).outerjoin(Member, Member.id == Objection.created_by)


async def offered(session: AsyncSession, limit: int) -> list[ObjectionRow]:
    """The team's collection, the oldest first."""
    statement = _OBJECTIONS.where(Objection.retired_at.is_(None)).order_by(Objection.id).limit(limit)
    return [ObjectionRow._make(row) for row in await session.execute(statement)]


async def by_id(session: AsyncSession, objection_id: int) -> ObjectionRow | None:
    """One that is offered."""
    statement = _OBJECTIONS.where(Objection.id == objection_id, Objection.retired_at.is_(None))
    row = (await session.execute(statement)).one_or_none()
    return ObjectionRow._make(row) if row else None


async def add(session: AsyncSession, values: Mapping[str, Any]) -> int:
    """Add one; the id."""
    return await statements.insert(session, Objection, {"version": 1, "retired_at": None, **values})


async def change(session: AsyncSession, objection_id: int, version: int, **values: Any) -> bool:
    """Set columns of one that is offered, unless somebody has changed it since `version`."""
    here = (Objection.id == objection_id, Objection.version == version, Objection.retired_at.is_(None))
    statement = sa.update(Objection).where(*here).values(version=version + 1, **values).returning(Objection.id)
    return (await session.execute(statement, execution_options=NO_SYNC)).scalar_one_or_none() is not None


async def use(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Count one; False when this click was counted before."""
    given = {"team_id": session.info["team_id"], **values}
    return (await statements.insert_once(session, ObjectionUse, given, unique=("team_id", "request_key"))) is not None


async def uses(session: AsyncSession, since: datetime, only: int | None = None) -> list[UseRow]:
    """How it went since then, in the order of time; `only` with this objection."""
    statement = sa.select(
        ObjectionUse.objection_id, ObjectionUse.lead_id, ObjectionUse.handled, ObjectionUse.used_at
    ).where(ObjectionUse.used_at >= since)
    if only is not None:
        statement = statement.where(ObjectionUse.objection_id == only)
    return [UseRow._make(row) for row in await session.execute(statement.order_by(ObjectionUse.used_at))]


async def meetings_set(session: AsyncSession, since: datetime) -> dict[int, Sequence[datetime]]:
    """When a meeting was agreed in a call, or booked and not called off, by lead, of the leads with whom an objection
    came up since then."""
    came_up = sa.select(ObjectionUse.lead_id).where(ObjectionUse.used_at >= since, ObjectionUse.lead_id.is_not(None))
    agreed = sa.select(Call.lead_id, Call.called_at).where(
        Call.lead_id.in_(came_up), Call.outcome == Outcome.MEETING_SET.value, Call.called_at >= since
    )
    booked = sa.select(Meeting.lead_id, Meeting.created_at).where(
        Meeting.lead_id.in_(came_up), Meeting.status != MeetingStatus.CANCELLED.value, Meeting.created_at >= since
    )
    found: dict[int, list[datetime]] = {}
    for statement in (agreed, booked):
        for lead_id, at in await session.execute(statement):
            found.setdefault(lead_id, []).append(at)
    return {lead_id: tuple(moments) for lead_id, moments in found.items()}
