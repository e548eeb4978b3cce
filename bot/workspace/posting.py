"""Posting, editing and deleting messages, and the events that follow."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

from bot.workspace.described import file_object, message_object
from bot.workspace.files import File
from bot.workspace.messages import Blocks, Conversation, Message
from bot.workspace.schedules import Scheduled
from bot.workspace.state import CHANNEL_TYPES, Workspace

_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_EVERYBODY = ("<!here>", "<!channel>", "<!everyone>", "<!here|", "<!channel|", "<!everyone|")


def with_ids(workspace: Workspace, blocks: Blocks) -> Blocks:
    """The same blocks with what Slack adds to them: a `block_id` on each, an `action_id` on each interactive element,
    and what `as_stored` writes out."""
    completed = []
    for given in blocks:
        block = as_stored(given)
        block.setdefault("block_id", workspace.mint.short())
        if block.get("type") == "input":
            block.setdefault("optional", False)
            block.setdefault("dispatch_action", False)
        for key in ("accessory", "element"):
            if isinstance(block.get(key), dict):
                block[key] = _with_action_id(workspace, block[key])
        kind = block.get("type")
        for key in ("elements",) if kind in ("actions", "context_actions") else ("actions",) if kind == "card" else ():
            if isinstance(block.get(key), list):
                block[key] = [_with_action_id(workspace, element) for element in block[key]]
        if kind == "carousel":
            block["elements"] = with_ids(workspace, block["elements"])
        completed.append(block)
    return completed


def as_stored(value: dict[str, Any]) -> dict[str, Any]:
    """A part of a block or view as Slack keeps it: without keys that are null, and with the default written out in
    each text object (`emoji`, `verbatim`), on which apps rely that read payloads back into types."""
    # SDKs leave optional keys in with null: the same as none. Lists may hold nulls that count (table columns). Every
    # parsed request brings its own copies of the same few keys, which a hundred thousand messages would all keep.
    stored = {
        sys.intern(key): as_stored(item)
        if isinstance(item, dict)
        else [as_stored(one) if isinstance(one, dict) else one for one in item]
        if isinstance(item, list)
        else sys.intern(item)
        if key == "type" and isinstance(item, str)
        else item
        for key, item in value.items()
        if item is not None
    }
    match stored.get("type"):
        case "plain_text":
            stored.setdefault("emoji", True)
        case "mrkdwn":
            stored.setdefault("verbatim", False)
    return stored


def _with_action_id(workspace: Workspace, element: dict[str, Any]) -> dict[str, Any]:
    if element.get("type") == "image" or "action_id" in element:
        return element
    return {**element, "action_id": workspace.mint.short()}


def text_of(blocks: Blocks) -> str:
    """The words of blocks that were posted without a fallback text."""
    words: list[str] = []
    for block in blocks:
        text = block.get("text")
        if isinstance(text, dict):
            words.append(str(text.get("text", "")))
        elif isinstance(text, str):
            words.append(text)
        words += [str(field.get("text", "")) for field in block.get("fields") or ()]
    return " ".join(filter(None, words)) or "This content can't be displayed."


def post(
    workspace: Workspace,
    conversation: Conversation,
    user: str,
    text: str,
    *,
    blocks: Blocks | None = None,
    attachments: list[dict[str, Any]] | None = None,
    thread_ts: str | None = None,
    broadcast: bool = False,
    metadata: dict[str, Any] | None = None,
    username: str | None = None,
    icons: dict[str, str] | None = None,
    files: Iterable[File] = (),
    subtype: str | None = None,
    client_msg_id: str | None = None,
) -> Message:
    """Adds a message and tells the app. A reply to a reply joins the thread of its parent."""
    if thread_ts is not None:
        parent = conversation.messages[thread_ts]
        if parent.thread_ts is not None:
            thread_ts = parent.thread_ts
    files = list(files)
    message = Message(
        workspace.mint.ts(),
        conversation.id,
        user,
        text or (text_of(blocks) if blocks and not files else ""),
        blocks=with_ids(workspace, blocks) if blocks else None,
        attachments=attachments or None,
        bot_id=workspace.bot_id if user == workspace.bot_user else None,
        username=username,
        icons=icons,
        thread_ts=thread_ts,
        subtype="thread_broadcast" if broadcast and thread_ts else subtype,
        metadata=metadata,
        files=[file.id for file in files],
        broadcast=broadcast and thread_ts is not None,
        client_msg_id=client_msg_id,
    )
    conversation.add(message)
    thread = conversation.assistant.get(thread_ts or "")
    if thread is not None and user == workspace.bot_user:
        # The answer is there: what the app said it was doing is over.
        thread.status, thread.loading_messages = "", []
    for file in files:
        file.shares.setdefault(conversation.id, []).append(message.ts)
    _count_unread(conversation, message)
    workspace.touch_conversation(conversation)
    _announce(workspace, conversation, message)
    return message


def _count_unread(conversation: Conversation, message: Message) -> None:
    words = message.text + text_of(message.blocks or [])
    called = set(_MENTION.findall(words))
    everybody = any(mark in words for mark in _EVERYBODY)
    conversation.closed_for.clear()
    concerned: Iterable[str] = conversation.members
    if not message.top_level():
        # A reply concerns those who have written in its thread, and those it names.
        parent = conversation.messages[message.thread_ts or message.ts]
        written = {*(parent.repliers or ()), parent.user} | called
        concerned = [member for member in conversation.members if everybody or member in written]
    for member in concerned:
        if member == message.user:
            continue
        conversation.unread[member] = conversation.unread.get(member, 0) + 1
        if everybody or member in called or conversation.kind in ("im", "mpim"):
            conversation.mentions[member] = conversation.mentions.get(member, 0) + 1


def _announce(workspace: Workspace, conversation: Conversation, message: Message) -> None:
    if workspace.delivery is None or workspace.bot_user not in conversation.members:
        return
    kind = CHANNEL_TYPES[conversation.kind]
    described = message_object(workspace, message, metadata=True)
    if message.files and not message.bot_id:
        described["subtype"] = "file_share"
    event = {**described, "channel": conversation.id, "event_ts": message.ts, "channel_type": kind}
    for file_id in message.files:
        created = {"type": "file_created", "file_id": file_id, "user_id": message.user, "file": {"id": file_id}}
        workspace.emit("file_created", created)
        shared = {
            "type": "file_shared",
            "channel_id": conversation.id,
            "file_id": file_id,
            "user_id": message.user,
            "file": {"id": file_id},
        }
        workspace.emit("file_shared", shared)
    workspace.emit("message." + _plural(kind), event)
    if message.bot_id is None and kind != "im" and f"<@{workspace.bot_user}" in message.text:
        mention = {key: value for key, value in event.items() if key not in ("channel_type", "subtype")}
        workspace.emit("app_mention", {**mention, "type": "app_mention"})


def _plural(kind: str) -> str:
    return {"channel": "channels", "group": "groups"}.get(kind, kind)


def post_scheduled(workspace: Workspace, message: Scheduled) -> None:
    """Posts what was put off. Where the channel takes no messages any more, or where it carries metadata, nothing is
    posted, as in Slack; `Workspace.refusals` says so."""
    conversation = workspace.conversations.get(message.channel)
    parts = message.parts
    thread_ts = parts.get("thread_ts")
    reason = None
    if conversation is None or conversation.archived or message.user not in conversation.members:
        reason = "the channel takes no messages from the app any more"
    elif thread_ts is not None and thread_ts not in conversation.messages:
        reason = "the message to reply to is gone"
    elif parts.get("metadata"):
        reason = "Slack posts no scheduled message that carries metadata"
    if conversation is None or reason is not None:
        workspace.refuse(f"chat.scheduleMessage {message.id}: {reason}")
        return
    post(workspace, conversation, message.user, **{key: value for key, value in parts.items() if key != "metadata"})


def post_ephemeral(
    workspace: Workspace,
    conversation: Conversation,
    user: str,
    text: str,
    *,
    blocks: Blocks | None = None,
    attachments: list[dict[str, Any]] | None = None,
    thread_ts: str | None = None,
    username: str | None = None,
    author: str | None = None,
) -> Message:
    """Adds a message that `user` alone sees. `author` is the app unless given."""
    author = workspace.bot_user if author is None else author
    message = Message(
        workspace.mint.ts(),
        conversation.id,
        author,
        text or (text_of(blocks) if blocks else ""),
        blocks=with_ids(workspace, blocks) if blocks else None,
        attachments=attachments or None,
        bot_id=workspace.bot_id if author == workspace.bot_user else None,
        username=username,
        thread_ts=thread_ts,
        ephemeral_to=user,
    )
    conversation.add_ephemeral(message)
    workspace.touch((user,))
    return message


def edit(
    workspace: Workspace,
    conversation: Conversation,
    message: Message,
    *,
    text: str | None,
    blocks: Blocks | None,
    attachments: list[dict[str, Any]] | None = None,
    metadata: dict[str, Any] | None = None,
    quiet: bool = False,
) -> None:
    """Replaces the content of a message in place. What people have chosen in elements that stay is kept. `quiet`
    leaves out the mark of an edited message, as when the app replaces its message through a response_url."""
    before = message_object(workspace, message, metadata=True)
    if blocks is not None:
        message.blocks = with_ids(workspace, blocks) if blocks else None
        message.text = text if text is not None else text_of(blocks) if blocks else message.text
    elif text:
        # A text without blocks takes their place; this alone is marked as an edit.
        message.blocks, message.text = None, text
        message.edited = message.edited if quiet else workspace.mint.ts()
    if attachments is not None:
        message.attachments = attachments or None
    if metadata is not None:
        message.metadata = metadata or None
    if message.ephemeral_to is not None:
        workspace.touch((message.ephemeral_to,))
        return
    workspace.touch_conversation(conversation)
    if workspace.delivery is None or workspace.bot_user not in conversation.members:
        return
    kind, now = CHANNEL_TYPES[conversation.kind], workspace.mint.ts()
    event = {
        "type": "message",
        "subtype": "message_changed",
        "message": message_object(workspace, message, metadata=True),
        "previous_message": before,
        "channel": conversation.id,
        "hidden": True,
        "ts": now,
        "event_ts": now,
        "channel_type": kind,
    }
    workspace.emit("message." + _plural(kind), event)


def delete(workspace: Workspace, conversation: Conversation, message: Message) -> None:
    """Takes a message out and tells the app."""
    if message.ephemeral_to is not None:
        conversation.ephemerals.get(message.ephemeral_to, {}).pop(message.ts, None)
        workspace.touch((message.ephemeral_to,))
        return
    before = message_object(workspace, message, metadata=True)
    reactors = {user for users in message.reactions.values() for user in users}
    conversation.remove(message)
    for user in reactors:
        workspace.reacted[user].pop((conversation.id, message.ts), None)
    workspace.streams.pop((conversation.id, message.ts), None)
    workspace.touch_conversation(conversation)
    if workspace.delivery is None or workspace.bot_user not in conversation.members:
        return
    kind, now = CHANNEL_TYPES[conversation.kind], workspace.mint.ts()
    event = {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": before,
        "deleted_ts": message.ts,
        "channel": conversation.id,
        "hidden": True,
        "ts": now,
        "event_ts": now,
        "channel_type": kind,
    }
    workspace.emit("message." + _plural(kind), event)


def react(
    workspace: Workspace, conversation: Conversation, message: Message, user: str, name: str, *, add: bool
) -> None:
    """Adds or removes a reaction and tells the app."""
    if add:
        message.reactions.setdefault(name, []).append(user)
    else:
        message.reactions[name].remove(user)
        if not message.reactions[name]:
            del message.reactions[name]
    workspace.note_reaction(message, user)
    workspace.touch_conversation(conversation)
    if workspace.bot_user in conversation.members:
        kind = "reaction_added" if add else "reaction_removed"
        event = {
            "type": kind,
            "user": user,
            "reaction": name,
            "item": {"type": "message", "channel": conversation.id, "ts": message.ts},
            "item_user": message.user,
        }
        workspace.emit(kind, event)


def share(
    workspace: Workspace,
    conversation: Conversation,
    files: list[File],
    user: str,
    text: str,
    *,
    thread_ts: str | None = None,
    blocks: Blocks | None = None,
) -> Message:
    """Posts files into a conversation, in one message."""
    for file in files:
        file.completed = True
        file.by_app = user == workspace.bot_user
    return post(workspace, conversation, user, text, files=files, thread_ts=thread_ts, blocks=blocks)


def described_files(workspace: Workspace, files: Iterable[File]) -> list[dict[str, Any]]:
    """The files in Slack's form."""
    return [file_object(workspace, file) for file in files]
