"""The assistant with a language model: what it chooses is run or shown, and what it says is founded."""

from __future__ import annotations

import asyncio
import re
from collections import Counter

import pytest
import sqlalchemy as sa

from bot.app import all_routes
from bot.run import running
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from domain.model import Sharing
from handlers.assistant_model import described, harmless
from services import assistant, model
from services.deliveries import DeliveryState
from services.deps import Deps
from services.qualification import meetings
from storage.tables import Delivery
from tests.handlers.conftest import IS, IS_ENGLISH, MANAGER, MARKETING, World, eventually, with_model
from tests.handlers.test_assistant import asked, direct, elements
from tests.handlers.test_meetings import actor, new_lead
from tests.servers.model import Answer, Asked, Failure, Json, ModelServer, Text

JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")


def choosing(tool: str, **arguments: str) -> Answer:
    return Json({"calls": [{"tool": tool, "arguments": [{"name": k, "value": v} for k, v in arguments.items()]}]})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_model_chooses_tools_and_is_believed_only_what_they_found(
    world_workspace: RunningWorkspace,
    team_at_work: None,
    settings: Settings,
    model_server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = with_model(settings, model_server)
    async with running(chosen, http=False) as house:
        world = World(world_workspace, house)
        manager = await actor(world, MANAGER)
        # Nothing is sent before a manager has said so.
        await asked(world, IS, "先週のつながり具合を教えてほしいのだけれど")
        assert model_server.requests == []
        await model.set_rules(house.deps, manager, Sharing.MASKED, 100_000, recordings=False)
        opened = await world.person(IS).assistant()
        channel, thread = opened["channel"], opened["thread_ts"]
        await eventually(lambda: world.channel(IS, channel)["assistant"].get(thread, {}).get("prompts"))

        def quoting(question: Asked) -> Answer:
            if question.output:
                return choosing("kpis", kpi="connect_rate", period="last_week")
            found = re.search(r"\d+\.\d%", question.input)
            assert found
            return Text(f"先週の接続率は{found[0]}でした。[詳細](https://evil.example)<!channel>")

        model_server.answer = quoting
        # Nobody's click waits for it any more: what Slack has no room for is said when it has.
        for method in ("chat.startStream", "chat.stopStream"):
            world_workspace.workspace.faults.order({"kind": "429", "method": method, "seconds": 2})
        answer = await asked(world, IS, "先週って電話どれくらいつながってた？", thread)
        said = str(await settled(world, thread, answer["ts"]))
        assert "先週の接続率は" in said
        assert "](" not in said
        assert "https://evil" not in said
        assert "<!channel>" not in said
        assert "kpi.rows" in said
        assert "ツール: KPI" in said

        model_server.answer = lambda q: choosing("kpis", kpi="dials") if q.output else Text("架電は98765件でした。")
        answer = await asked(world, IS, "今週はどれくらいかけた？", thread)
        said = str(await settled(world, thread, answer["ts"]))
        assert "98765" not in said
        assert "kpi.rows" in said
        assert "見つけていない数字" in said
        # What was asked before in the thread is told, customers' records are not.
        assert "先週って電話どれくらい" in model_server.requests[-2].input

        lead_id = await new_lead(world)
        model_server.answer = lambda _: choosing("book_meeting", name="予約 花子", when="来週")
        card = await asked(world, IS, "予約 花子さんとの商談、来週でお願いできますか", thread)
        assert elements(card, "assistant.ask")
        assert "予約 花子" not in str(model_server.requests[-1].body)
        assert lead_id not in {view.lead_id for view in await meetings.upcoming(house.deps, manager, everybody=True)}

        model_server.answer = lambda _: Failure(401)
        plain = await asked(world, IS, "先週の接続率を教えて", thread)
        assert elements(plain, "kpi.rows")
        assert "AIを使わずに" in str(plain["blocks"])

        # Whoever waited has an answer, so nobody is told that there is none; but whose answer never comes is.
        async with asyncio.timeout(30):
            while await broken_off(house.deps) != {DeliveryState.SENT: 4}:  # noqa: ASYNC110 - it is in the database
                await asyncio.sleep(0.02)
        model_server.answer = lambda _: Text("", holds=0)
        with monkeypatch.context() as impatient:
            impatient.setattr(assistant, "GIVEN_UP_AFTER", 0.1)
            told = await asked(world, IS, "今月の接続率はどうだったかな", thread)
            assert "回答の途中で中断しました" in told["text"]
        # On a busy machine the question gets there after that.
        await eventually(lambda: model_server.waiting == 1)
        model_server.release()

        # A tool that the asker may not use is neither offered nor run.
        model_server.answer = lambda _: choosing("log_call", name="予約 花子", result="no_answer")
        lost = await asked(world, MARKETING, "予約さんに電話したことにしておいてくれる？")
        assert elements(lost, "assistant.confirm") == []
        # The question before is perhaps still being looked into.
        hers = [each for each in model_server.requests if "電話したことに" in each.input]
        assert hers
        assert not any("- log_call" in each.instructions for each in hers)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_model_answers_an_english_asker_in_english(
    world_workspace: RunningWorkspace, team_at_work: None, settings: Settings, model_server: ModelServer
) -> None:
    chosen = with_model(settings, model_server)
    async with running(chosen, http=False) as house:
        world = World(world_workspace, house)
        await model.set_rules(house.deps, await actor(world, MANAGER), Sharing.FULL, 100_000, recordings=False)

        def quoting(question: Asked) -> Answer:
            if question.output:
                return choosing("kpis", kpi="connect_rate", period="last_week")
            assert 'in the language "en"' in question.instructions
            found = re.search(r"\d+\.\d%", question.input)
            assert found
            return Text(f"Last week {found[0]} of the dials reached somebody.")

        model_server.answer = quoting
        question = "Out of all that dialling, did anybody ever pick up the week before this one?"
        answer = await asked(world, IS_ENGLISH, question)
        said = str(await settled(world, "", answer["ts"], IS_ENGLISH))
        assert "of the dials reached somebody" in said
        assert "Connect rate" in said
        assert "Tool: KPI" in said
        assert not JAPANESE.search(re.sub("<@[^>]*>", "", said)), said

        model_server.answer = lambda q: choosing("kpis", kpi="dials") if q.output else Text("You made 98765 dials.")
        answer = await asked(world, IS_ENGLISH, f"{question} And how many were there?")
        said = str(await settled(world, "", answer["ts"], IS_ENGLISH))
        assert "98765" not in said
        assert "a figure that no tool found" in said

        await new_lead(world)
        model_server.answer = lambda _: choosing("log_call", name="予約 花子", result="no_answer")
        card = await asked(world, IS_ENGLISH, "Would you put down that 予約 花子 did not pick up the phone just now?")
        assert elements(card, "assistant.confirm")[0]["text"]["text"] == "Log it"
        assert "Nothing has been changed yet." in str(card["blocks"])

        model_server.answer = lambda _: Failure(401)
        plain = await asked(world, IS_ENGLISH, "What was the connect rate last week?")
        assert elements(plain, "kpi.rows")
        assert not JAPANESE.search(str(plain["blocks"])), plain["blocks"]


async def broken_off(deps: Deps) -> dict[str, int]:
    """How many messages that an answer was broken off are in each state, none of them posted."""
    async with deps.reading("T01HOSHIMI") as session:
        rows = await session.scalars(sa.select(Delivery).where(Delivery.kind == assistant.BROKEN_OFF))
        return Counter(row.state for row in rows if row.ts is None)


async def settled(world: World, thread: str, ts: str, user: str = IS) -> list[dict[str, object]]:
    """A message once its stream has ended; `thread` "": it stands in none."""
    channel = await direct(world, user)

    def found() -> list[dict[str, object]] | None:
        seen = world.channel(user, channel)
        there = seen["threads"][thread] if thread else seen["messages"]
        message = next(m for m in there if m["ts"] == ts)
        return message["blocks"] if re.search("ツール|Tool: ", str(message["blocks"])) else None

    blocks: list[dict[str, object]] = await eventually(found)
    return blocks


def test_model_reads_of_every_tool_what_it_is_for_and_never_what_buttons_fill_in() -> None:
    told = described(all_routes().tools)
    assert "- book_meeting (writes):" in told
    assert "last_week" in told
    assert "    - slot:" not in told
    assert "    - version:" not in told


def test_links_and_mentions_of_a_model_are_none() -> None:
    assert harmless("[a](https://x) <!here> `b`") == "[a] (https: //x) ＜!here＞ 'b'"
