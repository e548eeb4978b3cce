"""The rows of an invented history, before they have ids: what stands in a list is known by its place there.

Moments are whole seconds since 1970 (UTC). People are numbers too: inside sales from 0, field sales after them, the
manager after those.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from domain.leads import DisqualifyReason, NextStep, Source, Stage
from domain.outreach.calls import Connection, Outcome, Party, RefusalReason
from domain.qualification.bant import Answers
from domain.qualification.handoff import HandoffStatus, Package, ReturnReason
from domain.qualification.verdict import Policy

POLICY = Policy()
"""The rules that the invented company judges by: the product's own."""


@dataclass(slots=True)
class DemoLead:
    """A lead as it stands in the end. `account` and `person` are numbers of bot/demo_names.py."""

    number: int
    account: int
    person: int
    owner: int
    source: Source
    created: int
    note: str = ""
    stage: Stage = Stage.NEW
    step: NextStep | None = None
    due: int | None = None
    out: DisqualifyReason | None = None
    attempts: int = 0
    called: int | None = None
    heard: bool = False
    """Whether anybody ever answered."""
    stopped: int | None = None
    """Since when nobody may call."""
    updated: int = 0
    version: int = 1


class DemoCall(NamedTuple):
    """A dial. `promised`: when to call again, where the outcome is a callback."""

    lead: int
    rep: int
    at: int
    connection: Connection
    party: Party
    outcome: Outcome | None
    reason: RefusalReason | None
    note: str
    promised: int | None


class Move(NamedTuple):
    """A lead from stage to stage. `person` None: it came in by itself."""

    lead: int
    person: int | None
    before: Stage | None
    after: Stage
    at: int
    reason: str


class Decided(NamedTuple):
    """A next step that was decided."""

    lead: int
    rep: int
    step: NextStep
    due: int | None
    reason: DisqualifyReason | None
    at: int
    note: str


class Reopened(NamedTuple):
    """A lead in nurturing that is worked again."""

    lead: int
    rep: int
    at: int


class Judgement(NamedTuple):
    """A judgement on a local day of the team."""

    lead: int
    rep: int
    at: int
    day: date
    answers: Answers
    sales_qualified: bool
    stage: Stage
    """Where the lead went."""


@dataclass(slots=True)
class DemoHandoff:
    """A handoff of a judgement (its place). `answer` is who answered it; `why` belongs to a return."""

    lead: int
    judgement: int
    rep: int
    to: int
    package: Package
    at: int
    due: int
    status: HandoffStatus = HandoffStatus.WAITING
    answered: int | None = None
    why: tuple[ReturnReason, str] | None = None


@dataclass(slots=True)
class DemoMeeting:
    """A meeting that follows a judgement (its place). `told`: when it was said that it was held or not."""

    lead: int
    judgement: int
    rep: int
    to: int
    starts: int
    ends: int
    booked: int
    status: str = "booked"
    told: int | None = None
    cancelled_by: str | None = None
    reason: str = ""
    changed: int = 0
    """When it was cancelled."""


class Submission(NamedTuple):
    """A form that was sent, and who answered when. `form` counts the demonstration's forms."""

    lead: int
    form: int
    received: int
    team_due: int
    manager_due: int
    rep: int
    claimed: int
    responded: int
    seconds: int
    """Business seconds until the response."""
    urgency: str


class Leave(NamedTuple):
    """Days of leave, both included."""

    rep: int
    first: date
    last: date


@dataclass(slots=True)
class Records:
    """Everything that happened, each list in the order of time."""

    leads: list[DemoLead] = field(default_factory=list)
    calls: list[DemoCall] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    reopened: list[Reopened] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)
    handoffs: list[DemoHandoff] = field(default_factory=list)
    meetings: list[DemoMeeting] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    leaves: list[Leave] = field(default_factory=list)
