"""What the app says above the field one writes in: that it is working on an answer, and what one could ask it."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable
from typing import Any

from bot.workspace.page.blocks import digest
from bot.workspace.page.emoji import with_emoji
from bot.workspace.page.emoji_art import with_art
from bot.workspace.page.parts import box, still

Json = dict[str, Any]


class AssistantBar:
    """Built inside the current container; empty while the app says nothing. `send` sends a prompt's message."""

    def __init__(self, app_name: str, send: Callable[[str], Awaitable[object]]) -> None:
        self._app = app_name
        self._send = send
        self._shown = ""
        self._root = box("kk-assistant", data_testid="assistant")
        self._root.set_visibility(False)
        with self._root:
            self._status = still("", role="status", aria_live="polite", data_testid="assistant-status")
            self._status.classes("kk-assistant-status")
            self._prompts = box("kk-assistant-prompts")

    def draw(self, said: Json) -> None:
        """`said` has status, loading_messages, prompts_title and prompts, each possibly empty."""
        content = digest(said)
        if content == self._shown:
            return
        self._shown = content
        status, prompts = str(said.get("status") or ""), said.get("prompts") or []
        self._root.set_visibility(bool(status or prompts))
        words = str((said.get("loading_messages") or [""])[0]) or f"{self._app} {status}"
        dots = '<span class="kk-dots" aria-hidden="true"><i></i><i></i><i></i></span>'
        inside = f"{dots}<span>{_plain(words)}</span>" if status else ""
        self._status.set_content(inside)
        self._prompts.clear()
        with self._prompts:
            if prompts and said.get("prompts_title"):
                still(_plain(str(said["prompts_title"])), tag="span").classes("kk-assistant-title")
            for prompt in prompts:
                self._button(prompt)

    def _button(self, prompt: Json) -> None:
        message = str(prompt.get("message") or "")
        button = still(
            _plain(str(prompt.get("title") or message)),
            tag="button",
            type="button",
            title=message,
            data_testid="assistant-prompt",
        ).classes("kk-prompt")
        button.on("click", lambda: self._send(message), args=[])


def _plain(text: str) -> str:
    return with_art(html.escape(with_emoji(text)))
