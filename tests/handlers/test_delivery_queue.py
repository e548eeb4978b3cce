"""Handoffs reach Slack once through the queue that the house works, whatever goes wrong on the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.demo import populate
from bot.run import running, storage
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from services import deliveries, members
from services.deliveries import DeliveryState
from services.deps import Actor
from services.outreach import leads
from services.outreach.leads import NewLead
from services.qualification import bant, handoff
from services.qualification.records import HandoffView
from tests.bot.test_stranded import STEPS, full
from tests.handlers.conftest import ADMIN, FS, HANDOFFS, IS, IS_ENGLISH, World, eventually
from tests.handlers.test_delivery import TEAM, keyed, settings
from tests.services.office import PACKAGE, QUALIFIED

__all__ = ["settings"]


async def actor(world: World, user: str = IS) -> Actor:
    found = await members.who(world.house.deps, TEAM, user)
    assert found is not None
    return found


async def hand_off(world: World, user: str = IS, channel: str = HANDOFFS) -> HandoffView:
    """A handoff as the services make it; its post is enqueued."""
    deps, rep = world.house.deps, await actor(world, user)
    receiver = await actor(world, FS)
    new = NewLead(1, "試験 太郎")
    lead = await leads.add(deps, rep, new, despite_duplicates=True)
    start = deps.today("Asia/Tokyo") + timedelta(days=30)
    answers = replace(QUALIFIED, timeline=replace(QUALIFIED.timeline, start_on=start))
    judged = await bant.qualify(deps, rep, lead, answers)
    return await handoff.post(deps, rep, lead, judged.qualification_id, PACKAGE, receiver.member_id, channel)


async def settled(world: World, key: str, state: DeliveryState = DeliveryState.SENT) -> deliveries.Posted:
    async with asyncio.timeout(30):
        while True:
            found = await deliveries.posted(world.house.deps, TEAM, key)
            if found is not None and found.state is state:
                return found
            await asyncio.sleep(0.02)


def posts(world: World, key: str, channel: str = HANDOFFS) -> list[str]:
    return keyed(world.workspace.workspace.conversations[channel], key)


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "answer_lost"},
        {"kind": "429", "seconds": 1},
        {"kind": "500", "count": 2},
    ],
    ids=lambda order: order["kind"],
)
async def test_handoff_is_posted_once_through_a_fault_of_slack(world: World, order: dict[str, Any]) -> None:
    world.workspace.workspace.faults.order({"method": "chat.postMessage", **order})
    made = await hand_off(world)
    sent = await settled(world, f"handoff:{made.handoff_id}")
    assert posts(world, f"handoff:{made.handoff_id}") == [sent.ts]


async def test_rep_and_admin_hear_of_a_handoff_that_slack_refuses(world: World) -> None:
    del world.workspace.workspace.conversations[HANDOFFS].members[world.workspace.workspace.bot_user]
    made = await hand_off(world, IS_ENGLISH)
    await settled(world, f"handoff:{made.handoff_id}", DeliveryState.FAILED)
    told = await eventually(lambda: world.direct(IS_ENGLISH))
    assert "could not be posted" in told[-1]["text"]
    await world.person(ADMIN).home()
    home = await eventually(lambda: world.person(ADMIN).screen()["home"])
    assert f"handoff:{made.handoff_id}" in str(home["blocks"])


async def test_admin_sees_a_handoff_of_which_nobody_knows_whether_it_was_posted(world: World) -> None:
    workspace = world.workspace.workspace
    workspace.faults.order({"kind": "answer_lost", "method": "chat.postMessage"})
    made = await hand_off(world)
    key = f"handoff:{made.handoff_id}"
    await eventually(lambda: posts(world, key))
    del workspace.conversations[HANDOFFS].members[workspace.bot_user]
    await settled(world, key, DeliveryState.UNCERTAIN)
    await world.person(ADMIN).home()
    home = await eventually(lambda: world.person(ADMIN).screen()["home"])
    assert key in str(home["blocks"])


async def test_acceptance_that_overtakes_the_post_is_shown_when_the_post_stands(world: World) -> None:
    world.workspace.workspace.faults.order({"kind": "500", "method": "chat.postMessage", "count": 2})
    made = await hand_off(world)
    await handoff.accept(world.house.deps, await actor(world, FS), made.handoff_id)
    sent = await settled(world, f"handoff:{made.handoff_id}")
    await settled(world, f"handoff:{made.handoff_id}:status")
    message = world.workspace.workspace.conversations[HANDOFFS].messages[str(sent.ts)]
    assert "受領済み" in str(message.blocks)
    assert len(posts(world, f"handoff:{made.handoff_id}")) == 1


async def test_channel_in_trouble_does_not_hold_up_another(world: World) -> None:
    workspace = world.workspace.workspace
    workspace.faults.order({"kind": "500", "method": "chat.postMessage", "channel": HANDOFFS, "count": None})
    # More than the deliveries that one process makes at a time.
    stuck = [await hand_off(world) for _ in range(20)]
    other = await hand_off(world, channel="C01ISTEAM0")
    await settled(world, f"handoff:{other.handoff_id}")
    workspace.faults.clear()
    for view in stuck:
        await settled(world, f"handoff:{view.handoff_id}")
        assert len(posts(world, f"handoff:{view.handoff_id}")) == 1


async def test_stop_while_slack_is_slow_neither_loses_nor_doubles(
    world_workspace: RunningWorkspace, settings: Settings
) -> None:
    """The bot is stopped while posts are under way that Slack takes longer to make than the stop waits for."""
    workspace = world_workspace.workspace
    async with storage(settings) as deps:
        await populate(deps, world_workspace.introduction(), seed=1)
    async with running(settings, http=False) as house:
        world = World(world_workspace, house)
        workspace.faults.order({"kind": "delay", "method": "chat.postMessage", "seconds": 8, "count": 5})
        keys = [f"handoff:{(await hand_off(world)).handoff_id}" for _ in range(8)]
        await eventually(lambda: not workspace.faults.orders)
    # Long enough for the requests of the stopped process to come through.
    async with running(settings.model_copy(update={"delivery_settle_seconds": 8.0}), http=False) as house:
        world = World(world_workspace, house)
        for key in keys:
            await settled(world, key)
        assert [len(posts(world, key)) for key in keys] == [1] * len(keys)


async def test_delivery_put_off_while_the_disk_is_full_is_sent_once_all_the_same(world: World) -> None:
    with full(STEPS) as refused:
        world.workspace.workspace.faults.order(
            {"kind": "429", "method": "chat.postMessage", "count": 1, "seconds": 0.1}
        )
        view = await hand_off(world)
        # Nobody can write down when its next turn is.
        await eventually(lambda: refused)
    key = f"handoff:{view.handoff_id}"
    posted = await settled(world, key)
    assert posts(world, key) == [posted.ts]
