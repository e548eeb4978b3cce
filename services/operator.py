"""Whoever runs the command line on the server: acts for a team as its first admin."""

from __future__ import annotations

from domain.errors import Code, Refused
from domain.members import Role
from services import members
from services.deps import Actor, Deps
from storage import members as queries


async def known_teams(deps: Deps) -> list[str]:
    """The ids of all teams, in order."""
    async with deps.database.reading_across_teams() as session:
        return await queries.team_ids(session)


async def operator(deps: Deps, team_id: str) -> Actor:
    """The team's first admin. Refused: NOT_FOUND for a team without one."""
    async with deps.reading(team_id) as session:
        found = await queries.of_roles(session, [Role.ADMIN.value])
    actor = await members.who(deps, team_id, found[0].slack_user) if found else None
    if actor is None:
        raise Refused(Code.NOT_FOUND, "team_id")
    return actor
