"""Calls over real Socket Mode and HTTP: one click, the form, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.workspace.team import EXAMPLE
from domain.outreach.calls import CallRules
from services import members
from services.outreach import calls, roll_up
from storage.tables import Call, Lead
from tests.handlers.conftest import IS, IS_ENGLISH, MANAGER, MARKETING, World, eventually, over_both_ways
from tests.handlers.test_leads import TEAM, buttons, said


async def rows(world: World, *columns: Any) -> list[Any]:
    """The rows of a table, in the order in which they came: PostgreSQL hands changed ones over last."""
    async with world.house.deps.reading(EXAMPLE.id) as session:
        return [tuple(row) for row in await session.execute(sa.select(*columns).order_by(columns[0].class_.id))]


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


# The form


def inputs_of(view: dict[str, Any]) -> list[str]:
    return [block["block_id"] for block in view["blocks"] if block["type"] == "input"]


def block_of(view: dict[str, Any], start: str) -> str:
    return next(block for block in inputs_of(view) if block.startswith(start))


async def choose(world: World, block: str, value: str, user: str = IS, **typed: str) -> dict[str, Any]:
    """Choose an option of the open form, after typing elsewhere."""
    view = world.modal(user)
    block = block_of(view, block)
    action = next(b["element"]["action_id"] for b in view["blocks"] if b["block_id"] == block)
    state = {name: {"v": text} for name, text in typed.items()}
    await world.person(user).action(view_id=view["id"], block_id=block, action_id=action, value=value, state=state)
    return world.modal(user)


async def save(world: World, user: str = IS, **typed: str) -> dict[str, Any]:
    values = {name: {"v": text} for name, text in typed.items()}
    return await world.person(user).submit(world.modal(user)["id"], values)


async def open_call_form(world: World, user: str = IS) -> dict[str, Any]:
    await click(world, await card_of_first_lead(world), "call.log", user)
    return world.modal(user)


@over_both_ways
async def test_form_asks_one_axis_after_the_other_and_saves_a_callback_in_natural_words(world: World) -> None:
    view = await open_call_form(world)
    assert inputs_of(view) == ["connection", "party", "note"]
    view = await choose(world, "party", "gatekeeper", note="部長は午後から <外出>")
    offered = next(b for b in view["blocks"] if b["block_id"].startswith("outcome"))["element"]["options"]
    assert "refused" not in [option["value"] for option in offered]
    view = await choose(world, "outcome", "callback")
    assert inputs_of(view)[-4:] == ["when", "on", "time", "note"]
    assert view["state"]["note"]["v"] == "部長は午後から <外出>"
    saved = await save(world, when="明日15時")
    assert saved["result"] == "closed", saved
    (confirmation,) = await eventually(lambda: whispered(world, "次：再架電"))
    assert "15:00" in str(confirmation["blocks"])
    assert max(await rows(world, Call.id, Call.outcome, Call.note))[1:] == ("callback", "部長は午後から <外出>")
    await click(world, confirmation, "call.undo")
    await eventually(lambda: whispered(world, "取り消しました"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_form_that_was_opened_before_another_call_was_saved_asks_before_it_saves_one_more(world: World) -> None:
    before = len(await rows(world, Call.id))
    await open_call_form(world)
    await choose(world, "connection", "busy", note="二つ目のフォーム")
    await click(world, await card_of_first_lead(world), "call.quick#no_answer", IS)
    again = await save(world, note="二つ目のフォーム")
    assert again["result"] == "updated"
    assert "このフォームを開いたあと" in str(again["view"]["blocks"][0])
    assert inputs_of(again["view"]) == inputs_of(world.modal(IS))
    assert world.modal(IS)["state"]["note"]["v"] == "二つ目のフォーム"
    assert len(await rows(world, Call.id)) == before + 1
    assert (await save(world))["result"] == "closed"
    assert max(await rows(world, Call.id, Call.note))[1] == "二つ目のフォーム"
    assert len(await rows(world, Call.id)) == before + 2


async def test_typed_words_outlive_a_look_at_other_choices(world: World) -> None:
    await open_call_form(world)
    await choose(world, "party", "contact")
    await choose(world, "outcome", "callback")
    await choose(world, "connection", "busy", when="来週火曜 14時", note="話し中")
    assert "when" not in inputs_of(world.modal(IS))
    view = await choose(world, "connection", "answered")
    assert view["state"]["when"]["v"] == "来週火曜 14時"
    assert view["state"]["note"]["v"] == "話し中"


async def test_words_that_mean_no_time_are_told_what_was_understood_and_stay(world: World) -> None:
    await open_call_form(world)
    await choose(world, "party", "contact")
    await choose(world, "outcome", "callback")
    for words, sentence in (
        ("そのうち", "読み取れません"),
        ("明日7時", "どちらにも読めます"),
        ("昨年", "読み取れません"),
        ("2020/1/1 10:00", "過ぎています"),
        ("来週", "何日ですか"),
        ("13月1日", "暦に合いません"),
        ("999日後", "1年より先"),
        ("明日か明後日", "ひとつずつ"),
    ):
        answer = await save(world, when=words)
        assert answer["result"] == "errors"
        assert sentence in answer["errors"]["when"], (words, answer)
        assert world.modal(IS)["state"]["when"]["v"] == words
    missing = await save(world, when="")
    assert set(missing["errors"]) == {"when"}


async def test_what_is_missing_is_told_on_its_own_input(world: World) -> None:
    await open_call_form(world)
    assert (await save(world))["errors"].keys() == {"party"}
    view = await choose(world, "party", "contact")
    assert (await save(world))["errors"].keys() == {block_of(view, "outcome")}
    await choose(world, "outcome", "refused")
    assert "reason" in (await save(world))["errors"]


async def test_refusal_suggests_nurturing_and_the_form_decides_it(world: World) -> None:
    await open_call_form(world)
    await choose(world, "party", "decision_maker")
    view = await choose(world, "outcome", "refused")
    assert view["state"][block_of(view, "step")]["call.form#step"] == "nurture"
    saved = await save(world, reason="timing")
    assert saved["result"] == "closed", saved
    await eventually(lambda: whispered(world, "次：ナーチャリング"))


async def test_disqualified_asks_why_and_not_what_is_next(world: World) -> None:
    await open_call_form(world)
    await choose(world, "party", "gatekeeper")
    view = await choose(world, "outcome", "disqualified")
    assert not [block for block in inputs_of(view) if block.startswith("step")]
    assert (await save(world, disqualify_reason="no_need"))["result"] == "closed"
    await eventually(lambda: whispered(world, "次：対象外にしました（ニーズなし）"))


async def test_day_from_the_picker_means_the_start_of_business_hours(world: World) -> None:
    await open_call_form(world)
    await choose(world, "party", "contact")
    await choose(world, "outcome", "callback")
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    assert (await save(world, on=day))["result"] == "closed"
    (confirmation,) = await eventually(lambda: whispered(world, "次：再架電"))
    assert "09:00" in str(confirmation["blocks"])
    assert "業務開始時刻にしました" in str(confirmation["blocks"])


@over_both_ways
async def test_command_with_a_name_opens_its_form_and_without_one_a_select_of_own_leads(world: World) -> None:
    await world.person(IS).command(TEAM, "/call", "log 山田 太郎 アオバセイキ")
    assert "connection" in inputs_of(world.modal(IS))
    await world.person(IS).close(world.modal(IS)["id"])
    await world.person(IS).command(TEAM, "/call", "log")
    view = world.modal(IS)
    offered = (await world.person(IS).options(view_id=view["id"], action_id="call.log.pick", query=""))["options"]
    await world.person(IS).action(
        view_id=view["id"], block_id="lead", action_id="call.log.pick", value=offered[0]["value"]
    )
    assert "connection" in inputs_of(world.modal(IS))
    await choose(world, "connection", "voicemail")
    assert (await save(world, note="伝言を残した"))["result"] == "closed"
    await eventually(lambda: whispered(world, "留守電"))


async def test_name_that_fits_several_leads_offers_just_these_and_says_so(world: World) -> None:
    await world.person(IS).command(TEAM, "/call", "log アオバセイキ")
    view = world.modal(IS)
    assert "「アオバセイキ」に合うリード" in str(view["blocks"])
    offered = (await world.person(IS).options(view_id=view["id"], action_id="call.log.pick", query=""))["options"]
    assert len(offered) > 1
    assert all("あおば精機" in str(option) for option in offered)


async def test_command_with_an_unknown_name_says_what_to_do(world: World) -> None:
    answer = (await world.person(IS).command(TEAM, "/call", "log どこにもいない"))["response"]
    assert "/lead add" in answer["text"]


async def test_shortcut_on_a_message_about_a_lead_opens_its_form(world: World) -> None:
    bot = world.person(IS).screen()["app"]["bot_user"]
    channel = (await world.person(IS).open_dm(bot))["channel"]
    await world.person(IS).message(channel, "山田 太郎 アオバセイキ")
    await eventually(lambda: any("call.log" in str(m["blocks"]) for m in world.direct(IS)))
    card = next(m for m in world.direct(IS) if "call.log" in str(m["blocks"]))
    await world.person(IS).shortcut("call.log.message", channel, card["ts"])
    assert "connection" in inputs_of(world.modal(IS))
    await world.person(IS).close(world.modal(IS)["id"])
    plain = await world.person(IS).message(TEAM, "ただのメッセージ")
    await world.person(IS).shortcut("call.log.message", TEAM, plain["ts"])
    assert inputs_of(world.modal(IS)) == ["lead"]


async def test_form_opened_over_the_home_tab_answers_where_it_stood(world: World) -> None:
    await world.person(IS).home()
    home = world.person(IS).screen()["home"]
    opener = next(b["accessory"]["action_id"] for b in home["blocks"] if "lead.show" in str(b.get("accessory")))
    await world.person(IS).action(view_id=home["id"], action_id=opener)
    card = world.modal(IS)
    await world.person(IS).action(view_id=card["id"], action_id="call.log")
    await choose(world, "connection", "busy")
    saved = await save(world)
    assert saved["result"] == "updated", saved
    assert "call.undo" in buttons(saved["view"])


async def test_person_named_instead_is_added_at_the_same_company(world: World) -> None:
    await open_call_form(world)
    await choose(world, "party", "contact")
    await choose(world, "outcome", "referred")
    assert (await save(world))["result"] == "closed"
    (confirmation,) = await eventually(lambda: whispered(world, "紹介された方を追加"))
    await click(world, confirmation, "call.referred")
    view = world.modal(IS)
    assert view["callback_id"] == "lead.add.submit"
    added = await world.person(IS).submit(view["id"], {"name": {"v": "紹介 さくら"}})
    assert added["view"]["callback_id"] == "lead.added", added


@over_both_ways
async def test_manager_changes_the_call_rules_and_a_rep_reads_them(world: World) -> None:
    await world.person(MANAGER).command(TEAM, "/call", "rules")
    view = world.modal(MANAGER)
    saved = await world.person(MANAGER).submit(view["id"], {"max_attempts": {"v": "5"}, "daily_target": {"v": "40"}})
    assert saved["result"] == "updated", saved
    answer = (await world.person(IS).command(TEAM, "/call", "rules"))["response"]
    assert "最大5回" in answer["text"]
    assert "40件" in answer["text"]


async def test_role_that_does_not_call_is_told_whom_to_ask(world: World) -> None:
    answer = (await world.person(MARKETING).command("C01GENERAL", "/call", "log"))["response"]
    assert "架電の記録" in answer["text"]


async def test_english_reader_gets_the_form_in_english(world: World) -> None:
    await world.person(IS_ENGLISH).command(TEAM, "/call", "log 山田 太郎 アオバセイキ")
    assert "Who spoke?" in str(world.modal(IS_ENGLISH)["blocks"])
