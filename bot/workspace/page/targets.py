"""Which of the elements that stand there now a person's act is for.

An app redraws a home, a message or a modal while people click in it. What was clicked may then stand in a block of
another id, because ids that the workspace gives are new with every redraw, or it may be gone. An act is never turned
to an element that says something else to the app than the one the person saw.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bot.workspace.inputs import elements
from bot.workspace.page.form import fitting, options_of
from bot.workspace.page.still import STILL_ELEMENTS

Json = dict[str, Any]
Target = tuple[str, Json]

# The shape of the ids that the workspace gives to blocks without one of their own. The app has never seen them, so
# elements with one action_id and value are one and the same to it, whatever their block.
_GIVEN = re.compile(r"[0-9A-Z]{5}")
_PAIR = ("positive_button", "negative_button")


def pressed(blocks: Sequence[Mapping[str, Any]], act: Mapping[str, Any]) -> Target | None:
    """The block_id and element that the press of a still button is for. `act` is the button's dataset: 'blockId',
    'actionId', and 'value' where it carries one. None: nothing there says the same."""
    value = act.get("value")

    def same(element: Json) -> bool:
        return element.get("type") in STILL_ELEMENTS and value in _carried(element)

    return _target(blocks, act["blockId"], act["actionId"], same, repeats=True, telling=value is not None)


def chosen(blocks: Sequence[Mapping[str, Any]], block_id: str, element: Json, value: Any) -> Target | None:
    """The block_id and element that an act on an element is for, with the plain value put into it (of buttons: the
    one in their description). None: nothing there takes it."""
    kind = str(element.get("type") or "")
    action_id = str(element.get("action_id") or "")
    if kind in STILL_ELEMENTS:
        seen = value if kind == "feedback_buttons" else element.get("value")
        return pressed(blocks, {"blockId": block_id, "actionId": action_id, "value": seen})

    def same(other: Json) -> bool:
        if other.get("type") != kind:
            return False
        if kind == "overflow":
            return value in {option.get("value") for option in options_of(other)}
        return bool(fitting(other, value) == value)

    return _target(blocks, block_id, action_id, same, repeats=kind == "overflow", telling=False)


def pressed_value(element: Json, act: Mapping[str, Any]) -> Any:
    """A button carries nothing; of a pair of feedback buttons, the one that was pressed."""
    if element.get("type") == "icon_button":
        return element.get("value")
    if element.get("type") != "feedback_buttons":
        return None
    return (element.get(_PAIR[int(act.get("index") or 0)]) or {}).get("value")


def _carried(element: Mapping[str, Any]) -> set[Any]:
    if element.get("type") == "feedback_buttons":
        return {(element.get(name) or {}).get("value") for name in _PAIR}
    return {element.get("value")}


def _target(
    blocks: Sequence[Mapping[str, Any]],
    block_id: str,
    action_id: str,
    same: Callable[[Json], bool],
    *,
    repeats: bool,
    telling: bool,
) -> Target | None:
    """`repeats`: of several that are the same to the app, any one will do. `telling`: its value says which it is, even
    in a block of another name."""
    found = [
        (place, element)
        for place, element in _elements(blocks)
        if element.get("action_id") == action_id and same(element)
    ]
    for place, element in found:
        if place == block_id:
            return place, element
    given = _GIVEN.fullmatch(block_id) is not None
    if found and given and repeats:
        return found[0]
    return found[0] if len(found) == 1 and (given or telling) else None


def _elements(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Target]:
    for block, element in elements([dict(block) for block in blocks]):
        yield str(block.get("block_id") or ""), element
