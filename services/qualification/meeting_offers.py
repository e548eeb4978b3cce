"""Candidates sent to a customer, who chooses one by a signed link (work item 3-5). The first to choose has it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.errors import Code, Refused, Rejected
from domain.leads import Stage
from domain.members import Permission, Role, require
from domain.qualification.meetings import (
    MAX_CANDIDATES,
    MIN_CANDIDATES,
    MeetingStatus,
    OfferStatus,
    Slot,
    stage_when_booked,
)
from services.deps import Actor, Deps
from services.mail import may_write
from services.outreach import inbound
from services.qualification import meeting_slots, meetings
from services.qualification.meeting_news import announce, send_offer
from services.qualification.meeting_records import (
    AddedMeanwhile,
    Free,
    MeetingView,
    Occasion,
    OfferClosed,
    OfferView,
    Plan,
    Seen,
    SlotTaken,
    Write,
    WriteOffer,
    meeting_view,
    offer_view,
    stored_slot,
)
from storage import leads as lead_queries
from storage import meetings as queries
from storage import members as member_queries
from storage import suppressions as suppression_queries
from storage.members import audit

RUN_OUT = "meeting.offer.run_out"
"""The delivery that tells whoever sent candidates that the customer chose none in time."""


async def send(
    deps: Deps,
    actor: Actor,
    lead_id: int,
    candidates: Sequence[Slot],
    plan: Plan,
    write: WriteOffer,
    *,
    request_key: str | None = None,
    seen: Seen | None = None,
) -> OfferView:
    """Send candidates to the plan's one guest. Offers this customer has not answered yet are withdrawn.

    Nobody's time is held by it: until the customer chooses, a candidate can be taken by others.

    Refused: NOT_ALLOWED, NOT_FOUND, WRONG_STAGE for a lead that is out, INVALID `candidates` (`least`, `most`) for too
    few or too many, DATE_IN_PAST `candidates`, INVALID `guests` for no address or several, INCOMPLETE where customers
    cannot reach us, NOT_ALLOWED `guests` for somebody who does not want to be written to; `AddedMeanwhile` when the
    lead has a meeting, or candidates were sent, that were not `seen`. Rejected: as `book`.
    """
    require(actor.role, Permission.BOOK_MEETINGS)
    if not deps.public_url:
        raise Refused(Code.INCOMPLETE)
    plan = meetings.checked(plan)
    now = deps.now()
    wanted = sorted(set(candidates))
    if not MIN_CANDIDATES <= len(wanted) <= MAX_CANDIDATES:
        raise Refused(Code.INVALID, "candidates", least=MIN_CANDIDATES, most=MAX_CANDIDATES)
    for slot in wanted:
        if slot.start <= now:
            raise Refused(Code.DATE_IN_PAST, "candidates")
        meetings.check_slot(slot, now)
    if len({slot.end - slot.start for slot in wanted}) != 1:
        raise Refused(Code.INVALID, "candidates", least=MIN_CANDIDATES, most=MAX_CANDIDATES)
    if len(plan.guests) != 1:
        raise Rejected(Refused(Code.INVALID if plan.guests else Code.REQUIRED, "guests"))
    found = await meetings.read_rules(deps, actor.team_id)
    members = {slot.member_id for slot in wanted}
    key = f"{actor.team_id}:{lead_id}:{request_key}" if request_key else None
    async with deps.writing(actor.team_id) as session:
        lead = await lead_queries.line(session, lead_id, lock=True)
        if lead is None:
            raise Refused(Code.NOT_FOUND)
        before = await queries.offer_of_request(session, key) if key else None
        if before is not None:
            return offer_view(before, now)
        if seen is not None:
            await meetings.nothing_added(session, lead_id, seen)
            if any(waiting.id > seen.offer_id for waiting in await queries.open_offers(session, lead_id)):
                raise AddedMeanwhile(None)
        stage_when_booked(Stage(lead.stage))
        if not await may_write(session, plan.guests[0], lead.contact_id):
            raise Refused(Code.INVALID, "guests", opted_out=1)
        for waiting in await queries.open_offers(session, lead_id):
            await queries.settle_offer(session, waiting.id, OfferStatus.WITHDRAWN)
        # Nobody is invited to choose a time that has passed.
        expires_at = min(now + timedelta(days=found.offer_days), wanted[-1].start)
        made = await queries.add_offer(
            session,
            lead_id=lead_id,
            member_id=members.pop() if len(members) == 1 else None,
            booked_by=actor.member_id,
            qualification_id=await queries.verdict_of(session, lead_id),
            candidates=[stored_slot(slot) for slot in wanted],
            minutes=int((wanted[0].end - wanted[0].start) / timedelta(minutes=1)),
            subject=plan.subject,
            place=plan.place,
            email=plan.guests[0],
            language=plan.language,
            zone=plan.customer_zone,
            expires_at=expires_at,
            request_key=key,
            created_at=now,
        )
        row = await queries.offer(session, made) if made is not None else None
        if row is None:
            raise Refused(Code.ALREADY_DONE)
        await inbound.responded(session, lead_id, actor.member_id, now)
        sent = offer_view(row, now)
        detail = {"offer_id": sent.offer_id, "candidates": [slot.start.isoformat() for slot in wanted]}
        await audit(session, actor.member_id, "meeting.offer", f"leads:{lead_id}", detail, now)
        await send_offer(deps, session, sent, write)
        return sent


async def withdraw(deps: Deps, actor: Actor, offer_id: int) -> None:
    """Take candidates back. Refused: NOT_ALLOWED, NOT_FOUND, ALREADY_DONE (`status`) when they were answered."""
    require(actor.role, Permission.BOOK_MEETINGS)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        row = await queries.offer(session, offer_id, lock=True)
        if row is None:
            raise Refused(Code.NOT_FOUND)
        if not await queries.settle_offer(session, offer_id, OfferStatus.WITHDRAWN):
            raise Refused(Code.ALREADY_DONE, status=row.status)
        await audit(session, actor.member_id, "meeting.withdraw", f"leads:{row.lead_id}", {"offer_id": offer_id}, now)


async def view(deps: Deps, team_id: str, offer_id: int) -> OfferView:
    """An offer. Refused: NOT_FOUND; `OfferClosed` for one that cannot be chosen from any more."""
    async with deps.reading(team_id) as session:
        row = await queries.offer(session, offer_id)
        if row is None:
            raise Refused(Code.NOT_FOUND)
        shown = offer_view(row, deps.now())
        if shown.status is OfferStatus.OPEN:
            return shown
        chosen = await queries.of_offer(session, offer_id)
    raise OfferClosed(shown, meeting_view(chosen) if chosen else None)


async def choices(deps: Deps, team_id: str, offer_id: int, zone: str) -> tuple[OfferView, tuple[Slot, ...], Free]:
    """An offer, those of its candidates that are still free, and all other free slots of its reps.

    Refused: NOT_FOUND, INVALID `zone`; `OfferClosed`.
    """
    offer = await view(deps, team_id, offer_id)
    left, free = await asyncio.gather(
        meeting_slots.unoccupied(deps, team_id, offer.candidates, offer.place), _free(deps, team_id, offer, zone)
    )
    return offer, tuple(left), free


async def choose(deps: Deps, team_id: str, offer_id: int, slot: Slot, write: Write, *, zone: str = "") -> MeetingView:
    """The customer takes a slot: a candidate, or another that is free. The same one again changes nothing.

    Refused: NOT_FOUND, INVALID `slot` for one that was never offered, DATE_IN_PAST `slot`; `SlotTaken` when another has
    the time; `OfferClosed` when it was answered, taken back, or its time has run out.
    """
    now = deps.now()
    try:
        offer = await view(deps, team_id, offer_id)
    except OfferClosed as closed:
        return _same(closed, slot)
    where = zone if meeting_slots.is_zone(zone) else offer.zone
    meetings.check_slot(slot, now)
    if slot not in offer.candidates:
        if slot.end - slot.start != timedelta(minutes=offer.minutes):
            raise Refused(Code.INVALID, "slot")
        free = await _free(deps, team_id, offer, where)
        rep = free.of(slot.member_id)
        if rep is None or slot not in rep.slots:
            raise SlotTaken(free)
    elif not await meeting_slots.still_free(deps, team_id, slot, offer.place):
        raise SlotTaken(await _free(deps, team_id, offer, where))
    plan = Plan(offer.subject, offer.place, (offer.email,), where, offer.language)
    try:
        async with deps.writing(team_id) as session:
            row = await queries.offer(session, offer_id, lock=True)
            if row is None:
                raise Refused(Code.NOT_FOUND)
            locked = offer_view(row, now)
            if locked.status is not OfferStatus.OPEN:
                chosen = await queries.of_offer(session, offer_id)
                return _same(OfferClosed(locked, meeting_view(chosen) if chosen else None), slot)
            await queries.settle_offer(session, offer_id, OfferStatus.CHOSEN)
            booker = await member_queries.by_id(session, row.booked_by or slot.member_id)
            if booker is None:
                # Who sent it has left; the meeting is the rep's then.
                booker = await member_queries.by_id(session, slot.member_id)
            if booker is None:
                raise Refused(Code.INVALID, "member_id")
            actor = Actor(
                team_id,
                booker.id,
                booker.slack_user,
                booker.name,
                Role(booker.role),
                booker.language,
                booker.zone,
                booker.team_zone,
            )
            made = await meetings.add(
                deps,
                session,
                actor,
                row.lead_id,
                slot,
                plan,
                offer_id=offer_id,
                qualification_id=row.qualification_id,
                request_key=f"offer:{offer_id}",
            )
            await announce(deps, session, made, Occasion.BOOKED, write, by=None)
            return made
    except meetings.Occupied:
        raise SlotTaken(await _free(deps, team_id, offer, where)) from None


def _same(closed: OfferClosed, slot: Slot) -> MeetingView:
    """The meeting, if it is what was asked for: a form that was sent twice is no second choice."""
    made = closed.meeting
    if made is not None and (made.starts_at, made.rep_id) == (slot.start, slot.member_id):
        return made
    raise closed


async def _free(deps: Deps, team_id: str, offer: OfferView, zone: str) -> Free:
    return await meetings.free_for(
        deps,
        team_id,
        offer.lead_id,
        zone,
        place=offer.place,
        minutes=offer.minutes,
        only=sorted({slot.member_id for slot in offer.candidates}),
    )


async def teams_due(deps: Deps) -> list[str]:
    """The teams in which an offer has run out unanswered."""
    async with deps.database.reading_across_teams() as session:
        return await queries.teams_with_run_out(session, deps.now())


async def run_out(deps: Deps, team_id: str) -> int:
    """Settle the offers that nobody answered in time, and tell whoever sent each; how many there were."""
    now = deps.now()
    async with deps.writing(team_id) as session:
        ended = await queries.run_out(session, now)
        for offer_id in ended:
            row = await queries.offer(session, offer_id)
            if row is not None and row.booker_slack_user is not None:
                await deps.outbox.enqueue(
                    session,
                    key=f"offer:{offer_id}:run_out",
                    kind=RUN_OUT,
                    channel=row.booker_slack_user,
                    arguments={"offer_id": offer_id},
                    now=now,
                )
    return len(ended)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A customer who chose none of the times in an offer. `phone` "": none is known, or nobody may call it."""

    lead_id: int
    contact: str
    account: str
    phone: str


async def unanswered(deps: Deps, team_id: str, offer_id: int) -> Unanswered | None:
    """Who did not answer an offer that has run out; None when a meeting with them was booked all the same."""
    async with deps.reading(team_id) as session:
        row = await queries.offer(session, offer_id)
        if row is None:
            return None
        meetings_of = await queries.of_lead(session, row.lead_id, 1)
        marks = await suppression_queries.marks(session, row.lead_id)
    if any(MeetingStatus(m.status) is MeetingStatus.BOOKED for m in meetings_of):
        return None
    return Unanswered(row.lead_id, row.contact, row.account, "" if marks.do_not_call_at else marks.phone)
