"""Sums and days are read from words as they are meant."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pipeline.figures import Day, amounts, days, figures, unfounded

ON = date(2026, 6, 9)


@pytest.mark.parametrize(
    ("words", "sums"),
    [
        ("予算は1200万円です", [12_000_000]),
        ("１，２００万円", [12_000_000]),
        ("1,200 万円", [12_000_000]),
        ("1億2千万円", [120_000_000]),
        ("千五百万円", [15_000_000]),
        ("三百万くらい", [3_000_000]),
        ("350万", [3_500_000]),
        ("2億半", [250_000_000]),
        ("3,000,000円", [3_000_000]),
        ("300から500万円", [3_000_000, 5_000_000]),
        ("800万、上限で1000万円", [8_000_000, 10_000_000]),
        ("about 3.5 million yen", [3_500_000]),
        ("three million yen", [3_000_000]),
        ("JPY 4,500,000", [4_500_000]),
        ("¥800k", [800_000]),
        # No sums
        ("月額5万円", []),
        ("80万円/月", []),
        ("1人あたり3万円", []),
        ("300万件", []),
        ("3万人", []),
        ("12 million yen a month", []),
        ("$50,000", []),
        ("two million users", []),
        ("10人で3回", []),
    ],
)
def test_sums_are_read(words: str, sums: list[int]) -> None:
    assert amounts(words) == sums


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("来年4月から", [Day(date(2027, 4, 1))]),
        ("4月から", [Day(date(2027, 4, 1))]),
        ("十月に", [Day(date(2026, 10, 1))]),
        ("10月末には", [Day(date(2026, 10, 31), until=True)]),
        ("10月のうちに", [Day(date(2026, 10, 1))]),
        ("年内に", [Day(date(2026, 12, 31), until=True)]),
        ("今年度中に", [Day(date(2027, 3, 31), until=True)]),
        ("来年度から", [Day(date(2027, 4, 1))]),
        ("来月の役員会", [Day(date(2026, 7, 1))]),
        ("3ヶ月後", [Day(date(2026, 9, 9))]),
        ("来週火曜に", [Day(date(2026, 6, 16), exact=True)]),
        ("2027年4月1日", [Day(date(2027, 4, 1), exact=True)]),
        ("3月15日", [Day(date(2027, 3, 15), exact=True)]),
        ("1月から3月", [Day(date(2027, 1, 1)), Day(date(2027, 3, 1))]),
        ("by the end of September", [Day(date(2026, 9, 30), until=True)]),
        ("next April", [Day(date(2027, 4, 1))]),
        ("in Q4", [Day(date(2026, 10, 1))]),
        ("in three months", [Day(date(2026, 9, 9))]),
        # No days
        ("去年の4月", []),
        ("last October", []),
        ("来期", []),
        ("秋口", []),
        ("we may need it", []),
        ("13月", []),
        ("4月号", []),
    ],
)
def test_days_are_read(words: str, meant: list[Day]) -> None:
    assert days(words, ON) == meant


def test_figures_of_a_text_must_be_those_of_its_ground() -> None:
    assert not unfounded("予算は1,200万円", "ええ、1200万円です")
    assert not unfounded("予算500万円", "五百万円ですね")
    assert not unfounded("12,000,000円の予算", "1200万円です")
    assert unfounded("3名で利用", "二人で使います") == {"3"}
    assert unfounded("予算は300万円", "予算は500万円です") == {"300"}
    assert figures("三月に2回、1,000件") == {"3", "2", "1000"}


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text: str) -> None:
    assert all(amount > 0 for amount in amounts(text)) or amounts(text) == []
    assert all(day.on >= ON.replace(day=1) for day in days(text, ON))
    assert not unfounded(text, text)


@given(st.integers(1, 99_999))
def test_a_sum_in_ten_thousands_is_the_same_sum_with_or_without_separators(ten_thousands: int) -> None:
    expected = [ten_thousands * 10_000]
    assert amounts(f"予算は{ten_thousands}万円です") == expected
    assert amounts(f"予算は{ten_thousands:,}万円です") == expected
    assert amounts(f"予算は{ten_thousands * 10_000:,}円です") == expected


@pytest.mark.parametrize("piece", ["一", "9", "9,", "1億", "明日", "4月", "300万円か"])
def test_texts_without_end_are_read_in_bounded_steps(piece: str) -> None:
    text = piece * 3000
    assert len(amounts(text)) <= 1000
    assert len(days(text, ON)) <= 1000
    assert not unfounded(text, text)
