"""axe finds nothing, on any surface, in both languages, in a wide window and on a phone; and a finger finds its way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.browser.conftest import SCREENSHOTS
from tests.browser.workspace_page import every_block as all_of
from tests.browser.workspace_page.conftest import CARTER, GENERAL, SATO, TANAKA, Desk, Sit
from tests.browser.workspace_page.small_app import SmallApp, every_block

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

FOLDER: Path = SCREENSHOTS / "workspace-page"
AXE = Axe()

SMALL = """() => {
  // What one taps and is smaller than a finger, apart from links in running text and boxes with a label around them.
  const found = [];
  for (const each of document.querySelectorAll("button, input, textarea, select, [role=option], [role=menuitem]")) {
    const target = each.closest("label") ?? each.closest(".kk-choice, .kk-typing") ?? each;
    const box = target.getBoundingClientRect();
    if (!box.width || getComputedStyle(each).visibility === "hidden" || each.closest("[inert]")) continue;
    if (each.matches(".kk-mention, .kk-chip button")) continue;
    if (box.height < 40 || box.width < 40) found.push(`${each.outerHTML.slice(0, 120)} ${box.width}x${box.height}`);
  }
  return found;
}"""
WIDE = "() => document.documentElement.scrollWidth > innerWidth"


class Round:
    """One walk over all surfaces: each is checked, and photographed into the artifacts."""

    def __init__(self, name: str, phone: bool) -> None:
        self.name = name
        self.phone = phone

    async def check(self, page: Page, surface: str) -> None:
        """Neither axe nor a finger has anything to complain about."""
        await self.touch(page, surface)
        found = (await AXE.run(page)).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == [], surface

    async def touch(self, page: Page, surface: str) -> None:
        """A finger finds its way; the surface is photographed."""
        # Half transparent in the middle of appearing would count as too pale.
        await page.wait_for_function(
            "() => document.getAnimations().every((each) => each.effect.getTiming()"
            ".iterations === Infinity || each.playState === 'finished')"
        )
        await page.screenshot(path=FOLDER / f"{self.name}-{surface}.png", animations="disabled")
        if self.phone:
            assert await page.evaluate(SMALL) == [], surface
            assert not await page.evaluate(WIDE), f"{surface} scrolls sideways"


async def furnish(app: SmallApp) -> None:
    """A channel with everything in it."""
    picture = f"{app.workspace.page_url}page/static/icon.svg"
    await app.workspace.person(SATO).open_dm(TANAKA)
    for blocks in (all_of.newer(picture), [*all_of.settable(picture), *all_of.MESSAGE_ONLY], every_block(picture)):
        posted = await app.client.chat_postMessage(channel=GENERAL, text="見本", blocks=blocks)
    await app.client.reactions_add(channel=GENERAL, timestamp=posted["ts"], name="eyes")
    await app.workspace.person(TANAKA).upload(GENERAL, "名簿.csv", b"a,b\n1,2\n", "名簿です")
    await app.client.chat_postEphemeral(channel=GENERAL, user=SATO, text="あなたへの知らせ")
    talk = await app.client.chat_postMessage(channel=GENERAL, text=f"<@{SATO}> 返事のある話です")
    await app.client.chat_postMessage(channel=GENERAL, text="はい", thread_ts=talk["ts"])


async def walk(desk: Desk, round_: Round) -> None:
    """Over all surfaces of the page."""
    page = desk.page
    if round_.phone:
        # In a wide window the channel stands beside the thread, and is checked with it.
        await round_.check(page, "channel")
    await page.get_by_test_id("conversation").locator(".kk-thread-link").last.click()
    await expect(page.get_by_test_id("thread")).to_be_visible()
    await round_.check(page, "thread")
    await page.get_by_test_id("thread-close").click()
    await page.locator("[data-action-id=return]").click()
    await expect(page.get_by_test_id("confirm")).to_be_visible()
    await round_.check(page, "question")
    await page.get_by_test_id("confirm-deny").click()
    if round_.phone:
        await page.get_by_test_id("menu").click()
        await expect(page.locator("[data-app]")).to_be_in_viewport()
        await round_.check(page, "drawer")
    await page.locator("[data-app]").click()
    await expect(page.get_by_test_id("home").locator(".kk-home-blocks")).to_be_visible()
    await round_.check(page, "home")
    await page.get_by_test_id("tab-messages").click()
    await desk.say("/all")
    await expect(desk.modal).to_be_visible()
    await desk.modal.get_by_test_id("modal-submit").click()
    await expect(desk.modal.get_by_test_id("field-error").first).to_be_visible()
    await desk.field("tags").click()
    await page.get_by_role("option").first.click()
    # Every input, two refusals and an open list at once.
    await round_.check(page, "modal")
    await page.keyboard.press("Escape")
    await desk.field("paper").scroll_into_view_if_needed()
    await round_.touch(page, "modal-end")
    await desk.modal.get_by_test_id("modal-cancel").click()
    await expect(desk.modal).to_have_count(0)


@pytest.mark.parametrize(("user", "language"), [(SATO, "ja"), (CARTER, "en")])
@pytest.mark.parametrize("device", ["desktop", "phone"])
async def test_axe_and_fingers_find_nothing_to_complain_about(
    sit: Sit, app: SmallApp, user: str, language: str, device: str
) -> None:
    await furnish(app)
    phone = device == "phone"
    size: dict[str, Any] = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
    await walk(await sit(user, **size), Round(f"{language}-{device}", phone))


async def test_modal_fills_a_phone_and_a_tap_on_a_message_brings_its_tools(sit: Sit, app: SmallApp) -> None:
    desk = await sit(SATO, width=390, height=844)
    await desk.say("短い話")
    await desk.message("短い話").tap()
    await expect(desk.message("短い話").locator(".kk-toolbar")).to_be_visible()
    await desk.say("/flow")
    box = await desk.modal.bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
    await expect(desk.modal.get_by_test_id("modal-submit")).to_be_in_viewport()
    await desk.page.keyboard.press("Escape")
    await expect(desk.modal).to_have_count(0)
    await desk.page.get_by_test_id("menu").click()
    await expect(desk.page.get_by_test_id("conversation")).to_have_js_property("inert", True)
    await desk.page.keyboard.press("Escape")
    await expect(desk.page.get_by_test_id("menu")).to_be_focused()
