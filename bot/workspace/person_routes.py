"""`/person/{user}/…`: a member driven over HTTP, through the same `PersonClient` as the page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.workspace.person import PersonClient, PersonError
from bot.workspace.state import Workspace


class _Fields:
    """The fields of a request body, each asked for with the type it must have."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body

    def text(self, name: str) -> str:
        value = self._body.get(name)
        if not isinstance(value, str) or not value:
            raise PersonError(400, f"{name} is required and must be a text.")
        return value

    def maybe(self, name: str) -> str | None:
        value = self._body.get(name)
        if value is not None and not isinstance(value, str):
            raise PersonError(400, f"{name} must be a text.")
        return value

    def any(self, name: str) -> Any:
        return self._body.get(name)

    def values(self, name: str, *, required: bool = False) -> Mapping[str, Mapping[str, Any]] | None:
        value = self._body.get(name)
        if value is None and not required:
            return None
        if not isinstance(value, dict) or not all(isinstance(inner, dict) for inner in value.values()):
            raise PersonError(400, f"{name} must be an object of the form {{block_id: {{action_id: value}}}}.")
        return value

    def content(self, name: str) -> bytes:
        value = self._body.get(name)
        if not isinstance(value, str):
            raise PersonError(400, f"{name} is required and must be base64.")
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise PersonError(400, f"{name} must be base64.") from None


Act = Callable[[PersonClient, _Fields], Awaitable[dict[str, Any]]]


async def _command(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    return await person.command(
        fields.text("channel"), fields.text("command"), fields.maybe("text") or "", fields.maybe("thread_ts")
    )


async def _message(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    return await person.message(fields.text("channel"), fields.text("text"), fields.maybe("thread_ts"))


async def _action(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    return await person.action(
        action_id=fields.text("action_id"),
        block_id=fields.maybe("block_id"),
        channel=fields.maybe("channel"),
        ts=fields.maybe("ts"),
        view_id=fields.maybe("view_id"),
        value=fields.any("value"),
        state=fields.values("state"),
    )


async def _options(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    return await person.options(
        action_id=fields.text("action_id"),
        query=fields.maybe("query") or "",
        block_id=fields.maybe("block_id"),
        view_id=fields.maybe("view_id"),
        channel=fields.maybe("channel"),
        ts=fields.maybe("ts"),
    )


async def _submit(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    outcome = await person.submit(fields.text("view_id"), fields.values("values") or {})
    return {"ok": outcome["result"] in ("closed", "updated", "pushed"), **outcome}


async def _close(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    return await person.close(fields.text("view_id"))


async def _home(person: PersonClient, _fields: _Fields) -> dict[str, Any]:
    return await person.home()


async def _upload(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    content = fields.content("content_base64")
    if fields.maybe("channel") is None:
        return await person.attach(fields.text("filename"), content)
    return await person.upload(
        fields.text("channel"), fields.text("filename"), content, fields.maybe("text") or "", fields.maybe("thread_ts")
    )


async def _shortcut(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    return await person.shortcut(fields.text("callback_id"), fields.maybe("channel"), fields.maybe("ts"))


async def _assistant(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    return await person.assistant(fields.maybe("channel"), fields.maybe("thread_ts"))


async def _react(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    return await person.react(fields.text("channel"), fields.text("ts"), fields.text("name"))


async def _read(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    return await person.read(fields.text("channel"))


async def _open_dm(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    return await person.open_dm(fields.text("user"))


async def _join(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    return await person.join(fields.text("channel"))


async def _invite(person: PersonClient, fields: _Fields) -> dict[str, Any]:
    return await person.invite(fields.text("channel"), fields.text("user"))


_ACTS: dict[str, Act] = {
    "command": _command,
    "message": _message,
    "action": _action,
    "options": _options,
    "submit": _submit,
    "close": _close,
    "home": _home,
    "upload": _upload,
    "shortcut": _shortcut,
    "assistant": _assistant,
    "react": _react,
    "read": _read,
    "open_dm": _open_dm,
    "join": _join,
    "invite": _invite,
}


def person_routes(workspace: Workspace) -> list[BaseRoute]:
    """The routes for every member of a workspace."""

    async def act(request: Request) -> Response:
        try:
            person = _person(workspace, request.path_params["user"])
            name = request.path_params["act"]
            if name not in _ACTS:
                raise PersonError(404, f"A person can {', '.join(_ACTS)}; not {name}.")
            return _json(await _ACTS[name](person, _Fields(await _body(request))))
        except PersonError as error:
            return _json({"ok": False, "error": error.sentence}, error.status)

    async def seen(request: Request) -> Response:
        try:
            person = _person(workspace, request.path_params["user"])
            limit = request.query_params.get("limit", "200")
            if not (limit.isascii() and limit.isdecimal() and len(limit) < 10):
                raise PersonError(400, "limit must be a number.")
            return _json(person.screen(int(limit)))
        except PersonError as error:
            return _json({"ok": False, "error": error.sentence}, error.status)

    async def nothing(request: Request) -> Response:
        known = f"GET /person/{{user}}/screen, and POST /person/{{user}}/ with one of {', '.join(_ACTS)}"
        return _json({"ok": False, "error": f"There is no {request.url.path}; there is {known}."}, 404)

    async def other_method(request: Request) -> Response:
        name = request.path_params.get("act", "screen")
        wanted = "GET" if name == "screen" else "POST"
        return _json({"ok": False, "error": f"{name} is asked for with {wanted}, not {request.method}."}, 405)

    others = ["GET", "PUT", "PATCH", "DELETE"]
    return [
        Route("/person/{user}/screen", seen, methods=["GET"]),
        Route("/person/{user}/screen", other_method, methods=["POST", *others]),
        Route("/person/{user}/{act}", act, methods=["POST"]),
        Route("/person/{user}/{act}", other_method, methods=others),
        Route("/person/{rest:path}", nothing, methods=["POST", *others]),
    ]


def _person(workspace: Workspace, named: str) -> PersonClient:
    """The member of that id or name. Raises `PersonError`."""
    ident = next((person.id for person in workspace.people.values() if person.name == named), named)
    return PersonClient(workspace, ident)


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise PersonError(400, "The body must be JSON.") from None
    if not isinstance(body, dict):
        raise PersonError(400, "The body must be a JSON object.")
    return body


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")
