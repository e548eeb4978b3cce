"""Stages of a lead and the steps that are left to do."""

from __future__ import annotations

from enum import StrEnum

from domain.errors import Code, Refused
from domain.members import Permission, Role, may


class Stage(StrEnum):
    """Where a lead stands between its first touch and field sales."""

    NEW = "new"
    WORKING = "working"
    NURTURING = "nurturing"
    SALES_QUALIFIED = "sales_qualified"
    HANDED_OFF = "handed_off"
    ACCEPTED = "accepted"
    DISQUALIFIED = "disqualified"


OPEN_STAGES = (Stage.NEW, Stage.WORKING, Stage.NURTURING, Stage.SALES_QUALIFIED, Stage.HANDED_OFF)
"""Stages in which inside sales still has something to do or to wait for, in the order of the funnel."""

_NEXT: dict[Stage, frozenset[Stage]] = {
    Stage.NEW: frozenset({Stage.WORKING, Stage.NURTURING, Stage.SALES_QUALIFIED, Stage.DISQUALIFIED}),
    Stage.WORKING: frozenset({Stage.NURTURING, Stage.SALES_QUALIFIED, Stage.DISQUALIFIED}),
    Stage.NURTURING: frozenset({Stage.WORKING, Stage.SALES_QUALIFIED, Stage.DISQUALIFIED}),
    Stage.SALES_QUALIFIED: frozenset({Stage.WORKING, Stage.NURTURING, Stage.HANDED_OFF, Stage.DISQUALIFIED}),
    Stage.HANDED_OFF: frozenset({Stage.ACCEPTED, Stage.WORKING}),
    # A returned handoff goes back to WORKING; an accepted one may be returned later, when the meeting showed otherwise.
    Stage.ACCEPTED: frozenset({Stage.WORKING}),
    Stage.DISQUALIFIED: frozenset({Stage.WORKING, Stage.NURTURING, Stage.SALES_QUALIFIED}),
}


def check_move(current: Stage, target: Stage) -> None:
    """Raise `Refused(WRONG_STAGE)` unless a lead may go from `current` to `target` (staying is always allowed)."""
    if target is not current and target not in _NEXT[current]:
        raise Refused(Code.WRONG_STAGE, current=current.value, target=target.value)


def may_qualify(stage: Stage) -> bool:
    """Whether a lead in this stage can still be judged: not while field sales has it."""
    return stage not in (Stage.HANDED_OFF, Stage.ACCEPTED)


class NextStep(StrEnum):
    """What happens next with a lead that was not handed off."""

    CALL = "call"
    NURTURE = "nurture"
    DISQUALIFY = "disqualify"
    HAND_OFF = "hand_off"
    WAIT_FOR_FIELD_SALES = "wait_for_field_sales"


def after_verdict(stage: Stage, sales_qualified: bool) -> Stage:
    """The stage a lead goes to when it was judged in `stage`.

    A lead that was judged is no longer new. One that lost its verdict is worked again; one that waits in nurturing or
    is out stays there, because leaving is a decision of its own.

    Raises `Refused(WRONG_STAGE)` while field sales has it.
    """
    if not may_qualify(stage):
        raise Refused(Code.WRONG_STAGE, current=stage.value, target=Stage.SALES_QUALIFIED.value)
    if sales_qualified:
        return Stage.SALES_QUALIFIED
    return Stage.WORKING if stage in (Stage.NEW, Stage.SALES_QUALIFIED) else stage


def after_step(stage: Stage, step: NextStep) -> Stage:
    """The stage a lead goes to when `step` (CALL, NURTURE or DISQUALIFY) was decided in `stage`.

    Raises `Refused(INVALID, "step")` for a step nobody chooses, `Refused(WRONG_STAGE)` while field sales has the lead.
    """
    targets = {
        # A qualified lead may be called once more before it is handed off; it does not lose its verdict by that.
        NextStep.CALL: Stage.SALES_QUALIFIED if stage is Stage.SALES_QUALIFIED else Stage.WORKING,
        NextStep.NURTURE: Stage.NURTURING,
        NextStep.DISQUALIFY: Stage.DISQUALIFIED,
    }
    if step not in targets:
        raise Refused(Code.INVALID, "step")
    if not may_qualify(stage):
        raise Refused(Code.WRONG_STAGE, current=stage.value, target=targets[step].value)
    check_move(stage, targets[step])
    return targets[step]


class LeadAction(StrEnum):
    """What a person can do with a lead: the buttons of its card."""

    QUALIFY = "qualify"
    HAND_OFF = "hand_off"
    NEXT_STEP = "next_step"
    OVERRIDE = "override"
    ACCEPT = "accept"
    RETURN = "return"
    TAKE_OVER = "take_over"
    REOPEN = "reopen"
    BOOK_MEETING = "book_meeting"


def fitting_actions(stage: Stage, role: Role, *, owns: bool, judged: bool) -> frozenset[LeadAction]:
    """The actions that fit a lead in `stage` for a member of `role`.

    `owns`: the lead is this member's own. `judged`: there is a verdict that could be overridden.
    """
    found = set()
    if may_qualify(stage):
        if may(role, Permission.QUALIFY):
            found.add(LeadAction.QUALIFY)
        if may(role, Permission.EDIT_LEADS):
            found.add(LeadAction.REOPEN if stage is Stage.DISQUALIFIED else LeadAction.NEXT_STEP)
        if judged and may(role, Permission.OVERRIDE_VERDICT):
            found.add(LeadAction.OVERRIDE)
        if not owns and may(role, Permission.HAND_OFF):
            found.add(LeadAction.TAKE_OVER)
    if stage is Stage.SALES_QUALIFIED and may(role, Permission.HAND_OFF):
        found.add(LeadAction.HAND_OFF)
    judged_good = stage in (Stage.SALES_QUALIFIED, Stage.HANDED_OFF, Stage.ACCEPTED)
    if judged_good and may(role, Permission.BOOK_MEETINGS):
        found.add(LeadAction.BOOK_MEETING)
    if may(role, Permission.TAKE_HANDOFF):
        if stage is Stage.HANDED_OFF:
            found |= {LeadAction.ACCEPT, LeadAction.RETURN}
        elif stage is Stage.ACCEPTED:
            found.add(LeadAction.RETURN)
    return frozenset(found)


class DisqualifyReason(StrEnum):
    """Why a lead is out: the reasons of the glossary's `refused`, and those of a record that was never a lead."""

    NO_BUDGET = "no_budget"
    NO_NEED = "no_need"
    NOT_DECISION_MAKER = "not_decision_maker"
    TIMING = "timing"
    COMPETITOR = "competitor"
    OUT_OF_SCOPE = "out_of_scope"
    DO_NOT_CALL = "do_not_call"


class BuyingRole(StrEnum):
    """What a contact has to say in the purchase (work item 3-2)."""

    DECISION_MAKER = "decision_maker"
    INFLUENCER = "influencer"
    USER = "user"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Where a lead came from."""

    INBOUND_FORM = "inbound_form"
    TRADE_SHOW = "trade_show"
    WEBINAR = "webinar"
    WHITE_PAPER = "white_paper"
    REFERRAL = "referral"
    OUTBOUND_LIST = "outbound_list"
    OTHER = "other"
