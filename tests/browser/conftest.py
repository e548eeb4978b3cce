"""Chromium for the browser tests, and the house in a browser: the whole team at the page, the bot at work in it."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, ViewportSize, async_playwright, expect

from bot.app import all_routes
from bot.demo import populate
from bot.manifest import manifest
from bot.run import House, running, storage
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running

SCREENSHOTS = Path(__file__).parents[2] / "artifacts" / "screenshots"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
LOCALES = {"ja": "ja-JP", "en": "en-US"}
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)
DEADLINE_MS = 30_000

expect.set_options(timeout=DEADLINE_MS)

MORNING = datetime(2026, 6, 2, 1, 5, tzinfo=UTC)
"""A Tuesday without a holiday near it, 10:05 in Tokyo: the clock of a handoff runs in working hours only."""

WATCH = """
    globalThis.kkSeen = [];
    globalThis.kkTold = [];
    new MutationObserver((changes) => {
      for (const change of changes)
        for (const node of change.addedNodes) {
          kkSeen.push(node.textContent ?? "");
          if (node.dataset?.testid === "toast") kkTold.push(node.textContent);
        }
    }).observe(document, { childList: true, subtree: true });
"""
"""Remembers what stood on the page, also for a moment only: progress, and notices that something went wrong."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The walks in one row and the page's own tests in another: two browsers at work at once are as many as the
    smallest machine bears, and a browser is started for a module, not for every test of it."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.xdist_group("page" if item.path.parent != here else "walks"))


def chromium_path() -> str:
    """The browser: `CHROMIUM`, else what is on the PATH. Without one the test is skipped; in CI it fails."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    reason = "No Chromium: install one, or name it in the environment variable CHROMIUM."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


Launch = Callable[[str], Awaitable[Browser]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def launch() -> AsyncIterator[Launch]:
    """Chromium without a window, one for a module and a language: `await launch("ja")`."""
    browsers: dict[str, Browser] = {}
    async with async_playwright() as playwright:

        async def start(language: str) -> Browser:
            if language not in browsers:
                # A context has a language too, but date fields are drawn in that of the process (where the package
                # with Chromium's languages is installed).
                browsers[language] = await playwright.chromium.launch(
                    executable_path=chromium_path(),
                    args=ARGUMENTS,
                    env={**os.environ, "LANGUAGE": LOCALES[language].replace("-", "_")},
                )
            return browsers[language]

        yield start
        for browser in browsers.values():
            await browser.close()


class Clock:
    """The time of the bot and of the workspace: it runs as it does outside, and a test can move it ahead."""

    def __init__(self, start: datetime = MORNING) -> None:
        self._ahead = start - datetime.now(UTC)

    def now(self) -> datetime:
        """Aware, in UTC."""
        return datetime.now(UTC) + self._ahead

    def seconds(self) -> float:
        """Since the epoch."""
        return self.now().timestamp()

    def advance(self, span: timedelta) -> None:
        """It is later by so much, at once."""
        self._ahead += span


@dataclass(frozen=True)
class Office:
    """The running workspace with its page, the bot, and the time that both go by."""

    workspace: RunningWorkspace
    house: House
    clock: Clock


@dataclass(frozen=True)
class Opening:
    """When the team's history ends, and how much later the bot starts."""

    at: datetime = MORNING
    later: timedelta = timedelta()


@pytest.fixture
def opening() -> Opening:
    """Tuesday in the middle of the morning."""
    return Opening()


@pytest.fixture
def installed() -> Mapping[str, Any]:
    """What the bot's settings say besides; a test module with a language model says where that is."""
    return {}


@pytest_asyncio.fixture(loop_scope="module")
async def office(
    sqlite_template: Path, tmp_path: Path, opening: Opening, installed: Mapping[str, Any]
) -> AsyncIterator[Office]:
    """The demonstration's team at work, on a Tuesday morning unless a test's `opening` says otherwise."""
    clock = Clock(opening.at)
    database = tmp_path / "kakehashi.db"
    shutil.copyfile(sqlite_template, database)
    async with workspace_running(
        manifest=manifest(all_routes()), page=True, clock=clock.seconds, patience=DEADLINE_MS / 1000
    ) as workspace:
        settings = Settings(
            _env_file=None,
            slack_bot_token=workspace.bot_token,
            slack_app_token=workspace.app_token,
            slack_api_url=workspace.api_url,
            database_url=f"sqlite:///{database}",
            delivery_limit=1000,
            queue_poll_seconds=0.05,
            **installed,
        )
        async with storage(settings, now=clock.now) as deps:
            await populate(deps, workspace.introduction(), seed=1)
        clock.advance(opening.later)
        async with running(settings, now=clock.now) as house:
            yield Office(workspace, house, clock)


@dataclass
class Film:
    """The screenshots of one walk, numbered as they are taken."""

    folder: Path
    taken: int = 0

    async def take(self, page: Page, name: str) -> None:
        """Keeps what is in sight as NN-name.png."""
        self.taken += 1
        await page.screenshot(path=self.folder / f"{self.taken:02d}-{name}.png", animations="disabled")


@dataclass
class Seat:
    """One person at the page, in a browser window of their own."""

    page: Page
    user: str
    film: Film
    phone: bool = False

    @property
    def composer(self) -> Locator:
        """The field one writes in."""
        return self.page.get_by_test_id("conversation").get_by_test_id("composer")

    @property
    def modal(self) -> Locator:
        """The modal on top."""
        return self.page.get_by_test_id("modal")

    @property
    def home(self) -> Locator:
        """The App Home."""
        return self.page.get_by_test_id("home")

    @property
    def thread(self) -> Locator:
        """The panel with a thread."""
        return self.page.get_by_test_id("thread")

    def message(self, text: str) -> Locator:
        """The newest message with a text."""
        return self.page.get_by_test_id("messages").locator("[data-ts]").filter(has_text=text).last

    def field(self, block_id: str) -> Locator:
        """What one types into, of an input of the modal."""
        return self.modal.locator(f'[data-block="{block_id}"] [data-block-id]').first

    def error(self, block_id: str) -> Locator:
        """The refusal under an input of the modal."""
        return self.modal.locator(f'[data-testid="field-error"][data-block="{block_id}"]')

    async def say(self, text: str) -> None:
        """Writes and sends."""
        await self.composer.fill(text)
        await self.composer.press("Enter")
        await expect(self.composer).to_have_value("")

    async def go(self, channel: str) -> None:
        """To a channel."""
        row = self.page.locator(f'[data-channel="{channel}"]')
        await row.click()
        # Until then the field one writes in is that of the conversation before.
        await expect(row).to_have_attribute("aria-current", "page")
        await expect(self.composer).to_be_visible()

    async def go_to_bot(self, tab: str) -> None:
        """To the app: its `home` or its `messages`."""
        if self.phone:
            await self.page.get_by_test_id("menu").click()
        await self.page.locator("[data-app]").click()
        # The page opens the tab with news in it by itself.
        other = self.page.get_by_test_id(f"tab-{tab}")
        if await other.get_attribute("aria-selected") != "true":
            await other.click()
        await expect(self.home if tab == "home" else self.composer).to_be_visible()

    async def drop(self, name: str, content: bytes) -> None:
        """Drops a file onto the conversation and sends it."""
        transfer = await self.page.evaluate_handle(
            "([name, base64]) => { const data = new DataTransfer();"
            " data.items.add(new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], name)); return data; }",
            [name, base64.b64encode(content).decode()],
        )
        main = self.page.get_by_test_id("conversation")
        for kind in ("dragenter", "drop"):
            await main.dispatch_event(kind, {"dataTransfer": transfer})
        await expect(self.page.get_by_test_id("attached-file")).to_contain_text(name)
        await self.page.get_by_test_id("send").click()

    async def attach(self, name: str, content: bytes) -> None:
        """Chooses a file in the file dialog and sends it."""
        chosen: Any = {"name": name, "mimeType": "text/csv", "buffer": content}
        await self.page.get_by_test_id("file-input").set_input_files(chosen)
        await expect(self.page.get_by_test_id("attached-file")).to_contain_text(name)
        await self.page.get_by_test_id("send").click()

    async def saw(self, text: str) -> None:
        """Waits until something with this text has stood on the page, if only for a moment."""
        await self.page.wait_for_function("text => kkSeen.some((each) => each.includes(text))", arg=text)

    async def fill(self, **typed: str) -> None:
        """Types into inputs by block_id."""
        for block_id, text in typed.items():
            await self.field(block_id).fill(text)

    async def choose(self, **chosen: str) -> None:
        """Chooses in selects and radio buttons, by the value of the option."""
        for block_id, value in chosen.items():
            radio = self.modal.locator(f'[data-block="{block_id}"] input[value="{value}"]')
            if await radio.count():
                await radio.check()
                continue
            await self.field(block_id).click()
            await self.page.locator(f'[role="option"][data-value="{value}"]').click()

    async def submit(self) -> None:
        """Presses the modal's button."""
        await self.modal.get_by_test_id("modal-submit").click()

    async def close(self) -> None:
        """Closes the modal."""
        await self.modal.get_by_test_id("modal-cancel").click()
        await expect(self.modal).to_have_count(0)

    async def snap(self, name: str, *, whole: bool = False) -> None:
        """A screenshot; `whole`: of all of a long form or post, in a window that is high enough for it."""
        if not whole:
            await self.film.take(self.page, name)
            return
        size = PHONE if self.phone else DESKTOP
        areas = '[data-testid="messages"], [data-testid="home"], [data-testid="thread"] .kk-scroll'
        inside = self.modal.locator(".kk-dialog-body, .kk-surface").first if await self.modal.count() else None
        hidden = await (inside or self.page.locator(areas)).evaluate_all(
            "areas => Math.max(...areas.map(area => area.scrollHeight - area.clientHeight))"
        )
        style = await self.page.add_style_tag(content=".kk-dialog { max-height: none !important }")
        await self.page.set_viewport_size(ViewportSize(width=size["width"], height=size["height"] + hidden))
        await self.film.take(self.page, name)
        await self.page.set_viewport_size(size)
        await style.evaluate("tag => tag.remove()")


Sit = Callable[..., Awaitable[Seat]]


@dataclass
class Faults:
    """What must not happen in any browser: errors in the console, requests elsewhere, notices of failure."""

    seen: list[str] = field(default_factory=list)

    def watch(self, page: Page, address: str) -> None:
        """Listens to a page. `address` is the only server it may talk to."""
        ours = (address, address.replace("http", "ws"), "data:", "blob:")
        page.on("pageerror", lambda error: self.seen.append(str(error)))
        page.on("console", lambda said: self.seen.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("request", lambda asked: None if asked.url.startswith(ours) else self.seen.append(asked.url))


@pytest_asyncio.fixture(loop_scope="module")
async def sit(launch: Launch, office: Office) -> AsyncIterator[Sit]:
    """Opens the page as a member: `await sit(user, film, language, channel=…, phone=…)`.

    Whatever went wrong in a browser fails the test at its end.
    """
    seats: list[Seat] = []
    faults = Faults()

    async def take_seat(user: str, film: Film, language: str, *, channel: str = "", phone: bool = False) -> Seat:
        browser = await launch(language)
        context = await browser.new_context(
            viewport=PHONE if phone else DESKTOP,
            has_touch=phone,
            locale=LOCALES[language],
            timezone_id="Asia/Tokyo",
        )
        context.set_default_timeout(DEADLINE_MS)
        page = await context.new_page()
        await page.add_init_script(WATCH)
        faults.watch(page, office.workspace.page_url)
        seat = Seat(page, user, film, phone)
        seats.append(seat)
        await page.goto(f"{office.workspace.page_url}?as={user}&channel={channel}")
        await page.wait_for_function("window.did_handshake === true")
        await expect(page.get_by_test_id("workspace")).to_be_visible()
        return seat

    yield take_seat
    for seat in seats:
        faults.seen += await seat.page.evaluate("kkTold")
        await seat.page.context.close()
    assert faults.seen == []
