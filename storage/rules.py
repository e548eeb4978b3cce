"""What a team decided in one matter: one row of JSON a matter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from storage import statements
from storage.tables import TeamRules

_RULES = statements.table(TeamRules)
_READ = sa.select(_RULES.c["values"]).where(
    _RULES.c.team_id == sa.bindparam(statements.TEAM), _RULES.c.kind == sa.bindparam("in_kind")
)


async def read(transaction: statements.Transaction, kind: str) -> dict[str, Any] | None:
    """The values of one matter; None where the team decided nothing."""
    found = (await statements.select(transaction, _READ, in_kind=kind)).scalar_one_or_none()
    return None if found is None else dict(found)


async def of_all_teams(session: AsyncSession, kind: str) -> dict[str, dict[str, Any]]:
    """The values of one matter, by the teams that decided something. For a session over all teams."""
    statement = sa.select(TeamRules.team_id, TeamRules.values).where(TeamRules.kind == kind)
    return {team_id: dict(values) for team_id, values in await session.execute(statement)}


async def write(session: AsyncSession, kind: str, values: Mapping[str, Any], member_id: int, now: datetime) -> None:
    """Put down what the team decided."""
    row = await session.scalar(sa.select(TeamRules).where(TeamRules.kind == kind).with_for_update())
    if row is None:
        key = {"team_id": session.info["team_id"], "kind": kind}
        session.add(TeamRules(**key, values=dict(values), updated_by=member_id, updated_at=now))
    else:
        row.values = dict(values)
        row.version += 1
        row.updated_by, row.updated_at = member_id, now
    await session.flush()
