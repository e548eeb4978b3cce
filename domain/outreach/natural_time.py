"""When to call back, in the words people say it in: 明日15時, 来週火曜, 30分後, tomorrow 3pm.

Words are read as one day and one time of day, or as a length of time from now. What is missing is filled in so that a
rep would agree: a day alone means the start of business hours, a time alone means today. What could mean two things, or
has passed, is refused together with what was understood.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.calendar import BusinessCalendar, add_months
from domain.outreach.time_words import (
    WEEKDAYS_JA,
    Clock,
    Day,
    Length,
    OpenSpan,
    Problem,
    Said,
    Speaker,
    Unreadable,
    Weekday,
    normalise,
    understand,
)

MOST_CHARACTERS = 60
MOST_TYPED = 4 * MOST_CHARACTERS
"""With spaces. Reading takes the square of the length."""
FURTHEST = timedelta(days=366)
"""A promise for later than this is a slip of the finger."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What words mean: a moment (aware, in the speaker's zone). `time_said` False: the start of business hours was
    filled in. `business_day` False: the team does not work on that day."""

    at: datetime
    time_said: bool
    business_day: bool


def read(words: str, now: datetime, zone: ZoneInfo, calendar: BusinessCalendar) -> Reading:
    """The moment that words mean for somebody in `zone` at `now` (aware). `calendar` tells the team's business days and
    hours. Raises `Unreadable`."""
    if len(words) > MOST_TYPED:
        raise Unreadable(Problem.UNKNOWN, rest=words)
    text = normalise(words)
    if not text:
        raise Unreadable(Problem.EMPTY)
    if len(text) > MOST_CHARACTERS:
        raise Unreadable(Problem.UNKNOWN, rest=text)
    speaker = Speaker(now.astimezone(zone), zone, calendar)
    try:
        found = understand(text, speaker)
        reading = _settle(found, speaker)
    except OverflowError:
        raise Unreadable(Problem.TOO_FAR) from None
    if reading.at <= now:
        raise Unreadable(Problem.PAST, meanings=(reading.at,))
    if reading.at - now > FURTHEST:
        raise Unreadable(Problem.TOO_FAR)
    return reading


def days(words: str, now: datetime, zone: ZoneInfo, calendar: BusinessCalendar) -> tuple[date, date] | None:
    """The days that words mean, the first and the last: 今日, 来週, 11/30. None where they mean no days, or could mean
    several. Unlike a promise, they may lie in the past."""
    text = normalise(words)
    if not text or len(text) > MOST_CHARACTERS:
        return None
    speaker = Speaker(now.astimezone(zone), zone, calendar)
    weeks = {"今週": 0, "this week": 0, "来週": 1, "翌週": 1, "next week": 1, "再来週": 2, "さ来週": 2}
    months = {"今月": 0, "this month": 0, "来月": 1, "翌月": 1, "next month": 1, "再来月": 2}
    span = text.removesuffix("中")
    try:
        if span in weeks:
            return speaker.week(weeks[span], 0), speaker.week(weeks[span], 6)
        if span in months:
            first = add_months(speaker.today.replace(day=1), months[span])
            return first, add_months(first, 1) - timedelta(days=1)
        said = understand(text, speaker)
    except (Unreadable, OverflowError):
        return None
    named = [part.days for part in said if isinstance(part, Day)]
    return (named[0][0], named[0][0]) if len(named) == 1 and len(named[0]) == 1 else None


def _settle(said: list[Said], speaker: Speaker) -> Reading:
    lengths = [part for part in said if isinstance(part, Length)]
    days = [part for part in said if isinstance(part, Day)]
    clocks = [part for part in said if isinstance(part, Clock)]
    if lengths:
        if len(said) > 1:
            raise Unreadable(Problem.AMBIGUOUS)
        at = (speaker.now.astimezone(UTC) + lengths[0].length).astimezone(speaker.zone)
        return _reading(at.replace(second=0, microsecond=0), speaker, time_said=True)
    clocks = _named_part(clocks)
    if len(days) > 1 or len(clocks) > 1:
        raise Unreadable(Problem.AMBIGUOUS)
    if not days and any(isinstance(part, OpenSpan) for part in said):
        raise Unreadable(Problem.NO_DAY)
    possible = days[0].days if days else (speaker.today,)
    for weekday in (part.weekday for part in said if isinstance(part, Weekday)):
        possible = tuple(day for day in possible if day.weekday() == weekday)
        if not possible:
            raise Unreadable(Problem.IMPOSSIBLE, rest=WEEKDAYS_JA[weekday])
    clock = clocks[0] if clocks else Clock(speaker.calendar.opens)
    meanings = [speaker.at(day, reading) for day in possible for reading in _hours_meant(clock, speaker)]
    # Nobody promises to have called: where only one meaning lies ahead, it is that one.
    ahead = [at for at in meanings if at > speaker.now]
    if len(ahead) > 1:
        raise Unreadable(Problem.AMBIGUOUS, meanings=tuple(sorted(ahead)))
    if not ahead:
        raise Unreadable(Problem.PAST, meanings=(max(meanings),))
    return _reading(ahead[0], speaker, time_said=bool(clocks))


def _named_part(clocks: list[Clock]) -> list[Clock]:
    """Tomorrow morning at 10: the part of the day says which 10 is meant."""
    parts, times = [clock for clock in clocks if clock.part], [clock for clock in clocks if not clock.part]
    if len(parts) != 1 or len(times) != 1:
        return clocks
    afternoon = parts[0].at.hour >= 12
    at = times[0].at
    if times[0].half and afternoon:
        at = time(at.hour + 12, at.minute)
    # Noon belongs to both halves; any other time must be in the half that was named.
    return [Clock(at)] if at.hour == 12 or (at.hour >= 12) == afternoon else clocks


def _hours_meant(clock: Clock, speaker: Speaker) -> list[time]:
    """3時 is three in the afternoon where the team works then and not at three in the night."""
    if not clock.half:
        return [clock.at]
    both = [clock.at, time(clock.at.hour + 12, clock.at.minute)]
    at_work = [at for at in both if speaker.calendar.opens <= at <= speaker.calendar.closes]
    # Outside the hours a clock's own figures are taken as they stand: 8:00 is the morning.
    return at_work or ([clock.at] if clock.written else both)


def _reading(at: datetime, speaker: Speaker, *, time_said: bool) -> Reading:
    there = at.astimezone(speaker.calendar.zone).date()
    return Reading(at, time_said, speaker.calendar.is_business_day(there))
