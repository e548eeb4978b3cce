"""Meetings with field sales: when one can be, whose turn it is, and how one ends (work item 3-5)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.calendar import BusinessCalendar
from domain.errors import Code, Refused, Rejected
from domain.leads import NextStep, Stage

CELL = timedelta(minutes=5)
"""What a rep's time is counted in: no two meetings of one rep share a cell."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DAY_BEFORE = timedelta(days=1)
SOON_BEFORE = timedelta(minutes=15)
ASK_AFTER = timedelta(minutes=10)
"""How long after its end the rep is asked how a meeting went."""
LATE_REMINDER = timedelta(minutes=30)
"""A reminder of the day before that could not be sent for this long is not sent any more."""
ASK_UNTIL = timedelta(days=7)
"""A meeting that ended longer ago is not asked about any more."""

MIN_CANDIDATES, MAX_CANDIDATES = 3, 5


class MeetingStatus(StrEnum):
    """Where a meeting stands."""

    BOOKED = "booked"
    HELD = "held"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"


class OfferStatus(StrEnum):
    """Where candidate slots that were sent to a customer stand."""

    OPEN = "open"
    CHOSEN = "chosen"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class CancelledBy(StrEnum):
    """Whose wish it was."""

    CUSTOMER = "customer"
    MEMBER = "member"


_NEXT: Mapping[MeetingStatus, frozenset[MeetingStatus]] = {
    MeetingStatus.BOOKED: frozenset({MeetingStatus.HELD, MeetingStatus.NO_SHOW, MeetingStatus.CANCELLED}),
    # A click on the wrong button is put right by a click on the right one.
    MeetingStatus.HELD: frozenset({MeetingStatus.NO_SHOW, MeetingStatus.CANCELLED}),
    MeetingStatus.NO_SHOW: frozenset({MeetingStatus.HELD, MeetingStatus.CANCELLED}),
    # Its time may already be another's.
    MeetingStatus.CANCELLED: frozenset(),
}


def check_close(status: MeetingStatus, target: MeetingStatus, starts_at: datetime, now: datetime) -> None:
    """Raise unless a meeting may go from `status` to `target` now.

    Refused: ALREADY_DONE (`status`) for a status it has or cannot leave, INVALID `status` for one that says that a
    meeting took place, or that nobody came, before it began.
    """
    if target not in _NEXT[status]:
        raise Refused(Code.ALREADY_DONE, status=status.value)
    if target is not MeetingStatus.CANCELLED and now < starts_at:
        raise Refused(Code.INVALID, "status")


def check_movable(status: MeetingStatus, starts_at: datetime, now: datetime, *, by_customer: bool) -> None:
    """Raise `Refused(ALREADY_DONE)` unless a meeting may be moved now: while it is booked, and by the customer only
    until it begins. Whoever agrees on another time on the telephone afterwards is one of us."""
    if status is not MeetingStatus.BOOKED or (by_customer and now >= starts_at):
        raise Refused(Code.ALREADY_DONE, status=status.value)


@dataclass(frozen=True, slots=True)
class MeetingRules:
    """What a team decided about its meetings. Clock times are "HH:MM"."""

    minutes: int = 60
    """How long a meeting takes."""
    step_minutes: int = 30
    """At which minutes one may begin, counted from the opening hour."""
    buffer_minutes: int = 15
    """Free time between a meeting and whatever comes next."""
    travel_minutes: int = 30
    """On the way there and back, where the place is an address."""
    notice_minutes: int = 120
    """Business minutes of the rep between now and the earliest slot."""
    horizon_days: int = 21
    """How many days ahead slots are offered."""
    offer_days: int = 5
    """How long a customer may choose from candidates."""
    customer_from: str = "09:00"
    customer_to: str = "18:00"
    """Between which times of their own day customers are met."""
    lunch_from: str = "12:00"
    lunch_to: str = "13:00"
    """When they are at lunch; both "": at any time."""
    place: str = ""
    """Where meetings are if nothing else is said: an address, a link, or "" for the telephone."""

    def check(self) -> None:
        """Raise `Rejected` with every field that makes no sense."""
        limits = {
            "minutes": (15, 240),
            "step_minutes": (5, 120),
            "buffer_minutes": (0, 120),
            "travel_minutes": (0, 240),
            "notice_minutes": (0, 5 * 9 * 60),
            "horizon_days": (1, 60),
            "offer_days": (1, 30),
        }
        refusals = [
            Refused(Code.INVALID, name, least=least, most=most)
            for name, (least, most) in limits.items()
            if not least <= getattr(self, name) <= most
        ]
        # Cells are five minutes long: other lengths would take time that nobody sees.
        refusals += [
            Refused(Code.INVALID, name)
            for name in ("minutes", "step_minutes", "buffer_minutes", "travel_minutes")
            if getattr(self, name) % 5
        ]
        refusals += _hours(self, "customer_from", "customer_to")
        if self.lunch_from or self.lunch_to:
            refusals += _hours(self, "lunch_from", "lunch_to")
        if len(self.place) > 500:
            refusals.append(Refused(Code.TOO_LONG, "place", most=500))
        if refusals:
            raise Rejected(*refusals)


def _hours(rules: MeetingRules, first: str, last: str) -> list[Refused]:
    """What is wrong with two clock times that follow each other."""
    try:
        if time.fromisoformat(getattr(rules, first)) < time.fromisoformat(getattr(rules, last)):
            return []
        return [Refused(Code.INVALID, last)]
    except ValueError:
        return [Refused(Code.INVALID, first)]


_LINK = re.compile(r"https?://", re.IGNORECASE)


def is_link(place: str) -> bool:
    """Whether the meeting is held over a link."""
    return bool(_LINK.match(place.strip()))


def is_visit(place: str) -> bool:
    """Whether somebody has to travel: the place is neither a link nor the telephone."""
    return bool(place.strip()) and not is_link(place)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A length of time; both ends aware, `end` not part of it."""

    start: datetime
    end: datetime

    def overlaps(self, other: Span) -> bool:
        """Whether they share any time."""
        return self.start < other.end and other.start < self.end

    def padded(self, before: timedelta, after: timedelta) -> Span:
        """Longer at its ends."""
        return Span(self.start - before, self.end + after)


def cells(span: Span) -> range:
    """The cells that a span touches, counted since 1970-01-01 UTC."""
    first = (span.start - EPOCH) // CELL
    last = -((EPOCH - span.end) // CELL)
    return range(first, last)


def footprint(span: Span, rules: MeetingRules, *, visit: bool) -> Span:
    """What a meeting takes of its rep's time: the way there and back for a visit, and the buffer after it.

    The buffer stands on one side only, so that two meetings have one between them, not two.
    """
    travel = timedelta(minutes=rules.travel_minutes if visit else 0)
    return span.padded(travel, travel + timedelta(minutes=rules.buffer_minutes))


@dataclass(frozen=True, slots=True)
class Diary:
    """What stands in a rep's way. `calendar` is the team's working time in the rep's own zone.

    `busy`: from the rep's calendar, whatever is in it. `taken`: cells of meetings we know. `away`: local dates of
    leave.
    """

    member_id: int
    calendar: BusinessCalendar
    busy: Sequence[Span] = ()
    taken: AbstractSet[int] = frozenset()
    away: AbstractSet[date] = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A time at which a rep could meet a customer."""

    start: datetime
    end: datetime
    member_id: int

    @property
    def span(self) -> Span:
        """The time alone."""
        return Span(self.start, self.end)


def within(calendar: BusinessCalendar, span: Span) -> bool:
    """Whether the whole span lies in the working hours of one day."""
    start, last = span.start.astimezone(calendar.zone), (span.end - timedelta(microseconds=1)).astimezone(calendar.zone)
    return start.date() == last.date() and calendar.is_open(span.start) and calendar.is_open(last)


def at_lunch(zone: ZoneInfo, span: Span, rules: MeetingRules) -> bool:
    """Whether a meeting would keep the customer from lunch."""
    if not rules.lunch_from:
        return False
    day = span.start.astimezone(zone).date()
    lunch = Span(
        datetime.combine(day, time.fromisoformat(rules.lunch_from), zone).astimezone(UTC),
        datetime.combine(day, time.fromisoformat(rules.lunch_to), zone).astimezone(UTC),
    )
    return lunch.overlaps(span)


def is_free(diary: Diary, span: Span, rules: MeetingRules, *, visit: bool) -> bool:
    """Whether nothing stands in the way of a meeting: neither in the rep's calendar nor among our own meetings."""
    takes = footprint(span, rules, visit=visit)
    if any(cell in diary.taken for cell in cells(takes)):
        return False
    # What stands in the calendar has no buffer of its own, so it gets one before the meeting as well.
    buffer = timedelta(minutes=rules.buffer_minutes)
    around = takes.padded(buffer, timedelta())
    return not any(busy.overlaps(around) for busy in diary.busy)


def free_slots(
    diary: Diary,
    customer: BusinessCalendar,
    rules: MeetingRules,
    now: datetime,
    *,
    visit: bool,
    minutes: int | None = None,
) -> Iterator[Slot]:
    """The slots of one rep within the rules' horizon, in order (aware, in UTC).

    A slot lies in the rep's working hours and in those at which customers are met (`customer`, in the customer's zone),
    on a business day of both, not in the rep's leave, after the minimum notice, and nothing stands in its way.
    """
    calendar = diary.calendar
    length = timedelta(minutes=minutes or rules.minutes)
    step = timedelta(minutes=rules.step_minutes)
    earliest = max(now, calendar.add_minutes(now, rules.notice_minutes))
    first = now.astimezone(calendar.zone).date()
    for day in (first + timedelta(days=ahead) for ahead in range(rules.horizon_days + 1)):
        if day in diary.away or not calendar.is_business_day(day):
            continue
        # In UTC, because steps through local time would stumble over the hours that daylight saving adds and takes.
        start = datetime.combine(day, calendar.opens, calendar.zone).astimezone(UTC)
        closes = datetime.combine(day, calendar.closes, calendar.zone).astimezone(UTC)
        while start + length <= closes:
            span = Span(start, start + length)
            fits = within(customer, span) and not at_lunch(customer.zone, span, rules)
            if start >= earliest and fits and is_free(diary, span, rules, visit=visit):
                yield Slot(span.start, span.end, diary.member_id)
            start += step


def spread(slots: Sequence[Slot], count: int, zone: ZoneInfo) -> list[Slot]:
    """`count` slots to propose, in order: of different days as long as there are any, at different times of the day."""
    by_day: dict[date, list[Slot]] = {}
    for slot in sorted(slots):
        by_day.setdefault(slot.start.astimezone(zone).date(), []).append(slot)
    chosen: list[Slot] = []
    afternoon = False
    while len(chosen) < count and any(by_day.values()):
        for left in by_day.values():
            if not left or len(chosen) >= count:
                continue
            # Mornings and afternoons in turn, so that somebody who is never free in one of them finds something.
            fitting = [s for s in left if (s.start.astimezone(zone).hour >= 12) is afternoon] or left
            chosen.append(fitting[0])
            left.remove(fitting[0])
            afternoon = not afternoon
    return sorted(chosen)


@dataclass(frozen=True, slots=True)
class Turn:
    """A meeting that a rep was given, in the history that the round robin goes by."""

    member_id: int
    given_at: datetime
    status: MeetingStatus = MeetingStatus.BOOKED


COUNTS = frozenset({MeetingStatus.BOOKED, MeetingStatus.HELD})
"""A meeting that was cancelled or to which nobody came was no turn: the rep gets it back."""


def loads(members: Iterable[int], history: Iterable[Turn]) -> dict[int, int]:
    """How many turns each member had."""
    had = Counter(turn.member_id for turn in history if turn.status in COUNTS)
    return {member: had[member] for member in members}


def in_turn(members: Iterable[int], history: Iterable[Turn]) -> list[int]:
    """Equally able reps, whose turn it is first: who had fewest turns, then who waits longest, then the lower id."""
    turns = [turn for turn in history if turn.status in COUNTS]
    had = loads(members, turns)
    last: dict[int, datetime] = {}
    for turn in turns:
        last[turn.member_id] = max(turn.given_at, last.get(turn.member_id, turn.given_at))
    return sorted(had, key=lambda member: (had[member], last.get(member, EPOCH), member))


def stage_when_booked(stage: Stage) -> tuple[Stage, NextStep] | None:
    """The stage a lead goes to when a meeting is booked, and its next step; None where field sales decides already.

    A lead that was judged goes on waiting for its handoff; any other waits for the meeting, and nobody calls it in
    between. Refused: WRONG_STAGE for a lead that is out.
    """
    if stage is Stage.DISQUALIFIED:
        raise Refused(Code.WRONG_STAGE, current=stage.value)
    if stage in (Stage.HANDED_OFF, Stage.ACCEPTED):
        return None
    if stage is Stage.SALES_QUALIFIED:
        return stage, NextStep.HAND_OFF
    return Stage.WORKING, NextStep.WAIT_FOR_FIELD_SALES


def calls_again(stage: Stage) -> bool:
    """Whether inside sales calls again when a meeting did not take place: as long as the lead is theirs."""
    return stage in (Stage.NEW, Stage.WORKING, Stage.NURTURING, Stage.SALES_QUALIFIED)


class Reminder(StrEnum):
    """What a meeting is reminded of, or asked about."""

    DAY_BEFORE = "day_before"
    SOON = "soon"
    OUTCOME = "outcome"


def due(starts_at: datetime, ends_at: datetime, created_at: datetime, now: datetime) -> frozenset[Reminder]:
    """What is due now for a meeting that is booked (all aware).

    A meeting that was set less than a day ahead is not reminded of a day before, for its confirmation has just come.
    """
    found = set()
    day_before = starts_at - DAY_BEFORE
    if day_before <= now < day_before + LATE_REMINDER and created_at < day_before:
        found.add(Reminder.DAY_BEFORE)
    if starts_at - SOON_BEFORE <= now < starts_at and created_at < starts_at - SOON_BEFORE:
        found.add(Reminder.SOON)
    if ends_at + ASK_AFTER <= now < ends_at + ASK_UNTIL:
        found.add(Reminder.OUTCOME)
    return frozenset(found)
