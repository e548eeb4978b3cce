"""Queries about handoffs: to whom, where each stands, what came back. The session goes first."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.leads import Stage
from domain.members import Role
from domain.qualification.handoff import HandoffStatus
from storage import statements
from storage.members import NO_SYNC
from storage.statements import TEAM, table
from storage.tables import Account, Contact, Delivery, Handoff, HandoffReturn, Lead, Member

WAITING = HandoffStatus.WAITING.value


class FieldRepRow(NamedTuple):
    """A field-sales rep, and how many handoffs wait for an answer or are being worked."""

    member_id: int
    slack_user: str
    name: str
    territories: list[str]
    industries: list[str]
    load: int


class HandoffRow(NamedTuple):
    """A handoff with the people it concerns and, once posted, where it stands in Slack."""

    id: int
    lead_id: int
    qualification_id: int
    account_id: int
    account: str
    contact_id: int
    contact: str
    contact_title: str
    channel: str
    status: str
    package: dict[str, Any]
    created_at: datetime
    due_at: datetime
    acknowledged_at: datetime | None
    reminded_at: datetime | None
    from_id: int
    from_name: str
    from_slack_user: str
    from_language: str
    from_zone: str
    to_id: int
    to_name: str
    to_slack_user: str
    by_name: str | None
    by_slack_user: str | None
    posted_channel: str | None
    ts: str | None


class Waiting(NamedTuple):
    """Which handoffs that wait are meant: those a member sent, those sent to a member, those sent to anybody else."""

    sent_by: int | None = None
    sent_to: int | None = None
    not_to: int | None = None


class ReturnRow(NamedTuple):
    """Why field sales gave a lead back, and who did."""

    handoff_id: int
    created_at: datetime
    member: str
    reason: str
    comment: str


class AnsweredRow(NamedTuple):
    """A handoff that was just answered."""

    lead_id: int
    from_member_id: int
    channel: str


class OverdueRow(NamedTuple):
    """A handoff that was just found overdue."""

    id: int
    channel: str


def _field_reps() -> sa.Select[Any]:
    handoff, lead, member = table(Handoff), table(Lead), table(Member)
    team: sa.BindParameter[str] = sa.bindparam(TEAM)
    worked = sa.and_(handoff.c.status == HandoffStatus.ACCEPTED.value, lead.c.stage == Stage.ACCEPTED.value)
    loads = (
        sa.select(handoff.c.to_member_id.label("member_id"), sa.func.count(handoff.c.id).label("load"))
        .join(lead, lead.c.id == handoff.c.lead_id)
        .where(handoff.c.team_id == team, sa.or_(handoff.c.status == WAITING, worked))
        .group_by(handoff.c.to_member_id)
        .subquery()
    )
    load = sa.func.coalesce(loads.c.load, 0)
    return (
        sa.select(member.c.id, member.c.slack_user, member.c.name, member.c.territories, member.c.industries, load)
        .outerjoin(loads, loads.c.member_id == member.c.id)
        .where(member.c.team_id == team, member.c.role == Role.FIELD_SALES.value, member.c.active)
        .order_by(member.c.id)
    )


_FIELD_REPS = _field_reps()


async def field_reps(session: AsyncSession) -> list[FieldRepRow]:
    """Every active field-sales rep with the present load."""
    return [FieldRepRow._make(row) for row in await statements.select(session, _FIELD_REPS)]


async def add_handoff(session: AsyncSession, **values: Any) -> int | None:
    """Add a handoff; its id, or None when the same `request_key` made one before."""
    values = {"team_id": session.info["team_id"], "status": WAITING, **values}
    made: int | None = await statements.insert_once(session, Handoff, values, unique=("team_id", "request_key"))
    return made


_FROM, _TO, _BY = aliased(Member), aliased(Member), aliased(Member)
_HANDOFFS = (
    sa.select(
        Handoff.id,
        Handoff.lead_id,
        Handoff.qualification_id,
        Lead.account_id,
        Account.name,
        Lead.contact_id,
        Contact.name,
        Contact.title,
        Handoff.channel,
        Handoff.status,
        Handoff.package,
        Handoff.created_at,
        Handoff.due_at,
        Handoff.acknowledged_at,
        Handoff.reminded_at,
        _FROM.id,
        _FROM.name,
        _FROM.slack_user,
        _FROM.language,
        _FROM.zone,
        _TO.id,
        _TO.name,
        _TO.slack_user,
        _BY.name,
        _BY.slack_user,
        Delivery.posted_channel,
        Delivery.ts,
    )
    .select_from(Handoff)
    .join(Lead, Lead.id == Handoff.lead_id)
    .join(Account, Account.id == Lead.account_id)
    .join(Contact, Contact.id == Lead.contact_id)
    .join(_FROM, _FROM.id == Handoff.from_member_id)
    .join(_TO, _TO.id == Handoff.to_member_id)
    .outerjoin(_BY, _BY.id == Handoff.acknowledged_by)
    .outerjoin(Delivery, Delivery.key == sa.literal("handoff:") + sa.cast(Handoff.id, sa.Text))
)


async def handoff(session: AsyncSession, handoff_id: int) -> HandoffRow | None:
    """One handoff."""
    row = (await session.execute(_HANDOFFS.where(Handoff.id == handoff_id))).one_or_none()
    return HandoffRow._make(row) if row else None


async def handoff_of_request(session: AsyncSession, request_key: str) -> HandoffRow | None:
    """The handoff that a submission made."""
    row = (await session.execute(_HANDOFFS.where(Handoff.request_key == request_key))).one_or_none()
    return HandoffRow._make(row) if row else None


async def handoffs(session: AsyncSession, lead_id: int, limit: int) -> list[HandoffRow]:
    """A lead's handoffs, newest first."""
    statement = _HANDOFFS.where(Handoff.lead_id == lead_id).order_by(Handoff.id.desc())
    return [HandoffRow._make(row) for row in await session.execute(statement.limit(limit))]


async def waiting(session: AsyncSession, who: Waiting, limit: int) -> list[HandoffRow]:
    """Handoffs that wait for an answer, the one due first first."""
    statement = _HANDOFFS.where(*_waiting(who)).order_by(Handoff.due_at, Handoff.id).limit(limit)
    return [HandoffRow._make(row) for row in await session.execute(statement)]


async def count_waiting(session: AsyncSession, who: Waiting, now: datetime) -> tuple[int, int]:
    """How many handoffs wait for an answer, and how many of them are overdue."""
    late = sa.func.coalesce(sa.func.sum(sa.case((Handoff.due_at <= now, 1), else_=0)), 0)
    row = (await session.execute(sa.select(sa.func.count(Handoff.id), late).where(*_waiting(who)))).one()
    return int(row[0]), int(row[1])


def _waiting(who: Waiting) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [Handoff.status == WAITING]
    if who.sent_by is not None:
        found.append(Handoff.from_member_id == who.sent_by)
    if who.sent_to is not None:
        found.append(Handoff.to_member_id == who.sent_to)
    if who.not_to is not None:
        found.append(Handoff.to_member_id != who.not_to)
    return found


async def returns(session: AsyncSession, lead_id: int, limit: int) -> list[ReturnRow]:
    """The returns of a lead's handoffs, newest first."""
    statement = (
        sa.select(
            HandoffReturn.handoff_id,
            HandoffReturn.created_at,
            Member.name,
            HandoffReturn.reason,
            HandoffReturn.comment,
        )
        .join(Handoff, Handoff.id == HandoffReturn.handoff_id)
        .join(Member, Member.id == HandoffReturn.member_id)
        .where(Handoff.lead_id == lead_id)
        .order_by(HandoffReturn.id.desc())
    )
    return [ReturnRow._make(row) for row in await session.execute(statement.limit(limit))]


class ReturnedRow(NamedTuple):
    """A handoff that came back, with its lead as it is now."""

    handoff_id: int
    created_at: datetime
    member: str
    reason: str
    comment: str
    lead_id: int
    stage: str
    contact: str
    account: str
    sender: str


async def returned(
    session: AsyncSession, since: datetime, limit: int, *, sent_by: int | None = None
) -> tuple[int, list[ReturnedRow]]:
    """How many handoffs came back since then, and the newest of them; `sent_by`: of one member."""
    wanted = [HandoffReturn.created_at >= since]
    if sent_by is not None:
        wanted.append(Handoff.from_member_id == sent_by)
    joined = sa.join(HandoffReturn, Handoff, Handoff.id == HandoffReturn.handoff_id)
    count = await session.scalar(sa.select(sa.func.count(HandoffReturn.id)).select_from(joined).where(*wanted))
    statement = (
        sa.select(
            HandoffReturn.handoff_id,
            HandoffReturn.created_at,
            Member.name,
            HandoffReturn.reason,
            HandoffReturn.comment,
            Lead.id,
            Lead.stage,
            Contact.name,
            Account.name,
            _FROM.name,
        )
        .select_from(joined)
        .join(Member, Member.id == HandoffReturn.member_id)
        .join(_FROM, _FROM.id == Handoff.from_member_id)
        .join(Lead, Lead.id == Handoff.lead_id)
        .join(Contact, Contact.id == Lead.contact_id)
        .join(Account, Account.id == Lead.account_id)
        .where(*wanted)
        .order_by(HandoffReturn.id.desc())
        .limit(limit)
    )
    return int(count or 0), [ReturnedRow._make(row) for row in await session.execute(statement)]


async def answer(
    session: AsyncSession,
    handoff_id: int,
    current: HandoffStatus,
    target: HandoffStatus,
    member_id: int,
    now: datetime,
) -> AnsweredRow | None:
    """Move a handoff from one status to another: of any number who try at once, one gets the row, the others None.

    The first answer is the one that counts for the clock: a later return leaves who answered and when.
    """
    answered = {"acknowledged_by": member_id, "acknowledged_at": now} if current is HandoffStatus.WAITING else {}
    statement = (
        sa.update(Handoff)
        .where(Handoff.id == handoff_id, Handoff.status == current.value)
        .values(status=target.value, **answered)
        .returning(Handoff.lead_id, Handoff.from_member_id, Handoff.channel)
    )
    row = (await session.execute(statement, execution_options=NO_SYNC)).one_or_none()
    return AnsweredRow._make(row) if row else None


async def add_return(
    session: AsyncSession, handoff_id: int, member_id: int, reason: str, comment: str, now: datetime
) -> None:
    """Write down why a lead came back."""
    values = {
        "handoff_id": handoff_id,
        "member_id": member_id,
        "reason": reason,
        "comment": comment,
        "created_at": now,
    }
    await statements.insert(session, HandoffReturn, values)


async def mark_overdue(session: AsyncSession, now: datetime) -> list[OverdueRow]:
    """Mark what waits beyond its time as reminded. Each handoff is in the answer of one caller only."""
    statement = (
        sa.update(Handoff)
        .where(Handoff.status == WAITING, Handoff.due_at <= now, Handoff.reminded_at.is_(None))
        .values(reminded_at=now)
        .returning(Handoff.id, Handoff.channel)
    )
    rows = await session.execute(statement, execution_options=NO_SYNC)
    return sorted(OverdueRow._make(row) for row in rows)


async def teams_with_waiting(session: AsyncSession) -> list[str]:
    """The teams in which a handoff waits that nobody was reminded of. For a session that is of no team."""
    statement = (
        sa.select(Handoff.team_id)
        .where(Handoff.status == WAITING, Handoff.reminded_at.is_(None))
        .distinct()
        .order_by(Handoff.team_id)
    )
    return list(await session.scalars(statement))
