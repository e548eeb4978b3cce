"""The few facts of a window that matter, out of all its figures: the most surprising, and those that weigh most.

Surprise is how many standard deviations a figure lies from what was to be expected (the window before, the threshold,
the rest of the team); it is multiplied by how near the KPI is to what the team lives on. What chance explains is no
fact. Words are made elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Final

from domain.performance.kpis import BY_KEY, Direction, Figure, Judgement, Kpi, Level, State
from domain.performance.proportions import Proportion, above, overlap

SURPRISING = 1.96
"""Standard deviations: what chance does once in twenty."""
HOW_MANY = 3
WEIGHTS: Final[Mapping[Level, float]] = {Level.STRATEGIC: 2.0, Level.TACTICAL: 1.5, Level.ACTIVITY: 1.0}


class FactKind(StrEnum):
    """What makes it one."""

    CHANGED = "changed"
    """Against the window before: `reference` is its value."""
    MISSES = "misses"
    """Surely on the wrong side of its threshold: `reference` is the end it misses."""
    TARGET = "target"
    """Reached or not reached: `reference` is the target. Neither good nor bad where chance explains which."""
    STANDS_OUT = "stands_out"
    """One member, against the rest of the team: `reference` is the rest's value."""
    STANDS = "stands"
    """How much was done: said where little is surprising."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: `value` and `reference` are in the KPI's unit, `n` is the denominator, None for counts.

    `good`: None where it is neither. `subject` is a member's name, "" for the team.
    """

    kind: FactKind
    kpi: str
    value: float
    reference: float | None
    good: bool | None
    weight: float
    n: int | None = None
    subject: str = ""

    @property
    def reached(self) -> bool:
        """Of a TARGET: whether the value is on its side."""
        return _reached(BY_KEY[self.kpi], self.value, self.reference or 0.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """A figure with what it is held against."""

    figure: Figure
    before: Figure
    target: float | None = None


def rank(
    team: Sequence[Seen], members: Mapping[str, Mapping[str, Figure]], *, over: bool = True, how_many: int = HOW_MANY
) -> tuple[Fact, ...]:
    """The facts that matter most, each about another thing; `members`: name → KPI key → figure.

    `over`: whether the window is over, so that a target not reached is a fact.
    """
    found = [
        *_changes(team),
        *_misses(team),
        *_targets(team, over=over),
        *_outstanding(members),
    ]
    chosen: list[Fact] = []
    for fact in sorted(found, key=lambda each: (-each.weight, each.kpi, each.subject)):
        if all(not _same(fact, other) for other in chosen):
            chosen.append(fact)
        if len(chosen) == how_many:
            return tuple(chosen)
    for fact in _standing(team):
        if all(fact.kpi != other.kpi for other in chosen) and len(chosen) < how_many:
            chosen.append(fact)
    return tuple(chosen)


def _same(a: Fact, b: Fact) -> bool:
    """Whether two facts tell a reader the same: of one KPI, or one member twice, or of two counts of which one is
    reckoned from the other."""
    if a.subject or b.subject:
        return a.subject == b.subject
    if a.kpi == b.kpi:
        return True
    counts = BY_KEY[a.kpi].additive and BY_KEY[b.kpi].additive
    changes = a.kind is b.kind is FactKind.CHANGED and a.good is b.good
    return counts and changes and (a.kpi in _reckoned_from(b.kpi) or b.kpi in _reckoned_from(a.kpi))


def _reckoned_from(key: str) -> set[str]:
    """The KPIs that one is the product of, down to the last."""
    found = set(BY_KEY[key].factors)
    return found.union(*(_reckoned_from(factor) for factor in found))


def _changes(team: Iterable[Seen]) -> Iterable[Fact]:
    for seen in team:
        now, before, kpi = seen.figure, seen.before, seen.figure.kpi
        if now.value is None or before.value is None or not _counts(kpi):
            continue
        z = _difference(now, before)
        if abs(z) >= SURPRISING:
            yield Fact(
                FactKind.CHANGED,
                kpi.key,
                now.value,
                before.value,
                _better(kpi, now.value, before.value),
                abs(z) * WEIGHTS[kpi.level],
                now.denominator,
            )


def _misses(team: Iterable[Seen]) -> Iterable[Fact]:
    for seen in team:
        now, threshold = seen.figure, seen.figure.kpi.threshold
        if now.judgement is not Judgement.BAD or threshold is None or now.value is None:
            continue
        end = threshold.low if threshold.low is not None and now.value < threshold.low else threshold.high
        if end is None:
            continue
        z = _from_expected(now, end)
        yield Fact(FactKind.MISSES, now.kpi.key, now.value, end, False, z * WEIGHTS[now.kpi.level], now.denominator)


def _targets(team: Iterable[Seen], *, over: bool) -> Iterable[Fact]:
    for seen in team:
        now, target = seen.figure, seen.target
        if target is None or now.value is None or now.kpi.direction is Direction.WITHIN:
            continue
        if now.kpi.proportion and now.state is not State.MEASURED:
            continue
        reached = _reached(now.kpi, now.value, target)
        if reached or over:
            # Somebody has chosen this number: it matters whether it is reached, surprising or not.
            z = max(SURPRISING, _from_expected(now, target))
            yield Fact(
                FactKind.TARGET,
                now.kpi.key,
                now.value,
                target,
                reached if _sure(now, target) else None,
                z * WEIGHTS[now.kpi.level],
                now.denominator,
            )


def _reached(kpi: Kpi, value: float, target: float) -> bool:
    return value <= target if kpi.direction is Direction.DOWN else value >= target


def _sure(now: Figure, target: float) -> bool:
    """Whether the side of the target is no matter of chance: a count is what it is, a share has its interval. At the
    ends of what is possible an interval reaches no further, and one miss is enough."""
    if now.interval is None or target in (0.0, 1.0):
        return True
    return above(Proportion(now.numerator, now.denominator or 0), target) is not None


def _outstanding(members: Mapping[str, Mapping[str, Figure]]) -> Iterable[Fact]:
    """A member whose share and that of all others together have no value in common."""
    for key in ("connect_rate", "meetings_per_answered"):
        own = {name: figures[key] for name, figures in members.items() if figures[key].denominator}
        hits = sum(figure.numerator for figure in own.values())
        n = sum(figure.denominator or 0 for figure in own.values())
        for name, figure in own.items():
            rest_hits, rest_n = hits - figure.numerator, n - (figure.denominator or 0)
            mine = Proportion(figure.numerator, figure.denominator or 0)
            rest = Proportion(rest_hits, rest_n)
            if figure.value is None or not mine.enough or not rest.enough or overlap(mine, rest):
                continue
            z = abs(_two_shares(mine, rest))
            # Higher is better for both here: the band of the connect rate is meant for the team's lists, not a person.
            yield Fact(
                FactKind.STANDS_OUT,
                key,
                figure.value,
                rest.share,
                figure.value > (rest.share or 0.0),
                z * WEIGHTS[figure.kpi.level],
                figure.denominator,
                name,
            )


def _standing(team: Sequence[Seen]) -> list[Fact]:
    """What to say where little is surprising: how much was done."""
    by_key = {seen.figure.kpi.key: seen for seen in team}
    return [
        Fact(FactKind.STANDS, key, seen.figure.value, seen.before.value, None, 0.0, seen.figure.denominator)
        for key in ("meetings_set", "dials", "connect_rate", "sales_qualified")
        if (seen := by_key.get(key)) is not None and seen.figure.value is not None
    ]


def _counts(kpi: Kpi) -> bool:
    """Whether a change can be held against chance: counts, and parts of a whole."""
    return kpi.additive or (kpi.proportion and kpi.subset)


def _difference(now: Figure, before: Figure) -> float:
    if now.kpi.additive:
        # Two Poisson counts: their difference has the variance of their sum.
        both = now.numerator + before.numerator
        return (now.numerator - before.numerator) / sqrt(both) if both else 0.0
    if State.MEASURED not in (now.state, before.state):
        return 0.0
    return _two_shares(
        Proportion(now.numerator, now.denominator or 0), Proportion(before.numerator, before.denominator or 0)
    )


def _two_shares(a: Proportion, b: Proportion) -> float:
    """The two-proportion z; 0 without cases."""
    if not a.n or not b.n:
        return 0.0
    pooled = (a.hits + b.hits) / (a.n + b.n)
    spread = sqrt(pooled * (1 - pooled) * (1 / a.n + 1 / b.n))
    return ((a.share or 0.0) - (b.share or 0.0)) / spread if spread else 0.0


def _from_expected(now: Figure, expected: float) -> float:
    """How far a figure is from what it should be, in standard deviations; for durations and multiples by how many
    times it is off, which is as much of a surprise as can be said."""
    value = now.value or 0.0
    if now.kpi.proportion and now.denominator and 0 < expected < 1:
        return abs(value - expected) / sqrt(expected * (1 - expected) / now.denominator)
    if now.kpi.additive and expected:
        return abs(value - expected) / sqrt(expected)
    if not expected or now.kpi.proportion:
        return SURPRISING
    return SURPRISING * max(value / expected, expected / value if value else SURPRISING)


def _better(kpi: Kpi, value: float, before: float) -> bool | None:
    if kpi.direction is Direction.WITHIN:
        threshold = kpi.threshold
        if threshold is None or threshold.met(value) == threshold.met(before):
            return None
        return threshold.met(value)
    return (value > before) is (kpi.direction is Direction.UP)
