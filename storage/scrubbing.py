"""A SQLite file written anew, without remains of what was changed or deleted in it."""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.util import greenlet_spawn

from storage.database import Database
from storage.sqlite import OneTripConnection


class Busy(Exception):
    """Somebody reads from the log beside the file; it cannot be emptied now."""


async def size(session: AsyncSession) -> int:
    """Bytes of the file."""
    pages = (await session.execute(sa.text("PRAGMA page_count"))).scalar_one()
    return int(pages) * int((await session.execute(sa.text("PRAGMA page_size"))).scalar_one())


async def rewrite(database: Database) -> None:
    """Write every page anew, and empty the log. Whoever wants to write waits meanwhile, whoever reads does not. Raises
    `Busy` when the log could not be emptied: then it is to be done again."""
    async with database.turn:
        connection = await database.engine.raw_connection()
        try:
            driver = cast("OneTripConnection", connection.driver_connection)
            _, (row,) = await driver.run([("VACUUM", ()), ("PRAGMA wal_checkpoint(TRUNCATE)", ())])
        finally:
            await greenlet_spawn(connection.close)
    if row[0]:
        raise Busy
