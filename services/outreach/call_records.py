"""Between a call's rows and its values: what a lead is before and after a call, as its row, the audit log and the
roll-ups hold it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from domain.errors import Code, Refused
from domain.leads import DisqualifyReason, NextStep, Stage, may_qualify
from domain.outreach.calls import (
    CallResult,
    CallRules,
    Connection,
    LeadState,
    Outcome,
    Party,
    RefusalReason,
    counts,
    local,
)
from services.deps import Actor
from storage.calls import DAY_FIGURES, CallFound, DayKey, HourKey, LeadToCall


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call that was written down, and the lead as it is from now on.

    `since_last` is set when the last dial is not as long ago as the team wants it to be. `at_cap`: the lead has had all
    its attempts and is in no list any more. `repeated`: the same click had been written down before. `mark` goes with
    `call_id` when the call is taken back.
    """

    call_id: int
    mark: str
    lead_id: int
    contact: str
    account: str
    phone: str
    email: str
    owner_id: int
    result: CallResult
    state: LeadState
    rules: CallRules
    since_last: timedelta | None
    at_cap: bool
    repeated: bool


def state_of(lead: LeadToCall) -> LeadState:
    """What a call changes of a lead, as it stands."""
    return LeadState(
        Stage(lead.stage),
        NextStep(lead.next_step) if lead.next_step else None,
        lead.next_step_at,
        DisqualifyReason(lead.disqualify_reason) if lead.disqualify_reason else None,
        lead.attempts,
        lead.last_called_at,
    )


@dataclass(frozen=True, slots=True)
class SeenCall:
    """What somebody knew of a lead: when it was last called; None: never."""

    at: datetime | None

    def check(self, before: LeadState) -> None:
        """Raises `CalledMeanwhile` where the lead was called since."""
        last = before.last_called_at
        if last is not None and (self.at is None or last > self.at):
            raise CalledMeanwhile(last)


class CalledMeanwhile(Refused):
    """The lead was called `at` a moment that whoever asks did not know of; nothing was saved. Perhaps it was their own
    submission, whose answer was lost."""

    def __init__(self, at: datetime) -> None:
        super().__init__(Code.STALE)
        self.at = at


def decisions(state: LeadState) -> tuple[object, ...]:
    """The part of a lead that somebody decides; the rest only counts."""
    return (state.stage, state.next_step, state.next_step_at, state.disqualify_reason)


def to_json(state: LeadState) -> dict[str, Any]:
    """A lead's state as the audit log keeps it: moments in ISO 8601."""
    return {
        "stage": state.stage.value,
        "next_step": state.next_step.value if state.next_step else None,
        "next_step_at": state.next_step_at.isoformat() if state.next_step_at else None,
        "disqualify_reason": state.disqualify_reason.value if state.disqualify_reason else None,
        "attempts": state.attempts,
        "last_called_at": state.last_called_at.isoformat() if state.last_called_at else None,
    }


def from_json(stored: dict[str, Any]) -> LeadState:
    """A lead's state from the audit log."""

    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(stored[name]) if stored[name] else None

    return LeadState(
        Stage(stored["stage"]),
        NextStep(stored["next_step"]) if stored["next_step"] else None,
        moment("next_step_at"),
        DisqualifyReason(stored["disqualify_reason"]) if stored["disqualify_reason"] else None,
        int(stored["attempts"]),
        moment("last_called_at"),
    )


def result_of(call: CallFound) -> CallResult:
    """What was written down; without the time of a callback, which the call itself does not keep."""
    return CallResult(
        Connection(call.connection),
        Party(call.party),
        Outcome(call.outcome) if call.outcome else None,
        call.note,
        reason=RefusalReason(call.reason) if call.reason else None,
    )


def roll_ups(actor: Actor, source: str, segment: str, at: datetime) -> tuple[DayKey, HourKey]:
    """The day and the hour, in the team's zone, in which a call is counted."""
    there = local(at, actor.team_zone)
    return DayKey(there.date(), actor.member_id, source), HourKey(segment, there.weekday(), there.hour)


def figures(result: CallResult) -> dict[str, int]:
    """What a call adds to the figures of its day."""
    added = counts(result)
    return {name: getattr(added, name) for name in DAY_FIGURES}


def at_cap(state: LeadState, team: CallRules) -> bool:
    """Whether a lead has had all its attempts and waits for a decision."""
    return may_qualify(state.stage) and state.stage is not Stage.DISQUALIFIED and state.attempts >= team.max_attempts


def since_last(last: datetime | None, at: datetime, team: CallRules) -> timedelta | None:
    """How long ago the last dial is, where that is less than the team wants it to be; else None."""
    if last is None:
        return None
    since = at - last
    return since if timedelta() <= since < timedelta(minutes=team.min_gap_minutes) else None


def mark_of(key: str | None) -> str:
    """What tells a call from a later one that was given its number."""
    return sha256((key or "").encode()).hexdigest()[:8]


def recorded(
    call_id: int,
    key: str,
    lead: LeadToCall,
    result: CallResult,
    state: LeadState,
    team: CallRules,
    *,
    since_last: timedelta | None,
    repeated: bool,
) -> Recorded:
    """The answer to a call that was written down."""
    return Recorded(
        call_id=call_id,
        mark=mark_of(key),
        lead_id=lead.id,
        contact=lead.contact,
        account=lead.account,
        phone=lead.phone,
        email=lead.email,
        owner_id=lead.owner_id,
        result=result,
        state=state,
        rules=team,
        since_last=since_last,
        at_cap=at_cap(state, team),
        repeated=repeated,
    )
