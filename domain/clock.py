"""When a job of the clock is due: at a local time of a zone, on days that a weekday or a day of the month names."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY_DAY = frozenset(range(7))
LATE = timedelta(minutes=30)
"""A job found due this long ago still runs, once; an older one is reported and skipped."""

DAYS_BACK = 32
DAYS_AHEAD = 400
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """One time a job is due: `day` is the zone's local date, `at` the moment in UTC."""

    team_id: str
    zone: str
    day: date
    at: datetime


@dataclass(frozen=True, slots=True)
class Timetable:
    """What one team asks of a job in one zone: once on each local date that it names.

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
        return self._utc(day, self.at)

    def last_due(self, now: datetime) -> tuple[date, datetime] | None:
        """The latest local date and moment at which it was due until `now` (aware), within 32 days."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        for back in range(DAYS_BACK + 1):
            day = today - timedelta(days=back)
            if self.falls_on(day) and self._is_lived(day) and (moment := self.moment(day)) <= now:
                return day, moment
        return None

    def next_due(self, now: datetime) -> tuple[date, datetime] | None:
        """The earliest local date and moment at which it is due after `now` (aware), within 400 days."""
        # Yesterday's may still be to come: where midnight falls into the hour that spring takes away.
        first = now.astimezone(ZoneInfo(self.zone)).date() - _DAY
        for ahead in range(DAYS_AHEAD + 1):
            day = first + timedelta(days=ahead)
            if self.falls_on(day) and self._is_lived(day) and (moment := self.moment(day)) > now:
                return day, moment
        return None

    def text(self) -> str:
        """The timetable in one line, without team and zone; equal lines, equal times."""
        days = "" if self.weekdays == EVERY_DAY else " " + "".join(str(day) for day in sorted(self.weekdays))
        return f"{self.at.isoformat('minutes')}{days}{'' if self.month_day is None else f' of month {self.month_day}'}"

    def _is_lived(self, day: date) -> bool:
        """Whether the zone has this date: Samoa went from 29 to 31 December 2011."""
        return self._utc(day, time.min) < self._utc(day + _DAY, time.min)

    def _utc(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, ZoneInfo(self.zone)).astimezone(UTC)
