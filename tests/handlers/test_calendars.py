"""A member connects a calendar: in the modal, and by the pages that lead to Google and back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from bot.settings import Settings
from domain.appointments import Event
from handlers.qualification import calendars as handler
from services import calendars, members
from services.calendars import connecting
from services.calendars.calendar import Kind
from services.calendars.connecting import Connection
from tests.handlers.conftest import FS, World, eventually
from tests.servers.google import Google
from tests.servers.oauth import CLIENT, SECRET
from tests.servers.radicale import PEOPLE, radicale

TEAM, CHANNEL = "T01HOSHIMI", "C01ISTEAM0"
DAY = datetime(2026, 4, 2, tzinfo=ZoneInfo("Asia/Tokyo"))

# What calendars do in the database is tested on both in tests/services/calendars.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Outside:
    """The servers of others."""

    caldav: str
    google: Google


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[tuple[Outside, dict[str, str]]]:
    google = Google()
    async with radicale(tmp_path) as url, google.served() as app:
        addresses = {"google_authorise_url": app.authorise_url, "google_token_url": app.token_url}
        yield Outside(url, google), addresses | {"google_api_url": app.api_url}


@pytest.fixture
def settings(settings: Settings, outside: tuple[Outside, dict[str, str]]) -> Settings:
    changed = {"google_client_id": CLIENT, "google_client_secret": SECRET, **outside[1]}
    changed["caldav_private_networks"] = "127.0.0.0/8"
    return Settings(_env_file=None, **(settings.model_dump() | changed))


async def form(world: World) -> dict[str, Any]:
    await world.person(FS).command(CHANNEL, "/meeting", "calendar")
    return world.modal(FS)


async def submitted(world: World, view: dict[str, Any], **values: str) -> dict[str, Any]:
    return await world.person(FS).submit(view["id"], {block: {"v": text} for block, text in values.items()})


async def connected(world: World) -> Connection | None:
    actor = await members.who(world.house.deps, TEAM, FS)
    assert actor is not None
    return await connecting.connection(world.house.deps, actor)


async def test_calendar_is_tried_before_it_is_kept_and_then_followed(
    world: World, outside: tuple[Outside, dict[str, str]]
) -> None:
    url = outside[0].caldav
    view = await form(world)
    assert "Microsoft 365 / Outlook*: 管理者が設定していません" in str(view["blocks"])
    login = {"name": "ito", "password": PEOPLE["ito"]}
    wrong = await submitted(world, view, url=url, name="ito", password="wrong")
    assert set(wrong["errors"]) == {"password"}
    nowhere = await submitted(world, view, url="http://127.0.0.1:9/", **login)
    assert set(nowhere["errors"]) == {"url"}
    unsafe = await submitted(world, view, url="http://calendar.example/", **login)
    assert set(unsafe["errors"]) == {"url"}
    missing = await submitted(world, view, url=url, calendar="holidays", **login)
    assert set(missing["errors"]) == {"calendar"}
    assert await connected(world) is None

    done = await submitted(world, view, url=url, calendar="", **login)
    assert done["result"] == "updated"
    assert "接続済み" in str(done["view"]["blocks"])
    assert await connected(world) == Connection(Kind.CALDAV, url, f"{url}ito/visits/", None)

    deps = world.house.deps
    rep = await members.who(deps, TEAM, FS)
    assert rep is not None
    event = Event("meeting-1@x", 0, DAY.replace(hour=10), DAY.replace(hour=11), "お打ち合わせ")
    async with deps.writing(TEAM) as session:
        await calendars.enqueue_put(deps, session, rep.member_id, event, "meeting-1:0")
    await taken(world, rep.member_id, 1)
    async with deps.writing(TEAM) as session:
        await calendars.enqueue_remove(deps, session, rep.member_id, event.uid, "meeting-1:1")
    await taken(world, rep.member_id, 0)

    view = world.modal(FS)
    await world.person(FS).action(view_id=view["id"], action_id="meeting.calendar.disconnect", block_id="connected")
    assert await connected(world) is None
    assert "接続済み" not in str(world.modal(FS)["blocks"])


async def test_server_that_is_slower_than_slack_is_waited_for_with_the_form_kept(
    world: World, outside: tuple[Outside, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "ANSWER_SECONDS", 0)
    monkeypatch.setattr(handler, "SETTLE_SECONDS", 0.2)
    url = outside[0].caldav

    async def outcome(**values: str) -> dict[str, Any]:
        answered = await submitted(world, world.modal(FS), **values)
        assert "時間がかかっています" in str(answered["view"]["blocks"])
        return await eventually(lambda: (shown := world.modal(FS)).get("submit") and shown)

    await form(world)
    typed = {"url": url, "name": "ito", "password": "wrong", "calendar": "visits"}
    refused = await outcome(**typed)
    assert "ユーザー名またはパスワードが正しくありません" in str(refused["blocks"][0])
    kept = {b["block_id"]: b["element"].get("initial_value", "") for b in refused["blocks"] if b["type"] == "input"}
    assert kept == typed
    assert await connected(world) is None

    done = await outcome(**{**typed, "password": PEOPLE["ito"], "calendar": ""})
    assert "接続済み" in str(done["blocks"])
    assert await connected(world) == Connection(Kind.CALDAV, url, f"{url}ito/visits/", None)


async def taken(world: World, member_id: int, count: int) -> None:
    """Wait until so many stretches of the day are taken."""
    async with asyncio.timeout(20):
        while True:
            found = await calendars.busy(world.house.deps, TEAM, [member_id], DAY, DAY + timedelta(days=1), seconds=10)
            if len(found[member_id] or []) == count:
                return
            await asyncio.sleep(0.1)


async def test_member_agrees_at_google_and_comes_back_with_a_calendar(
    world: World, outside: tuple[Outside, dict[str, str]]
) -> None:
    google = outside[0].google
    view = await form(world)
    (link,) = [b["accessory"]["url"] for b in view["blocks"] if (b.get("accessory") or {}).get("url")]
    async with aiohttp.ClientSession(headers={"Accept-Language": "ja"}) as browser:
        async with browser.get(link) as answer:
            page = await answer.text()
            assert answer.status == 200
        assert "続ける" in page
        (href,) = re.findall(r'href="([^"]+)"', page)
        query = parse_qs(urlsplit(href.replace("&amp;", "&")).query)
        assert query["access_type"] == ["offline"]
        google.tokens.codes["code-1"] = query["code_challenge"][0]
        callback, state = query["redirect_uri"][0], query["state"][0]
        async with browser.get(callback, params={"state": state, "code": "code-1"}) as answer:
            assert "カレンダーを接続しました" in await answer.text()
        assert (await of_member(world)).kind is Kind.GOOGLE
        async with browser.get(callback, params={"state": state, "code": "code-1"}) as answer:
            assert answer.status == 400
        async with browser.get(callback, params={"state": state, "error": "access_denied"}) as answer:
            assert "接続できませんでした" in await answer.text()
        async with browser.get(link) as answer:
            assert answer.status == 404


async def of_member(world: World) -> Connection:
    found = await connected(world)
    assert found is not None
    return found
