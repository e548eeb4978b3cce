"""Stages and what fits in them."""

from __future__ import annotations

import pytest

from domain.errors import Code, Refused
from domain.leads import (
    LeadAction,
    NextStep,
    Stage,
    after_step,
    after_verdict,
    check_move,
    fitting_actions,
    may_qualify,
)
from domain.members import Role

MOVES = {
    Stage.NEW: {Stage.WORKING, Stage.NURTURING, Stage.SALES_QUALIFIED, Stage.DISQUALIFIED},
    Stage.WORKING: {Stage.NURTURING, Stage.SALES_QUALIFIED, Stage.DISQUALIFIED},
    Stage.NURTURING: {Stage.WORKING, Stage.SALES_QUALIFIED, Stage.DISQUALIFIED},
    Stage.SALES_QUALIFIED: {Stage.WORKING, Stage.NURTURING, Stage.HANDED_OFF, Stage.DISQUALIFIED},
    Stage.HANDED_OFF: {Stage.ACCEPTED, Stage.WORKING},
    Stage.ACCEPTED: {Stage.WORKING},
    Stage.DISQUALIFIED: {Stage.WORKING, Stage.NURTURING, Stage.SALES_QUALIFIED},
}


@pytest.mark.parametrize("target", Stage)
@pytest.mark.parametrize("current", Stage)
def test_lead_moves_only_where_the_funnel_leads(current: Stage, target: Stage) -> None:
    if target is current or target in MOVES[current]:
        check_move(current, target)
        return
    with pytest.raises(Refused) as refused:
        check_move(current, target)
    assert (refused.value.code, refused.value.detail) == (
        Code.WRONG_STAGE,
        {"current": current.value, "target": target.value},
    )


@pytest.mark.parametrize(
    ("stage", "qualified", "unqualified"),
    [
        (Stage.NEW, Stage.SALES_QUALIFIED, Stage.WORKING),
        (Stage.WORKING, Stage.SALES_QUALIFIED, Stage.WORKING),
        (Stage.NURTURING, Stage.SALES_QUALIFIED, Stage.NURTURING),
        (Stage.SALES_QUALIFIED, Stage.SALES_QUALIFIED, Stage.WORKING),
        (Stage.DISQUALIFIED, Stage.SALES_QUALIFIED, Stage.DISQUALIFIED),
    ],
)
def test_verdict_moves_the_lead(stage: Stage, qualified: Stage, unqualified: Stage) -> None:
    assert (after_verdict(stage, True), after_verdict(stage, False)) == (qualified, unqualified)
    check_move(stage, qualified)
    check_move(stage, unqualified)


@pytest.mark.parametrize("stage", [Stage.HANDED_OFF, Stage.ACCEPTED])
@pytest.mark.parametrize("sales_qualified", [True, False])
def test_lead_with_field_sales_is_not_judged(stage: Stage, sales_qualified: bool) -> None:
    assert not may_qualify(stage)
    with pytest.raises(Refused) as refused:
        after_verdict(stage, sales_qualified)
    assert refused.value.code is Code.WRONG_STAGE


@pytest.mark.parametrize(
    ("step", "targets"),
    [
        (
            NextStep.CALL,
            {
                Stage.NEW: Stage.WORKING,
                Stage.WORKING: Stage.WORKING,
                Stage.NURTURING: Stage.WORKING,
                Stage.SALES_QUALIFIED: Stage.SALES_QUALIFIED,
                Stage.DISQUALIFIED: Stage.WORKING,
            },
        ),
        (NextStep.NURTURE, dict.fromkeys(filter(may_qualify, Stage), Stage.NURTURING)),
        (NextStep.DISQUALIFY, dict.fromkeys(filter(may_qualify, Stage), Stage.DISQUALIFIED)),
        (NextStep.HAND_OFF, {}),
        (NextStep.WAIT_FOR_FIELD_SALES, {}),
    ],
)
def test_decided_step_moves_the_lead(step: NextStep, targets: dict[Stage, Stage]) -> None:
    for stage in Stage:
        if stage in targets:
            assert after_step(stage, step) is targets[stage]
            continue
        with pytest.raises(Refused) as refused:
            after_step(stage, step)
        assert refused.value.code is (Code.WRONG_STAGE if targets else Code.INVALID)


A = LeadAction
WORKABLE = [Stage.NEW, Stage.WORKING, Stage.NURTURING, Stage.SALES_QUALIFIED]


@pytest.mark.parametrize("stage", WORKABLE)
def test_inside_sales_works_its_own_lead(stage: Stage) -> None:
    expected = {A.QUALIFY, A.NEXT_STEP} | ({A.HAND_OFF, A.BOOK_MEETING} if stage is Stage.SALES_QUALIFIED else set())
    assert fitting_actions(stage, Role.INSIDE_SALES, owns=True, judged=True) == expected
    assert fitting_actions(stage, Role.INSIDE_SALES, owns=False, judged=True) == expected | {A.TAKE_OVER}


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
def test_manager_overrides_where_there_is_a_verdict(role: Role) -> None:
    for stage in Stage:
        assert (A.OVERRIDE in fitting_actions(stage, role, owns=False, judged=True)) is may_qualify(stage)
        assert A.OVERRIDE not in fitting_actions(stage, role, owns=False, judged=False)


@pytest.mark.parametrize(
    ("stage", "role", "expected"),
    [
        (Stage.HANDED_OFF, Role.FIELD_SALES, {A.ACCEPT, A.RETURN, A.BOOK_MEETING}),
        (Stage.HANDED_OFF, Role.MANAGER, {A.ACCEPT, A.RETURN, A.BOOK_MEETING}),
        (Stage.HANDED_OFF, Role.INSIDE_SALES, {A.BOOK_MEETING}),
        (Stage.HANDED_OFF, Role.MARKETING, set()),
        (Stage.ACCEPTED, Role.FIELD_SALES, {A.RETURN, A.BOOK_MEETING}),
        (Stage.ACCEPTED, Role.ADMIN, {A.RETURN, A.BOOK_MEETING}),
        (Stage.ACCEPTED, Role.INSIDE_SALES, {A.BOOK_MEETING}),
        (Stage.DISQUALIFIED, Role.INSIDE_SALES, {A.QUALIFY, A.REOPEN}),
        (Stage.DISQUALIFIED, Role.MARKETING, {A.REOPEN}),
        (Stage.SALES_QUALIFIED, Role.FIELD_SALES, {A.QUALIFY, A.NEXT_STEP, A.BOOK_MEETING}),
        (Stage.NEW, Role.MARKETING, {A.NEXT_STEP}),
        (Stage.NEW, Role.CUSTOMER_SUCCESS, {A.NEXT_STEP}),
    ],
)
def test_buttons_fit_stage_and_role(stage: Stage, role: Role, expected: set[LeadAction]) -> None:
    assert fitting_actions(stage, role, owns=True, judged=True) == expected
