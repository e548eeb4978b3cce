"""Which teams, in which zones, a job is due for."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import time

from domain.clock import EVERY_DAY, Timetable
from domain.members import Role
from services.deps import Deps
from storage import members as queries


async def by_team(deps: Deps, at: time, weekdays: AbstractSet[int] = EVERY_DAY) -> Sequence[Timetable]:
    """Every team at this time of its own zone."""
    async with deps.database.reading_across_teams() as session:
        found = await queries.team_zones(session)
    return [Timetable(team_id, zone, at, weekdays) for team_id, zone in found]


async def by_member_zone(
    deps: Deps, roles: Sequence[Role], at: time, weekdays: AbstractSet[int] = EVERY_DAY
) -> Sequence[Timetable]:
    """Every team at this time of each zone in which active members with one of these roles live."""
    async with deps.database.reading_across_teams() as session:
        found = await queries.member_zones(session, [role.value for role in roles])
    return [Timetable(team_id, zone, at, weekdays) for team_id, zone in found]
