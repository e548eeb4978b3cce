"""The bot over HTTP: Slack posts everything to `/slack/events`, signed; `/healthz` says that the process is up."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

EVENTS_PATH = "/slack/events"
# The largest thing Slack sends is a submitted view of 250 KB, percent-encoded.
BODY_LIMIT = 1_000_000
# Slack waits 3 seconds for an answer; what takes longer than this at the end is not waited for.
STOP_SECONDS = 10
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class PortTaken(Exception):
    """Nobody can listen at this address; the text says why."""


def web_app(app: AsyncApp) -> Starlette:
    """The two routes. Signatures and their age are checked by Bolt, which needs the app's signing secret."""

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
        except ValueError:
            return PlainTextResponse("The request cannot be read.", 400)
        return to_starlette_response(await app.async_dispatch(asked))

    async def health(_request: Request) -> Response:
        return JSONResponse({"ok": True})

    return Starlette(
        routes=[Route(EVENTS_PATH, events, methods=["POST"]), Route("/healthz", health, methods=["GET"])],
    )


async def _bounded(request: Request) -> bytes | None:
    """The body; None where it is larger than anything Slack sends."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > BODY_LIMIT:
            return None
    return bytes(content)


@asynccontextmanager
async def serving(app: AsyncApp, host: str, port: int) -> AsyncIterator[str]:
    """Serves until the block ends, then finishes what was accepted. Yields the Request URL as seen from this machine;
    port 0 takes a free one. Raises `PortTaken`."""
    listener = _listener(host, port)
    config = uvicorn.Config(
        web_app(app),
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
                raise PortTaken(f"The server at {host}:{port} ended before it had begun.")
            await asyncio.sleep(0.001)
        yield _url(listener)
    finally:
        server.should_exit = True
        await task
        listener.close()


def _listener(host: str, port: int) -> socket.socket:
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


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared with, not bound to
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{EVENTS_PATH}"
