"""The bot's web server: the wings' pages and webhooks, `/healthz`, and, over HTTP, Slack at `/slack/events`, signed."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

import uvicorn
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers import trail
from handlers.boundary import new_reference
from handlers.pages import fault
from handlers.routes import Endpoint
from handlers.trail import Outcome
from services.deps import Deps

log = logging.getLogger(__name__)

EVENTS_PATH = "/slack/events"
# The largest thing Slack sends is a submitted view of 250 KB, percent-encoded.
BODY_LIMIT = 1_000_000
# The largest body over a telephone's connection takes a few seconds.
BODY_SECONDS = 20.0
# Slack waits 3 seconds for an answer; what takes longer than this at the end is not waited for.
STOP_SECONDS = 10
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class PortTaken(Exception):
    """Nobody can listen at this address; the text says why."""


def web_app(
    app: AsyncApp | None,
    deps: Deps | None = None,
    endpoints: Iterable[Endpoint] = (),
    pages: Mapping[str, Callable[[Request], Awaitable[Response]]] = MappingProxyType({}),
) -> Starlette:
    """Slack's address (None: Slack is reached over Socket Mode), the state of health, the wings' endpoints, and the
    pages for those who run the house, by their paths.

    Slack's signatures and their age are checked by Bolt, which needs the app's signing secret.
    """
    routes = [Route("/healthz", _health, methods=["GET"])]
    routes += [Route(path, page, methods=["GET"]) for path, page in pages.items()]
    if app is not None:
        routes.append(Route(EVENTS_PATH, _events(app), methods=["POST"]))
    if deps is not None:
        routes += [Route(e.path, _answering(e, deps), methods=list(e.methods)) for e in endpoints]
    return Starlette(routes=routes, middleware=[Middleware(_Prompt)], exception_handlers={_TooSlow: _too_slow})


class _TooSlow(Exception):
    """The body did not come in time."""


async def _too_slow(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("The request took too long.", 408, {"Connection": "close"})


class _Prompt:
    """Waits for a request's body only so long: whoever sends a byte a minute would hold connections for nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        until = asyncio.get_running_loop().time() + BODY_SECONDS
        whole = False

        async def prompt() -> Message:
            nonlocal whole
            if whole:
                # What is waited for now is that the client leaves.
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError as late:
                raise _TooSlow from late
            whole = not message.get("more_body", False)
            return message

        await self._app(scope, prompt, send)


async def _health(_request: Request) -> Response:
    return JSONResponse({"ok": True})


def _answering(endpoint: Endpoint, deps: Deps) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        with trail.following(kind="web", route=endpoint.path) as followed:
            try:
                return await endpoint.answer(deps, request)
            except (HTTPException, ClientDisconnect, _TooSlow):
                raise
            except Exception:
                followed.outcome = Outcome.FAULT
                reference = new_reference()
                log.exception("%s could not be answered (reference %s)", endpoint.path, reference)
                return fault(request, reference)

    return answer


def _events(app: AsyncApp) -> Callable[[Request], Awaitable[Response]]:
    """Everything that Slack sends."""

    async def events(request: Request) -> Response:
        # What is not even of the right form never reaches the parser: everybody can send to this address.
        if not _TIMESTAMP.fullmatch(request.headers.get("x-slack-request-timestamp", "")) or not _SIGNATURE.fullmatch(
            request.headers.get("x-slack-signature", "")
        ):
            return PlainTextResponse("The request is not signed.", 401)
        body = await _bounded(request)
        if body is None:
            return PlainTextResponse("The request is too large.", 413)
        try:
            asked = to_async_bolt_request(request, body)
        except Exception:  # noqa: BLE001 - Bolt reads before it looks at the signature, and stumbles in many ways.
            return PlainTextResponse("The request cannot be read.", 400)
        return to_starlette_response(await app.async_dispatch(asked))

    return events


async def _bounded(request: Request) -> bytes | None:
    """The body; None where it is larger than anything Slack sends."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > BODY_LIMIT:
            return None
    return bytes(content)


@asynccontextmanager
async def serving(pages: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    """Serves until the block ends, then finishes what was accepted and closes the listener. Raises `PortTaken`."""
    config = uvicorn.Config(
        pages,
        # It logs as everybody does, not past the process's log.
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        http="h11" if sys.platform == "win32" else "httptools",
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = uvicorn.Server(config)
    # `serve()` would take the process's signal handlers, which are the command line's.
    task = asyncio.create_task(server._serve(sockets=[listener]))
    try:
        while not server.started:
            if task.done():
                await task
                raise PortTaken(f"The server at {address(listener)} ended before it had begun.")
            await asyncio.sleep(0.001)
        yield
    finally:
        server.should_exit = True
        await task
        listener.close()


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one. Raises `PortTaken`."""
    # asyncio switches Nagle's algorithm off only for sockets that name TCP: without it every answer waits 40 ms.
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTaken(f"Cannot listen at {host}:{port}: {error.strerror or error}.") from error
    return listener


def address(listener: socket.socket) -> str:
    """The server's address as seen from this machine, ending in "/"."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared with, not bound to
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
