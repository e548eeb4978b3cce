"""A person over HTTP and in process: what they can do, what they see, when it changes."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from bot.workspace.person import PersonError
from bot.workspace.server import running

from .recorder import GENERAL, IS_TEAM, KATO, SATO

OPTIONS = [{"text": {"type": "plain_text", "text": value}, "value": value} for value in "ab"]


async def test_a_person_is_driven_over_http_as_in_process(served, client, recorder) -> None:
    async with httpx.AsyncClient(base_url=f"{served.page_url}person/{SATO}") as http:
        said = (await http.post("/message", json={"channel": GENERAL, "text": "やあ"})).json()
        assert said["ok"]
        await http.post("/command", json={"channel": GENERAL, "command": "/open", "text": ""})
        screen = (await http.get("/screen")).json()
        assert screen["channels"][0]["messages"][0]["ts"] == said["ts"]
        view = screen["views"][0]
        missing = (await http.post("/submit", json={"view_id": view["id"], "values": {}})).json()
        assert missing["errors"] == {"name": "This is a required field"}
        done = (await http.post("/submit", json={"view_id": view["id"], "values": {"name": {"a": "x"}}})).json()
        assert done["result"] == "closed"
        assert (await http.post("/react", json={"channel": GENERAL, "ts": said["ts"], "name": "eyes"})).json()["added"]
        assert (await http.post("/home", json={})).json()["ok"]
        dropped = {"channel": GENERAL, "filename": "a.txt", "content_base64": "YQ=="}
        assert (await http.post("/upload", json=dropped)).json()["file"]["size"] == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("U0NOBODY/message", {"channel": GENERAL, "text": "x"}, 404),
        (f"{SATO}/message", {"channel": "C0NOWHERE", "text": "x"}, 404),
        (f"{SATO}/message", {"channel": GENERAL, "text": " "}, 400),
        (f"{SATO}/message", {"channel": GENERAL}, 400),
        (f"{SATO}/message", {"channel": "C01HANDOFF", "text": "x", "thread_ts": "1.2"}, 404),
        (f"{SATO}/submit", {"view_id": "V0NONE", "values": {}}, 404),
        (f"{SATO}/submit", {"view_id": "V0NONE", "values": {"a": 1}}, 400),
        (f"{SATO}/action", {"action_id": "x"}, 400),
        (f"{SATO}/dance", {}, 404),
        (f"{SATO}/upload", {"channel": GENERAL, "filename": "a/b", "content_base64": ""}, 400),
        (f"{SATO}/upload", {"channel": GENERAL, "filename": "a", "content_base64": "?"}, 400),
        (f"{SATO}/upload", {"channel": GENERAL, "filename": "a"}, 400),
        (f"{SATO}/options", {"action_id": "x", "query": "y"}, 400),
        (f"{SATO}/shortcut", {}, 400),
        (f"{SATO}/react", {"channel": GENERAL, "ts": "1.2", "name": "eyes"}, 404),
        (f"{SATO}/close", {"view_id": "V0NONE"}, 404),
        ("U01TANAKA1/message", {"channel": IS_TEAM, "text": "x"}, 403),
    ],
)
async def test_what_a_person_cannot_do_is_a_4xx_with_a_sentence(served, path, body, status) -> None:
    async with httpx.AsyncClient(base_url=f"{served.page_url}person/") as http:
        answer = await http.post(path, content=json.dumps(body))
    assert answer.status_code == status
    assert answer.json()["ok"] is False
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{SATO}/message", 405),
        ("PUT", f"{SATO}/message", 405),
        ("POST", f"{SATO}/screen", 405),
        ("GET", f"{SATO}/screen?limit=x", 400),
        ("GET", f"{SATO}/screen?limit=-1", 400),
        ("GET", "U0NOBODY/screen", 404),
        ("GET", SATO, 404),
        ("POST", f"{SATO}/message/again", 404),
        ("DELETE", "", 404),
    ],
)
async def test_what_is_asked_for_in_the_wrong_way_is_a_4xx_with_a_sentence(served, method, path, status) -> None:
    async with httpx.AsyncClient(base_url=f"{served.page_url}person/") as http:
        answer = await http.request(method, path)
    assert answer.status_code == status
    assert answer.json()["ok"] is False
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    ("element", "bad"),
    [
        ({"type": "users_select"}, "U0NOBODY"),
        ({"type": "multi_users_select"}, [SATO, "U0NOBODY"]),
        ({"type": "channels_select"}, "C0NOWHERE"),
        ({"type": "conversations_select", "filter": {"include": ["im"]}}, GENERAL),
        ({"type": "multi_conversations_select"}, ["D0NOTMINE0"]),
        ({"type": "datepicker"}, "2026-02-30"),
        ({"type": "timepicker"}, "25:00"),
        ({"type": "static_select", "options": OPTIONS}, "z"),
        ({"type": "overflow", "options": OPTIONS}, "z"),
        ({"type": "multi_static_select", "options": OPTIONS, "max_selected_items": 1}, ["a", "b"]),
        ({"type": "checkboxes", "options": OPTIONS}, "a"),
        ({"type": "radio_buttons", "options": OPTIONS}, ["a"]),
    ],
)
async def test_a_value_the_page_does_not_offer_is_a_4xx_and_the_app_hears_nothing(
    served, client, recorder, element, bad
) -> None:
    block = {
        "type": "section",
        "block_id": "b",
        "text": {"type": "plain_text", "text": "x"},
        "accessory": {**element, "action_id": "e"},
    }
    posted = await client.chat_postMessage(channel=GENERAL, text="x", blocks=[block])
    body = {"channel": GENERAL, "ts": posted["ts"], "action_id": "e", "value": bad}
    async with httpx.AsyncClient(base_url=f"{served.page_url}person/{SATO}") as http:
        answer = await http.post("/action", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
    assert not [body for body in recorder.bodies if body.get("type") == "block_actions"]


async def test_values_are_taken_once_and_threads_are_one_level_deep(served, client, recorder) -> None:
    element = {"type": "multi_users_select", "action_id": "e"}
    block = {"type": "section", "block_id": "b", "text": {"type": "plain_text", "text": "x"}, "accessory": element}
    posted = await client.chat_postMessage(channel=GENERAL, text="x", blocks=[block])
    sato = served.person(SATO)
    await sato.action(action_id="e", channel=GENERAL, ts=posted["ts"], value=[KATO, KATO])
    assert sato.look(GENERAL, posted["ts"])["state"] == {"b": {"e": [KATO]}}
    reply = (await sato.message(GENERAL, "返事", posted["ts"]))["ts"]
    again = (await sato.message(GENERAL, "返事の返事", reply))["ts"]
    assert [each["ts"] for each in sato.thread(GENERAL, posted["ts"])["replies"]] == [reply, again]


async def test_what_an_app_puts_on_cards_can_be_pressed(served, client, recorder) -> None:
    def card(name: str) -> dict:
        press = {"type": "button", "text": {"type": "plain_text", "text": "x"}, "action_id": "press", "value": name}
        return {"type": "card", "title": {"type": "plain_text", "text": name}, "block_id": name, "actions": [press]}

    pair = {
        "type": "feedback_buttons",
        "action_id": "rate",
        "positive_button": {"text": {"type": "plain_text", "text": "+"}, "value": "good"},
        "negative_button": {"text": {"type": "plain_text", "text": "-"}, "value": "bad"},
    }
    blocks = [{"type": "carousel", "elements": [card("one"), card("two")]}]
    blocks.append({"type": "context_actions", "block_id": "three", "elements": [pair]})
    ts = (await client.chat_postMessage(channel=GENERAL, text="x", blocks=blocks))["ts"]
    sato = served.person(SATO)
    await sato.action(action_id="press", block_id="two", channel=GENERAL, ts=ts)
    await sato.action(action_id="rate", channel=GENERAL, ts=ts, value="bad")
    with pytest.raises(PersonError, match="neither"):
        await sato.action(action_id="rate", channel=GENERAL, ts=ts, value="fine")
    pressed, rated = (
        payload["actions"][0] for payload in [body for body in recorder.bodies if body.get("type") == "block_actions"]
    )
    assert (pressed["block_id"], pressed["value"]) == ("two", "two")
    assert rated["value"] == "bad"


async def test_a_window_of_a_long_channel_and_of_a_long_thread(served) -> None:
    sato = served.person(SATO)
    sent = [(await sato.message(GENERAL, str(n)))["ts"] for n in range(12)]
    shown = sato.window(GENERAL, sent[3], sent[8], 4)
    assert [message["ts"] for message in shown["messages"]] == sent[3:7]
    assert (shown["has_older"], shown["has_newer"]) == (True, True)
    whole = sato.window(GENERAL, sent[0], None, 100)
    assert (whole["has_older"], whole["has_newer"], len(whole["messages"])) == (False, False, 12)
    assert [sato.step(GENERAL, sent[3], by) for by in (-5, -1, 2, 99)] == [sent[0], sent[2], sent[5], sent[11]]
    replies = [(await sato.message(GENERAL, str(n), sent[0]))["ts"] for n in range(5)]
    thread = sato.thread(GENERAL, sent[0], 2)
    assert [message["ts"] for message in thread["replies"]] == replies[3:]
    assert thread["has_more"]
    seen = {c["id"]: len(c["messages"]) for c in sato.screen(5, only=(GENERAL,))["channels"]}
    assert seen[GENERAL] == 5
    assert sum(seen.values()) == 5


async def test_changes_wake_whoever_can_see_them_and_nobody_else(served) -> None:
    sato, tanaka = served.person(SATO), served.person("U01TANAKA1")
    dm = (await served.person(KATO).open_dm(SATO))["channel"]
    before = tanaka.version
    waiting = asyncio.create_task(sato.changed(sato.version))
    await served.person(KATO).message(dm, "x")
    assert await asyncio.wait_for(waiting, 2) == sato.version
    assert tanaka.version == before


async def test_unread_marks_count_up_and_go_when_read(served) -> None:
    await served.person(KATO).message(IS_TEAM, "@sato 見て")
    sato = served.person(SATO)
    channel = next(c for c in sato.screen()["channels"] if c["id"] == IS_TEAM)
    assert (channel["unread"], channel["mentions"]) == (1, 1)
    await sato.read(IS_TEAM)
    channel = next(c for c in sato.screen()["channels"] if c["id"] == IS_TEAM)
    assert (channel["unread"], channel["mentions"]) == (0, 0)


async def test_a_long_channel_is_shown_in_windows(served) -> None:
    sato = served.person(SATO)
    sent = [(await sato.message(GENERAL, str(n)))["ts"] for n in range(12)]
    channel = sato.screen(limit=5)["channels"][0]
    assert [message["ts"] for message in channel["messages"]] == sent[-5:]
    assert channel["has_more"]
    older = sato.older(GENERAL, channel["messages"][0]["ts"], 20)
    assert [message["ts"] for message in older["messages"]] == sent[:7]
    assert not older["has_more"]


async def test_a_command_the_app_does_not_have_is_answered_by_slackbot() -> None:
    manifest = {
        "display_information": {"name": "App"},
        "features": {"slash_commands": [{"command": "/lead", "description": "x"}]},
    }
    async with running(manifest=manifest) as served:
        outcome = await served.person(SATO).command(GENERAL, "/foo")
        assert outcome["response"]["text"].startswith("`/foo` is not a valid command")
        assert outcome["response"]["user"] == "USLACKBOT"
        with pytest.raises(PersonError, match="shortcut"):
            await served.person(SATO).shortcut("nope")


async def test_a_reply_is_unread_for_those_in_its_thread_and_those_it_names(served) -> None:
    sato, kato = served.person(SATO), served.person(KATO)
    parent = (await sato.message(IS_TEAM, "質問"))["ts"]
    for member in (SATO, KATO, "U01SUZUKI1", "U01MILLER1"):
        await served.person(member).read(IS_TEAM)
    await kato.message(IS_TEAM, "@miller が詳しい", parent)

    def unread(user: str) -> tuple[int, int]:
        channel = next(c for c in served.person(user).screen()["channels"] if c["id"] == IS_TEAM)
        return channel["unread"], channel["mentions"]

    assert [unread(user) for user in (SATO, "U01MILLER1", "U01SUZUKI1", KATO)] == [(1, 0), (1, 1), (0, 0), (0, 0)]
