"""Puts the page onto an application. NiceGUI has one application per process; this lets many workspaces share it."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import FastAPI
from nicegui import Client, ui
from nicegui import app as nicegui_app
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from bot.workspace.files import MAXIMUM_SIZE
from bot.workspace.page.session import Session
from bot.workspace.person import PersonClient, PersonError
from bot.workspace.state import Workspace

STATIC = Path(__file__).parent / "static"
# Where the workspace of a request is found by the page function, which NiceGUI calls with the request alone.
SCOPE_KEY = "bot.workspace"
# How long a page survives a lost connection: a laptop that sleeps for a moment, a server under load.
RECONNECT = 10.0


def mount(app: FastAPI | Starlette, workspace: Workspace) -> None:
    """Adds the page of a workspace to an application, behind all routes it already has. Call it last."""
    _prepare()
    app.router.routes.append(Route("/page/upload", _Uploads(workspace).upload, methods=["POST"]))
    app.router.routes.append(Route("/page/attach", _Uploads(workspace).attach, methods=["POST"]))
    app.router.routes.append(Route("/page/file/{user}/{file_id}", _Uploads(workspace).download, methods=["GET"]))
    app.mount("/page/static", StaticFiles(directory=STATIC), name="page-static")
    app.mount("/", _Page(workspace))
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(started: Any) -> AsyncIterator[Any]:
        async with _running(), inner(started) as state:
            yield state

    app.router.lifespan_context = lifespan


class _Page:
    """NiceGUI's application with the workspace in the request's scope."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not _same_origin(scope):
            await send({"type": "websocket.close", "code": 1008})
            return
        await nicegui_app({**scope, SCOPE_KEY: self._workspace}, receive, send)


def _same_origin(scope: Scope) -> bool:
    """Whether a browser's connection comes from a page of this very server; programs send no origin."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    origin = headers.get(b"origin")
    return origin is None or urlsplit(origin).netloc == headers.get(b"host")


@cache
def _prepare() -> FastAPI:
    """Configures NiceGUI once in a process; the application it returns only owns NiceGUI's start and stop."""
    stamp = zlib.crc32(b"".join(path.read_bytes() for path in sorted(STATIC.iterdir()) if path.is_file()))

    @ui.page("/", title="Kakehashi", language=None, reconnect_timeout=RECONNECT, favicon=STATIC / "icon.svg")
    def page(request: Request, client: Client) -> Response | None:
        workspace: Workspace = request.scope[SCOPE_KEY]
        user = request.query_params.get("as") or workspace.team.people[0].id
        try:
            person = PersonClient(workspace, user)
        except PersonError as error:
            return JSONResponse({"ok": False, "error": error.sentence}, status_code=error.status)
        language = workspace.people[user].language
        ui.add_head_html(
            f'<script>document.documentElement.lang = "{"en" if language == "en" else "ja"}"</script>'
            f'<link rel="stylesheet" href="/page/static/page.css?{stamp}">'
            f'<script src="/page/static/page.js?{stamp}" defer></script>'
        )
        session = Session(client, person, request.query_params.get("channel") or "")
        client.on_connect(session.connected)
        client.on_delete(session.stop)
        return None

    # Quasar would draw its own loading bar over the page for every upload.
    nicegui_app.config.quasar_config["loadingBar"] = {"skipHijack": True}
    owner = FastAPI()
    ui.run_with(
        owner,
        title="Kakehashi",
        tailwind=False,
        reconnect_timeout=RECONNECT,
        binding_refresh_interval=None,
        show_welcome_message=False,
        dark=False,
    )
    return owner


_users = 0
_open: AbstractAsyncContextManager[Any] | None = None
_loop: asyncio.AbstractEventLoop | None = None


@asynccontextmanager
async def _running() -> AsyncIterator[None]:
    """NiceGUI runs from the first workspace that starts until the last one stops, in one event loop at a time."""
    global _users, _open, _loop
    loop = asyncio.get_running_loop()
    if _users and loop is not _loop:
        raise RuntimeError("The pages of one process share one event loop")
    _users += 1
    if _users == 1:
        _loop = loop
        owner = _prepare()
        _open = owner.router.lifespan_context(owner)
        await _open.__aenter__()
    try:
        yield
    finally:
        _users -= 1
        if not _users and _open is not None:
            for client in list(Client.instances.values()):
                client.delete()
            closing, _open = _open, None
            await closing.__aexit__(None, None, None)


class _Uploads:
    """The page's own file routes: bytes come and go as they are, without the size limit of a live connection."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def upload(self, request: Request) -> Response:
        """A file dropped into a conversation: as, channel, filename, text?, thread_ts? in the query, bytes as body."""
        query = request.query_params
        return await self._answer(
            request,
            lambda person, content: person.upload(
                query.get("channel", ""),
                query.get("filename", ""),
                content,
                query.get("text", ""),
                query.get("thread_ts"),
            ),
        )

    async def attach(self, request: Request) -> Response:
        """A file for a file input of a modal: as and filename in the query, bytes as body; answers with its id."""
        return await self._answer(
            request, lambda person, content: person.attach(request.query_params.get("filename", ""), content)
        )

    async def _answer(self, request: Request, act: Any) -> Response:
        # A form of another site can only send the plain content types; this one needs a request of our own page.
        if request.headers.get("content-type") != "application/octet-stream":
            return _refused(415, "Send the file's bytes as application/octet-stream.")
        try:
            person = PersonClient(self._workspace, request.query_params.get("as", ""))
            content = await _body(request)
            if content is None:
                return _refused(413, "A file can have at most 1 GB.")
            answer = await act(person, content)
        except PersonError as error:
            return _refused(error.status, error.sentence)
        return JSONResponse({"ok": True, "id": answer["file"]["id"], "ts": answer.get("ts")})

    async def download(self, request: Request) -> Response:
        """A file as the person may see it. Only pictures are shown in place; all else is downloaded."""
        try:
            person = PersonClient(self._workspace, request.path_params["user"])
            name, media_type, content = person.file(request.path_params["file_id"])
        except PersonError as error:
            return _refused(error.status, error.sentence)
        shown = media_type in {"image/png", "image/jpeg", "image/gif", "image/webp"}
        return Response(
            content,
            media_type=media_type,
            headers={
                "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(name)}",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "Cache-Control": "private, max-age=3600",
            },
        )


async def _body(request: Request) -> bytes | None:
    """The request's bytes; None as soon as they are more than a file may have."""
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > MAXIMUM_SIZE:
                return None
            pieces.append(piece)
    except ClientDisconnect:
        return None
    return b"".join(pieces)


def _refused(status: int, sentence: str) -> Response:
    return JSONResponse({"ok": False, "error": sentence}, status_code=status)
