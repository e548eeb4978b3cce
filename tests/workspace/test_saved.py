"""A workspace comes back from its file as it was."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.saved import SavedError, load, save, write
from bot.workspace.server import running, serving
from bot.workspace.state import Workspace

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


def test_a_file_of_another_team_or_format_is_refused() -> None:
    saved = save(Workspace())
    with pytest.raises(SavedError, match="another team"):
        load(Workspace(), {**saved, "team": "T0OTHER"})
    with pytest.raises(SavedError, match="version"):
        load(Workspace(), {**saved, "format": 0})
