"""A transcript dropped into the bot's messages, and MiiTel's webhook, over the real ways."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bot.run import running
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from domain.model import Sharing
from services import model
from services.pipeline import telephone_systems
from tests.domain.pipeline.test_transcripts import miitel
from tests.handlers.conftest import FS, HANDOFFS, IS, MANAGER, World, eventually, with_model
from tests.handlers.shop import Shop, on_sqlite, shop
from tests.handlers.test_meetings import actor
from tests.servers.model import Failure, ModelServer, Spoken

__all__ = ["shop"]

CALL = """佐藤: お世話になっております、佐藤と申します。資料の件でお電話いたしました。
山田様: はい。月末の集計に三日かかっていて困っています。
佐藤: ご予算はもうお決まりでしょうか。
山田様: 今期の予算として500万円を確保しています。決裁は部長の鈴木が行います。
佐藤: いつ頃の開始をお考えでしょうか。
山田様: 10月1日から使い始めたいと考えています。
佐藤: では来週、御見積書をお送りします。
"""


def thread(world: World, user: str = IS) -> list[dict[str, Any]]:
    """What the bot has said in threads of the person's DM with it."""
    screen = world.person(user).screen()
    bot = screen["app"]["bot_user"]
    found = [channel for channel in screen["channels"] if channel["with"] == bot]
    threads = found[0].get("threads", {}) if found else {}
    return [message for replies in threads.values() for message in replies if message["user"] == bot]


async def says(world: World, words: str) -> dict[str, Any]:
    """The message in a thread that says so."""
    found: list[dict[str, Any]] = await eventually(lambda: [m for m in thread(world) if words in str(m["blocks"])])
    return found[-1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_dropped_transcript_becomes_a_record_in_its_thread(world: World) -> None:
    person = world.person(IS)
    bot = person.screen()["app"]["bot_user"]
    dm = (await person.open_dm(bot))["channel"]
    await person.upload(dm, "アオバセイキ_山田太郎様_商談.txt", CALL.encode("cp932"))
    card = await says(world, "の通話でしょうか")
    assert "山田 太郎" in str(card["blocks"])
    # A transcript is no list of companies.
    assert not [m for m in world.direct(IS) if "読み込んでいます" in m["text"]]
    offered = await person.options(
        channel=dm, ts=card["ts"], action_id=card["blocks"][-1]["elements"][-1]["action_id"], query="山田"
    )
    assert any("山田 太郎" in str(option) for option in offered["options"])
    await person.action(channel=dm, ts=card["ts"], action_id="recording.confirm")
    await says(world, "✅ 完了")
    result = str((await says(world, "質問の数"))["blocks"])
    assert "月末の集計に三日かかっていて困っています" in result
    assert "山田様 2番目の発言" in result
    assert "言語モデル" in result
    proposals = await says(world, "BANTの提案")
    waiting = [b["block_id"] for b in proposals["blocks"] if str(b.get("block_id", "")).startswith("proposal.")]
    assert len(waiting) >= 3
    accept, reject, change = waiting[:3]
    await person.action(channel=dm, ts=proposals["ts"], block_id=accept, action_id="proposal.accept")
    await person.action(channel=dm, ts=proposals["ts"], block_id=reject, action_id="proposal.reject")
    await says(world, "が却下")
    await person.action(channel=dm, ts=proposals["ts"], block_id=change, action_id="proposal.edit")
    assert world.modal(IS)["callback_id"] == "proposal.edit.submit"
    shown = str((await says(world, "が採用"))["blocks"])
    assert f"{len(waiting) - 2}件が確認待ち" in shown
    # Dropped again, or made a record by the shortcut, the same file is the same record.
    (dropped,) = [m for m in world.direct(IS) if m["files"]]
    await person.shortcut("recording.make", dm, dropped["ts"])
    await eventually(lambda: [m for m in world.direct(IS) if "すでに受け付けています" in str(m["blocks"])])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_recording_is_tried_again_and_its_record_goes_to_the_right_lead(
    world_workspace: RunningWorkspace, team_at_work: None, settings: Settings, model_server: ModelServer
) -> None:
    chosen = with_model(settings, model_server)
    said = "今期の予算として500万円を確保しています。月末の集計に三日かかっていて困っています。"
    model_server.answer = lambda asked: Spoken([(0.0, 9.0, "B", said)]) if asked.sound else Failure(503)
    async with running(chosen, http=False) as house:
        world = World(world_workspace, house)
        person = world.person(IS)
        dm = (await person.open_dm(person.screen()["app"]["bot_user"]))["channel"]
        await person.upload(dm, "アオバセイキ_山田太郎様.m4a", b"sound")
        card = await says(world, "の通話でしょうか")
        await person.action(channel=dm, ts=card["ts"], action_id="recording.confirm")
        # Off, until a manager has decided otherwise: what to do stands on the card, and what to press.
        await says(world, "テキスト（VTT")
        assert model_server.requests == []
        await model.set_rules(house.deps, await actor(world, MANAGER), Sharing.FULL, 5_000, recordings=True)
        await person.action(channel=dm, ts=card["ts"], action_id="recording.retry")
        proposed = await says(world, "BANTの提案")
        result = await says(world, "AIを使わずに")
        assert "月末の集計に三日かかっていて困っています" in str(result["blocks"])

        accepted = next(b["block_id"] for b in proposed["blocks"] if str(b.get("block_id", "")).startswith("proposal."))
        await person.action(channel=dm, ts=proposed["ts"], block_id=accepted, action_id="proposal.accept")
        await person.action(channel=dm, ts=result["ts"], action_id="recording.move")
        view = world.modal(IS)
        assert "山田 太郎" in str(view["blocks"])
        offered = await person.options(view_id=view["id"], action_id="recording.move.lead", query="")
        other = next(option for option in offered["options"] if "山田 太郎" not in str(option))
        name = other["text"]["text"]
        done = await person.submit(view["id"], {"lead": {"recording.move.lead": other["value"]}})
        assert done["result"] == "updated", done
        told = str(world.modal(IS)["blocks"])
        assert name in told
        assert "提案1件は山田 太郎" in told
        await says(world, "採用したときのリード")
        await eventually(lambda: [m for m in thread(world) if m["ts"] == result["ts"] and name in str(m["blocks"])])

        # On the card of the lead it belongs to, whoever may see that reads it there.
        field_sales = world.person(FS)
        await field_sales.command(HANDOFFS, "/lead", f"find {name.partition(' / ')[0]}")
        found = world.messages(FS, HANDOFFS)[-1]
        opener = next(b["accessory"]["action_id"] for b in found["blocks"] if "lead.show" in str(b.get("accessory")))
        await field_sales.action(channel=HANDOFFS, ts=found["ts"], action_id=opener)
        shown = world.messages(FS, HANDOFFS)[-1]
        record = next(e for b in shown["blocks"] for e in b.get("elements", ()) if "recording.show" in str(e))
        assert "の記録" in record["text"]["text"]
        await field_sales.action(channel=HANDOFFS, ts=shown["ts"], action_id=record["action_id"])
        read = str(world.messages(FS, HANDOFFS)[-1]["blocks"])
        assert "月末の集計に三日かかっていて困っています" in read
        assert "recording.swap" not in read


@on_sqlite
async def test_miitel_is_answered_its_challenge_and_each_call_becomes_one_record(shop: Shop) -> None:
    made = await telephone_systems.add(shop.house.deps, shop.manager, "MiiTel")
    async with httpx.AsyncClient() as client:
        challenge = await client.post(made.url, json={"challenge": "0a1b2c", "name": "設定"})
        assert (challenge.status_code, challenge.text) == (200, "0a1b2c")
        assert challenge.headers["content-type"].startswith("text/plain")
        markup = await client.post(made.url, json={"challenge": "<script>"})
        assert (markup.status_code, markup.json()["error"]) == (400, "bad_request")
        unknown = await client.post(made.url[:-3] + "abc", json={"challenge": "0a1b2c"})
        assert (unknown.status_code, unknown.json()["error"]) == (401, "not_proven")
        first = await client.post(made.url, json=miitel())
        again = await client.post(made.url, json=miitel())
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == {**first.json(), "new": False}
        for body, status in ((b"{", 400), (b"[]", 400), (b'{"call": {}}', 400), (b" " * 9_000_000, 413)):
            assert (await client.post(made.url, content=body)).status_code == status
        await telephone_systems.set_active(shop.house.deps, shop.manager, made.system.source_id, False)
        assert (await client.post(made.url, json=miitel())).status_code == 403
