"""The call queue: whom a member calls next and why, what the team learned, and who is sent a list in the morning."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar import BusinessCalendar
from domain.clock import Due, Timetable
from domain.errors import Code, Refused
from domain.leads import NextStep, Source, Stage
from domain.members import Permission, Role, require
from domain.outreach import call_queue as domain
from domain.outreach.best_hour import Cell, HourRates, Tally
from domain.outreach.call_queue import QUEUE_RULES, Candidate, QueueRules, Ranked, Rates, Reason, rank
from domain.outreach.calls import CALL_RULES, UNDO_WITHIN, CallRules, Connection, Outcome, Party
from services import rules, teams, timetables
from services.deps import Actor, Deps
from services.outreach.call_records import mark_of
from storage import call_queue as queries
from storage import members as member_queries
from storage.call_queue import CandidateRow
from storage.outbox import in_turn

MOST_CANDIDATES = 1000
"""So many leads of a member are ranked; who owns more has those first whose step is due, then the newest."""
MOST_LINES = 100
"""So many ranked leads a queue carries: more than anybody calls in a day."""
LEARN_DAYS = 180
"""So far back the team's connected calls and opportunities are counted: about as long as a market stays the same."""
GROUND_FOR = timedelta(minutes=1)
"""So old may be what all lists of one morning have in common."""
LEARNED_FOR = timedelta(minutes=5)
"""What was learned is used for so long before it is read again: a handful of calls does not change it."""

MORNING = "call.morning"
"""The kind of the delivery of the morning's list."""
AT_ONCE = 200
"""So many messages are enqueued in one transaction: others want to write too."""
REPS = (Role.INSIDE_SALES,)
"""Who has a list in the morning."""


@dataclass(frozen=True, slots=True)
class QueueLine:
    """A lead in the queue. `promised_at` is set for a call at a time; `note` is the last call's."""

    lead_id: int
    contact: str
    title: str
    account: str
    segment: str
    phone: str
    stage: Stage
    source: Source
    reasons: tuple[Reason, ...]
    promised_at: datetime | None
    last_called_at: datetime | None
    note: str
    opted_out: bool


@dataclass(frozen=True, slots=True)
class DayResult:
    """A member's calls of one local date of the team."""

    day: date
    dials: int = 0
    connected: int = 0
    meetings_set: int = 0


@dataclass(frozen=True, slots=True)
class JustLogged:
    """The member's last call, while it can still be taken back, and what is next with its lead. `mark` tells it from a
    later one under the same number; `works` False: the team does not work on the day of `next_step_at`."""

    call_id: int
    mark: str
    lead_id: int
    contact: str
    at: datetime
    connection: Connection
    party: Party
    outcome: Outcome | None
    next_step: NextStep | None = None
    next_step_at: datetime | None = None
    works: bool = True


@dataclass(frozen=True, slots=True)
class Queue:
    """A member's queue as it is at `at`.

    `calls` are to be made now, the best first (at most MOST_LINES of `total`); `later` are promised for a time still
    to come that day. `works` False: the team does not work today, and this is the queue of the next opening, `at`.
    `before` is the business day before, `today` the day so far, `target` the dials aimed at in a day: the member's own
    target, else the team's rule.
    """

    at: datetime
    works: bool
    calls: tuple[QueueLine, ...]
    total: int
    later: tuple[QueueLine, ...]
    before: DayResult
    today: DayResult
    target: int
    logged: JustLogged | None


async def build(deps: Deps, actor: Actor, *, morning: bool = False) -> Queue:
    """The actor's queue now. Refused: NOT_ALLOWED.

    `morning`: one of very many at the same time, for which the team's rules and calendar are not read each time; they
    may be GROUND_FOR old.
    """
    require(actor.role, Permission.LOG_CALLS)
    now = deps.now()
    zone = ZoneInfo(actor.team_zone)
    async with deps.asking(actor.team_id) as session:
        ground = await _ground(deps, session, actor, now, GROUND_FOR if morning else timedelta())
        calendar, call_rules, rates = ground.calendar, ground.rules, ground.rates
        today = now.astimezone(zone).date()
        works = calendar.is_business_day(today)
        at = now if works else calendar.add_minutes(now, 0)
        until = datetime.combine(at.astimezone(zone).date() + timedelta(days=1), time(), zone)
        rows = await queries.candidates(
            session,
            actor.member_id,
            now=at,
            until=until,
            called_before=at - timedelta(minutes=call_rules.min_gap_minutes),
            cap=call_rules.max_attempts,
            most=MOST_CANDIDATES,
        )
        before = _business_day_before(calendar, today)
        days = await queries.days(session, actor.member_id, before, today)
        own_target = await queries.own_target(session, actor.member_id)
        logged = await queries.just_logged(session, actor.member_id, now - UNDO_WITHIN)
    by_id = {row.lead_id: row for row in rows}
    ranking = rank((_candidate(row) for row in rows), at, call_rules, rates, calendar, _chance(actor, at))
    return Queue(
        at=at,
        works=works,
        calls=tuple(_line(by_id[ranked.lead_id], ranked) for ranked in ranking.calls[:MOST_LINES]),
        total=len(ranking.calls),
        later=tuple(_line(by_id[ranked.lead_id], ranked) for ranked in ranking.later[:MOST_LINES]),
        before=_result(days, before),
        today=_result(days, today),
        target=call_rules.daily_target if own_target is None else own_target,
        logged=None if logged is None else _logged(logged, calendar, zone),
    )


def _logged(row: queries.LoggedRow, calendar: BusinessCalendar, zone: ZoneInfo) -> JustLogged:
    at = row.next_step_at
    return JustLogged(
        row.call_id,
        mark_of(row.request_key),
        row.lead_id,
        row.contact,
        row.called_at,
        Connection(row.connection),
        Party(row.party),
        Outcome(row.outcome) if row.outcome else None,
        NextStep(row.next_step) if row.next_step else None,
        at,
        at is None or calendar.is_business_day(at.astimezone(zone).date()),
    )


def _chance(actor: Actor, at: datetime) -> random.Random:
    # The same through an hour: a queue that is drawn anew after each call must not be shuffled by it.
    seed = f"{actor.team_id}:{actor.member_id}:{at.astimezone(UTC):%Y-%m-%dT%H}"
    return random.Random(seed)  # noqa: S311 - decides what is tried, protects nothing


def _business_day_before(calendar: BusinessCalendar, day: date) -> date:
    for back in range(1, 32):
        if calendar.is_business_day(day - timedelta(days=back)):
            return day - timedelta(days=back)
    return day - timedelta(days=1)


def _result(days: dict[date, queries.DayRow], day: date) -> DayResult:
    row = days.get(day)
    return DayResult(day) if row is None else DayResult(day, row.dials, row.connected, row.meetings_set)


def _candidate(row: CandidateRow) -> Candidate:
    return Candidate(
        lead_id=row.lead_id,
        stage=Stage(row.stage),
        source=Source(row.source),
        segment=row.segment,
        employees=row.employees,
        phone=row.phone,
        created_at=row.created_at,
        next_step=NextStep(row.next_step) if row.next_step else None,
        next_step_at=row.next_step_at,
        attempts=row.attempts,
        last_called_at=row.last_called_at,
        last_connection=Connection(row.last_connection) if row.last_connection else None,
        last_outcome=Outcome(row.last_outcome) if row.last_outcome else None,
        last_connected_at=row.last_connected_at,
        do_not_call=row.do_not_call_at is not None,
        meeting_ahead=bool(row.meeting_ahead),
    )


def _line(row: CandidateRow, ranked: Ranked) -> QueueLine:
    promise = next((reason for reason in ranked.reasons if isinstance(reason, domain.Promised)), None)
    return QueueLine(
        lead_id=row.lead_id,
        contact=row.contact,
        title=row.title,
        account=row.account,
        segment=row.segment,
        phone=row.phone,
        stage=Stage(row.stage),
        source=Source(row.source),
        reasons=ranked.reasons,
        promised_at=promise.at if promise else None,
        last_called_at=row.last_called_at,
        note=row.last_note or "",
        opted_out=row.opted_out_at is not None,
    )


# What a team's queues have in common


@dataclass(frozen=True, slots=True)
class _Ground:
    """What is the same for all members of a team at one time."""

    calendar: BusinessCalendar
    rules: CallRules
    rates: Rates


_grounds: WeakKeyDictionary[Engine, dict[str, tuple[datetime, _Ground]]] = WeakKeyDictionary()


async def _ground(deps: Deps, session: AsyncSession, actor: Actor, now: datetime, age: timedelta) -> _Ground:
    """The team's calendar, rules and rates; read anew unless they were within `age`."""
    known = _grounds.setdefault(deps.database.engine.sync_engine, {})
    found = known.get(actor.team_id)
    if found is not None and timedelta() <= now - found[0] < age:
        return found[1]
    ground = _Ground(
        await teams.team_calendar(session, actor.team_zone, now),
        await rules.of(session, CALL_RULES, CallRules()),
        await learned(deps, session, actor.team_id, now),
    )
    known[actor.team_id] = (now, ground)
    return ground


_learned: WeakKeyDictionary[Engine, dict[str, tuple[datetime, Rates]]] = WeakKeyDictionary()


async def learned(deps: Deps, session: AsyncSession, team_id: str, now: datetime) -> Rates:
    """What the team's own calls say; at the most LEARNED_FOR old, because a morning asks for it once for each rep.

    Opportunities are leads of the last LEARN_DAYS that field sales accepted, against the connected calls of that time.
    """
    known = _learned.setdefault(deps.database.engine.sync_engine, {})
    found = known.get(team_id)
    if found is not None and timedelta() <= now - found[0] < LEARNED_FOR:
        return found[1]
    since = now - timedelta(days=LEARN_DAYS)
    hours = await queries.hours(session)
    connected = await queries.connected_by_source(session, since.date())
    accepted = await queries.accepted_by_source(session, since)
    rates = Rates(
        HourRates({Cell(segment, weekday, hour): Tally(n, hits) for segment, weekday, hour, n, hits in hours}),
        {
            # More leads may have been accepted than were reached by a logged call.
            source: Tally(max(connected.get(source.value, 0), hits), hits)
            for source in Source
            if (hits := accepted.get(source.value, 0)) or source.value in connected
        },
    )
    known[team_id] = (now, rates)
    return rates


async def hour_rates(deps: Deps, actor: Actor) -> HourRates:
    """When the team reaches people, as it is this moment. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    async with deps.asking(actor.team_id) as session:
        hours = await queries.hours(session)
    return HourRates({Cell(segment, weekday, hour): Tally(n, hits) for segment, weekday, hour, n, hits in hours})


# The morning


async def set_morning(deps: Deps, actor: Actor, morning: str) -> None:
    """Choose when the team's reps get their list: a local time "HH:MM" of each, or "" for no list.

    Refused: NOT_ALLOWED, INVALID `morning`.
    """
    require(actor.role, Permission.EDIT_TEAM)
    if morning:
        try:
            morning = time.fromisoformat(morning.zfill(5)).strftime("%H:%M")
        except ValueError as no_time:
            raise Refused(Code.INVALID, "morning") from no_time
    await rules.change(deps, actor, QUEUE_RULES, QueueRules(morning=morning))


async def queue_rules(deps: Deps, actor: Actor) -> QueueRules:
    """What the team decided about its queue. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    return await rules.read(deps, actor.team_id, QUEUE_RULES, QueueRules())


async def mornings(deps: Deps) -> Sequence[Timetable]:
    """When the list is due: each team's own time, in every zone in which its reps live."""
    async with deps.database.reading_across_teams() as session:
        decided = await queries.all_rules(session, QUEUE_RULES)
    own = {team_id: rules.parse(values, QueueRules()).morning for team_id, values in decided.items()}
    tables = await timetables.by_member_zone(deps, REPS, time.fromisoformat(QueueRules().morning))
    return [
        replace(table, at=time.fromisoformat(own.get(table.team_id, QueueRules().morning)))
        for table in tables
        if own.get(table.team_id) != ""
    ]


def morning_key(member_id: int, day: date) -> str:
    """The key of a member's morning message of a local date of that member."""
    return f"call-queue:{member_id}:{day.isoformat()}"


async def send_mornings(deps: Deps, due: Due) -> int:
    """Enqueue the list of every rep in the zone who works that day; how many."""
    async with deps.reading(due.team_id) as session:
        reps = await at_work(session, due)
    sent = 0
    for begin in range(0, len(reps), AT_ONCE):
        async with deps.writing(due.team_id) as session:
            for rep in reps[begin : begin + AT_ONCE]:
                sent += await deps.outbox.enqueue(
                    session,
                    key=morning_key(rep.id, due.day),
                    kind=MORNING,
                    channel=rep.slack_user,
                    arguments={"day": due.day.isoformat()},
                    now=deps.now(),
                    place=in_turn(due.at),
                )
    return sent


async def at_work(session: AsyncSession, due: Due) -> list[member_queries.MemberRow]:
    """The reps in the zone who work on the day: none when the team does not, and nobody who is on leave."""
    reps = [
        rep for rep in await member_queries.of_roles(session, [role.value for role in REPS]) if rep.zone == due.zone
    ]
    if not reps:
        return []
    calendar = await teams.team_calendar(session, reps[0].team_zone, due.at)
    if not calendar.is_business_day(due.day):
        return []
    away = await member_queries.absent(session, due.day)
    return [rep for rep in reps if rep.id not in away]
