"""The audit log kept to itself: sealed by the clock, checked on demand."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit import Anchor, Break, Fault, Walk, start
from services.deps import Deps
from storage import audit as queries

log = logging.getLogger(__name__)

SEAL_SECONDS = 60
BATCHES = 100
"""Batches of a team that one turn of the clock seals: what waits beyond, after a large import, is sealed the next."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How a team's log stands. `newest` is to be kept outside the database: a log that was cut off behind it shows."""

    rows: int
    waiting: int
    newest: Anchor | None
    broken: Break | None


async def seal(deps: Deps) -> None:
    """Seal what every team's log has been given since."""
    async with deps.database.reading_across_teams() as session:
        teams = await queries.unsealed_teams(session)
    for team_id in teams:
        await seal_team(deps, team_id)


async def seal_team(deps: Deps, team_id: str) -> None:
    """Seal what a team's log has been given since, each batch in a transaction of its own.

    The first seal of a day (UTC) logs where the chain ended before: kept outside the database, that shows later whether
    rows were cut off.
    """
    for _ in range(BATCHES):
        async with deps.writing(team_id) as session:
            await queries.hold(session)
            end = await queries.newest(session)
            count = await queries.seal(session)
        if count and end is not None and end[1].date() < deps.now().date():
            log.info("Audit log of %s until %s: anchor %d:%s", team_id, end[1].date(), end[0].seal, end[0].hash)
        if count < queries.AT_ONCE:
            return


async def seal_all(session: AsyncSession) -> None:
    """Seal whatever the team's log has been given, in the caller's transaction."""
    while await queries.seal(session) == queries.AT_ONCE:
        pass


async def check(deps: Deps, team_id: str, anchors: Mapping[int, str] | None = None) -> Checked:
    """Walk along a team's whole chain. `anchors`: number → hash, as they were told before."""
    async with deps.database.snapshot(team_id) as session:
        walk = Walk(start(team_id), anchors or {})
        async for found in queries.sealed(session):
            if not walk.feed(found):
                break
        rows, waiting = await queries.counts(session)
        end, broken = await queries.newest(session), walk.end()
    if broken is None and rows != walk.seal:
        # Numbers that come twice, or below the first: the database's own index keeps them out as long as it stands.
        broken = Break(Fault.CHANGED, walk.seal)
    return Checked(rows, waiting, end[0] if end else None, broken)
