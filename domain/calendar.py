"""Business time: working days and hours of a team."""

from __future__ import annotations

import calendar as month_lengths
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = frozenset({0, 1, 2, 3, 4})


def add_months(day: date, months: int) -> date:
    """The same day `months` later; the month's last day where that day does not exist (31 Jan + 1 = 28 Feb)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, month_lengths.monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """When a team works, as it says itself: local times "HH:MM", weekdays with Monday as 0."""

    opens: str = "09:00"
    closes: str = "18:00"
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Working hours of a team.

    `opens` and `closes` are local times of `zone` on the same day, `weekdays` counts Monday as 0,
    `holidays` are local dates on which nobody works.
    """

    zone: ZoneInfo
    opens: time = time(9)
    closes: time = time(18)
    weekdays: AbstractSet[int] = WEEKDAYS
    holidays: AbstractSet[date] = field(default_factory=frozenset)
    workdays: AbstractSet[date] = field(default_factory=frozenset)
    """Dates on which the team works whatever weekday or holiday they are."""

    def __post_init__(self) -> None:
        if self.opens >= self.closes or not self.weekdays:
            raise ValueError("A calendar needs working hours and at least one working weekday.")

    def is_business_day(self, day: date) -> bool:
        """Whether the team works on this local date."""
        return day in self.workdays or (day.weekday() in self.weekdays and day not in self.holidays)

    def next_business_day(self, day: date) -> date:
        """The first business day after `day`."""
        following = day + timedelta(days=1)
        while not self.is_business_day(following):
            following += timedelta(days=1)
        return following

    def _span(self, day: date) -> tuple[datetime, datetime]:
        # In UTC, because arithmetic on local datetimes ignores the hour that daylight saving adds or takes.
        return (
            datetime.combine(day, self.opens, self.zone).astimezone(UTC),
            datetime.combine(day, self.closes, self.zone).astimezone(UTC),
        )

    def add_minutes(self, start: datetime, minutes: int) -> datetime:
        """The moment at which `minutes` of business time have passed since `start` (aware; answer in UTC)."""
        if start.tzinfo is None:
            raise ValueError("A naive datetime has no business time.")
        left = timedelta(minutes=minutes)
        day = start.astimezone(self.zone).date()
        now = start.astimezone(UTC)
        while True:
            if self.is_business_day(day):
                opens, closes = self._span(day)
                begin = max(now, opens)
                if begin < closes:
                    if left <= closes - begin:
                        return begin + left
                    left -= closes - begin
            day = self.next_business_day(day)

    def minutes_between(self, start: datetime, end: datetime) -> float:
        """The business minutes from `start` to `end` (both aware); 0 when `end` is not after `start`."""
        if start.tzinfo is None or end.tzinfo is None:
            raise ValueError("A naive datetime has no business time.")
        begin, finish = start.astimezone(UTC), end.astimezone(UTC)
        day, last = begin.astimezone(self.zone).date(), finish.astimezone(self.zone).date()
        worked = timedelta()
        while day <= last:
            if self.is_business_day(day):
                opens, closes = self._span(day)
                worked += max(timedelta(), min(finish, closes) - max(begin, opens))
            day += timedelta(days=1)
        return worked / timedelta(minutes=1)

    def is_open(self, moment: datetime) -> bool:
        """Whether the team works at this moment (aware)."""
        day = moment.astimezone(self.zone).date()
        if not self.is_business_day(day):
            return False
        opens, closes = self._span(day)
        return opens <= moment < closes
