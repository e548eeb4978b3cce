"""Meetings, offers and free slots as frozen values, and the words that the edge puts them into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.errors import Code, Refused
from domain.leads import Stage
from domain.qualification.handoff import Fit
from domain.qualification.meetings import CancelledBy, MeetingRules, MeetingStatus, OfferStatus, Slot
from services.outreach.records import ContactFacts, LeadLine
from storage.meetings import MeetingRow, OfferRow


@dataclass(frozen=True, slots=True)
class MeetingView:
    """A meeting. Moments are in UTC; `booker_*` None: nobody of ours set it."""

    meeting_id: int
    lead_id: int
    status: MeetingStatus
    starts_at: datetime
    ends_at: datetime
    customer_zone: str
    language: str
    """In which the customer is written to."""
    subject: str
    place: str
    guests: tuple[str, ...]
    uid: str
    sequence: int
    version: int
    cancel_reason: str
    cancelled_by: CancelledBy | None
    outcome_at: datetime | None
    created_at: datetime
    stage: Stage
    account: str
    contact_id: int
    contact: str
    contact_title: str
    phone: str
    rep_id: int
    rep: str
    rep_slack_user: str
    rep_email: str
    rep_zone: str
    booker_id: int | None
    booker: str | None
    booker_slack_user: str | None
    booker_email: str | None
    team: str


@dataclass(frozen=True, slots=True)
class OfferView:
    """Candidates that were sent to a customer. `member_id` None: of several reps."""

    offer_id: int
    lead_id: int
    status: OfferStatus
    member_id: int | None
    candidates: tuple[Slot, ...]
    minutes: int
    subject: str
    place: str
    email: str
    language: str
    zone: str
    expires_at: datetime
    account: str
    contact_id: int
    contact: str
    booker: str | None
    booker_slack_user: str | None
    booker_email: str | None
    team: str


@dataclass(frozen=True, slots=True)
class RepSlots:
    """A field-sales rep and when this one could meet the customer.

    `right`: none fits the company better. `turns`: meetings of the last weeks that count. `readable` False: the
    calendar could not be read just now, so only our own meetings are known.
    """

    member_id: int
    slack_user: str
    name: str
    fits: tuple[Fit, ...]
    right: bool
    turns: int
    readable: bool
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Free:
    """Free slots: the right reps first, whose turn it is first among them, then the others."""

    reps: tuple[RepSlots, ...]
    customer_zone: str
    rules: MeetingRules

    @property
    def suggested(self) -> RepSlots | None:
        """The rep whose turn it is, of those who have time."""
        return next((rep for rep in self.reps if rep.slots), self.reps[0] if self.reps else None)

    def of(self, member_id: int | None) -> RepSlots | None:
        """One rep's."""
        return next((rep for rep in self.reps if rep.member_id == member_id), None)


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody knew of a lead: the ids of its newest meeting and its newest offer; 0 for none."""

    meeting_id: int
    offer_id: int


@dataclass(frozen=True, slots=True)
class MeetingDraft:
    """What the form of a meeting starts from. `upcoming`: meetings of this lead that are already booked; `seen`: the
    newest of all, by which it is told later what has been added since."""

    lead: LeadLine
    contact: ContactFacts
    free: Free
    language: str
    team: str
    upcoming: tuple[MeetingView, ...]
    waiting: tuple[OfferView, ...]
    """Offers the customer has not answered yet."""
    can_mail: bool
    """Whether the team has said who writes, without which no offer is sent (domain/mail.py)."""
    seen: Seen


@dataclass(frozen=True, slots=True)
class Plan:
    """What is agreed about a meeting besides its time. `language`: `ja` or `en`; `place`: an address, a link or ""."""

    subject: str
    place: str
    guests: tuple[str, ...]
    customer_zone: str
    language: str


@dataclass(frozen=True, slots=True)
class LeadTime:
    """From a verdict to the meeting that came of it; `business_minutes` of the team's working time."""

    meeting_id: int
    booked_by: int | None
    source: str
    judged_at: datetime
    booked_at: datetime
    business_minutes: float


class SlotTaken(Refused):
    """Somebody else took the time meanwhile; nothing was saved. `fresh`: what is free now."""

    def __init__(self, fresh: Free) -> None:
        super().__init__(Code.STALE, "slot")
        self.fresh = fresh


class AddedMeanwhile(Refused):
    """The lead has got a meeting, or else candidates, that whoever asks did not know of; nothing was saved. Perhaps it
    was their own submission, whose answer was lost. `meeting` None: only candidates were sent."""

    def __init__(self, meeting: MeetingView | None) -> None:
        super().__init__(Code.STALE)
        self.meeting = meeting


class OfferClosed(Refused):
    """An offer cannot be chosen from any more. `meeting`: what was chosen from it."""

    def __init__(self, offer: OfferView, meeting: MeetingView | None = None) -> None:
        super().__init__(Code.ALREADY_DONE, status=offer.status.value)
        self.offer = offer
        self.status = offer.status
        self.meeting = meeting


class Occasion(StrEnum):
    """Why a customer is written to about a meeting."""

    BOOKED = "booked"
    MOVED = "moved"
    REASSIGNED = "reassigned"
    CANCELLED = "cancelled"
    DAY_BEFORE = "day_before"
    SOON = "soon"


@dataclass(frozen=True, slots=True)
class Words:
    """A letter in the customer's language. `description` goes into the calendar entry."""

    subject: str
    text: str
    description: str = ""


Write = Callable[[Occasion, MeetingView, str], Words]
"""(occasion, meeting, the customer's link) → the letter. Pure and quick: it is asked inside the transaction."""
WriteOffer = Callable[[OfferView, str], Words]
"""(offer, the customer's link) → the letter."""


def meeting_view(row: MeetingRow) -> MeetingView:
    """A meeting from its row."""
    return MeetingView(
        meeting_id=row.id,
        lead_id=row.lead_id,
        status=MeetingStatus(row.status),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        customer_zone=row.customer_zone,
        language=row.language,
        subject=row.subject,
        place=row.place,
        guests=tuple(row.guests),
        uid=row.uid,
        sequence=row.sequence,
        version=row.version,
        cancel_reason=row.cancel_reason,
        cancelled_by=CancelledBy(row.cancelled_by) if row.cancelled_by else None,
        outcome_at=row.outcome_at,
        created_at=row.created_at,
        stage=Stage(row.stage),
        account=row.account,
        contact_id=row.contact_id,
        contact=row.contact,
        contact_title=row.contact_title,
        phone=row.phone,
        rep_id=row.rep_id,
        rep=row.rep,
        rep_slack_user=row.rep_slack_user,
        rep_email=row.rep_email,
        rep_zone=row.rep_zone,
        booker_id=row.booker_id,
        booker=row.booker,
        booker_slack_user=row.booker_slack_user,
        booker_email=row.booker_email,
        team=row.team,
    )


def offer_view(row: OfferRow, now: datetime) -> OfferView:
    """An offer from its row; one whose time has run out is expired, whether or not anybody wrote that down."""
    status = OfferStatus(row.status)
    if status is OfferStatus.OPEN and row.expires_at <= now:
        status = OfferStatus.EXPIRED
    return OfferView(
        offer_id=row.id,
        lead_id=row.lead_id,
        status=status,
        member_id=row.member_id,
        candidates=tuple(slot_from(stored) for stored in row.candidates),
        minutes=row.minutes,
        subject=row.subject,
        place=row.place,
        email=row.email,
        language=row.language,
        zone=row.zone,
        expires_at=row.expires_at,
        account=row.account,
        contact_id=row.contact_id,
        contact=row.contact,
        booker=row.booker,
        booker_slack_user=row.booker_slack_user,
        booker_email=row.booker_email,
        team=row.team,
    )


def slot_from(stored: dict[str, object]) -> Slot:
    """A slot as an offer keeps it."""
    return Slot(
        datetime.fromisoformat(str(stored["starts_at"])),
        datetime.fromisoformat(str(stored["ends_at"])),
        int(str(stored["member_id"])),
    )


def stored_slot(slot: Slot) -> dict[str, object]:
    """What `slot_from` reads."""
    return {
        "member_id": slot.member_id,
        "starts_at": slot.start.isoformat(),
        "ends_at": slot.end.isoformat(),
    }
