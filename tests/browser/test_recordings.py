"""A call becomes a record in the hands of a rep: dropped, listened to, decided about, qualified, handed off.

The language model is a server of the tests (tests/servers/model.py). What it claims beyond what was said is left out.
"""

from __future__ import annotations

import io
import math
import shutil
import struct
import wave
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from bot.workspace.team import EXAMPLE
from domain.leads import OPEN_STAGES, Stage
from domain.model import Sharing
from services import members, model
from services.outreach import leads
from services.outreach.records import LeadLine
from tests.browser.conftest import SCREENSHOTS, Film, Office, Seat, Sit
from tests.servers.model import Answer, Asked, Failure, Json, ModelServer, Spoken, Vectors, vector

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
TEAM, HANDOFFS = "C01ISTEAM0", "C01HANDOFF"
REP, FIELD, MANAGER, REP_ENGLISH = "U01SATO001", "U01TANAKA1", "U01KATO001", "U01MILLER1"

OURS, THEIRS = "B", "A"
SAID = (
    (OURS, "お世話になっております。ほしみテクノロジーの佐藤と申します。資料のご請求をいただき、お電話いたしました。"),
    (THEIRS, "ありがとうございます。月末の集計に三日かかっていて、残業が増えているんです。"),
    (OURS, "ご予算はもうお決まりでしょうか。"),
    (THEIRS, "今期の予算として500万円を確保しています。"),
    (OURS, "お決めになるのはどなたでしょうか。"),
    (THEIRS, "最終的な決裁は部長の高橋が行います。"),
    (OURS, "いつごろからお使いになりたいですか。"),
    (THEIRS, "9月からは使い始めたいですね。ただ、移行で業務が止まるのが心配です。"),
    (OURS, "かしこまりました。来週、御見積書をお送りします。"),
    (THEIRS, "お願いします。社内で検討して、再来週にご連絡します。"),
)
"""The call, ten seconds each; whose voice is whose nobody told."""

NOTE = (
    ("pain", "月末の集計に時間がかかり、残業が増えている", "月末の集計に三日かかっていて、残業が増えているんです"),
    ("need", "9月から使い始めたい", "9月からは使い始めたいですね"),
    ("objection", "移行中に業務が止まらないか心配している", "移行で業務が止まるのが心配です"),
    ("promise", "来週、見積書を送る", "来週、御見積書をお送りします"),
    ("next_step", "社内で検討し、再来週に先方から連絡をもらう", "社内で検討して、再来週にご連絡します"),
    # A figure that nobody said.
    ("need", "集計の時間を80%減らしたい", "月末の集計に三日かかっていて、残業が増えているんです"),
)
BANT = (
    ("budget.amount_yen", "500万円", "今期の予算として500万円を確保しています"),
    ("authority.decision_maker", "部長の高橋", "最終的な決裁は部長の高橋が行います"),
    ("timeline.start_on", "9月", "9月からは使い始めたいですね"),
    ("need.urgency", "high", "残業が増えているんです"),
    # A quote that nobody said, and another figure than was said.
    ("authority.process", "稟議", "社内の稟議で決めることになっています"),
    ("budget.amount_yen", "800万円", "今期の予算として500万円を確保しています"),
)
LEFT_OUT = 3
SUMMARY = (
    ("月末の集計に時間がかかり、残業が増えています。", ("お客様 0:10", [1])),
    ("9月から使い始めたいとのことです。", ("お客様 1:10", [2])),
    ("移行中に業務が止まらないかを心配されています。", ("お客様 1:10", [3])),
    ("来週、見積書を送ります。", ("自社 1:20", [4])),
    # A sentence without a source.
    ("導入には前向きです。", ("", [])),
)
"""Sentences for field sales, the source that is shown with each, and the items of the note that it rests on."""

CALL_IN_ENGLISH = (
    ("ours", "Hello, this is Emily calling about the brochure that you asked for."),
    ("theirs", "Thanks. Closing the books takes us three days every month, and that is a real problem."),
    ("ours", "Do you have a budget for this already?"),
    ("theirs", "We have a budget of 5 million yen approved for this year."),
    ("ours", "Great. I will send you a quote next week."),
)


@pytest.fixture
def installed(model_server: ModelServer) -> Mapping[str, Any]:
    """With a language model."""
    return model_server.settings


def answered(asked: Asked) -> Answer:
    """What the model's server says; the recording it keeps listening to until it is let go."""
    if asked.path.endswith("/transcriptions"):
        assert asked.sound == sound()
        return Spoken([(10.0 * n, 10.0 * n + 9, who, said) for n, (who, said) in enumerate(SAID)], 100.0, holds=True)
    match asked.output:
        case "MeetingNote":
            lines = [{"kind": kind, "text": text, "quote": said, "utterance": 0} for kind, text, said in NOTE]
            return Json({"lines": lines}, holds=0)
        case "BantReading":
            found = [
                {"field": field, "value": value, "quote": said, "utterance": 0, "certain": True}
                for field, value, said in BANT
            ]
            return Json({"lines": found})
        case "HandoffSummary":
            return Json({"lines": [{"text": text, "sources": sources} for text, (_, sources) in SUMMARY]})
    return Vectors([vector(text) for text in asked.body["input"]])


def sound() -> bytes:
    """A second of a tone."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        tone = (round(8000 * math.sin(2 * math.pi * 440 * at / 8000)) for at in range(8000))
        written.writeframes(b"".join(struct.pack("<h", each) for each in tone))
    return file.getvalue()


def vtt(names: Mapping[str, str]) -> bytes:
    """The English call as Teams saves it, five seconds each."""
    cues = [
        f"00:00:{5 * n:02}.000 --> 00:00:{5 * n + 4:02}.000\n<v {names[side]}>{text}</v>\n"
        for n, (side, text) in enumerate(CALL_IN_ENGLISH)
    ]
    return ("WEBVTT\n\n" + "\n".join(cues)).encode()


async def test_dropped_recording_is_handed_off_with_what_was_said(
    office: Office, sit: Sit, model_server: ModelServer
) -> None:
    folder = SCREENSHOTS / "recordings"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    film = Film(folder)
    manager = await members.who(office.house.deps, EXAMPLE.id, MANAGER)
    assert manager is not None
    await model.set_rules(office.house.deps, manager, Sharing.MASKED, 100_000, recordings=True)
    model_server.answer = answered
    lead = await own_lead(office, REP)
    rep = await sit(REP, film, "ja", channel=TEAM)
    await drop(rep, f"{lead.account}_{lead.contact}.wav", sound())
    await expect(rep.thread).to_contain_text(lead.contact)
    await rep.snap("whose-call-is-it")

    # What is being done is seen while it is.
    await button(rep, "recording.confirm").click()
    await expect(rep.thread).to_contain_text("⏳ 文字起こし")
    await rep.snap("listening")
    await model_server.let_through()
    await expect(rep.thread).to_contain_text("⏳ 整理")
    model_server.release()
    await expect(rep.thread).to_contain_text("✅ 完了")

    record = rep.thread.locator("[data-ts]").filter(has_text="通話の記録")
    for _, text, said in NOTE[:-1]:
        await expect(record).to_contain_text(text)
        await expect(record).to_contain_text(said)
    await expect(record).to_contain_text(f"{LEFT_OUT}件")
    await expect(record).not_to_contain_text("80%")
    await rep.snap("record-of-the-call", whole=True)
    # Names went there as placeholders.
    (asked,) = [asked for asked in model_server.requests if asked.output == "MeetingNote"]
    assert "佐藤" not in asked.input

    waiting = rep.thread.locator('[data-action-id="proposal.accept"]')
    await expect(waiting).to_have_count(len(BANT) - 2)
    await expect(rep.thread).not_to_contain_text("800万円")
    await expect(rep.thread).not_to_contain_text("稟議")
    await rep.snap("proposals-wait")
    # The amount and who decides are so, the hurry is not, the day is another.
    for left in (3, 2):
        await waiting.first.click()
        await expect(waiting).to_have_count(left)
    await rep.thread.locator('[data-action-id="proposal.reject"]').last.click()
    await expect(rep.thread).to_contain_text("🚫")
    await rep.thread.locator('[data-action-id="proposal.edit"]').nth(2).click()
    await expect(rep.field("value")).to_have_value("2026-09-01")
    await rep.fill(value="2026-08-24")
    await rep.snap("proposal-is-changed")
    await rep.submit()
    await expect(rep.thread).to_contain_text("すべて")
    await rep.snap("proposals-decided")

    await rep.say(f"/lead qualify {lead.contact}")
    await rep.choose(lead=str(lead.lead_id))
    await expect(rep.field("budget_amount")).to_have_value("500")
    await expect(rep.field("authority_decision_maker")).to_have_value("部長の高橋")
    await expect(rep.field("timeline_start")).to_have_value("2026-08-24")
    await expect(rep.modal).to_contain_text("📞")
    told = await rep.field("summary").input_value()
    assert told.splitlines() == [f"・{text}（{where}）" for text, (where, _) in SUMMARY[:-1]]
    await rep.snap("qualification-filled-in-from-the-call", whole=True)
    await rep.choose(need_status="confirmed", pain="yes", intent="yes")
    await rep.submit()
    await expect(rep.modal).to_contain_text("フィールドセールスに引き継げます")
    await rep.submit()
    await expect(rep.field("call_summary")).to_have_value(told)
    await rep.fill(background="資料請求から。", worries="移行で業務が止まること。")
    await rep.snap("handoff-with-sources", whole=True)
    await rep.submit()
    await expect(rep.modal).to_contain_text("引き継ぎました")

    field = await sit(FIELD, film, "ja", channel=HANDOFFS)
    post = field.message(lead.contact)
    for sentence in told.splitlines():
        await expect(post).to_contain_text(sentence)
    await field.snap("field-sales-reads-it", whole=True)
    # And hears the customer's own words, from the lead's card.
    await post.locator('[data-action-id="lead.show"]').click()
    await field.page.locator('[data-action-id^="recording.show"]').click()
    await expect(field.message("通話の記録")).to_contain_text(NOTE[0][2])
    await field.snap("field-sales-reads-the-record", whole=True)

    # The model goes away: a colleague's call becomes a plainer record, which says so.
    model_server.answer = lambda _: Failure(400)
    own = await own_lead(office, REP_ENGLISH)
    colleague = await sit(REP_ENGLISH, film, "en", channel=TEAM)
    await drop(colleague, f"{own.account}_{own.contact}.vtt", vtt({"ours": "Emily Miller", "theirs": own.contact}))
    await button(colleague, "recording.confirm").click()
    await expect(colleague.thread).to_contain_text("✅ Done")
    await expect(colleague.thread).to_contain_text("Made without the language model")
    await expect(button(colleague, "proposal.accept")).to_be_visible()
    await colleague.snap("english-without-the-model", whole=True)


async def own_lead(office: Office, user: str) -> LeadLine:
    """One of a rep's own that can be qualified."""
    actor = await members.who(office.house.deps, EXAMPLE.id, user)
    assert actor is not None
    own = await leads.mine(office.house.deps, actor)
    return next(line for line in own if line.stage in OPEN_STAGES and line.stage is not Stage.SALES_QUALIFIED)


async def drop(rep: Seat, name: str, content: bytes) -> None:
    """Drops a file into the bot's messages and opens its thread, where the card stands."""
    await rep.go_to_bot("messages")
    await rep.drop(name, content)
    await rep.page.get_by_test_id("conversation").locator(".kk-thread-link").last.click()
    await expect(button(rep, "recording.confirm")).to_be_visible()


def button(rep: Seat, action_id: str) -> Locator:
    """The newest of these in the thread."""
    return rep.thread.locator(f'[data-action-id="{action_id}"]').last
