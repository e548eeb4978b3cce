"""The catalogue of KPIs: each defined once, from the strategic ones down to what a rep does (work item 6-1).

A KPI is a count, or one count divided by another, or the middle of many durations. `under` makes the catalogue one
tree; `factors` says where a KPI is exactly the product of others, which is what `/kpi why` reckons with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from types import MappingProxyType
from typing import Final

from domain.errors import Code, Refused
from domain.performance.proportions import LEAST, Proportion, above


class Level(StrEnum):
    """How far a KPI is from the daily work."""

    STRATEGIC = "strategic"
    TACTICAL = "tactical"
    ACTIVITY = "activity"


class Unit(StrEnum):
    """What a value is counted in: a share lies between 0 and 1, a multiple is one figure over another."""

    COUNT = "count"
    SHARE = "share"
    MULTIPLE = "multiple"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    MONTHS = "months"
    YEN = "yen"


DURATIONS = frozenset({Unit.MINUTES, Unit.HOURS, Unit.DAYS, Unit.MONTHS})


class Direction(StrEnum):
    """Which way is good."""

    UP = "up"
    DOWN = "down"
    WITHIN = "within"
    """Between the threshold's two ends."""


class Origin(StrEnum):
    """Where a threshold comes from."""

    FRAMEWORK = "framework"
    """『インサイドセールスの業務内容を徹底解説』, SalesGrid."""
    WHITE_PAPER = "white_paper"
    """The 2025 Japanese white paper's average: 34 dials a day."""


class Measure(StrEnum):
    """What is counted. Each has rows, and a figure is as large as they are many."""

    DIALS = "dials"
    ANSWERED = "answered"
    CONNECTED = "connected"
    EFFECTIVE = "effective"
    MEETINGS_SET = "meetings_set"
    REP_DAYS = "rep_days"
    """Days on which a member made at least one dial, over all members."""
    NEW_LEADS = "new_leads"
    JUDGED = "judged"
    """Leads judged in the window, by their latest judgement in it."""
    BANT_COMPLETE = "bant_complete"
    """Those of them of whom all four elements were asked."""
    SALES_QUALIFIED = "sales_qualified"
    HANDOFFS = "handoffs"
    BY_THE_BOOK = "by_the_book"
    """Handoffs whose judgement meets the framework's own definition of a qualified lead, whatever the team's rules."""
    ANSWERED_HANDOFFS = "answered_handoffs"
    ACCEPTED_HANDOFFS = "accepted_handoffs"
    MEETINGS_BOOKED = "meetings_booked"
    MEETINGS_DUE = "meetings_due"
    """Meetings that were to take place in the window and were held or not, without the cancelled ones."""
    MEETINGS_HELD = "meetings_held"
    OPPORTUNITIES = "opportunities"
    """Meetings held whose lead field sales has accepted."""
    LEAD_TIMES = "lead_times"
    """Meetings booked after a verdict."""
    FORMS = "forms"
    """Submissions that were answered, or whose five minutes are over."""
    FORMS_IN_TIME = "forms_in_time"
    FORMS_ANSWERED = "forms_answered"
    SHOW_LEADS = "show_leads"
    """Leads from trade shows that were called, or whose 48 hours are over."""
    SHOW_LEADS_IN_TIME = "show_leads_in_time"
    SHOW_LEADS_CALLED = "show_leads_called"
    MAILS = "mails"
    CONTACTS = "contacts"
    """Everybody in the records today."""
    DUPLICATES = "duplicates"
    """Those who share the mail address, or company and name, with somebody entered before. Not the number: colleagues
    share a switchboard's."""


CALL_MEASURES = (Measure.DIALS, Measure.ANSWERED, Measure.CONNECTED, Measure.EFFECTIVE, Measure.MEETINGS_SET)
"""What the roll-up of calls holds, in the order of its columns."""
SNAPSHOTS = frozenset({Measure.CONTACTS, Measure.DUPLICATES})
"""Counted as things stand, not within a window."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where good ends: at least `low`, at most `high`. `indicator` is the framework's work item it belongs to."""

    low: float | None = None
    high: float | None = None
    origin: Origin = Origin.FRAMEWORK
    indicator: str = ""

    def met(self, value: float) -> bool:
        """Whether a value is within, both ends included."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True)
class Kpi:
    """One definition.

    A count has a `numerator` only; a share or multiple a `denominator` too. A duration is the quantile `at` of the
    durations of the numerator's rows. Without a numerator its records do not exist in the product yet.
    `subset`: the numerator's rows are among the denominator's, so that the share has an interval.
    """

    key: str
    level: Level
    unit: Unit
    direction: Direction
    under: str | None
    numerator: Measure | None = None
    denominator: Measure | None = None
    threshold: Threshold | None = None
    factors: tuple[str, ...] = ()
    at: float = 0.5
    subset: bool = True

    @property
    def proportion(self) -> bool:
        """Whether it is a part of a whole."""
        return self.unit is Unit.SHARE and self.denominator is not None

    @property
    def additive(self) -> bool:
        """Whether reps' values add up to the team's."""
        return self.unit is Unit.COUNT and self.denominator is None


def _indicator(item: str, low: float | None = None, high: float | None = None) -> Threshold:
    return Threshold(low, high, indicator=item)


_S, _T, _A = Level.STRATEGIC, Level.TACTICAL, Level.ACTIVITY
_UP, _DOWN = Direction.UP, Direction.DOWN
_COUNT, _SHARE, _MULTIPLE = Unit.COUNT, Unit.SHARE, Unit.MULTIPLE
M = Measure

CATALOGUE: Final[tuple[Kpi, ...]] = (
    Kpi("bookings", _S, Unit.YEN, _UP, None),
    Kpi("deals_won", _S, _COUNT, _UP, "bookings"),
    Kpi("ltv", _S, Unit.YEN, _UP, "bookings"),
    Kpi("cac", _S, Unit.YEN, _DOWN, "bookings"),
    Kpi("attrition", _S, _SHARE, _DOWN, "cac", threshold=_indicator("6-6", high=0.15)),
    Kpi("ramp_up", _S, Unit.MONTHS, _DOWN, "cac", threshold=_indicator("6-4", high=3)),
    # From meeting to opportunity
    Kpi(
        "opportunities",
        _T,
        _COUNT,
        _UP,
        "deals_won",
        M.OPPORTUNITIES,
        factors=("meetings_held", "opportunity_per_meeting"),
    ),
    Kpi("opportunity_per_meeting", _T, _SHARE, _UP, "opportunities", M.OPPORTUNITIES, M.MEETINGS_HELD),
    Kpi("opportunity_per_lead", _T, _SHARE, _UP, "opportunities", M.OPPORTUNITIES, M.NEW_LEADS, subset=False),
    Kpi("opportunity_per_connected", _T, _SHARE, _UP, "opportunities", M.OPPORTUNITIES, M.CONNECTED, subset=False),
    Kpi("opportunity_per_dial", _T, _SHARE, _UP, "opportunities", M.OPPORTUNITIES, M.DIALS, subset=False),
    Kpi("icp_ratio", _T, _MULTIPLE, _UP, "opportunities", threshold=_indicator("1-1", low=2)),
    Kpi("score_ratio", _T, _MULTIPLE, _UP, "opportunities", threshold=_indicator("4-3", low=3)),
    Kpi("re_meeting_rate", _T, _SHARE, _UP, "opportunities", threshold=_indicator("5-4", low=0.10)),
    Kpi("meetings_held", _T, _COUNT, _UP, "opportunities", M.MEETINGS_HELD, factors=("meetings_due", "show_rate")),
    Kpi("show_rate", _T, _SHARE, _UP, "meetings_held", M.MEETINGS_HELD, M.MEETINGS_DUE),
    Kpi("meetings_due", _T, _COUNT, _UP, "meetings_held", M.MEETINGS_DUE),
    Kpi("meetings_booked", _T, _COUNT, _UP, "meetings_due", M.MEETINGS_BOOKED),
    Kpi("meeting_lead_time", _T, Unit.DAYS, _DOWN, "meetings_booked", M.LEAD_TIMES),
    # From judgement to handoff
    Kpi(
        "accepted_handoffs",
        _T,
        _COUNT,
        _UP,
        "opportunities",
        M.ACCEPTED_HANDOFFS,
        factors=("answered_handoffs", "acceptance_rate"),
    ),
    Kpi("answered_handoffs", _T, _COUNT, _UP, "accepted_handoffs", M.ANSWERED_HANDOFFS),
    Kpi("acceptance_rate", _T, _SHARE, _UP, "accepted_handoffs", M.ACCEPTED_HANDOFFS, M.ANSWERED_HANDOFFS),
    Kpi("handoffs", _T, _COUNT, _UP, "answered_handoffs", M.HANDOFFS),
    Kpi("by_the_book", _T, _SHARE, _UP, "handoffs", M.BY_THE_BOOK, M.HANDOFFS, threshold=_indicator("3-4", low=1)),
    Kpi("sales_qualified", _T, _COUNT, _UP, "handoffs", M.SALES_QUALIFIED, factors=("judged", "qualified_rate")),
    Kpi("qualified_rate", _T, _SHARE, _UP, "sales_qualified", M.SALES_QUALIFIED, M.JUDGED),
    Kpi("judged", _T, _COUNT, _UP, "sales_qualified", M.JUDGED),
    Kpi(
        "bant_completion",
        _T,
        _SHARE,
        _UP,
        "qualified_rate",
        M.BANT_COMPLETE,
        M.JUDGED,
        threshold=_indicator("3-1", low=0.80),
    ),
    # The work itself
    Kpi(
        "meetings_set",
        _T,
        _COUNT,
        _UP,
        "meetings_booked",
        M.MEETINGS_SET,
        factors=("dials", "answer_rate", "meetings_per_answered"),
    ),
    Kpi("meetings_per_answered", _T, _SHARE, _UP, "meetings_set", M.MEETINGS_SET, M.ANSWERED),
    Kpi("effective", _A, _COUNT, _UP, "meetings_per_answered", M.EFFECTIVE, factors=("connected", "effective_rate")),
    Kpi("effective_rate", _A, _SHARE, _UP, "effective", M.EFFECTIVE, M.CONNECTED),
    Kpi("connected", _A, _COUNT, _UP, "effective", M.CONNECTED, factors=("dials", "connect_rate")),
    Kpi(
        "connect_rate",
        _A,
        _SHARE,
        Direction.WITHIN,
        "connected",
        M.CONNECTED,
        M.DIALS,
        threshold=_indicator("2-1", 0.15, 0.25),
        factors=("answer_rate", "reach_rate"),
    ),
    Kpi("answer_rate", _A, _SHARE, _UP, "connect_rate", M.ANSWERED, M.DIALS),
    Kpi("reach_rate", _A, _SHARE, _UP, "connect_rate", M.CONNECTED, M.ANSWERED),
    Kpi("dials", _A, _COUNT, _UP, "meetings_set", M.DIALS, factors=("rep_days", "dials_per_rep_day")),
    Kpi("rep_days", _A, _COUNT, _UP, "dials", M.REP_DAYS),
    Kpi(
        "dials_per_rep_day",
        _A,
        _MULTIPLE,
        _UP,
        "dials",
        M.DIALS,
        M.REP_DAYS,
        threshold=Threshold(low=34, origin=Origin.WHITE_PAPER),
        subset=False,
    ),
    # What comes in
    Kpi("new_leads", _A, _COUNT, _UP, "opportunity_per_lead", M.NEW_LEADS),
    Kpi(
        "first_response",
        _A,
        Unit.MINUTES,
        _DOWN,
        "new_leads",
        M.FORMS_ANSWERED,
        threshold=_indicator("2-1", high=5),
    ),
    Kpi("first_response_p90", _A, Unit.MINUTES, _DOWN, "first_response", M.FORMS_ANSWERED, at=0.9),
    Kpi("first_response_share", _A, _SHARE, _UP, "first_response", M.FORMS_IN_TIME, M.FORMS),
    Kpi(
        "show_first_contact",
        _A,
        Unit.HOURS,
        _DOWN,
        "new_leads",
        M.SHOW_LEADS_CALLED,
        threshold=_indicator("2-3", high=48),
    ),
    Kpi("show_first_contact_share", _A, _SHARE, _UP, "show_first_contact", M.SHOW_LEADS_IN_TIME, M.SHOW_LEADS),
    Kpi("mails", _A, _COUNT, _UP, "new_leads", M.MAILS),
    Kpi("open_rate", _A, _SHARE, _UP, "mails", threshold=_indicator("2-2", low=0.25)),
    Kpi("reply_rate", _A, _SHARE, _UP, "mails", threshold=_indicator("2-2", low=0.05)),
    Kpi(
        "duplicate_rate",
        _A,
        _SHARE,
        _DOWN,
        "new_leads",
        M.DUPLICATES,
        M.CONTACTS,
        threshold=_indicator("4-4", high=0.05),
    ),
)

BY_KEY: Final[Mapping[str, Kpi]] = MappingProxyType({kpi.key: kpi for kpi in CATALOGUE})
INDICATORS: Final = tuple(kpi for kpi in CATALOGUE if kpi.threshold is not None and kpi.threshold.indicator)
"""What the framework itself judges success by."""
TARGETABLE: Final = tuple(kpi for kpi in CATALOGUE if kpi.numerator is not None and kpi.numerator not in SNAPSHOTS)
"""What a team may set itself a target for: what it can measure and move within a window."""


def find(key: str) -> Kpi:
    """The KPI of this key. Refused: NOT_FOUND."""
    found = BY_KEY.get(key)
    if found is None:
        raise Refused(Code.NOT_FOUND, "kpi")
    return found


def measures(kpis: Iterable[Kpi]) -> frozenset[Measure]:
    """What has to be counted for these KPIs."""
    return frozenset(measure for kpi in kpis for measure in (kpi.numerator, kpi.denominator) if measure is not None)


def below(kpi: Kpi) -> tuple[Kpi, ...]:
    """A KPI with the factors it is the product of, and theirs."""
    return (kpi, *(each for key in kpi.factors for each in below(BY_KEY[key])))


def children(key: str | None) -> tuple[Kpi, ...]:
    """What stands right under a KPI; None: the roots."""
    return tuple(kpi for kpi in CATALOGUE if kpi.under == key)


class State(StrEnum):
    """Whether a figure can be trusted."""

    MEASURED = "measured"
    TOO_FEW = "too_few"
    """There are cases, but too few to judge by."""
    NOTHING = "nothing"
    """Nothing of the kind happened in the window."""
    NO_SOURCE = "no_source"
    """The product does not keep the records it would be computed from."""


class Judgement(StrEnum):
    """What a threshold says to a figure."""

    GOOD = "good"
    BAD = "bad"
    UNSURE = "unsure"
    """Too few cases, or the interval holds the threshold."""
    NONE = "none"
    """There is no threshold."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted in a window: rows by measure, and durations by measure in the KPI's unit, sorted."""

    rows: Mapping[Measure, int]
    durations: Mapping[Measure, Sequence[float]]

    def of(self, measure: Measure) -> int:
        """How many."""
        return self.rows.get(measure, 0)


NOTHING: Final = Counts({}, {})


@dataclass(frozen=True, slots=True)
class Figure:
    """A KPI's value with what it was computed from. `denominator` is None for counts; for durations `numerator` is
    how many there are."""

    kpi: Kpi
    state: State
    value: float | None = None
    numerator: int = 0
    denominator: int | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's, of a share whose numerator is part of its denominator."""
        if not self.kpi.proportion or not self.kpi.subset or not self.denominator:
            return None
        return Proportion(self.numerator, self.denominator).interval()

    @property
    def judgement(self) -> Judgement:
        """Good or bad only where it is sure."""
        threshold = self.kpi.threshold
        if threshold is None:
            return Judgement.NONE
        if self.value is None or self.state is not State.MEASURED:
            return Judgement.UNSURE
        if self.kpi.proportion and self.kpi.subset and self.denominator:
            return _of_share(Proportion(self.numerator, self.denominator), threshold)
        return Judgement.GOOD if threshold.met(self.value) else Judgement.BAD


def _of_share(share: Proportion, threshold: Threshold) -> Judgement:
    """Where everything has to be right, one that is not is enough; no interval is ever wholly at 1."""
    if threshold.low == 1:
        return Judgement.GOOD if share.hits == share.n else Judgement.BAD
    over = True if threshold.low is None else above(share, threshold.low)
    too_much = False if threshold.high is None else above(share, threshold.high)
    if over is False or too_much is True:
        return Judgement.BAD
    return Judgement.UNSURE if over is None or too_much is None else Judgement.GOOD


def figure(kpi: Kpi, counts: Counts) -> Figure:
    """A KPI out of what was counted."""
    if kpi.numerator is None:
        return Figure(kpi, State.NO_SOURCE)
    if kpi.unit in DURATIONS:
        durations = counts.durations.get(kpi.numerator, ())
        if not durations:
            return Figure(kpi, State.NOTHING)
        state = State.MEASURED if len(durations) >= LEAST else State.TOO_FEW
        return Figure(kpi, state, quantile(durations, kpi.at), len(durations))
    hits = counts.of(kpi.numerator)
    if kpi.denominator is None:
        return Figure(kpi, State.MEASURED, float(hits), hits)
    of = counts.of(kpi.denominator)
    if not of:
        return Figure(kpi, State.NOTHING, None, hits, 0)
    return Figure(kpi, State.TOO_FEW if of < LEAST else State.MEASURED, hits / of, hits, of)


def figures(counts: Counts) -> tuple[Figure, ...]:
    """The whole catalogue."""
    return tuple(figure(kpi, counts) for kpi in CATALOGUE)


def quantile(sorted_values: Sequence[float], at: float) -> float:
    """The smallest value that at least the share `at` of all does not exceed."""
    return sorted_values[max(ceil(at * len(sorted_values)), 1) - 1]
