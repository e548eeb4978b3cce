"""Every boundary of the verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import add_months
from domain.errors import Code, Rejected
from domain.qualification.bant import Answer, Answers, Authority, Budget, Element, Need, Status, Timeline
from domain.qualification.verdict import MAX_MONTHS, Policy, Rule, judge

TODAY = date(2026, 4, 1)
LAX = Policy(min_confirmed=0, needs_pain=False, needs_intent=False, start_within_months=None)
"""Rules that ask for nothing: each test switches on the one it is about."""


def _answers(
    confirmed: frozenset[Element] = frozenset(),
    *,
    otherwise: Status = Status.NOT_CONFIRMED,
    start_on: date | None = None,
    pain: Answer = Answer.UNKNOWN,
    intent: Answer = Answer.UNKNOWN,
) -> Answers:
    def status(element: Element) -> Status:
        return Status.CONFIRMED if element in confirmed else otherwise

    return Answers(
        Budget(status(Element.BUDGET)),
        Authority(status(Element.AUTHORITY)),
        Need(status(Element.NEED)),
        Timeline(status(Element.TIMELINE), start_on=start_on),
        pain,
        intent,
    )


SUBSETS = [
    frozenset(element for element, taken in zip(Element, choice, strict=True) if taken)
    for choice in product((False, True), repeat=4)
]


@pytest.mark.parametrize("otherwise", [Status.NOT_CONFIRMED, Status.NOT_ASKED])
@pytest.mark.parametrize("need", range(5))
@pytest.mark.parametrize("confirmed", SUBSETS, ids=lambda elements: "+".join(sorted(elements)) or "none")
def test_lead_needs_as_many_confirmed_as_the_team_wants(
    confirmed: frozenset[Element], need: int, otherwise: Status
) -> None:
    verdict = judge(_answers(confirmed, otherwise=otherwise), replace(LAX, min_confirmed=need), TODAY)
    assert verdict.sales_qualified is (len(confirmed) >= need)
    (finding,) = verdict.findings
    assert (finding.rule, finding.have, finding.need) == (Rule.ENOUGH_CONFIRMED, len(confirmed), need)
    missing = () if len(confirmed) >= need else tuple(e for e in Element if e not in confirmed)
    assert finding.missing == missing


@pytest.mark.parametrize("required", SUBSETS, ids=lambda elements: "needs " + ("+".join(sorted(elements)) or "none"))
@pytest.mark.parametrize("confirmed", SUBSETS, ids=lambda elements: "+".join(sorted(elements)) or "none")
def test_lead_needs_every_required_element(confirmed: frozenset[Element], required: frozenset[Element]) -> None:
    verdict = judge(_answers(confirmed), replace(LAX, required=required), TODAY)
    assert verdict.sales_qualified is (required <= confirmed)
    findings = [finding for finding in verdict.findings if finding.rule is Rule.REQUIRED_CONFIRMED]
    assert [finding.missing for finding in findings] == (
        [tuple(e for e in Element if e in required - confirmed)] if required else []
    )


@pytest.mark.parametrize(
    ("answer", "wanted", "qualified"),
    [
        (Answer.YES, True, True),
        (Answer.NO, True, False),
        (Answer.UNKNOWN, True, False),
        (Answer.YES, False, True),
        (Answer.NO, False, True),
        (Answer.UNKNOWN, False, True),
    ],
)
def test_pain_and_intent_count_only_where_the_team_wants_them(answer: Answer, wanted: bool, qualified: bool) -> None:
    pain = judge(_answers(pain=answer), replace(LAX, needs_pain=wanted), TODAY)
    intent = judge(_answers(intent=answer), replace(LAX, needs_intent=wanted), TODAY)
    assert (pain.sales_qualified, intent.sales_qualified) == (qualified, qualified)
    shown = [finding.rule for finding in (*pain.findings, *intent.findings)]
    assert (Rule.PAIN_RECOGNISED in shown, Rule.INTENT_STATED in shown) == (wanted, wanted)


@pytest.mark.parametrize(
    ("today", "months", "start", "soon"),
    [
        # No date, yesterday, today.
        (date(2026, 4, 1), 3, None, False),
        (date(2026, 4, 1), 3, date(2026, 3, 31), False),
        (date(2026, 4, 1), 3, date(2026, 4, 1), True),
        # Exactly three months, and one day later.
        (date(2026, 4, 1), 3, date(2026, 7, 1), True),
        (date(2026, 4, 1), 3, date(2026, 7, 2), False),
        # One month.
        (date(2026, 4, 15), 1, date(2026, 5, 15), True),
        (date(2026, 4, 15), 1, date(2026, 5, 16), False),
        # From a day that the target month does not have: its last day.
        (date(2026, 1, 31), 1, date(2026, 2, 28), True),
        (date(2026, 1, 31), 1, date(2026, 3, 1), False),
        (date(2026, 3, 31), 3, date(2026, 6, 30), True),
        (date(2026, 3, 31), 3, date(2026, 7, 1), False),
        (date(2026, 11, 30), 3, date(2027, 2, 28), True),
        (date(2026, 11, 30), 3, date(2027, 3, 1), False),
        # Leap years: 29 February is there in 2028, not in 2029.
        (date(2028, 1, 31), 1, date(2028, 2, 29), True),
        (date(2028, 1, 31), 1, date(2028, 3, 1), False),
        (date(2028, 2, 29), 12, date(2029, 2, 28), True),
        (date(2028, 2, 29), 12, date(2029, 3, 1), False),
        (date(2027, 11, 29), 3, date(2028, 2, 29), True),
        (date(2027, 11, 29), 3, date(2028, 3, 1), False),
        # From the last day of February the same day counts, not the last of the month.
        (date(2026, 2, 28), 1, date(2026, 3, 28), True),
        (date(2026, 2, 28), 1, date(2026, 3, 29), False),
        # Over the end of the year.
        (date(2026, 10, 1), 3, date(2027, 1, 1), True),
        (date(2026, 10, 1), 3, date(2027, 1, 2), False),
        (date(2026, 12, 31), 2, date(2027, 2, 28), True),
        (date(2026, 12, 31), 24, date(2028, 12, 31), True),
        (date(2026, 12, 31), 24, date(2029, 1, 1), False),
    ],
)
def test_start_must_lie_between_today_and_the_same_day_months_later(
    today: date, months: int, start: date | None, soon: bool
) -> None:
    verdict = judge(_answers(start_on=start), replace(LAX, start_within_months=months), today)
    assert verdict.sales_qualified is soon
    finding = verdict.findings[-1]
    assert (finding.rule, finding.met, finding.need) == (Rule.STARTS_SOON, soon, months)
    assert verdict.latest_start == add_months(today, months)


@pytest.mark.parametrize("start", [None, date(2020, 1, 1), date(2099, 1, 1)])
def test_start_is_not_judged_where_the_team_does_not_want_it(start: date | None) -> None:
    verdict = judge(_answers(start_on=start), LAX, TODAY)
    assert (verdict.sales_qualified, verdict.latest_start) == (True, None)


THREE = frozenset({Element.BUDGET, Element.NEED, Element.TIMELINE})


@pytest.mark.parametrize(
    ("confirmed", "pain", "intent", "start", "unmet"),
    [
        (THREE, Answer.YES, Answer.YES, date(2026, 7, 1), ()),
        (frozenset(Element), Answer.YES, Answer.YES, date(2026, 4, 1), ()),
        (THREE - {Element.NEED}, Answer.YES, Answer.YES, date(2026, 7, 1), (Rule.ENOUGH_CONFIRMED,)),
        (THREE, Answer.UNKNOWN, Answer.YES, date(2026, 7, 1), (Rule.PAIN_RECOGNISED,)),
        (THREE, Answer.YES, Answer.NO, date(2026, 7, 1), (Rule.INTENT_STATED,)),
        (THREE, Answer.YES, Answer.YES, date(2026, 7, 2), (Rule.STARTS_SOON,)),
        (
            frozenset(),
            Answer.NO,
            Answer.NO,
            None,
            (Rule.ENOUGH_CONFIRMED, Rule.PAIN_RECOGNISED, Rule.INTENT_STATED, Rule.STARTS_SOON),
        ),
    ],
)
def test_defaults_are_the_frameworks_own(
    confirmed: frozenset[Element], pain: Answer, intent: Answer, start: date | None, unmet: tuple[Rule, ...]
) -> None:
    verdict = judge(_answers(confirmed, pain=pain, intent=intent, start_on=start), Policy(), TODAY)
    assert tuple(finding.rule for finding in verdict.unmet) == unmet
    assert verdict.sales_qualified is (not unmet)


def test_lead_is_not_qualified_with_two_of_four_confirmed() -> None:
    answers = _answers(
        frozenset({Element.BUDGET, Element.NEED}), pain=Answer.YES, intent=Answer.YES, start_on=date(2026, 5, 1)
    )
    verdict = judge(answers, Policy(), TODAY)
    assert not verdict.sales_qualified
    assert verdict.findings[0].missing == (Element.AUTHORITY, Element.TIMELINE)


def test_findings_stand_in_the_order_of_the_rules() -> None:
    verdict = judge(Answers(), Policy(required=frozenset(Element)), TODAY)
    assert [finding.rule for finding in verdict.findings] == list(Rule)


@pytest.mark.parametrize(
    ("policy", "fields"),
    [
        (Policy(), []),
        (Policy(0), []),
        (Policy(4), []),
        (Policy(-1), ["min_confirmed"]),
        (Policy(5), ["min_confirmed"]),
        (Policy(start_within_months=None), []),
        (Policy(start_within_months=1), []),
        (Policy(start_within_months=MAX_MONTHS), []),
        (Policy(start_within_months=0), ["start_within_months"]),
        (Policy(start_within_months=MAX_MONTHS + 1), ["start_within_months"]),
        (Policy(9, start_within_months=-3), ["min_confirmed", "start_within_months"]),
    ],
)
def test_rules_out_of_range_are_rejected(policy: Policy, fields: list[str]) -> None:
    if not fields:
        policy.check()
        return
    with pytest.raises(Rejected) as rejected:
        policy.check()
    assert [(r.code, r.field) for r in rejected.value.refusals] == [(Code.INVALID, field) for field in fields]


policies = st.builds(
    Policy,
    min_confirmed=st.integers(0, 4),
    required=st.frozensets(st.sampled_from(Element)),
    needs_pain=st.booleans(),
    needs_intent=st.booleans(),
    start_within_months=st.none() | st.integers(1, MAX_MONTHS),
)
days = st.dates(date(2020, 1, 1), date(2040, 1, 1))
calls = st.builds(
    _answers,
    st.frozensets(st.sampled_from(Element)),
    otherwise=st.sampled_from([Status.NOT_ASKED, Status.NOT_CONFIRMED]),
    start_on=st.none() | days,
    pain=st.sampled_from(Answer),
    intent=st.sampled_from(Answer),
)


@given(calls, policies, days)
def test_lead_is_qualified_exactly_when_nothing_is_unmet(answers: Answers, policy: Policy, today: date) -> None:
    verdict = judge(answers, policy, today)
    assert verdict.sales_qualified is (verdict.unmet == ())


@given(calls, policies, days, st.sampled_from(Element))
def test_learning_more_never_costs_the_verdict(answers: Answers, policy: Policy, today: date, element: Element) -> None:
    before = judge(answers, policy, today)
    part = getattr(answers, element.value)
    after = judge(replace(answers, **{element.value: replace(part, status=Status.CONFIRMED)}), policy, today)
    assert after.sales_qualified or not before.sales_qualified


@given(calls, days, st.integers(0, 800))
def test_asking_for_nothing_qualifies_everybody(answers: Answers, today: date, later: int) -> None:
    assert judge(answers, LAX, today + timedelta(days=later)).sales_qualified
