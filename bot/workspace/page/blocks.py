"""A list of blocks on the page: still ones as HTML, those with controls as components, kept where nothing changed."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from nicegui.element import Element

from bot.workspace.page.controls import Labels, Place, control, fresh_id
from bot.workspace.page.parts import Row, Rows, box, still
from bot.workspace.page.still import block_html, is_still, section_text, text_object

Json = dict[str, Any]


def digest(value: object) -> str:
    """A value's content in one string, for comparing."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


class BlockList:
    """The blocks of a view or message inside one container."""

    def __init__(self, container: Element, place: Place) -> None:
        self._place = place
        self._rows = Rows(container)
        self._inputs: dict[str, InputBlock] = {}
        # Refused fields that were changed since: nobody has judged what stands in them now.
        self._mended: set[str] = set()
        place.form.changed = self._mend

    def show(self, blocks: Sequence[Json], errors: Mapping[str, str] | None = None) -> None:
        """Draws the blocks; what was typed stays where block_id and action_id stay. `errors` are by block_id."""
        rows = []
        for index, block in enumerate(blocks):
            block_id = str(block.get("block_id") or f"#{index}")
            rows.append(Row(block_id, digest(block), lambda block=block: self._build(block)))  # type: ignore[misc]
        self._rows.show(rows)
        shown = {row.key for row in rows}
        for block_id in [each for each in self._inputs if each not in shown]:
            del self._inputs[block_id]
        for block_id, field in self._inputs.items():
            field.complain(None if block_id in self._mended else (errors or {}).get(block_id))

    def judge(self) -> None:
        """The values are being submitted: what is refused from now on was refused as it stands."""
        self._mended.clear()

    def _mend(self, block_id: str) -> None:
        self._mended.add(block_id)
        if block_id in self._inputs:
            self._inputs[block_id].complain(None)

    def holds_input(self, block_id: str) -> bool:
        """Whether an input block of that id is shown, so that an error can stand under it."""
        return block_id in self._inputs

    def _build(self, block: Json) -> Element:
        if block.get("type") == "input":
            field = InputBlock(block, self._place)
            self._inputs[field.block_id] = field
            return field.root
        return build_block(block, self._place)


def build_block(block: Json, place: Place) -> Element:
    """Builds one block inside the current container."""
    if is_still(block):
        return still(block_html(block, place.names)).classes("kk-still")
    block_id = str(block.get("block_id") or "")
    if block.get("type") == "section":
        root = box("kk-block kk-section kk-with-control", data_block=block_id)
        with root:
            still(section_text(block, place.names)).classes("kk-section-text")
            with box("kk-accessory"):
                control(block["accessory"], block_id, place)
        return root
    if block.get("type") == "input":
        return InputBlock(block, place).root
    root = box("kk-block kk-actions", data_block=block_id)
    with root:
        for element in block.get("elements") or []:
            control(element, block_id, place)
    return root


class InputBlock:
    """A labelled field with its hint and the place where a refusal stands."""

    def __init__(self, block: Json, place: Place) -> None:
        self.block_id = str(block.get("block_id") or "")
        element = block.get("element") or {}
        optional = bool(block.get("optional"))
        voice = place.names.voice
        input_id = fresh_id()
        self._sentence: str | None = None
        self._voice = voice
        label = str((block.get("label") or {}).get("text") or "")
        self.root = box("kk-block kk-input", data_block=self.block_id)
        with self.root:
            mark = f' <span class="kk-optional">{html.escape(voice.say("optional"))}</span>' if optional else ""
            words = f"{text_object(block.get('label'), place.names)}{mark}"
            grouped = element.get("type") in {"checkboxes", "radio_buttons", "rich_text_input"}
            still(words, tag="div" if grouped else "label", **({} if grouped else {"for": input_id})).classes(
                "kk-label"
            )
            self._control = control(
                element,
                self.block_id,
                place,
                Labels(
                    input_id=input_id,
                    label=label,
                    described=f"{input_id}-about",
                    required=not optional,
                    in_input=True,
                    dispatches=bool(block.get("dispatch_action")),
                ),
            )
            self._about = box("kk-about", id=f"{input_id}-about")
            self._error: Element | None = None
            if block.get("hint"):
                with self._about:
                    still(text_object(block["hint"], place.names)).classes("kk-hint")

    def complain(self, sentence: str | None) -> None:
        """Shows why the field was refused, or takes it back."""
        if sentence == self._sentence:
            return
        self._sentence = sentence
        if self._error is not None:
            self._error.delete()
            self._error = None
        if sentence:
            with self._about:
                words = f'<span aria-hidden="true">⚠</span> {html.escape(self._voice.refusal(sentence))}'
                self._error = still(words, data_testid="field-error", data_block=self.block_id, role="alert")
                self._error.classes("kk-error").move(target_index=0)
        self._control.props["invalid"] = bool(sentence)
        self.root.classes(add="kk-refused" if sentence else "", remove="" if sentence else "kk-refused")
