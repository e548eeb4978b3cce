"""Google's token endpoint and the part of Calendar API v3 that we use, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.oauth import OAuthApp
from tests.servers.http import web
from tests.servers.oauth import CLIENT, SECRET, Tokens

REASONS = {429: "rateLimitExceeded", 403: "insufficientPermissions", 404: "notFound", 409: "duplicate"}


def refused(status: int) -> Response:
    """An error as Google writes it."""
    error = {"code": status, "message": f"Error {status}", "errors": [{"reason": REASONS.get(status, "backendError")}]}
    return JSONResponse({"error": error}, status)


@dataclass(slots=True)
class Google:
    """One person's main calendar."""

    tokens: Tokens = field(default_factory=Tokens)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[int] = field(default_factory=list)
    """Statuses that the next requests are answered with, in this order."""
    asked: int = 0

    def taken(self) -> list[tuple[datetime, datetime]]:
        """The time of every event that was not deleted."""
        moments = [(e["start"]["dateTime"], e["end"]["dateTime"]) for e in self.confirmed()]
        return [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in moments]

    def confirmed(self) -> list[dict[str, Any]]:
        return [event for event in self.events.values() if event["status"] == "confirmed"]

    def _refuses(self, request: Request) -> Response | None:
        self.asked += 1
        if self.faults:
            return refused(self.faults.pop(0))
        if not self.tokens.admits(request):
            return refused(401)
        if request.path_params.get("calendar", "primary") != "primary":
            return refused(404)
        return None

    async def free_busy(self, request: Request) -> Response:
        if (no := self._refuses(request)) is not None:
            return no
        body = await request.json()
        wanted = body["items"][0]["id"]
        if wanted != "primary":
            return JSONResponse({"calendars": {wanted: {"errors": [{"domain": "global", "reason": "notFound"}]}}})
        start, end = datetime.fromisoformat(body["timeMin"]), datetime.fromisoformat(body["timeMax"])
        busy = [{"start": a.isoformat(), "end": b.isoformat()} for a, b in self.taken() if a < end and b > start]
        return JSONResponse({"kind": "calendar#freeBusy", "calendars": {"primary": {"busy": busy}}})

    async def insert(self, request: Request) -> Response:
        if (no := self._refuses(request)) is not None:
            return no
        event = await request.json()
        # The id of a deleted event stays taken.
        if event["id"] in self.events:
            return refused(409)
        self.events[event["id"]] = event
        return JSONResponse(event)

    async def event(self, request: Request) -> Response:
        if (no := self._refuses(request)) is not None:
            return no
        there = self.events.get(request.path_params["event"])
        if request.method == "DELETE":
            if there is None:
                return refused(404)
            if there["status"] == "cancelled":
                return refused(410)
            there["status"] = "cancelled"
            return Response(status_code=204)
        if there is None:
            return refused(404)
        there.update(await request.json())
        return JSONResponse(there)

    async def token(self, request: Request) -> Response:
        return await self.tokens.answer(request)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[OAuthApp]:
        """Google's addresses, as an app of ours has them."""
        events = "/calendar/v3/calendars/{calendar}/events"
        app = Starlette(
            routes=[
                Route("/token", self.token, methods=["POST"]),
                Route("/calendar/v3/freeBusy", self.free_busy, methods=["POST"]),
                Route(events, self.insert, methods=["POST"]),
                Route(f"{events}/{{event}}", self.event, methods=["PUT", "DELETE"]),
            ]
        )
        async with web(app) as url:
            yield OAuthApp(CLIENT, SECRET, f"{url}/authorise", f"{url}/token", url)
