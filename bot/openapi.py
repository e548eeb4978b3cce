"""What the bot's own server takes and answers, as an OpenAPI 3.1 description made from the route tables: what
`python -m bot openapi` prints and docs/openapi.json holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from bot.app import all_routes
from bot.web import EVENTS_PATH
from handlers.installation import pages
from handlers.installation.clients import TeamClients
from handlers.openapi import FORM, HTML, JSON, PLAIN, STRING, Described, Operation, Parameter, Said, Schema, noted
from handlers.routes import Routes

SLACK: Final = "slack"
OPERATOR: Final = "operator"
PROOFS: Final[Mapping[str, Schema]] = {
    SLACK: {
        "type": "apiKey",
        "in": "header",
        "name": "X-Slack-Signature",
        "description": "“v0=” and the HMAC-SHA256, keyed with the app's signing secret, of version, time and body.",
    },
    OPERATOR: {"type": "http", "scheme": "bearer", "description": "The token of METRICS_TOKEN."},
}
"""What a request can have to prove itself with beyond its address."""


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


_EVENTS: Final[Described] = {
    "POST": Operation(
        "Where Slack sends commands, clicks, forms and events",
        {
            200: Said("Understood; where Slack waits for something, here it is.", {JSON: {}, PLAIN: STRING}),
            400: noted("The body is no text, or not what its type says."),
            401: Said("The request is not signed, or not now.", {PLAIN: STRING, JSON: {}}),
            404: Said("Nothing here answers this.", {JSON: {}}),
            413: noted("Larger than anything that Slack sends."),
        },
        (
            Parameter(
                "X-Slack-Request-Timestamp",
                "header",
                "When Slack signed it, in whole seconds since 1970; at most 5 minutes ago.",
                {"type": "string", "pattern": "^[0-9]{1,12}$"},
                required=True,
            ),
        ),
        {JSON: {"type": "object"}, FORM: {"type": "object", "additionalProperties": STRING}},
        SLACK,
    )
}
_PARTS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "boolean"}}
_READY: Final = _object(ready={"type": "boolean"}, parts=_PARTS)
OWN: Final[Mapping[str, Described]] = {
    EVENTS_PATH: _EVENTS,
    "/healthz": {
        "GET": Operation("Whether the process answers", {200: Said("It does.", {JSON: _object(ok={"const": True})})})
    },
    "/readyz": {
        "GET": Operation(
            "Whether the process can do its work now",
            {200: Said("All parts work.", {JSON: _READY}), 503: Said("Some do not.", {JSON: _READY})},
        )
    },
    "/metrics": {
        "GET": Operation(
            "What is counted and measured, for Prometheus; only where METRICS_TOKEN is set",
            {
                200: Said("All metrics.", {PLAIN: STRING, "application/openmetrics-text": STRING}),
                401: noted("The token is missing or wrong."),
            },
            proof=OPERATOR,
        )
    },
}
"""The pages that are no wing's."""
_FAULT: Final[Schema] = _object(ok={"const": False}, error={"const": "fault"}, message=STRING, reference=STRING)
SHARED: Final[Mapping[str, tuple[int, Said]]] = {
    "Fault": (
        500,
        Said("A fault of ours, logged under the reference that this names.", {JSON: _FAULT, HTML: STRING}),
    ),
    "Late": (408, noted("The body did not come in time.")),
}
"""Answers that many endpoints may give beside their own."""


def described() -> dict[str, Described]:
    """Every path of the server with what is said of it: nothing where nothing is."""
    routes = all_routes()
    _with_installation(routes)
    return {**OWN, **{path: endpoint.described for path, endpoint in routes.endpoints.items()}}


def _with_installation(routes: Routes) -> None:
    # Only who answers needs the clients.
    pages.register(routes, cast("TeamClients", None))


def document() -> dict[str, Any]:
    """The description."""
    paths: dict[str, Any] = {}
    for path, operations in sorted(described().items()):
        paths[path] = {method.lower(): _operation(method, path, op) for method, op in operations.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kakehashi",
            "version": "1",
            "description": "The pages and webhooks of the bot's own server. Every address is signed, or asks for a "
            "signature or a token; pages are in Japanese and English.",
        },
        "servers": [{"url": "/", "description": "PUBLIC_URL"}],
        "paths": paths,
        "components": {
            "responses": {name: _answer(said) for name, (_status, said) in SHARED.items()},
            "securitySchemes": dict(PROOFS),
        },
    }


def _operation(method: str, path: str, op: Operation) -> dict[str, Any]:
    shared = [*(["Fault"] if path not in OWN else []), *(["Late"] if op.body else [])]
    answers = {status: _answer(said) for status, said in op.answers.items()}
    answers |= {SHARED[name][0]: {"$ref": f"#/components/responses/{name}"} for name in shared}
    made: dict[str, Any] = {
        "operationId": "_".join([method.lower(), *re.findall(r"\w+", path)]),
        "summary": op.summary,
    }
    if op.parameters:
        made["parameters"] = [_parameter(parameter) for parameter in op.parameters]
    if op.body:
        made["requestBody"] = {"content": _content(op.body)}
    made["responses"] = {str(status): said for status, said in sorted(answers.items())}
    if op.proof:
        made["security"] = [{op.proof: []}]
    return made


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.about,
        "required": parameter.required,
        "schema": dict(parameter.schema),
    }


def _answer(said: Said) -> dict[str, Any]:
    made: dict[str, Any] = {"description": said.about}
    if said.headers:
        made["headers"] = {
            name: {"description": about, "required": True, "schema": dict(STRING)}
            for name, about in said.headers.items()
        }
    if said.content:
        made["content"] = _content(said.content)
    return made


def _content(content: Mapping[str, Schema]) -> dict[str, Any]:
    return {media: {"schema": dict(schema)} for media, schema in content.items()}
