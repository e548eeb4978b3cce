"""`POST /webhooks/forms/{source}`: what a website's form sends (docs/webhooks.md says it to the web developer)."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from email.message import Message
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handlers.i18n import Translator, translator
from handlers.openapi import Described, Operation, Parameter, Said, Schema
from handlers.routes import Routes
from services.deps import Deps
from services.outreach import forms
from services.outreach.forms import Paused, Stand, Unproven

PATH = "/webhooks/forms/{source}"
TIMESTAMP = "X-Kakehashi-Timestamp"
SIGNATURE = "X-Kakehashi-Signature"
SUBMISSION = "X-Kakehashi-Submission"
BODY_LIMIT = 64 * 1024
MOST_FIELDS = forms.MAX_FIELDS
DEEPEST = 5

_SIGNED = re.compile(r"v1=([0-9a-f]{64})")
_ID = re.compile(r"[\x21-\x7e]{1,200}")
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
# What Japanese pages were written in before UTF-8; as they are named on the web (WHATWG Encoding).
_CHARSETS = {"utf-8": "utf-8", "utf8": "utf-8", "shift_jis": "cp932", "sjis": "cp932", "x-sjis": "cp932"}
_CHARSET = "_charset_"
"""The field in which a browser says what a form is written in."""
_CHARSETS |= {"windows-31j": "cp932", "cp932": "cp932", "euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp"}


def _error(about: str, *codes: str) -> Said:
    properties = {"ok": {"const": False}, "error": {"enum": list(codes)}, "message": {"type": "string"}}
    schema: Schema = {"type": "object", "properties": properties, "required": list(properties)}
    return Said(about, {_JSON: schema})


def _received(about: str, *, new: bool) -> Said:
    properties: Schema = {
        "ok": {"const": True},
        "new": {"const": new},
        "lead": {"type": ["integer", "null"]},
        "submission": {"type": "integer"},
    }
    return Said(about, {_JSON: {"type": "object", "properties": properties, "required": list(properties)}})


DESCRIBED: Final[Described] = {
    "POST": Operation(
        "Takes what somebody typed into a form on a website",
        {
            200: _received("This submission had come before.", new=False),
            201: _received("There is a lead now.", new=True),
            400: _error(
                "The body cannot be read.",
                *("bad_json", "not_an_object", "bad_encoding", "too_many_fields", "bad_submission_id", "empty"),
            ),
            401: _error("Address, secret, clock or signature is wrong.", "not_proven"),
            403: _error("A manager has paused the form.", "paused"),
            413: _error("Larger than 64 KB.", "too_large"),
            415: _error("Neither JSON nor a form.", "unknown_type"),
        },
        (
            Parameter("source", "path", "The form, as its address names it.", required=True),
            Parameter(
                TIMESTAMP,
                "header",
                "The present time, in whole seconds since 1970; at most 5 minutes off.",
                {"type": "string", "pattern": "^[0-9]{1,12}$"},
                required=True,
            ),
            Parameter(
                SIGNATURE,
                "header",
                "“v1=” and the HMAC-SHA256, keyed with the form's secret, of the timestamp, a full stop and the body.",
                {"type": "string", "pattern": "^v1=[0-9a-f]{64}$"},
                required=True,
            ),
            Parameter(
                SUBMISSION,
                "header",
                "The sender's own id of this submission: the same id is the same submission.",
                {"type": "string", "pattern": "^[!-~]{1,200}$"},
            ),
            Parameter("Accept-Language", "header", "Beginning with “ja”: errors are in Japanese."),
        ),
        {
            _JSON: {"type": "object", "description": "Names of fields, and what was typed."},
            _FORM: {"type": "object", "additionalProperties": {"type": "string"}},
        },
    )
}


class Unreadable(Exception):
    """The body is not what it says it is; the text is an error code."""


def register(routes: Routes) -> None:
    """The webhook."""
    routes.web(PATH, receive, methods=["POST"], described=DESCRIBED)


async def receive(deps: Deps, request: Request) -> Response:
    """Check, read, save; the answer is JSON with a code for programs and a sentence for whoever wrote them."""
    t = translator("ja" if request.headers.get("accept-language", "").lower().startswith("ja") else "en")
    body = await _bounded(request)
    if body is None:
        return _wrong(t, 413, "too_large")
    signed = _SIGNED.fullmatch(request.headers.get(SIGNATURE, "").strip().lower())
    try:
        form = await forms.prove(
            deps,
            request.path_params["source"],
            request.headers.get(TIMESTAMP, "").strip(),
            signed[1] if signed else "",
            body,
        )
    except Unproven:
        return _wrong(t, 401, "not_proven")
    except Paused:
        return _wrong(t, 403, "paused")
    given = request.headers.get(SUBMISSION, "").strip()
    if given and not _ID.fullmatch(given):
        return _wrong(t, 400, "bad_submission_id")
    try:
        fields = read(request.headers.get("content-type", ""), body)
    except Unreadable as unreadable:
        code = str(unreadable)
        return _wrong(t, 415 if code == "unknown_type" else 400, code)
    if not any(text.strip() for text in forms.clean(fields).values()):
        return _wrong(t, 400, "empty")
    received = await forms.receive(deps, form, fields, _stand(translator(form.language)), given or None)
    answer = {"ok": True, "new": received.new, "lead": received.lead_id, "submission": received.submission_id}
    return JSONResponse(answer, 201 if received.new else 200)


def _stand(t: Translator) -> Stand:
    return Stand(t("Name not given"), t("Company not given"))


async def _bounded(request: Request) -> bytes | None:
    """The body; None where it is larger than any form."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > BODY_LIMIT:
            return None
    return bytes(content)


def read(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a body, as text by their names. Raises `Unreadable`."""
    header = Message()
    header["content-type"] = content_type
    kind, charset = header.get_content_type() if content_type else "", header.get_content_charset()
    if kind == _JSON or kind.endswith("+json"):
        return _from_json(_decoded(body, charset))
    if kind == _FORM:
        return _from_form(body, charset)
    raise Unreadable("unknown_type")


def _decoded(body: bytes, charset: str | None) -> str:
    encoding = _CHARSETS.get((charset or "utf-8").lower(), "utf-8")
    try:
        return _text_of(body, encoding)
    except UnicodeDecodeError as broken:
        raise Unreadable("bad_encoding") from broken


def _text_of(body: bytes, encoding: str) -> str:
    try:
        return codecs.decode(body, encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        if encoding != "euc_jp":
            raise
    # On the web EUC-JP also has what Windows added to JIS (㈱, ①, 髙); Python's has not, its Shift_JIS has.
    return codecs.decode(_EUC_PAIR.sub(_to_shift_jis, body), "cp932")


_EUC_PAIR = re.compile(rb"[\xa1-\xfe][\xa1-\xfe]|\x8e[\xa1-\xdf]")


def _to_shift_jis(found: re.Match[bytes]) -> bytes:
    """A character of JIS X 0208, or a half-width katakana, from EUC-JP to Shift_JIS: two rows share a first byte."""
    first, second = found[0]
    if first == 0x8E:
        return bytes([second])
    row, cell = first - 0xA1, second - 0xA1
    lead = row // 2 + (0x81 if row < 62 else 0xC1)
    trail = cell + 0x9F if row % 2 else cell + (0x40 if cell < 63 else 0x41)
    return bytes([lead, trail])


def _from_json(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    try:
        content = json.loads(text)
        if not isinstance(content, dict):
            raise Unreadable("not_an_object")
        _flatten(content, "", fields, 0)
    except (ValueError, RecursionError) as broken:
        raise Unreadable("bad_json") from broken
    return fields


def _flatten(content: Mapping[str, Any], before: str, fields: dict[str, str], depth: int) -> None:
    """Objects in objects as `outer.inner`, lists as their parts with commas."""
    for key, value in content.items():
        name = f"{before}{key}"
        if isinstance(value, dict) and depth < DEEPEST:
            _flatten(value, f"{name}.", fields, depth + 1)
        elif isinstance(value, list):
            fields[name] = ", ".join(_text(part) for part in value)
        else:
            fields[name] = _text(value)
        if len(fields) > MOST_FIELDS:
            raise Unreadable("too_many_fields")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _from_form(body: bytes, charset: str | None) -> dict[str, str]:
    # Latin-1 is every byte by its number: which letters they are is known only after the percent signs are gone.
    try:
        pairs = parse_qsl(
            body.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=MOST_FIELDS
        )
    except ValueError as many:
        raise Unreadable("too_many_fields") from many
    named = next((value for name, value in pairs if name == _CHARSET), None)
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name == _CHARSET:
            continue
        # Several ticked boxes have one name.
        known = _decoded(name.encode("latin-1"), charset or named).removesuffix("[]")
        text = _decoded(value.encode("latin-1"), charset or named)
        fields[known] = f"{fields[known]}, {text}" if fields.get(known) else text
    return fields


def _wrong(t: Translator, status: int, code: str) -> Response:
    return JSONResponse({"ok": False, "error": code, "message": _sentence(t, code)}, status)


def _sentence(t: Translator, code: str) -> str:
    match code:
        case "too_large":
            return t(
                "The body is larger than {most} KB. Send the form's fields only, no files.", most=BODY_LIMIT // 1024
            )
        case "not_proven":
            return t(
                "This request is not signed as one of our forms signs. Please check: the address and the secret are "
                "those that /inbound sources showed; {timestamp} is the present time in whole seconds, not more than "
                "5 minutes off; {signature} is “v1=” and the HMAC-SHA256, in lower-case hexadecimal, of that time, a "
                "full stop and the body exactly as it is sent.",
                timestamp=TIMESTAMP,
                signature=SIGNATURE,
            )
        case "paused":
            return t("This form is paused. Somebody with the role of a manager can let it go on: /inbound sources.")
        case "bad_submission_id":
            return t("{header} holds 1 to 200 visible ASCII characters, or is left out.", header=SUBMISSION)
        case "unknown_type":
            return t("Send the fields as {json} or {form}, and say which in Content-Type.", json=_JSON, form=_FORM)
        case "bad_encoding":
            return t(
                "The body is not written in the encoding it names. Without a charset in Content-Type it is UTF-8; "
                "Shift_JIS, EUC-JP and ISO-2022-JP are understood when they are named."
            )
        case "bad_json":
            return t("The body is not JSON, though Content-Type says so.")
        case "not_an_object":
            return t("The JSON is to be one object: the names of the fields, and what was typed.")
        case "too_many_fields":
            return t("There are more than {most} fields.", most=MOST_FIELDS)
        case _:
            return t("There is no field in the body.")
