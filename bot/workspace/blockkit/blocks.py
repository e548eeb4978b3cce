"""Blocks, each with the elements it may hold."""

from __future__ import annotations

from typing import Any

from bot.workspace.blockkit.elements import (
    ELEMENTS,
    IN_ACTIONS,
    IN_CONTEXT_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    button,
    image,
    slack_file,
)
from bot.workspace.blockkit.problem import Problem
from bot.workspace.blockkit.schema import Check, anything, array, boolean, one_of, record, string, typed
from bot.workspace.blockkit.texts import IDENTIFIER, URL, mrkdwn, plain, rich_text, text

_TYPE: dict[str, Check] = {"type": anything}
_BASE: dict[str, Check] = {"block_id": IDENTIFIER}


def _text_or_fields(value: dict[str, Any], pointer: str, problems: list[Problem]) -> None:
    if value.get("text") is None and value.get("fields") is None:
        problems.append(Problem(pointer, "must define either `text` or `fields`"))


def _picture(value: dict[str, Any], pointer: str, problems: list[Problem]) -> None:
    if (value.get("image_url") is None) == (value.get("slack_file") is None):
        problems.append(Problem(pointer, "must define either `image_url` or `slack_file`"))


def _unique_action_ids(value: dict[str, Any], pointer: str, problems: list[Problem]) -> None:
    seen = set()
    for place, element in enumerate(value["elements"]):
        action_id = element.get("action_id")
        if action_id is not None and action_id in seen:
            problems.append(Problem(f"{pointer}/elements/{place}/action_id", f'action_id "{action_id}" already exists'))
        seen.add(action_id)


_context_elements = typed({"image": image, "plain_text": plain(3000), "mrkdwn": mrkdwn(3000)})
_cell = typed(
    {
        "rich_text": rich_text,
        "raw_text": record({"type": anything, "text": string(None, 1)}, {}),
        "raw_number": record({"type": anything, "value": anything}, {"text": string()}),
    }
)
_column = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


def _column_or_null(value: Any, pointer: str, problems: list[Problem]) -> None:
    if value is not None:
        _column(value, pointer, problems)


_task = record(
    {
        "type": one_of("task_card"),
        "task_id": string(255, 1),
        "title": string(None, 1),
        "status": one_of("pending", "in_progress", "complete", "error"),
    },
    {
        **_BASE,
        "details": rich_text,
        "output": rich_text,
        "sources": array(record({"type": one_of("url"), "url": URL, "text": string(None, 1)}, {})),
    },
)
_card = record(
    {"type": one_of("card")},
    {
        **_BASE,
        "hero_image": image,
        "icon": image,
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "actions": array(typed({"button": button}), 1, 5),
    },
    lambda value, pointer, problems: (
        problems.append(Problem(pointer, "must define at least one of `hero_image`, `title`, `actions` or `body`"))
        if not any(value.get(key) for key in ("hero_image", "title", "actions", "body"))
        else None
    ),
)

BLOCKS: dict[str, Check] = {
    "section": record(
        _TYPE,
        {
            **_BASE,
            "text": text(3000),
            "fields": array(text(2000), 1, 10),
            "accessory": typed(ELEMENTS, IN_SECTION),
            "expand": boolean,
        },
        _text_or_fields,
    ),
    "header": record({**_TYPE, "text": plain(150)}, _BASE),
    "divider": record(_TYPE, _BASE),
    "image": record(
        {**_TYPE, "alt_text": string(2000, 1)},
        {**_BASE, "image_url": URL, "slack_file": slack_file, "title": plain(2000)},
        _picture,
    ),
    "actions": record({**_TYPE, "elements": array(typed(ELEMENTS, IN_ACTIONS), 1, 25)}, _BASE, _unique_action_ids),
    "context": record({**_TYPE, "elements": array(_context_elements, 1, 10)}, _BASE),
    "context_actions": record(
        {**_TYPE, "elements": array(typed(ELEMENTS, IN_CONTEXT_ACTIONS), 1, 5)}, _BASE, _unique_action_ids
    ),
    "input": record(
        {**_TYPE, "label": plain(2000), "element": typed(ELEMENTS, IN_INPUT)},
        {**_BASE, "dispatch_action": boolean, "hint": plain(2000), "optional": boolean},
    ),
    "rich_text": rich_text,
    "markdown": record({**_TYPE, "text": string(12_000, 1)}, _BASE),
    "table": record(
        {**_TYPE, "rows": array(array(_cell, 1, 20), 1, 100)},
        {**_BASE, "column_settings": array(_column_or_null, 0, 20)},
    ),
    "video": record(
        {**_TYPE, "alt_text": string(2000, 1), "title": plain(200), "thumbnail_url": URL, "video_url": URL},
        {
            **_BASE,
            "author_name": string(50),
            "description": plain(200),
            "provider_icon_url": URL,
            "provider_name": string(50),
            "title_url": URL,
        },
    ),
    "file": record({**_TYPE, "external_id": string(None, 1), "source": one_of("remote")}, _BASE),
    "alert": record(
        {**_TYPE, "text": text(3000)}, {**_BASE, "level": one_of("default", "info", "warning", "error", "success")}
    ),
    "card": _card,
    "carousel": record({**_TYPE, "elements": array(_card, 1, 10)}, _BASE),
    "task_card": _task,
    "plan": record({**_TYPE, "title": string(None, 1)}, {**_BASE, "tasks": array(_task)}),
}

_MESSAGE_ONLY = frozenset({"markdown", "table", "file", "context_actions", "carousel", "card", "task_card", "plan"})
IN_MESSAGES = frozenset(BLOCKS)
IN_VIEWS = frozenset(BLOCKS) - _MESSAGE_ONLY
