"""Only members of the workspace use the bot: no guests, and nobody from another workspace met in a shared channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from bot.app import all_routes
from bot.manifest import manifest
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from domain.members import Role
from handlers.interaction import metadata
from services import members
from services.operator import operator
from storage.tables import Call, Lead, Member
from tests.handlers import payloads
from tests.handlers.conftest import ADMIN, DEADLINE, World, eventually
from tests.handlers.outsiders import FOREIGN, GUEST, SINGLE, with_outsiders
from tests.handlers.payloads import CHANNEL, TEAM

EVERYBODY = pytest.mark.parametrize("user", [GUEST, SINGLE, FOREIGN, "U0NOBODY00"])


@pytest.fixture
async def world_workspace() -> AsyncIterator[RunningWorkspace]:
    async with workspace_running(with_outsiders(), manifest=manifest(all_routes()), patience=DEADLINE) as served:
        yield served


async def count(world: World, table: Any) -> int:
    async with world.house.deps.reading(TEAM) as session:
        return (await session.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()


async def lead(world: World) -> int:
    async with world.house.deps.reading(TEAM) as session:
        return (await session.execute(sa.select(sa.func.min(Lead.id)))).scalar_one()


def said(world: World, user: str) -> list[str]:
    """What the bot told this person alone."""
    return [str(m["text"]) for m in world.messages(user, CHANNEL) if m.get("ephemeral")]


@pytest.mark.parametrize("user", [GUEST, SINGLE, FOREIGN])
async def test_command_of_an_outsider_is_refused_in_both_languages_and_makes_no_member(world: World, user: str) -> None:
    before = await count(world, Member)
    await world.person(user).command(CHANNEL, "/lead", "find 株式会社")
    (text,) = await eventually(lambda: said(world, user))
    assert "Only members of this workspace" in text
    assert "ワークスペース" in text
    assert "株式会社" not in text
    assert await count(world, Member) == before


@EVERYBODY
async def test_click_of_an_outsider_changes_nothing(world: World, user: str) -> None:
    before = await count(world, Call)
    clicked = payloads.click(user, "call.quick#no_answer", str(await lead(world)))
    answer = await world.workspace.socket_mode.deliver("interactive", clicked)
    assert answer.acknowledged
    assert await count(world, Call) == before


@EVERYBODY
async def test_form_of_an_outsider_is_answered_with_the_refusal(world: World, user: str) -> None:
    submitted = payloads.submission(user, "call.log.submit", metadata(lead=await lead(world)))
    answer = await world.workspace.socket_mode.deliver("interactive", submitted, accepts_answer=True)
    assert answer.acknowledged
    assert answer.payload is not None
    assert answer.payload["response_action"] == "update"
    assert "Only members" in str(answer.payload["view"])


@EVERYBODY
async def test_select_offers_an_outsider_nothing(world: World, user: str) -> None:
    (route,) = [name for name in world.house.routes.options if name.startswith("lead")][:1]
    asked = payloads.suggestion(user, route, "株式会社")
    answer = await world.workspace.socket_mode.deliver("interactive", asked, accepts_answer=True)
    assert answer.acknowledged
    assert (answer.payload or {}).get("options") == []


async def test_guest_whom_an_admin_has_added_works_like_a_member(world: World) -> None:
    deps = world.house.deps
    await members.give_role(deps, await operator(deps, TEAM), {GUEST: "客野 一"}, Role.INSIDE_SALES)
    await world.person(GUEST).command(CHANNEL, "/lead", "help")
    (text,) = await eventually(lambda: said(world, GUEST))
    assert "Only members" not in text


async def test_guest_can_be_chosen_as_a_member_and_somebody_of_another_workspace_cannot(world: World) -> None:
    await world.person(ADMIN).command(CHANNEL, "/team", "members")
    filled = {"people.0": {"v": [GUEST, FOREIGN]}, "role.0": {"v": "inside_sales"}}
    refused = await world.person(ADMIN).submit(world.modal(ADMIN)["id"], filled)
    assert list(refused["errors"]) == ["people.0"]
    assert await members.who(world.house.deps, TEAM, GUEST) is None
    filled["people.0"] = {"v": [GUEST, SINGLE]}
    done = await world.person(ADMIN).submit(world.modal(ADMIN)["id"], filled)
    assert done["result"] == "updated", done
    for user, name in ((GUEST, "客野 一"), (SINGLE, "客野 二")):
        member = await members.who(world.house.deps, TEAM, user)
        assert member is not None
        assert (member.name, member.role) == (name, Role.INSIDE_SALES)
