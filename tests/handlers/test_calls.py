"""Calls over real Socket Mode and HTTP: one click, the form, and the way back."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.workspace.team import EXAMPLE
from domain.outreach.calls import CallRules
from services import members
from services.outreach import calls, roll_up
from storage.tables import Call, Lead
from tests.handlers.conftest import IS, MANAGER, World, eventually, over_both_ways
from tests.handlers.test_leads import TEAM, buttons, said


async def rows(world: World, *columns: Any) -> list[Any]:
    async with world.house.deps.reading(EXAMPLE.id) as session:
        return [tuple(row) for row in await session.execute(sa.select(*columns))]


async def card_of_first_lead(world: World, user: str = IS) -> dict[str, Any]:
    """A card with call buttons, as a message only this person sees."""
    return await said(world, user, "show 山田 太郎 アオバセイキ")


async def click(world: World, message: dict[str, Any], action_id: str, user: str = IS) -> dict[str, Any]:
    """Press a button of a message in the team's channel."""
    return await world.person(user).action(channel=TEAM, ts=message["ts"], action_id=action_id)


def whispered(world: World, words: str, user: str = IS) -> list[dict[str, Any]]:
    """The short answers only this person sees, without the cards."""
    seen = [m for m in world.messages(user, TEAM) if m["ephemeral"] and m["blocks"][0]["type"] != "header"]
    return [m for m in seen if words in str(m["blocks"])]


@over_both_ways
async def test_one_click_logs_a_call_and_undo_takes_it_back(world: World) -> None:
    card = await card_of_first_lead(world)
    count = len(await rows(world, Call.id))
    before = await rows(world, Lead.stage, Lead.next_step, Lead.next_step_at, Lead.attempts, Lead.last_called_at)
    await click(world, card, "call.quick#no_answer")
    (confirmation,) = await eventually(lambda: whispered(world, "不在・不通"))
    assert len(await rows(world, Call.id)) == count + 1
    await click(world, confirmation, "call.undo")
    await eventually(lambda: whispered(world, "取り消しました"))
    assert not whispered(world, "取り消す（60秒以内）")
    assert len(await rows(world, Call.id)) == count
    after = await rows(world, Lead.stage, Lead.next_step, Lead.next_step_at, Lead.attempts, Lead.last_called_at)
    assert after == before


async def test_undo_pressed_again_says_that_it_was_done(world: World) -> None:
    card = await card_of_first_lead(world)
    await click(world, card, "call.quick#voicemail")
    (confirmation,) = await eventually(lambda: whispered(world, "留守電"))
    value = next(
        e["value"] for b in confirmation["blocks"] for e in b.get("elements", []) if e.get("action_id") == "call.undo"
    )
    rep = await members.who(world.house.deps, EXAMPLE.id, IS)
    assert rep is not None
    await calls.undo(world.house.deps, rep, int(value.partition(":")[0]))
    await click(world, confirmation, "call.undo")
    await eventually(lambda: [m for m in world.messages(IS, TEAM) if "すでに" in m["text"]])


async def test_click_delivered_twice_makes_one_call(world: World) -> None:
    card = await card_of_first_lead(world)
    count = len(await rows(world, Call.id))
    sent: list[dict[str, Any]] = []
    deliver = world.workspace.socket_mode.deliver

    async def twice(kind: str, payload: Any, **options: Any) -> Any:
        if payload.get("type") == "block_actions":
            sent.append(payload)
            await deliver(kind, payload, **options)
        return await deliver(kind, payload, **options)

    world.workspace.socket_mode.deliver = twice
    await click(world, card, "call.quick#absent")
    await eventually(lambda: whispered(world, "担当不在"))
    assert len(sent) == 1
    assert len(await rows(world, Call.id)) == count + 1


@over_both_ways
async def test_do_not_call_takes_the_call_buttons_away_until_a_manager_says_why_not(world: World) -> None:
    card = await card_of_first_lead(world)
    assert {"call.log", "call.quick#no_answer", "call.stop"} <= set(buttons(card))
    await click(world, card, "call.stop")
    await eventually(lambda: whispered(world, "架電NGにしました"))
    stopped = await card_of_first_lead(world)
    assert "🚫 *架電NG*" in str(stopped["blocks"])
    assert not {"call.log", "call.quick#no_answer", "call.stop", "call.allow#phone"} & set(buttons(stopped))
    # The old card is still on the screen; what it offers is refused with a sentence.
    await click(world, card, "call.quick#no_answer")
    await eventually(lambda: [m for m in world.messages(IS, TEAM) if "架電は記録できません" in m["text"]])
    managers = await said(world, MANAGER, "show 山田 太郎 アオバセイキ")
    await click(world, managers, "call.allow#phone", MANAGER)
    done = await world.person(MANAGER).submit(
        world.modal(MANAGER)["id"], {"reason": {"v": "ご本人から電話をいただいた"}}
    )
    assert "再び連絡できます" in str(done["view"]["blocks"])
    assert "call.log" in buttons(await card_of_first_lead(world))


async def test_last_attempt_offers_nurturing(world: World) -> None:
    deps = world.house.deps
    manager = await members.who(deps, EXAMPLE.id, MANAGER)
    assert manager is not None
    await calls.change_rules(deps, manager, CallRules(max_attempts=1))
    await click(world, await card_of_first_lead(world), "call.quick#no_answer")
    (confirmation,) = await eventually(lambda: whispered(world, "架電リストから外れました"))
    await click(world, confirmation, "call.nurture")
    await eventually(lambda: whispered(world, "ナーチャリングに移しました"))


async def test_roll_ups_of_the_team_equal_its_calls_after_clicks(world: World) -> None:
    rep = await members.who(world.house.deps, EXAMPLE.id, IS)
    assert rep is not None
    for action in ("call.quick#no_answer", "call.quick#absent"):
        await click(world, await card_of_first_lead(world), action)
    assert await roll_up.check(world.house.deps, rep) == []
