"""Where the assistant's answers go, and what was asked before in their thread."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from domain.assistant import Request
from handlers.assistant_answers import kept
from handlers.blocks import clip
from handlers.interaction import Interaction, dicts
from handlers.messages import Rendered
from handlers.refusals import error_of
from handlers.tools import Tool

log = logging.getLogger(__name__)

ANSWERED: Final = "assistant_answer"
"""The type of the metadata that says what a message answers."""
NEW_SECONDS: Final = 600.0
MOST_TITLE: Final = 60
MOST_READ: Final = 200
"""So many messages of a thread are looked through for what was asked before."""


async def say(
    interaction: Interaction,
    rendered: Rendered,
    tool: Tool | None = None,
    arguments: BaseModel | None = None,
    *,
    public: bool | None = None,
) -> None:
    """Post the answer. In a channel only what is `public` (as the tool says, if nothing else is said) is for all: what
    names customers, or is one's own, only the asker sees."""
    client, actor = interaction.client, interaction.actor
    message: dict[str, Any] = {
        "channel": interaction.channel,
        "thread_ts": answer_thread(interaction),
        "text": rendered.text,
        "blocks": dicts(rendered.blocks),
    }
    seen = (tool is not None and tool.public) if public is None else public
    if in_direct(interaction) or seen:
        await client.chat_postMessage(**message, metadata=metadata_of(tool, arguments))
    else:
        await client.chat_postEphemeral(**message, user=actor.slack_user)


def metadata_of(tool: Tool | None, arguments: BaseModel | None) -> dict[str, Any] | None:
    """What a message answers, by which the thread is gone on with."""
    if tool is None or arguments is None:
        return None
    return {"event_type": ANSWERED, "event_payload": {"tool": tool.name, "arguments": kept(arguments)}}


def in_direct(interaction: Interaction) -> bool:
    """Whether it was asked in the direct messages, where nobody else reads."""
    return str(interaction.body["event"].get("channel_type")) == "im"


def answer_thread(interaction: Interaction) -> str | None:
    """The thread for the answer: that of the question; in a channel the question begins one."""
    event = interaction.body["event"]
    return interaction.thread or (None if event.get("channel_type") == "im" else str(event["ts"]))


async def put_in_place(interaction: Interaction, rendered: Rendered) -> None:
    """Put the answer in place of the message that was clicked in."""
    url = str(interaction.body.get("response_url") or "")
    if not url:
        return
    hook = AsyncWebhookClient(url, session=interaction.client.session, retry_handlers=[])
    answer = await hook.send(text=rendered.text, blocks=dicts(rendered.blocks), replace_original=True)
    if answer.status_code != 200:
        log.warning("An answer could not take the place of its question: %s %s", answer.status_code, answer.body)


async def before(interaction: Interaction) -> Request | None:
    """What was asked last in this thread, from the metadata of my answers."""
    found = [request for request, _said in await thread(interaction) if request is not None]
    return found[-1] if found else None


async def thread(interaction: Interaction) -> list[tuple[Request | None, str]]:
    """The thread so far, in order: the requests that my answers answered, and what the asker wrote."""
    try:
        found = await interaction.client.conversations_replies(
            channel=interaction.channel, ts=interaction.thread, include_all_metadata=True, limit=MOST_READ
        )
    except SlackApiError:
        log.warning("A thread could not be read for what was asked before", exc_info=True)
        return []
    messages: Sequence[Mapping[str, Any]] = found.get("messages") or []
    so_far: list[tuple[Request | None, str]] = []
    for message in messages:
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") == ANSWERED and message.get("bot_id"):
            payload = metadata["event_payload"]
            words = {key: str(value) for key, value in payload["arguments"].items()}
            so_far.append((Request(str(payload["tool"]), words), ""))
        elif message.get("user") == interaction.actor.slack_user:
            so_far.append((None, str(message.get("text") or "")))
    return so_far


async def name_thread(interaction: Interaction) -> None:
    """Call a new thread of the pane by its first question, by which it is found again in the list of threads."""
    asked = [words for request, words in await thread(interaction) if request is None and words]
    # What was asked after it may stand there already.
    if asked[:1] != [str(interaction.body["event"].get("text") or "")]:
        return
    try:
        await interaction.client.assistant_threads_setTitle(
            channel_id=interaction.channel, thread_ts=interaction.thread, title=clip(asked[0], MOST_TITLE)
        )
    except SlackApiError as refused:
        # A thread that is none of the pane's has no name.
        log.info("No name for this thread: %s", error_of(refused))


def is_new(interaction: Interaction) -> bool:
    """Whether the thread in the direct messages began a short while ago."""
    event = interaction.body["event"]
    began = interaction.thread
    return in_direct(interaction) and bool(began) and float(event["ts"]) - float(began) < NEW_SECONDS
