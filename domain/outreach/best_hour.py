"""When people pick up: the connect rate of a segment by weekday and hour, learned from the team's own calls."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.performance.proportions import Proportion, overlap


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something was tried, and how often it came off."""

    tries: int = 0
    hits: int = 0

    def smoothed(self, prior: float, strength: float) -> float:
        """(hits + k·prior) ÷ (tries + k): the prior, until tries outweigh `strength` (k) of it."""
        return (self.hits + strength * prior) / (self.tries + strength)


class Cell(NamedTuple):
    """One hour of the week of one segment. `weekday` counts Monday as 0, in the team's zone; `segment` "": unknown."""

    segment: str
    weekday: int
    hour: int


START = 0.15
"""The connect rate a team is thought to have before it has called. An assumption, worth `Learning.strength` calls."""


@dataclass(frozen=True, slots=True)
class Learning:
    """How much the team's own rate weighs against a cell's calls, and when a cell counts as explored."""

    strength: float = 20.0
    """k: so many calls in a cell weigh as much as the prior."""
    enough: int = 20
    """Calls from which a cell's rate is shown and said."""
    explore: float = 0.1
    """The share of decisions in which a cell that is not explored is given a drawn rate instead of its mean."""


@dataclass(frozen=True, slots=True)
class HourRates:
    """What a team knows about its hours. `cells` are calls and connected calls; none: an hour nobody tried."""

    cells: Mapping[Cell, Tally] = field(default_factory=dict)
    learning: Learning = Learning()
    team: Tally = field(init=False)
    """All calls together."""

    def __post_init__(self) -> None:
        tries = sum(tally.tries for tally in self.cells.values())
        object.__setattr__(self, "team", Tally(tries, sum(tally.hits for tally in self.cells.values())))

    @property
    def prior(self) -> float:
        """The team's own rate."""
        return self.team.smoothed(START, self.learning.strength)

    def tally(self, cell: Cell) -> Tally:
        """The calls of a cell."""
        return self.cells.get(cell, Tally())

    def rate(self, cell: Cell) -> float:
        """The best guess at P(connect) in this hour: strictly between 0 and 1."""
        return self.tally(cell).smoothed(self.prior, self.learning.strength)

    def known(self, cell: Cell) -> bool:
        """Whether there are enough calls to say something."""
        return self.tally(cell).tries >= self.learning.enough

    def tried(self, cell: Cell, chance: random.Random) -> float:
        """The rate to act on: the best guess, and now and then, where an hour is not explored, a draw from what is
        possible (Thompson sampling: a Beta with the prior as pseudo-calls), so that good hours are found at all."""
        if self.known(cell) or chance.random() >= self.learning.explore:
            return self.rate(cell)
        tally, k = self.tally(cell), self.learning.strength
        return chance.betavariate(tally.hits + k * self.prior, tally.tries - tally.hits + k * (1 - self.prior))

    def segments(self) -> dict[str, Tally]:
        """Calls by segment, the most called first."""
        found: dict[str, Tally] = {}
        for cell, tally in self.cells.items():
            before = found.get(cell.segment, Tally())
            found[cell.segment] = Tally(before.tries + tally.tries, before.hits + tally.hits)
        return dict(sorted(found.items(), key=lambda item: (-item[1].tries, item[0])))

    def of_segment(self, segment: str | None) -> dict[tuple[int, int], Tally]:
        """(weekday, hour) → calls of a segment; None: of all together."""
        found: dict[tuple[int, int], Tally] = {}
        for cell, tally in self.cells.items():
            if segment is None or cell.segment == segment:
                key = (cell.weekday, cell.hour)
                before = found.get(key, Tally())
                found[key] = Tally(before.tries + tally.tries, before.hits + tally.hits)
        return found


@dataclass(frozen=True, slots=True)
class BestHour:
    """An hour of the week in which a segment is reached. `surely`: better than its other hours together, beyond the
    intervals of both."""

    weekday: int
    hour: int
    tally: Tally
    surely: bool


def best_hours(hours: Mapping[tuple[int, int], Tally], enough: int, most: int = 3) -> list[BestHour]:
    """The best of a segment's hours ((weekday, hour) → calls) that have at least `enough` calls, the best first. None
    of them is worse than all other hours together."""
    tries = sum(tally.tries for tally in hours.values())
    hits = sum(tally.hits for tally in hours.values())
    found = []
    for (weekday, hour), tally in hours.items():
        if tally.tries < max(enough, 1):
            continue
        own = Proportion(tally.hits, tally.tries)
        rest = Proportion(hits - tally.hits, tries - tally.tries)
        if tally.hits * max(rest.n, 1) > rest.hits * tally.tries:
            found.append(BestHour(weekday, hour, tally, rest.n > 0 and not overlap(own, rest)))
    found.sort(key=lambda best: (-best.tally.hits / best.tally.tries, best.weekday, best.hour))
    return found[:most]
