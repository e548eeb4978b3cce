"""Connections to Slack that break, and calls for which Slack has no room, while somebody waits: what does no harm is
tried once more, and a post never is."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
import sqlalchemy as sa

from bot.slack_client import web_client
from handlers.pacing import BUDGETS, POST
from services import deliveries
from services.deliveries import Call, NoRoom
from storage.tables import SlackPace
from tests.handlers.conftest import DEADLINE, IS, World
from tests.handlers.test_assistant import asked, direct

CHANNEL = "C01ISTEAM0"
TEAM = "T01HOSHIMI"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("kind", ["cut", "answer_lost"])
async def test_form_opens_though_the_connection_broke(world: World, kind: str) -> None:
    world.workspace.workspace.faults.order({"kind": kind, "method": "views.open"})
    await world.person(IS).command(CHANNEL, "/lead", "add")
    assert world.modal(IS)["callback_id"] == "lead.add.submit"
    assert len(world.person(IS).screen()["views"]) == 1
    assert not [m for m in world.messages(IS, CHANNEL) if "⚠️" in str(m["blocks"]) or ":warning:" in str(m["blocks"])]


@pytest.mark.parametrize("kind", ["cut", "answer_lost"])
async def test_home_is_drawn_though_the_connection_broke(world: World, kind: str) -> None:
    world.workspace.workspace.faults.order({"kind": kind, "method": "views.publish"})
    shown = await world.person(IS).home()
    assert shown["view"]["blocks"]


async def test_connection_that_breaks_twice_is_an_error_the_person_reads(world: World) -> None:
    world.workspace.workspace.faults.order({"kind": "cut", "method": "views.open", "count": 2})
    await world.person(IS).command(CHANNEL, "/lead", "add")
    assert not world.person(IS).screen()["views"]
    (told,) = [m for m in world.messages(IS, CHANNEL) if m["ephemeral"]]
    assert "参照番号" in str(told["blocks"])


async def test_form_that_slack_had_no_room_for_opens_a_second_later_or_the_person_is_told_when(world: World) -> None:
    faults = world.workspace.workspace.faults
    faults.order({"kind": "429", "method": "views.open", "seconds": 1})
    await world.person(IS).command(CHANNEL, "/lead", "add")
    assert world.modal(IS)["callback_id"] == "lead.add.submit"
    await world.person(IS).close(world.modal(IS)["id"])
    faults.order({"kind": "429", "method": "views.open", "seconds": 12})
    await world.person(IS).command(CHANNEL, "/lead", "add")
    assert not world.person(IS).screen()["views"]
    (told,) = [m for m in world.messages(IS, CHANNEL) if m["ephemeral"]]
    assert "12 秒" in str(told["blocks"])
    assert "参照番号" not in str(told["blocks"])
    # What clicks call counts, and what Slack refused them stays closed, for all processes, for what can wait.
    faults.order({"kind": "429", "method": POST, "seconds": 20})
    assert "20 秒" in str((await asked(world, IS, "使い方"))["blocks"])
    deps, channel = world.house.deps, await direct(world, IS)
    paces: dict[str, SlackPace] = {}
    async with asyncio.timeout(DEADLINE):
        while f"{POST} {channel}" not in paces:
            await asyncio.sleep(0.05)
            async with deps.reading(TEAM) as session:
                paces = {pace.method: pace for pace in await session.scalars(sa.select(SlackPace))}
    for method in ("views.open", POST):
        assert paces[method].remaining <= BUDGETS[method].burst - 1
    assert paces["views.open"].closed_until
    with pytest.raises(NoRoom) as full:
        await deliveries.room(deps, TEAM, Call(POST, BUDGETS[POST], channel=channel))
    assert 0 < full.value.seconds <= 20
    await deliveries.room(deps, TEAM, Call(POST, BUDGETS[POST], channel=CHANNEL))


@pytest.mark.parametrize("kind", ["cut", "answer_lost"])
async def test_post_is_not_repeated_by_the_client(world: World, kind: str) -> None:
    world.workspace.workspace.faults.order({"kind": kind, "method": "chat.postMessage"})
    client = web_client(world.workspace.bot_token, world.workspace.api_url)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=CHANNEL, text="一度だけ")
    posted = [m for m in world.messages(IS, CHANNEL) if m["text"] == "一度だけ"]
    assert len(posted) == (1 if kind == "answer_lost" else 0)
