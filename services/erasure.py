"""Thirty days after a workspace has removed the app, everything that belongs to it is erased.

In pieces, each a transaction of its own, so that nobody waits for it; whatever ends the process, the next turn of the
clock goes on. The installation's row says until the end that the team is being erased.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from services.deps import Deps
from storage import erasure as pieces
from storage import installations as queries

log = logging.getLogger(__name__)

KEPT: Final = timedelta(days=30)
PIECE: Final = 1_000
"""Rows that are deleted at a time."""


async def erase_due(deps: Deps, piece: int = PIECE) -> int:
    """Erase every team that went long enough ago; how many there were. For an interval job."""
    before = deps.now() - KEPT
    async with deps.database.reading_across_teams() as session:
        due = await queries.to_erase(session, before)
    erased = 0
    for team_id in due:
        async with deps.writing(team_id) as session:
            begun = await queries.begin_erasing(session, before)
        if begun:
            await finish(deps, team_id, piece)
            erased += 1
    return erased


async def _erasing(session: AsyncSession) -> bool:
    """Whether it is still so: the team may be erased by now, and even have come anew."""
    row = await queries.held(session)
    return row is not None and row.erasing


async def finish(deps: Deps, team_id: str, piece: int = PIECE) -> None:
    """Erase a team to the end, from wherever somebody has stopped. Several processes may do so at once."""
    for target in pieces.tables():
        taken = piece
        while taken:
            async with deps.writing(team_id) as session:
                if not await _erasing(session):
                    return
                taken = await pieces.take(session, target, piece)
    await deps.outbox.forget(team_id)
    first = more = True
    while more:
        async with deps.writing(team_id) as session:
            more = await pieces.settle(session, first)
        first = False
    async with deps.writing(team_id) as session:
        if not await _erasing(session):
            return
        await pieces.take_team(session)
    # The team's id is the only thing left of it, here in the log.
    log.warning("The data of team %s has been erased: it removed the app more than 30 days ago", team_id)
