"""The facts that matter are surprising, true, and each about another thing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.performance.facts import HOW_MANY, SURPRISING, FactKind, Seen, rank
from domain.performance.kpis import CALL_MEASURES, CATALOGUE, Counts, Figure, Measure, figure


def counted(*calls: int, **others: int) -> Counts:
    rows = dict(zip(CALL_MEASURES, calls, strict=False))
    return Counts(rows | {Measure(name): n for name, n in others.items()}, {})


def seen(now: Counts, before: Counts, **targets: float) -> list[Seen]:
    return [Seen(figure(kpi, now), figure(kpi, before), targets.get(kpi.key)) for kpi in CATALOGUE]


def member(counts: Counts) -> dict[str, Figure]:
    return {kpi.key: figure(kpi, counts) for kpi in CATALOGUE}


STEADY = counted(1000, 400, 200, 150, 20)


def test_steady_window_has_no_surprise_and_says_what_was_done() -> None:
    facts = rank(seen(STEADY, STEADY), {})
    assert [fact.kind for fact in facts] == [FactKind.STANDS] * HOW_MANY
    assert [fact.kpi for fact in facts] == ["meetings_set", "dials", "connect_rate"]


def test_collapse_of_the_connect_rate_is_told_with_both_values() -> None:
    facts = rank(seen(counted(1000, 400, 90, 60, 18), STEADY), {})
    fallen = next(fact for fact in facts if fact.kpi in ("connect_rate", "reach_rate"))
    assert fallen.value < (fallen.reference or 0)
    assert fallen.good is False or fallen.kind is FactKind.MISSES


def test_count_and_what_is_reckoned_from_it_are_one_fact() -> None:
    # Half of everything: the dials fell, and the rest with them.
    facts = rank(seen(counted(500, 200, 100, 75, 10), STEADY), {})
    assert [fact.kpi for fact in facts if fact.kind is FactKind.CHANGED] == ["dials"]


def test_small_numbers_are_no_surprise() -> None:
    facts = rank(seen(counted(4, 2, 1, 1, 1), counted(6, 3, 2, 1, 0)), {})
    assert {fact.kind for fact in facts} == {FactKind.STANDS}


def test_target_counts_once_the_window_is_over() -> None:
    team = seen(STEADY, STEADY, meetings_set=30.0)
    assert not any(fact.kind is FactKind.TARGET for fact in rank(team, {}, over=False))
    (missed,) = [fact for fact in rank(team, {}) if fact.kind is FactKind.TARGET]
    assert (missed.kpi, missed.value, missed.reference, missed.good) == ("meetings_set", 20, 30, False)


def judged(n: int, complete: int) -> Counts:
    return Counts({Measure.JUDGED: n, Measure.BANT_COMPLETE: complete}, {})


def test_target_of_a_share_is_good_or_bad_only_outside_its_interval() -> None:
    def told(n: int, complete: int) -> list[tuple[bool | None, bool]]:
        facts = rank(seen(judged(n, complete), judged(n, complete), bant_completion=0.8), {})
        return [(fact.good, fact.reached) for fact in facts if fact.kind is FactKind.TARGET]

    assert told(3, 2) == []
    assert told(20, 16) == [(None, True)]
    assert told(20, 15) == [(None, False)]
    assert told(200, 190) == [(True, True)]


def test_target_of_everything_is_reached_by_everything_and_missed_by_one() -> None:
    def told(complete: int) -> list[bool | None]:
        facts = rank(seen(judged(40, complete), judged(40, complete), bant_completion=1.0), {})
        return [fact.good for fact in facts if fact.kind is FactKind.TARGET]

    assert told(40) == [True]
    assert told(39) == [False]


def test_reached_target_is_told_at_once() -> None:
    facts = rank(seen(STEADY, STEADY, meetings_set=20.0), {}, over=False)
    assert (facts[0].kind, facts[0].kpi, facts[0].good) == (FactKind.TARGET, "meetings_set", True)


def test_member_stands_out_only_where_the_intervals_do_not_overlap() -> None:
    reps = {
        "sato": member(counted(500, 200, 150, 100, 10)),
        "suzuki": member(counted(500, 200, 90, 70, 9)),
        "kato": member(counted(20, 8, 7, 5, 1)),
    }
    facts = rank(seen(STEADY, STEADY), reps)
    outstanding = {fact.subject: fact.good for fact in facts if fact.kind is FactKind.STANDS_OUT}
    assert outstanding == {"sato": True, "suzuki": False}


def test_missed_threshold_is_told_with_the_end_it_misses() -> None:
    now = Counts({Measure.JUDGED: 100, Measure.BANT_COMPLETE: 50}, {})
    fact = next(fact for fact in rank(seen(now, now), {}) if fact.kind is FactKind.MISSES)
    assert (fact.kpi, fact.value, fact.reference, fact.n) == ("bant_completion", 0.5, 0.8, 100)


counts = st.builds(
    lambda ns: Counts(dict(zip(CALL_MEASURES, sorted(ns, reverse=True), strict=True)), {}),
    st.lists(st.integers(0, 5000), min_size=5, max_size=5),
)


@given(counts, counts, st.dictionaries(st.sampled_from(["sato", "suzuki", "ito"]), counts))
def test_facts_are_few_distinct_and_true(now: Counts, before: Counts, reps: dict[str, Counts]) -> None:
    # Of the meetings set some are not among the connected calls; sorted so, all are.
    facts = rank(seen(now, before), {name: member(each) for name, each in reps.items()})
    assert len(facts) <= HOW_MANY
    assert len({(fact.kpi, fact.subject) for fact in facts}) == len(facts)
    for fact in facts:
        source = member(reps[fact.subject] if fact.subject else now)
        assert fact.value == source[fact.kpi].value
        assert fact.kind is FactKind.STANDS or fact.weight >= SURPRISING
    weights = [fact.weight for fact in facts]
    assert weights == sorted(weights, reverse=True)
