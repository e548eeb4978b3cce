"""chat.scheduleMessage, chat.deleteScheduledMessage, chat.scheduledMessages.list"""

from __future__ import annotations

import math
from typing import Any

from bot.workspace.api.call import ApiError, Call, Method, page
from bot.workspace.api.chat import may_post
from bot.workspace.api.content import content, face_of, thread_of
from bot.workspace.schedules import FURTHEST_SECONDS, LOCKED_SECONDS, Scheduled


def _moment(call: Call, name: str) -> float | None:
    value = call.text(name)
    if not value:
        return None
    try:
        moment = float(value)
    except ValueError:
        raise ApiError("invalid_time") from None
    if not math.isfinite(moment):
        raise ApiError("invalid_time")
    return moment


def schedule(call: Call) -> dict[str, Any]:
    """Puts a message off until `post_at`."""
    workspace = call.workspace
    conversation = call.conversation(by_name=True)
    post_at = int(_moment(call, "post_at") or 0)
    now = workspace.clock()
    if post_at <= now:
        raise ApiError("time_in_past")
    if post_at > now + FURTHEST_SECONDS:
        raise ApiError("time_too_far")
    parts = content(call)
    may_post(call, conversation)
    if workspace.schedules.crowded(conversation.id, post_at):
        raise ApiError("restricted_too_many")
    username, icons = face_of(call)
    scheduled = Scheduled(
        workspace.mint.id("Q"),
        conversation.id,
        call.user,
        post_at,
        int(now),
        {
            "text": parts["text"] or "",
            "blocks": parts["blocks"],
            "attachments": parts["attachments"],
            "metadata": parts["metadata"] or None,
            "thread_ts": thread_of(call, conversation),
            "broadcast": call.flag("reply_broadcast"),
            "username": username,
            "icons": icons,
        },
    )
    workspace.schedules.add(scheduled)
    message = {
        "text": scheduled.parts["text"],
        "username": username or workspace.app.bot_name,
        "bot_id": workspace.bot_id,
        "app_id": workspace.app_id,
        "team": workspace.team.id,
        "user": call.user,
        "type": "delayed_message",
        "subtype": "bot_message",
        **{key: parts[key] for key in ("blocks", "attachments", "metadata") if parts[key]},
    }
    return {
        "channel": conversation.id,
        "scheduled_message_id": scheduled.id,
        "post_at": post_at,
        "message": message,
    }


def delete(call: Call) -> dict[str, Any]:
    """Takes a message for later back, up to a minute before it is due."""
    conversation = call.conversation(by_name=True)
    workspace = call.workspace
    found = workspace.schedules.waiting.get(call.required("scheduled_message_id"))
    if (
        found is None
        or found.channel != conversation.id
        or found.user != call.user
        or found.post_at - workspace.clock() < LOCKED_SECONDS
    ):
        raise ApiError("invalid_scheduled_message_id")
    workspace.schedules.remove(found.id)
    return {}


def listed(call: Call) -> dict[str, Any]:
    """The caller's messages for later, the next one first."""
    channel = call.conversation(by_name=True, error="invalid_channel").id if call.text("channel") else None
    oldest, latest = _bound(call, "oldest"), _bound(call, "latest")
    found = sorted(
        (
            one
            for one in call.workspace.schedules.waiting.values()
            if one.user == call.user
            and channel in (None, one.channel)
            and (oldest is None or one.post_at >= oldest)
            and (latest is None or one.post_at <= latest)
        ),
        key=lambda one: (one.post_at, one.created, one.id),
    )
    items, metadata = page(found, call)
    return {
        "scheduled_messages": [
            {
                "id": one.id,
                "channel_id": one.channel,
                "post_at": one.post_at,
                "date_created": one.created,
                "text": one.parts["text"],
            }
            for one in items
        ],
        "response_metadata": metadata,
    }


def _bound(call: Call, name: str) -> float | None:
    try:
        return _moment(call, name)
    except ApiError:
        raise ApiError("invalid_arguments", [f"[ERROR] must be a timestamp [json-pointer:/{name}]"]) from None


METHODS: dict[str, Method] = {
    "chat.scheduleMessage": schedule,
    "chat.deleteScheduledMessage": delete,
    "chat.scheduledMessages.list": listed,
}
