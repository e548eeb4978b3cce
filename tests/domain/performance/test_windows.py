"""Windows and what they are held against."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import BusinessCalendar
from domain.performance.windows import Span, Window, back, current, finished, previous, whole

TOKYO = BusinessCalendar(ZoneInfo("Asia/Tokyo"), holidays=frozenset({date(2026, 4, 29), date(2026, 5, 4)}))
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def of(span: Span, first: str, last: str) -> Window:
    return Window(span, date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("window", "before"),
    [
        # A day: the business day before, over weekend and holiday.
        (of(Span.DAY, "2026-04-06", "2026-04-06"), of(Span.DAY, "2026-04-03", "2026-04-03")),
        (of(Span.DAY, "2026-04-30", "2026-04-30"), of(Span.DAY, "2026-04-28", "2026-04-28")),
        # A whole week: the whole one before. One to Wednesday: as many business days.
        (of(Span.WEEK, "2026-04-06", "2026-04-12"), of(Span.WEEK, "2026-03-30", "2026-04-05")),
        (of(Span.WEEK, "2026-04-06", "2026-04-08"), of(Span.WEEK, "2026-03-30", "2026-04-01")),
        # In the week before Wednesday was a holiday: three business days last until Thursday.
        (of(Span.WEEK, "2026-05-11", "2026-05-13"), of(Span.WEEK, "2026-05-04", "2026-05-07")),
        # A month to its sixth business day.
        (of(Span.MONTH, "2026-04-01", "2026-04-08"), of(Span.MONTH, "2026-03-01", "2026-03-09")),
        (of(Span.MONTH, "2026-04-01", "2026-04-30"), of(Span.MONTH, "2026-03-01", "2026-03-31")),
    ],
)
def test_window_is_held_against_as_much_work(window: Window, before: Window) -> None:
    assert previous(window, TOKYO) == before


def test_day_in_tokyo_is_fifteen_to_fifteen_in_utc() -> None:
    start, end = of(Span.DAY, "2026-04-01", "2026-04-01").moments(TOKYO)
    assert (start, end) == (datetime(2026, 3, 31, 15, tzinfo=UTC), datetime(2026, 4, 1, 15, tzinfo=UTC))


def test_day_on_which_clocks_go_forward_has_twenty_three_hours() -> None:
    berlin = BusinessCalendar(ZoneInfo("Europe/Berlin"))
    start, end = of(Span.DAY, "2026-03-29", "2026-03-29").moments(berlin)
    assert end - start == timedelta(hours=23)


@given(days, st.sampled_from(Span))
def test_finished_window_is_whole_and_ends_right_before_the_current_one(day: date, span: Span) -> None:
    done, now = finished(span, day), current(span, day)
    assert done == whole(done)
    assert done.last + timedelta(days=1) == now.first <= day == now.last


@given(days, st.sampled_from(Span), st.integers(1, 12))
def test_windows_back_follow_each_other_without_a_gap(day: date, span: Span, how_many: int) -> None:
    windows = back(finished(span, day), how_many)
    assert len(windows) == how_many
    for earlier, later in pairwise(windows):
        assert earlier.last + timedelta(days=1) == later.first
        assert earlier == whole(earlier)


@given(days, st.sampled_from(Span))
def test_window_before_has_no_more_business_days_than_the_window_under_way(day: date, span: Span) -> None:
    window = current(span, day)
    before = previous(window, TOKYO)
    assert before.last < window.first
    if window.last != whole(window).last and span is not Span.DAY:
        assert before.business_days(TOKYO) <= max(window.business_days(TOKYO), 1)
