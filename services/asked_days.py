"""The days somebody means by words, on the team's calendar."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from domain.outreach import natural_time
from services.deps import Actor, Deps
from services.teams import team_calendar


async def days(deps: Deps, actor: Actor, words: str) -> tuple[date, date] | None:
    """The first and the last day, local to the actor; None where the words mean no days."""
    now = deps.now()
    async with deps.reading(actor.team_id) as session:
        calendar = await team_calendar(session, actor.team_zone, now)
    return natural_time.days(words, now, ZoneInfo(actor.zone), calendar)
