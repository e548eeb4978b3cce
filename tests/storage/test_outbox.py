"""The outbox: work that starts when a transaction commits, and the states of a delivery."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from dbos import DBOSClient

from storage import outbox
from storage.database import Database
from storage.outbox import QUEUE, TASK_QUEUE, TIMED_QUEUE, TIMED_WORKFLOW, WORKFLOW_VERSION, DeliveryState, Outbox
from storage.tables import Delivery, Team

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
KEY = "handoff:1"


@pytest.fixture
async def enqueued(database: Database, queue_client: DBOSClient) -> Outbox:
    """One delivery in the queue."""
    made = Outbox(queue_client)
    for team in ("T1", "T2"):
        async with database.writing(team) as session:
            session.add(Team(id=team, name=team, created_at=NOW))
    async with database.writing("T1") as session:
        assert await made.enqueue(session, key=KEY, kind="post", channel="C1", arguments={"n": 1}, now=NOW)
    return made


async def row(database: Database, team: str = "T1") -> Delivery | None:
    async with database.reading(team) as session:
        return await outbox.delivery(session, KEY)


async def test_delivery_is_enqueued_for_its_channel_and_the_pinned_version(
    database: Database, enqueued: Outbox, queue_client: DBOSClient
) -> None:
    [workflow] = await queue_client.list_workflows_async()
    assert (workflow.workflow_id, workflow.status, workflow.queue_name) == (KEY, "ENQUEUED", QUEUE)
    assert (workflow.queue_partition_key, workflow.app_version) == ("C1", WORKFLOW_VERSION)
    assert workflow.input == {"args": ("T1", KEY), "kwargs": {}}
    stands = await row(database)
    assert stands is not None
    assert (stands.state, stands.arguments, stands.created_at) == (DeliveryState.QUEUED, {"n": 1}, NOW)


async def test_further_turn_is_a_delayed_workflow_of_its_own_made_once(
    database: Database, enqueued: Outbox, queue_client: DBOSClient
) -> None:
    for wrong in (-3600, 3600):
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=wrong)):
            async with database.writing("T1") as session:
                await enqueued.postpone(session, key=KEY, channel="C1", turn=3, seconds=600)
    [turn] = await queue_client.list_workflows_async(workflow_id_prefix=f"{KEY}#")
    assert (turn.workflow_id, turn.status, turn.queue_partition_key) == (f"{KEY}#3", "DELAYED", "C1")
    assert turn.input == {"args": ("T1", KEY, 3), "kwargs": {}}
    # However wrong the process's clock is, it is the database's from which it counts.
    assert turn.delay_until_epoch_ms is not None
    assert 500 < turn.delay_until_epoch_ms / 1000 - datetime.now(UTC).timestamp() < 601


async def test_what_the_clock_sends_stands_in_the_line_of_its_workspace_and_keeps_its_place(
    database: Database, enqueued: Outbox, queue_client: DBOSClient
) -> None:
    place = outbox.in_turn(NOW)
    assert outbox.REMINDER < place == outbox.in_turn(NOW + timedelta(seconds=59)) < outbox.in_turn(NOW.replace(hour=10))
    async with database.writing("T1") as session:
        await enqueued.enqueue(session, key="m", kind="post", channel="U1", arguments={}, now=NOW, place=place)
    for _ in range(2):
        async with database.writing("T1") as session:
            await enqueued.postpone(session, key="m", channel="U1", turn=0, seconds=600, place=place, again=2)
    found = await queue_client.list_workflows_async(queue_name=TIMED_QUEUE)
    assert [(each.workflow_id, each.status) for each in found] == [("m", "ENQUEUED"), ("m#0~2", "DELAYED")]
    for each in found:
        assert (each.name, each.queue_partition_key, each.priority) == (TIMED_WORKFLOW, "T1", place)
        assert each.input == {"args": ("T1", "m", 0, place), "kwargs": {}}
    await enqueued.forget("T1")
    assert await queue_client.list_workflows_async() == []


async def test_further_turn_of_a_failed_transaction_does_not_happen(
    database: Database, enqueued: Outbox, queue_client: DBOSClient
) -> None:
    async def fail() -> None:
        async with database.writing("T1") as session:
            await enqueued.postpone(session, key=KEY, channel="C1", turn=1, seconds=1)
            raise RuntimeError("after the turn")

    with pytest.raises(RuntimeError, match="after the turn"):
        await fail()
    assert await queue_client.list_workflows_async(workflow_id_prefix=f"{KEY}#") == []


async def test_task_starts_once_for_its_key(database: Database, enqueued: Outbox, queue_client: DBOSClient) -> None:
    for number in (1, 2):
        async with database.writing("T1") as session:
            await enqueued.start_task(session, key="import:F1", kind="import", arguments={"n": number})
    [task] = await queue_client.list_workflows_async(queue_name=TASK_QUEUE)
    assert (task.workflow_id, task.input) == ("import:F1", {"args": ("T1", "import", {"n": 1}), "kwargs": {}})


async def test_only_the_first_marks_a_delivery_as_being_sent(database: Database, enqueued: Outbox) -> None:
    answers = []
    for minutes in (1, 2):
        async with database.writing("T1") as session:
            answers.append(await outbox.mark_sending(session, KEY, NOW + timedelta(minutes=minutes)))
    assert answers == [True, False]
    stands = await row(database)
    assert stands is not None
    assert (stands.state, stands.claimed_at) == (DeliveryState.SENDING, NOW + timedelta(minutes=1))


async def test_mark_that_is_taken_back_can_be_made_again(database: Database, enqueued: Outbox) -> None:
    async with database.writing("T1") as session:
        await outbox.mark_sending(session, KEY, NOW)
        await outbox.unmark(session, KEY)
        assert await outbox.mark_sending(session, KEY, NOW)


async def test_mark_of_a_settled_delivery_stays(database: Database, enqueued: Outbox) -> None:
    async with database.writing("T1") as session:
        await outbox.settle(session, KEY, DeliveryState.SENT, NOW, ts="1.2", posted_channel="C1")
        await outbox.unmark(session, KEY)
        assert not await outbox.mark_sending(session, KEY, NOW)
    stands = await row(database)
    assert stands is not None
    assert stands.state == DeliveryState.SENT


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN])
async def test_settled_delivery_is_not_settled_again(
    database: Database, enqueued: Outbox, state: DeliveryState
) -> None:
    async with database.writing("T1") as session:
        assert await outbox.settle(session, KEY, state, NOW)
        assert not await outbox.settle(session, KEY, DeliveryState.SENT, NOW, ts="9.9")
    stands = await row(database)
    assert stands is not None
    assert (stands.state, stands.ts) == (state, None)


async def test_delivery_is_closed_to_another_team(database: Database, enqueued: Outbox) -> None:
    assert await row(database, "T2") is None
    async with database.writing("T2") as session:
        assert not await outbox.mark_sending(session, KEY, NOW)
        assert not await outbox.settle(session, KEY, DeliveryState.FAILED, NOW)
        await outbox.unmark(session, KEY)
    stands = await row(database)
    assert stands is not None
    assert stands.state == DeliveryState.QUEUED


async def test_troubled_deliveries_come_newest_first(database: Database, enqueued: Outbox) -> None:
    async with database.writing("T1") as session:
        for number in (2, 3):
            key, now = f"handoff:{number}", NOW + timedelta(minutes=number)
            await enqueued.enqueue(session, key=key, kind="post", channel="C1", arguments={}, now=now)
            await outbox.settle(session, key, DeliveryState.FAILED, now, error="not_in_channel")
        found = await outbox.in_states(session, [DeliveryState.FAILED], limit=5)
    assert [delivery.key for delivery in found] == ["handoff:3", "handoff:2"]
