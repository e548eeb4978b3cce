"""What the workspace accepts from an app the page shows, and what it shows can be used: messages, homes, live text."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.workspace_page import every_block as all_of
from tests.browser.workspace_page.conftest import GENERAL, SATO, TANAKA, Sit
from tests.browser.workspace_page.small_app import SmallApp

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

Json = dict[str, Any]


def listen(app: SmallApp) -> None:
    """Records every action of the gallery."""
    app.app.action(re.compile(r"^e\."))(app._acted)
    app.app.options(re.compile(r"^e\."))(_suggest)


async def _suggest(ack: Any, payload: Json) -> None:
    await ack(options=[{"text": {"type": "plain_text", "text": f"{payload['value']}物流"}, "value": "found"}])


async def test_every_newer_block_is_drawn_and_its_buttons_reach_the_app(sit: Sit, app: SmallApp) -> None:
    listen(app)
    blocks = all_of.newer(f"{app.workspace.page_url}page/static/icon.svg")
    posted = await app.client.chat_postMessage(channel=GENERAL, text="新しい種類", blocks=blocks)
    desk = await sit(SATO)
    message = desk.page.locator(f'[data-ts="{posted["ts"]}"]')
    await expect(message).to_be_visible()
    words = (await message.inner_text()).replace("\n", " ")
    for phrase in (
        "一号倉庫", "三号倉庫", "大阪府 ・ 陸運業", "引き継ぎの準備",
        "議事録を読む", "3件の会話", "予定表に届きません", "要約を書く", "製品の紹介", "3分でわかる", "EXT-42",
        "太字", "入口", "@佐藤 美咲", "#general", "@S01SALES01", "@here", "🧪", "#2f5fd0", "2026年1月1日（木）",
        "引いた言葉", "x = 1", "a. 甲", "b. 乙", "1,200",
    ):  # fmt: skip
        assert phrase in words.replace("a.  ", "a. "), phrase
    assert "表示できません" not in words
    await expect(message.locator(".kk-task-complete")).to_have_count(1)
    await expect(message.get_by_role("img", name="一号倉庫の外観")).to_be_visible()
    await expect(message.locator('a[href="https://example.com/minutes"]')).to_have_text("議事録")
    await expect(message.get_by_text("ほかの人だけ")).to_have_count(0)
    for name in ("card.一号倉庫", "pass.三号倉庫"):
        await message.locator(f'[data-action-id="e.{name}"]').click()
        assert (await app.until(f"e.{name}"))["value"] == name
    await message.get_by_role("button", name="いまひとつ").click()
    assert (await app.until("e.feedback"))["value"] == "bad"
    await message.get_by_role("button", name="消す").click()
    assert (await app.until("e.trash"))["value"] == "gone"


async def _set_everything(place: Locator, app: SmallApp) -> None:
    """Sets every element of the gallery inside `place` and asserts what the app is told."""

    def element(name: str) -> Locator:
        return place.locator(f'[data-action-id="e.{name}"]')

    async def choose(name: str, typed: str) -> Json:
        await element(name).fill(typed)
        await place.page.get_by_role("option").filter(has_text=typed).first.click()
        return dict(await app.until(f"e.{name}"))

    assert (await choose("static", "架電済み"))["selected_option"]["value"] == "called"
    assert [each["value"] for each in (await choose("statics", "受注"))["selected_options"]] == ["won"]
    await place.page.keyboard.press("Escape")
    assert (await choose("external", "ほしみ"))["selected_option"]["value"] == "found"
    assert [each["value"] for each in (await choose("externals", "とよた"))["selected_options"]] == ["found"]
    await place.page.keyboard.press("Escape")
    assert (await choose("user", "田中 大輔"))["selected_user"] == TANAKA
    assert (await choose("users", "田中 大輔"))["selected_users"] == [TANAKA]
    await place.page.keyboard.press("Escape")
    await element("talk").click()
    assert await place.page.get_by_role("option").all_inner_texts() == ["田中 大輔"], (
        "direct messages with people alone"
    )
    await place.page.keyboard.press("Enter")
    assert (await app.until("e.talk"))["selected_conversation"].startswith("D")
    assert (await choose("talks", "#general"))["selected_conversations"] == [GENERAL]
    await place.page.keyboard.press("Escape")
    assert (await choose("channel", "#general"))["selected_channel"] == GENERAL
    assert (await choose("channels", "#general"))["selected_channels"] == [GENERAL]
    await place.page.keyboard.press("Escape")
    for name, typed, key in (
        ("date", "2026-12-01", "selected_date"),
        ("time", "09:30", "selected_time"),
    ):
        await element(name).fill(typed)
        assert (await app.until(f"e.{name}"))[key] == typed
    await element("checks").first.check()
    assert [each["value"] for each in (await app.until("e.checks"))["selected_options"]] == ["yes"]
    await element("radio").last.check()
    assert (await app.until("e.radio"))["selected_option"]["value"] == "no"
    await element("menu").click()
    await place.page.get_by_role("menuitem", name="開く").click()
    assert (await app.until("e.menu"))["selected_option"]["value"] == "open"
    await element("plain").click()
    assert (await app.until("e.plain"))["value"] == "plain"
    await element("line").fill("終わり")
    await element("line").press("Enter")
    assert (await app.until("e.line"))["value"] == "終わり"
    await element("letters").press("End")
    await element("letters").press_sequentially("だ")
    assert (await app.until("e.letters"))["value"] == "はじめだ"


async def test_every_element_of_a_message_and_of_a_home_can_be_set_and_reaches_the_app(sit: Sit, app: SmallApp) -> None:
    listen(app)
    await app.workspace.person(SATO).open_dm(TANAKA)
    blocks = all_of.settable(f"{app.workspace.page_url}page/static/icon.svg")
    posted = await app.client.chat_postMessage(channel=GENERAL, text="要素", blocks=[*blocks, *all_of.MESSAGE_ONLY])
    desk = await sit(SATO)
    message = desk.page.locator(f'[data-ts="{posted["ts"]}"]')
    await expect(message.get_by_role("img", name="小さな絵")).to_be_visible()
    await _set_everything(message, app)
    await message.locator('[data-action-id="e.moment"]').fill("2026-12-01T10:00")
    assert (await app.until("e.moment"))["selected_date_time"] == 1796086800
    app.done.clear()

    await desk.page.locator("[data-app]").click()
    await expect(desk.page.get_by_test_id("home")).to_contain_text("今日の架電")
    await app.client.views_publish(user_id=SATO, view={"type": "home", "blocks": [*blocks, *all_of.HOME_ONLY]})
    home = desk.page.get_by_test_id("home")
    await expect(home.get_by_role("img", name="小さな絵")).to_be_visible()
    await _set_everything(home, app)
    await home.locator('[data-action-id="e.story"]').fill("ここにも書ける")


async def test_choice_that_is_not_confirmed_is_taken_back_and_the_app_hears_nothing(sit: Sit, app: SmallApp) -> None:
    listen(app)
    plain = {"type": "plain_text", "text": "本当に?"}
    asking = {"confirm": {"title": plain, "text": plain, "confirm": plain, "deny": plain}}
    elements = [
        {**all_of.SELECTS["static"], "action_id": "e.static", "initial_option": all_of.STAGES[0], **asking},
        {"type": "datepicker", "action_id": "e.date", "initial_date": "2026-06-01", **asking},
        {**all_of.TICKS["checks"], "action_id": "e.checks", **asking},
    ]
    many = [{"text": {"type": "plain_text", "text": f"{n:03d}番"}, "value": str(n)} for n in range(100)]
    groups = [{"label": {"type": "plain_text", "text": f"組 {n}"}, "options": many} for n in range(3)]
    elements.append(
        {"type": "multi_static_select", "action_id": "e.many", "option_groups": groups, "max_selected_items": 1}
    )
    blocks = [{"type": "actions", "elements": elements}]
    posted = await app.client.chat_postMessage(channel=GENERAL, text="確認", blocks=blocks)
    desk = await sit(SATO)
    message, question = desk.page.locator(f'[data-ts="{posted["ts"]}"]'), desk.page.get_by_role("alertdialog")
    select, date, check = (
        message.locator(f'[data-action-id="e.{name}"]').first for name in ("static", "date", "checks")
    )

    async def change() -> None:
        await select.click()
        await desk.page.get_by_role("option", name="受注").click()

    await change()
    await question.get_by_test_id("confirm-deny").click()
    await expect(select).to_have_value("新規")
    await date.fill("2026-12-01")
    await expect(question).to_be_visible()
    await desk.page.keyboard.press("Escape")
    await expect(date).to_have_value("2026-06-01")
    await check.check()
    await question.get_by_test_id("confirm-deny").click()
    await expect(check).not_to_be_checked()
    assert app.done == []
    await change()
    await question.get_by_test_id("confirm-accept").click()
    assert (await app.until("e.static"))["selected_option"]["value"] == "won"
    await expect(select).to_have_value("🏆 受注")

    # A long list is drawn in part and found by typing; what is full says so.
    long = message.locator('[data-action-id="e.many"]')
    await long.click()
    await expect(desk.page.get_by_role("option")).to_have_count(200)
    await expect(desk.page.get_by_role("status").filter(has_text="ほかに100件")).to_be_visible()
    await long.fill("099")
    await desk.page.get_by_role("option").last.click()
    await expect(desk.page.get_by_role("status").filter(has_text="選べるのは1個まで")).to_be_visible()
    assert [each["value"] for each in (await app.until("e.many"))["selected_options"]] == ["99"]


async def test_message_grows_before_ones_eyes_while_the_app_writes_it(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.say("要約してください")
    await expect(desk.page.get_by_test_id("messages").get_by_text("要約してください")).to_be_visible()
    asked = app.workspace.workspace.conversations[GENERAL].timeline[-1]
    started = await app.client.chat_startStream(
        channel=GENERAL,
        thread_ts=asked,
        recipient_user_id=SATO,
        recipient_team_id=app.workspace.workspace.team.id,
        markdown_text="**要点** は",
    )
    await desk.page.get_by_role("button", name="1件の返信").click()
    thread = desk.page.get_by_test_id("thread")
    written = thread.locator(f'[data-ts="{started["ts"]}"]')
    await expect(written).to_have_text(re.compile("要点 は"))
    await expect(written).to_have_class(re.compile("kk-streaming"))
    # The element itself stays: what one reads is not taken away and put back at every word.
    await written.evaluate("message => { message.dataset.same = 'yes'; }")
    await app.client.chat_appendStream(channel=GENERAL, ts=started["ts"], markdown_text=" 三つ")
    await expect(written).to_contain_text("要点 は 三つ")
    await expect(written).to_have_attribute("data-same", "yes")
    await app.client.chat_stopStream(channel=GENERAL, ts=started["ts"], markdown_text=" です。")
    await expect(written).to_contain_text("要点 は 三つ です。")
    await expect(written).not_to_have_class(re.compile("kk-streaming"))


async def test_thread_with_the_app_offers_prompts_and_says_that_it_is_at_work(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.page.locator("[data-app]").click()
    await desk.page.get_by_test_id("new-talk").click()
    thread = desk.page.get_by_test_id("thread")
    await expect(thread.locator("[data-ts]").first).to_contain_text("はじめの相談")
    bar = thread.get_by_test_id("assistant")
    await expect(bar).to_contain_text("たとえば")
    await bar.get_by_role("button", name="今日の予定").click()
    said = await app.until("message")
    assert said["text"] == "今日の予定を教えて"
    await expect(thread.locator("[data-ts]").filter(has_text="今日の予定を教えて")).to_be_visible()
    await expect(bar.get_by_role("button")).to_have_count(0)
    where = {"channel_id": said["channel"], "thread_ts": said["thread_ts"]}
    await app.client.assistant_threads_setStatus(**where, status="が考えています…")
    await expect(thread.get_by_test_id("assistant-status")).to_have_text("Kakehashi が考えています…")
    await app.client.chat_postMessage(channel=said["channel"], thread_ts=said["thread_ts"], text="10時に架電です")
    await expect(thread.locator("[data-ts]").filter(has_text="10時に架電です")).to_be_visible()
    await expect(bar).to_be_hidden()


async def test_bookmarks_pins_and_groups_of_people_are_shown(sit: Sit, app: SmallApp) -> None:
    group = await app.client.conversations_open(users=f"{SATO},{TANAKA}")
    await app.client.chat_postMessage(channel=group["channel"]["id"], text="三人の話")
    desk = await sit(SATO)
    await expect(desk.page.get_by_test_id("bookmarks")).to_be_hidden()
    added = await app.client.bookmarks_add(
        channel_id=GENERAL, title="案件の一覧", type="link", link="https://example.com/"
    )
    bar = desk.page.get_by_test_id("bookmarks")
    await expect(bar.get_by_role("link", name="案件の一覧")).to_have_attribute("href", "https://example.com/")
    await app.client.bookmarks_remove(channel_id=GENERAL, bookmark_id=added["bookmark"]["id"])
    await expect(bar).to_be_hidden()
    posted = await app.client.chat_postMessage(channel=GENERAL, text="大切なこと")
    await app.client.pins_add(channel=GENERAL, timestamp=posted["ts"])
    await expect(desk.message("大切なこと").get_by_test_id("pinned")).to_have_text("ピン留めされています")
    row = desk.page.locator(f'[data-channel="{group["channel"]["id"]}"]')
    await expect(row).to_contain_text("田中 大輔")
    await row.click()
    await expect(desk.message("三人の話")).to_be_visible()


async def test_rich_text_is_edited_with_its_lists_mentions_and_marks_kept(sit: Sit, app: SmallApp) -> None:
    start: Json = {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [{"type": "text", "text": "担当 "}, {"type": "user", "user_id": TANAKA}],
            },
            {
                "type": "rich_text_list",
                "style": "ordered",
                "indent": 0,
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "現場を見る"}]}],
            },
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "急ぎたい"}]},
        ],
    }
    story = {"type": "rich_text_input", "action_id": "value", "initial_value": start}
    block = {"type": "input", "block_id": "story", "label": {"type": "plain_text", "text": "背景"}, "element": story}

    @app.app.command("/learn")
    async def learn(ack: Any, command: Json) -> None:
        await ack()
        await app.client.views_open(
            trigger_id=command["trigger_id"],
            view={
                "type": "modal",
                "callback_id": "flow",
                "title": {"type": "plain_text", "text": "背景"},
                "submit": {"type": "plain_text", "text": "保存"},
                "blocks": [*all_of.ALERTS, block],
            },
        )

    desk = await sit(SATO)
    await desk.say("/learn")
    for notice in ("期限 が近い案件があります", "お知らせがあります"):
        await expect(desk.modal.get_by_role("note").filter(has_text=notice)).to_be_visible()
    field = desk.field("story")
    await expect(field.locator("ol li")).to_have_text("現場を見る")
    await expect(field).to_be_focused()
    await desk.page.keyboard.press("Control+End")
    await desk.page.keyboard.type(" と言われた https://example.com/x ")
    await desk.modal.get_by_test_id("modal-submit").click()
    await expect(desk.modal).to_have_count(0)
    told = (await app.until("flow"))["story"]["value"]["rich_text_value"]["elements"]
    assert told[:2] == start["elements"][:2]
    assert told[2]["type"] == "rich_text_quote"
    assert [each["type"] for each in told[2]["elements"]] == ["text", "link", "text"]
    assert told[2]["elements"][0]["text"] == "急ぎたい と言われた "
