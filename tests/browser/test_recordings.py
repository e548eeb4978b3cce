"""A call becomes a record in the hands of a rep: dropped, confirmed, read, decided about, qualified, handed off."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.async_api import Locator, expect

from bot.workspace.team import EXAMPLE
from domain.leads import OPEN_STAGES, Stage
from services import members
from services.outreach import leads
from tests.browser.conftest import SCREENSHOTS, Film, Office, Seat, Sit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
TEAM = "C01ISTEAM0"


@dataclass(frozen=True)
class Story:
    """Who drops what, and what they read."""

    language: str
    rep: str
    said: tuple[tuple[str, str], ...]
    done: str
    quoted: str
    decided: str
    qualified: str
    handed_off: str
    background: str
    """Also for what the call did not say."""


JAPANESE = Story(
    "ja",
    "U01SATO001",
    (
        ("ours", "お世話になっております、佐藤と申します。資料請求の件でお電話いたしました。"),
        ("theirs", "はい。月末の集計に三日かかっていて困っています。"),
        ("ours", "ご予算はもうお決まりでしょうか。"),
        ("theirs", "今期の予算として500万円を確保しています。"),
        ("ours", "お決めになるのはどなたでしょうか。"),
        ("theirs", "最終的な決裁は部長の鈴木が行います。"),
        ("ours", "来週、御見積書をお送りします。"),
    ),
    "✅ 完了",
    "月末の集計に三日かかっていて困っています",
    "すべて確認済みです",
    "フィールドセールスに引き継げます",
    "引き継ぎました",
    "資料請求から。",
)


def vtt(story: Story, names: dict[str, str]) -> bytes:
    """The call as Teams saves it, five seconds each."""
    cues = [
        f"00:00:{5 * n:02}.000 --> 00:00:{5 * n + 4:02}.000\n<v {names[side]}>{text}</v>\n"
        for n, (side, text) in enumerate(story.said)
    ]
    return ("WEBVTT\n\n" + "\n".join(cues)).encode()


async def test_dropped_call_is_handed_off_with_what_was_said(office: Office, sit: Sit) -> None:
    story = JAPANESE
    folder = SCREENSHOTS / f"recordings-{story.language}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    deps = office.house.deps
    actor = await members.who(deps, EXAMPLE.id, story.rep)
    assert actor is not None
    own = await leads.mine(deps, actor)
    lead = next(line for line in own if line.stage in OPEN_STAGES and line.stage is not Stage.SALES_QUALIFIED)
    rep = await sit(story.rep, Film(folder), story.language, channel=TEAM)
    await rep.go_to_bot("messages")
    content = vtt(story, {"ours": actor.name, "theirs": lead.contact})
    await rep.attach(f"{lead.account}_{lead.contact}.vtt", content)
    await rep.page.get_by_test_id("conversation").locator(".kk-thread-link").last.click()
    await expect(button(rep, "recording.confirm")).to_be_visible()
    await expect(rep.thread).to_contain_text(lead.contact)
    await rep.snap("whose-call-is-it")
    await button(rep, "recording.confirm").click()
    await expect(rep.thread).to_contain_text(story.done)
    await expect(rep.thread).to_contain_text(story.quoted)
    await rep.snap("record-of-the-call", whole=True)
    waiting = rep.thread.locator('[data-action-id="proposal.accept"]')
    await expect(waiting.nth(1)).to_be_visible()
    await rep.snap("proposals-wait")
    # The last is rejected, all others are accepted.
    await rep.thread.locator('[data-action-id="proposal.reject"]').last.click()
    await expect(rep.thread).to_contain_text("🚫")
    left = await waiting.count() - 1
    for done in range(1, left + 1):
        await waiting.first.click()
        await expect(waiting).to_have_count(left + 1 - done)
    await expect(rep.thread).to_contain_text(story.decided)
    await rep.snap("proposals-decided")
    await button(rep, "lead.qualify").click()
    await expect(rep.field("budget_amount")).to_have_value("500")
    await expect(rep.modal).to_contain_text("📞")
    await expect(rep.field("summary")).to_have_value(said_at(5))
    await rep.snap("qualification-filled-in-from-the-call", whole=True)
    await rep.choose(authority_status="confirmed", need_status="confirmed", pain="yes", intent="yes")
    await rep.choose(timeline_status="confirmed")
    await rep.fill(timeline_start=(office.clock.now() + timedelta(days=30)).date().isoformat())
    await rep.submit()
    await expect(rep.modal).to_contain_text(story.qualified)
    await rep.submit()
    await expect(rep.field("call_summary")).to_have_value(said_at(5))
    await rep.fill(background=story.background, worries=story.background)
    await rep.snap("handoff-with-sources", whole=True)
    await rep.submit()
    await expect(rep.modal).to_contain_text(story.handed_off)


def button(rep: Seat, action_id: str) -> Locator:
    """The newest of these in the thread."""
    return rep.thread.locator(f'[data-action-id="{action_id}"]').last


def said_at(seconds: int) -> re.Pattern[str]:
    """A text with a link into Slack and a time in it."""
    return re.compile(rf"https?://\S+ [^\n]* 0:{seconds:02}")
