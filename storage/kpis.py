"""What KPIs are counted from. The session goes first and sees one team only.

Each measure is one relation: its rows, whose they are and when they happened. A figure counts them and the rows behind
it are these very rows, so that both always agree; only calls have a roll-up beside them (`calls_rolled_up`), which the
check command holds against the rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from domain.leads import Source
from domain.outreach.calls import EFFECTIVE, INTENDED, Connection, Outcome
from domain.performance.kpis import CALL_MEASURES, Measure
from storage.outbox import DeliveryState
from storage.tables import (
    Account,
    Call,
    CallDay,
    Contact,
    FormSubmission,
    Handoff,
    KpiTarget,
    Lead,
    Mail,
    Meeting,
    Member,
    Qualification,
)

RESPONSE_SECONDS = 5 * 60
SHOW_SECONDS = 48 * 3600
EVERYBODY = ""
"""The only group where nothing is grouped."""


class Between(NamedTuple):
    """Moments, the second excluded; `now` is when it is asked."""

    start: datetime
    end: datetime
    now: datetime


class RowBehind(NamedTuple):
    """One row that a figure counts."""

    key: Any
    at: datetime | None
    member: str | None
    account: str | None
    contact: str | None
    lead_id: int | None
    detail: str | None


class JudgedHandoff(NamedTuple):
    """A handoff with what it was judged by."""

    handoff_id: int
    group: str
    answers: dict[str, Any]
    judged_on: str


class seconds_between(FunctionElement[float]):  # noqa: N801 - written like the SQL function it stands for
    """The seconds from one moment to another, as a number, on both databases."""

    inherit_cache = True
    type = sa.Float()


@compiles(seconds_between, "sqlite")
def _seconds_sqlite(element: seconds_between, compiler: SQLCompiler, **options: Any) -> str:
    start, end = (compiler.process(clause, **options) for clause in element.clauses)
    # A julian day holds a moment to some 40 microseconds.
    return f"round((julianday({end}) - julianday({start})) * 86400.0, 2)"


@compiles(seconds_between, "postgresql")
def _seconds_postgresql(element: seconds_between, compiler: SQLCompiler, **options: Any) -> str:
    start, end = (compiler.process(clause, **options) for clause in element.clauses)
    return f"extract(epoch FROM {end} - {start})"


@dataclass(frozen=True, slots=True)
class Relation:
    """The rows of a measure. `lead` is the column that names the lead, None where the rows are about none.

    `base` is what it shares with all measures of the same table and moment, `own` what only it asks.
    """

    model: Any
    key: Any
    at: Any
    member: Any
    lead: Any
    base: tuple[Any, ...]
    own: tuple[Any, ...]
    detail: Any
    more: tuple[tuple[Any, Any], ...] = ()
    """Further tables, each with what joins it."""
    duration: Any = None
    """In seconds, where the measure has durations."""


_ANSWERED = Call.connection == Connection.ANSWERED.value
_CONNECTED = sa.and_(_ANSWERED, Call.party.in_(sorted(party.value for party in INTENDED)))
_OF_CALLS: Mapping[Measure, Any] = {
    Measure.DIALS: sa.true(),
    Measure.ANSWERED: _ANSWERED,
    Measure.CONNECTED: _CONNECTED,
    Measure.EFFECTIVE: sa.and_(_CONNECTED, Call.outcome.in_(sorted(outcome.value for outcome in EFFECTIVE))),
    Measure.MEETINGS_SET: Call.outcome == Outcome.MEETING_SET.value,
}
_ROLLED_UP = (CallDay.dials, CallDay.answered, CallDay.connected, CallDay.effective, CallDay.meetings_set)


def relation(measure: Measure, between: Between) -> Relation:
    """What a measure counts within a window."""
    if measure in _OF_CALLS:
        own = () if measure is Measure.DIALS else (_OF_CALLS[measure],)
        said = sa.func.coalesce(Call.outcome, Call.connection)
        base = _within(Call.called_at, between)
        return Relation(Call, Call.id, Call.called_at, Call.member_id, Call.lead_id, base, own, said)
    for family in (_leads, _judgements, _handoffs, _meetings, _others):
        found = family(measure, between)
        if found is not None:
            return found
    raise ValueError(f"{measure} has no rows.")


def _leads(measure: Measure, between: Between) -> Relation | None:
    base = _within(Lead.created_at, between)
    if measure is Measure.NEW_LEADS:
        return Relation(Lead, Lead.id, Lead.created_at, Lead.owner_id, Lead.id, base, (), Lead.source)
    if measure not in (Measure.SHOW_LEADS, Measure.SHOW_LEADS_IN_TIME, Measure.SHOW_LEADS_CALLED):
        return None
    first = sa.select(sa.func.min(Call.called_at)).where(Call.lead_id == Lead.id).correlate(Lead).scalar_subquery()
    waited = seconds_between(Lead.created_at, first)
    state = {
        Measure.SHOW_LEADS: sa.or_(
            first.is_not(None), seconds_between(Lead.created_at, sa.literal(between.now)) >= SHOW_SECONDS
        ),
        Measure.SHOW_LEADS_IN_TIME: waited <= SHOW_SECONDS,
        Measure.SHOW_LEADS_CALLED: first.is_not(None),
    }[measure]
    own = (Lead.source == Source.TRADE_SHOW.value, state)
    return Relation(Lead, Lead.id, Lead.created_at, Lead.owner_id, Lead.id, base, own, Lead.stage, duration=waited)


def _judgements(measure: Measure, between: Between) -> Relation | None:
    if measure not in (Measure.JUDGED, Measure.BANT_COMPLETE, Measure.SALES_QUALIFIED):
        return None
    later = aliased(Qualification)
    superseded = (
        sa.exists()
        .where(later.lead_id == Qualification.lead_id, later.id > Qualification.id, later.created_at < between.end)
        .correlate(Qualification)
    )
    base = (*_within(Qualification.created_at, between), ~superseded)
    own: tuple[Any, ...] = ()
    if measure is Measure.BANT_COMPLETE:
        elements = ("budget", "authority", "need", "timeline")
        own = tuple(Qualification.answers[(name, "status")].as_string() != "not_asked" for name in elements)
    elif measure is Measure.SALES_QUALIFIED:
        own = (Qualification.sales_qualified,)
    q = Qualification
    said = sa.case((q.sales_qualified, "sales_qualified"), else_="not_qualified")
    return Relation(q, q.id, q.created_at, q.member_id, q.lead_id, base, own, said)


def _handoffs(measure: Measure, between: Between) -> Relation | None:
    h = Handoff
    if measure in (Measure.HANDOFFS, Measure.BY_THE_BOOK):
        base = _within(h.created_at, between)
        return Relation(h, h.id, h.created_at, h.from_member_id, h.lead_id, base, (), h.status)
    states = {
        Measure.ANSWERED_HANDOFFS: ("accepted", "returned"),
        Measure.ACCEPTED_HANDOFFS: ("accepted",),
    }.get(measure)
    if states is None:
        return None
    base, own = _within(h.acknowledged_at, between), (h.status.in_(states),)
    return Relation(h, h.id, h.acknowledged_at, h.from_member_id, h.lead_id, base, own, h.status)


def _meetings(measure: Measure, between: Between) -> Relation | None:
    m = Meeting
    if measure is Measure.MEETINGS_BOOKED:
        base = _within(m.created_at, between)
        return Relation(m, m.id, m.created_at, m.booked_by, m.lead_id, base, (), m.status)
    if measure is Measure.LEAD_TIMES:
        judged = (Qualification, Qualification.id == m.qualification_id)
        waited = seconds_between(Qualification.created_at, m.starts_at)
        base = _within(m.created_at, between)
        return Relation(
            m, m.id, m.created_at, m.booked_by, m.lead_id, base, (), m.status, more=(judged,), duration=waited
        )
    accepted = sa.exists().where(Handoff.lead_id == m.lead_id, Handoff.status == "accepted").correlate(m)
    state = {
        Measure.MEETINGS_DUE: (m.status.in_(("held", "no_show")),),
        Measure.MEETINGS_HELD: (m.status == "held",),
        Measure.OPPORTUNITIES: (m.status == "held", accepted),
    }.get(measure)
    if state is None:
        return None
    base = _within(m.starts_at, between)
    return Relation(m, m.id, m.starts_at, m.booked_by, m.lead_id, base, state, m.status)


def _others(measure: Measure, between: Between) -> Relation | None:
    f = FormSubmission
    forms = {
        Measure.FORMS: sa.or_(f.responded_at.is_not(None), f.manager_due_at <= between.now),
        Measure.FORMS_IN_TIME: f.response_seconds <= RESPONSE_SECONDS,
        Measure.FORMS_ANSWERED: f.response_seconds.is_not(None),
    }
    if measure in forms:
        base, own = _within(f.received_at, between), (forms[measure],)
        return Relation(
            f, f.id, f.received_at, f.claimed_by, f.lead_id, base, own, f.urgency, duration=f.response_seconds
        )
    if measure is Measure.MAILS:
        base, own = _within(Mail.sent_at, between), (Mail.state == DeliveryState.SENT.value,)
        return Relation(Mail, Mail.key, Mail.sent_at, None, None, base, own, Mail.subject)
    if measure in (Measure.CONTACTS, Measure.DUPLICATES):
        return Relation(Contact, Contact.id, Contact.created_at, None, None, (), _duplicate(measure), Contact.email)
    return None


def _duplicate(measure: Measure) -> tuple[Any, ...]:
    if measure is Measure.CONTACTS:
        return ()
    # Two questions, each with an index of its own.
    same_address, same_name = aliased(Contact), aliased(Contact)
    return (
        sa.or_(
            sa.exists()
            .where(
                same_address.email_key == Contact.email_key,
                Contact.email_key != "",
                same_address.id < Contact.id,
            )
            .correlate(Contact),
            sa.exists()
            .where(
                same_name.account_id == Contact.account_id,
                same_name.name_key == Contact.name_key,
                same_name.id < Contact.id,
            )
            .correlate(Contact),
        ),
    )


def _within(column: Any, between: Between) -> tuple[Any, ...]:
    return (column >= between.start, column < between.end)


def _group(found: Relation, by: str | None) -> Any:
    """The column of a grouping: `rep`, `source`, `segment`; None groups nothing."""
    if by is None:
        return sa.literal(EVERYBODY)
    if by == "rep":
        return found.member
    return Lead.source if by == "source" else Account.industry


def _name(group: object) -> str:
    """A group as its key: what belongs to none is under ""."""
    return "" if group is None else str(group)


def _is_empty(column: Any) -> Any:
    return column == "" if isinstance(column.type, sa.String) else sa.false()


def _select(found: Relation, by: str | None, *columns: Any) -> sa.Select[Any]:
    """From the rows of a relation, with the lead and the company where the grouping asks for them."""
    statement = sa.select(*columns).select_from(found.model)
    for table, condition in found.more:
        statement = statement.join(table, condition)
    if by in ("source", "segment") and found.lead is not None:
        if found.model is not Lead:
            statement = statement.join(Lead, Lead.id == found.lead)
        if by == "segment":
            statement = statement.join(Account, Account.id == Lead.account_id)
    return statement.where(*found.base, *found.own)


async def count(session: AsyncSession, measure: Measure, between: Between, by: str | None = None) -> dict[str, int]:
    """How many rows a measure has, by group; groups without any are left out, and nobody's are under ""."""
    counted = await count_all(session, (measure,), between, by)
    return {group: found[measure] for group, found in counted.items() if by is None or found[measure]}


async def count_all(
    session: AsyncSession, measures: Sequence[Measure], between: Between, by: str | None = None
) -> dict[str, dict[Measure, int]]:
    """How many rows each measure has, by group. Those of one table and moment are counted in one go.

    Measures whose rows belong to no group of this kind are left out.
    """
    together: dict[tuple[str, str], list[tuple[Measure, Relation]]] = {}
    for measure in measures:
        found = relation(measure, between)
        if by is None or (found.member if by == "rep" else found.lead) is not None:
            together.setdefault((found.model.__tablename__, found.at.key), []).append((measure, found))
    counted: dict[str, dict[Measure, int]] = {EVERYBODY: {}} if by is None else {}
    for family in together.values():
        first = family[0][1]
        sums = [sa.func.count().filter(*found.own) if found.own else sa.func.count() for _, found in family]
        statement = _select(replace(first, own=()), by, _group(first, by), *sums)
        if by is not None:
            statement = statement.group_by(_group(first, by))
        for name, *numbers in await session.execute(statement):
            of_group = counted.setdefault(_name(name), {})
            of_group |= {measure: int(n) for (measure, _), n in zip(family, numbers, strict=True)}
    return counted


async def durations(
    session: AsyncSession, measure: Measure, between: Between, by: str | None = None
) -> dict[str, list[float]]:
    """The durations of a measure in seconds, sorted, by group."""
    found = relation(measure, between)
    statement = _select(found, by, _group(found, by), found.duration).where(found.duration.is_not(None))
    collected: dict[str, list[float]] = {}
    for name, seconds in await session.execute(statement):
        collected.setdefault(_name(name), []).append(float(seconds))
    return {name: sorted(values) for name, values in collected.items()}


async def calls_rolled_up(
    session: AsyncSession, first: date, last: date, by: str | None = None
) -> dict[str, tuple[int, ...]]:
    """The calls of local dates from the roll-up, by group (`rep`, `source` or none), in the order of CALL_MEASURES."""
    sums = [sa.func.coalesce(sa.func.sum(column), 0) for column in _ROLLED_UP]
    group = {None: None, "rep": CallDay.member_id, "source": CallDay.source}[by]
    statement = sa.select(sa.literal(EVERYBODY) if group is None else group, *sums).where(
        CallDay.day.between(first, last)
    )
    if group is not None:
        statement = statement.group_by(group)
    return {str(name): tuple(int(n) for n in counted) for name, *counted in await session.execute(statement)}


async def calls_from_rows(session: AsyncSession, between: Between, by: str | None = None) -> dict[str, tuple[int, ...]]:
    """The same from the calls themselves; `segment` too."""
    found = relation(Measure.DIALS, between)
    sums = [sa.func.count(), *(sa.func.count().filter(_OF_CALLS[measure]) for measure in CALL_MEASURES[1:])]
    if by is None:
        row = (await session.execute(_select(found, None, *sums))).one()
        return {EVERYBODY: tuple(row)}
    group = _group(found, by)
    statement = _select(found, by, group, *sums).group_by(group)
    return {_name(name): tuple(counted) for name, *counted in await session.execute(statement)}


async def calls_by_day(session: AsyncSession, first: date, last: date) -> dict[date, tuple[int, ...]]:
    """The calls of each local date, in the order of CALL_MEASURES; dates without any are left out."""
    sums = [sa.func.sum(column) for column in _ROLLED_UP]
    statement = sa.select(CallDay.day, *sums).where(CallDay.day.between(first, last)).group_by(CallDay.day)
    return {day: tuple(int(n) for n in counted) for day, *counted in await session.execute(statement)}


async def rep_days(session: AsyncSession, first: date, last: date, by: str | None = None) -> dict[str, int]:
    """How many days members made calls on, by member or over all."""
    days = (
        sa.select(CallDay.day.label("day"), CallDay.member_id.label("member_id"))
        .where(CallDay.day.between(first, last), CallDay.dials > 0)
        .distinct()
        .subquery()
    )
    if by is None:
        return {EVERYBODY: (await session.execute(sa.select(sa.func.count()).select_from(days))).scalar_one()}
    statement = sa.select(days.c.member_id, sa.func.count()).group_by(days.c.member_id)
    return {str(member): n for member, n in await session.execute(statement)}


async def judged_handoffs(session: AsyncSession, between: Between, by: str | None = None) -> list[JudgedHandoff]:
    """The handoffs of a window with their judgements, for rules that SQL cannot tell."""
    found = relation(Measure.HANDOFFS, between)
    statement = _select(found, by, Handoff.id, _group(found, by), Qualification.answers, Qualification.judged_on)
    statement = statement.join(Qualification, Qualification.id == Handoff.qualification_id)
    rows = await session.execute(statement.order_by(Handoff.created_at, Handoff.id))
    return [JudgedHandoff(key, _name(name), answers, day) for key, name, answers, day in rows]


async def rows_behind(
    session: AsyncSession,
    measure: Measure,
    between: Between,
    *,
    by: str | None = None,
    group: str = EVERYBODY,
    only: Collection[int] | None = None,
    offset: int = 0,
    limit: int,
) -> list[RowBehind]:
    """The rows that a figure counts, newest first; `only`: those of these keys."""
    found = relation(measure, between)
    about_contact = found.model is Contact
    member = found.member
    columns = (
        found.key,
        found.at,
        Member.name if member is not None else sa.null(),
        Account.name if found.lead is not None or about_contact else sa.null(),
        Contact.name if found.lead is not None or about_contact else sa.null(),
        found.lead if found.lead is not None else sa.null(),
        found.detail,
    )
    statement = sa.select(*columns).select_from(found.model)
    for table, condition in found.more:
        statement = statement.join(table, condition)
    if about_contact:
        statement = statement.join(Account, Account.id == Contact.account_id)
    elif found.lead is not None:
        if found.model is not Lead:
            statement = statement.join(Lead, Lead.id == found.lead)
        statement = statement.join(Account, Account.id == Lead.account_id).join(Contact, Contact.id == Lead.contact_id)
    if member is not None:
        statement = statement.outerjoin(Member, Member.id == member)
    statement = statement.where(*found.base, *found.own)
    if by is not None:
        column = _group(found, by)
        wanted = int(group) if by == "rep" and group else group
        statement = statement.where(column == wanted if group else sa.or_(column.is_(None), _is_empty(column)))
    if only is not None:
        statement = statement.where(found.key.in_(only))
    statement = statement.order_by(found.at.desc(), found.key.desc()).offset(offset).limit(limit)
    return [RowBehind._make(row) for row in await session.execute(statement)]


async def rep_days_behind(
    session: AsyncSession, first: date, last: date, *, member_id: int | None = None, offset: int = 0, limit: int
) -> list[tuple[date, str, int]]:
    """The days behind `rep_days`, newest first: date, member, dials."""
    statement = (
        sa.select(CallDay.day, Member.name, sa.func.sum(CallDay.dials))
        .join(Member, Member.id == CallDay.member_id)
        .where(CallDay.day.between(first, last), CallDay.dials > 0)
        .group_by(CallDay.day, Member.name, Member.id)
    )
    if member_id is not None:
        statement = statement.where(CallDay.member_id == member_id)
    statement = statement.order_by(CallDay.day.desc(), Member.id).offset(offset).limit(limit)
    return [(day, name, int(dials)) for day, name, dials in await session.execute(statement)]


class TargetRow(NamedTuple):
    """A target that counts."""

    kpi: str
    member_id: int | None
    window: str
    value: float


async def targets(session: AsyncSession) -> list[TargetRow]:
    """The newest target of each KPI, member and window, without those taken back."""
    newest = sa.select(sa.func.max(KpiTarget.id)).group_by(KpiTarget.kpi, KpiTarget.member_id, KpiTarget.window)
    statement = sa.select(KpiTarget.kpi, KpiTarget.member_id, KpiTarget.window, KpiTarget.value).where(
        KpiTarget.id.in_(newest), KpiTarget.value.is_not(None)
    )
    return [TargetRow._make(row) for row in await session.execute(statement.order_by(KpiTarget.id))]


async def add_target(session: AsyncSession, **values: Any) -> None:
    """Write down a target; it counts from now on."""
    session.add(KpiTarget(team_id=session.info["team_id"], **values))
    await session.flush()


async def member_names(session: AsyncSession, members: Sequence[int]) -> dict[int, str]:
    """The names of members, also of those who have left."""
    rows = await session.execute(sa.select(Member.id, Member.name).where(Member.id.in_(members)))
    return {key: name for key, name in rows}  # noqa: C416 - a row is no pair to the type checker
