"""Figures that a model writes are found, in digits and in words, and held against the records."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.figures import figures, unfounded

RECORD = "接続率 18.3%　接続 184 ÷ 架電 1,005　11月24日(火) 14:00　目標 30、あと 12"


@pytest.mark.parametrize(
    "said",
    [
        "接続率は18.3%でした。",
        "架電１，００５件のうち184件が接続です。",
        "あと12で目標の30に届きます。",
        "火曜の14:00です。",
        "変化はありません。",
        "一番の要因は架電です。",
    ],
)
def test_figures_copied_from_the_record_are_founded(said: str) -> None:
    assert unfounded(said, [RECORD]) == set()


@pytest.mark.parametrize(
    ("said", "invented"),
    [
        ("接続率は約18%でした。", {18}),
        ("184件は1005件の5分の1です。", {5, 1}),
        ("三件増えました。", {3}),
        ("二十五社です。", {25}),
        ("it nearly doubled", {2}),
        ("three more calls", {3}),
        ("半分になりました。", {Decimal("0.5")}),
        ("９９．９％です。", {Decimal("99.9")}),
    ],
)
def test_figures_that_stand_in_no_record_are_unfounded(said: str, invented: set[Decimal]) -> None:
    assert unfounded(said, [RECORD]) == invented


@given(st.text(max_size=200), st.lists(st.integers(0, 10**9), max_size=5))
def test_whatever_is_written_no_figure_is_overlooked(text: str, numbers: list[int]) -> None:
    assert {Decimal(number) for number in numbers} <= figures(f"{text} " + "、".join(f" {n:,} " for n in numbers))
