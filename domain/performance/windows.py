"""Windows of time in which KPIs are counted: local dates of the team."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from domain.calendar import BusinessCalendar, add_months


class Span(StrEnum):
    """How long a window is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Window:
    """From the first to the last local date, both included. A window that is under way ends today."""

    span: Span
    first: date
    last: date

    def moments(self, calendar: BusinessCalendar) -> tuple[datetime, datetime]:
        """Its beginning and the moment after its end, in UTC."""
        begin = datetime.combine(self.first, time(), calendar.zone)
        end = datetime.combine(self.last + timedelta(days=1), time(), calendar.zone)
        return begin.astimezone(UTC), end.astimezone(UTC)

    def business_days(self, calendar: BusinessCalendar) -> int:
        """How many of its days the team works."""
        return sum(calendar.is_business_day(day) for day in _days(self.first, self.last))


def current(span: Span, today: date) -> Window:
    """The window that `today` is in, up to today. Weeks begin on Monday."""
    return Window(span, _begin(span, today), today)


def finished(span: Span, today: date) -> Window:
    """The latest whole window before the one that `today` is in."""
    last = _begin(span, today) - timedelta(days=1)
    return Window(span, _begin(span, last), last)


def whole(window: Window) -> Window:
    """The same window to its very end."""
    match window.span:
        case Span.DAY:
            return window
        case Span.WEEK:
            return Window(window.span, window.first, window.first + timedelta(days=6))
        case Span.MONTH:
            return Window(window.span, window.first, add_months(window.first, 1) - timedelta(days=1))


def previous(window: Window, calendar: BusinessCalendar) -> Window:
    """What a window is compared with.

    A day with the business day before it. A whole week or month with the whole one before it; one that is under way
    with as many business days of the one before it, so that a Tuesday is not held against a full week.
    """
    last = window.first - timedelta(days=1)
    if window.span is Span.DAY:
        while not calendar.is_business_day(last):
            last -= timedelta(days=1)
        return Window(window.span, last, last)
    before = Window(window.span, _begin(window.span, last), last)
    if window.last == whole(window).last:
        return before
    worked = window.business_days(calendar)
    for day in _days(before.first, before.last):
        worked -= calendar.is_business_day(day)
        if worked <= 0:
            return Window(window.span, before.first, day)
    return before


def back(window: Window, how_many: int) -> list[Window]:
    """So many whole windows of the same span up to this one, the oldest first; this one stays as it is."""
    found = [window]
    while len(found) < how_many:
        last = found[-1].first - timedelta(days=1)
        found.append(Window(window.span, _begin(window.span, last), last))
    return found[::-1]


def _begin(span: Span, day: date) -> date:
    match span:
        case Span.DAY:
            return day
        case Span.WEEK:
            return day - timedelta(days=day.weekday())
        case Span.MONTH:
            return day.replace(day=1)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
