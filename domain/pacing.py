"""How many calls may be made: a budget that refills, of which the less urgent must leave something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SKEW = timedelta(minutes=1)
"""By so much the clocks of machines that are in order may differ."""
LONGEST_CLOSED = timedelta(minutes=5)
"""Nothing stays closed for longer without having been tried once more: Slack's own pauses are seconds."""


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


def refilled(level: Level | None, budget: Budget, now: datetime) -> Level:
    """The level of this moment. None: nothing was called so far."""
    # Clocks of several machines differ a little: time does not run backwards here. What is farther ahead was written by
    # a clock that was wrong, and says nothing: to wait until it is right would be silence for as long.
    if level is None or level.at > now + SKEW:
        return Level(budget.burst, now, None if level is None else level.closed_until)
    left = level.left + max(0.0, (now - level.at).total_seconds()) * budget.per_second
    return Level(min(budget.burst, left), max(now, level.at), level.closed_until)


def closed_for(closed_until: datetime | None, now: datetime) -> float:
    """The seconds for which nothing may be called; 0.0 where it is open. What lies too far ahead was written by a clock
    that was wrong."""
    if closed_until is None or not now < closed_until <= now + LONGEST_CLOSED + SKEW:
        return 0.0
    return (closed_until - now).total_seconds()


def take(level: Level | None, budget: Budget, now: datetime, keep: float = 0.0) -> tuple[Level, float]:
    """The level afterwards and 0.0 where a call may be made now; else the level of now and the seconds to wait.

    `keep` is what has to be left over afterwards for those who are more urgent.
    """
    closed = 0.0 if level is None else closed_for(level.closed_until, now)
    level = refilled(level, budget, now)
    if closed:
        return level, closed
    missing = keep + 1.0 - level.left
    if missing > 0.0:
        return level, missing / budget.per_second
    return Level(level.left - 1.0, level.at, level.closed_until), 0.0


def spend(level: Level | None, budget: Budget, now: datetime, calls: int = 1) -> Level:
    """The level after calls that did not ask: it may be in debt, by a burst at most, which is paid back over time."""
    level = refilled(level, budget, now)
    return Level(max(level.left - calls, -budget.burst), level.at, level.closed_until)
