"""Other clients than the asynchronous Bolt, and the workspace as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import running

from .waiting import until

GENERAL, SATO = "C01GENERAL", "U01SATO001"
SERVE = """
import sys
from pathlib import Path
from bot.workspace.server import serve

serve(0, None, Path(sys.argv[1]), False)
"""


async def test_the_synchronous_bolt_with_its_own_web_socket_client_connects(served) -> None:
    def connect() -> SocketModeHandler:
        app = App(client=WebClient(token=served.bot_token, base_url=served.api_url))

        @app.command("/lead")
        def lead(ack):
            ack("はい")

        handler = SocketModeHandler(app, served.app_token)
        handler.connect()
        return handler

    handler = await asyncio.to_thread(connect)
    try:
        await until(lambda: served.socket_mode.connections)
        outcome = await served.person(SATO).command(GENERAL, "/lead")
        assert outcome["response"]["text"] == "はい"
    finally:
        await asyncio.to_thread(handler.close)


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
            assert set(line) == {"api", "bot_token", "app_token", "signing_secret", "page", "team", "users", "channels"}
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
