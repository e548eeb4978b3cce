"""Parts of what a person sees that are asked for by themselves: older messages, a stretch of a channel, a thread."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from bot.workspace.messages import Conversation, Message
from bot.workspace.screen import shown_message, shown_messages
from bot.workspace.state import Workspace


def older(workspace: Workspace, conversation: Conversation, user: str, before: str, limit: int) -> dict[str, Any]:
    """The `limit` top-level messages before a timestamp, with their threads; `has_more` says whether others are
    older still."""
    shown, more = conversation.newest("", before, max(limit, 0), inclusive=False)
    since = shown[0] if more and shown else ""
    return {**shown_messages(workspace, conversation, user, shown, since=since, until=before), "has_more": more}


def window(
    workspace: Workspace, conversation: Conversation, user: str, first: str, last: str | None, limit: int
) -> dict[str, Any]:
    """The top-level messages from the timestamp `first` to `last` (None: to the newest), at most `limit`, with their
    threads; `has_older` and `has_newer` say what lies outside."""
    inside = conversation.between(first, last, inclusive=True)
    shown = inside[:limit]
    timeline = conversation.timeline
    newer = len(shown) < len(inside) or bool(shown and shown[-1] < timeline[-1])
    has_older = bool(shown and shown[0] > timeline[0])
    # Timestamps are compared as text: this is just behind the last one that is shown.
    until = f"{shown[-1]}~" if newer and shown else ""
    found = shown_messages(workspace, conversation, user, shown, since=first if has_older else "", until=until)
    return {**found, "has_older": has_older, "has_newer": newer}


def thread(workspace: Workspace, conversation: Conversation, user: str, parent: Message, limit: int) -> dict[str, Any]:
    """A thread: its `parent` and the newest `limit` `replies`, the person's ephemeral ones among them; `has_more` says
    whether there are older ones."""
    replies = parent.replies or []
    shown = replies[-limit:] if limit > 0 else []
    more = len(shown) < len(replies)
    since = shown[0] if more and shown else ""
    private = [
        message
        for message in conversation.ephemerals.get(user, {}).values()
        if message.thread_ts == parent.ts and message.ts >= since
    ]
    found = sorted([*(conversation.messages[reply] for reply in shown), *private], key=lambda message: message.ts)
    return {
        "parent": shown_message(workspace, parent, user),
        "replies": [shown_message(workspace, message, user) for message in found],
        "has_more": more,
    }


def step(conversation: Conversation, ts: str, by: int) -> str:
    """The timestamp of the top-level message `by` places after one (before it where negative); where there are fewer,
    the last there is."""
    timeline = conversation.timeline
    place = bisect_left(timeline, ts) + by
    return timeline[max(0, min(place, len(timeline) - 1))] if timeline else ts
