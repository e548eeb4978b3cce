"""pins.*, bookmarks.*"""

from __future__ import annotations

import re
from typing import Any

from bot.workspace.api.call import ApiError, Call, Method
from bot.workspace.described import message_object
from bot.workspace.messages import Bookmark, Conversation, Message, Pin

PIN_LIMIT = 100
BOOKMARK_LIMIT = 100
_TS = re.compile(r"\d{10}\.\d{6}")
_LINK = re.compile(r"(?:https?|mailto|slack):\S+", re.IGNORECASE)
_EMOJI = re.compile(r":[^\s:]{1,100}(?:::skin-tone-[2-6])?:")


def _target(call: Call) -> tuple[Conversation, Message]:
    conversation = call.conversation()
    timestamp = call.text("timestamp")
    if not timestamp:
        raise ApiError("no_item_specified")
    if not _TS.fullmatch(timestamp):
        raise ApiError("bad_timestamp")
    if call.method == "pins.add" and call.user not in conversation.members:
        raise ApiError("not_in_channel")
    return conversation, call.message(conversation, "timestamp")


def _described(call: Call, conversation: Conversation, message: Message, pin: Pin) -> dict[str, Any]:
    address = f"{call.workspace.base_url}/archives/{conversation.id}/p{message.ts.replace('.', '')}"
    return {
        "type": "message",
        "channel": conversation.id,
        "message": message_object(call.workspace, message) | {"permalink": address},
        "created": pin.created,
        "created_by": pin.user,
    }


def _tell(call: Call, kind: str, conversation: Conversation, message: Message, pin: Pin) -> None:
    workspace = call.workspace
    workspace.touch_conversation(conversation)
    if workspace.bot_user not in conversation.members:
        return
    event = {
        "type": kind,
        "user": call.user,
        "channel_id": conversation.id,
        "item": _described(call, conversation, message, pin),
        "item_user": message.user,
        "pin_count": len(conversation.pins),
        "pinned_info": {"channel": conversation.id, "pinned_by": pin.user, "pinned_ts": pin.created},
    }
    workspace.emit(kind, event | ({"has_pins": bool(conversation.pins)} if kind == "pin_removed" else {}))


def add_pin(call: Call) -> dict[str, Any]:
    """Pins a message to its channel."""
    conversation, message = _target(call)
    if message.ts in conversation.pins:
        raise ApiError("already_pinned")
    if len(conversation.pins) >= PIN_LIMIT:
        raise ApiError("too_many_pins")
    pin = conversation.pins[message.ts] = Pin(call.user, int(call.workspace.clock()))
    _tell(call, "pin_added", conversation, message, pin)
    return {}


def remove_pin(call: Call) -> dict[str, Any]:
    """Takes a pin away."""
    conversation, message = _target(call)
    pin = conversation.pins.pop(message.ts, None)
    if pin is None:
        raise ApiError("no_pin")
    _tell(call, "pin_removed", conversation, message, pin)
    return {}


def list_pins(call: Call) -> dict[str, Any]:
    """What is pinned to a channel, the newest pin first."""
    conversation = call.conversation()
    pins = reversed(conversation.pins.items())
    return {"items": [_described(call, conversation, conversation.messages[ts], pin) for ts, pin in pins]}


def _channel(call: Call) -> Conversation:
    conversation = call.conversation("channel_id")
    if call.user not in conversation.members:
        raise ApiError("channel_not_found" if call.method == "bookmarks.list" else "permission_denied")
    return conversation


def _bookmark(call: Call, conversation: Conversation) -> Bookmark:
    found = conversation.bookmarks.get(call.text("bookmark_id") or "")
    if found is None:
        raise ApiError("not_found")
    return found


def _link(call: Call) -> str:
    link = call.text("link") or ""
    if not _LINK.fullmatch(link):
        raise ApiError("invalid_link")
    return link


def _emoji(call: Call) -> str:
    emoji = call.text("emoji") or ""
    if emoji and not _EMOJI.fullmatch(emoji):
        raise ApiError("invalid_emoji")
    return emoji


def _bookmark_object(call: Call, conversation: Conversation, bookmark: Bookmark) -> dict[str, Any]:
    return {
        "id": bookmark.id,
        "channel_id": conversation.id,
        "title": bookmark.title,
        "link": bookmark.link,
        "emoji": bookmark.emoji,
        "icon_url": None,
        "type": "link",
        "entity_id": bookmark.entity_id,
        "date_created": bookmark.created,
        "date_updated": bookmark.updated,
        "rank": f"{list(conversation.bookmarks).index(bookmark.id):03d}",
        "last_updated_by_user_id": bookmark.updated_by,
        "last_updated_by_team_id": call.workspace.team.id,
        "shortcut_id": None,
        "app_id": call.workspace.app_id if bookmark.updated_by == call.workspace.bot_user else None,
    }


def add_bookmark(call: Call) -> dict[str, Any]:
    """Puts a link above a channel. Links are the only bookmarks there are."""
    conversation = _channel(call)
    if call.required("type") != "link":
        raise ApiError("invalid_bookmark_type")
    if call.text("parent_id"):
        raise ApiError("invalid_parent_type")
    link, emoji = _link(call), _emoji(call)
    if len(conversation.bookmarks) >= BOOKMARK_LIMIT:
        raise ApiError("too_many_bookmarks")
    now = int(call.workspace.clock())
    bookmark = Bookmark(
        call.workspace.mint.id("Bk"),
        call.required("title"),
        link,
        emoji,
        now,
        0,
        call.user,
        call.text("entity_id") or None,
    )
    conversation.bookmarks[bookmark.id] = bookmark
    call.workspace.touch_conversation(conversation)
    return {"bookmark": _bookmark_object(call, conversation, bookmark)}


def edit_bookmark(call: Call) -> dict[str, Any]:
    """Changes what is named: the title, the link, the emoji."""
    conversation = _channel(call)
    bookmark = _bookmark(call, conversation)
    link = _link(call) if call.text("link") else bookmark.link
    emoji = _emoji(call) if call.text("emoji") is not None else bookmark.emoji
    bookmark.title, bookmark.link, bookmark.emoji = call.text("title") or bookmark.title, link, emoji
    bookmark.updated, bookmark.updated_by = int(call.workspace.clock()), call.user
    call.workspace.touch_conversation(conversation)
    return {"bookmark": _bookmark_object(call, conversation, bookmark)}


def remove_bookmark(call: Call) -> dict[str, Any]:
    """Takes a bookmark away."""
    conversation = _channel(call)
    del conversation.bookmarks[_bookmark(call, conversation).id]
    call.workspace.touch_conversation(conversation)
    return {}


def list_bookmarks(call: Call) -> dict[str, Any]:
    """The bookmarks of a channel."""
    conversation = _channel(call)
    return {"bookmarks": [_bookmark_object(call, conversation, one) for one in conversation.bookmarks.values()]}


METHODS: dict[str, Method] = {
    "pins.add": add_pin,
    "pins.remove": remove_pin,
    "pins.list": list_pins,
    "bookmarks.add": add_bookmark,
    "bookmarks.edit": edit_bookmark,
    "bookmarks.remove": remove_bookmark,
    "bookmarks.list": list_bookmarks,
}
