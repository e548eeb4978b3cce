"""How many calls may be made: a budget that refills, of which the less urgent must leave something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Budget:
    """So many calls at once after a quiet while, and so many a second on and on."""

    burst: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Level:
    """What was left of a budget at a moment. Until `closed_until` nothing may be called, whatever is left."""

    left: float
    at: datetime
    closed_until: datetime | None = None


def take(level: Level | None, budget: Budget, now: datetime, keep: float = 0.0) -> tuple[Level, float]:
    """The level afterwards and 0.0 where a call may be made now; else the level as it is and the seconds to wait.

    `keep` is what has to be left over afterwards for those who are more urgent. None: nothing was called so far.
    """
    if level is None:
        level = Level(budget.burst, now)
    if level.closed_until is not None and level.closed_until > now:
        return level, (level.closed_until - now).total_seconds()
    # Clocks of several machines differ: time does not run backwards here.
    passed = max(0.0, (now - level.at).total_seconds())
    left = min(budget.burst, level.left + passed * budget.per_second)
    level = Level(left, max(now, level.at), level.closed_until)
    missing = keep + 1.0 - left
    if missing > 0.0:
        return level, missing / budget.per_second
    return Level(left - 1.0, level.at, level.closed_until), 0.0
