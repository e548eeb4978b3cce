"""Queries on companies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from storage import account_search
from storage.account_search import Found
from storage.tables import Account

_FOUND: tuple[Any, ...] = (
    Account.id,
    Account.name,
    Account.reading,
    Account.industry,
    Account.address,
    Account.corporate_number,
)


async def lock(session: AsyncSession) -> None:
    """Until the end of the transaction nobody else adds or changes companies of this team.

    Without it two people who add the same company at once would both be told that it is new. SQLite's write lock is
    held already.
    """
    if account_search.is_postgresql(session):
        key = crc32(session.info["team_id"].encode())
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCKS, key - (1 << 31))))


# The name of this kind of lock among all advisory locks of two numbers; any fixed number.
_LOCKS = 20_260_401


async def get(session: AsyncSession, account_id: int) -> Account | None:
    """A company of the team."""
    return await session.scalar(sa.select(Account).where(Account.id == account_id))


async def alike(session: AsyncSession, name_key: str, corporate_number: str | None, limit: int = 5) -> Sequence[Found]:
    """Companies with this number or this name key; the one with the number first."""
    # A missing number is not a number that two companies share.
    by_number = Account.corporate_number == corporate_number if corporate_number else sa.false()
    rows = await session.execute(
        sa.select(*_FOUND)
        .where(sa.or_(Account.name_key == name_key, by_number))
        .order_by(sa.case((by_number, 0), else_=1), Account.id)
        .limit(limit)
    )
    return [Found._make(row) for row in rows]


async def insert(
    session: AsyncSession,
    *,
    name: str,
    name_key: str,
    search_text: str,
    corporate_number: str | None,
    reading: str,
    name_en: str,
    industry: str,
    address: str,
    website: str,
    now: datetime,
) -> int:
    """Add a company and make it findable; its id."""
    account = Account(
        team_id=session.info["team_id"],
        name=name,
        name_key=name_key,
        search_text=search_text,
        corporate_number=corporate_number,
        reading=reading,
        name_en=name_en,
        industry=industry,
        address=address,
        website=website,
        created_at=now,
        updated_at=now,
    )
    session.add(account)
    await session.flush()
    await account_search.add(session, account_search.Entry(account.id, name_key, search_text))
    return account.id
