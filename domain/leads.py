"""Stages of a lead and the steps that are left to do."""

from __future__ import annotations

from enum import StrEnum

from domain.errors import Code, Refused


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
