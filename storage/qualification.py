"""Queries about qualifications and the rules they are judged by. The session goes first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage import statements
from storage.leads import LEAD_COLUMNS, LeadRow
from storage.members import NO_SYNC
from storage.statements import TEAM, table
from storage.tables import Account, Contact, Lead, Member, Qualification, VerdictPolicy


class PolicyRow(NamedTuple):
    """One version of a team's rules."""

    id: int
    version: int
    min_confirmed: int
    required: list[str]
    needs_pain: bool
    needs_intent: bool
    start_within_months: int | None


POLICY_COLUMNS: tuple[Any, ...] = (
    VerdictPolicy.id,
    VerdictPolicy.version,
    VerdictPolicy.min_confirmed,
    VerdictPolicy.required,
    VerdictPolicy.needs_pain,
    VerdictPolicy.needs_intent,
    VerdictPolicy.start_within_months,
)


class PolicyVersionRow(NamedTuple):
    """One version of a team's rules, when it was made and by whom (None: the product's defaults)."""

    policy: PolicyRow
    created_at: datetime
    created_by: str | None


class JudgedLeadRow(NamedTuple):
    """A lead about to be judged: its line, and the rules in force (None: not made yet)."""

    lead: LeadRow
    policy: PolicyRow | None


class QualificationRow(NamedTuple):
    """A judgement, the rules it was judged by, and who made and overrode it."""

    id: int
    lead_id: int
    member: str
    judged_on: str
    answers: dict[str, Any]
    sales_qualified: bool
    override_reason: str
    overridden_at: datetime | None
    overridden_by: str | None
    created_at: datetime
    policy: PolicyRow


# Policies -------------------------------------------------------------------------------------------------------


_POLICY_VERSIONS = sa.select(*POLICY_COLUMNS, VerdictPolicy.created_at, Member.name).outerjoin(
    Member, Member.id == VerdictPolicy.created_by
)


async def policy(session: AsyncSession) -> PolicyVersionRow | None:
    """The rules in force."""
    statement = _POLICY_VERSIONS.order_by(VerdictPolicy.version.desc()).limit(1)
    row = (await session.execute(statement)).one_or_none()
    return _policy_version(row) if row else None


async def policies(session: AsyncSession) -> list[PolicyVersionRow]:
    """Every version of the rules, newest first."""
    rows = await session.execute(_POLICY_VERSIONS.order_by(VerdictPolicy.version.desc()))
    return [_policy_version(row) for row in rows]


def _policy_version(row: Any) -> PolicyVersionRow:
    return PolicyVersionRow(PolicyRow._make(row[:7]), row[7], row[8])


async def add_policy(
    session: AsyncSession, version: int, rules: Mapping[str, Any], created_by: int | None, now: datetime
) -> int | None:
    """Add a version of the rules; its id, or None when somebody else made that version already."""
    values = {
        "team_id": session.info["team_id"],
        "version": version,
        "created_by": created_by,
        "created_at": now,
        **rules,
    }
    made: int | None = await statements.insert_once(session, VerdictPolicy, values, unique=("team_id", "version"))
    return made


# Qualifications -------------------------------------------------------------------------------------------------


def _to_judge() -> sa.Select[Any]:
    lead, rules = table(Lead), table(VerdictPolicy)
    account, contact, owner = table(Account), table(Contact), table(Member)
    return (
        sa.select(*map(_plain, (*LEAD_COLUMNS, *POLICY_COLUMNS)))
        .select_from(lead)
        .join(account, account.c.id == lead.c.account_id)
        .join(contact, contact.c.id == lead.c.contact_id)
        .join(owner, owner.c.id == lead.c.owner_id)
        .outerjoin(rules, rules.c.team_id == lead.c.team_id)
        .where(lead.c.id == sa.bindparam("lead_id"), lead.c.team_id == sa.bindparam(TEAM))
        .order_by(rules.c.version.desc())
        .limit(1)
    )


def _plain(attribute: Any) -> sa.ColumnElement[Any]:
    """The column of a model's attribute."""
    column: sa.ColumnElement[Any] = table(attribute.class_).c[attribute.key]
    return column


_TO_JUDGE = _to_judge()
_TO_JUDGE_LOCKED = _TO_JUDGE.with_for_update(of=table(Lead))


async def lead_to_judge(
    transaction: statements.Transaction, lead_id: int, *, lock: bool = False
) -> JudgedLeadRow | None:
    """A lead with the rules in force, in one query; with `lock` nobody else changes it until the end."""
    found = await statements.select(transaction, _TO_JUDGE_LOCKED if lock else _TO_JUDGE, lead_id=lead_id)
    row = found.one_or_none()
    if row is None:
        return None
    rest = len(LEAD_COLUMNS)
    rules = row[rest:]
    return JudgedLeadRow(LeadRow._make(row[:rest]), PolicyRow._make(rules) if rules[0] is not None else None)


async def add_qualification(transaction: statements.Transaction, **values: Any) -> int | None:
    """Add a judgement, and with that end a brief transaction; its id, or None when the same `request_key` made one
    before (then a brief transaction changes nothing)."""
    values = {"team_id": statements.team_of(transaction), "override_reason": "", **values}
    made: int | None = await statements.insert_last(
        transaction, Qualification, values, unique=("team_id", "request_key")
    )
    return made


_OVERRIDER = aliased(Member)
_QUALIFICATIONS = (
    sa.select(
        Qualification.id,
        Qualification.lead_id,
        Member.name,
        Qualification.judged_on,
        Qualification.answers,
        Qualification.sales_qualified,
        Qualification.override_reason,
        Qualification.overridden_at,
        _OVERRIDER.name,
        Qualification.created_at,
        *POLICY_COLUMNS,
    )
    .select_from(Qualification)
    .join(Member, Member.id == Qualification.member_id)
    .join(VerdictPolicy, VerdictPolicy.id == Qualification.policy_id)
    .outerjoin(_OVERRIDER, _OVERRIDER.id == Qualification.overridden_by)
)


def _qualification(row: Any) -> QualificationRow:
    return QualificationRow._make((*row[:10], PolicyRow._make(row[10:])))


async def qualification(session: AsyncSession, qualification_id: int) -> QualificationRow | None:
    """One judgement."""
    row = (await session.execute(_QUALIFICATIONS.where(Qualification.id == qualification_id))).one_or_none()
    return _qualification(row) if row else None


async def qualification_of_request(session: AsyncSession, request_key: str) -> QualificationRow | None:
    """The judgement that a submission made."""
    row = (await session.execute(_QUALIFICATIONS.where(Qualification.request_key == request_key))).one_or_none()
    return _qualification(row) if row else None


async def qualifications(session: AsyncSession, lead_id: int, limit: int) -> list[QualificationRow]:
    """A lead's judgements, newest first."""
    statement = _QUALIFICATIONS.where(Qualification.lead_id == lead_id).order_by(Qualification.id.desc())
    return [_qualification(row) for row in await session.execute(statement.limit(limit))]


async def override(
    session: AsyncSession, qualification_id: int, *, sales_qualified: bool, member_id: int, reason: str, now: datetime
) -> bool:
    """Turn a verdict round; False when it already says so."""
    statement = (
        sa.update(Qualification)
        .where(Qualification.id == qualification_id, Qualification.sales_qualified.is_(not sales_qualified))
        .values(sales_qualified=sales_qualified, overridden_by=member_id, override_reason=reason, overridden_at=now)
        .returning(Qualification.id)
    )
    return (await session.execute(statement, execution_options=NO_SYNC)).scalar_one_or_none() is not None
