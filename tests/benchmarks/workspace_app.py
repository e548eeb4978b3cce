"""The apps that `workspace` measures with, each as `python -m tests.benchmarks.workspace_app KIND ADDRESS`.

socket  a bare WebSocket client that acknowledges whatever it gets
bolt    an empty Bolt app over Socket Mode; ADDRESS is the Web API's, the tokens come from the environment
http    a web server that answers 200 to whatever it gets, at the port ADDRESS
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import signal
import sys

import websockets
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


async def acknowledge(address: str) -> None:
    """A frame with the envelope's id for every frame with one."""
    async with websockets.connect(address, compression=None) as connection:
        async for frame in connection:
            envelope = json.loads(frame).get("envelope_id")
            if envelope is not None:
                await connection.send(json.dumps({"envelope_id": envelope}))


async def empty_bolt(address: str) -> None:
    """A listener that only acknowledges."""
    client = AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=address)
    app = AsyncApp(client=client, process_before_response=True)

    @app.command(re.compile(".*"))
    async def command(ack) -> None:  # type: ignore[no-untyped-def] # Bolt gives it by name.
        await ack()

    handler = AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"])
    try:
        await handler.connect_async()
        await asyncio.Event().wait()
    finally:
        await handler.close_async()


async def answer(address: str) -> None:
    """An empty 200 for every request; to a challenge its echo."""

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        if request.content_type == "application/json" and b'"url_verification"' in body:
            return web.json_response({"challenge": json.loads(body)["challenge"]})
        return web.Response()

    app = web.Application()
    app.router.add_post("/slack/events", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(address)).start()
    await asyncio.Event().wait()


KINDS = {"socket": acknowledge, "bolt": empty_bolt, "http": answer}


async def main(kind: str, address: str) -> None:
    """Run one kind until SIGTERM."""
    task = asyncio.ensure_future(KINDS[kind](address))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await asyncio.wait([task])


if __name__ == "__main__":
    logging.basicConfig(level="ERROR")
    asyncio.run(main(sys.argv[1], sys.argv[2]))
