"""A served workspace, and real Slack SDK apps that are connected to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.person import PersonClient
from bot.workspace.server import RunningWorkspace, create_app, running
from bot.workspace.state import Workspace
from bot.workspace.team import EXAMPLE

from .recorder import SATO, Recorder
from .stage import Clock, Stage
from .waiting import until


@pytest.fixture
async def served() -> AsyncIterator[RunningWorkspace]:
    async with running(EXAMPLE) as workspace:
        yield workspace


@pytest.fixture
async def client(served: RunningWorkspace) -> AsyncWebClient:
    return AsyncWebClient(token=served.bot_token, base_url=served.api_url, retry_handlers=[])


@pytest.fixture
async def app(served: RunningWorkspace) -> AsyncApp:
    """An app with no listeners yet, that acknowledges only when its listener has run."""
    client = AsyncWebClient(token=served.bot_token, base_url=served.api_url, retry_handlers=[])
    return AsyncApp(name="tests", client=client, process_before_response=True)


@pytest.fixture
async def connect(served: RunningWorkspace) -> AsyncIterator[Callable[[AsyncApp], Awaitable[AsyncSocketModeHandler]]]:
    """Connects an app over Socket Mode; it is disconnected when the test ends."""
    handlers: list[AsyncSocketModeHandler] = []

    async def link(app: AsyncApp) -> AsyncSocketModeHandler:
        handler = AsyncSocketModeHandler(app, served.app_token)
        before = len(served.socket_mode.connections)
        await handler.connect_async()
        handlers.append(handler)
        await until(lambda: len(served.socket_mode.connections) > before)
        return handler

    yield link
    for handler in handlers:
        await handler.close_async()


@pytest.fixture
async def recorder(app: AsyncApp, connect: Callable[[AsyncApp], Awaitable[AsyncSocketModeHandler]]) -> Recorder:
    recorder = Recorder(app)
    await connect(app)
    return recorder


@pytest.fixture
def sato(served: RunningWorkspace) -> PersonClient:
    return served.person(SATO)


@pytest.fixture
async def served_stage() -> AsyncIterator[Stage]:
    """A stage behind a real server and a real client."""
    clock = Clock()
    async with running(clock=clock) as served, httpx.AsyncClient(base_url=served.api_url) as http:
        yield Stage(served.workspace, clock, http)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A stage behind the same application in this process: hundreds of servers would take minutes to start and stop."""
    clock = Clock()
    workspace = Workspace(clock=clock)
    transport = httpx.ASGITransport(create_app(workspace, page=False))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/") as http:
        yield Stage(workspace, clock, http)
    await workspace.close()
