"""Slack's Node SDK: its Bolt, its web client and its Socket Mode client, in a process of their own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.workspace.manifest import RequestUrls
from bot.workspace.server import RunningWorkspace

from .recorder import GENERAL, SATO
from .waiting import until
from .walk import texts, thread, walk

FOLDER = Path(__file__).parent.parent / "node"
NODE = shutil.which("node")
pytestmark = [
    pytest.mark.skipif(NODE is None, reason="Node.js is not installed"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules/@slack/bolt").is_dir(), reason="`npm ci` has not been run in tests/node"
    ),
]
READY_SECONDS = 60


@asynccontextmanager
async def node_app(
    served: RunningWorkspace, script: str = "app.mjs", **environment: str
) -> AsyncIterator[Mapping[str, Any]]:
    """The app as a process; yields what it said when it was ready."""
    process = await asyncio.create_subprocess_exec(
        str(NODE),
        str(FOLDER / script),
        env={
            "PATH": os.environ["PATH"],
            "SLACK_API_URL": served.api_url,
            "SLACK_BOT_TOKEN": served.bot_token,
            **environment,
        },
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)
        assert line, "the app ended before it was ready"
        yield json.loads(line)
    finally:
        if process.returncode is None:
            process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0


@asynccontextmanager
async def over_socket_mode(served: RunningWorkspace) -> AsyncIterator[None]:
    async with node_app(served, SLACK_APP_TOKEN=served.app_token):
        await until(lambda: served.socket_mode.connected)
        yield


async def test_a_person_is_led_through_the_node_app_over_socket_mode(served) -> None:
    async with over_socket_mode(served):
        await walk(served)


async def test_a_person_is_led_through_the_node_app_over_http(served) -> None:
    async with node_app(served, SLACK_SIGNING_SECRET=served.signing_secret) as ready:
        await served.transport.use_http(RequestUrls.one(f"http://127.0.0.1:{ready['port']}/slack/events"))
        await walk(served)
        assert not served.socket_mode.connections


async def test_the_node_client_waits_as_long_as_it_is_told_and_tries_again(served) -> None:
    async with over_socket_mode(served):
        served.workspace.faults.order({"kind": "429", "method": "chat.postMessage", "retry_after": 1})
        asked = (await served.person(SATO).message(GENERAL, f"<@{served.workspace.bot_user}> いますか"))["ts"]
        await until(lambda: thread(served, asked), 15)
        assert len(thread(served, asked)) == 1
        assert served.workspace.faults.orders == []


async def test_the_node_client_connects_anew_when_it_is_asked_to_and_misses_nothing(served) -> None:
    async with over_socket_mode(served):
        first = served.socket_mode.connections[0]
        await served.socket_mode.disconnect("refresh_requested")
        asked = (await served.person(SATO).message(GENERAL, f"<@{served.workspace.bot_user}> いますか"))["ts"]
        await until(lambda: thread(served, asked), 15)
        await until(lambda: first not in served.socket_mode.connections, 15)
        assert served.socket_mode.connected


async def test_the_bare_node_clients_get_envelopes_and_call_methods(served) -> None:
    async with node_app(served, "bare.mjs", SLACK_APP_TOKEN=served.app_token) as ready:
        assert ready["bot"] == served.workspace.bot_user
        sato = served.person(SATO)
        assert (await sato.command(GENERAL, "/lead", "add"))["response"]["text"] == "はい: add"
        await sato.message(GENERAL, "こんにちは")
        await until(lambda: any("聞きました: こんにちは http" in text for text in texts(served)))
