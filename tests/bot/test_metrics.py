"""The pages for those who run the house, and what is written about them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import web
from bot.app import all_routes
from bot.metrics import OK, Metrics, error_of
from bot.readiness import Readiness
from bot.run import pages_of
from bot.settings import Settings
from handlers.trail import UNKNOWN
from storage.database import connect

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


@asynccontextmanager
async def served(token: str | None, **parts: Callable[[], Awaitable[bool]]) -> AsyncIterator[httpx.AsyncClient]:
    """A web server with these pages, whose database cannot be opened."""
    settings = Settings(_env_file=None, metrics_token=token)
    database = connect("sqlite:////nowhere/at/all.db")
    pages = pages_of(settings, Metrics(all_routes()), Readiness(parts), database)
    listener = web.listening("127.0.0.1", 0)
    base = web.address(listener)
    async with web.serving(web.web_app(None, pages=pages), listener), httpx.AsyncClient(base_url=base) as http:
        yield http
    await database.dispose()


@pytest.mark.parametrize("token", [None, "", "  "])
async def test_without_a_token_there_are_no_metrics(token: str | None) -> None:
    async with served(token) as http:
        assert (await http.get("/metrics")).status_code == 404
        assert (await http.get("/readyz")).status_code == 200


async def test_metrics_are_told_also_while_the_database_is_away() -> None:
    async with served("t") as http:
        answer = await http.get("/metrics", headers={"Authorization": "Bearer t"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "kakehashi_mails_total" in answer.text
    assert "kakehashi_queue_depth{" not in answer.text


async def test_part_that_fails_or_hangs_is_told_from_one_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.readiness.PATIENCE", 0.05)

    async def works() -> bool:
        return True

    async def fails() -> bool:
        raise OSError("postgresql://user:secret@host is away")

    async def hangs() -> bool:
        await asyncio.Event().wait()
        return True

    async with served(None, works=works, fails=fails, hangs=hangs) as http:
        answer = await http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "parts": {"works": True, "fails": False, "hangs": False}}


async def test_parts_are_not_asked_anew_by_everybody_who_asks() -> None:
    asked: list[Any] = []

    async def part() -> bool:
        asked.append(None)
        return True

    readiness = Readiness({"part": part}, kept_seconds=3600)
    await asyncio.gather(*(readiness.look() for _ in range(10)))
    assert len(asked) == 1


class Answered:
    """What is looked at in an answer of Slack's."""

    def __init__(self, status: int) -> None:
        self.status = status


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b'{"ok":true,"messages":[{"text":"{\\"ok\\": false, \\"error\\": \\"x\\"}"}]}', OK),
        (200, b'{"ok": false, "error": "channel_not_found"}', "channel_not_found"),
        (200, b'{"error":"not_in_channel","ok":false}', "not_in_channel"),
        (200, '{"ok":false,"error":"山田 太郎"}'.encode(), UNKNOWN),
        (200, b"OK - 123", OK),
        (429, b'{"ok":false,"error":"ratelimited"}', "http_429"),
        (502, b"<html>", "http_502"),
    ],
)
def test_error_of_a_call_is_slacks_code_and_nothing_else(status: int, body: bytes, error: str) -> None:
    assert error_of(Answered(status), body) == error  # type: ignore[arg-type]  # all that is looked at


def test_operations_lists_every_metric_of_ours() -> None:
    families = {
        (f"{family.name}_total" if family.type == "counter" else family.name): {
            name for sample in family.samples for name in sample.labels if name != "le"
        }
        for family in Metrics(all_routes()).registry.collect()
        if family.name.startswith("kakehashi_")
    }
    rows = re.findall(r"^\| `(kakehashi_\w+)` \| ([^|]*) \|", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE)
    listed = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    assert listed.keys() == families.keys()
    # A family without samples does not tell its labels.
    assert {name: listed[name] for name, labels in families.items() if labels} == {
        n: ls for n, ls in families.items() if ls
    }


def test_operations_explains_every_part_of_readiness() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    for part in ("database", "migrations", "queue", "clock", "slack"):
        assert f"| `{part}` |" in text
