"""Everything the database holds about one person: found by the references between the tables, erased by the marks of
the columns (storage/tables/personal.py). A table that is added later is covered by both, without a word here.

The session goes first and sees one team only.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from storage import audit, statements
from storage.members import NO_SYNC
from storage.outbox import DeliveryState
from storage.tables import (
    Account,
    AuditLog,
    Base,
    Contact,
    Delivery,
    Lead,
    Mail,
    Meeting,
    MeetingOffer,
    Member,
    Passage,
    Suppression,
)
from storage.tables.personal import KEY, Mark, Personal

Held = Mapping[str, Sequence[Any]]
"""Table → primary keys of rows."""

ARGUMENTS: Final[Mapping[str, str]] = {
    "lead": "leads",
    "lead_id": "leads",
    "submission_id": "form_submissions",
    "handoff_id": "handoffs",
    "meeting_id": "meetings",
    "offer_id": "meeting_offers",
    "qualification_id": "qualifications",
    "recording_id": "recordings",
    "key": "mails",
}
"""Which table a delivery's argument names a row of."""
ERASED = "opted_out"
"""The error of a letter that is not sent any more (domain/mail.py: `Trouble`)."""
_AT_ONCE = 500


class CandidateRow(NamedTuple):
    """A person as found. `leads`: how many are about this contact."""

    id: int
    name: str
    name_key: str
    title: str
    phone: str
    email: str
    email_key: str
    account_id: int
    account: str
    leads: int


@cache
def marks(target: sa.Table) -> Mapping[str, Mark]:
    """A table's columns that hold something of customers, by name."""
    found = {column.name: column.info[KEY] for column in target.c if KEY in column.info}
    return {name: mark for name, mark in found.items() if mark.kind is not Personal.MEMBER}


@cache
def _tables() -> Mapping[str, sa.Table]:
    # Passages are made of other rows, and deleted when those are changed (services/pipeline/knowledge.py: `forget`).
    found = [target for target in Base.metadata.sorted_tables if "team_id" in target.c]
    return {target.name: target for target in found if target is not statements.table(Passage)}


def key_of(target: sa.Table) -> sa.Column[Any] | None:
    """The primary key, where it is one column."""
    columns = list(target.primary_key.columns)
    return columns[0] if len(columns) == 1 else None


# Finding


_LEADS = sa.select(sa.func.count(Lead.id)).where(Lead.contact_id == Contact.id).correlate(Contact).scalar_subquery()
_CANDIDATES = sa.select(
    Contact.id,
    Contact.name,
    Contact.name_key,
    Contact.title,
    Contact.phone,
    Contact.email,
    Contact.email_key,
    Contact.account_id,
    Account.name,
    _LEADS,
).join(Account, Account.id == Contact.account_id)


async def find(
    session: AsyncSession, *, name: str, reading: str, phone: str, digits: str, email: str, limit: int
) -> list[CandidateRow]:
    """People whose name, reading, number or address holds what is not "" of these, and whoever shares an address, or a
    number and a name, with one of them."""
    looked_for: list[sa.ColumnElement[bool]] = [
        column.contains(text, autoescape=True)
        for column, text in (
            (Contact.name_key, name),
            (Contact.reading, reading),
            (Contact.phone, digits),
            (Contact.email_key, email),
        )
        if text
    ]
    if phone:
        looked_for.append(Contact.phone == phone)
    if not looked_for:
        return []
    found = await _candidates(session, sa.or_(*looked_for), limit)
    addresses = {row.email_key for row in found if row.email_key}
    numbers = {(row.phone, row.name_key) for row in found if row.phone}
    same: list[sa.ColumnElement[bool]] = [Contact.email_key.in_(addresses)] if addresses else []
    same += [sa.and_(Contact.phone == number, Contact.name_key == key) for number, key in numbers]
    if same:
        found += await _candidates(session, sa.or_(*same), limit)
    return list({row.id: row for row in found}.values())


async def _candidates(session: AsyncSession, condition: sa.ColumnElement[bool], limit: int) -> list[CandidateRow]:
    statement = _CANDIDATES.where(condition, Contact.erased_at.is_(None)).order_by(Contact.name_key, Contact.id)
    return [CandidateRow._make(row) for row in await session.execute(statement.limit(limit))]


async def contacts(session: AsyncSession, contact_ids: Sequence[int]) -> list[CandidateRow]:
    """These people, those who were not erased."""
    return await _candidates(session, Contact.id.in_(contact_ids), len(contact_ids))


async def lock(session: AsyncSession, contact_ids: Sequence[int]) -> None:
    """Wait for whoever changes these people or their leads, and let nobody do so until the end of the transaction."""
    if not contact_ids:
        return
    for model, column in ((Contact, Contact.id), (Lead, Lead.contact_id)):
        rows = sa.select(model.id).where(column.in_(contact_ids)).order_by(model.id).with_for_update()
        await session.execute(rows)


async def shared(session: AsyncSession, contact_ids: Sequence[int], column: Any, key: str) -> bool:
    """Whether somebody else has this number or address (a switchboard's, a department's) too."""
    others = sa.select(Contact.id).where(column == key, Contact.id.not_in(contact_ids), Contact.erased_at.is_(None))
    return (await session.execute(others.limit(1))).first() is not None


async def colleagues(session: AsyncSession, contact_ids: Sequence[int], most: int) -> list[int]:
    """Everybody at these people's companies, themselves included, of companies with no more people than that."""
    own = sa.select(Contact.account_id).where(Contact.id.in_(contact_ids))
    sizes = sa.select(Contact.account_id).where(Contact.account_id.in_(own)).group_by(Contact.account_id)
    small = list(await session.scalars(sizes.having(sa.func.count(Contact.id) <= most)))
    return list(await session.scalars(sa.select(Contact.id).where(Contact.account_id.in_(small))))


async def reached(session: AsyncSession, contact_ids: Sequence[int], addresses: Sequence[str]) -> Held:
    """The rows about these people, by the references between the tables; and letters to these folded addresses, unless
    they were written to somebody else who has the address too."""
    held: dict[str, Sequence[Any]] = {"contacts": list(contact_ids)}
    for name, target in _tables().items():
        key = key_of(target)
        if name == "contacts" or key is None:
            continue
        found: list[sa.ColumnElement[bool]] = [
            column.in_(held[reference.column.table.name])
            for column in target.c
            for reference in column.foreign_keys
            if held.get(reference.column.table.name)
        ]
        if found:
            statement = sa.select(key).where(target.c.team_id == statements.team_of(session), sa.or_(*found))
            held[name] = list(await session.scalars(statement.order_by(key)))
    letters = sa.or_(sa.false(), *_letters(held, contact_ids, addresses))
    held[Mail.__tablename__] = list(await session.scalars(sa.select(Mail.key).where(letters).order_by(Mail.key)))
    held[Delivery.__tablename__] = await _deliveries(session, held)
    held[AuditLog.__tablename__] = await _audited(session, held)
    return {name: keys for name, keys in held.items() if keys}


def _letters(held: Held, contact_ids: Sequence[int], addresses: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [Mail.contact_id.in_(contact_ids)] if contact_ids else []
    if addresses:
        nobodys = sa.or_(Mail.contact_id.is_(None), Mail.contact_id.in_(contact_ids))
        found.append(sa.and_(sa.func.lower(Mail.to_address).in_(addresses), nobodys))
    # Those to the other guests of a meeting name the person too.
    found += [Mail.key.startswith(f"meeting:{number}:", autoescape=True) for number in held.get("meetings", ())]
    found += [Mail.key == f"offer:{number}" for number in held.get("meeting_offers", ())]
    return found


async def _deliveries(session: AsyncSession, held: Held) -> list[str]:
    named: list[sa.ColumnElement[bool]] = []
    for argument, table in ARGUMENTS.items():
        keys = held.get(table)
        if keys:
            value = Delivery.arguments[argument]
            named.append((value.as_string() if table == "mails" else value.as_integer()).in_(keys))
    if not named:
        return []
    return list(await session.scalars(sa.select(Delivery.key).where(sa.or_(*named)).order_by(Delivery.key)))


async def _audited(session: AsyncSession, held: Held) -> list[int]:
    # As long as the column of subjects.
    subjects = [f"{name}:{key}"[:64] for name, keys in held.items() for key in keys]
    found: list[int] = []
    for begin in range(0, len(subjects), _AT_ONCE):
        some = AuditLog.subject.in_(subjects[begin : begin + _AT_ONCE])
        found += await session.scalars(sa.select(AuditLog.id).where(some))
    return sorted(found)


async def mentions(session: AsyncSession, spellings: Sequence[str], within: Held | None = None) -> dict[str, list[Any]]:
    """Rows in whose marked columns one of these texts stands, whatever they are about; `within`: among these only."""
    found: dict[str, list[Any]] = {}
    if not spellings:
        return found
    for name, target in _tables().items():
        key, columns = key_of(target), _searched(target)
        if key is None or not columns or (within is not None and not within.get(name)):
            continue
        holds = [
            sa.func.lower(sa.cast(column, sa.Text)).contains(spelling, autoescape=True)
            for column in columns
            for spelling in _stored(spellings, column)
        ]
        statement = sa.select(key).where(target.c.team_id == statements.team_of(session), sa.or_(*holds))
        if within is not None:
            statement = statement.where(key.in_(within[name]))
        keys = list(await session.scalars(statement))
        if keys:
            found[name] = keys
    return found


def _searched(target: sa.Table) -> list[sa.Column[Any]]:
    wanted = (Personal.TEXT, Personal.FORM)
    return [target.c[name] for name, mark in marks(target).items() if mark.kind in wanted]


def _stored(spellings: Iterable[str], column: sa.Column[Any]) -> set[str]:
    """As they stand in a column, in small letters: SQLite makes Latin letters small and no others, and keeps documents
    as they were written, where what is not ASCII is escaped."""
    found = {text.lower() for text in spellings} | {text.translate(_SMALL) for text in spellings}
    return found | {json.dumps(text)[1:-1].lower() for text in found} if isinstance(column.type, sa.JSON) else found


_SMALL = {ord(letter): letter.lower() for letter in string.ascii_uppercase}


# Reading


async def rows(session: AsyncSession, name: str, keys: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows of a table, every column, in the order of their keys."""
    target = _tables()[name]
    key = key_of(target)
    assert key is not None  # noqa: S101 - only such tables are ever reached
    found: list[dict[str, Any]] = []
    for begin in range(0, len(keys), _AT_ONCE):
        some = sa.select(target).where(key.in_(keys[begin : begin + _AT_ONCE])).order_by(key)
        found += [dict(row) for row in (await session.execute(some)).mappings()]
    return found


def references(name: str) -> Mapping[str, str]:
    """A table's columns that name a row of another: column → table."""
    target = _tables()[name]
    return {column.name: reference.column.table.name for column in target.c for reference in column.foreign_keys}


async def member_names(session: AsyncSession) -> dict[int, str]:
    """The names of all members, also of those who have left."""
    return {key: name for key, name in await session.execute(sa.select(Member.id, Member.name))}  # noqa: C416 - a row is no pair to the type checker


async def account_names(session: AsyncSession, contact_ids: Sequence[int]) -> list[str]:
    """The companies of these people."""
    statement = sa.select(Account.name).join(Contact, Contact.account_id == Account.id)
    return list(await session.scalars(statement.where(Contact.id.in_(contact_ids)).order_by(Contact.id)))


# Erasing


def emptied(value: Any, mark: Mark) -> Any:
    """What is left of a value: its figures and fixed words, where the mark keeps some."""
    if isinstance(value, list):
        return []
    if not isinstance(value, dict):
        return ""
    if mark.blanks:
        return _blanked(value, mark.keeps)
    return {name: each for name, each in value.items() if name in mark.keeps}


def _blanked(value: Any, keeps: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: each if name in keeps else _blanked(each, keeps) for name, each in value.items()}
    if isinstance(value, list):
        return [_blanked(each, keeps) for each in value]
    return "" if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Words:
    """`person` stands in place of a name, `subject` in place of a meeting's."""

    person: str
    subject: str


async def erase(session: AsyncSession, held: Held, words: Words, now: datetime) -> list[int]:
    """Take out of these rows whatever the marks say is about people. Figures, references and fixed words stay. The
    numbers of the audit log's rows whose details went, which the caller has sealed before and writes down after."""
    for name, keys in held.items():
        target = _tables()[name]
        if name in (AuditLog.__tablename__, Suppression.__tablename__) or not marks(target):
            continue
        await _rewrite(session, target, keys, lambda _row, value, mark: emptied(value, mark))
    await _settle(session, held, words, now)
    return await erase_audited(session, held)


async def erase_audited(session: AsyncSession, held: Held) -> list[int]:
    """Take the details out of the audit log's rows among these; their numbers."""
    return await audit.erase_details(session, list(held.get(AuditLog.__tablename__, ())))


async def posted(session: AsyncSession, keys: Sequence[str]) -> list[str]:
    """Those of these deliveries whose messages stand in Slack, or are just being posted."""
    standing = sa.or_(Delivery.ts.is_not(None), Delivery.state == DeliveryState.SENDING.value)
    return list(await session.scalars(sa.select(Delivery.key).where(Delivery.key.in_(keys), standing)))


async def replace(session: AsyncSession, held: Held, redacted: Callable[[Any], Any]) -> None:
    """Rewrite the marked texts of these rows, which are about others and mention the person."""
    for name, keys in held.items():
        target = _tables()[name]
        if name != AuditLog.__tablename__:
            await _rewrite(session, target, keys, lambda _row, value, _mark: redacted(value), kinds=_searched(target))


async def _rewrite(
    session: AsyncSession,
    target: sa.Table,
    keys: Sequence[Any],
    change: Callable[[Mapping[str, Any], Any, Mark], Any],
    kinds: Sequence[sa.Column[Any]] | None = None,
) -> None:
    own = key_of(target)
    assert own is not None  # noqa: S101 - only such tables are ever reached
    chosen = marks(target) if kinds is None else {column.name: marks(target)[column.name] for column in kinds}
    connection = await session.connection()
    for row in await rows(session, target.name, keys):
        values = {
            name: change(row, row[name], mark) for name, mark in chosen.items() if row[name] is not None and row[name]
        }
        unique = _unique(target)
        for name in values.keys() & unique:
            values[name] = f"erased:{row[own.name]}"
        changed = {name: value for name, value in values.items() if value != row[name]}
        if changed:
            await connection.execute(sa.update(target).where(own == row[own.name]).values(changed))


@cache
def _unique(target: sa.Table) -> frozenset[str]:
    constraints = [each.columns for each in target.constraints if isinstance(each, sa.UniqueConstraint)]
    return frozenset(column.name for columns in constraints for column in columns) - {"team_id"}


async def _settle(session: AsyncSession, held: Held, words: Words, now: datetime) -> None:
    """What follows for the rows themselves: nobody calls or writes, nothing more is sent."""

    async def change(model: type[Base], *conditions: sa.ColumnElement[bool], **values: Any) -> None:
        target = statements.table(model)
        keys = held.get(target.name)
        own = key_of(target)
        if keys and own is not None:
            statement = sa.update(model).where(own.in_(keys), *conditions).values(**values)
            await session.execute(statement, execution_options=NO_SYNC)

    await change(
        Contact,
        name=words.person,
        name_key=sa.literal("erased:") + sa.cast(Contact.id, sa.Text),
        erased_at=now,
        do_not_call_at=sa.func.coalesce(Contact.do_not_call_at, now),
        opted_out_at=sa.func.coalesce(Contact.opted_out_at, now),
    )
    # Forms that are open on it are told that it has changed.
    await change(Lead, next_step=None, next_step_at=None, version=Lead.version + 1)
    # An entry that is just being written into a calendar is out of date from now on.
    await change(Meeting, subject=words.subject, version=Meeting.version + 1, sequence=Meeting.sequence + 1)
    await change(MeetingOffer, MeetingOffer.status == "open", status="withdrawn")
    for before, after in (
        (DeliveryState.QUEUED, DeliveryState.FAILED),
        (DeliveryState.SENDING, DeliveryState.UNCERTAIN),
    ):
        await change(Mail, Mail.state == before.value, state=after.value, error=ERASED)
    await change(Delivery, Delivery.state == DeliveryState.QUEUED.value, state=DeliveryState.SENT.value, sent_at=now)
