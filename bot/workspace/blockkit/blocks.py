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
    one_picture,
    slack_file,
)
from bot.workspace.blockkit.problem import Problem
from bot.workspace.blockkit.schema import (
    Check,
    any_of,
    anything,
    array,
    boolean,
    number,
    one_of,
    record,
    string,
    typed,
    unique,
)
from bot.workspace.blockkit.texts import HTTPS, IDENTIFIER, URL, mrkdwn, plain, rich_text, text

_TYPE: dict[str, Check] = {"type": anything}
_BASE: dict[str, Check] = {"block_id": IDENTIFIER}


_unique_action_ids = unique("elements", "action_id")


def _text_or_fields(value: dict[str, Any], pointer: str, problems: list[Problem]) -> None:
    if value.get("text") is None and value.get("fields") is None:
        problems.append(Problem(pointer, "must define either `text` or `fields`"))


_context_elements = typed({"image": image, "plain_text": plain(3000), "mrkdwn": mrkdwn(3000)})
_cell = typed(
    {
        "rich_text": rich_text,
        "raw_text": record({"type": anything, "text": string(None, 1)}, {}),
        "raw_number": record({"type": anything, "value": number}, {"text": string(None, 1)}),
    }
)
_column = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


def _column_or_null(value: Any, pointer: str, problems: list[Problem]) -> None:
    if value is not None:
        _column(value, pointer, problems)


_TASK: tuple[dict[str, Check], dict[str, Check]] = (
    {"task_id": string(255, 1), "title": string(None, 1)},
    {
        **_BASE,
        "status": one_of("pending", "in_progress", "complete", "error"),
        "details": rich_text,
        "output": rich_text,
        "sources": array(record({"type": one_of("url"), "url": URL, "text": string(None, 1)}, {})),
    },
)
_task_card = record({"type": anything, **_TASK[0]}, _TASK[1])
# Inside a plan there is nothing else that a task could be, so it may leave its type out.
_planned_task = record(_TASK[0], {"type": one_of("task_card"), **_TASK[1]})


def _one_icon(value: dict[str, Any], pointer: str, problems: list[Problem]) -> None:
    if value.get("icon") is not None and value.get("slack_icon") is not None:
        problems.append(Problem(pointer, "must define only one of `icon` or `slack_icon`"))


_card = record(
    {"type": one_of("card")},
    {
        **_BASE,
        "hero_image": image,
        "icon": image,
        "slack_icon": record({"type": one_of("icon"), "name": string(None, 1)}, {}),
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "subtext": text(200),
        "actions": array(typed({"button": button}), 1, 3),
    },
    any_of("hero_image", "title", "actions", "body"),
    _one_icon,
    unique("actions", "action_id"),
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
        one_picture,
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
        {**_TYPE, "alt_text": string(2000, 1), "title": plain(200), "thumbnail_url": URL, "video_url": HTTPS},
        {
            **_BASE,
            "author_name": string(50),
            "description": plain(200),
            "provider_icon_url": URL,
            "provider_name": string(50),
            "title_url": HTTPS,
        },
    ),
    "file": record({**_TYPE, "external_id": string(None, 1), "source": one_of("remote")}, _BASE),
    "alert": record(
        {**_TYPE, "text": text(200)}, {**_BASE, "level": one_of("default", "info", "warning", "error", "success")}
    ),
    "card": _card,
    "carousel": record({**_TYPE, "elements": array(_card, 1, 10)}, _BASE),
    "task_card": _task_card,
    "plan": record(
        {**_TYPE, "title": string(None, 1)}, {**_BASE, "tasks": array(_planned_task, 0, 50)}, unique("tasks", "task_id")
    ),
}

_MESSAGE_ONLY = frozenset({"markdown", "table", "file", "context_actions", "carousel", "card", "task_card", "plan"})
IN_MESSAGES = frozenset(BLOCKS) - {"alert"}
IN_MODALS = frozenset(BLOCKS) - _MESSAGE_ONLY
IN_HOMES = IN_MODALS - {"alert"}
