"""Ten thousand messages and hundreds of channels: the page opens at once, scrolls, and holds no more than it shows."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from bot.workspace.server import RunningWorkspace
from tests.browser.workspace_page.conftest import GENERAL, SATO, TANAKA, Sit
from tests.browser.workspace_page.small_app import SmallApp

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_ten_thousand_messages_are_walked_back_and_forth_with_three_hundred_on_the_page(
    sit: Sit, workspace: RunningWorkspace
) -> None:
    writer = workspace.person(TANAKA)
    for number in range(10_000):
        await writer.message(GENERAL, f"連絡 {number:04d} 番")
    for number in range(300):
        workspace.workspace.add_channel(f"room-{number:03d}", TANAKA)
    desk = await sit(SATO)
    page, messages = desk.page, desk.page.get_by_test_id("messages").locator("[data-ts]")
    await expect(desk.message("連絡 9999 番")).to_be_in_viewport()
    await expect(messages).to_have_count(100)
    # Back with the wheel: what one reads stays where it is while older messages come above it.
    await page.get_by_test_id("messages").hover()
    at = 9900
    while at > 8500:
        before = await messages.first.get_attribute("data-ts")
        await page.mouse.wheel(0, -3000)
        await page.evaluate("() => new Promise(requestAnimationFrame)")
        if await messages.first.get_attribute("data-ts") != before:
            at = int(re.findall(r"\d{4}", await messages.first.inner_text())[-1])
            assert await messages.count() <= 300
    await expect(page.locator(".kk-new-below")).to_contain_text("最新のメッセージへ")

    # The very first one is reached by whoever goes on; the page holds no more than before.
    await page.get_by_test_id("messages").evaluate("area => { area.scrollTop = 400; }")
    await page.wait_for_function("() => document.querySelector('[data-testid=messages]').scrollTop > 1000")
    read = desk.message(f"連絡 {at:04d} 番")
    place = (await read.bounding_box() or {})["y"]
    await page.get_by_test_id("show-older").dispatch_event("click")
    await expect(desk.message(f"連絡 {at - 150:04d} 番")).to_be_attached()
    assert abs((await read.bounding_box() or {})["y"] - place) < 2
    assert await messages.count() == 300

    # Forth again: newer ones come below, until it is live.
    await page.locator(".kk-new-below").click()
    await expect(desk.message("連絡 9999 番")).to_be_in_viewport()
    await expect(messages).to_have_count(100)
    await writer.message(GENERAL, "たったいま")
    await expect(desk.message("たったいま")).to_be_in_viewport()

    # And among three hundred channels the one that was opened is in sight.
    row = page.locator("[data-channel]").filter(has_text="room-299")
    await row.click()
    await expect(page.get_by_test_id("channel-name")).to_contain_text("room-299")
    await page.goto(f"{page.url.split('?')[0]}?as={SATO}&channel={await row.get_attribute('data-channel')}")
    await expect(row).to_be_in_viewport()


async def test_message_far_back_is_still_acted_on_and_redrawn(sit: Sit, app: SmallApp) -> None:
    posted = await app.client.chat_postMessage(
        channel=GENERAL,
        text="古い引き継ぎ",
        blocks=[
            {"type": "section", "text": {"type": "plain_text", "text": "古い引き継ぎ"}},
            {
                "type": "actions",
                "elements": [
                    {"type": "button", "action_id": "accept", "text": {"type": "plain_text", "text": "受け取る"}}
                ],
            },
        ],
    )
    writer = app.workspace.person(TANAKA)
    for number in range(120):
        await writer.message(GENERAL, f"連絡 {number:03d} 番")
    desk = await sit(SATO)
    await expect(desk.message("連絡 119 番")).to_be_in_viewport()
    await desk.page.get_by_test_id("show-older").dispatch_event("click")
    old = desk.page.locator(f'[data-ts="{posted["ts"]}"]')
    await expect(old).to_be_attached()
    await old.get_by_role("button", name="受け取る").click()
    await app.until("accept")
    await expect(old.get_by_role("button", name="受け取る")).to_have_count(0)
    await expect(old).to_be_in_viewport()
    await old.hover()
    await old.get_by_role("button", name="スレッドで返信する").click()
    await desk.page.get_by_test_id("thread").get_by_test_id("composer").fill("いまさらですが")
    await desk.page.get_by_test_id("thread").get_by_test_id("composer").press("Enter")
    await expect(old.get_by_role("button", name="1件の返信")).to_be_visible()
