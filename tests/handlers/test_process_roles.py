"""Edges, workers and clocks on one PostgreSQL: each does its part of the work, tells of that part only, and leaves
nothing unanswered when it goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

import bot.__main__ as command_line
from bot.app import boundary
from bot.run import House, running
from bot.settings import ALL_ROLES, ProcessRole, Settings
from bot.workspace.server import RunningWorkspace
from tests.handlers.conftest import IS, IS_ENGLISH, World
from tests.handlers.test_delivery_queue import hand_off, posts, settled

EDGE, WORKER, CLOCK = ProcessRole
CHANNEL = "C01ISTEAM0"

several_processes = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@asynccontextmanager
async def process(settings: Settings, *roles: ProcessRole, **changed: Any) -> AsyncIterator[House]:
    """A process in these roles."""
    chosen = {"roles": frozenset(roles), "metrics_token": settings.slack_bot_token, **changed}
    async with running(settings.model_copy(update=chosen), http=False) as house:
        house.readiness.kept_seconds = 0.0
        yield house


async def ready(house: House) -> set[str]:
    """The parts that are told of, once all work."""
    async with asyncio.timeout(30), httpx.AsyncClient(base_url=house.address) as http:
        while True:
            answer = await http.get("readyz")
            if answer.status_code == 200:
                return set(answer.json()["parts"])
            await asyncio.sleep(0.05)


async def families(house: House) -> set[str]:
    """The metrics of ours that are told of."""
    assert house.settings.metrics_token is not None
    token = {"Authorization": f"Bearer {house.settings.metrics_token.get_secret_value()}"}
    async with httpx.AsyncClient(base_url=house.address) as http:
        told = (await http.get("metrics", headers=token)).text
    lines = (line.split() for line in told.splitlines() if line.startswith("# TYPE kakehashi_"))
    names = {words[2].removeprefix("kakehashi_").removesuffix("_total") for words in lines}
    return {name for name in names if not name.endswith("_created")}


async def pages(house: House) -> dict[str, int]:
    async with httpx.AsyncClient(base_url=house.address) as http:
        return {path: (await http.get(path)).status_code for path in ("healthz", "book/x", "mail/opt-out/x")}


@several_processes
async def test_each_process_does_its_part_and_tells_of_no_other(
    world_workspace: RunningWorkspace, team_at_work: None, settings: Settings
) -> None:
    everywhere = {"database", "migrations"}
    queues = {"queue_depth", "queue_oldest_seconds"}
    calls = {"slack_calls", "slack_call_seconds", "model_calls", "model_call_seconds", "model_cost_yen"}
    links = world_workspace.socket_mode
    async with process(settings, EDGE) as edge, process(settings, EDGE) as another:
        assert len(links.connections) == 2
        answer = await world_workspace.person(IS).command(CHANNEL, "/lead", "find 山")
        assert "error" not in answer
        assert await ready(edge) == everywhere | {"slack"}
        assert await families(edge) == {"acknowledgement_seconds", "interactions"} | calls | queues
        world = World(world_workspace, edge)
        made = await hand_off(world)
        key = f"handoff:{made.handoff_id}"
        none = {"slack_bot_token": None, "slack_app_token": None, "metrics_token": settings.slack_bot_token}
        async with process(settings, CLOCK, **none) as clock:
            assert await ready(clock) == everywhere | {"clock"}
            assert await families(clock) == {"clock_turns"} | queues
            # Nobody works on the queue so far.
            assert posts(world, key) == []
            async with process(settings, WORKER, slack_app_token=None) as worker:
                await settled(world, key)
                assert await ready(worker) == everywhere | {"queue"}
                assert await families(worker) == {"deliveries", "tasks", "mails"} | calls | queues
                assert len(links.connections) == 2
                for house in (clock, worker):
                    assert await pages(house) == {"healthz": 200, "book/x": 404, "mail/opt-out/x": 404}
                    assert house.deps.public_url == ""
        assert len(posts(world, key)) == 1
        assert another.deps.public_url == another.address
        # What is enqueued while no worker is there waits for the next.
        later = f"handoff:{(await hand_off(world, IS_ENGLISH)).handoff_id}"
        async with process(settings, WORKER, CLOCK):
            await settled(world, later)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_edge_that_stops_answers_what_has_come(
    world_workspace: RunningWorkspace, team_at_work: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()
    answer = boundary.answer

    async def slow(*given: Any, **named: Any) -> Any:
        begun.set()
        await goes_on.wait()
        return await answer(*given, **named)

    monkeypatch.setattr(boundary, "answer", slow)
    async with process(settings, *ALL_ROLES):
        asked = asyncio.create_task(world_workspace.person(IS).command(CHANNEL, "/lead", "find 山"))
        async with asyncio.timeout(30):
            await begun.wait()
        asyncio.get_running_loop().call_later(0.3, goes_on.set)
    told = await asked
    assert "error" not in told
    assert told["response"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_roles_are_read_and_checked(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLES", "edge, Clock")
    assert Settings(_env_file=None).roles == {EDGE, CLOCK}
    monkeypatch.setenv("ROLES", "")
    assert Settings(_env_file=None).roles == ALL_ROLES
    monkeypatch.setenv("ROLES", "edge,boss")
    with pytest.raises(ValidationError, match="worker"):
        Settings(_env_file=None)
    monkeypatch.delenv("ROLES")
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SECRET_KEY"):
        monkeypatch.setenv(name, "")

    def refused(url: str, *roles: str) -> str:
        monkeypatch.setenv("DATABASE_URL", url)
        result = CliRunner().invoke(command_line.app, ["run", *(part for role in roles for part in ("--role", role))])
        assert result.exit_code == 2
        return " ".join(result.stderr.split())

    assert "A SQLite file belongs to one process" in refused(database_url, "edge", "worker")
    elsewhere = "postgresql://nobody@127.0.0.1:1/none"
    assert "Not set: SLACK_BOT_TOKEN and SLACK_APP_TOKEN." in refused(elsewhere)
    assert "Not set: SLACK_BOT_TOKEN." in refused(elsewhere, "worker")
    # A clock needs no word with Slack.
    assert "SECRET_KEY is not set" in refused(elsewhere, "clock")
