"""The clock's book: a job's due time is begun by whoever writes it down, so that many clocks do it once.

Dailies are read from plans (handlers/routes.py: `daily`). What was due while no process ran is found by a sweep: a due
time up to half an hour old is begun, an older one is written down as skipped, and only the latest of each is looked at.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.clock import LATE, Due, Timetable
from services.deps import Deps
from storage import installations
from storage import jobs as queries
from storage.jobs import BeatRow, RunRow, RunState
from storage.outbox import DAILY_QUEUE

__all__ = ["READ_SECONDS", "TASK", "BeatRow", "RunRow", "RunState"]

log = logging.getLogger(__name__)

Plan = Callable[[Deps], Awaitable[Sequence[Timetable]]]

TASK = "daily"
"""The kind of the task that does a job's work of one day."""
READ_SECONDS = 60
"""How often the plans are read: a time chosen now counts from the next reading."""
KEPT = timedelta(days=100)
"""How long a due time stays in the book; longer than any job pauses."""
SHOWN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Planned:
    """A job's times for a team in a zone. What was due before `since` was never missed: nobody had asked for it."""

    name: str
    timetable: Timetable
    since: datetime

    @property
    def key(self) -> str:
        """The same for the same job, team and zone."""
        return plan_key(self.name, self.timetable)

    def last_due(self, now: datetime) -> Due | None:
        """The latest time it was due until now."""
        found = self.timetable.last_due(now)
        if found is None or found[1] < self.since:
            return None
        return Due(self.timetable.team_id, self.timetable.zone, *found)


@dataclass(frozen=True, slots=True)
class Plans:
    """All that is planned. `unread` are the jobs whose plan could not be read."""

    planned: Sequence[Planned]
    unread: frozenset[str] = field(default_factory=frozenset)


def plan_key(name: str, timetable: Timetable) -> str:
    """`name:team:zone`."""
    return f"{name}:{timetable.team_id}:{timetable.zone}"


def run_key(name: str, due: Due) -> str:
    """`name:team:zone:local date`: once on each, whatever the clocks of the zone do."""
    return f"{name}:{due.team_id}:{due.zone}:{due.day.isoformat()}"


async def read(deps: Deps, plans: Mapping[str, Plan]) -> Plans:
    """Read every plan, and write down since when each job's times have stood."""
    timetables, unread = await _timetables(deps, plans)
    async with deps.database.reading_across_teams() as session:
        known = await queries.plans(session, list(plans))
        created = await queries.created(session) if timetables.keys() - known.keys() else {}
    # Somebody may have chosen a time just after the last reading.
    fresh = deps.now() - timedelta(seconds=READ_SECONDS)
    planned, changed = [], []
    for key, (name, timetable) in timetables.items():
        if key in known and known[key].plan == timetable.text():
            planned.append(Planned(name, timetable, known[key].since))
        else:
            planned.append(Planned(name, timetable, max(fresh, created.get(timetable.team_id, fresh))))
            changed.append(planned[-1])
    gone = [key for key, row in known.items() if key not in timetables and row.name not in unread]
    await _write(deps, changed, gone)
    return Plans(planned, frozenset(unread))


async def _timetables(deps: Deps, plans: Mapping[str, Plan]) -> tuple[dict[str, tuple[str, Timetable]], set[str]]:
    """Every job's timetables by their keys, and the jobs whose plan could not be read. For workspaces that have removed
    the app nothing is due."""
    async with deps.database.reading_across_teams() as session:
        gone = await installations.gone(session)
    found: dict[str, tuple[str, Timetable]] = {}
    unread = set()
    for name, plan in plans.items():
        try:
            timetables = await plan(deps)
        except Exception:
            # One wing's fault must not stop the others' work.
            log.exception("The plan of the job %s could not be read", name)
            unread.add(name)
            continue
        for timetable in timetables:
            key = plan_key(name, timetable)
            if timetable.team_id in gone:
                continue
            try:
                ZoneInfo(timetable.zone)
            except (KeyError, ValueError, OSError):
                log.error("The job %s has a plan in a zone that is unknown here: %s", name, timetable.zone)
                continue
            if key in found and found[key][1] != timetable:
                log.error("The job %s has two plans for team %s in %s", name, timetable.team_id, timetable.zone)
                continue
            found[key] = (name, timetable)
    return found, unread


async def _write(deps: Deps, changed: Sequence[Planned], gone: Sequence[str]) -> None:
    if not changed and not gone:
        return
    async with deps.database.writing_across_teams() as session:
        # In one order in every process, so that none waits for another that waits for it.
        for plan in sorted(changed, key=lambda plan: plan.key):
            team_id = plan.timetable.team_id
            await queries.put_plan(session, plan.key, plan.name, team_id, plan.timetable.text(), plan.since)
        await queries.drop_plans(session, sorted(gone))


async def sweep(deps: Deps, planned: Sequence[Planned]) -> int:
    """Ring for whatever is due and not in the book; how many due times were begun."""
    now = deps.now()
    due = {run_key(plan.name, last): (plan, last) for plan in planned if (last := plan.last_due(now)) is not None}
    async with deps.database.reading_across_teams() as session:
        recorded = await queries.recorded(session, list(due))
    begun = 0
    for key, (plan, last) in due.items():
        if key in recorded:
            state, due_at = recorded[key]
            # A date that was skipped begins after all where somebody has moved the job's time to later.
            if state is not RunState.SKIPPED or due_at >= last.at:
                continue
        try:
            begun += await ring(deps, plan)
        except Exception:
            # The next sweep tries again; the others need not wait for it.
            log.exception("The job %s of team %s could not be begun", plan.name, last.team_id)
    return begun


async def ring(deps: Deps, plan: Planned) -> bool:
    """See to the latest due time: begin it, or skip it when it is too old; whether it was begun here."""
    now = deps.now()
    due = plan.last_due(now)
    if due is None:
        return False
    if now - due.at <= LATE:
        return await start(deps, plan.name, due)
    if await skip(deps, plan.name, due):
        log.warning(
            "The job %s of team %s was due at %s and found at %s: too late, it is skipped",
            *(plan.name, due.team_id, due.at.isoformat(), now.isoformat(timespec="seconds")),
        )
    return False


async def start(deps: Deps, name: str, due: Due) -> bool:
    """Write a due time down and start its work, in one transaction; False when somebody else has."""
    key = run_key(name, due)
    async with deps.writing(due.team_id) as session:
        if not await queries.begin(session, key, _row(name, due, RunState.STARTED, deps.now())):
            return False
        arguments = {"name": name, "zone": due.zone, "day": due.day.isoformat(), "at": due.at.isoformat()}
        await deps.outbox.start_task(session, key=f"{TASK}:{key}", kind=TASK, arguments=arguments, queue=DAILY_QUEUE)
    return True


async def skip(deps: Deps, name: str, due: Due) -> bool:
    """Write a due time down as found too late; False when somebody else has seen to it."""
    async with deps.writing(due.team_id) as session:
        return await queries.begin(session, run_key(name, due), _row(name, due, RunState.SKIPPED, deps.now()))


def _row(name: str, due: Due, state: RunState, now: datetime) -> dict[str, Any]:
    return {
        "name": name,
        "team_id": due.team_id,
        "zone": due.zone,
        "day": due.day,
        "due_at": due.at,
        "state": state.value,
        "started_at": now,
        "finished_at": None if state is RunState.STARTED else now,
        "error": None,
    }


def due_of(team_id: str, arguments: Mapping[str, Any]) -> tuple[str, Due]:
    """Job and due time of a task that `start` started."""
    day, at = date.fromisoformat(arguments["day"]), datetime.fromisoformat(arguments["at"])
    return str(arguments["name"]), Due(team_id, str(arguments["zone"]), day, at)


async def done(deps: Deps, name: str, due: Due) -> None:
    """Write down that the work is done."""
    await _finish(deps, name, due, RunState.DONE, None)


async def failed(deps: Deps, name: str, due: Due, error: str) -> None:
    """Write down that the work was given up, and for which fault."""
    await _finish(deps, name, due, RunState.FAILED, error)


async def _finish(deps: Deps, name: str, due: Due, state: RunState, error: str | None) -> None:
    async with deps.writing(due.team_id) as session:
        await queries.finish(session, run_key(name, due), state, deps.now(), error)


async def beat(deps: Deps, beats: Sequence[BeatRow]) -> None:
    """Write down when the jobs that come every so many seconds last ran in this process."""
    if beats:
        async with deps.database.writing_across_teams() as session:
            await queries.put_beats(session, beats)


async def forget(deps: Deps) -> int:
    """Delete due times of long ago; how many there were."""
    async with deps.database.writing_across_teams() as session:
        return await queries.forget(session, deps.now() - KEPT)


async def troubled(deps: Deps, team_id: str) -> list[RunRow]:
    """Due times of the last days that an admin should know of, newest first: they failed or were skipped."""
    async with deps.reading(team_id) as session:
        return await queries.troubled(session, team_id, deps.now() - SHOWN, limit=20)


@dataclass(frozen=True, slots=True)
class Line:
    """A job as the list shows it: a team's at local times, or one that comes every `seconds` (then without a team)."""

    name: str
    team_id: str | None = None
    zone: str | None = None
    seconds: int | None = None
    timetable: Timetable | None = None
    next_at: datetime | None = None
    last_at: datetime | None = None
    """When it last ran: for one at local times, when it was due."""
    state: str | None = None
    error: str | None = None


async def overview(
    deps: Deps, plans: Mapping[str, Plan], every: Mapping[str, int], team_id: str | None = None
) -> list[Line]:
    """What fires when, and when it last did. `every`: the seconds of the jobs that come in intervals."""
    now = deps.now()
    timetables, _ = await _timetables(deps, plans)
    async with deps.database.reading_across_teams() as session:
        runs = {(run.name, run.team_id, run.zone): run for run in await queries.last_runs(session)}
        beats = {row.name: row for row in await queries.beats(session)}
    lines = []
    for name, timetable in timetables.values():
        if team_id in (None, timetable.team_id):
            following = timetable.next_due(now)
            run = runs.get((name, timetable.team_id, timetable.zone))
            lines.append(
                Line(
                    name,
                    timetable.team_id,
                    timetable.zone,
                    timetable=timetable,
                    next_at=following[1] if following else None,
                    last_at=run.due_at if run else None,
                    state=run.state if run else None,
                    error=run.error if run else None,
                )
            )
    for name, seconds in every.items():
        row = beats.get(name)
        lines.append(Line(name, seconds=seconds, last_at=row.ran_at if row else None, state=row.state if row else None))
    return sorted(lines, key=lambda line: (line.seconds or 0, line.team_id or "", line.name, line.zone or ""))
