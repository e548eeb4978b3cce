"""The result of a call on three axes: who picked up, who spoke, what came of it (glossary).

And what follows from it: the next step, the attempts that the team's cap counts, the roll-ups a call adds to.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.errors import Code, Refused, Rejected
from domain.leads import DisqualifyReason, NextStep, Stage, after_step, may_qualify
from domain.members import Permission, Role, may


class Connection(StrEnum):
    """What the line did."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    INVALID_NUMBER = "invalid_number"


class Party(StrEnum):
    """Who spoke."""

    NONE = "none"
    GATEKEEPER = "gatekeeper"
    OTHER_STAFF = "other_staff"
    CONTACT = "contact"
    DECISION_MAKER = "decision_maker"


class Outcome(StrEnum):
    """What came of it."""

    MEETING_SET = "meeting_set"
    INTERESTED = "interested"
    SEND_MATERIAL = "send_material"
    CALLBACK = "callback"
    ABSENT = "absent"
    GATEKEEPER_REFUSED = "gatekeeper_refused"
    REFUSED = "refused"
    DO_NOT_CALL = "do_not_call"
    REFERRED = "referred"
    DISQUALIFIED = "disqualified"


class RefusalReason(StrEnum):
    """Why the intended person refused."""

    BUDGET = "budget"
    NEED = "need"
    NOT_DECISION_MAKER = "not_decision_maker"
    TIMING = "timing"
    COMPETITOR = "competitor"


INTENDED = frozenset({Party.CONTACT, Party.DECISION_MAKER})
"""The parties whom a call is meant for: an answered call with one of them is connected."""

EFFECTIVE = frozenset(
    {
        Outcome.MEETING_SET,
        Outcome.INTERESTED,
        Outcome.SEND_MATERIAL,
        Outcome.REFUSED,
        Outcome.REFERRED,
        Outcome.DISQUALIFIED,
    }
)
"""Outcomes in which the subject was discussed: with the intended person, an effective conversation (glossary)."""

_NOT_INTENDED = frozenset({Party.GATEKEEPER, Party.OTHER_STAFF})

# Outcomes that only some parties can give; every other one may come from anybody who spoke.
_ONLY_FROM: dict[Outcome, frozenset[Party]] = {
    # A secretary or a colleague may agree a date; a switchboard does not.
    Outcome.MEETING_SET: INTENDED | {Party.OTHER_STAFF},
    Outcome.INTERESTED: INTENDED,
    Outcome.REFUSED: INTENDED,
    Outcome.ABSENT: _NOT_INTENDED,
    Outcome.GATEKEEPER_REFUSED: _NOT_INTENDED,
}


@dataclass(frozen=True, slots=True)
class CallResult:
    """One dial's result.

    `callback_at` (aware) belongs to the outcome CALLBACK, `reason` to REFUSED: each is required there and refused
    elsewhere. `disqualify_reason` belongs to DISQUALIFIED, and is OUT_OF_SCOPE where nothing else is said.
    """

    connection: Connection
    party: Party = Party.NONE
    outcome: Outcome | None = None
    note: str = ""
    callback_at: datetime | None = None
    reason: RefusalReason | None = None
    disqualify_reason: DisqualifyReason = DisqualifyReason.OUT_OF_SCOPE

    @property
    def connected(self) -> bool:
        """Answered, and the intended person spoke."""
        return self.connection is Connection.ANSWERED and self.party in INTENDED

    @property
    def effective(self) -> bool:
        """Connected, and the subject was discussed."""
        return self.connected and self.outcome in EFFECTIVE

    def check(self) -> None:
        """Raise `Rejected` with every field that contradicts another.

        Nobody speaks and nothing comes of a call that was not answered; whoever answers is somebody, and something
        came of it.
        """
        refusals = []
        if self.connection is not Connection.ANSWERED:
            if self.party is not Party.NONE:
                refusals.append(Refused(Code.INVALID, "party"))
            if self.outcome is not None:
                refusals.append(Refused(Code.INVALID, "outcome"))
        else:
            if self.party is Party.NONE:
                refusals.append(Refused(Code.REQUIRED, "party"))
            if self.outcome is None:
                refusals.append(Refused(Code.REQUIRED, "outcome"))
            elif self.party is not Party.NONE and self.party not in _ONLY_FROM.get(self.outcome, frozenset(Party)):
                refusals.append(Refused(Code.INVALID, "outcome"))
        refusals += _belongs(self.outcome is Outcome.CALLBACK, self.callback_at, "callback_at")
        refusals += _belongs(self.outcome is Outcome.REFUSED, self.reason, "reason")
        if refusals:
            raise Rejected(*refusals)


def _belongs(needed: bool, value: object | None, field: str) -> list[Refused]:
    if needed and value is None:
        return [Refused(Code.REQUIRED, field)]
    if not needed and value is not None:
        return [Refused(Code.INVALID, field)]
    return []


def fitting_outcomes(party: Party) -> tuple[Outcome, ...]:
    """What may have come of a call in which this party spoke, in the order of the glossary; () for nobody."""
    if party is Party.NONE:
        return ()
    return tuple(outcome for outcome in Outcome if party in _ONLY_FROM.get(outcome, frozenset(Party)))


class QuickResult(StrEnum):
    """The commonest results, each of them one click."""

    NO_ANSWER = "no_answer"
    VOICEMAIL = "voicemail"
    ABSENT = "absent"


QUICK: dict[QuickResult, CallResult] = {
    QuickResult.NO_ANSWER: CallResult(Connection.NO_ANSWER),
    QuickResult.VOICEMAIL: CallResult(Connection.VOICEMAIL),
    # Somebody has to say that the contact is away: nearly always whoever answers first.
    QuickResult.ABSENT: CallResult(Connection.ANSWERED, Party.GATEKEEPER, Outcome.ABSENT),
}


# What follows from a call ---------------------------------------------------------------------------------------

UNDO_WITHIN = timedelta(seconds=60)
"""How long a call that was just written down can be taken back."""

CALLED_EARLY = timedelta(minutes=15)
"""A dial this long before a promised time keeps the promise; an earlier one leaves it standing."""

_DECIDING = frozenset({Outcome.MEETING_SET, Outcome.CALLBACK, Outcome.DO_NOT_CALL, Outcome.DISQUALIFIED})
_SUGGESTED = {
    Outcome.INTERESTED: NextStep.CALL,
    Outcome.SEND_MATERIAL: NextStep.CALL,
    Outcome.REFUSED: NextStep.NURTURE,
}

DISQUALIFY_FOR: dict[RefusalReason, DisqualifyReason] = {
    RefusalReason.BUDGET: DisqualifyReason.NO_BUDGET,
    RefusalReason.NEED: DisqualifyReason.NO_NEED,
    RefusalReason.NOT_DECISION_MAKER: DisqualifyReason.NOT_DECISION_MAKER,
    RefusalReason.TIMING: DisqualifyReason.TIMING,
    RefusalReason.COMPETITOR: DisqualifyReason.COMPETITOR,
}
"""Why a lead is out whose person refused for a reason."""


def decides_next_step(outcome: Outcome | None) -> bool:
    """Whether the outcome leaves nothing to choose: what happens next follows from it."""
    return outcome in _DECIDING


def suggested_step(outcome: Outcome | None) -> NextStep | None:
    """The step that usually follows an outcome that decides none; None: the lead stays in the call list."""
    return _SUGGESTED.get(outcome) if outcome else None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the caller decided beside the result: CALL at a time, NURTURE perhaps until a time, DISQUALIFY with a
    reason. `at` is aware."""

    step: NextStep
    at: datetime | None = None
    reason: DisqualifyReason | None = None

    def check(self, called_at: datetime) -> None:
        """Raise `Rejected` naming `step`, `at` or `reason`, whichever is missing, impossible or past."""
        refusals = []
        if self.step not in (NextStep.CALL, NextStep.NURTURE, NextStep.DISQUALIFY):
            refusals.append(Refused(Code.INVALID, "step"))
        if self.step is NextStep.CALL and self.at is None:
            refusals.append(Refused(Code.REQUIRED, "at"))
        if self.at is not None and self.at < called_at:
            refusals.append(Refused(Code.DATE_IN_PAST, "at"))
        refusals += _belongs(self.step is NextStep.DISQUALIFY, self.reason, "reason")
        if refusals:
            raise Rejected(*refusals)


@dataclass(frozen=True, slots=True)
class LeadState:
    """What a call changes of a lead."""

    stage: Stage
    next_step: NextStep | None
    next_step_at: datetime | None
    disqualify_reason: DisqualifyReason | None
    attempts: int
    last_called_at: datetime | None


@dataclass(frozen=True, slots=True)
class CallRules:
    """How a team calls.

    `max_attempts`: dials without reaching the intended person after which a lead leaves the lists. `min_gap_minutes`:
    what should lie between two dials of one lead. `daily_target`: dials of a rep in a day; 34 is the average of the
    2025 Japanese white paper on inside sales (glossary, capacity).
    """

    max_attempts: int = 8
    min_gap_minutes: int = 120
    daily_target: int = 34

    def check(self) -> None:
        """Raise `Rejected` naming every rule that is out of bounds."""
        refusals = [
            Refused(Code.INVALID, rule.name, least=BOUNDS[rule.name][0], most=BOUNDS[rule.name][1])
            for rule in fields(self)
            if not BOUNDS[rule.name][0] <= getattr(self, rule.name) <= BOUNDS[rule.name][1]
        ]
        if refusals:
            raise Rejected(*refusals)


CALL_RULES = "calls"
"""The kind under which a team's call rules are kept."""
BOUNDS: dict[str, tuple[int, int]] = {
    "max_attempts": (1, 50),
    "min_gap_minutes": (0, 7 * 24 * 60),
    "daily_target": (1, 300),
}
"""The least and the most of each rule."""


def attempts_after(attempts: int, result: CallResult, rules: CallRules) -> int:
    """How many dials the cap counts after a call: none once the intended person was reached.

    A number that does not exist uses all of them up: nobody is reached by dialling it again. Where we were asked to
    call again at a time, the dial at that time is always left, whoever asked.
    """
    if result.connected:
        return 0
    if result.outcome is Outcome.CALLBACK:
        return min(attempts + 1, rules.max_attempts - 1)
    if result.connection is Connection.INVALID_NUMBER:
        return max(attempts + 1, rules.max_attempts)
    return attempts + 1


def after_call(lead: LeadState, result: CallResult, at: datetime, rules: CallRules, plan: Plan | None) -> LeadState:
    """The lead after a call made at `at` (aware) that is its newest.

    While field sales has the lead, its stage and next step stay: only what counts dials moves. A promise that this
    dial kept is done with. Raises `Refused(INVALID, "step")` for a plan beside an outcome that decides by itself.
    """
    if plan is not None and decides_next_step(result.outcome):
        raise Refused(Code.INVALID, "step")
    attempts = attempts_after(lead.attempts, result, rules)
    if not may_qualify(lead.stage):
        return _with(lead, attempts=attempts, last_called_at=at)
    stage: Stage = Stage.WORKING if lead.stage is Stage.NEW else lead.stage
    step, due, reason = lead.next_step, lead.next_step_at, lead.disqualify_reason
    decided = _decided(result) or plan
    if decided is not None:
        stage = after_step(stage, decided.step)
        # A lead that is out has no next step; why it is out stands beside.
        out = decided.step is NextStep.DISQUALIFY
        step, due, reason = (None if out else decided.step), (None if out else decided.at), decided.reason
    elif result.outcome is Outcome.MEETING_SET:
        # What follows is the meeting, which is booked with a button of its own.
        stage = after_step(stage, NextStep.CALL)
        step, due, reason = (step if step is NextStep.HAND_OFF else None), None, None
    elif step is NextStep.CALL and due is not None and at >= due - CALLED_EARLY:
        step, due = None, None
    return LeadState(stage, step, due, reason, attempts, at)


def _decided(result: CallResult) -> Plan | None:
    if result.outcome is Outcome.CALLBACK:
        return Plan(NextStep.CALL, result.callback_at)
    if result.outcome is Outcome.DO_NOT_CALL:
        return Plan(NextStep.DISQUALIFY, reason=DisqualifyReason.DO_NOT_CALL)
    if result.outcome is Outcome.DISQUALIFIED:
        return Plan(NextStep.DISQUALIFY, reason=result.disqualify_reason)
    return None


def _with(lead: LeadState, *, attempts: int, last_called_at: datetime) -> LeadState:
    return LeadState(lead.stage, lead.next_step, lead.next_step_at, lead.disqualify_reason, attempts, last_called_at)


def undone(before: LeadState, after: LeadState, now: LeadState) -> LeadState:
    """The lead when the call that made `before` into `after` is taken back.

    Each field goes back unless somebody has changed it since: what was decided later stays.
    """
    # Stage, step and reason say one thing together, so they go back together or not at all.
    together = ("stage", "next_step", "next_step_at", "disqualify_reason")
    unchanged = all(getattr(now, field) == getattr(after, field) for field in together)
    decided = before if unchanged else now
    return LeadState(
        decided.stage,
        decided.next_step,
        decided.next_step_at,
        decided.disqualify_reason,
        attempts=before.attempts if now.attempts == after.attempts else now.attempts,
        last_called_at=before.last_called_at if now.last_called_at == after.last_called_at else now.last_called_at,
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """What one call adds to the roll-ups."""

    dials: int
    answered: int
    connected: int
    effective: int
    meetings_set: int


def counts(result: CallResult) -> Counts:
    """What a call adds to the roll-ups."""
    return Counts(
        dials=1,
        answered=int(result.connection is Connection.ANSWERED),
        connected=int(result.connected),
        effective=int(result.effective),
        meetings_set=int(result.outcome is Outcome.MEETING_SET),
    )


class Period(NamedTuple):
    """A stretch of time, `end` excluded, in which a zone keeps one distance from UTC."""

    start: datetime
    end: datetime
    offset: timedelta


def offset_periods(zone: ZoneInfo, first: datetime, last: datetime) -> list[Period]:
    """The stretches from `first` to `last` (aware, both included) in which the zone keeps one distance from UTC.

    A database that knows no zones can then tell local days and hours too.
    """
    periods: list[Period] = []
    start, end = first, last + timedelta(microseconds=1)
    while start < end:
        offset = _offset(zone, start)
        # No zone changes its clocks twice within a week.
        ahead = start
        while ahead < end and _offset(zone, ahead) == offset:
            ahead += timedelta(days=7)
        change = end
        if _offset(zone, ahead) != offset:
            low, high = max(start, ahead - timedelta(days=7)), ahead
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(zone, middle) == offset else (low, middle)
            # Clocks change at whole seconds.
            change = min(end, high.replace(microsecond=0))
        periods.append(Period(start, change, offset))
        start = change
    return periods


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def local(at: datetime, zone: str) -> datetime:
    """The moment (aware) in the team's zone, by which roll-ups know day, weekday and hour."""
    return at.astimezone(ZoneInfo(zone))


class CallAction(StrEnum):
    """What a person can do about calling and writing to somebody: buttons of a card."""

    LOG = "log"
    STOP_CALLING = "stop_calling"
    STOP_WRITING = "stop_writing"
    ALLOW_CALLING = "allow_calling"
    ALLOW_WRITING = "allow_writing"


def fitting_call_actions(role: Role, *, stopped: bool, opted_out: bool, has_email: bool) -> frozenset[CallAction]:
    """The actions that fit for a member of `role`. `stopped`: nobody may call; `opted_out`: nobody may write."""
    found = set()
    if may(role, Permission.LOG_CALLS):
        if not stopped:
            found |= {CallAction.LOG, CallAction.STOP_CALLING}
        if has_email and not opted_out:
            found.add(CallAction.STOP_WRITING)
    if may(role, Permission.EDIT_TEAM):
        if stopped:
            found.add(CallAction.ALLOW_CALLING)
        if opted_out:
            found.add(CallAction.ALLOW_WRITING)
    return frozenset(found)
