"""Queries about leads, their people and their history. The session goes first and sees one team only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from storage import statements, suppressions
from storage.tables import Account, AuditLog, Call, Contact, Lead, Member, StageChange


class LeadRow(NamedTuple):
    """A lead with what a line about it shows."""

    id: int
    version: int
    stage: str
    source: str
    next_step: str | None
    next_step_at: datetime | None
    disqualify_reason: str | None
    last_called_at: datetime | None
    created_at: datetime
    account_id: int
    account: str
    contact_id: int
    contact: str
    title: str
    owner_id: int
    owner: str
    owner_slack_user: str


# Columns, not entities: an account's search columns are large, and nobody reads them here.
LEAD_COLUMNS: tuple[Any, ...] = (
    Lead.id,
    Lead.version,
    Lead.stage,
    Lead.source,
    Lead.next_step,
    Lead.next_step_at,
    Lead.disqualify_reason,
    Lead.last_called_at,
    Lead.created_at,
    Lead.account_id,
    Account.name,
    Lead.contact_id,
    Contact.name,
    Contact.title,
    Lead.owner_id,
    Member.name,
    Member.slack_user,
)


def joined(*columns: Any) -> sa.Select[Any]:
    """Select from leads with their account, contact and owner."""
    return (
        sa.select(*columns)
        .select_from(Lead)
        .join(Account, Account.id == Lead.account_id)
        .join(Contact, Contact.id == Lead.contact_id)
        .join(Member, Member.id == Lead.owner_id)
    )


_LINES = joined(*LEAD_COLUMNS)
# A lead called just now stands first; one never called stands after all that were, the newest first among them.
_LATEST_CALL_FIRST = (Lead.last_called_at.is_(None), Lead.last_called_at.desc(), Lead.id.desc())


class AccountRow(NamedTuple):
    """What is known about a company."""

    id: int
    name: str
    reading: str
    name_en: str
    corporate_number: str | None
    industry: str
    listed: str
    capital_million_yen: int | None
    address: str
    employees: int | None
    website: str
    business: str
    updated_at: datetime


ACCOUNT_COLUMNS: tuple[Any, ...] = (
    Account.id,
    Account.name,
    Account.reading,
    Account.name_en,
    Account.corporate_number,
    Account.industry,
    Account.listed,
    Account.capital_million_yen,
    Account.address,
    Account.employees,
    Account.website,
    Account.business,
    Account.updated_at,
)


class ContactRow(NamedTuple):
    """What is known about a person."""

    id: int
    name: str
    reading: str
    department: str
    title: str
    phone: str
    email: str
    buying_role: str


CONTACT_COLUMNS: tuple[Any, ...] = (
    Contact.id,
    Contact.name,
    Contact.reading,
    Contact.department,
    Contact.title,
    Contact.phone,
    Contact.email,
    Contact.buying_role,
)


class ContactKeys(NamedTuple):
    """A person as duplicates are recognised by, with the newest lead on that person (None: none yet)."""

    contact_id: int
    name: str
    name_key: str
    phone: str
    email_key: str
    lead_id: int | None


class CallRow(NamedTuple):
    """A call and who made it."""

    called_at: datetime
    member: str
    connection: str
    party: str
    outcome: str | None
    reason: str | None
    note: str


class StageRow(NamedTuple):
    """A move between stages and who made it."""

    created_at: datetime
    member: str | None
    from_stage: str | None
    to_stage: str
    reason: str


class Word(NamedTuple):
    """What somebody searches for, folded as each column it is looked for in; "" and () are not looked for there.

    `company`: one spelling out of each group must be there.
    """

    name: str
    reading: str
    phone: str
    email: str
    company: tuple[tuple[str, ...], ...]


class AuditRow(NamedTuple):
    """An entry of the audit log."""

    created_at: datetime
    member: str | None
    detail: dict[str, Any]


async def line(session: AsyncSession, lead_id: int, *, lock: bool = False) -> LeadRow | None:
    """One lead; with `lock` nobody else changes it until the end of the transaction."""
    statement = _LINES.where(Lead.id == lead_id)
    if lock:
        statement = statement.with_for_update(of=Lead)
    row = (await session.execute(statement)).one_or_none()
    return LeadRow._make(row) if row else None


async def of_owner(session: AsyncSession, owner_id: int, stages: Sequence[str], limit: int) -> list[LeadRow]:
    """A member's leads in these stages, the most recent call first, then the newest."""
    statement = _LINES.where(Lead.owner_id == owner_id, Lead.stage.in_(stages)).order_by(*_LATEST_CALL_FIRST)
    return [LeadRow._make(row) for row in await session.execute(statement.limit(limit))]


async def stages_of_owner(session: AsyncSession, owner_id: int) -> dict[str, int]:
    """How many leads a member has in each stage."""
    rows = await session.execute(
        sa.select(Lead.stage, sa.func.count(Lead.id)).where(Lead.owner_id == owner_id).group_by(Lead.stage)
    )
    return {stage: count for stage, count in rows}  # noqa: C416 - a row is no pair to the type checker


async def first_of_each_stage(session: AsyncSession, owner_id: int, stages: Sequence[str], limit: int) -> list[LeadRow]:
    """The first `limit` leads of a member in each of these stages, in the order of `of_owner`."""
    place = sa.func.row_number().over(partition_by=Lead.stage, order_by=_LATEST_CALL_FIRST)
    ranked = (
        sa.select(Lead.id.label("id"), place.label("place"))
        .where(Lead.owner_id == owner_id, Lead.stage.in_(stages))
        .subquery()
    )
    statement = _LINES.join(ranked, ranked.c.id == Lead.id).where(ranked.c.place <= limit)
    return [LeadRow._make(row) for row in await session.execute(statement.order_by(*_LATEST_CALL_FIRST))]


async def search(session: AsyncSession, whole: Word, words: Sequence[Word], owner_id: int, limit: int) -> list[LeadRow]:
    """Leads in which all that was typed is found in one place, or every word somewhere.

    Those of `owner_id` first, then the most recent call.
    """
    statement = _LINES.where(sa.or_(_found(whole), sa.and_(*(_found(word) for word in words))))
    rows = await session.execute(statement.order_by(Lead.owner_id != owner_id, *_LATEST_CALL_FIRST).limit(limit))
    return [LeadRow._make(row) for row in rows]


def _found(word: Word) -> sa.ColumnElement[bool]:
    places: tuple[tuple[Any, str], ...] = (
        (Contact.name_key, word.name),
        (sa.func.replace(Contact.reading, " ", ""), word.reading),
        (Contact.phone, word.phone),
        (Contact.email_key, word.email),
    )
    company = [sa.or_(*(_contains(Account.search_text, text) for text in spellings)) for spellings in word.company]
    return sa.or_(
        sa.false(),
        *(_contains(column, text) for column, text in places if text),
        *([sa.and_(*company)] if company else []),
    )


def _contains(column: Any, text: str) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = column.contains(text, autoescape=True)
    return found


async def account(session: AsyncSession, account_id: int, *, lock: bool = False) -> AccountRow | None:
    """A company; with `lock` nobody else who locks it too gets on before the end of the transaction."""
    statement: sa.Select[Any] = sa.select(*ACCOUNT_COLUMNS).where(Account.id == account_id)
    if lock:
        statement = statement.with_for_update()
    row = (await session.execute(statement)).one_or_none()
    return AccountRow._make(row) if row else None


async def contact(session: AsyncSession, contact_id: int) -> ContactRow | None:
    """A person."""
    row = (await session.execute(sa.select(*CONTACT_COLUMNS).where(Contact.id == contact_id))).one_or_none()
    return ContactRow._make(row) if row else None


async def people(session: AsyncSession, account_id: int, limit: int) -> list[ContactRow]:
    """People at a company, in the order in which they were added."""
    statement = sa.select(*CONTACT_COLUMNS).where(Contact.account_id == account_id).order_by(Contact.id).limit(limit)
    return [ContactRow._make(row) for row in await session.execute(statement)]


async def contact_keys(session: AsyncSession, account_id: int) -> list[ContactKeys]:
    """All people at a company with what duplicates are recognised by."""
    newest = sa.select(sa.func.max(Lead.id)).where(Lead.contact_id == Contact.id).correlate(Contact).scalar_subquery()
    statement = sa.select(Contact.id, Contact.name, Contact.name_key, Contact.phone, Contact.email_key, newest).where(
        Contact.account_id == account_id
    )
    return [ContactKeys._make(row) for row in await session.execute(statement.order_by(Contact.id))]


async def note(session: AsyncSession, lead_id: int) -> str:
    """A lead's note."""
    return (await session.execute(sa.select(Lead.note).where(Lead.id == lead_id))).scalar_one()


async def add_contact(session: AsyncSession, **values: Any) -> int:
    """Add a person; the id. Whose number or address must be left alone is left alone from the start."""
    flags = {}
    for channel, column, flag in (("phone", "phone", "do_not_call_at"), ("mail", "email_key", "opted_out_at")):
        key = values.get(column)
        if key:
            await suppressions.hold(session, channel, key)
            flags[flag] = await suppressions.since(session, channel, key)
    return await statements.insert(session, Contact, values | flags)


async def add(session: AsyncSession, **values: Any) -> int:
    """Add a lead; the id."""
    return await statements.insert(session, Lead, {"version": 1, **values})


async def change(transaction: statements.Transaction, lead_id: int, now: datetime, **values: Any) -> None:
    """Set columns of a lead and count its version up."""
    await statements.update(transaction, Lead, lead_id, {"updated_at": now, **values})


async def add_stage_change(
    transaction: statements.Transaction,
    lead_id: int,
    member_id: int | None,
    from_stage: str | None,
    to_stage: str,
    now: datetime,
    reason: str = "",
) -> None:
    """Write down a move."""
    values = {
        "lead_id": lead_id,
        "member_id": member_id,
        "from_stage": from_stage,
        "to_stage": to_stage,
        "reason": reason,
        "created_at": now,
    }
    await statements.append(transaction, StageChange, values)


async def calls(session: AsyncSession, lead_id: int, limit: int) -> list[CallRow]:
    """A lead's calls, newest first."""
    statement = (
        sa.select(Call.called_at, Member.name, Call.connection, Call.party, Call.outcome, Call.reason, Call.note)
        .join(Member, Member.id == Call.member_id)
        .where(Call.lead_id == lead_id)
        .order_by(Call.called_at.desc(), Call.id.desc())
    )
    return [CallRow._make(row) for row in await session.execute(statement.limit(limit))]


async def stage_changes(session: AsyncSession, lead_id: int, limit: int) -> list[StageRow]:
    """A lead's moves, newest first."""
    statement = (
        sa.select(StageChange.created_at, Member.name, StageChange.from_stage, StageChange.to_stage, StageChange.reason)
        .outerjoin(Member, Member.id == StageChange.member_id)
        .where(StageChange.lead_id == lead_id)
        .order_by(StageChange.id.desc())
    )
    return [StageRow._make(row) for row in await session.execute(statement.limit(limit))]


async def audited(session: AsyncSession, subject: str, action: str, limit: int) -> list[AuditRow]:
    """What was done to a record, newest first."""
    statement = (
        sa.select(AuditLog.created_at, Member.name, AuditLog.detail)
        .outerjoin(Member, Member.id == AuditLog.member_id)
        .where(AuditLog.subject == subject, AuditLog.action == action)
        .order_by(AuditLog.id.desc())
    )
    return [AuditRow._make(row) for row in await session.execute(statement.limit(limit))]
