"""Companies from other systems' files: what a heading means and what a row says (work item 4-2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import Any, NamedTuple

from domain.data.quality import corporate_number, fold, key_of, valid_corporate_number
from domain.errors import Code, Refused

MAX_NAME = 200
MAX_TEXT = 500
MAX_BUSINESS = 4000
MAX_EMPLOYEES = 2**31 - 1
MAX_CAPITAL = 2**53


class Row(NamedTuple):
    """A company as a file has it. Texts are trimmed, "" where nothing is said; numbers are None there."""

    corporate_number: str
    """13 digits with a right check digit."""
    name: str
    reading: str
    name_en: str
    industry: str
    listed: str
    address: str
    website: str
    business: str
    capital_million_yen: int | None
    employees: int | None


TEXTS = Row._fields[:9]
_CAPITAL, _EMPLOYEES = Row._fields.index("capital_million_yen"), Row._fields.index("employees")

# Headings of other systems; compared folded, so width, case, kana, hyphens and brackets do not matter.
_HEADINGS: dict[str, str] = {
    "corporate_number": "法人番号、法人No、corporate id、houjin bangou、hojin bango",
    "name": """
        企業名、会社名、法人名、商号、名称、商号又は名称、商号または名称、提出者名、取引先名、社名、組織名、
        company、company name、account name、organization、organization name""",
    "reading": """
        カナ、フリガナ、読み、よみがな、読み仮名、読み方、企業名カナ、会社名カナ、法人名カナ、商号カナ、企業名フリガナ、会社名フリガナ、
        法人名フリガナ、商号フリガナ、商号又は名称フリガナ、提出者名（ヨミ）、提出者名（カナ）、
        kana、name kana、company name kana、account name kana、furigana、phonetic""",
    "name_en": """
        英語名、英文名、英名、英語表記、企業名（英語）、会社名（英語）、会社名（英文）、法人名（英語）、提出者名（英字）、
        english name、name english、company name en、company name english""",
    "industry": "業種、業界、業種名、提出者業種、sector",
    "listed": "上場、上場区分、上場有無、市場、市場区分、listing、market",
    "address": "住所、所在地、本社所在地、本店所在地、本社住所、本店住所、billing address、street address",
    "website": """
        ホームページ、HP、URL、ウェブサイト、Webサイト、サイト、企業URL、会社URL、企業ホームページ、
        web、homepage、web site、website url、domain、company domain name""",
    "business": """
        事業内容、事業概要、事業、業務内容、概要、description、business description、business summary""",
    "employees": """
        従業員数、社員数、従業員、従業員数（人）、従業員数（名）、社員数（人）、社員数（名）、
        number of employees、no of employees、employee count、employee number""",
}

# Capital says nothing without its unit: registers differ, so a heading without one is not read.
_CAPITAL_UNITS = {
    "円": 1, "千円": 10**3, "万円": 10**4, "百万円": 10**6, "億円": 10**8,
    "yen": 1, "jpy": 1, "thousand yen": 10**3, "million yen": 10**6, "jpy million": 10**6,
}  # fmt: skip
_CAPITAL_NAMES = ("資本金", "capital", "capital stock")


def _key(heading: str) -> str:
    return fold(heading).replace(" ", "")


_FIELDS = {
    _key(heading): (field, 1) for field, headings in _HEADINGS.items() for heading in (field, *headings.split("、"))
}
_FIELDS |= {
    _key(name + " " + unit): ("capital_million_yen", yen)
    for name in _CAPITAL_NAMES
    for unit, yen in _CAPITAL_UNITS.items()
}


class RejectReason(StrEnum):
    """Why a row could not be read."""

    NO_NAME = "no_name"
    NAME_WITHOUT_LETTERS = "name_without_letters"
    BAD_CORPORATE_NUMBER = "bad_corporate_number"
    BAD_CAPITAL = "bad_capital"
    BAD_EMPLOYEES = "bad_employees"
    TOO_LONG = "too_long"
    TOO_MANY_CELLS = "too_many_cells"
    """More cells than headings: a comma or a quote is missing or too much."""
    UNREADABLE = "unreadable"
    """Bytes that are no characters, or a quote without end."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a file mean."""

    width: int
    pick: Callable[[Sequence[str]], tuple[str, ...]]
    """A `Row`'s values as texts, from the file's row with one empty cell added."""
    capital_unit: int
    """Yen in one unit of the capital column."""
    ignored: tuple[str, ...]
    """The headings that mean nothing to us, as they are written."""


def known_headings(cells: Sequence[str]) -> int:
    """How many of these cells are headings we know."""
    return sum(_key(cell) in _FIELDS for cell in cells)


def read_headings(cells: Sequence[str]) -> Layout:
    """What the first row says about the columns.

    Raises `Refused(REQUIRED, "name")` without a column of names and `Refused(DUPLICATE, "headings", heading=…)` when
    two columns mean the same or are called the same.
    """
    places: dict[str, int] = {}
    ignored: dict[str, None] = {}
    unit = 1
    for index, cell in enumerate(cells):
        heading = cell.strip()
        field, yen = _FIELDS.get(_key(heading), ("", 1))
        if field in places or heading in ignored:
            raise Refused(Code.DUPLICATE, "headings", heading=heading)
        if field:
            places[field] = index
            unit = yen if field == "capital_million_yen" else unit
        elif heading:
            ignored[heading] = None
    if "name" not in places:
        raise Refused(Code.REQUIRED, "name")
    return Layout(
        len(cells),
        # What the file does not have is read from the cell behind its last.
        itemgetter(*(places.get(field, len(cells)) for field in Row._fields)),
        unit,
        tuple(ignored),
    )


def read_row(layout: Layout, cells: Sequence[str]) -> Row | RejectReason:
    """One row of the file. Missing cells at its end are empty ones."""
    width = layout.width
    if len(cells) > width and any(cells[width:]):
        return RejectReason.TOO_MANY_CELLS
    values = [cell.strip() for cell in layout.pick([*cells, ""] if len(cells) == width else _fitted(cells, width))]
    if _BROKEN("".join(values)):
        values = [" ".join(cell.split()) for cell in values]
    number, name = values[0], values[1]
    if not name:
        return RejectReason.NO_NAME
    if len(name) > MAX_NAME or len(values[8]) > MAX_BUSINESS or max(map(len, values[2:8])) > MAX_TEXT:
        return RejectReason.TOO_LONG
    if number:
        if not (len(number) == 13 and number.isascii()):
            values[0] = number = corporate_number(number)
        if not valid_corporate_number(number):
            return RejectReason.BAD_CORPORATE_NUMBER
    try:
        capital = _whole(values[_CAPITAL], layout.capital_unit, 10**6, MAX_CAPITAL)
    except ValueError:
        return RejectReason.BAD_CAPITAL
    try:
        employees = _whole(values[_EMPLOYEES], 1, 1, MAX_EMPLOYEES)
    except ValueError:
        return RejectReason.BAD_EMPLOYEES
    texts: list[Any] = values
    texts[9:] = (capital, employees)
    return Row._make(texts)


_BROKEN = re.compile(r"[\n\r\t]").search


def _fitted(cells: Sequence[str], width: int) -> list[str]:
    return [*cells[:width], *[""] * (width + 1 - len(cells[:width]))]


_number = re.compile(r"([0-9][0-9,]*)(?:\.([0-9]+))?(?:円|百万円|千円|万円|億円|人|名)?").fullmatch
_NOTHING = frozenset({"", "なし", "不明", "非公開", "na", "none", "null"})


def _whole(text: str, unit: int, per: int, most: int) -> int | None:
    """A whole number of `per`, from a text in `unit`; None where nothing is said. Raises ValueError for no number."""
    if not text:
        return None
    if text.isdecimal() and len(text) < 20:
        number = int(text) * unit // per
    else:
        found = _number("".join(text.translate(_HALF_WIDTH).split())) if len(text) <= 30 else None
        if found is None:
            if fold(text) in _NOTHING:
                return None
            raise ValueError(text)
        digits, decimals = found[1].replace(",", ""), found[2] or ""
        number = int(digits + decimals) * unit // (per * 10 ** len(decimals))
    if number > most:
        raise ValueError(text)
    return number


_HALF_WIDTH = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}


def merge(over: Row, under: Row) -> Row:
    """What two rows on one company say together: what `over` says, and where that says nothing, what `under` says."""
    return Row._make(low if high is None or high == "" else high for high, low in zip(over, under, strict=True))


def group(rows: Sequence[tuple[Row, str]]) -> Sequence[tuple[Row, str]]:
    """Rows with the words of their names (`company_words`), brought together by company, in the order of the first.

    One company is: the same number, or the same name and address where not both have a number. Its first row decides,
    later ones fill in what that left out; so a file that contradicts itself changes nothing when it comes again.
    """
    numbers = {row.corporate_number for row, _ in rows}
    if len(numbers) == len(rows) and "" not in numbers:
        return rows
    groups: list[tuple[Row, str]] = []
    by_number: dict[str, int] = {}
    by_place: dict[tuple[str, str], int] = {}
    for row, words in rows:
        number, place = row.corporate_number, (key_of(words), row.address)
        index = by_number.get(number) if number else None
        if index is None:
            index = by_place.get(place)
            if index is not None and number and groups[index][0].corporate_number:
                index = None
        if index is None:
            index = len(groups)
            groups.append((row, words))
        else:
            earlier, its_words = groups[index]
            groups[index] = (merge(earlier, row), its_words)
        if number:
            by_number[number] = index
        by_place.setdefault(place, index)
    return groups
