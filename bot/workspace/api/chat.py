"""chat.*"""

from __future__ import annotations

import json
import re
from typing import Any

from bot.workspace import blockkit, posting
from bot.workspace.api.call import ApiError, Call, Method, refused
from bot.workspace.described import message_object
from bot.workspace.messages import Conversation, Message

TEXT_LIMIT = 40_000
MARKDOWN_LIMIT = 12_000
METADATA_LIMIT = 16_000
ATTACHMENT_LIMIT = 100
_TS = re.compile(r"\d{10}\.\d{6}")
_EVENT_TYPE = re.compile(r"[A-Za-z0-9_.:\-]{1,255}")


def content(call: Call, *, updating: bool = False) -> dict[str, Any]:
    """Text, blocks, attachments and metadata of a message, checked as Slack does. Absent parts are None."""
    text = call.text("text")
    markdown = call.text("markdown_text")
    blocks = call.json("blocks", "invalid_blocks_format")
    attachments = call.json("attachments", "invalid_attachments")
    if markdown:
        if text or blocks:
            raise ApiError("markdown_text_conflict")
        if len(markdown) > MARKDOWN_LIMIT:
            raise ApiError("msg_too_long")
        blocks, text = [{"type": "markdown", "text": markdown}], markdown
    if blocks is not None:
        code, problems = blockkit.message_problems(blocks)
        if code is not None:
            raise refused(code, problems)
    if attachments is not None:
        _check_attachments(attachments)
    if text is not None and len(text) > TEXT_LIMIT:
        raise ApiError("msg_too_long")
    metadata = _metadata(call)
    if not (text or "").strip() and not blocks and not attachments and not (updating and (metadata is not None)):
        raise ApiError("no_text")
    return {"text": text, "blocks": blocks, "attachments": attachments, "metadata": metadata}


def _check_attachments(attachments: Any) -> None:
    if not isinstance(attachments, list) or not all(isinstance(entry, dict) for entry in attachments):
        raise ApiError("invalid_attachments")
    if len(attachments) > ATTACHMENT_LIMIT:
        raise ApiError("too_many_attachments")
    for place, attachment in enumerate(attachments):
        if attachment.get("blocks") is not None:
            code, problems = blockkit.message_problems(attachment["blocks"], f"/attachments/{place}/blocks")
            if code is not None:
                raise ApiError("invalid_attachments", [problem.written() for problem in problems])


def _metadata(call: Call) -> dict[str, Any] | None:
    metadata = call.json("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise ApiError("invalid_metadata_format")
    if not metadata:
        return {}
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not _EVENT_TYPE.fullmatch(kind) or not isinstance(payload, dict):
        raise ApiError("invalid_metadata_format")
    if len(json.dumps(payload, ensure_ascii=False).encode()) > METADATA_LIMIT:
        raise ApiError("metadata_too_large")
    return {"event_type": kind, "event_payload": payload}


def _thread(call: Call, conversation: Conversation) -> str | None:
    thread_ts = call.text("thread_ts")
    if not thread_ts:
        return None
    parent = conversation.messages.get(thread_ts)
    if parent is None or parent.subtype == "tombstone":
        raise ApiError("cannot_reply_to_message")
    return thread_ts


def _face(call: Call) -> tuple[str | None, dict[str, str] | None]:
    icons = {}
    if emoji := call.text("icon_emoji"):
        icons["emoji"] = emoji
    if address := call.text("icon_url"):
        icons["image_64"] = address
    return call.text("username"), icons or None


def post_message(call: Call) -> dict[str, Any]:
    """Posts as the app: into a channel by id or name, or into the direct message with a user by user id."""
    workspace = call.workspace
    conversation = call.conversation(by_name=True)
    parts = content(call)
    if conversation.archived:
        raise ApiError("is_archived")
    public = workspace.app.scopes is not None and "chat:write.public" in workspace.app.scopes
    if workspace.bot_user not in conversation.members and not (public and conversation.kind == "channel"):
        raise ApiError("not_in_channel")
    if conversation.kind == "im" and not workspace.app.messages_tab:
        raise ApiError("messages_tab_disabled")
    username, icons = _face(call)
    message = posting.post(
        workspace,
        conversation,
        workspace.bot_user,
        parts["text"] or "",
        blocks=parts["blocks"],
        attachments=parts["attachments"],
        thread_ts=_thread(call, conversation),
        broadcast=call.flag("reply_broadcast"),
        metadata=parts["metadata"] or None,
        username=username,
        icons=icons,
        subtype="bot_message" if username else None,
        client_msg_id=call.text("client_msg_id"),
    )
    return {
        "channel": conversation.id,
        "ts": message.ts,
        "message": message_object(workspace, message, metadata=True),
    }


def post_ephemeral(call: Call) -> dict[str, Any]:
    """Posts for one member of a channel alone."""
    workspace = call.workspace
    conversation = call.conversation(by_name=True)
    user = call.required("user")
    parts = content(call)
    if conversation.archived:
        raise ApiError("is_archived")
    if workspace.bot_user not in conversation.members:
        raise ApiError("not_in_channel")
    if user not in workspace.people or user not in conversation.members:
        raise ApiError("user_not_in_channel")
    message = posting.post_ephemeral(
        workspace,
        conversation,
        user,
        parts["text"] or "",
        blocks=parts["blocks"],
        attachments=parts["attachments"],
        thread_ts=_thread(call, conversation),
        username=call.text("username"),
    )
    return {"message_ts": message.ts}


def _existing(call: Call, conversation: Conversation, name: str = "ts") -> Message:
    message = conversation.messages.get(call.required(name))
    if message is None or message.subtype == "tombstone":
        raise ApiError("message_not_found")
    return message


def update(call: Call) -> dict[str, Any]:
    """Replaces the content of a message of the app."""
    workspace = call.workspace
    conversation = call.conversation()
    message = _existing(call, conversation)
    if message.user != workspace.bot_user:
        raise ApiError("cant_update_message")
    parts = content(call, updating=True)
    posting.edit(
        workspace,
        conversation,
        message,
        text=parts["text"],
        blocks=parts["blocks"],
        attachments=parts["attachments"],
        metadata=parts["metadata"],
    )
    described = message_object(workspace, message, metadata=True)
    return {"channel": conversation.id, "ts": message.ts, "text": message.text, "message": described}


def delete(call: Call) -> dict[str, Any]:
    """Deletes a message of the app."""
    conversation = call.conversation()
    message = _existing(call, conversation)
    if message.user != call.workspace.bot_user:
        raise ApiError("cant_delete_message")
    ts = message.ts
    posting.delete(call.workspace, conversation, message)
    return {"channel": conversation.id, "ts": ts}


def permalink(call: Call) -> dict[str, Any]:
    """The address of a message."""
    conversation = call.conversation()
    message = _existing(call, conversation, "message_ts")
    address = f"{call.workspace.base_url}/archives/{conversation.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != message.ts:
        address += f"?thread_ts={message.thread_ts}&cid={conversation.id}"
    return {"permalink": address, "channel": conversation.id}


METHODS: dict[str, Method] = {
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.update": update,
    "chat.delete": delete,
    "chat.getPermalink": permalink,
}
