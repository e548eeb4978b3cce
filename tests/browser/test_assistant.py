"""The assistant in browsers: a rep asks and books, an English-speaking colleague asks for figures."""

from __future__ import annotations

import shutil

import pytest
from playwright.async_api import expect

from services import members
from services.outreach import leads
from services.outreach.leads import NewLead
from tests.browser.conftest import SCREENSHOTS, Film, Office, Sit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

TEAM, CHANNEL = "T01HOSHIMI", "C01ISTEAM0"
REP, REP_ENGLISH = "U01SATO001", "U01MILLER1"


@pytest.fixture
def film() -> Film:
    folder = SCREENSHOTS / "assistant"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return Film(folder)


async def test_rep_asks_and_books_in_the_pane_and_a_colleague_in_english(office: Office, sit: Sit, film: Film) -> None:
    deps = office.house.deps
    sato = await members.who(deps, TEAM, REP)
    assert sato is not None
    (first, *_rest) = await leads.mine(deps, sato)
    new = NewLead(first.account_id, "予約 花子", title="部長", email="hanako@customer.example")
    await leads.add(deps, sato, new, despite_duplicates=True)

    rep = await sit(REP, film, "ja", channel=CHANNEL)
    await rep.go_to_bot("messages")
    await rep.page.get_by_test_id("new-talk").click()
    prompts = rep.thread.get_by_test_id("assistant-prompt")
    await expect(prompts.first).to_contain_text("今日の架電リスト")
    await rep.snap("greeting")
    await prompts.first.click()
    await expect(rep.thread).to_contain_text("ツール: 架電リスト")
    await rep.snap("call-list")
    field = rep.thread.get_by_test_id("composer")
    for question, answer, name in (
        ("先週の接続率、なぜ下がった？", "ツール: KPIの変化の要因", "why"),
        ("予約 花子さんの状況は？", "ツール: リード", "lead"),
        ("予約 花子さんを来週火曜14時に商談設定", "まだ何も変更していません", "card"),
    ):
        await field.fill(question)
        await field.press("Enter")
        await expect(rep.thread).to_contain_text(answer)
        await rep.snap(name)
    await rep.thread.locator('[data-action-id="assistant.confirm"]').last.click()
    await expect(rep.thread).to_contain_text("商談を設定しました")
    await rep.snap("booked")

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
