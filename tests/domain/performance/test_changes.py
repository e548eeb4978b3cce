"""A change divided among its parts adds up to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.performance.changes import largest, of_product, of_ratio, of_sum

rates = st.one_of(st.none(), st.floats(0, 1))


@st.composite
def groups(draw: st.DrawFn) -> dict[str, tuple[int, int]]:
    made = {}
    for name in draw(st.lists(st.sampled_from("abcdef"), unique=True)):
        n = draw(st.integers(0, 1000))
        made[name] = (draw(st.integers(0, n)), n)
    return made


def test_rate_and_volume_of_two_factors_are_as_by_hand() -> None:
    # 100 × 0.20 = 20 became 200 × 0.15 = 30: at the mean rate 0.175 the volume adds 17.5, at the mean volume 150 the
    # rate takes 7.5.
    parts = of_product({"dials": 100.0, "rate": 0.20}, {"dials": 200.0, "rate": 0.15})
    assert {part.name: part.effect for part in parts} == {"dials": pytest.approx(17.5), "rate": pytest.approx(-7.5)}


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.lists(st.tuples(rates, rates), min_size=1, max_size=3))
def test_factors_effects_add_up_to_the_change(before: float, after: float, pairs: list[tuple]) -> None:
    old = {"volume": before, **{str(i): was for i, (was, _) in enumerate(pairs)}}
    new = {"volume": after, **{str(i): now for i, (_, now) in enumerate(pairs)}}
    parts = of_product(old, new)

    def value(side: dict[str, float | None], other: dict[str, float | None]) -> float:
        product = 1.0
        for name, factor in side.items():
            known = factor if factor is not None else other[name]
            product *= known if known is not None else 0.0
        return product

    assert sum(part.effect for part in parts) == pytest.approx(value(new, old) - value(old, new), abs=1e-6)


def test_mix_and_rate_of_a_ratio_are_as_by_hand() -> None:
    # Both reps stay at their own rate, 10 % and 30 %; the better one makes 3/4 of the dials instead of half of them.
    before = {"sato": (10, 100), "suzuki": (30, 100)}
    after = {"sato": (5, 50), "suzuki": (45, 150)}
    parts = {part.name: part for part in of_ratio(before, after)}
    assert all(part.rate == pytest.approx(0) for part in parts.values())
    # Half and three quarters: from 20 % to 25 %, middle 22.5 %.
    assert parts["sato"].volume == pytest.approx(-0.25 * (0.10 - 0.225))
    assert parts["suzuki"].volume == pytest.approx(0.25 * (0.30 - 0.225))
    assert sum(part.effect for part in parts.values()) == pytest.approx(0.05)


@given(groups(), groups())
def test_groups_effects_add_up_to_the_change_of_the_ratio(
    before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]
) -> None:
    parts = of_ratio(before, after)
    totals = [(sum(h for h, _ in side.values()), sum(n for _, n in side.values())) for side in (before, after)]
    if not totals[0][1] or not totals[1][1]:
        assert parts == []
    else:
        change = totals[1][0] / totals[1][1] - totals[0][0] / totals[0][1]
        assert sum(part.effect for part in parts) == pytest.approx(change, abs=1e-9)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.floats(0, 1e6)),
    st.dictionaries(st.sampled_from("abcd"), st.floats(0, 1e6)),
)
def test_members_changes_add_up_to_the_teams(before: dict[str, float], after: dict[str, float]) -> None:
    change = sum(after.values()) - sum(before.values())
    assert sum(part.effect for part in of_sum(before, after)) == pytest.approx(change, abs=1e-3)


def test_largest_part_goes_the_way_of_the_change() -> None:
    parts = of_sum({"a": 10, "b": 0, "c": 5}, {"a": 2, "b": 11, "c": 9})
    most = largest(parts, 7)
    assert most is not None
    assert most.name == "b"
    least = largest(parts, -1)
    assert least is not None
    assert least.name == "a"
    assert largest([], 1) is None
