"""conversations.* and users.conversations"""

from __future__ import annotations

import re
from typing import Any

from bot.workspace.api.call import ApiError, Call, Method, cursor_text, page, write_cursor
from bot.workspace.described import channel_object, message_object
from bot.workspace.messages import Conversation, Message

_TYPES = {"public_channel": "channel", "private_channel": "private", "mpim": "mpim", "im": "im"}
_TS = re.compile(r"\d{1,10}(?:\.\d{1,6})?")
_NAME = re.compile(r"[^\s#@<>&.,;:'\"()\[\]{}A-Z/\\]{1,80}")


def _of_types(call: Call, viewer: str) -> list[Conversation]:
    wanted = set()
    for name in call.listed("types") or ["public_channel"]:
        if name not in _TYPES:
            raise ApiError("invalid_types")
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
    bot = call.workspace.bot_user
    items, metadata = page(_of_types(call, bot), call)
    return {"channels": [channel_object(call.workspace, one, bot) for one in items], "response_metadata": metadata}


def of_user(call: Call) -> dict[str, Any]:
    """Conversations a user (the app, without one named) is a member of."""
    workspace = call.workspace
    user = call.text("user") or workspace.bot_user
    if not workspace.is_user(user):
        raise ApiError("user_not_found")
    shared = (one for one in _of_types(call, workspace.bot_user) if user in one.members)
    items, metadata = page(list(shared), call)
    return {
        "channels": [channel_object(workspace, one, workspace.bot_user) for one in items],
        "response_metadata": metadata,
    }


def info(call: Call) -> dict[str, Any]:
    """One conversation."""
    described = channel_object(call.workspace, call.conversation(), call.workspace.bot_user)
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
            if user not in workspace.people:
                raise ApiError("user_not_found")
        already = frozenset((*users, workspace.bot_user)) in workspace.ims
        if call.flag("prevent_creation") and not already:
            raise ApiError("channel_not_found")
        if len(set(users)) == 1:
            conversation = workspace.im(workspace.bot_user, users[0])
        else:
            conversation = workspace.group(users, workspace.bot_user)
    described = channel_object(workspace, conversation, workspace.bot_user)
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
    if before is not None:
        if not re.fullmatch(r"\d{10}\.\d{6}", before):
            raise ApiError("invalid_cursor")
        found = conversation.between(oldest, before, inclusive=inclusive)
        if inclusive and found and found[-1] == before:
            found.pop()
    else:
        found = conversation.between(oldest, latest, inclusive=inclusive)
    more = len(found) > limit
    shown = found[-limit:][::-1]
    answer: dict[str, Any] = {
        "messages": [_message(call, conversation.messages[ts]) for ts in shown],
        "has_more": more,
        "pin_count": 0,
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }
    if latest is not None:
        answer["latest"] = latest
    if oldest:
        answer["oldest"] = oldest
    if more:
        answer["response_metadata"] = {"next_cursor": write_cursor(shown[-1])}
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
    if more:
        answer["response_metadata"] = {"next_cursor": write_cursor(shown[-1].ts)}
    return answer


def _message(call: Call, message: Message) -> dict[str, Any]:
    return message_object(call.workspace, message, metadata=call.flag("include_all_metadata"))


def join(call: Call) -> dict[str, Any]:
    """The app joins a public channel."""
    workspace = call.workspace
    conversation = call.conversation()
    if conversation.kind != "channel":
        raise ApiError("method_not_supported_for_channel_type")
    if conversation.archived:
        raise ApiError("is_archived")
    answer: dict[str, Any] = {}
    if workspace.bot_user in conversation.members:
        answer = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    else:
        workspace.join(conversation, workspace.bot_user)
    return {"channel": channel_object(workspace, conversation, workspace.bot_user), **answer}


def invite(call: Call) -> dict[str, Any]:
    """Invites users into a channel of the app."""
    workspace = call.workspace
    conversation = call.conversation(members_only=True)
    if conversation.kind in ("im", "mpim"):
        raise ApiError("method_not_supported_for_channel_type")
    users = call.listed("users")
    if not users:
        raise ApiError("no_user")
    for user in users:
        if user == workspace.bot_user:
            raise ApiError("cant_invite_self")
        if user not in workspace.people:
            raise ApiError("user_not_found")
        if user in conversation.members:
            raise ApiError("already_in_channel")
    for user in users:
        workspace.join(conversation, user, workspace.bot_user)
    return {"channel": channel_object(workspace, conversation, workspace.bot_user)}


def create(call: Call) -> dict[str, Any]:
    """Makes a channel with the app in it."""
    workspace = call.workspace
    name = call.required("name")
    if len(name) > 80:
        raise ApiError("invalid_name_maxlength")
    if not _NAME.fullmatch(name):
        raise ApiError("invalid_name_specials")
    if workspace.find_channel(name) is not None:
        raise ApiError("name_taken")
    conversation = workspace.add_channel(name, workspace.bot_user, private=call.flag("is_private"))
    return {"channel": channel_object(workspace, conversation, workspace.bot_user)}


def close(call: Call) -> dict[str, Any]:
    """Closes a direct message for the app; it opens again with the next message."""
    workspace = call.workspace
    conversation = call.conversation()
    if conversation.kind not in ("im", "mpim"):
        raise ApiError("method_not_supported_for_channel_type")
    if workspace.bot_user in conversation.closed_for:
        return {"no_op": True, "already_closed": True}
    conversation.closed_for.add(workspace.bot_user)
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
    "users.conversations": of_user,
}
