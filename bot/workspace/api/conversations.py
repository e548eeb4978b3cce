"""conversations.* and users.conversations"""

from __future__ import annotations

import re
from typing import Any

from bot.workspace import posting
from bot.workspace.api.call import ApiError, Call, Method, cursor_text, page, write_cursor
from bot.workspace.described import channel_object, message_object
from bot.workspace.messages import Conversation, Kind, Message

_TYPES: dict[str, Kind] = {"public_channel": "channel", "private_channel": "private", "mpim": "mpim", "im": "im"}
_TS = re.compile(r"\d{1,10}(?:\.\d{1,6})?")
_TOPIC_LIMIT = 250
_NAME = re.compile(r"[^\s#@<>&.,;:'\"()\[\]{}A-Z/\\]{1,80}")


def _of_types(call: Call, viewer: str) -> list[Conversation]:
    wanted = set()
    for name in call.listed("types") or ["public_channel"]:
        if name not in _TYPES:
            raise ApiError("invalid_types")
        call.allowed(_TYPES[name])
        wanted.add(_TYPES[name])
    archived = not call.flag("exclude_archived")
    return [
        conversation
        for conversation in call.workspace.conversations.values()
        if conversation.kind in wanted
        and (archived or not conversation.archived)
        and (conversation.kind == "channel" or viewer in conversation.members)
    ]


def listed(call: Call) -> dict[str, Any]:
    """All conversations of the wanted types that the app can see."""
    items, metadata = page(_of_types(call, call.user), call)
    channels = [channel_object(call.workspace, one, call.user) for one in items]
    return {"channels": channels, "response_metadata": metadata}


def of_user(call: Call) -> dict[str, Any]:
    """Conversations a user (the app, without one named) is a member of."""
    workspace = call.workspace
    user = call.text("user") or call.user
    if not workspace.is_user(user):
        raise ApiError("user_not_found")
    shared = (one for one in _of_types(call, call.user) if user in one.members)
    items, metadata = page(list(shared), call)
    return {
        "channels": [channel_object(workspace, one, call.user) for one in items],
        "response_metadata": metadata,
    }


def info(call: Call) -> dict[str, Any]:
    """One conversation."""
    described = channel_object(call.workspace, call.conversation(), call.user)
    if not call.flag("include_num_members"):
        described.pop("num_members", None)
    if call.flag("include_locale"):
        described["locale"] = "ja-JP"
    return {"channel": described}


def opened(call: Call) -> dict[str, Any]:
    """Opens (or finds) the direct message with one user, or with up to eight."""
    workspace = call.workspace
    existing = call.text("channel")
    users = call.listed("users")
    if existing:
        conversation = call.conversation()
        if conversation.kind not in ("im", "mpim"):
            raise ApiError("method_not_supported_for_channel_type")
        already = True
    else:
        if not users:
            raise ApiError("users_list_not_supplied")
        if len(users) > 8:
            raise ApiError("too_many_users")
        for user in users:
            if user not in workspace.people and user != workspace.bot_user:
                raise ApiError("user_not_found")
        if set(users) == {call.user} and call.by_bot:
            raise ApiError("not_enough_users")
        one = len(set(users)) == 1
        call.allowed("im" if one else "mpim")
        already = frozenset((*users, call.user)) in workspace.ims
        if call.flag("prevent_creation") and not already:
            raise ApiError("channel_not_found")
        conversation = workspace.im(call.user, users[0]) if one else workspace.group(users, call.user)
    described = channel_object(workspace, conversation, call.user)
    answer: dict[str, Any] = {"channel": described if call.flag("return_im") else {"id": conversation.id}}
    return answer | ({"no_op": True, "already_open": True} if already else {})


def members(call: Call) -> dict[str, Any]:
    """The members of a conversation."""
    items, metadata = page(list(call.conversation().members), call)
    return {"members": items, "response_metadata": metadata}


def _bound(call: Call, name: str) -> str | None:
    value = call.text(name)
    if value in (None, "", "0"):
        return None
    if not _TS.fullmatch(str(value)):
        raise ApiError(f"invalid_ts_{name}")
    seconds, _, micros = str(value).partition(".")
    return f"{int(seconds):010d}.{micros.ljust(6, '0')}"


def history(call: Call) -> dict[str, Any]:
    """Top-level messages, newest first, from `oldest` to `latest`; the cursor goes on to older ones."""
    conversation = call.conversation(members_only=True)
    oldest, latest = _bound(call, "oldest") or "", _bound(call, "latest")
    inclusive = call.flag("inclusive")
    limit = call.number("limit", 100, most=999, error="invalid_limit")
    before = cursor_text(call)
    if before is not None and not re.fullmatch(r"\d{10}\.\d{6}", before):
        raise ApiError("invalid_cursor")
    # A cursor names the oldest message of the page before it.
    found, more = conversation.newest(oldest, latest, limit, inclusive=inclusive, before=before)
    shown = found[::-1]
    answer: dict[str, Any] = {
        "messages": [_message(call, conversation.messages[ts]) for ts in shown],
        "has_more": more,
        "pin_count": len(conversation.pins),
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }
    if latest is not None:
        answer["latest"] = latest
    if oldest:
        answer["oldest"] = oldest
    answer["response_metadata"] = {"next_cursor": write_cursor(shown[-1]) if more else ""}
    return answer


def replies(call: Call) -> dict[str, Any]:
    """A thread, its parent first, oldest first. The timestamp of a reply shows that reply alone, as in Slack."""
    conversation = call.conversation(members_only=False)
    parent = conversation.messages.get(call.required("ts"))
    if parent is None:
        raise ApiError("thread_not_found")
    oldest, latest = _bound(call, "oldest") or "", _bound(call, "latest")
    limit = call.number("limit", 1000, most=1000, error="invalid_limit")
    after = cursor_text(call)
    inclusive = call.flag("inclusive")
    if after is not None:
        oldest, inclusive = after, False
    found = conversation.thread_between(parent, oldest, latest, inclusive=inclusive)
    more = len(found) > limit
    shown: list[Message] = [conversation.messages[ts] for ts in found[:limit]]
    answer: dict[str, Any] = {"messages": [_message(call, one) for one in (parent, *shown)], "has_more": more}
    answer["response_metadata"] = {"next_cursor": write_cursor(shown[-1].ts) if more else ""}
    return answer


def _message(call: Call, message: Message) -> dict[str, Any]:
    return message_object(call.workspace, message, metadata=call.flag("include_all_metadata"))


def join(call: Call) -> dict[str, Any]:
    """The caller joins a public channel."""
    workspace = call.workspace
    conversation = call.conversation()
    if conversation.kind != "channel":
        raise ApiError("method_not_supported_for_channel_type")
    if conversation.archived:
        raise ApiError("is_archived")
    answer: dict[str, Any] = {}
    if call.user in conversation.members:
        answer = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    else:
        workspace.join(conversation, call.user)
    return {"channel": channel_object(workspace, conversation, call.user), **answer}


def _uninvitable(call: Call, conversation: Conversation, user: str) -> str | None:
    if user == call.user:
        return "cant_invite_self"
    if not call.workspace.is_user(user):
        return "user_not_found"
    return "already_in_channel" if user in conversation.members else None


def invite(call: Call) -> dict[str, Any]:
    """Invites users into a channel of the caller; with `force`, those who can be."""
    workspace = call.workspace
    conversation = call.conversation(members_only=True)
    if conversation.kind in ("im", "mpim"):
        raise ApiError("method_not_supported_for_channel_type")
    if conversation.archived:
        raise ApiError("is_archived")
    users = call.listed("users")
    if not users:
        raise ApiError("no_user")
    wrong = [
        {"user": user, "ok": False, "error": code} for user in users if (code := _uninvitable(call, conversation, user))
    ]
    good = [user for user in users if all(entry["user"] != user for entry in wrong)]
    if wrong and not (call.flag("force") and good):
        code = str(wrong[0]["error"])
        raise ApiError(code, errors=wrong) if len(users) > 1 else ApiError(code)
    for user in good:
        workspace.join(conversation, user, call.user)
    return {"channel": channel_object(workspace, conversation, call.user)}


def _new_name(call: Call) -> str:
    """A name for a channel that is free and has Slack's shape."""
    name = (call.text("name") or "").removeprefix("#")
    if not name:
        raise ApiError("invalid_name_required")
    if len(name) > 80:
        raise ApiError("invalid_name_maxlength")
    if not re.search(r"\w", name.replace("_", "")):
        raise ApiError("invalid_name_punctuation" if re.fullmatch(r"[-_]+", name) else "invalid_name_specials")
    if not _NAME.fullmatch(name):
        raise ApiError("invalid_name_specials")
    if call.workspace.find_channel(name) is not None:
        raise ApiError("name_taken")
    return name


def create(call: Call) -> dict[str, Any]:
    """Makes a channel with the caller in it."""
    private = call.flag("is_private")
    call.allowed("private" if private else "channel")
    conversation = call.workspace.add_channel(_new_name(call), call.user, private=private)
    return {"channel": channel_object(call.workspace, conversation, call.user)}


def _channel(call: Call, *, member: bool = True, archived: bool = False) -> Conversation:
    """A channel (no direct message) that can be changed. `member` asks the caller to be in it; `archived` tells that it
    may be archived."""
    conversation = call.conversation()
    if conversation.kind in ("im", "mpim"):
        raise ApiError("method_not_supported_for_channel_type")
    if member and call.user not in conversation.members:
        raise ApiError("not_in_channel")
    if conversation.archived and not archived:
        raise ApiError("is_archived")
    return conversation


def _announce(call: Call, conversation: Conversation, kind: str, **more: Any) -> None:
    """Tells people and app of a change to a channel; of a private one under the older name, `group_…`."""
    workspace = call.workspace
    workspace.touch(workspace.people)
    if workspace.bot_user in conversation.members:
        named = kind.replace("channel_", "group_") if conversation.kind == "private" else kind
        workspace.emit(named, {"type": named, "channel": conversation.id, "user": call.user, **more})


def archive(call: Call) -> dict[str, Any]:
    """Puts a channel away: nothing can be written in it any more."""
    conversation = _channel(call, archived=True)
    if conversation.archived:
        raise ApiError("already_archived")
    if conversation.name == "general":
        raise ApiError("cant_archive_general")
    conversation.archived = True
    _announce(call, conversation, "channel_archive", is_moved=0)
    return {}


def unarchive(call: Call) -> dict[str, Any]:
    """Takes a channel out again."""
    conversation = _channel(call, member=False, archived=True)
    if not conversation.archived:
        raise ApiError("not_archived")
    conversation.archived = False
    _announce(call, conversation, "channel_unarchive")
    return {}


def _note(call: Call, conversation: Conversation, kind: str, words: str) -> None:
    # Slack writes a line into the channel about each of these, in the name of whoever did it.
    posting.post(call.workspace, conversation, call.user, f"<@{call.user}> {words}", subtype=kind)


def rename(call: Call) -> dict[str, Any]:
    """Gives a channel another name."""
    conversation = _channel(call)
    old, name = conversation.name, _new_name(call)
    conversation.name = name
    conversation.previous_names = [old, *(one for one in conversation.previous_names if one != old)]
    described = channel_object(call.workspace, conversation, call.user)
    workspace = call.workspace
    workspace.touch(workspace.people)
    if workspace.bot_user in conversation.members:
        kind = "group_rename" if conversation.kind == "private" else "channel_rename"
        told = {"id": conversation.id, "name": name, "name_normalized": name, "created": conversation.created}
        workspace.emit(kind, {"type": kind, "channel": told})
    _note(call, conversation, "channel_name", f'has renamed the channel from "{old}" to "{name}"')
    return {"channel": described}


def set_topic(call: Call) -> dict[str, Any]:
    """Sets the topic: what stands beside the name."""
    conversation = call.conversation(members_only=True)
    _changeable(conversation)
    topic = call.text("topic") or ""
    if len(topic) > _TOPIC_LIMIT:
        raise ApiError("too_long")
    conversation.topic = topic
    _note(
        call, conversation, "channel_topic", f"set the channel topic: {topic}" if topic else "cleared the channel topic"
    )
    return {"channel": channel_object(call.workspace, conversation, call.user), "topic": topic}


def set_purpose(call: Call) -> dict[str, Any]:
    """Sets the description."""
    conversation = call.conversation(members_only=True)
    _changeable(conversation)
    purpose = call.text("purpose") or ""
    if len(purpose) > _TOPIC_LIMIT:
        raise ApiError("too_long")
    conversation.purpose = purpose
    words = f"set the channel description: {purpose}" if purpose else "cleared channel description"
    _note(call, conversation, "channel_purpose", words)
    return {"channel": channel_object(call.workspace, conversation, call.user), "purpose": purpose}


def _changeable(conversation: Conversation) -> None:
    if conversation.kind == "im":
        raise ApiError("method_not_supported_for_channel_type")
    if conversation.archived:
        raise ApiError("is_archived")


def kick(call: Call) -> dict[str, Any]:
    """Takes a member out of a channel of the caller."""
    conversation = _channel(call, archived=True)
    user = call.text("user") or ""
    if user == call.user:
        raise ApiError("cant_kick_self")
    if not call.workspace.is_user(user):
        raise ApiError("user_not_found")
    if conversation.name == "general":
        raise ApiError("cant_kick_from_general")
    if user not in conversation.members:
        raise ApiError("not_in_channel")
    call.workspace.leave(conversation, user)
    return {"errors": {}}


def leave(call: Call) -> dict[str, Any]:
    """The caller leaves a channel."""
    conversation = _channel(call, member=False)
    if conversation.name == "general":
        raise ApiError("cant_leave_general")
    if call.user not in conversation.members:
        return {"not_in_channel": True}
    if len(conversation.members) == 1 and conversation.kind == "private":
        raise ApiError("last_member")
    call.workspace.leave(conversation, call.user)
    return {}


def mark(call: Call) -> dict[str, Any]:
    """Says how far the caller has read."""
    conversation = call.conversation(members_only=True)
    ts = call.required("ts")
    if not _TS.fullmatch(ts):
        raise ApiError("invalid_timestamp")
    conversation.last_read[call.user] = ts
    if not conversation.newest(ts, None, 1, inclusive=False)[0]:
        conversation.unread.pop(call.user, None)
        conversation.mentions.pop(call.user, None)
    call.workspace.touch((call.user,))
    return {}


def close(call: Call) -> dict[str, Any]:
    """Closes a direct message for the caller; it opens again with the next message."""
    conversation = call.conversation()
    if conversation.kind not in ("im", "mpim"):
        raise ApiError("method_not_supported_for_channel_type")
    if call.user in conversation.closed_for:
        return {"no_op": True, "already_closed": True}
    conversation.closed_for.add(call.user)
    return {}


METHODS: dict[str, Method] = {
    "conversations.list": listed,
    "conversations.info": info,
    "conversations.open": opened,
    "conversations.close": close,
    "conversations.members": members,
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.join": join,
    "conversations.invite": invite,
    "conversations.create": create,
    "conversations.archive": archive,
    "conversations.unarchive": unarchive,
    "conversations.rename": rename,
    "conversations.setTopic": set_topic,
    "conversations.setPurpose": set_purpose,
    "conversations.kick": kick,
    "conversations.leave": leave,
    "conversations.mark": mark,
    "users.conversations": of_user,
}
