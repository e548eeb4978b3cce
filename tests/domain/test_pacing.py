"""A budget of calls: never more than it allows, and what waits as long as it is told to finds room."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import LONGEST_CLOSED, SKEW, Budget, Level, spend, take

NOW = datetime(2026, 4, 1, tzinfo=UTC)

budgets = st.builds(Budget, st.floats(1, 50), st.floats(0.1, 20))
moments = st.lists(st.floats(0, 60), min_size=1, max_size=80).map(sorted)


@given(budgets, moments, st.floats(0, 60), st.floats(0, 30))
def test_in_no_span_are_more_calls_made_than_the_budget_allows(
    budget: Budget, asked: list[float], begin: float, length: float
) -> None:
    level: Level | None = None
    made = 0
    for second in asked:
        level, wait = take(level, budget, NOW + timedelta(seconds=second))
        made += wait == 0.0 and begin <= second <= begin + length
    assert made <= budget.burst + budget.per_second * length + 0.01


@given(budgets, st.integers(0, 60), st.floats(0, 0.9))
def test_whoever_waits_as_long_as_told_finds_room(budget: Budget, before: int, share: float) -> None:
    level: Level | None = None
    for _ in range(before):
        level, _ = take(level, budget, NOW)
    keep = share * (budget.burst - 1.0)
    _, wait = take(level, budget, NOW, keep)
    # A microsecond, because a moment has no finer parts.
    assert take(level, budget, NOW + timedelta(seconds=wait, microseconds=1), keep)[1] == 0.0


def test_what_is_less_urgent_leaves_room_for_the_rest() -> None:
    budget, level = Budget(burst=4, per_second=1), None
    for _ in range(2):
        level, wait = take(level, budget, NOW, keep=2)
        assert wait == 0.0
    assert take(level, budget, NOW, keep=2)[1] == 1.0
    assert take(level, budget, NOW)[1] == 0.0


def test_nothing_is_called_until_slack_wants_calls_again() -> None:
    closed = Level(30, NOW, NOW + timedelta(seconds=7))
    assert take(closed, Budget(30, 5), NOW)[1] == 7.0
    assert take(closed, Budget(30, 5), NOW + timedelta(seconds=7))[1] == 0.0


def test_clock_of_another_machine_that_is_behind_refills_nothing() -> None:
    level, wait = take(Level(0.5, NOW), Budget(30, 5), NOW - timedelta(seconds=9))
    assert wait > 0.0
    assert level == Level(0.5, NOW)


def test_nobody_is_silent_for_as_long_as_a_clock_was_wrong() -> None:
    budget, hour = Budget(30, 5), timedelta(hours=1)
    assert take(Level(0.0, NOW + hour), budget, NOW)[1] == 0.0
    assert take(Level(9.0, NOW, NOW + hour), budget, NOW)[1] == 0.0
    # What clocks in order may write holds.
    assert take(Level(0.0, NOW + SKEW), budget, NOW)[1] > 0.0
    assert take(Level(9.0, NOW, NOW + LONGEST_CLOSED), budget, NOW)[1] == LONGEST_CLOSED.total_seconds()


def test_calls_that_did_not_ask_are_paid_back_by_those_that_can_wait() -> None:
    budget, level = Budget(burst=2, per_second=1), None
    for _ in range(9):
        level = spend(level, budget, NOW)
    # The debt is no deeper than the budget.
    assert level == Level(-2.0, NOW)
    assert take(level, budget, NOW)[1] == 3.0
    assert take(level, budget, NOW + timedelta(seconds=3))[1] == 0.0
