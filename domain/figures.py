"""Figures in what a model has written, held against the records it was to copy them from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

_DIGITS: Final = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_KANJI: Final = {"〇": 0, "零": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS: Final = {"十": 10, "百": 100, "千": 1000}
_COUNTED: Final = re.compile(
    # Not from the middle: each of many characters would be a beginning.
    f"(?<![{''.join(_KANJI)}{''.join(_UNITS)}])([{''.join(_KANJI)}{''.join(_UNITS)}]+)(?=件|人|名|社|円|割|倍|日|回|時間|本|通|週|か月|ヶ月|つ|ポイント|パーセント)"
)
_ENGLISH: Final[dict[str, int | Decimal]] = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "hundred": 100,
    "thousand": 1000,
    "dozen": 12,
    "half": Decimal("0.5"),
    "twice": 2,
    "double": 2,
    "doubled": 2,
    "triple": 3,
    "tripled": 3,
}
_WORDS: Final = re.compile(rf"\b({'|'.join(_ENGLISH)})\b")
_SHARES: Final = {"半分": Decimal("0.5"), "半数": Decimal("0.5"), "過半数": Decimal("0.5"), "倍増": Decimal(2)}


def figures(text: str) -> set[Decimal]:
    """Every figure of a text, in digits or in words."""
    folded = unicodedata.normalize("NFKC", text).lower()
    found = {Decimal(each.replace(",", "")) for each in _DIGITS.findall(folded)}
    found |= {Decimal(_number(each)) for each in _COUNTED.findall(folded)}
    found |= {Decimal(_ENGLISH[each]) for each in _WORDS.findall(folded)}
    return found | {share for word, share in _SHARES.items() if word in folded}


def unfounded(text: str, records: Iterable[str]) -> set[Decimal]:
    """The figures of a text that stand in none of the records."""
    claimed = figures(text)
    return claimed - set().union(*map(figures, records)) if claimed else claimed


def _number(kanji: str) -> int:
    """二十五 = 25, 三〇 = 30."""
    if not any(sign in _UNITS for sign in kanji):
        return int("".join(str(_KANJI[sign]) for sign in kanji))
    total, digit = 0, 0
    for sign in kanji:
        if sign in _UNITS:
            total, digit = total + (digit or 1) * _UNITS[sign], 0
        else:
            digit = digit * 10 + _KANJI[sign]
    return total + digit
