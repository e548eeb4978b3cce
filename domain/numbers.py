"""Numbers as they are written in Japanese: 三百万, 3百万, 一億二千万, 二〇二六, 壱拾, 1.5億, 3,000万.

One reader for all: sums of money and days in conversations, times in requests, figures in what a model wrote. What a
number counts, and where in a sentence it stands, is for whoever asks to know.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Final

DIGITS: Final = "〇零一二三四五六七八九"
SMALL: Final = "十百千"
LARGE: Final = "万億兆"
FORMAL: Final = "壱壹弐貳参參肆伍陸漆捌玖拾佰阡萬"
"""As on contracts and cheques, where a stroke is easily added."""

_AS_USUAL: Final = str.maketrans(FORMAL, "一一二二三三四五六七八九十百千万")
_DIGIT: Final = {digit: max(place - 1, 0) for place, digit in enumerate(DIGITS)}
_SCALE: Final = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "億": 10**8, "兆": 10**12}
_ABOVE: Final = 10**16
"""Above every unit."""
_LONGEST: Final = 40
"""Characters: what is longer is no number that anybody wrote."""
_PIECES: Final = re.compile(rf"(\d[\d,]*(?:\.\d+)?)|([{DIGITS}]+)|([{SMALL}])|([{LARGE}])|(半)$")


def number(words: str) -> Decimal:
    """The number that the whole of these words is; digits may be full width, grouped, and mixed with 漢数字.

    Raises ValueError for what is none: no words, a unit not smaller than the one before it (百千), 半 of nothing.
    """
    text = unicodedata.normalize("NFKC", words).translate(_AS_USUAL)
    if not text or len(text) > _LONGEST:
        raise ValueError(words)
    total, part = Decimal(0), Decimal(0)
    digits: Decimal | None = None
    # The unit before, within a group of four places and among the groups: each must be smaller than the last.
    small, large = _SCALE["万"], _ABOVE
    place = 0
    while place < len(text):
        found = _PIECES.match(text, place)
        if found is None:
            raise ValueError(words)
        arabic, kanji, unit, group, half = found.groups()
        if arabic or kanji:
            if digits is not None:
                raise ValueError(words)
            digits = _digits(arabic) if arabic else Decimal("".join(str(_DIGIT[sign]) for sign in kanji))
        elif unit:
            if _SCALE[unit] >= small:
                raise ValueError(words)
            small = _SCALE[unit]
            part, digits = part + (Decimal(1) if digits is None else digits) * small, None
        elif group:
            if _SCALE[group] >= large or (digits is None and not part):
                raise ValueError(words)
            large = _SCALE[group]
            total, part, digits, small = total + (part + (digits or 0)) * large, Decimal(0), None, _SCALE["万"]
        elif half:
            if large == _ABOVE or part or digits is not None:
                raise ValueError(words)
            total += Decimal(large) / 2
        place = found.end()
    return total + part + (digits or 0)


def whole(words: str) -> int:
    """The number of these words, where it is a whole one. Raises ValueError otherwise."""
    found = number(words)
    if found != found.to_integral_value():
        raise ValueError(words)
    return int(found)


def _digits(written: str) -> Decimal:
    """1,200 and 1200.5; a comma that groups nothing ends a clause, not a number."""
    return Decimal(written.rstrip(",").replace(",", ""))
