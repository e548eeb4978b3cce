"""Meetings with field sales: when they could be, and how they are booked (work item 3-5).

A rep's time is taken in cells of five minutes under a unique key (storage/meetings.py), in the transaction that saves
the meeting: of any number who want the same time at once, one gets it. Whatever follows (letters, calendars, messages)
is enqueued in the same transaction (services/qualification/meeting_news.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused, Rejected
from domain.leads import NextStep, Stage
from domain.mail import SENDER, Sender
from domain.members import Permission, Role, may, require
from domain.qualification.meetings import (
    CELL,
    EPOCH,
    MeetingRules,
    MeetingStatus,
    OfferStatus,
    Slot,
    stage_when_booked,
)
from services import mail, rules, teams
from services.deps import Actor, Deps
from services.outreach import inbound
from services.outreach.records import contact_facts, lead_line
from services.outreach.stages import move as move_stage
from services.qualification import meeting_slots
from services.qualification.meeting_news import announce
from services.qualification.meeting_records import (
    AddedMeanwhile,
    Free,
    LeadTime,
    MeetingDraft,
    MeetingView,
    Occasion,
    Plan,
    Seen,
    SlotTaken,
    Write,
    meeting_view,
    offer_view,
)
from services.qualification.meeting_slots import RULES
from storage import leads as lead_queries
from storage import meetings as queries
from storage import members as member_queries
from storage.members import audit

MAX_SUBJECT, MAX_PLACE, MAX_REASON, MAX_GUESTS, MAX_ADDRESS = 200, 500, 1000, 5, 254
LONGEST = timedelta(hours=4)
LISTED = 50
LANGUAGES = ("ja", "en")
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]]+@[^@\s<>,;:\"()\[\]]+\.[^@\s<>,;:\"()\[\].]+")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


async def read_rules(deps: Deps, team_id: str) -> MeetingRules:
    """What the team decided about its meetings."""
    return await rules.read(deps, team_id, RULES, MeetingRules())


async def change_rules(deps: Deps, actor: Actor, new: MeetingRules) -> None:
    """Put down the team's rules. Refused: NOT_ALLOWED; Rejected: each field that makes no sense."""
    require(actor.role, Permission.EDIT_TEAM)
    new.check()
    await rules.change(deps, actor, RULES, new)


async def prepare(
    deps: Deps,
    actor: Actor,
    lead_id: int,
    *,
    zone: str = "",
    place: str | None = None,
    only: Sequence[int] | None = None,
) -> MeetingDraft:
    """Everything the form shows: free slots of the right reps, and what is known about the customer.

    `zone` "": where the telephone number says the customer is. Refused: NOT_ALLOWED, NOT_FOUND, WRONG_STAGE for a lead
    that is out, INVALID `zone`.
    """
    require(actor.role, Permission.BOOK_MEETINGS)
    now = deps.now()
    async with deps.reading(actor.team_id) as session:
        row = await lead_queries.line(session, lead_id)
        if row is None:
            raise Refused(Code.NOT_FOUND)
        stage_when_booked(Stage(row.stage))
        contact = await lead_queries.contact(session, row.contact_id)
        account = await lead_queries.account(session, row.account_id)
        team = await member_queries.team(session, actor.team_id)
        meetings = [meeting_view(m) for m in await queries.of_lead(session, lead_id, LISTED)]
        offers = [offer_view(o, now) for o in await queries.open_offers(session, lead_id)]
        seen = Seen(*await queries.newest(session, lead_id))
        sender = await rules.of(session, SENDER, Sender())
    if contact is None or account is None or team is None:
        raise Refused(Code.NOT_FOUND)
    where = zone or meeting_slots.customer_zone(contact.phone, actor.team_zone)
    free = await meeting_slots.free(
        deps, actor.team_id, account.address, account.industry, where, place=place, only=only
    )
    # Whoever has a Japanese name or number is written to in Japanese.
    japanese = contact.phone.startswith("+81") or bool(_JAPANESE.search(contact.name))
    return MeetingDraft(
        lead=lead_line(row),
        contact=contact_facts(contact),
        free=free,
        language="ja" if japanese else "en",
        team=team.name,
        upcoming=tuple(m for m in meetings if m.status is MeetingStatus.BOOKED and m.ends_at > now),
        waiting=tuple(o for o in offers if o.status is OfferStatus.OPEN),
        can_mail=sender.complete,
        seen=seen,
    )


async def free(
    deps: Deps,
    actor: Actor,
    lead_id: int,
    *,
    zone: str = "",
    place: str | None = None,
    only: Sequence[int] | None = None,
) -> Free:
    """The free slots of the right reps for a lead. Refused: as `prepare`."""
    return (await prepare(deps, actor, lead_id, zone=zone, place=place, only=only)).free


async def free_for(
    deps: Deps,
    team_id: str,
    lead_id: int,
    zone: str,
    *,
    place: str,
    minutes: int,
    only: Sequence[int] | None = None,
    but: int | None = None,
) -> Free:
    """The free slots that a customer sees. Refused: NOT_FOUND, INVALID `zone`."""
    async with deps.reading(team_id) as session:
        row = await lead_queries.line(session, lead_id)
        account = await lead_queries.account(session, row.account_id) if row else None
    if account is None:
        raise Refused(Code.NOT_FOUND)
    return await meeting_slots.free(
        deps, team_id, account.address, account.industry, zone, place=place, minutes=minutes, only=only, but=but
    )


async def book(
    deps: Deps,
    actor: Actor,
    lead_id: int,
    slot: Slot,
    plan: Plan,
    write: Write,
    *,
    request_key: str | None = None,
    seen: Seen | None = None,
) -> MeetingView:
    """Fix a meeting, and have everybody told. Candidates that still wait for this customer are withdrawn.

    `request_key` names the submission: sent twice it makes one meeting, and the second call gives the first one's.
    `seen`: what was known of the lead when this was decided; None: does not matter.

    Refused: NOT_ALLOWED, NOT_FOUND, WRONG_STAGE for a lead that is out, DATE_IN_PAST or INVALID `slot`, INVALID
    `member_id` for somebody who holds no meetings. `SlotTaken` when another has the time, `AddedMeanwhile` when there
    is a meeting that was not `seen`. Rejected: `subject`, `place`, `guests`, `customer_zone`, `language`.
    """
    require(actor.role, Permission.BOOK_MEETINGS)
    plan = checked(plan)
    check_slot(slot, deps.now())
    key = f"{lead_id}:{request_key}" if request_key else None
    if key is not None:
        async with deps.reading(actor.team_id) as session:
            before = await queries.of_request(session, key)
        if before is not None:
            return meeting_view(before)
    if seen is not None:
        # Asked once more below, when nobody else can add one: before that the time would be said to be taken, where it
        # was taken for this very customer.
        async with deps.reading(actor.team_id) as session:
            await nothing_added(session, lead_id, seen)
    if not await meeting_slots.still_free(deps, actor.team_id, slot, plan.place):
        raise await _taken(deps, actor.team_id, lead_id, plan, slot)
    try:
        async with deps.writing(actor.team_id) as session:
            made = await add(deps, session, actor, lead_id, slot, plan, request_key=key, seen=seen)
            await announce(deps, session, made, Occasion.BOOKED, write, by=actor.slack_user)
            return made
    except (Occupied, AddedMeanwhile) as other:
        if key is not None:
            async with deps.reading(actor.team_id) as session:
                before = await queries.of_request(session, key)
            if before is not None:
                return meeting_view(before)
        if isinstance(other, AddedMeanwhile):
            raise
        raise await _taken(deps, actor.team_id, lead_id, plan, slot) from None


async def nothing_added(session: AsyncSession, lead_id: int, seen: Seen) -> None:
    """Raises `AddedMeanwhile` where a lead has got a meeting that was not seen."""
    added = await queries.booked_after(session, lead_id, seen.meeting_id)
    if added is not None:
        raise AddedMeanwhile(meeting_view(added))


class Occupied(Exception):
    """Another meeting has some of the cells; the transaction is rolled back by this."""


async def add(
    deps: Deps,
    session: AsyncSession,
    actor: Actor,
    lead_id: int,
    slot: Slot,
    plan: Plan,
    *,
    offer_id: int | None = None,
    qualification_id: int | None = None,
    request_key: str | None = None,
    seen: Seen | None = None,
) -> MeetingView:
    """Save a meeting in the caller's transaction, take its time and move the lead. Raises `Occupied`; Refused: as
    `book`. `actor` is who set it, or whose offer the customer chose from."""
    now = deps.now()
    lead = await lead_queries.line(session, lead_id, lock=True)
    if lead is None:
        raise Refused(Code.NOT_FOUND)
    if seen is not None:
        await nothing_added(session, lead_id, seen)
    await check_rep(session, slot.member_id)
    goes_to = stage_when_booked(Stage(lead.stage))
    await queries.hold_rep(session, slot.member_id)
    made = await queries.add(
        session,
        lead_id=lead_id,
        member_id=slot.member_id,
        booked_by=actor.member_id,
        offer_id=offer_id,
        qualification_id=qualification_id or await queries.verdict_of(session, lead_id),
        starts_at=slot.start,
        ends_at=slot.end,
        customer_zone=plan.customer_zone,
        language=plan.language,
        subject=plan.subject,
        place=plan.place,
        guests=list(plan.guests),
        uid=f"{uuid4()}@kakehashi",
        request_key=request_key,
        created_at=now,
    )
    wanted = await meeting_slots.taken_cells(session, slot, plan.place)
    if made is None or not await queries.take(session, made, slot.member_id, wanted):
        raise Occupied
    if goes_to is not None:
        stage, next_step = goes_to
        await move_stage(
            session,
            actor,
            lead_id,
            Stage(lead.stage),
            stage,
            now,
            next_step=next_step.value,
            next_step_at=slot.start if next_step is NextStep.WAIT_FOR_FIELD_SALES else None,
        )
    for offer in await queries.open_offers(session, lead_id):
        if offer.id != offer_id:
            await queries.settle_offer(session, offer.id, OfferStatus.WITHDRAWN)
    if offer_id is None:
        # A choice from candidates is the customer's own; the response was the letter that had them.
        await inbound.responded(session, lead_id, actor.member_id, now)
    detail = {"meeting_id": made, "member_id": slot.member_id, "starts_at": slot.start.isoformat()}
    who = None if offer_id is not None else actor.member_id
    await audit(session, who, "meeting.book", f"leads:{lead_id}", detail, now)
    return await read(session, made)


async def view(deps: Deps, team_id: str, meeting_id: int) -> MeetingView:
    """A meeting. Refused: NOT_FOUND."""
    async with deps.reading(team_id) as session:
        return await read(session, meeting_id)


async def upcoming(deps: Deps, actor: Actor, *, everybody: bool = False) -> list[MeetingView]:
    """Booked meetings that are not over for an hour, in order: the actor's own, or the team's."""
    require(actor.role, Permission.READ)
    now = deps.now()
    async with deps.reading(actor.team_id) as session:
        rows = await queries.between(
            session,
            now - timedelta(hours=5),
            now + timedelta(days=365),
            LISTED,
            concerning=None if everybody else actor.member_id,
        )
    return [meeting_view(row) for row in rows if row.ends_at > now - timedelta(hours=1)]


async def lead_times(deps: Deps, team_id: str, first: datetime, until: datetime) -> list[LeadTime]:
    """From verdict to meeting, for meetings that were set from `first` until before `until` (aware)."""
    async with deps.reading(team_id) as session:
        team = await member_queries.team(session, team_id)
        if team is None:
            raise Refused(Code.NOT_FOUND)
        calendar = await teams.team_calendar(session, team.zone, until)
        rows = await queries.lead_times(session, first, until)
    return [LeadTime(*row, business_minutes=calendar.minutes_between(row.judged_at, row.booked_at)) for row in rows]


def check_slot(slot: Slot, now: datetime) -> None:
    """Refused: DATE_IN_PAST or INVALID `slot`."""
    if slot.start <= now:
        raise Refused(Code.DATE_IN_PAST, "slot")
    if (slot.start - EPOCH) % CELL or not timedelta() < slot.end - slot.start <= LONGEST:
        raise Refused(Code.INVALID, "slot")


def checked(plan: Plan) -> Plan:
    """The plan, tidied. Rejected: each field that is wrong."""
    tidy = replace(
        plan,
        subject=" ".join(plan.subject.split()),
        place=plan.place.strip(),
        guests=tuple(dict.fromkeys(guest.strip() for guest in plan.guests if guest.strip())),
    )
    refusals = []
    if not tidy.subject:
        refusals.append(Refused(Code.REQUIRED, "subject"))
    if len(tidy.subject) > MAX_SUBJECT:
        refusals.append(Refused(Code.TOO_LONG, "subject", most=MAX_SUBJECT))
    if len(tidy.place) > MAX_PLACE:
        refusals.append(Refused(Code.TOO_LONG, "place", most=MAX_PLACE))
    if len(tidy.guests) > MAX_GUESTS or not all(is_address(guest) for guest in tidy.guests):
        refusals.append(Refused(Code.INVALID, "guests"))
    if not meeting_slots.is_zone(tidy.customer_zone):
        refusals.append(Refused(Code.INVALID, "customer_zone"))
    if tidy.language not in LANGUAGES:
        refusals.append(Refused(Code.INVALID, "language"))
    if refusals:
        raise Rejected(*refusals)
    return tidy


def is_address(text: str) -> bool:
    """Whether a letter can be sent there."""
    return len(text) <= MAX_ADDRESS and bool(_ADDRESS.fullmatch(text))


async def may_write(deps: Deps, team_id: str, address: str, contact_id: int) -> bool:
    """Whether this person may be written to."""
    async with deps.reading(team_id) as session:
        return await mail.may_write(session, address, contact_id)


async def _taken(deps: Deps, team_id: str, lead_id: int, plan: Plan, slot: Slot) -> SlotTaken:
    minutes = int((slot.end - slot.start) / timedelta(minutes=1))
    return SlotTaken(await free_for(deps, team_id, lead_id, plan.customer_zone, place=plan.place, minutes=minutes))


async def check_rep(session: AsyncSession, member_id: int) -> None:
    """Refused: INVALID `member_id` for somebody who holds no meetings."""
    rep = await member_queries.by_id(session, member_id)
    if rep is None or not may(Role(rep.role), Permission.TAKE_HANDOFF):
        raise Refused(Code.INVALID, "member_id")


async def read(session: AsyncSession, meeting_id: int) -> MeetingView:
    """A meeting, in the caller's session. Refused: NOT_FOUND."""
    row = await queries.meeting(session, meeting_id)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return meeting_view(row)
