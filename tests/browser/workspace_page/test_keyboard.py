"""The page without a mouse, and with a Japanese input method."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import CDPSession, Locator, expect

from tests.browser.workspace_page.conftest import GENERAL, SATO, TANAKA, Sit
from tests.browser.workspace_page.small_app import SmallApp

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

MARKED = """() => {
  // What stands out with the focus: the element itself, or the box around a field.
  for (let at = document.activeElement, up = 0; at && up < 5; at = at.parentElement, up += 1) {
    const style = getComputedStyle(at);
    if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) return true;
    if (style.boxShadow !== "none") return true;
  }
  return false;
}"""


class InputMethod:
    """A Japanese input method: letters stand in the field as a composition until they are committed."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    async def compose(self, text: str) -> None:
        """The composition is now this text."""
        await self._session.send(
            "Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
        )

    async def press(self, key: str) -> None:
        """A key that the input method takes for itself, as browsers report it."""
        for kind in ("rawKeyDown", "keyUp"):
            pressed: dict[str, Any] = {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": 229}
            await self._session.send("Input.dispatchKeyEvent", pressed)

    async def commit(self, text: str) -> None:
        """The composition becomes this text."""
        await self._session.send("Input.insertText", {"text": text})


async def test_enter_and_escape_of_a_japanese_composition_belong_to_the_input_method(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    page = desk.page
    ime = InputMethod(await page.context.new_cdp_session(page))

    # In the composer: Enter ends the composition, the next one sends.
    await desk.composer.focus()
    await ime.compose("とうきょう")
    await ime.press("Enter")
    await ime.commit("東京")
    await expect(desk.composer).to_have_value("東京")
    await expect(page.locator("[data-ts]")).to_have_count(0)
    await desk.composer.press("Enter")
    await expect(desk.message("東京")).to_be_visible()

    # In a completion: the list follows the composition, Enter and the arrows leave it alone.
    await page.keyboard.type("@")
    await ime.compose("佐")
    option = page.get_by_role("option")
    await expect(option).to_have_count(1)
    for key in ("ArrowDown", "Enter", "Escape"):
        await ime.press(key)
    await expect(option).to_have_count(1)
    await ime.commit("佐")
    await expect(desk.composer).to_have_value("@佐")
    await expect(option).to_contain_text("佐藤 美咲")
    await desk.composer.press("Enter")
    await expect(desk.composer).to_have_value("@佐藤 美咲 ")
    await page.keyboard.type("です")
    await desk.composer.press("Enter")
    await expect(desk.message("です").locator(".kk-mention-me")).to_have_text("@佐藤 美咲")

    # In a thread: Escape gives up the composition, not the thread.
    await desk.composer.hover()
    await desk.message("東京").hover()
    await desk.message("東京").get_by_role("button", name="スレッドで返信する").click()
    thread = page.get_by_test_id("thread")
    await expect(thread.get_by_test_id("composer")).to_be_focused()
    await ime.compose("あ")
    await ime.press("Escape")
    await expect(thread).to_be_visible()
    await ime.compose("")
    await page.keyboard.press("Escape")
    await expect(thread).to_be_hidden()

    # In a modal: a search, a field and a rich text take the letters; nothing is chosen or sent by the way.
    await desk.open_all()
    company = desk.field("company")
    await company.focus()
    await ime.compose("ほしみ")
    await ime.press("Enter")
    await expect(company).to_have_attribute("data-value", "")
    await ime.commit("ほしみ")
    await expect(option).to_contain_text("株式会社ほしみ物流")
    await page.keyboard.press("Enter")
    await expect(company).to_have_attribute("data-value", "4")
    await desk.field("contact").focus()
    await ime.compose("やまだ")
    for key in ("Enter", "Escape"):
        await ime.press(key)
    await ime.commit("山田")
    await expect(desk.field("contact")).to_have_value("山田")
    await desk.field("story").focus()
    await ime.compose("そうこ")
    await ime.press("Enter")
    await ime.commit("倉庫")
    await expect(desk.field("story")).to_have_text("倉庫")
    await page.keyboard.press("Control+Enter")
    await expect(desk.modal).to_have_count(0)
    values = await app.until("submit")
    assert values["contact"]["value"]["value"] == "山田"
    assert values["story"]["value"]["rich_text_value"]["elements"][0]["elements"][0]["text"] == "倉庫"


async def test_form_is_filled_and_sent_without_a_mouse(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO)
    page, keys = desk.page, desk.page.keyboard
    await desk.composer.press_sequentially("/al")
    await keys.press("Enter")
    await keys.press("Enter")
    await expect(desk.field("company")).to_be_focused()

    async def next_is(block_id: str, within: Locator | None = None) -> None:
        await keys.press("Tab")
        await expect((within or desk.field(block_id)).first).to_be_focused()

    await keys.type("豊田通商")
    await expect(page.get_by_role("option")).to_have_count(1)
    await keys.press("Enter")
    await next_is("contact")
    await keys.type("山田")
    await next_is("note")
    await next_is("stage")
    await keys.press("ArrowDown")
    await keys.press("ArrowDown")
    await expect(page.get_by_role("option", name="架電済み")).to_have_class(re.compile("kk-at"))
    await keys.press("Enter")
    await expect(desk.field("stage")).to_have_value("架電済み")
    await expect(desk.field("stage")).to_be_focused()
    await next_is("area")
    await next_is("tags")
    for _ in range(2):
        await keys.press("ArrowDown")
        await keys.press("Enter")
    await keys.press("Escape")
    await expect(desk.modal).to_be_visible()
    tags = await desk.field("tags").get_attribute("data-value")
    await keys.press("Backspace")
    assert (await desk.field("tags").get_attribute("data-value") or "").split(",") == (tags or "").split(",")[:-1]
    await desk.field("checks").first.focus()
    await keys.press("Space")
    await next_is("checks", desk.field("checks").nth(1))
    await next_is("answer")
    await keys.press("ArrowDown")
    await expect(desk.field("answer").nth(1)).to_be_checked()
    await keys.press("Tab")  # the tools of the rich text are one stop
    await expect(page.get_by_role("button", name="太字")).to_be_focused()
    await keys.press("ArrowRight")
    await expect(page.get_by_role("button", name="斜体")).to_be_focused()
    await next_is("story")
    await keys.type("背景")
    await keys.press("Control+Enter")
    await expect(desk.modal).to_have_count(0)
    await expect(desk.composer).to_be_focused()
    values = await app.until("submit")
    assert values["stage"]["value"]["selected_option"]["value"] == "called"
    assert [each["value"] for each in values["checks"]["value"]["selected_options"]] == ["pain"]
    assert values["answer"]["value"]["selected_option"]["value"] == "no"


async def test_thread_opens_and_closes_without_a_mouse_and_focus_returns_to_where_it_was(
    sit: Sit, app: SmallApp
) -> None:
    posted = await app.client.chat_postMessage(channel=GENERAL, text="返事のある話")
    await app.client.chat_postMessage(channel=GENERAL, text="はい", thread_ts=posted["ts"])
    desk = await sit(SATO)
    page = desk.page
    link = page.get_by_role("button", name="1件の返信")
    await link.focus()
    await page.keyboard.press("Enter")
    thread = page.get_by_test_id("thread")
    await expect(thread.get_by_test_id("composer")).to_be_focused()
    await page.keyboard.type("どうも")
    await page.keyboard.press("Enter")
    await expect(thread.locator("[data-ts]").filter(has_text="どうも")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(thread).to_be_hidden()
    await expect(page.get_by_role("button", name="2件の返信")).to_be_focused()


async def test_every_stop_of_the_tab_key_is_marked_and_the_whole_page_is_walked(sit: Sit, app: SmallApp) -> None:
    await app.client.chat_postMessage(
        channel=GENERAL,
        text="押せるもの",
        blocks=[
            {
                "type": "actions",
                "elements": [
                    {"type": "button", "action_id": "accept", "text": {"type": "plain_text", "text": "受け取る"}},
                    {"type": "datepicker", "action_id": "when"},
                ],
            }
        ],
    )
    desk = await sit(SATO)
    page = desk.page
    await page.locator(".kk-skip").focus()
    await page.keyboard.press("Shift+Tab")
    seen: list[str] = []
    while len(seen) < 80:
        await page.keyboard.press("Tab")
        where = await page.evaluate(
            "() => { const at = document.activeElement;"
            " return at === document.body ? '' : at.dataset.testid ?? at.dataset.actionId ?? at.dataset.channel"
            " ?? at.dataset.dm ?? at.dataset.user ?? at.ariaLabel ?? at.textContent.trim(); }"
        )
        if not where:
            break
        # A shadow takes a moment to appear.
        await page.wait_for_function(MARKED)
        seen.append(where)
    assert seen[0] == "会話へ移動", "the first stop leads past the channels"
    for stop in (TANAKA, GENERAL, "messages", "accept", "when", "composer", "attach"):
        assert stop in seen, stop
    assert seen.index(GENERAL) < seen.index("messages") < seen.index("composer")
