"""Forms on a website over real HTTP, their cards in the workspace over real Socket Mode, on both databases."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.app import all_routes
from bot.demo import populate
from bot.manifest import manifest
from bot.run import running, storage
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from bot.workspace.team import EXAMPLE, Channel, Person
from domain.members import Role
from domain.outreach.form_fields import Field, FieldMap
from domain.outreach.form_fields import read as read_fields
from domain.outreach.inbound import InboundRules
from handlers.outreach import inbound as handlers
from services import members
from services.deps import Actor, wall_clock
from services.outreach import form_sources, forms, inbound
from services.outreach.form_sources import NewSecret
from storage.tables import FormSubmission, Lead
from tests.handlers.conftest import FS, IS, IS_ENGLISH, MANAGER, World, eventually
from tests.services.office import Clock

TEAM = EXAMPLE.id
CHANNEL = "C01INBOUND"
HELLO = "C01ISTEAM0"
YAMADA = {
    "会社名": "㈱あおば精機製作所",
    "お名前": "山田　次郎",
    "メールアドレス": "jiro@aoba-seiki.example",
    "お電話番号": "０３-１０００-６０００",
    "役職": "部長",
    "お問い合わせ内容": "至急、見積をお願いします <!channel>",
}


@dataclass(frozen=True)
class Shop(World):
    """The world with a form on a website."""

    clock: Clock
    form: NewSecret
    manager: Actor

    async def post(
        self,
        content: bytes,
        *,
        content_type: str = "application/json",
        submission: str | None = None,
        headers: Mapping[str, str] | None = None,
        at: datetime | None = None,
        secret: str | None = None,
        url: str | None = None,
    ) -> httpx.Response:
        """A signed request, as a website's server sends it."""
        timestamp = str(int((at or self.clock.now).timestamp()))
        sent = {
            "Content-Type": content_type,
            "X-Kakehashi-Timestamp": timestamp,
            "X-Kakehashi-Signature": f"v1={forms.signature(secret or self.form.secret, timestamp, content)}",
            **({"X-Kakehashi-Submission": submission} if submission else {}),
            **(headers or {}),
        }
        async with httpx.AsyncClient() as client:
            return await client.post(url or self.form.form.url, content=content, headers=sent)

    async def submit(self, submission: str = "1", **changed: str) -> httpx.Response:
        """Yamada's submission."""
        return await self.post(json.dumps({**YAMADA, **changed}).encode(), submission=submission)

    async def count(self, table: Any) -> int:
        async with self.house.deps.reading(TEAM) as session:
            return int((await session.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())

    async def card(self, user: str = IS) -> dict[str, Any]:
        """The newest card."""
        return (await eventually(lambda: self.cards(user)))[-1]

    def cards(self, user: str = IS) -> list[dict[str, Any]]:
        return [m for m in self.messages(user, CHANNEL) if m["blocks"] and m["blocks"][0]["type"] == "header"]

    async def card_says(self, text: str) -> dict[str, Any]:
        """The newest card, once it says this."""
        await eventually(lambda: text in str(self.cards()[-1]["blocks"]))
        return self.cards()[-1]

    async def press(self, user: str, message: Mapping[str, Any], action_id: str, channel: str = CHANNEL) -> None:
        """A click on a button of a message."""
        await self.person(user).action(channel=channel, ts=message["ts"], action_id=action_id)

    async def told(self, user: str, channel: str = CHANNEL) -> list[str]:
        """What only this person reads in a channel."""
        return [str(m["blocks"]) for m in self.messages(user, channel) if m["ephemeral"]]


@asynccontextmanager
async def open_shop(
    workspace: RunningWorkspace, settings: Settings, clock: Clock, manager: Actor
) -> AsyncIterator[Shop]:
    async with running(settings, http=False, now=clock) as house:
        made = await form_sources.add(house.deps, manager, "お問い合わせ")
        await inbound.set_rules(house.deps, manager, InboundRules(CHANNEL))
        yield Shop(workspace, house, clock, made, manager)


@pytest.fixture
async def shop(world_workspace: RunningWorkspace, settings: Settings) -> AsyncIterator[Shop]:
    """The demonstration's team at ten in the morning of a Wednesday, with a form and a channel for its cards."""
    clock = Clock()
    async with storage(settings, now=clock) as deps:
        await populate(deps, world_workspace.introduction(), seed=1)
        manager = await members.who(deps, TEAM, MANAGER)
    assert manager is not None
    async with open_shop(world_workspace, settings, clock, manager) as opened:
        yield opened


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


# The webhook


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


# Claims


async def test_one_of_twenty_simultaneous_clicks_wins_and_nineteen_hear_who(
    settings: Settings,
) -> None:
    people = tuple(Person(f"U01REP{n:04d}", f"rep{n}", f"担当 {n}", "is", "インサイドセールス") for n in range(20))
    channel = Channel(CHANNEL, "inbound", "", tuple(person.id for person in people))
    team = replace(EXAMPLE, people=people, channels=(channel,))
    clock = Clock()
    async with workspace_running(team, manifest=manifest(all_routes())) as workspace:
        own = settings.model_copy(
            update={
                "slack_bot_token": SecretStr(workspace.bot_token),
                "slack_app_token": SecretStr(workspace.app_token),
                "slack_api_url": workspace.api_url,
            }
        )
        async with storage(own, now=clock) as deps:
            arrived = [
                await members.arrive(
                    deps,
                    TEAM,
                    person.id,
                    team_name=team.name,
                    name=person.real_name,
                    language="ja",
                    zone="Asia/Tokyo",
                    role=Role.INSIDE_SALES if place else Role.MANAGER,
                )
                for place, person in enumerate(people)
            ]
        async with open_shop(workspace, own, clock, arrived[0]) as shop:
            assert (await shop.submit()).status_code == 201
            card = await shop.card(people[0].id)
            await asyncio.gather(*(shop.press(person.id, card, "inbound.claim") for person in people))
            view = await inbound.view(shop.house.deps, TEAM, 1)
            assert view.claimed is not None
            assert view.lead.owner_slack_user == view.claimed.slack_user

            def heard(user: str) -> str:
                return str([m["blocks"] for m in shop.messages(user, CHANNEL) if m["ephemeral"]])

            await eventually(lambda: all(heard(person.id) != "[]" for person in people))
            assert "あなたの担当になりました" in heard(view.claimed.slack_user)
            losers = [person.id for person in people if person.id != view.claimed.slack_user]
            assert len(losers) == 19
            assert all("ひと足先に" in heard(user) and view.claimed.slack_user in heard(user) for user in losers)
            await eventually(lambda: "inbound.claim" not in str(shop.cards(people[0].id)[-1]["blocks"]))
            assert len(shop.cards(people[0].id)) == 1


async def test_claimed_lead_is_called_and_the_card_says_how_fast(shop: Shop) -> None:
    await shop.submit()
    await shop.press(IS, await shop.card(), "inbound.claim")
    card = await shop.card_says("inbound.pass_on")
    shop.clock.forward(minutes=2)
    await shop.press(IS, card, "call.quick#no_answer")
    card = await shop.card_says("2分で対応")
    assert "初回対応済み" in str(card["blocks"])
    assert "inbound.claim" not in str(card["blocks"])
    said = (await shop.person(IS).command(HELLO, "/inbound", "speed 7"))["response"]
    assert "データ不足" in str(said["blocks"])
    assert "1件中 1件" in str(said["blocks"])


@on_sqlite
async def test_claim_is_passed_on_and_given_back(shop: Shop) -> None:
    await shop.submit()
    await shop.press(IS, await shop.card(), "inbound.claim")
    card = await shop.card_says("inbound.pass_on")
    await shop.press(IS, card, "inbound.pass_on")
    view = shop.modal(IS)
    choices = {o["text"]["text"]: o["value"] for o in view["blocks"][1]["element"]["options"]}
    assert "佐藤 美咲" not in choices
    assert "田中 大輔" not in choices
    done = await shop.person(IS).submit(view["id"], {"to_member_id": {"v": choices["Emily Miller"]}})
    assert done["result"] == "closed", done
    assert await eventually(lambda: any("passed this lead on to you" in m["text"] for m in shop.direct(IS_ENGLISH)))
    card = await shop.card_says(IS_ENGLISH)
    await shop.press(IS, card, "inbound.release")
    assert await eventually(lambda: "操作できるのは" in str(shop.messages(IS, CHANNEL)))
    await shop.press(IS_ENGLISH, card, "inbound.release")
    await shop.card_says("担当者未定")


@on_sqlite
async def test_field_sales_is_told_that_claiming_is_not_theirs(shop: Shop) -> None:
    await shop.submit()
    open_ = (await shop.person(FS).command("C01HANDOFF", "/inbound", "open"))["response"]
    assert "山田 次郎" in str(open_["blocks"])
    assert "inbound.claim" not in str(open_["blocks"])


# Escalation


async def test_team_hears_at_three_minutes_and_the_manager_at_five(shop: Shop) -> None:
    await shop.submit()
    await shop.card()
    shop.clock.forward(minutes=3)
    await handlers.keep_time(shop.house.deps)

    def alarm() -> list[dict[str, Any]]:
        return [m for m in shop.messages(IS, CHANNEL) if "<!here>" in m["text"]]

    told = (await eventually(alarm))[0]
    assert "初回の架電まであと2分" in told["text"]
    await shop.card_says("まだ誰も担当していません")
    assert not shop.direct(MANAGER)
    shop.clock.forward(minutes=2)
    await asyncio.gather(*(handlers.keep_time(shop.house.deps) for _ in range(4)))
    late = (await eventually(lambda: [m for m in shop.direct(MANAGER) if "期限を過ぎました" in m["text"]]))[0]
    assert "まだ誰も担当していません" in str(late["blocks"])
    await shop.card_says("期限（10:05）を過ぎています")
    assert len(alarm()) == 1
    direct = next(c["id"] for c in shop.person(MANAGER).screen()["channels"] if late in c["messages"])
    await shop.press(MANAGER, late, "inbound.claim", direct)
    await eventually(lambda: not alarm())
    await shop.card_says(MANAGER)

    def news() -> str:
        (found,) = [m for m in shop.direct(MANAGER) if "期限を過ぎました" in m["text"]]
        return str(found["blocks"])

    # The manager's news follows: there is nothing to claim any more, and in the end somebody has called.
    await eventually(lambda: f"<@{MANAGER}>" in news())
    assert "inbound.claim" not in news()
    assert "inbound.pass_on" in news()
    await shop.press(MANAGER, await shop.card(), "call.quick#no_answer")
    await handlers.keep_time(shop.house.deps)
    await eventually(lambda: "初回対応済み" in news())
    assert "inbound.pass_on" not in news()


@on_sqlite
async def test_claim_quiets_the_team_but_not_the_manager(shop: Shop) -> None:
    await shop.submit()
    await shop.press(IS, await shop.card(), "inbound.claim")
    shop.clock.forward(minutes=4)
    await handlers.keep_time(shop.house.deps)
    shop.clock.forward(minutes=1)
    await handlers.keep_time(shop.house.deps)
    late = (await eventually(lambda: [m for m in shop.direct(MANAGER) if "期限を過ぎました" in m["text"]]))[0]
    assert f"<@{IS}>" in str(late["blocks"])
    assert "架電の記録がありません" in str(late["blocks"])
    assert not [m for m in shop.messages(IS, CHANNEL) if "<!here>" in m["text"]]


@on_sqlite
async def test_submission_at_night_waits_for_the_morning(shop: Shop) -> None:
    shop.clock.forward(hours=13)
    await shop.submit()
    assert "4月2日(木) 09:05 まで" in str((await shop.card())["blocks"])
    shop.clock.forward(hours=1)
    assert await handlers.keep_time(shop.house.deps) == 0
    shop.clock.now = shop.clock.now.replace(hour=0, minute=3) + timedelta(days=1)
    assert await handlers.keep_time(shop.house.deps) == 1


# Settings


@on_sqlite
async def test_manager_chooses_channel_owner_and_minutes(shop: Shop) -> None:
    await shop.person(MANAGER).command(HELLO, "/inbound", "settings")
    view = shop.modal(MANAGER)
    wrong = await shop.person(MANAGER).submit(view["id"], {"team_minutes": {"v": "9"}, "manager_minutes": {"v": "5"}})
    assert set(wrong["errors"]) == {"manager_minutes"}
    saved = await shop.person(MANAGER).submit(view["id"], {"team_minutes": {"v": "10"}, "manager_minutes": {"v": "20"}})
    assert saved["result"] == "updated", saved
    rules = await inbound.settings(shop.house.deps, shop.manager)
    assert (rules.channel, rules.team_minutes, rules.manager_minutes) == (CHANNEL, 10, 20)
    refused = (await shop.person(IS).command(HELLO, "/inbound", "settings"))["response"]
    assert ":warning:" in str(refused["blocks"])


def row_of(view: Mapping[str, Any]) -> str:
    """The row of buttons of the newest form."""
    rows = [b for b in view["blocks"] if any(e["action_id"] == "inbound.source.map" for e in b.get("elements", []))]
    return str(rows[-1]["block_id"])


@on_sqlite
async def test_form_is_added_mapped_paused_and_given_another_secret(shop: Shop) -> None:
    person = shop.person(MANAGER)
    await person.command(HELLO, "/inbound", "sources")
    view = shop.modal(MANAGER)
    assert shop.form.secret not in str(view["blocks"])
    await person.action(view_id=view["id"], action_id="inbound.source.add")
    added = await person.submit(shop.modal(MANAGER)["id"], {"title": {"v": "デモ申込"}})
    assert added["result"] == "updated", added
    shown = str(added["view"]["blocks"])
    (url,) = set(re.findall(r"```(http://[^`]+)```", shown))
    (secret,) = re.findall(r"secret=([\w\-]+)", shown)
    body = json.dumps({"q1": "株式会社ひなたフーズ", "q2": "日向 葵", "q3": "来週デモを見たい"}).encode()
    assert (await shop.post(body, url=url, secret=secret)).status_code == 201
    await person.close(shop.modal(MANAGER)["id"])
    view = await eventually(lambda: (v := shop.modal(MANAGER)) and "デモ申込" in str(v["blocks"]) and v)
    ours = [
        e["value"] for b in view["blocks"] for e in b.get("elements", []) if e.get("action_id") == "inbound.source.map"
    ]
    rows = [b for b in view["blocks"] if any(e.get("value") == ours[-1] for e in b.get("elements", []))]
    block = rows[0]["block_id"]
    await person.action(view_id=view["id"], block_id=block, action_id="inbound.source.map")
    fields = shop.modal(MANAGER)
    by_label = {b["label"]["text"]: b["block_id"] for b in fields["blocks"] if b["type"] == "input"}
    assert "来週デモを見たい" in str(fields["blocks"])
    typed = {"q1": "company", "q2": "name", "q3": "message"}
    answers = {by_label[name]: {"v": meaning} for name, meaning in typed.items()}
    wrong = await person.submit(fields["id"], {**answers, "fixed": {"v": "業種 機械"}})
    assert set(wrong["errors"]) == {"fixed"}
    saved = await person.submit(
        fields["id"], {**answers, "fixed": {"v": "業種 = 食料品"}, "source": {"v": "webinar"}, "title": {"v": "デモ"}}
    )
    assert saved["result"] == "closed", saved
    again = json.dumps({"q1": "株式会社ひなたフーズ", "q2": "日向 葵", "q3": "至急デモを"}).encode()
    answer = await shop.post(again, url=url, secret=secret)
    view = await inbound.view(shop.house.deps, TEAM, answer.json()["submission"])
    assert (view.account.name, view.contact.name, view.form) == ("株式会社ひなたフーズ", "日向 葵", "デモ")
    listed = await eventually(lambda: (v := shop.modal(MANAGER)) and "*デモ*" in str(v["blocks"]) and v)
    block = next(
        b["block_id"] for b in listed["blocks"] if any(e.get("value") == ours[-1] for e in b.get("elements", []))
    )
    await person.action(view_id=listed["id"], block_id=row_of(listed), action_id="inbound.source.rotate")
    fresh = str(shop.modal(MANAGER)["blocks"])
    assert secret not in fresh
    await person.close(shop.modal(MANAGER)["id"])
    assert (await shop.post(again, url=url, secret=secret)).status_code == 401
    listed = shop.modal(MANAGER)
    block = next(
        b["block_id"] for b in listed["blocks"] if any(e.get("value") == ours[-1] for e in b.get("elements", []))
    )
    await person.action(view_id=listed["id"], block_id=row_of(listed), action_id="inbound.source.pause")
    assert "停止中" in str(shop.modal(MANAGER)["blocks"])
    assert await shop.count(Lead)


@on_sqlite
async def test_fields_can_be_named_before_anything_was_received(shop: Shop) -> None:
    person = shop.person(MANAGER)
    await person.command(HELLO, "/inbound", "sources")
    view = shop.modal(MANAGER)
    await person.action(view_id=view["id"], action_id="inbound.source.map")
    named = await person.submit(shop.modal(MANAGER)["id"], {"names": {"v": "会社名\n質問1\n"}})
    assert named["result"] == "updated", named
    labels = [b["label"]["text"] for b in named["view"]["blocks"] if b["type"] == "input"]
    assert labels[1:3] == ["会社名", "質問1"]
