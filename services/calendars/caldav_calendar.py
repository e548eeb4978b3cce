"""A calendar on a CalDAV server (RFC 4791): Nextcloud, iCloud, Radicale and others."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import niquests
from caldav.aio import AsyncDAVClient
from caldav.aio import Calendar as Collection
from caldav.lib import error
from icalendar import Component

from domain.appointments import Busy, Event, Problem
from services import invitations
from services.calendars.calendar import Access, Unusable
from services.calendars.guarded import guarded
from services.networks import Network

SECONDS = 20
_CONFLICTS = frozenset({403, 405, 409, 412})
"""How servers answer when there is an entry with this UID under another name."""


class _Client(AsyncDAVClient):
    """The library's client, whose requests go only where members' servers may be."""

    def __init__(self, url: str, allowed: Sequence[Network], **given: Any) -> None:
        self._at = url
        self._allowed = allowed
        super().__init__(url=url, **given)

    def _create_session(self) -> None:
        # The library's own way to a session, which it goes again when it changes the protocol.
        self.session = guarded(self._at, self._allowed, SECONDS)


class CalDavCalendar:
    """The calendar at `access.calendar`, or the first one for events that the server shows to this person."""

    def __init__(self, access: Access, allowed: Sequence[Network] = ()) -> None:
        """`allowed`: the private networks in which the server may be."""
        self._access = access
        self._client = _Client(
            # Some servers keep calendars at another host than the one people are told of.
            access.calendar if "://" in access.calendar else access.url,
            allowed,
            username=access.secret.get("name", ""),
            password=access.secret.get("password", ""),
            timeout=SECONDS,
            # It would ask DNS while everybody waits.
            enable_rfc6764=False,
            rate_limit_handle=False,
        )

    @property
    def secret(self) -> Mapping[str, str]:
        """Name and password, as given."""
        return self._access.secret

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def check(self) -> str:
        """The address of the calendar."""
        async with _trouble():
            found = await self._discover()
            now = datetime.now(UTC)
            await self._between(found, now, now + timedelta(days=1))
            return str(found.url)

    async def busy(self, start: datetime, end: datetime) -> list[Busy]:
        """From the entries themselves: few servers answer free-busy questions, and some leave out what repeats."""
        async with _trouble():
            collection = await self._collection()
            found: list[Busy] = []
            for component in await self._between(collection, start, end):
                taken = _taken(component, ZoneInfo(self._access.zone))
                if taken is not None and taken.start < end and taken.end > start:
                    found.append(taken)
            return found

    async def put(self, event: Event) -> None:
        """The entry is named by its UID. Where the server has one of this UID already (from the mail, perhaps), that
        one is written."""
        text = invitations.ics(event, "")
        async with _trouble():
            collection = await self._collection()
            response = await self._write(self._entry(collection, event.uid), text)
            if response in _CONFLICTS:
                there = await _by_uid(collection, event.uid)
                if there is not None:
                    response = await self._write(str(there.url), text)
            if response not in (200, 201, 204):
                raise Unusable(Problem.NOT_FOUND if response == 404 else Problem.REFUSED, f"HTTP {response}")

    async def remove(self, uid: str) -> None:
        """Under our name for it, or wherever the server keeps it."""
        async with _trouble():
            collection = await self._collection()
            status = await self._delete(self._entry(collection, uid))
            if status == 404:
                there = await _by_uid(collection, uid)
                status = await self._delete(str(there.url)) if there is not None else 204
            if status not in (200, 202, 204, 404, 410):
                raise Unusable(Problem.REFUSED, f"HTTP {status}")

    async def _write(self, url: str, text: str) -> int:
        try:
            answer = await self._client.put(url, text, {"Content-Type": "text/calendar; charset=utf-8"})
        except error.AuthorizationError as refused:
            # 403 is also how some servers refuse a second entry of one UID.
            if "403" in str(refused):
                return 403
            raise
        return int(answer.status)

    async def _delete(self, url: str) -> int:
        try:
            return int((await self._client.delete(url)).status)
        except error.NotFoundError:
            return 404

    async def _collection(self) -> Collection:
        if "://" in self._access.calendar:
            # The library's own types name only its other client, though each of its objects takes both.
            client: Any = self._client
            return Collection(client=client, url=self._access.calendar)
        return await self._discover()

    async def _discover(self) -> Collection:
        principal: Any = await self._client.get_principal()
        calendars: list[Any] = await principal.get_calendars()
        wanted = self._access.calendar
        for collection in calendars:
            if wanted:
                fits = wanted in (str(collection.url), await collection.get_display_name())
            else:
                fits = "VEVENT" in await collection.get_supported_components()
            if fits:
                found: Collection = collection
                return found
        raise Unusable(Problem.NOT_FOUND)

    async def _between(self, collection: Any, start: datetime, end: datetime) -> list[Component]:
        entries = await collection.search(event=True, start=start, end=end, expand=True)
        return [part for entry in entries for part in entry.icalendar_instance.walk("VEVENT")]

    def _entry(self, collection: Collection, uid: str) -> str:
        return f"{str(collection.url).rstrip('/')}/{quote(uid, safe='@')}.ics"


async def _by_uid(collection: Any, uid: str) -> Any | None:
    with contextlib.suppress(error.NotFoundError):
        return await collection.get_event_by_uid(uid)
    return None


def _taken(component: Any, zone: ZoneInfo) -> Busy | None:
    """The time an entry (a VEVENT) takes; None for one that takes none."""
    if str(component.get("TRANSP", "OPAQUE")).upper() == "TRANSPARENT":
        return None
    if str(component.get("STATUS", "")).upper() == "CANCELLED" or component.get("DTSTART") is None:
        return None
    first = component["DTSTART"].dt
    if component.get("DTEND") is not None:
        last = component["DTEND"].dt
    elif component.get("DURATION") is not None:
        last = first + component["DURATION"].dt
    else:
        # An entry of a day without an end takes that day, one of a moment nothing (RFC 5545, 3.6.1).
        last = first if isinstance(first, datetime) else first + timedelta(days=1)
    return Busy(_moment(first, zone), _moment(last, zone))


def _moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(), zone)
    return (value if value.tzinfo is not None else value.replace(tzinfo=zone)).astimezone(UTC)


@asynccontextmanager
async def _trouble() -> AsyncIterator[None]:
    """Turn what the library raises into Unusable."""
    try:
        yield
    except error.AuthorizationError as refused:
        raise Unusable(Problem.UNAUTHORISED) from refused
    except error.NotFoundError as missing:
        raise Unusable(Problem.NOT_FOUND) from missing
    except error.RateLimitError as later:
        raise Unusable(Problem.REFUSED, "rate limit") from later
    except error.DAVError as refused:
        raise Unusable(Problem.REFUSED, type(refused).__name__) from refused
    except TimeoutError as slow:
        raise Unusable(Problem.SLOW) from slow
    except (OSError, niquests.RequestException) as lost:
        raise Unusable(Problem.UNREACHABLE, type(lost).__name__) from lost
