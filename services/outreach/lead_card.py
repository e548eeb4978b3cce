"""One lead with everything around it: the company, its people, what happened and what fits next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused
from domain.leads import DisqualifyReason, LeadAction, NextStep, Stage, fitting_actions
from domain.members import Permission, require
from domain.outreach.brief import Asked, Question, Returned, Said, Spoken, Unconfirmed, open_questions
from domain.outreach.calls import CallAction, Connection, Outcome, Party, RefusalReason, fitting_call_actions
from domain.qualification.bant import Element
from domain.qualification.handoff import HandoffStatus
from domain.qualification.meetings import MeetingStatus
from services.deps import Actor, Deps
from services.outreach.records import ContactFacts, LeadLine, contact_facts, lead_line
from services.qualification.records import (
    HandoffLine,
    QualificationView,
    Return,
    handoff_line,
    qualification_view,
    return_of,
)
from services.targeting.records import AccountFacts, account_facts
from storage import handoffs as handoff_queries
from storage import leads as queries
from storage import meetings as meeting_queries
from storage import qualification as qualification_queries
from storage import recordings as recording_queries
from storage import suppressions as suppression_queries
from storage import touches as touch_queries
from storage.suppressions import MAIL, PHONE

MAX_PEOPLE = 20
MAX_HISTORY = 30
TOUCHES = 3
"""So many of the latest touches a brief names."""
NEXT_STEP_SET = "lead.next_step"
"""The audit log's name for a decided next step, from which the history shows it."""


@dataclass(frozen=True, slots=True)
class CallEntry:
    """A call."""

    at: datetime
    by: str
    connection: Connection
    party: Party
    outcome: Outcome | None
    reason: RefusalReason | None
    note: str


@dataclass(frozen=True, slots=True)
class StageEntry:
    """A move between stages. `from_stage` None: the lead was added; `by` None: nobody's doing."""

    at: datetime
    by: str | None
    from_stage: Stage | None
    to_stage: Stage
    reason: str


@dataclass(frozen=True, slots=True)
class NextStepEntry:
    """A decided next step."""

    at: datetime
    by: str | None
    step: NextStep
    due: datetime | None
    reason: DisqualifyReason | None
    note: str


@dataclass(frozen=True, slots=True)
class QualificationEntry:
    """A judgement, as the rules judged it. `overridden`: a manager turned it round since."""

    at: datetime
    by: str
    qualification_id: int
    sales_qualified: bool
    overridden: bool
    policy_version: int


@dataclass(frozen=True, slots=True)
class OverrideEntry:
    """A verdict put aside; `sales_qualified` is what has been in force since."""

    at: datetime
    by: str
    sales_qualified: bool
    reason: str


@dataclass(frozen=True, slots=True)
class HandoffEntry:
    """A handoff that was sent."""

    at: datetime
    by: str
    to: str
    handoff_id: int
    status: HandoffStatus


@dataclass(frozen=True, slots=True)
class ReturnEntry:
    """A return by field sales."""

    at: datetime
    by: str
    returned: Return


@dataclass(frozen=True, slots=True)
class MeetingEntry:
    """A meeting that was set, as it stands now. `by` None: the customer chose its time."""

    at: datetime
    by: str | None
    rep: str
    starts_at: datetime
    status: MeetingStatus


@dataclass(frozen=True, slots=True)
class MailEntry:
    """A letter that went out to the person. `by` "": the team's own."""

    at: datetime
    by: str
    subject: str


@dataclass(frozen=True, slots=True)
class FormEntry:
    """A form that the person sent."""

    at: datetime
    by: None
    form: str
    message: str


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """The record of a conversation, made from a recording or a transcript. `permalink`: where its card stands, ""
    where nobody knows."""

    at: datetime
    by: str
    recording_id: int
    held_on: date
    filename: str
    permalink: str


HistoryEntry = (
    CallEntry
    | StageEntry
    | NextStepEntry
    | QualificationEntry
    | OverrideEntry
    | HandoffEntry
    | ReturnEntry
    | MeetingEntry
    | MailEntry
    | FormEntry
    | RecordEntry
)
TOUCHING = (CallEntry, MailEntry, FormEntry, MeetingEntry, ReturnEntry)
"""What somebody said to somebody; the rest is what we wrote down for ourselves."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Nobody may call or write to the person: since when, by whom (None: the person's own wish) and why."""

    at: datetime
    by: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class LeadCard:
    """Everything about a lead. `actions` are the buttons that fit for the one who looks.

    `qualification` is the newest; `handoffs` newest first; `open_handoff_id` the one that waits for an answer, or was
    accepted and may still come back.
    """

    lead: LeadLine
    note: str
    account: AccountFacts
    contact: ContactFacts
    people: tuple[ContactFacts, ...]
    """The others at the company."""
    qualification: QualificationView | None
    handoffs: tuple[HandoffLine, ...]
    open_handoff_id: int | None
    history: tuple[HistoryEntry, ...]
    actions: frozenset[LeadAction]
    do_not_call: Stop | None
    opted_out: Stop | None
    attempts: int
    """Dials since the intended person was last reached."""
    call_actions: frozenset[CallAction]
    touches: tuple[HistoryEntry, ...] = ()
    """The latest of what was said between us and the person, newest first."""
    questions: tuple[Question, ...] = ()
    """What is to be found out or answered in the next call, the most pressing first."""


async def card(deps: Deps, actor: Actor, lead_id: int) -> LeadCard:
    """A lead's card, its history newest first. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.READ)
    now = deps.now()
    async with deps.reading(actor.team_id) as session:
        row = await queries.line(session, lead_id)
        if row is None:
            raise Refused(Code.NOT_FOUND)
        account = await queries.account(session, row.account_id)
        contact = await queries.contact(session, row.contact_id)
        people = await queries.people(session, row.account_id, MAX_PEOPLE)
        note = await queries.note(session, lead_id)
        judged = await qualification_queries.qualifications(session, lead_id, MAX_HISTORY)
        handed = await handoff_queries.handoffs(session, lead_id, MAX_HISTORY)
        rest = await _history(session, lead_id, row.contact_id)
        marks = await suppression_queries.marks(session, lead_id)
        stops = await suppression_queries.stops(session, row.contact_id, marks.phone, marks.email_key)
    if account is None or contact is None:
        raise Refused(Code.NOT_FOUND)
    views = [qualification_view(q) for q in judged]
    lead = lead_line(row)
    handoffs = tuple(handoff_line(h, now) for h in handed)
    history: list[HistoryEntry] = [
        *(ReturnEntry(r.at, r.by, r) for r in rest.returns),
        *(HandoffEntry(h.created_at, h.from_name, h.to_name, h.handoff_id, h.status) for h in handoffs),
        *(
            OverrideEntry(v.override.at, v.override.by, v.sales_qualified, v.override.reason)
            for v in views
            if v.override is not None
        ),
        *(
            QualificationEntry(
                v.created_at,
                v.by,
                v.qualification_id,
                v.verdict.sales_qualified,
                v.override is not None,
                v.policy_version,
            )
            for v in views
        ),
        *rest.entries,
    ]
    # The sort keeps the order above among things of one moment: what was decided before the move that came of it.
    history.sort(key=lambda entry: entry.at, reverse=True)
    do_not_call = _stop(marks.do_not_call_at, stops.get(PHONE))
    opted_out = _stop(marks.opted_out_at, stops.get(MAIL))
    touches = tuple(entry for entry in history if isinstance(entry, TOUCHING))
    ongoing = handoffs[0] if handoffs and lead.stage in (Stage.HANDED_OFF, Stage.ACCEPTED) else None
    return LeadCard(
        lead=lead,
        note=note,
        account=account_facts(account),
        contact=contact_facts(contact),
        people=tuple(contact_facts(person) for person in people if person.id != row.contact_id),
        qualification=views[0] if views else None,
        handoffs=handoffs,
        open_handoff_id=ongoing.handoff_id if ongoing else None,
        history=tuple(history[:MAX_HISTORY]),
        actions=fitting_actions(lead.stage, actor.role, owns=lead.owner_id == actor.member_id, judged=bool(views)),
        do_not_call=do_not_call,
        opted_out=opted_out,
        attempts=marks.attempts,
        call_actions=fitting_call_actions(
            actor.role,
            stopped=do_not_call is not None,
            opted_out=opted_out is not None,
            has_email=bool(contact.email),
        ),
        touches=touches[:TOUCHES],
        questions=_questions(history, views[0] if views else None),
    )


def _questions(history: Sequence[HistoryEntry], judged: QualificationView | None) -> tuple[Question, ...]:
    calls = [
        Spoken(Said(entry.at, entry.by, entry.outcome, entry.reason, entry.note), entry.party)
        for entry in history
        if isinstance(entry, CallEntry)
    ]
    returns = [
        Returned(entry.at, entry.by, entry.returned.reason, entry.returned.comment)
        for entry in history
        if isinstance(entry, ReturnEntry)
    ]
    forms = [Asked(entry.at, entry.form, entry.message) for entry in history if isinstance(entry, FormEntry)]
    left = None
    if judged is not None:
        elements = tuple(element for element in Element if element not in judged.answers.confirmed)
        left = Unconfirmed(judged.created_at, judged.by, elements)
    return open_questions(calls, returns, forms, left)


def _stop(since: datetime | None, stop: suppression_queries.Stop | None) -> Stop | None:
    # The mark on the person counts; who set it and why stands with the number.
    if since is None:
        return None
    return Stop(since, stop.member if stop else None, stop.reason if stop else "")


@dataclass(frozen=True, slots=True)
class _Rest:
    returns: list[Return]
    entries: list[HistoryEntry]


async def _history(session: AsyncSession, lead_id: int, contact_id: int) -> _Rest:
    returns = await handoff_queries.returns(session, lead_id, MAX_HISTORY)
    calls = await queries.calls(session, lead_id, MAX_HISTORY)
    moves = await queries.stage_changes(session, lead_id, MAX_HISTORY)
    steps = await queries.audited(session, f"leads:{lead_id}", NEXT_STEP_SET, MAX_HISTORY)
    meetings = await meeting_queries.of_lead(session, lead_id, MAX_HISTORY)
    records = await recording_queries.records_of_lead(session, lead_id, MAX_HISTORY)
    touches = await touch_queries.letters_and_forms(session, lead_id, contact_id, MAX_HISTORY)
    return _Rest(
        [return_of(r) for r in returns],
        [
            *(
                FormEntry(touch.at, None, touch.by, touch.subject)
                if touch.kind == touch_queries.FORM
                else MailEntry(touch.at, touch.by, touch.subject)
                for touch in touches
            ),
            *(RecordEntry(r.created_at, r.by, r.id, r.held_on, r.filename, r.permalink) for r in records),
            *(_next_step(s.created_at, s.member, s.detail) for s in steps),
            *(
                MeetingEntry(
                    m.created_at,
                    None if m.offer_id is not None else m.booker,
                    m.rep,
                    m.starts_at,
                    MeetingStatus(m.status),
                )
                for m in meetings
            ),
            *(
                StageEntry(
                    m.created_at, m.member, Stage(m.from_stage) if m.from_stage else None, Stage(m.to_stage), m.reason
                )
                for m in moves
            ),
            *(
                CallEntry(
                    c.called_at,
                    c.member,
                    Connection(c.connection),
                    Party(c.party),
                    Outcome(c.outcome) if c.outcome else None,
                    RefusalReason(c.reason) if c.reason else None,
                    c.note,
                )
                for c in calls
            ),
        ],
    )


def _next_step(at: datetime, by: str | None, detail: dict[str, Any]) -> NextStepEntry:
    return NextStepEntry(
        at=at,
        by=by,
        step=NextStep(detail["step"]),
        due=datetime.fromisoformat(detail["due"]) if detail.get("due") else None,
        reason=DisqualifyReason(detail["reason"]) if detail.get("reason") else None,
        note=str(detail.get("note", "")),
    )
