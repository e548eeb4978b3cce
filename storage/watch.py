"""What those who run the house look at: how new the tables are, and what waits in the queue's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Waiting:
    """Work of a queue in a state: `enqueued` (its turn has not come), `delayed` (not before some time), `pending`
    (being done). `oldest_at`: when the oldest of it was enqueued, in seconds since 1970."""

    queue: str
    state: str
    count: int
    oldest_at: float


async def revision(session: AsyncSession) -> str | None:
    """The newest migration that the tables have had."""
    found = await session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


# The queue engine has an index on just these rows for each of the two conditions, as they are written here: what has
# finished, which are millions in the end, is not looked at.
_WAITING: Final = """
    SELECT queue_name, status, count(*), min(created_at) FROM {table}
    WHERE status IN ('ENQUEUED', 'PENDING') AND queue_name IS NOT NULL GROUP BY queue_name, status
    UNION ALL
    SELECT queue_name, status, count(*), min(created_at) FROM {table}
    WHERE status = 'DELAYED' AND queue_name IS NOT NULL GROUP BY queue_name, status
"""


async def waiting(session: AsyncSession) -> list[Waiting]:
    """What waits, over all processes and teams."""
    table = "dbos.workflow_status" if session.get_bind().dialect.name == "postgresql" else "workflow_status"
    rows = await session.execute(sa.text(_WAITING.format(table=table)))
    return [Waiting(queue, status.lower(), count, oldest / 1000) for queue, status, count, oldest in rows]
