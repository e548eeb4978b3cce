"""The panel at the right: one message, its replies, and a field to reply."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from bot.workspace.page.assistant import AssistantBar
from bot.workspace.page.conversation import Column
from bot.workspace.page.desk import Desk
from bot.workspace.page.parts import Row, Surface, box, still
from bot.workspace.page.stream import Stream
from bot.workspace.page.writing import build_composer
from bot.workspace.person import PersonError

CROSS = '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M5 5l10 10M15 5L5 15"/></svg>'


# The newest replies that a thread opens with, and what one press on "older" adds.
REPLIES = 200


class ThreadPanel:
    """At most one open thread of the conversation in the main column. `widened` is told when it opens and shuts."""

    def __init__(self, desk: Desk, container: Element, widened: Callable[[bool], None]) -> None:
        self._desk = desk
        self._container = container
        self._widened = widened
        self._ts: str | None = None
        self._streams: tuple[Stream, Stream] | None = None
        self._count = REPLIES
        self._assistant: AssistantBar | None = None
        # The Escape that gives up a Japanese composition closes nothing.
        container.on(
            "keydown.escape", self.leave, js_handler="(event) => event.isComposing || event.keyCode === 229 || emit()"
        )

    def open(self, ts: str, column: Column) -> None:
        """Opens the thread of a message (or shows again one that is open)."""
        self.shut()
        self._ts, self._count = ts, REPLIES
        self.draw(column)

    def shut(self) -> None:
        """Closes the panel."""
        if self._streams is not None:
            self._container.clear()
            self._widened(False)
        self._ts = self._streams = self._assistant = None

    def leave(self) -> None:
        """The person closes the panel: the focus goes back to where the thread was opened, or to the field beside."""
        ts = self._ts
        self.shut()
        self._desk.run(f"kkReturn({json.dumps(ts)})")

    def draw(self, column: Column) -> None:
        """Brings the panel up to the desk's screen; a message that is gone closes it."""
        found = self._find(column)
        if self._ts is None or found is None:
            self.shut()
            return
        if self._streams is None:
            self._streams = self._build(column, self._ts)
        head, tail = self._streams
        parent, replies = found["parent"], found["replies"]
        head.show([parent], self._desk.setting(column.ident, head.form_of, in_thread=True))
        words = html.escape(self._desk.voice.replies(max(len(replies), parent["reply_count"])))
        line = Row("replies", words, lambda: still(f'<span class="kk-day">{words}</span>').classes("kk-day-line"))
        setting = self._desk.setting(column.ident, tail.form_of, in_thread=True)
        before = [line] if replies else []
        if found["has_more"]:
            older = html.escape(self._desk.voice.say("show_older"))
            button = f'<button type="button" class="kk-button" data-act="older">{older}</button>'
            before.append(Row("older", older, lambda: still(button).classes("kk-older")))
        tail.show(replies, setting, before=before)
        if self._assistant is not None and (conversation := self._desk.conversation(column.ident)):
            said = dict(conversation["assistant"].get(self._ts) or {})
            if any(reply["user"] == self._desk.me for reply in replies):
                # What one could begin with is of no use to who has begun.
                said["prompts"] = []
            self._assistant.draw(said)

    def _find(self, column: Column) -> dict[str, Any] | None:
        if self._ts is None:
            return None
        try:
            return self._desk.person.thread(column.ident, self._ts, self._count)
        except PersonError:
            return None

    async def _act(self, event: GenericEventArguments, column: Column) -> None:
        if event.args["act"] == "older":
            self._count += REPLIES
            self.draw(column)
        else:
            await column.act(event)

    def _build(self, column: Column, ts: str) -> tuple[Stream, Stream]:
        say = self._desk.voice.say
        conversation = self._desk.conversation(column.ident)
        self._widened(True)
        with self._container:
            with box("kk-head", tag="header"):
                name = html.escape(self._desk.title_of(conversation)) if conversation else ""
                still(f"<h2>{html.escape(say('thread'))}</h2><p class='kk-topic'>{name}</p>").classes("kk-head-line")
                cross = still(
                    CROSS,
                    tag="button",
                    type="button",
                    aria_label=say("close"),
                    title=say("close"),
                    data_testid="thread-close",
                )
                cross.classes("kk-icon-button").on("click", self.leave, args=[])
            surface = Surface().classes("kk-scroll")
            surface.props.update({"stick": True, "role": "log", "label": say("thread"), "newBelow": say("new_below")})
            surface.on("act", lambda event: self._act(event, column))
            streams = (Stream(surface), Stream(surface))
            if conversation is not None and conversation["is_member"]:
                with box("kk-composer-place"):
                    self._assistant = AssistantBar(
                        self._desk.screen["app"]["name"],
                        lambda text: self._desk.attempt(self._desk.person.message(column.ident, text, ts)),
                    )
                    build_composer(self._desk, conversation, ts)
        return streams
