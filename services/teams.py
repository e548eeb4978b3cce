"""A team's settings and its working time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo

import holidays
from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar import BusinessCalendar, WorkingTime
from domain.errors import Code, Refused
from domain.members import Permission, require
from services import rules
from services.deps import Actor, Deps
from storage import members as queries
from storage import rules as rule_queries
from storage.members import audit

MIN_ACKNOWLEDGE_MINUTES = 5
MAX_ACKNOWLEDGE_MINUTES = 5 * 9 * 60
"""Five business days: a handoff that may lie longer needs no clock."""

WORKING_TIME = "working_time"
"""The kind of a team's rules about its hours."""

_JAPAN = "Asia/Tokyo"


@dataclass(frozen=True, slots=True)
class TeamSettings:
    """What a team decided for itself. `acknowledge_minutes` are business minutes."""

    handoff_channel: str | None
    acknowledge_minutes: int
    zone: str
    language: str
    name: str


async def settings(deps: Deps, actor: Actor) -> TeamSettings:
    """The settings of the actor's team."""
    require(actor.role, Permission.READ)
    async with deps.reading(actor.team_id) as session:
        row = await queries.team(session, actor.team_id)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return TeamSettings(row.handoff_channel, row.acknowledge_minutes, row.zone, row.language, row.name)


async def set_handoff_channel(deps: Deps, actor: Actor, channel: str) -> None:
    """Choose the channel that handoffs are posted to. Refused: NOT_ALLOWED, REQUIRED `channel`."""
    require(actor.role, Permission.EDIT_TEAM)
    if not channel:
        raise Refused(Code.REQUIRED, "channel")
    await _change(deps, actor, handoff_channel=channel)


async def set_acknowledge_minutes(deps: Deps, actor: Actor, minutes: int) -> None:
    """Choose the business minutes in which field sales should answer. Refused: NOT_ALLOWED, INVALID `minutes`."""
    require(actor.role, Permission.EDIT_TEAM)
    if not MIN_ACKNOWLEDGE_MINUTES <= minutes <= MAX_ACKNOWLEDGE_MINUTES:
        raise Refused(Code.INVALID, "minutes", least=MIN_ACKNOWLEDGE_MINUTES, most=MAX_ACKNOWLEDGE_MINUTES)
    await _change(deps, actor, acknowledge_minutes=minutes)


async def _change(deps: Deps, actor: Actor, **values: str | int) -> None:
    async with deps.writing(actor.team_id) as session:
        if not await queries.change_team(session, actor.team_id, **values):
            raise Refused(Code.NOT_FOUND)
        await audit(session, actor.member_id, "team.change", f"teams:{actor.team_id}", values, deps.now())


def business_calendar(zone: str, year: int) -> BusinessCalendar:
    """The working time of a team in `zone`, with the holidays of `year` and the one after.

    Japan's holidays count for teams in Japan; a zone says nothing about the holidays of any other country.
    """
    days: frozenset[date] = _japanese_holidays(year) | _japanese_holidays(year + 1) if zone == _JAPAN else frozenset()
    return BusinessCalendar(ZoneInfo(zone), holidays=days)


async def team_calendar(session: AsyncSession, zone: str, now: datetime) -> BusinessCalendar:
    """The working time of the session's team: its own hours and days, and Japan's holidays where it is in Japan.

    Its own days are known for the year of `now`, the one before and the one after.
    """
    working = await rules.of(session, WORKING_TIME, WorkingTime())
    year = now.astimezone(ZoneInfo(zone)).year
    own = await rule_queries.days(session, date(year - 1, 1, 1), date(year + 1, 12, 31))
    days = {day for y in (year - 1, year, year + 1) for day in (_japanese_holidays(y) if zone == _JAPAN else ())}
    return BusinessCalendar(
        ZoneInfo(zone),
        opens=time.fromisoformat(working.opens),
        closes=time.fromisoformat(working.closes),
        weekdays=frozenset(working.weekdays),
        holidays=frozenset(days | {day for day, works in own.items() if not works}),
        workdays=frozenset(day for day, works in own.items() if works),
    )


@cache
def _japanese_holidays(year: int) -> frozenset[date]:
    # With the banks' holidays, because on 31 December, 2 and 3 January no company picks up the phone.
    return frozenset(holidays.country_holidays("JP", years=year, categories=("public", "bank")))
