"""One Web API call: its arguments in Slack's forms, and the error that ends it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.workspace.api.scopes import needed_for
from bot.workspace.api.tables import tables
from bot.workspace.blockkit import Problem
from bot.workspace.messages import Conversation, Kind, Message
from bot.workspace.state import Workspace

# A surrogate, escaped or as it is: half of a pair that may be whole.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


class ApiError(Exception):
    """Ends a call with `{"ok": false, "error": code}`; `extra` joins the answer."""

    def __init__(self, code: str, messages: Sequence[str] = (), **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.messages = list(messages)
        self.extra = extra

    def answer(self) -> dict[str, Any]:
        """The answer of the call."""
        body: dict[str, Any] = {"ok": False, "error": self.code, **self.extra}
        if self.messages:
            body["response_metadata"] = {"messages": self.messages}
        return body


def parsed(text: str | bytes) -> Any:
    """What JSON text holds. Raises `ValueError`, also for what JSON cannot hold although Python's reader takes it:
    numbers that are none or endless, and halves of surrogate pairs, which no answer could carry back."""
    value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    if _SURROGATE.search(text if isinstance(text, str) else text.decode("utf-8")):
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large")
    return number


def refused(code: str, problems: Sequence[Problem]) -> ApiError:
    """The error of a payload with problems; the chat methods also list them without their level."""
    messages = [problem.written() for problem in problems]
    if code == "invalid_blocks":
        return ApiError(code, messages, errors=[problem.plain() for problem in problems])
    return ApiError(code, messages)


def missing_scope(needed: Iterable[str], granted: Iterable[str]) -> ApiError:
    """The error of a call for which the token lacks a scope; one of `needed` would do."""
    return ApiError("missing_scope", needed=",".join(needed), provided=",".join(sorted(granted)))


def misshapen(name: str, sentence: str) -> ApiError:
    """The error of an argument that has not the shape its method wants."""
    return ApiError("invalid_arguments", [f"[ERROR] {sentence} [json-pointer:/{name}]"])


@dataclass(slots=True)
class Call:
    """`arguments` are as they came: text from forms and queries, JSON values from JSON bodies. `user` is who acts: the
    bot user for the bot token, a member for a member's token, nobody for the app-level one or none. `granted` are the
    scopes of the token, None for all."""

    workspace: Workspace
    method: str
    arguments: Mapping[str, Any]
    app_level: bool = False
    user: str = ""
    token: str = ""
    granted: frozenset[str] | None = None

    @property
    def by_bot(self) -> bool:
        """Whether the bot itself acts."""
        return self.user == self.workspace.bot_user

    def text(self, name: str) -> str | None:
        """A string argument; numbers become text; None where it is absent or null."""
        value = self.arguments.get(name)
        if value is None:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (str, int, float)):
            return str(value)
        raise misshapen(name, "must be a string")

    def required(self, name: str) -> str:
        """A string argument that must be there; the dispatcher has already refused the call without it."""
        value = self.text(name)
        if not value:
            raise ApiError("invalid_arguments", [f"[ERROR] missing required field: {name}"])
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean argument: true, 1, "true", "1" and their opposites."""
        value = self.arguments.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, bool):
            return value
        if isinstance(value, (dict, list)):
            raise misshapen(name, "must be a boolean")
        return str(value).lower() not in ("0", "false", "no")

    def number(
        self, name: str, default: int, *, least: int = 1, most: int = 1000, error: str | None = "invalid_limit"
    ) -> int:
        """A whole number, cut to `most`. Below `least`, or where it is no number, the call ends with `error`, or with
        `invalid_arguments` where the method does not know that code. 0 stands for the default."""
        value = self.arguments.get(name)
        if value is None or value == "":
            return default
        known = error if error in tables()[self.method]["errors"] else None
        try:
            number = int(str(value))
        except ValueError:
            raise ApiError(known) if known else misshapen(name, "must be an integer") from None
        if number == 0:
            return default
        if number < least:
            raise ApiError(known) if known else misshapen(name, f"must be greater than {least - 1}")
        return min(number, most)

    def json(self, name: str, error: str) -> Any:
        """A structured argument, given as JSON or as text that holds JSON; `error` where the text is none."""
        value = self.arguments.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return parsed(value)
        except ValueError:
            raise ApiError(error) from None

    def listed(self, name: str) -> list[str]:
        """Ids separated by commas, or a JSON list of them."""
        value = self.arguments.get(name)
        if value is None or value == "":
            return []
        if isinstance(value, str) and value.startswith("["):
            value = self.json(name, "invalid_array_arg")
        if isinstance(value, (list, tuple)):
            return [str(item) for item in value]
        return [part.strip() for part in str(value).split(",") if part.strip()]

    def conversation(
        self,
        name: str = "channel",
        *,
        by_name: bool = False,
        members_only: bool = False,
        error: str = "channel_not_found",
    ) -> Conversation:
        """The conversation an argument names. One the caller cannot see does not exist for them (`error`)."""
        wanted = self.text(name) or ""
        workspace = self.workspace
        found = workspace.conversations.get(wanted)
        if found is None and by_name:
            found = workspace.find_channel(wanted)
            if found is None and wanted in workspace.people:
                return workspace.im(self.user, wanted)
        if found is None or (found.kind != "channel" and self.user not in found.members):
            raise ApiError(error)
        self.allowed(found.kind)
        if members_only and self.user not in found.members:
            raise ApiError("not_in_channel")
        return found

    def may(self, scope: str) -> bool:
        """Whether the token has a scope."""
        return self.granted is None or scope in self.granted

    def allowed(self, *kinds: Kind) -> None:
        """Refuses the call (`missing_scope`) where the token has no scope for one of these kinds of conversations."""
        for kind in kinds:
            needed = needed_for(self.method, kind)
            if needed and not any(map(self.may, needed)):
                raise missing_scope(needed, self.granted or ())

    def sees(self, conversation: Conversation) -> bool:
        """Whether the caller may look into a conversation."""
        return conversation.kind == "channel" or self.user in conversation.members

    def message(self, conversation: Conversation, name: str = "ts", error: str = "message_not_found") -> Message:
        """The message whose timestamp an argument gives. One that was deleted does not exist (`error`)."""
        found = conversation.messages.get(self.required(name))
        if found is None or found.subtype == "tombstone":
            raise ApiError(error)
        return found


Method = Callable[[Call], dict[str, Any]]


def page(items: Sequence[Any], call: Call, default: int = 100, most: int = 1000) -> tuple[list[Any], dict[str, Any]]:
    """One page of a list by `limit` and `cursor`, with its `response_metadata`."""
    limit = call.number("limit", default, most=most)
    start = read_cursor(call)
    if start > len(items):
        raise ApiError("invalid_cursor")
    following = start + limit
    cursor = write_cursor(str(following)) if following < len(items) else ""
    return list(items[start:following]), {"next_cursor": cursor}


def read_cursor(call: Call) -> int:
    """Where a page of a list starts. Raises `invalid_cursor`."""
    text = cursor_text(call)
    if text is None:
        return 0
    if not text.isdecimal():
        raise ApiError("invalid_cursor")
    return int(text)


def cursor_text(call: Call) -> str | None:
    """What a cursor holds; None without one. Raises `invalid_cursor`."""
    cursor = call.text("cursor")
    if not cursor:
        return None
    prefix, sign, text = cursor.partition(":")
    if prefix != "next" or not sign or not text:
        raise ApiError("invalid_cursor")
    return text


def write_cursor(text: str) -> str:
    """A cursor that holds a text."""
    return f"next:{text}"
