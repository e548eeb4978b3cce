"""The daily work in browsers: a rep's morning, a manager's Monday, a form that nobody answers."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import httpx
import pytest
import sqlalchemy as sa
from playwright.async_api import expect

from domain.outreach.inbound import InboundRules
from services import members
from services.outreach import form_sources, forms, inbound
from services.outreach.form_sources import NewSecret
from services.qualification import meetings
from storage.tables import Mail
from tests.browser.conftest import (
    DEADLINE_MS,
    LOCALES,
    PHONE,
    SCREENSHOTS,
    Faults,
    Film,
    Launch,
    Office,
    Opening,
    Sit,
)

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

TEAM, INBOUND = "C01ISTEAM0", "C01INBOUND"
REP, MANAGER = "U01SATO001", "U01KATO001"
TUESDAY = datetime(2026, 6, 1, 23, 25, tzinfo=UTC)
"""25 past eight in Tokyo on 2 June 2026."""
MONDAY = datetime(2026, 6, 7, 23, 55, tzinfo=UTC)
"""Five to nine in Tokyo on 8 June 2026."""


@pytest.fixture
def film(request: pytest.FixtureRequest) -> Film:
    folder = SCREENSHOTS / "daily" / request.node.originalname.removeprefix("test_")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return Film(folder)


class TestMorningOfARep:
    """From the list in the morning to the customer's choice."""

    @pytest.fixture
    def opening(self) -> Opening:
        return Opening(TUESDAY, timedelta(minutes=5, seconds=10))

    async def test_calls_a_promise_and_a_meeting_without_typing_a_command(
        self, office: Office, sit: Sit, launch: Launch, film: Film
    ) -> None:
        rep = await sit(REP, film, "ja", channel=TEAM)
        await rep.go_to_bot("messages")
        morning = rep.message(" / 34")
        await expect(morning).to_contain_text("0 / 34")
        await rep.snap("list-of-the-morning", whole=True)
        for number, result in enumerate(("no_answer", "voicemail", "absent"), start=1):
            await morning.locator(f'[data-action-id="call.quick#{result}"]').first.click()
            await expect(morning).to_contain_text(f"{number} / 34")
        await rep.snap("three-calls")

        await morning.locator('[data-action-id="call.log"]').first.click()
        await rep.modal.locator('[data-block="party"] input[value="contact"]').check()
        await rep.modal.locator('input[value="callback"]').check()
        await rep.fill(when="明日15時", note="明日の午後に資料を見ておくとのこと。")
        await rep.snap("callback")
        await rep.submit()
        await expect(rep.modal).to_have_count(0)
        await expect(morning).to_contain_text("4 / 34")

        await morning.locator('[data-action-id="call.log"]').first.click()
        await rep.modal.locator('[data-block="party"] input[value="decision_maker"]').check()
        await rep.modal.locator('input[value="meeting_set"]').check()
        await rep.fill(note="決裁者と話せた。日程の候補をメールで送る。")
        await rep.submit()
        await rep.modal.locator('[data-action-id="meeting.book"]').click()
        await expect(rep.modal.locator('[data-block="mode"]')).to_be_visible()
        await rep.snap("meeting", whole=True)
        await rep.choose(mode="send")
        await expect(rep.modal.get_by_test_id("modal-submit")).to_have_text("メールを送る")
        await rep.fill(guests="customer@customer.example")
        await rep.submit()
        await expect(rep.modal).to_contain_text("customer@customer.example")
        await rep.snap("times-sent")
        await rep.modal.get_by_test_id("modal-cancel").click()
        # Below lies the confirmation of the call.
        await expect(rep.modal.locator('[data-action-id="meeting.book"]')).to_be_visible()
        await rep.close()
        await expect(morning).to_contain_text("5 / 34")

        faults = Faults()
        browser = await launch("ja")
        context = await browser.new_context(
            viewport=PHONE, has_touch=True, is_mobile=True, locale=LOCALES["ja"], timezone_id="Asia/Tokyo"
        )
        context.set_default_timeout(DEADLINE_MS)
        phone = await context.new_page()
        faults.watch(phone, office.house.deps.public_url)
        await phone.goto(await self._link(office))
        await phone.locator(".slot").first.click()
        await film.take(phone, "customer-chooses")
        await phone.locator("button.primary").click()
        await expect(phone.locator(".tick")).to_be_visible()
        await film.take(phone, "customer-has-chosen")
        await context.close()
        assert faults.seen == []

        deps, team_id = office.house.deps, office.workspace.introduction()["team"]["id"]
        sato = await members.who(deps, team_id, REP)
        assert sato is not None
        (made,) = await meetings.upcoming(deps, sato)
        field = await sit(made.rep_slack_user, film, "ja")
        await field.go_to_bot("messages")
        # Whoever's turn it is, in the language of theirs.
        news = field.page.locator("[data-ts]").filter(has_text=re.compile("日時を選びました|has chosen a time"))
        await expect(news).to_contain_text(made.contact)
        await field.snap("field-sales-sees-it")
        await rep.go_to_bot("home")
        await expect(rep.home).to_contain_text("5 / 34")
        await expect(rep.home).to_contain_text("今日の架電")
        await rep.snap("home-after-the-calls", whole=True)

    async def _link(self, office: Office) -> str:
        team_id = office.workspace.introduction()["team"]["id"]
        async with office.house.deps.reading(team_id) as session:
            text = await session.scalar(sa.select(Mail.text).where(Mail.key.like("offer:%")))
        found = re.search(r"https?://\S+/book/\S+", text or "")
        assert found is not None, text
        return found[0]


class TestMondayOfAManager:
    """The week's digest, and where its figures come from."""

    @pytest.fixture
    def opening(self) -> Opening:
        return Opening(MONDAY, timedelta(minutes=5, seconds=10))

    async def test_digest_leads_to_the_reason_and_to_the_rows(self, office: Office, sit: Sit, film: Film) -> None:
        manager = await sit(MANAGER, film, "ja", channel=TEAM)
        await manager.go_to_bot("messages")
        digest = manager.message("週次")
        await expect(digest).to_be_visible()
        await expect(digest.locator("img").first).to_be_visible()
        await manager.snap("digest-of-the-week", whole=True)
        await manager.go(TEAM)
        await manager.say("/kpi month")
        await expect(manager.message("接続率")).to_be_visible()
        await manager.snap("figures", whole=True)
        await manager.page.locator('[data-action-id^="kpi.rows"]').first.click()
        await expect(manager.modal).to_be_visible()
        await manager.snap("rows-behind-a-figure")
        await manager.close()
        await manager.say("/kpi why connect_rate")
        await expect(manager.message("要因")).to_be_visible()
        await manager.snap("why", whole=True)


class TestFormNobodyAnswers:
    """A form is sent, three minutes pass, then five; somebody claims it and calls."""

    FORM: ClassVar[Mapping[str, str]] = {
        "会社名": "株式会社ゆうなぎ物流",
        "お名前": "夕凪 渚",
        "メールアドレス": "nagisa@yunagi.example",
        "お電話番号": "０３-１０００-７０００",
        "役職": "部長",
        "お問い合わせ内容": "至急、見積をお願いします。来月から使い始めたいです。",
    }

    async def test_team_then_manager_are_told_until_somebody_calls(self, office: Office, sit: Sit, film: Film) -> None:
        deps, team_id = office.house.deps, office.workspace.introduction()["team"]["id"]
        kato = await members.who(deps, team_id, MANAGER)
        assert kato is not None
        form = await form_sources.add(deps, kato, "お問い合わせ")
        await inbound.set_rules(deps, kato, InboundRules(INBOUND))
        rep = await sit(REP, film, "ja", channel=INBOUND)
        manager = await sit(MANAGER, film, "ja", channel=TEAM)
        await self._send(office, form)
        card = rep.message("受信")
        await expect(card).to_contain_text("緊急度: 高")
        await expect(card).to_contain_text("来月から使い始めたい")
        await rep.snap("card", whole=True)

        office.clock.advance(timedelta(minutes=3, seconds=1))
        await expect(rep.message("@here")).to_be_visible(timeout=40_000)
        await rep.snap("team-is-told", whole=True)
        office.clock.advance(timedelta(minutes=2))
        await manager.go_to_bot("messages")
        await expect(manager.message(self.FORM["お名前"])).to_be_visible(timeout=40_000)
        await manager.snap("manager-is-told", whole=True)

        await card.locator('[data-action-id="inbound.claim"]').click()
        await expect(card).to_contain_text("佐藤 美咲")
        await rep.snap("claimed", whole=True)
        await card.locator('[data-action-id="call.quick#no_answer"]').click()
        await expect(card).to_contain_text("初回対応済み")
        await rep.snap("first-response", whole=True)

    async def _send(self, office: Office, form: NewSecret) -> None:
        """As a website's server sends it."""
        content = json.dumps(self.FORM).encode()
        timestamp = str(int(office.clock.seconds()))
        headers = {
            "Content-Type": "application/json",
            "X-Kakehashi-Timestamp": timestamp,
            "X-Kakehashi-Signature": f"v1={forms.signature(form.secret, timestamp, content)}",
            "X-Kakehashi-Submission": "form-1",
        }
        async with httpx.AsyncClient() as client:
            answer = await client.post(form.form.url, content=content, headers=headers)
        assert answer.status_code == 201, answer.text
