"""Slack over Socket Mode: one connection of this process; Slack gives each envelope to one of an app's connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

# Slack waits so long for an acknowledgement; what is not answered by then is nobody's loss but ours.
FINISH_SECONDS = 3.0
LOOK_SECONDS = 0.005


class SocketMode(AsyncSocketModeHandler):
    """Bolt's handler, which knows what it is working on: an acknowledgement goes back over the connection that brought
    the envelope, so that has to stay for as long."""

    def __init__(self, app: AsyncApp, app_token: str, client: AsyncWebClient) -> None:
        self._under_way = 0
        super().__init__(app, app_token, web_client=client)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Slack reaches the bot until the block ends; what has come by then is answered."""
        try:
            await super().connect_async()  # type: ignore[no-untyped-call]  # Bolt does not annotate it
            yield
            await self.finish(FINISH_SECONDS)
        finally:
            await super().close_async()  # type: ignore[no-untyped-call]  # nor this

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]  # Bolt's own class has the same
        """Answer an envelope."""
        self._under_way += 1
        try:
            await super().handle(client, req)
        finally:
            self._under_way -= 1

    async def finish(self, seconds: float) -> None:
        """Wait until nothing that came is unanswered, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await self._busy():  # noqa: ASYNC110 - the library's queue tells nobody that it is empty
                    await asyncio.sleep(LOOK_SECONDS)

    async def _busy(self) -> bool:
        if self._under_way or not self.client.message_queue.empty():
            return True
        # What has just left the client's queue is begun at the loop's next turn.
        await asyncio.sleep(0)
        return self._under_way > 0
