"""When to call back, in people's own words."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import BusinessCalendar
from domain.outreach.natural_time import FURTHEST, Reading, days, read
from domain.outreach.time_words import Problem, Unreadable, normalise, spot

TOKYO = ZoneInfo("Asia/Tokyo")
CALENDAR = BusinessCalendar(TOKYO, holidays=frozenset({date(2026, 11, 23)}))
# A Friday, ten in the morning; the Monday after it is a holiday.
FRIDAY = datetime(2026, 11, 20, 10, tzinfo=TOKYO)
MONDAY = datetime(2026, 11, 16, 10, tzinfo=TOKYO)


def understood(words: str, now: datetime = FRIDAY) -> Reading:
    return read(words, now, TOKYO, CALENDAR)


def problem(words: str, now: datetime = FRIDAY) -> Unreadable:
    with pytest.raises(Unreadable) as unreadable:
        understood(words, now)
    return unreadable.value


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("明日15時", "2026-11-21 15:00"),
        ("あした 15:00", "2026-11-21 15:00"),
        ("明日の午前10時頃にお願いします", "2026-11-21 10:00"),
        ("明日の朝10時", "2026-11-21 10:00"),
        ("明日夕方6時", "2026-11-21 18:00"),
        ("明日8:00", "2026-11-21 08:00"),
        ("明後日 正午", "2026-11-22 12:00"),
        ("しあさって14時", "2026-11-23 14:00"),
        ("午後3時半", "2026-11-20 15:30"),
        ("15時30分", "2026-11-20 15:30"),
        ("15:30頃", "2026-11-20 15:30"),
        ("3時", "2026-11-20 15:00"),
        ("午後15時", "2026-11-20 15:00"),
        ("午後一時", "2026-11-20 13:00"),
        ("午後一", "2026-11-20 13:00"),
        ("昼過ぎ", "2026-11-20 13:00"),
        ("１１／３０　１５：００", "2026-11-30 15:00"),
        ("11/30 15:00", "2026-11-30 15:00"),
        ("11月30日15時", "2026-11-30 15:00"),
        ("2026年12月1日 9時半", "2026-12-01 09:30"),
        ("2026-12-01 09:05", "2026-12-01 09:05"),
        ("12月25日(金) 10時", "2026-12-25 10:00"),
        ("二十五日十四時", "2026-11-25 14:00"),
        ("来月1日 16時", "2026-12-01 16:00"),
        ("来週火曜 14時", "2026-11-24 14:00"),
        ("来週の水曜日の夕方", "2026-11-25 17:00"),
        ("再来週金曜11時", "2026-12-04 11:00"),
        ("月曜の朝", "2026-11-23 09:00"),
        ("3営業日後15時", "2026-11-26 15:00"),
        ("翌営業日の午後", "2026-11-24 13:00"),
        ("一週間後10時", "2026-11-27 10:00"),
        ("30分後", "2026-11-20 10:30"),
        ("三十分後", "2026-11-20 10:30"),
        ("1時間半後", "2026-11-20 11:30"),
        ("２時間後", "2026-11-20 12:00"),
        ("tomorrow 3pm", "2026-11-21 15:00"),
        ("Tomorrow morning at 10", None),
        ("tomorrow morning 10:00", "2026-11-21 10:00"),
        ("in 30 minutes", "2026-11-20 10:30"),
        ("in half an hour", "2026-11-20 10:30"),
        ("in an hour", "2026-11-20 11:00"),
        ("next Tuesday 10:00", "2026-11-24 10:00"),
        ("Wednesday at 4 p.m.", "2026-11-25 16:00"),
        ("Nov 30 3:30 pm", "2026-11-30 15:30"),
        ("30 November at 15:00", "2026-11-30 15:00"),
        ("the day after tomorrow at noon", "2026-11-22 12:00"),
        ("in 2 business days 4pm", "2026-11-25 16:00"),
    ],
)
def test_words_with_a_time_mean_that_moment(words: str, expected: str | None) -> None:
    if expected is None:
        assert problem(words).problem is Problem.UNKNOWN
        return
    reading = understood(words)
    assert f"{reading.at:%Y-%m-%d %H:%M}" == expected
    assert reading.time_said
    assert reading.at.tzinfo is TOKYO


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("明日", "2026-11-21"),
        ("来週火曜", "2026-11-24"),
        ("3営業日後", "2026-11-26"),
        ("三日後", "2026-11-23"),
        ("来月1日", "2026-12-01"),
        ("5日", "2026-12-05"),
        ("31日", "2026-12-31"),
        ("金曜", "2026-11-27"),
        ("月末", "2026-11-30"),
        ("来月末", "2026-12-31"),
        ("来月初め", "2026-12-01"),
        ("週明け", "2026-11-24"),
        ("一ヶ月後", "2026-12-20"),
        ("半年後", "2027-05-20"),
        ("1年後", "2027-11-20"),
        ("in half a year", "2027-05-20"),
        ("1/15", "2027-01-15"),
        ("Tuesday", "2026-11-24"),
        ("next business day", "2026-11-24"),
        ("30th", "2026-11-30"),
        ("3 days later", "2026-11-23"),
    ],
)
def test_day_without_a_time_gets_the_start_of_business_hours(words: str, day: str) -> None:
    reading = understood(words)
    assert f"{reading.at:%Y-%m-%d %H:%M}" == f"{day} 09:00"
    assert not reading.time_said


def test_team_that_opens_later_starts_later() -> None:
    calendar = BusinessCalendar(TOKYO, opens=time(10, 30))
    assert read("明日", FRIDAY, TOKYO, calendar).at.time() == time(10, 30)


def test_day_on_which_nobody_works_is_taken_and_told() -> None:
    assert not understood("月曜の朝").business_day
    assert understood("火曜の朝").business_day


@pytest.mark.parametrize(
    ("words", "now", "meanings"),
    [
        ("明日7時", FRIDAY, ["2026-11-21 07:00", "2026-11-21 19:00"]),
        ("金曜15時", FRIDAY, ["2026-11-20 15:00", "2026-11-27 15:00"]),
        ("次の火曜", MONDAY, ["2026-11-17 09:00", "2026-11-24 09:00"]),
        ("next Tuesday 10:00", MONDAY, ["2026-11-17 10:00", "2026-11-24 10:00"]),
        ("明日か明後日", FRIDAY, []),
        ("15時16時", FRIDAY, []),
        ("tomorrow morning 3pm", FRIDAY, []),
        ("30分後 15時", FRIDAY, []),
    ],
)
def test_words_that_mean_two_things_are_refused_with_both(words: str, now: datetime, meanings: list[str]) -> None:
    refused = problem(words, now)
    assert refused.problem is Problem.AMBIGUOUS
    assert [f"{at:%Y-%m-%d %H:%M}" for at in refused.meanings] == meanings


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("今日9時", "2026-11-20 09:00"),
        ("9時", "2026-11-20 09:00"),
        ("朝一", "2026-11-20 09:00"),
        ("11/19", "2026-11-19 09:00"),
        ("today 9:30am", "2026-11-20 09:30"),
        ("2025/11/30 15:00", "2025-11-30 15:00"),
    ],
)
def test_what_has_passed_is_refused_with_what_was_understood(words: str, meaning: str) -> None:
    refused = problem(words)
    assert refused.problem is Problem.PAST
    assert [f"{at:%Y-%m-%d %H:%M}" for at in refused.meanings] == [meaning]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", Problem.EMPTY),
        ("　", Problem.EMPTY),
        ("来週", Problem.NO_DAY),
        ("来月", Problem.NO_DAY),
        ("next week", Problem.NO_DAY),
        ("13月1日", Problem.IMPOSSIBLE),
        ("2/30", Problem.IMPOSSIBLE),
        ("25時", Problem.IMPOSSIBLE),
        ("12/25(木)", Problem.IMPOSSIBLE),
        ("来月31日 32日", Problem.IMPOSSIBLE),
        ("そのうち", Problem.UNKNOWN),
        ("5", Problem.UNKNOWN),
        ("3年後", Problem.TOO_FAR),
        ("お願いします", Problem.UNKNOWN),
        ("あ" * 100, Problem.UNKNOWN),
        ("999日後", Problem.TOO_FAR),
        ("9999週間後", Problem.TOO_FAR),
        ("9999年12月31日", Problem.TOO_FAR),
    ],
)
def test_other_words_are_refused_with_the_reason(words: str, expected: Problem) -> None:
    assert problem(words).problem is expected


def test_what_was_not_understood_is_named() -> None:
    assert problem("明日そのうち").rest == "そのうち"


def test_time_in_the_speakers_own_zone() -> None:
    london = ZoneInfo("Europe/London")
    reading = read("tomorrow 3pm", datetime(2026, 11, 20, 10, tzinfo=UTC), london, CALENDAR)
    assert reading.at.astimezone(UTC) == datetime(2026, 11, 21, 15, tzinfo=UTC)


def test_length_of_time_counts_the_hour_that_spring_takes() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 3, 29, 1, 30, tzinfo=berlin)
    assert read("1時間後", now, berlin, CALENDAR).at.astimezone(UTC) - now.astimezone(UTC) == timedelta(hours=1)


def test_hour_that_spring_takes_becomes_one_that_exists() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    reading = read("3/29 02:30", datetime(2026, 3, 28, 12, tzinfo=berlin), berlin, CALENDAR)
    assert f"{reading.at:%H:%M}" == "03:30"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("二十五日", "25日"),
        ("三〇分後", "30分後"),
        ("十時", "10時"),
        ("二〇二六年", "2026年"),
        ("百日", "100日"),
        ("土曜", "土曜"),
        ("１５：００", "15:00"),
    ],
)
def test_figures_of_any_kind_are_read(words: str, expected: str) -> None:
    assert normalise(words) == expected


moments = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(TOKYO)).map(  # noqa: DTZ001 - the strategy adds the zone
    lambda at: at.replace(second=0, microsecond=0)
)


@given(now=moments, ahead=st.integers(1, 360 * 24 * 60))
def test_every_way_to_write_a_moment_is_read_back(now: datetime, ahead: int) -> None:
    at = now + timedelta(minutes=ahead)
    half_past = f"{at.hour}時半" if at.minute == 30 else f"{at.hour}時{at.minute}分"
    for written in (
        f"{at:%Y-%m-%d %H:%M}",
        f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}",
        f"{at:%Y/%m/%d}（{'月火水木金土日'[at.weekday()]}）{at:%H:%M}",
        f"{at.day} {at:%B %Y} at {at:%H:%M}",
        f"{at:%Y/%m/%d} {half_past}" if at.hour > 12 else f"{at:%Y/%m/%d %H:%M}",
    ):
        assert read(written, now, TOKYO, CALENDAR).at == at, written


@given(now=moments, minutes=st.integers(1, 9999))
def test_lengths_of_time_are_added(now: datetime, minutes: int) -> None:
    for written in (f"{minutes}分後", f"in {minutes} minutes"):
        assert read(written, now, TOKYO, CALENDAR).at == now + timedelta(minutes=minutes)


PIECES = [
    "明日",
    "今日",
    "来週",
    "来月",
    "次の",
    "火曜",
    "金曜日",
    "月末",
    "15時",
    "3時半",
    "午後",
    "朝",
    "の",
    "11/30",
    "2/29",
    "30日",
    "3営業日後",
    "30分後",
    ":",
    "99",
    "分",
    "半",
    "年明け",
    "か",
    "tomorrow",
    "next",
    "Tuesday",
    "3pm",
    "10:00",
    "in",
    "2",
    "days",
    "morning",
    "Nov",
    "31st",
    "曜",
    "日",
    "時",
    "後",
    "週明け",
    "0",
    "十",
    "(月)",
    "ー",
]


@given(now=moments, words=st.one_of(st.text(max_size=20), st.lists(st.sampled_from(PIECES), max_size=5).map("".join)))
def test_any_words_are_a_moment_ahead_or_refused(now: datetime, words: str) -> None:
    refused: Unreadable | None = None
    try:
        reading = read(words, now, TOKYO, CALENDAR)
    except Unreadable as caught:
        refused = caught
    if refused is None:
        assert now < reading.at <= now + FURTHEST
    elif refused.problem is Problem.PAST:
        assert refused.meanings[0] <= now


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("今日", "2026-11-20", "2026-11-20"),
        ("明日", "2026-11-21", "2026-11-21"),
        ("来週", "2026-11-23", "2026-11-29"),
        ("this week", "2026-11-16", "2026-11-22"),
        ("今月", "2026-11-01", "2026-11-30"),
        ("来週火曜", "2026-11-24", "2026-11-24"),
    ],
)
def test_words_for_days_mean_them_also_when_their_morning_is_over(words: str, first: str, last: str) -> None:
    late = FRIDAY.replace(hour=20)
    assert days(words, late, TOKYO, CALENDAR) == (date.fromisoformat(first), date.fromisoformat(last))


def test_words_that_say_no_day_mean_none() -> None:
    assert days("あおば精機", FRIDAY, TOKYO, CALENDAR) is None
    assert days("", FRIDAY, TOKYO, CALENDAR) is None


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("田中さんを来週火曜14時に商談設定", "来週火曜14時"),
        ("朝日工業に明日の10時に再架電", "明日の10時"),
        ("book a meeting with solomon on friday at 3pm please", "friday at 3pm"),
        ("末永さんの状況", ""),
    ],
)
def test_time_is_spotted_among_other_words_and_not_in_names(sentence: str, said: str) -> None:
    place = spot(sentence)
    assert (sentence[slice(*place)] if place else "") == said
