"""When people pick up, as tables."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.outreach.best_hour import START, Cell, HourRates, Learning, Tally, best_hours

TUESDAY_TEN = Cell("機械", 1, 10)


@pytest.mark.parametrize(
    ("tally", "prior", "strength", "expected"),
    [
        (Tally(), 0.2, 20, 0.2),
        (Tally(20, 20), 0.2, 20, (20 + 4) / 40),
        (Tally(20, 0), 0.2, 20, 4 / 40),
        (Tally(980, 490), 0.2, 20, (490 + 4) / 1000),
    ],
)
def test_rate_goes_from_the_prior_to_the_cells_own(
    tally: Tally, prior: float, strength: float, expected: float
) -> None:
    assert tally.smoothed(prior, strength) == pytest.approx(expected)


def test_team_without_calls_believes_the_start_everywhere() -> None:
    assert HourRates().rate(TUESDAY_TEN) == pytest.approx(START)


def test_hour_nobody_tried_has_the_teams_rate() -> None:
    rates = HourRates({Cell("化学", 0, 9): Tally(1000, 400)})
    assert rates.rate(TUESDAY_TEN) == pytest.approx(rates.prior)
    assert rates.prior == pytest.approx((400 + 20 * START) / 1020)


def test_explored_hour_is_never_drawn() -> None:
    rates = HourRates({TUESDAY_TEN: Tally(100, 31)}, Learning(explore=1.0))
    assert {rates.tried(TUESDAY_TEN, random.Random(seed)) for seed in range(50)} == {rates.rate(TUESDAY_TEN)}


def test_unexplored_hour_is_drawn_now_and_then() -> None:
    rates = HourRates({Cell("化学", 0, 9): Tally(1000, 300)}, Learning(explore=0.1))
    drawn = [rates.tried(TUESDAY_TEN, random.Random(seed)) for seed in range(1000)]
    others = [rate for rate in drawn if rate != rates.rate(TUESDAY_TEN)]
    assert 50 < len(others) < 200
    # A draw is not worse than the mean by construction: some must lie above, or nothing would ever be explored.
    assert any(rate > rates.rate(TUESDAY_TEN) for rate in others)


tallies = st.integers(0, 500).flatmap(lambda n: st.integers(0, n).map(lambda hits: Tally(n, hits)))
cells = st.builds(Cell, st.sampled_from(["", "機械", "化学"]), st.integers(0, 6), st.integers(0, 23))


@given(st.dictionaries(cells, tallies, max_size=20), cells, st.integers(0, 10_000))
def test_every_rate_is_a_probability_that_rules_nothing_out(known: dict[Cell, Tally], cell: Cell, seed: int) -> None:
    rates = HourRates(known, Learning(explore=0.5))
    assert 0 < rates.rate(cell) < 1
    assert 0 <= rates.tried(cell, random.Random(seed)) <= 1


@given(st.dictionaries(cells, tallies, max_size=20))
def test_segments_and_hours_add_up_to_the_team(known: dict[Cell, Tally]) -> None:
    rates = HourRates(known)
    assert sum(tally.tries for tally in rates.segments().values()) == rates.team.tries
    assert sum(tally.hits for tally in rates.of_segment(None).values()) == rates.team.hits


def test_best_hours_leave_out_what_has_too_few_calls() -> None:
    hours = {(1, 10): Tally(200, 80), (1, 11): Tally(5, 5), (2, 16): Tally(200, 70), (3, 9): Tally(400, 40)}
    assert [(hour.weekday, hour.hour) for hour in best_hours(hours, enough=20)] == [(1, 10), (2, 16)]


def test_hour_that_is_worse_than_all_others_is_none_of_the_best() -> None:
    assert best_hours({(4, 10): Tally(22, 3), (1, 9): Tally(15, 3), (2, 9): Tally(15, 3)}, enough=20) == []
    assert best_hours({(4, 10): Tally(30, 3), (1, 9): Tally(30, 3)}, enough=20) == []


def test_hour_is_called_better_only_when_the_intervals_part() -> None:
    hours = {(1, 10): Tally(400, 160), (2, 11): Tally(30, 9), (3, 15): Tally(400, 40)}
    clear, close = best_hours(hours, enough=20)
    assert clear.surely
    assert not close.surely
    assert not any(hour.surely for hour in best_hours({(1, 10): Tally(30, 9), (3, 15): Tally(30, 7)}, enough=20))
