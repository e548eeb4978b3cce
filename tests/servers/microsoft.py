"""Microsoft's identity endpoints and the part of Graph v1.0 that we use, over TLS as msal asks for."""

from __future__ import annotations

import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.oauth import OAuthApp
from tests.servers.http import web
from tests.servers.oauth import CLIENT, SECRET, Tokens
from tests.servers.smtp import certificate

PAGE = 2
_FILTER = re.compile(r"singleValueExtendedProperties/Any\(ep: ep/id eq '(.+?)' and ep/value eq '(.*)'\)")


def refused(status: int) -> Response:
    """An error as Graph writes it."""
    headers = {"Retry-After": "1"} if status in (429, 503) else {}
    return JSONResponse({"error": {"code": f"error{status}", "message": "refused"}}, status, headers)


def moment(given: dict[str, str]) -> datetime:
    assert given["timeZone"] == "UTC"
    return datetime.fromisoformat(given["dateTime"]).replace(tzinfo=UTC)


@dataclass(slots=True)
class Microsoft:
    """One person's main calendar. Answers come in pages of two."""

    tokens: Tokens = field(default_factory=Tokens)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[int] = field(default_factory=list)
    """Statuses that the next requests are answered with, in this order."""
    asked: int = 0
    lure: str = ""
    """Where an answer says that its next page is, instead of here."""

    def confirmed(self) -> list[dict[str, Any]]:
        return list(self.events.values())

    def _refuses(self, request: Request) -> Response | None:
        self.asked += 1
        if self.faults:
            return refused(self.faults.pop(0))
        if not self.tokens.admits(request):
            return refused(401)
        if request.path_params.get("calendar", "main") != "main":
            return refused(404)
        return None

    async def view(self, request: Request) -> Response:
        if (no := self._refuses(request)) is not None:
            return no
        asked = dict(request.query_params)
        assert request.headers["prefer"] == 'outlook.timezone="UTC"'
        start, end = (datetime.fromisoformat(asked[name]) for name in ("startDateTime", "endDateTime"))
        found = [e for e in self.events.values() if moment(e["start"]) < end and moment(e["end"]) > start]
        skip = int(asked.get("$skip", 0))
        answer: dict[str, Any] = {"value": [self._shown(event) for event in found[skip : skip + PAGE]]}
        if len(found) > skip + PAGE:
            following = urlencode(asked | {"$skip": str(skip + PAGE)})
            answer["@odata.nextLink"] = self.lure or f"{request.url.replace(query=following)}"
        return JSONResponse(answer)

    def _shown(self, event: dict[str, Any]) -> dict[str, Any]:
        # Seven digits, as Graph writes them.
        times = {
            side: {"dateTime": f"{event[side]['dateTime']}.0000000", "timeZone": "UTC"} for side in ("start", "end")
        }
        return {"isCancelled": False, "isAllDay": False, **event, **times}

    async def list_(self, request: Request) -> Response:
        if (no := self._refuses(request)) is not None:
            return no
        match = _FILTER.fullmatch(request.query_params["$filter"])
        assert match is not None
        field_, value = match[1], match[2].replace("''", "'")
        wanted = {"id": field_, "value": value}
        found = [e for e in self.events.values() if wanted in e.get("singleValueExtendedProperties", [])]
        return JSONResponse({"value": [{"id": event["id"]} for event in found]})

    async def add(self, request: Request) -> Response:
        if (no := self._refuses(request)) is not None:
            return no
        event = await request.json()
        same = [e for e in self.events.values() if e.get("transactionId") == event["transactionId"]]
        if same:
            return JSONResponse(same[0], 201)
        event["id"] = f"AAMk+/{len(self.events)}="
        self.events[event["id"]] = event
        return JSONResponse(event, 201)

    async def event(self, request: Request) -> Response:
        if (no := self._refuses(request)) is not None:
            return no
        there = self.events.get(request.path_params["event"])
        if there is None:
            return refused(404)
        if request.method == "DELETE":
            del self.events[there["id"]]
            return Response(status_code=204)
        there.update(await request.json())
        return JSONResponse(there)

    async def token(self, request: Request) -> Response:
        return await self.tokens.answer(request)

    async def discovery(self, request: Request) -> Response:
        here = str(request.base_url)
        return JSONResponse(
            {
                "issuer": f"{here}common/v2.0",
                "authorization_endpoint": f"{here}common/oauth2/v2.0/authorize",
                "token_endpoint": f"{here}common/oauth2/v2.0/token",
            }
        )

    @asynccontextmanager
    async def served(self, folder: Path) -> AsyncIterator[OAuthApp]:
        """Microsoft's addresses, as an app of ours has them. The certificate is made in a new folder within this one:
        a client remembers what stood in a file of this name before."""
        folder = Path(tempfile.mkdtemp(dir=folder))
        certificate(folder)
        app = Starlette(
            routes=[
                Route("/common/v2.0/.well-known/openid-configuration", self.discovery),
                Route("/common/oauth2/v2.0/token", self.token, methods=["POST"]),
                Route("/v1.0/me/calendarView", self.view),
                Route("/v1.0/me/events", self.list_),
                Route("/v1.0/me/events", self.add, methods=["POST"]),
                Route("/v1.0/me/events/{event:path}", self.event, methods=["PATCH", "DELETE"]),
                Route("/v1.0/me/calendars/{calendar}/calendarView", self.view),
            ]
        )
        async with web(app, folder) as url:
            self.tokens.issuer = f"{url}/common/v2.0"
            trusted = str(folder / "certificate.pem")
            yield OAuthApp(CLIENT, SECRET, f"{url}/common", f"{url}/common", f"{url}/v1.0", trusted)
