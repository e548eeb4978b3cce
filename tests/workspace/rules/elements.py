"""Interactive elements: in an actions block, in an input block, in the actions of a message's context."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..kit import (
    FEEDBACK,
    Json,
    button,
    confirm,
    context_actions,
    element,
    group,
    mrkdwn,
    option,
    options,
    plain,
    rich_text,
    without,
)
from .rule import Rule, characters, count, in_actions, in_input, in_message, up_to


def in_elements() -> Iterator[Rule]:
    of = in_actions
    yield from characters(of, "action_id", 255, lambda x: button(action_id=x), "/action_id")
    yield from characters(of, "button text", 75, lambda x: button(text=plain(x)), "/text/text")
    yield of("button text is plain", button(text=mrkdwn()), "/text/type", button())
    yield from up_to(of, "button value", 2000, lambda x: button(value=x), "/value")
    yield from up_to(of, "button label", 75, lambda x: button(accessibility_label=x), "/accessibility_label")
    yield of("button style", button(style="default"), "/style", button(style="danger"))
    yield of("button url", button(url="nowhere"), "/url", button(url="https://a.example"))
    yield of("button url: 3000 characters", button(url="h:" + "x" * 2999), "/url", button(url="h:" + "x" * 2998))
    for part, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        yield from characters(
            of,
            f"confirm {part}",
            most,
            lambda x, part=part: button(confirm=confirm(**{part: plain(x)})),
            f"/confirm/{part}/text",
        )
        yield of(
            f"confirm has its {part}", button(confirm=without(confirm(), part)), "/confirm", button(confirm=confirm())
        )
    yield of("confirm title is plain", button(confirm=confirm(title=mrkdwn())), "/confirm/title/type",
             button(confirm=confirm(text=mrkdwn())))  # fmt: skip
    yield of("confirm style", button(confirm=confirm(style="loud")), "/confirm/style",
             button(confirm=confirm(style="danger")))  # fmt: skip
    yield from count(of, "overflow options", 2, 5, lambda n: element("overflow", options=options(n)), "/options")
    for kind in ("checkboxes", "radio_buttons"):
        yield from count(
            of, f"{kind} options", 1, 10, lambda n, kind=kind: element(kind, options=options(n)), "/options"
        )
        marked = [option(text=mrkdwn(), description=mrkdwn())]
        yield of(f"{kind} options", element(kind, options=["v"]), "/options/0", element(kind, options=marked))
    yield from selects(of)
    yield from pickers(of)

    def icon(name: str, broken: Json, pointer: str, inside: Json) -> Rule:
        return in_message(name, context_actions(broken), f"/elements/0{pointer}", context_actions(inside))

    yield icon("icons", element("icon_button", icon="star"), "/icon", element("icon_button"))
    yield from characters(icon, "icon text", 75, lambda x: element("icon_button", text=plain(x)), "/text/text")
    asking = confirm(deny=plain("x" * 31))
    short = without(without(confirm(), "deny"), "confirm")
    yield icon("icon's question", element("icon_button", confirm=asking), "/confirm/deny/text",
               element("icon_button", confirm=short))  # fmt: skip
    seen_by = "visible_to_user_ids"
    yield from count(icon, seen_by, 0, 10, lambda n: element("icon_button", **{seen_by: ["U1"] * n}), f"/{seen_by}")
    for side in ("positive_button", "negative_button"):

        def feedback(side: str = side, **more: Any) -> Json:
            return element("feedback_buttons", **{side: {**FEEDBACK, **more}})

        yield from characters(icon, f"{side} text", 75, lambda x: feedback(text=plain(x)), f"/{side}/text/text")
        yield from characters(icon, f"{side} value", 2000, lambda x: feedback(value=x), f"/{side}/value")


def selects(of: Callable[[str, Json, str, Json], Rule]) -> Iterator[Rule]:
    def select(**more: Any) -> Json:
        return element("static_select", **more)

    grouped = without(select(option_groups=[group()]), "options")
    for kind in ("static_select", "multi_static_select"):
        yield from count(
            of, f"{kind} options", 1, 100, lambda n, kind=kind: element(kind, options=options(n)), "/options"
        )
        yield of(f"{kind}: options or groups", element(kind, option_groups=[group()]), "", {**grouped, "type": kind})
        yield of(f"{kind}: no options at all", without(element(kind), "options"), "", element(kind))
    yield from count(
        of, "option groups", 1, 100, lambda n: {**grouped, "option_groups": [group()] * n}, "/option_groups"
    )
    inner = "/option_groups/0"
    yield from count(
        of, "options of a group", 1, 100, lambda n: {**grouped, "option_groups": [group(n)]}, f"{inner}/options"
    )
    yield from characters(
        of,
        "group label",
        75,
        lambda x: {**grouped, "option_groups": [group(label=plain(x))]},
        f"{inner}/label/text",
    )
    first = "/options/0"
    yield from characters(
        of, "option text", 75, lambda x: select(options=[option(text=plain(x))]), f"{first}/text/text"
    )
    yield from characters(of, "option value", 150, lambda x: select(options=[option(x)]), f"{first}/value")
    yield from characters(
        of,
        "option description",
        75,
        lambda x: select(options=[option(description=plain(x))]),
        f"{first}/description/text",
    )
    yield of("options of a menu are plain", select(options=[option(text=mrkdwn())]), f"{first}/text/type", select())
    wordy = select(options=[option(description=mrkdwn())])
    yield of("descriptions of a menu are plain", wordy, f"{first}/description/type", select())
    linked = options(2)
    linked[0]["url"] = "https://a.example"
    yield of("only overflow options have a url", select(options=linked), first, element("overflow", options=linked))
    yield from characters(of, "placeholder", 150, lambda x: select(placeholder=plain(x)), "/placeholder/text")
    yield of("initial option among the options", select(initial_option=option("w")), "/initial_option",
             select(initial_option=option("0")))  # fmt: skip
    yield of("initial option among the groups", {**grouped, "initial_option": option("w")}, "/initial_option",
             {**grouped, "initial_option": option("0")})  # fmt: skip
    other = option("0", text=plain("y"))
    yield of("initial option is the same option", select(initial_option=other), "/initial_option",
             select(initial_option=option("0")))  # fmt: skip
    yield of("radio's initial option", element("radio_buttons", initial_option=option("w")), "/initial_option",
             element("radio_buttons", initial_option=option("0")))  # fmt: skip
    for kind in ("multi_static_select", "checkboxes"):
        yield of(f"{kind}: initial options", element(kind, initial_options=[option("0"), option("w")]),
                 "/initial_options/1", element(kind, initial_options=[option("0")]))  # fmt: skip
    yield of("focus is a boolean", select(focus_on_load=1), "/focus_on_load", select(focus_on_load=True))
    for kind in ("multi_static_select", "multi_external_select", "multi_users_select", "multi_conversations_select",
                 "multi_channels_select"):  # fmt: skip
        yield of(f"{kind}: at least one selected", element(kind, max_selected_items=0), "/max_selected_items",
                 element(kind, max_selected_items=1))  # fmt: skip
    for kind, key in (("users", "initial_users"), ("conversations", "initial_conversations"),
                      ("channels", "initial_channels")):  # fmt: skip
        many = element(f"multi_{kind}_select", max_selected_items=1)
        yield of(f"{key} within the maximum", {**many, key: ["A", "B"]}, f"/{key}", {**many, key: ["A"]})
    yield of("min_query_length is a number", element("external_select", min_query_length="1"), "/min_query_length",
             element("external_select", min_query_length=0))  # fmt: skip
    yield of("external: no options of its own", element("external_select", options=options(1)), "",
             element("external_select", initial_option=option()))  # fmt: skip

    def chosen(**filters: Any) -> Json:
        return element("conversations_select", filter=filters)

    yield of("filter is not empty", chosen(), "/filter", chosen(exclude_bot_users=True))
    yield of("filter includes something", chosen(include=[]), "/filter/include", chosen(include=["im"]))
    yield of("filter includes what there is", chosen(include=["dm"]), "/filter/include/0", chosen(include=["mpim"]))


def pickers(of: Callable[[str, Json, str, Json], Rule]) -> Iterator[Rule]:
    for day in ("2026-13-01", "2026-02-30", "2026-1-1", "01/02/2026", "２０２６-01-01", "20260101"):
        yield of(f"date {day}", element("datepicker", initial_date=day), "/initial_date",
                 element("datepicker", initial_date="2028-02-29"))  # fmt: skip
    for time in ("24:00", "9:00", "12:60", "12:00:00"):
        yield of(f"time {time}", element("timepicker", initial_time=time), "/initial_time",
                 element("timepicker", initial_time="23:59"))  # fmt: skip
    yield of("time zone", element("timepicker", timezone="Tokyo"), "/timezone",
             element("timepicker", timezone="Asia/Tokyo"))  # fmt: skip
    for moment in (999_999_999, 10_000_000_000, "1700000000", 1_700_000_000.5):
        yield of(f"moment {moment!r}", element("datetimepicker", initial_date_time=moment), "/initial_date_time",
                 element("datetimepicker", initial_date_time=1_700_000_000))  # fmt: skip


def in_inputs() -> Iterator[Rule]:
    of = in_input
    text = "plain_text_input"
    yield from count(of, "max_length", 1, 3000, lambda n: element(text, max_length=n), "/max_length")
    yield from count(of, "min_length", 0, 3000, lambda n: element(text, min_length=n), "/min_length")
    yield of("min_length is not negative", element(text, min_length=-1), "/min_length", element(text, min_length=0))
    yield of("min_length not above max_length", element(text, min_length=3, max_length=2), "/min_length",
             element(text, min_length=2, max_length=2))  # fmt: skip
    yield of("lengths are numbers", element(text, max_length="9"), "/max_length", element(text, max_length=9))
    yield from up_to(of, "initial_value", 3000, lambda x: element(text, initial_value=x), "/initial_value")
    yield of("multiline is a boolean", element(text, multiline="no"), "/multiline", element(text, multiline=False))
    yield from characters(
        of, "input placeholder", 150, lambda x: element(text, placeholder=plain(x)), "/placeholder/text"
    )

    def dispatching(*triggers: str) -> Json:
        return element(text, dispatch_action_config={"trigger_actions_on": list(triggers)})

    there = "/dispatch_action_config/trigger_actions_on"
    entered, typed = "on_enter_pressed", "on_character_entered"
    yield of("dispatch on something", dispatching(), there, dispatching(entered))
    yield of("dispatch on what there is", dispatching("on_blur"), f"{there}/0", dispatching(typed))
    yield of("dispatch on two at most", dispatching(entered, typed, entered), there, dispatching(entered, typed))

    def figures(decimals: bool = False, **more: Any) -> Json:
        return element("number_input", **{"is_decimal_allowed": decimals, **more})

    yield of("decimals allowed or not", without(figures(), "is_decimal_allowed"), "", figures())
    yield of("numbers are written as text", figures(min_value=1), "/min_value", figures(min_value="1"))
    yield of("numbers are numbers", figures(initial_value="one"), "/initial_value", figures(initial_value="-1"))
    yield of("whole numbers", figures(max_value="1.5"), "/max_value", figures(True, max_value="1.5"))
    yield of("min_value not above max_value", figures(min_value="10", max_value="9"), "/min_value",
             figures(min_value="9", max_value="10"))  # fmt: skip
    yield of("rich text to begin with", element("rich_text_input", initial_value="x"), "/initial_value",
             element("rich_text_input", initial_value=rich_text()))  # fmt: skip
    lines = "rich_text_input"
    yield from count(of, "min_lines", 1, 100, lambda n: element(lines, min_lines=n), "/min_lines")
    yield from count(of, "max_lines", 1, 100, lambda n: element(lines, max_lines=n), "/max_lines")
    yield of("min_lines not above max_lines", element(lines, min_lines=2, max_lines=1), "/min_lines",
             element(lines, min_lines=2, max_lines=2))  # fmt: skip
    yield from count(of, "max_files", 1, 10, lambda n: element("file_input", max_files=n), "/max_files")
    yield of("file types are a list", element("file_input", filetypes="csv"), "/filetypes",
             element("file_input", filetypes=["csv"]))  # fmt: skip
