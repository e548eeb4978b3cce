"""Queries about people whoever they are. The session goes first."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Contact


async def named_in(session: AsyncSession, text: str) -> list[str]:
    """The names of the team's contacts that stand in a text, as they are written in the records."""
    # A name with a sign that LIKE reads otherwise matches more: rather one masked too many.
    statement = sa.select(Contact.name).where(sa.literal(text).like("%" + Contact.name + "%")).distinct()
    return list(await session.scalars(statement))
