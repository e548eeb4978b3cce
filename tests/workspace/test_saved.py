"""A workspace comes back from its file as it was."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.saved import SavedError, load, save, write
from bot.workspace.server import create_app, running, serving
from bot.workspace.state import Workspace

from .method_calls import STREAM
from .stage import Clock

GENERAL, SATO = "C01GENERAL", "U01SATO001"


async def test_tokens_messages_threads_files_and_homes_survive(tmp_path: Path) -> None:
    async with running() as served:
        client = AsyncWebClient(token=served.bot_token, base_url=served.api_url)
        parent = (
            await client.chat_postMessage(channel=GENERAL, text="親", metadata={"event_type": "k", "event_payload": {}})
        )["ts"]
        await client.chat_postMessage(channel=GENERAL, text="子", thread_ts=parent)
        sato = served.person(SATO)
        await sato.react(GENERAL, parent, "eyes")
        dm = (await sato.open_dm(served.workspace.bot_user))["channel"]
        file = (await sato.upload(dm, "a.csv", b"\x00\xff", "見て"))["file"]["id"]
        await client.chat_postEphemeral(channel=GENERAL, user=SATO, text="ないしょ")
        await client.views_publish(user_id=SATO, view={"type": "home", "blocks": [{"type": "divider"}]})
        before = sato.screen()
        write(served.workspace, tmp_path / "state.json")
        token = served.bot_token

    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600
    again = Workspace()
    load(again, json.loads((tmp_path / "state.json").read_text(encoding="utf-8")))
    async with serving(again) as served:
        assert served.bot_token == token
        after = served.person(SATO).screen()
        for key in ("home", "app", "users"):
            assert after[key] == before[key]
        strip = lambda channels: [  # noqa: E731 # Addresses of files have the port of their server in them.
            {**c, "messages": [{**m, "files": []} for m in c["messages"]]} for c in channels
        ]
        assert strip(after["channels"]) == strip(before["channels"])
        assert served.person(SATO).file(file)[2] == b"\x00\xff"
        client = AsyncWebClient(token=token, base_url=served.api_url)
        later = (await client.chat_postMessage(channel=GENERAL, text="後"))["ts"]
        assert later > parent


async def test_pins_bookmarks_groups_statuses_and_tokens_survive(stage) -> None:
    for step in (
        ("pins.add", {"channel": GENERAL, "timestamp": "$mine"}),
        ("bookmarks.add", {"channel_id": GENERAL, "title": "x", "type": "link", "link": "https://example.com/"}),
        ("usergroups.create", {"name": "IS"}, ("group", "usergroup.id")),
        ("usergroups.users.update", {"usergroup": "$group", "users": SATO}),
        ("users.profile.set", {"profile": {"status_text": "外出"}}, "user"),
        ("dnd.setSnooze", {"num_minutes": 5}, "user"),
        ("reactions.add", {"channel": GENERAL, "timestamp": "$theirs", "name": "eyes"}),
        ("conversations.setPurpose", {"channel": GENERAL, "purpose": "話す"}),
        ("conversations.rename", {"channel": "$own", "name": "neu"}),
        ("assistant.threads.setTitle", {"channel_id": "$dm", "thread_ts": "$in_dm", "title": "題"}),
        ("chat.update", {"channel": GENERAL, "ts": "$reply", "reply_broadcast": True}),
        ("chat.startStream", STREAM, ("stream", "ts")),
    ):
        await stage.prepare(step)
    clock = Clock()
    again = Workspace(clock=clock)
    load(again, json.loads(json.dumps(save(stage.workspace))))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(again, page=False)), base_url="http://127.0.0.1/api/"
    ) as http:
        before, stage.http = stage.http, http
        questions = (
            ("pins.list", {"channel": GENERAL}),
            ("bookmarks.list", {"channel_id": GENERAL}),
            ("usergroups.list", {"include_users": True}),
            ("users.profile.get", {"user": SATO}),
            ("dnd.info", {"user": SATO}),
            ("reactions.list", {}),
            ("conversations.info", {"channel": GENERAL}),
            ("conversations.info", {"channel": "$own"}),
        )
        restored = [await stage.call(*question) for question in questions]
        history = await stage.call("conversations.history", {"channel": GENERAL})
        thread = await stage.call("conversations.replies", {"channel": GENERAL, "ts": "$theirs"})
        whoami = await stage.call("auth.test", {}, "user")
        revoked = await stage.call("auth.test", {}, "dead")
        stage.http = before
        kept = [await stage.call(*question) for question in questions]
        described = await stage.call("conversations.history", {"channel": GENERAL})
    # Addresses have the server in them; both are the same here.
    assert restored == kept
    assert [one["ts"] for one in history["messages"]] == [one["ts"] for one in described["messages"]]
    assert thread["messages"][-1]["streaming_state"] == "completed"
    assert whoami["user_id"] == SATO
    assert revoked["error"] == "token_revoked"
    assert again.grants.client_id == stage.workspace.grants.client_id
    dm, thread_ts = stage.things["dm"], stage.things["in_dm"]
    assert again.conversations[dm].assistant[thread_ts].title == "題"
    await again.close()


def test_a_file_of_an_earlier_release_is_read() -> None:
    saved = save(Workspace())
    for key in ("grants", "scheduled", "usergroups", "member_states"):
        del saved[key]
    for conversation in saved["conversations"]:
        for key in ("pins", "bookmarks", "assistant", "purpose", "previous_names", "closed_for"):
            del conversation[key]
    again = Workspace()
    load(again, saved)
    assert again.conversations[GENERAL].pins == {}
    assert again.bot_token == saved["identity"]["bot_token"]


def test_a_file_of_another_team_or_format_is_refused() -> None:
    saved = save(Workspace())
    with pytest.raises(SavedError, match="another team"):
        load(Workspace(), {**saved, "team": "T0OTHER"})
    with pytest.raises(SavedError, match="version"):
        load(Workspace(), {**saved, "format": 0})
