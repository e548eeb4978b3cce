"""One bot process: database, queue, clock, Slack."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import aiohttp
from dbos import DBOSClient
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot.app import all_routes, bolt, web_client
from bot.clock import clock
from bot.queue import Queue
from bot.settings import Settings
from handlers import delivery
from handlers.delivery import Deliverer
from handlers.routes import Routes
from services.deps import Deps, wall_clock
from storage.database import Database, connect
from storage.migrations import sync_url, upgrade
from storage.outbox import Outbox

log = logging.getLogger(__name__)


class Misconfigured(Exception):
    """A setting is missing; the text says which and where to get it."""


@dataclass(frozen=True, slots=True)
class House:
    """A running bot."""

    settings: Settings
    deps: Deps
    routes: Routes
    app: AsyncApp


@asynccontextmanager
async def storage(settings: Settings, *, now: Callable[[], datetime] = wall_clock) -> AsyncIterator[Deps]:
    """A migrated database and what use cases need, without Slack."""
    settings.prepare_folder()
    await asyncio.to_thread(upgrade, settings.database_url)
    database: Database = connect(settings.database_url)
    client = DBOSClient(system_database_url=sync_url(settings.database_url), lazy=True)
    try:
        yield Deps(database, Outbox(client), now)
    finally:
        client.destroy()
        await database.dispose()


@asynccontextmanager
async def running(settings: Settings, *, now: Callable[[], datetime] = wall_clock) -> AsyncIterator[House]:
    """The bot, connected and working until the block ends. Raises `Misconfigured` without tokens."""
    if settings.slack_bot_token is None or settings.slack_app_token is None:
        raise Misconfigured(
            "SLACK_BOT_TOKEN and SLACK_APP_TOKEN are not set. Put both into .env (see README.md, "
            "“Connect a real workspace”), or run `make run` for the embedded workspace, which needs none."
        )
    async with storage(settings, now=now) as deps, aiohttp.ClientSession() as session:
        client = web_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
        client.session = session
        routes = all_routes()
        app = bolt(deps, routes, client)
        queue = Queue(settings)
        deliverer = Deliverer(
            deps, lambda _team: client, routes.deliveries, settle_seconds=settings.delivery_settle_seconds
        )
        await queue.start(lambda: delivery.register(deliverer, routes.tasks))
        scheduler = clock(deps, routes, queue)
        scheduler.start()
        handler = AsyncSocketModeHandler(app, settings.slack_app_token.get_secret_value(), web_client=client)
        try:
            await handler.connect_async()
            yield House(settings, deps, routes, app)
        finally:
            await handler.close_async()
            scheduler.shutdown(wait=False)
            await queue.stop()


async def run_until_stopped(settings: Settings) -> None:
    """Run the bot until SIGINT or SIGTERM."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers on the loop.
            loop.add_signal_handler(number, stopped.set)
    async with running(settings):
        log.info("The bot is connected.")
        await stopped.wait()
