"""One browser per module; a fresh workspace with the small app for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from bot.workspace.server import RunningWorkspace, running
from tests.browser.conftest import Launch
from tests.browser.workspace_page.small_app import MANIFEST, SmallApp

SATO = "U01SATO001"
TANAKA = "U01TANAKA1"
CARTER = "U01CARTER1"
GENERAL = "C01GENERAL"


@pytest_asyncio.fixture(loop_scope="module")
async def workspace() -> AsyncIterator[RunningWorkspace]:
    """A workspace with its page."""
    async with running(manifest=MANIFEST, page=True) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="module")
async def app(workspace: RunningWorkspace) -> AsyncIterator[SmallApp]:
    """The small app, connected."""
    async with SmallApp(workspace) as connected:
        yield connected


@dataclass
class Desk:
    """One person at the page."""

    page: Page
    user: str

    @property
    def composer(self) -> Locator:
        """The field one writes in (the channel's, not a thread's)."""
        return self.page.get_by_test_id("conversation").get_by_test_id("composer")

    @property
    def modal(self) -> Locator:
        """The open modal."""
        return self.page.get_by_test_id("modal")

    async def say(self, text: str) -> None:
        """Writes and sends."""
        await self.composer.fill(text)
        await self.composer.press("Enter")

    def field(self, block_id: str) -> Locator:
        """The interactive element of an input block of the small app's modal."""
        return self.modal.locator(f'[data-block-id="{block_id}"][data-action-id="value"]')

    async def choose(self, block_id: str, *words: str) -> None:
        """Chooses options of a select by their words."""
        for word in words:
            await self.field(block_id).fill(word)
            await self.page.get_by_role("option").filter(has_text=word).first.click()

    async def open_all(self) -> None:
        """Opens the modal with every input."""
        await self.say("/all")
        await expect(self.modal).to_be_visible()

    def message(self, text: str) -> Locator:
        """The messages with a text."""
        return self.page.locator("[data-ts]").filter(has_text=text)


Sit = Callable[..., Awaitable[Desk]]


@pytest_asyncio.fixture(loop_scope="module")
async def sit(launch: Launch, workspace: RunningWorkspace) -> AsyncIterator[Sit]:
    """Opens the page as a member: `await sit(user, width=…, height=…)`. Fails on errors in the browser and on any
    request to another host."""
    contexts = []
    faults: list[str] = []

    async def open_page(user: str = SATO, *, width: int = 1280, height: int = 800, query: str = "") -> Desk:
        browser = await launch("ja")
        context = await browser.new_context(viewport={"width": width, "height": height}, has_touch=width < 700)
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(
                    (workspace.page_url, workspace.page_url.replace("http", "ws"), "data:", "blob:")
                )
                else faults.append(f"a request to {request.url}")
            ),
        )
        await page.goto(f"{workspace.page_url}?as={user}{query}")
        await expect(page.get_by_test_id("workspace")).to_be_visible()
        await page.wait_for_function("window.did_handshake === true")
        return Desk(page, user)

    yield open_page
    for context in contexts:
        await context.close()
    assert faults == []
