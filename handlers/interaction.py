"""The one typed argument of every handler, and the answers a handler may give."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from handlers.block_json import as_json
from handlers.blocks import Choice
from handlers.forms import Form, record
from handlers.i18n import Translator
from handlers.messages import Rendered
from handlers.refusals import error_of
from services.deps import Actor, Deps

FROM_HOME = "from_home"
"""In a modal's private metadata: the way to it began on the home tab."""


@dataclass(frozen=True, slots=True)
class Errors:
    """The modal stays open, each sentence under the input of its block_id."""

    by_field: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Update:
    """The modal is replaced."""

    view: View


@dataclass(frozen=True, slots=True)
class Push:
    """Another modal is laid over this one."""

    view: View


@dataclass(frozen=True, slots=True)
class Clear:
    """All modals close."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that only this person sees."""

    message: Rendered


@dataclass(frozen=True, slots=True)
class Kept:
    """The modal stays as it is, with a message on top: it has no input that could say it. `private_metadata`: what it
    was opened with, from now on, where that changes."""

    message: Rendered
    private_metadata: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What a searching select offers."""

    choices: Sequence[Choice]


Answer = Errors | Update | Push | Clear | Reply | Kept | Options | None
"""None closes a modal, or just acknowledges."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """One thing a person did: who, where, in which language, and the world to act on.

    `text` is what follows the verb of a command, the query of a select or the text of a message; `value` is a button's
    or an option's value; `view` is the view as Slack sent it, if the thing happened in one.
    """

    deps: Deps
    actor: Actor
    t: Translator
    client: AsyncWebClient
    body: Mapping[str, Any]
    text: str = ""
    value: str = ""
    trigger_id: str = ""
    channel: str = ""
    view: Mapping[str, Any] = field(default_factory=dict)
    afterwards: list[Callable[[], Awaitable[object]]] = field(default_factory=list)
    """What is done once Slack has its acknowledgement, and nobody waits for: a message elsewhere brought up to date.
    Lost with the process, so only what the next such moment would do anyway."""

    @property
    def form(self) -> Form:
        """The values of the view, as they stand."""
        return Form(self.view)

    @property
    def record(self) -> int:
        """The record that was clicked on. Refused: NOT_FOUND."""
        return record(self.value)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the modal was opened with (its private metadata)."""
        raw = self.view.get("private_metadata") or "{}"
        data = json.loads(raw)
        return data if isinstance(data, dict) else {}

    @property
    def thread(self) -> str:
        """The thread in which this happened: of the message that was clicked in, or of the one that was written; ""
        for none."""
        event, container = self.body.get("event") or {}, self.body.get("container") or {}
        pane = event.get("assistant_thread") or {}
        return str(event.get("thread_ts") or pane.get("thread_ts") or container.get("thread_ts") or "")

    @property
    def in_view(self) -> bool:
        """Whether this happened in a modal."""
        return self.view.get("type") == "modal"

    async def open(self, view: View) -> str:
        """Show a modal: over the one this happened in, or as the first. Its id; "" where that was lost."""
        call = self.client.views_push if self.in_view else self.client.views_open
        try:
            shown = await call(trigger_id=self.trigger_id, view=self.drawn(view))
        except SlackApiError as refused:
            # It is open already: the connection was lost with the answer, and the call repeated.
            if error_of(refused) != "exchanged_trigger_id":
                raise
            return ""
        return str((shown.get("view") or {}).get("id", ""))

    async def follow_up(self, view_id: str, view: View, drawn: str | None = None) -> None:
        """Replace a modal that was opened or redrawn a while ago, if it is still there: what was awaited has come.
        `drawn`: what `redraw` gave; then only if it still shows what was drawn then."""
        try:
            await self.client.views_update(view_id=view_id, hash=drawn, view=self.drawn(view))
        except SlackApiError as refused:
            if error_of(refused) not in ("not_found", "hash_conflict"):
                raise

    @property
    def from_home(self) -> bool:
        """Whether this happened on the home tab, or in a modal that was opened there: it shows what changed."""
        return self.view.get("type") == "home" or bool(self.metadata.get("home") or self.metadata.get(FROM_HOME))

    def drawn(self, view: View) -> dict[str, Any]:
        """A modal as Slack takes it, which remembers whether the way to it began on the home tab."""
        body = as_json(view)
        if self.from_home:
            body["private_metadata"] = metadata(**json.loads(body.get("private_metadata") or "{}") | {FROM_HOME: 1})
        return body

    async def redraw(self, view: View) -> str:
        """Replace the modal this happened in; what is typed in blocks that stay is kept by Slack. What it shows now has
        this name (Slack's hash) until it shows something else."""
        return await self._replace(self.drawn(view))

    async def redraw_blocks(self, blocks: Sequence[Mapping[str, Any]], private_metadata: str | None = None) -> None:
        """Replace the blocks of the modal this happened in, and what it was opened with where that is given; the rest
        stays."""
        given = self.view.get("private_metadata", "") if private_metadata is None else private_metadata
        stays = {name: self.view[name] for name in ("callback_id", "title", "submit", "close")}
        await self._replace({"type": "modal", **stays, "private_metadata": given, "blocks": list(blocks)})

    async def _replace(self, view: dict[str, Any]) -> str:
        answer = await self.client.views_update(view_id=str(self.view["id"]), hash=self.view.get("hash"), view=view)
        return str((answer.get("view") or {}).get("hash") or "")


def metadata(**values: str | int | None) -> str:
    """Private metadata of a modal."""
    given = {key: value for key, value in values.items() if value is not None}
    # Slack counts characters, of which an escaped one would be six.
    return json.dumps(given, ensure_ascii=False, separators=(",", ":"))


def dicts(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """Blocks as Slack takes them; raises where one is over a limit."""
    return [as_json(block) for block in blocks]
