"""Whoever reaches our address may not hold it up, and may not make us carry our token elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot import web
from domain.errors import Code, Refused
from handlers import files as files_of_slack
from handlers import pages
from handlers.i18n import translator
from services.data.files import harmless
from tests.bot.test_web import serving, small_app
from tests.servers.http import web as served_by


async def test_body_that_only_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "BODY_SECONDS", 0.2)
    async with serving(small_app(), "127.0.0.1", 0) as url:
        place = urlsplit(url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        head = [f"POST {place.path} HTTP/1.1", "Host: x", "Content-Length: 1000", "X-Slack-Request-Timestamp: 1"]
        head.append(f"X-Slack-Signature: v0={'0' * 64}")
        writer.write(("\r\n".join(head) + "\r\n\r\n{").encode())
        async with asyncio.timeout(10):
            answer = await reader.readline()
        writer.close()
    assert b" 408 " in answer


def test_plain_page_is_neither_framed_nor_kept_nor_sends_its_form_elsewhere() -> None:
    shown = pages.page(translator("ja"), "<script>alert(1)</script>", ['"><img src=x>'], pages.Button("<b>"))
    policy = shown.headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    body = bytes(shown.body).decode()
    for text in ("<script>", "<img", "<b>"):
        assert text not in body


@pytest.mark.parametrize("mark", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_cell_that_a_spreadsheet_would_calculate_is_text(mark: str) -> None:
    assert harmless([f"{mark}HYPERLINK(1)", "株式会社"]) == [f"'{mark}HYPERLINK(1)", "株式会社"]


# Files that people drop


@asynccontextmanager
async def files(answer: Callable[[Request], Response]) -> AsyncIterator[str]:
    async def told(request: Request) -> Response:
        return answer(request)

    async with served_by(Starlette(routes=[Route("/{path:path}", told)])) as url:
        yield url


MOST = 1_000_000


async def download(base: str, url: str, path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient("xoxb-secret", base_url=f"{base}/api/")
        client.session = session
        await files_of_slack.download(client, {"url_private": url}, path, MOST)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://files.slack.com/files-pri/T1-F1/x.csv",
        "https://files.slack.com.evil.example/x.csv",
        "https://files.slack.com@evil.example/x.csv",
        "https://evil.example/?.slack.com",
        "https://evilslack.com/x.csv",
        "file:///etc/passwd",
    ],
)
async def test_token_goes_to_nobody_but_slack(tmp_path: Path, url: str) -> None:
    with pytest.raises(Refused) as refused:
        await download("http://127.0.0.1:9", url, tmp_path / "upload")
    assert refused.value.code is Code.INVALID


async def test_redirect_away_from_slack_is_not_followed(tmp_path: Path) -> None:
    seen: list[str] = []

    def note(request: Request) -> Response:
        seen.append(request.headers.get("authorization", ""))
        return PlainTextResponse("name\nx\n")

    async with files(note) as elsewhere, files(lambda _: RedirectResponse(f"{elsewhere}/x")) as slack:
        with pytest.raises(Refused) as refused:
            await download(slack, f"{slack}/files/x.csv", tmp_path / "upload")
    assert refused.value.code is Code.INVALID
    assert seen == []


async def test_redirect_within_slack_is_followed_and_one_without_end_is_not(tmp_path: Path) -> None:
    def lead_on(request: Request) -> Response:
        return PlainTextResponse("here") if request.url.path == "/there" else RedirectResponse("/there")

    async with files(lead_on) as slack:
        await download(slack, f"{slack}/x.csv", tmp_path / "upload")
    assert (tmp_path / "upload").read_text() == "here"
    async with files(lambda _: RedirectResponse("/again")) as slack:
        with pytest.raises(Refused):
            await download(slack, f"{slack}/x.csv", tmp_path / "upload")


async def test_file_is_as_large_as_it_arrives_not_as_it_was_said_to_be(tmp_path: Path) -> None:
    async with files(lambda _: PlainTextResponse("x" * 3_000_000)) as slack:
        with pytest.raises(Refused) as refused:
            await download(slack, f"{slack}/x.csv", tmp_path / "upload")
    assert refused.value.code is Code.TOO_LONG
    assert (tmp_path / "upload").stat().st_size <= MOST
