"""What the model drafts around a call, in the embedded workspace: nobody waits for it, a person has the last word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.run import running
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from domain.model import Reason, Sharing
from domain.outreach.calls import CallResult, Connection, Outcome, Party
from domain.outreach.objections import Objection
from domain.outreach.scripts import Stage
from handlers.i18n import translator
from handlers.interaction import Interaction
from handlers.model_words import unavailable_line
from services import members, model
from services.outreach import calls, follow_ups, leads, objections
from storage.tables import Mail, ModelCall
from tests.handlers.conftest import DEADLINE, IS, MANAGER, World, eventually, with_model
from tests.handlers.test_assistant import asked, elements
from tests.handlers.test_calls import card_of_first_lead, click, rows
from tests.handlers.test_playbook import TEAM_ID, playbook, press, submit, text_of
from tests.servers.model import Asked, Failure, Json, ModelServer, Text

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OWN = "今かかっている入力の時間を金額にした資料をお渡しします。"
DRAFTED = {stage.value: f"{stage.value}の下書き" for stage in Stage}


def answered(question: Asked) -> Text:
    """What the server says to each prompt."""
    told: dict[str, Any] = {
        "CallScript": DRAFTED | {"value": "{company}様では80 %減ります。"},
        "BriefLine": {"line": "資料をお送りする件の続きです。"},
        "AdaptedAnswer": {"answer": 1, "text": f"ごもっともです。{OWN}"},
        "FollowUpMail": {"subject": "資料の件", "text": "下書きの本文です。"},
    }
    return Json(told[question.output])


@pytest.fixture
async def drafting(
    world_workspace: RunningWorkspace, team_at_work: None, settings: Settings, model_server: ModelServer
) -> AsyncIterator[World]:
    """A team that sends everything, an objection with its answer, and a lead to whom material was promised."""
    shown = {"public_url": "https://bot.example/", "mail_shown": True}
    chosen = with_model(settings, model_server).model_copy(update=shown)
    async with running(chosen, http=False) as house:
        deps = house.deps
        manager, rep = await members.who(deps, TEAM_ID, MANAGER), await members.who(deps, TEAM_ID, IS)
        assert manager is not None
        assert rep is not None
        await model.set_rules(deps, manager, Sharing.FULL, 1000, recordings=False)
        await objections.add(deps, manager, Objection("予算がありません", (OWN,)))
        (lead, *_) = await leads.find(deps, rep, "山田 太郎 アオバセイキ")
        spoken = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.SEND_MATERIAL, "資料を送る")
        await calls.log(deps, rep, lead.lead_id, spoken)
        model_server.answer = answered
        yield World(world_workspace, house)


async def script_form(world: World) -> None:
    """The second form of a new script, for the manager."""
    await click(world, await playbook(world, MANAGER, "script"), "script.write", MANAGER)
    await submit(world, MANAGER, name="下書きの台本", scene="first_call", language="ja")


async def choose_objection(world: World) -> None:
    """The team's objection, beside the script beside the call."""
    await press(world, IS, "objection.open")
    found = await world.person(IS).options(view_id=world.modal(IS)["id"], action_id="objection.find", query="予算")
    await press(world, IS, "objection.find", value=found["options"][0]["value"])


async def close_all(world: World, user: str) -> None:
    while world.person(user).screen()["views"]:
        await world.person(user).close(world.modal(user)["id"])


@on_sqlite
async def test_answer_that_comes_late_does_not_replace_what_has_been_chosen_since(
    drafting: World, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = drafting
    manager = await members.who(world.house.deps, TEAM_ID, MANAGER)
    assert manager is not None
    await objections.add(
        world.house.deps, manager, Objection("他社を使っています", ("違いを一枚にまとめてお送りします。",))
    )
    model_server.answer = lambda asked: (
        replace(answered(asked), holds=0) if asked.output == "AdaptedAnswer" else answered(asked)
    )
    came: list[str] = []
    follow_up = Interaction.follow_up

    async def followed(interaction: Interaction, view_id: str, *more: Any) -> None:
        await follow_up(interaction, view_id, *more)
        came.append(view_id)

    monkeypatch.setattr(Interaction, "follow_up", followed)
    await click(world, await card_of_first_lead(world), "call.log")
    await choose_objection(world)
    await eventually(lambda: model_server.waiting)
    found = await world.person(IS).options(view_id=world.modal(IS)["id"], action_id="objection.find", query="他社")
    model_server.answer = lambda _: Failure(400)
    await press(world, IS, "objection.find", value=found["options"][0]["value"])
    await eventually(lambda: came)
    model_server.release()
    await eventually(lambda: len(came) == 2)
    assert "違いを一枚に" in text_of(world.modal(IS))
    assert OWN not in text_of(world.modal(IS))


@on_sqlite
async def test_drafts_come_into_open_modals_and_only_a_persons_click_saves_or_sends(
    drafting: World, model_server: ModelServer
) -> None:
    world, deps = drafting, drafting.house.deps
    # A script: drafted into inputs of its own, saved by the manager.
    await script_form(world)
    await press(world, MANAGER, "script.draft", state={"pains": {"v": "入力が大変"}, "proof": {"v": "導入120社"}})
    await eventually(lambda: "receptionの下書き" in text_of(world.modal(MANAGER)))
    assert "ない数字があります：80" in text_of(world.modal(MANAGER))
    assert "{会社}様では" in text_of(world.modal(MANAGER))
    assert "入力が大変" in model_server.requests[-1].input
    refused = await submit(world, MANAGER, value_1=" ")
    assert set(refused["errors"]) == {"value_1"}
    saved = await submit(world, MANAGER, value_1="{会社}様のご負担が減ります。")
    assert "第1版" in text_of(saved["view"])

    # Beside a call: the plain line at once, the model's sentence and the adapted answer when they come.
    card = await card_of_first_lead(world)
    await click(world, card, "call.log")
    await press(world, IS, "script.open")
    assert "資料を送る" in text_of(world.modal(IS))
    await eventually(lambda: "要約（AI）：資料をお送りする件の続きです。" in text_of(world.modal(IS)))
    await world.person(IS).close(world.modal(IS)["id"])
    await choose_objection(world)
    await eventually(lambda: "ごもっともです" in text_of(world.modal(IS)))
    assert f"元にしたチームの返し方：「{OWN}」" in text_of(world.modal(IS))
    await close_all(world, IS)

    # A mail: the plain one waits for what stands in braces; without an answer of the model it stays as it was.
    await click(world, card, "follow_up.write")
    assert "資料のリンク" in text_of(world.modal(IS))
    assert set((await submit(world, IS))["errors"]) == {"text_0"}
    model_server.answer = lambda _asked: Failure(400)
    await press(world, IS, "follow_up.draft", state={"text_0": {"v": "自分で書いた本文"}})
    await eventually(lambda: "AIの回答を利用できなかった" in text_of(world.modal(IS)))
    assert "自分で書いた本文" in str(world.modal(IS))
    async with deps.reading(TEAM_ID) as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Mail)) == 0
    await world.person(IS).close(world.modal(IS)["id"])
    model_server.answer = answered
    await click(world, card, "follow_up.write")
    await press(world, IS, "follow_up.draft")
    await eventually(lambda: "下書きの本文です" in text_of(world.modal(IS)))
    sent = await submit(world, IS)
    assert sent["result"] == "updated", sent
    shown = await eventually(lambda: [m for m in world.direct(IS) if "下書きの本文です" in str(m["blocks"])])
    assert "https://bot.example/mail/opt-out/" in str(shown[0]["blocks"])
    # A form that knew nothing of another mail asks before it sends one more.
    await world.person(IS).close(world.modal(IS)["id"])
    await click(world, card, "follow_up.write")
    async with deps.reading(TEAM_ID) as session:
        [key] = await session.scalars(sa.select(Mail.key))
    sato = await members.who(deps, TEAM_ID, IS)
    assert sato is not None
    lead_id = int(key.split(":")[2])
    await follow_ups.send(deps, sato, lead_id, "先の件名", "先の本文", language="ja", request_key="another form")
    typed = {"text_0": {"v": "続けて送る本文"}}
    kept = await world.person(IS).submit(world.modal(IS)["id"], typed)
    assert "このフォームを開いたあと" in str(kept["view"]["blocks"][0])
    assert (await submit(world, IS))["result"] == "updated"
    async with deps.reading(TEAM_ID) as session:
        assert await session.scalar(sa.select(sa.func.count()).where(Mail.text.contains("続けて送る本文"))) == 1


STATES = {
    "off": (Reason.OFF, set[str]()),
    "over budget": (Reason.OVER_BUDGET, set[str]()),
    "slow": (Reason.FAILED, {"timed_out"}),
    # What can be read, and what cannot.
    "wrong": (Reason.FAILED, {"ok", "malformed"}),
}
"""Why there is no answer, and how the questions that were asked ended."""

WRONG: dict[str, Any] = {
    "CallScript": DRAFTED | {"value": " "},
    "BriefLine": {"line": "資料を98765部お送りする件です。"},
    "AdaptedAnswer": {"answer": 1, "text": "まったく別の話をいたします。"},
    "FollowUpMail": {"subject": " ", "text": "件名のない下書きです。"},
    "ToolChoice": {"calls": "all of them"},
}


async def come_to(state: str, world: World, model_server: ModelServer, patch: pytest.MonkeyPatch) -> None:
    """The model is as `state` says from now on."""
    deps = world.house.deps
    manager = await members.who(deps, TEAM_ID, MANAGER)
    assert manager is not None
    assert deps.model is not None
    sharing, budget = (Sharing.OFF if state == "off" else Sharing.FULL), 0 if state == "over budget" else 1000
    await model.set_rules(deps, manager, sharing, budget, recordings=False)
    model_server.answer = lambda asked: Json(WRONG[asked.output])
    if state == "slow":
        model_server.answer = lambda _asked: Text("{}", holds=0)
        patch.setattr(deps.model, "settings", replace(deps.model.settings, deadline_seconds=0.2))
        patch.setattr("services.outreach.drafts.BESIDE_SECONDS", 0.2)
        patch.setattr("services.assistant.SECONDS", 0.2)


async def over(world: World, prompt: str) -> None:
    """Wait until a question has ended, however it did."""
    async with asyncio.timeout(DEADLINE):
        while True:
            how = [outcome for each, outcome in await outcomes(world) if each == prompt]
            if how and "under_way" not in how:
                return
            await asyncio.sleep(0.02)


async def outcomes(world: World) -> list[tuple[str, str]]:
    """Each question so far, and how it ended."""
    return await rows(world, ModelCall.prompt_id, ModelCall.outcome)


@on_sqlite
@pytest.mark.parametrize("state", list(STATES))
async def test_without_an_answer_the_plain_form_stands_says_why_and_keeps_what_was_typed(
    drafting: World, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    world, (reason, ended) = drafting, STATES[state]
    why = str(unavailable_line(translator("ja"), reason))
    card = await card_of_first_lead(world)
    # The forms were opened while the model was there.
    await script_form(world)
    await click(world, card, "follow_up.write")
    with monkeypatch.context() as patch:
        await come_to(state, world, model_server, patch)

        await press(world, MANAGER, "script.draft", state={"pains": {"v": "入力が大変"}, "value": {"v": "書いた提案"}})
        await eventually(lambda: why in text_of(world.modal(MANAGER)))
        for typed in ("入力が大変", "書いた提案"):
            assert typed in text_of(world.modal(MANAGER))

        await press(world, IS, "follow_up.draft", state={"text_0": {"v": "自分で書いた本文"}})
        await eventually(lambda: why in text_of(world.modal(IS)))
        assert "自分で書いた本文" in text_of(world.modal(IS))
        # Whether it is worth another try.
        assert ("follow_up.draft" in text_of(world.modal(IS))) is (reason is Reason.FAILED)
        await close_all(world, IS)

        await click(world, card, "call.log")
        await press(world, IS, "script.open")
        if reason is Reason.FAILED:
            await over(world, "outreach/brief")
        assert "資料を送る" in text_of(world.modal(IS))
        assert "要約（AI）" not in text_of(world.modal(IS))
        await world.person(IS).close(world.modal(IS)["id"])

        await choose_objection(world)
        if state != "off":
            await eventually(lambda: why in text_of(world.modal(IS)))
        assert OWN in text_of(world.modal(IS))
        await close_all(world, IS)

        said = await asked(world, IS, "今週の接続率を教えてください")
        assert elements(said, "kpi.rows")
        # Where the team has it switched off, nothing is missing.
        assert (why in str(said["blocks"])) is (state != "off")
        assert {outcome for _, outcome in await outcomes(world)} == ended
