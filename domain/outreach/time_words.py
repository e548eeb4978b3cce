"""The words in which people say a day or a time, and what each of them says by itself.

The library dateparser was tried and fails on most of these: it knows neither 来週火曜 nor 3営業日後, and reads
11/30 15:00 as the year 2111.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.calendar import BusinessCalendar, add_months
from domain.numbers import DIGITS, whole

_SOON = 183
"""A day and month without a year that have passed mean the next year's if that is at most so many days away."""


class Problem(StrEnum):
    """Why words are no time."""

    EMPTY = "empty"
    UNKNOWN = "unknown"
    """`rest` is the part that was not understood."""
    AMBIGUOUS = "ambiguous"
    """`meanings` are the moments it could mean."""
    NO_DAY = "no_day"
    """A week or a month without its day."""
    IMPOSSIBLE = "impossible"
    """No calendar has this day, or no clock this time; `rest` names it."""
    PAST = "past"
    """`meanings` is the moment it means."""
    TOO_FAR = "too_far"


class Unreadable(Exception):
    """Words that mean no time, or more than one, or one that has passed."""

    def __init__(self, problem: Problem, *, meanings: tuple[datetime, ...] = (), rest: str = "") -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.meanings = meanings
        self.rest = rest


# 千 is the beginning of many a name, so only a year has it.
_KANJI = rf"[{DIGITS}十百拾壱弐]+|[一二]千[{DIGITS}十百]*(?=年)"
_COUNTED = r"(?=年|月|日|時|分|週|営業|箇月|か月|ヶ月|カ月|ヵ月|ケ月|/|:)"
_FIRST = re.compile(r"(午後|昼|朝|夕方|午前)(一番|イチ|いち|一)(?![〇零一二三四五六七八九十百\d]*(時|:))")


def normalise(words: str) -> str:
    """Half-width, lower case, 漢数字 before a unit as digits, without repeated spaces."""
    text = unicodedata.normalize("NFKC", words).strip().lower()
    text = _FIRST.sub(r"\1", text)
    text = re.sub(f"({_KANJI}){_COUNTED}", lambda found: _in_digits(found[1]), text)
    return " ".join(text.split())


def _in_digits(kanji: str) -> str:
    """二十五 = 25, 三〇 = 30; what is no number as it is."""
    try:
        return str(whole(kanji))
    except ValueError:
        return kanji


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whose words they are: `now` is aware and in their `zone`; the calendar is their team's."""

    now: datetime
    zone: ZoneInfo
    calendar: BusinessCalendar

    @property
    def today(self) -> date:
        """The day on which the words are said."""
        return self.now.date()

    def at(self, day: date, clock: time) -> datetime:
        """A moment in the speaker's zone."""
        # There and back through UTC: an hour that the clocks leave out becomes one that exists.
        return datetime.combine(day, clock, self.zone).astimezone(UTC).astimezone(self.zone)

    def week(self, ahead: int, weekday: int) -> date:
        """A weekday (Monday is 0) of the week so many weeks ahead."""
        monday = self.today - timedelta(days=self.today.weekday())
        return monday + timedelta(weeks=ahead, days=weekday)

    def business_days(self, ahead: int) -> date:
        """So many business days from today."""
        day = self.today
        for _ in range(min(ahead, 400)):
            day = self.calendar.next_business_day(day)
        return day

    def business_day_from(self, day: date) -> date:
        """The day itself, or the first business day after it."""
        return day if self.calendar.is_business_day(day) else self.calendar.next_business_day(day)

    def last_business_day(self, month: date) -> date:
        """The last business day of the month in which a day lies."""
        day = add_months(month.replace(day=1), 1) - timedelta(days=1)
        while not self.calendar.is_business_day(day) and day.day > 1:
            day -= timedelta(days=1)
        return day


@dataclass(frozen=True, slots=True)
class Day:
    """A day that was said; several where the words leave it open."""

    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day that was said. `half`: it may be before or after noon; `written`: as a clock shows it; `part`: only
    a part of the day was named, `at` stands for it."""

    at: time
    half: bool = False
    written: bool = False
    part: bool = False


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time from now."""

    length: timedelta


@dataclass(frozen=True, slots=True)
class OpenSpan:
    """A week or a month whose day was not said."""


@dataclass(frozen=True, slots=True)
class Weekday:
    """A weekday in brackets after a date, which must be that date's."""

    weekday: int


Said = Day | Clock | Length | OpenSpan | Weekday
_Meaning = Callable[[re.Match[str], Speaker], Said]

WEEKDAYS_JA = "月火水木金土日"
_WEEKDAYS_EN = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS_EN = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EN_WEEKDAY = r"(mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b"
_EN_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_N = r"(\d{1,4})"
_COUNTS_EN = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
_N_EN = rf"(\d{{1,4}}|{'|'.join(_COUNTS_EN)})"
_JA_WEEKDAY = r"([月火水木金土日])曜日?"


def _count(said: str) -> int:
    return _COUNTS_EN[said] if said in _COUNTS_EN else int(said)


def _days(*days: date) -> Day:
    return Day(tuple(dict.fromkeys(days)))


def _date(year: int | None, month: int, day: int, speaker: Speaker, said: str) -> Day:
    try:
        if year is not None:
            return _days(date(year + 2000 if year < 100 else year, month, day))
        # A leap day is looked for in the years around.
        this = _existing(speaker.today.year, month, day)
        following = _existing(speaker.today.year + 1, month, day)
    except ValueError:
        raise Unreadable(Problem.IMPOSSIBLE, rest=said) from None
    if this is None and following is None:
        raise Unreadable(Problem.IMPOSSIBLE, rest=said)
    if this is not None and this >= speaker.today:
        return _days(this)
    if following is not None and (following - speaker.today).days <= _SOON:
        return _days(following)
    # It has passed, and next year's is too far away to be meant.
    return _days(this or date.max)


def _existing(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        if not (1 <= month <= 12 and 1 <= day <= 31):
            raise
        return None


def _day_of_month(day: int, ahead: int | None, speaker: Speaker, said: str) -> Day:
    """The 25th: of a month so many months ahead, or of the next month that has it still before it."""
    first = speaker.today.replace(day=1)
    for months in (ahead,) if ahead is not None else (0, 1, 2):
        month = add_months(first, months)
        found = _existing_or_none(month.year, month.month, day)
        if found is not None and (ahead is not None or found >= speaker.today):
            return _days(found)
    raise Unreadable(Problem.IMPOSSIBLE, rest=said)


def _existing_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _coming(weekday: int, speaker: Speaker) -> Day:
    """Tuesday: the next one; on a Tuesday it may be today or in a week."""
    ahead = (weekday - speaker.today.weekday()) % 7
    day = speaker.today + timedelta(days=ahead)
    return _days(day) if ahead else _days(day, day + timedelta(days=7))


def _next(weekday: int, speaker: Speaker) -> Day:
    """Next Tuesday: that of next week, unless this week's is still to come: then it may be either."""
    following = speaker.week(1, weekday)
    this = speaker.week(0, weekday)
    return _days(this, following) if this > speaker.today else _days(following)


def _hour(said: str, minute: int, noon: str, *, written: bool) -> Clock:
    """`noon`: "am", "pm" or "" for what was said about it; `written`: with a colon, as a clock shows it."""
    hour = int(said)
    # 24時 is said of the end of a day, 25時 of the night after; neither is a time for a call.
    if hour > 23 or minute > 59 or (noon and hour > 12):
        raise Unreadable(Problem.IMPOSSIBLE, rest=f"{hour}:{minute:02}")
    if noon:
        return Clock(time(hour % 12 + (12 if noon == "pm" else 0), minute))
    # 03:00 is written by those who count to 24.
    twice = 1 <= hour <= 11 and not (written and len(said) == 2)
    return Clock(time(hour, minute), half=twice, written=written)


def _minutes(said: str | None) -> int:
    return 30 if said == "半" else int(said or 0)


_NOON_JA = {"午前": "am", "am": "am", "朝": "am", "午後": "pm", "pm": "pm", "夕方": "pm", "夜": "pm", "昼": "pm"}


def _ja_clock(found: re.Match[str], speaker: Speaker) -> Said:  # noqa: ARG001 - every meaning is given both
    noon = _NOON_JA.get(found[1] or "", "")
    hour, minute = found[2], _minutes(found[3] or found[4])
    if noon == "pm" and int(hour) > 12:
        noon = ""  # 午後15時 is said, and clear.
    return _hour(hour, minute, noon, written=False)


def _written_clock(found: re.Match[str], speaker: Speaker) -> Said:  # noqa: ARG001 - every meaning is given both
    noon = _NOON_JA.get(found[1] or "", "") or (found[4] or "").replace(".", "").replace("m", "") + "m" * bool(found[4])
    if noon == "pm" and int(found[2]) > 12:
        noon = ""
    return _hour(found[2], int(found[3]), noon, written=True)


def _en_clock(found: re.Match[str], speaker: Speaker) -> Said:  # noqa: ARG001 - every meaning is given both
    return _hour(found[1], 0, found[2].replace(".", ""), written=False)


def _part(clock: Callable[[BusinessCalendar], time]) -> _Meaning:
    return lambda _found, speaker: Clock(clock(speaker.calendar), part=True)


def _before(at: time, hours: int) -> time:
    return time(max(at.hour - hours, 0), at.minute)


def _relative_weekday(found: re.Match[str], speaker: Speaker) -> Said:
    ahead = {"今週": 0, "来週": 1, "翌週": 1, "再来週": 2, "さ来週": 2}[found[1]]
    return _days(speaker.week(ahead, WEEKDAYS_JA.index(found[2])))


def _month(found: re.Match[str]) -> int:
    return {"今月": 0, "来月": 1, "翌月": 1, "再来月": 2}[found[1]]


def _edge_of_month(found: re.Match[str], speaker: Speaker) -> Said:
    ahead = {"今": 0, "来": 1, "翌": 1, "再来": 2}.get((found[1] or "").removesuffix("の").removesuffix("月"))
    month = add_months(speaker.today.replace(day=1), ahead or 0)
    if found[2] in ("末", "月末"):
        return _days(speaker.last_business_day(month))
    first = speaker.business_day_from(month)
    if ahead is None and first < speaker.today:
        first = speaker.business_day_from(add_months(month, 1))
    return _days(first)


def _en_unit_length(found: re.Match[str], speaker: Speaker) -> Said:
    number, unit = found[1], found[2]
    count = _count(number)
    if unit.startswith("min"):
        return Length(timedelta(minutes=count))
    if unit.startswith("h"):
        return Length(timedelta(hours=count))
    if unit.startswith("d"):
        return _days(speaker.today + timedelta(days=count))
    if unit.startswith("w"):
        return _days(speaker.today + timedelta(weeks=count))
    if unit.startswith("b"):
        return _days(speaker.business_days(count))
    return _days(add_months(speaker.today, count))


def _ago(days: int) -> _Meaning:
    return lambda _found, speaker: _days(speaker.today + timedelta(days=days))


_EN_UNIT = r"(minutes?|mins?|hours?|hrs?|h|days?|weeks?|business days?|months?)"

# The first that fits counts, so the longer stand before the shorter.
_WORDS: tuple[tuple[str, _Meaning], ...] = (
    # From now on
    (rf"{_N}時間半後", lambda f, _: Length(timedelta(hours=int(f[1]), minutes=30))),
    (rf"{_N}時間{_N}分後", lambda f, _: Length(timedelta(hours=int(f[1]), minutes=int(f[2])))),
    (rf"{_N}時間後", lambda f, _: Length(timedelta(hours=int(f[1])))),
    (r"半時間後", lambda _f, _s: Length(timedelta(minutes=30))),
    (rf"{_N}分後", lambda f, _: Length(timedelta(minutes=int(f[1])))),
    (r"in half an hour", lambda _f, _s: Length(timedelta(minutes=30))),
    (rf"in {_N_EN} {_EN_UNIT}\b", _en_unit_length),
    (rf"{_N_EN} {_EN_UNIT} (?:later|from now)", _en_unit_length),
    # Days counted
    (rf"{_N}営業日後", lambda f, s: _days(s.business_days(int(f[1])))),
    (r"翌営業日|次の営業日|next business day", lambda _f, s: _days(s.business_days(1))),
    (rf"{_N}日後", lambda f, s: _days(s.today + timedelta(days=int(f[1])))),
    (rf"{_N}週間?後", lambda f, s: _days(s.today + timedelta(weeks=int(f[1])))),
    (rf"{_N}(?:か|ヶ|カ|ヵ|ケ|箇)月後", lambda f, s: _days(add_months(s.today, int(f[1])))),
    (rf"{_N}年後", lambda f, s: _days(add_months(s.today, 12 * int(f[1])))),
    (r"半年後|in half a year", lambda _f, s: _days(add_months(s.today, 6))),
    # Days by name
    (r"明々後日|明明後日|しあさって", _ago(3)),
    (r"明後日|あさって|the day after tomorrow|day after tomorrow", _ago(2)),
    (r"明日|あした|あす|翌日|tomorrow|tmrw", _ago(1)),
    (r"今日|本日|きょう|today", _ago(0)),
    # Weeks
    (rf"(今週|来週|翌週|再来週|さ来週)の?{_JA_WEEKDAY}", _relative_weekday),
    (r"(?:来週|翌週)?の?週明け", lambda _f, s: _days(s.business_day_from(s.week(1, 0)))),
    (rf"(?:次|今度)の?{_JA_WEEKDAY}", lambda f, s: _next(WEEKDAYS_JA.index(f[1]), s)),
    (_JA_WEEKDAY, lambda f, s: _coming(WEEKDAYS_JA.index(f[1]), s)),
    (r"\(([月火水木金土日])\)", lambda f, _: Weekday(WEEKDAYS_JA.index(f[1]))),
    (rf"next week,? (?:on )?{_EN_WEEKDAY}", lambda f, s: _days(s.week(1, _WEEKDAYS_EN.index(f[1][:3])))),
    (rf"{_EN_WEEKDAY},? next week", lambda f, s: _days(s.week(1, _WEEKDAYS_EN.index(f[1][:3])))),
    (rf"next {_EN_WEEKDAY}", lambda f, s: _next(_WEEKDAYS_EN.index(f[1][:3]), s)),
    (rf"this {_EN_WEEKDAY}", lambda f, s: _days(s.week(0, _WEEKDAYS_EN.index(f[1][:3])))),
    # Months
    (rf"(今月|来月|翌月|再来月)の?{_N}日", lambda f, s: _day_of_month(int(f[2]), _month(f), s, f[0])),
    (r"(今月の?|来月の?|翌月の?|再来月の?)?(月末|月初め?|末|初め|頭|月頭)", _edge_of_month),
    (r"年明け", lambda _f, s: _days(s.business_day_from(date(s.today.year + 1, 1, 1)))),
    # Dates
    (r"(\d{4}|\d{2})年(\d{1,2})月(\d{1,2})日", lambda f, s: _date(int(f[1]), int(f[2]), int(f[3]), s, f[0])),
    (r"(\d{4})[/\-.](\d{1,2})[/\-.](\d{1,2})", lambda f, s: _date(int(f[1]), int(f[2]), int(f[3]), s, f[0])),
    (r"(\d{1,2})月(\d{1,2})日", lambda f, s: _date(None, int(f[1]), int(f[2]), s, f[0])),
    (r"(\d{1,2})/(\d{1,2})(?!/|\d)", lambda f, s: _date(None, int(f[1]), int(f[2]), s, f[0])),
    (
        rf"(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_EN_MONTH}(?:,? (\d{{4}}))?",
        lambda f, s: _date(int(f[3]) if f[3] else None, _MONTHS_EN.index(f[2][:3]) + 1, int(f[1]), s, f[0]),
    ),
    (
        rf"{_EN_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])(?:,? (\d{{4}}))?",
        lambda f, s: _date(int(f[3]) if f[3] else None, _MONTHS_EN.index(f[1][:3]) + 1, int(f[2]), s, f[0]),
    ),
    (r"(\d{1,2})日", lambda f, s: _day_of_month(int(f[1]), None, s, f[0])),
    (r"(?:the )?(\d{1,2})(?:st|nd|rd|th)\b", lambda f, s: _day_of_month(int(f[1]), None, s, f[0])),
    # Weekdays in English after the dates, because of "mon" in "month" and "sun, 5 april"
    (rf"\({_EN_WEEKDAY}\)", lambda f, _: Weekday(_WEEKDAYS_EN.index(f[1][:3]))),
    (rf"(?:coming )?{_EN_WEEKDAY}", lambda f, s: _coming(_WEEKDAYS_EN.index(f[1][:3]), s)),
    # Times of day
    (r"(午前|午後|am|pm|朝|夕方|夜|昼)?の? ?(\d{1,2})時(?:(\d{1,2})分|(半))?", _ja_clock),
    (r"(午前|午後)? ?(\d{1,2}):(\d{2})(?::00)? ?([ap]\.?m\b\.?)?", _written_clock),
    (r"(\d{1,2}) ?([ap]\.?m\b)\.?", _en_clock),
    (
        r"正午|お?昼過ぎ|お?昼すぎ",
        lambda f, _: Clock(time(13 if "過" in f[0] or "す" in f[0] else 12), part="正午" not in f[0]),
    ),
    (r"noon|midday|お昼|昼", _part(lambda _: time(12))),
    (r"朝一番|朝|午前中|午前|first thing|(?:in the )?morning", _part(lambda calendar: calendar.opens)),
    (r"午後|(?:in the )?afternoon", _part(lambda _: time(13))),
    (r"夕方|(?:in the )?evening", _part(lambda calendar: _before(calendar.closes, 1))),
    # A week or a month, and no day
    (r"(?:今週|来週|翌週|再来週|さ来週)中?|next week|this week", lambda _f, _s: OpenSpan()),
    (r"(?:今月|来月|翌月|再来月)中?|next month|this month", lambda _f, _s: OpenSpan()),
)
_COMPILED = tuple((re.compile(pattern), meaning) for pattern, meaning in _WORDS)
_FILLER = re.compile(
    r"か|または|or\b|頃|ごろ|ころ|くらい|ぐらい|過ぎ|すぎ|以降|まで|から|あたり|に|の|へ|は|で|、|。|,|\.|"
    r"\b(?:at|on|the|around|about|by|o'?clock|in)\b|ちょうど|再架電|架電|電話|tel|call|back|"
    r"[\s]+|お願いします|希望|です"
)


def spot(text: str) -> tuple[int, int] | None:
    """Where lower-case text says a day or a time, from and to: the longest such run; None where it says none.

    For text in which something else is said too. A single sign is none: it is more often part of a name.
    """
    longest = (0, 0)
    place = 0
    while place < len(text):
        end = _run(text, place)
        if end - place > longest[1] - longest[0]:
            longest = (place, end)
        place = max(end, place + 1)
    return longest if longest[1] - longest[0] > 1 else None


def _run(text: str, start: int) -> int:
    """The end of the run of such words that begins at `start`; `start` itself where none does."""
    inside = start > 0 and text[start].isascii() and text[start].isalpha() and text[start - 1].isalpha()
    place = end = start
    while place < len(text) and not inside:
        found = next((f for pattern, _ in _COMPILED if (f := pattern.match(text, place)) and f.end() > place), None)
        if found is not None:
            place = end = found.end()
            continue
        filler = _FILLER.match(text, place) if end > start else None
        if filler is None or filler.end() == place:
            break
        place = filler.end()
    return end


def understand(text: str, speaker: Speaker) -> list[Said]:
    """Everything that normalised words say, in their order. Raises `Unreadable` at what it does not know."""
    said: list[Said] = []
    place = 0
    while place < len(text):
        for pattern, meaning in _COMPILED:
            found = pattern.match(text, place)
            if found is not None and found.end() > place:
                said.append(meaning(found, speaker))
                place = found.end()
                break
        else:
            filler = _FILLER.match(text, place)
            if filler is None or filler.end() == place:
                raise Unreadable(Problem.UNKNOWN, rest=text[place:])
            place = filler.end()
    if not said:
        raise Unreadable(Problem.UNKNOWN, rest=text)
    return said
