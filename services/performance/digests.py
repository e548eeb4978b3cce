"""Digests: what a team hears of its figures by itself, daily, weekly and monthly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from domain.clock import Due, Timetable
from domain.errors import Code, Refused
from domain.members import Permission, Role, require
from domain.performance.digests import DEFAULTS, MONTH_DAYS, SPANS, WEEKDAYS, DigestKind, DigestRules, is_of_today
from domain.performance.facts import Fact, Seen, rank
from domain.performance.windows import Span, Window, back, current, finished
from services import rules as team_rules
from services.deps import Actor, Deps
from services.performance.kpis import Board, By, of_team
from services.teams import team_calendar
from storage import kpis as queries
from storage import members as member_queries
from storage.outbox import in_turn

POST = "kpi.digest"
"""The kind of the deliveries; `arguments`: `digest`, `first`, `last`, `language`, and `preview` where it is one."""
TREND = {DigestKind.DAILY: 0, DigestKind.WEEKLY: 8, DigestKind.MONTHLY: 6}
"""How many windows the charts of each go back."""
LANGUAGES = ("", "ja", "en")
REP_KPIS = frozenset({"dials", "connected", "connect_rate", "meetings_set", "meetings_per_answered", "sales_qualified"})
"""What a digest tells of each rep."""


@dataclass(frozen=True, slots=True)
class Point:
    """The calls of one window, for a chart."""

    window: Window
    dials: int
    connected: int
    meetings_set: int


@dataclass(frozen=True, slots=True)
class Digest:
    """Everything a digest tells. `reps` are those who made calls in the window, most dials first."""

    kind: DigestKind
    board: Board
    reps: tuple[Board, ...]
    facts: tuple[Fact, ...]
    trend: tuple[Point, ...]
    preview: bool = False


async def read(deps: Deps, actor: Actor) -> dict[DigestKind, DigestRules]:
    """What the team decided. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    async with deps.reading(actor.team_id) as session:
        return {kind: await of(session, kind) for kind in DigestKind}


async def change(deps: Deps, actor: Actor, kind: DigestKind, rules: DigestRules) -> None:
    """Put down how the team wants a digest. Refused: NOT_ALLOWED, INVALID `at` or `language`, REQUIRED `channel` for a
    daily one that is to go nowhere."""
    require(actor.role, Permission.EDIT_TEAM)
    try:
        at = time.fromisoformat(rules.at)
    except ValueError as no_time:
        raise Refused(Code.INVALID, "at") from no_time
    if rules.language not in LANGUAGES:
        raise Refused(Code.INVALID, "language")
    if kind is DigestKind.DAILY and rules.on and not rules.channel:
        raise Refused(Code.REQUIRED, "channel")
    await team_rules.change(deps, actor, _kind(kind), replace(rules, at=at.strftime("%H:%M")))


async def plan(deps: Deps, kind: DigestKind) -> list[Timetable]:
    """When each team's digest of this kind is due."""
    async with deps.database.reading_across_teams() as session:
        zones = await member_queries.team_zones(session)
    found = []
    for team_id, zone in zones:
        async with deps.asking(team_id) as session:
            rules = await of(session, kind)
        if rules.on:
            at = time.fromisoformat(rules.at)
            found.append(Timetable(team_id, zone, at, WEEKDAYS[kind], MONTH_DAYS[kind]))
    return found


async def send_due(deps: Deps, due: Due, kind: DigestKind) -> int:
    """Send a team its digest of a day, once; the number of those it newly goes to. None on days nobody works for the
    daily one."""
    async with deps.writing(due.team_id) as session:
        calendar = await team_calendar(session, due.zone, due.at)
        if kind is DigestKind.DAILY and not calendar.is_business_day(due.day):
            return 0
        key = f"digest:{kind}:{due.team_id}:{due.day.isoformat()}"
        return await _send(deps, session, kind, due.day, due.zone, key, in_turn(due.at))


async def send_again(deps: Deps, actor: Actor, kind: DigestKind, request_key: str) -> int:
    """Send the team the digest that would go out today, now; the number of those it newly goes to, 0 where the team has
    named nobody. The same request twice sends it once. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.EDIT_TEAM)
    today = deps.today(actor.team_zone)
    async with deps.writing(actor.team_id) as session:
        key = f"digest:{kind}:{actor.team_id}:{today.isoformat()}:again:{request_key}"
        return await _send(deps, session, kind, today, actor.team_zone, key)


async def preview(deps: Deps, actor: Actor, kind: DigestKind, request_key: str) -> None:
    """Send the actor alone the digest that would go out today. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    today = deps.today(actor.team_zone)
    async with deps.writing(actor.team_id) as session:
        rules = await of(session, kind)
        window = await _window(deps, session, kind, today, actor.team_zone, rules)
        await deps.outbox.enqueue(
            session,
            key=f"digest:preview:{kind}:{actor.team_id}:{actor.slack_user}:{request_key}",
            kind=POST,
            channel=actor.slack_user,
            arguments=_arguments(kind, window, rules) | {"preview": True},
            now=deps.now(),
        )


async def content(deps: Deps, team_id: str, zone: str, kind: DigestKind, window: Window) -> Digest:
    """What a digest tells about a window, as the figures are now."""
    (board,) = await of_team(deps, team_id, zone, window.span, window=window)
    reps = [
        rep
        for rep in await of_team(deps, team_id, zone, window.span, window=window, by=By.REP, keys=REP_KPIS)
        if rep.line("dials").figure.numerator
    ]
    windows = back(window, TREND[kind]) if TREND[kind] else []
    async with deps.reading(team_id) as session:
        days = await queries.calls_by_day(session, windows[0].first, window.last) if windows else {}
    facts = rank(
        [Seen(line.figure, line.before, line.target) for line in board.lines],
        {rep.name: {line.kpi.key: line.figure for line in rep.lines} for rep in reps},
        over=window.last < deps.today(zone) or kind is DigestKind.DAILY,
    )
    # From the first window in which anybody called.
    points = [_point(each, days) for each in windows]
    begun = next((place for place, point in enumerate(points) if point.dials), len(points))
    return Digest(kind, board, tuple(reps), facts, tuple(points[begun:]))


def _point(window: Window, days: Mapping[date, Sequence[int]]) -> Point:
    counted = [
        days.get(window.first + timedelta(days=n), (0,) * 5) for n in range((window.last - window.first).days + 1)
    ]
    return Point(window, sum(day[0] for day in counted), sum(day[2] for day in counted), sum(day[4] for day in counted))


async def _send(
    deps: Deps, session: AsyncSession, kind: DigestKind, day: date, zone: str, key: str, place: int | None = None
) -> int:
    rules = await of(session, kind)
    window = await _window(deps, session, kind, day, zone, rules)
    sent = 0
    for to in await _recipients(session, kind, rules):
        sent += await deps.outbox.enqueue(
            session,
            key=key if to == rules.channel else f"{key}:{to}",
            kind=POST,
            channel=to,
            arguments=_arguments(kind, window, rules),
            now=deps.now(),
            place=place,
        )
    return sent


def _arguments(kind: DigestKind, window: Window, rules: DigestRules) -> dict[str, object]:
    return {
        "digest": kind.value,
        "first": window.first.isoformat(),
        "last": window.last.isoformat(),
        "language": rules.language,
    }


async def _recipients(session: AsyncSession, kind: DigestKind, rules: DigestRules) -> list[str]:
    if rules.channel:
        return [rules.channel]
    if kind is DigestKind.DAILY:
        return []
    return [row.slack_user for row in await member_queries.of_roles(session, [Role.MANAGER.value])]


async def _window(
    deps: Deps, session: AsyncSession, kind: DigestKind, day: date, zone: str, rules: DigestRules
) -> Window:
    """What a digest of this day is about."""
    if kind is not DigestKind.DAILY:
        return finished(SPANS[kind], day)
    if is_of_today(kind, rules.at):
        return current(Span.DAY, day)
    calendar = await team_calendar(session, zone, deps.now())
    last = day - timedelta(days=1)
    while not calendar.is_business_day(last):
        last -= timedelta(days=1)
    return current(Span.DAY, last)


def _kind(kind: DigestKind) -> str:
    return f"digest.{kind}"


async def of(session: AsyncSession, kind: DigestKind) -> DigestRules:
    """What the team decided about one kind."""
    return await team_rules.of(session, _kind(kind), DEFAULTS[kind])
