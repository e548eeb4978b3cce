"""A new team's first steps, on the home tab of those who decide."""

from __future__ import annotations

from typing import Any

import pytest

from bot.run import running
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from services import members, setup, teams
from services.operator import operator
from services.setup import Step
from tests.handlers.conftest import ADMIN, FS, HANDOFFS, IS, MANAGER, World, eventually
from tests.handlers.test_team import CHANNEL, TEAM, inputs, submit, values

HERE = [step for step in Step if step is not Step.MODEL]
"""The steps of an installation without a language model."""

# A click is the same on both databases, and the services are tested on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def empty(world_workspace: RunningWorkspace, settings: Settings) -> Any:
    """The bot on its first day: nobody has used it."""
    async with running(settings, http=False) as house:
        yield World(world_workspace, house)


async def home(world: World, user: str) -> list[dict[str, Any]]:
    """What stands on the home tab once it has been drawn."""
    await world.person(user).home()
    return list((await eventually(lambda: world.person(user).screen()["home"]))["blocks"])


def steps(blocks: list[dict[str, Any]]) -> list[str]:
    """The steps that are still listed."""
    names = [str(b["block_id"]).removeprefix("setup.") for b in blocks if str(b["block_id"]).startswith("setup.")]
    return [name for name in names if name in list(Step)]


async def press(world: World, user: str, block_id: str, action_id: str) -> None:
    view_id = world.person(user).screen()["home"]["id"]
    await world.person(user).action(view_id=view_id, block_id=block_id, action_id=action_id)


async def test_who_opens_the_bot_first_becomes_its_admin_and_sees_every_step(empty: World) -> None:
    blocks = await home(empty, IS)
    assert steps(blocks) == HERE
    assert "はじめの設定　0 / 8" in [b["text"]["text"] for b in blocks if b["type"] == "header"]
    assert (await members.who(empty.house.deps, TEAM, IS)).role.value == "admin"  # type: ignore[union-attr]
    assert steps(await home(empty, FS)) == []


@pytest.mark.parametrize(
    ("step", "opened"),
    [
        (Step.ROLES, "team.members.submit"),
        (Step.HANDOFFS, "team.handoffs.submit"),
        (Step.DIGESTS, "kpi.digests"),
        (Step.INBOUND, "inbound.settings.submit"),
        (Step.HOURS, "team.hours.submit"),
        (Step.SENDER, "team.sender.submit"),
    ],
)
async def test_step_is_one_click_away(empty: World, step: Step, opened: str) -> None:
    await home(empty, ADMIN)
    await press(empty, ADMIN, f"setup.{step}", f"setup.step#{step}")
    assert empty.modal(ADMIN)["callback_id"] == opened


async def test_where_there_is_no_language_model_it_is_said_and_nothing_can_be_decided(empty: World) -> None:
    await home(empty, ADMIN)
    await empty.person(ADMIN).command(CHANNEL, "/team", "model")
    view = empty.modal(ADMIN)
    assert (inputs(view), view.get("submit")) == ([], None)
    assert "AI（言語モデル）は設定されていません" in str(view)


async def test_step_that_was_done_leaves_the_list_at_once(empty: World) -> None:
    await home(empty, ADMIN)
    await press(empty, ADMIN, "setup.handoffs", "setup.step#handoffs")
    view = empty.modal(ADMIN)
    assert inputs(view) == ["channel", "minutes"]
    done = await submit(empty, ADMIN, values(channel=HANDOFFS, minutes="45"))
    assert done["result"] == "closed", done
    admin = await operator(empty.house.deps, TEAM)
    settings = await teams.settings(empty.house.deps, admin)
    assert (settings.handoff_channel, settings.acknowledge_minutes) == (HANDOFFS, 45)
    blocks = empty.person(ADMIN).screen()["home"]["blocks"]
    assert Step.HANDOFFS not in steps(blocks)
    assert "✅ 引き継ぎのチャンネル" in str(blocks)


async def test_minutes_nobody_can_keep_are_explained_and_nothing_is_saved(empty: World) -> None:
    await home(empty, ADMIN)
    await empty.person(ADMIN).command(CHANNEL, "/team", "handoffs")
    done = await submit(empty, ADMIN, values(channel=HANDOFFS, minutes=""))
    assert list(done["errors"]) == ["minutes"]
    admin = await operator(empty.house.deps, TEAM)
    assert (await teams.settings(empty.house.deps, admin)).handoff_channel is None


async def test_hidden_steps_are_gone_for_everybody_and_still_shown_on_request(empty: World) -> None:
    await home(empty, ADMIN)
    await press(empty, ADMIN, "setup", "setup.hide")
    assert steps(await home(empty, ADMIN)) == []
    assert (await setup.progress(empty.house.deps, await operator(empty.house.deps, TEAM))).hidden
    await empty.person(ADMIN).command(CHANNEL, "/team", "setup")
    (told,) = [m for m in empty.messages(ADMIN, CHANNEL) if m["ephemeral"]]
    assert steps(told["blocks"]) == HERE


async def test_team_that_has_decided_everything_sees_no_list(world: World) -> None:
    blocks = await home(world, MANAGER)
    left = steps(blocks)
    progress = await setup.progress(world.house.deps, await operator(world.house.deps, TEAM))
    assert left == [step for step in HERE if not progress.done[step]]
    assert steps(await home(world, IS)) == []
