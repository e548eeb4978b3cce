"""The assistant without a model: in direct messages, in its pane and where it is mentioned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.app import all_routes
from domain.assistant import understand
from domain.members import Role, may
from handlers.assistant_words import EXAMPLES, PROMPTS
from handlers.i18n import LANGUAGES, translator
from services.outreach import leads
from services.qualification import meetings
from tests.handlers import payloads
from tests.handlers.conftest import FS, IS, MANAGER, MARKETING, World, eventually
from tests.handlers.test_meetings import TEAM, actor, new_lead

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def direct(world: World, user: str) -> str:
    bot = world.person(user).screen()["app"]["bot_user"]
    return str((await world.person(user).open_dm(bot))["channel"])


async def asked(world: World, user: str, text: str, thread: str | None = None) -> dict[str, Any]:
    """What is answered to a message in the person's direct messages with the bot."""
    channel = await direct(world, user)
    sent = await world.person(user).message(channel, text, thread)
    bot = world.person(user).screen()["app"]["bot_user"]

    def answer() -> dict[str, Any] | None:
        seen = world.channel(user, channel)
        there = seen["threads"].get(thread, []) if thread else seen["messages"]
        return next((m for m in there if m["ts"] > sent["ts"] and m["user"] == bot), None)

    found: dict[str, Any] = await eventually(answer)
    return found


def elements(message: dict[str, Any], action: str) -> list[dict[str, Any]]:
    """The buttons of a message whose action_id begins so."""
    inside = [e for block in message["blocks"] for e in [*block.get("elements", []), block.get("accessory") or {}]]
    return [element for element in inside if str(element.get("action_id", "")).startswith(action)]


async def press(world: World, user: str, message: dict[str, Any], action: str, place: int = 0) -> None:
    found = elements(message, action)[place]
    await world.person(user).action(channel=await direct(world, user), ts=message["ts"], action_id=found["action_id"])


def as_it_is(world: World, user: str, ts: str) -> dict[str, Any]:
    return next(m for m in world.direct(user) if m["ts"] == ts)


@on_sqlite
async def test_questions_are_answered_in_direct_messages_with_the_way_to_the_rows(world: World) -> None:
    calls = await asked(world, IS, "今日の架電リスト")
    assert elements(calls, "call.quick")
    assert "ツール: 架電リスト" in str(calls["blocks"][-1])
    figure = await asked(world, IS, "先週の接続率は？")
    assert elements(figure, "kpi.rows")
    assert "接続率" in figure["text"]
    lead = await asked(world, IS, "山田 太郎さんの状況は？")
    assert elements(lead, "lead.")
    for question in (
        "今月の着地",
        "誰が一番アポを取った？",
        "未対応の問い合わせ",
        "引き継ぎの状況",
        "差し戻し",
        "再架電の予定",
    ):
        assert "ツール:" in str((await asked(world, IS, question))["blocks"][-1])
    refused = await asked(world, MARKETING, "今日の架電リスト")
    assert "「架電の記録」ができません" in refused["text"]
    lost = await asked(world, IS, "むにゃむにゃ")
    assert "今日の架電リスト" in str(lost["blocks"])


@on_sqlite
async def test_pane_greets_offers_and_remembers_what_was_asked(world: World) -> None:
    opened = await world.person(MANAGER).assistant()
    channel, thread = opened["channel"], opened["thread_ts"]
    said = await eventually(lambda: world.channel(MANAGER, channel)["assistant"].get(thread, {}).get("prompts"))
    assert [prompt["message"] for prompt in said] == [translator("ja")(prompt) for prompt in PROMPTS[Role.MANAGER]]
    figure = await asked(world, MANAGER, "先週の接続率は？", thread)
    assert elements(figure, "kpi.why")
    why = await asked(world, MANAGER, "なぜ？", thread)
    assert why["text"].startswith("要因: 接続率")
    named = await eventually(lambda: world.channel(MANAGER, channel)["assistant"][thread]["title"])
    assert named == "先週の接続率は？"
    companies = "企業名,業種\n株式会社つばめ設備,建設\n".encode()
    await world.person(MANAGER).upload(channel, "companies.csv", companies, thread_ts=thread)

    def imported() -> bool:
        seen = world.channel(MANAGER, channel)
        return any("取り込み" in m["text"] for m in [*seen["messages"], *seen["threads"][thread]])

    await eventually(imported)


@on_sqlite
async def test_meeting_is_shown_first_and_booked_once_by_its_asker_alone(world: World) -> None:
    lead_id = await new_lead(world)
    sato = await actor(world)
    before = datetime.now(UTC)

    async def booked() -> list[int]:
        found = await meetings.upcoming(world.house.deps, await actor(world, MANAGER), everybody=True)
        return [view.meeting_id for view in found if view.lead_id == lead_id]

    offered = await asked(world, IS, "予約 花子さんを来週商談設定")
    assert await booked() == []
    await press(world, IS, offered, "assistant.ask")
    card = as_it_is(world, IS, offered["ts"])
    (confirm,) = elements(card, "assistant.confirm")
    # Somebody else who got hold of the button, and a button that we did not make.
    forged = confirm["value"][:-9] + ("A" if confirm["value"][-9] != "A" else "B") + confirm["value"][-8:]
    for user, value in ((FS, confirm["value"]), (IS, forged)):
        await world.workspace.socket_mode.deliver(
            payloads.envelope("action"), payloads.click(user, "assistant.confirm", value), accepts_answer=False
        )
    assert await booked() == []
    await press(world, IS, card, "assistant.confirm")
    assert len(await booked()) == 1
    assert elements(as_it_is(world, IS, card["ts"]), "assistant.") == []
    again = payloads.click(IS, "assistant.confirm", confirm["value"])
    await world.workspace.socket_mode.deliver(payloads.envelope("action"), again, accepts_answer=False)
    assert len(await booked()) == 1
    (view,) = [v for v in await meetings.upcoming(world.house.deps, sato) if v.lead_id == lead_id]
    assert timedelta() < view.starts_at - before < timedelta(days=15)


@on_sqlite
async def test_one_of_several_is_chosen_and_what_is_cancelled_is_not_done(world: World) -> None:
    for name in ("予約 花子", "予約 太郎"):
        await new_lead(world, name)
    which = await asked(world, IS, "予約さんに明日10時に再架電")
    assert len(elements(which, "assistant.ask")) == 2
    await press(world, IS, which, "assistant.ask", 1)
    card = as_it_is(world, IS, which["ts"])
    assert "10:00" in str(card["blocks"])
    await press(world, IS, card, "assistant.cancel")
    assert "取りやめ" in as_it_is(world, IS, which["ts"])["text"]
    planned = await asked(world, IS, "予約 花子さんに明日10時に再架電")
    await press(world, IS, planned, "assistant.confirm")
    assert "再架電" in as_it_is(world, IS, planned["ts"])["text"]
    assert "予約 花子" in str((await asked(world, IS, "再架電の予定"))["blocks"])


@on_sqlite
async def test_of_more_than_can_be_offered_the_asker_is_told_to_say_more(world: World) -> None:
    for place in range(6):
        which = await asked(world, IS, "予約さん、不在でした") if place == 5 else None
        await new_lead(world, f"予約 {'一二三四五六'[place]}郎")
        assert which is None or "ほかにも" not in str(which["blocks"])
    which = await asked(world, IS, "予約さん、不在でした")
    assert len(elements(which, "assistant.ask")) == 5
    assert "ほかにも該当する方がいます" in str(which["blocks"])


@on_sqlite
async def test_call_is_logged_once_however_often_the_button_comes(world: World) -> None:
    lead_id = await new_lead(world)

    async def attempts() -> int:
        return (await leads.card(world.house.deps, await actor(world), lead_id)).attempts

    card = await asked(world, IS, "予約 花子さん、不在でした")
    (confirm,) = elements(card, "assistant.confirm")
    assert await attempts() == 0
    await press(world, IS, card, "assistant.confirm")
    assert await attempts() == 1
    again = payloads.click(IS, "assistant.confirm", confirm["value"])
    await world.workspace.socket_mode.deliver(payloads.envelope("action"), again, accepts_answer=False)
    assert await attempts() == 1
    assert elements(as_it_is(world, IS, card["ts"]), "call.undo")


@on_sqlite
async def test_who_asks_twice_for_a_call_is_asked_again_before_a_second_one_is_logged(world: World) -> None:
    lead_id = await new_lead(world)

    async def attempts() -> int:
        return (await leads.card(world.house.deps, await actor(world), lead_id)).attempts

    first, second = [await asked(world, IS, "予約 花子さん、不在でした") for _ in range(2)]
    await press(world, IS, first, "assistant.confirm")
    await press(world, IS, second, "assistant.confirm")
    again = as_it_is(world, IS, second["ts"])
    assert "架電が保存されました" in str(again["blocks"])
    assert await attempts() == 1
    await press(world, IS, again, "assistant.confirm")
    assert await attempts() == 2


@on_sqlite
async def test_who_asks_twice_for_a_meeting_is_asked_again_before_a_second_one_is_booked(world: World) -> None:
    lead_id = await new_lead(world)

    async def booked() -> int:
        found = await meetings.upcoming(world.house.deps, await actor(world, MANAGER), everybody=True)
        return len([view for view in found if view.lead_id == lead_id])

    # The same time twice, and another one.
    cards = []
    for place in (0, 0, -1):
        offered = await asked(world, IS, "予約 花子さんを来週商談設定")
        await press(world, IS, offered, "assistant.ask", place)
        cards.append(as_it_is(world, IS, offered["ts"]))
    same, repeated, other = cards
    await press(world, IS, same, "assistant.confirm")
    await press(world, IS, repeated, "assistant.confirm")
    assert elements(as_it_is(world, IS, repeated["ts"]), "assistant.") == []
    assert await booked() == 1
    await press(world, IS, other, "assistant.confirm")
    again = as_it_is(world, IS, other["ts"])
    assert "商談が予約されました" in str(again["blocks"])
    assert await booked() == 1
    await press(world, IS, again, "assistant.confirm")
    assert await booked() == 2


@on_sqlite
async def test_channel_sees_figures_and_customers_only_the_asker(world: World) -> None:
    bot = world.person(IS).screen()["app"]["bot_user"]
    for text, public in ((f"<@{bot}> 今月の着地", True), (f"<@{bot}> 山田 太郎さんの状況", False)):
        sent = await world.person(IS).message(TEAM, text)
        answers = await eventually(lambda ts=sent["ts"]: world.channel(IS, TEAM)["threads"].get(ts))
        assert bool(answers[-1]["ephemeral"]) is not public
        assert bool(world.channel(FS, TEAM)["threads"].get(sent["ts"])) is public


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prompt_and_example_is_understood_and_allowed(language: str) -> None:
    t, tools = translator(language), all_routes().tools
    for role, prompts in PROMPTS.items():
        for prompt in prompts:
            request = understand(t(prompt))
            assert request is not None, prompt
            assert may(role, tools[request.tool].permission), (role, prompt)
    for _subject, examples in EXAMPLES:
        assert all(understand(t(example)) for example in examples)


def test_every_tool_has_a_description_and_a_way_to_be_asked_for() -> None:
    for tool in all_routes().tools.values():
        assert (tool.arguments.__doc__ or "").strip()
        assert tool.arguments.hidden <= set(tool.arguments.model_fields)  # type: ignore[attr-defined]  # all are Arguments
