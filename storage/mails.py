"""Letters under their keys.

A letter's states are a delivery's: `queued` → `sending` (written before the letter's text goes to the mail server) →
`sent`, or `failed` (refused for good), or `uncertain` (the connection was lost before the server said whether it took
the letter).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from storage import statements
from storage.outbox import OPEN, DeliveryState
from storage.tables import Contact, Mail

# Rows are changed by statements, never by loaded objects.
_NO_SYNC = {"synchronize_session": False}


async def add(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Put a letter down under its key; False when the key was used before."""
    given = {"team_id": session.info["team_id"], "error": None, "claimed_at": None, "sent_at": None, **values}
    return await statements.insert_once(session, Mail, given, unique=("key",)) is not None


async def read(session: AsyncSession, key: str) -> Mail | None:
    """The letter with this key."""
    return await session.scalar(sa.select(Mail).where(Mail.key == key))


async def written_to(session: AsyncSession, contact_id: int, start: str) -> int:
    """How many letters to this person there are whose keys begin so."""
    query = sa.select(sa.func.count()).where(Mail.contact_id == contact_id, Mail.key.startswith(start, autoescape=True))
    return await session.scalar(query) or 0


async def mark_sending(session: AsyncSession, key: str, now: datetime) -> bool:
    """`queued` → `sending`; False when it was not queued any more."""
    return await _change(session, key, (DeliveryState.QUEUED,), state=DeliveryState.SENDING.value, claimed_at=now)


async def unmark(session: AsyncSession, key: str) -> bool:
    """`sending` → `queued`: the server said that it did not take it."""
    return await _change(session, key, (DeliveryState.SENDING,), state=DeliveryState.QUEUED.value, claimed_at=None)


async def settle(session: AsyncSession, key: str, state: DeliveryState, now: datetime, error: str | None) -> bool:
    """Write a letter's final state; False when it has one already, which then stays."""
    states = [DeliveryState(value) for value in OPEN]
    return await _change(session, key, states, state=state.value, sent_at=now, error=error)


async def again(session: AsyncSession, key: str) -> bool:
    """A letter that was not sent is queued again; False when it was not in such a state."""
    unsent = (DeliveryState.FAILED, DeliveryState.UNCERTAIN)
    values = {"state": DeliveryState.QUEUED.value, "claimed_at": None, "sent_at": None, "error": None}
    return await _change(session, key, unsent, expires_at=None, **values)


async def _change(session: AsyncSession, key: str, states: Sequence[DeliveryState], **values: Any) -> bool:
    statement = (
        sa.update(Mail)
        .where(Mail.key == key, Mail.state.in_([state.value for state in states]))
        .values(**values)
        .returning(Mail.key)
    )
    return (await session.execute(statement, execution_options=_NO_SYNC)).scalar_one_or_none() is not None


async def unfinished(session: AsyncSession) -> Sequence[str]:
    """The keys of the letters with which something is left to do, oldest first."""
    query = sa.select(Mail.key).where(Mail.state.in_(OPEN))
    return (await session.scalars(query.order_by(Mail.created_at, Mail.key))).all()


async def give_up(session: AsyncSession, before: datetime, error: str) -> None:
    """Settle as failed the letters that are older than this moment and have not been sent."""
    old = sa.update(Mail).where(Mail.state.in_(OPEN), Mail.created_at < before)
    await session.execute(old.values(state=DeliveryState.FAILED.value, error=error), execution_options=_NO_SYNC)


async def in_states(session: AsyncSession, states: Sequence[DeliveryState], *, limit: int) -> Sequence[Mail]:
    """Letters in these states, newest first; not those whose readers were erased, for whom nobody can do anything."""
    query = sa.select(Mail).where(Mail.state.in_([state.value for state in states]), Mail.to_address != "")
    return (await session.scalars(query.order_by(Mail.created_at.desc(), Mail.key).limit(limit))).all()


async def opted_out(session: AsyncSession, contact_id: int) -> bool:
    """Whether this person must not be written to, whatever the address."""
    person = sa.select(Contact.id).where(Contact.id == contact_id, Contact.opted_out_at.is_not(None))
    return (await session.execute(person)).first() is not None
