"""The transactional outbox: what leaves the house is enqueued in the transaction that saves its cause.

A delivery's states: `queued` → `sending` (written before the call to Slack) → `sent`, or `failed` (Slack refused it for
good), or `uncertain` (it may have been posted and the channel's history cannot tell). A delivery that cannot be made
now is given another turn later: a workflow of its own under `key#turn`, so that a pause keeps no worker busy and
survives the process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from dbos import DBOSClient, EnqueueOptions
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Delivery

QUEUE = "deliveries"
"""Answers to what people did; partitioned by channel, so that a channel is written to at Slack's rate."""
WORKFLOW = "deliver"
TIMED_QUEUE = "timed"
"""What the clock sends: reminders and the many messages of a morning. Partitioned by team, so that a workspace is
written to at a part of Slack's rate for it, in order: the engine keeps an order only within a partition."""
TIMED_WORKFLOW = "deliver-timed"
REMINDER = 1
"""The place of a reminder in the line of its workspace: before all that goes to many."""
TASK_QUEUE = "tasks"
TASK_WORKFLOW = "perform"
OUTSIDE_QUEUE = "outside"
"""Tasks that wait for other servers (mail, calendars): beside the tasks that work hard here, not behind them."""
RECORDING_QUEUE = "recordings"
"""Recordings and transcripts: whoever listens may take an hour for each, and no letter waits for that."""
DAILY_QUEUE = "dailies"
"""The clock's work at local times: what is due in the morning does not wait until long imports are done."""
# The version of the delivery workflow's steps. Pinned: a new release of the product that leaves the steps as they are
# must go on with the work an older one left behind.
WORKFLOW_VERSION = "1"


AGAIN = "~"
"""Before how often a turn was put off, in the id of its workflow."""
_BEGUN_AGAIN = re.compile(r"!(\d+)\Z", re.ASCII)
"""How often work was begun again after the database had failed it, at the end of the id of its workflow."""

FORGOTTEN_AT_ONCE = 500

_FROM_NOW = (
    "UPDATE {schema}workflow_status SET delay_until_epoch_ms = {now} + :delay "
    "WHERE workflow_uuid = :id AND status = 'DELAYED'"
)
_ON_POSTGRESQL = {"schema": "dbos.", "now": "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"}
_ON_SQLITE = {"schema": "", "now": "CAST((julianday('now') - 2440587.5) * 86400000 AS integer)"}
"""A delay counts from the database's clock, which all share."""


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


REMOVED = "app_removed"
"""The error of what was not sent because the workspace had removed the app."""
OPEN = (DeliveryState.QUEUED.value, DeliveryState.SENDING.value)
"""States in which something is left to do."""


class Outbox:
    """Enqueues deliveries in the caller's transaction."""

    def __init__(self, client: DBOSClient) -> None:
        self._client = client

    async def enqueue(
        self,
        session: AsyncSession,
        *,
        key: str,
        kind: str,
        channel: str,
        arguments: Mapping[str, Any],
        now: datetime,
        place: int | None = None,
        delay_seconds: float = 0.0,
    ) -> bool:
        """Enqueue one delivery under its key; False when the key was used before (then nothing happens).

        `kind` names the message (handlers/messages.py), `channel` is a conversation or a user id, `arguments` is
        JSON from which the message is made when it is sent. What the clock sends stands in the line of its workspace,
        at its `place` (`REMINDER`, `in_turn`), and holds up no answer to what somebody did (None). Without a place it
        may be sent `delay_seconds` later; settled before, it is not sent at all.
        """
        team_id = session.info["team_id"]
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        values = {
            "key": key,
            "team_id": team_id,
            "kind": kind,
            "channel": channel,
            "arguments": dict(arguments),
            "state": DeliveryState.QUEUED.value,
            "created_at": now,
        }
        added = await session.execute(
            insert(Delivery).values(values).on_conflict_do_nothing(index_elements=["key"]).returning(Delivery.key)
        )
        if added.scalar_one_or_none() is None:
            return False
        if place is None:
            options = _delivery(key, channel)
            if delay_seconds > 0:
                options["delay_seconds"] = delay_seconds
            await self._start(session, options, team_id, key)
        else:
            await self._start(session, _timed(key, team_id, place), team_id, key, 0, place)
        return True

    async def postpone(
        self,
        session: AsyncSession,
        *,
        key: str,
        channel: str,
        turn: int,
        seconds: float,
        place: int | None = None,
        again: int = 0,
    ) -> None:
        """Give a delivery its `turn`th further turn in so many seconds; asked twice for the same turn, it has one.

        `again`: how often that turn was put off because Slack's limits left no room.
        """
        team_id = session.info["team_id"]
        workflow_id = f"{key}#{turn}" + (f"{AGAIN}{again}" if again else "")
        if place is None:
            options = _delivery(workflow_id, channel) | {"delay_seconds": seconds}
            await self._start(session, options, team_id, key, turn)
        else:
            options = _timed(workflow_id, team_id, place) | {"delay_seconds": seconds}
            await self._start(session, options, team_id, key, turn, place)

    async def resume(self, session: AsyncSession, *, key: str, channel: str, run: str) -> None:
        """Take up a delivery that is there already, and unknown to this queue. `run` tells this time from others."""
        await self._start(session, _delivery(f"{key}@{run}", channel), session.info["team_id"], key)

    async def start_task(
        self,
        session: AsyncSession,
        *,
        key: str,
        kind: str,
        arguments: Mapping[str, Any],
        queue: str = TASK_QUEUE,
        delay_seconds: float = 0.0,
    ) -> None:
        """Start a longer piece of work, such as an import, when the transaction commits, or so many seconds later; once
        for each key.

        A task may be run again after a crash, so it must change nothing when it is repeated.
        """
        options: EnqueueOptions = {
            "workflow_name": TASK_WORKFLOW,
            "queue_name": queue,
            "workflow_id": key,
            "app_version": WORKFLOW_VERSION,
        }
        if delay_seconds > 0:
            options["delay_seconds"] = delay_seconds
        await self._start(session, options, session.info["team_id"], kind, dict(arguments))

    async def forget(self, team_id: str) -> None:
        """Delete everything that the queue knows of a team's work, whether it is to be done or has been."""
        offset = 0
        while True:
            # Whose work it is stands in its arguments, which the engine keeps in a form of its own.
            page = await self._client.list_workflows_async(limit=FORGOTTEN_AT_ONCE, offset=offset, load_output=False)
            if not page:
                return
            theirs = [each.workflow_id for each in page if each.input and each.input["args"][:1] == (team_id,)]
            if theirs:
                await self._client.delete_workflows_async(theirs)
            offset += len(page) - len(theirs)

    async def _start(self, session: AsyncSession, options: EnqueueOptions, *arguments: Any) -> None:
        connection = await session.connection()
        await connection.run_sync(lambda sync: self._client.enqueue_in_transaction(sync, options, *arguments))
        delay = options.get("delay_seconds")
        if delay:
            # The engine counts from this process's clock: were that an hour ahead, everybody would wait for an hour.
            postgresql = connection.dialect.name == "postgresql"
            statement = sa.text(_FROM_NOW.format(**(_ON_POSTGRESQL if postgresql else _ON_SQLITE)))
            await connection.execute(statement, {"id": options["workflow_id"], "delay": round(delay * 1000)})


def _delivery(workflow_id: str, channel: str) -> EnqueueOptions:
    return {
        "workflow_name": WORKFLOW,
        "queue_name": QUEUE,
        "workflow_id": workflow_id,
        "queue_partition_key": channel,
        "app_version": WORKFLOW_VERSION,
    }


def _timed(workflow_id: str, team_id: str, place: int) -> EnqueueOptions:
    return {
        "workflow_name": TIMED_WORKFLOW,
        "queue_name": TIMED_QUEUE,
        "workflow_id": workflow_id,
        "queue_partition_key": team_id,
        "priority": place,
        "app_version": WORKFLOW_VERSION,
    }


def times_begun_again(workflow_id: str) -> int:
    """How often this work was begun again."""
    found = _BEGUN_AGAIN.search(workflow_id)
    return int(found[1]) if found else 0


def first_begun(workflow_id: str) -> str:
    """The id under which this work was begun for the first time."""
    return _BEGUN_AGAIN.sub("", workflow_id)


def begun_again(workflow_id: str) -> str:
    """The id under which this work is begun once more."""
    return f"{first_begun(workflow_id)}!{times_begun_again(workflow_id) + 1}"


def in_turn(due: datetime) -> int:
    """The place of one of many messages that are due at a moment: after all that are due earlier."""
    return max(REMINDER + 1, int(due.timestamp()) // 60)


async def delivery(session: AsyncSession, key: str) -> Delivery | None:
    """The delivery with this key."""
    return await session.scalar(sa.select(Delivery).where(Delivery.key == key))


async def remember(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    """Write these beside a delivery's arguments."""
    found = await session.scalar(sa.select(Delivery.arguments).where(Delivery.key == key).with_for_update())
    if found is not None:
        await session.execute(sa.update(Delivery).where(Delivery.key == key).values(arguments={**found, **values}))


async def mark_sending(session: AsyncSession, key: str, now: datetime) -> bool:
    """`queued` → `sending`; False when it was not queued any more, so somebody has tried to send it before."""
    result = await session.execute(
        sa.update(Delivery)
        .where(Delivery.key == key, Delivery.state == DeliveryState.QUEUED.value)
        .values(state=DeliveryState.SENDING.value, claimed_at=now)
        .returning(Delivery.key)
    )
    return result.scalar_one_or_none() is not None


async def unmark(session: AsyncSession, key: str) -> None:
    """`sending` → `queued`: Slack said that it took nothing, so nobody needs to look for the message."""
    await session.execute(
        sa.update(Delivery)
        .where(Delivery.key == key, Delivery.state == DeliveryState.SENDING.value)
        .values(state=DeliveryState.QUEUED.value, claimed_at=None)
    )


async def settle(session: AsyncSession, key: str, state: DeliveryState, now: datetime, **values: str | None) -> bool:
    """Write a delivery's final state; False when it has one already, which then stays."""
    result = await session.execute(
        sa.update(Delivery)
        .where(Delivery.key == key, Delivery.state.in_(OPEN))
        .values(state=state.value, sent_at=now, **values)
        .returning(Delivery.key)
    )
    return result.scalar_one_or_none() is not None


async def unfinished(session: AsyncSession) -> Sequence[tuple[str, str]]:
    """Key and channel of the deliveries with which something is left to do, oldest first."""
    query = sa.select(Delivery.key, Delivery.channel).where(Delivery.state.in_(OPEN))
    return [(key, channel) for key, channel in await session.execute(query.order_by(Delivery.created_at, Delivery.key))]


async def give_up(session: AsyncSession, before: datetime, now: datetime) -> None:
    """Settle as failed what is older than this moment and has not been sent, because the workspace had removed us."""
    old = sa.update(Delivery).where(Delivery.state.in_(OPEN), Delivery.created_at < before)
    await session.execute(old.values(state=DeliveryState.FAILED.value, sent_at=now, error=REMOVED))


async def in_states(session: AsyncSession, states: Sequence[DeliveryState], *, limit: int) -> Sequence[Delivery]:
    """Deliveries in these states, newest first; not those that `give_up` has settled, about which all know."""
    query = sa.select(Delivery).where(Delivery.state.in_([s.value for s in states]))
    query = query.where(Delivery.error.is_distinct_from(REMOVED))
    return (await session.scalars(query.order_by(Delivery.created_at.desc()).limit(limit))).all()
