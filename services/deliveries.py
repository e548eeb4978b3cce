"""The states of a delivery (storage/outbox.py), each change its own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.pacing import LONGEST_CLOSED, Budget
from services.deps import Deps
from storage import members, outbox, pace
from storage.outbox import AGAIN, TASK_WORKFLOW, TIMED_WORKFLOW, WORKFLOW, DeliveryState, first_begun
from storage.tables import Delivery

__all__ = [
    "AGAIN",
    "REPORT",
    "TASK_WORKFLOW",
    "TIMED_WORKFLOW",
    "WORKFLOW",
    "Call",
    "Claim",
    "DeliveryState",
    "NoRoom",
    "Posted",
    "claim",
    "closed",
    "failed",
    "first_begun",
    "look",
    "posted",
    "postponed",
    "remember",
    "room",
    "sent",
    "troubled",
    "uncertain",
    "untouched",
]

REPORT = "delivery.failed"
"""The kind of the delivery that tells somebody that another one failed; `arguments`: where it should have gone (`to`)
and Slack's `error`."""

_SETTLED = frozenset({DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN})


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery as it stands. `first`: nobody has tried to send it before; `claimed_at` is when somebody first did."""

    key: str
    kind: str
    channel: str
    arguments: Mapping[str, Any]
    state: DeliveryState
    first: bool
    created_at: datetime
    claimed_at: datetime

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to do."""
        return self.state in _SETTLED


async def look(deps: Deps, team_id: str, key: str) -> Claim | None:
    """A delivery whose turn has come, untouched; None when there is no such delivery."""
    async with deps.reading(team_id) as session:
        row = await outbox.delivery(session, key)
    return None if row is None else _claim(row, DeliveryState(row.state) is DeliveryState.QUEUED, deps.now())


@dataclass(frozen=True, slots=True)
class Call:
    """A call of Slack's Web API that is to be made: its method, the workspace's budget for it, what has to stay in the
    budget for those who are more urgent, and the channel, where Slack limits those too."""

    method: str
    budget: Budget
    keep: float = 0.0
    channel: str = ""


class NoRoom(Exception):
    """Slack's limits leave no room for the call before `seconds` have passed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Slack takes no more for {seconds:.1f} s")
        self.seconds = seconds


async def claim(deps: Deps, team_id: str, key: str, call: Call) -> Claim | None:
    """Mark a delivery as being sent, durably, before anything is sent; None when there is no such delivery. Raises
    `NoRoom` when the call it takes cannot be made now; then nothing is marked."""
    now = deps.now()
    async with deps.writing(team_id) as session:
        await _room(session, call, now)
        first = await outbox.mark_sending(session, key, now)
        row = await outbox.delivery(session, key)
    return None if row is None else _claim(row, first, now)


async def room(deps: Deps, team_id: str, call: Call) -> None:
    """Take a call out of the workspace's budget. Raises `NoRoom`."""
    async with deps.writing(team_id) as session:
        await _room(session, call, deps.now())


async def _room(session: AsyncSession, call: Call, now: datetime) -> None:
    wait = await pace.take(session, call.method, call.budget, now, call.keep, call.channel)
    if wait > 0.0:
        raise NoRoom(wait)


async def closed(deps: Deps, team_id: str, call: Call, seconds: float) -> None:
    """Slack wants no such call for so long: no process makes one. That is the channel's limit where the workspace has
    kept to its own, and no other channel is closed; else the workspace's."""
    now = deps.now()
    until = now + min(timedelta(seconds=seconds), LONGEST_CLOSED)
    async with deps.writing(team_id) as session:
        await pace.close(session, call.method, call.budget, now, until, call.channel)


async def counted(deps: Deps, team_id: str, calls: Mapping[str, tuple[Budget, int]]) -> None:
    """Calls that were made without asking for room, because somebody waited for them: those who ask later find less.
    For each method its budget, and how many."""
    async with deps.writing(team_id) as session:
        await pace.lightly(session)
        # In one order everywhere: two processes that each held a row the other wants would wait for ever.
        for method, (budget, times) in sorted(calls.items()):
            await pace.spend(session, method, budget, deps.now(), times)


def _claim(row: Delivery, first: bool, now: datetime) -> Claim:
    state = DeliveryState(row.state)
    return Claim(row.key, row.kind, row.channel, row.arguments, state, first, row.created_at, row.claimed_at or now)


async def untouched(deps: Deps, team_id: str, key: str) -> None:
    """Take the mark back: Slack said that it took nothing."""
    async with deps.writing(team_id) as session:
        await outbox.unmark(session, key)


async def postponed(
    deps: Deps, team_id: str, key: str, *, turn: int, seconds: float, place: int | None = None, again: int = 0
) -> None:
    """Give a delivery another turn in so many seconds, at its place in its line; repeating it changes nothing."""
    async with deps.writing(team_id) as session:
        row = await outbox.delivery(session, key)
        if row is not None:
            await deps.outbox.postpone(
                session, key=key, channel=row.channel, turn=turn, seconds=seconds, place=place, again=again
            )


async def sent(deps: Deps, team_id: str, key: str, *, ts: str | None, channel: str | None) -> DeliveryState:
    """Record where the message stands; both None when there was nothing to say any more."""
    return await _settle(deps, team_id, key, DeliveryState.SENT, ts=ts, posted_channel=channel)


async def failed(
    deps: Deps, team_id: str, key: str, error: str, *, to: str | None = None, report_to: str | None = None
) -> DeliveryState:
    """Record that Slack refused it for good, and in the same transaction have `report_to` (a Slack user) told."""
    now = deps.now()
    async with deps.writing(team_id) as session:
        if await outbox.settle(session, key, DeliveryState.FAILED, now, error=error) and report_to is not None:
            arguments = {"to": to, "error": error}
            await deps.outbox.enqueue(
                session, key=f"{key}:failed", kind=REPORT, channel=report_to, arguments=arguments, now=now
            )
    return DeliveryState.FAILED


async def uncertain(deps: Deps, team_id: str, key: str) -> DeliveryState:
    """Record that nobody can tell whether it was posted."""
    return await _settle(deps, team_id, key, DeliveryState.UNCERTAIN)


async def _settle(deps: Deps, team_id: str, key: str, state: DeliveryState, **values: str | None) -> DeliveryState:
    async with deps.writing(team_id) as session:
        await outbox.settle(session, key, state, deps.now(), **values)
    return state


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a delivery's message stands in Slack, and what it was made of."""

    state: DeliveryState
    channel: str | None
    ts: str | None
    arguments: Mapping[str, Any]


async def posted(deps: Deps, team_id: str, key: str) -> Posted | None:
    """Where the message of a delivery stands; None when it was never enqueued."""
    async with deps.reading(team_id) as session:
        row = await outbox.delivery(session, key)
    return None if row is None else Posted(DeliveryState(row.state), row.posted_channel, row.ts, row.arguments)


async def remember(deps: Deps, team_id: str, key: str, **arguments: Any) -> None:
    """Write beside a delivery's arguments what the next edit of its message has to know."""
    async with deps.writing(team_id) as session:
        await outbox.remember(session, key, arguments)


async def troubled(deps: Deps, team_id: str) -> list[tuple[str, DeliveryState, str | None]]:
    """Deliveries an admin should look at, newest first: (key, state, Slack's error)."""
    async with deps.reading(team_id) as session:
        rows = await outbox.in_states(session, (DeliveryState.FAILED, DeliveryState.UNCERTAIN), limit=20)
    return [(row.key, DeliveryState(row.state), row.error) for row in rows]


@dataclass(frozen=True, slots=True)
class Voice:
    """The language and zone in which something is said."""

    language: str
    zone: str


async def team_voice(deps: Deps, team_id: str) -> Voice:
    """How channels of this team are spoken to."""
    async with deps.reading(team_id) as session:
        row = await members.team(session, team_id)
    return Voice(row.language, row.zone) if row else Voice("ja", "Asia/Tokyo")


async def member_voice(deps: Deps, team_id: str, slack_user: str) -> Voice:
    """How a member is spoken to; somebody unknown is spoken to like the team."""
    async with deps.reading(team_id) as session:
        found = await members.voice(session, slack_user)
    return Voice(*found) if found else await team_voice(deps, team_id)
