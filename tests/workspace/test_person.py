"""A person over HTTP and in process: what they can do, what they see, when it changes."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from bot.workspace.person import PersonError
from bot.workspace.server import running

from .recorder import GENERAL, IS_TEAM, KATO, SATO


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
        ("U01TANAKA1/message", {"channel": IS_TEAM, "text": "x"}, 403),
    ],
)
async def test_what_a_person_cannot_do_is_a_4xx_with_a_sentence(served, path, body, status) -> None:
    async with httpx.AsyncClient(base_url=f"{served.page_url}person/") as http:
        answer = await http.post(path, content=json.dumps(body))
    assert answer.status_code == status
    assert answer.json()["ok"] is False
    assert answer.json()["error"].endswith(".")


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
