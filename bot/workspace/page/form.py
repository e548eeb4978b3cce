"""What a person has put into the elements of one view or message, kept apart from how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]
Picked = list[dict[str, str]]

_SINGLE = {
    "static_select": "initial_option",
    "external_select": "initial_option",
    "radio_buttons": "initial_option",
    "users_select": "initial_user",
    "conversations_select": "initial_conversation",
    "channels_select": "initial_channel",
    "datepicker": "initial_date",
    "timepicker": "initial_time",
    "datetimepicker": "initial_date_time",
    "plain_text_input": "initial_value",
    "email_text_input": "initial_value",
    "url_text_input": "initial_value",
    "number_input": "initial_value",
    "rich_text_input": "initial_value",
}
_MANY = {
    "multi_static_select": "initial_options",
    "multi_external_select": "initial_options",
    "checkboxes": "initial_options",
    "multi_users_select": "initial_users",
    "multi_conversations_select": "initial_conversations",
    "multi_channels_select": "initial_channels",
}
MULTIPLE = frozenset(_MANY)


def initial(element: Mapping[str, Any]) -> Any:
    """The plain value an element starts with: a text, a value, an id, a list of these, or None."""
    kind = str(element.get("type"))
    if kind in _MANY:
        return [_plain(each) for each in element.get(_MANY[kind]) or []]
    return _plain(element.get(_SINGLE.get(kind, "")))


def _plain(value: Any) -> Any:
    """An option's value; everything else as it is."""
    if isinstance(value, dict) and "value" in value and "text" in value:
        return value["value"]
    return value


def options_of(element: Mapping[str, Any]) -> list[Json]:
    """The options an element carries, those of its groups marked with the group's label under 'group'."""
    found = [dict(option) for option in element.get("options") or []]
    for group in element.get("option_groups") or []:
        label = (group.get("label") or {}).get("text") or ""
        found += [{**option, "group": label} for option in group.get("options") or []]
    starts = [element.get("initial_option"), *(element.get("initial_options") or [])]
    known = {option.get("value") for option in found}
    return found + [{**option, "hidden": True} for option in starts if option and option.get("value") not in known]


def fitting(element: Mapping[str, Any], value: Any) -> Any:
    """A value without what its element no longer offers: an app may change the options under the same ids."""
    if element.get("type") not in {"static_select", "radio_buttons", "multi_static_select", "checkboxes"}:
        return value
    offered = {option.get("value") for option in options_of(element)}
    if isinstance(value, list):
        return [each for each in value if _plain(each) in offered]
    return value if value is None or _plain(value) in offered else None


class Form:
    """Values by block_id and action_id. Only what a person touched is in it; the rest is the element's own."""

    def __init__(self, state: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.touched: dict[str, dict[str, Any]] = {}
        # Words for values that no option list explains: answers of a search, names of uploaded files.
        self.words: dict[str, str] = {}
        # Who is told, with the block_id, that a value has changed.
        self.changed: Callable[[str], None] | None = None
        self._state = {block: dict(values) for block, values in (state or {}).items()}

    def put(self, block_id: str, action_id: str, value: Any) -> None:
        """Keeps what a person has just put in."""
        self.touched.setdefault(block_id, {})[action_id] = value
        if self.changed is not None:
            self.changed(block_id)

    def value(self, element: Mapping[str, Any], block_id: str) -> Any:
        """What an element holds now: typed, else remembered by the workspace, else its initial value."""
        action_id = str(element.get("action_id") or "")
        for known in (self.touched, self._state):
            if action_id in known.get(block_id, {}):
                return fitting(element, known[block_id][action_id])
        return initial(element)


def epoch_of(wall: str, zone: ZoneInfo) -> int | None:
    """Epoch seconds of 'YYYY-MM-DDTHH:MM' on a person's clock; None when it is empty or half typed."""
    try:
        return int(datetime.fromisoformat(wall).replace(tzinfo=zone).timestamp())
    except ValueError:
        return None


def wall_of(epoch: object, zone: ZoneInfo) -> str:
    """'YYYY-MM-DDTHH:MM' on a person's clock for epoch seconds; '' for none."""
    if not isinstance(epoch, (int, float, str)) or epoch == "":
        return ""
    return datetime.fromtimestamp(int(epoch), UTC).astimezone(zone).strftime("%Y-%m-%dT%H:%M")
