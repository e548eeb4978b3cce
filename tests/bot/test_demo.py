"""The demonstration as a visitor finds it, in the embedded workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from bot.__main__ import app as command_line
from bot.app import all_routes
from bot.demo import Scale, greet, play, submit
from bot.demo_history import History
from bot.demo_names import person, team_of
from bot.manifest import manifest
from bot.run import running, storage
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from domain.qualification.handoff import HandoffStatus
from services import members, teams
from storage.tables import Member
from tests.handlers.conftest import FS, HANDOFFS, IS, World, eventually

TEAM, GENERAL, INBOUND = "T01HOSHIMI", "C01GENERAL", "C01INBOUND"


@pytest.fixture
async def workspace() -> AsyncIterator[RunningWorkspace]:
    async with workspace_running(team=team_of(5), manifest=manifest(all_routes())) as served:
        yield served


@pytest.fixture
def settings(database_url: str, workspace: RunningWorkspace) -> Settings:
    return Settings(
        _env_file=None,
        slack_bot_token=workspace.bot_token,
        slack_app_token=workspace.app_token,
        slack_api_url=workspace.api_url,
        web_port=0,
        database_url=database_url,
        delivery_limit=1000,
        queue_poll_seconds=0.05,
    )


def test_help_names_what_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    # Wide enough, and without colours inside the names of options.
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    told = CliRunner().invoke(command_line, ["demo", "--help"])
    assert told.exit_code == 0
    assert all(option in told.output for option in ("--seed", "--reps", "--months", "--port", "--http"))


def test_too_few_reps_are_refused() -> None:
    assert CliRunner().invoke(command_line, ["demo", "--reps", "2"]).exit_code == 2


async def test_visitor_finds_a_greeting_handoffs_and_a_team_with_a_past(
    workspace: RunningWorkspace, settings: Settings
) -> None:
    introduced = workspace.introduction()
    async with storage(settings) as deps:
        history, stored = await play(deps, introduced, Scale(seed=2, reps=5, months=1))
        async with deps.reading(TEAM) as session:
            inside = (
                await session.execute(
                    sa.select(sa.func.count()).select_from(Member).where(Member.role == "inside_sales")
                )
            ).scalar_one()
        assert inside == 5
        # Whatever day it is: today the invented team works.
        async with deps.reading(TEAM) as session:
            calendar = await teams.team_calendar(session, "Asia/Tokyo", deps.now())
        assert calendar.is_business_day(deps.today("Asia/Tokyo"))
    async with running(settings) as house:
        world = World(workspace, house)
        await greet(introduced, history, house.routes)
        [greeting] = world.messages(IS, GENERAL)
        assert "/lead qualify" in str(greeting["blocks"])
        waiting = [key for key, status in stored.handoffs if status is HandoffStatus.WAITING]
        shown = min(4, len(stored.handoffs) - len(waiting)) + len(waiting)
        assert shown > 1
        posts = await eventually(lambda: _posts(world, shown))
        assert sum("handoff.accept" in str(post) for post in posts) == len(waiting), "answered ones have no buttons"
        (morning,) = await eventually(lambda: [m for m in world.direct(IS) if "架電リスト" in m["text"]])
        assert "call.quick" in str(morning["blocks"])
        await submit(house.deps.public_url, stored)
        inquiries = await eventually(lambda: _posts(world, 2, IS, INBOUND))
        assert all("inbound.claim" in str(inquiry) for inquiry in inquiries)
        # What is said about a lead in the greeting is found.
        name = _named(history)
        await world.person(IS).command(GENERAL, "/lead", f"find {name}")
        seen = await eventually(lambda: [m for m in world.messages(IS, GENERAL) if name.split()[0] in str(m)])
        assert seen
        assert await members.who(house.deps, TEAM, FS) is not None


def _posts(world: World, count: int, user: str = FS, channel: str = HANDOFFS) -> list[dict[str, object]]:
    found = world.messages(user, channel)
    return found if len(found) >= count else []


def _named(history: History) -> str:
    surname, given = person(history.records.leads[0].person)
    return f"{surname.ja} {given.ja}"
