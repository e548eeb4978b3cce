"""What a person puts into elements: from plain values to Slack's typed state and actions, and the checks that the
real client makes before it asks the app."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.workspace.blockkit.problem import Problem
from bot.workspace.blockkit.texts import rich_text
from bot.workspace.messages import Blocks, Values

Element = dict[str, Any]

TEXT_INPUTS = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input"})
ONE_OPTION = frozenset({"static_select", "external_select", "radio_buttons"})
MANY_OPTIONS = frozenset({"multi_static_select", "multi_external_select", "checkboxes"})
ONE_ID = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
}
MANY_IDS = {
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}
PICKERS = {"datepicker": "selected_date", "timepicker": "selected_time", "datetimepicker": "selected_date_time"}
_INITIAL_IDS = {
    "users_select": "initial_user",
    "conversations_select": "initial_conversation",
    "channels_select": "initial_channel",
    "multi_users_select": "initial_users",
    "multi_conversations_select": "initial_conversations",
    "multi_channels_select": "initial_channels",
    "datepicker": "initial_date",
    "timepicker": "initial_time",
    "datetimepicker": "initial_date_time",
}
STATEFUL = (
    TEXT_INPUTS
    | ONE_OPTION
    | MANY_OPTIONS
    | set(ONE_ID)
    | set(MANY_IDS)
    | set(PICKERS)
    | {"rich_text_input", "file_input"}
)
ACTIONS_WITHOUT_STATE = frozenset({"button", "overflow", "workflow_button", "feedback_buttons", "icon_button"})

REQUIRED = "This is a required field"


class InputError(ValueError):
    """A value does not fit its element; the message is a sentence for the person."""


def elements(blocks: Blocks) -> Iterator[tuple[dict[str, Any], Element]]:
    """Every interactive element with the block it stands in."""
    for block in blocks:
        if block.get("type") == "carousel":
            # A card without an id of its own answers for the carousel.
            cards = [{**card, "block_id": card.get("block_id") or block.get("block_id")} for card in block["elements"]]
            yield from elements(cards)
            continue
        found = (block.get("accessory"), block.get("element"), *(block.get("elements") or ()))
        if block.get("type") == "card":
            found = tuple(block.get("actions") or ())
        for element in found:
            if isinstance(element, dict) and (
                element.get("type") in STATEFUL or element.get("type") in ACTIONS_WITHOUT_STATE
            ):
                yield block, element


def key_of(block: Mapping[str, Any], element: Mapping[str, Any]) -> tuple[str, str]:
    """Where the element's value stands in the state."""
    return block["block_id"], element["action_id"]


def initial(element: Element) -> dict[str, Any]:
    """The typed state of an element that nobody has touched."""
    kind = element["type"]
    if kind in TEXT_INPUTS:
        value = element.get("initial_value")
        return {"type": kind, "value": None if value is None else str(value)}
    if kind in ONE_OPTION:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in MANY_OPTIONS:
        return {"type": kind, "selected_options": list(element.get("initial_options") or ())}
    if kind == "rich_text_input":
        return {"type": kind, "rich_text_value": element.get("initial_value")}
    if kind == "file_input":
        return {"type": kind, "files": []}
    name = ONE_ID.get(kind) or MANY_IDS.get(kind) or PICKERS[kind]
    value = element.get(_INITIAL_IDS[kind])
    return {"type": kind, name: list(value or ()) if kind in MANY_IDS else value}


def all_values(blocks: Blocks, values: Values) -> Values:
    """The whole state of a view or message: what was put in, and the initial value of everything else."""
    found: Values = {}
    for block, element in elements(blocks):
        if element["type"] in STATEFUL:
            key = key_of(block, element)
            known = values.get(key)
            found[key] = known if known is not None and known["type"] == element["type"] else initial(element)
    return found


def options_of(element: Element) -> Iterator[dict[str, Any]]:
    """The options an element carries itself, those of its groups included."""
    yield from element.get("options") or ()
    for group in element.get("option_groups") or ():
        yield from group.get("options") or ()


Offered = Mapping[str, dict[str, Any]]


@dataclass(frozen=True)
class Surroundings:
    """What the value of an element may refer to: `offered` are options the app has suggested, by value; `file`
    describes an uploaded file by its id, None where there is none for this person; `listed` says whether a select of
    people or conversations has that id in its list."""

    offered: Offered
    file: Callable[[str], dict[str, Any] | None]
    listed: Callable[[Element, str], bool]


def typed(element: Element, value: Any, around: Surroundings) -> dict[str, Any]:
    """The typed state for a plain value. None empties the element. Raises `InputError`."""
    kind = element["type"]
    if value is None or (value == "" and kind in TEXT_INPUTS):
        return _empty(kind)
    if kind in TEXT_INPUTS:
        if not isinstance(value, (str, int, float)) or isinstance(value, bool):
            raise InputError(f"{kind} takes a text")
        return {"type": kind, "value": str(value)}
    if kind in ONE_OPTION:
        return {"type": kind, "selected_option": _option(element, value, around.offered)}
    if kind in MANY_OPTIONS:
        chosen = [_option(element, one, around.offered) for one in _listed(kind, value)]
        return {"type": kind, "selected_options": list({option["value"]: option for option in chosen}.values())}
    if kind in ONE_ID:
        return {"type": kind, ONE_ID[kind]: _id(element, value, around)}
    if kind in MANY_IDS:
        ids = dict.fromkeys(_id(element, one, around) for one in _listed(kind, value))
        return {"type": kind, MANY_IDS[kind]: list(ids)}
    if kind in PICKERS:
        return {"type": kind, PICKERS[kind]: _moment(kind, value)}
    if kind == "rich_text_input":
        return {"type": kind, "rich_text_value": _rich_text(value)}
    found = [around.file(str(one)) for one in _listed(kind, value)]
    if any(file is None for file in found):
        raise InputError("One of the files is not there")
    return {"type": kind, "files": found}


def _id(element: Element, value: Any, around: Surroundings) -> str:
    if not isinstance(value, str):
        raise InputError(f"{element['type']} takes an id")
    if not around.listed(element, value):
        raise InputError(f"{value!r} is not in the list of {element['action_id']}")
    return value


def _rich_text(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return plain_rich_text(value)
    problems: list[Problem] = []
    if not isinstance(value, dict) or value.get("type") != "rich_text":
        raise InputError("rich_text_input takes a text or a rich_text block")
    rich_text(value, "", problems)
    if problems:
        raise InputError(f"The rich text is none: {problems[0].message} at {problems[0].pointer}")
    return value


def selectable(element: Element, kind: str, *, with_app: bool) -> bool:
    """Whether a conversations select lists conversations of a kind (channel, private, im, mpim); `with_app` for those
    that the app is a member of."""
    wanted = element.get("filter") or {}
    include = wanted.get("include") or ("public", "private", "im", "mpim")
    if kind == "im" and with_app and wanted.get("exclude_bot_users"):
        return False
    return ("public" if kind == "channel" else kind) in include


def _empty(kind: str) -> dict[str, Any]:
    return initial({"type": kind})


def _listed(kind: str, value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise InputError(f"{kind} takes a list")
    return list(value)


def _option(element: Element, value: Any, offered: Offered) -> dict[str, Any]:
    wanted = value.get("value") if isinstance(value, Mapping) else value
    for option in options_of(element):
        if option.get("value") == wanted:
            return dict(option)
    if element["type"] in ("external_select", "multi_external_select"):
        if isinstance(wanted, str) and wanted in offered:
            return dict(offered[wanted])
        for option in (element.get("initial_option"), *(element.get("initial_options") or ())):
            if option and option.get("value") == wanted:
                return dict(option)
        if isinstance(value, Mapping) and isinstance(value.get("text"), Mapping):
            return dict(value)
    raise InputError(f"{wanted!r} is not among the options of {element['action_id']}")


def _moment(kind: str, value: Any) -> Any:
    if kind == "datetimepicker":
        if isinstance(value, bool) or not isinstance(value, int) or len(str(value)) != 10:
            raise InputError("A date and time is a number of seconds with ten digits")
        return value
    try:
        if kind == "datepicker":
            return dt.date.fromisoformat(str(value)).isoformat()
        if not re.fullmatch(r"(?:[01]\d|2[0-3]):[0-5]\d", str(value)):
            raise ValueError(value)
    except ValueError:
        raise InputError("A date is YYYY-MM-DD" if kind == "datepicker" else "A time is HH:MM") from None
    return str(value)


def plain_rich_text(text: str) -> dict[str, Any]:
    """A rich text with one unformatted section."""
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}] if text else []}],
    }


def plain(state: Mapping[str, Any]) -> Any:
    """The plain value of a typed state: the form in which people and pages speak."""
    kind = state["type"]
    if kind in TEXT_INPUTS:
        return state.get("value")
    if kind in ONE_OPTION:
        option = state.get("selected_option")
        return option and option.get("value")
    if kind in MANY_OPTIONS:
        return [option.get("value") for option in state.get("selected_options") or ()]
    if kind == "rich_text_input":
        return state.get("rich_text_value")
    if kind == "file_input":
        return [file["id"] for file in state.get("files") or ()]
    return state.get(ONE_ID.get(kind) or MANY_IDS.get(kind) or PICKERS[kind])


def is_empty(state: Mapping[str, Any]) -> bool:
    """Whether nothing has been put in."""
    if state["type"] == "rich_text_input":
        text = state.get("rich_text_value")
        return not text or not any(part.get("elements") for part in text.get("elements") or ())
    return plain(state) in (None, "", [])


def complaint(element: Element, state: Mapping[str, Any], *, optional: bool) -> str | None:
    """What the real client says under a field before it asks the app; None when it is content."""
    if is_empty(state):
        return None if optional else REQUIRED
    kind = element["type"]
    if kind in TEXT_INPUTS:
        return _text_complaint(kind, element, str(state["value"]))
    return beyond(element, state)


_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;.]+(?:\.[^@\s<>,;.]+)+")
_URL = re.compile(r"https?://[^\s/?#]+\.?[^\s]*", re.IGNORECASE)


def _text_complaint(kind: str, element: Element, text: str) -> str | None:
    if kind == "plain_text_input":
        least, most = element.get("min_length", 0), element.get("max_length", 3000)
        if len(text) < least:
            return f"Please enter at least {least} characters"
        return f"Please enter no more than {most} characters" if len(text) > most else None
    if kind == "email_text_input":
        return None if _EMAIL.fullmatch(text) else "Please enter a valid email address"
    if kind == "url_text_input":
        return None if _URL.fullmatch(text) else "Please enter a valid URL"
    return _number_complaint(element, text)


_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


def _number_complaint(element: Element, text: str) -> str | None:
    if not _NUMBER.fullmatch(text):
        return "Please enter a valid number"
    number = Decimal(text)
    if not element.get("is_decimal_allowed") and number != number.to_integral_value():
        return "Please enter a whole number"
    if "min_value" in element and number < Decimal(str(element["min_value"])):
        return f"Please enter a number greater than or equal to {element['min_value']}"
    if "max_value" in element and number > Decimal(str(element["max_value"])):
        return f"Please enter a number less than or equal to {element['max_value']}"
    return None


def beyond(element: Element, state: Mapping[str, Any]) -> str | None:
    """What the real client says where more has been chosen than the element allows; None when it is content."""
    chosen = plain(state)
    most = element.get("max_selected_items")
    if element["type"] == "file_input":
        most = element.get("max_files", 10)
    if most and isinstance(chosen, list) and len(chosen) > most:
        return f"Select no more than {most} items"
    return None


def action(
    block: Mapping[str, Any], element: Element, state: Mapping[str, Any] | None, value: Any, ts: str
) -> dict[str, Any]:
    """The entry in `actions` for what a person has just done. `state` is the element's new state, where it has one."""
    told: dict[str, Any] = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": ts,
    }
    kind = element["type"]
    if kind in ("button", "workflow_button"):
        told["text"] = element["text"]
        return told | {key: element[key] for key in ("value", "style", "url", "confirm") if key in element}
    if kind == "overflow":
        return {**told, "selected_option": _option(element, value, {})}
    if kind == "feedback_buttons":
        pair = (element["positive_button"], element["negative_button"])
        pressed = next((button for button in pair if button["value"] == value), None)
        if pressed is None:
            raise InputError(f"{value!r} is neither of the two buttons of {element['action_id']}")
        return {**told, "text": pressed["text"], "value": pressed["value"]}
    if kind == "icon_button":
        return told | {key: element[key] for key in ("text", "value", "confirm") if key in element}
    if state is None:
        return told | ({"value": value} if value is not None else {})
    carried = (
        "placeholder",
        "initial_option",
        "initial_options",
        "initial_user",
        "initial_date",
        "initial_time",
        "timezone",
    )
    return (
        told
        | {key: item for key, item in state.items() if key != "type"}
        | {k: element[k] for k in carried if k in element}
    )
