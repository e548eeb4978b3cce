"""Numbers are read however they are written, and by everybody who reads numbers in the same way."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.figures import figures
from domain.numbers import DIGITS, FORMAL, LARGE, SMALL, number, whole
from domain.outreach.time_words import normalise
from domain.pipeline.figures import amounts

WRITTEN = {
    "三百万": 3_000_000,
    "3百万": 3_000_000,
    "３００万": 3_000_000,
    "一億二千万": 120_000_000,
    "1億2,000万": 120_000_000,
    "１億２０００万": 120_000_000,
    "〇": 0,
    "零": 0,
    "十": 10,
    "十五": 15,
    "二十": 20,
    "百五": 105,
    "千": 1000,
    "千二百": 1200,
    "3千5百": 3500,
    "二〇二六": 2026,
    "二千二十六": 2026,
    "三〇": 30,
    "拾": 10,
    "壱拾弐": 12,
    "五拾萬": 500_000,
    "参佰": 300,
    "3,000万": 30_000_000,
    "300百万": 300_000_000,
    "1億半": 150_000_000,
    "二万半": 25_000,
    "九千九百九十九兆九千九百九十九億九千九百九十九万九千九百九十九": 9_999_999_999_999_999,
}
FRACTIONS = {"1.5億": Decimal(150_000_000), "２．５": Decimal("2.5"), "0.3万": Decimal(3000), "3.14": Decimal("3.14")}
NONE = (
    "",
    "万",
    "億",
    "半",
    "百千",
    "十百",
    "万億",
    "三百万億",
    "百百",
    "円",
    "三つ",
    "3.5.2",
    "一1",
    "1 000",
    "半分",
    "1" * 41,
)


@pytest.mark.parametrize("words", WRITTEN)
def test_whole_numbers_are_read(words: str) -> None:
    assert whole(words) == number(words) == WRITTEN[words]


@pytest.mark.parametrize("words", FRACTIONS)
def test_fractions_are_read_exactly(words: str) -> None:
    assert number(words) == FRACTIONS[words]
    if FRACTIONS[words] % 1:
        with pytest.raises(ValueError, match=words):
            whole(words)


@pytest.mark.parametrize("words", NONE)
def test_what_is_no_number_is_refused(words: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is the words themselves, which may be empty
        number(words)


def in_kanji(value: int) -> str:
    """As it is written out: 三千二百万五."""
    groups = []
    for place, unit in enumerate(("", "万", "億", "兆")):
        part = value // 10 ** (4 * place) % 10_000
        if part:
            groups.append(f"{_group(part)}{unit}")
    return "".join(reversed(groups)) or "〇"


def _group(part: int) -> str:
    written = ""
    for unit, scale in (("千", 1000), ("百", 100), ("十", 10)):
        digit = part // scale % 10
        if digit:
            written += ("" if digit == 1 else DIGITS[digit + 1]) + unit
    return written + (DIGITS[part % 10 + 1] if part % 10 else "")


def mixed(value: int) -> str:
    """1億2,000万30."""
    groups = [f"{value // 10**8:,}億" if value >= 10**8 else "", f"{value // 10**4 % 10**4:,}万"]
    if not value // 10**4 % 10**4:
        groups[1] = ""
    return "".join(groups) + (str(value % 10**4) if value % 10**4 else "") or "0"


def formal(value: int) -> str:
    """壱拾弐萬."""
    return in_kanji(value).translate(str.maketrans("一二三十百千万", "壱弐参拾佰阡萬"))


def wide(value: int) -> str:
    """１２００."""
    return str(value).translate(str.maketrans("0123456789", "０１２３４５６７８９"))


def one_by_one(value: int) -> str:
    """二〇二六."""
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(value))


@given(st.integers(0, 10**12))
@example(10**8)
@example(10_000_000)
def test_every_way_of_writing_a_number_is_read_back(value: int) -> None:
    for written in (in_kanji(value), mixed(value), formal(value), wide(value), one_by_one(value), f"{value:,}"):
        assert whole(written) == value, written


@given(st.text(alphabet=f"{DIGITS}{SMALL}{LARGE}{FORMAL}0123456789,.半円 ０９", max_size=60))
def test_any_words_are_a_number_or_refused(words: str) -> None:
    with contextlib.suppress(ValueError):
        assert number(words) >= 0


@given(st.integers(1, 9_999))
def test_sums_figures_and_times_are_read_by_the_same_reader(value: int) -> None:
    for written in (in_kanji(value * 10_000), mixed(value * 10_000)):
        assert amounts(f"予算は{written}円です") == [value * 10_000], written
    assert figures(f"{in_kanji(value)}件") == {Decimal(value)}
    days = value % 999 + 1
    assert normalise(f"{in_kanji(days)}日後") == f"{days}日後"
