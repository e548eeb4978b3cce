"""Whole payloads: the blocks of a message, a modal or home view, the suggestions for an external select."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from bot.workspace.blockkit.blocks import BLOCKS, IN_HOMES, IN_MESSAGES, IN_MODALS
from bot.workspace.blockkit.elements import SURFACES
from bot.workspace.blockkit.problem import Problem
from bot.workspace.blockkit.schema import Check, array, boolean, one_of, record, string, typed
from bot.workspace.blockkit.texts import option_group, plain, plain_option

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
VIEW_BYTES = 250_000
MARKDOWN_CHARACTERS = 12_000
TABLE_CHARACTERS = 10_000
# Slack refuses messages whose blocks are too large together without saying where the border lies; this is ours.
MESSAGE_CHARACTERS = 200_000

_message = array(typed(BLOCKS, IN_MESSAGES), 0, MESSAGE_BLOCKS)
_modal_blocks = array(typed(BLOCKS, IN_MODALS), 0, VIEW_BLOCKS)
_home_blocks = array(typed(BLOCKS, IN_HOMES), 0, VIEW_BLOCKS)
_COMMON: dict[str, Check] = {
    "private_metadata": string(3000),
    "callback_id": string(255),
    "external_id": string(255),
}
_MODAL = record(
    {"type": one_of("modal"), "title": plain(24), "blocks": _modal_blocks},
    {
        **_COMMON,
        "close": plain(24),
        "submit": plain(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
    },
)
_HOME = record({"type": one_of("home"), "blocks": _home_blocks}, _COMMON)
_VIEWS = {"modal": _MODAL, "home": _HOME}


def message_problems(blocks: Any, pointer: str = "/blocks") -> tuple[str | None, list[Problem]]:
    """Slack's code and the problems of a message's blocks; (None, []) where there are none."""
    if not isinstance(blocks, list):
        return "invalid_blocks_format", [Problem(pointer, "must provide an array")]
    problems: list[Problem] = []
    _message(blocks, pointer, problems)
    if problems:
        return "invalid_blocks", problems
    _across(blocks, pointer, "message", problems)
    _tables(blocks, pointer, problems)
    if problems:
        return "invalid_blocks", problems
    written = 0
    for place, block in enumerate(blocks):
        written += len(block["text"]) if block["type"] == "markdown" else 0
        if written > MARKDOWN_CHARACTERS:
            sentence = f"must be less than {MARKDOWN_CHARACTERS + 1} characters in all markdown blocks together"
            return "msg_blocks_too_long", [Problem(f"{pointer}/{place}/text", sentence)]
    if _characters(blocks) > MESSAGE_CHARACTERS:
        return "msg_blocks_too_long", [Problem(pointer, f"must be less than {MESSAGE_CHARACTERS + 1} characters")]
    return None, []


def _tables(blocks: list[dict[str, Any]], pointer: str, problems: list[Problem]) -> None:
    tables = [place for place, block in enumerate(blocks) if block["type"] == "table"]
    problems += [Problem(f"{pointer}/{place}", "only_one_table_allowed") for place in tables[1:]]
    for place in tables:
        if _cell_characters(blocks[place]["rows"]) > TABLE_CHARACTERS:
            problems.append(Problem(f"{pointer}/{place}/rows", f"must be less than {TABLE_CHARACTERS + 1} characters"))


def view_problems(view: Any, types: Collection[str]) -> tuple[str | None, list[Problem]]:
    """Slack's code and the problems of a view that may be of these types; (None, []) where there are none."""
    pointer = "/view"
    problems: list[Problem] = []
    if not isinstance(view, dict):
        return "invalid_arguments", [Problem(pointer, "must provide an object")]
    if "type" not in view:
        problems.append(Problem(pointer, "missing required field: type"))
    elif not isinstance(view["type"], str) or view["type"] not in types:
        problems.append(Problem(f"{pointer}/type", "must be a valid enum value"))
    else:
        _VIEWS[view["type"]](view, pointer, problems)
        if not problems:
            _across_view(view, pointer, problems)
    if not problems and _bytes(view) > VIEW_BYTES:
        return "view_too_large", []
    return ("invalid_arguments", problems) if problems else (None, [])


def _bytes(view: dict[str, Any]) -> int:
    # Half of a character that lies outside of the first plane can be written in JSON, and is no reason to fall over.
    return len(json.dumps(view, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))


def _across_view(view: dict[str, Any], pointer: str, problems: list[Problem]) -> None:
    blocks = view["blocks"]
    modal = view["type"] == "modal"
    _across(blocks, f"{pointer}/blocks", view["type"], problems)
    if modal and view.get("submit") is None and any(block["type"] == "input" for block in blocks):
        problems.append(Problem(pointer, "missing required field: submit"))
    for path, block, element in _placed_elements(blocks):
        if element.get("response_url_enabled") and not (modal and block["type"] == "input"):
            sentence = "`response_url_enabled` needs an input block in a modal"
            problems.append(Problem(f"{pointer}/blocks{path}/response_url_enabled", sentence))


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


def _across(blocks: list[dict[str, Any]], pointer: str, surface: str, problems: list[Problem]) -> None:
    """What can be seen only from outside of a block: ids twice, more than one focus, elements on a wrong surface."""
    seen = set()
    for path, block in _with_cards(blocks):
        block_id = block.get("block_id")
        if block_id is not None and block_id in seen:
            problems.append(Problem(f"{pointer}{path}/block_id", f'block_id "{block_id}" already exists'))
        seen.add(block_id)
    focused = False
    for path, _, element in _placed_elements(blocks):
        kind = element["type"]
        if kind in SURFACES and surface not in SURFACES[kind]:
            problems.append(Problem(f"{pointer}{path}/type", f"unsupported type: {kind}"))
        if element.get("focus_on_load"):
            if focused:
                sentence = "only one element may set `focus_on_load`"
                problems.append(Problem(f"{pointer}{path}/focus_on_load", sentence))
            focused = True


def _with_cards(blocks: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each block with its path, also those that stand in a carousel: clicks name them by their ids."""
    for place, block in enumerate(blocks):
        yield f"/{place}", block
        if block["type"] == "carousel":
            for inner, card in enumerate(block["elements"]):
                yield f"/{place}/elements/{inner}", card


def _placed_elements(blocks: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each element with its path below the list of blocks, and its block."""
    for place, block in enumerate(blocks):
        for key in ("accessory", "element"):
            if isinstance(block.get(key), dict):
                yield f"/{place}/{key}", block, block[key]
        if block["type"] in ("actions", "context_actions"):
            for inner, element in enumerate(block["elements"]):
                yield f"/{place}/elements/{inner}", block, element


def _cell_characters(value: Any) -> int:
    """The characters a reader sees in cells: texts, not the names of types and styles."""
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(_cell_characters(inner) for inner in value.values() if isinstance(inner, list))
    return sum(map(_cell_characters, value)) if isinstance(value, list) else 0


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_characters, value.values()))
    if isinstance(value, list):
        return sum(map(_characters, value))
    return 0
