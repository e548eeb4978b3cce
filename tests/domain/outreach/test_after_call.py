"""What follows from a call: next step, attempts, and the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Code, Refused, Rejected
from domain.leads import DisqualifyReason, NextStep, Stage, may_qualify
from domain.members import Role
from domain.outreach.calls import (
    CALLED_EARLY,
    QUICK,
    CallAction,
    CallResult,
    CallRules,
    Connection,
    LeadState,
    Outcome,
    Party,
    Plan,
    QuickResult,
    RefusalReason,
    after_call,
    attempts_after,
    counts,
    decides_next_step,
    fitting_call_actions,
    fitting_outcomes,
    suggested_step,
    undone,
)

AT = datetime(2026, 4, 1, 1, tzinfo=UTC)
LATER = AT + timedelta(days=1)
NEW = LeadState(Stage.NEW, None, None, None, 0, None)
WORKING = replace(NEW, stage=Stage.WORKING)
RULES = CallRules()
NO_ANSWER = QUICK[QuickResult.NO_ANSWER]
REACHED = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.INTERESTED)


def spoken(outcome: Outcome, **more: object) -> CallResult:
    return replace(CallResult(Connection.ANSWERED, Party.CONTACT, outcome), **more)


@pytest.mark.parametrize("quick", QuickResult)
def test_result_of_one_click_is_possible_and_says_nobody_was_reached(quick: QuickResult) -> None:
    QUICK[quick].check()
    assert not QUICK[quick].connected


def test_more_outcomes_are_never_offered_than_a_list_of_choices_holds() -> None:
    assert fitting_outcomes(Party.NONE) == ()
    for party in Party:
        assert len(fitting_outcomes(party)) <= 10


@pytest.mark.parametrize(
    ("result", "attempts"),
    [
        (NO_ANSWER, 4),
        (QUICK[QuickResult.ABSENT], 4),
        (CallResult(Connection.BUSY), 4),
        (REACHED, 0),
        (CallResult(Connection.INVALID_NUMBER), 8),
    ],
)
def test_attempts_count_dials_since_the_person_was_reached(result: CallResult, attempts: int) -> None:
    assert attempts_after(3, result, RULES) == attempts


@pytest.mark.parametrize(("before", "after"), [(3, 4), (6, 7), (7, 7), (8, 7), (20, 7)])
def test_dial_that_somebody_asked_for_is_always_left(before: int, after: int) -> None:
    asked = CallResult(Connection.ANSWERED, Party.GATEKEEPER, Outcome.CALLBACK, callback_at=LATER)
    assert attempts_after(before, asked, RULES) == after
    assert attempts_after(after, NO_ANSWER, RULES) == after + 1


def test_first_dial_puts_a_new_lead_to_work() -> None:
    assert after_call(NEW, NO_ANSWER, AT, RULES, None) == LeadState(Stage.WORKING, None, None, None, 1, AT)


@pytest.mark.parametrize("stage", [Stage.NEW, Stage.WORKING, Stage.NURTURING, Stage.DISQUALIFIED])
def test_promised_callback_puts_any_lead_of_ours_to_work_at_its_time(stage: Stage) -> None:
    before = replace(NEW, stage=stage, disqualify_reason=DisqualifyReason.TIMING)
    after = after_call(before, spoken(Outcome.CALLBACK, callback_at=LATER), AT, RULES, None)
    assert after == LeadState(Stage.WORKING, NextStep.CALL, LATER, None, 0, AT)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (spoken(Outcome.DO_NOT_CALL), DisqualifyReason.DO_NOT_CALL),
        (spoken(Outcome.DISQUALIFIED), DisqualifyReason.OUT_OF_SCOPE),
        (spoken(Outcome.DISQUALIFIED, disqualify_reason=DisqualifyReason.NO_NEED), DisqualifyReason.NO_NEED),
    ],
)
def test_outcome_that_ends_it_takes_the_lead_out(result: CallResult, reason: DisqualifyReason) -> None:
    before = replace(WORKING, next_step=NextStep.CALL, next_step_at=LATER)
    assert after_call(before, result, AT, RULES, None) == LeadState(Stage.DISQUALIFIED, None, None, reason, 0, AT)


def test_qualified_lead_keeps_its_verdict_and_its_handoff_over_a_dial() -> None:
    before = LeadState(Stage.SALES_QUALIFIED, NextStep.HAND_OFF, None, None, 0, None)
    after = after_call(before, NO_ANSWER, AT, RULES, None)
    assert (after.stage, after.next_step) == (Stage.SALES_QUALIFIED, NextStep.HAND_OFF)
    agreed = after_call(before, spoken(Outcome.MEETING_SET), AT, RULES, None)
    assert (agreed.stage, agreed.next_step) == (Stage.SALES_QUALIFIED, NextStep.HAND_OFF)


@pytest.mark.parametrize("stage", [stage for stage in Stage if not may_qualify(stage)])
def test_lead_with_field_sales_stays_there_whatever_comes_of_a_call(stage: Stage) -> None:
    before = LeadState(stage, NextStep.WAIT_FOR_FIELD_SALES, None, None, 0, None)
    for result in (NO_ANSWER, spoken(Outcome.DISQUALIFIED), spoken(Outcome.CALLBACK, callback_at=LATER)):
        after = after_call(before, result, AT, RULES, None)
        assert (after.stage, after.next_step, after.last_called_at) == (stage, NextStep.WAIT_FOR_FIELD_SALES, AT)


def test_dial_shortly_before_the_promised_time_keeps_the_promise_and_an_earlier_one_does_not() -> None:
    promised = replace(WORKING, next_step=NextStep.CALL, next_step_at=LATER)
    assert after_call(promised, NO_ANSWER, LATER - CALLED_EARLY, RULES, None).next_step is None
    early = after_call(promised, NO_ANSWER, LATER - CALLED_EARLY - timedelta(seconds=1), RULES, None)
    assert (early.next_step, early.next_step_at) == (NextStep.CALL, LATER)


def test_plan_beside_a_result_that_decides_by_itself_is_refused() -> None:
    for outcome in Outcome:
        if decides_next_step(outcome):
            assert suggested_step(outcome) is None
            with pytest.raises(Refused):
                after_call(WORKING, spoken(outcome, callback_at=LATER), AT, RULES, Plan(NextStep.NURTURE))


@pytest.mark.parametrize(
    ("plan", "faults"),
    [
        (Plan(NextStep.CALL), [(Code.REQUIRED, "at")]),
        (Plan(NextStep.CALL, AT - timedelta(seconds=1)), [(Code.DATE_IN_PAST, "at")]),
        (Plan(NextStep.DISQUALIFY), [(Code.REQUIRED, "reason")]),
        (Plan(NextStep.NURTURE, reason=DisqualifyReason.NO_NEED), [(Code.INVALID, "reason")]),
        (Plan(NextStep.HAND_OFF), [(Code.INVALID, "step")]),
    ],
)
def test_plan_that_is_incomplete_names_what_is_missing(plan: Plan, faults: list[tuple[Code, str]]) -> None:
    with pytest.raises(Rejected) as rejected:
        plan.check(AT)
    assert [(refusal.code, refusal.field) for refusal in rejected.value.refusals] == faults


@pytest.mark.parametrize(
    ("rules", "fields"),
    [
        (CallRules(), []),
        (CallRules(1, 0, 1), []),
        (CallRules(0, -1, 0), ["max_attempts", "min_gap_minutes", "daily_target"]),
        (CallRules(51, 10_081, 301), ["max_attempts", "min_gap_minutes", "daily_target"]),
    ],
)
def test_rules_out_of_bounds_are_named(rules: CallRules, fields: list[str]) -> None:
    named: list[str | None] = []
    try:
        rules.check()
    except Rejected as rejected:
        named = [refusal.field for refusal in rejected.refusals]
    assert named == fields


def test_call_adds_to_every_figure_it_belongs_to() -> None:
    meeting = counts(spoken(Outcome.MEETING_SET))
    assert (meeting.dials, meeting.answered, meeting.connected, meeting.effective, meeting.meetings_set) == (1,) * 5
    nobody = counts(NO_ANSWER)
    assert (nobody.dials, nobody.answered, nobody.connected, nobody.effective, nobody.meetings_set) == (1, 0, 0, 0, 0)
    colleague = counts(CallResult(Connection.ANSWERED, Party.OTHER_STAFF, Outcome.MEETING_SET))
    assert (colleague.answered, colleague.connected, colleague.meetings_set) == (1, 0, 1)


results = st.one_of(
    st.sampled_from([*QUICK.values(), CallResult(Connection.BUSY), CallResult(Connection.INVALID_NUMBER)]),
    st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.ABSENT]).map(
        lambda outcome: spoken(
            outcome,
            callback_at=LATER if outcome is Outcome.CALLBACK else None,
            reason=RefusalReason.NEED if outcome is Outcome.REFUSED else None,
        )
    ),
)
states = st.builds(
    LeadState,
    st.sampled_from(Stage),
    st.sampled_from([None, *NextStep]),
    st.sampled_from([None, AT, LATER]),
    st.sampled_from([None, *DisqualifyReason]),
    st.integers(0, 20),
    st.sampled_from([None, AT - timedelta(days=1)]),
)


@given(before=states, result=results)
def test_call_taken_back_leaves_the_lead_as_it_was(before: LeadState, result: CallResult) -> None:
    after = after_call(before, result, AT, RULES, None)
    assert undone(before, after, after) == before


@given(before=states, result=results, later=states)
def test_what_was_decided_since_stays_when_a_call_is_taken_back(
    before: LeadState, result: CallResult, later: LeadState
) -> None:
    after = after_call(before, result, AT, RULES, None)
    decided = (later.stage, later.next_step, later.next_step_at, later.disqualify_reason)
    restored = undone(before, after, later)
    if decided != (after.stage, after.next_step, after.next_step_at, after.disqualify_reason):
        assert (
            restored.stage,
            restored.next_step,
            restored.next_step_at,
            restored.disqualify_reason,
        ) == decided


def test_person_who_must_not_be_called_has_no_call_buttons_and_managers_the_way_back() -> None:
    rep = fitting_call_actions(Role.INSIDE_SALES, stopped=True, opted_out=True, has_email=True)
    assert rep == frozenset()
    manager = fitting_call_actions(Role.MANAGER, stopped=True, opted_out=True, has_email=True)
    assert manager == {CallAction.ALLOW_CALLING, CallAction.ALLOW_WRITING}
    assert fitting_call_actions(Role.MARKETING, stopped=False, opted_out=False, has_email=True) == frozenset()
    free = fitting_call_actions(Role.INSIDE_SALES, stopped=False, opted_out=False, has_email=False)
    assert free == {CallAction.LOG, CallAction.STOP_CALLING}
