"""Socket Mode below the SDKs: connections, envelopes, redelivery, and farewells."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import RunningWorkspace, running
from bot.workspace.socket import SocketMode

from .waiting import until

GENERAL, SATO = "C01GENERAL", "U01SATO001"


class Link:
    """One raw connection. It acknowledges what it gets unless told to be deaf."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        self.deaf = False
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.socket:
            frame = json.loads(message.data)
            self.frames.append(frame)
            if "envelope_id" in frame and not self.deaf:
                await self.socket.send_json({"envelope_id": frame["envelope_id"]})

    @property
    def envelopes(self) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if "envelope_id" in frame]


@asynccontextmanager
async def linked(served: RunningWorkspace) -> AsyncIterator[Link]:
    client = AsyncWebClient(token=served.app_token, base_url=served.api_url)
    address = (await client.apps_connections_open(app_token=served.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        link = Link(socket)
        await until(lambda: link.frames)
        yield link
        link.reading.cancel()


@pytest.fixture
async def quick() -> AsyncIterator[RunningWorkspace]:
    """A workspace whose waits are short, so that redelivery is seen at once."""
    made = lambda workspace: SocketMode(workspace, acknowledge_seconds=0.15, retry_delays=(0.0, 0.05, 0.05))  # noqa: E731 # One line says it.
    async with running(socket_mode=made) as served:
        yield served


async def test_a_connection_is_greeted_with_slacks_hello(served) -> None:
    async with linked(served) as link:
        hello = link.frames[0]
        assert hello["type"] == "hello"
        assert hello["num_connections"] == 1
        assert hello["connection_info"] == {"app_id": served.workspace.app_id}
        assert "approximate_connection_time" in hello["debug_info"]


async def test_a_ticket_opens_one_connection_only(served) -> None:
    client = AsyncWebClient(token=served.app_token, base_url=served.api_url)
    address = (await client.apps_connections_open(app_token=served.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(address):
            pass
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(address)


async def test_two_connections_share_and_none_gets_an_envelope_twice(served) -> None:
    async with linked(served) as one, linked(served) as two:
        for n in range(20):
            await served.person(SATO).message(GENERAL, str(n))
        await until(lambda: len(one.envelopes) + len(two.envelopes) == 20)
        assert len(one.envelopes) == len(two.envelopes) == 10
        texts = [envelope["payload"]["event"]["text"] for envelope in (*one.envelopes, *two.envelopes)]
        assert sorted(texts, key=int) == [str(n) for n in range(20)]


async def test_an_envelope_has_slacks_keys(served) -> None:
    async with linked(served) as link:
        await served.person(SATO).command(GENERAL, "/lead")
        await served.person(SATO).message(GENERAL, "x")
        await until(lambda: len(link.envelopes) == 2)
        command, event = link.envelopes
        assert set(command) == {"envelope_id", "payload", "type", "accepts_response_payload"}
        assert (command["type"], command["accepts_response_payload"]) == ("slash_commands", True)
        assert (event["type"], event["retry_attempt"], event["retry_reason"]) == ("events_api", 0, "")


async def test_an_unacknowledged_event_comes_again_with_its_attempt_and_the_same_event_id(quick) -> None:
    async with linked(quick) as link:
        link.deaf = True
        await quick.person(SATO).message(GENERAL, "x")
        await until(lambda: len(link.envelopes) == 4)
        assert [envelope["retry_attempt"] for envelope in link.envelopes] == [0, 1, 2, 3]
        assert [envelope["retry_reason"] for envelope in link.envelopes] == ["", "timeout", "timeout", "timeout"]
        assert len({envelope["payload"]["event_id"] for envelope in link.envelopes}) == 1
        assert len({envelope["envelope_id"] for envelope in link.envelopes}) == 4


async def test_a_command_nobody_acknowledges_fails_before_the_persons_eyes_and_is_not_repeated(quick) -> None:
    async with linked(quick) as link:
        link.deaf = True
        outcome = await quick.person(SATO).command(GENERAL, "/lead")
        assert outcome["response"]["text"] == "/lead failed with the error “operation_timeout”"
        assert len(link.envelopes) == 1


async def test_an_event_on_a_connection_that_dies_reaches_the_other(quick) -> None:
    async with linked(quick) as survivor:
        async with linked(quick) as dying:
            dying.deaf = survivor.deaf = True
            for n in range(2):
                await quick.person(SATO).message(GENERAL, str(n))
            await until(lambda: survivor.envelopes and dying.envelopes)
            survivor.deaf = False
            lost = dying.envelopes[0]["payload"]["event_id"]
        await until(lambda: lost in {envelope["payload"]["event_id"] for envelope in survivor.envelopes})


async def test_what_happens_while_nobody_is_connected_is_delivered_to_the_next(served) -> None:
    async with linked(served):
        pass
    await until(lambda: not served.socket_mode.connections)
    await served.person(SATO).message(GENERAL, "留守中")
    async with linked(served) as link:
        await until(lambda: link.envelopes)
        assert link.envelopes[0]["payload"]["event"]["text"] == "留守中"


async def test_a_connection_asked_to_go_gets_nothing_new_and_loses_nothing(served) -> None:
    async with linked(served) as old:
        await served.socket_mode.disconnect("refresh_requested", grace=0.2)
        await until(lambda: any(frame.get("reason") == "refresh_requested" for frame in old.frames))
        async with linked(served) as new:
            await served.person(SATO).message(GENERAL, "x")
            await until(lambda: new.envelopes)
            assert old.envelopes == []
        await until(lambda: old.socket.closed or old.reading.done())


async def test_the_eleventh_connection_is_refused(served) -> None:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=served.app_token, base_url=served.api_url)
        sockets = []
        for _ in range(11):
            address = (await client.apps_connections_open(app_token=served.app_token))["url"]
            sockets.append(await session.ws_connect(address))
        last = await sockets[-1].receive_json()
        assert (last["type"], last["reason"]) == ("disconnect", "too_many_websockets")
        assert (await sockets[-1].receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        for socket in sockets:
            await socket.close()


async def test_frames_that_are_no_acknowledgements_do_no_harm(served) -> None:
    async with linked(served) as link:
        await link.socket.send_str("no json")
        await link.socket.send_str('["a list"]')
        await link.socket.send_str('{"envelope_id": "unknown"}')
        await served.person(SATO).message(GENERAL, "x")
        await until(lambda: link.envelopes)


# Faults on envelopes


async def test_a_duplicate_envelope_is_sent_twice(served) -> None:
    served.workspace.faults.order({"kind": "duplicate"})
    async with linked(served) as link:
        await served.person(SATO).message(GENERAL, "x")
        await served.person(SATO).message(GENERAL, "y")
        await until(lambda: len(link.envelopes) == 3)
        first, second, third = link.envelopes
        assert first == second
        assert third["payload"]["event"]["text"] == "y"


async def test_an_overlooked_acknowledgement_brings_the_event_again(quick) -> None:
    quick.workspace.faults.order({"kind": "unacknowledged"})
    async with linked(quick) as link:
        await quick.person(SATO).message(GENERAL, "x")
        await until(lambda: len(link.envelopes) == 2)
        assert link.envelopes[1]["retry_attempt"] == 1
