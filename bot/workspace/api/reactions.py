"""reactions.*"""

from __future__ import annotations

import re
from typing import Any

from bot.workspace import posting
from bot.workspace.api.call import ApiError, Call, Method
from bot.workspace.described import message_object
from bot.workspace.messages import Conversation, Message

_NAME = re.compile(r"[a-z0-9_+'\-]{1,100}(?:::skin-tone-[2-6])?")
_TS = re.compile(r"\d{10}\.\d{6}")


def _target(call: Call) -> tuple[Conversation, Message]:
    if not call.text("channel") or not call.text("timestamp"):
        raise ApiError("no_item_specified")
    conversation = call.conversation()
    timestamp = call.required("timestamp")
    if not _TS.fullmatch(timestamp):
        raise ApiError("bad_timestamp")
    message = conversation.messages.get(timestamp)
    if message is None:
        raise ApiError("message_not_found")
    return conversation, message


def _name(call: Call) -> str:
    name = call.required("name").strip(":")
    if not _NAME.fullmatch(name):
        raise ApiError("invalid_name")
    return name


def add(call: Call) -> dict[str, Any]:
    """The app reacts to a message."""
    conversation, message = _target(call)
    name = _name(call)
    bot = call.workspace.bot_user
    if bot in message.reactions.get(name, ()):
        raise ApiError("already_reacted")
    if len(message.reactions) >= 50 and name not in message.reactions:
        raise ApiError("too_many_emoji")
    posting.react(call.workspace, conversation, message, bot, name, add=True)
    return {}


def remove(call: Call) -> dict[str, Any]:
    """The app takes its reaction back."""
    conversation, message = _target(call)
    name = _name(call)
    bot = call.workspace.bot_user
    if bot not in message.reactions.get(name, ()):
        raise ApiError("no_reaction")
    posting.react(call.workspace, conversation, message, bot, name, add=False)
    return {}


def get(call: Call) -> dict[str, Any]:
    """The reactions to a message, on the message."""
    conversation, message = _target(call)
    return {"type": "message", "channel": conversation.id, "message": message_object(call.workspace, message)}


METHODS: dict[str, Method] = {"reactions.add": add, "reactions.remove": remove, "reactions.get": get}
