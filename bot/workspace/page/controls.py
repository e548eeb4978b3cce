"""The interactive elements of Block Kit as components, the same in messages, modals and homes."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from bot.workspace.inputs import selectable
from bot.workspace.page import rich_text
from bot.workspace.page.emoji import with_emoji
from bot.workspace.page.emoji_art import drawn
from bot.workspace.page.form import MULTIPLE, Form, epoch_of, options_of, wall_of
from bot.workspace.page.mrkdwn import Names, safe_url
from bot.workspace.page.parts import Choice, FileField, OverflowMenu, RichField, TextField, TickList, still
from bot.workspace.page.still import element_html, text_object

Json = dict[str, Any]
Option = dict[str, str]

_IDS = count(1)
_TEXT_KINDS = {
    "plain_text_input": "line",
    "number_input": "number",
    "email_text_input": "email",
    "url_text_input": "url",
    "datepicker": "date",
    "timepicker": "time",
    "datetimepicker": "datetime",
}
_CHOICES = {
    f"{many}{kind}"
    for many in ("", "multi_")
    for kind in ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
}
DEFAULT_QUERY_LENGTH = 3
CHOICE_WORDS = ("remove", "clear", "choose", "search_hint", "search_more", "searching", "no_result", "full", "narrow")


@dataclass(frozen=True)
class Talk:
    """A conversation one can choose: its option, its kind (channel, private, im, mpim), whether the app is in it."""

    option: Option
    kind: str
    with_app: bool = False


class Act(Protocol):
    """Tells the app of an action; `passing`: it only passes on what is being typed. `undo` puts back what was there
    before, where the app asks for a confirmation and the person gives none."""

    async def __call__(
        self, element: Json, block_id: str, value: Any, *, passing: bool = False, undo: Callable[[], None] | None = None
    ) -> None:
        """Element, block_id and the plain value."""


@dataclass
class Place:
    """Where elements stand: how ids read, what was put in so far, and whom to tell.

    `act` tells the app of an action (element, block_id, plain value); `search` asks it for options and returns them
    flat, with 'value', 'text', 'hint' and 'group'; `people` and `conversations` are the options of the id selects.
    """

    names: Names
    form: Form
    act: Act
    search: Callable[[Json, str, str], Awaitable[list[Option]]]
    people: list[Option] = field(default_factory=list)
    conversations: list[Talk] = field(default_factory=list)
    upload_url: str = ""


@dataclass(frozen=True)
class Labels:
    """How a control is named to screen readers, and whether it stands in an input block."""

    input_id: str = ""
    label: str = ""
    described: str = ""
    required: bool = False
    in_input: bool = False
    dispatches: bool = True
    invalid: bool = False


def fresh_id() -> str:
    """An id for a form field, unique in the process."""
    return f"kk-field-{next(_IDS)}"


def shown_options(options: list[Json]) -> list[Option]:
    """Options as the select component takes them: their texts are plain, so no id in them needs a name. Where emoji
    are drawn, 'textArt', 'hintArt' and 'groupArt' are the same words as HTML."""
    found = []
    for option in options:
        each = {"value": str(option.get("value") or ""), "text": _words(option.get("text"))}
        if option.get("description"):
            each["hint"] = _words(option["description"])
        if option.get("group"):
            each["group"] = with_emoji(str(option["group"]))
        pictures = {f"{name}Art": drawn(each[name]) for name in ("text", "hint", "group") if name in each}
        found.append(each | {name: picture for name, picture in pictures.items() if picture is not None})
    return found


def _words(text: Any) -> str:
    return with_emoji(str((text or {}).get("text") or "")) if isinstance(text, Mapping) else str(text or "")


def control(element: Json, block_id: str, place: Place, labels: Labels | None = None) -> Element:
    """Builds an element inside the current container and returns its component."""
    kind = str(element.get("type") or "")
    labels = labels or Labels(label=_words(element.get("placeholder")) or str(element.get("action_id") or ""))
    if kind in _CHOICES:
        return _choice(element, block_id, place, labels)
    if kind in {"checkboxes", "radio_buttons"}:
        return _ticks(element, block_id, place, labels)
    if kind == "overflow":
        return _overflow(element, block_id, place)
    if kind == "rich_text_input":
        return _rich(element, block_id, place, labels)
    if kind == "file_input":
        return _files(element, block_id, place, labels)
    if kind in _TEXT_KINDS:
        return _text(element, block_id, place, labels)
    return still(element_html(element, block_id, place.names), tag="span").classes("kk-control")


def _common(component: Element, element: Json, block_id: str, labels: Labels) -> None:
    component.props.update(
        {
            "inputId": labels.input_id or None,
            "label": labels.label or None,
            "describedby": labels.described or None,
            "required": labels.required,
            "invalid": labels.invalid,
            "blockId": block_id,
            "actionId": str(element.get("action_id") or ""),
            "autofocus": bool(element.get("focus_on_load")),
        }
    )
    if element.get("placeholder"):
        component.props["placeholder"] = _words(element["placeholder"])
    component.classes("kk-control")


def _given_options(element: Json, place: Place) -> list[Option]:
    kind = str(element.get("type")).removeprefix("multi_")
    if kind == "users_select":
        return place.people
    if kind == "channels_select":
        return [each.option for each in place.conversations if each.kind == "channel"]
    if kind == "conversations_select":
        return [each.option for each in place.conversations if selectable(element, each.kind, with_app=each.with_app)]
    return shown_options([option for option in options_of(element) if not option.get("hidden")])


def _choice(element: Json, block_id: str, place: Place, labels: Labels) -> Element:
    kind = str(element["type"])
    action_id = str(element.get("action_id") or "")
    multiple = kind in MULTIPLE
    external = kind.endswith("external_select")
    options = _given_options(element, place)
    words = {option["value"]: option["text"] for option in options}
    words.update({option["value"]: option["text"] for option in shown_options(options_of(element))})
    say = place.names.voice.say
    component = Choice()

    def entries(held: Any) -> list[dict[str, str | None]]:
        values = [_value(each) for each in (held if isinstance(held, list) else [held]) if each is not None]
        texts = [words.get(value) or place.form.words.get(value) or value for value in values]
        return [
            {"value": value, "text": text, "textArt": drawn(text)} for value, text in zip(values, texts, strict=True)
        ]

    _common(component, element, block_id, labels)
    component.props.update(
        {
            "options": [] if external else options,
            "chosen": entries(place.form.value(element, block_id)),
            "multiple": multiple,
            "external": external,
            "clearable": labels.in_input and not labels.required,
            "words": _component_words(say, *CHOICE_WORDS),
        }
    )
    if external:
        length = element.get("min_query_length")
        component.props["minLength"] = DEFAULT_QUERY_LENGTH if length is None else int(length)
    if element.get("max_selected_items"):
        component.props["max"] = int(element["max_selected_items"])

    async def chosen(event: GenericEventArguments) -> None:
        picked = event.args["picked"]
        place.form.words.update({each["value"]: each["text"] for each in picked})
        values = [each["value"] for each in picked]
        value: Any = values if multiple else (values[0] if values else None)
        before = place.form.value(element, block_id)

        def undo() -> None:
            place.form.put(block_id, action_id, before)
            component.run_method("reset", entries(before))

        place.form.put(block_id, action_id, value)
        if labels.dispatches:
            await place.act(element, block_id, value, undo=undo)

    async def searched(event: GenericEventArguments) -> None:
        found = await place.search(element, block_id, event.args["query"])
        component.run_method("answer", event.args["seq"], found)

    component.on("choose", chosen)
    if external:
        component.on("search", searched)
    return component


def _component_words(say: Callable[..., str], *names: str) -> dict[str, str]:
    """Sentences for a component, which fills the places {name} and {n} itself."""
    return {name: say(name, name="{name}", n="{n}") for name in names}


def _value(held: Any) -> str:
    return str(held.get("value")) if isinstance(held, Mapping) else str(held)


def _ticks(element: Json, block_id: str, place: Place, labels: Labels) -> Element:
    action_id = str(element.get("action_id") or "")
    multiple = element["type"] == "checkboxes"

    def ticked(held: Any) -> list[str]:
        return [_value(each) for each in (held if isinstance(held, list) else [held]) if each is not None]

    component = TickList()
    _common(component, element, block_id, labels)
    component.props.update(
        {
            "options": [
                {
                    "value": str(option.get("value") or ""),
                    "text": text_object(option.get("text"), place.names),
                    "hint": text_object(option.get("description"), place.names) or None,
                }
                for option in element.get("options") or []
            ],
            "chosen": ticked(place.form.value(element, block_id)),
            "multiple": multiple,
            "name": fresh_id(),
        }
    )

    async def chosen(event: GenericEventArguments) -> None:
        values = [each["value"] for each in event.args["picked"]]
        value: Any = values if multiple else (values[0] if values else None)
        before = place.form.value(element, block_id)

        def undo() -> None:
            place.form.put(block_id, action_id, before)
            component.run_method("reset", ticked(before))

        place.form.put(block_id, action_id, value)
        if labels.dispatches:
            await place.act(element, block_id, value, undo=undo)

    component.on("choose", chosen)
    return component


def _overflow(element: Json, block_id: str, place: Place) -> Element:
    component = OverflowMenu()
    component.classes("kk-control")
    options = []
    for option, shown in zip(element.get("options") or [], shown_options(element.get("options") or []), strict=True):
        address = safe_url(str(option["url"])) if option.get("url") else None
        options.append({**shown, "url": address} if address else shown)
    component.props.update(
        {
            "options": options,
            "label": place.names.voice.say("more"),
            "blockId": block_id,
            "actionId": str(element.get("action_id") or ""),
        }
    )

    async def chosen(event: GenericEventArguments) -> None:
        await place.act(element, block_id, event.args["picked"][0]["value"])

    component.on("choose", chosen)
    return component


def _rich(element: Json, block_id: str, place: Place, labels: Labels) -> Element:
    action_id = str(element.get("action_id") or "")
    held = place.form.value(element, block_id)
    say = place.names.voice.say
    component = RichField()
    _common(component, element, block_id, labels)
    component.props["initialHtml"] = rich_text.editable(held, place.names) if isinstance(held, dict) else ""
    component.props["words"] = _component_words(say, "bold", "italic", "strike", "code", "list", "numbers", "quote")

    def written(event: GenericEventArguments) -> None:
        place.form.put(block_id, action_id, None if event.args["empty"] else event.args["block"])

    component.on("written", written)
    return component


def _files(element: Json, block_id: str, place: Place, labels: Labels) -> Element:
    action_id = str(element.get("action_id") or "")
    held = place.form.value(element, block_id) or []
    say = place.names.voice.say
    component = FileField()
    _common(component, element, block_id, labels)
    component.props.update(
        {
            "initial": [{"id": each, "name": place.form.words.get(each, each)} for each in held],
            "max": int(element.get("max_files") or 10),
            "accept": ",".join(f".{ending}" for ending in element.get("filetypes") or []) or None,
            "uploadUrl": place.upload_url,
            "words": _component_words(say, "remove", "uploading", "drop_or", "choose_file", "file_too_many"),
        }
    )

    def filed(event: GenericEventArguments) -> None:
        files = event.args["held"]
        place.form.words.update({each["id"]: each["name"] for each in files})
        place.form.put(block_id, action_id, [each["id"] for each in files])

    component.on("files", filed)
    return component


def _text(element: Json, block_id: str, place: Place, labels: Labels) -> Element:
    kind = _TEXT_KINDS[str(element["type"])]
    action_id = str(element.get("action_id") or "")
    zone = place.names.voice.zone
    held = place.form.value(element, block_id)
    if kind == "line" and element.get("multiline"):
        kind = "multiline"
    component = TextField()
    _common(component, element, block_id, labels)
    component.props["kind"] = kind

    def written(held: Any) -> str:
        return wall_of(held, zone) if kind == "datetime" else str(held if held is not None else "")

    component.props["initial"] = written(held)
    if element.get("max_length"):
        component.props["maxLength"] = int(element["max_length"])
    if not labels.in_input:
        component.classes("kk-inline")
    typed_kinds = {"date", "time", "datetime"}
    triggers = (element.get("dispatch_action_config") or {}).get("trigger_actions_on") or ["on_enter_pressed"]
    if labels.dispatches:
        component.props["dispatch"] = ["on_change"] if kind in typed_kinds else list(triggers)
    # What the app knows of: where the person does not confirm a date, it stands there again.
    told = held

    def read(typed: object) -> Any:
        text = str(typed or "")
        if kind == "datetime":
            return epoch_of(text, zone)
        if kind == "number":
            # Japanese input methods type full-width digits; a number is a number in either width.
            return unicodedata.normalize("NFKC", text).strip().replace("−", "-") or None
        if kind in {"email", "url"}:
            return unicodedata.normalize("NFKC", text).strip() or None
        return text or None

    def typed(event: GenericEventArguments) -> None:
        place.form.put(block_id, action_id, read(event.args))

    async def dispatched(event: GenericEventArguments) -> None:
        nonlocal told
        value = read(event.args)
        place.form.put(block_id, action_id, value)
        if kind in typed_kinds and not value:
            return
        before, told = told, value

        def undo() -> None:
            nonlocal told
            told = before
            place.form.put(block_id, action_id, before)
            component.run_method("reset", written(before))

        await place.act(element, block_id, value, passing=True, undo=undo)

    component.on("typed", typed)
    component.on("dispatch", dispatched)
    return component
