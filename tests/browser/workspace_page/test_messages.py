"""Reading and writing messages on the page, as a person in a browser does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import expect

from bot.workspace.server import RunningWorkspace, running
from tests.browser.workspace_page.conftest import CARTER, GENERAL, SATO, TANAKA, Sit
from tests.browser.workspace_page.small_app import MANIFEST, SmallApp, companies_csv

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_message_of_one_person_appears_at_once_for_another(sit: Sit) -> None:
    sato, tanaka = await sit(SATO), await sit(TANAKA)
    await sato.say("商談の資料を共有します")
    await expect(tanaka.message("商談の資料を共有します")).to_be_visible()
    await expect(sato.composer).to_have_value("")


async def test_composer_has_focus_when_a_channel_opens(sit: Sit) -> None:
    desk = await sit(SATO)
    await expect(desk.composer).to_be_focused()
    await desk.page.locator('[data-channel="C01GENERAL"]').click()
    await expect(desk.composer).to_be_focused()


async def test_unread_mark_and_mention_badge_go_when_the_channel_is_opened(
    sit: Sit, workspace: RunningWorkspace
) -> None:
    desk = await sit(TANAKA, query="&channel=D")
    handoff = next(each for each in workspace.workspace.team.channels if each.name == "fs-handoff")
    await workspace.person(CARTER).message(handoff.id, "@tanaka 確認をお願いします")
    row = desk.page.locator(f'[data-channel="{handoff.id}"]')
    await expect(row).to_have_attribute("data-unread", "1")
    await expect(row.get_by_test_id("mentions")).to_have_text("1")
    await row.click()
    await expect(row).to_have_attribute("data-unread", "0")
    await expect(desk.page.get_by_test_id("channel-name")).to_contain_text("fs-handoff")


async def test_messages_of_one_author_are_grouped_under_one_name(sit: Sit) -> None:
    desk = await sit(SATO)
    await desk.say("一つ目")
    await expect(desk.message("一つ目")).to_be_visible()
    await desk.say("二つ目")
    await expect(desk.message("二つ目")).to_be_visible()
    await expect(desk.page.locator(".kk-author")).to_have_count(1)


async def test_enter_that_ends_a_japanese_composition_does_not_send(sit: Sit) -> None:
    desk = await sit(SATO)
    await desk.composer.fill("とうきょう")
    await desk.composer.evaluate(
        "field => field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    )
    await desk.composer.evaluate(
        "field => field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', keyCode: 229, bubbles: true}))"
    )
    await expect(desk.composer).to_have_value("とうきょう")
    await desk.composer.press("Enter")
    await expect(desk.message("とうきょう")).to_have_count(1)


async def test_shift_enter_breaks_the_line_and_enter_sends_both_lines(sit: Sit) -> None:
    desk = await sit(SATO)
    await desk.composer.press_sequentially("上の行")
    await desk.composer.press("Shift+Enter")
    await desk.composer.press_sequentially("下の行")
    await expect(desk.composer).to_have_value("上の行\n下の行")
    await desk.composer.press("Enter")
    await expect(desk.message("上の行").filter(has_text="下の行")).to_be_visible()


async def test_half_a_command_is_completed_with_arrows_and_tab(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.composer.press_sequentially("/le")
    options = desk.page.get_by_role("option")
    await expect(options).to_have_count(2)
    await expect(options.first).to_contain_text("add | find | qualify")
    await expect(options.first).to_contain_text("リードを追加・検索・判定します")
    await desk.composer.press("ArrowDown")
    await desk.composer.press("ArrowUp")
    await desk.composer.press("Tab")
    await expect(desk.composer).to_have_value("/lead ")
    await desk.composer.press_sequentially("find 豊田")
    await desk.composer.press("Enter")
    assert await app.until("command") == "find 豊田"


async def test_answer_to_a_command_is_marked_as_seen_by_me_alone(sit: Sit, app: SmallApp) -> None:
    sato, tanaka = await sit(SATO), await sit(TANAKA)
    await sato.say("/lead add")
    answer = sato.message("受け付けました")
    await expect(answer).to_have_attribute("data-ephemeral", "true")
    await expect(answer.get_by_test_id("only-you")).to_have_text("あなただけに表示されています")
    await sato.say("これは皆に見える")
    await expect(tanaka.message("これは皆に見える")).to_be_visible()
    await expect(tanaka.message("受け付けました")).to_have_count(0)


async def test_unknown_command_says_so_and_is_not_posted(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.say("/nonsense")
    await expect(desk.message("is not a valid command")).to_have_attribute("data-ephemeral", "true")


async def test_chosen_mention_reaches_the_app_as_an_id(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.composer.press_sequentially("@kake")
    await desk.page.get_by_role("option").filter(has_text="Kakehashi").click()
    await desk.composer.press_sequentially("使い方を教えて")
    await desk.composer.press("Enter")
    assert await app.until("mention") == f"<@{app.workspace.workspace.bot_user}> 使い方を教えて"


async def test_every_block_of_a_message_is_drawn(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.say("/card")
    card = desk.page.locator("[data-ts]", has=desk.page.locator("[data-action-id=accept]"))
    await expect(card.get_by_role("heading", name="株式会社ほしみ物流")).to_be_visible()
    await expect(card.locator("blockquote")).to_have_text("3か月以内に倉庫の在庫管理を入れ替えたい")
    await expect(card.locator('a[href="https://example.com"]')).to_have_text("資料")
    await expect(card.locator('a[href="tel:0312345678"]')).to_have_text("03-1234-5678")
    await expect(card.locator(".kk-mention-me")).to_have_text("@佐藤 美咲")
    await expect(card.locator(".kk-field")).to_have_count(4)
    await expect(card.locator("table td").last).to_have_text("34")
    await expect(card.get_by_role("listitem")).to_have_count(2)
    await expect(card.locator("hr")).to_have_count(1)
    await expect(card.get_by_role("heading", name="要約")).to_be_visible()
    picture = card.get_by_role("img", name="グラフ")
    await expect(picture).to_be_visible()
    await desk.page.wait_for_function("document.querySelector('[alt=グラフ]').naturalWidth > 0")
    await expect(card.locator(".kk-context")).to_contain_text("2026年1月1日 9:00")
    await expect(card.locator(".kk-badge")).to_have_text("アプリ")


async def test_button_press_reaches_the_app_and_the_message_changes_in_place(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.say("/card")
    await desk.page.locator("[data-action-id=accept]").click()
    await app.until("accept")
    await expect(desk.page.locator("[data-action-id=accept]")).to_have_count(0)
    await expect(desk.page.get_by_role("heading", name="株式会社ほしみ物流")).to_be_visible()


async def test_edited_text_is_replaced_in_place_and_marked(sit: Sit, app: SmallApp) -> None:
    posted = await app.client.chat_postMessage(channel=GENERAL, text="はじめの文")
    desk = await sit(SATO)
    await expect(desk.message("はじめの文")).to_be_visible()
    await app.client.chat_update(channel=GENERAL, ts=posted["ts"], text="直した文")
    changed = desk.page.locator(f'[data-ts="{posted["ts"]}"]')
    await expect(changed).to_contain_text("直した文")
    await expect(changed.locator(".kk-edited")).to_have_text("（編集済み）")
    await app.client.chat_delete(channel=GENERAL, ts=posted["ts"])
    await expect(changed).to_have_count(0)


async def test_dangerous_button_asks_first_and_does_nothing_on_no(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.say("/card")
    await desk.page.locator("[data-action-id=return]").click()
    question = desk.page.get_by_role("alertdialog", name="差し戻しますか")
    await expect(question).to_contain_text("理由をあとで書けます。")
    await question.get_by_test_id("confirm-deny").click()
    await expect(question).to_have_count(0)
    assert "return" not in [kind for kind, _ in app.done]
    await desk.page.locator("[data-action-id=return]").click()
    await question.get_by_test_id("confirm-accept").click()
    await app.until("return")


async def test_select_date_and_overflow_in_a_message_send_their_values(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.say("/card")
    await desk.page.locator("[data-action-id=stage]").click()
    await desk.page.get_by_role("option", name="架電済み").click()
    assert (await app.until("stage"))["selected_option"]["value"] == "called"
    await expect(desk.page.locator("[data-action-id=stage]")).to_be_focused()
    await desk.page.locator("[data-action-id=when]").fill("2026-12-01")
    assert (await app.until("when"))["selected_date"] == "2026-12-01"
    await desk.page.locator("[data-action-id=more]").click()
    await desk.page.get_by_role("menuitem", name="写す").click()
    assert (await app.until("more"))["selected_option"]["value"] == "copy"
    await expect(desk.page.locator("[data-action-id=stage]")).to_have_value("架電済み")


async def test_reply_goes_into_the_thread_and_the_channel_counts_it(sit: Sit) -> None:
    sato, tanaka = await sit(SATO), await sit(TANAKA)
    await sato.say("質問があります")
    question = tanaka.page.get_by_test_id("conversation").locator("[data-ts]").filter(has_text="質問があります")
    await question.hover()
    await question.get_by_role("button", name="スレッドで返信する").click()
    thread = tanaka.page.get_by_test_id("thread")
    await expect(thread.get_by_test_id("composer")).to_be_focused()
    await thread.get_by_test_id("composer").fill("はい、どうぞ")
    await thread.get_by_test_id("composer").press("Enter")
    await expect(thread.locator("[data-ts]").filter(has_text="はい、どうぞ")).to_be_visible()
    link = sato.page.get_by_role("button", name="1件の返信")
    await link.click()
    await expect(sato.page.get_by_test_id("thread")).to_contain_text("はい、どうぞ")
    await sato.page.get_by_test_id("thread-close").click()
    await expect(sato.page.get_by_test_id("thread")).to_be_hidden()


async def test_reaction_is_added_by_one_click_and_taken_back_by_the_next(sit: Sit) -> None:
    desk = await sit(SATO)
    await desk.say("達成しました")
    message = desk.message("達成しました")
    await message.hover()
    await message.get_by_role("button", name=":eyes: でリアクション").click()
    mark = message.get_by_role("button", name="eyes 1")
    await expect(mark).to_have_attribute("aria-pressed", "true")
    await mark.click()
    await expect(mark).to_have_count(0)


async def test_file_chosen_by_the_paper_clip_arrives_at_the_app(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.page.locator("[data-app]").click()
    await desk.page.get_by_test_id("tab-messages").click()
    await desk.page.get_by_test_id("file-input").set_input_files(
        {"name": "companies.csv", "mimeType": "text/csv", "buffer": companies_csv()}
    )
    await expect(desk.page.get_by_test_id("attached-file")).to_contain_text("companies.csv")
    await desk.page.get_by_test_id("send").click()
    assert await app.until("file") == "companies.csv"
    card = desk.page.locator("a.kk-file-card")
    await expect(card).to_contain_text("companies.csv")
    async with desk.page.expect_download() as started:
        await card.click()
    assert (await (await started.value).path()).read_bytes() == companies_csv()


async def test_dropped_file_is_attached_and_sent_with_the_text(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    transfer = await desk.page.evaluate_handle(
        "() => { const data = new DataTransfer();"
        " data.items.add(new File(['a,b'], '見込み客.csv', {type: 'text/csv'})); return data; }"
    )
    main = desk.page.get_by_test_id("conversation")
    await main.dispatch_event("dragenter", {"dataTransfer": transfer})
    await expect(main).to_have_class("kk-main kk-dropping")
    await main.dispatch_event("drop", {"dataTransfer": transfer})
    await expect(main).to_have_class("kk-main")
    await expect(desk.page.get_by_test_id("attached-file")).to_contain_text("見込み客.csv")
    await desk.say("展示会の名簿です")
    await expect(desk.message("展示会の名簿です").locator("a.kk-file-card")).to_contain_text("見込み客.csv")


async def test_one_click_on_a_member_makes_the_tab_theirs(sit: Sit) -> None:
    desk = await sit(SATO)
    await expect(desk.page.get_by_test_id("me")).to_have_text("佐藤 美咲")
    await desk.page.get_by_test_id("person-switch").locator(f'[data-user="{CARTER}"]').click()
    await expect(desk.page.get_by_test_id("me")).to_have_text("Daniel Carter")
    await expect(desk.page.get_by_role("heading", name="Channels")).to_be_visible()
    await expect(desk.page).to_have_url(f"{desk.page.url.split('?')[0]}?as={CARTER}")


async def test_direct_message_to_a_colleague_is_opened_by_their_row(sit: Sit) -> None:
    sato, tanaka = await sit(SATO), await sit(TANAKA)
    await sato.page.locator(f'[data-dm="{TANAKA}"]').click()
    await expect(sato.page.get_by_test_id("channel-name")).to_contain_text("田中 大輔")
    await sato.say("お昼に行きませんか")
    row = tanaka.page.locator(f'[data-dm="{SATO}"]')
    await expect(row).to_have_attribute("data-unread", "1")
    await row.click()
    await expect(tanaka.message("お昼に行きませんか")).to_be_visible()


async def test_channel_one_is_not_in_offers_to_join(sit: Sit) -> None:
    desk = await sit(CARTER)
    await desk.page.locator('.kk-outside[data-act="channel"]').first.click()
    await desk.page.get_by_test_id("join").click()
    await expect(desk.composer).to_be_visible()


async def test_message_shortcut_and_global_shortcut_reach_the_app(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.say("ほしみ物流から電話がありました")
    message = desk.message("ほしみ物流から電話")
    await message.hover()
    await message.get_by_role("button", name="リードにする").click()
    assert await app.until("shortcut") == "lead.make"
    await desk.page.get_by_test_id("conversation").get_by_role("button", name="ショートカット").click()
    await desk.page.get_by_role("menuitem", name="リードを追加").click()
    assert await app.until("shortcut", "lead.add") == "lead.add"


async def test_home_tab_shows_what_the_app_publishes_and_its_buttons_work(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.page.locator("[data-app]").click()
    home = desk.page.get_by_test_id("home")
    await expect(home.get_by_role("heading", name="今日の架電")).to_be_visible()
    await home.locator('[data-action-id="home.start"]').click()
    await app.until("home.start")
    await home.locator('[data-action-id="home.stage"]').click()
    await desk.page.get_by_role("option", name="受注").click()
    assert (await app.until("home.stage"))["selected_option"]["value"] == "won"
    await desk.page.get_by_test_id("tab-messages").click()
    await expect(desk.composer).to_be_visible()


async def test_hundred_newest_messages_are_shown_and_older_ones_on_request(
    sit: Sit, workspace: RunningWorkspace
) -> None:
    writer = workspace.person(TANAKA)
    for number in range(230):
        await writer.message(GENERAL, f"連絡 {number:03d} 番")
    desk = await sit(SATO)
    await expect(desk.message("連絡 229 番")).to_be_in_viewport()
    await expect(desk.page.locator("[data-ts]")).to_have_count(100)
    await desk.page.get_by_test_id("show-older").click()
    await expect(desk.page.locator("[data-ts]")).to_have_count(230)
    await expect(desk.page.get_by_test_id("show-older")).to_have_count(0)


async def test_page_of_an_unknown_member_is_refused(sit: Sit, workspace: RunningWorkspace) -> None:
    desk = await sit(SATO)
    answer = await desk.page.request.get(f"{workspace.page_url}?as=U0NOBODY")
    assert answer.status == 404


async def test_phone_has_one_column_and_the_channels_in_a_drawer(sit: Sit) -> None:
    desk = await sit(SATO, width=390, height=844)
    row = desk.page.locator(f'[data-dm="{TANAKA}"]')
    await expect(row).to_be_hidden()
    width = await desk.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    await desk.page.get_by_test_id("menu").click()
    await row.click()
    await expect(row).to_be_hidden()
    await expect(desk.page.get_by_test_id("channel-name")).to_contain_text("田中 大輔")
    await desk.say("電車からです")
    await expect(desk.message("電車からです")).to_be_in_viewport()


async def test_markup_in_messages_names_and_files_stays_text(
    sit: Sit, app: SmallApp, workspace: RunningWorkspace
) -> None:
    attack = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>'
    await workspace.person(TANAKA).message(GENERAL, attack)
    await workspace.person(TANAKA).upload(GENERAL, "<svg onload=window.broken=1>.csv", b"a")
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"{attack} <javascript:window.broken=1|press me>"}},
        {
            "type": "actions",
            "elements": [{"type": "button", "action_id": "x", "text": {"type": "plain_text", "text": attack[:70]}}],
        },
    ]
    await app.client.chat_postMessage(channel=GENERAL, text="x", blocks=blocks)
    desk = await sit(SATO)
    await expect(desk.message("press me")).to_be_visible()
    await expect(desk.page.locator('[data-testid="messages"] img')).to_have_count(0)
    await expect(desk.page.locator('[data-testid="messages"] a[href^="javascript"]')).to_have_count(0)
    assert await desk.page.evaluate("window.broken === undefined")
    await desk.composer.press_sequentially("/")
    assert await desk.page.evaluate("window.broken === undefined")


async def test_arrow_keys_walk_the_messages_and_tab_reaches_their_buttons(sit: Sit) -> None:
    desk = await sit(SATO)
    for text in ("はじめ", "おわり"):
        await desk.say(text)
        await expect(desk.message(text)).to_be_visible()
    await desk.page.get_by_test_id("messages").focus()
    await desk.page.keyboard.press("ArrowUp")
    await expect(desk.message("おわり")).to_be_focused()
    await desk.page.keyboard.press("ArrowUp")
    await expect(desk.message("はじめ")).to_be_focused()
    await desk.page.keyboard.press("Tab")
    await desk.page.keyboard.press("Enter")
    await expect(desk.message("はじめ").locator(".kk-reaction")).to_have_count(1)


async def test_page_in_english_speaks_english_around_japanese_messages(sit: Sit) -> None:
    sato, carter = await sit(SATO), await sit(CARTER)
    await sato.say("おはようございます")
    message = carter.message("おはようございます")
    await expect(message.locator("time")).to_have_text(re.compile(r"^\d{1,2}:\d\d [AP]M$"))
    await expect(carter.composer).to_have_attribute("placeholder", "Message #general (/ for commands)")
    assert await carter.page.evaluate("document.documentElement.lang") == "en"
    assert await sato.page.evaluate("document.documentElement.lang") == "ja"


async def test_two_workspaces_in_one_process_keep_their_pages_apart(sit: Sit) -> None:
    desk = await sit(SATO)
    async with running(manifest=MANIFEST, page=True) as other:
        await other.person(TANAKA).message(GENERAL, "よその会社の話")
        page = await desk.page.context.new_page()
        await page.goto(f"{other.page_url}?as={SATO}")
        await expect(page.locator("[data-ts]").filter(has_text="よその会社の話")).to_be_visible()
        await page.close()
    await desk.say("こちらは元気です")
    await expect(desk.message("こちらは元気です")).to_be_visible()
    await expect(desk.message("よその会社の話")).to_have_count(0)


async def test_opening_a_thread_at_the_end_of_a_channel_stays_there_and_announces_nothing(
    sit: Sit, workspace: RunningWorkspace
) -> None:
    writer = workspace.person(TANAKA)
    for number in range(30):
        await writer.message(GENERAL, f"{number:02d} 番: " + "狭い列では行がふえる長い文章です。" * 9)
    desk = await sit(SATO)
    last = desk.page.get_by_test_id("messages").locator("[data-ts]").last
    await expect(last).to_contain_text("29 番")
    at_end = "(area) => area.scrollHeight - area.scrollTop - area.clientHeight < 2"
    area = desk.page.get_by_test_id("messages")
    wide = await area.evaluate("area => area.clientWidth")
    await last.hover()
    await last.get_by_role("button", name="スレッドで返信する").click()
    await expect(desk.page.get_by_test_id("thread").get_by_test_id("composer")).to_be_focused()
    assert await area.evaluate("area => area.clientWidth") < wide
    await desk.page.wait_for_function(f"({at_end})(document.querySelector('[data-testid=messages]'))")
    await expect(desk.page.locator(".kk-new-below")).to_have_count(0)
    await desk.page.get_by_test_id("thread-close").click()
    await desk.page.wait_for_function(f"({at_end})(document.querySelector('[data-testid=messages]'))")
    # Who reads further up is told of what really is new, and only of that.
    await area.hover()
    await desk.page.mouse.wheel(0, -900)
    await desk.page.wait_for_function(f"!({at_end})(document.querySelector('[data-testid=messages]'))")
    await last.locator("[data-reply]").dispatch_event("click")
    await expect(desk.page.get_by_test_id("thread").get_by_test_id("composer")).to_be_focused()
    await expect(desk.page.locator(".kk-new-below")).to_have_count(0)
    await writer.message(GENERAL, "これは新しい")
    await expect(desk.page.locator(".kk-new-below")).to_be_visible()


async def test_only_one_message_shows_its_toolbar_at_a_time(sit: Sit) -> None:
    desk = await sit(SATO)
    for text in ("はじめ", "なか", "おわり"):
        await desk.say(text)
        await expect(desk.message(text)).to_be_visible()
    shown = desk.page.locator(".kk-toolbar:visible")
    first, last = (desk.message(text).locator(".kk-toolbar") for text in ("はじめ", "おわり"))
    # A click leaves the focus on a button of one message, the mouse goes on to another.
    await desk.message("はじめ").hover()
    await first.get_by_role("button").first.click()
    await expect(desk.message("はじめ").locator(".kk-reaction")).to_have_count(1)
    await desk.message("おわり").hover()
    await expect(last).to_be_visible()
    await expect(shown).to_have_count(1)
    # From the keyboard the toolbar goes with the focus, wherever the mouse was left.
    await desk.page.get_by_test_id("messages").focus()
    await desk.page.keyboard.press("ArrowDown")
    await expect(desk.message("はじめ")).to_be_focused()
    await expect(first).to_be_visible()
    await expect(shown).to_have_count(1)
    await desk.message("なか").hover()
    await expect(first).to_be_hidden()
    await expect(shown).to_have_count(1)


async def test_long_title_under_a_name_can_be_read_in_full(sit: Sit) -> None:
    desk = await sit(TANAKA)
    title = desk.page.locator(".kk-me small")
    await expect(title).to_have_text("フィールドセールス（製造・首都圏）")
    assert await title.evaluate(
        "line => line.scrollWidth <= line.clientWidth && line.scrollHeight <= line.clientHeight"
    )


async def test_drawn_emoji_stand_on_the_line_of_their_words(sit: Sit, app: SmallApp) -> None:
    words = "*森田 香織*　次長\n🔵 アプローチ中"
    mrkdwn = {"type": "mrkdwn", "text": words}
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": mrkdwn},
        {"type": "section", "fields": [mrkdwn, mrkdwn]},
        {"type": "context", "elements": [mrkdwn]},
        {"type": "markdown", "text": words},
        {"type": "header", "text": {"type": "plain_text", "text": "🔵 アプローチ中"}},
    ]
    posted = await app.client.chat_postMessage(channel=GENERAL, text="x", blocks=blocks)
    await app.client.reactions_add(channel=GENERAL, timestamp=posted["ts"], name="eyes")
    for width in (1280, 390):
        desk = await sit(SATO, width=width, height=844)
        message = desk.page.locator(f'[data-ts="{posted["ts"]}"]')
        await expect(message.locator(".kk-block .kk-emoji")).to_have_count(6)
        off = await message.locator(".kk-block .kk-emoji").evaluate_all(
            """(all) => all.map((each) => {
              const range = document.createRange();
              range.selectNodeContents(each.nextSibling);
              const [line, picture] = [range.getClientRects()[0], each.querySelector("svg").getBoundingClientRect()];
              return Math.abs((line.top + line.bottom) / 2 - (picture.top + picture.bottom) / 2);
            })"""
        )
        assert max(off) < 2, off
        hidden = "each => getComputedStyle(each).fontSize"
        assert await message.locator(".kk-reaction .kk-emoji > span").evaluate(hidden) == "0px", "one emoji, not two"
