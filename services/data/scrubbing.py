"""SQLite leaves what was changed or deleted in its file until something else takes the place. After an erasure the file
is written anew, without such remains.

PostgreSQL's own vacuum does this by itself; what is left until then is seen by nobody who asks the database, and in no
dump.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from services.deps import Deps
from storage import members
from storage.scrubbing import rewrite, size

SCRUB = "person.scrub"
"""The task that writes SQLite's file anew."""
AT_ONCE_BYTES = 256 << 20
"""A file of this size is rewritten in seconds, in which whoever writes waits; a larger one waits for the night."""
NIGHT = time(3)


async def start(deps: Deps, session: AsyncSession, run: str) -> None:
    """Have the file written anew once the transaction is committed; where it is large, at three in the morning."""
    if deps.database.dialect != "sqlite":
        return
    team = await members.team(session, session.info["team_id"])
    wait = 0.0
    if await size(session) > AT_ONCE_BYTES and team is not None:
        wait = _until_night(deps.now().astimezone(ZoneInfo(team.zone)))
    await deps.outbox.start_task(session, key=f"{SCRUB}:{run}", kind=SCRUB, arguments={}, delay_seconds=wait)


def _until_night(now: datetime) -> float:
    night = datetime.combine(now.date(), NIGHT, now.tzinfo)
    if night <= now:
        night += timedelta(days=1)
    return (night - now).total_seconds()


async def scrub(deps: Deps, _arguments: Mapping[str, Any]) -> None:
    """Write the file anew, and empty the log beside it. Doing it twice changes nothing."""
    if deps.database.dialect == "sqlite":
        await rewrite(deps.database)
