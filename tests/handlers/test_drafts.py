"""What the model drafts around a call, in the embedded workspace: nobody waits for it, a person has the last word."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from bot.run import running
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from domain.model import Sharing
from domain.outreach.calls import CallResult, Connection, Outcome, Party
from domain.outreach.objections import Objection
from domain.outreach.scripts import Stage
from services import members, model
from services.outreach import calls, leads, objections
from storage.tables import Mail
from tests.handlers.conftest import IS, MANAGER, World, eventually
from tests.handlers.test_calls import card_of_first_lead, click
from tests.handlers.test_playbook import TEAM_ID, playbook, press, submit, text_of
from tests.servers.model import Asked, Failure, Json, ModelServer, Text

OWN = "今かかっている入力の時間を金額にした資料をお渡しします。"
DRAFTED = {stage.value: f"{stage.value}の下書き" for stage in Stage}


def answered(asked: Asked) -> Text:
    """What the server says to each prompt."""
    told: dict[str, Any] = {
        "CallScript": DRAFTED | {"value": "{company}様では80 %減ります。"},
        "BriefLine": {"line": "資料をお送りする件の続きです。"},
        "AdaptedAnswer": {"answer": 1, "text": f"ごもっともです。{OWN}"},
        "FollowUpMail": {"subject": "資料の件", "text": "下書きの本文です。"},
    }
    return Json(told[asked.output])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_drafts_come_into_open_modals_and_only_a_persons_click_saves_or_sends(
    world_workspace: RunningWorkspace, team_at_work: None, settings: Settings, model_server: ModelServer
) -> None:
    given = Settings(_env_file=None, **model_server.settings)
    chosen = settings.model_copy(
        update={
            **{name: getattr(given, name) for name in model_server.settings},
            "public_url": "https://bot.example/",
            "mail_shown": True,
        }
    )
    async with running(chosen, http=False) as house:
        world, deps = World(world_workspace, house), house.deps
        manager = await members.who(deps, TEAM_ID, MANAGER)
        rep = await members.who(deps, TEAM_ID, IS)
        assert manager is not None
        assert rep is not None
        await model.set_rules(deps, manager, Sharing.FULL, 1000, recordings=False)
        await objections.add(deps, manager, Objection("予算がありません", (OWN,)))
        (lead, *_) = await leads.find(deps, rep, "山田 太郎 アオバセイキ")
        spoken = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.SEND_MATERIAL, "資料を送る")
        await calls.log(deps, rep, lead.lead_id, spoken)
        model_server.answer = answered

        # A script: drafted into inputs of its own, saved by the manager.
        await click(world, await playbook(world, MANAGER, "script"), "script.write", MANAGER)
        await submit(world, MANAGER, name="下書きの台本", scene="first_call", language="ja")
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
        await press(world, IS, "objection.open")
        found = await world.person(IS).options(view_id=world.modal(IS)["id"], action_id="objection.find", query="予算")
        await press(world, IS, "objection.find", value=found["options"][0]["value"])
        await eventually(lambda: "ごもっともです" in text_of(world.modal(IS)))
        assert f"元にしたチームの返し方：「{OWN}」" in text_of(world.modal(IS))
        for _ in range(2):
            await world.person(IS).close(world.modal(IS)["id"])

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
