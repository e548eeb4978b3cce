"""Business time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import BusinessCalendar, add_months

TOKYO = ZoneInfo("Asia/Tokyo")
# Wednesday 29 April is Showa Day; 4 to 6 May are holidays too, so after Friday the 1st comes Thursday the 7th.
GOLDEN_WEEK = frozenset({date(2026, 4, 29), date(2026, 5, 4), date(2026, 5, 5), date(2026, 5, 6)})
CALENDAR = BusinessCalendar(TOKYO, holidays=GOLDEN_WEEK)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 3, 31), 1, date(2026, 4, 30)),
        (date(2026, 4, 30), 1, date(2026, 5, 30)),
        (date(2026, 4, 1), 0, date(2026, 4, 1)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(-120, 120))
def test_months_later_never_leaves_the_month_meant(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day
    # A shorter day only at the end of a month.
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


def _tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        # Within a day; up to closing time exactly; one minute beyond.
        ("2026-04-01T10:00", 60, "2026-04-01T11:00"),
        ("2026-04-01T17:00", 60, "2026-04-01T18:00"),
        ("2026-04-01T17:00", 61, "2026-04-02T09:01"),
        # Before opening, at opening, at closing, after closing.
        ("2026-04-01T07:00", 30, "2026-04-01T09:30"),
        ("2026-04-01T09:00", 30, "2026-04-01T09:30"),
        ("2026-04-01T18:00", 30, "2026-04-02T09:30"),
        ("2026-04-01T22:00", 30, "2026-04-02T09:30"),
        # Over a weekend, from a weekend, over a holiday, over Golden Week.
        ("2026-04-03T17:30", 60, "2026-04-06T09:30"),
        ("2026-04-05T12:00", 60, "2026-04-06T10:00"),
        ("2026-04-28T17:30", 60, "2026-04-30T09:30"),
        ("2026-04-29T12:00", 60, "2026-04-30T10:00"),
        ("2026-05-01T17:30", 60, "2026-05-07T09:30"),
        # Whole days: 540 minutes each.
        ("2026-04-01T09:00", 540, "2026-04-01T18:00"),
        ("2026-04-01T09:00", 541, "2026-04-02T09:01"),
        ("2026-04-01T09:00", 5 * 540, "2026-04-07T18:00"),
        # No time at all: the next working moment.
        ("2026-04-01T10:00", 0, "2026-04-01T10:00"),
        ("2026-04-03T20:00", 0, "2026-04-06T09:00"),
        ("2026-04-01T18:00", 0, "2026-04-02T09:00"),
    ],
)
def test_minutes_pass_in_working_hours_only(start: str, minutes: int, expected: str) -> None:
    assert CALENDAR.add_minutes(_tokyo(start), minutes) == _tokyo(expected)


def test_moments_of_any_zone_mean_the_same() -> None:
    start = _tokyo("2026-04-01T10:00")
    assert CALENDAR.add_minutes(start.astimezone(UTC), 60) == CALENDAR.add_minutes(start, 60)
    assert CALENDAR.add_minutes(start, 60).tzinfo is UTC


def test_working_day_is_the_local_one() -> None:
    """Sunday 23:30 in UTC is Monday morning in Tokyo."""
    assert CALENDAR.add_minutes(datetime(2026, 4, 5, 23, 30, tzinfo=UTC), 30) == _tokyo("2026-04-06T09:30")


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        # Offices that work through the night of the change: 23 hours in spring, 25 in autumn (UTC given).
        ("2026-03-28T23:00", 60, "2026-03-29T00:00"),
        ("2026-03-29T00:30", 60, "2026-03-29T01:30"),
        ("2026-10-25T00:30", 60, "2026-10-25T01:30"),
    ],
)
def test_hours_of_daylight_saving_are_real_hours(start: str, minutes: int, expected: str) -> None:
    night = BusinessCalendar(ZoneInfo("Europe/Berlin"), time(0), time(23, 59), frozenset(range(7)))
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert night.add_minutes(begin, minutes) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_working_day_with_the_missing_hour_is_an_hour_shorter() -> None:
    """On 29 March 2026 clocks in Berlin go from 2 to 3: from midnight to 6 there are five hours."""
    night = BusinessCalendar(ZoneInfo("Europe/Berlin"), time(0), time(6), frozenset(range(7)))
    # Before opening, so that the count begins with the opening itself.
    begin = datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert night.add_minutes(begin, 5 * 60) == datetime(2026, 3, 29, 4, tzinfo=UTC)
    # One minute more is the next day's first.
    assert night.add_minutes(begin, 5 * 60 + 1) == datetime(2026, 3, 29, 22, 1, tzinfo=UTC)


def test_opening_follows_the_zone_over_the_change() -> None:
    berlin = BusinessCalendar(ZoneInfo("Europe/Berlin"))
    before = datetime(2026, 3, 27, 16, 30, tzinfo=UTC)  # Friday 17:30, an hour east of UTC.
    assert berlin.add_minutes(before, 60) == datetime(2026, 3, 30, 7, 30, tzinfo=UTC)  # Monday 9:30, two hours.


def test_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        CALENDAR.add_minutes(datetime(2026, 4, 1, 10), 5)  # noqa: DTZ001 - the very thing


@pytest.mark.parametrize(
    ("opens", "closes", "weekdays"),
    [(time(9), time(9), {0}), (time(18), time(9), {0}), (time(9), time(18), set())],
)
def test_calendar_without_working_time_is_refused(opens: time, closes: time, weekdays: set[int]) -> None:
    with pytest.raises(ValueError, match="working"):
        BusinessCalendar(TOKYO, opens, closes, weekdays)


def test_next_business_day_leaves_out_weekends_and_holidays() -> None:
    assert CALENDAR.next_business_day(date(2026, 4, 3)) == date(2026, 4, 6)
    assert CALENDAR.next_business_day(date(2026, 5, 1)) == date(2026, 5, 7)
    assert not CALENDAR.is_business_day(date(2026, 4, 29))
    assert CALENDAR.is_business_day(date(2026, 4, 30))


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive, the zone is given beside
lengths = st.integers(0, 2000)


# At closing time no minutes at all are the next morning's, so the second portion is one at least.
@given(moments, lengths, st.integers(1, 2000))
def test_minutes_in_two_portions_are_minutes_in_one(start: datetime, first: int, second: int) -> None:
    assert CALENDAR.add_minutes(CALENDAR.add_minutes(start, first), second) == CALENDAR.add_minutes(
        start, first + second
    )


@given(moments, lengths)
def test_answer_lies_in_working_hours_and_not_before_the_start(start: datetime, minutes: int) -> None:
    end = CALENDAR.add_minutes(start, minutes)
    local = end.astimezone(TOKYO)
    assert end >= start
    assert CALENDAR.is_business_day(local.date())
    assert time(9) <= local.time() <= time(18)
