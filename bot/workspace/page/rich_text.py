"""rich_text blocks as safe HTML: sections, lists, quotes, preformatted text, and every inline element."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from bot.workspace.page.emoji import EMOJI, with_emoji
from bot.workspace.page.emoji_art import with_art
from bot.workspace.page.mrkdwn import Names, broadcast, channel, link, user, usergroup

Json = dict[str, Any]

_COLOUR = re.compile(r"#[0-9A-Fa-f]{3}(?:[0-9A-Fa-f]{3})?")
_STYLES = (("code", "code"), ("bold", "strong"), ("italic", "em"), ("strike", "s"), ("underline", "u"))


def render(block: Json, names: Names) -> str:
    """A rich_text block (or a rich_text cell) as HTML."""
    return with_art("".join(_part(part, names) for part in block.get("elements") or []))


def editable(block: Json, names: Names) -> str:
    """A rich_text block as HTML that a person edits: real lists, and what is no text (a person, a channel, a date)
    in one piece that carries its element along as data-element."""
    return with_art("".join(_editable_part(part, names) for part in block.get("elements") or []))


def _editable_part(part: Json, names: Names) -> str:
    kind, elements = part.get("type"), part.get("elements") or []
    if kind == "rich_text_list":
        tag = "ol" if part.get("style") == "ordered" else "ul"
        rows = "".join(f"<li>{_editable_line(item.get('elements') or [], names)}</li>" for item in elements)
        return f'<{tag} data-indent="{int(part.get("indent") or 0)}">{rows}</{tag}>'
    tag = {"rich_text_preformatted": "pre", "rich_text_quote": "blockquote"}.get(str(kind), "div")
    return f"<{tag}>{_editable_line(elements, names) or '<br>'}</{tag}>"


def _editable_line(elements: list[Json], names: Names) -> str:
    shown = ""
    for element in elements:
        inside = _element(element, names)
        if element.get("type") not in {"text", "link"}:
            carried = html.escape(json.dumps(element, ensure_ascii=False))
            inside = f'<span contenteditable="false" data-element="{carried}">{inside}</span>'
        shown += inside
    return shown


def _part(part: Json, names: Names) -> str:
    kind = part.get("type")
    if kind == "rich_text_list":
        return _list(part, names)
    inside = "".join(
        _element(element, names, raw=kind == "rich_text_preformatted") for element in part.get("elements") or []
    )
    if kind == "rich_text_preformatted":
        return f"<pre>{inside}</pre>"
    if kind == "rich_text_quote":
        return f"<blockquote>{inside}</blockquote>"
    return f'<div class="kk-rich">{inside}</div>'


def _list(part: Json, names: Names) -> str:
    depth = min(int(part.get("indent") or 0), 6)
    ordered = part.get("style") == "ordered"
    first = int(part.get("offset") or 0) + 1
    rows = []
    for index, item in enumerate(part.get("elements") or []):
        bullet = _ordinal(first + index, depth) if ordered else "•◦▪"[depth % 3]
        inside = "".join(_element(element, names) for element in item.get("elements") or [])
        rows.append(
            f'<div class="kk-item kk-indent-{min(depth, 4)}" role="listitem"><span class="kk-bullet">{bullet}</span>'
            f"<span>{inside}</span></div>"
        )
    edge = ' class="kk-edged"' if part.get("border") else ""
    return f'<div role="list"{edge}>{"".join(rows)}</div>'


def _ordinal(number: int, depth: int) -> str:
    """1. at the outside, a. one step in, i. two steps in, as Slack numbers its lists."""
    if depth % 3 == 1 and 1 <= number <= 26:
        return f"{'abcdefghijklmnopqrstuvwxyz'[number - 1]}."
    if depth % 3 == 2 and 1 <= number <= 10:
        return f"{('i', 'ii', 'iii', 'iv', 'v', 'vi', 'vii', 'viii', 'ix', 'x')[number - 1]}."
    return f"{number}."


def _element(element: Json, names: Names, *, raw: bool = False) -> str:
    kind = element.get("type")
    text = str(element.get("text") or "")
    if kind == "text":
        shown = html.escape(text if raw else with_emoji(text)).replace("\n", "\n" if raw else "<br>")
    elif kind == "link":
        url = str(element.get("url") or "")
        shown = link(url, html.escape(text or url))
    elif kind == "user":
        shown = user(str(element.get("user_id") or ""), names)
    elif kind == "channel":
        shown = channel(str(element.get("channel_id") or ""), names)
    elif kind == "usergroup":
        shown = usergroup(str(element.get("usergroup_id") or ""), names)
    elif kind == "broadcast":
        shown = broadcast(str(element.get("range") or "here"))
    elif kind == "emoji":
        name = str(element.get("name") or "")
        shown = html.escape(EMOJI.get(name) or _characters(str(element.get("unicode") or "")) or f":{name}:")
    elif kind == "date":
        shown = html.escape(_date(element, names))
    elif kind == "color":
        value = str(element.get("value") or "")
        known = _COLOUR.fullmatch(value)
        swatch = (
            f'<svg class="kk-swatch" viewBox="0 0 20 20" aria-hidden="true"><rect width="20" height="20" rx="4" '
            f'fill="{value}" stroke="none"/></svg>'
            if known
            else ""
        )
        shown = f"{swatch}<code>{html.escape(value)}</code>"
    else:
        shown = html.escape(text)
    style = element.get("style")
    if isinstance(style, dict):
        for name, tag in _STYLES:
            if style.get(name):
                shown = f"<{tag}>{shown}</{tag}>"
    return shown


def _characters(points: str) -> str:
    """The characters of '1f44d-1f3fb'; '' for anything else."""
    try:
        return "".join(chr(int(point, 16)) for point in points.split("-")) if points else ""
    except (ValueError, OverflowError):
        return ""


def _date(element: Json, names: Names) -> str:
    try:
        return names.voice.date_token(int(element.get("timestamp") or 0), str(element.get("format") or "{date}"))
    except (ValueError, OverflowError, OSError):
        return str(element.get("fallback") or "")
