"""Google's and Microsoft's calendars through their own libraries: what holds for both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.appointments import Busy, Event, Person, Problem
from services.calendars.calendar import Access, Calendar, Kind, Unusable
from services.calendars.opening import open_calendar
from services.oauth import OAuthApps
from tests.servers.google import Google
from tests.servers.http import web
from tests.servers.microsoft import Microsoft

TOKYO = ZoneInfo("Asia/Tokyo")
DAY = datetime(2026, 4, 1, tzinfo=TOKYO)
MEETING = Event(
    "meeting-1@it's.example",
    0,
    DAY.replace(hour=10),
    DAY.replace(hour=11),
    "お打ち合わせ、株式会社あおば精機",
    "議題",
    "東京都大田区",
    Person("ito@kakehashi.example", "伊藤"),
    (Person("yamada@customer.example", "山田 太郎"),),
)


class Provider:
    """A provider's server, and a person's way in."""

    def __init__(self, kind: Kind, server: Google | Microsoft, apps: OAuthApps) -> None:
        self.kind, self.server, self.apps = kind, server, apps
        self.secret: dict[str, str] = {"refresh_token": "refresh-0"}

    async def __call__(self, what: str, *arguments: Any, calendar: str = "") -> Any:
        """One use of the calendar; what it leaves of the secret is kept, as the service does."""
        opened: Calendar = open_calendar(Access(self.kind, "Asia/Tokyo", "", calendar, self.secret), self.apps)
        try:
            return await getattr(opened, what)(*arguments)
        finally:
            self.secret = dict(opened.secret)
            await opened.close()

    async def busy(self, calendar: str = "") -> list[Busy]:
        return sorted(await self("busy", DAY, DAY + timedelta(days=1), calendar=calendar))


@pytest.fixture(params=[Kind.GOOGLE, Kind.MICROSOFT])
async def provider(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Provider]:
    if request.param is Kind.GOOGLE:
        google = Google()
        async with google.served() as app:
            yield Provider(Kind.GOOGLE, google, OAuthApps(google=app))
    else:
        microsoft = Microsoft()
        async with microsoft.served(tmp_path) as app:
            yield Provider(Kind.MICROSOFT, microsoft, OAuthApps(microsoft=app))


def hours(first: int, last: int) -> Busy:
    return Busy((DAY + timedelta(hours=first)).astimezone(UTC), (DAY + timedelta(hours=last)).astimezone(UTC))


async def test_event_put_in_twice_stands_once(provider: Provider) -> None:
    await provider("put", MEETING)
    await provider("put", MEETING)
    assert await provider.busy() == [hours(10, 11)]
    (entry,) = provider.server.confirmed()
    assert "attendees" not in entry
    assert "山田 太郎 <yamada@customer.example>" in str(entry)


async def test_event_moves_and_goes(provider: Provider) -> None:
    await provider("put", MEETING)
    await provider("put", replace(MEETING, sequence=1, start=DAY.replace(hour=15), end=DAY.replace(hour=16)))
    assert await provider.busy() == [hours(15, 16)]
    await provider("remove", MEETING.uid)
    assert await provider.busy() == []
    await provider("remove", MEETING.uid)


async def test_event_that_was_removed_may_come_back(provider: Provider) -> None:
    await provider("put", MEETING)
    await provider("remove", MEETING.uid)
    await provider("put", replace(MEETING, sequence=2))
    assert await provider.busy() == [hours(10, 11)]


async def test_token_that_still_counts_is_not_renewed(provider: Provider) -> None:
    await provider.busy()
    await provider.busy()
    assert provider.server.tokens.renewals == 1
    assert provider.secret["access_token"] == "access-1"


async def test_token_that_ended_early_is_renewed_and_kept(provider: Provider) -> None:
    await provider.busy()
    provider.server.tokens.end()
    assert await provider.busy() == []
    assert provider.server.tokens.renewals == 2
    assert provider.secret["access_token"] == "access-2"


async def test_new_refresh_token_takes_the_place_of_the_old(provider: Provider) -> None:
    provider.server.tokens.rotates = True
    await provider.busy()
    provider.server.tokens.end()
    await provider.busy()
    assert provider.secret["refresh_token"] == "refresh-2"


@pytest.mark.parametrize("fault", [429, 503])
async def test_server_that_is_busy_for_a_moment_is_asked_again(provider: Provider, fault: int) -> None:
    await provider.busy()
    provider.server.faults = [fault]
    assert await provider.busy() == []
    assert not provider.server.faults


@pytest.mark.parametrize(
    ("faults", "problem"),
    [([503] * 9, Problem.REFUSED), ([404], Problem.NOT_FOUND), ([403], Problem.UNAUTHORISED), ([400], Problem.REFUSED)],
)
async def test_refusals_are_named(provider: Provider, faults: list[int], problem: Problem) -> None:
    await provider.busy()
    provider.server.faults = list(faults)
    with pytest.raises(Unusable) as unusable:
        await provider.busy()
    assert unusable.value.problem is problem


async def test_permission_taken_back_is_named(provider: Provider) -> None:
    provider.server.tokens.revoked = True
    with pytest.raises(Unusable) as unusable:
        await provider.busy()
    assert unusable.value.problem is Problem.UNAUTHORISED


async def test_calendar_that_is_not_there_is_named(provider: Provider) -> None:
    with pytest.raises(Unusable) as unusable:
        await provider.busy("another")
    assert unusable.value.problem is Problem.NOT_FOUND


async def test_installation_that_is_no_app_says_so(provider: Provider) -> None:
    provider.apps = OAuthApps()
    with pytest.raises(Unusable) as unusable:
        await provider.busy()
    assert unusable.value.problem is Problem.NOT_SET_UP


@pytest.fixture
async def microsoft(tmp_path: Path) -> AsyncIterator[Provider]:
    server = Microsoft()
    async with server.served(tmp_path) as app:
        yield Provider(Kind.MICROSOFT, server, OAuthApps(microsoft=app))


def entry(first: int, last: int, **more: Any) -> dict[str, Any]:
    start, end = ((DAY + timedelta(hours=hour)).astimezone(UTC).replace(tzinfo=None) for hour in (first, last))
    times = {"start": start, "end": end}
    return {side: {"dateTime": at.isoformat(), "timeZone": "UTC"} for side, at in times.items()} | more


async def test_microsofts_pages_are_all_read(microsoft: Provider) -> None:
    microsoft.server.events = {str(n): entry(9 + n, 10 + n, id=str(n)) for n in range(7)}
    assert await microsoft.busy() == [hours(9 + n, 10 + n) for n in range(7)]
    assert microsoft.server.asked == 4


async def test_token_goes_to_no_other_server_whatever_an_answer_says(microsoft: Provider) -> None:
    asked: list[str] = []

    async def other(request: Request) -> Response:
        asked.append(request.headers.get("authorization", ""))
        return JSONResponse({"value": []})

    async with web(Starlette(routes=[Route("/{anything:path}", other)])) as url:
        assert isinstance(microsoft.server, Microsoft)
        microsoft.server.lure = f"{url}/v1.0/me/calendarView"
        microsoft.server.events = {str(n): entry(9 + n, 10 + n, id=str(n)) for n in range(3)}
        await microsoft.busy()
    assert asked == []


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        ({"showAs": "free"}, []),
        ({"showAs": "workingElsewhere"}, []),
        ({"isCancelled": True}, []),
        ({"showAs": "tentative"}, [hours(9, 10)]),
        ({"showAs": "oof"}, [hours(9, 10)]),
    ],
)
async def test_microsofts_entries_take_the_time_they_say(
    microsoft: Provider, more: dict[str, Any], taken: list[Busy]
) -> None:
    microsoft.server.events = {"1": entry(9, 10, id="1", **more)}
    assert await microsoft.busy() == taken


async def test_microsofts_whole_days_are_meant_where_the_person_is(microsoft: Provider) -> None:
    whole = {"start": {"dateTime": "2026-04-01T00:00:00", "timeZone": "UTC"}}
    whole |= {"end": {"dateTime": "2026-04-02T00:00:00", "timeZone": "UTC"}}
    microsoft.server.events = {"1": {"id": "1", "isAllDay": True, **whole}}
    assert await microsoft.busy() == [hours(0, 24)]
