"""Shares and their intervals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.performance.proportions import LEAST, Proportion, above, overlap


@st.composite
def proportions(draw: st.DrawFn) -> Proportion:
    n = draw(st.integers(0, 10_000))
    return Proportion(draw(st.integers(0, n)), n)


# Newcombe 1998, Statistics in Medicine 17:857, table I: method 3 (score interval without continuity correction).
@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_interval_is_the_published_one(hits: int, n: int, low: float, high: float) -> None:
    assert Proportion(hits, n).interval() == pytest.approx((low, high), abs=0.00005)


@given(proportions())
def test_interval_holds_the_share_and_stays_between_nothing_and_all(proportion: Proportion) -> None:
    low, high = proportion.interval()
    assert 0 <= low <= high <= 1
    assert proportion.share is None or low <= proportion.share <= high


@given(proportions())
def test_interval_of_the_others_is_the_mirror_image(proportion: Proportion) -> None:
    low, high = proportion.interval()
    rest = Proportion(proportion.n - proportion.hits, proportion.n).interval()
    assert rest == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(proportions())
def test_more_of_the_same_makes_it_surer(proportion: Proportion) -> None:
    low, high = proportion.interval()
    more_low, more_high = Proportion(proportion.hits * 4, proportion.n * 4).interval()
    assert more_high - more_low <= high - low


@given(proportions(), proportions())
def test_overlap_is_mutual(a: Proportion, b: Proportion) -> None:
    assert overlap(a, b) == overlap(b, a)
    assert overlap(a, a)


def test_shares_far_apart_are_told_apart_only_with_enough_cases() -> None:
    assert overlap(Proportion(2, 10), Proportion(5, 10))
    assert not overlap(Proportion(200, 1000), Proportion(500, 1000))


@pytest.mark.parametrize(
    ("hits", "n", "verdict"),
    [(0, 0, None), (LEAST - 1, LEAST - 1, None), (200, 1000, True), (120, 1000, False), (15, 100, None)],
)
def test_threshold_is_judged_only_where_the_interval_is_on_one_side(hits: int, n: int, verdict: bool | None) -> None:
    assert above(Proportion(hits, n), 0.15) is verdict


def test_more_hits_than_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="no proportion"):
        Proportion(3, 2)
