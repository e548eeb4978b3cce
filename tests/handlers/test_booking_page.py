"""The customer's pages over real HTTP: chosen, moved, cancelled; and everything a stranger may try."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import aiohttp
import pytest
import sqlalchemy as sa
from icalendar import Calendar

from domain.qualification.meetings import Slot, spread
from handlers.qualification.booking_visits import OFTEN
from handlers.qualification.meeting_form import value_of
from handlers.qualification.meeting_words import letter, offer_letter
from services.qualification import meeting_changes as changes
from services.qualification import meeting_offers, meetings
from services.qualification.meeting_news import MEETING_LINK, OFFER_LINK, meeting_link, offer_link
from services.qualification.meeting_records import MeetingView, OfferView, Plan
from storage.tables import MeetingOffer
from tests.handlers.conftest import World
from tests.handlers.test_meetings import TEAM_ID, actor, letters, new_lead

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ZONE = "Asia/Tokyo"


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def sent(world: World, language: str = "ja", name: str = "予約 花子") -> OfferView:
    deps, sato = world.house.deps, await actor(world)
    lead_id = await new_lead(world, name)
    free = (await meetings.prepare(deps, sato, lead_id)).free
    assert free.suggested is not None
    slots = spread(free.suggested.slots, 3, ZoneInfo(ZONE))
    plan = Plan("お打ち合わせ <1>", "https://meet.example/x", ("hanako@customer.example",), ZONE, language)
    return await meeting_offers.send(deps, sato, lead_id, slots, plan, offer_letter("どうぞ"))


def link(world: World, offer: OfferView) -> str:
    return offer_link(world.house.deps, TEAM_ID, offer.offer_id)


async def made(world: World) -> list[MeetingView]:
    return await meetings.upcoming(world.house.deps, await actor(world), everybody=True)


def values(page: str) -> list[str]:
    return re.findall(r'name="slot" value="([^"]+)"', page)


@sqlite
@pytest.mark.parametrize(("language", "words"), [("ja", "日時をお選びください"), ("en", "Please choose a time")])
async def test_customer_chooses_moves_and_cancels_without_a_script(
    world: World, browser: aiohttp.ClientSession, language: str, words: str
) -> None:
    offer = await sent(world, language)
    async with browser.get(link(world, offer)) as response:
        page = await response.text()
    assert response.status == 200
    assert words in page
    assert "お打ち合わせ &lt;1&gt;" in page
    assert values(page) == [value_of(slot) for slot in offer.candidates]

    chosen = offer.candidates[1]
    async with browser.post(link(world, offer), data={"slot": value_of(chosen)}) as response:
        page = await response.text()
    assert response.status == 200
    assert response.history[0].status == 303
    address = str(response.url).partition("?")[0]
    (booked,) = await made(world)
    assert (booked.starts_at, booked.rep_id) == (chosen.start, chosen.member_id)
    assert "hanako@customer.example" in page

    async with browser.get(f"{address}/meeting.ics") as response:
        calendar = Calendar.from_ical(await response.text())
    assert response.content_type == "text/calendar"
    assert calendar.walk("VEVENT")[0].decoded("DTSTART") == booked.starts_at

    async with browser.get(f"{address}/move") as response:
        page = await response.text()
    other = values(page)[3]
    version = re.findall(r'name="version" value="(\d+)"', page)[0]
    async with browser.post(f"{address}/move", data={"slot": other, "version": version}) as response:
        assert response.status == 200
    (moved,) = await made(world)
    assert value_of(Slot(moved.starts_at, moved.ends_at, moved.rep_id)) == other

    # The form that was open before the move does not cancel what it never showed.
    async with browser.post(f"{address}/cancel", data={"reason": "x", "version": version}) as response:
        assert response.status == 409
    async with browser.get(f"{address}/cancel") as response:
        version = re.findall(r'name="version" value="(\d+)"', await response.text())[0]
    reason = {"reason": "予算 <凍結>", "version": version}
    async with browser.post(f"{address}/cancel", data=reason) as response:
        assert response.status == 200
    gone = await meetings.view(world.house.deps, TEAM_ID, moved.meeting_id)
    assert (gone.status, gone.cancel_reason, gone.cancelled_by) == ("cancelled", "予算 <凍結>", "customer")
    assert [mail.method for mail in await letters(world)] == ["", "REQUEST", "REQUEST", "CANCEL"]


@sqlite
async def test_times_are_shown_in_the_zone_the_reader_asks_for(world: World, browser: aiohttp.ClientSession) -> None:
    offer = await sent(world, "en")
    start = offer.candidates[0].start
    for zone in ("Asia/Tokyo", "Europe/Berlin", "America/New_York"):
        async with browser.get(link(world, offer), params={"tz": zone}) as response:
            assert start.astimezone(ZoneInfo(zone)).strftime("%H:%M–") in await response.text()
    for nonsense in ("../../etc/passwd", "Mars/Olympus", "x" * 500, ""):
        async with browser.get(link(world, offer), params={"tz": nonsense, "lang": "<script>"}) as response:
            page = await response.text()
        assert response.status == 200
        assert start.astimezone(ZoneInfo(ZONE)).strftime("%H:%M–") in page
    async with browser.post(link(world, offer), data={"slot": value_of(offer.candidates[0]), "tz": "Europe/Berlin"}):
        pass
    (booked,) = await made(world)
    assert booked.customer_zone == "Europe/Berlin"


@sqlite
async def test_pages_are_neither_kept_nor_indexed_nor_framed_nor_told_of(
    world: World, browser: aiohttp.ClientSession
) -> None:
    offer = await sent(world)
    async with browser.get(link(world, offer)) as response:
        headers, page = response.headers, await response.text()
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    # Nothing comes from elsewhere, and nothing stands in the page that the policy forbids.
    assert not re.findall(r'(?:src=|<link[^>]*href=)"(?:https?:)?//', page)
    assert "<style" not in page
    assert " style=" not in page
    assert not re.findall(r"<script(?![^>]*src=)", page)


@sqlite
async def test_time_that_was_taken_meanwhile_brings_what_is_left(world: World, browser: aiohttp.ClientSession) -> None:
    first, second = await sent(world), await sent(world, name="予約 次郎")
    assert first.candidates == second.candidates
    wanted = value_of(first.candidates[0])
    async with browser.post(link(world, first), data={"slot": wanted}) as response:
        assert response.status == 200
    async with browser.post(link(world, second), data={"slot": wanted}) as response:
        page = await response.text()
    assert response.status == 409
    assert 'role="alert"' in page
    assert values(page) == [value_of(slot) for slot in second.candidates[1:]]
    async with browser.get(link(world, second), params={"more": "1"}) as response:
        more = values(await response.text())
    assert len(more) > 10
    assert wanted not in more
    async with browser.post(link(world, second), data={"slot": more[-1]}) as response:
        assert response.status == 200
    assert len(await made(world)) == 2


@sqlite
async def test_link_that_was_used_leads_to_its_meeting_and_others_say_what_to_do(
    world: World, browser: aiohttp.ClientSession
) -> None:
    used, withdrawn = await sent(world), await sent(world, name="予約 次郎")
    async with browser.post(link(world, used), data={"slot": value_of(used.candidates[0])}):
        pass
    for method in (browser.get, browser.post):
        async with method(link(world, used)) as response:
            assert "/meeting/" in str(response.url)
            assert response.status == 200
    await meeting_offers.withdraw(world.house.deps, await actor(world), withdrawn.offer_id)
    async with browser.get(link(world, withdrawn)) as response:
        page = await response.text()
    assert response.status == 410
    assert "ご返信" in page
    expired = await sent(world, name="予約 三郎")
    async with world.house.deps.writing(TEAM_ID) as session:
        past = world.house.deps.now() - timedelta(seconds=1)
        change = sa.update(MeetingOffer).where(MeetingOffer.id == expired.offer_id).values(expires_at=past)
        await session.execute(change)
    async with browser.post(link(world, expired), data={"slot": value_of(expired.candidates[1])}) as response:
        assert (response.status, "選択期限が過ぎました" in await response.text()) == (410, True)
    (booked,) = await made(world)
    await changes.cancel(world.house.deps, await actor(world), TEAM_ID, booked.meeting_id, "", letter)
    address = meeting_link(world.house.deps, TEAM_ID, booked.meeting_id)
    for path in ("", "/move", "/cancel"):
        async with browser.get(f"{address}{path}") as response:
            page = await response.text()
        assert response.status == 200
        assert "キャンセルされました" in page
        assert '<form method="post"' not in page


@sqlite
async def test_forged_links_open_nothing(world: World, browser: aiohttp.ClientSession) -> None:
    offer = await sent(world)
    deps = world.house.deps
    await browser.post(link(world, offer), data={"slot": value_of(offer.candidates[0])})
    (booked,) = await made(world)
    good = deps.keys.sign(MEETING_LINK, [TEAM_ID, booked.meeting_id])
    forged = [
        "x",
        good[:-1],
        f"{good}x",
        # One purpose's link is no other's.
        deps.keys.sign(OFFER_LINK, [TEAM_ID, booked.meeting_id]),
        deps.keys.sign(MEETING_LINK, [TEAM_ID, 999_999]),
        deps.keys.sign(MEETING_LINK, ["T0OTHER", booked.meeting_id]),
        deps.keys.sign(MEETING_LINK, "x"),
        deps.keys.sign(MEETING_LINK, [TEAM_ID]),
    ]
    for token in forged:
        for path in ("", "/move", "/cancel", "/meeting.ics"):
            async with browser.get(f"{deps.public_url}meeting/{token}{path}") as response:
                assert response.status == 404, (token, path)
        async with browser.post(f"{deps.public_url}meeting/{token}/cancel", data={"reason": ""}) as response:
            assert response.status == 404
    assert (await made(world)) == [booked]


@sqlite
@pytest.mark.parametrize(
    ("slot", "status"),
    [
        ("", 422),
        ("x@y+z", 422),
        ("1@99999999999999999999+60", 422),
        ("1@3333333333333333+60", 422),
        ("1@1+60", 409),
        ("-1@29600000+60", 409),
    ],
)
async def test_nonsense_books_nothing(world: World, browser: aiohttp.ClientSession, slot: str, status: int) -> None:
    offer = await sent(world)
    async with browser.post(link(world, offer), data={"slot": slot}) as response:
        page = await response.text()
    assert response.status == status
    assert 'role="alert"' in page
    assert await made(world) == []


@sqlite
async def test_too_much_and_too_often_is_turned_away(world: World, browser: aiohttp.ClientSession) -> None:
    first, second = await sent(world), await sent(world, name="予約 次郎")
    async with browser.post(link(world, first), data={"slot": "x" * 20_000}) as response:
        assert response.status == 413
    many = {f"f{n}": "x" for n in range(40)}
    async with browser.post(link(world, first), data=many) as response:
        assert response.status == 413
    for _ in range(OFTEN - 2):
        async with browser.get(link(world, first)) as response:
            assert response.status == 200
    async with browser.get(link(world, first)) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "60")
    # Another customer notices nothing.
    async with browser.get(link(world, second)) as response:
        assert response.status == 200


async def test_of_twenty_browsers_at_once_one_books(world: World, browser: aiohttp.ClientSession) -> None:
    offers = [await sent(world, name=f"予約 {n}") for n in range(20)]
    wanted = {"slot": value_of(offers[0].candidates[0])}

    async def choose(offer: OfferView) -> int:
        async with browser.post(link(world, offer), data=wanted) as response:
            return response.status

    statuses = await asyncio.gather(*(choose(offer) for offer in offers))
    assert sorted(statuses) == [200] + [409] * 19
    (booked,) = await made(world)
    assert booked.starts_at == offers[0].candidates[0].start
    assert booked.ends_at - booked.starts_at == timedelta(hours=1)
