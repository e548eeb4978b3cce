"""The HTTP and WebSocket routes an app uses: Web API, Socket Mode, files, response addresses, faults."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.workspace.answers import AnswerError, apply_response
from bot.workspace.api.dispatch import Dispatcher
from bot.workspace.avatars import avatar_routes
from bot.workspace.consent import consent_routes
from bot.workspace.faults import FaultError
from bot.workspace.files import MAXIMUM_SIZE
from bot.workspace.http import RequestUrlError
from bot.workspace.manifest import ManifestError, RequestUrls, read_manifest
from bot.workspace.socket import CONNECTION_SECONDS, SHORT_CONNECTION_SECONDS, Connection
from bot.workspace.state import Workspace
from bot.workspace.transport import Transport

logger = logging.getLogger(__name__)


def app_routes(workspace: Workspace, transport: Transport) -> list[BaseRoute]:
    """All routes that an app talks to, or its developer."""
    rooms = _AppRoutes(workspace, transport)
    return [
        Route("/api/{method}", Dispatcher(workspace).answer, methods=["GET", "POST"]),
        WebSocketRoute("/link/", rooms.link),
        WebSocketRoute("/link", rooms.link),
        Route("/response/{kind}/{team}/{secret}", rooms.response, methods=["POST"]),
        Route("/upload/v1/{ticket}", rooms.upload, methods=["POST", "PUT"]),
        Route("/files-pri/{ident}/{name:path}", rooms.download, methods=["GET"]),
        Route("/faults", rooms.faults, methods=["GET", "POST", "DELETE"]),
        Route("/app", rooms.app, methods=["GET", "POST"]),
        *avatar_routes(),
        *consent_routes(workspace),
    ]


class _AppRoutes:
    def __init__(self, workspace: Workspace, transport: Transport) -> None:
        self._workspace = workspace
        self._transport = transport
        self._socket_mode = transport.socket_mode

    async def link(self, socket: WebSocket) -> None:
        """One Socket Mode connection, from its ticket to its end."""
        if not self._socket_mode.redeem(socket.query_params.get("ticket", "")):
            await socket.close(4001)
            return
        await socket.accept()
        writing = asyncio.Lock()

        async def send(text: str) -> None:
            async with writing:
                await socket.send_text(text)

        connection = Connection(self._workspace.mint.id("W"), send, socket.close)
        hurried = socket.query_params.get("debug_reconnects", "") == "true"
        seconds = SHORT_CONNECTION_SECONDS if hurried else CONNECTION_SECONDS
        try:
            if not await self._socket_mode.welcome(connection, seconds=seconds):
                return
            while True:
                self._socket_mode.received(connection, await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError, KeyError):
            # Starlette says RuntimeError when we closed it ourselves and KeyError for a binary frame.
            logger.debug("A Socket Mode connection has ended.")
        finally:
            self._socket_mode.lost(connection)

    async def response(self, request: Request) -> Response:
        """A response_url."""
        address = self._workspace.responses.find(request.path_params["secret"])
        if isinstance(address, str):
            return JSONResponse({"ok": False, "error": address}, 404)
        try:
            answer = json.loads(await request.body())
        except ValueError:
            return JSONResponse({"ok": False, "error": "invalid_payload"}, 400)
        if not isinstance(answer, dict):
            return JSONResponse({"ok": False, "error": "invalid_payload"}, 400)
        try:
            apply_response(self._workspace, address, answer)
        except AnswerError as error:
            self._workspace.refuse(f"response_url: {error.code} {'; '.join(error.problems)}")
            body: dict[str, Any] = {"ok": False, "error": error.code}
            if error.problems:
                body["response_metadata"] = {"messages": error.problems}
            return JSONResponse(body, 400)
        return JSONResponse({"ok": True})

    async def upload(self, request: Request) -> Response:
        """The bytes of an announced file, as the raw body or as the file of a form."""
        if int(request.headers.get("content-length") or 0) > MAXIMUM_SIZE:
            return PlainTextResponse("The file is too large.", 413)
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            content = None
            async with request.form(max_part_size=MAXIMUM_SIZE) as form:
                for value in form.values():
                    content = value.encode() if isinstance(value, str) else await value.read()
                    if not isinstance(value, str):
                        break
            if content is None:
                return PlainTextResponse("The form holds no file.", 400)
        else:
            content = await request.body()
        file = self._workspace.files.receive(request.path_params["ticket"], content)
        if file is None:
            return PlainTextResponse("There is no such upload.", 404)
        return PlainTextResponse(f"OK - {len(content)}")

    async def download(self, request: Request) -> Response:
        """A file's bytes, for the bot token or that of a member who can see the file."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = self._workspace.holder(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            return PlainTextResponse("This file needs the bot token: Authorization: Bearer xoxb-…", 403)
        team, _, ident = request.path_params["ident"].partition("-")
        file = self._workspace.files.files.get(ident)
        if team != self._workspace.team.id or file is None or file.content is None:
            return PlainTextResponse("There is no such file.", 404)
        members = (self._workspace.conversations[place].members for place in file.shares)
        if file.shares and file.owner != user and not any(user in those for those in members):
            return PlainTextResponse("There is no such file.", 404)
        kind = "attachment" if request.path_params["name"].startswith("download/") else "inline"
        headers = {
            "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(file.name)}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
        }
        return Response(file.content, media_type=file.mimetype, headers=headers)

    async def faults(self, request: Request) -> Response:
        """Orders a fault (POST), lists those in force (GET), takes all back (DELETE, or kind `clear`)."""
        faults = self._workspace.faults
        if request.method == "POST":
            try:
                body = json.loads(await request.body())
                if not isinstance(body, dict):
                    raise FaultError("the body must be a JSON object")
                if body.get("kind") == "clear":
                    faults.clear()
                elif body.get("kind") == "disconnect" and body.get("now", True):
                    await self._socket_mode.disconnect(body.get("reason") or "refresh_requested")
                else:
                    faults.order(body)
            except ValueError as error:
                return JSONResponse({"ok": False, "error": str(error)}, 400)
        elif request.method == "DELETE":
            faults.clear()
        return JSONResponse({"ok": True, "faults": [order.described() for order in faults.orders]})

    async def app(self, request: Request) -> Response:
        """How the app is installed (GET), and another way of telling it things (POST): `request_url` for HTTP at one
        address, `socket_mode: true` for Socket Mode, or a whole `manifest`. A Request URL has to echo a challenge."""
        if request.method == "POST":
            try:
                body = json.loads(await request.body())
                if not isinstance(body, dict):
                    raise ManifestError("The body must be a JSON object.")
                await self._install(body)
            except (ManifestError, RequestUrlError) as error:
                return JSONResponse({"ok": False, "error": str(error)}, 400)
            except ValueError:
                return JSONResponse({"ok": False, "error": "The body must be JSON."}, 400)
        http = self._transport.http
        urls = http.urls
        told: dict[str, Any] = {
            "ok": True,
            "app_id": self._workspace.app_id,
            "name": self._workspace.app.name,
            "transport": "http" if self._transport.over_http else "socket_mode",
            "connections": len(self._socket_mode.connections),
        }
        if self._transport.over_http:
            told["request_urls"] = {
                "events": urls.events,
                "events_verified": urls.events is not None and http.is_verified(urls.events),
                "interactivity": urls.interactivity,
                "options": urls.options,
                "commands": dict(urls.commands) | ({"*": urls.every_command} if urls.every_command else {}),
            }
        return JSONResponse(told)

    async def _install(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("manifest"), dict):
            await self._transport.install(read_manifest(body["manifest"]))
        elif isinstance(body.get("request_url"), str):
            await self._transport.use_http(RequestUrls.one(body["request_url"]))
        elif body.get("socket_mode") is True:
            self._transport.use_socket_mode()
        else:
            raise ManifestError("Give request_url, socket_mode: true, or a manifest.")
