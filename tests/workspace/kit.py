"""The smallest blocks, elements and views that Slack takes, to be broken one place at a time."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def plain(text: str = "x") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def option(value: str = "v", **more: Any) -> Json:
    return {"text": plain(), "value": value, **more}


def options(count: int) -> list[Json]:
    return [option(str(n)) for n in range(count)]


def group(count: int = 1, **more: Any) -> Json:
    return {"label": plain(), "options": options(count), **more}


def confirm(**more: Any) -> Json:
    return {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain(), **more}


def picture(**more: Any) -> Json:
    return {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a", **more}


def rich_text(*parts: Json, **more: Any) -> Json:
    return {"type": "rich_text", "elements": list(parts) or [rich_section()], **more}


def rich_section(*elements: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(elements) or [{"type": "text", "text": "x"}]}


FEEDBACK: Json = {"text": plain(), "value": "v"}

# Each element with the keys it cannot be without.
ELEMENTS: dict[str, Json] = {
    "button": {"text": plain()},
    "image": {"image_url": "https://example.com/a.png", "alt_text": "a"},
    "overflow": {"options": options(2)},
    "workflow_button": {"text": plain(), "workflow": {"trigger": {"url": "https://example.com/t"}}},
    "feedback_buttons": {"positive_button": FEEDBACK, "negative_button": FEEDBACK},
    "icon_button": {"icon": "trash", "text": plain()},
    "static_select": {"options": options(1)},
    "multi_static_select": {"options": options(1)},
    "external_select": {},
    "multi_external_select": {},
    "users_select": {},
    "multi_users_select": {},
    "conversations_select": {},
    "multi_conversations_select": {},
    "channels_select": {},
    "multi_channels_select": {},
    "datepicker": {},
    "timepicker": {},
    "datetimepicker": {},
    "checkboxes": {"options": options(1)},
    "radio_buttons": {"options": options(1)},
    "plain_text_input": {},
    "email_text_input": {},
    "url_text_input": {},
    "number_input": {"is_decimal_allowed": False},
    "rich_text_input": {},
    "file_input": {},
}


def element(kind: str, **more: Any) -> Json:
    """The smallest element of a kind, with more keys or others."""
    return {"type": kind, **ELEMENTS[kind], **more}


def button(**more: Any) -> Json:
    return element("button", **more)


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def context_actions(*elements: Json) -> Json:
    return {"type": "context_actions", "elements": list(elements)}


def section(**more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(), **more}


def field(inner: Json | None = None, **more: Any) -> Json:
    return {"type": "input", "label": plain(), "element": inner or element("plain_text_input"), **more}


def table(rows: int = 1, columns: int = 1, text: str = "x") -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * columns] * rows}


def task(**more: Any) -> Json:
    return {"type": "task_card", "task_id": "1", "title": "x", **more}


def card(**more: Any) -> Json:
    return {"type": "card", "title": mrkdwn(), **more}


# Each block with the keys it cannot be without.
BLOCKS: dict[str, Json] = {
    "section": {"text": mrkdwn()},
    "header": {"text": plain()},
    "divider": {},
    "image": {"image_url": "https://example.com/a.png", "alt_text": "a"},
    "actions": {"elements": [button()]},
    "context": {"elements": [mrkdwn()]},
    "context_actions": {"elements": [element("icon_button")]},
    "input": {"label": plain(), "element": element("plain_text_input")},
    "rich_text": {"elements": [rich_section()]},
    "markdown": {"text": "x"},
    "table": {"rows": [[{"type": "raw_text", "text": "x"}]]},
    "video": {
        "alt_text": "a",
        "title": plain(),
        "thumbnail_url": "https://example.com/a.png",
        "video_url": "https://example.com/v",
    },
    "file": {"external_id": "1", "source": "remote"},
    "alert": {"text": plain()},
    "card": {"title": mrkdwn()},
    "carousel": {"elements": [card()]},
    "task_card": {"task_id": "1", "title": "x"},
    "plan": {"title": "x"},
}


def block(kind: str, **more: Any) -> Json:
    """The smallest block of a kind, with more keys or others."""
    return {"type": kind, **BLOCKS[kind], **more}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain(), "submit": plain(), "blocks": list(blocks), **more}


def home(*blocks: Json, **more: Any) -> Json:
    return {"type": "home", "blocks": list(blocks), **more}


def on_surface(surface: str, blocks: list[Json]) -> Any:
    """What goes into a call: the list itself for a message, a view around it otherwise."""
    return {"message": lambda: blocks, "modal": lambda: modal(*blocks), "home": lambda: home(*blocks)}[surface]()


def without(value: Json, key: str) -> Json:
    return {name: inner for name, inner in value.items() if name != key}
