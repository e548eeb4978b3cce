"""The figures that were said: sums of money and days, read from the words by ourselves.

Nothing is guessed. A price per month or per person is no sum; "来期" is no day, because every company's year begins
when it likes; what could be two sums is given as two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.calendar import BusinessCalendar, add_months
from domain.numbers import DIGITS, FORMAL, LARGE, SMALL, number
from domain.outreach import natural_time
from domain.outreach.time_words import Unreadable

_KANJI = f"{DIGITS}{SMALL}{FORMAL}"
_NUMBER = rf"(?:\d[\d,]{{0,19}}(?:\.\d{{1,9}})?|[{_KANJI}]{{1,12}})"
_SCALES_JA = {"億": 10**8, "千万": 10**7, "百万": 10**6, "十万": 10**5, "万": 10**4, "千": 1000, "百": 100, "": 1}
_SCALE_JA = "億|千万|百万|十万|万|千|百"
_PART_JA = rf"{_NUMBER}(?:千{_NUMBER}(?:{_SCALE_JA})|{_SCALE_JA})?"
_YEN_JA = re.compile(rf"(?<![\d.,])((?:{_NUMBER}億)?{_PART_JA})(半)?(円)?")
_RANGE_JA = re.compile(
    rf"(?<![\d.,])({_NUMBER})({_SCALE_JA})?円?(?:から|~|〜|-|ー|、|か)({_NUMBER})({_SCALE_JA})(?=円|[^{_KANJI}\d]|$)"
)
_PER_JA = re.compile(
    r"(月額|毎月|月々|月に|ひと月|一人|1人|一台|1台|一件|1件|一拠点|1拠点|1店舗|一店舗|1ライセンス|1id|一名|1名"
    r"|人月|単価)"
    r"[^、。]{0,10}$"
)
_PER_JA_AFTER = re.compile(r"^円?(?:/|(?:くらい|程度|ほど)?(?:ずつ)?)(?:月|人|台|名|件|ライセンス|id)(?!頃)")

_WORDS_EN = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "half a": 0.5,
    "a": 1,
}
_SCALES_EN = {"billion": 10**9, "million": 10**6, "mil": 10**6, "m": 10**6, "thousand": 1000, "k": 1000, "": 1}
_NUMBER_EN = rf"(?:\d[\d,]{{0,19}}(?:\.\d{{1,9}})?|\b(?:{'|'.join(_WORDS_EN)})\b)"
_YEN_EN = re.compile(
    rf"(¥|\bjpy ?|(?<![\w.,]))({_NUMBER_EN}) ?(billion|million|mil|m|thousand|k)?\b ?(yen|jpy)?", re.IGNORECASE
)
_PER_EN = re.compile(
    r"^,? ?(?:yen|jpy)? ?(?:a|an|per|each|/) ?(?:month|user|seat|head|person|license|licence|device|site)"
)
_FOREIGN = re.compile(r"[$€£]\s*$|\b(?:usd|eur|gbp|us dollars?)\s*$", re.IGNORECASE)
_FOREIGN_AFTER = re.compile(r"^\s*(?:dollars|usd|euros?|eur|pounds|gbp|bucks|ドル|ユーロ)", re.IGNORECASE)
_LEAST_YEN = 10_000
"""Less than that, said without its unit, is a count of something."""


MOST_READ = 1000
"""Characters of a text that is read for sums and days: a sentence, however breathless."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day that was said. `exact` False: only a month or its like, of which the first day stands for a beginning and
    the last for an end (`until`)."""

    on: date
    exact: bool = False
    until: bool = False


def amounts(text: str) -> list[int]:
    """The sums of money in a text in whole yen, in their order, each once; prices per month or piece, foreign money and
    counts left out."""
    folded = _folded(text[:MOST_READ])
    found: dict[int, None] = {}
    spoken_for: list[tuple[int, int]] = []
    for hit in _RANGE_JA.finditer(folded):
        scale = _SCALES_JA[hit[4]]
        if not any(unit in hit[4] for unit in "億万") or _per(folded, hit.start(), hit.end()):
            continue
        spoken_for.append(hit.span())
        low = _value(hit[1]) * (_SCALES_JA[hit[2]] if hit[2] else scale)
        for value in (low, _value(hit[3]) * scale):
            found[round(value)] = None
    for hit in _YEN_JA.finditer(folded):
        if any(start <= hit.start() < end for start, end in spoken_for) or not hit[1]:
            continue
        if not (hit[3] or re.search("[億万]", hit[1])):
            continue
        if _per(folded, hit.start(), hit.end()) or _is_count(folded[hit.end() :], money=bool(hit[3])):
            continue
        total = _ja_sum(hit[1], half=bool(hit[2]))
        if total is not None and total >= (1 if hit[3] else _LEAST_YEN):
            found[total] = None
            spoken_for.append(hit.span())
    for hit in _YEN_EN.finditer(folded):
        if any(start <= hit.start(2) < end for start, end in spoken_for):
            continue
        currency = bool(hit[1].strip()) or bool(hit[4])
        scale = _SCALES_EN[(hit[3] or "").lower()]
        if not currency and scale < 10**6:
            continue
        rest = folded[hit.end() :]
        if _FOREIGN.search(folded[: hit.start(2)]) or _FOREIGN_AFTER.match(rest) or _PER_EN.match(rest.lower()):
            continue
        if not currency and re.match(r" ?(?:people|users|records|units|orders|customers|rows|items|lines)", rest):
            continue
        total = round(_value_en(hit[2]) * scale)
        if total >= _LEAST_YEN:
            found[total] = None
    return list(found)


def _per(text: str, start: int, end: int) -> bool:
    return bool(_PER_JA.search(text[:start]) or _PER_JA_AFTER.match(text[end:]))


_COUNTS = re.compile(
    r"^(?:人|件|台|個|名|社|点|枚|本|通|行|拠点|店|坪|㎡|トン|食|歩|キロ|km|回|アイテム|レコード|部|冊|時間|ドル"
    r"|ユーロ)"
)


def _is_count(rest: str, *, money: bool) -> bool:
    return not money and bool(_COUNTS.match(rest))


def _folded(text: str) -> str:
    return re.sub(r"(?<=[億万千百\d]) (?=[\d億万千百円])", "", unicodedata.normalize("NFKC", text)).lower()


def _value(said: str) -> float:
    """300, 1,200, 1.5, 三百; 0 for what is no number: a name, as a rule (百千)."""
    try:
        return float(number(said.rstrip(".")))
    except ValueError:
        return 0.0


def _value_en(said: str) -> float:
    return float(_WORDS_EN[said]) if said in _WORDS_EN else _value(said)


def _ja_sum(said: str, *, half: bool) -> int | None:
    """1億2000万, 1200万, 一千二百万, 3,000,000."""
    try:
        return round(number(f"{said}半" if half and said[-1] in LARGE else said))
    except ValueError:
        return None


# Days

_MONTHS_EN = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_EN = (
    r"(january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan\b|feb\b|mar\b|apr\b|jun\b|jul\b|aug\b|sept?\b|oct\b|nov\b|dec\b)"
)
_COUNT_EN = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "nine": 9, "twelve": 12}
_QUARTERS = {"1": 1, "2": 4, "3": 7, "4": 10}


def _month(year: int, month: int, part: str) -> Day:
    first = date(year, month, 1)
    if part in {"末", "いっぱい", "中", "end", "まで", "by"}:
        return Day(add_months(first, 1) - timedelta(days=1), until=True)
    if part in {"半ば", "中旬", "mid"}:
        return Day(first.replace(day=15))
    if part == "下旬":
        return Day(first.replace(day=21))
    return Day(first)


def _coming_month(month: int, today: date, ahead: str | None, part: str) -> Day:
    """April: the next one, this month included; 来年の4月: that of next year."""
    if ahead in {"来年", "明年", "next year"}:
        year = today.year + 1
    elif ahead == "再来年":
        year = today.year + 2
    elif ahead in {"今年", "本年", "this year"}:
        year = today.year
    else:
        year = today.year + (month < today.month)
    return _month(year, month, part)


def _fiscal_year(today: date, ahead: int) -> int:
    """In which calendar year 年度 began, from April on."""
    return today.year - (today.month < 4) + ahead


_PART = r"(末|いっぱい|半ば|中旬|下旬|上旬|頭|初め|中)?"
_Reader = Callable[[re.Match[str], date], Day | None]
_DAYS: tuple[tuple[re.Pattern[str], _Reader], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        # Days in the past are taken out first.
        (
            r"(?:去年|昨年|一昨年|前年|先月|先週|昨日|おととし|last (?:year|month|week)|yesterday|last (?=[a-z]))"
            r"(?:の|、|,)?\s*"
            rf"(?:\d{{1,2}}月)?(?:\d{{1,2}}日)?(?:{_MONTH_EN})?",
            lambda _f, _t: None,
        ),
        (rf"(\d{{4}})年(?:の)?(\d{{1,2}})月{_PART}(?!\d)", lambda f, _: _month(int(f[1]), int(f[2]), f[3] or "")),
        (
            rf"(再来年|来年|明年|今年|本年)?(?:の|、)?(?<!\d)(\d{{1,2}})月{_PART}(?!\d|次|間|分|号)",
            lambda f, t: _coming_month(int(f[2]), t, f[1], f[3] or ""),
        ),
        (
            r"(再来月|来月|今月|翌月)の?(末|いっぱい|半ば|中旬|下旬|上旬|頭|初め|中)?(?!曜|\d)",
            lambda f, t: _relative_month(t, {"今月": 0, "来月": 1, "翌月": 1, "再来月": 2}[f[1]], f[2] or ""),
        ),
        (r"(\d{1,2})(?:か|ヶ|カ|ヵ|ケ|箇)月(?:後|先|以内|くらいで|で)", lambda f, t: Day(add_months(t, int(f[1])))),
        (r"半年(?:後|先|以内)", lambda _f, t: Day(add_months(t, 6))),
        (r"お?盆明け", lambda _f, t: Day(date(t.year + (t > date(t.year, 8, 17)), 8, 17))),
        (r"年明け(?:早々|すぐ)?", lambda _f, t: Day(date(t.year + 1, 1, 1))),
        (r"年内|今年中|年末", lambda _f, t: Day(date(t.year, 12, 31), until=True)),
        (r"年度末|年度内|今年度中|今年度内", lambda _f, t: Day(date(_fiscal_year(t, 1), 3, 31), until=True)),
        (r"新年度|来年度|次年度", lambda _f, t: Day(date(_fiscal_year(t, 1), 4, 1))),
        (
            r"(来年度?|今年度?)?の?第([1-4])四半期",
            lambda f, t: _fiscal_quarter(t, int(f[2]), 1 if (f[1] or "").startswith("来") else 0),
        ),
        (
            rf"(end of|by the end of|mid|mid-|early|start of|beginning of|late)?[ -]?{_MONTH_EN}\b"
            r"(?! \d{1,2}(?:st|nd|rd|th)?\b(?!\d))(?: of)?(?:,? (next year|this year|\d{4}))?",
            lambda f, t: _english_month(f, t),
        ),
        (
            r"(end of|by the end of)? ?(next|this) (month|year)",
            lambda f, t: _english_span(t, f[1] or "", f[2], f[3]),
        ),
        (r"\bq([1-4])\b(?: (?:of )?(next year|\d{4}))?", lambda f, t: _english_quarter(t, f[1], f[2] or "")),
        (
            r"(?:in|within) (?:about |around |roughly )?(\d{1,2}|a|one|two|three|four|five|six|nine|twelve) months?",
            lambda f, t: Day(add_months(t, _COUNT_EN.get(f[1]) or int(f[1]))),
        ),
    )
)

_EXACT = re.compile(
    r"(?:\d{4}年)?\d{1,2}月\d{1,2}日|\d{4}/\d{1,2}/\d{1,2}|(?<![\d/])\d{1,2}/\d{1,2}(?![\d/])"
    r"|(?:今週|来週|翌週|再来週|次|今度)の?[月火水木金土日]曜日?|(?:来月|今月|再来月)の?\d{1,2}日|明日|明後日"
    r"|あさって|本日|今日"
    rf"|\b{_MONTH_EN} \d{{1,2}}(?:st|nd|rd|th)?\b|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH_EN}"
    r"|\bnext (?:mon|tues|wednes|thurs|fri)day|\btomorrow\b|\btoday\b"
)


def _relative_month(today: date, ahead: int, part: str) -> Day:
    month = add_months(today.replace(day=1), ahead)
    return _month(month.year, month.month, part)


def _fiscal_quarter(today: date, quarter: int, ahead: int) -> Day:
    return Day(add_months(date(_fiscal_year(today, ahead), 4, 1), 3 * (quarter - 1)))


def _english_month(found: re.Match[str], today: date) -> Day | None:
    month = _MONTHS_EN.index(found[2][:3]) + 1
    if found[2] == "may" and not found[1] and not found[3]:
        before = found.string[: found.start(2)]
        if not re.search(r"(?:\bin|\bby|from|until|since|before|after|next|for|around) $", before):
            return None  # The verb.
    edge = (found[1] or "").strip()
    part = "end" if "end" in edge else "mid" if "mid" in edge else "下旬" if edge == "late" else ""
    if not edge and re.search(r"\b(?:by|until|before) $", found.string[: found.start(2)]):
        part = ""
    year = found[3]
    if year and year.isdigit():
        return _month(int(year), month, part)
    return _coming_month(month, today, year, part)


def _english_span(today: date, edge: str, which: str, unit: str) -> Day | None:
    ahead = int(which == "next")
    if unit == "month":
        return _relative_month(today, ahead, "end" if edge else "")
    if edge:
        return Day(date(today.year + ahead, 12, 31), until=True)
    return None  # A year is no beginning.


def _english_quarter(today: date, quarter: str, year: str) -> Day:
    first = date(today.year, _QUARTERS[quarter], 1)
    if year.isdigit():
        return Day(first.replace(year=int(year)))
    return Day(first.replace(year=today.year + (year == "next year" or (not year and first < today.replace(day=1)))))


def days(text: str, on: date) -> list[Day]:
    """The days that a text said on a given day names, in their order; days that had passed left out. Weekdays and exact
    dates are read as a callback's are; months, year ends and quarters of the Japanese fiscal year by rules of our own.
    """
    folded = _normalised(text[:MOST_READ])
    found: list[tuple[int, int, Day | None]] = []

    def free(hit: re.Match[str]) -> bool:
        return not any(start < hit.end() and hit.start() < end for start, end, _ in found)

    for hit in _EXACT.finditer(folded):
        day = _exact(hit[0], on)
        if day is not None:
            found.append((hit.start(), hit.end(), day))
    for pattern, reader in _DAYS:
        for hit in pattern.finditer(folded):
            if hit[0] and free(hit):
                try:
                    found.append((hit.start(), hit.end(), reader(hit, on)))
                except (ValueError, OverflowError):
                    continue  # The 13th month.
    ahead = [day for _, _, day in sorted(found, key=lambda each: each[0]) if day is not None and day.on >= _first(on)]
    return list(dict.fromkeys(ahead))


def _first(on: date) -> date:
    """ "今月から", said on the 20th, is not in the past."""
    return on.replace(day=1)


def _normalised(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).lower()
    folded = re.sub(
        rf"令和([{_KANJI}\d]{{1,2}}|元)年", lambda f: f"{2018 + (1 if f[1] == '元' else int(_value(f[1])))}年", folded
    )
    return re.sub(r"([一二三四五六七八九十]+)(?=月|か月|ヶ月|カ月|四半期)", lambda f: str(int(_value(f[1]))), folded)


def _exact(words: str, on: date) -> Day | None:
    """An exact day, in the words in which a callback is promised."""
    zone = ZoneInfo("Asia/Tokyo")
    calendar = BusinessCalendar(zone=zone)
    now = datetime.combine(on, time(0), zone)
    try:
        return Day(natural_time.read(words, now, zone, calendar).at.date(), exact=True)
    except Unreadable as unreadable:
        # Nobody is called back on a day of next spring, but systems are started on one.
        passed = unreadable.meanings[0].date() if unreadable.meanings else None
    if passed is None or re.search(r"\d{4}", words):
        return None
    try:
        return Day(passed.replace(year=passed.year + 1), exact=True)
    except ValueError:
        return None


# Figures as such

_FIGURE = re.compile(
    rf"\d[\d,]{{0,19}}(?:\.\d{{1,9}})?|[{DIGITS}{SMALL}]{{1,12}}(?=[億万千百十円年月日時分割件人台名社回倍%か])"
)


def figures(text: str) -> frozenset[str]:
    """Every number written in a text, as digits without separators."""
    found = set[str]()
    for hit in _FIGURE.finditer(unicodedata.normalize("NFKC", text)):
        value = _value(hit[0])
        found.add(str(int(value)) if value == int(value) else str(value))
    return frozenset(found)


def unfounded(text: str, ground: str) -> frozenset[str]:
    """The figures of a text that its ground does not have: a sum is the same sum however it is written."""
    sums = {str(each) for each in amounts(ground)}
    missing = figures(text) - figures(ground) - sums
    if missing and amounts(text) and set(amounts(text)) <= set(amounts(ground)):
        missing -= {str(each) for each in amounts(text)}
        missing -= frozenset().union(
            *(figures(hit[0]) for hit in _YEN_JA.finditer(_folded(text[:MOST_READ])) if hit[0])
        )
    return missing
