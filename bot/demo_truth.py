"""What is true of the invented company: the rates its history was drawn from, and the exact counts of what was drawn.

The parameters are the truth: an estimate made from the records can be held against them. The counts are what a figure
computed from the records must equal.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from bot.demo_names import INDUSTRIES
from domain.leads import Source

FIRST_HOUR, LAST_HOUR = 9, 17
"""The hours of the day that begin within working time."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a rep works. `hours`: how gladly each hour from nine to five is used for calling."""

    dials: float
    """On a full day, on average."""
    effective: float
    """Share of connected calls in which the subject is discussed."""
    punctual: float
    """Share of promised callbacks that are made as promised."""
    response_minutes: float
    """Business minutes until a new inbound lead is called: the median."""
    hours: tuple[float, ...] = (0.7, 1.2, 1.1, 0.15, 0.8, 1.0, 1.0, 0.8, 0.7)


@dataclass(frozen=True, slots=True)
class SourceRates:
    """Where leads come from. `per_day`: new leads for each rep and business day; lists are loaded when needed."""

    per_day: float
    meeting: float
    """Share of effective conversations in which a meeting is agreed."""


@dataclass(frozen=True, slots=True)
class Model:
    """The true rates. Every draw of the history is made with one of them, independently of all others."""

    reps: tuple[Habits, ...]
    field: int
    """How many field-sales reps there are."""
    connect: Mapping[str, tuple[tuple[float, ...], ...]]
    """Industry → weekday (Monday first) × hour from nine to five: share of dials that reach the intended person."""
    somebody: float
    """Share of the other dials that are answered by somebody else."""
    callback: float
    """Share of connected calls without the subject that end with a promise to call again; the rest want no calls."""
    sources: Mapping[Source, SourceRates]
    season: Mapping[int, float]
    """Month → how much there is to do compared to an average month."""
    asked: float
    """Share of the four elements that a judgement has asked: BANT completion."""
    ready: float
    """Share of leads with a meeting agreed that say all that the verdict wants, where it was asked."""
    accepted: float
    """Share of handoffs that field sales accepts."""
    held: float
    """Share of booked meetings (of accepted leads) that take place; the rest are cancelled or nobody comes."""
    no_show: float
    """Share of them to which nobody comes."""
    leave: float
    """Share of days a rep is on leave."""
    prompt: float
    """Share of trade-show leads that are called before the rest of the list, from the moment they come."""

    def connect_rate(self, industry: str, weekday: int, hour: int) -> float:
        """The true connect rate of a dial."""
        return self.connect[industry][weekday][hour - FIRST_HOUR]


# Peaks at ten to eleven, sinks to four in the afternoon, rises again towards the evening (glossary, best hour).
_DAY = (0.17, 0.245, 0.235, 0.13, 0.19, 0.17, 0.145, 0.12, 0.185)
_WEEK = (0.9, 1.1, 1.05, 1.0, 0.92, 0.9, 0.9)
# What is different from industry to industry: level, and how much each hour differs from the common day.
_SHAPES: Mapping[str, tuple[float, tuple[float, ...]]] = {
    "機械": (1.05, (1.1, 1, 1, 1.2, 1, 1, 1, 1, 1)),
    "化学": (1.0, (1, 1, 1, 1, 1, 1, 1, 1, 1)),
    "電気機器": (0.95, (1, 1, 1, 1, 1.05, 1, 1, 1, 1)),
    "情報・通信業": (0.85, (0.5, 0.9, 1.05, 0.9, 1.05, 1.15, 1.15, 1.2, 1.3)),
    "サービス業": (1.0, (0.8, 1, 1, 0.8, 1.05, 1.1, 1.1, 1, 0.9)),
    "卸売業": (1.1, (0.8, 0.9, 1, 1, 1.2, 1.2, 1.1, 1, 0.8)),
    "小売業": (0.95, (1.2, 0.7, 0.6, 0.5, 1.1, 1.5, 1.5, 1.2, 0.6)),
    "陸運業": (1.05, (0.7, 0.9, 1, 1.3, 1.3, 1.2, 1.1, 1, 0.8)),
    "食料品": (1.0, (0.8, 0.95, 1, 0.8, 1.2, 1.2, 1.1, 1, 0.9)),
    "建設業": (1.0, (1.5, 0.8, 0.7, 1.5, 0.8, 0.7, 0.8, 1.3, 1.6)),
}
_SEASON = {1: 0.9, 2: 1.05, 3: 1.25, 4: 1.0, 5: 0.95, 6: 1.05, 7: 1.0, 8: 0.75, 9: 1.15, 10: 1.05, 11: 1.05, 12: 0.85}
_SOURCES = {
    Source.INBOUND_FORM: SourceRates(0.8, 0.44),
    Source.REFERRAL: SourceRates(0.25, 0.4),
    Source.TRADE_SHOW: SourceRates(0.6, 0.25),
    Source.WEBINAR: SourceRates(0.7, 0.21),
    Source.WHITE_PAPER: SourceRates(0.9, 0.17),
    Source.OUTBOUND_LIST: SourceRates(0.0, 0.1),
}
# The example's own three: one who answers what comes in, one who calls lists, one who is new to both.
_KNOWN = (
    Habits(dials=38, effective=0.66, punctual=0.95, response_minutes=2.6),
    Habits(dials=56, effective=0.52, punctual=0.85, response_minutes=4.5, hours=(1.0, 1.2, 1.1, 0.3, 1, 1, 1, 1, 1.2)),
    Habits(
        dials=31, effective=0.45, punctual=0.7, response_minutes=7.0, hours=(0.4, 0.9, 1.1, 0.1, 1, 1.2, 1, 0.9, 0.4)
    ),
)


def model(seed: int, reps: int) -> Model:
    """The invented company with so many reps: the example's own three first, others with habits from the seed."""
    chance = random.Random(f"habits {seed}")  # noqa: S311 - repeatable, not secret
    others = [
        Habits(
            dials=round(chance.uniform(25, 60), 1),
            effective=round(chance.uniform(0.4, 0.7), 3),
            punctual=round(chance.uniform(0.65, 0.97), 3),
            response_minutes=round(chance.uniform(2.5, 9), 1),
            hours=tuple(round(chance.uniform(0.5, 1.3), 2) if hour != 12 else 0.2 for hour in range(9, 18)),
        )
        for _ in range(reps - len(_KNOWN))
    ]
    return Model(
        reps=(*_KNOWN[:reps], *others),
        field=max(3, -(-reps // 3)),
        connect={industry: _table(*_SHAPES[industry]) for industry in INDUSTRIES},
        somebody=0.42,
        callback=0.93,
        sources=_SOURCES,
        season=_SEASON,
        asked=0.96,
        ready=0.85,
        accepted=0.86,
        held=0.78,
        no_show=0.08,
        leave=0.05,
        prompt=0.9,
    )


def _table(level: float, shape: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
    return tuple(
        tuple(round(min(0.6, level * day * here * week), 4) for day, here in zip(_DAY, shape, strict=True))
        for week in _WEEK
    )


@dataclass(slots=True)
class Tally:
    """Counted calls."""

    dials: int = 0
    answered: int = 0
    connected: int = 0
    effective: int = 0
    meetings_set: int = 0

    def add(self, other: Tally) -> None:
        """Count the other's calls too."""
        self.dials += other.dials
        self.answered += other.answered
        self.connected += other.connected
        self.effective += other.effective
        self.meetings_set += other.meetings_set


@dataclass(slots=True)
class Counts:
    """What was drawn, counted while it was drawn. Days are local dates of the team, reps count from 0."""

    calls: dict[tuple[date, int, Source], Tally] = field(default_factory=dict)
    hours: dict[tuple[str, int, int], Tally] = field(default_factory=dict)
    """By industry, weekday and hour."""
    responses: list[tuple[date, int, int]] = field(default_factory=list)
    """Each inbound lead that was called: day it came in, rep, business seconds."""
    judged: list[tuple[date, int, int, bool]] = field(default_factory=list)
    """Each judgement: day, rep, how many of the four elements were asked, whether the lead is sales qualified."""
    handoffs: Counter[tuple[date, int, str]] = field(default_factory=Counter)
    """By day, rep who handed off, and how it stands now."""
    meetings: Counter[tuple[date, int, str]] = field(default_factory=Counter)
    """By the day it is or was to be held, rep who set it, and how it stands now."""
    booked: Counter[tuple[date, int]] = field(default_factory=Counter)
    """Meetings by the day on which they were booked, whatever became of them, and rep."""
    leads: Counter[tuple[date, Source]] = field(default_factory=Counter)
    """By the day they came."""

    def total(
        self,
        *,
        days: Callable[[date], bool] = lambda _: True,
        reps: Iterable[int] | None = None,
        sources: Iterable[Source] | None = None,
    ) -> Tally:
        """The calls of these days, reps and sources (None: all)."""
        wanted_reps = None if reps is None else frozenset(reps)
        wanted_sources = None if sources is None else frozenset(sources)
        found = Tally()
        for (day, rep, source), tally in self.calls.items():
            if (
                days(day)
                and (wanted_reps is None or rep in wanted_reps)
                and (wanted_sources is None or source in wanted_sources)
            ):
                found.add(tally)
        return found

    def bant_completion(self) -> tuple[int, int]:
        """Elements asked, of how many."""
        return sum(asked for _, _, asked, _ in self.judged), 4 * len(self.judged)


@dataclass(frozen=True, slots=True)
class Truth:
    """The rates, and what they happened to bring."""

    model: Model
    counts: Counts
