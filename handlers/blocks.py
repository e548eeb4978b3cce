"""House pieces over slack_sdk.models: one look for every message, modal and home tab.

Whatever came from a person is clipped to Slack's limit here, so that a long name never makes Slack refuse a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    CheckboxesElement,
    ConfirmObject,
    ContextBlock,
    ConversationFilter,
    ConversationSelectElement,
    DatePickerElement,
    DividerBlock,
    ExternalDataSelectElement,
    HeaderBlock,
    InputBlock,
    InputInteractiveElement,
    InteractiveElement,
    MarkdownTextObject,
    NumberInputElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
    SectionBlock,
    StaticSelectElement,
    TimePickerElement,
    UserMultiSelectElement,
    UserSelectElement,
)
from slack_sdk.models.views import View

from handlers.i18n import Markup, escape

VALUE = "v"
"""The action_id of every plain input: its block_id alone names the field."""

SECTION_LIMIT = 3000
FIELD_LIMIT = 2000
FIELDS_LIMIT = 10


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, the last of them an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def clip_markup(text: str, limit: int = SECTION_LIMIT) -> Markup:
    """Like `clip`, without cutting an escape such as &amp; or a mention in two."""
    if len(text) <= limit:
        return Markup(text)
    cut = text[: limit - 1]
    for opening, closing in (("&", ";"), ("<", ">")):
        start = cut.rfind(opening)
        if start > cut.rfind(closing):
            cut = cut[:start]
    return Markup(cut + "…")


def _plain(text: str, limit: int) -> PlainTextObject:
    return PlainTextObject(text=clip(text, limit), emoji=True)


def _md(text: Markup, limit: int) -> MarkdownTextObject:
    return MarkdownTextObject(text=clip_markup(text, limit))


def header(text: str) -> Block:
    """A large line."""
    return HeaderBlock(text=_plain(text, 150))


def section(text: Markup, accessory: InteractiveElement | None = None, block_id: str | None = None) -> Block:
    """A paragraph of mrkdwn, perhaps with an element at its right."""
    return SectionBlock(text=_md(text, SECTION_LIMIT), accessory=accessory, block_id=block_id)


def fields(pairs: Iterable[tuple[str, Markup]]) -> list[Block]:
    """Labels and values in two columns, as many sections as they need; an empty value shows a dash."""
    cells = [_md(Markup(f"*{escape(label)}*\n{value or '–'}"), FIELD_LIMIT) for label, value in pairs]
    return [SectionBlock(fields=cells[i : i + FIELDS_LIMIT]) for i in range(0, len(cells), FIELDS_LIMIT)]


def context(*texts: Markup) -> Block:
    """A small grey line."""
    return ContextBlock(elements=[_md(text, SECTION_LIMIT) for text in texts[:10]])


def divider() -> Block:
    """A thin line."""
    return DividerBlock()


def quote(text: str) -> Markup:
    """What somebody wrote, as a quotation of one or several lines."""
    return Markup("\n".join(f">{line}" for line in escape(text.strip()).split("\n")))


def confirm(title: str, text: str, yes: str, no: str) -> ConfirmObject:
    """A question before a button does something that is not undone by a click."""
    # A bare string would be read as mrkdwn, and these name customers.
    said = PlainTextObject(text=clip(text, 300))
    return ConfirmObject(title=clip(title, 100), text=said, confirm=clip(yes, 30), deny=clip(no, 30))


def button(
    label: str,
    action_id: str,
    value: str | int | None = None,
    *,
    style: str | None = None,
    confirm: ConfirmObject | None = None,
) -> ButtonElement:
    """A button; `style` is `primary`, `danger` or None."""
    return ButtonElement(
        text=_plain(label, 75),
        action_id=action_id,
        value=None if value is None else str(value),
        style=style,
        confirm=confirm,
    )


def actions(*elements: InteractiveElement, block_id: str | None = None) -> Block:
    """A row of buttons or selects."""
    return ActionsBlock(elements=list(elements), block_id=block_id)


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose."""

    value: str
    label: str
    description: str | None = None


def option(choice: Choice) -> Option:
    """A choice as Slack's option object."""
    return Option(
        value=choice.value,
        text=_plain(choice.label, 75),
        description=_plain(choice.description, 75) if choice.description else None,
    )


def _input(
    block_id: str,
    label: str,
    element: InputInteractiveElement,
    *,
    optional: bool,
    hint: str | None,
    dispatch: bool = False,
) -> Block:
    return InputBlock(
        block_id=block_id,
        label=_plain(label, 2000),
        element=element,
        optional=optional,
        hint=_plain(hint, 2000) if hint else None,
        dispatch_action=True if dispatch else None,
    )


def text_input(
    block_id: str,
    label: str,
    value: str = "",
    *,
    optional: bool = True,
    multiline: bool = False,
    hint: str | None = None,
    placeholder: str | None = None,
    max_length: int = 500,
    focus: bool = False,
) -> Block:
    """A line or a paragraph to type."""
    element = PlainTextInputElement(
        action_id=VALUE,
        multiline=multiline or None,
        initial_value=clip(value, max_length) or None,
        placeholder=clip(placeholder, 150) if placeholder else None,
        max_length=max_length,
        focus_on_load=True if focus else None,
    )
    return _input(block_id, label, element, optional=optional, hint=hint)


def number_input(
    block_id: str,
    label: str,
    value: int | None = None,
    *,
    optional: bool = True,
    least: int | None = None,
    most: int | None = None,
    hint: str | None = None,
) -> Block:
    """A whole number."""
    element = NumberInputElement(
        action_id=VALUE,
        is_decimal_allowed=False,
        initial_value=None if value is None else str(value),
        min_value=None if least is None else str(least),
        max_value=None if most is None else str(most),
    )
    return _input(block_id, label, element, optional=optional, hint=hint)


def radio_input(
    block_id: str,
    label: str,
    choices: Sequence[Choice],
    value: str | StrEnum | None = None,
    *,
    optional: bool = False,
    dispatch: str | None = None,
    hint: str | None = None,
) -> Block:
    """A few choices, all visible. `dispatch` is an action_id that hears of each change."""
    options = [option(choice) for choice in choices]
    element = RadioButtonsElement(
        action_id=dispatch or VALUE,
        options=options,
        initial_option=next((o for o in options if o.value == value), None),
    )
    return _input(block_id, label, element, optional=optional, hint=hint, dispatch=dispatch is not None)


def ticks_input(
    block_id: str,
    label: str,
    choices: Sequence[Choice],
    values: Sequence[str] = (),
    *,
    optional: bool = True,
    hint: str | None = None,
) -> Block:
    """Boxes to tick, any number of them."""
    options = [option(choice) for choice in choices]
    ticked = [o for o in options if o.value in values]
    # Slack refuses an empty list of ticked boxes.
    element = CheckboxesElement(action_id=VALUE, options=options, initial_options=ticked or None)
    return _input(block_id, label, element, optional=optional, hint=hint)


def select_input(
    block_id: str,
    label: str,
    choices: Sequence[Choice],
    value: str | StrEnum | None = None,
    *,
    optional: bool = True,
    placeholder: str | None = None,
    hint: str | None = None,
) -> Block:
    """A choice from a list."""
    options = [option(choice) for choice in choices]
    element = StaticSelectElement(
        action_id=VALUE,
        options=options,
        initial_option=next((o for o in options if o.value == value), None),
        placeholder=clip(placeholder, 150) if placeholder else None,
    )
    return _input(block_id, label, element, optional=optional, hint=hint)


def external_select(
    block_id: str,
    label: str,
    action_id: str,
    *,
    chosen: Choice | None = None,
    placeholder: str | None = None,
    min_query_length: int = 0,
    dispatch: bool = False,
    optional: bool = False,
    hint: str | None = None,
) -> Block:
    """A choice that is searched for while typing; `action_id` is the route that answers."""
    element = ExternalDataSelectElement(
        action_id=action_id,
        initial_option=option(chosen) if chosen else None,
        placeholder=clip(placeholder, 150) if placeholder else None,
        min_query_length=min_query_length,
    )
    return _input(block_id, label, element, optional=optional, hint=hint, dispatch=dispatch)


def channel_input(
    block_id: str, label: str, value: str | None = None, *, optional: bool = False, hint: str | None = None
) -> Block:
    """A channel of the workspace."""
    element = ConversationSelectElement(
        action_id=VALUE,
        initial_conversation=value,
        filter=ConversationFilter(include=["public", "private"], exclude_bot_users=True),
    )
    return _input(block_id, label, element, optional=optional, hint=hint)


def user_input(block_id: str, label: str, value: str | None = None, *, optional: bool = False) -> Block:
    """A person of the workspace."""
    return _input(block_id, label, UserSelectElement(action_id=VALUE, initial_user=value), optional=optional, hint=None)


def users_input(
    block_id: str, label: str, *, most: int | None = None, optional: bool = False, hint: str | None = None
) -> Block:
    """People of the workspace, `most` at a time."""
    element = UserMultiSelectElement(action_id=VALUE, max_selected_items=most)
    return _input(block_id, label, element, optional=optional, hint=hint)


def day_input(
    block_id: str, label: str, value: date | None = None, *, optional: bool = True, hint: str | None = None
) -> Block:
    """A date."""
    element = DatePickerElement(action_id=VALUE, initial_date=value.isoformat() if value else None)
    return _input(block_id, label, element, optional=optional, hint=hint)


def time_input(
    block_id: str, label: str, value: str | None = None, *, optional: bool = True, hint: str | None = None
) -> Block:
    """A time of day, HH:MM."""
    return _input(block_id, label, TimePickerElement(action_id=VALUE, initial_time=value), optional=optional, hint=hint)


def modal(
    callback_id: str,
    title: str,
    blocks: Sequence[Block],
    *,
    close: str,
    submit: str | None = None,
    private_metadata: str = "",
) -> View:
    """A modal. Titles and buttons hold 24 characters at the most, which is checked when it is sent."""
    return View(
        type="modal",
        callback_id=callback_id,
        title=PlainTextObject(text=title),
        submit=PlainTextObject(text=submit) if submit else None,
        close=PlainTextObject(text=close),
        blocks=list(blocks),
        private_metadata=private_metadata,
    )
