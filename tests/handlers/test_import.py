"""A file dropped into the bot's messages, over real Socket Mode, over HTTP, and the real upload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from handlers.data import integrations
from tests.handlers.conftest import CS, IS, World, eventually, once_more, over_both_ways

EXCERPT = Path(__file__).parents[2] / "data" / "companies-500.csv"


async def drop(world: World, filename: str, content: bytes, user: str = IS) -> dict[str, Any]:
    """Drop a file; the last word on it."""
    bot = world.person(user).screen()["app"]["bot_user"]
    channel = (await world.person(user).open_dm(bot))["channel"]
    before = len(world.direct(user))
    await world.person(user).upload(channel, filename, content)

    def done() -> dict[str, Any] | None:
        answers = [m for m in world.direct(user)[before:] if m["user"] == bot and "読み込んでいます" not in m["text"]]
        return answers[0] if answers else None

    return await eventually(done)


@over_both_ways
async def test_excerpt_is_imported_and_a_second_time_nothing_changes(world: World) -> None:
    first = await drop(world, "companies-500.csv", EXCERPT.read_bytes())
    assert "新規 *500*" in str(first["blocks"])
    again = await drop(world, "companies-500.csv", EXCERPT.read_bytes())
    assert "変更なし *500*" in str(again["blocks"])


async def test_rows_that_cannot_be_read_come_back_as_a_file_with_reasons(world: World) -> None:
    content = "法人番号\t企業名\tフリガナ\n123\tだめ商事\tダメ\n\tよい商事\tヨイ\n\t\tナナシ\n".encode("cp932")
    answer = await drop(world, "会社.tsv", content)
    assert "新規 *1*" in str(answer["blocks"])
    assert "読み取れず *2*" in str(answer["blocks"])
    files = await eventually(lambda: [f for m in world.direct(IS) for f in m["files"] if "rejected" in f["name"]])
    client = AsyncWebClient(world.workspace.bot_token, base_url=world.workspace.api_url)
    url = (await client.files_info(file=files[0]["id"]))["file"]["url_private_download"]
    headers = {"Authorization": f"Bearer {world.workspace.bot_token}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as response:
        text = (await response.read()).decode("utf-8-sig")
    assert "法人番号が正しくありません" in text
    assert "企業名がありません" in text
    assert "よい商事" not in text
    # Begun again, as after the answer to its last word was lost, it says the same once more, and nothing else.
    before = world.direct(IS)
    await once_more(world, integrations.TASK, integrations.import_dropped)
    after = world.direct(IS)
    assert [len(after), "新規 *1*" in str(after), "新規 *0*" in str(after)] == [len(before), True, False]


async def test_file_without_company_names_is_refused_with_a_remedy(world: World) -> None:
    answer = await drop(world, "list.csv", "電話,住所\n03,東京\n".encode())
    assert "企業名の列が見つかりません" in str(answer["blocks"])


async def test_picture_is_not_taken_for_a_list(world: World) -> None:
    answer = await drop(world, "photo.png", b"\x89PNG\r\n")
    assert "CSV か TSV" in answer["text"]


async def test_role_that_may_not_import_is_told_so(world: World) -> None:
    answer = await drop(world, "companies-500.csv", EXCERPT.read_bytes(), user=CS)
    assert "企業の取り込み" in answer["text"]
