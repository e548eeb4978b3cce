"""Conversations and the messages in them.

A conversation keeps its top-level messages in one ascending list of timestamps and each thread in another, so posting
costs the same in an empty channel and in one with a hundred thousand messages.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Blocks = list[dict[str, Any]]
Kind = Literal["channel", "private", "im", "mpim"]
# (block_id, action_id) → the element's typed state, as in Slack's `state.values`.
Values = dict[tuple[str, str], dict[str, Any]]


@dataclass(slots=True)
class Message:
    """One message. `user` is the author's user id (the bot's for the app); `bot_id` is set for the app's messages."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: Blocks | None = None
    attachments: list[dict[str, Any]] | None = None
    bot_id: str | None = None
    username: str | None = None
    icons: dict[str, str] | None = None
    thread_ts: str | None = None
    subtype: str | None = None
    metadata: dict[str, Any] | None = None
    files: list[str] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edited: str | None = None
    replies: list[str] | None = None
    broadcast: bool = False
    ephemeral_to: str | None = None
    client_msg_id: str | None = None
    # What each person has chosen in the message's selects and pickers: user id → values.
    chosen: dict[str, Values] | None = None
    # Who has answered in the thread, in order of their first answer, with how many answers each: so that neither
    # posting into a long thread nor describing its parent walks through it.
    repliers: dict[str, int] | None = None
    # "in_progress" while the app streams into the message, "completed" afterwards; None for every other message.
    streaming: str | None = None

    def top_level(self) -> bool:
        """Whether the message stands in the channel itself (also a reply that was sent there too)."""
        return self.thread_ts is None or self.thread_ts == self.ts or self.broadcast


@dataclass(slots=True)
class Pin:
    """Who pinned a message, and when (seconds since the epoch)."""

    user: str
    created: int


@dataclass(slots=True)
class Bookmark:
    """A link in the bar above a channel. Times in seconds since the epoch."""

    id: str
    title: str
    link: str
    emoji: str
    created: int
    updated: int
    updated_by: str
    entity_id: str | None = None


@dataclass(slots=True)
class AssistantThread:
    """What the app says about a thread it works in. `prompts` are {title, message}."""

    status: str = ""
    loading_messages: list[str] = field(default_factory=list)
    title: str = ""
    prompts_title: str = ""
    prompts: list[dict[str, str]] = field(default_factory=list)


class Conversation:
    """A channel, a direct message (im) or a group direct message (mpim)."""

    def __init__(
        self, ident: str, kind: Kind, name: str, members: Iterable[str], *, topic: str = "", creator: str, created: int
    ) -> None:
        self.id = ident
        self.kind: Kind = kind
        self.name = name
        self.topic = topic
        self.purpose = ""
        self.previous_names: list[str] = []
        self.creator = creator
        self.created = created
        self.archived = False
        self.members: dict[str, None] = dict.fromkeys(members)
        self.messages: dict[str, Message] = {}
        self.timeline: list[str] = []
        self.ephemerals: dict[str, dict[str, Message]] = {}
        self.unread: dict[str, int] = {}
        self.mentions: dict[str, int] = {}
        self.last_read: dict[str, str] = {}
        self.closed_for: set[str] = set()
        # By the timestamp of the message, oldest pin first.
        self.pins: dict[str, Pin] = {}
        self.bookmarks: dict[str, Bookmark] = {}
        # By the timestamp of the thread's parent; "" stands for the conversation itself.
        self.assistant: dict[str, AssistantThread] = {}

    def add(self, message: Message) -> None:
        """Appends a message. A reply whose parent is not there is a mistake of the caller (KeyError)."""
        self.messages[message.ts] = message
        if message.thread_ts is not None and message.thread_ts != message.ts:
            parent = self.messages[message.thread_ts]
            if parent.replies is None or parent.repliers is None:
                parent.replies, parent.repliers = [], {}
                parent.thread_ts = parent.ts
            parent.replies.append(message.ts)
            parent.repliers[message.user] = parent.repliers.get(message.user, 0) + 1
        if message.top_level():
            self.timeline.append(message.ts)

    def remove(self, message: Message) -> None:
        """Takes a message out. The parent of a thread stays as a tombstone, as in Slack."""
        self.pins.pop(message.ts, None)
        if message.replies:
            message.subtype, message.text, message.user = "tombstone", "This message was deleted.", "USLACKBOT"
            message.blocks = message.attachments = message.metadata = message.bot_id = None
            message.files, message.reactions = [], {}
            return
        del self.messages[message.ts]
        _drop(self.timeline, message.ts)
        if message.thread_ts is not None and message.thread_ts != message.ts:
            parent = self.messages.get(message.thread_ts)
            if parent is not None and parent.replies is not None:
                _drop(parent.replies, message.ts)
                self._forget_replier(parent, message.user)
                if not parent.replies:
                    parent.replies, parent.repliers, parent.thread_ts = None, None, None
                    if parent.subtype == "tombstone":
                        self.remove(parent)

    @staticmethod
    def _forget_replier(parent: Message, user: str) -> None:
        repliers = parent.repliers or {}
        repliers[user] = repliers.get(user, 1) - 1
        if not repliers[user]:
            del repliers[user]

    def broadcast(self, message: Message) -> None:
        """Sends a reply that stood in its thread alone to the channel too."""
        message.broadcast, message.subtype = True, "thread_broadcast"
        insort(self.timeline, message.ts)

    def add_ephemeral(self, message: Message) -> None:
        """Keeps a message that one person alone sees: the one `ephemeral_to` names."""
        self.ephemerals.setdefault(message.ephemeral_to or "", {})[message.ts] = message

    def seen_by(self, user: str, ts: str) -> Message | None:
        """The message of that timestamp as one person sees it: everybody's, or an ephemeral one of their own."""
        return self.messages.get(ts) or self.ephemerals.get(user, {}).get(ts)

    def between(self, oldest: str, latest: str | None, *, inclusive: bool) -> list[str]:
        """Timestamps of the top-level messages from `oldest` to `latest`, ascending."""
        return _between(self.timeline, oldest, latest, inclusive=inclusive)

    def newest(
        self, oldest: str, latest: str | None, limit: int, *, inclusive: bool, before: str | None = None
    ) -> tuple[list[str], bool]:
        """The newest `limit` top-level timestamps from `oldest` to `latest` and earlier than `before`, ascending, and
        whether older ones are left. Costs what the page costs, however long the history is."""
        start, end = _bounds(self.timeline, oldest, latest, inclusive=inclusive)
        if before is not None:
            end = max(start, min(end, bisect_left(self.timeline, before)))
        first = max(start, end - limit)
        return self.timeline[first:end], first > start

    def thread_between(self, parent: Message, oldest: str, latest: str | None, *, inclusive: bool) -> list[str]:
        """Timestamps of a thread's replies from `oldest` to `latest`, ascending, without the parent."""
        return _between(parent.replies or [], oldest, latest, inclusive=inclusive)


def _between(ordered: list[str], oldest: str, latest: str | None, *, inclusive: bool) -> list[str]:
    start, end = _bounds(ordered, oldest, latest, inclusive=inclusive)
    return ordered[start:end]


def _bounds(ordered: list[str], oldest: str, latest: str | None, *, inclusive: bool) -> tuple[int, int]:
    # All timestamps have ten digits before and six behind the point, so they sort as text.
    start = bisect_left(ordered, oldest) if inclusive else bisect_right(ordered, oldest)
    if latest is None:
        end = len(ordered)
    else:
        end = bisect_right(ordered, latest) if inclusive else bisect_left(ordered, latest)
    return start, max(start, end)


def _drop(ordered: list[str], ts: str) -> None:
    place = bisect_left(ordered, ts)
    if place < len(ordered) and ordered[place] == ts:
        del ordered[place]
