"""reactions.*"""

from __future__ import annotations

import re
from typing import Any

from bot.workspace import posting
from bot.workspace.api.call import ApiError, Call, Method, page
from bot.workspace.described import file_object, message_object
from bot.workspace.messages import Conversation, Message

_NAME = re.compile(r"[a-z0-9_+'\-]{1,100}(?:::skin-tone-[2-6])?")
_TS = re.compile(r"\d{10}\.\d{6}")
_EMOJI_LIMIT = 23
_REACTION_LIMIT = 50


def _target(call: Call) -> tuple[Conversation, Message]:
    if not call.text("channel") or not call.text("timestamp"):
        raise ApiError("no_item_specified")
    conversation = call.conversation()
    timestamp = call.required("timestamp")
    if not _TS.fullmatch(timestamp):
        raise ApiError("bad_timestamp")
    return conversation, call.message(conversation, "timestamp")


def _look_for_file(call: Call) -> None:
    """Reactions to files themselves are not kept: Slack's own client reacts to the message."""
    file = call.text("file")
    if call.text("file_comment"):
        raise ApiError("file_comment_not_found")
    if file and (file not in call.workspace.files.files or call.workspace.files.files[file].deleted):
        raise ApiError("file_not_found")


def _name(call: Call) -> str:
    name = (call.text("name") or "").strip(":")
    if not _NAME.fullmatch(name):
        raise ApiError("invalid_name")
    return name


def add(call: Call) -> dict[str, Any]:
    """The caller reacts to a message."""
    conversation, message = _target(call)
    name = _name(call)
    if conversation.archived:
        raise ApiError("is_archived")
    if call.user in message.reactions.get(name, ()):
        raise ApiError("already_reacted")
    if len(message.reactions) >= _REACTION_LIMIT and name not in message.reactions:
        raise ApiError("too_many_emoji")
    if sum(call.user in users for users in message.reactions.values()) >= _EMOJI_LIMIT:
        raise ApiError("too_many_reactions")
    posting.react(call.workspace, conversation, message, call.user, name, add=True)
    return {}


def remove(call: Call) -> dict[str, Any]:
    """The caller takes a reaction back."""
    name = _name(call)
    _look_for_file(call)
    if call.text("file"):
        raise ApiError("no_reaction")
    conversation, message = _target(call)
    if call.user not in message.reactions.get(name, ()):
        raise ApiError("no_reaction")
    posting.react(call.workspace, conversation, message, call.user, name, add=False)
    return {}


def _item(call: Call, conversation: Conversation, message: Message) -> dict[str, Any]:
    address = f"{call.workspace.base_url}/archives/{conversation.id}/p{message.ts.replace('.', '')}"
    described = message_object(call.workspace, message) | {"permalink": address}
    return {"type": "message", "channel": conversation.id, "message": described}


def get(call: Call) -> dict[str, Any]:
    """The reactions to a message, on the message; a file has none of its own."""
    _look_for_file(call)
    if file := call.text("file"):
        return {"type": "file", "file": file_object(call.workspace, call.workspace.files.files[file])}
    return _item(call, *_target(call))


def listed(call: Call) -> dict[str, Any]:
    """What a user (the caller, without one named) has reacted to, the newest reaction first."""
    workspace = call.workspace
    user = call.text("user") or call.user
    if not workspace.is_user(user):
        raise ApiError("user_not_found")
    found = [
        (conversation, ts)
        for channel, ts in reversed(workspace.reacted.get(user, {}))
        if call.sees(conversation := workspace.conversations[channel])
    ]
    items, metadata = page(found, call)
    return {
        "items": [_item(call, conversation, conversation.messages[ts]) for conversation, ts in items],
        "response_metadata": metadata,
    }


METHODS: dict[str, Method] = {
    "reactions.add": add,
    "reactions.remove": remove,
    "reactions.get": get,
    "reactions.list": listed,
}
