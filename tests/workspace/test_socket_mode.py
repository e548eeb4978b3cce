"""Socket Mode below the SDKs: connections, envelopes, redelivery, and farewells."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
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

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, deaf: bool = False) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        self.deaf = deaf
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
async def linked(served: RunningWorkspace, *, deaf: bool = False) -> AsyncIterator[Link]:
    client = AsyncWebClient(token=served.app_token, base_url=served.api_url)
    address = (await client.apps_connections_open(app_token=served.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        link = Link(socket, deaf)
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


async def test_what_goes_down_with_one_connection_after_another_still_arrives(served) -> None:
    """More often than Slack retries: an event that no connection lived to take is not an event that was tried."""
    await served.person(SATO).message(GENERAL, "x")
    seen = []
    for _ in range(6):
        async with linked(served, deaf=True) as dying:
            await until(lambda: dying.envelopes)
            seen.append(dying.envelopes[0])
        await until(lambda: not served.socket_mode.connections)
    async with linked(served) as link:
        await until(lambda: link.envelopes)
        seen.append(link.envelopes[0])
    assert len({envelope["payload"]["event_id"] for envelope in seen}) == 1
    assert [envelope["retry_attempt"] for envelope in seen] == list(range(7))
    assert {envelope["retry_reason"] for envelope in seen[1:]} == {"connection_failed"}


async def test_no_event_is_lost_while_connections_come_and_go(served) -> None:
    """Each is acknowledged by somebody, whatever the connections do meanwhile."""
    got: set[str] = set()
    for round_ in range(8):
        async with linked(served) as link:
            for n in range(5):
                await served.person(SATO).message(GENERAL, f"{round_}-{n}")
            await until(lambda: link.envelopes)
            await link.socket.close()
            await until(lambda: not served.socket_mode.connections)
            got |= {envelope["payload"]["event"]["text"] for envelope in link.envelopes}
    async with linked(served) as link:
        expected = {f"{round_}-{n}" for round_ in range(8) for n in range(5)}
        await until(lambda: got | {envelope["payload"]["event"]["text"] for envelope in link.envelopes} == expected)


async def test_a_command_whose_connection_dies_fails_at_once_and_is_not_repeated(served) -> None:
    async with linked(served) as survivor:
        async with linked(served) as dying:
            dying.deaf = survivor.deaf = True
            commands = [asyncio.create_task(served.person(SATO).command(GENERAL, "/lead")) for _ in range(2)]
            await until(lambda: survivor.envelopes and dying.envelopes)
        outcome, _ = await asyncio.wait(commands, return_when=asyncio.FIRST_COMPLETED)
        assert [command.result()["error"] for command in outcome] == ["dispatch_failed"]
        assert len(survivor.envelopes) == 1
        await survivor.socket.send_json({"envelope_id": survivor.envelopes[0]["envelope_id"]})
        await asyncio.wait(commands)


async def test_only_what_takes_an_answer_says_so(served) -> None:
    async with linked(served) as link:
        await served.person(SATO).command(GENERAL, "/lead")
        await served.person(SATO).shortcut("everywhere")
        await served.person(SATO).message(GENERAL, "x")
        await until(lambda: len(link.envelopes) == 3)
        accepts = {envelope["type"]: envelope["accepts_response_payload"] for envelope in link.envelopes}
        assert accepts == {"slash_commands": True, "interactive": False, "events_api": False}


async def test_an_old_connection_is_warned_and_then_asked_to_go(served) -> None:
    links = served.socket_mode
    async with linked(served) as other, linked(served) as old:
        connection = links.connections[1]
        connection.ageing.cancel()
        connection.ageing = asyncio.create_task(links._age(connection, 0.1))
        await until(lambda: len(old.frames) == 3)
        assert [frame.get("reason") for frame in old.frames[1:]] == ["warning", "refresh_requested"]
        for n in range(4):
            await served.person(SATO).message(GENERAL, str(n))
        await until(lambda: len(other.envelopes) == 4)
        assert old.envelopes == []


async def test_a_connection_can_ask_for_a_short_life(served) -> None:
    client = AsyncWebClient(token=served.app_token, base_url=served.api_url)
    address = (await client.apps_connections_open(app_token=served.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{address}&debug_reconnects=true") as socket:
        assert (await socket.receive_json())["debug_info"]["approximate_connection_time"] == 360


async def test_a_ticket_wears_out() -> None:
    now = [1_800_000_000.0]
    async with running(clock=lambda: now[0]) as served:
        old, fresh = served.socket_mode.ticket(), served.socket_mode.ticket()
        now[0] += 30
        assert served.socket_mode.redeem(old)
        now[0] += 0.1
        assert not served.socket_mode.redeem(fresh)
        assert not served.socket_mode.redeem("never issued")


async def test_a_socket_without_a_ticket_is_refused(served) -> None:
    address = served.page_url.replace("http", "ws", 1)
    async with aiohttp.ClientSession() as session:
        for path in ("link/", "link/?ticket=guess", "link"):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"{address}{path}")


async def test_the_place_of_a_connection_that_ended_is_free_again(served) -> None:
    async with AsyncExitStack() as stack:
        links = [await stack.enter_async_context(linked(served)) for _ in range(10)]
        assert sorted(link.frames[0]["num_connections"] for link in links) == list(range(1, 11))
        await links[3].socket.close()
        await until(lambda: len(served.socket_mode.connections) == 9)
        again = await stack.enter_async_context(linked(served))
        assert again.frames[0]["type"] == "hello"
        for n in range(20):
            await served.person(SATO).message(GENERAL, str(n))
        living = [*links[:3], *links[4:], again]
        await until(lambda: sum(len(link.envelopes) for link in living) == 20)
        assert [len(link.envelopes) for link in living] == [2] * 10


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
