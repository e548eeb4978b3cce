"""Dialogs: the stack of an app's modals with the top one shown, and the question before a dangerous button."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from nicegui.element import Element

from bot.workspace.inputs import elements
from bot.workspace.page.blocks import BlockList
from bot.workspace.page.controls import Place, fresh_id
from bot.workspace.page.form import Form, fitting
from bot.workspace.page.mrkdwn import Names
from bot.workspace.page.parts import DialogFrame, Surface, box, still
from bot.workspace.page.still import text_object

Json = dict[str, Any]
Values = dict[str, dict[str, Any]]

_CROSS = '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M5 5l10 10M15 5L5 15"/></svg>'


class Modals:
    """The person's modal stack. `place_of` makes the place of a view's elements; the rest are the person's acts."""

    def __init__(
        self,
        container: Element,
        *,
        place_of: Callable[[Json, Form], Place],
        submit: Callable[[Json, Form], Awaitable[Json]],
        close: Callable[[str], Awaitable[None]],
        pressed: Callable[[Json, Json, Form], Awaitable[None]],
    ) -> None:
        self._container = container
        self._place_of = place_of
        self._submit = submit
        self._close = close
        self._pressed = pressed
        self._forms: dict[str, Form] = {}
        self._open: OpenModal | None = None

    def show(self, views: Sequence[Json], names: Names) -> None:
        """Shows the top of the stack; the forms of those below wait with what was typed in them."""
        ids = {view["id"] for view in views}
        for view_id in [each for each in self._forms if each not in ids]:
            del self._forms[view_id]
        top = views[-1] if views else None
        if self._open is not None and (top is None or top["id"] != self._open.view["id"]):
            self._open.frame.delete()
            self._open = None
        if top is None:
            return
        form = self._forms.setdefault(top["id"], Form(top.get("state")))
        form.words.update(top.get("labels") or {})
        if self._open is None:
            with self._container:
                self._open = OpenModal(top, names, form, self._place_of(top, form), self)
        self._open.draw(top, names)

    async def submit(self, opened: OpenModal) -> None:
        """Submits what was typed."""
        if opened.busy:
            return
        opened.busy = True
        opened.judge()
        opened.progress(True)
        try:
            result = await self._submit(opened.view, opened.form)
        finally:
            opened.busy = False
            if self._open is opened:
                opened.progress(False)
        if self._open is opened and result.get("errors"):
            opened.refuse(result["errors"])

    async def close(self, opened: OpenModal) -> None:
        """Closes the modal that is shown."""
        await self._close(opened.view["id"])

    async def pressed(self, opened: OpenModal, act: Json) -> None:
        """A still button inside the modal was pressed."""
        try:
            await self._pressed(act, opened.view, opened.form)
        finally:
            if not opened.surface.is_deleted:
                opened.surface.run_method("settle")


class OpenModal:
    """One modal on the page."""

    def __init__(self, view: Json, names: Names, form: Form, place: Place, owner: Modals) -> None:
        self.view = view
        self.form = form
        self.busy = False
        self._shown_errors: dict[str, str] = {}
        self._names = names
        self._notice: Element | None = None
        say = names.voice.say
        title_id = fresh_id()
        self.frame = DialogFrame()
        self.frame.props.update({"titleId": title_id, "testid": "modal", "viewId": view["id"]})
        with self.frame:
            with box("kk-dialog-head"):
                self._title = still("", tag="h2", id=title_id)
                cross = still(
                    _CROSS,
                    tag="button",
                    type="button",
                    data_testid="modal-close",
                    aria_label=say("close"),
                    title=say("close"),
                ).classes("kk-icon-button")
            self.surface = Surface().classes("kk-dialog-body")
            with self.surface:
                self._notice_place = box("kk-notice-place")
                self._blocks = BlockList(box("kk-form"), place)
            with box("kk-dialog-foot"):
                self._cancel = still("", tag="button", type="button", data_testid="modal-cancel").classes("kk-button")
                self._send = still("", tag="button", type="button", data_testid="modal-submit")
                self._send.classes("kk-button kk-primary")

        async def close() -> None:
            await owner.close(self)

        async def submit() -> None:
            if self.view.get("submit"):
                await owner.submit(self)

        self.frame.on("dismiss", close, args=[])
        self.frame.on("commit", submit, args=[])
        cross.on("click", close, args=[])
        self._cancel.on("click", close, args=[])
        self._send.on("click", submit, args=[])
        self.surface.on("act", lambda event: owner.pressed(self, event.args))

    def draw(self, view: Json, names: Names) -> None:
        """Brings the modal up to what the view now is."""
        new_top = begins_anew(self.view, view)
        self.view = view
        say = names.voice.say
        self._title.set_content(text_object(view.get("title"), names))
        self._cancel.set_content(text_object(view.get("close"), names) or html.escape(say("cancel")))
        words = text_object(view.get("submit"), names)
        self._send.set_content(
            f'<span class="kk-send-words">{words}</span><span class="kk-spinner" aria-hidden="true"></span>'
        )
        self._send.set_visibility(bool(words))
        errors = {str(key): str(value) for key, value in (view.get("errors") or {}).items()}
        fresh = errors != self._shown_errors and bool(errors)
        self._shown_errors = errors
        self._blocks.show(view.get("blocks") or [], errors)
        self._tell(str(view.get("notice") or ""))
        if new_top:
            self.frame.run_method("toTop")
        if fresh:
            self.frame.run_method("focusFault")

    def judge(self) -> None:
        """What was typed is about to be submitted."""
        self._blocks.judge()

    def refuse(self, errors: Json) -> None:
        """Shows refusals by block_id; those without a field of their own stand above the form."""
        known = {key: str(value) for key, value in errors.items() if self._blocks.holds_input(key)}
        self._blocks.show(self.view.get("blocks") or [], known)
        self._shown_errors = {str(key): str(value) for key, value in errors.items()}
        self._tell(" ".join(str(value) for key, value in errors.items() if key not in known))
        self.frame.run_method("focusFault")

    def progress(self, under_way: bool) -> None:
        """Shows that the submission is on its way."""
        self._send.props["disabled"] = under_way
        self._send.props["aria-busy"] = "true" if under_way else "false"

    def _tell(self, sentence: str) -> None:
        if self._notice is not None:
            self._notice.delete()
            self._notice = None
        if sentence:
            with self._notice_place:
                shown = html.escape(self._names.voice.refusal(sentence))
                self._notice = still(shown, role="alert", data_testid="modal-notice").classes("kk-notice")


def begins_anew(before: Json, after: Json) -> bool:
    """Whether an updated view starts with something the person has not seen: another form, or a new first block. The
    same block under another id is not new, because the workspace gives blocks without an id another one each time."""
    if before.get("callback_id") != after.get("callback_id"):
        return True
    known, blocks = before.get("blocks") or [], after.get("blocks") or []
    if not blocks or any(block.get("block_id") == blocks[0].get("block_id") for block in known):
        return False
    first = {**blocks[0], "block_id": ""}
    return all({**block, "block_id": ""} != first for block in known)


def values_for(view: Json, form: Form) -> Values:
    """What was typed, for those elements that the view still has."""
    kept: Values = {}
    for block, element in elements(view.get("blocks") or []):
        block_id, action_id = str(block.get("block_id")), str(element.get("action_id") or "")
        if action_id in form.touched.get(block_id, {}):
            kept.setdefault(block_id, {})[action_id] = fitting(element, form.touched[block_id][action_id])
    return kept


def ask(
    container: Element,
    confirm: Json,
    names: Names,
    then: Callable[[], Awaitable[None]],
    otherwise: Callable[[], None] | None = None,
) -> None:
    """Asks before an action, with the app's own words; `then` runs on yes, `otherwise` on anything else."""
    say = names.voice.say
    title_id = fresh_id()
    with container:
        frame = DialogFrame()
    frame.props.update({"titleId": title_id, "testid": "confirm", "size": "small", "alert": True})
    danger = "kk-danger-full" if confirm.get("style") == "danger" else "kk-primary"
    with frame:
        with box("kk-dialog-head"):
            still(text_object(confirm.get("title"), names), tag="h2", id=title_id)
        with box("kk-dialog-body"):
            still(text_object(confirm.get("text"), names)).classes("kk-text")
        with box("kk-dialog-foot"):
            no = still(
                text_object(confirm.get("deny"), names) or html.escape(say("cancel")),
                tag="button",
                type="button",
                data_testid="confirm-deny",
            ).classes("kk-button")
            yes = still(
                text_object(confirm.get("confirm"), names) or html.escape(say("accept")),
                tag="button",
                type="button",
                data_testid="confirm-accept",
                data_first="true",
            ).classes(f"kk-button {danger}")

    async def agreed() -> None:
        frame.delete()
        await then()

    def refused() -> None:
        frame.delete()
        if otherwise is not None:
            otherwise()

    frame.on("dismiss", refused, args=[])
    no.on("click", refused, args=[])
    yes.on("click", agreed, args=[])
