"""An app's own web server, below the SDKs: it keeps every request as it came and answers as a test says."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

Answers = Callable[["Asked"], web.StreamResponse | None]


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form."""
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def payload(self) -> dict[str, Any]:
        """What was told: an event's JSON, a command's form, an interaction's field."""
        if self.headers["Content-Type"] == "application/json":
            told: dict[str, Any] = json.loads(self.body)
            return told
        form = self.form
        return json.loads(form["payload"]) if "payload" in form else dict(form)

    def signed_with(self, secret: str) -> bool:
        """Whether the signature is Slack's, computed here by hand."""
        base = b"v0:" + self.headers["X-Slack-Request-Timestamp"].encode() + b":" + self.body
        expected = "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
        return self.headers["X-Slack-Signature"] == expected


class Endpoint:
    """Echoes challenges; `answer` decides about everything else, None being an empty 200. While `holding` is set,
    nothing is answered."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.answer: Answers = lambda _asked: None
        self.challenge: Callable[[str], web.StreamResponse] = lambda value: web.json_response({"challenge": value})
        self.holding = False
        self._end = asyncio.Event()

    @property
    def told(self) -> list[Asked]:
        """Everything but the challenges."""
        return [asked for asked in self.asked if b'"url_verification"' not in asked.body]

    @property
    def challenges(self) -> list[Asked]:
        """The challenges."""
        return [asked for asked in self.asked if b'"url_verification"' in asked.body]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Keeps a request and answers it."""
        asked = Asked(request.path, request.headers, await request.read())
        self.asked.append(asked)
        if self.holding:
            await self._end.wait()
        if asked in self.challenges:
            return self.challenge(asked.payload["challenge"])
        return self.answer(asked) or web.Response()

    def end(self) -> None:
        """Lets go of what is being held."""
        self._end.set()


@asynccontextmanager
async def listening() -> AsyncIterator[Endpoint]:
    """An endpoint on a free port of this machine."""
    endpoint = Endpoint()
    app = web.Application()
    app.router.add_post("/{path:.*}", endpoint.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield endpoint
    finally:
        endpoint.end()
        await runner.cleanup()
