"""`POST /webhooks/miitel/{token}`: what MiiTel's outgoing webhook sends (docs/recordings.md says how to set it up).

MiiTel's documentation (developers.miitel.com, on the outgoing webhook of call history) has it so: saved settings are
tried with a body that has a `challenge`, which is to come back as plain text and nothing else; afterwards each call is
sent as JSON once its words are recognised, and again when other things about it are ready.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from domain.errors import Refused
from handlers.openapi import JSON, PLAIN, STRING, Described, Operation, Parameter, Said, Schema
from handlers.routes import Routes
from services.deps import Deps
from services.pipeline import telephone_systems as service

PATH = "/webhooks/miitel/{token}"
BODY_LIMIT: Final = 8 * 1024 * 1024
_CHALLENGE = re.compile(r"[0-9A-Za-z_-]{1,256}")


def _error(about: str, code: str) -> Said:
    properties = {"ok": {"const": False}, "error": {"const": code}}
    return Said(about, {JSON: {"type": "object", "properties": properties, "required": list(properties)}})


_RECEIVED: Final[Schema] = {
    "type": "object",
    "properties": {
        "ok": {"const": True},
        "new": {"type": "boolean"},
        "recording": {"type": ["integer", "null"]},
    },
    "required": ["ok", "new", "recording"],
}
DESCRIBED: Final[Described] = {
    "POST": Operation(
        "Takes a call as MiiTel's outgoing webhook tells it",
        {
            200: Said(
                "The challenge itself, as plain text, where there was one; else the call had come before, or nothing "
                "is said in it.",
                {PLAIN: STRING, JSON: _RECEIVED},
            ),
            201: Said("There is a record of the call now.", {JSON: _RECEIVED}),
            400: _error("The body is no JSON object, or has no call with an id.", "bad_request"),
            401: _error("No telephone system has this address.", "not_proven"),
            403: _error("A manager has paused it.", "paused"),
            413: _error("Larger than 8 MB.", "too_large"),
        },
        (Parameter("token", "path", "The secret part of the address, which Slack showed once.", required=True),),
        {
            JSON: {
                "type": "object",
                "properties": {
                    "challenge": {"type": "string", "pattern": "^[0-9A-Za-z_-]{1,256}$"},
                    "call": {
                        "type": "object",
                        "properties": {"id": STRING, "details": {"type": "array", "items": {"type": "object"}}},
                        "required": ["id"],
                    },
                },
            }
        },
    )
}


def register(routes: Routes) -> None:
    """The webhook."""
    routes.web(PATH, receive, methods=["POST"], described=DESCRIBED)


async def receive(deps: Deps, request: Request) -> Response:
    """Check the address, answer a challenge, take a call on."""
    try:
        source = await service.prove(deps, str(request.path_params["token"]))
    except service.Unproven:
        return _wrong(401, "not_proven")
    except service.Paused:
        return _wrong(403, "paused")
    body = await _bounded(request)
    if body is None:
        return _wrong(413, "too_large")
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        return _wrong(400, "bad_request")
    if not isinstance(content, dict):
        return _wrong(400, "bad_request")
    challenge = content.get("challenge")
    if isinstance(challenge, str):
        if not _CHALLENGE.fullmatch(challenge):
            return _wrong(400, "bad_request")
        # Whoever knows the address may have their own letters and digits back.
        return PlainTextResponse(challenge, headers={"X-Content-Type-Options": "nosniff"})
    try:
        received = await service.receive(deps, source, content)
    except Refused:
        return _wrong(400, "bad_request")
    return JSONResponse(
        {"ok": True, "new": received.new, "recording": received.recording_id}, 201 if received.new else 200
    )


async def _bounded(request: Request) -> bytes | None:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > BODY_LIMIT:
            return None
    return bytes(content)


def _wrong(status: int, code: str) -> Response:
    return JSONResponse({"ok": False, "error": code}, status)
