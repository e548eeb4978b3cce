"""The team's calendar in Slack: hours, days, leave, and one's own address."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from domain.calendar import BusinessCalendar, WorkingTime
from domain.outreach.calls import CallResult, Connection
from services import members, teams
from services.outreach import calls, roll_up
from storage import members as member_queries
from storage.tables import Lead, Member
from tests.handlers.conftest import ADMIN, DEADLINE, IS, IS_ENGLISH, MANAGER, World

TEAM, ZONE, CHANNEL = "T01HOSHIMI", "Asia/Tokyo", "C01ISTEAM0"

# A click is the same on both databases, and the services are tested on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def command(world: World, user: str, text: str) -> dict[str, Any]:
    await world.person(user).command(CHANNEL, "/team", text)
    return world.modal(user)


def values(**given: Any) -> dict[str, dict[str, Any]]:
    return {block.replace("_", "."): {"v": value} for block, value in given.items()}


async def submit(world: World, user: str, filled: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return await world.person(user).submit(world.modal(user)["id"], filled)


def inputs(view: dict[str, Any]) -> list[str]:
    return [block["block_id"] for block in view["blocks"] if block["type"] == "input"]


async def calendar(world: World) -> BusinessCalendar:
    async with world.house.deps.reading(TEAM) as session:
        return await teams.team_calendar(session, ZONE, world.house.deps.now())


def today(world: World) -> date:
    return world.house.deps.today(ZONE)


# Hours


async def test_manager_changes_the_hours(world: World) -> None:
    view = await command(world, MANAGER, "hours")
    assert inputs(view) == ["opens", "closes", "weekdays"]
    assert view["blocks"][2]["element"]["options"][0]["text"]["text"] == "月曜日"
    done = await submit(world, MANAGER, values(opens="08:30", closes="17:15", weekdays=["1", "5"]))
    assert done["result"] == "closed", done
    actor = await members.who(world.house.deps, TEAM, MANAGER)
    assert actor is not None
    assert await teams.working_time(world.house.deps, actor) == WorkingTime("08:30", "17:15", (1, 5))
    again = await command(world, MANAGER, "hours")
    assert "08:30" in str(again)


async def test_hours_that_are_none_are_explained_at_their_inputs(world: World) -> None:
    await command(world, MANAGER, "hours")
    done = await submit(world, MANAGER, values(opens="18:00", closes="09:00"))
    assert done["result"] == "errors"
    assert done["errors"] == {"closes": "終業は始業より後の時刻にしてください。"}


async def test_others_read_the_hours(world: World) -> None:
    view = await command(world, IS_ENGLISH, "hours")
    assert inputs(view) == []
    text = view["blocks"][0]["text"]["text"]
    assert text == "*09:00 – 18:00*　Monday, Tuesday, Wednesday, Thursday, Friday"
    assert "Times are those of Asia/Tokyo." in str(view)


# The zone


async def test_admin_changes_the_zone_and_past_days_are_counted_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teams, "RECOUNT_AFTER", 0.1)
    deps = world.house.deps
    rep = await members.who(deps, TEAM, IS)
    assert rep is not None
    async with deps.reading(TEAM) as session:
        lead_id = (await session.execute(sa.select(Lead.id).order_by(Lead.id).limit(1))).scalar_one()
    await calls.record(deps, rep, lead_id, CallResult(Connection.NO_ANSWER))
    view = await command(world, ADMIN, "zone")
    assert inputs(view) == ["zone", "followers"]
    offered = await world.person(ADMIN).options(view_id=view["id"], action_id="team.zone.find", query="berlin")
    assert [option["value"] for option in offered["options"]] == ["Europe/Berlin"]
    chosen = {"zone": {"team.zone.find": "Europe/Berlin"}}
    done = await submit(world, ADMIN, chosen | values(followers=["follow"]))
    assert done["result"] == "updated", done
    assert "Europe/Berlin" in str(done["view"])
    async with asyncio.timeout(DEADLINE):
        while True:
            # In Berlin no hour is the same.
            if not await roll_up.check(deps, rep):
                break
            await asyncio.sleep(0.05)
    moved = await members.who(deps, TEAM, IS)
    assert moved is not None
    assert (moved.zone, moved.team_zone) == ("Europe/Berlin", "Europe/Berlin")


async def test_zone_is_for_admins(world: World) -> None:
    answer = (await world.person(MANAGER).command(CHANNEL, "/team", "zone"))["response"]
    assert "チームのタイムゾーンの変更" in str(answer)
    assert not world.person(MANAGER).screen()["views"]


# Days


async def test_manager_adds_days_one_after_the_other_and_removes_them(world: World) -> None:
    day = today(world) + timedelta(days=40)
    view = await command(world, MANAGER, "days")
    assert "元日" in str(view)
    assert "年末年始休み" in str(view)
    filled = values(first_0=day.isoformat(), last_0=(day + timedelta(days=1)).isoformat(), name_0="社員<旅行>")
    done = await submit(world, MANAGER, filled)
    assert done["result"] == "updated", done
    assert "2日を追加しました" in str(done["view"])
    assert "社員&lt;旅行&gt;" in str(done["view"])
    # What was typed is not there any more.
    assert inputs(done["view"]) == ["kind.1", "first.1", "last.1", "name.1"]
    saturday = day + timedelta(days=(5 - day.weekday()) % 7 + 7)
    done = await submit(world, MANAGER, values(kind_1="works", first_1=saturday.isoformat()))
    assert done["result"] == "updated", done
    own = await calendar(world)
    assert not own.is_business_day(day)
    assert not own.is_business_day(day + timedelta(days=1))
    assert own.is_business_day(saturday)
    view = world.modal(MANAGER)
    await world.person(MANAGER).action(
        view_id=view["id"], block_id=f"day.{saturday}", action_id=f"team.days.remove#{saturday}"
    )
    assert f"day.{saturday}" not in str(world.modal(MANAGER))
    assert f"day.{day}" in str(world.modal(MANAGER))
    assert not (await calendar(world)).is_business_day(saturday)


async def test_days_that_cannot_be_meant_are_explained(world: World) -> None:
    day = today(world) + timedelta(days=3)
    await command(world, MANAGER, "days")
    for first, last, error in (
        (day, day - timedelta(days=1), {"last.0": "最終日は初日以降にしてください。"}),
        (day, day + timedelta(days=60), {"last.0": "一度に登録できるのは31日までです。"}),
        (day - timedelta(days=9), None, {"first.0": "過ぎた日付です。今日以降を選んでください。"}),
    ):
        filled = values(first_0=first.isoformat()) | (values(last_0=last.isoformat()) if last else {})
        done = await submit(world, MANAGER, filled)
        assert (done["result"], done.get("errors")) == ("errors", error)


async def test_others_read_the_days(world: World) -> None:
    view = await command(world, IS_ENGLISH, "days")
    assert inputs(view) == []
    assert "New Year's Day" in str(view)
    assert "Remove" not in str(view)


# Leave


async def absent(world: World, day: date) -> set[str]:
    async with world.house.deps.reading(TEAM) as session:
        ids = await member_queries.absent(session, day)
        return set(await session.scalars(sa.select(Member.slack_user).where(Member.id.in_(ids))))


async def test_member_puts_down_leave_and_takes_it_back(world: World) -> None:
    day = today(world) + timedelta(days=5)
    view = await command(world, IS, "leave")
    assert inputs(view) == ["first.0", "last.0"]
    filled = values(first_0=day.isoformat(), last_0=(day + timedelta(days=2)).isoformat())
    done = await submit(world, IS, filled)
    assert done["result"] == "updated", done
    assert await absent(world, day + timedelta(days=1)) == {IS}
    again = await submit(world, IS, values(first_1=day.isoformat()))
    assert again["errors"] == {"first.1": "この期間にはすでに休暇が登録されています。"}
    leave = next(b for b in world.modal(IS)["blocks"] if str(b["block_id"]).startswith("leave."))
    await world.person(IS).action(
        view_id=world.modal(IS)["id"], block_id=leave["block_id"], action_id=leave["accessory"]["action_id"]
    )
    assert await absent(world, day) == set()
    assert "leave." not in str([b["block_id"] for b in world.modal(IS)["blocks"]])


async def test_manager_puts_down_anybodys_leave(world: World) -> None:
    day = today(world) + timedelta(days=5)
    view = await command(world, MANAGER, "leave")
    assert inputs(view) == ["member.0", "first.0", "last.0"]
    done = await submit(world, MANAGER, values(member_0=IS, first_0=day.isoformat()))
    assert done["result"] == "updated", done
    assert await absent(world, day) == {IS}
    assert f"<@{IS}>" in str(world.modal(MANAGER))
    # Nobody else sees it.
    assert f"<@{IS}>" not in str(await command(world, IS_ENGLISH, "leave"))


async def test_somebody_who_is_no_member_yet_is_named(world: World) -> None:
    async with world.house.deps.writing(TEAM) as session:
        await session.execute(sa.update(Member).where(Member.slack_user == IS_ENGLISH).values(active=False))
    await command(world, MANAGER, "leave")
    done = await submit(world, MANAGER, values(member_0=IS_ENGLISH, first_0=today(world).isoformat()))
    assert done["errors"] == {"member.0": "この方はまだ Kakehashi を使っていません。"}


# Oneself


async def test_address_that_slack_knows_is_known_from_the_start(world: World) -> None:
    deps = world.house.deps
    async with deps.reading(TEAM) as session:
        addresses = {
            row.slack_user: row.email for row in await session.execute(sa.select(Member.slack_user, Member.email))
        }
    assert addresses[IS]
    assert all("@" in address for address in addresses.values())


async def test_member_chooses_another_address(world: World) -> None:
    actor = await members.who(world.house.deps, TEAM, ADMIN)
    assert actor is not None
    known = (await members.own(world.house.deps, actor)).email
    assert known in str(await command(world, ADMIN, "me"))
    wrong = await submit(world, ADMIN, values(email="hayashi@"))
    assert wrong["errors"] == {"email": "メールアドレスの形ではありません。例: name@example.co.jp"}
    done = await submit(world, ADMIN, values(email="hayashi@example.jp"))
    assert done["result"] == "closed", done
    assert (await members.own(world.house.deps, actor)).email == "hayashi@example.jp"


async def test_address_of_slack_is_suggested_to_whoever_has_none(world: World) -> None:
    actor = await members.who(world.house.deps, TEAM, ADMIN)
    assert actor is not None
    known = (await members.own(world.house.deps, actor)).email
    await members.set_email(world.house.deps, actor, "")
    assert known in str(await command(world, ADMIN, "me"))


async def test_command_alone_says_what_is_possible(world: World) -> None:
    answer = await world.person(IS).command(CHANNEL, "/team", "")
    said = str(answer) + str(world.messages(IS, CHANNEL))
    for verb in ("hours", "days", "leave", "me"):
        assert f"/team {verb}" in said
