"""A meeting from the offer on: inside sales sends times, the customer chooses on a phone, field sales sees it."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
import sqlalchemy as sa
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from services import members
from services.outreach import leads
from services.outreach.leads import NewLead
from services.qualification import meetings
from services.qualification.meeting_records import MeetingView
from storage.tables import Mail
from tests.browser.conftest import DEADLINE_MS, LOCALES, PHONE, SCREENSHOTS, Faults, Film, Launch, Office, Sit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

TEAM = "C01ISTEAM0"
IS = "U01SATO001"


@dataclass(frozen=True)
class Customer:
    """Whom the walk is about, and what they read."""

    language: str
    name: str
    phone: str
    zone: str
    zone_text: str
    choose: str
    booked: str
    moved: str
    ask_cancel: str
    cancelled: str
    taken: str


CUSTOMERS = {
    "ja": Customer(
        "ja",
        "花岡 みどり",
        "03-1234-9999",
        "Asia/Tokyo",
        "日本標準時",
        "日時をお選びください",
        "ご予約が確定しました",
        "日時を変更しました",
        "お打ち合わせをキャンセルしますか？",
        "お打ち合わせはキャンセルされました",
        "この日時はたった今埋まりました",
    ),
    "en": Customer(
        "en",
        "Anna Example",
        "+49301234567",
        "Europe/Berlin",
        "Central European Summer Time",
        "Please choose a time",
        "Your meeting is booked",
        "Your meeting has been moved",
        "Cancel the meeting?",
        "Your meeting is cancelled",
        "Somebody else has just taken this time",
    ),
}


@pytest.fixture(params=sorted(CUSTOMERS))
def customer(request: pytest.FixtureRequest) -> Customer:
    return CUSTOMERS[request.param]


@pytest.fixture
def film(request: pytest.FixtureRequest, customer: Customer) -> Film:
    folder = SCREENSHOTS / "booking" / customer.language / request.node.originalname.removeprefix("test_")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return Film(folder)


Phone = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="module")
async def phone(launch: Launch, office: Office) -> AsyncIterator[Phone]:
    """A customer's phone: `await phone(customer, zone=…, scripts=…)`. Whatever goes wrong in it fails the test."""
    faults, opened = Faults(), []

    async def take(customer: Customer, *, zone: str = "", scripts: bool = True) -> Page:
        browser = await launch(customer.language)
        context = await browser.new_context(
            viewport=PHONE,
            has_touch=True,
            is_mobile=True,
            locale=LOCALES[customer.language],
            timezone_id=zone or customer.zone,
            java_script_enabled=scripts,
        )
        context.set_default_timeout(DEADLINE_MS)
        page = await context.new_page()
        faults.watch(page, office.house.deps.public_url)
        opened.append(context)
        return page

    yield take
    for context in opened:
        await context.close()
    # A taken time is answered with 409, which Chromium lists as an error of the page.
    assert [fault for fault in faults.seen if "409" not in fault] == []


async def add_lead(office: Office, customer: Customer) -> int:
    deps, team_id = office.house.deps, office.workspace.introduction()["team"]["id"]
    sato = await members.who(deps, team_id, IS)
    assert sato is not None
    (first, *_rest) = await leads.mine(deps, sato)
    new = NewLead(first.account_id, customer.name, phone=customer.phone, email="customer@customer.example")
    return await leads.add(deps, sato, new, despite_duplicates=True)


async def link_in_mail(office: Office) -> str:
    team_id = office.workspace.introduction()["team"]["id"]
    async with office.house.deps.reading(team_id) as session:
        text = await session.scalar(
            sa.select(Mail.text).where(Mail.key.like("offer:%")).order_by(Mail.created_at.desc())
        )
    found = re.search(r"https?://\S+/book/\S+", text or "")
    assert found is not None, text
    return found[0]


async def meeting_now(office: Office) -> MeetingView | None:
    deps, team_id = office.house.deps, office.workspace.introduction()["team"]["id"]
    sato = await members.who(deps, team_id, IS)
    assert sato is not None
    found = await meetings.upcoming(deps, sato)
    return found[-1] if found else None


async def accessible(page: Page) -> None:
    """No violation that axe finds."""
    result = await Axe().run(page)
    assert result.violations_count == 0, result.generate_report()


async def fits(page: Page) -> None:
    """Nothing is wider than the phone, and what is pressed is large enough for a thumb."""
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for pressed in await page.locator("button:visible, .slot:visible, a.button:visible").all():
        box = await pressed.bounding_box()
        assert box is not None
        assert box["height"] >= 44, await pressed.inner_text()


async def send_times(office: Office, sit: Sit, film: Film, customer: Customer) -> str:
    """Inside sales sends three times from Slack: one command, one choice, one click. The customer's link."""
    await add_lead(office, customer)
    sato = await sit(IS, film, "ja", channel=TEAM)
    await sato.say(f"/meeting book {customer.name}")
    await expect(sato.modal).to_contain_text(customer.name)
    await sato.snap("form", whole=True)
    await sato.choose(mode="send")
    await expect(sato.modal.get_by_test_id("modal-submit")).to_have_text("メールを送る")
    await sato.snap("mail", whole=True)
    await sato.submit()
    await expect(sato.modal).to_contain_text("customer@customer.example に送りました")
    await sato.snap("sent")
    await sato.close()
    return await link_in_mail(office)


async def test_customer_chooses_on_a_phone_and_field_sales_sees_it(
    office: Office, sit: Sit, phone: Phone, film: Film, customer: Customer
) -> None:
    link = await send_times(office, sit, film, customer)
    page = await phone(customer)
    await page.goto(link)
    await expect(page.get_by_role("heading", level=1)).to_have_text(customer.choose)
    await expect(page.locator(".slot")).to_have_count(3)
    await expect(page.locator("footer")).to_contain_text(customer.zone_text)
    await fits(page)
    await accessible(page)
    await film.take(page, "candidates")
    await page.locator(".slot").nth(1).click()
    await expect(page.locator(".slot").nth(1).locator("input")).to_be_checked()
    await film.take(page, "chosen")
    await page.locator("button.primary").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(customer.booked)
    await fits(page)
    await accessible(page)
    await film.take(page, "booked")
    made = await meeting_now(office)
    assert made is not None
    assert made.customer_zone == customer.zone
    async with page.expect_download() as download:
        await page.locator("a.button.primary").click()
    kept = await (await download.value).path()
    assert made.uid in await asyncio.to_thread(kept.read_text, encoding="utf-8")

    tanaka = await sit(made.rep_slack_user, film, "ja")
    await tanaka.go_to_bot("messages")
    await expect(tanaka.message("日時を選びました")).to_contain_text(customer.name)
    await tanaka.snap("field-sales")

    await page.locator("a.button.plain").click()
    await expect(page.locator("fieldset").nth(2)).to_be_visible()
    await fits(page)
    await accessible(page)
    await film.take(page, "move")
    await page.locator(".slot").nth(2).click()
    await page.locator("button.primary").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(customer.moved)
    await film.take(page, "moved")

    await page.locator("a.danger").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(customer.ask_cancel)
    await page.locator("textarea").fill("予算 <b>凍結</b>")
    await fits(page)
    await accessible(page)
    await film.take(page, "cancel")
    await page.locator("button.stop").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(customer.cancelled)
    await film.take(page, "cancelled")
    await expect(tanaka.message("キャンセルしました")).to_contain_text("予算 <b>凍結</b>")


async def test_page_works_without_scripts_and_in_another_zone(
    office: Office, sit: Sit, phone: Phone, film: Film, customer: Customer
) -> None:
    link = await send_times(office, sit, film, customer)
    page = await phone(customer, scripts=False)
    await page.goto(link)
    # Without scripts nobody tells us where the phone is: what we know of the customer counts, until it is changed.
    await expect(page.locator("footer")).to_contain_text(customer.zone_text)
    before = await page.locator(".slot").first.inner_text()
    await page.locator("summary").click()
    await page.locator("select").select_option("Asia/Kolkata")
    await film.take(page, "zone")
    await page.locator(".zone button").click()
    assert await page.locator(".slot").first.inner_text() != before
    await page.locator("a.more").click()
    assert await page.locator("fieldset").count() > 3
    await film.take(page, "more")
    await page.locator(".slot").last.click()
    await page.locator("button.primary").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(customer.booked)
    made = await meeting_now(office)
    assert made is not None
    assert made.customer_zone == "Asia/Kolkata"


async def test_phone_that_is_elsewhere_sees_its_own_times_and_who_was_slower_what_is_left(
    office: Office, sit: Sit, phone: Phone, film: Film, customer: Customer
) -> None:
    link = await send_times(office, sit, film, customer)
    page = await phone(customer, zone="Asia/Kolkata")
    await page.goto(link)
    await expect(page).to_have_url(re.compile("tz=Asia%2F(Kolkata|Calcutta)"))
    await expect(page.locator(".slot").first).to_contain_text(re.compile(r":30–\d\d:30"))
    second = await phone(customer)
    await second.goto(await send_times(office, sit, film, replace(customer, name=f"{customer.name} 2")))
    # Both look at the same times; the second takes the first of them.
    await second.locator(".slot").first.click()
    await second.locator("button.primary").click()
    await expect(second.locator(".tick")).to_be_visible()
    await page.locator(".slot").first.click()
    await page.locator("button.primary").click()
    await expect(page.get_by_role("alert")).to_contain_text(customer.taken)
    await expect(page.locator(".slot")).to_have_count(2)
    await accessible(page)
    await film.take(page, "taken")
