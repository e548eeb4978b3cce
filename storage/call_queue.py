"""Queries of the call queue: whom a member may call, what the team learned, which steps fall due."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage import statements
from storage.tables import Account, Call, CallDay, CallHour, Contact, KpiTarget, Lead, Meeting, Member, TeamRules


class CandidateRow(NamedTuple):
    """A lead that might be called, with what the queue shows of it."""

    lead_id: int
    stage: str
    source: str
    next_step: str | None
    next_step_at: datetime | None
    attempts: int
    last_called_at: datetime | None
    created_at: datetime
    segment: str
    employees: int | None
    account: str
    contact: str
    title: str
    phone: str
    do_not_call_at: datetime | None
    opted_out_at: datetime | None
    last_connection: str | None
    last_outcome: str | None
    last_note: str | None
    last_connected_at: datetime | None
    meeting_ahead: bool


_LEAD, _ACCOUNT, _CONTACT = statements.table(Lead), statements.table(Account), statements.table(Contact)
_CALL, _MEETING, _MEMBER = statements.table(Call), statements.table(Meeting), statements.table(Member)
_DAY, _HOUR = statements.table(CallDay), statements.table(CallHour)
_RULES, _TARGET = statements.table(TeamRules), statements.table(KpiTarget)

_STAGES = ("new", "working", "nurturing", "sales_qualified")
"""Stages in which inside sales still calls."""
_INTENDED = ("contact", "decision_maker")


def _candidates() -> sa.Select[Any]:
    # Among more leads than one can rank, those whose step is due stand first, then the newest never called, then
    # those that wait longest. Chosen from the leads alone, before anything is joined to them.
    due = sa.case((_LEAD.c.next_step_at.is_not(None), 0), (_LEAD.c.last_called_at.is_(None), 1), else_=2)
    chosen = (
        sa.select(_LEAD)
        .where(
            _LEAD.c.team_id == sa.bindparam(statements.TEAM),
            _LEAD.c.owner_id == sa.bindparam("in_owner"),
            _LEAD.c.stage.in_(_STAGES),
            _LEAD.c.attempts < sa.bindparam("in_cap"),
            sa.or_(_LEAD.c.next_step_at.is_(None), _LEAD.c.next_step_at < sa.bindparam("in_until")),
            sa.or_(
                _LEAD.c.last_called_at.is_(None),
                _LEAD.c.last_called_at <= sa.bindparam("in_called_before"),
                _LEAD.c.next_step_at.is_not(None),
            ),
        )
        .order_by(
            due,
            _LEAD.c.next_step_at,
            _LEAD.c.last_called_at,
            _LEAD.c.created_at.desc(),
            _LEAD.c.id,
        )
        .limit(sa.bindparam("in_most"))
        .subquery("chosen")
    )
    # By the moment of the call, then by the row, because a quick hand logs two in one moment of a test's clock.
    last_id = (
        sa.select(_CALL.c.id)
        .where(_CALL.c.lead_id == chosen.c.id, chosen.c.last_called_at.is_not(None))
        .order_by(_CALL.c.called_at.desc(), _CALL.c.id.desc())
        .limit(1)
        .correlate(chosen)
        .scalar_subquery()
    )
    connected_at = (
        sa.select(_CALL.c.called_at)
        .where(
            _CALL.c.lead_id == chosen.c.id,
            chosen.c.last_called_at.is_not(None),
            _CALL.c.connection == "answered",
            _CALL.c.party.in_(_INTENDED),
        )
        .order_by(_CALL.c.called_at.desc())
        .limit(1)
        .correlate(chosen)
        .scalar_subquery()
    )
    meeting = (
        sa.exists()
        .where(
            _MEETING.c.lead_id == chosen.c.id,
            _MEETING.c.status == "booked",
            _MEETING.c.ends_at > sa.bindparam("in_now"),
        )
        .correlate(chosen)
    )
    last = _CALL.alias("last")
    return (
        sa.select(
            chosen.c.id,
            chosen.c.stage,
            chosen.c.source,
            chosen.c.next_step,
            chosen.c.next_step_at,
            chosen.c.attempts,
            chosen.c.last_called_at,
            chosen.c.created_at,
            _ACCOUNT.c.industry,
            _ACCOUNT.c.employees,
            _ACCOUNT.c.name,
            _CONTACT.c.name,
            _CONTACT.c.title,
            _CONTACT.c.phone,
            _CONTACT.c.do_not_call_at,
            _CONTACT.c.opted_out_at,
            last.c.connection,
            last.c.outcome,
            last.c.note,
            connected_at,
            meeting,
        )
        .select_from(chosen)
        .join(_ACCOUNT, _ACCOUNT.c.id == chosen.c.account_id)
        .join(_CONTACT, _CONTACT.c.id == chosen.c.contact_id)
        .outerjoin(last, last.c.id == last_id)
        .where(_CONTACT.c.do_not_call_at.is_(None), _CONTACT.c.phone != "")
    )


_CANDIDATES = _candidates()


async def candidates(
    session: AsyncSession,
    owner_id: int,
    *,
    now: datetime,
    until: datetime,
    called_before: datetime,
    cap: int,
    most: int,
) -> list[CandidateRow]:
    """Leads of a member that may be worth a call, at most `most`, in no order.

    Left out already: closed stages, `cap` dials in vain, do-not-call, no number, a step planned from `until` on, and a
    dial after `called_before` unless a step was planned since.
    """
    rows = await statements.select(
        session,
        _CANDIDATES,
        in_owner=owner_id,
        in_now=now,
        in_until=until,
        in_called_before=called_before,
        in_cap=cap,
        in_most=most,
    )
    return [CandidateRow._make(row) for row in rows]


# What the team learned


_HOURS = sa.select(_HOUR.c.segment, _HOUR.c.weekday, _HOUR.c.hour, _HOUR.c.dials, _HOUR.c.connected).where(
    _HOUR.c.team_id == sa.bindparam(statements.TEAM)
)
_CONNECTED = (
    sa.select(_DAY.c.source, sa.func.sum(_DAY.c.connected))
    .where(_DAY.c.team_id == sa.bindparam(statements.TEAM), _DAY.c.day >= sa.bindparam("in_since"))
    .group_by(_DAY.c.source)
)
_ACCEPTED = (
    sa.select(_LEAD.c.source, sa.func.count())
    .where(
        _LEAD.c.team_id == sa.bindparam(statements.TEAM),
        _LEAD.c.stage == "accepted",
        _LEAD.c.created_at >= sa.bindparam("in_since"),
    )
    .group_by(_LEAD.c.source)
)


async def hours(session: AsyncSession) -> list[tuple[str, int, int, int, int]]:
    """(segment, weekday, hour, dials, connected) of every hour somebody called in."""
    return [tuple(row) for row in await statements.select(session, _HOURS)]


async def connected_by_source(session: AsyncSession, since: date) -> dict[str, int]:
    """Connected calls by the leads' source, from a local date of the team on."""
    return {source: int(n) for source, n in await statements.select(session, _CONNECTED, in_since=since)}


async def accepted_by_source(session: AsyncSession, since: datetime) -> dict[str, int]:
    """Leads that came since then and that field sales has accepted, by source."""
    return {source: int(n) for source, n in await statements.select(session, _ACCEPTED, in_since=since)}


# What a member did


class DayRow(NamedTuple):
    """A member's calls of one day."""

    day: date
    dials: int
    connected: int
    meetings_set: int


_DAYS = (
    sa.select(_DAY.c.day, sa.func.sum(_DAY.c.dials), sa.func.sum(_DAY.c.connected), sa.func.sum(_DAY.c.meetings_set))
    .where(
        _DAY.c.team_id == sa.bindparam(statements.TEAM),
        _DAY.c.member_id == sa.bindparam("in_member"),
        # Named one by one, so that the key leads straight to each.
        _DAY.c.day.in_([sa.bindparam("in_first", type_=sa.Date), sa.bindparam("in_second", type_=sa.Date)]),
    )
    .group_by(_DAY.c.day)
)


async def days(session: AsyncSession, member_id: int, first: date, second: date) -> dict[date, DayRow]:
    """What a member did on two local dates of the team."""
    rows = await statements.select(session, _DAYS, in_member=member_id, in_first=first, in_second=second)
    return {row[0]: DayRow(row[0], int(row[1]), int(row[2]), int(row[3])) for row in rows}


_OWN_TARGET = (
    sa.select(_TARGET.c.value)
    .where(
        _TARGET.c.team_id == sa.bindparam(statements.TEAM),
        _TARGET.c.kpi == "dials",
        _TARGET.c.window == "day",
        _TARGET.c.member_id == sa.bindparam("in_member"),
    )
    .order_by(_TARGET.c.id.desc())
    .limit(1)
)


async def own_target(session: AsyncSession, member_id: int) -> int | None:
    """The dials a day that a manager has set for this member; None where nothing was set, or it was taken back."""
    value = (await statements.select(session, _OWN_TARGET, in_member=member_id)).scalar_one_or_none()
    return None if value is None else int(value)


class LoggedRow(NamedTuple):
    """A call that was just written down."""

    call_id: int
    request_key: str | None
    lead_id: int
    contact: str
    called_at: datetime
    connection: str
    party: str
    outcome: str | None
    next_step: str | None
    next_step_at: datetime | None


_LOGGED = (
    sa.select(
        _CALL.c.id,
        _CALL.c.request_key,
        _CALL.c.lead_id,
        _CONTACT.c.name,
        _CALL.c.called_at,
        _CALL.c.connection,
        _CALL.c.party,
        _CALL.c.outcome,
        _LEAD.c.next_step,
        _LEAD.c.next_step_at,
    )
    .select_from(_CALL)
    .join(_LEAD, _LEAD.c.id == _CALL.c.lead_id)
    .join(_CONTACT, _CONTACT.c.id == _LEAD.c.contact_id)
    .where(
        _CALL.c.team_id == sa.bindparam(statements.TEAM),
        _CALL.c.member_id == sa.bindparam("in_member"),
        _CALL.c.called_at > sa.bindparam("in_after"),
    )
    .order_by(_CALL.c.called_at.desc(), _CALL.c.id.desc())
    .limit(1)
)


async def just_logged(session: AsyncSession, member_id: int, after: datetime) -> LoggedRow | None:
    """A member's last call since then."""
    row = (await statements.select(session, _LOGGED, in_member=member_id, in_after=after)).one_or_none()
    return LoggedRow._make(row) if row else None


# What falls due


class StepRow(NamedTuple):
    """A lead in a list of what is left to do."""

    lead_id: int
    contact: str
    title: str
    account: str
    stage: str
    next_step: str | None
    next_step_at: datetime | None
    last_called_at: datetime | None


def _callable() -> tuple[Any, ...]:
    return (Lead.stage.in_(_STAGES), Contact.do_not_call_at.is_(None))


class PlannedRow(NamedTuple):
    """A call planned for a moment: whose it is, and what decides whether it is still to be made."""

    lead_id: int
    at: datetime
    member_id: int
    slack_user: str
    zone: str
    stage: str
    phone: str
    do_not_call_at: datetime | None
    attempts: int
    last_connection: str | None
    last_outcome: str | None


def _planned(*conditions: Any) -> Any:
    last = aliased(Call)
    last_id = (
        sa.select(Call.id)
        .where(Call.lead_id == Lead.id)
        .order_by(Call.called_at.desc(), Call.id.desc())
        .limit(1)
        .correlate(Lead)
        .scalar_subquery()
    )
    return (
        sa.select(
            Lead.id,
            Lead.next_step_at,
            Member.id,
            Member.slack_user,
            Member.zone,
            Lead.stage,
            Contact.phone,
            Contact.do_not_call_at,
            Lead.attempts,
            last.connection,
            last.outcome,
        )
        .select_from(Lead)
        .join(Contact, Contact.id == Lead.contact_id)
        .join(Member, Member.id == Lead.owner_id)
        .outerjoin(last, last.id == last_id)
        .where(Lead.next_step == "call", Lead.next_step_at.is_not(None), *conditions)
    )


async def planned_between(session: AsyncSession, after: datetime, until: datetime) -> list[PlannedRow]:
    """The team's calls planned for after `after` and at the latest `until`, whose owner is active."""
    soon = _planned(Lead.next_step_at > after, Lead.next_step_at <= until, Member.active)
    rows = await session.execute(soon.order_by(Lead.next_step_at, Lead.id))
    return [PlannedRow._make(row) for row in rows]


async def teams_with_planned(session: AsyncSession, after: datetime, until: datetime) -> list[str]:
    """The teams with a call planned for after `after` and at the latest `until`. For a session that sees all teams."""
    soon = sa.select(Lead.team_id).where(
        Lead.next_step == "call", Lead.next_step_at > after, Lead.next_step_at <= until
    )
    return list(await session.scalars(soon.distinct().order_by(Lead.team_id)))


async def planned_call(session: AsyncSession, lead_id: int, owner_id: int) -> PlannedRow | None:
    """The call planned for a member's lead; None when none is planned, or the lead is somebody else's."""
    row = (await session.execute(_planned(Lead.id == lead_id, Lead.owner_id == owner_id))).one_or_none()
    return PlannedRow._make(row) if row else None


def _overdue(before: datetime, but: datetime) -> tuple[Any, ...]:
    due = (Lead.next_step_at < before, Lead.next_step_at != but)
    return (*due, Lead.next_step.in_(("call", "nurture")), *_callable())


def _aimless() -> tuple[Any, ...]:
    # A new lead that nobody has called waits for its first call, which needs no plan.
    return (
        Lead.next_step.is_(None),
        Lead.stage.in_(_STAGES),
        sa.or_(Lead.stage != "new", Lead.last_called_at.is_not(None)),
        Contact.do_not_call_at.is_(None),
        sa.not_(sa.exists().where(Meeting.lead_id == Lead.id, Meeting.status == "booked").correlate(Lead)),
    )


async def _owners(session: AsyncSession, conditions: tuple[Any, ...]) -> set[int]:
    statement = sa.select(Lead.owner_id).join(Contact, Contact.id == Lead.contact_id).where(*conditions).distinct()
    return set(await session.scalars(statement))


async def _listed(
    session: AsyncSession, owner_id: int, conditions: tuple[Any, ...], order: tuple[Any, ...], limit: int
) -> tuple[int, list[StepRow]]:
    base = (
        sa.select(
            Lead.id,
            Contact.name,
            Contact.title,
            Account.name,
            Lead.stage,
            Lead.next_step,
            Lead.next_step_at,
            Lead.last_called_at,
            sa.func.count().over(),
        )
        .select_from(Lead)
        .join(Contact, Contact.id == Lead.contact_id)
        .join(Account, Account.id == Lead.account_id)
        .where(Lead.owner_id == owner_id, *conditions)
        .order_by(*order)
        .limit(limit)
    )
    rows = (await session.execute(base)).all()
    return (int(rows[0][8]) if rows else 0), [StepRow._make(row[:8]) for row in rows]


async def owners_overdue(session: AsyncSession, before: datetime, but: datetime) -> set[int]:
    """The members who have a step that was due before `before`, though not exactly at `but`."""
    return await _owners(session, _overdue(before, but))


async def overdue(
    session: AsyncSession, owner_id: int, before: datetime, but: datetime, limit: int
) -> tuple[int, list[StepRow]]:
    """How many steps of a member were due before `before`, though not exactly at `but`, and the first of them, the
    longest overdue first."""
    return await _listed(session, owner_id, _overdue(before, but), (Lead.next_step_at, Lead.id), limit)


async def owners_aimless(session: AsyncSession) -> set[int]:
    """The members who have a lead in work without a next step."""
    return await _owners(session, _aimless())


async def aimless(session: AsyncSession, owner_id: int, limit: int) -> tuple[int, list[StepRow]]:
    """How many leads in work of a member have no next step, and the first of them, the longest untouched first."""
    return await _listed(
        session, owner_id, _aimless(), (Lead.last_called_at.is_not(None), Lead.last_called_at, Lead.id), limit
    )


async def all_rules(session: AsyncSession, kind: str) -> dict[str, dict[str, Any]]:
    """What each team decided in a matter. For a session that sees all teams."""
    statement = sa.select(_RULES.c.team_id, _RULES.c["values"]).where(_RULES.c.kind == kind)
    return {team_id: dict(values) for team_id, values in await session.execute(statement)}
