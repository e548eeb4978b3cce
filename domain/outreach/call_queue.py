"""Whom to call next, and why.

Next best call = P(connect now) × P(opportunity | connect) × value × urgency ÷ minutes (glossary). Promised callbacks
come before everything else, at their time.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from domain.calendar import BusinessCalendar
from domain.leads import NextStep, Source, Stage
from domain.outreach.best_hour import Cell, HourRates, Tally
from domain.outreach.calls import CallRules, Connection, Outcome

EARLY = timedelta(minutes=5)
"""So long before its time a promised callback comes to the head of the queue."""

START_OF_DAY = time(9)
"""Where a call is planned for a day without a time, it is due from then on (services/outreach/leads.py)."""


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What a team decides about its queue. `morning` is a local time "HH:MM" of each member; "": no morning message."""

    morning: str = "08:30"


QUEUE_RULES = "call_queue"
"""The kind under which a team's rules about its queue are kept."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A lead that might be called. All moments are aware; `segment` is the company's industry, "" where unknown.

    `attempts` counts dials since the intended person was last reached; `last_connected_at` is when that was.
    """

    lead_id: int
    stage: Stage
    source: Source
    segment: str
    employees: int | None
    phone: str
    created_at: datetime
    next_step: NextStep | None = None
    next_step_at: datetime | None = None
    attempts: int = 0
    last_called_at: datetime | None = None
    last_connection: Connection | None = None
    last_outcome: Outcome | None = None
    last_connected_at: datetime | None = None
    do_not_call: bool = False
    meeting_ahead: bool = False
    """A meeting with the lead is agreed."""


@dataclass(frozen=True, slots=True)
class Promised:
    """A call at a time: `by_customer` when the last call ended with it, else planned by the rep or after a return."""

    at: datetime
    by_customer: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """A call or a look planned for a day that has come."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Fresh:
    """So long ago the lead came from this source."""

    source: Source
    age: timedelta


@dataclass(frozen=True, slots=True)
class GoodHour:
    """The segment's connect rate in this hour of the week: `rate` is smoothed, `tally` are the calls behind it."""

    segment: str
    weekday: int
    hour: int
    rate: float
    tally: Tally


@dataclass(frozen=True, slots=True)
class Spoke:
    """The intended person was reached then."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Again:
    """So many dials without reaching the person; the team's cap is `most`. `at` is the last of them."""

    attempts: int
    most: int
    at: datetime


@dataclass(frozen=True, slots=True)
class NeverCalled:
    """Nobody has called yet, and the lead waits since then."""

    since: datetime


@dataclass(frozen=True, slots=True)
class LargeCompany:
    """The company has so many employees."""

    employees: int


Reason = Promised | Planned | Fresh | GoodHour | Spoke | Again | NeverCalled | LargeCompany


@dataclass(frozen=True, slots=True)
class Ranked:
    """A lead in the queue: its worth per minute now (comparable within one queue only), and why, weightiest first."""

    lead_id: int
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """`calls`: to be made now, the best first. `later`: promised for a time still to come today, the soonest first."""

    calls: tuple[Ranked, ...] = ()
    later: tuple[Ranked, ...] = ()


@dataclass(frozen=True, slots=True)
class Rates:
    """What the team learned from its own calls.

    `hours`: connected calls by segment and hour of the week. `sources`: connected calls (tries) and opportunities
    (hits) by the leads' source.
    """

    hours: HourRates = field(default_factory=HourRates)
    sources: Mapping[Source, Tally] = field(default_factory=dict)

    def opportunity(self, source: Source) -> float:
        """P(opportunity | connect) of a source: its own counts, with the team's rate as prior."""
        tries = sum(tally.tries for tally in self.sources.values())
        hits = sum(tally.hits for tally in self.sources.values())
        team = Tally(tries, hits).smoothed(START_OPPORTUNITY, OPPORTUNITY_STRENGTH)
        return self.sources.get(source, Tally()).smoothed(team, OPPORTUNITY_STRENGTH)


START_OPPORTUNITY = 0.1
"""Opportunities per connected call, thought of a team before it has any. An assumption."""
OPPORTUNITY_STRENGTH = 30.0
"""So many connected calls of a source weigh as much as the team's rate."""

CONNECTED_MINUTES = 6.0
MISSED_MINUTES = 1.5
"""Minutes a dial takes, with the note: an assumption, because nobody clocks calls. A connected one takes four times as
long, so a segment that is reached more often also costs more."""

SIZES: tuple[tuple[int, float], ...] = ((1000, 2.5), (300, 1.6), (50, 1.0), (0, 0.6))
"""Value by the company's employees, from this many on, against a company of 50 to 299: an assumption that deals grow
with the company, more slowly than it. A company of unknown size counts as 1."""
LARGE = 300
"""From so many employees on the size is said as a reason."""

FRESH: Mapping[Source, tuple[float, timedelta]] = {
    Source.INBOUND_FORM: (19.0, timedelta(hours=2)),
    Source.REFERRAL: (4.0, timedelta(days=2)),
    Source.TRADE_SHOW: (4.0, timedelta(days=2)),
    Source.WEBINAR: (3.0, timedelta(days=2)),
    Source.WHITE_PAPER: (3.0, timedelta(days=1)),
}
"""Urgency that a lead brings with it, and the time in which half of it is gone: whoever asks by a form expects to be
called at once; after a trade show or a webinar people still know us for some days. An assumption about how interest
cools, in the order that response-time studies agree on."""
SAID_FRESH = timedelta(days=7)
"""For so long the source's age is a reason worth saying."""
SPOKE_LATELY = timedelta(days=7)
SPOKE_BOOST = 1.5
PLANNED_BOOST = 4.0
"""A call planned for a day that has come: somebody thought about that day."""
TIRED = 0.85
"""Each dial in vain makes the next less urgent by this factor."""

_CALLED_STAGES = frozenset({Stage.NEW, Stage.WORKING})
# A lead in nurturing waits for its day; a qualified one for its handoff, unless another call was planned.
_CALLED_WHEN_PLANNED = frozenset({Stage.NURTURING, Stage.SALES_QUALIFIED})


class Plannable(Protocol):
    """What tells a promise: the step that is planned, and how the last call ended."""

    @property
    def next_step(self) -> NextStep | None:
        """What is planned."""

    @property
    def next_step_at(self) -> datetime | None:
        """When it is due, aware."""

    @property
    def last_outcome(self) -> Outcome | None:
        """How the last call ended, if somebody spoke."""


class Dialable(Protocol):
    """What decides whether a lead may be called."""

    @property
    def stage(self) -> Stage:
        """Where it stands."""

    @property
    def phone(self) -> str:
        """The person's number, "" where none is known."""

    @property
    def do_not_call(self) -> bool:
        """Whether the person wants no calls."""

    @property
    def last_connection(self) -> Connection | None:
        """How the last dial went."""

    @property
    def attempts(self) -> int:
        """Dials since the intended person was last reached."""


def promised(candidate: Plannable, zone: ZoneInfo) -> Promised | None:
    """The call at a time that this lead has; None without a call planned, or one for some time of a day in `zone`."""
    if candidate.next_step is not NextStep.CALL or candidate.next_step_at is None:
        return None
    by_customer = candidate.last_outcome is Outcome.CALLBACK
    if not by_customer and candidate.next_step_at.astimezone(zone).time() == START_OF_DAY:
        return None
    return Promised(candidate.next_step_at, by_customer)


def may_be_called(candidate: Dialable, rules: CallRules) -> bool:
    """Whether this lead may be called at all: not when somebody said do-not-call, the number is missing or wrong, the
    team's cap is reached, or field sales has it or it is out.

    An opt-out from mails does not forbid calls; it counts where something is written.
    """
    return (
        not candidate.do_not_call
        and bool(candidate.phone)
        and candidate.last_connection is not Connection.INVALID_NUMBER
        and candidate.attempts < rules.max_attempts
        and candidate.stage in _CALLED_STAGES | _CALLED_WHEN_PLANNED
    )


def rank(
    candidates: Iterable[Candidate],
    now: datetime,
    rules: CallRules,
    rates: Rates,
    calendar: BusinessCalendar,
    chance: random.Random,
) -> Ranking:
    """The queue at `now` (aware). Nothing on a day on which the team does not work; on others at any hour, because
    some begin before nine and best reach people after six.

    `calendar` is the team's; weekdays and hours are those of its zone. `chance` decides where unexplored hours are
    tried (domain/outreach/best_hour.py).
    """
    local = now.astimezone(calendar.zone)
    if not calendar.is_business_day(local.date()):
        return Ranking()
    # One draw for each segment: its leads are compared with others', not shuffled among themselves.
    drawn: dict[str, float] = {}
    due: list[tuple[datetime, Ranked]] = []
    calls: list[Ranked] = []
    later: list[tuple[datetime, Ranked]] = []
    for candidate in sorted(candidates, key=lambda c: c.lead_id):
        if not may_be_called(candidate, rules):
            continue
        promise = promised(candidate, calendar.zone)
        if promise is None and not _turn_has_come(candidate, now, rules, calendar):
            continue
        if promise is not None and promise.at.astimezone(calendar.zone).date() > local.date():
            continue
        cell = Cell(candidate.segment, local.weekday(), local.hour)
        if cell.segment not in drawn:
            drawn[cell.segment] = rates.hours.tried(cell, chance)
        ranked = _ranked(candidate, now, rules, rates, promise, cell, drawn[cell.segment])
        if promise is None:
            calls.append(ranked)
        elif promise.at <= now + EARLY:
            due.append((promise.at, ranked))
        else:
            later.append((promise.at, ranked))
    calls.sort(key=lambda ranked: -ranked.score)
    due.sort(key=lambda pair: pair[0])
    later.sort(key=lambda pair: pair[0])
    return Ranking((*(ranked for _, ranked in due), *calls), tuple(ranked for _, ranked in later))


def _turn_has_come(candidate: Candidate, now: datetime, rules: CallRules, calendar: BusinessCalendar) -> bool:
    """Whether a lead without a promise may be called now: the gap since the last dial is over, nothing was planned for
    a later day, and no meeting is agreed."""
    gap = timedelta(minutes=rules.min_gap_minutes)
    if candidate.last_called_at is not None and candidate.last_called_at + gap > now:
        return False
    if candidate.meeting_ahead or candidate.last_outcome is Outcome.MEETING_SET:
        return False
    if candidate.next_step in (NextStep.HAND_OFF, NextStep.WAIT_FOR_FIELD_SALES, NextStep.DISQUALIFY):
        return False
    if candidate.next_step_at is not None:
        return candidate.next_step_at.astimezone(calendar.zone).date() <= now.astimezone(calendar.zone).date()
    return candidate.stage in _CALLED_STAGES and candidate.next_step is not NextStep.NURTURE


def value_of(employees: int | None) -> float:
    """What an opportunity at a company of this size is worth, against one of 50 to 299 employees (SIZES)."""
    return 1.0 if employees is None else next(value for least, value in SIZES if employees >= least)


def urgency_of(candidate: Candidate, now: datetime) -> float:
    """How much it matters to call now rather than later: 1 for a lead about which nothing presses."""
    urgency = 1.0
    boost, half = FRESH.get(candidate.source, (0.0, timedelta(days=1)))
    age = max(now - candidate.created_at, timedelta())
    urgency += boost * 0.5 ** (age / half)
    if candidate.next_step_at is not None:
        urgency *= PLANNED_BOOST
    if candidate.last_connected_at is not None and now - candidate.last_connected_at <= SPOKE_LATELY:
        urgency *= SPOKE_BOOST
    return float(urgency * TIRED**candidate.attempts)


def minutes_of(connect: float) -> float:
    """The minutes a dial takes on average where it connects with this probability (CONNECTED_MINUTES)."""
    return connect * CONNECTED_MINUTES + (1 - connect) * MISSED_MINUTES


def _ranked(
    candidate: Candidate,
    now: datetime,
    rules: CallRules,
    rates: Rates,
    promise: Promised | None,
    cell: Cell,
    connect: float,
) -> Ranked:
    score = (
        connect
        * rates.opportunity(candidate.source)
        * value_of(candidate.employees)
        * urgency_of(candidate, now)
        / minutes_of(connect)
    )
    return Ranked(candidate.lead_id, score, tuple(_reasons(candidate, now, rules, rates, promise, cell)))


def _reasons(
    candidate: Candidate, now: datetime, rules: CallRules, rates: Rates, promise: Promised | None, cell: Cell
) -> Iterable[Reason]:
    if promise is not None:
        yield promise
    elif candidate.next_step_at is not None:
        yield Planned(candidate.next_step_at)
    age = max(now - candidate.created_at, timedelta())
    fresh = candidate.source in FRESH and age <= SAID_FRESH
    if fresh:
        yield Fresh(candidate.source, age)
    if candidate.last_connected_at is not None and now - candidate.last_connected_at <= SPOKE_LATELY:
        yield Spoke(candidate.last_connected_at)
    if rates.hours.known(cell) and (rate := rates.hours.rate(cell)) >= rates.hours.prior:
        yield GoodHour(cell.segment, cell.weekday, cell.hour, rate, rates.hours.tally(cell))
    if candidate.last_called_at is None:
        if not fresh:
            yield NeverCalled(candidate.created_at)
    elif candidate.attempts or candidate.last_connected_at is None:
        yield Again(candidate.attempts, rules.max_attempts, candidate.last_called_at)
    elif now - candidate.last_connected_at > SPOKE_LATELY:
        yield Spoke(candidate.last_connected_at)
    if candidate.employees is not None and candidate.employees >= LARGE:
        yield LargeCompany(candidate.employees)
