"""One bot process: database, queue, clock, Slack."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urljoin

import aiohttp
from dbos import DBOSClient
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response

from bot import web
from bot.app import Listeners, all_routes, bolt
from bot.clock import Clock
from bot.metrics import Metrics, Page
from bot.queue import Queue
from bot.readiness import Readiness, database_parts
from bot.settings import Settings
from bot.slack_client import web_client
from handlers import delivery
from handlers.delivery import Deliverer
from handlers.routes import Routes
from services.deps import Deps, wall_clock
from services.keys import Keys
from services.networks import networks
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
    metrics: Metrics
    readiness: Readiness
    address: str
    """The bot's own server, as seen from this machine, ending in "/"."""
    request_url: str | None = None
    """Over HTTP: where Slack is to send everything, as seen from this machine."""


@asynccontextmanager
async def storage(settings: Settings, *, now: Callable[[], datetime] = wall_clock) -> AsyncIterator[Deps]:
    """A migrated database and what use cases need, without Slack."""
    settings.prepare_folder()
    await asyncio.to_thread(upgrade, settings.database_url)
    database: Database = connect(settings.database_url)
    client = DBOSClient(system_database_url=sync_url(settings.database_url), lazy=True)
    try:
        yield Deps(
            database,
            Outbox(client),
            now,
            _keys(settings),
            settings.public_url,
            settings.mail_server,
            settings.mail_shown,
            settings.oauth,
            networks(settings.caldav_private_networks),
        )
    finally:
        client.destroy()
        await database.dispose()


def _keys(settings: Settings) -> Keys:
    """The keys. Commands that need none do without."""
    try:
        return settings.keys()
    except ValueError:
        return Keys(None)


def _checked(settings: Settings, http: bool) -> str:
    """The bot token. Raises `Misconfigured` where a setting is missing for this way to Slack."""
    needed = {"SLACK_BOT_TOKEN": settings.slack_bot_token}
    if http:
        needed["SLACK_SIGNING_SECRET"] = settings.slack_signing_secret
    else:
        needed["SLACK_APP_TOKEN"] = settings.slack_app_token
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise Misconfigured(
            f"Not set: {' and '.join(missing)}. Put what is missing into .env (see README.md, “Connect a real "
            "workspace”), or run `make run` for the embedded workspace, which needs no settings."
        )
    try:
        settings.keys()
    except ValueError as no_key:
        raise Misconfigured(str(no_key)) from no_key
    assert settings.slack_bot_token is not None  # noqa: S101 - checked above; tells the type checker
    return settings.slack_bot_token.get_secret_value()


def _listening(settings: Settings) -> socket.socket:
    try:
        return web.listening(settings.web_host, settings.web_port)
    except web.PortTaken as taken:
        raise Misconfigured(f"{taken} WEB_HOST and WEB_PORT, or --host and --port, name another place.") from taken


def pages_of(
    settings: Settings, metrics: Metrics, readiness: Readiness, database: Database
) -> dict[str, Callable[[Request], Awaitable[Response]]]:
    """The pages for those who run the house, by their paths."""
    pages: dict[str, Callable[[Request], Awaitable[Response]]] = {"/readyz": readiness.answer}
    # Loopback is no protection where a proxy on the same machine leads every path to us: only a token opens the page.
    if settings.metrics_token is not None:
        pages["/metrics"] = Page(metrics, database, settings.metrics_token.get_secret_value()).answer
    return pages


def _socket_mode(settings: Settings, app: AsyncApp, client: AsyncWebClient) -> AsyncSocketModeHandler:
    assert settings.slack_app_token is not None  # noqa: S101 - `_checked` has seen it; tells the type checker
    return AsyncSocketModeHandler(app, settings.slack_app_token.get_secret_value(), web_client=client)


@asynccontextmanager
async def _connected(handler: AsyncSocketModeHandler) -> AsyncIterator[None]:
    """Slack reaches the bot over Socket Mode until the block ends."""
    try:
        await handler.connect_async()
        yield
    finally:
        await handler.close_async()


@asynccontextmanager
async def running(
    settings: Settings, *, http: bool | None = None, now: Callable[[], datetime] = wall_clock
) -> AsyncIterator[House]:
    """The bot, reached and working until the block ends; over HTTP or Socket Mode, as the settings say unless `http`
    does. Raises `Misconfigured` without tokens."""
    over_http = settings.over_http if http is None else http
    bot_token = _checked(settings, over_http)
    secret = settings.slack_signing_secret.get_secret_value() if over_http and settings.slack_signing_secret else None
    routes = all_routes()
    metrics = Metrics(routes)
    async with storage(settings, now=now) as stored, aiohttp.ClientSession(middlewares=[metrics.call]) as session:
        listener = _listening(settings)
        here = web.address(listener)
        deps = replace(stored, public_url=settings.public_url or here)
        if settings.mail_server is not None and not settings.public_url:
            log.warning("PUBLIC_URL is not set: the links in mails, to opt out and to choose a time, lead to %s", here)
        client = web_client(bot_token, settings.slack_api_url)
        client.session = session
        listeners = Listeners(deps, routes, metrics)
        app = bolt(listeners, client, secret)
        queue = Queue(settings)
        deliverer = Deliverer(
            deps, lambda _team: client, routes.deliveries, settle_seconds=settings.delivery_settle_seconds
        )
        await queue.start(lambda: delivery.register(deliverer, routes.tasks, routes.patient, metrics))
        clock = Clock(deps, routes, queue, metrics)
        socket_mode = None if over_http else _socket_mode(settings, app, client)
        parts = {**await database_parts(deps.database, settings.database_url), "queue": queue.works}
        parts["clock"] = clock.works
        if socket_mode is not None:
            parts["slack"] = socket_mode.client.is_connected
        readiness = Readiness(parts)
        clock.start()
        try:
            pages = pages_of(settings, metrics, readiness, deps.database)
            served = web.web_app(app if over_http else None, deps, routes.endpoints.values(), pages)
            async with web.serving(served, listener):
                house = House(settings, deps, routes, app, metrics, readiness, here)
                if socket_mode is None:
                    yield replace(house, request_url=urljoin(here, web.EVENTS_PATH))
                else:
                    async with _connected(socket_mode):
                        yield house
        finally:
            clock.stop()
            await listeners.finish()
            await queue.stop()


async def run_until_stopped(settings: Settings, *, http: bool | None = None) -> None:
    """Run the bot until SIGINT or SIGTERM; see `running` for `http`."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers on the loop.
            loop.add_signal_handler(number, stopped.set)
    async with running(settings, http=http) as house:
        log.info("The bot is connected%s.", f": Slack is to send to {house.request_url}" if house.request_url else "")
        # What has been made by now stays: without looking through it each time, collecting garbage holds nobody up.
        gc.collect()
        gc.freeze()
        await stopped.wait()
