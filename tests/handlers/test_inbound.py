"""The cards of submissions over real Socket Mode: claims, escalation and settings, on both databases."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from bot.app import all_routes
from bot.manifest import manifest
from bot.run import storage
from bot.settings import Settings
from bot.workspace.server import running as workspace_running
from bot.workspace.team import EXAMPLE, Channel, Person
from domain.members import Role
from handlers.outreach import inbound as handlers
from services import members
from services.outreach import inbound
from storage.tables import Lead
from tests.handlers.conftest import DEADLINE, FS, IS, IS_ENGLISH, MANAGER, eventually
from tests.handlers.shop import CHANNEL, HELLO, TEAM, Shop, on_sqlite, open_shop, shop
from tests.services.office import Clock

__all__ = ["shop"]


# Claims


async def test_one_of_twenty_simultaneous_clicks_wins_and_nineteen_hear_who(
    settings: Settings,
) -> None:
    people = tuple(Person(f"U01REP{n:04d}", f"rep{n}", f"担当 {n}", "is", "インサイドセールス") for n in range(20))
    channel = Channel(CHANNEL, "inbound", "", tuple(person.id for person in people))
    team = replace(EXAMPLE, people=people, channels=(channel,))
    clock = Clock()
    async with workspace_running(team, manifest=manifest(all_routes()), patience=DEADLINE) as workspace:
        own = settings.model_copy(
            update={
                "slack_bot_token": SecretStr(workspace.bot_token),
                "slack_app_token": SecretStr(workspace.app_token),
                "slack_api_url": workspace.api_url,
            }
        )
        async with storage(own, now=clock) as deps:
            arrived = [
                await members.arrive(
                    deps,
                    TEAM,
                    person.id,
                    team_name=team.name,
                    name=person.real_name,
                    language="ja",
                    zone="Asia/Tokyo",
                    role=Role.INSIDE_SALES if place else Role.MANAGER,
                )
                for place, person in enumerate(people)
            ]
        async with open_shop(workspace, own, clock, arrived[0]) as shop:
            assert (await shop.submit()).status_code == 201
            card = await shop.card(people[0].id)
            await asyncio.gather(*(shop.press(person.id, card, "inbound.claim") for person in people))
            view = await inbound.view(shop.house.deps, TEAM, 1)
            assert view.claimed is not None
            assert view.lead.owner_slack_user == view.claimed.slack_user

            def heard(user: str) -> str:
                return str([m["blocks"] for m in shop.messages(user, CHANNEL) if m["ephemeral"]])

            await eventually(lambda: all(heard(person.id) != "[]" for person in people))
            assert "あなたの担当になりました" in heard(view.claimed.slack_user)
            losers = [person.id for person in people if person.id != view.claimed.slack_user]
            assert len(losers) == 19
            assert all("ひと足先に" in heard(user) and view.claimed.slack_user in heard(user) for user in losers)
            await eventually(lambda: "inbound.claim" not in str(shop.cards(people[0].id)[-1]["blocks"]))
            assert len(shop.cards(people[0].id)) == 1


async def test_claimed_lead_is_called_and_the_card_says_how_fast(shop: Shop) -> None:
    await shop.submit()
    await shop.press(IS, await shop.card(), "inbound.claim")
    card = await shop.card_says("inbound.pass_on")
    shop.clock.forward(minutes=2)
    await shop.press(IS, card, "call.quick#no_answer")
    card = await shop.card_says("2分で対応")
    assert "初回対応済み" in str(card["blocks"])
    assert "inbound.claim" not in str(card["blocks"])
    said = (await shop.person(IS).command(HELLO, "/inbound", "speed 7"))["response"]
    assert "データ不足" in str(said["blocks"])
    assert "1件中 1件" in str(said["blocks"])


@on_sqlite
async def test_claim_is_passed_on_and_given_back(shop: Shop) -> None:
    await shop.submit()
    await shop.press(IS, await shop.card(), "inbound.claim")
    card = await shop.card_says("inbound.pass_on")
    await shop.press(IS, card, "inbound.pass_on")
    view = shop.modal(IS)
    choices = {o["text"]["text"]: o["value"] for o in view["blocks"][1]["element"]["options"]}
    assert "佐藤 美咲" not in choices
    assert "田中 大輔" not in choices
    done = await shop.person(IS).submit(view["id"], {"to_member_id": {"v": choices["Emily Miller"]}})
    assert done["result"] == "closed", done
    assert await eventually(lambda: any("passed this lead on to you" in m["text"] for m in shop.direct(IS_ENGLISH)))
    card = await shop.card_says(IS_ENGLISH)
    await shop.press(IS, card, "inbound.release")
    assert await eventually(lambda: "操作できるのは" in str(shop.messages(IS, CHANNEL)))
    await shop.press(IS_ENGLISH, card, "inbound.release")
    await shop.card_says("担当者未定")


@on_sqlite
async def test_field_sales_is_told_that_claiming_is_not_theirs(shop: Shop) -> None:
    await shop.submit()
    open_ = (await shop.person(FS).command("C01HANDOFF", "/inbound", "open"))["response"]
    assert "山田 次郎" in str(open_["blocks"])
    assert "inbound.claim" not in str(open_["blocks"])


# Escalation


async def test_team_hears_at_three_minutes_and_the_manager_at_five(shop: Shop) -> None:
    await shop.submit()
    await shop.card()
    shop.clock.forward(minutes=3)
    await handlers.keep_time(shop.house.deps)

    def alarm() -> list[dict[str, Any]]:
        return [m for m in shop.messages(IS, CHANNEL) if "<!here>" in m["text"]]

    told = (await eventually(alarm))[0]
    assert "初回の架電まであと2分" in told["text"]
    await shop.card_says("まだ誰も担当していません")
    assert not shop.direct(MANAGER)
    shop.clock.forward(minutes=2)
    await asyncio.gather(*(handlers.keep_time(shop.house.deps) for _ in range(4)))
    late = (await eventually(lambda: [m for m in shop.direct(MANAGER) if "期限を過ぎました" in m["text"]]))[0]
    assert "まだ誰も担当していません" in str(late["blocks"])
    await shop.card_says("期限（10:05）を過ぎています")
    assert len(alarm()) == 1
    direct = next(c["id"] for c in shop.person(MANAGER).screen()["channels"] if late in c["messages"])
    await shop.press(MANAGER, late, "inbound.claim", direct)
    await eventually(lambda: not alarm())
    await shop.card_says(MANAGER)

    def news() -> str:
        (found,) = [m for m in shop.direct(MANAGER) if "期限を過ぎました" in m["text"]]
        return str(found["blocks"])

    # The manager's news follows: there is nothing to claim any more, and in the end somebody has called.
    await eventually(lambda: f"<@{MANAGER}>" in news())
    assert "inbound.claim" not in news()
    assert "inbound.pass_on" in news()
    await shop.press(MANAGER, await shop.card(), "call.quick#no_answer")
    await handlers.keep_time(shop.house.deps)
    await eventually(lambda: "初回対応済み" in news())
    assert "inbound.pass_on" not in news()


@on_sqlite
async def test_claim_quiets_the_team_but_not_the_manager(shop: Shop) -> None:
    await shop.submit()
    await shop.press(IS, await shop.card(), "inbound.claim")
    shop.clock.forward(minutes=4)
    await handlers.keep_time(shop.house.deps)
    shop.clock.forward(minutes=1)
    await handlers.keep_time(shop.house.deps)
    late = (await eventually(lambda: [m for m in shop.direct(MANAGER) if "期限を過ぎました" in m["text"]]))[0]
    assert f"<@{IS}>" in str(late["blocks"])
    assert "架電の記録がありません" in str(late["blocks"])
    assert not [m for m in shop.messages(IS, CHANNEL) if "<!here>" in m["text"]]


@on_sqlite
async def test_submission_at_night_waits_for_the_morning(shop: Shop) -> None:
    shop.clock.forward(hours=13)
    await shop.submit()
    assert "4月2日(木) 09:05 まで" in str((await shop.card())["blocks"])
    shop.clock.forward(hours=1)
    assert await handlers.keep_time(shop.house.deps) == 0
    shop.clock.now = shop.clock.now.replace(hour=0, minute=3) + timedelta(days=1)
    assert await handlers.keep_time(shop.house.deps) == 1


# Settings


@on_sqlite
async def test_manager_chooses_channel_owner_and_minutes(shop: Shop) -> None:
    await shop.person(MANAGER).command(HELLO, "/inbound", "settings")
    view = shop.modal(MANAGER)
    wrong = await shop.person(MANAGER).submit(view["id"], {"team_minutes": {"v": "9"}, "manager_minutes": {"v": "5"}})
    assert set(wrong["errors"]) == {"manager_minutes"}
    saved = await shop.person(MANAGER).submit(view["id"], {"team_minutes": {"v": "10"}, "manager_minutes": {"v": "20"}})
    assert saved["result"] == "updated", saved
    rules = await inbound.settings(shop.house.deps, shop.manager)
    assert (rules.channel, rules.team_minutes, rules.manager_minutes) == (CHANNEL, 10, 20)
    refused = (await shop.person(IS).command(HELLO, "/inbound", "settings"))["response"]
    assert ":warning:" in str(refused["blocks"])


def row_of(view: Mapping[str, Any]) -> str:
    """The row of buttons of the newest form."""
    rows = [b for b in view["blocks"] if any(e["action_id"] == "inbound.source.map" for e in b.get("elements", []))]
    return str(rows[-1]["block_id"])


@on_sqlite
async def test_form_is_added_mapped_paused_and_given_another_secret(shop: Shop) -> None:
    person = shop.person(MANAGER)
    await person.command(HELLO, "/inbound", "sources")
    view = shop.modal(MANAGER)
    assert shop.form.secret not in str(view["blocks"])
    await person.action(view_id=view["id"], action_id="inbound.source.add")
    added = await person.submit(shop.modal(MANAGER)["id"], {"title": {"v": "デモ申込"}})
    assert added["result"] == "updated", added
    shown = str(added["view"]["blocks"])
    (url,) = set(re.findall(r"```(http://[^`]+)```", shown))
    (secret,) = re.findall(r"secret=([\w\-]+)", shown)
    body = json.dumps({"q1": "株式会社ひなたフーズ", "q2": "日向 葵", "q3": "来週デモを見たい"}).encode()
    assert (await shop.post(body, url=url, secret=secret)).status_code == 201
    await person.close(shop.modal(MANAGER)["id"])
    view = await eventually(lambda: (v := shop.modal(MANAGER)) and "デモ申込" in str(v["blocks"]) and v)
    ours = [
        e["value"] for b in view["blocks"] for e in b.get("elements", []) if e.get("action_id") == "inbound.source.map"
    ]
    rows = [b for b in view["blocks"] if any(e.get("value") == ours[-1] for e in b.get("elements", []))]
    block = rows[0]["block_id"]
    await person.action(view_id=view["id"], block_id=block, action_id="inbound.source.map")
    fields = shop.modal(MANAGER)
    by_label = {b["label"]["text"]: b["block_id"] for b in fields["blocks"] if b["type"] == "input"}
    assert "来週デモを見たい" in str(fields["blocks"])
    typed = {"q1": "company", "q2": "name", "q3": "message"}
    answers = {by_label[name]: {"v": meaning} for name, meaning in typed.items()}
    wrong = await person.submit(fields["id"], {**answers, "fixed": {"v": "業種 機械"}})
    assert set(wrong["errors"]) == {"fixed"}
    saved = await person.submit(
        fields["id"], {**answers, "fixed": {"v": "業種 = 食料品"}, "source": {"v": "webinar"}, "title": {"v": "デモ"}}
    )
    assert saved["result"] == "closed", saved
    again = json.dumps({"q1": "株式会社ひなたフーズ", "q2": "日向 葵", "q3": "至急デモを"}).encode()
    answer = await shop.post(again, url=url, secret=secret)
    view = await inbound.view(shop.house.deps, TEAM, answer.json()["submission"])
    assert (view.account.name, view.contact.name, view.form) == ("株式会社ひなたフーズ", "日向 葵", "デモ")
    listed = await eventually(lambda: (v := shop.modal(MANAGER)) and "*デモ*" in str(v["blocks"]) and v)
    block = next(
        b["block_id"] for b in listed["blocks"] if any(e.get("value") == ours[-1] for e in b.get("elements", []))
    )
    await person.action(view_id=listed["id"], block_id=row_of(listed), action_id="inbound.source.rotate")
    fresh = str(shop.modal(MANAGER)["blocks"])
    assert secret not in fresh
    await person.close(shop.modal(MANAGER)["id"])
    assert (await shop.post(again, url=url, secret=secret)).status_code == 401
    listed = shop.modal(MANAGER)
    block = next(
        b["block_id"] for b in listed["blocks"] if any(e.get("value") == ours[-1] for e in b.get("elements", []))
    )
    await person.action(view_id=listed["id"], block_id=row_of(listed), action_id="inbound.source.pause")
    assert "停止中" in str(shop.modal(MANAGER)["blocks"])
    assert await shop.count(Lead)


@on_sqlite
async def test_fields_can_be_named_before_anything_was_received(shop: Shop) -> None:
    person = shop.person(MANAGER)
    await person.command(HELLO, "/inbound", "sources")
    view = shop.modal(MANAGER)
    await person.action(view_id=view["id"], action_id="inbound.source.map")
    named = await person.submit(shop.modal(MANAGER)["id"], {"names": {"v": "会社名\n質問1\n"}})
    assert named["result"] == "updated", named
    labels = [b["label"]["text"] for b in named["view"]["blocks"] if b["type"] == "input"]
    assert labels[1:3] == ["会社名", "質問1"]
