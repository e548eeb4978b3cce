"""The assistant with a language model: it chooses the tools and says in a sentence what they found.

Tools that read are run under the asker's permissions. One that writes becomes the card the asker confirms. What the
model says is shown a sentence at a time, each only once every figure in it stands in what the tools found; otherwise
the tools' own answer stands alone.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block

from domain.errors import Refused
from domain.figures import unfounded
from domain.members import may
from domain.model import Unavailable
from handlers.assistant_answers import MOST_BLOCKS, outcome, shown
from handlers.assistant_posts import answer_thread, in_direct, metadata_of, say
from handlers.block_json import as_json
from handlers.blocks import context, divider, section
from handlers.boundary import sentence, warning
from handlers.i18n import Markup, escape
from handlers.interaction import Interaction, dicts
from handlers.messages import Rendered
from handlers.model_words import unavailable_line
from handlers.refusals import error_of
from handlers.routes import Routes
from handlers.tools import Arguments, Planned, Tool, Which
from services import assistant as service

log = logging.getLogger(__name__)

MOST_CALLS: Final = 3
MOST_RESULT: Final = 6000
"""Characters of what a tool found that the model is told."""
MOST_SAID: Final = 1500
MOST_ASKED: Final = 2000
_SENTENCE: Final = re.compile(r"[。！？!?\n]|[.](?=\s)")
_LINK: Final = re.compile(r"<[^<>|]*\|([^<>]*)>")
_CODE: Final = re.compile(r"[*_`~]|<[^<>]*>")


class NotUsable(Exception):
    """The model chose nothing that can be run."""


class Unfounded(Exception):
    """The model wrote a figure that no tool found."""


@dataclass(frozen=True, slots=True)
class Found:
    """A tool that was run, and its answer."""

    tool: Tool
    arguments: BaseModel
    message: Rendered


async def answer(interaction: Interaction, routes: Routes, history: Sequence[str]) -> None:
    """Answer with the model. Raises `Unavailable` or `NotUsable` before anything was said; the plain way is then to
    be taken."""
    await _status(interaction, interaction.t("is looking it up …"))
    may_use = {tool.name: tool for tool in routes.tools.values() if may(interaction.actor.role, tool.permission)}
    calls = await service.choose(
        interaction.deps, interaction.actor, interaction.text[:MOST_ASKED], history, described(may_use)
    )
    chosen = [(may_use[call.tool], call.arguments) for call in calls if call.tool in may_use][:MOST_CALLS]
    if not chosen:
        raise NotUsable
    writes = next((each for each in chosen if each[0].writes), None)
    found: list[Found] = []
    for tool, words in [writes] if writes else chosen:
        try:
            given, arguments = await outcome(interaction, tool, _offered(tool, words))
        except Refused as refused:
            if refused.field is None and refused.code.value == "invalid":
                # Words that are no arguments of the tool's.
                raise NotUsable from refused
            await say(interaction, warning(sentence(interaction.t, refused)), tool)
            return
        rendered = shown(interaction, tool, given, arguments)
        if isinstance(given, Which | Planned) or tool.name == "help":
            await say(interaction, rendered, tool, arguments)
            return
        found.append(Found(tool, arguments, rendered))
    await _told(interaction, found)


def described(tools: Mapping[str, Tool]) -> str:
    """The tools as the model reads them."""
    lines = []
    for tool in tools.values():
        doc = " ".join((tool.arguments.__doc__ or "").split())
        lines.append(f"- {tool.name}{' (writes)' if tool.writes else ''}: {doc}")
        hidden = tool.arguments.hidden if issubclass(tool.arguments, Arguments) else frozenset()
        properties = tool.arguments.model_json_schema().get("properties", {})
        definitions = tool.arguments.model_json_schema().get("$defs", {})
        for name, field in tool.arguments.model_fields.items():
            if name not in hidden:
                values = _values(properties.get(name, {}), definitions)
                lines.append(f"    - {name}: {field.description or ''}{values}")
    return "\n".join(lines)


def _values(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """The values that an argument may have, where they are few."""
    for part in [schema, *schema.get("anyOf", ()), *schema.get("allOf", ())]:
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name in definitions and "enum" in definitions[name]:
            return f" One of: {', '.join(map(str, definitions[name]['enum']))}."
    return ""


def _offered(tool: Tool, words: Mapping[str, str]) -> dict[str, str]:
    hidden = tool.arguments.hidden if issubclass(tool.arguments, Arguments) else frozenset()
    return {name: value for name, value in words.items() if name not in hidden and value not in ("", "null")}


def plain(message: Rendered) -> str:
    """A message's words without its marks, links and buttons."""
    lines: list[str] = []
    for block in message.blocks:
        body = as_json(block)
        texts = [body.get("text"), *body.get("fields", ())]
        texts += body["elements"] if body.get("type") == "context" else []
        lines += [str(text["text"]) for text in texts if isinstance(text, dict) and text.get("text")]
    said = _CODE.sub("", _LINK.sub(r"\1", "\n".join(lines)))
    return said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")[:MOST_RESULT]


async def _told(interaction: Interaction, found: Sequence[Found]) -> None:
    """What the tools found: in the model's words, and below them the tools' own."""
    results = [plain(each.message) for each in found]
    voice = _Voice(interaction, found)
    quiet: list[Markup] = []
    try:
        pieces = service.answer(interaction.deps, interaction.actor, interaction.text[:MOST_ASKED], results)
        async with aclosing(pieces):
            checked = founded(pieces, results)
            async with aclosing(checked):
                async for words in checked:
                    await voice.add(words)
    except Unfounded:
        await voice.unsay()
        quiet.append(interaction.t.md("The model's words held a figure that no tool found, so they are left out."))
    except Unavailable as unavailable:
        await voice.unsay()
        quiet.append(unavailable_line(interaction.t, unavailable.reason))
    await voice.end(quiet)


async def founded(pieces: AsyncIterator[str], records: Sequence[str]) -> AsyncGenerator[str, None]:
    """The text sentence by sentence, each once all its figures stand in the records. Raises `Unfounded`."""
    held, length = "", 0
    async for piece in pieces:
        held += piece
        ends = [match.end() for match in _SENTENCE.finditer(held)]
        if ends:
            sure, held = held[: ends[-1]], held[ends[-1] :]
            if unfounded(sure, records):
                raise Unfounded
            length += len(sure)
            yield sure
        if length + len(held) > MOST_SAID:
            break
    if held.strip():
        if unfounded(held, records):
            raise Unfounded
        yield held


def harmless(text: str) -> str:
    """A model's text in which nothing is linked, mentioned or drawn."""
    unmarked = text.replace("<", "＜").replace(">", "＞").replace("`", "'").replace("://", ": //")
    return re.sub(r"\]\s*\(", "] (", unmarked)


class _Voice:
    """The model's words on their way to the reader: as a stream where there is a thread for it, else at the end."""

    def __init__(self, interaction: Interaction, found: Sequence[Found]) -> None:
        self._interaction = interaction
        self._found = found
        self._said = ""
        self._ts: str | None = None

    @property
    def _streams(self) -> bool:
        return in_direct(self._interaction) and bool(self._interaction.thread)

    async def add(self, piece: str) -> None:
        safe = harmless(piece)
        self._said += safe
        if not self._streams:
            return
        client, place = self._interaction.client, self._interaction.channel
        if self._ts is None:
            begun = await client.chat_startStream(
                channel=place,
                thread_ts=self._interaction.thread,
                recipient_user_id=self._interaction.actor.slack_user,
                recipient_team_id=self._interaction.actor.team_id,
                markdown_text=safe,
            )
            self._ts = str(begun["ts"])
        else:
            await client.chat_appendStream(channel=place, ts=self._ts, markdown_text=safe)

    async def unsay(self) -> None:
        """Nothing of it stays."""
        self._said = ""

    async def end(self, quiet: Sequence[Markup]) -> None:
        """Say the rest: what the tools found, with its buttons."""
        first = self._found[0]
        blocks: list[Block] = []
        for each in self._found:
            blocks += [*([divider()] if blocks else []), *each.message.blocks]
        blocks = [*blocks[:MOST_BLOCKS], *([context(*quiet)] if quiet else [])]
        text = "\n".join(each.message.text for each in self._found)
        client, channel = self._interaction.client, self._interaction.channel
        if self._ts is None:
            words = [section(escape(self._said)), divider()] if self._said.strip() else []
            public = all(each.tool.public for each in self._found)
            message = Rendered(escape(self._said) or text, [*words, *blocks][: MOST_BLOCKS + 2])
            await say(self._interaction, message, first.tool, first.arguments, public=public)
            return
        metadata = metadata_of(first.tool, first.arguments)
        if self._said.strip():
            await client.chat_stopStream(
                channel=channel, ts=self._ts, blocks=dicts([divider(), *blocks][:49]), metadata=metadata
            )
            return
        await client.chat_stopStream(channel=channel, ts=self._ts, metadata=metadata)
        await client.chat_update(channel=channel, ts=self._ts, text=text, blocks=dicts(blocks), metadata=metadata)


async def _status(interaction: Interaction, status: str) -> None:
    """Say in the pane what is being done; Slack takes it away with the answer."""
    thread = answer_thread(interaction)
    if not in_direct(interaction) or not thread:
        return
    try:
        await interaction.client.assistant_threads_setStatus(
            channel_id=interaction.channel, thread_ts=thread, status=status
        )
    except SlackApiError as refused:
        # A thread that is none of the pane's has no status.
        log.info("No status in this thread: %s", error_of(refused))
