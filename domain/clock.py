"""When a job of the clock is due: at a local time of a zone, on days that a weekday or a day of the month names."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY_DAY = frozenset(range(7))
LATE = timedelta(minutes=30)
"""A job found due this long ago still runs, once; an older one is reported and skipped."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """What one team asks of a job in one zone.

    `weekdays` counts Monday as 0. `month_day` set: only on that day of the month. Whether a holiday counts is the
    job's own matter.
    """

    team_id: str
    zone: str
    at: time
    weekdays: AbstractSet[int] = EVERY_DAY
    month_day: int | None = None

    def falls_on(self, day: date) -> bool:
        """Whether it is due on this local date."""
        return day.weekday() in self.weekdays and self.month_day in (None, day.day)

    def moment(self, day: date) -> datetime:
        """The moment it is due on a local date, in UTC.

        In the hour that spring takes away: as much later as the clocks went forward, as ISO calendars do (RFC 5545,
        3.3.5). In the hour that autumn repeats: at its first.
        """
        return datetime.combine(day, self.at, ZoneInfo(self.zone)).astimezone(UTC)

    def last_due(self, now: datetime) -> tuple[date, datetime] | None:
        """The latest local date and moment at which it was due until `now` (aware), within 32 days."""
        day = now.astimezone(ZoneInfo(self.zone)).date()
        for back in range(33):
            candidate = day - timedelta(days=back)
            if self.falls_on(candidate) and (moment := self.moment(candidate)) <= now:
                return candidate, moment
        return None


@dataclass(frozen=True, slots=True)
class Due:
    """One time a job is due: `day` is the zone's local date, `at` the moment in UTC."""

    team_id: str
    zone: str
    day: date
    at: datetime
