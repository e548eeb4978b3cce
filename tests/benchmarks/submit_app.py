"""The three apps whose acknowledgements are measured, each as `python -m tests.benchmarks.submit_app KIND`."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
import sys

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.loop import run_loop
from bot.run import run_until_stopped
from bot.settings import Settings


async def empty(settings: Settings, *, before: bool) -> None:
    """A listener that only acknowledges."""
    assert settings.slack_bot_token
    assert settings.slack_app_token
    client = AsyncWebClient(settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api_url)
    app = AsyncApp(client=client, process_before_response=before)

    @app.view(re.compile(".*"))
    @app.action(re.compile(".*"))
    async def submitted(ack: AsyncAck) -> None:
        await ack()

    handler = AsyncSocketModeHandler(app, settings.slack_app_token.get_secret_value())
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await handler.connect_async()
    await stopped.wait()
    await handler.close_async()


def main(kind: str) -> None:
    """Run one kind until SIGTERM."""
    logging.basicConfig(level="ERROR")
    settings = Settings(_env_file=None)
    if kind == "bot":
        run_loop(run_until_stopped(settings))
    else:
        asyncio.run(empty(settings, before=kind == "before"))


if __name__ == "__main__":
    main(sys.argv[1])
