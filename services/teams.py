"""A team's settings and its working time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import holidays
from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar import BusinessCalendar, WorkingTime
from domain.errors import Code, Refused, Rejected
from domain.members import Permission, require
from services import rules
from services.deps import Actor, Deps
from storage import members as queries
from storage import team_calendar as calendar_queries
from storage.members import audit
from storage.team_calendar import DayRow

MIN_ACKNOWLEDGE_MINUTES = 5
MAX_ACKNOWLEDGE_MINUTES = 5 * 9 * 60
"""Five business days: a handoff that may lie longer needs no clock."""

RECOUNT = "team.recount"
"""The task that counts a team's roll-ups anew."""
RECOUNT_AFTER = 15.0
"""Seconds: by then nobody writes a call down who was read with the old zone."""

WORKING_TIME = "working_time"
"""The kind of a team's rules about its hours."""

_JAPAN = "Asia/Tokyo"
# With the banks' holidays, because on 31 December, 2 and 3 January no company picks up the phone.
_CATEGORIES = ("public", "bank")


MAX_DAYS = 31
"""How many own days are added at once."""
MAX_NAME = 100
AHEAD = timedelta(days=366)
"""How far ahead own days and holidays are shown."""


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


async def set_handoffs(deps: Deps, actor: Actor, *, channel: str | None = None, minutes: int | None = None) -> None:
    """Choose the channel that handoffs are posted to, and the business minutes in which field sales should answer; what
    is None stays. Rejected: REQUIRED `channel`, INVALID `minutes`. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.EDIT_TEAM)
    wrong = []
    if channel == "":
        wrong.append(Refused(Code.REQUIRED, "channel"))
    if minutes is not None and not MIN_ACKNOWLEDGE_MINUTES <= minutes <= MAX_ACKNOWLEDGE_MINUTES:
        wrong.append(Refused(Code.INVALID, "minutes", least=MIN_ACKNOWLEDGE_MINUTES, most=MAX_ACKNOWLEDGE_MINUTES))
    if wrong:
        raise Rejected(*wrong)
    changed: dict[str, str | int] = {}
    if channel is not None:
        changed["handoff_channel"] = channel
    if minutes is not None:
        changed["acknowledge_minutes"] = minutes
    if changed:
        await _change(deps, actor, **changed)


async def set_zone(deps: Deps, actor: Actor, zone: str, *, followers: bool) -> int:
    """Choose the zone in which the team's days and hours are counted; how many members' own zones were changed with it.
    `followers`: the members in the team's old zone move with it.

    Local days shift, so the roll-ups of calls are counted anew by a task. Due times that are set stay.

    Refused: NOT_ALLOWED, INVALID `zone`.
    """
    require(actor.role, Permission.EDIT_ZONE)
    if zone not in available_timezones():
        raise Refused(Code.INVALID, "zone")
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        await queries.lock_team(session, actor.team_id)
        before = await queries.team(session, actor.team_id)
        if before is None:
            raise Refused(Code.NOT_FOUND)
        if before.zone == zone:
            return 0
        await queries.change_team(session, actor.team_id, zone=zone)
        moved = await queries.move_zone(session, before.zone, zone) if followers else 0
        detail = {"from": before.zone, "zone": zone, "members": moved}
        await audit(session, actor.member_id, "team.zone", f"teams:{actor.team_id}", detail, now)
        await deps.outbox.start_task(
            session,
            key=f"{RECOUNT}:{actor.team_id}:{now.isoformat()}",
            kind=RECOUNT,
            arguments={},
            delay_seconds=RECOUNT_AFTER,
        )
    return moved


async def _change(deps: Deps, actor: Actor, **values: str | int) -> None:
    async with deps.writing(actor.team_id) as session:
        if not await queries.change_team(session, actor.team_id, **values):
            raise Refused(Code.NOT_FOUND)
        await audit(session, actor.member_id, "team.change", f"teams:{actor.team_id}", values, deps.now())


async def working_time(deps: Deps, actor: Actor) -> WorkingTime:
    """The hours and weekdays of the actor's team."""
    require(actor.role, Permission.READ)
    return await rules.read(deps, actor.team_id, WORKING_TIME, WorkingTime())


async def set_working_time(deps: Deps, actor: Actor, opens: time, closes: time, weekdays: Collection[int]) -> None:
    """Choose the team's hours and weekdays (Monday is 0).

    Refused: NOT_ALLOWED. Rejected: INVALID `closes` unless it is after `opens`, REQUIRED `weekdays` without any.
    """
    require(actor.role, Permission.EDIT_TEAM)
    wrong = []
    if opens >= closes:
        wrong.append(Refused(Code.INVALID, "closes"))
    if not weekdays:
        wrong.append(Refused(Code.REQUIRED, "weekdays"))
    elif not set(weekdays) <= set(range(7)):
        wrong.append(Refused(Code.INVALID, "weekdays"))
    if wrong:
        raise Rejected(*wrong)
    days = tuple(sorted(set(weekdays)))
    chosen = WorkingTime(opens.isoformat("minutes"), closes.isoformat("minutes"), days)
    await rules.change(deps, actor, WORKING_TIME, chosen)


@dataclass(frozen=True, slots=True)
class Days:
    """The days from today on that are not like others of their weekday: the team's own, and the holidays given."""

    own: Sequence[DayRow]
    given: Sequence[tuple[date, str]]
    """Each with its name, "" at the turn of the year."""


async def own_days(deps: Deps, actor: Actor) -> Days:
    """The team's own days and its country's holidays, for a year, in the actor's language."""
    require(actor.role, Permission.READ)
    today = deps.today(actor.team_zone)
    async with deps.reading(actor.team_id) as session:
        own = await calendar_queries.days(session, today, today + AHEAD)
    given = _named_holidays(actor.team_zone, today.year, actor.language)
    return Days(own, [(day, name) for day, name in given if today <= day <= today + AHEAD])


async def add_days(deps: Deps, actor: Actor, first: date, last: date | None, *, works: bool, name: str) -> int:
    """Make days holidays of the company, or with `works` workdays, whatever they are for others; how many.

    Refused: NOT_ALLOWED, DATE_IN_PAST `first`, INVALID `last` before `first`, TOO_LONG `last` (`days`) and `name`.
    """
    require(actor.role, Permission.EDIT_TEAM)
    last = last or first
    if first < deps.today(actor.team_zone):
        raise Refused(Code.DATE_IN_PAST, "first")
    if last < first:
        raise Refused(Code.INVALID, "last")
    count = (last - first).days + 1
    if count > MAX_DAYS:
        raise Refused(Code.TOO_LONG, "last", days=MAX_DAYS)
    name = name.strip()
    if len(name) > MAX_NAME:
        raise Refused(Code.TOO_LONG, "name", most=MAX_NAME)
    async with deps.writing(actor.team_id) as session:
        # Two submissions at once are one after the other.
        await queries.lock_team(session, actor.team_id)
        days = [first + timedelta(days=number) for number in range(count)]
        await calendar_queries.put_days(session, days, works=works, name=name)
        detail = {"first": first.isoformat(), "last": last.isoformat(), "works": works, "name": name}
        await audit(session, actor.member_id, "team.days.add", f"teams:{actor.team_id}", detail, deps.now())
    return count


async def remove_day(deps: Deps, actor: Actor, day: date) -> None:
    """Make a day like others again; nothing happens when it is already. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.EDIT_TEAM)
    async with deps.writing(actor.team_id) as session:
        if await calendar_queries.drop_day(session, day):
            detail = {"day": day.isoformat()}
            await audit(session, actor.member_id, "team.days.remove", f"teams:{actor.team_id}", detail, deps.now())


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
    own = {
        row.day: row.works for row in await calendar_queries.days(session, date(year - 1, 1, 1), date(year + 1, 12, 31))
    }
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
def _named_holidays(zone: str, year: int, language: str) -> Sequence[tuple[date, str]]:
    """The holidays of a team's country in `year` and the one after, in order; those without a name of their own, at the
    turn of the year, have ""."""
    if zone != _JAPAN:
        return ()
    spoken = "ja" if language == "ja" else "en_US"
    named = holidays.country_holidays("JP", years=(year, year + 1), language=spoken)
    days = _japanese_holidays(year) | _japanese_holidays(year + 1)
    return tuple((day, str(named.get(day, ""))) for day in sorted(days))


@cache
def _japanese_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("JP", years=year, categories=_CATEGORIES))
