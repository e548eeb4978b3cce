"""When a job is due: local times, weekdays, days of the month, and the nights on which the clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import EVERY_DAY, Timetable

MONDAY_TO_FRIDAY = frozenset(range(5))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "at", "moment"),
    [
        ("Asia/Tokyo", "2026-04-01", "08:30", "2026-03-31 23:30"),
        # 02:00 becomes 03:00: an hour later than it would have been.
        ("Europe/Berlin", "2026-03-29", "02:30", "2026-03-29 01:30"),
        ("Europe/Berlin", "2026-03-29", "03:30", "2026-03-29 01:30"),
        ("America/New_York", "2026-03-08", "02:30", "2026-03-08 07:30"),
        # 03:00 becomes 02:00: the first of the two.
        ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25 00:30"),
        ("Europe/Berlin", "2026-10-25", "03:00", "2026-10-25 02:00"),
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01 05:30"),
        # Midnight itself is taken away: Beirut goes from 00:00 to 01:00.
        ("Asia/Beirut", "2026-03-29", "00:00", "2026-03-28 22:00"),
        ("Asia/Beirut", "2026-03-29", "00:30", "2026-03-28 22:30"),
        # And given twice: Beirut goes from 00:00 back to 23:00 of the day before.
        ("Asia/Beirut", "2026-10-24", "23:30", "2026-10-24 20:30"),
        ("Asia/Beirut", "2026-10-25", "00:00", "2026-10-24 22:00"),
        # The last hour of a day is taken away: Nuuk goes from 23:00 to 00:00.
        ("America/Nuuk", "2026-03-28", "23:30", "2026-03-29 01:30"),
    ],
)
def test_moment_of_a_local_date(zone: str, day: str, at: str, moment: str) -> None:
    assert Timetable("T", zone, time.fromisoformat(at)).moment(date.fromisoformat(day)) == utc(moment)


@pytest.mark.parametrize(
    ("timetable", "now", "last", "following"),
    [
        (Timetable("T", "Asia/Tokyo", time(8, 30)), "2026-03-31 23:29", "2026-03-31", "2026-04-01"),
        (Timetable("T", "Asia/Tokyo", time(8, 30)), "2026-03-31 23:30", "2026-04-01", "2026-04-02"),
        # Friday the 3rd, then Monday the 6th.
        (Timetable("T", "Asia/Tokyo", time(8, 30), MONDAY_TO_FRIDAY), "2026-04-05 00:00", "2026-04-03", "2026-04-06"),
        (Timetable("T", "Asia/Tokyo", time(9), frozenset({0})), "2026-04-01 00:00", "2026-03-30", "2026-04-06"),
        (Timetable("T", "Asia/Tokyo", time(9), EVERY_DAY, 1), "2026-03-31 23:59", "2026-03-01", "2026-04-01"),
        (Timetable("T", "Asia/Tokyo", time(9), EVERY_DAY, 1), "2026-04-01 00:00", "2026-04-01", "2026-05-01"),
        # A month without the day is left out; the last one was too long ago.
        (Timetable("T", "Asia/Tokyo", time(9), EVERY_DAY, 31), "2026-03-10 01:00", None, "2026-03-31"),
        # Past midnight by the wall clock, Saturday's is still to come.
        (Timetable("T", "America/Nuuk", time(23, 30)), "2026-03-29 01:10", "2026-03-27", "2026-03-28"),
        (Timetable("T", "America/Nuuk", time(23, 30)), "2026-03-29 01:30", "2026-03-28", "2026-03-29"),
        # Samoa had no 30 December in 2011.
        (Timetable("T", "Pacific/Apia", time(8, 30)), "2011-12-30 09:00", "2011-12-29", "2011-12-31"),
        (Timetable("T", "Pacific/Apia", time(8, 30)), "2011-12-30 19:00", "2011-12-31", "2012-01-01"),
        # The second 01:30 of the night is not another.
        (Timetable("T", "America/New_York", time(1, 30)), "2026-11-01 06:30", "2026-11-01", "2026-11-02"),
    ],
)
def test_last_and_next_due(timetable: Timetable, now: str, last: str | None, following: str) -> None:
    before, after = timetable.last_due(utc(now)), timetable.next_due(utc(now))
    assert (before and before[0]) == (last and date.fromisoformat(last))
    assert after is not None
    assert after[0] == date.fromisoformat(following)


ZONES = st.sampled_from(
    [
        "Asia/Tokyo",
        "Europe/Berlin",
        "America/New_York",
        "America/Nuuk",
        "Asia/Beirut",
        "America/Havana",
        "America/Asuncion",
        "America/Sao_Paulo",
        "Africa/Cairo",
        "Africa/Casablanca",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Asia/Kathmandu",
        "Antarctica/Troll",
    ]
)
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 45, 59]))
DAYS = st.dates(date(2005, 1, 1), date(2036, 12, 31))


def lived(zone: str, first: date, days: int) -> set[date]:
    """The local dates that a zone has, found by walking through its hours."""
    start = datetime.combine(first, time(12), UTC)
    quarters = (start + timedelta(minutes=15 * n) for n in range(days * 24 * 4))
    return {quarter.astimezone(ZoneInfo(zone)).date() for quarter in quarters}


@settings(deadline=None, max_examples=60)
@given(ZONES, TIMES, DAYS)
def test_every_local_date_is_due_exactly_once(zone: str, at: time, first: date) -> None:
    timetable = Timetable("T", zone, at)
    now = datetime.combine(first, time(12), UTC)
    due: list[date] = []
    while len(due) < 10:
        found = timetable.next_due(now)
        assert found is not None
        day, moment = found
        assert moment > now
        assert timetable.last_due(moment) == found
        assert timetable.last_due(moment - timedelta(microseconds=1)) != found
        due.append(day)
        now = moment
    assert due == sorted(set(due))
    between = {day for day in lived(zone, first, 14) if due[0] <= day <= due[-1]}
    assert set(due) == between


@settings(deadline=None)
@given(ZONES, TIMES, DAYS)
def test_moment_shows_the_time_on_the_wall_unless_spring_took_it_away(zone: str, at: time, day: date) -> None:
    timetable = Timetable("T", zone, at)
    local = timetable.moment(day).astimezone(ZoneInfo(zone))
    if local.time() == at:
        assert local.date() == day
        assert local.fold == 0
    else:
        # Later by what the clocks went forward: as long after the change as it would have been.
        offset = local.utcoffset()
        assert offset is not None
        ahead = offset - offset_before(zone, day, at)
        assert local.replace(tzinfo=None) - datetime.combine(day, at) == ahead > timedelta()


def offset_before(zone: str, day: date, at: time) -> timedelta:
    """What the zone was away from UTC a day before."""
    before = datetime.combine(day - timedelta(days=1), at, ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
    offset = before.utcoffset()
    assert offset is not None
    return offset


@settings(deadline=None)
@given(
    ZONES,
    TIMES,
    st.builds(datetime.combine, DAYS, st.times(), st.just(UTC)),
    st.frozensets(st.integers(0, 6), min_size=1),
)
def test_nothing_is_due_between_last_and_next(zone: str, at: time, now: datetime, weekdays: frozenset[int]) -> None:
    timetable = Timetable("T", zone, at, weekdays)
    last, following = timetable.last_due(now), timetable.next_due(now)
    assert last is not None
    assert following is not None
    assert last[1] <= now < following[1]
    assert last[0].weekday() in weekdays
    assert following[0].weekday() in weekdays
    day = last[0] + timedelta(days=1)
    while day < following[0]:
        assert day.weekday() not in weekdays or day not in lived(zone, day - timedelta(days=2), 4)
        day += timedelta(days=1)


def test_weekday_that_never_meets_the_day_of_the_month_is_not_due() -> None:
    timetable = Timetable("T", "Asia/Tokyo", time(9), frozenset(), 1)
    assert timetable.next_due(utc("2026-04-01 00:00")) is None
    assert timetable.last_due(utc("2026-04-01 00:00")) is None


@pytest.mark.parametrize(
    ("timetable", "text"),
    [
        (Timetable("T", "Asia/Tokyo", time(8, 30)), "08:30"),
        (Timetable("T", "Asia/Tokyo", time(8, 30), MONDAY_TO_FRIDAY), "08:30 01234"),
        (Timetable("T", "Asia/Tokyo", time(9), EVERY_DAY, 1), "09:00 of month 1"),
    ],
)
def test_timetables_that_differ_read_differently(timetable: Timetable, text: str) -> None:
    assert timetable.text() == text
