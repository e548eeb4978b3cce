"""What a message in Slack is about: the rows that were posted there, or that somebody dropped there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.pipeline.passages import Kind
from domain.slack_links import MessageLink
from storage.tables import (
    Account,
    Contact,
    Delivery,
    HandoffReturn,
    Lead,
    Meeting,
    MeetingOffer,
    Member,
    Recording,
)

Named = tuple[Kind, int]


class Place(NamedTuple):
    """Where a message of ours stands in Slack."""

    channel: str
    ts: str


class About(NamedTuple):
    """Whom a row is about, by names; "" where there is none."""

    contact: str
    account: str


_ROWS: Final = {
    "handoff_id": Kind.HANDOFF,
    "recording_id": Kind.RECORDING,
    "submission_id": Kind.INQUIRY,
    "qualification_id": Kind.QUALIFICATION,
    "lead_id": Kind.LEAD,
}
"""What a message is made from names the row that it shows."""
_LEADS: Final[dict[str, Any]] = {"meeting_id": Meeting, "offer_id": MeetingOffer}
"""Rows that a search does not find; their leads are."""
_MOST: Final = 20


async def posted(session: AsyncSession, at: MessageLink) -> list[Named]:
    """The rows that a message, or the one that its thread hangs on, shows; or that came from it."""
    found: dict[Named, None] = {}
    shown = sa.select(Delivery.arguments).where(Delivery.posted_channel == at.channel, Delivery.ts.in_(at.stamps))
    for arguments in await session.scalars(shown.order_by(Delivery.created_at, Delivery.key).limit(_MOST)):
        for name, value in arguments.items() if isinstance(arguments, dict) else ():
            if isinstance(value, bool) or not isinstance(value, int):
                continue
            if name in _ROWS:
                found[_ROWS[name], value] = None
            elif name in _LEADS:
                model = _LEADS[name]
                lead_id = await session.scalar(sa.select(model.lead_id).where(model.id == value))
                if lead_id is not None:
                    found[Kind.LEAD, lead_id] = None
    dropped = sa.and_(Recording.channel == at.channel, Recording.thread_ts.in_(at.stamps))
    linked = [Recording.permalink.contains(f"/archives/{at.channel}/p{ts.replace('.', '')}") for ts in at.stamps]
    recordings = sa.select(Recording.id).where(sa.or_(dropped, *linked)).order_by(Recording.id).limit(_MOST)
    for recording_id in await session.scalars(recordings):
        found[Kind.RECORDING, recording_id] = None
    return list(found)


async def about(session: AsyncSession, lead_ids: Iterable[int]) -> dict[int, About]:
    """Whom these leads are with."""
    statement = (
        sa.select(Lead.id, Contact.name, Account.name)
        .join(Contact, Contact.id == Lead.contact_id)
        .join(Account, Account.id == Lead.account_id)
        .where(Lead.id.in_(list(lead_ids)))
    )
    return {key: About(contact or "", account or "") for key, contact, account in await session.execute(statement)}


async def members(session: AsyncSession, ids: Iterable[int]) -> dict[int, str]:
    """The names of these members."""
    statement = sa.select(Member.id, Member.name).where(Member.id.in_(list(ids)))
    rows = (await session.execute(statement)).all()
    return {row.id: row.name for row in rows}


async def posts(session: AsyncSession, named: Iterable[Named]) -> dict[Named, Place]:
    """Where these rows stand in Slack, those that do: handoffs, inquiries, and returns by their handoff's post."""
    keys: dict[str, list[Named]] = {}
    returns: dict[int, Named] = {}
    for kind, row_id in named:
        if kind is Kind.HANDOFF:
            keys.setdefault(f"handoff:{row_id}", []).append((kind, row_id))
        elif kind is Kind.INQUIRY:
            keys.setdefault(f"inbound:{row_id}", []).append((kind, row_id))
        elif kind is Kind.RETURN:
            returns[row_id] = (kind, row_id)
    given = sa.select(HandoffReturn.id, HandoffReturn.handoff_id).where(HandoffReturn.id.in_(list(returns)))
    for return_id, handoff_id in await session.execute(given) if returns else ():
        keys.setdefault(f"handoff:{handoff_id}", []).append(returns[return_id])
    statement = sa.select(Delivery.key, Delivery.posted_channel, Delivery.ts).where(Delivery.key.in_(list(keys)))
    return {
        row: Place(where, ts)
        for key, where, ts in (await session.execute(statement) if keys else ())
        if where and ts
        for row in keys[key]
    }


async def links(session: AsyncSession, recording_ids: Iterable[int]) -> dict[int, str]:
    """Where these conversations were dropped, by the addresses of the messages."""
    statement = sa.select(Recording.id, Recording.permalink).where(Recording.id.in_(list(recording_ids)))
    return {key: link for key, link in await session.execute(statement) if link}
