"""Forms on a website over real HTTP, on both databases."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.outreach.form_fields import Field, FieldMap
from domain.outreach.form_fields import read as read_fields
from services.deps import wall_clock
from services.outreach import form_sources, inbound
from storage.tables import FormSubmission
from tests.handlers.shop import TEAM, YAMADA, Shop, on_sqlite, shop

__all__ = ["shop"]


async def test_submission_becomes_a_lead_with_a_card_and_a_clock(shop: Shop) -> None:
    answer = await shop.submit()
    assert answer.status_code == 201, answer.text
    assert answer.json()["new"] is True
    card = await shop.card()
    shown = str(card["blocks"])
    assert "あおば精機製作所" in shown
    assert "tel:+81310006000" in shown
    assert "緊急度: 高" in shown
    assert "10:05 まで" in shown
    assert "あと5分" in shown
    assert "<!channel>" not in shown
    again = await shop.submit()
    assert (again.status_code, again.json()) == (200, {**answer.json(), "new": False})
    assert await shop.count(FormSubmission) == 1


@on_sqlite
async def test_unknown_form_stale_and_forged_requests_get_the_same_answer(shop: Shop) -> None:
    body = json.dumps(YAMADA).encode()
    answers = [
        await shop.post(body, secret="another"),
        await shop.post(body, at=shop.clock.now - timedelta(minutes=6)),
        await shop.post(body, at=shop.clock.now + timedelta(minutes=6)),
        await shop.post(body, url=f"{shop.house.deps.public_url}webhooks/forms/unknown"),
        await shop.post(body, headers={"X-Kakehashi-Signature": "v1=00"}),
        await shop.post(body, headers={"X-Kakehashi-Timestamp": "soon"}),
        await shop.post(body, headers={"X-Kakehashi-Signature": ""}),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["error"] == "not_proven"
    assert await shop.count(FormSubmission) == 0


@on_sqlite
async def test_replayed_request_makes_nothing_new_even_under_another_id(shop: Shop) -> None:
    body = json.dumps(YAMADA).encode()
    first = await shop.post(body, submission="1")
    again = await shop.post(body, submission="2")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["lead"] == first.json()["lead"]
    assert await shop.count(FormSubmission) == 1


@on_sqlite
@pytest.mark.parametrize(
    ("body", "content_type", "status", "error"),
    [
        (b"x" * 70_000, "application/json", 413, "too_large"),
        (b"<a/>", "text/xml", 415, "unknown_type"),
        (b"a=b", "", 415, "unknown_type"),
        (b"{", "application/json", 400, "bad_json"),
        (b"[" * 30_000, "application/json", 400, "bad_json"),
        (b'{"a": ' * 9_000, "application/json", 400, "bad_json"),
        (b"1" * 30_000, "application/json", 400, "bad_json"),
        (b"[1]", "application/json", 400, "not_an_object"),
        (b"{}", "application/json", 400, "empty"),
        (b'{"a": " "}', "application/json", 400, "empty"),
        (b"", "application/x-www-form-urlencoded", 400, "empty"),
        (b"\xff\xfe", "application/json", 400, "bad_encoding"),
        (b"a=%ff%fe", "application/x-www-form-urlencoded", 400, "bad_encoding"),
        ("&".join(f"f{n}=1" for n in range(201)).encode(), "application/x-www-form-urlencoded", 400, "too_many_fields"),
        (json.dumps({f"f{n}": 1 for n in range(201)}).encode(), "application/json", 400, "too_many_fields"),
    ],
)
async def test_what_cannot_be_read_is_answered_with_a_sentence(
    shop: Shop, body: bytes, content_type: str, status: int, error: str
) -> None:
    answer = await shop.post(body, content_type=content_type)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["message"].endswith(".")
    japanese = await shop.post(body, content_type=content_type, headers={"Accept-Language": "ja"})
    assert japanese.json()["message"] != answer.json()["message"]
    assert await shop.count(FormSubmission) == 0


@on_sqlite
async def test_body_that_does_not_say_how_large_it_is_is_bounded_too(shop: Shop) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 10_000

    async with httpx.AsyncClient() as client:
        answer = await client.post(shop.form.form.url, content=pieces())
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


@on_sqlite
async def test_paused_form_says_so_and_goes_on_later(shop: Shop) -> None:
    source = shop.form.form.source_id
    await form_sources.set_active(shop.house.deps, shop.manager, source, active=False)
    paused = await shop.submit()
    assert (paused.status_code, paused.json()["error"]) == (403, "paused")
    await form_sources.set_active(shop.house.deps, shop.manager, source, active=True)
    assert (await shop.submit()).status_code == 201


def urlencoded(fields: Mapping[str, str], encoding: str) -> bytes:
    """As a page in this encoding sends it. Browsers' EUC-JP has ㈱, Python's has not."""

    def encoded(text: str) -> str:
        return quote_from_bytes(b"\xad\xea".join(part.encode(encoding) for part in text.split("㈱")))

    if encoding != "euc_jp":
        return urlencode({name.encode(encoding): text.encode(encoding) for name, text in fields.items()}).encode()
    return "&".join(f"{encoded(name)}={encoded(text)}" for name, text in fields.items()).encode()


FORM = "application/x-www-form-urlencoded"


@on_sqlite
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps(YAMADA, ensure_ascii=False).encode(), "application/json; charset=UTF-8"),
        (b"\xef\xbb\xbf" + json.dumps(YAMADA, ensure_ascii=False).encode(), "application/json"),
        (json.dumps(YAMADA).encode(), "application/vnd.form+json"),
        (json.dumps(YAMADA, ensure_ascii=False).encode("cp932"), "application/json; charset=Shift_JIS"),
        (urlencode(YAMADA).encode(), FORM),
        (urlencoded(YAMADA, "cp932"), f"{FORM}; charset=Shift_JIS"),
        (urlencoded(YAMADA, "euc_jp"), f"{FORM}; charset=EUC-JP"),
        (urlencoded(YAMADA, "cp932") + b"&_charset_=Shift_JIS", FORM),
    ],
)
async def test_japanese_is_read_in_the_encodings_pages_are_written_in(
    shop: Shop, body: bytes, content_type: str
) -> None:
    answer = await shop.post(body, content_type=content_type)
    assert answer.status_code == 201, answer.text
    view = await inbound.view(shop.house.deps, TEAM, answer.json()["submission"])
    assert (view.account.name, view.contact.name) == ("株式会社あおば精機製作所", "山田 次郎")
    assert view.contact.phone == "+81310006000"


@on_sqlite
async def test_who_says_neither_name_nor_company_is_named_in_the_teams_language(shop: Shop) -> None:
    assert (await shop.post(json.dumps({"内容": "資料をください", "電話": "内線のみ"}).encode())).status_code == 201
    shown = str((await shop.card())["blocks"])
    assert "会社名の記入なし" in shown
    assert "お名前の記入なし" in shown
    assert "内線のみ" in shown


@on_sqlite
async def test_nested_lists_and_ticked_boxes_become_text(shop: Shop) -> None:
    nested = {"contact": {"name": "山田", "tags": ["a", 1, None]}, "agree": True, "n": 3.5, "none": None}
    answer = await shop.post(json.dumps(nested).encode())
    view = await inbound.view(shop.house.deps, TEAM, answer.json()["submission"])
    assert view.filled.others == {"contact.tags": "a, 1,", "agree": "true", "n": "3.5"}
    assert view.contact.name == "山田"
    boxes = await shop.post(b"topic[]=a&topic[]=b&company=x", content_type=FORM)
    view = await inbound.view(shop.house.deps, TEAM, boxes.json()["submission"])
    assert view.filled.to_json()["topic"] == "a, b"


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
known = st.sampled_from(["会社名", "お名前", "email", "tel", "message", "従業員数", "役職", "url", "受付番号", "kana"])
payloads = st.dictionaries(known | st.text(max_size=12), values, max_size=8)


@pytest.fixture(scope="module")
def submitted() -> list[tuple[dict[str, Any], bytes, str]]:
    """What forms might send. Drawn while no bot runs: its threads ask the same `random` that strategies are drawn with,
    and what is drawn would not be the same each time."""
    found: list[tuple[dict[str, Any], bytes, str]] = []

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(payloads, st.binary(max_size=40), st.sampled_from(["application/json", FORM, "text/plain"]))
    def keep(payload: dict[str, Any], raw: bytes, content_type: str) -> None:
        found.append((payload, raw, content_type))

    keep()
    return found


async def test_no_payload_makes_a_fault_or_a_duplicate(
    submitted: list[tuple[dict[str, Any], bytes, str]], shop: Shop
) -> None:
    assert len(submitted) >= 40
    for payload, raw, content_type in submitted:
        for body, kind in ((json.dumps(payload).encode(), "application/json"), (raw, content_type)):
            before = await shop.count(FormSubmission)
            answers = [await shop.post(body, content_type=kind) for _ in range(2)]
            assert all(answer.status_code < 500 for answer in answers), (body, answers[0].text)
            made = await shop.count(FormSubmission) - before
            assert made == sum(answer.status_code == 201 for answer in answers) <= 1, body
            if answers[0].is_success:
                assert answers[1].status_code == 200, body
                assert answers[1].json()["lead"] == answers[0].json()["lead"], body


@on_sqlite
async def test_example_for_the_shell_is_signed_as_the_webhook_wants_it(shop: Shop) -> None:
    """The lines shown in Slack, signed by openssl and sent by curl."""
    from handlers.i18n import translator
    from handlers.outreach.inbound_sources import curl

    for tool in ("bash", "openssl", "curl"):
        process = await asyncio.create_subprocess_exec("which", tool, stdout=asyncio.subprocess.DEVNULL)
        if await process.wait():
            pytest.skip(f"{tool} is not installed")
    lines = curl(translator("ja"), shop.form.form.url, shop.form.secret)
    lines = lines.replace("$(date +%s)", str(int(shop.clock.now.timestamp())))
    process = await asyncio.create_subprocess_exec("bash", "-c", lines, stdout=asyncio.subprocess.PIPE)
    answer, _ = await process.communicate()
    assert json.loads(answer)["new"] is True
    assert (await shop.card())["blocks"][0]["text"]["text"] == "🔥 株式会社サンプル　見本 花子"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_field_of_the_example_is_understood(language: str) -> None:
    from handlers.i18n import translator
    from handlers.outreach.inbound_sources import curl

    (body,) = re.findall(r"^body='(.*)'$", curl(translator(language), "http://127.0.0.1/", "secret"), re.MULTILINE)
    filled = read_fields(json.loads(body), FieldMap())
    assert set(filled.values) == {Field.COMPANY, Field.NAME, Field.EMAIL, Field.PHONE, Field.MESSAGE}
    assert filled.others == {}


@on_sqlite
@pytest.mark.parametrize("language", ["python", "javascript"])
async def test_examples_of_the_documentation_send_a_lead(shop: Shop, tmp_path: Path, language: str) -> None:
    shop.clock.now = wall_clock()
    text = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    (example,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    given = [shop.form.form.url, shop.form.secret, YAMADA, "from-the-documentation"]
    if language == "python":
        (tmp_path / "sending.py").write_text(f"{example}\nprint(send(*{given!r}))\n", encoding="utf-8")
        command = [sys.executable, "sending.py"]
    else:
        call = f"console.log(await send(...{json.dumps(given)}));\n"
        (tmp_path / "sending.mjs").write_text(f"{example}\n{call}", encoding="utf-8")
        command = ["node", "sending.mjs"]
    process = await asyncio.create_subprocess_exec(*command, cwd=tmp_path)
    assert await process.wait() == 0
    assert "山田 次郎" in str((await shop.card())["blocks"])
