"""Why a KPI changed: down the tree, at each step to the part that explains most (`/kpi why`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.members import Permission, require
from domain.performance.changes import Part, largest, of_product, of_ratio, of_sum
from domain.performance.kpis import (
    BY_KEY,
    DURATIONS,
    NOTHING,
    Counts,
    Figure,
    Kpi,
    Measure,
    below,
    figure,
    find,
    measures,
)
from domain.performance.windows import Span, Window, current, previous
from services.deps import Actor, Deps
from services.performance.kpis import By, count, names
from services.teams import team_calendar
from storage.kpis import EVERYBODY


class Split(StrEnum):
    """Into what a change is divided."""

    FACTORS = "factors"
    REP = "rep"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Step:
    """A KPI's change divided among parts, the largest first; their effects add up to `change`.

    `parts` are named by KPI keys, members' ids or sources; `figures` are a factor's own values before and now.
    """

    figure: Figure
    before: Figure
    split: Split
    parts: tuple[Part, ...]
    largest: Part | None
    figures: tuple[tuple[Figure, Figure], ...] = ()

    @property
    def change(self) -> float:
        """Now less before; what is not known counts as nothing."""
        return (self.figure.value or 0.0) - (self.before.value or 0.0)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The way down from a KPI; `steps` is empty where nothing changed or nothing is known."""

    window: Window
    before: Window
    figure: Figure
    figure_before: Figure
    steps: tuple[Step, ...]
    names: Mapping[str, str]
    """Of the members among the parts."""


async def why(deps: Deps, actor: Actor, key: str, span: Span, *, window: Window | None = None) -> Explanation:
    """Where the change of a KPI against the window before comes from. Refused: NOT_ALLOWED, NOT_FOUND `kpi`."""
    require(actor.role, Permission.READ)
    kpi, now = find(key), deps.now()
    needed = measures(below(kpi))
    async with deps.reading(actor.team_id) as session:
        calendar = await team_calendar(session, actor.team_zone, now)
        window = window or current(span, deps.today(actor.team_zone))
        before = previous(window, calendar)
        then = await count(session, calendar, before, now, snapshots=False, only=needed)
        team = then[EVERYBODY], (await count(session, calendar, window, now, only=needed))[EVERYBODY]
        called: dict[str, str] = {}
        by_group: dict[Split, tuple[dict[str, Counts], dict[str, Counts]]] = {}
        for split, by in ((Split.REP, By.REP), (Split.SOURCE, By.SOURCE)):
            earlier = await count(session, calendar, before, now, by, only=needed)
            later = await count(session, calendar, window, now, by, only=needed)
            if by is By.REP:
                called = await names(session, by, {**earlier, **later})
            by_group[split] = (earlier, later)
    found = figure(kpi, team[1])
    was = figure(kpi, team[0])
    return Explanation(window, before, found, was, tuple(_walk(kpi, team, by_group)), called)


def _walk(
    kpi: Kpi, team: tuple[Counts, Counts], by_group: dict[Split, tuple[dict[str, Counts], dict[str, Counts]]]
) -> list[Step]:
    steps: list[Step] = []
    here: Kpi | None = kpi
    while here is not None:
        was, now = figure(here, team[0]), figure(here, team[1])
        change = (now.value or 0.0) - (was.value or 0.0)
        if not change or (was.value is None and now.value is None):
            break
        if not here.factors:
            steps += _groups(here, team, by_group)
            break
        figures = [(figure(BY_KEY[name], team[0]), figure(BY_KEY[name], team[1])) for name in here.factors]
        parts = of_product(
            {name: pair[0].value for name, pair in zip(here.factors, figures, strict=True)},
            {name: pair[1].value for name, pair in zip(here.factors, figures, strict=True)},
        )
        most = largest(parts, change)
        order = sorted(range(len(parts)), key=lambda place: -abs(parts[place].effect))
        steps.append(
            Step(
                now,
                was,
                Split.FACTORS,
                tuple(parts[place] for place in order),
                most,
                tuple(figures[place] for place in order),
            )
        )
        here = BY_KEY[most.name] if most is not None else None
    return steps


def _groups(
    kpi: Kpi, team: tuple[Counts, Counts], by_group: dict[Split, tuple[dict[str, Counts], dict[str, Counts]]]
) -> list[Step]:
    """The change divided among reps, and among sources; the division whose largest part explains more comes first."""
    now, was = figure(kpi, team[1]), figure(kpi, team[0])
    steps = []
    for split, (then, current_) in by_group.items():
        if kpi.numerator is None or kpi.unit in DURATIONS:
            continue
        if split is Split.SOURCE and Measure.REP_DAYS in (kpi.numerator, kpi.denominator):
            continue  # A day on which somebody called leads of two sources belongs to neither alone.
        groups = dict.fromkeys([*then, *current_])
        old = {name: then.get(name, NOTHING) for name in groups}
        new = {name: current_.get(name, NOTHING) for name in groups}
        if kpi.denominator is None:
            numerator = kpi.numerator
            parts = of_sum(
                {name: float(each.of(numerator)) for name, each in old.items()},
                {name: float(each.of(numerator)) for name, each in new.items()},
            )
        else:
            parts = of_ratio(
                {name: (each.of(kpi.numerator), each.of(kpi.denominator)) for name, each in old.items()},
                {name: (each.of(kpi.numerator), each.of(kpi.denominator)) for name, each in new.items()},
            )
        parts = sorted((part for part in parts if part.effect), key=lambda part: -abs(part.effect))
        change = (now.value or 0.0) - (was.value or 0.0)
        if parts:
            steps.append(Step(now, was, split, tuple(parts), largest(parts, change)))
    return sorted(steps, key=lambda step: -abs(step.largest.effect) if step.largest else 0.0)
