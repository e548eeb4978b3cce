"""From an HTTP request to a method and back: arguments in all four forms, tokens, scopes, required ones, limits,
faults."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.workspace import posting
from bot.workspace.api import METHODS
from bot.workspace.api.call import ApiError, Call, missing_scope, parsed
from bot.workspace.api.scopes import (
    ANY_LEVEL,
    APP_LEVEL,
    APP_SCOPES,
    BOT_ONLY,
    EVERY_SCOPE,
    MEMBERS_ONLY,
    OPEN,
    RETIRED,
    SCOPES,
    written,
)
from bot.workspace.api.tables import tables
from bot.workspace.faults import API_FAULTS, Fault
from bot.workspace.state import Workspace

logger = logging.getLogger(__name__)

__all__ = ["SCOPES", "Dispatcher", "tables"]

_ARGUMENT = re.compile(r"[A-Za-z0-9_.\-]{1,100}")
# Slack says that one of two is there; its table can only say that the first is required.
_EITHER = {"chat.appendStream": {"markdown_text": "chunks"}}
# Required arguments for which a method has a code of its own when they are there, but empty.
OWN_EMPTY: dict[str, tuple[str, ...]] = {
    "assistant.threads.setStatus": ("status",),
    "chat.appendStream": ("markdown_text",),
    "chat.meMessage": ("text",),
    "conversations.create": ("name",),
    "conversations.invite": ("users",),
    "conversations.rename": ("name",),
    "conversations.setPurpose": ("purpose",),
    "conversations.setTopic": ("topic",),
    "dnd.setSnooze": ("num_minutes",),
    "dnd.teamInfo": ("users",),
    "reactions.add": ("name", "timestamp"),
    "reactions.remove": ("name",),
    "usergroups.create": ("name",),
    "usergroups.users.update": ("users",),
}


class Dispatcher:
    """Answers `/api/{method}` for one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        workspace.post_scheduled = posting.post_scheduled
        workspace.schedules.wake()

    async def answer(self, request: Request) -> Response:
        """One call."""
        method = request.path_params["method"]
        faults = self._workspace.faults
        self._workspace.schedules.run_due()
        try:
            arguments, token, warning = await _read(request)
        except ApiError as error:
            return _answer(error.answer())
        fault = faults.take(API_FAULTS, method, _channel(arguments)) if faults.orders else None
        if fault is not None and fault.kind != "answer_lost":
            spoiled = await self._spoil(request, fault)
            if spoiled is not None:
                return spoiled
        if (wait := self._limited(method, arguments)) is not None:
            return _too_many(wait)
        body = self._call(method, arguments, token)
        if warning:
            body["warning"] = warning
            body.setdefault("response_metadata", {})["warnings"] = [warning]
        if fault is not None and fault.kind == "answer_lost":
            return self._cut(request)
        return _answer(body, self._scope_headers(method, token))

    def _limited(self, method: str, arguments: Mapping[str, Any]) -> int | None:
        workspace = self._workspace
        if method not in METHODS or not (workspace.limits.always or workspace.faults.limited):
            return None
        return workspace.limits.take(method, tables()[method]["tier"], _channel(arguments))

    def _call(self, method: str, arguments: dict[str, Any], token: str | None) -> dict[str, Any]:
        handler = METHODS.get(method)
        try:
            if handler is None:
                if method in RETIRED:
                    raise ApiError("method_deprecated")
                return {"ok": False, "error": "unknown_method", "req_method": method}
            user, app_level = self._authorised(method, token)
            self._check_names(arguments)
            self._check_required(method, arguments)
            granted = self._granted(token) if user else None
            return {
                "ok": True,
                **handler(Call(self._workspace, method, arguments, app_level, user, token or "", granted)),
            }
        except ApiError as error:
            return error.answer()
        except Exception:
            logger.exception("Web API method %s failed", method)
            return {"ok": False, "error": "internal_error"}

    def _authorised(self, method: str, token: str | None) -> tuple[str, bool]:
        """Who calls (nobody for the app-level token), and whether with the app-level token."""
        if not token:
            if method in OPEN:
                return "", False
            raise ApiError("not_authed")
        workspace = self._workspace
        app_level = hmac.compare_digest(token.encode(), workspace.app_token.encode())
        user = workspace.holder(token) or ""
        if method in OPEN:
            return user, app_level
        if token in workspace.grants.dead:
            raise ApiError(workspace.grants.dead[token])
        if not app_level and not user:
            raise ApiError("invalid_auth")
        member = workspace.grants.user_tokens.get(token)
        refused = BOT_ONLY if member is not None else MEMBERS_ONLY
        if method in refused or (app_level != (method in APP_LEVEL) and method not in ANY_LEVEL):
            raise ApiError("not_allowed_token_type")
        granted = self._granted(token)
        needed = SCOPES.get(method)
        if not app_level and needed and granted is not None and not granted.intersection(needed):
            raise missing_scope(needed, granted)
        return user, app_level

    def _granted(self, token: str | None) -> frozenset[str] | None:
        """The scopes of the bot's or a member's token; None for all."""
        member = self._workspace.grants.user_tokens.get(token or "")
        return self._workspace.app.scopes if member is None else frozenset(member.scopes)

    def _scope_headers(self, method: str, token: str | None) -> dict[str, str]:
        """What the token may do and what the method asks for, as SDKs read it from every answer."""
        workspace = self._workspace
        if not token or token in workspace.grants.dead:
            return {}
        if hmac.compare_digest(token.encode(), workspace.app_token.encode()):
            granted: frozenset[str] | None = APP_SCOPES
        elif workspace.holder(token) is None:
            return {}
        else:
            granted = self._granted(token)
        headers = {"x-oauth-scopes": written(EVERY_SCOPE if granted is None else granted)}
        return headers | ({"x-accepted-oauth-scopes": ",".join(SCOPES[method])} if method in SCOPES else {})

    def _check_names(self, arguments: Mapping[str, Any]) -> None:
        for name in arguments:
            if "[" in name:
                raise ApiError("invalid_array_arg")
            if not _ARGUMENT.fullmatch(name):
                raise ApiError("invalid_arg_name")

    def _check_required(self, method: str, arguments: Mapping[str, Any]) -> None:
        instead, own = _EITHER.get(method, {}), OWN_EMPTY.get(method, ())

        def absent(name: str) -> bool:
            value = arguments.get(name)
            if value is None:
                return arguments.get(instead.get(name, name)) is None
            # What is there but empty is left to the methods that have a code of their own for it.
            return bool(value == "" and name not in own)

        missing = [name for name in tables()[method]["required"] if absent(name)]
        if missing:
            raise ApiError("invalid_arguments", [f"[ERROR] missing required field: {name}" for name in missing])

    async def _spoil(self, request: Request, fault: Fault) -> Response | None:
        match fault.kind:
            case "429":
                return _too_many(max(1, round(fault.seconds)))
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


def _too_many(seconds: int) -> Response:
    return JSONResponse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(seconds)})


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
    if scheme.lower() == "basic":
        arguments = {**_client_of(credentials), **arguments}
    given = arguments.pop("token", None)
    return arguments, token or (given if isinstance(given, str) else None), warning


def _client_of(credentials: str) -> dict[str, str]:
    """The client id and secret that SDKs send in a Basic header when they turn a code into tokens."""
    try:
        ident, _, secret = base64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": ident, "client_secret": secret}


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
            body = parsed(raw)
        except ValueError:
            raise ApiError("invalid_json") from None
        if not isinstance(body, dict):
            raise ApiError("json_not_object")
        return body, warning
    if not media:
        raise ApiError("missing_post_type")
    if media not in ("application/x-www-form-urlencoded", "text/plain"):
        raise ApiError("invalid_post_type")
    try:
        return dict(parse_qsl(raw.decode("utf-8"), keep_blank_values=True)), None
    except ValueError:
        raise ApiError("invalid_charset") from None


def _answer(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(content, headers=headers, media_type="application/json; charset=utf-8")
