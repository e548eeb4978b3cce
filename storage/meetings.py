"""Queries about meetings, the time they take, and candidates that were sent to customers. The session goes first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.members import Role
from domain.qualification.meetings import MeetingStatus, OfferStatus, Turn
from storage import statements
from storage.members import NO_SYNC
from storage.tables import (
    Absence,
    Account,
    Contact,
    Delivery,
    Lead,
    Meeting,
    MeetingOffer,
    MeetingSlot,
    Member,
    Qualification,
    Team,
)


class MeetingRow(NamedTuple):
    """A meeting with the people it concerns."""

    id: int
    lead_id: int
    status: str
    starts_at: datetime
    ends_at: datetime
    customer_zone: str
    language: str
    subject: str
    place: str
    guests: list[str]
    uid: str
    sequence: int
    cancel_reason: str
    cancelled_by: str | None
    outcome_at: datetime | None
    created_at: datetime
    version: int
    offer_id: int | None
    qualification_id: int | None
    stage: str
    account_id: int
    account: str
    contact_id: int
    contact: str
    contact_title: str
    phone: str
    owner_id: int
    owner_slack_user: str
    rep_id: int
    rep: str
    rep_slack_user: str
    rep_email: str
    rep_zone: str
    rep_language: str
    booker_id: int | None
    booker: str | None
    booker_slack_user: str | None
    booker_email: str | None
    team: str


class OfferRow(NamedTuple):
    """Candidates that were sent to a customer."""

    id: int
    lead_id: int
    member_id: int | None
    booked_by: int | None
    qualification_id: int | None
    candidates: list[dict[str, Any]]
    minutes: int
    subject: str
    place: str
    email: str
    language: str
    zone: str
    status: str
    expires_at: datetime
    created_at: datetime
    account: str
    contact_id: int
    contact: str
    booker: str | None
    booker_slack_user: str | None
    booker_email: str | None
    team: str


class RepRow(NamedTuple):
    """A member who could hold a meeting."""

    member_id: int
    slack_user: str
    name: str
    zone: str
    role: str


class LeadTimeRow(NamedTuple):
    """From a verdict to the meeting that came of it."""

    meeting_id: int
    booked_by: int | None
    source: str
    judged_at: datetime
    booked_at: datetime


_REP, _BOOKER, _OWNER = aliased(Member), aliased(Member), aliased(Member)
_MEETINGS = (
    sa.select(
        Meeting.id,
        Meeting.lead_id,
        Meeting.status,
        Meeting.starts_at,
        Meeting.ends_at,
        Meeting.customer_zone,
        Meeting.language,
        Meeting.subject,
        Meeting.place,
        Meeting.guests,
        Meeting.uid,
        Meeting.sequence,
        Meeting.cancel_reason,
        Meeting.cancelled_by,
        Meeting.outcome_at,
        Meeting.created_at,
        Meeting.version,
        Meeting.offer_id,
        Meeting.qualification_id,
        Lead.stage,
        Lead.account_id,
        Account.name,
        Lead.contact_id,
        Contact.name,
        Contact.title,
        Contact.phone,
        Lead.owner_id,
        _OWNER.slack_user,
        Meeting.member_id,
        _REP.name,
        _REP.slack_user,
        _REP.email,
        _REP.zone,
        _REP.language,
        Meeting.booked_by,
        _BOOKER.name,
        _BOOKER.slack_user,
        _BOOKER.email,
        Team.name,
    )
    .select_from(Meeting)
    .join(Lead, Lead.id == Meeting.lead_id)
    .join(Account, Account.id == Lead.account_id)
    .join(Contact, Contact.id == Lead.contact_id)
    .join(_OWNER, _OWNER.id == Lead.owner_id)
    .join(_REP, _REP.id == Meeting.member_id)
    .join(Team, Team.id == Meeting.team_id)
    .outerjoin(_BOOKER, _BOOKER.id == Meeting.booked_by)
)
_OFFERS = (
    sa.select(
        MeetingOffer.id,
        MeetingOffer.lead_id,
        MeetingOffer.member_id,
        MeetingOffer.booked_by,
        MeetingOffer.qualification_id,
        MeetingOffer.candidates,
        MeetingOffer.minutes,
        MeetingOffer.subject,
        MeetingOffer.place,
        MeetingOffer.email,
        MeetingOffer.language,
        MeetingOffer.zone,
        MeetingOffer.status,
        MeetingOffer.expires_at,
        MeetingOffer.created_at,
        Account.name,
        Lead.contact_id,
        Contact.name,
        _BOOKER.name,
        _BOOKER.slack_user,
        _BOOKER.email,
        Team.name,
    )
    .select_from(MeetingOffer)
    .join(Lead, Lead.id == MeetingOffer.lead_id)
    .join(Account, Account.id == Lead.account_id)
    .join(Contact, Contact.id == Lead.contact_id)
    .join(Team, Team.id == MeetingOffer.team_id)
    .outerjoin(_BOOKER, _BOOKER.id == MeetingOffer.booked_by)
)


async def meeting(session: AsyncSession, meeting_id: int, *, lock: bool = False) -> MeetingRow | None:
    """One meeting; with `lock` nobody else changes it until the end of the transaction."""
    statement = _MEETINGS.where(Meeting.id == meeting_id)
    if lock:
        statement = statement.with_for_update(of=Meeting)
    row = (await session.execute(statement)).one_or_none()
    return MeetingRow._make(row) if row else None


async def of_request(session: AsyncSession, request_key: str) -> MeetingRow | None:
    """The meeting that a submission made."""
    row = (await session.execute(_MEETINGS.where(Meeting.request_key == request_key))).one_or_none()
    return MeetingRow._make(row) if row else None


async def of_offer(session: AsyncSession, offer_id: int) -> MeetingRow | None:
    """The meeting that a customer chose from an offer."""
    row = (await session.execute(_MEETINGS.where(Meeting.offer_id == offer_id))).one_or_none()
    return MeetingRow._make(row) if row else None


async def of_lead(session: AsyncSession, lead_id: int, limit: int) -> list[MeetingRow]:
    """A lead's meetings, the latest first."""
    statement = _MEETINGS.where(Meeting.lead_id == lead_id).order_by(Meeting.starts_at.desc(), Meeting.id.desc())
    return [MeetingRow._make(row) for row in await session.execute(statement.limit(limit))]


async def newest(session: AsyncSession, lead_id: int) -> tuple[int, int]:
    """The ids of a lead's newest meeting and newest offer, whatever became of them; 0 for none. They grow, because
    whoever adds one holds the lead."""
    found = [
        await session.scalar(sa.select(sa.func.max(table.id)).where(table.lead_id == lead_id))
        for table in (Meeting, MeetingOffer)
    ]
    return found[0] or 0, found[1] or 0


async def booked_after(session: AsyncSession, lead_id: int, meeting_id: int) -> MeetingRow | None:
    """The newest meeting of a lead that is newer than this one, and still booked."""
    statement = _MEETINGS.where(
        Meeting.lead_id == lead_id, Meeting.id > meeting_id, Meeting.status == MeetingStatus.BOOKED.value
    )
    row = (await session.execute(statement.order_by(Meeting.id.desc()).limit(1))).one_or_none()
    return MeetingRow._make(row) if row else None


async def between(
    session: AsyncSession,
    first: datetime,
    until: datetime,
    limit: int,
    *,
    statuses: Sequence[MeetingStatus] = (MeetingStatus.BOOKED,),
    concerning: int | None = None,
    after: MeetingRow | None = None,
) -> list[MeetingRow]:
    """Meetings that begin from `first` until before `until`, in order; `concerning` a member who holds or booked it,
    and those that come `after` one."""
    statement = _MEETINGS.where(
        Meeting.starts_at >= first, Meeting.starts_at < until, Meeting.status.in_([s.value for s in statuses])
    )
    if concerning is not None:
        statement = statement.where(sa.or_(Meeting.member_id == concerning, Meeting.booked_by == concerning))
    if after is not None:
        same = sa.and_(Meeting.starts_at == after.starts_at, Meeting.id > after.id)
        statement = statement.where(sa.or_(Meeting.starts_at > after.starts_at, same))
    rows = await session.execute(statement.order_by(Meeting.starts_at, Meeting.id).limit(limit))
    return [MeetingRow._make(row) for row in rows]


async def add(session: AsyncSession, **values: Any) -> int | None:
    """Add a meeting; None when the same `request_key` made one before."""
    row = {
        "team_id": session.info["team_id"],
        "status": MeetingStatus.BOOKED.value,
        "cancel_reason": "",
        "sequence": 0,
        "version": 1,
        **values,
    }
    made: int | None = await statements.insert_once(session, Meeting, row, unique=("team_id", "request_key"))
    return made


async def change(session: AsyncSession, meeting_id: int, **values: Any) -> None:
    """Set columns of a meeting and count its version up."""
    await statements.update(session, Meeting, meeting_id, values)


async def hold_rep(session: AsyncSession, member_id: int) -> None:
    """Wait until no other transaction arranges this rep's time, and keep others waiting until the end of this one.

    The unique cells alone keep two meetings apart; but two that move into each other's place would wait for each other.
    Rows that refer to the member can be added meanwhile.
    """
    await session.execute(sa.select(Member.id).where(Member.id == member_id).with_for_update(key_share=True))


async def take(session: AsyncSession, meeting_id: int, member_id: int, wanted: Collection[int]) -> bool:
    """Take cells of a rep for a meeting; False when another meeting has any of them, and the caller must roll back."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    rows = [
        {"team_id": session.info["team_id"], "member_id": member_id, "cell": cell, "meeting_id": meeting_id}
        for cell in sorted(wanted)
    ]
    statement = insert(MeetingSlot).values(rows).on_conflict_do_nothing(index_elements=["member_id", "cell"])
    taken = await session.execute(statement.returning(MeetingSlot.cell))
    return len(taken.all()) == len(rows)


async def release(session: AsyncSession, meeting_id: int) -> None:
    """Give back all time that a meeting took."""
    statement = sa.delete(MeetingSlot).where(MeetingSlot.meeting_id == meeting_id)
    await session.execute(statement, execution_options=NO_SYNC)


async def taken(
    session: AsyncSession, member_ids: Sequence[int], first: int, until: int, *, but: int | None = None
) -> dict[int, frozenset[int]]:
    """The cells from `first` until before `until` that meetings of these members take, `but` one meeting's."""
    statement = sa.select(MeetingSlot.member_id, MeetingSlot.cell).where(
        MeetingSlot.member_id.in_(member_ids), MeetingSlot.cell >= first, MeetingSlot.cell < until
    )
    if but is not None:
        statement = statement.where(MeetingSlot.meeting_id != but)
    found: dict[int, set[int]] = {member_id: set() for member_id in member_ids}
    for member_id, cell in await session.execute(statement):
        found[member_id].add(cell)
    return {member_id: frozenset(cells) for member_id, cells in found.items()}


async def away(
    session: AsyncSession, member_ids: Sequence[int], first: date, last: date
) -> list[tuple[int, date, date]]:
    """Leave of these members that touches the days from `first` to `last`: (member, first day, last day)."""
    statement = sa.select(Absence.member_id, Absence.first_day, Absence.last_day).where(
        Absence.member_id.in_(member_ids), Absence.last_day >= first, Absence.first_day <= last
    )
    return [(member_id, start, end) for member_id, start, end in await session.execute(statement)]


async def reps(session: AsyncSession) -> list[RepRow]:
    """Every active field-sales rep."""
    statement = sa.select(Member.id, Member.slack_user, Member.name, Member.zone, Member.role).where(
        Member.role == Role.FIELD_SALES.value, Member.active
    )
    return [RepRow._make(row) for row in await session.execute(statement.order_by(Member.id))]


async def turns(session: AsyncSession, member_ids: Sequence[int], since: datetime) -> list[Turn]:
    """The meetings these reps were given since then: what the round robin goes by."""
    statement = sa.select(Meeting.member_id, Meeting.created_at, Meeting.status).where(
        Meeting.member_id.in_(member_ids), Meeting.created_at >= since
    )
    return [Turn(member_id, at, MeetingStatus(status)) for member_id, at, status in await session.execute(statement)]


async def verdict_of(session: AsyncSession, lead_id: int) -> int | None:
    """The newest verdict in force on a lead, if it says that it is sales qualified."""
    statement = (
        sa.select(Qualification.id, Qualification.sales_qualified)
        .where(Qualification.lead_id == lead_id)
        .order_by(Qualification.id.desc())
        .limit(1)
    )
    row = (await session.execute(statement)).one_or_none()
    return row[0] if row and row[1] else None


async def lead_times(session: AsyncSession, first: datetime, until: datetime) -> list[LeadTimeRow]:
    """From verdict to meeting, for meetings that were set from `first` until before `until`."""
    statement = (
        sa.select(Meeting.id, Meeting.booked_by, Lead.source, Qualification.created_at, Meeting.created_at)
        .join(Qualification, Qualification.id == Meeting.qualification_id)
        .join(Lead, Lead.id == Meeting.lead_id)
        .where(Meeting.created_at >= first, Meeting.created_at < until)
        .order_by(Meeting.id)
    )
    return [LeadTimeRow._make(row) for row in await session.execute(statement)]


async def teams_with(session: AsyncSession, first: datetime, until: datetime) -> list[str]:
    """The teams with a booked meeting that begins in this time. For a session that is of no team."""
    statement = sa.select(Meeting.team_id).where(
        Meeting.starts_at >= first, Meeting.starts_at < until, Meeting.status == MeetingStatus.BOOKED.value
    )
    return list(await session.scalars(statement.distinct().order_by(Meeting.team_id)))


async def enqueued(session: AsyncSession, keys: Iterable[str]) -> set[str]:
    """Which of these deliveries were enqueued before."""
    return set(await session.scalars(sa.select(Delivery.key).where(Delivery.key.in_(list(keys)))))


# Offers


async def add_offer(session: AsyncSession, **values: Any) -> int | None:
    """Add an offer; None when the same `request_key` made one before."""
    row = {"team_id": session.info["team_id"], "status": OfferStatus.OPEN.value, **values}
    made: int | None = await statements.insert_once(session, MeetingOffer, row, unique=("request_key",))
    return made


async def offer(session: AsyncSession, offer_id: int, *, lock: bool = False) -> OfferRow | None:
    """One offer; with `lock` nobody else changes it until the end of the transaction."""
    statement = _OFFERS.where(MeetingOffer.id == offer_id)
    if lock:
        statement = statement.with_for_update(of=MeetingOffer)
    row = (await session.execute(statement)).one_or_none()
    return OfferRow._make(row) if row else None


async def offer_of_request(session: AsyncSession, request_key: str) -> OfferRow | None:
    """The offer that a submission made."""
    row = (await session.execute(_OFFERS.where(MeetingOffer.request_key == request_key))).one_or_none()
    return OfferRow._make(row) if row else None


async def open_offers(session: AsyncSession, lead_id: int) -> list[OfferRow]:
    """A lead's offers that wait for the customer, oldest first."""
    statement = _OFFERS.where(MeetingOffer.lead_id == lead_id, MeetingOffer.status == OfferStatus.OPEN.value)
    return [OfferRow._make(row) for row in await session.execute(statement.order_by(MeetingOffer.id))]


async def settle_offer(session: AsyncSession, offer_id: int, status: OfferStatus) -> bool:
    """`open` → another status; False when it was not open any more."""
    statement = (
        sa.update(MeetingOffer)
        .where(MeetingOffer.id == offer_id, MeetingOffer.status == OfferStatus.OPEN.value)
        .values(status=status.value)
        .returning(MeetingOffer.id)
    )
    return (await session.execute(statement, execution_options=NO_SYNC)).scalar_one_or_none() is not None


async def run_out(session: AsyncSession, now: datetime) -> list[int]:
    """Settle the offers whose time has run out unanswered; their ids. Each is found once, whoever asks."""
    statement = (
        sa.update(MeetingOffer)
        .where(MeetingOffer.status == OfferStatus.OPEN.value, MeetingOffer.expires_at <= now)
        .values(status=OfferStatus.EXPIRED.value)
        .returning(MeetingOffer.id)
    )
    return sorted(await session.scalars(statement, execution_options=NO_SYNC))


async def teams_with_run_out(session: AsyncSession, now: datetime) -> list[str]:
    """The teams with an offer whose time has run out. For a session that is of no team."""
    statement = sa.select(MeetingOffer.team_id).where(
        MeetingOffer.status == OfferStatus.OPEN.value, MeetingOffer.expires_at <= now
    )
    return list(await session.scalars(statement.distinct().order_by(MeetingOffer.team_id)))
