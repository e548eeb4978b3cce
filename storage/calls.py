"""Queries about calls and their roll-ups. The transaction goes first and sees one team only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage import statements
from storage.members import NO_SYNC
from storage.statements import TEAM, Transaction, table
from storage.tables import (
    Account,
    AuditLog,
    Base,
    Call,
    CallDay,
    CallHour,
    Contact,
    Lead,
    Member,
    StageChange,
    TeamRules,
)


class LeadToCall(NamedTuple):
    """A lead about to be called or just called, with what the call's rules look at."""

    id: int
    version: int
    stage: str
    source: str
    next_step: str | None
    next_step_at: datetime | None
    disqualify_reason: str | None
    last_called_at: datetime | None
    attempts: int
    account: str
    segment: str
    contact_id: int
    contact: str
    phone: str
    email: str
    do_not_call_at: datetime | None
    owner_id: int
    owner: str
    owner_slack_user: str
    rules: dict[str, Any] | None
    """What the team decided about calling; None: nothing."""


class CallFound(NamedTuple):
    """One call as it was written down."""

    id: int
    lead_id: int
    member_id: int
    called_at: datetime
    connection: str
    party: str
    outcome: str | None
    reason: str | None
    note: str
    request_key: str | None


class DayKey(NamedTuple):
    """A row of the roll-up by day."""

    day: date
    member_id: int
    source: str


class HourKey(NamedTuple):
    """A row of the roll-up by hour."""

    segment: str
    weekday: int
    hour: int


# One lead --------------------------------------------------------------------------------------------------------


def _to_call() -> sa.Select[Any]:
    lead, account, contact = table(Lead), table(Account), table(Contact)
    owner, rules = table(Member), table(TeamRules)
    return (
        sa.select(
            lead.c.id,
            lead.c.version,
            lead.c.stage,
            lead.c.source,
            lead.c.next_step,
            lead.c.next_step_at,
            lead.c.disqualify_reason,
            lead.c.last_called_at,
            lead.c.attempts,
            account.c.name,
            account.c.industry,
            contact.c.id,
            contact.c.name,
            contact.c.phone,
            contact.c.email,
            contact.c.do_not_call_at,
            owner.c.id,
            owner.c.name,
            owner.c.slack_user,
            rules.c["values"],
        )
        .select_from(lead)
        .join(account, account.c.id == lead.c.account_id)
        .join(contact, contact.c.id == lead.c.contact_id)
        .join(owner, owner.c.id == lead.c.owner_id)
        .outerjoin(rules, sa.and_(rules.c.team_id == lead.c.team_id, rules.c.kind == sa.bindparam("in_kind")))
        .where(lead.c.id == sa.bindparam("in_lead"), lead.c.team_id == sa.bindparam(TEAM))
    )


_TO_CALL = _to_call()
_TO_CALL_LOCKED = _TO_CALL.with_for_update(of=table(Lead))


async def lead_to_call(
    transaction: Transaction, lead_id: int, rules_kind: str, *, lock: bool = False
) -> LeadToCall | None:
    """A lead with the team's call rules, in one question; with `lock` nobody else changes it until the end."""
    statement = _TO_CALL_LOCKED if lock else _TO_CALL
    row = (await statements.select(transaction, statement, in_lead=lead_id, in_kind=rules_kind)).one_or_none()
    return LeadToCall._make(row) if row else None


_LEAD = table(Lead)
# Its version stays: no form shows anything that would be out of date by a dial.
_COUNT_DIAL = sa.update(_LEAD).where(_LEAD.c.id == sa.bindparam("in_key"), _LEAD.c.team_id == sa.bindparam(TEAM))


async def count_dial(transaction: Transaction, lead_id: int, *, attempts: int, last_called_at: datetime | None) -> None:
    """Set what dials change of a lead, and nothing that anybody decides."""
    await statements.send(
        transaction,
        _COUNT_DIAL,
        {
            "in_key": lead_id,
            TEAM: statements.team_of(transaction),
            "attempts": attempts,
            "last_called_at": last_called_at,
        },
    )


async def add(transaction: Transaction, **values: Any) -> int | None:
    """Add a call, and with that end a brief transaction; its id, or None when the same `request_key` made one before
    (then a brief transaction changes nothing)."""
    values = {"team_id": statements.team_of(transaction), **values}
    made: int | None = await statements.insert_last(transaction, Call, values, unique=("team_id", "request_key"))
    return made


_CALL_COLUMNS = (
    Call.id,
    Call.lead_id,
    Call.member_id,
    Call.called_at,
    Call.connection,
    Call.party,
    Call.outcome,
    Call.reason,
    Call.note,
    Call.request_key,
)


async def by_id(session: AsyncSession, call_id: int) -> CallFound | None:
    """One call."""
    row = (await session.execute(sa.select(*_CALL_COLUMNS).where(Call.id == call_id))).one_or_none()
    return CallFound._make(row) if row else None


async def by_request(session: AsyncSession, request_key: str) -> CallFound | None:
    """The call that a click or a submission made."""
    row = (await session.execute(sa.select(*_CALL_COLUMNS).where(Call.request_key == request_key))).one_or_none()
    return CallFound._make(row) if row else None


async def newest_id(session: AsyncSession, lead_id: int) -> int | None:
    """The call of a lead that was written down last."""
    return await session.scalar(sa.select(sa.func.max(Call.id)).where(Call.lead_id == lead_id))


async def later_calls(session: AsyncSession, lead_id: int, at: datetime, intended: Sequence[str]) -> tuple[int, int]:
    """How many calls of a lead were made after `at`, and how many of them reached one of the `intended` parties."""
    reached = sa.func.count().filter(Call.party.in_(intended))
    row = await session.execute(sa.select(sa.func.count(), reached).where(Call.lead_id == lead_id, Call.called_at > at))
    made, connected = row.one()
    return made, connected


async def delete(session: AsyncSession, call_id: int) -> None:
    """Take a call out."""
    await session.execute(sa.delete(Call).where(Call.id == call_id), execution_options=NO_SYNC)


async def delete_stage_change(session: AsyncSession, lead_id: int, from_stage: str, to_stage: str) -> None:
    """Take out a lead's newest move between these stages."""
    newest = sa.select(sa.func.max(StageChange.id)).where(
        StageChange.lead_id == lead_id, StageChange.from_stage == from_stage, StageChange.to_stage == to_stage
    )
    statement = sa.delete(StageChange).where(StageChange.id == newest.scalar_subquery())
    await session.execute(statement, execution_options=NO_SYNC)


class Written(NamedTuple):
    """How the audit log remembers a call."""

    created_at: datetime
    detail: dict[str, Any]


async def written_down(session: AsyncSession, subject: str, action: str, key: str) -> Written | None:
    """The newest entry of the audit log about this record and action that names this key."""
    named = AuditLog.detail["key"].as_string() == key
    statement = (
        sa.select(AuditLog.created_at, AuditLog.detail)
        .where(AuditLog.subject == subject, AuditLog.action == action, named)
        .order_by(AuditLog.id.desc())
        .limit(1)
    )
    row = (await session.execute(statement)).one_or_none()
    return Written(row.created_at, dict(row.detail)) if row else None


# Roll-ups --------------------------------------------------------------------------------------------------------

DAY_FIGURES = ("dials", "answered", "connected", "effective", "meetings_set")
HOUR_FIGURES = ("dials", "connected")


async def add_up(
    transaction: Transaction, day: DayKey, hour: HourKey, figures: Mapping[str, int], *, sign: int = 1
) -> None:
    """Add a call's figures to both roll-ups, or with `sign` -1 take them away again."""
    # Always the day before the hour, so that two calls never wait for each other crosswise.
    await _add(transaction, CallDay, day, {name: sign * figures[name] for name in DAY_FIGURES})
    await _add(transaction, CallHour, hour, {name: sign * figures[name] for name in HOUR_FIGURES})


async def add_hour(session: AsyncSession, hour: HourKey, figures: Mapping[str, int]) -> None:
    """Add figures, which may be below nothing, to a row of the roll-up by hour."""
    await _add(session, CallHour, hour, figures)


async def _add(transaction: Transaction, model: type[Base], key: DayKey | HourKey, figures: Mapping[str, int]) -> None:
    dialect = transaction.dialect if not isinstance(transaction, AsyncSession) else transaction.get_bind().dialect
    values = {"team_id": statements.team_of(transaction), **key._asdict(), **figures}
    await statements.send(transaction, _upsert(model, dialect.name, tuple(figures)), values)


@cache
def _upsert(model: type[Base], dialect: str, figures: tuple[str, ...]) -> sa.Executable:
    target = table(model)
    adding = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(target)
    added = {name: target.c[name] + adding.excluded[name] for name in figures}
    return adding.on_conflict_do_update(index_elements=list(target.primary_key.columns), set_=added)


async def drop_empty(session: AsyncSession, day: DayKey, hour: HourKey) -> None:
    """Take out the rows of the roll-ups that hold nothing any more."""
    await _drop_empty(session, CallDay, day)
    await _drop_empty(session, CallHour, hour)


async def drop_empty_hour(session: AsyncSession, hour: HourKey) -> None:
    """Take out a row of the roll-up by hour if it holds nothing any more."""
    await _drop_empty(session, CallHour, hour)


async def _drop_empty(session: AsyncSession, model: type[Base], key: DayKey | HourKey) -> None:
    target = table(model)
    same = [target.c[name] == value for name, value in key._asdict().items()]
    mine = target.c.team_id == statements.team_of(session)
    await session.execute(sa.delete(target).where(mine, *same, target.c.dials == 0), execution_options=NO_SYNC)
