"""The server: one ASGI app on the loopback interface, in this process (`running`) or by itself (`serve`)."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from bot.workspace.delivery import ACKNOWLEDGE_SECONDS
from bot.workspace.departures import Departures
from bot.workspace.guard import LoopbackGuard
from bot.workspace.http import HttpDelivery
from bot.workspace.manifest import ANY_APP, InstalledApp, RequestUrls, read_manifest
from bot.workspace.person import PersonClient
from bot.workspace.person_routes import person_routes
from bot.workspace.routes import app_routes
from bot.workspace.saved import load, write
from bot.workspace.socket import SocketMode
from bot.workspace.state import Workspace
from bot.workspace.team import EXAMPLE, Team
from bot.workspace.transport import Transport

LOOPBACK = "127.0.0.1"


def create_app(workspace: Workspace, *, page: bool) -> ASGIApp:
    """The ASGI app for a workspace, closed to everything that is not this machine. `page` adds the page at `/`."""
    transport = workspace.delivery
    if not isinstance(transport, Transport):
        transport = workspace.delivery = Transport(workspace, SocketMode(workspace), HttpDelivery(workspace))
    routes = [*app_routes(workspace, transport), *person_routes(workspace)]
    app = Starlette(routes=routes)
    if page:
        # Imported here, so that a workspace without its page does not load the user interface.
        from bot.workspace.page import mount

        mount(app, workspace)
    return LoopbackGuard(Departures(app))


class RunningWorkspace:
    """A workspace being served, with what an app and a person need to reach it."""

    def __init__(self, workspace: Workspace, transport: Transport) -> None:
        self.workspace = workspace
        self.transport = transport

    @property
    def socket_mode(self) -> SocketMode:
        """The way over Socket Mode."""
        return self.transport.socket_mode

    @property
    def api_url(self) -> str:
        """The base address for an SDK; ends in `/api/`."""
        return f"{self.workspace.base_url}/api/"

    @property
    def page_url(self) -> str:
        """The address of the page."""
        return f"{self.workspace.base_url}/"

    @property
    def bot_token(self) -> str:
        """xoxb-…"""
        return self.workspace.bot_token

    @property
    def app_token(self) -> str:
        """xapp-…"""
        return self.workspace.app_token

    @property
    def signing_secret(self) -> str:
        """For requests that the workspace signs."""
        return self.workspace.signing_secret

    def person(self, user: str) -> PersonClient:
        """Acts as a member."""
        return PersonClient(self.workspace, user)

    def introduction(self) -> dict[str, Any]:
        """What a stranger needs to know to point an SDK here."""
        team = self.workspace.team
        return {
            "api": self.api_url,
            "bot_token": self.bot_token,
            "app_token": self.app_token,
            "signing_secret": self.signing_secret,
            "client_id": self.workspace.grants.client_id,
            "client_secret": self.workspace.grants.client_secret,
            "page": self.page_url,
            "team": {"id": team.id, "name": team.name},
            "users": [{"id": person.id, "name": person.name, "role": person.role} for person in team.people],
            "channels": [{"id": channel.id, "name": channel.name} for channel in team.channels],
        }


@asynccontextmanager
async def running(
    team: Team = EXAMPLE,
    manifest: Mapping[str, Any] | None = None,
    port: int = 0,
    page: bool = False,
    *,
    clock: Callable[[], float] | None = None,
    patience: float = ACKNOWLEDGE_SECONDS,
    socket_mode: Callable[[Workspace], SocketMode] = SocketMode,
    http: Callable[[Workspace], HttpDelivery] = HttpDelivery,
) -> AsyncIterator[RunningWorkspace]:
    """Serves a workspace in this process and event loop, on a free port unless one is given.

    `patience` is how many seconds an app has to acknowledge, and a trigger can be used: Slack's 3, unless what is
    tried out is not the app's speed and the machine may be a slow one.
    """
    installed: InstalledApp = ANY_APP if manifest is None else read_manifest(manifest)
    workspace = Workspace(team, installed, clock=clock or time.time, patience=patience)
    async with serving(workspace, port=port, page=page, socket_mode=socket_mode, http=http) as served:
        yield served


@asynccontextmanager
async def serving(
    workspace: Workspace,
    *,
    port: int = 0,
    page: bool = False,
    socket_mode: Callable[[Workspace], SocketMode] = SocketMode,
    http: Callable[[Workspace], HttpDelivery] = HttpDelivery,
    request_url: str | None = None,
) -> AsyncIterator[RunningWorkspace]:
    """Serves a workspace that exists already. With `request_url` the app is told over HTTP at that one address,
    whatever its manifest says; it need not be there yet. Raises `RequestUrlError` where it is not on this machine."""
    if request_url is not None:
        workspace.app = replace(workspace.app, socket_mode=False, urls=RequestUrls.one(request_url))
    transport = workspace.delivery = Transport(workspace, socket_mode(workspace), http(workspace))
    # asyncio switches Nagle's algorithm off only for sockets that name TCP: without it every answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    workspace.base_url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        create_app(workspace, page=page),
        log_level="warning",
        access_log=False,
        http="h11" if sys.platform == "win32" else "httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=10.0,
        ws_ping_timeout=30.0,
        # Longer than clients keep an idle connection: who closes first decides whether a call meets a closed one.
        timeout_keep_alive=60,
        timeout_graceful_shutdown=2,
        lifespan="on" if page else "off",
    )
    server = uvicorn.Server(config)
    workspace.faults.cut = lambda client: _cut(server, client)
    # `serve()` would take the process's signal handlers; whoever runs us owns those.
    task = asyncio.create_task(server._serve(sockets=[listener]))
    try:
        while not server.started:
            if task.done():
                await task
                raise RuntimeError("The workspace's server ended before it had begun.")
            await asyncio.sleep(0.001)
        yield RunningWorkspace(workspace, transport)
    finally:
        await workspace.close()
        await transport.socket_mode.shut()
        await transport.http.shut()
        server.should_exit = True
        await task
        listener.close()


def _cut(server: uvicorn.Server, client: tuple[str, int]) -> bool:
    for connection in tuple(server.server_state.connections):
        if getattr(connection, "client", None) == client:
            connection.transport.abort()
            return True
    return False


def serve(
    port: int,
    manifest_path: Path | None = None,
    state_file: Path | None = None,
    page: bool = True,
    request_url: str | None = None,
    rate_limits: bool = False,
    team_file: Path | None = None,
) -> None:
    """Serves a workspace until SIGTERM or SIGINT, and prints one JSON line about it when it is ready. `state_file` is
    read at the start and written at the end, so that tokens, messages and files are there again the next time.
    `rate_limits` holds the app to Slack's. `team_file` describes the team (`Team.to_json`) in place of the example.
    Raises `ManifestError`, `TeamError` and `RequestUrlError` for what it cannot start with."""
    logging.basicConfig(level=logging.WARNING)
    app = ANY_APP
    if manifest_path is not None:
        app = read_manifest(json.loads(manifest_path.read_text(encoding="utf-8")))
    team = EXAMPLE
    if team_file is not None:
        team = Team.from_json(json.loads(team_file.read_text(encoding="utf-8")))
    workspace = Workspace(team, app)
    workspace.limits.always = rate_limits
    if state_file is not None and state_file.exists():
        load(workspace, json.loads(state_file.read_text(encoding="utf-8")))
    asyncio.run(_serve_until_signal(workspace, port, page, request_url))
    if state_file is not None:
        write(workspace, state_file)


async def _serve_until_signal(workspace: Workspace, port: int, page: bool, request_url: str | None) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with serving(workspace, port=port, page=page, request_url=request_url) as served:
        sys.stdout.write(json.dumps(served.introduction(), ensure_ascii=False) + "\n")
        sys.stdout.flush()
        await ended.wait()
