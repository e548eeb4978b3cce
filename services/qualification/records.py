"""Judgements, rules and handoffs as frozen values: what leaves the services of this wing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from domain.qualification.bant import Answers, Element
from domain.qualification.handoff import Candidate, Fit, HandoffStatus, Package, ReturnReason, suggest
from domain.qualification.verdict import Policy, Verdict, judge
from services.outreach.records import ContactFacts
from services.targeting.records import AccountFacts
from storage.handoffs import FieldRepRow, HandoffRow, ReturnRow
from storage.qualification import PolicyRow, PolicyVersionRow, QualificationRow


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a team's rules. `created_by_name` None: the defaults the product came with."""

    version: int
    policy: Policy
    created_at: datetime
    created_by_name: str | None


@dataclass(frozen=True, slots=True)
class Override:
    """Who put a verdict aside, when and why."""

    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class QualificationView:
    """A judgement. `verdict` is the rules' own, computed again by the version and on the day it was judged by;
    `sales_qualified` is what is in force, which an override may have turned round."""

    qualification_id: int
    lead_id: int
    by: str
    judged_on: date
    created_at: datetime
    answers: Answers
    policy: Policy
    policy_version: int
    verdict: Verdict
    sales_qualified: bool
    override: Override | None


@dataclass(frozen=True, slots=True)
class FieldRep:
    """A field-sales rep to whom a lead could go, and what speaks for it."""

    member_id: int
    slack_user: str
    name: str
    fits: tuple[Fit, ...]
    load: int


@dataclass(frozen=True, slots=True)
class Return:
    """Why field sales gave a lead back."""

    handoff_id: int
    at: datetime
    by: str
    reason: ReturnReason
    comment: str


@dataclass(frozen=True, slots=True)
class HandoffLine:
    """A handoff in one line; `overdue`: it waits longer than the team wants."""

    handoff_id: int
    lead_id: int
    account: str
    contact: str
    contact_title: str
    status: HandoffStatus
    created_at: datetime
    due_at: datetime
    overdue: bool
    from_name: str
    from_slack_user: str
    to_name: str
    to_slack_user: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None


@dataclass(frozen=True, slots=True)
class HandoffView:
    """Everything the post of a handoff shows, and where the post stands (`ts` None: not posted yet).

    `acknowledged_*` is the first answer, whichever it was; `returned` the return that ended the handoff.
    """

    handoff_id: int
    lead_id: int
    status: HandoffStatus
    account: AccountFacts
    contact: ContactFacts
    people: tuple[ContactFacts, ...]
    """The others at the company."""
    qualification: QualificationView
    package: Package
    channel: str
    from_member_id: int
    from_name: str
    from_slack_user: str
    from_language: str
    from_zone: str
    to_member_id: int
    to_name: str
    to_slack_user: str
    created_at: datetime
    due_at: datetime
    overdue: bool
    reminded_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledged_by_slack_user: str | None
    returned: Return | None
    posted_channel: str | None
    ts: str | None


def policy_of(row: PolicyRow) -> Policy:
    """The rules of a row."""
    return Policy(
        min_confirmed=row.min_confirmed,
        required=frozenset(Element(name) for name in row.required),
        needs_pain=row.needs_pain,
        needs_intent=row.needs_intent,
        start_within_months=row.start_within_months,
    )


def policy_version(row: PolicyVersionRow) -> PolicyVersion:
    """A version of the rules from its row."""
    return PolicyVersion(row.policy.version, policy_of(row.policy), row.created_at, row.created_by)


def qualification_view(row: QualificationRow) -> QualificationView:
    """A judgement from its row, judged again."""
    answers, policy, judged_on = (
        Answers.from_json(row.answers),
        policy_of(row.policy),
        date.fromisoformat(row.judged_on),
    )
    override = None
    if row.overridden_at is not None:
        override = Override(row.overridden_by or "", row.overridden_at, row.override_reason)
    return QualificationView(
        qualification_id=row.id,
        lead_id=row.lead_id,
        by=row.member,
        judged_on=judged_on,
        created_at=row.created_at,
        answers=answers,
        policy=policy,
        policy_version=row.policy.version,
        verdict=judge(answers, policy, judged_on),
        sales_qualified=row.sales_qualified,
        override=override,
    )


def ranked(rows: Iterable[FieldRepRow], address: str, industry: str) -> tuple[FieldRep, ...]:
    """All field-sales reps, the one who fits a company best first."""
    by_id = {row.member_id: row for row in rows}
    candidates = [
        Candidate(row.member_id, tuple(row.territories), tuple(row.industries), row.load) for row in by_id.values()
    ]
    return tuple(
        FieldRep(s.member_id, by_id[s.member_id].slack_user, by_id[s.member_id].name, s.fits, s.load)
        for s in suggest(candidates, address, industry)
    )


def return_of(row: ReturnRow) -> Return:
    """A return from its row."""
    return Return(row.handoff_id, row.created_at, row.member, ReturnReason(row.reason), row.comment)


def is_overdue(row: HandoffRow, now: datetime) -> bool:
    """Whether nobody answered in time."""
    return row.status == HandoffStatus.WAITING.value and row.due_at <= now


def handoff_line(row: HandoffRow, now: datetime) -> HandoffLine:
    """A handoff from its row."""
    return HandoffLine(
        handoff_id=row.id,
        lead_id=row.lead_id,
        account=row.account,
        contact=row.contact,
        contact_title=row.contact_title,
        status=HandoffStatus(row.status),
        created_at=row.created_at,
        due_at=row.due_at,
        overdue=is_overdue(row, now),
        from_name=row.from_name,
        from_slack_user=row.from_slack_user,
        to_name=row.to_name,
        to_slack_user=row.to_slack_user,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.by_name,
    )
