"""How an endpoint says what it takes and answers: the words of OpenAPI 3.1, as far as the wings need them.

For programs and their authors, so in English only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Schema = Mapping[str, Any]
"""A JSON Schema (2020-12)."""

STRING: Final[Schema] = {"type": "string"}
HTML: Final = "text/html"
PLAIN: Final = "text/plain"
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something in the address, or a header."""

    name: str
    place: Literal["path", "query", "header", "cookie"]
    about: str
    schema: Schema = field(default_factory=lambda: STRING)
    required: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """One of the answers: what it means, its body by media type, its headers and what stands in them."""

    about: str
    content: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of an endpoint. `body` is by media type. `proof` names what the request has to prove itself with
    beyond its address, where it has to."""

    summary: str
    answers: Mapping[int, Said]
    parameters: tuple[Parameter, ...] = ()
    body: Mapping[str, Schema] = field(default_factory=dict)
    proof: str = ""


Described = Mapping[str, Operation]
"""An endpoint's operations by their methods."""


def link(about: str) -> Parameter:
    """The signed part of a link of ours."""
    return Parameter("token", "path", about, required=True)


def shown(about: str, **headers: str) -> Said:
    """A page for people."""
    return Said(about, {HTML: STRING}, headers)


def noted(about: str) -> Said:
    """A line of plain text."""
    return Said(about, {PLAIN: STRING})


def fields(properties: Mapping[str, Schema]) -> Schema:
    """A form whose fields may all be left out; others are passed over."""
    return {"type": "object", "properties": dict(properties)}
