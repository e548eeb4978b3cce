"""What a person does with the small app, whichever SDK it is written with: every way in and out of Slack once."""

from __future__ import annotations

import json
from typing import Any

from bot.workspace.server import RunningWorkspace

from .recorder import GENERAL, IS_TEAM, SATO
from .waiting import until

PATIENCE = 10.0
# Each page of the history holds so many.
PAGE = 2


async def walk(served: RunningWorkspace) -> None:
    """Command, modal, suggestions, errors, submission, message, click, response address, file, history, home."""
    await fill_in_and_register(served)
    await click_and_read(served)
    await turn_pages(served)
    await everything_else(served)
    assert served.workspace.refusals == []


def messages(served: RunningWorkspace, channel: str = GENERAL) -> list[dict[str, Any]]:
    """What the person sees in a channel."""
    screen = served.person(SATO).screen()
    (found,) = (one for one in screen["channels"] if one["id"] == channel)
    return list(found["messages"])


def texts(served: RunningWorkspace, channel: str = GENERAL) -> list[str]:
    return [message["text"] for message in messages(served, channel)]


def thread(served: RunningWorkspace, ts: str) -> list[dict[str, Any]]:
    screen = served.person(SATO).screen()
    return [reply for channel in screen["channels"] for reply in channel["threads"].get(ts, ())]


async def open_form(served: RunningWorkspace, text: str = "") -> dict[str, Any]:
    sato = served.person(SATO)
    outcome = await sato.command(GENERAL, "/form", text)
    assert outcome["response"] is None, outcome
    await until(lambda: sato.screen()["views"], PATIENCE)
    view: dict[str, Any] = sato.screen()["views"][-1]
    return view


async def fill_in_and_register(served: RunningWorkspace) -> None:
    sato = served.person(SATO)
    view = await open_form(served, "佐々木")
    assert (view["title"]["text"], view["state"]["name"]["value"]) == ("登録", "佐々木")

    offered = await sato.options(action_id="company", view_id=view["id"], query="青")
    assert [option["value"] for option in offered["options"]] == ["青空商事", "青葉工業"]

    values = {"name": {"value": "誤り"}, "company": {"company": "青空商事"}, "day": {"value": "2026-11-03"}}
    outcome = await sato.submit(view["id"], values)
    assert (outcome["result"], outcome["errors"]) == ("errors", {"name": "名前が違います"})

    clicked = await sato.action(action_id="detail", view_id=view["id"], state={"name": {"value": "青木"}})
    assert clicked["ok"], clicked
    await until(lambda: "詳細: 青木" in json.dumps(sato.screen()["views"][-1], ensure_ascii=False), PATIENCE)

    outcome = await sato.submit(view["id"], {**values, "name": {"value": "次"}})
    assert (outcome["result"], outcome["view"]["title"]["text"]) == ("pushed", "次")
    await sato.close(outcome["view"]["id"])

    outcome = await sato.submit(view["id"], {**values, "name": {"value": "青木"}})
    assert outcome["result"] == "closed", outcome
    await until(lambda: "青木 (青空商事, 2026-11-03)" in texts(served), PATIENCE)
    (message,) = served.workspace.conversations[GENERAL].messages.values()
    assert message.metadata == {"event_type": "registered", "event_payload": {"company": "青空商事"}}


async def click_and_read(served: RunningWorkspace) -> None:
    sato = served.person(SATO)
    (posted,) = messages(served)
    clicked = await sato.action(action_id="approve", channel=GENERAL, ts=posted["ts"])
    assert clicked["ok"], clicked
    await until(lambda: texts(served) == ["承認済み: 青空商事"], PATIENCE)
    await until(lambda: any(reply["files"] for reply in thread(served, posted["ts"])), PATIENCE)
    (reply,) = thread(served, posted["ts"])
    (file,) = reply["files"]
    assert (reply["text"], file["name"]) == ("記録です", "記録.csv")
    _, _, content = sato.file(file["id"])
    assert content.decode() == "会社\n青空商事\n"


async def turn_pages(served: RunningWorkspace) -> None:
    sato = served.person(SATO)
    for number in range(5):
        await sato.message(IS_TEAM, f"{number}件目")
    said = (await sato.command(IS_TEAM, "/history"))["response"]["text"]
    assert said == "3: 4件目 3件目 2件目 1件目 0件目"


async def everything_else(served: RunningWorkspace) -> None:
    sato = served.person(SATO)
    said = (await sato.command(GENERAL, "/broken"))["response"]["text"]
    assert said == "invalid_blocks: [ERROR] no more than 50 items allowed [json-pointer:/blocks]"

    asked = (await sato.message(GENERAL, f"<@{served.workspace.bot_user}> いますか"))["ts"]
    await until(lambda: thread(served, asked), PATIENCE)
    assert [reply["text"] for reply in thread(served, asked)] == [f"<@{SATO}> はい"]

    await sato.react(GENERAL, asked, "eyes")
    await until(lambda: len(served.workspace.conversations[GENERAL].messages[asked].reactions) == 2, PATIENCE)

    await sato.home()
    await until(lambda: sato.screen()["home"] is not None, PATIENCE)
    assert sato.screen()["home"]["blocks"][0]["text"]["text"] == "ようこそ"

    await sato.shortcut("everywhere")
    await until(lambda: sato.screen()["views"], PATIENCE)
    view = sato.screen()["views"][-1]
    assert view["state"]["name"]["value"] == "近道"
    await sato.close(view["id"])
    await until(lambda: "またどうぞ" in texts(served), PATIENCE)
