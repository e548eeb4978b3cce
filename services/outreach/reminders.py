"""Reminders to reps: a promised call five minutes before, overdue steps at noon, leads without a next step on Friday.

Each is enqueued once under its key, for nobody who is on leave and on no day off; what it says is read when it is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.clock import Due, Timetable
from domain.leads import NextStep, Stage
from domain.outreach.call_queue import EARLY, START_OF_DAY, Promised, may_be_called, promised
from domain.outreach.calls import CALL_RULES, CallRules, Connection, Outcome
from services import rules, teams, timetables
from services.deps import Actor, Deps
from services.outreach.call_queue import AT_ONCE, REPS, at_work
from storage import call_queue as queries
from storage import members as member_queries
from storage.call_queue import PlannedRow, StepRow
from storage.outbox import REMINDER, in_turn

CALLBACK = "call.callback"
OVERDUE = "call.overdue"
AIMLESS = "call.aimless"

NOON = time(12)
FRIDAY = frozenset({4})
FRIDAY_AT = time(15)
"""Early enough to plan the next week before it begins."""
SHOWN = 10
"""So many leads stand in a reminder."""


@dataclass(frozen=True, slots=True)
class StepLine:
    """A lead for which something is left to do."""

    lead_id: int
    contact: str
    title: str
    account: str
    stage: Stage
    next_step: NextStep | None
    next_step_at: datetime | None
    last_called_at: datetime | None


@dataclass(frozen=True, slots=True)
class StepList:
    """What is left to do: how many leads, and the first SHOWN of them."""

    count: int
    lines: tuple[StepLine, ...]


def _list(found: tuple[int, list[StepRow]]) -> StepList:
    count, rows = found
    return StepList(
        count,
        tuple(
            StepLine(
                row.lead_id,
                row.contact,
                row.title,
                row.account,
                Stage(row.stage),
                NextStep(row.next_step) if row.next_step else None,
                row.next_step_at,
                row.last_called_at,
            )
            for row in rows
        ),
    )


async def overdue_plan(deps: Deps) -> Sequence[Timetable]:
    """At noon of each rep's zone."""
    return await timetables.by_member_zone(deps, REPS, NOON)


async def friday_plan(deps: Deps) -> Sequence[Timetable]:
    """On Friday afternoon of each rep's zone."""
    return await timetables.by_member_zone(deps, REPS, FRIDAY_AT, FRIDAY)


async def remind_promised(deps: Deps) -> int:
    """Enqueue a reminder of every call promised for the next minutes; how many were new. For an interval job."""
    now = deps.now()
    # A little of the past as well, for a promise made just now or a clock that rings late.
    since, until = now - timedelta(minutes=1), now + EARLY
    async with deps.database.reading_across_teams() as session:
        found = await queries.teams_with_planned(session, since, until)
    return sum([await _remind_team(deps, team_id, since, until, now) for team_id in found])


async def _remind_team(deps: Deps, team_id: str, since: datetime, until: datetime, now: datetime) -> int:
    made = 0
    async with deps.writing(team_id) as session:
        team = await member_queries.team(session, team_id)
        if team is None:
            return 0
        calendar = await teams.team_calendar(session, team.zone, now)
        if not calendar.is_business_day(now.astimezone(calendar.zone).date()):
            return 0
        call_rules = await rules.of(session, CALL_RULES, CallRules())
        away: dict[str, set[int]] = {}
        for row in await queries.planned_between(session, since, until):
            local = now.astimezone(ZoneInfo(row.zone)).date()
            if row.zone not in away:
                away[row.zone] = await member_queries.absent(session, local)
            if row.member_id in away[row.zone] or _promised(row, call_rules, calendar.zone) is None:
                continue
            made += await deps.outbox.enqueue(
                session,
                key=f"callback:{row.lead_id}:{int(row.at.timestamp())}",
                kind=CALLBACK,
                channel=row.slack_user,
                arguments={"lead_id": row.lead_id, "at": row.at.isoformat()},
                now=now,
                place=REMINDER,
            )
    return made


@dataclass(frozen=True, slots=True)
class _Planned:
    """What the queue's rules ask of a lead for which a call is planned."""

    stage: Stage
    phone: str
    do_not_call: bool
    last_connection: Connection | None
    last_outcome: Outcome | None
    attempts: int
    next_step: NextStep
    next_step_at: datetime


def _promised(row: PlannedRow, call_rules: CallRules, team_zone: ZoneInfo) -> Promised | None:
    """The promise to be reminded of, by the rules of the queue; None where the lead may not be called, or only a day
    was planned, which has no minute to be reminded of."""
    planned = _Planned(
        Stage(row.stage),
        row.phone,
        row.do_not_call_at is not None,
        Connection(row.last_connection) if row.last_connection else None,
        Outcome(row.last_outcome) if row.last_outcome else None,
        row.attempts,
        NextStep.CALL,
        row.at,
    )
    # The rep planned the day in a zone of their own.
    zones = (team_zone, ZoneInfo(row.zone))
    if not may_be_called(planned, call_rules) or any(promised(planned, zone) is None for zone in zones):
        return None
    return promised(planned, team_zone)


async def promise(deps: Deps, actor: Actor, lead_id: int, at: datetime) -> Promised | None:
    """The promise a reminder is about, as it stands; None when the call was made, moved, or is not to be made any
    more, or the lead has become somebody else's."""
    async with deps.reading(actor.team_id) as session:
        found = await queries.planned_call(session, lead_id, actor.member_id)
        call_rules = await rules.of(session, CALL_RULES, CallRules())
    if found is None or found.at != at:
        return None
    return _promised(found, call_rules, ZoneInfo(actor.team_zone))


def _today_somewhen(at: datetime, zone: str) -> datetime:
    """When a call planned for that day, without a time, is due: the day is not over yet, so it is not overdue."""
    return datetime.combine(at.astimezone(ZoneInfo(zone)).date(), START_OF_DAY, ZoneInfo(zone))


async def send_overdue(deps: Deps, due: Due) -> int:
    """Enqueue the list of overdue steps for every rep in the zone who has some; how many."""
    async with deps.reading(due.team_id) as session:
        reps = await at_work(session, due)
        owners = await queries.owners_overdue(session, due.at, _today_somewhen(due.at, due.zone)) if reps else set()
    return await _send(deps, due, [rep for rep in reps if rep.id in owners], OVERDUE, "overdue")


async def send_aimless(deps: Deps, due: Due) -> int:
    """Enqueue the list of leads without a next step for every rep in the zone who has some; how many."""
    async with deps.reading(due.team_id) as session:
        reps = await at_work(session, due)
        owners = await queries.owners_aimless(session) if reps else set()
    return await _send(deps, due, [rep for rep in reps if rep.id in owners], AIMLESS, "no-next-step")


async def _send(deps: Deps, due: Due, reps: Sequence[member_queries.MemberRow], kind: str, name: str) -> int:
    sent = 0
    for begin in range(0, len(reps), AT_ONCE):
        async with deps.writing(due.team_id) as session:
            for rep in reps[begin : begin + AT_ONCE]:
                sent += await deps.outbox.enqueue(
                    session,
                    key=f"{name}:{rep.id}:{due.day.isoformat()}",
                    kind=kind,
                    channel=rep.slack_user,
                    arguments={"at": due.at.isoformat()},
                    now=deps.now(),
                    place=in_turn(due.at),
                )
    return sent


async def overdue(deps: Deps, actor: Actor, at: datetime) -> StepList:
    """The actor's steps that were due before `at` and still are."""
    async with deps.reading(actor.team_id) as session:
        but = _today_somewhen(at, actor.zone)
        return _list(await queries.overdue(session, actor.member_id, at, but, SHOWN))


async def aimless(deps: Deps, actor: Actor) -> StepList:
    """The actor's leads in work that have no next step."""
    async with deps.reading(actor.team_id) as session:
        return _list(await queries.aimless(session, actor.member_id, SHOWN))
