"""What a person types, turned into what Slack stores: escaped text with mentions, and a rich_text block."""

from __future__ import annotations

import re
from typing import Any

from bot.workspace.state import Workspace

_PIECES = re.compile(
    r"<@(?P<user>[UW][A-Z0-9]+)(?:\|[^>]*)?>"
    r"|<#(?P<channel>[CG][A-Z0-9]+)(?:\|[^>]*)?>"
    r"|<!(?P<range>here|channel|everyone)(?:\|[^>]*)?>"
    r"|<(?P<marked>https?://[^\s|>]+)(?:\|(?P<label>[^>]*))?>"
    r"|(?P<url>https?://[^\s<>]+)"
    r"|(?<![\w@])@(?P<name>[\w.\-]+)"
    r"|(?<![\w&])\#(?P<place>[\w\-]+)"
)


def typed_message(workspace: Workspace, typed: str) -> tuple[str, dict[str, Any]]:
    """Text in Slack's notation and the rich_text block that the real client sends beside it."""
    written: list[str] = []
    elements: list[dict[str, Any]] = []
    end = 0

    def plain(text: str) -> None:
        if text:
            written.append(_escaped(text))
            if elements and elements[-1]["type"] == "text":
                elements[-1]["text"] += text
            else:
                elements.append({"type": "text", "text": text})

    for match in _PIECES.finditer(typed):
        piece = _piece(workspace, match)
        if piece is None:
            continue
        plain(typed[end : match.start()])
        end = match.end()
        written.append(piece[0])
        elements.append(piece[1])
    plain(typed[end:])
    block = {
        "type": "rich_text",
        "block_id": workspace.mint.short(),
        "elements": [{"type": "rich_text_section", "elements": elements}],
    }
    return "".join(written), block


def _piece(workspace: Workspace, match: re.Match[str]) -> tuple[str, dict[str, Any]] | None:
    found = match.groupdict()
    user = found["user"] or _user_named(workspace, found["name"])
    if user is not None:
        return f"<@{user}>", {"type": "user", "user_id": user}
    if found["channel"] or found["place"]:
        channel = workspace.conversations.get(found["channel"] or "") or workspace.find_channel(found["place"] or "")
        if channel is None:
            return None
        return f"<#{channel.id}|{channel.name}>", {"type": "channel", "channel_id": channel.id}
    called = found["range"] or (found["name"] if found["name"] in ("here", "channel", "everyone") else None)
    if called:
        return f"<!{called}>", {"type": "broadcast", "range": called}
    address = found["url"] or found["marked"]
    if not address:
        return None
    element = {"type": "link", "url": address}
    if found["label"]:
        return f"<{address}|{found['label']}>", {**element, "text": found["label"]}
    return f"<{_escaped(address)}>", element


def _user_named(workspace: Workspace, name: str | None) -> str | None:
    if not name:
        return None
    if name == workspace.app.bot_name:
        return workspace.bot_user
    return next((person.id for person in workspace.people.values() if person.name == name), None)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
