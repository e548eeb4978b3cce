"""The catalogue is one tree, and its figures are judged only where that is sure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Refused
from domain.performance.kpis import (
    BY_KEY,
    CATALOGUE,
    INDICATORS,
    Counts,
    Direction,
    Judgement,
    Kpi,
    Measure,
    State,
    below,
    children,
    figure,
    find,
    measures,
    quantile,
)

THRESHOLDS = {
    ("1-1", 2, None),
    ("2-1", None, 5),
    ("2-1", 0.15, 0.25),
    ("2-2", 0.25, None),
    ("2-2", 0.05, None),
    ("2-3", None, 48),
    ("3-1", 0.80, None),
    ("3-4", 1, None),
    ("4-3", 3, None),
    ("4-4", None, 0.05),
    ("5-4", 0.10, None),
    ("6-4", None, 3),
    ("6-6", None, 0.15),
}
"""What the framework's table of work items sets in bold."""


def test_every_success_indicator_of_the_framework_is_there_with_its_threshold() -> None:
    thresholds = [kpi.threshold for kpi in INDICATORS if kpi.threshold is not None]
    assert {(limit.indicator, limit.low, limit.high) for limit in thresholds} == THRESHOLDS
    assert len(INDICATORS) == len(THRESHOLDS)


def test_catalogue_is_one_tree() -> None:
    assert len(BY_KEY) == len(CATALOGUE)
    (root,) = children(None)
    reached, left = set(), [root.key]
    while left:
        key = left.pop()
        assert key not in reached
        reached.add(key)
        left += [kpi.key for kpi in children(key)]
    assert reached == set(BY_KEY)


def test_factors_never_lead_back() -> None:
    def walk(key: str, above: frozenset[str]) -> None:
        assert key not in above
        for factor in BY_KEY[key].factors:
            walk(factor, above | {key})

    for kpi in CATALOGUE:
        walk(kpi.key, frozenset())


@pytest.mark.parametrize("kpi", INDICATORS, ids=lambda kpi: kpi.key)
def test_threshold_points_the_way_that_is_good(kpi: Kpi) -> None:
    limit = kpi.threshold
    assert limit is not None
    match kpi.direction:
        case Direction.UP:
            assert limit.low is not None
            assert limit.high is None
        case Direction.DOWN:
            assert limit.high is not None
            assert limit.low is None
        case Direction.WITHIN:
            assert limit.low is not None
            assert limit.high is not None


@given(st.dictionaries(st.sampled_from(Measure), st.integers(1, 10_000), min_size=len(Measure), max_size=len(Measure)))
def test_each_kpi_is_the_product_of_its_factors(rows: dict[Measure, int]) -> None:
    counts = Counts(rows, {})
    for kpi in CATALOGUE:
        if kpi.factors:
            product = 1.0
            for factor in kpi.factors:
                product *= figure(BY_KEY[factor], counts).value or 0.0
            assert product == pytest.approx(figure(kpi, counts).value)


def of(key: str, numerator: int, denominator: int) -> Judgement:
    kpi = BY_KEY[key]
    assert kpi.numerator is not None
    assert kpi.denominator is not None
    return figure(kpi, Counts({kpi.numerator: numerator, kpi.denominator: denominator}, {})).judgement


@pytest.mark.parametrize(
    ("key", "numerator", "denominator", "judgement"),
    [
        ("connect_rate", 200, 1000, Judgement.GOOD),
        ("connect_rate", 100, 1000, Judgement.BAD),
        ("connect_rate", 400, 1000, Judgement.BAD),
        ("connect_rate", 3, 15, Judgement.UNSURE),
        ("connect_rate", 150, 1000, Judgement.UNSURE),
        ("connect_rate", 0, 0, Judgement.UNSURE),
        ("bant_completion", 90, 100, Judgement.GOOD),
        ("bant_completion", 80, 100, Judgement.UNSURE),
        ("bant_completion", 60, 100, Judgement.BAD),
        ("duplicate_rate", 10, 1000, Judgement.GOOD),
        ("duplicate_rate", 100, 1000, Judgement.BAD),
        ("by_the_book", 40, 40, Judgement.GOOD),
        ("by_the_book", 39, 40, Judgement.BAD),
        ("by_the_book", 4, 4, Judgement.UNSURE),
        ("dials_per_rep_day", 340, 10, Judgement.GOOD),
        ("dials_per_rep_day", 339, 10, Judgement.BAD),
        ("dials_per_rep_day", 34, 1, Judgement.UNSURE),
        ("answer_rate", 500, 1000, Judgement.NONE),
    ],
)
def test_share_is_judged_by_its_interval(key: str, numerator: int, denominator: int, judgement: Judgement) -> None:
    assert of(key, numerator, denominator) is judgement


@pytest.mark.parametrize(
    ("minutes", "judgement"),
    [([5.0] * 10, Judgement.GOOD), ([5.1] * 10, Judgement.BAD), ([1.0] * 9, Judgement.UNSURE), ([], Judgement.UNSURE)],
)
def test_duration_is_judged_by_its_median(minutes: list[float], judgement: Judgement) -> None:
    counts = Counts({}, {Measure.FORMS_ANSWERED: minutes})
    assert figure(BY_KEY["first_response"], counts).judgement is judgement


def test_figure_says_whether_it_can_be_trusted() -> None:
    counts = Counts({Measure.DIALS: 9, Measure.ANSWERED: 3}, {})
    states = {
        key: figure(BY_KEY[key], counts).state for key in ("open_rate", "answer_rate", "reach_rate", "dials", "judged")
    }
    assert states == {
        "open_rate": State.NO_SOURCE,
        "answer_rate": State.TOO_FEW,
        "reach_rate": State.TOO_FEW,
        "dials": State.MEASURED,
        "judged": State.MEASURED,
    }
    assert figure(BY_KEY["effective_rate"], counts).state is State.NOTHING


def test_opportunities_per_lead_have_no_interval_because_they_are_of_other_leads() -> None:
    counts = Counts({Measure.OPPORTUNITIES: 30, Measure.NEW_LEADS: 20}, {})
    shown = figure(BY_KEY["opportunity_per_lead"], counts)
    assert (shown.value, shown.interval) == (1.5, None)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_quantile_is_one_of_the_values_and_enough_are_not_above_it(values: list[float], at: float) -> None:
    ordered = sorted(values)
    found = quantile(ordered, at)
    assert found in ordered
    assert sum(value <= found for value in ordered) >= at * len(ordered) - 1e-9


def test_unknown_kpi_is_refused() -> None:
    with pytest.raises(Refused):
        find("moon")


def test_everything_that_a_change_can_come_from_is_below_a_kpi() -> None:
    assert [kpi.key for kpi in below(BY_KEY["dials"])] == ["dials", "rep_days", "dials_per_rep_day"]
    assert {kpi.key for kpi in below(BY_KEY["connected"])} >= {"dials_per_rep_day", "reach_rate", "answer_rate"}


def test_what_has_to_be_counted_is_what_a_kpi_is_made_of() -> None:
    assert measures([BY_KEY["connect_rate"], BY_KEY["dials"]]) == {Measure.CONNECTED, Measure.DIALS}
    assert measures([BY_KEY["bookings"]]) == frozenset()
