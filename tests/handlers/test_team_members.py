"""The team's people in Slack: roles, what field sales covers, what each role may do, who has left."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.members import MATRIX, Role
from services import members
from services.members import MemberView
from services.operator import operator
from tests.handlers import payloads
from tests.handlers.conftest import ADMIN, DEADLINE, FS, IS, IS_ENGLISH, MANAGER, MARKETING, World
from tests.handlers.test_team import CHANNEL, TEAM, command, inputs, submit, values

# A click is the same on both databases, and the services are tested on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NEW = "U01ITO0001"
"""Somebody of field sales who has not used the bot in the tests that take them out first."""


async def known(world: World) -> dict[str, MemberView]:
    deps = world.house.deps
    return {m.slack_user: m for m in await members.everybody(deps, await operator(deps, TEAM))}


async def press(world: World, user: str, action_id: str) -> dict[str, Any]:
    await world.person(user).action(view_id=world.modal(user)["id"], action_id=action_id)
    return world.modal(user)


def text(view: dict[str, Any]) -> str:
    return "\n".join(str(block.get("text", block.get("elements"))) for block in view["blocks"])


async def test_admin_gives_several_people_a_role_at_once_and_goes_on(world: World) -> None:
    view = await command(world, ADMIN, "members")
    assert inputs(view) == ["people.0", "role.0"]
    done = await submit(world, ADMIN, values(people_0=[IS, IS_ENGLISH], role_0="manager"))
    assert done["result"] == "updated", done
    now = await known(world)
    assert (now[IS].role, now[IS_ENGLISH].role) == (Role.MANAGER, Role.MANAGER)
    view = world.modal(ADMIN)
    assert inputs(view) == ["people.1", "role.1"]
    assert "2人を「マネージャー」にしました" in text(view)


async def test_person_who_has_not_used_the_bot_becomes_a_member_with_the_name_slack_knows(world: World) -> None:
    before = await known(world)
    deps = world.house.deps
    await members.remove(deps, await operator(deps, TEAM), before[NEW].member_id)
    assert NEW not in await known(world)
    await command(world, MANAGER, "members")
    done = await submit(world, MANAGER, values(people_0=[NEW], role_0="field_sales"))
    assert done["result"] == "updated", done
    assert (await known(world))[NEW].name == before[NEW].name


async def test_app_is_no_member(world: World) -> None:
    bot = world.person(ADMIN).screen()["app"]["bot_user"]
    await command(world, ADMIN, "members")
    done = await submit(world, ADMIN, values(people_0=[IS, bot], role_0="manager"))
    assert done["errors"] == {
        "people.0": "アプリや他のワークスペースの人はメンバーにできません。このワークスペースの人を選んでください。"
    }
    assert (await known(world))[IS].role is Role.INSIDE_SALES


async def test_team_keeps_an_admin_and_of_several_nobody_is_changed(world: World) -> None:
    await command(world, ADMIN, "members")
    done = await submit(world, ADMIN, values(people_0=[IS, ADMIN], role_0="manager"))
    assert done["errors"] == {"role.0": "管理者が一人もいなくなります。先に別の人を管理者にしてください。"}
    now = await known(world)
    assert (now[IS].role, now[ADMIN].role) == (Role.INSIDE_SALES, Role.ADMIN)


async def test_manager_makes_no_admin(world: World) -> None:
    await command(world, MANAGER, "members")
    done = await submit(world, MANAGER, values(people_0=[IS], role_0="admin"))
    assert list(done["errors"]) == ["role.0"]
    assert "管理者だけ" in done["errors"]["role.0"]


async def test_nothing_chosen_is_said_at_both_inputs(world: World) -> None:
    await command(world, ADMIN, "members")
    done = await submit(world, ADMIN, {})
    assert set(done["errors"]) == {"people.0", "role.0"}


async def test_others_read_who_does_what(world: World) -> None:
    view = await command(world, IS_ENGLISH, "members")
    assert inputs(view) == []
    assert "submit" not in view or view["submit"] is None
    shown = text(view)
    assert f"<@{FS}>" in shown
    assert "Field sales" in shown
    buttons = [e["action_id"] for b in view["blocks"] if b["type"] == "actions" for e in b["elements"]]
    assert buttons == ["team.rights"]
    assert not [b for b in view["blocks"] if b.get("accessory")]


async def test_rights_of_every_role_are_shown_as_they_are(world: World) -> None:
    await command(world, IS_ENGLISH, "members")
    view = await press(world, IS_ENGLISH, "team.rights")
    assert len([b for b in view["blocks"] if b["type"] == "section"]) == len(MATRIX)
    shown = text(view)
    assert "hand leads off" in shown
    assert "Inside sales, Manager, Admin" in shown


async def test_area_of_a_rep_is_written_with_any_comma_and_stands_in_the_list(world: World) -> None:
    await command(world, MANAGER, "members")
    member_id = (await known(world))[FS].member_id
    view = await press(world, MANAGER, f"team.coverage#{member_id}")
    assert view["callback_id"] == "team.coverage.submit"
    done = await submit(world, MANAGER, values(territories="東京都、 神奈川県,千葉県", industries="機械，電子部品"))
    assert done["result"] == "closed", done
    after = (await known(world))[FS]
    assert after.territories == ("東京都", "神奈川県", "千葉県")
    assert after.industries == ("機械", "電子部品")
    assert "東京都、神奈川県、千葉県、機械、電子部品" in text(world.modal(MANAGER))


async def test_rep_changes_the_own_area_only(world: World) -> None:
    view = await command(world, FS, "members")
    mine = (await known(world))[FS].member_id
    offered = [b["accessory"]["action_id"] for b in view["blocks"] if b.get("accessory")]
    assert offered == [f"team.coverage#{mine}"]


async def test_who_has_left_is_taken_off_and_back_when_they_use_the_bot_again(world: World) -> None:
    await command(world, MANAGER, "members")
    await press(world, MANAGER, "team.leaver")
    done = await submit(world, MANAGER, values(member=MARKETING))
    assert done["result"] == "closed", done
    assert MARKETING not in await known(world)
    assert f"<@{MARKETING}>" not in text(world.modal(MANAGER))
    again = await world.person(MARKETING).command(CHANNEL, "/lead", "help")
    assert again["ok"]
    assert (await known(world))[MARKETING].role is Role.MARKETING


async def test_last_admin_cannot_be_taken_off(world: World) -> None:
    await command(world, ADMIN, "members")
    await press(world, ADMIN, "team.leaver")
    done = await submit(world, ADMIN, values(member=ADMIN))
    assert list(done["errors"]) == ["member"]
    assert ADMIN in await known(world)


async def test_account_that_is_switched_off_in_slack_is_no_member_any_more(world: World) -> None:
    ways = world.workspace.socket_mode
    await ways.deliver("events_api", payloads.account(IS, profile={"real_name": "別の名前"}))
    await ways.deliver("events_api", payloads.account(IS_ENGLISH, deleted=True))
    async with asyncio.timeout(DEADLINE):
        while True:
            if IS_ENGLISH not in await known(world):
                break
            await asyncio.sleep(0.02)
    assert IS in await known(world)
