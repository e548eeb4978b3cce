"""Figures in what a model has written, held against the records it was to copy them from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from domain.numbers import DIGITS, SMALL, number

_DIGITS: Final = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_KANJI: Final = f"{DIGITS}{SMALL}"
_COUNTED: Final = re.compile(
    # Not from the middle: each of many characters would be a beginning.
    f"(?<![{_KANJI}])([{_KANJI}]+)(?=件|人|名|社|円|割|倍|日|回|時間|本|通|週|か月|ヶ月|つ|ポイント|パーセント)"
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
    found |= {each for words in _COUNTED.findall(folded) if (each := _number(words)) is not None}
    found |= {Decimal(_ENGLISH[each]) for each in _WORDS.findall(folded)}
    return found | {share for word, share in _SHARES.items() if word in folded}


def unfounded(text: str, records: Iterable[str]) -> set[Decimal]:
    """The figures of a text that stand in none of the records."""
    claimed = figures(text)
    return claimed - set().union(*map(figures, records)) if claimed else claimed


def _number(words: str) -> Decimal | None:
    try:
        return number(words)
    except ValueError:
        return None  # 百千: a name, not a number.
