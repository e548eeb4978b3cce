"""Reminders of meetings, and the question how one went (work item 3-5).

Each is enqueued under a key that carries the meeting's start: whoever asks and however often, it is sent once, and
what was due for a time that was moved is not due for the new one.
"""

from __future__ import annotations

from datetime import timedelta

from domain.qualification.meetings import ASK_UNTIL, DAY_BEFORE, LATE_REMINDER, Reminder, due
from services.deps import Deps
from services.qualification.meeting_news import OUTCOME, REMINDER, moment_key, outcome_key, write_to_guests
from services.qualification.meeting_records import MeetingView, Occasion, Write, meeting_view
from storage import meetings as queries
from storage import outbox
from storage.meetings import MeetingRow

_LONGEST = timedelta(hours=4)
AT_ONCE = 500
"""How many meetings are looked at in one question."""

_OCCASIONS = {Reminder.DAY_BEFORE: Occasion.DAY_BEFORE, Reminder.SOON: Occasion.SOON}


async def teams_due(deps: Deps) -> list[str]:
    """The teams with a booked meeting of which somebody may have to be told something now."""
    now = deps.now()
    async with deps.database.reading_across_teams() as session:
        return await queries.teams_with(session, now - ASK_UNTIL - _LONGEST, now + DAY_BEFORE + LATE_REMINDER)


async def remind(deps: Deps, team_id: str, write: Write) -> int:
    """Enqueue what is due for the team's meetings; how much there was."""
    now, sent = deps.now(), 0
    last: MeetingRow | None = None
    while True:
        async with deps.reading(team_id) as session:
            rows = await queries.between(
                session, now - ASK_UNTIL - _LONGEST, now + DAY_BEFORE + LATE_REMINDER, AT_ONCE, after=last
            )
            wanted = [
                (meeting_view(row), reminder)
                for row in rows
                for reminder in sorted(due(row.starts_at, row.ends_at, row.created_at, now))
            ]
            known = await queries.enqueued(session, [_key(meeting, reminder) for meeting, reminder in wanted])
        for meeting, reminder in wanted:
            if _key(meeting, reminder) not in known:
                sent += await _enqueue(deps, team_id, meeting, reminder, write)
        if len(rows) < AT_ONCE:
            return sent
        last = rows[-1]


async def _enqueue(deps: Deps, team_id: str, meeting: MeetingView, reminder: Reminder, write: Write) -> bool:
    key = _key(meeting, reminder)
    async with deps.writing(team_id) as session:
        # As it stands now: it may have been cancelled or moved since it was looked for.
        row = await queries.meeting(session, meeting.meeting_id, lock=True)
        if row is None or row.version != meeting.version:
            return False
        new = await deps.outbox.enqueue(
            session,
            key=key,
            kind=OUTCOME if reminder is Reminder.OUTCOME else REMINDER,
            channel=meeting.rep_slack_user,
            arguments={
                "meeting_id": meeting.meeting_id,
                "reminder": reminder.value,
                "starts_at": meeting.starts_at.isoformat(),
            },
            now=deps.now(),
            place=outbox.REMINDER,
        )
        if new and reminder in _OCCASIONS:
            # Without the rep: the customer is not told again because somebody else comes.
            letter = f"meeting:{meeting.meeting_id}:{reminder}:{moment_key(meeting.starts_at)}"
            await write_to_guests(
                deps, session, meeting, _OCCASIONS[reminder], write, key=letter, expires_at=meeting.starts_at
            )
        return new


def _key(meeting: MeetingView, reminder: Reminder) -> str:
    if reminder is Reminder.OUTCOME:
        return outcome_key(meeting)
    return f"meeting:{meeting.meeting_id}:{reminder}:{moment_key(meeting.starts_at)}:{meeting.rep_slack_user}"
