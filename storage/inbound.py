"""Queries about forms, their submissions and the clocks of these. The session goes first and sees one team only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage import statements, suppressions
from storage.members import NO_SYNC
from storage.statements import TEAM, Transaction, table
from storage.tables import (
    Account,
    Call,
    Contact,
    Delivery,
    FormSource,
    FormSubmission,
    Lead,
    Meeting,
    MeetingOffer,
    Member,
)

NAME_LIKE = 5
"""So many people are looked at where several have one address or number."""


class SourceRow(NamedTuple):
    """A form. `secret` is encrypted."""

    id: int
    team_id: str
    name: str
    title: str
    secret: str
    mapping: dict[str, Any]
    active: bool
    version: int
    created_at: datetime


_SOURCE_COLUMNS: tuple[Any, ...] = (
    FormSource.id,
    FormSource.team_id,
    FormSource.name,
    FormSource.title,
    FormSource.secret,
    FormSource.mapping,
    FormSource.active,
    FormSource.version,
    FormSource.created_at,
)


class PersonRow(NamedTuple):
    """A person who may be the one who wrote, with the newest lead on that person."""

    contact_id: int
    account_id: int
    name_key: str
    phone: str
    email_key: str
    lead_id: int | None


class SubmissionRow(NamedTuple):
    """A submission with what its card shows."""

    id: int
    source_id: int
    source: str
    lead_id: int
    fields: dict[str, Any]
    urgency: str
    received_at: datetime
    team_due_at: datetime
    manager_due_at: datetime
    team_told_at: datetime | None
    manager_told_at: datetime | None
    claimed_by: int | None
    claimed_at: datetime | None
    claimed_name: str | None
    claimed_slack_user: str | None
    responded_at: datetime | None
    response_seconds: int | None
    contact_id: int
    account_id: int
    posted_channel: str | None
    ts: str | None


class LateRow(NamedTuple):
    """A submission that was just found to have waited too long."""

    id: int
    claimed_by: int | None


class ClockRow(NamedTuple):
    """A submission as speed to lead counts it. `auto`: whoever responded had not claimed it before."""

    id: int
    lead_id: int
    claimed_by: int | None
    auto: bool
    received_at: datetime
    responded_at: datetime | None
    response_seconds: int | None


async def source_named(session: AsyncSession, name: str) -> SourceRow | None:
    """The form with this name in its address. For a session that is of no team."""
    row = (await session.execute(sa.select(*_SOURCE_COLUMNS).where(FormSource.name == name))).one_or_none()
    return SourceRow._make(row) if row else None


async def sources(session: AsyncSession) -> list[SourceRow]:
    """The team's forms, oldest first."""
    rows = await session.execute(sa.select(*_SOURCE_COLUMNS).order_by(FormSource.id))
    return [SourceRow._make(row) for row in rows]


async def source(session: AsyncSession, source_id: int, *, lock: bool = False) -> SourceRow | None:
    """One form of the team."""
    statement = sa.select(*_SOURCE_COLUMNS).where(FormSource.id == source_id)
    row = (await session.execute(statement.with_for_update() if lock else statement)).one_or_none()
    return SourceRow._make(row) if row else None


async def add_source(session: AsyncSession, **values: Any) -> int:
    """Add a form; its id."""
    return await statements.insert(session, FormSource, {"active": True, "version": 1, **values})


async def change_source(session: AsyncSession, source_id: int, **values: Any) -> None:
    """Set columns of a form and count its version up."""
    await statements.update(session, FormSource, source_id, values)


async def remember_fields(session: AsyncSession, source_id: int, mapping: dict[str, Any]) -> None:
    """Keep what fields the form sends. Its version stays: nobody decided anything."""
    statement = sa.update(FormSource).where(FormSource.id == source_id).values(mapping=mapping)
    await session.execute(statement, execution_options=NO_SYNC)


async def received(session: AsyncSession, since: datetime) -> dict[int, tuple[int, datetime]]:
    """Of each form that had submissions since then: how many, and when the newest came."""
    rows = await session.execute(
        sa.select(FormSubmission.source_id, sa.func.count(FormSubmission.id), sa.func.max(FormSubmission.received_at))
        .where(FormSubmission.received_at >= since)
        .group_by(FormSubmission.source_id)
    )
    return {source_id: (count, newest) for source_id, count, newest in rows}


async def newest_fields(session: AsyncSession, source_id: int) -> dict[str, Any]:
    """What the form's newest submission said."""
    statement = sa.select(FormSubmission.fields).where(FormSubmission.source_id == source_id)
    found = (await session.execute(statement.order_by(FormSubmission.id.desc()).limit(1))).scalar_one_or_none()
    return dict(found or {})


async def same_submission(session: AsyncSession, source_id: int, submission_id: str) -> tuple[int, int] | None:
    """The submission with this id of the form's own: its id and its lead's."""
    row = (
        await session.execute(
            sa.select(FormSubmission.id, FormSubmission.lead_id).where(
                FormSubmission.source_id == source_id, FormSubmission.submission_id == submission_id
            )
        )
    ).one_or_none()
    return (row[0], row[1]) if row else None


async def since(session: AsyncSession, source_id: int, moment: datetime) -> list[tuple[int, int, dict[str, Any]]]:
    """The form's submissions since a moment: id, lead, fields."""
    statement = sa.select(FormSubmission.id, FormSubmission.lead_id, FormSubmission.fields).where(
        FormSubmission.source_id == source_id, FormSubmission.received_at >= moment
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(statement)]


async def add_submission(session: AsyncSession, **values: Any) -> int | None:
    """Add a submission; its id, or None when the form sent this id before."""
    values = {"team_id": session.info["team_id"], **values}
    made: int | None = await statements.insert_once(
        session, FormSubmission, values, unique=("source_id", "submission_id")
    )
    return made


_NEWEST_LEAD = sa.select(sa.func.max(Lead.id)).where(Lead.contact_id == Contact.id).correlate(Contact).scalar_subquery()


async def people_reached_by(session: AsyncSession, email_key: str, phone: str) -> list[PersonRow]:
    """People with this mail address or this telephone number, whatever company they are at."""
    ways = [Contact.email_key == email_key] if email_key else []
    ways += [Contact.phone == phone] if phone else []
    if not ways:
        return []
    found: list[PersonRow] = []
    # One question for each way: with both in one, neither's index is used.
    for way in ways:
        statement = sa.select(
            Contact.id, Contact.account_id, Contact.name_key, Contact.phone, Contact.email_key, _NEWEST_LEAD
        ).where(way)
        rows = await session.execute(statement.order_by(Contact.id).limit(NAME_LIKE))
        found += [row for row in (PersonRow._make(row) for row in rows) if row not in found]
    return found


async def websites(session: AsyncSession, account_ids: Sequence[int]) -> dict[int, str]:
    """The websites of these companies."""
    rows = await session.execute(sa.select(Account.id, Account.website).where(Account.id.in_(account_ids)))
    return {account_id: website for account_id, website in rows}  # noqa: C416 - a row is no pair to the type checker


async def name_contact(session: AsyncSession, contact_id: int, name: str, name_key: str) -> None:
    """Give a name to somebody who had none."""
    statement = sa.update(Contact).where(Contact.id == contact_id).values(name=name, name_key=name_key)
    await session.execute(statement, execution_options=NO_SYNC)


async def fill_contact(session: AsyncSession, contact_id: int, **values: str) -> None:
    """Write into a person's empty columns what is known from now on; what stands there stays. A number or address that
    must be left alone stops the person who is found to have it."""
    fresh = await _fill(session, Contact, contact_id, values)
    for channel, column, flag in (
        (suppressions.PHONE, "phone", Contact.do_not_call_at),
        (suppressions.MAIL, "email_key", Contact.opted_out_at),
    ):
        if column in fresh:
            await suppressions.hold(session, channel, values[column])
            stopped = await suppressions.since(session, channel, values[column])
            if stopped is not None:
                change = sa.update(Contact).where(Contact.id == contact_id, flag.is_(None)).values({flag: stopped})
                await session.execute(change, execution_options=NO_SYNC)


async def fill_account(session: AsyncSession, account_id: int, now: datetime, **values: str | int) -> None:
    """Write into a company's empty columns what is known from now on; what stands there stays."""
    if await _fill(session, Account, account_id, values):
        changed = sa.update(Account).where(Account.id == account_id).values(updated_at=now)
        await session.execute(changed, execution_options=NO_SYNC)


async def _fill(
    session: AsyncSession, model: type[Contact] | type[Account], key: int, values: dict[str, Any]
) -> frozenset[str]:
    """The columns that were filled."""
    columns = {name: getattr(model, name) for name in values}
    row = (await session.execute(sa.select(*columns.values()).where(model.id == key))).one_or_none()
    if row is None:
        return frozenset()
    fresh = {name: values[name] for name, old in zip(columns, row, strict=True) if not old and values[name]}
    if fresh:
        await session.execute(sa.update(model).where(model.id == key).values(fresh), execution_options=NO_SYNC)
    return frozenset(fresh)


async def submissions_of(session: AsyncSession, lead_id: int) -> int:
    """How many submissions became this lead."""
    statement = sa.select(sa.func.count(FormSubmission.id)).where(FormSubmission.lead_id == lead_id)
    return int((await session.execute(statement)).scalar_one())


_CLAIMER = aliased(Member)
_SUBMISSIONS = (
    sa.select(
        FormSubmission.id,
        FormSubmission.source_id,
        FormSource.title,
        FormSubmission.lead_id,
        FormSubmission.fields,
        FormSubmission.urgency,
        FormSubmission.received_at,
        FormSubmission.team_due_at,
        FormSubmission.manager_due_at,
        FormSubmission.team_told_at,
        FormSubmission.manager_told_at,
        FormSubmission.claimed_by,
        FormSubmission.claimed_at,
        _CLAIMER.name,
        _CLAIMER.slack_user,
        FormSubmission.responded_at,
        FormSubmission.response_seconds,
        Lead.contact_id,
        Lead.account_id,
        Delivery.posted_channel,
        Delivery.ts,
    )
    .select_from(FormSubmission)
    .join(FormSource, FormSource.id == FormSubmission.source_id)
    .join(Lead, Lead.id == FormSubmission.lead_id)
    .outerjoin(_CLAIMER, _CLAIMER.id == FormSubmission.claimed_by)
    .outerjoin(Delivery, Delivery.key == sa.literal("inbound:") + sa.cast(FormSubmission.id, sa.Text))
)


async def submission(session: AsyncSession, submission_id: int) -> SubmissionRow | None:
    """One submission."""
    row = (await session.execute(_SUBMISSIONS.where(FormSubmission.id == submission_id))).one_or_none()
    return SubmissionRow._make(row) if row else None


async def unanswered(session: AsyncSession, limit: int) -> list[SubmissionRow]:
    """Submissions that nobody has responded to, the one due first first."""
    statement = _SUBMISSIONS.where(FormSubmission.responded_at.is_(None))
    rows = await session.execute(statement.order_by(FormSubmission.manager_due_at, FormSubmission.id).limit(limit))
    return [SubmissionRow._make(row) for row in rows]


async def earlier(session: AsyncSession, lead_id: int, submission_id: int) -> int:
    """How many submissions of this lead came before one."""
    statement = sa.select(sa.func.count(FormSubmission.id)).where(
        FormSubmission.lead_id == lead_id, FormSubmission.id < submission_id
    )
    return int((await session.execute(statement)).scalar_one())


def _attempts(lead_id: int, *, but_call: int | None = None) -> sa.CompoundSelect[Any]:
    """When and by whom somebody tried to reach a lead: each call, each letter with candidates, each meeting that was
    fixed with them. One that the customer chose from candidates was the customer's doing."""
    calls = sa.select(Call.called_at.label("at"), Call.member_id.label("member_id")).where(Call.lead_id == lead_id)
    return sa.union_all(
        calls if but_call is None else calls.where(Call.id != but_call),
        sa.select(MeetingOffer.created_at, MeetingOffer.booked_by).where(MeetingOffer.lead_id == lead_id),
        sa.select(Meeting.created_at, Meeting.booked_by).where(Meeting.lead_id == lead_id, Meeting.offer_id.is_(None)),
    )


async def first_responder(session: AsyncSession, lead_id: int, responded_at: datetime) -> str | None:
    """Who tried to reach the lead at this moment."""
    tried = _attempts(lead_id).subquery("tried")
    statement = sa.select(Member.name).join(tried, tried.c.member_id == Member.id).where(tried.c.at == responded_at)
    return (await session.execute(statement.order_by(Member.id).limit(1))).scalar_one_or_none()


async def do_not_call(session: AsyncSession, contact_id: int) -> datetime | None:
    """Since when nobody may call this person."""
    return (await session.execute(sa.select(Contact.do_not_call_at).where(Contact.id == contact_id))).scalar_one()


async def were_sent(session: AsyncSession, keys: Sequence[str]) -> dict[str, str]:
    """Of these deliveries those there are, and the conversation, or the user, that each was meant for."""
    rows = await session.execute(sa.select(Delivery.key, Delivery.channel).where(Delivery.key.in_(keys)))
    return {key: channel for key, channel in rows}  # noqa: C416 - a row is no pair to the type checker


# Claims


async def claim(session: AsyncSession, submission_id: int, member_id: int, now: datetime) -> int | None:
    """Take a submission that nobody has: of any number who try at once one gets the lead's id, the others None."""
    statement = (
        sa.update(FormSubmission)
        .where(FormSubmission.id == submission_id, FormSubmission.claimed_by.is_(None))
        .values(claimed_by=member_id, claimed_at=now)
        .returning(FormSubmission.lead_id)
    )
    return (await session.execute(statement, execution_options=NO_SYNC)).scalar_one_or_none()


async def pass_on(
    session: AsyncSession, submission_id: int, from_id: int, to_id: int | None, now: datetime
) -> int | None:
    """Give a claim to somebody else, or to nobody: the lead's id, or None when `from_id` has it no more."""
    statement = (
        sa.update(FormSubmission)
        .where(FormSubmission.id == submission_id, FormSubmission.claimed_by == from_id)
        .values(claimed_by=to_id, claimed_at=now if to_id is not None else None)
        .returning(FormSubmission.lead_id)
    )
    return (await session.execute(statement, execution_options=NO_SYNC)).scalar_one_or_none()


# The clock


_WAITING = FormSubmission.response_seconds.is_(None)
"""The few rows of the partial index: unanswered, or answered and not yet put into figures."""


async def mark_team_told(session: AsyncSession, now: datetime) -> list[LateRow]:
    """Mark what nobody took in time. Each submission is in the answer of one caller only."""
    return await _mark(session, "team_told_at", FormSubmission.team_due_at, now, FormSubmission.claimed_by.is_(None))


async def mark_manager_told(session: AsyncSession, now: datetime) -> list[LateRow]:
    """Mark what nobody responded to in time. Each submission is in the answer of one caller only."""
    return await _mark(session, "manager_told_at", FormSubmission.manager_due_at, now, sa.true())


async def _mark(
    session: AsyncSession, column: str, due: Any, now: datetime, more: sa.ColumnElement[bool]
) -> list[LateRow]:
    statement = (
        sa.update(FormSubmission)
        .where(
            _WAITING,
            FormSubmission.responded_at.is_(None),
            getattr(FormSubmission, column).is_(None),
            due <= now,
            more,
        )
        .values({column: now})
        .returning(FormSubmission.id, FormSubmission.claimed_by)
    )
    rows = await session.execute(statement, execution_options=NO_SYNC)
    return sorted((LateRow._make(row) for row in rows), key=lambda row: row.id)


async def teams_with_work(session: AsyncSession, now: datetime) -> list[str]:
    """The teams in which somebody is to be told, or a response is to be put into figures. For a session of no team."""
    open_, claimed = FormSubmission.responded_at.is_(None), FormSubmission.claimed_by
    late_team = sa.and_(
        open_, claimed.is_(None), FormSubmission.team_told_at.is_(None), FormSubmission.team_due_at <= now
    )
    late = sa.and_(open_, FormSubmission.manager_told_at.is_(None), FormSubmission.manager_due_at <= now)
    statement = sa.select(FormSubmission.team_id).where(_WAITING, sa.or_(late_team, late, _unsettled())).distinct()
    return list(await session.scalars(statement.order_by(FormSubmission.team_id)))


def _unsettled() -> sa.ColumnElement[bool]:
    return sa.and_(FormSubmission.responded_at.is_not(None), FormSubmission.response_seconds.is_(None))


_CLOCK: tuple[Any, ...] = (
    FormSubmission.id,
    FormSubmission.lead_id,
    FormSubmission.claimed_by,
    sa.func.coalesce(FormSubmission.claimed_at == FormSubmission.responded_at, sa.false()),
    FormSubmission.received_at,
    FormSubmission.responded_at,
    FormSubmission.response_seconds,
)


async def unsettled(session: AsyncSession) -> list[ClockRow]:
    """Responses of which neither figure nor card knows; nobody else reads them meanwhile."""
    statement = sa.select(*_CLOCK).where(_unsettled())
    rows = await session.execute(statement.order_by(FormSubmission.id).limit(200).with_for_update())
    return [ClockRow._make(row) for row in rows]


async def settle(session: AsyncSession, submission_id: int, seconds: int) -> None:
    """Write down how long the first response took."""
    statement = sa.update(FormSubmission).where(FormSubmission.id == submission_id).values(response_seconds=seconds)
    await session.execute(statement, execution_options=NO_SYNC)


_SUBMISSION = table(FormSubmission)
_RESPONDED = (
    sa.update(_SUBMISSION)
    .where(
        _SUBMISSION.c.team_id == sa.bindparam(TEAM),
        _SUBMISSION.c.lead_id == sa.bindparam("in_lead"),
        _SUBMISSION.c.responded_at.is_(None),
        _SUBMISSION.c.received_at <= sa.bindparam("in_at"),
    )
    .values(
        responded_at=sa.bindparam("in_at", type_=_SUBMISSION.c.responded_at.type),
        claimed_by=sa.func.coalesce(_SUBMISSION.c.claimed_by, sa.bindparam("in_member")),
        claimed_at=sa.func.coalesce(
            _SUBMISSION.c.claimed_at, sa.bindparam("in_at", type_=_SUBMISSION.c.claimed_at.type)
        ),
    )
)


async def responded(transaction: Transaction, lead_id: int, member_id: int, at: datetime) -> None:
    """The first attempt by a person to reach a lead: the response to every submission of it that waits. Whoever made
    it has what nobody had claimed. Goes with the next trip of a brief transaction."""
    values = {"in_lead": lead_id, "in_member": member_id, "in_at": at, TEAM: statements.team_of(transaction)}
    await statements.send(transaction, _RESPONDED, values)


async def taken_back(session: AsyncSession, lead_id: int, call_id: int, at: datetime) -> list[int]:
    """A call of this moment is undone: what it responded to waits again, unless another attempt was a response too. The
    ids of what waits again."""
    answered = (
        sa.select(FormSubmission.id, FormSubmission.received_at)
        .where(FormSubmission.lead_id == lead_id, FormSubmission.responded_at == at)
        .order_by(FormSubmission.id)
        .with_for_update()
    )
    concerned = (await session.execute(answered)).all()
    if not concerned:
        return []
    moments = sorted([moment for moment, _member in await session.execute(_attempts(lead_id, but_call=call_id))])
    waits = []
    for submission_id, received_at in concerned:
        following = next((moment for moment in moments if moment >= received_at), None)
        change = sa.update(FormSubmission).where(FormSubmission.id == submission_id)
        values = {"responded_at": following, "response_seconds": None}
        await session.execute(change.values(values), execution_options=NO_SYNC)
        if following is None:
            waits.append(submission_id)
    return waits


async def clocks(
    session: AsyncSession, first: datetime, last: datetime, *, member_id: int | None = None
) -> list[ClockRow]:
    """The clocks of what was received from `first` until before `last`; `member_id`: of what that member claimed."""
    statement = sa.select(*_CLOCK).where(FormSubmission.received_at >= first, FormSubmission.received_at < last)
    if member_id is not None:
        statement = statement.where(FormSubmission.claimed_by == member_id)
    return [ClockRow._make(row) for row in await session.execute(statement)]
