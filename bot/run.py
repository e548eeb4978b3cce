"""One bot process: database, queue, clock, Slack."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urljoin

import aiohttp
from dbos import DBOSClient
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import Response

from bot import web
from bot.app import Listeners, all_routes, bolt
from bot.clock import Clock
from bot.installing import client_for, clients_of, missing
from bot.metrics import Metrics, Page
from bot.queue import Queue
from bot.readiness import Readiness, database_parts
from bot.settings import ALL_ROLES, ProcessRole, Settings
from bot.socket_mode import SocketMode
from bot.tracing import tracing
from handlers import delivery
from handlers.calls import counting
from handlers.delivery import Deliverer
from handlers.routes import Routes
from prompts.llm import LanguageModel
from services.deps import Deps, wall_clock
from services.keys import Keys
from services.networks import networks
from storage.database import Database, connect, normalise_url
from storage.migrations import MayNotMigrate, sync_url, upgrade
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
    app: AsyncApp | None
    """None in a process that is no edge."""
    metrics: Metrics
    readiness: Readiness
    address: str
    """The bot's own server, as seen from this machine, ending in "/"."""
    request_url: str | None = None
    """Over HTTP: where Slack is to send everything, as seen from this machine."""


def migrate(settings: Settings) -> None:
    """Bring the database to the newest version: as its owner where DATABASE_OWNER_URL says who that is, and the role of
    DATABASE_URL is then let in. Raises `Misconfigured` where only the owner may, and where there is no database to be
    had."""
    try:
        settings.prepare_folder()
        upgrade(settings.database_owner_url or settings.database_url, program=settings.database_url)
    except MayNotMigrate as refused:
        raise Misconfigured(
            "The database waits for migrations, which only its owner may make: run `python -m bot migrate` with "
            f"DATABASE_OWNER_URL set (docs/install.md says how). PostgreSQL says: {refused}"
        ) from refused
    except (OSError, DBAPIError) as away:
        if not isinstance(away, OSError) and not Database.at_fault(away):
            raise
        named = "DATABASE_OWNER_URL" if settings.database_owner_url else "DATABASE_URL"
        said = " ".join(str(away.orig if isinstance(away, DBAPIError) else away).split())
        raise Misconfigured(
            f"The database of {named} cannot be used: {said}. A SQLite file needs a folder that the bot's user "
            "may write to; PostgreSQL has to run and to let the bot in. `python -m bot doctor` says more."
        ) from away


@asynccontextmanager
async def storage(settings: Settings, *, now: Callable[[], datetime] = wall_clock) -> AsyncIterator[Deps]:
    """A migrated database and what use cases need, without Slack. Raises `Misconfigured` where somebody else has to
    migrate, and where database or key cannot be had."""
    await asyncio.to_thread(migrate, settings)
    database = _database(settings)
    client = DBOSClient(system_database_url=sync_url(settings.database_url), system_database_pool_size=1, lazy=True)
    model = None if settings.language_model is None else LanguageModel(settings.language_model)
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
            model,
        )
    finally:
        if model is not None:
            await model.close()
        client.destroy()
        await database.dispose()


def _database(settings: Settings) -> Database:
    """The database; on PostgreSQL with connections of their own for those who can wait. A SQLite file has one writer at
    a time, whoever it is."""
    url, shares = settings.database_url, settings.shares
    database = connect(url, pool_size=shares.people, wait_seconds=settings.database_wait_seconds)
    if database.dialect != "postgresql":
        return database
    return replace(database, others=connect(url, pool_size=shares.work))


def _keys(settings: Settings) -> Keys:
    """The keys. Commands that need none do without."""
    try:
        return _kept_keys(settings)
    except ValueError:
        return Keys(None)


def _kept_keys(settings: Settings) -> Keys:
    """As `Settings.keys`; raises `Misconfigured` where there is no place for them."""
    try:
        return settings.keys()
    except OSError as closed:
        raise Misconfigured(
            f"The installation's key cannot be kept or read beside the database: {closed}. Let the bot's user write to "
            "that folder, or set SECRET_KEY."
        ) from closed


def _checked(settings: Settings, http: bool) -> None:
    """Raises `Misconfigured` where a setting is missing for what this process is to do, and for this way to Slack."""
    on_sqlite = normalise_url(settings.database_url).get_backend_name() == "sqlite"
    if on_sqlite and settings.roles != ALL_ROLES:
        raise Misconfigured(
            "A SQLite file belongs to one process, which must do everything: edge, worker and clock. Leave ROLES and "
            "--role out, or set DATABASE_URL to a PostgreSQL database, which several processes can share."
        )
    absent = missing(settings, http)
    if absent:
        raise Misconfigured(
            f"Not set: {' and '.join(absent)}. Put what is missing into .env (see README.md, “Connect a real "
            "workspace”), or run `make run` for the embedded workspace, which needs no settings."
        )
    if settings.many_workspaces and not http:
        raise Misconfigured(
            "Workspaces install the app over HTTP: leave --socket-mode out, or set SLACK_BOT_TOKEN for one workspace."
        )
    try:
        _kept_keys(settings)
    except ValueError as no_key:
        raise Misconfigured(str(no_key)) from no_key


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


def _plain(secret: SecretStr | None) -> str:
    """A secret that `_checked` has seen."""
    return secret.get_secret_value() if secret is not None else ""


@asynccontextmanager
async def running(
    settings: Settings, *, http: bool | None = None, now: Callable[[], datetime] = wall_clock
) -> AsyncIterator[House]:
    """A process of the bot at work until the block ends, in the roles that the settings give it.

    An edge is reached over HTTP or Socket Mode, as the settings say unless `http` does. Raises `Misconfigured` where a
    setting is missing, or does not go with the others.
    """
    roles = settings.roles
    over_http = settings.over_http if http is None else http
    _checked(settings, over_http)
    routes = all_routes()
    metrics = Metrics(routes, roles)
    async with (
        tracing(settings),
        storage(settings, now=now) as stored,
        counting(stored) as meter,
        aiohttp.ClientSession(middlewares=[metrics.call, meter.call]) as session,
        AsyncExitStack() as at_the_end,
    ):
        listener = _listening(settings)
        here = web.address(listener)
        deps = replace(stored, public_url=_public_url(settings, here))
        if deps.model is not None:
            deps.model.watch = metrics
        client = client_for(settings, session)
        clients = clients_of(settings, deps, routes, client)
        parts = await database_parts(deps.database, settings.database_url)
        # Ended in the opposite order: what people do still finds a queue, and the clock a database.
        if ProcessRole.WORKER in roles:
            deliverer = Deliverer(deps, clients, routes.deliveries, settle_seconds=settings.delivery_settle_seconds)
            queue = Queue(settings)
            await queue.start(lambda: delivery.register(deliverer, routes.tasks, routes.patient, metrics))
            at_the_end.push_async_callback(queue.stop)
            parts["queue"] = queue.works
        if ProcessRole.CLOCK in roles:
            clock = Clock(deps, routes, metrics)
            clock.start()
            at_the_end.callback(clock.stop)
            parts["clock"] = clock.works
        app = socket_mode = None
        if ProcessRole.EDGE in roles:
            listeners = Listeners(deps, routes, metrics, clients)
            at_the_end.push_async_callback(listeners.finish)
            app = bolt(listeners, client, _plain(settings.slack_signing_secret) if over_http else None)
            if not over_http:
                socket_mode = SocketMode(app, _plain(settings.slack_app_token), client)
                parts["slack"] = socket_mode.client.is_connected
        readiness = Readiness(parts)
        pages = pages_of(settings, metrics, readiness, deps.database)
        endpoints = routes.endpoints.values() if ProcessRole.EDGE in roles else ()
        served = web.web_app(app if over_http else None, deps, endpoints, pages)
        await at_the_end.enter_async_context(web.serving(served, listener))
        if socket_mode is not None:
            await at_the_end.enter_async_context(socket_mode.connected())
        events = urljoin(here, web.EVENTS_PATH) if app is not None and over_http else None
        yield House(settings, deps, routes, app, metrics, readiness, here, events)


def _public_url(settings: Settings, here: str) -> str:
    """Where customers' browsers reach the edges; "" where that is not known."""
    if settings.public_url:
        return settings.public_url
    if ProcessRole.EDGE not in settings.roles:
        log.warning("PUBLIC_URL is not set: messages and mails from this process hold no links to pages of the bot")
        return ""
    if settings.mail_server is not None:
        log.warning("PUBLIC_URL is not set: the links in mails, to opt out and to choose a time, lead to %s", here)
    return here


async def run_until_stopped(settings: Settings, *, http: bool | None = None) -> None:
    """Run the bot until SIGINT or SIGTERM; see `running` for `http`."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers on the loop.
            loop.add_signal_handler(number, stopped.set)
    async with running(settings, http=http) as house:
        log.info("At work as %s%s.", ", ".join(sorted(settings.roles)), _reached(house))
        # What has been made by now stays: without looking through it each time, collecting garbage holds nobody up.
        gc.collect()
        gc.freeze()
        await stopped.wait()


def _reached(house: House) -> str:
    if house.app is None:
        return f", with pages at {house.address}"
    return f": Slack is to send to {house.request_url}" if house.request_url else ", connected to Slack"
