"""chat.*: posting, changing and deleting messages"""

from __future__ import annotations

from typing import Any

from bot.workspace import blockkit, posting
from bot.workspace.api.call import ApiError, Call, Method, refused
from bot.workspace.api.content import TEXT_LIMIT, content, face_of, thread_of
from bot.workspace.described import message_object
from bot.workspace.messages import Conversation


def may_post(call: Call, conversation: Conversation) -> None:
    """Refuses a conversation that takes no messages from the caller."""
    workspace = call.workspace
    if conversation.archived:
        raise ApiError("is_archived")
    public = call.by_bot and workspace.app.scopes is not None and "chat:write.public" in workspace.app.scopes
    if call.user not in conversation.members and not (public and conversation.kind == "channel"):
        raise ApiError("not_in_channel")
    if call.by_bot and conversation.kind == "im" and not workspace.app.messages_tab:
        raise ApiError("messages_tab_disabled")


def post_message(call: Call) -> dict[str, Any]:
    """Posts into a channel by id or name, or into the direct message with a user by user id."""
    workspace = call.workspace
    conversation = call.conversation(by_name=True)
    parts = content(call)
    may_post(call, conversation)
    username, icons = face_of(call)
    message = posting.post(
        workspace,
        conversation,
        call.user,
        parts["text"] or "",
        blocks=parts["blocks"],
        attachments=parts["attachments"],
        thread_ts=thread_of(call, conversation),
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


def me_message(call: Call) -> dict[str, Any]:
    """Says what the caller does: a line in italics."""
    conversation = call.conversation(by_name=True)
    text = call.text("text") or ""
    if not text.strip():
        raise ApiError("no_text")
    if len(text) > TEXT_LIMIT:
        raise ApiError("msg_too_long")
    may_post(call, conversation)
    message = posting.post(call.workspace, conversation, call.user, text, subtype="me_message")
    return {"channel": conversation.id, "ts": message.ts}


def post_ephemeral(call: Call) -> dict[str, Any]:
    """Posts for one member of a channel alone."""
    workspace = call.workspace
    conversation = call.conversation(by_name=True)
    user = call.required("user")
    parts = content(call)
    if conversation.archived:
        raise ApiError("is_archived")
    if call.user not in conversation.members:
        raise ApiError("not_in_channel")
    if conversation.kind == "im" and not workspace.app.messages_tab:
        raise ApiError("messages_tab_disabled")
    if user not in workspace.people or user not in conversation.members:
        raise ApiError("user_not_in_channel")
    message = posting.post_ephemeral(
        workspace,
        conversation,
        user,
        parts["text"] or "",
        blocks=parts["blocks"],
        attachments=parts["attachments"],
        thread_ts=thread_of(call, conversation),
        username=call.text("username"),
        author=call.user,
    )
    return {"message_ts": message.ts}


def update(call: Call) -> dict[str, Any]:
    """Replaces the content of a message of the caller, or sends a reply of theirs to the channel too."""
    workspace = call.workspace
    conversation = call.conversation()
    message = call.message(conversation)
    if message.user != call.user or conversation.archived:
        raise ApiError("cant_update_message")
    if workspace.stream(conversation.id, message.ts) is not None:
        raise ApiError("streaming_state_conflict")
    broadcast = call.flag("reply_broadcast") and not message.broadcast
    if broadcast:
        if message.thread_ts is None or message.thread_ts == message.ts:
            raise ApiError("cant_broadcast_message")
        if any(call.arguments.get(part) for part in ("text", "blocks", "attachments", "markdown_text")):
            raise ApiError("no_dual_broadcast_content_update")
        conversation.broadcast(message)
        workspace.touch_conversation(conversation)
        described = message_object(workspace, message, metadata=True)
        return {"channel": conversation.id, "ts": message.ts, "text": message.text, "message": described}
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
    """Deletes a message of the caller; not while it is being streamed into."""
    workspace = call.workspace
    conversation = call.conversation()
    message = call.message(conversation)
    if message.user != call.user or workspace.stream(conversation.id, message.ts) is not None:
        raise ApiError("cant_delete_message")
    ts = message.ts
    posting.delete(workspace, conversation, message)
    return {"channel": conversation.id, "ts": ts}


def permalink(call: Call) -> dict[str, Any]:
    """The address of a message."""
    conversation = call.conversation()
    message = call.message(conversation, "message_ts")
    address = f"{call.workspace.base_url}/archives/{conversation.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != message.ts:
        address += f"?thread_ts={message.thread_ts}&cid={conversation.id}"
    return {"permalink": address, "channel": conversation.id}


def _unfurled(call: Call) -> dict[str, Any]:
    unfurls = call.json("unfurls", "invalid_unfurls_format")
    if unfurls is None:
        if call.flag("user_auth_required") or call.text("user_auth_url") or call.text("user_auth_message"):
            return {}
        raise ApiError("missing_unfurls")
    if not isinstance(unfurls, dict) or not all(isinstance(entry, dict) for entry in unfurls.values()):
        raise ApiError("invalid_unfurls_format")
    return unfurls


def unfurl(call: Call) -> dict[str, Any]:
    """Puts a preview under a message for links that are in it."""
    workspace = call.workspace
    unfurls = _unfurled(call)
    if call.text("unfurl_id") or call.text("source"):
        # Only a link_shared event names these, and the workspace sends none.
        raise ApiError("invalid_unfurl_id" if call.text("unfurl_id") else "missing_unfurl_id")
    if not call.text("channel"):
        raise ApiError("missing_channel")
    if not call.text("ts"):
        raise ApiError("missing_ts")
    conversation = call.conversation(error="cannot_find_channel")
    message = call.message(conversation, error="cannot_find_message")
    previews = []
    for number, (link, entry) in enumerate(unfurls.items(), 1):
        if link not in message.text.replace("&amp;", "&"):
            raise ApiError("cannot_unfurl_url")
        if entry.get("blocks") is not None:
            code, problems = blockkit.message_problems(entry["blocks"], "/unfurls/blocks")
            if code is not None:
                raise refused("cannot_parse_attachment", problems)
        previews.append(
            {
                **entry,
                "id": number,
                "from_url": link,
                "original_url": link,
                "app_unfurl_url": link,
                "is_app_unfurl": True,
                "bot_id": workspace.bot_id,
                "app_id": workspace.app_id,
            }
        )
    if previews:
        kept = [one for one in message.attachments or () if one.get("app_unfurl_url") not in unfurls]
        posting.edit(workspace, conversation, message, text=None, blocks=None, attachments=[*kept, *previews])
    return {}


METHODS: dict[str, Method] = {
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.meMessage": me_message,
    "chat.update": update,
    "chat.delete": delete,
    "chat.getPermalink": permalink,
    "chat.unfurl": unfurl,
}
