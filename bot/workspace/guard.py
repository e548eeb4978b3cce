"""Keeps everybody out who is not on this machine: the Host check against DNS rebinding, and the Origin check."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
# Some SDKs name Slack's own address as the origin of their Socket Mode connections. A page that did the same would
# gain nothing: a connection is opened by a ticket, and that is given to whoever has the app-level token.
_OPENED_BY_TICKET = frozenset({"/link", "/link/"})


class LoopbackGuard:
    """Refuses a request whose Host is not this machine, or names another port than ours, and a request that a browser
    makes for a page of another origin."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            refusal = _refusal(scope)
            if refusal is not None:
                await _refuse(scope, receive, send, refusal)
                return
        await self._app(scope, receive, send)


def _refusal(scope: Scope) -> str | None:
    host = origin = site = mode = ""
    for name, value in scope["headers"]:
        if name == b"host":
            host = value.decode("latin-1")
        elif name == b"origin":
            origin = value.decode("latin-1")
        elif name == b"sec-fetch-site":
            site = value.decode("latin-1")
        elif name == b"sec-fetch-mode":
            mode = value.decode("latin-1")
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return "The Host header cannot be read."
    server = scope.get("server")
    # Some WebSocket clients leave the port out. A rebound name is caught by the name.
    if name not in _NAMES or (server is not None and port is not None and port != server[1]):
        return "The workspace answers to 127.0.0.1, localhost and [::1] alone."
    if scope["type"] == "websocket" and scope["path"] in _OPENED_BY_TICKET:
        return None
    if origin and urlsplit(origin).netloc != host:
        return "The workspace does not answer to pages of other origins."
    if site in ("cross-site", "same-site") and not (mode == "navigate" and scope.get("method") == "GET"):
        return "The workspace does not answer to pages of other origins."
    return None


async def _refuse(scope: Scope, receive: Receive, send: Send, sentence: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4003, "reason": sentence})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})
