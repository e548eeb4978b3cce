"""A calendar at Google, through Google's own library (Calendar API v3)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import httplib2
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from domain.appointments import Busy, Event, Problem
from services.calendars.calendar import Access, Unusable
from services.calendars.words import with_guests
from services.oauth import OAuthApp

SCOPES = (
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.freebusy",
)
SECONDS = 15.0
RETRIES = 2
THREADS = 16
"""Google's library blocks; so many calendars are asked at once in a process."""

T = TypeVar("T")


class GoogleCalendar:
    """The calendar with the id `access.calendar`, or the person's main one."""

    def __init__(self, access: Access, app: OAuthApp) -> None:
        self._calendar = access.calendar or "primary"
        secret = access.secret
        self._refresh_token = secret.get("refresh_token", "")
        expires = secret.get("expires_at", "")
        self._credentials = Credentials(
            token=secret.get("access_token") or None,
            refresh_token=self._refresh_token,
            token_uri=app.token_url,
            client_id=app.client_id,
            client_secret=app.client_secret,
            # The library compares it with UTC that names no zone.
            expiry=datetime.fromisoformat(expires).astimezone(UTC).replace(tzinfo=None) if expires else None,
        )
        self._http = httplib2.Http(timeout=SECONDS, ca_certs=app.authorities)
        self._endpoint = f"{app.api_url}/calendar/v3/"

    @property
    def secret(self) -> Mapping[str, str]:
        """The tokens as they are now."""
        credentials = self._credentials
        expires = credentials.expiry.replace(tzinfo=UTC).isoformat() if credentials.expiry else ""
        return {
            "refresh_token": credentials.refresh_token or self._refresh_token,
            "access_token": credentials.token or "",
            "expires_at": expires,
        }

    async def close(self) -> None:
        """Close the connections."""
        self._http.close()

    async def check(self) -> str:
        """The calendar's id."""
        now = datetime.now(UTC)
        await self.busy(now, now + timedelta(hours=1))
        return self._calendar

    async def busy(self, start: datetime, end: datetime) -> list[Busy]:
        """From Google's own answer to the question."""
        asked = {"timeMin": _moment(start), "timeMax": _moment(end), "items": [{"id": self._calendar}]}
        answer = await self._done(lambda service: service.freebusy().query(body=asked))
        calendars = answer.get("calendars", {})
        # For the main calendar some answers name the person's address.
        found: Mapping[str, Any] = calendars.get(self._calendar) or next(iter(calendars.values()), {})
        for error in found.get("errors", []):
            missing = error.get("reason") == "notFound"
            raise Unusable(Problem.NOT_FOUND if missing else Problem.REFUSED, str(error.get("reason")))
        return [Busy(_parsed(taken["start"]), _parsed(taken["end"])) for taken in found.get("busy", [])]

    async def put(self, event: Event) -> None:
        """The entry's id follows from the UID, so that adding it twice is refused and becomes a change."""
        body = {
            "id": entry_id(event.uid),
            "status": "confirmed",
            "summary": event.summary,
            "description": with_guests(event),
            "location": event.location,
            "start": {"dateTime": _moment(event.start), "timeZone": _zone(event.start)},
            "end": {"dateTime": _moment(event.end), "timeZone": _zone(event.end)},
            "extendedProperties": {"private": {"uid": event.uid}},
        }
        where = {"calendarId": self._calendar, "sendUpdates": "none"}
        try:
            await self._done(lambda service: service.events().insert(body=body, **where))
        except _Exists:
            # Also an entry that was deleted is there, and comes back by its status.
            await self._done(lambda service: service.events().update(eventId=body["id"], body=body, **where))

    async def remove(self, uid: str) -> None:
        """Take the entry out."""
        where = {"calendarId": self._calendar, "sendUpdates": "none", "eventId": entry_id(uid)}
        try:
            await self._done(lambda service: service.events().delete(**where))
        except Unusable as unusable:
            if unusable.problem is not Problem.NOT_FOUND:
                raise

    async def _done(self, request: Callable[[Any], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(_threads(), self._execute, request)

    def _execute(self, request: Callable[[Any], Any]) -> Any:
        authorised = AuthorizedHttp(self._credentials, http=self._http)
        try:
            return request(_service(self._endpoint)).execute(http=authorised, num_retries=RETRIES)
        except HttpError as refused:
            raise _answer(refused) from refused
        except TransportError as lost:
            raise Unusable(Problem.UNREACHABLE, type(lost).__name__) from lost
        except RefreshError as refused:
            # The server's own troubles pass; a permission that was taken back does not.
            problem = Problem.REFUSED if refused.retryable else Problem.UNAUTHORISED
            raise Unusable(problem, "refresh") from refused
        except GoogleAuthError as refused:
            raise Unusable(Problem.UNAUTHORISED, type(refused).__name__) from refused
        except TimeoutError as slow:
            raise Unusable(Problem.SLOW) from slow
        except (OSError, httplib2.HttpLib2Error) as lost:
            raise Unusable(Problem.UNREACHABLE, type(lost).__name__) from lost


class _Exists(Unusable):
    """There is an entry with this id already."""


def _answer(refused: HttpError) -> Unusable:
    status, reason = int(refused.resp.status), str(refused.reason)[:200]
    if status == 409:
        return _Exists(Problem.REFUSED, reason)
    if status in (404, 410):
        return Unusable(Problem.NOT_FOUND, reason)
    limited = any("ateLimit" in str(detail.get("reason", "")) for detail in _details(refused))
    if status == 401 or (status == 403 and not limited):
        return Unusable(Problem.UNAUTHORISED, reason)
    return Unusable(Problem.REFUSED, f"{status} {reason}")


def _details(refused: HttpError) -> list[Mapping[str, Any]]:
    details = refused.error_details
    return [detail for detail in details if isinstance(detail, Mapping)] if isinstance(details, list) else []


def entry_id(uid: str) -> str:
    """The id of the entry of an event: Google takes lower-case base32hex."""
    return base64.b32hexencode(hashlib.sha256(uid.encode()).digest()).decode().rstrip("=").lower()


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _zone(moment: datetime) -> str:
    return moment.tzinfo.key if isinstance(moment.tzinfo, ZoneInfo) else "UTC"


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@cache
def _service(endpoint: str) -> Any:
    """What there is to ask, made once: reading its description takes longer than asking. Each request brings its own
    connection and tokens."""
    return build(
        "calendar",
        "v3",
        http=httplib2.Http(),
        static_discovery=True,
        cache_discovery=False,
        client_options={"api_endpoint": endpoint},
    )


@cache
def _threads() -> ThreadPoolExecutor:
    """Threads of our own: in the loop's, a slow calendar would hold up others' work."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="google-calendar")
