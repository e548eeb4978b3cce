"""What a message carries: text, blocks, attachments, metadata, its thread, its face; checked as Slack does."""

from __future__ import annotations

import json
import re
from typing import Any

from bot.workspace import blockkit, posting
from bot.workspace.api.call import ApiError, Call, refused
from bot.workspace.messages import Conversation

TEXT_LIMIT = 40_000
MARKDOWN_LIMIT = 12_000
METADATA_LIMIT = 16_000
ATTACHMENT_LIMIT = 100
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
        attachments = [_stored(call, attachment, number) for number, attachment in enumerate(attachments, 1)]
    if text is not None and len(text) > TEXT_LIMIT:
        raise ApiError("msg_too_long")
    metadata = metadata_of(call)
    if not (text or "").strip() and not blocks and not attachments and not (updating and (metadata is not None)):
        raise ApiError("no_text")
    return {"text": text, "blocks": blocks, "attachments": attachments, "metadata": metadata}


def _stored(call: Call, attachment: dict[str, Any], number: int) -> dict[str, Any]:
    stored = {"fallback": "[no preview available]", **attachment, "id": number}
    if attachment.get("blocks"):
        stored["blocks"] = posting.with_ids(call.workspace, attachment["blocks"])
    return stored


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


def metadata_of(call: Call) -> dict[str, Any] | None:
    """The app's own data of a message; {} takes it away. Raises `invalid_metadata_format`, `metadata_too_large`."""
    metadata = call.json("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not call.by_bot:
        raise ApiError("metadata_must_be_sent_from_app")
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


def thread_of(call: Call, conversation: Conversation) -> str | None:
    """The message to reply to. One that is not there, was deleted, or is seen by one person alone takes no replies
    (`cannot_reply_to_message`)."""
    thread_ts = call.text("thread_ts")
    if not thread_ts:
        return None
    parent = conversation.messages.get(thread_ts)
    if parent is None or parent.subtype == "tombstone":
        raise ApiError("cannot_reply_to_message")
    return thread_ts


def face_of(call: Call) -> tuple[str | None, dict[str, str] | None]:
    """The name and the icons the app wants above this one message."""
    icons = {}
    if emoji := call.text("icon_emoji"):
        icons["emoji"] = emoji
    if address := call.text("icon_url"):
        icons["image_64"] = address
    return call.text("username"), icons or None
