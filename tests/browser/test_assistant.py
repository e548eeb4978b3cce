"""The assistant in browsers: a rep asks and books, without a language model and with one, and a colleague in English.

The language model is a server of the tests (tests/servers/model.py).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from domain.model import Sharing
from services import members, model
from services.outreach import leads
from services.outreach.leads import NewLead
from tests.browser.conftest import SCREENSHOTS, Film, Office, Seat, Sit
from tests.servers.model import Answer, Asked, Cut, Failure, Json, ModelServer, Text

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

TEAM, CHANNEL = "T01HOSHIMI", "C01ISTEAM0"
REP, REP_ENGLISH, MANAGER = "U01SATO001", "U01MILLER1", "U01KATO001"


@pytest.fixture
def film() -> Film:
    folder = SCREENSHOTS / "assistant"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return Film(folder)


@pytest.fixture
def installed(model_server: ModelServer) -> Mapping[str, Any]:
    """With a language model, which no team uses before a manager has said so."""
    return model_server.settings


async def test_rep_asks_and_books_in_the_pane_and_a_colleague_in_english(
    office: Office, sit: Sit, film: Film, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine takes its time between the model's sentences.
    monkeypatch.setattr("services.assistant.SECONDS", 120.0)
    deps = office.house.deps
    sato, manager = await members.who(deps, TEAM, REP), await members.who(deps, TEAM, MANAGER)
    assert sato is not None
    assert manager is not None
    (first, *_rest) = await leads.mine(deps, sato)
    new = NewLead(first.account_id, "予約 花子", title="部長", email="hanako@customer.example")
    lead_id = await leads.add(deps, sato, new, despite_duplicates=True)

    rep = await sit(REP, film, "ja", channel=CHANNEL)
    await rep.go_to_bot("messages")
    await rep.page.get_by_test_id("new-talk").click()
    prompts = rep.thread.get_by_test_id("assistant-prompt")
    await expect(prompts.first).to_contain_text("今日の架電リスト")
    await rep.snap("greeting")
    await prompts.first.click()
    await expect(rep.thread).to_contain_text("ツール: 架電リスト")
    await rep.snap("call-list")
    for question, answer, name in (
        ("先週の接続率、なぜ下がった？", "ツール: KPIの変化の要因", "why"),
        ("予約 花子さんの状況は？", "ツール: リード", "lead"),
        ("予約 花子さんを来週火曜14時に商談設定", "まだ何も変更していません", "card"),
    ):
        await ask(rep, question)
        await expect(rep.thread).to_contain_text(answer)
        await rep.snap(name)
    await newest(rep, "assistant.confirm").click()
    await expect(rep.thread).to_contain_text("商談を設定しました")
    await rep.snap("booked")
    assert model_server.requests == []

    # The model puts it into words, bit by bit; the figures are the tool's and lead to their rows.
    await model.set_rules(deps, manager, Sharing.MASKED, 100_000, recordings=False)
    model_server.answer = in_words
    await rep.page.get_by_test_id("new-talk").click()
    await expect(prompts.first).to_contain_text("今日の架電リスト")
    await ask(rep, "今週って電話どれくらいつながってる？")
    await expect(rep.thread).to_contain_text("今週の接続率は")
    await expect(rep.thread).not_to_contain_text("朝のうち")
    await rep.snap("model-begins-to-answer")
    await model_server.let_through()
    await expect(rep.thread).to_contain_text("朝のうち")
    await expect(rep.thread).to_contain_text("ツール: KPI")
    await expect(newest(rep, "kpi.why")).to_have_text("変化の要因")
    await rep.snap("model-answered")
    await newest(rep, "kpi.rows").click()
    await expect(rep.modal).to_be_visible()
    await rep.snap("rows-of-the-figure")
    await rep.close()

    # A write is shown, and done by a click.
    model_server.answer = lambda _: chosen("log_call", name="予約 花子", result="no_answer")
    await ask(rep, "予約 花子さんにかけたけど出なかった、つけておいて")
    await expect(newest(rep, "assistant.confirm")).to_be_visible()
    await rep.snap("model-would-log-a-call")
    assert (await leads.find(deps, sato, "予約 花子"))[0].last_called_at is None
    await newest(rep, "assistant.confirm").click()
    await expect(newest(rep, "assistant.confirm")).to_have_count(0)
    await expect(newest(rep, "call.undo")).to_be_visible()
    await rep.snap("call-is-logged")
    (line,) = await leads.find(deps, sato, "予約 花子")
    assert line.lead_id == lead_id
    assert line.last_called_at is not None

    # It is cut off in the middle of a sentence, and then it is away: the plain answer stands, and says so.
    model_server.answer = lambda asked: (
        chosen("kpis", kpi="dials", period="this_week") if asked.output else Cut(["架電は順調です。", "ただ、今"])
    )
    await ask(rep, "今週はどれくらいかけたかな？")
    without = rep.thread.get_by_text("AIを使わずに")
    await expect(without).to_have_count(1)
    await expect(rep.thread).not_to_contain_text("架電は順調です")
    await rep.snap("model-is-cut-off")
    model_server.answer = lambda _: Failure(500)
    await ask(rep, "今週の有効コンタクト率は？")
    await expect(without).to_have_count(2)
    await expect(rep.thread).to_contain_text("有効コンタクト率")
    await rep.snap("model-is-away")

    colleague = await sit(REP_ENGLISH, film, "en", channel=CHANNEL)
    await colleague.go_to_bot("messages")
    for question, answer, name in (
        ("What can you do?", "Tool: What I can do", "english-help"),
        ("Who set the most meetings this month?", "Tool: Ranking of reps", "english-ranking"),
        ("Are we on track this month?", "Tool: Landing of the month", "english-landing"),
    ):
        await colleague.say(question)
        await expect(colleague.message(answer)).to_be_visible()
        await colleague.snap(name)


async def ask(rep: Seat, question: str) -> None:
    """In the thread."""
    field = rep.thread.get_by_test_id("composer")
    await field.fill(question)
    await field.press("Enter")
    await expect(field).to_have_value("")


def newest(rep: Seat, action_id: str) -> Locator:
    """The newest button of this kind in the thread."""
    return rep.thread.locator(f'[data-action-id^="{action_id}"]').last


def chosen(tool: str, **arguments: str) -> Answer:
    """That a tool is to answer."""
    return Json({"calls": [{"tool": tool, "arguments": [{"name": k, "value": v} for k, v in arguments.items()]}]})


def in_words(asked: Asked) -> Answer:
    """The connect rate of this week, from what the tool found; after the first sentence it hesitates."""
    if asked.output:
        return chosen("kpis", kpi="connect_rate", period="this_week")
    found = re.search(r"\d+\.\d%", asked.input)
    assert found, asked.input
    pieces = ["今週の接続率は", f"{found[0]}", "でした。", "朝のうちに", "かけるのがよさそうです。"]
    return Text("", pieces=pieces, holds=3)
