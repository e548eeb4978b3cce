"""Text objects, confirmation dialogs, options, and rich text."""

from __future__ import annotations

from typing import Any

from bot.workspace.blockkit.problem import Problem
from bot.workspace.blockkit.schema import Check, anything, array, boolean, integer, one_of, record, string, typed

IDENTIFIER = string(255, 1)
URL = string(3000, 1, r"[A-Za-z][A-Za-z0-9+.\-]*:.+", "must be a valid URL")

HTTPS = string(3000, 1, r"https://.+", "must be a valid https URL")


def plain(most: int, least: int = 1) -> Check:
    """A plain_text object of `least` to `most` characters."""
    return record(
        {"type": one_of("plain_text"), "text": string(most, least)},
        {"emoji": boolean},
    )


def mrkdwn(most: int, least: int = 1) -> Check:
    """A mrkdwn object."""
    return record({"type": one_of("mrkdwn"), "text": string(most, least)}, {"verbatim": boolean})


def text(most: int, least: int = 1) -> Check:
    """A text object of either kind. Slack names the object first and the fault in it then."""
    inner = typed({"plain_text": plain(most, least), "mrkdwn": mrkdwn(most, least)})

    def check(value: Any, pointer: str, problems: list[Problem]) -> None:
        found: list[Problem] = []
        inner(value, pointer, found)
        if found:
            problems.append(Problem(pointer, "failed to match all allowed schemas"))
            problems += found

    return check


_QUESTION: dict[str, Check] = {"title": plain(100), "text": text(300)}
_ANSWERS: dict[str, Check] = {"confirm": plain(30), "deny": plain(30)}
_STYLE: dict[str, Check] = {"style": one_of("primary", "danger")}
confirm = record({**_QUESTION, **_ANSWERS}, _STYLE)
# Slack's own example of an icon button asks without naming the answers.
short_confirm = record(_QUESTION, {**_ANSWERS, **_STYLE})


def option(label: Check, description: Check, *, with_url: bool = False) -> Check:
    """An option with the checks of its label and of the line below it."""
    optional: dict[str, Check] = {"description": description}
    if with_url:
        optional["url"] = URL
    return record({"text": label, "value": string(150, 1)}, optional)


plain_option = option(plain(75), plain(75))
rich_option = option(text(75), text(75))
overflow_option = option(plain(75), plain(75), with_url=True)


def option_group(option_check: Check) -> Check:
    """A titled group of options."""
    return record({"label": plain(75), "options": array(option_check, 1, 100)}, {})


_STYLES = ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
_style = record({}, dict.fromkeys(_STYLES, boolean))
_rich_elements: dict[str, Check] = {
    "text": record({"type": anything, "text": string(None, 1)}, {"style": _style}),
    "link": record({"type": anything, "url": URL}, {"text": string(), "unsafe": boolean, "style": _style}),
    "user": record({"type": anything, "user_id": string(None, 1)}, {"style": _style}),
    "usergroup": record({"type": anything, "usergroup_id": string(None, 1)}, {"style": _style}),
    "channel": record({"type": anything, "channel_id": string(None, 1)}, {"style": _style}),
    "team": record({"type": anything, "team_id": string(None, 1)}, {"style": _style}),
    "emoji": record(
        {"type": anything, "name": string(None, 1)},
        {"unicode": string(), "skin_tone": integer(1, 6), "url": string(), "style": _style},
    ),
    "broadcast": record({"type": anything, "range": one_of("here", "channel", "everyone")}, {"style": _style}),
    "color": record({"type": anything, "value": string(None, 1)}, {"style": _style}),
    "date": record(
        {"type": anything, "timestamp": integer(), "format": string(None, 1)},
        {"url": URL, "fallback": string(), "style": _style},
    ),
}
_rich_element = typed(_rich_elements)
_BORDER = integer(0, 1)
_section = record({"type": anything, "elements": array(_rich_element)}, {})
rich_text_parts: dict[str, Check] = {
    "rich_text_section": _section,
    "rich_text_preformatted": record(
        {"type": anything, "elements": array(typed(_rich_elements, ("text", "link")))},
        {"border": _BORDER, "language": string()},
    ),
    "rich_text_quote": record({"type": anything, "elements": array(_rich_element)}, {"border": _BORDER}),
    "rich_text_list": record(
        {
            "type": anything,
            "style": one_of("bullet", "ordered"),
            "elements": array(typed({"rich_text_section": _section}), 1),
        },
        {"indent": integer(0, 8), "offset": integer(0), "border": _BORDER},
    ),
}
rich_text = record({"type": one_of("rich_text"), "elements": array(typed(rich_text_parts))}, {"block_id": IDENTIFIER})
