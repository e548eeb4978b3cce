"""Whole payloads: the blocks of a message, a modal or home view, the suggestions for an external select."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from bot.workspace.blockkit.blocks import BLOCKS, IN_MESSAGES, IN_VIEWS
from bot.workspace.blockkit.problem import Problem
from bot.workspace.blockkit.schema import Check, array, boolean, one_of, record, string, typed
from bot.workspace.blockkit.texts import option_group, plain, plain_option

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MARKDOWN_CHARACTERS = 12_000
# Slack refuses messages whose blocks are too large together without saying where the border lies; this is ours.
MESSAGE_CHARACTERS = 200_000

_message = array(typed(BLOCKS, IN_MESSAGES), 0, MESSAGE_BLOCKS)
_view_blocks = array(typed(BLOCKS, IN_VIEWS), 0, VIEW_BLOCKS)
_COMMON: dict[str, Check] = {
    "private_metadata": string(3000),
    "callback_id": string(255),
    "external_id": string(255),
}
_MODAL = record(
    {"type": one_of("modal"), "title": plain(24), "blocks": _view_blocks},
    {
        **_COMMON,
        "close": plain(24),
        "submit": plain(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
_HOME = record({"type": one_of("home"), "blocks": _view_blocks}, _COMMON)
_VIEWS = {"modal": _MODAL, "home": _HOME}


def message_problems(blocks: Any, pointer: str = "/blocks") -> tuple[str | None, list[Problem]]:
    """Slack's code and the problems of a message's blocks; (None, []) where there are none."""
    if not isinstance(blocks, list):
        return "invalid_blocks_format", [Problem(pointer, "must provide an array")]
    problems: list[Problem] = []
    _message(blocks, pointer, problems)
    if problems:
        return "invalid_blocks", problems
    _across(blocks, pointer, problems)
    tables = [place for place, block in enumerate(blocks) if block["type"] == "table"]
    if len(tables) > 1:
        problems.append(Problem(f"{pointer}/{tables[1]}", "only one table block is allowed in a message"))
    for place, element in _placed_elements(blocks):
        if element["type"] == "file_input":
            problems.append(Problem(f"{pointer}/{place}/element/type", "unsupported type: file_input"))
    if problems:
        return "invalid_blocks", problems
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if markdown > MARKDOWN_CHARACTERS or _characters(blocks) > MESSAGE_CHARACTERS:
        return "msg_blocks_too_long", []
    return None, []


def view_problems(view: Any, types: Collection[str]) -> tuple[str | None, list[Problem]]:
    """Slack's code and the problems of a view that may be of these types; (None, []) where there are none."""
    pointer = "/view"
    problems: list[Problem] = []
    if not isinstance(view, dict):
        return "invalid_arguments", [Problem(pointer, "must provide an object")]
    if "type" not in view:
        problems.append(Problem(pointer, "missing required field: type"))
    elif view["type"] not in types:
        problems.append(Problem(f"{pointer}/type", "must be a valid enum value"))
    else:
        _VIEWS[view["type"]](view, pointer, problems)
        if not problems:
            _across_view(view, pointer, problems)
    return ("invalid_arguments", problems) if problems else (None, [])


def _across_view(view: dict[str, Any], pointer: str, problems: list[Problem]) -> None:
    blocks = view["blocks"]
    _across(blocks, f"{pointer}/blocks", problems)
    modal = view["type"] == "modal"
    if modal and view.get("submit") is None and any(block["type"] == "input" for block in blocks):
        problems.append(Problem(pointer, "missing required field: submit"))
    for place, element in _placed_elements(blocks):
        where = f"{pointer}/blocks/{place}/element"
        if element["type"] == "file_input" and not modal:
            problems.append(Problem(f"{where}/type", "unsupported type: file_input"))
        in_input = modal and blocks[place]["type"] == "input"
        if element.get("response_url_enabled") and not in_input:
            problems.append(Problem(where, "`response_url_enabled` needs an input block in a modal"))


def suggestion_problems(answer: Any) -> list[Problem]:
    """The problems of what an app suggests for an external select."""
    problems: list[Problem] = []
    if not isinstance(answer, dict):
        return [Problem("", "must provide an object")]
    if (answer.get("options") is None) == (answer.get("option_groups") is None):
        return [Problem("", "must define either `options` or `option_groups`")]
    if answer.get("options") is not None:
        array(plain_option, 0, 100)(answer["options"], "/options", problems)
    else:
        array(option_group(plain_option), 0, 100)(answer["option_groups"], "/option_groups", problems)
    return problems


def _across(blocks: list[dict[str, Any]], pointer: str, problems: list[Problem]) -> None:
    """What can be seen only across blocks: ids twice, more than one focus."""
    seen = set()
    for place, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id is not None and block_id in seen:
            problems.append(Problem(f"{pointer}/{place}/block_id", f'block_id "{block_id}" already exists'))
        seen.add(block_id)
    focused = [place for place, element in _placed_elements(blocks) if element.get("focus_on_load")]
    if len(focused) > 1:
        problems.append(Problem(f"{pointer}/{focused[1]}", "only one element may set `focus_on_load`"))


def _placed_elements(blocks: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    for place, block in enumerate(blocks):
        for element in (block.get("accessory"), block.get("element"), *(block.get("elements") or ())):
            if isinstance(element, dict) and "type" in element:
                yield place, element


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_characters, value.values()))
    if isinstance(value, list):
        return sum(map(_characters, value))
    return 0
