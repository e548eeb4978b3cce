"""Calendars on a real CalDAV server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar as Parsed

from domain.appointments import Busy, Event, Person, Problem
from services.calendars.calendar import Access, Kind, Unusable
from services.calendars.opening import open_calendar
from services.oauth import OAuthApps
from tests.servers.radicale import LOOPBACK, PEOPLE, entries, put, radicale

TOKYO = ZoneInfo("Asia/Tokyo")
DAY = datetime(2026, 4, 1, tzinfo=TOKYO)
MEETING = Event(
    "meeting-1@kakehashi.example",
    0,
    DAY.replace(hour=10),
    DAY.replace(hour=11),
    "お打ち合わせ、株式会社あおば精機",
    "議題; 導入\n資料",
    "東京都大田区",
    Person("ito@kakehashi.example", "伊藤"),
    (Person("yamada@customer.example", "山田 太郎"),),
)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[str]:
    async with radicale(tmp_path) as url:
        yield url


def access(url: str, name: str = "ito", **changed: str) -> Access:
    secret = {"name": name, "password": changed.pop("password", PEOPLE.get(name, ""))}
    return Access(Kind.CALDAV, "Asia/Tokyo", url, changed.pop("calendar", ""), secret)


async def busy(given: Access, start: datetime = DAY, days: int = 1) -> list[Busy]:
    calendar = open_calendar(given, OAuthApps(), LOOPBACK)
    try:
        return sorted(await calendar.busy(start, start + timedelta(days=days)))
    finally:
        await calendar.close()


async def written(given: Access, event: Event | str) -> None:
    calendar = open_calendar(given, OAuthApps(), LOOPBACK)
    try:
        await (calendar.remove(event) if isinstance(event, str) else calendar.put(event))
    finally:
        await calendar.close()


async def checked(given: Access) -> str:
    calendar = open_calendar(given, OAuthApps(), LOOPBACK)
    try:
        return await calendar.check()
    finally:
        await calendar.close()


def entry(uid: str, *lines: str) -> str:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Other//EN", "BEGIN:VEVENT"]
    body = [f"UID:{uid}", "DTSTAMP:20260301T000000Z", f"SUMMARY:{uid}", *lines]
    return "\r\n".join([*head, *body, "END:VEVENT", "END:VCALENDAR", ""])


def hours(first: float, last: float, day: int = 1) -> Busy:
    start = DAY.replace(day=day)
    return Busy((start + timedelta(hours=first)).astimezone(UTC), (start + timedelta(hours=last)).astimezone(UTC))


async def test_calendar_for_events_is_found_and_kept(server: str) -> None:
    assert await checked(access(server)) == f"{server}ito/visits/"
    assert await checked(access(server, calendar="visits")) == f"{server}ito/visits/"


async def test_event_is_put_in_once_and_takes_its_time(server: str) -> None:
    given = access(server)
    await written(given, MEETING)
    await written(given, MEETING)
    assert await busy(given) == [hours(10, 11)]
    (component,) = Parsed.from_ical(await entries(server, "ito")).walk("VEVENT")
    assert component["SUMMARY"] == MEETING.summary
    assert component["DESCRIPTION"] == MEETING.description
    assert component["ATTENDEE"].params["SCHEDULE-AGENT"] == "CLIENT"


async def test_moved_event_takes_its_new_time_only(server: str) -> None:
    given = access(server)
    await written(given, MEETING)
    await written(given, replace(MEETING, sequence=1, start=DAY.replace(hour=15), end=DAY.replace(hour=16)))
    assert await busy(given) == [hours(15, 16)]


async def test_removed_event_is_gone_and_may_be_removed_again(server: str) -> None:
    given = access(server)
    await written(given, MEETING)
    await written(given, MEETING.uid)
    await written(given, MEETING.uid)
    assert await busy(given) == []


async def test_entry_that_a_mail_program_made_of_our_invitation_is_brought_up_to_date(server: str) -> None:
    await put(
        server, "ito", "from-the-mail.ics", entry(MEETING.uid, "DTSTART:20260401T000000Z", "DTEND:20260401T003000Z")
    )
    given = access(server)
    await written(given, MEETING)
    assert await busy(given) == [hours(10, 11)]
    await written(given, MEETING.uid)
    assert await busy(given) == []


@pytest.mark.parametrize(
    ("lines", "taken"),
    [
        (["DTSTART:20260401T010000Z", "DTEND:20260401T013000Z"], [hours(10, 10.5)]),
        (["DTSTART:20260401T010000Z", "DURATION:PT45M"], [hours(10, 10.75)]),
        (["DTSTART:20260401T130000", "DTEND:20260401T140000"], [hours(13, 14)]),
        (["DTSTART;VALUE=DATE:20260401", "DTEND;VALUE=DATE:20260402"], [hours(0, 24)]),
        (["DTSTART;VALUE=DATE:20260401"], [hours(0, 24)]),
        (["DTSTART;VALUE=DATE:20260401", "TRANSP:TRANSPARENT"], []),
        (["DTSTART:20260401T010000Z", "DTEND:20260401T013000Z", "STATUS:CANCELLED"], []),
        (["DTSTART:20260325T010000Z", "DTEND:20260325T020000Z", "RRULE:FREQ=WEEKLY;COUNT=3"], [hours(10, 11)]),
        (
            ["DTSTART:20260325T010000Z", "DTEND:20260325T020000Z", "RRULE:FREQ=WEEKLY", "EXDATE:20260401T010000Z"],
            [],
        ),
        (["DTSTART:20260402T010000Z", "DTEND:20260402T020000Z"], []),
    ],
)
async def test_entries_of_every_kind_take_the_time_they_say(server: str, lines: list[str], taken: list[Busy]) -> None:
    await put(server, "ito", "entry.ics", entry("entry", *lines))
    assert await busy(access(server)) == taken


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"password": "wrong"}, Problem.UNAUTHORISED),
        ({"name": "nobody"}, Problem.UNAUTHORISED),
        ({"calendar": "holidays"}, Problem.NOT_FOUND),
        ({"url": "http://127.0.0.1:9/"}, Problem.UNREACHABLE),
    ],
)
async def test_what_is_wrong_with_a_connection_is_named(server: str, changed: dict[str, str], problem: Problem) -> None:
    with pytest.raises(Unusable) as unusable:
        await checked(access(**{"url": server, **changed}))
    assert unusable.value.problem is problem


async def test_calendar_that_was_deleted_is_not_found(server: str) -> None:
    gone = access(server, calendar=f"{server}ito/gone/")
    for attempt in (busy(gone), written(gone, MEETING)):
        with pytest.raises(Unusable) as unusable:
            await attempt
        assert unusable.value.problem in (Problem.NOT_FOUND, Problem.REFUSED)


async def test_calendar_of_somebody_else_is_closed_to_us(server: str) -> None:
    with pytest.raises(Unusable) as unusable:
        await busy(access(server, calendar=f"{server}kato/visits/"))
    assert unusable.value.problem is Problem.UNAUTHORISED
