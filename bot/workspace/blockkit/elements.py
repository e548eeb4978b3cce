"""Interactive elements: buttons, selects, pickers, inputs."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from bot.workspace.blockkit.problem import Problem
from bot.workspace.blockkit.schema import (
    Check,
    any_of,
    anything,
    array,
    boolean,
    either,
    integer,
    one_of,
    record,
    string,
)
from bot.workspace.blockkit.texts import (
    IDENTIFIER,
    URL,
    confirm,
    option_group,
    overflow_option,
    plain,
    plain_option,
    rich_option,
    rich_text,
    short_confirm,
)

_BASE: dict[str, Check] = {"action_id": IDENTIFIER}
_CONFIRM: dict[str, Check] = {"confirm": confirm}
_FOCUS: dict[str, Check] = {"focus_on_load": boolean}
_PLACEHOLDER: dict[str, Check] = {"placeholder": plain(150)}
_DISPATCH: dict[str, Check] = {
    "dispatch_action_config": record(
        {}, {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), 1, 2)}
    )
}
_MENU = _BASE | _CONFIRM | _FOCUS | _PLACEHOLDER
_MANY: dict[str, Check] = {"max_selected_items": integer(1)}
_TIME = string(5, 5, r"(?:[01]\d|2[0-3]):[0-5]\d", "must be a valid time")
_FILTER: dict[str, Check] = {
    "filter": record(
        {},
        {
            "include": array(one_of("im", "mpim", "private", "public"), 1),
            "exclude_external_shared_channels": boolean,
            "exclude_bot_users": boolean,
        },
        any_of("include", "exclude_external_shared_channels", "exclude_bot_users"),
    )
}
_TYPE: dict[str, Check] = {"type": anything}


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _date(value: Any, pointer: str, problems: list[Problem]) -> None:
    try:
        good = isinstance(value, str) and _DAY.fullmatch(value) is not None and date.fromisoformat(value) is not None
    except ValueError:
        good = False
    if not good:
        problems.append(Problem(pointer, "must be a valid date"))


@cache
def _zone_exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        return False
    return True


def _timezone(value: Any, pointer: str, problems: list[Problem]) -> None:
    if not isinstance(value, str) or len(value) > 64 or not _zone_exists(value):
        problems.append(Problem(pointer, "must be a valid timezone"))


def _options_in(value: dict[str, Any]) -> list[dict[str, Any]]:
    own = list(value.get("options") or ())
    return own + [option for group in value.get("option_groups") or () for option in group["options"]]


def _initial_among(value: dict[str, Any], pointer: str, problems: list[Problem]) -> None:
    options = _options_in(value)
    one = value.get("initial_option")
    if one is not None and not _among(one, options):
        problems.append(Problem(f"{pointer}/initial_option", "must be one of the provided options"))
    problems += [
        Problem(f"{pointer}/initial_options/{place}", "must be one of the provided options")
        for place, chosen in enumerate(value.get("initial_options") or ())
        if not _among(chosen, options)
    ]


def _among(wanted: dict[str, Any], options: list[dict[str, Any]]) -> bool:
    # Slack compares the whole option; its description and the emoji flag it fills in itself.
    return any(
        option["value"] == wanted["value"] and option["text"]["text"] == wanted["text"]["text"] for option in options
    )


def _within_maximum(value: dict[str, Any], pointer: str, problems: list[Problem]) -> None:
    most = value.get("max_selected_items")
    problems += [
        Problem(f"{pointer}/{key}", f"no more than {most} items allowed")
        for key in ("initial_options", "initial_users", "initial_conversations", "initial_channels")
        if most is not None and len(value.get(key) or ()) > most
    ]


_ONE_SOURCE = either("options", "option_groups")
_OPTIONS: dict[str, Check] = {
    "options": array(plain_option, 1, 100),
    "option_groups": array(option_group(plain_option), 1, 100),
}


def _text_input(optional: dict[str, Check], *more: Check) -> Check:
    return record(_TYPE, {**_BASE, **_FOCUS, **_PLACEHOLDER, **_DISPATCH, **optional}, *more)


def _in_order(low: str, high: str) -> Check:
    def check(value: dict[str, Any], pointer: str, problems: list[Problem]) -> None:
        least, most = value.get(low), value.get(high)
        if least is not None and most is not None and float(least) > float(most):
            problems.append(Problem(f"{pointer}/{low}", f"must be less than or equal to `{high}`"))

    return check


_lengths = _in_order("min_length", "max_length")
_lines = _in_order("min_lines", "max_lines")
_values = _in_order("min_value", "max_value")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


def _number(value: Any, pointer: str, problems: list[Problem]) -> None:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        problems.append(Problem(pointer, "must be a valid number"))


def _decimals(value: dict[str, Any], pointer: str, problems: list[Problem]) -> None:
    if not value["is_decimal_allowed"]:
        problems += [
            Problem(f"{pointer}/{key}", "must be an integer when decimals are not allowed")
            for key in ("initial_value", "min_value", "max_value")
            if "." in (value.get(key) or "")
        ]


slack_file = record({}, {"id": string(None, 1), "url": URL}, either("id", "url"))
one_picture = either("image_url", "slack_file")
image = record(
    {"type": anything, "alt_text": string(2000, 1)}, {"image_url": URL, "slack_file": slack_file}, one_picture
)

button = record(
    {**_TYPE, "text": plain(75)},
    {
        **_BASE,
        **_CONFIRM,
        "url": URL,
        "value": string(2000),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(75),
        "agent_prompt": string(4000),
        "agent_prompt_display": string(),
    },
)
_workflow = record(
    {
        "trigger": record(
            {"url": URL},
            {"customizable_input_parameters": array(record({"name": string(None, 1), "value": anything}, {}))},
        )
    },
    {},
)
_feedback = record({"text": plain(75), "value": string(2000, 1)}, {"accessibility_label": string(75)})

ELEMENTS: dict[str, Check] = {
    "button": button,
    "image": image,
    "overflow": record({**_TYPE, "options": array(overflow_option, 2, 5)}, _BASE | _CONFIRM),
    "workflow_button": record(
        {**_TYPE, "text": plain(75), "workflow": _workflow},
        {**_BASE, **_CONFIRM, "style": one_of("primary", "danger"), "accessibility_label": string(75)},
    ),
    "feedback_buttons": record({**_TYPE, "positive_button": _feedback, "negative_button": _feedback}, _BASE),
    "icon_button": record(
        {**_TYPE, "icon": one_of("trash"), "text": plain(75)},
        {
            **_BASE,
            "confirm": short_confirm,
            "value": string(2000),
            "accessibility_label": string(75),
            "visible_to_user_ids": array(string(None, 1), 0, 10),
        },
    ),
    "static_select": record(_TYPE, {**_MENU, **_OPTIONS, "initial_option": plain_option}, _ONE_SOURCE, _initial_among),
    "multi_static_select": record(
        _TYPE,
        {**_MENU, **_MANY, **_OPTIONS, "initial_options": array(plain_option, 1, 100)},
        _ONE_SOURCE,
        _initial_among,
        _within_maximum,
    ),
    "external_select": record(_TYPE, {**_MENU, "initial_option": plain_option, "min_query_length": integer(0)}),
    "multi_external_select": record(
        _TYPE,
        {**_MENU, **_MANY, "initial_options": array(plain_option, 1, 100), "min_query_length": integer(0)},
        _within_maximum,
    ),
    "users_select": record(_TYPE, {**_MENU, "initial_user": string(None, 1)}),
    "multi_users_select": record(
        _TYPE, {**_MENU, **_MANY, "initial_users": array(string(None, 1), 1)}, _within_maximum
    ),
    "conversations_select": record(
        _TYPE,
        {
            **_MENU,
            **_FILTER,
            "initial_conversation": string(None, 1),
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
        },
    ),
    "multi_conversations_select": record(
        _TYPE,
        {
            **_MENU,
            **_MANY,
            **_FILTER,
            "initial_conversations": array(string(None, 1), 1),
            "default_to_current_conversation": boolean,
        },
        _within_maximum,
    ),
    "channels_select": record(_TYPE, {**_MENU, "initial_channel": string(None, 1), "response_url_enabled": boolean}),
    "multi_channels_select": record(
        _TYPE, {**_MENU, **_MANY, "initial_channels": array(string(None, 1), 1)}, _within_maximum
    ),
    "datepicker": record(_TYPE, {**_MENU, "initial_date": _date}),
    "timepicker": record(_TYPE, {**_MENU, "initial_time": _TIME, "timezone": _timezone}),
    "datetimepicker": record(
        _TYPE, {**_BASE, **_CONFIRM, **_FOCUS, "initial_date_time": integer(1_000_000_000, 9_999_999_999)}
    ),
    "checkboxes": record(
        {**_TYPE, "options": array(rich_option, 1, 10)},
        {**_BASE, **_CONFIRM, **_FOCUS, "initial_options": array(rich_option, 1, 10)},
        _initial_among,
    ),
    "radio_buttons": record(
        {**_TYPE, "options": array(rich_option, 1, 10)},
        {**_BASE, **_CONFIRM, **_FOCUS, "initial_option": rich_option},
        _initial_among,
    ),
    "plain_text_input": _text_input(
        {
            "initial_value": string(3000),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
        _lengths,
    ),
    "email_text_input": _text_input({"initial_value": string(3000)}),
    "url_text_input": _text_input({"initial_value": string(3000)}),
    "number_input": record(
        {**_TYPE, "is_decimal_allowed": boolean},
        {
            **_BASE,
            **_FOCUS,
            **_PLACEHOLDER,
            **_DISPATCH,
            "initial_value": _number,
            "min_value": _number,
            "max_value": _number,
        },
        _decimals,
        _values,
    ),
    "rich_text_input": _text_input(
        {"initial_value": rich_text, "min_lines": integer(1, 100), "max_lines": integer(1, 100)}, _lines
    ),
    "file_input": record(_TYPE, {**_BASE, "filetypes": array(string(None, 1)), "max_files": integer(1, 10)}),
}

_PICKERS = frozenset({"datepicker", "timepicker", "datetimepicker"})
_CHOICES = frozenset({"checkboxes", "radio_buttons"})
_MENUS = frozenset(kind for kind in ELEMENTS if kind.endswith("_select"))
_BUTTONS = frozenset({"button", "overflow", "workflow_button"})
IN_ACTIONS = _BUTTONS | _MENUS | _PICKERS | _CHOICES
IN_SECTION = (IN_ACTIONS - {"datetimepicker"}) | {"image"}
IN_INPUT = (
    _MENUS
    | _PICKERS
    | _CHOICES
    | frozenset(
        {
            "plain_text_input",
            "email_text_input",
            "url_text_input",
            "number_input",
            "rich_text_input",
            "file_input",
        }
    )
)
IN_CONTEXT_ACTIONS = frozenset({"feedback_buttons", "icon_button"})

# Where an element may stand, for those that may not stand everywhere.
SURFACES: dict[str, frozenset[str]] = {
    "email_text_input": frozenset({"modal"}),
    "url_text_input": frozenset({"modal"}),
    "number_input": frozenset({"modal"}),
    "file_input": frozenset({"modal"}),
    "rich_text_input": frozenset({"modal", "home"}),
    "datetimepicker": frozenset({"modal", "message"}),
    "workflow_button": frozenset({"message"}),
}
