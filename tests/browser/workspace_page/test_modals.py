"""Modals on the page: every input element, refusals on their fields, search, stacks, keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from bot.workspace.server import RunningWorkspace
from tests.browser.workspace_page.conftest import CARTER, GENERAL, SATO, TANAKA, Sit
from tests.browser.workspace_page.small_app import MANIFEST, SmallApp, companies_csv, every_input

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_every_input_element_can_be_filled_and_reaches_the_app(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.choose("company", "ほしみ")
    await desk.field("contact").fill("山田 花子")
    await desk.field("note").fill("一行目\n二行目")
    await desk.choose("stage", "架電済み")
    await desk.choose("area", "福岡")
    await desk.choose("tags", "新規", "受注")
    await desk.choose("related", "トヨタ", "日本電気")
    await desk.field("related").press("Escape")
    await desk.choose("owner", "伊藤")
    await desk.choose("team", "鈴木", "Carter")
    await desk.choose("where", "general")
    await desk.choose("wheres", "general", "is-team")
    await desk.choose("room", "inbound")
    await desk.choose("rooms", "inbound", "general")
    await desk.field("day").fill("2026-12-01")
    await desk.field("hour").fill("09:30")
    await desk.field("moment").fill("2026-12-01T10:00")
    await desk.field("amount").fill("１２００")
    await desk.field("mail").fill("hanako@hoshimi.example")
    await desk.field("site").fill("https://hoshimi.example/")
    await desk.modal.get_by_label("意思を示した").check()
    await desk.modal.get_by_label("課題を*認識*している").check()
    await desk.modal.get_by_label("確認済み").check()
    await desk.field("story").fill("倉庫の移転が決まった")
    await desk.field("paper").set_input_files({"name": "名簿.csv", "mimeType": "text/csv", "buffer": companies_csv()})
    await expect(desk.modal.get_by_test_id("attached-file")).to_have_text(re.compile("名簿.csv"))
    await desk.modal.get_by_test_id("modal-submit").click()
    await expect(desk.modal).to_have_count(0)

    values = {block: actions["value"] for block, actions in (await app.until("submit")).items()}
    assert values["company"]["selected_option"]["value"] == "4"
    assert values["contact"]["value"] == "山田 花子"
    assert values["note"]["value"] == "一行目\n二行目"
    assert values["stage"]["selected_option"]["value"] == "called"
    assert values["area"]["selected_option"]["value"] == "fukuoka"
    assert [each["value"] for each in values["tags"]["selected_options"]] == ["new", "won"]
    assert [each["value"] for each in values["related"]["selected_options"]] == ["1", "3"]
    assert values["owner"]["selected_user"] == "U01ITO0001"
    assert values["team"]["selected_users"] == ["U01SUZUKI1", CARTER]
    assert values["where"]["selected_conversation"] == GENERAL
    assert len(values["wheres"]["selected_conversations"]) == 2
    assert values["room"]["selected_channel"] != GENERAL
    assert values["rooms"]["selected_channels"][1] == GENERAL
    assert values["day"]["selected_date"] == "2026-12-01"
    assert values["hour"]["selected_time"] == "09:30"
    assert values["moment"]["selected_date_time"] == 1796086800  # 10:00 in Tokyo
    assert values["amount"]["value"] == "1200"
    assert values["mail"]["value"] == "hanako@hoshimi.example"
    assert values["site"]["value"] == "https://hoshimi.example/"
    assert [each["value"] for each in values["checks"]["selected_options"]] == ["pain", "intent"]
    assert values["answer"]["selected_option"]["value"] == "yes"
    spoken = values["story"]["rich_text_value"]["elements"][0]["elements"]
    assert "".join(each["text"] for each in spoken) == "倉庫の移転が決まった"
    assert [file["name"] for file in values["paper"]["files"]] == ["名簿.csv"]


async def test_every_input_element_is_labelled_and_optional_ones_are_marked(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    for block in every_input():
        wrapper = desk.modal.locator(f'[data-block="{block["block_id"]}"]').first
        await expect(wrapper).to_contain_text(block["label"]["text"])
        marked = await wrapper.locator(".kk-optional").count()
        assert bool(marked) == bool(block.get("optional"))
        await expect(desk.field(block["block_id"]).first).to_be_attached()


async def test_missing_required_fields_are_named_under_them_and_the_app_is_not_asked(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.field("note").fill("残ること")
    await desk.modal.get_by_test_id("modal-submit").click()
    errors = desk.modal.get_by_test_id("field-error")
    await expect(errors).to_have_count(2)
    await expect(desk.modal.locator('[data-testid="field-error"][data-block="contact"]')).to_contain_text(
        "必須項目です"
    )
    await expect(desk.field("company")).to_be_focused()
    await expect(desk.field("company")).to_have_attribute("aria-invalid", "true")
    await expect(desk.field("note")).to_have_value("残ること")
    assert "submit" not in [kind for kind, _ in app.done]


async def test_refusal_of_the_app_stands_on_its_field_and_everything_typed_stays(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.choose("company", "トヨタ")
    await desk.field("contact").fill("重複 太郎")
    await desk.field("note").fill("メモの途中")
    await desk.choose("tags", "新規")
    await desk.modal.get_by_label("意思を示した").check()
    await desk.field("story").fill("背景の途中")
    await desk.modal.get_by_test_id("modal-submit").click()
    refused = desk.modal.locator('[data-testid="field-error"][data-block="contact"]')
    await expect(refused).to_contain_text("同じ名前の担当者がもう登録されています")
    await expect(desk.field("company")).to_have_value("トヨタ自動車株式会社")
    await expect(desk.field("contact")).to_have_value("重複 太郎")
    await expect(desk.field("note")).to_have_value("メモの途中")
    await expect(desk.field("tags")).to_have_attribute("data-value", "new")
    await expect(desk.modal.get_by_label("意思を示した")).to_be_checked()
    await expect(desk.field("story")).to_have_text("背景の途中")
    await desk.field("contact").fill("山田 花子")
    await desk.modal.get_by_test_id("modal-submit").click()
    await expect(desk.modal).to_have_count(0)


async def test_updated_view_keeps_what_was_typed_where_its_ids_stay(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.choose("company", "トヨタ")
    await desk.field("contact").fill("更新 する")
    await desk.field("note").fill("残るはず")
    await desk.modal.get_by_test_id("modal-submit").click()
    await expect(desk.modal.get_by_role("heading", name="更新後")).to_be_visible()
    await expect(desk.modal).to_contain_text("増えた行")
    await expect(desk.field("contact")).to_have_value("更新 する")
    await expect(desk.field("note")).to_have_value("残るはず")
    await expect(desk.field("company")).to_have_value("トヨタ自動車株式会社")


async def test_pushed_modal_lies_on_top_and_the_lower_one_returns_as_it_was(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.choose("company", "トヨタ")
    await desk.field("contact").fill("次 へ")
    await desk.modal.get_by_test_id("modal-submit").click()
    await expect(desk.modal.get_by_role("heading", name="結果")).to_be_visible()
    await expect(desk.modal.get_by_test_id("modal-submit")).to_be_hidden()
    await desk.modal.locator("[data-action-id=again]").click()
    await app.until("again")
    await desk.modal.get_by_test_id("modal-close").click()
    await expect(desk.modal.get_by_role("heading", name="リードを追加")).to_be_visible()
    await expect(desk.field("contact")).to_have_value("次 へ")


async def test_external_select_asks_while_typing_and_shows_groups_and_descriptions(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.field("company").click()
    await expect(desk.page.get_by_role("status")).to_contain_text("あと1文字以上")
    # The page's own timers fire in the order in which they are due, however slow the machine is.
    await desk.field("company").evaluate(
        """async (field) => {
            const type = (text) => {
                field.value = text;
                field.dispatchEvent(new InputEvent("input", { bubbles: true }));
            };
            type("豊");
            await new Promise((typed) => setTimeout(() => typed(type("豊田")), 20));
        }"""
    )
    options = desk.page.get_by_role("option")
    await expect(options).to_have_count(2)
    await expect(options.last).to_contain_text("豊田通商株式会社")
    await expect(options.last).to_contain_text("愛知県名古屋市")
    await expect(desk.page.get_by_role("listbox")).to_contain_text("見つかった企業")
    searches = [what for kind, what in app.done if kind == "search"]
    assert searches == ["豊田"], "one question for letters typed soon after each other"
    await desk.field("company").press("ArrowDown")
    await desk.field("company").press("Enter")
    await expect(desk.field("company")).to_have_value("豊田通商株式会社")


async def test_search_without_a_hit_says_so(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.field("company").fill("存在しない会社")
    await expect(desk.page.get_by_role("status")).to_contain_text("見つかりませんでした")


async def test_choices_beyond_the_allowed_number_are_not_taken(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.choose("tags", "新規", "受注")
    await desk.field("tags").fill("架電済み")
    await expect(desk.page.get_by_role("option")).to_be_disabled()
    await desk.field("tags").press("Enter")
    await expect(desk.field("tags")).to_have_attribute("data-value", "new,won")


async def test_escape_closes_the_list_first_and_then_the_modal(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.field("stage").click()
    await expect(desk.page.get_by_role("listbox")).to_be_visible()
    await desk.page.keyboard.press("Escape")
    await expect(desk.page.get_by_role("listbox")).to_have_count(0)
    await expect(desk.modal).to_be_visible()
    await desk.page.keyboard.press("Escape")
    await expect(desk.modal).to_have_count(0)
    await expect(desk.composer).to_be_focused()


async def test_focus_stays_inside_the_modal_while_tabbing(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await expect(desk.field("company")).to_be_focused()
    inside = "document.activeElement.closest('[data-testid=modal]') !== null"
    for _ in range(45):
        await desk.page.keyboard.press("Tab")
        assert await desk.page.evaluate(inside)
    await desk.page.keyboard.press("Shift+Tab")
    assert await desk.page.evaluate(inside)


async def test_escape_during_a_japanese_composition_keeps_the_modal(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.field("contact").fill("やまだ")
    await desk.field("contact").evaluate(
        "field => field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', isComposing: true, bubbles: true}))"
    )
    await desk.field("contact").evaluate(
        "field => field.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', ctrlKey: true, keyCode: 229, bubbles: true}))"
    )
    await expect(desk.field("contact")).to_have_value("やまだ")
    await expect(desk.modal).to_be_visible()
    assert "submit" not in [kind for kind, _ in app.done]


async def test_reloaded_page_still_shows_the_open_modal(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.page.reload()
    await expect(desk.modal.get_by_role("heading", name="リードを追加")).to_be_visible()


async def test_modal_speaks_the_persons_language_around_the_apps_words(sit: Sit, app: SmallApp) -> None:
    desk = await sit(CARTER)
    await desk.open_all()
    await desk.modal.get_by_test_id("modal-submit").click()
    await expect(desk.modal.get_by_test_id("field-error").first).to_contain_text("This is a required field")
    await expect(desk.modal.get_by_role("button", name="Close", exact=True)).to_be_visible()


async def test_modal_on_a_phone_fits_the_window_with_its_buttons_in_reach(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO, width=390, height=844)
    await desk.open_all()
    await expect(desk.modal.get_by_test_id("modal-submit")).to_be_in_viewport()
    box = await desk.modal.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    await desk.choose("company", "トヨタ")
    await desk.field("contact").fill("山田 花子")
    await desk.modal.get_by_test_id("modal-submit").click()
    await expect(desk.modal).to_have_count(0)


async def test_modal_without_a_connected_app_tells_what_happened(sit: Sit, workspace: RunningWorkspace) -> None:
    desk = await sit(TANAKA)
    assert MANIFEST["features"]["slash_commands"]
    await desk.say("/all")
    await expect(desk.message("/all")).to_contain_text("dispatch_failed")


async def test_choice_that_changes_the_form_keeps_focus_text_and_drops_what_is_offered_no_more(
    sit: Sit, app: SmallApp
) -> None:
    desk = await sit(SATO)
    await desk.say("/flow")
    await desk.field("name").press_sequentially("山田")
    assert await app.until("letters", "山田") == "山田"
    await desk.choose("detail", "新規")
    kind = desk.modal.locator('[data-action-id="flow.kind"]')
    await kind.click()
    await desk.page.get_by_role("option", name="電話").click()
    told = await app.until("flow.kind")
    assert told["name"]["value"]["value"] == "山田", "the app sees what was typed so far"
    await expect(desk.field("extra")).to_be_visible()
    await expect(desk.field("name")).to_have_value("山田")
    await expect(kind).to_be_focused()
    await desk.field("extra").fill("03-0000-0000")
    await kind.click()
    await desk.page.get_by_role("option", name="メール").click()
    await expect(desk.field("extra")).to_have_count(0)
    await expect(desk.field("detail")).to_have_attribute("data-value", "")
    await desk.modal.get_by_test_id("modal-submit").click()
    await expect(desk.modal).to_have_count(0)
    values = await app.until("flow")
    assert values["kind"]["flow.kind"]["selected_option"]["value"] == "mail"
    assert values["detail"]["value"]["selected_option"] is None
    assert values["name"]["value"]["value"] == "山田"


@pytest.mark.parametrize("name", ["更新 する", "別の 用紙"])
async def test_updated_modal_with_a_new_beginning_is_shown_from_its_top(sit: Sit, app: SmallApp, name: str) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.choose("company", "トヨタ")
    await desk.field("contact").fill(name)
    body = desk.modal.locator(".kk-dialog-body")
    await body.evaluate("area => { area.scrollTop = area.scrollHeight; }")
    assert await body.evaluate("area => area.scrollTop") > 100
    await desk.modal.get_by_test_id("modal-submit").click()
    await expect(desk.modal.get_by_role("heading", name=re.compile("更新後|別の用紙"))).to_be_visible()
    await desk.page.wait_for_function("document.querySelector('.kk-dialog-body').scrollTop === 0")
    if name.startswith("更新"):
        await expect(desk.modal.get_by_text("増えた行")).to_be_in_viewport()


async def test_refusal_goes_as_soon_as_its_field_changes_and_comes_back_with_the_next_submission(
    sit: Sit, app: SmallApp
) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.modal.get_by_test_id("modal-submit").click()
    company, contact = (
        desk.modal.locator(f'[data-testid="field-error"][data-block="{each}"]') for each in ("company", "contact")
    )
    await expect(contact).to_be_visible()
    await desk.field("contact").press_sequentially("山")
    await expect(contact).to_have_count(0)
    await expect(desk.field("contact")).not_to_have_attribute("aria-invalid", "true")
    await expect(company).to_be_visible()
    # Anything else that makes the page redraw does not bring it back.
    await app.client.chat_postMessage(channel=GENERAL, text="ほかの知らせ")
    await expect(desk.message("ほかの知らせ")).to_be_attached()
    await expect(contact).to_have_count(0)
    await desk.choose("company", "トヨタ")
    await expect(company).to_have_count(0)
    await desk.field("contact").fill("")
    await desk.modal.get_by_test_id("modal-submit").click()
    await expect(contact).to_contain_text("必須項目です")
    await expect(company).to_have_count(0)


async def test_count_of_letters_is_shown_only_where_the_room_gets_short(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    count = desk.modal.locator(".kk-count")
    await desk.field("note").fill("あ" * 31)
    await expect(count).to_have_count(0)
    await desk.field("note").fill("あ" * 32)
    await expect(count).to_have_text("32 / 40")
    await desk.field("note").fill("あ" * 41)
    await expect(count).to_have_class(re.compile("kk-over"))


async def test_emoji_in_options_and_their_descriptions_are_drawn(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    await desk.open_all()
    await desk.field("stage").click()
    hint = desk.page.get_by_role("option").filter(has_text="架電済み").locator("small")
    await expect(hint).to_have_text("🔵 一度は話した")
    await expect(hint.locator(".kk-emoji svg")).to_be_visible()
    await desk.page.get_by_role("option").filter(has_text="受注").click()
    chosen = desk.modal.locator('[data-block="stage"]')
    await expect(desk.field("stage")).to_have_value("🏆 受注")
    await expect(chosen.locator(".kk-choice-veil .kk-emoji svg")).to_be_visible()
    await desk.choose("tags", "受注")
    await expect(desk.modal.locator('[data-block="tags"] .kk-chip .kk-emoji svg')).to_be_visible()
