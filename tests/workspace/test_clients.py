"""Other clients than the asynchronous Bolt, and the workspace as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp.web import AppRunner, TCPSite
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler as AiohttpHandler
from slack_bolt.adapter.socket_mode.websockets import AsyncSocketModeHandler as WebsocketsHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient as BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.manifest import RequestUrls
from bot.workspace.server import running

from .recorder import GENERAL, SATO
from .small_apps import async_app, threaded_app
from .waiting import until
from .walk import walk

SERVE = """
import sys
from pathlib import Path
from bot.workspace.server import serve

serve(0, None, Path(sys.argv[1]), False)
"""


@pytest.mark.parametrize("handler", [AiohttpHandler, WebsocketsHandler], ids=["aiohttp", "websockets"])
async def test_a_person_is_led_through_the_asynchronous_app(served, handler) -> None:
    linked = handler(async_app(served), served.app_token)
    await linked.connect_async()
    try:
        await until(lambda: served.socket_mode.connected)
        await walk(served)
    finally:
        await linked.close_async()


async def test_a_person_is_led_through_the_app_with_threads_and_the_built_in_client(served) -> None:
    def connect() -> SocketModeHandler:
        handler = SocketModeHandler(threaded_app(served), served.app_token)
        handler.connect()
        return handler

    handler = await asyncio.to_thread(connect)
    try:
        await until(lambda: served.socket_mode.connected)
        await walk(served)
    finally:
        await asyncio.to_thread(handler.close)


async def test_a_person_is_led_through_the_asynchronous_app_over_http(served) -> None:
    app = async_app(served, signing_secret=served.signing_secret)
    runner = AppRunner(app.web_app(path="/slack/events"))
    await runner.setup()
    try:
        site = TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        await served.transport.use_http(RequestUrls.one(f"http://127.0.0.1:{port}/slack/events"))
        await walk(served)
    finally:
        await runner.cleanup()


async def test_the_bare_socket_mode_client_gets_envelopes_and_answers_them(served) -> None:
    web_client = AsyncWebClient(token=served.bot_token, base_url=served.api_url)
    client = SocketModeClient(app_token=served.app_token, web_client=web_client)
    seen: list[SocketModeRequest] = []

    async def answer(client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        seen.append(request)
        payload = {"text": "はい"} if request.accepts_response_payload else None
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload))

    client.socket_mode_request_listeners.append(answer)
    await client.connect()
    try:
        await until(lambda: served.socket_mode.connected)
        sato = served.person(SATO)
        assert (await sato.command(GENERAL, "/lead", "add"))["response"]["text"] == "はい"
        await sato.message(GENERAL, "こんにちは")
        await until(lambda: len(seen) == 2)
        assert [request.type for request in seen] == ["slash_commands", "events_api"]
        assert (seen[0].payload["text"], seen[1].payload["event"]["text"]) == ("add", "こんにちは")
        assert (seen[1].retry_attempt, seen[1].retry_reason) == (0, "")
    finally:
        await client.close()


async def test_both_web_clients_say_the_same(served) -> None:
    asynchronous = AsyncWebClient(token=served.bot_token, base_url=served.api_url)
    threaded = WebClient(token=served.bot_token, base_url=served.api_url)
    for number in range(5):
        await asynchronous.chat_postMessage(channel=GENERAL, text=str(number))
    pages = [page["messages"] async for page in await asynchronous.conversations_history(channel=GENERAL, limit=2)]

    def read() -> tuple[list[Any], list[Any], Any]:
        history = [page["messages"] for page in threaded.conversations_history(channel=GENERAL, limit=2)]
        people = [member["id"] for page in threaded.users_list(limit=3) for member in page["members"]]
        return history, people, threaded.auth_test().data

    history, people, who = await asyncio.to_thread(read)
    assert history == pages
    assert [len(page) for page in history] == [2, 2, 1]
    users = [member["id"] async for page in await asynchronous.users_list(limit=3) for member in page["members"]]
    assert users == people
    assert {person.id for person in served.workspace.team.people} < set(people)
    assert who == (await asynchronous.auth_test()).data


async def test_a_trigger_expires_after_three_seconds_and_a_response_url_after_thirty_minutes() -> None:
    now = 1_800_000_000.0
    async with running(clock=lambda: now) as served:
        client = AsyncWebClient(token=served.bot_token, base_url=served.api_url)
        workspace = served.workspace
        view = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []}
        in_time = workspace.triggers.issue("1.1.a", SATO, None)
        late = workspace.triggers.issue("1.1.b", SATO, None)
        address = workspace.responses.issue("secret", GENERAL, SATO, None, ephemeral=False)
        now += 3.0
        await client.views_open(trigger_id=in_time, view=view)
        now += 0.1
        with pytest.raises(SlackApiError, match="expired_trigger_id"):
            await client.views_open(trigger_id=late, view=view)
        now += 30 * 60
        assert workspace.responses.find(address) == "expired_url"


async def test_a_patient_workspace_waits_longer_for_an_answer_and_its_triggers_last_as_long() -> None:
    now = 1_800_000_000.0
    async with running(clock=lambda: now, patience=20.0) as served:
        client = AsyncWebClient(token=served.bot_token, base_url=served.api_url)
        view = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []}
        in_time = served.workspace.triggers.issue("1.1.a", SATO, None)
        late = served.workspace.triggers.issue("1.1.b", SATO, None)
        now += 19.9
        await client.views_open(trigger_id=in_time, view=view)
        now += 0.2
        with pytest.raises(SlackApiError, match="expired_trigger_id"):
            await client.views_open(trigger_id=late, view=view)
        assert served.transport.socket_mode.acknowledge_seconds == served.transport.http.acknowledge_seconds == 20.0


async def test_served_alone_it_introduces_itself_in_one_line_and_keeps_its_state(tmp_path: Path) -> None:
    tokens = set()
    for turn in range(2):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            SERVE,
            str(tmp_path / "state.json"),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ},
        )
        assert process.stdout is not None
        try:
            line = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
            secrets = {"bot_token", "app_token", "signing_secret", "client_id", "client_secret"}
            assert set(line) == {"api", "page", "team", "users", "channels", *secrets}
            client = AsyncWebClient(token=line["bot_token"], base_url=line["api"])
            if not turn:
                await client.chat_postMessage(channel=GENERAL, text="覚えていて")
            history = await client.conversations_history(channel=GENERAL)
            assert [message["text"] for message in history["messages"]] == ["覚えていて"]
            tokens.add(line["bot_token"])
        finally:
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 30) == 0
    assert len(tokens) == 1
