"""Connections to Slack that break, and calls for which Slack has no room, while somebody waits: what does no harm is
tried once more, and a post never is."""

from __future__ import annotations

import aiohttp
import pytest

from bot.slack_client import web_client
from tests.handlers.conftest import IS, World

CHANNEL = "C01ISTEAM0"

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


@pytest.mark.parametrize("kind", ["cut", "answer_lost"])
async def test_post_is_not_repeated_by_the_client(world: World, kind: str) -> None:
    world.workspace.workspace.faults.order({"kind": kind, "method": "chat.postMessage"})
    client = web_client(world.workspace.bot_token, world.workspace.api_url)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=CHANNEL, text="一度だけ")
    posted = [m for m in world.messages(IS, CHANNEL) if m["text"] == "一度だけ"]
    assert len(posted) == (1 if kind == "answer_lost" else 0)
