"""Queries about numbers and addresses that must be left alone. The session goes first and sees one team only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from storage import statements
from storage.members import NO_SYNC
from storage.tables import Contact, Lead, Member, Suppression

PHONE, MAIL = "phone", "mail"

FINGERPRINT = "fingerprint"
"""In a session's `info`: text → its keyed hash, by which those who were erased are known again."""
HASHED = "erased:"
"""How the key of somebody begins who was erased."""

_FLAGS = {PHONE: "do_not_call_at", MAIL: "opted_out_at"}
_KEYS = {PHONE: Contact.phone, MAIL: Contact.email_key}


class Stop(NamedTuple):
    """A number or an address that must be left alone, since when, by whom (None: the person's own link) and why."""

    created_at: datetime
    member: str | None
    reason: str


class Marks(NamedTuple):
    """What stops a lead's person, and the dials so far."""

    phone: str
    email_key: str
    do_not_call_at: datetime | None
    opted_out_at: datetime | None
    attempts: int


async def marks(session: AsyncSession, lead_id: int) -> Marks:
    """The marks of a lead that is there."""
    statement = (
        sa.select(Contact.phone, Contact.email_key, Contact.do_not_call_at, Contact.opted_out_at, Lead.attempts)
        .join(Lead, Lead.contact_id == Contact.id)
        .where(Lead.id == lead_id)
    )
    return Marks._make((await session.execute(statement)).one())


def key_of(contact_id: int, key: str) -> str:
    """Under which key a person is stopped: the number or the address, or the person where neither is known."""
    return key or f"contact:{contact_id}"


def hashed(session: AsyncSession, channel: str, key: str) -> str:
    """A number or address as it is kept of somebody who was erased. Raises RuntimeError in a session that has no key to
    hash with."""
    fingerprint = session.info.get(FINGERPRINT)
    if fingerprint is None:
        raise RuntimeError("SECRET_KEY is not set.")
    return f"{HASHED}{fingerprint(f'{statements.team_of(session)}:{channel}:{key}')}"


def _spellings(session: AsyncSession, channel: str, key: str) -> list[str]:
    """Under which keys a number or address may be on the list."""
    return [key, hashed(session, channel, key)] if session.info.get(FINGERPRINT) else [key]


async def hold(session: AsyncSession, channel: str, key: str) -> None:
    """Wait for whoever is just stopping this number or adding a person with it, until the end of the transaction.

    Else a person added at the same moment would be missed. SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        name = f"{statements.team_of(session)}:{channel}:{key}"
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


async def add(
    session: AsyncSession,
    channel: str,
    key: str,
    *,
    contact_id: int | None,
    member_id: int | None,
    reason: str,
    now: datetime,
) -> bool:
    """Put a number or an address on the list; False when it was there."""
    values = {
        "team_id": statements.team_of(session),
        "channel": channel,
        "key": key,
        "contact_id": contact_id,
        "member_id": member_id,
        "reason": reason,
        "created_at": now,
    }
    return await statements.insert_once(session, Suppression, values, unique=("team_id", "channel", "key")) is not None


async def remove(session: AsyncSession, channel: str, key: str) -> bool:
    """Take it off the list; False when it was not there."""
    statement = (
        sa.delete(Suppression)
        .where(Suppression.channel == channel, Suppression.key.in_(_spellings(session, channel, key)))
        .returning(Suppression.id)
    )
    return len((await session.execute(statement, execution_options=NO_SYNC)).all()) > 0


async def forget(session: AsyncSession, channel: str, key: str, now: datetime) -> None:
    """Keep a number or an address on the list, or put it there, as a hash: it is known again, and stands nowhere."""
    statement = sa.delete(Suppression).where(Suppression.channel == channel, Suppression.key == key)
    before = (await session.scalars(statement.returning(Suppression.created_at), execution_options=NO_SYNC)).all()
    await add(
        session,
        channel,
        hashed(session, channel, key),
        contact_id=None,
        member_id=None,
        reason="",
        now=min(before, default=now),
    )


async def forget_people(session: AsyncSession, contact_ids: Sequence[int]) -> None:
    """Take from what is left on the list whom it was about, and why: numbers that others have too."""
    statement = sa.update(Suppression).where(Suppression.contact_id.in_(contact_ids))
    await session.execute(statement.values(contact_id=None, reason=""), execution_options=NO_SYNC)


async def since(session: AsyncSession, channel: str, key: str) -> datetime | None:
    """Since when a number or an address is on the list."""
    statement = sa.select(sa.func.min(Suppression.created_at)).where(
        Suppression.channel == channel, Suppression.key.in_(_spellings(session, channel, key))
    )
    return (await session.execute(statement)).scalar_one()


async def stops(session: AsyncSession, contact_id: int, phone: str, email_key: str) -> dict[str, Stop]:
    """What a person must be left alone with: channel → stop."""
    wanted = {PHONE: key_of(contact_id, phone), MAIL: key_of(contact_id, email_key)}
    statement = (
        sa.select(Suppression.channel, Suppression.created_at, Member.name, Suppression.reason)
        .outerjoin(Member, Member.id == Suppression.member_id)
        .where(
            sa.or_(
                *(
                    sa.and_(Suppression.channel == channel, Suppression.key.in_(_spellings(session, channel, key)))
                    for channel, key in wanted.items()
                )
            )
        )
    )
    return {row[0]: Stop._make(row[1:]) for row in await session.execute(statement)}


async def flag(session: AsyncSession, channel: str, contact_id: int, key: str, now: datetime) -> list[int]:
    """Mark a person, and everybody with the same number or address, as left alone; those who were not before."""
    column = getattr(Contact, _FLAGS[channel])
    statement = (
        sa.update(Contact)
        .where(_same(channel, contact_id, key), column.is_(None))
        .values({_FLAGS[channel]: now})
        .returning(Contact.id)
    )
    return sorted(await session.scalars(statement, execution_options=NO_SYNC))


async def unflag(
    session: AsyncSession, channel: str, contact_id: int, key: str, only: Sequence[int] | None = None
) -> list[int]:
    """Take the mark from a person and everybody with the same number or address, or from some of them."""
    column = getattr(Contact, _FLAGS[channel])
    statement = (
        sa.update(Contact)
        .where(_same(channel, contact_id, key), column.is_not(None))
        .values({_FLAGS[channel]: None})
        .returning(Contact.id)
    )
    if only is not None:
        statement = statement.where(Contact.id.in_(only))
    return sorted(await session.scalars(statement, execution_options=NO_SYNC))


def _same(channel: str, contact_id: int, key: str) -> sa.ColumnElement[bool]:
    own: sa.ColumnElement[bool] = Contact.id == contact_id
    column: Any = _KEYS[channel]
    return sa.or_(own, column == key) if key else own
