"""Members' calendars: what is taken in them, and our meetings put into them.

A calendar that cannot be read is no error of whoever asks: the answer is None, and the reason is kept for its owner.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from domain.appointments import Busy, Event, Person, Problem, merged
from domain.errors import Refused
from services.calendars.calendar import Access, Calendar, Kind, Unusable
from services.calendars.opening import open_calendar
from services.deps import Deps
from storage import calendars as queries
from storage.calendars import ConnectionRow
from storage.outbox import OUTSIDE_QUEUE

__all__ = [
    "Busy",
    "Event",
    "Person",
    "busy",
    "enqueue_put",
    "enqueue_remove",
    "perform",
]

log = logging.getLogger(__name__)

WRITE = "calendar.write"
"""The task that puts an event into a member's calendar, or takes it out."""
TROUBLE = "calendar.trouble"
"""The delivery that tells a member that the calendar cannot be used; `arguments`: the `problem`."""

BUSY_SECONDS = 2.0
"""How long all calendars together are waited for: a person is waiting, and Slack for three seconds at most."""
FIRST_PAUSE = 10.0
LONGEST_PAUSE = 1800.0
TURNS = 55
"""How often an event is written before it is given up: with the longest pause between the tries, for a day."""
TOLD_AGAIN_AFTER = timedelta(days=7)


async def busy(
    deps: Deps,
    team_id: str,
    member_ids: Sequence[int],
    start: datetime,
    end: datetime,
    *,
    seconds: float | None = None,
) -> dict[int, list[Busy] | None]:
    """What is taken in the members' calendars between two aware moments, as stretches in order.

    None: there is a calendar that cannot be read now. A member who has connected none has nothing taken. Our own
    meetings stand in the calendars too: whoever moves one leaves its own time out. `seconds`: how long all of
    them are waited for; `BUSY_SECONDS` unless given.
    """
    async with deps.reading(team_id) as session:
        rows = await queries.of_members(session, member_ids)
    taken: dict[int, list[Busy] | None] = {member_id: [] for member_id in member_ids}
    patience = BUSY_SECONDS if seconds is None else seconds
    answers = await asyncio.gather(*(_asked(deps, team_id, row, start, end, patience) for row in rows))
    for row, answer in zip(rows, answers, strict=True):
        taken[row.member_id] = answer
    return taken


async def _asked(
    deps: Deps, team_id: str, row: ConnectionRow, start: datetime, end: datetime, seconds: float
) -> list[Busy] | None:
    try:
        async with asyncio.timeout(seconds):
            calendar = _open(deps, row)
            try:
                found = await calendar.busy(start, end)
            finally:
                await calendar.close()
    except Unusable as unusable:
        problem = unusable.problem
    except TimeoutError:
        problem = Problem.SLOW
    except Exception:
        # Whatever else a strange server makes a library raise: the booking goes on without this calendar.
        log.exception("The calendar of member %d could not be read", row.member_id)
        problem = Problem.REFUSED
    else:
        await _renewed(deps, team_id, row, calendar)
        if row.error is not None:
            await _went(deps, team_id, row, None)
        return merged(found)
    await _went(deps, team_id, row, problem)
    return None


async def enqueue_put(deps: Deps, session: AsyncSession, member_id: int, event: Event, key: str) -> None:
    """Put an event into a member's calendar after the transaction commits, or bring it up to date; once for each key.

    It is tried for a day. A meeting that has changed again by then, or is somebody else's, is left to the newer key.
    """
    arguments = {"member_id": member_id, "uid": event.uid, "event": _packed(event)}
    await _start(deps, session, key, arguments)


async def enqueue_remove(deps: Deps, session: AsyncSession, member_id: int, uid: str, key: str) -> None:
    """Take an event out of a member's calendar after the transaction commits; once for each key."""
    await _start(deps, session, key, {"member_id": member_id, "uid": uid})


async def perform(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> bool:
    """Write what was enqueued; False when it is tried again later, or was given up."""
    member_id, uid = int(arguments["member_id"]), str(arguments["uid"])
    event = _unpacked(arguments["event"]) if arguments.get("event") else None
    async with deps.reading(team_id) as session:
        row = await queries.of_member(session, member_id)
        meeting = await queries.meeting(session, uid)
    if row is None or not row.secret or not _current(meeting, member_id, event):
        return True
    try:
        calendar = _open(deps, row)
        try:
            await (calendar.remove(uid) if event is None else calendar.put(event))
        finally:
            await calendar.close()
    except Unusable as unusable:
        problem = unusable.problem
    except Exception:
        log.exception("The calendar of member %d could not be written", member_id)
        problem = Problem.REFUSED
    else:
        await _renewed(deps, team_id, row, calendar)
        if row.error is not None:
            await _went(deps, team_id, row, None)
        return True
    await _went(deps, team_id, row, problem)
    turn = int(arguments.get("turn", 0)) + 1
    if turn < TURNS:
        async with deps.writing(team_id) as session:
            key = str(arguments["key"])
            await _start(deps, session, key, {**arguments, "turn": turn}, turn=turn)
    return False


def _current(meeting: queries.MeetingRow | None, member_id: int, event: Event | None) -> bool:
    """Whether what was enqueued is still what the meeting wants: tries that were put off may come in any order."""
    if meeting is None:
        return True
    held = meeting.status != "cancelled" and meeting.member_id == member_id
    if event is None:
        return not held
    return held and meeting.sequence <= event.sequence


async def _start(deps: Deps, session: AsyncSession, key: str, arguments: Mapping[str, Any], *, turn: int = 0) -> None:
    await deps.outbox.start_task(
        session,
        key=f"calendar:{key}#{turn}" if turn else f"calendar:{key}",
        kind=WRITE,
        arguments={**arguments, "key": key},
        queue=OUTSIDE_QUEUE,
        delay_seconds=min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(turn - 1, 30)) if turn else 0.0,
    )


def _open(deps: Deps, row: ConnectionRow) -> Calendar:
    try:
        secret = json.loads(deps.keys.decrypt(row.secret))
    except Refused as other_key:
        raise Unusable(Problem.UNAUTHORISED, "key") from other_key
    access = Access(Kind(row.kind), row.zone, row.url, row.calendar, secret)
    return open_calendar(access, deps.oauth, deps.calendar_networks)


async def _renewed(deps: Deps, team_id: str, row: ConnectionRow, calendar: Calendar) -> None:
    """Keep tokens that were renewed."""
    before = json.loads(deps.keys.decrypt(row.secret))
    if calendar.secret != before:
        async with deps.writing(team_id) as session:
            after = deps.keys.encrypt(json.dumps(dict(calendar.secret)))
            await queries.replace_secret(session, row.id, row.secret, after)


async def _went(deps: Deps, team_id: str, row: ConnectionRow, problem: Problem | None) -> None:
    """Remember how it went. What only its owner can mend is told to the owner when it begins."""
    if row.error == (problem.value if problem else None):
        return
    now = deps.now()
    async with deps.writing(team_id) as session:
        changed = await queries.set_error(session, row.id, problem.value if problem else None)
        if changed and problem in (Problem.UNAUTHORISED, Problem.NOT_FOUND, Problem.PRIVATE):
            week = int(now.timestamp() // TOLD_AGAIN_AFTER.total_seconds())
            await deps.outbox.enqueue(
                session,
                key=f"calendar:{row.id}:{problem.value}:{week}",
                kind=TROUBLE,
                channel=row.slack_user,
                arguments={"problem": problem.value},
                now=now,
            )


def _packed(event: Event) -> dict[str, Any]:
    zone = event.start.tzinfo.key if isinstance(event.start.tzinfo, ZoneInfo) else "UTC"
    return {
        "uid": event.uid,
        "sequence": event.sequence,
        "start": event.start.isoformat(),
        "end": event.end.isoformat(),
        "zone": zone,
        "summary": event.summary,
        "description": event.description,
        "location": event.location,
        "organizer": [event.organizer.address, event.organizer.name],
        "attendees": [[person.address, person.name] for person in event.attendees],
    }


def _unpacked(packed: Mapping[str, Any]) -> Event:
    zone = ZoneInfo(packed["zone"])
    return Event(
        uid=packed["uid"],
        sequence=packed["sequence"],
        start=datetime.fromisoformat(packed["start"]).astimezone(zone),
        end=datetime.fromisoformat(packed["end"]).astimezone(zone),
        summary=packed["summary"],
        description=packed["description"],
        location=packed["location"],
        organizer=Person(*packed["organizer"]),
        attendees=tuple(Person(*person) for person in packed["attendees"]),
    )
