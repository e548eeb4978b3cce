"""A calendar at Microsoft 365 or Outlook, through Microsoft's own libraries (msal, Graph v1.0)."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import msal
import requests
from kiota_http.middleware import REQUEST_OPTIONS_KEY
from kiota_http.middleware.options import RetryHandlerOption
from msgraph_core import GraphClientFactory

from domain.appointments import Busy, Event, Problem
from services.calendars.calendar import Access, Unusable
from services.calendars.words import with_guests
from services.oauth import OAuthApp

SCOPE = "https://graph.microsoft.com/Calendars.ReadWrite"
SECONDS = 15.0
RETRIES = 2
PAGE = 100
PAGES = 50
"""More pages than this of one answer are not followed: no calendar has so many entries in the weeks we ask about."""
EARLY = timedelta(minutes=2)
"""A token that ends so soon is renewed before it is used."""
# Names our own field of an entry. The number is arbitrary and must stay as it is: by it we find the entry again.
_UID_FIELD = "String {b1a4a1c6-6f0e-4f0f-9d5d-2c8a7c1f6e31} Name uid"


class MicrosoftCalendar:
    """The calendar with the id `access.calendar`, or the person's main one."""

    def __init__(self, access: Access, app: OAuthApp) -> None:
        self._access = access
        self._app = app
        self._secret = dict(access.secret)
        retrying = RetryHandlerOption(delay=0.0, max_retries=RETRIES)
        client = httpx.AsyncClient(base_url=app.api_url, timeout=SECONDS, verify=_verified(app))
        self._client = GraphClientFactory.create_with_default_middleware(
            client=client, options={RetryHandlerOption.get_key(): retrying}
        )
        self._root = f"{app.api_url}/me/calendars/{quote(access.calendar)}" if access.calendar else f"{app.api_url}/me"

    @property
    def secret(self) -> Mapping[str, str]:
        """The tokens as they are now."""
        return self._secret

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def check(self) -> str:
        """The calendar's id, "" for the main one."""
        now = datetime.now(UTC)
        await self.busy(now, now + timedelta(hours=1))
        return self._access.calendar

    async def busy(self, start: datetime, end: datetime) -> list[Busy]:
        """From the entries, those that repeat written out, page by page."""
        asked = {
            "startDateTime": _moment(start),
            "endDateTime": _moment(end),
            "$select": "start,end,showAs,isCancelled,isAllDay",
            "$top": str(PAGE),
        }
        answer = await self._json("GET", f"{self._root}/calendarView", params=asked)
        found: list[Busy] = []
        for _ in range(PAGES):
            found += [taken for entry in answer.get("value", []) if (taken := self._taken(entry)) is not None]
            following = str(answer.get("@odata.nextLink") or "")
            # The token goes nowhere else, whatever an answer says.
            if not following.startswith(f"{self._app.api_url}/"):
                break
            answer = await self._json("GET", following)
        return found

    async def put(self, event: Event) -> None:
        """The entry is found by our own field. The guests are no guests of it: Graph would write to them."""
        body = {
            "subject": event.summary,
            "body": {"contentType": "text", "content": with_guests(event)},
            "start": {"dateTime": _moment(event.start, zone=False), "timeZone": "UTC"},
            "end": {"dateTime": _moment(event.end, zone=False), "timeZone": "UTC"},
            "location": {"displayName": event.location},
            "showAs": "busy",
        }
        there = await self._entries(event.uid)
        if there:
            await self._json("PATCH", f"{self._app.api_url}/me/events/{quote(there[0])}", json=body)
            return
        new = {
            **body,
            # Two who add it at the same time add one entry.
            "transactionId": hashlib.sha256(f"{event.uid}/{event.sequence}".encode()).hexdigest()[:36],
            "singleValueExtendedProperties": [{"id": _UID_FIELD, "value": event.uid}],
        }
        await self._json("POST", f"{self._root}/events", json=new)

    async def remove(self, uid: str) -> None:
        """Take out every entry that carries the UID."""
        for entry in await self._entries(uid):
            try:
                await self._json("DELETE", f"{self._app.api_url}/me/events/{quote(entry)}")
            except Unusable as unusable:
                if unusable.problem is not Problem.NOT_FOUND:
                    raise

    async def _entries(self, uid: str) -> list[str]:
        value = uid.replace("'", "''")
        having = f"singleValueExtendedProperties/Any(ep: ep/id eq '{_UID_FIELD}' and ep/value eq '{value}')"
        answer = await self._json("GET", f"{self._root}/events", params={"$filter": having, "$select": "id"})
        return [str(entry["id"]) for entry in answer.get("value", [])]

    def _taken(self, entry: Mapping[str, Any]) -> Busy | None:
        if entry.get("isCancelled") or entry.get("showAs") in ("free", "workingElsewhere"):
            return None
        start, end = _parsed(entry["start"]), _parsed(entry["end"])
        if entry.get("isAllDay"):
            # Whole days come as midnights of UTC, and are meant where the person is.
            zone = ZoneInfo(self._access.zone)
            start, end = (datetime.combine(moment.date(), time(), zone).astimezone(UTC) for moment in (start, end))
        return Busy(start, end)

    async def _json(self, method: str, url: str, **given: Any) -> dict[str, Any]:
        """An answer of Graph's. The token is renewed when it is about to end, or when Graph says that it has."""
        try:
            response = await self._ask(method, url, await self._token(), given)
            if response.status_code == 401:
                response = await self._ask(method, url, await self._token(renew=True), given)
        except httpx.TimeoutException as slow:
            raise Unusable(Problem.SLOW) from slow
        except httpx.HTTPError as lost:
            raise Unusable(Problem.UNREACHABLE, type(lost).__name__) from lost
        if response.status_code in (401, 403):
            raise Unusable(Problem.UNAUTHORISED, str(response.status_code))
        if response.status_code in (404, 410):
            raise Unusable(Problem.NOT_FOUND)
        if response.status_code >= 300:
            raise Unusable(Problem.REFUSED, str(response.status_code))
        if response.status_code == 204 or not response.content:
            return {}
        try:
            answer = response.json()
        except ValueError as strange:
            raise Unusable(Problem.REFUSED, "no JSON") from strange
        return answer if isinstance(answer, dict) else {}

    async def _ask(self, method: str, url: str, token: str, given: Mapping[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Prefer": 'outlook.timezone="UTC"'}
        # Only requests that carry this go through Graph's own way of trying again.
        extensions: dict[str, Any] = {REQUEST_OPTIONS_KEY: {}}
        request = self._client.build_request(method, url, headers=headers, extensions=extensions, **given)
        response: httpx.Response = await self._client.send(request)
        return response

    async def _token(self, *, renew: bool = False) -> str:
        token, expires = self._secret.get("access_token", ""), self._secret.get("expires_at", "")
        if token and expires and not renew and datetime.fromisoformat(expires) - EARLY > datetime.now(UTC):
            return token
        answer = await asyncio.to_thread(refreshed, self._app, self._secret.get("refresh_token", ""))
        self._secret = tokens(answer, before=self._secret)
        return self._secret["access_token"]


class _Forgetful(msal.TokenCache):  # type: ignore[misc]  # msal ships no types
    """Keeps nothing: each person's tokens are kept with their calendar, encrypted."""

    def add(self, event: Any, now: Any = None) -> None:
        """Let it go."""


def identity(app: OAuthApp) -> Any:
    """msal's side of the app (a ConfidentialClientApplication). Blocks. Raises Unusable."""
    try:
        with _one_at_a_time:
            return _identity(app)
    except (ValueError, requests.RequestException) as lost:
        raise Unusable(Problem.UNREACHABLE, type(lost).__name__) from lost


_one_at_a_time = threading.Lock()


@cache
def _identity(app: OAuthApp) -> Any:
    # Making it asks the provider where its endpoints are, once in a process.
    return msal.ConfidentialClientApplication(
        app.client_id,
        client_credential=app.client_secret,
        authority=app.authorise_url,
        # Whether the authority is Microsoft's is not asked of Microsoft: an admin has named it.
        instance_discovery=False,
        token_cache=_Forgetful(),
        timeout=SECONDS,
        http_client=_trusting(app.authorities) if app.authorities else None,
    )


def _trusting(authorities: str) -> requests.Session:
    session = requests.Session()
    session.verify = authorities
    # The environment's authorities would take their place.
    session.trust_env = False
    return session


def refreshed(app: OAuthApp, refresh_token: str) -> Mapping[str, Any]:
    """New tokens for an old one. Blocks. Raises Unusable."""
    try:
        answer: Mapping[str, Any] = identity(app).acquire_token_by_refresh_token(refresh_token, scopes=[SCOPE])
    except (ValueError, requests.RequestException) as lost:
        raise Unusable(Problem.UNREACHABLE, type(lost).__name__) from lost
    return answer


def tokens(answer: Mapping[str, Any], before: Mapping[str, str]) -> dict[str, str]:
    """What is kept of the provider's answer. Raises Unusable where it refused."""
    if "access_token" not in answer:
        passing = answer.get("error") in ("temporarily_unavailable", "server_error")
        raise Unusable(Problem.REFUSED if passing else Problem.UNAUTHORISED, str(answer.get("error", "")))
    expires = datetime.now(UTC) + timedelta(seconds=int(answer.get("expires_in", 0)))
    return {
        "refresh_token": str(answer.get("refresh_token") or before.get("refresh_token", "")),
        "access_token": str(answer["access_token"]),
        "expires_at": expires.isoformat(timespec="seconds"),
    }


def _verified(app: OAuthApp) -> Any:
    return ssl.create_default_context(cafile=app.authorities) if app.authorities else True


def _moment(moment: datetime, *, zone: bool = True) -> str:
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    return f"{text}Z" if zone else text


def _parsed(given: Mapping[str, str]) -> datetime:
    # Graph writes seven digits after the second; Python reads six.
    return datetime.fromisoformat(str(given["dateTime"])[:26].removesuffix("Z")).replace(tzinfo=UTC)
