"""Blocks that need no state of their own, as HTML: text, pictures, tables, files, and buttons.

Buttons are plain `<button data-act="button">`: one listener on the surface around them (components/surface.js) tells
Python which was pressed, so a channel full of cards costs no more than a channel full of text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.workspace.page import markdown, mrkdwn, rich_text
from bot.workspace.page.emoji_art import picture
from bot.workspace.page.mrkdwn import Names

Json = dict[str, Any]

# Elements that are drawn as HTML; every other interactive element is a component with a state (controls.py).
STILL_ELEMENTS = {"button", "image", "workflow_button", "icon_button", "feedback_buttons"}


def text_object(text: Json | None, names: Names) -> str:
    """A text composition object (plain_text or mrkdwn) as HTML."""
    if not text:
        return ""
    written = str(text.get("text") or "")
    if text.get("type") == "mrkdwn":
        return mrkdwn.render(written, names, verbatim=bool(text.get("verbatim")))
    return mrkdwn.plain(written, emoji=text.get("emoji") is not False)


def attributes(**values: str | None) -> str:
    """HTML attributes from keywords (underscores become hyphens, None is left out), each escaped."""
    return "".join(
        # A browser would read a bare carriage return as a line feed, and hand back another value than the app's.
        f' {name.replace("_", "-")}="{html.escape(value).replace(chr(13), "&#13;")}"'
        for name, value in values.items()
        if value is not None
    )


def is_still(block: Json) -> bool:
    """Whether a block can be drawn as HTML alone."""
    kind = block.get("type")
    if kind == "section":
        accessory = block.get("accessory")
        return not accessory or accessory.get("type") in STILL_ELEMENTS
    if kind in {"actions", "context_actions"}:
        return all(element.get("type") in STILL_ELEMENTS for element in block.get("elements") or [])
    return kind != "input"


def block_html(block: Json, names: Names) -> str:
    """A block as HTML; blocks with a control of their own are drawn without it (their text only)."""
    kind = str(block.get("type") or "")
    block_id = str(block.get("block_id") or "")
    drawn = _BLOCKS.get(kind)
    inside = drawn(block, names) if drawn else _unsupported(kind, names)
    return f'<div class="kk-block kk-{html.escape(kind)}" data-block="{html.escape(block_id)}">{inside}</div>'


def _unsupported(kind: str, names: Names) -> str:
    return f'<p class="kk-muted">{html.escape(names.voice.say("unsupported", type=kind))}</p>'


def section_text(block: Json, names: Names) -> str:
    """The text and fields of a section, without its accessory."""
    inside = ""
    if block.get("text"):
        inside += f'<div class="kk-text">{text_object(block["text"], names)}</div>'
    if block.get("fields"):
        cells = "".join(f'<div class="kk-field">{text_object(field, names)}</div>' for field in block["fields"])
        inside += f'<div class="kk-fields">{cells}</div>'
    return inside


def _section(block: Json, names: Names) -> str:
    accessory = block.get("accessory")
    side = ""
    if accessory and accessory.get("type") in STILL_ELEMENTS:
        side = f'<div class="kk-accessory">{element_html(accessory, str(block.get("block_id") or ""), names)}</div>'
    return f'<div class="kk-section-text">{section_text(block, names)}</div>{side}'


def _header(block: Json, names: Names) -> str:
    return f"<h2>{text_object(block.get('text'), names)}</h2>"


def _divider(_: Json, __: Names) -> str:
    return "<hr>"


def _context(block: Json, names: Names) -> str:
    parts = []
    for element in block.get("elements") or []:
        if element.get("type") == "image":
            parts.append(f'<img class="kk-context-image" {_image_attributes(element, names)}>')
        else:
            parts.append(f'<span class="kk-context-text">{text_object(element, names)}</span>')
    return "".join(parts)


# The address at which the app knows a file of this workspace; a browser has no token for it.
_PRIVATE_FILE = re.compile(r"/files-pri/T[A-Z0-9]+-(F[A-Z0-9]+)/")


def _image_source(image: Json, names: Names) -> str | None:
    """Where an image is: a path of this server, or a safe address; None for anything else."""
    slack_file = image.get("slack_file") or {}
    url = str(image.get("image_url") or image.get("url") or slack_file.get("url") or "")
    found = _PRIVATE_FILE.search(url) if slack_file else None
    file_id = str(slack_file.get("id") or (found[1] if found else ""))
    if file_id:
        return f"/page/file/{quote(names.me, safe='')}/{quote(file_id, safe='')}"
    if url.startswith("/") and not url.startswith("//"):
        return url
    return mrkdwn.safe_url(url)


def _image_attributes(image: Json, names: Names) -> str:
    return attributes(
        src=_image_source(image, names),
        alt=str(image.get("alt_text") or ""),
        loading="lazy",
        referrerpolicy="no-referrer",
    )


def _image(block: Json, names: Names) -> str:
    title = f'<div class="kk-image-title">{text_object(block.get("title"), names)}</div>' if block.get("title") else ""
    return f'{title}<img class="kk-image-picture" {_image_attributes(block, names)}>'


def _actions(block: Json, names: Names) -> str:
    block_id = str(block.get("block_id") or "")
    return "".join(element_html(element, block_id, names) for element in block.get("elements") or [])


def _rich_text(block: Json, names: Names) -> str:
    return rich_text.render(block, names)


def _markdown(block: Json, names: Names) -> str:
    return markdown.render(str(block.get("text") or ""), names)


def _table(block: Json, names: Names) -> str:
    settings = block.get("column_settings") or []

    def cell(content: Json, column: int, tag: str) -> str:
        setting = (settings[column] if column < len(settings) else None) or {}
        side = setting.get("align") if setting.get("align") in {"left", "center", "right"} else "left"
        wrapped = "" if setting.get("is_wrapped") else " kk-nowrap"
        if content.get("type") == "rich_text":
            inside = rich_text.render(content, names)
        else:
            inside = mrkdwn.plain(str(content.get("text") or content.get("value") or ""))
        return f'<{tag} class="kk-align-{side}{wrapped}">{inside}</{tag}>'

    rows = block.get("rows") or []
    lines = []
    for index, row in enumerate(rows):
        tag = "th" if index == 0 else "td"
        lines.append("<tr>" + "".join(cell(content, column, tag) for column, content in enumerate(row)) + "</tr>")
    head, body = "".join(lines[:1]), "".join(lines[1:])
    return (
        f'<div class="kk-grid" tabindex="0" role="group">'
        f"<table><thead>{head}</thead><tbody>{body}</tbody></table></div>"
    )


def _file(block: Json, _: Names) -> str:
    name = html.escape(str(block.get("external_id") or ""))
    return (
        f'<span class="kk-file-card"><span class="kk-file-kind" aria-hidden="true">↗</span>'
        f'<span class="kk-file-words"><span class="kk-file-name">{name}</span></span></span>'
    )


def _video(block: Json, names: Names) -> str:
    title = text_object(block.get("title"), names)
    address = str(block.get("title_url") or block.get("video_url") or "")
    people = [str(block[key]) for key in ("author_name", "provider_name") if block.get(key)]
    by = f'<div class="kk-muted">{html.escape(" ・ ".join(people))}</div>' if people else ""
    about = text_object(block.get("description"), names)
    thumbnail = attributes(
        src=mrkdwn.safe_url(str(block.get("thumbnail_url") or "")),
        alt=str(block.get("alt_text") or ""),
        loading="lazy",
        referrerpolicy="no-referrer",
    )
    still_picture = (
        f'<span class="kk-video-still"><img{thumbnail}><span class="kk-play" aria-hidden="true"></span></span>'
    )
    return (
        f'{by}<div class="kk-video-title">{mrkdwn.link(address, title)}</div>'
        + (f'<div class="kk-text">{about}</div>' if about else "")
        + mrkdwn.link(str(block.get("video_url") or ""), still_picture)
    )


_ALERTS = {"info": "ℹ️", "warning": "⚠️", "error": "⛔", "success": "✅"}


def _alert(block: Json, names: Names) -> str:
    level = str(block.get("level") or "default")
    sign = f'<span aria-hidden="true">{picture(_ALERTS[level])}</span>' if level in _ALERTS else ""
    kind = html.escape(level if level in _ALERTS else "default")
    words = text_object(block.get("text"), names)
    return f'<div class="kk-alert-box kk-alert-{kind}" role="note">{sign}<div>{words}</div></div>'


def _card(block: Json, names: Names) -> str:
    hero, icon = block.get("hero_image"), block.get("icon")
    head = f'<img class="kk-card-hero" {_image_attributes(hero, names)}>' if hero else ""
    small = f'<img class="kk-card-icon" {_image_attributes(icon, names)}>' if icon else ""
    words = "".join(
        f'<div class="kk-card-{part}">{text_object(block[part], names)}</div>'
        for part in ("title", "subtitle")
        if block.get(part)
    )
    top = f'<div class="kk-card-top">{small}<div class="kk-card-words">{words}</div></div>' if small or words else ""
    body = f'<div class="kk-text">{text_object(block["body"], names)}</div>' if block.get("body") else ""
    block_id = str(block.get("block_id") or "")
    buttons = "".join(element_html(element, block_id, names) for element in block.get("actions") or [])
    foot = f'<div class="kk-actions">{buttons}</div>' if buttons else ""
    return f'{head}<div class="kk-card-inside">{top}{body}{foot}</div>'


def _carousel(block: Json, names: Names) -> str:
    # A card without an id of its own answers for the carousel it stands in.
    cards = "".join(
        block_html({**card, "block_id": card.get("block_id") or block.get("block_id")}, names)
        for card in block.get("elements") or []
    )
    label = html.escape(names.voice.say("cards"))
    return f'<div class="kk-carousel-row" tabindex="0" role="group" aria-label="{label}">{cards}</div>'


_TASK_SIGNS = {"pending": "○", "in_progress": "", "complete": "✓", "error": "!"}


def _task_card(block: Json, names: Names) -> str:
    status = str(block.get("status") or "pending")
    kind = status if status in _TASK_SIGNS else "pending"
    parts = "".join(rich_text.render(block[name], names) for name in ("details", "output") if block.get(name))
    sources = "".join(f'<span class="kk-task-source">{_source(source)}</span>' for source in block.get("sources") or [])
    more = f'<div class="kk-task-more">{parts}{sources}</div>' if parts or sources else ""
    return (
        f'<div class="kk-task kk-task-{kind}"><span class="kk-task-sign" aria-hidden="true">{_TASK_SIGNS[kind]}</span>'
        f'<div class="kk-task-words"><strong>{mrkdwn.plain(str(block.get("title") or ""))}</strong>'
        f'<span class="kk-spoken">{html.escape(names.voice.say("task." + kind))}</span>{more}</div></div>'
    )


def _source(source: Json) -> str:
    address = str(source.get("url") or "")
    return mrkdwn.link(address, html.escape(str(source.get("text") or address)))


def _plan(block: Json, names: Names) -> str:
    tasks = "".join(_task_card(task, names) for task in block.get("tasks") or [])
    return f'<strong class="kk-plan-title">{mrkdwn.plain(str(block.get("title") or ""))}</strong>{tasks}'


def element_html(element: Json, block_id: str, names: Names) -> str:
    """A button or an image as HTML."""
    kind = element.get("type")
    if kind == "image":
        return f'<img class="kk-thumb" {_image_attributes(element, names)}>'
    if kind == "feedback_buttons":
        pair = [element.get("positive_button") or {}, element.get("negative_button") or {}]
        return "".join(
            _button(
                {"action_id": element.get("action_id"), **button},
                block_id,
                names,
                index=index,
                sign=picture("👍👎"[index]),
            )
            for index, button in enumerate(pair)
        )
    if kind == "icon_button":
        seen_by = element.get("visible_to_user_ids")
        if seen_by and names.me not in seen_by:
            return ""
        return _button(element, block_id, names, sign=_TRASH)
    return _button(element, block_id, names)


_TRASH = (
    '<svg viewBox="0 0 20 20" aria-hidden="true">'
    '<path d="M4 6h12M8 6V4h4v2M5.5 6l.8 10.5h7.4L14.5 6M8.5 9v4.5M11.5 9v4.5"/></svg>'
)


def _button(element: Json, block_id: str, names: Names, index: int | None = None, sign: str = "") -> str:
    style = element.get("style")
    kind = f" kk-{style}" if style in {"primary", "danger"} else ""
    shared = attributes(
        data_act="button",
        data_block_id=block_id,
        data_action_id=str(element.get("action_id") or ""),
        data_value=element.get("value"),
        data_index=None if index is None else str(index),
        aria_label=element.get("accessibility_label") or None,
    )
    label = text_object(element.get("text"), names)
    if sign:
        label = f'<span class="kk-button-sign" aria-hidden="true">{sign}</span>{label}'
    address = mrkdwn.safe_url(str(element["url"])) if element.get("url") else None
    if address is not None:
        return (
            f'<a class="kk-button{kind}" href="{html.escape(address)}" target="_blank" '
            f'rel="noopener noreferrer"{shared}>{label}<span class="kk-out" aria-hidden="true">↗</span></a>'
        )
    return f'<button type="button" class="kk-button{kind}"{shared}><span>{label}</span></button>'


_BLOCKS = {
    "section": _section,
    "header": _header,
    "divider": _divider,
    "context": _context,
    "image": _image,
    "actions": _actions,
    "context_actions": _actions,
    "rich_text": _rich_text,
    "markdown": _markdown,
    "table": _table,
    "file": _file,
    "video": _video,
    "alert": _alert,
    "card": _card,
    "carousel": _carousel,
    "task_card": _task_card,
    "plan": _plan,
}


def size_words(size: int) -> str:
    """A file's size for people: '512 B', '18 KB', '2.4 MB'."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{size / 1000:.0f} KB"
    return f"{size / 1_000_000:.1f} MB"


def file_html(file: Mapping[str, Any], url: str, names: Names) -> str:
    """A file of a message: a picture, or a card with its name, kind and size; both open the file."""
    name = str(file.get("title") or file.get("name") or "")
    shown = html.escape(name)
    address = html.escape(url)
    if file.get("is_image"):
        return (
            f'<a class="kk-file-picture" href="{address}" target="_blank" rel="noopener">'
            f'<img src="{address}" alt="{shown}" loading="lazy"></a>'
        )
    suffix = (
        str(file.get("name") or "").rpartition(".")[2][:4].upper() if "." in str(file.get("name") or "") else "FILE"
    )
    size = size_words(int(file.get("size") or 0))
    say = names.voice.say
    return (
        f'<a class="kk-file-card" href="{address}" download="{html.escape(str(file.get("name") or name))}" '
        f'aria-label="{html.escape(say("download"))}: {shown}">'
        f'<span class="kk-file-kind" aria-hidden="true">{html.escape(suffix)}</span>'
        f'<span class="kk-file-words"><span class="kk-file-name">{shown}</span>'
        f'<span class="kk-muted">{size}</span></span></a>'
    )
