"""From an HTTP request to a method and back: arguments in all four forms, tokens, scopes, required ones, faults."""

from __future__ import annotations

import asyncio
import functools
import hmac
import json
import logging
from collections.abc import Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.workspace.api import METHODS
from bot.workspace.api.call import ApiError, Call
from bot.workspace.faults import API_FAULTS, Fault
from bot.workspace.state import Workspace

logger = logging.getLogger(__name__)

# One of these scopes is needed; methods that are not here need none.
SCOPES: dict[str, tuple[str, ...]] = {
    "chat.postMessage": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.update": ("chat:write",),
    "chat.delete": ("chat:write",),
    "conversations.list": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "conversations.info": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "conversations.members": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "conversations.history": ("channels:history", "groups:history", "im:history", "mpim:history"),
    "conversations.replies": ("channels:history", "groups:history", "im:history", "mpim:history"),
    "conversations.open": ("im:write", "mpim:write"),
    "conversations.close": ("im:write", "mpim:write"),
    "conversations.join": ("channels:join",),
    "conversations.invite": ("channels:manage", "channels:write.invites", "groups:write"),
    "conversations.create": ("channels:manage", "groups:write"),
    "files.getUploadURLExternal": ("files:write",),
    "files.completeUploadExternal": ("files:write",),
    "files.delete": ("files:write",),
    "files.info": ("files:read",),
    "files.list": ("files:read",),
    "reactions.add": ("reactions:write",),
    "reactions.remove": ("reactions:write",),
    "reactions.get": ("reactions:read",),
    "team.info": ("team:read",),
    "users.conversations": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "users.getPresence": ("users:read",),
    "users.info": ("users:read",),
    "users.list": ("users:read",),
    "users.lookupByEmail": ("users:read.email",),
    "users.profile.get": ("users.profile:read", "users:read"),
}
_APP_LEVEL = frozenset({"apps.connections.open"})
_EITHER_LEVEL = frozenset({"auth.test", "api.test"})
_OPEN = frozenset({"api.test"})


@functools.cache
def tables() -> Mapping[str, Mapping[str, Any]]:
    """What Slack publishes of each supported method: arguments, required ones, error codes, rate tier."""
    text = files("bot.workspace.api").joinpath("methods.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Any]] = json.loads(text)["methods"]
    return found


class Dispatcher:
    """Answers `/api/{method}` for one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def answer(self, request: Request) -> Response:
        """One call."""
        method = request.path_params["method"]
        faults = self._workspace.faults
        try:
            arguments, token, warning = await _read(request)
        except ApiError as error:
            return _answer(error.answer())
        fault = faults.take(API_FAULTS, method, _channel(arguments)) if faults.orders else None
        if fault is not None and fault.kind != "answer_lost":
            spoiled = await self._spoil(request, fault)
            if spoiled is not None:
                return spoiled
        body = self._call(method, arguments, token)
        if warning:
            body["warning"] = warning
            body.setdefault("response_metadata", {})["warnings"] = [warning]
        if fault is not None and fault.kind == "answer_lost":
            return self._cut(request)
        return _answer(body, self._workspace.app.scopes)

    def _call(self, method: str, arguments: dict[str, Any], token: str | None) -> dict[str, Any]:
        handler = METHODS.get(method)
        if handler is None:
            return {"ok": False, "error": "unknown_method", "req_method": method}
        try:
            app_level = self._authorised(method, token)
            self._check_required(method, arguments)
            return {"ok": True, **handler(Call(self._workspace, method, arguments, app_level))}
        except ApiError as error:
            return error.answer()
        except Exception:
            logger.exception("Web API method %s failed", method)
            return {"ok": False, "error": "internal_error"}

    def _authorised(self, method: str, token: str | None) -> bool:
        workspace = self._workspace
        if not token:
            if method in _OPEN:
                return False
            raise ApiError("not_authed")
        app_level = hmac.compare_digest(token.encode(), workspace.app_token.encode())
        bot_level = hmac.compare_digest(token.encode(), workspace.bot_token.encode())
        if method in _OPEN:
            return app_level
        if not app_level and not bot_level:
            raise ApiError("invalid_auth")
        if app_level != (method in _APP_LEVEL) and method not in _EITHER_LEVEL:
            raise ApiError("not_allowed_token_type")
        needed = SCOPES.get(method)
        granted = workspace.app.scopes
        if needed and granted is not None and not granted.intersection(needed):
            raise ApiError("missing_scope", needed=",".join(needed), provided=",".join(sorted(granted)))
        return app_level

    def _check_required(self, method: str, arguments: Mapping[str, Any]) -> None:
        missing = [name for name in tables()[method]["required"] if arguments.get(name) in (None, "")]
        if missing:
            raise ApiError("invalid_arguments", [f"[ERROR] missing required field: {name}" for name in missing])

    async def _spoil(self, request: Request, fault: Fault) -> Response | None:
        match fault.kind:
            case "429":
                body = {"ok": False, "error": "ratelimited"}
                return JSONResponse(body, 429, {"Retry-After": str(max(1, round(fault.seconds)))})
            case "500":
                return Response("Internal Server Error", 500, media_type="text/plain")
            case "cut":
                return self._cut(request)
        await asyncio.sleep(fault.seconds)
        return None

    def _cut(self, request: Request) -> Response:
        client = request.client
        if client is not None:
            self._workspace.faults.cut((client.host, client.port))
        # The connection is gone, so nobody reads this; a server that cannot cut shows the client a broken gateway.
        return Response("", 502)


def _channel(arguments: Mapping[str, Any]) -> str | None:
    channel = arguments.get("channel") or arguments.get("channel_id")
    return channel if isinstance(channel, str) else None


async def _read(request: Request) -> tuple[dict[str, Any], str | None, str | None]:
    """Arguments, token and the warning Slack gives for a JSON body without a charset."""
    arguments: dict[str, Any] = dict(request.query_params)
    warning = None
    if request.method == "POST":
        body, warning = await _body(request)
        arguments |= body
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    token = credentials.strip() if scheme.lower() == "bearer" else None
    given = arguments.pop("token", None)
    return arguments, token or (given if isinstance(given, str) else None), warning


async def _body(request: Request) -> tuple[dict[str, Any], str | None]:
    content_type = request.headers.get("content-type", "")
    media, _, parameters = content_type.partition(";")
    media = media.strip().lower()
    if media == "multipart/form-data":
        try:
            async with request.form() as form:
                return {name: value for name, value in form.items() if isinstance(value, str)}, None
        except Exception:  # noqa: BLE001 # Whatever the parser stumbles over, the form is not one.
            raise ApiError("invalid_form_data") from None
    raw = await request.body()
    if not raw:
        return {}, None
    if media == "application/json":
        warning = None if "charset" in parameters.lower() else "missing_charset"
        try:
            parsed = json.loads(raw)
        except ValueError:
            raise ApiError("invalid_json") from None
        if not isinstance(parsed, dict):
            raise ApiError("json_not_object")
        return parsed, warning
    if not media:
        raise ApiError("missing_post_type")
    if media not in ("application/x-www-form-urlencoded", "text/plain"):
        raise ApiError("invalid_post_type")
    try:
        return dict(parse_qsl(raw.decode("utf-8"), keep_blank_values=True)), None
    except ValueError:
        raise ApiError("invalid_charset") from None


def _answer(body: Mapping[str, Any], scopes: frozenset[str] | None = None) -> Response:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    headers = {} if scopes is None else {"x-oauth-scopes": ",".join(sorted(scopes))}
    return Response(content, headers=headers, media_type="application/json; charset=utf-8")
