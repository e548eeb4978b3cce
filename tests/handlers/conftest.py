"""The bot over real Socket Mode and over signed HTTP, in the embedded workspace, on both databases."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOS

from bot.app import all_routes
from bot.demo import populate
from bot.manifest import manifest
from bot.run import House, running, storage
from bot.settings import Settings
from bot.slack_client import web_client
from bot.workspace.manifest import RequestUrls
from bot.workspace.person import PersonClient
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from handlers.routes import Task
from storage.outbox import TASK_WORKFLOW
from tests.conftest import KINDS, copy_of
from tests.servers.model import ModelServer

IS, FS, MANAGER, ADMIN, MARKETING = "U01SATO001", "U01TANAKA1", "U01KATO001", "U01HAYASHI", "U01MORI001"
IS_ENGLISH, CS = "U01MILLER1", "U01ONO0001"
HANDOFFS = "C01HANDOFF"
DEADLINE = 20.0

over_both_ways = pytest.mark.parametrize(
    ("database_url", "way"),
    [("sqlite", "socket_mode"), ("postgresql", "socket_mode"), ("sqlite", "http")],
    indirect=True,
)
"""For the flows of the main job: over Socket Mode on both databases, and over HTTP. What reaches a handler is the same
either way, so the database need not be tried again, nor every other test."""


async def eventually(check: Callable[[], Any]) -> Any:
    """What `check` answers once it is true; fails after the deadline."""
    async with asyncio.timeout(DEADLINE):
        while True:
            found = check()
            if found:
                return found
            await asyncio.sleep(0.02)


@dataclass(frozen=True)
class World:
    """A running workspace, the bot in it, and the people."""

    workspace: RunningWorkspace
    house: House

    def person(self, user: str) -> PersonClient:
        return self.workspace.person(user)

    def channel(self, user: str, channel: str) -> dict[str, Any]:
        return next(c for c in self.person(user).screen()["channels"] if c["id"] == channel)

    def messages(self, user: str, channel: str) -> list[dict[str, Any]]:
        return self.channel(user, channel)["messages"]

    def direct(self, user: str) -> list[dict[str, Any]]:
        """The messages in the person's DM with the bot."""
        bot = self.person(user).screen()["app"]["bot_user"]
        found = [c for c in self.person(user).screen()["channels"] if c["with"] == bot]
        return found[0]["messages"] if found else []

    def modal(self, user: str) -> dict[str, Any]:
        """The modal on top."""
        views = self.person(user).screen()["views"]
        assert views, "no modal is open"
        return views[-1]


async def once_more(world: World, kind: str, task: Task) -> None:
    """Do the newest task of a kind again, as after a crash."""
    found = await DBOS.list_workflows_async(name=TASK_WORKFLOW, sort_desc=True)
    inputs = (each.input["args"] for each in found if each.input)
    team_id, _kind, arguments = next(given for given in inputs if given[1] == kind)
    client = web_client(world.workspace.bot_token, world.workspace.api_url)
    await task(world.house.deps, client, team_id, arguments)


@pytest.fixture(scope="session")
def sqlite_with_team(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the demonstration's team, that each test's own is copied from: made once, it costs once."""
    path = tmp_path_factory.mktemp("sqlite") / "team.db"
    shutil.copyfile(sqlite_template, path)
    _settle(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_with_team(
    postgres_template: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The same on PostgreSQL: the database's name."""
    with copy_of(postgres_template, request, tmp_path_factory.mktemp("postgres")) as url:
        _settle(url)
        yield sa.make_url(url).database or ""


def _settle(url: str) -> None:
    """The demonstration's team moves in. (In a thread, which has no loop yet.)"""

    async def settle() -> None:
        async with workspace_running(manifest=manifest(all_routes())) as workspace:
            settings = Settings(
                _env_file=None,
                slack_bot_token=workspace.bot_token,
                slack_app_token=workspace.app_token,
                slack_api_url=workspace.api_url,
                database_url=url,
            )
            async with storage(settings) as deps:
                await populate(deps, workspace.introduction(), seed=1)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, settle()).result()


@pytest.fixture
def team_at_work() -> None:
    """Whoever asks for it finds the demonstration's team in the database."""


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database on SQLite and on PostgreSQL: with the team for those who ask for it, else empty."""
    content = "with_team" if "team_at_work" in request.fixturenames else "template"
    with copy_of(request.getfixturevalue(f"{KINDS[request.param]}_{content}"), request, tmp_path) as url:
        yield url


@pytest.fixture
def settings(database_url: str, world_workspace: RunningWorkspace) -> Settings:
    return Settings(
        _env_file=None,
        slack_bot_token=world_workspace.bot_token,
        slack_app_token=world_workspace.app_token,
        slack_signing_secret=world_workspace.signing_secret,
        web_host="127.0.0.1",
        web_port=0,
        slack_api_url=world_workspace.api_url,
        database_url=database_url,
        database_wait_seconds=DEADLINE,
        delivery_limit=1000,
        queue_poll_seconds=0.05,
    )


def with_model(settings: Settings, model_server: ModelServer) -> Settings:
    """The same with the language model of the tests."""
    given = Settings(_env_file=None, **model_server.settings)
    return settings.model_copy(update={name: getattr(given, name) for name in model_server.settings})


@pytest.fixture
async def world_workspace() -> AsyncIterator[RunningWorkspace]:
    async with workspace_running(manifest=manifest(all_routes()), patience=DEADLINE) as served:
        yield served


@pytest.fixture
def way(request: pytest.FixtureRequest) -> str:
    """How the workspace reaches the bot: `socket_mode`, or `http` where a test asks for both."""
    return str(getattr(request, "param", "socket_mode"))


@pytest.fixture
async def world(
    world_workspace: RunningWorkspace, team_at_work: None, settings: Settings, way: str
) -> AsyncIterator[World]:
    """The demonstration's team, at work."""
    async with running(settings, http=way == "http") as house:
        if house.request_url is not None:
            await world_workspace.transport.use_http(RequestUrls.one(house.request_url))
        yield World(world_workspace, house)
