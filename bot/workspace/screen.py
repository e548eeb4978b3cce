"""What a person sees, as one JSON document: channels with messages, open modals, the home."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from bot.workspace import inputs
from bot.workspace.described import reply_users
from bot.workspace.messages import Conversation, Message
from bot.workspace.state import Workspace
from bot.workspace.views import View


def screen(workspace: Workspace, user: str, limit: int, only: Collection[str] | None = None) -> dict[str, Any]:
    """The screen of one member, with the newest `limit` top-level messages of each conversation; where `only` names
    conversations, the others are listed without their messages."""
    person = workspace.people[user]
    app = workspace.app
    home = workspace.views.homes.get(user)
    return {
        "version": workspace.version(user),
        "user": {
            "id": person.id,
            "name": person.name,
            "real_name": person.real_name,
            "role": person.role,
            "title": person.title,
            "language": person.language,
            "zone": person.zone,
        },
        "team": {"id": workspace.team.id, "name": workspace.team.name},
        "app": {
            "id": workspace.app_id,
            "name": app.name,
            "bot_user": workspace.bot_user,
            "bot_id": workspace.bot_id,
            "assistant": app.assistant,
        },
        "commands": [
            {"command": entry.command, "description": entry.description, "usage_hint": entry.usage_hint}
            for entry in app.commands or ()
        ],
        "shortcuts": [
            {"callback_id": entry.callback_id, "name": entry.name, "type": entry.type} for entry in app.shortcuts or ()
        ],
        "usergroups": [
            {"id": group.id, "handle": group.handle, "name": group.name}
            for group in workspace.usergroups.values()
            if not group.disabled
        ],
        "users": [_shown_user(workspace, ident) for ident in (*workspace.people, workspace.bot_user)],
        "channels": [
            shown_conversation(workspace, conversation, user, limit if only is None or conversation.id in only else 0)
            for conversation in workspace.conversations.values()
            if conversation.kind == "channel" or user in conversation.members
        ],
        "views": [shown_view(view) for view in workspace.views.stack(user)],
        "home": shown_view(home) if home is not None else None,
    }


def _shown_user(workspace: Workspace, user: str) -> dict[str, Any]:
    if user == workspace.bot_user:
        app = workspace.app
        return {"id": user, "name": app.bot_name, "real_name": app.name, "role": "app", "title": "", "is_bot": True}
    person = workspace.people[user]
    return {
        "id": user,
        "name": person.name,
        "real_name": person.real_name,
        "role": person.role,
        "title": person.title,
        "is_bot": False,
    }


def shown_conversation(workspace: Workspace, conversation: Conversation, user: str, limit: int) -> dict[str, Any]:
    """One conversation as a member sees it, their ephemeral messages among the others by time."""
    shown = conversation.timeline[-limit:] if limit > 0 else []
    more = len(shown) < len(conversation.timeline)
    # Without messages of others there is no time from which on one's own belong to the window.
    window = shown_messages(workspace, conversation, user, shown, since=shown[0] if more and shown else "", until="")
    if limit <= 0:
        window = {"messages": [], "threads": {}}
    direct = conversation.kind in ("im", "mpim")
    other = (
        next((member for member in conversation.members if member != user), user) if conversation.kind == "im" else None
    )
    return {
        "id": conversation.id,
        "name": _name(workspace, conversation, user, other),
        "kind": "dm" if direct else "channel",
        "with": other,
        "is_member": user in conversation.members,
        "is_private": conversation.kind == "private",
        "topic": conversation.topic,
        "members": list(conversation.members),
        "bookmarks": [
            {"id": each.id, "title": each.title, "link": each.link, "emoji": each.emoji}
            for each in conversation.bookmarks.values()
        ],
        "assistant": {ts: asdict(said) for ts, said in conversation.assistant.items()},
        "unread": conversation.unread.get(user, 0),
        "mentions": conversation.mentions.get(user, 0),
        "last_read": conversation.last_read.get(user),
        "has_more": more,
        **window,
    }


def _name(workspace: Workspace, conversation: Conversation, user: str, other: str | None) -> str:
    """A channel's name; of a direct message, the names of those one talks to."""
    if other is not None:
        return workspace.display_name(other)
    if conversation.kind == "mpim":
        return ", ".join(workspace.display_name(member) for member in conversation.members if member != user)
    return conversation.name


def shown_messages(
    workspace: Workspace, conversation: Conversation, user: str, shown: Sequence[str], *, since: str, until: str
) -> dict[str, Any]:
    """The top-level messages of these timestamps with their threads, as a member sees them: their ephemeral messages
    from `since` on and up to before `until` stand among them ('' for no border)."""

    def inside(ts: str) -> bool:
        return ts >= since and (not until or ts < until)

    private = sorted(conversation.ephemerals.get(user, {}).values(), key=lambda message: message.ts)
    top = [conversation.messages[ts] for ts in shown]
    top += [message for message in private if message.thread_ts is None and inside(message.ts)]
    top.sort(key=lambda message: message.ts)
    threads: dict[str, list[Message]] = {
        ts: [conversation.messages[reply] for reply in conversation.messages[ts].replies or ()]
        for ts in shown
        if conversation.messages[ts].replies
    }
    for message in private:
        if message.thread_ts is not None and inside(message.thread_ts):
            threads.setdefault(message.thread_ts, []).append(message)
    return {
        "messages": [shown_message(workspace, message, user) for message in top],
        "threads": {
            ts: [shown_message(workspace, reply, user) for reply in replies] for ts, replies in threads.items()
        },
    }


def shown_message(workspace: Workspace, message: Message, user: str | None = None) -> dict[str, Any]:
    """One message. `state` holds what `user` has chosen in its elements, as plain values."""
    chosen = (message.chosen or {}).get(user or "", {})
    return {
        "ts": message.ts,
        "channel": message.channel,
        "user": message.user,
        "bot_id": message.bot_id,
        "username": message.username or workspace.display_name(message.user),
        "text": message.text,
        "blocks": message.blocks or [],
        "attachments": message.attachments or [],
        "thread_ts": message.thread_ts,
        "reply_count": len(message.replies or ()),
        "reply_users": reply_users(workspace, message) if message.replies else [],
        "edited": message.edited is not None,
        "files": [_shown_file(workspace, file) for file in message.files],
        "reactions": [{"name": name, "users": list(users)} for name, users in message.reactions.items()],
        "ephemeral": message.ephemeral_to is not None,
        "pinned": message.ts in workspace.conversations[message.channel].pins,
        "streaming": _is_written(workspace, message),
        "subtype": message.subtype,
        "state": _plain_state(chosen),
    }


def _is_written(workspace: Workspace, message: Message) -> bool:
    """Whether the app is writing the message at this moment."""
    if message.streaming is None:
        return False
    stream = workspace.streams.get((message.channel, message.ts))
    return stream is not None and not stream.over(workspace.clock())


def _shown_file(workspace: Workspace, file_id: str) -> dict[str, Any]:
    file = workspace.files.files[file_id]
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype,
        "size": file.size,
        "url": f"{workspace.base_url}/files-pri/{workspace.team.id}-{file.id}/{file.name}",
        "is_image": file.mimetype.startswith("image/"),
        "deleted": file.deleted,
    }


def _plain_state(values: dict[tuple[str, str], dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for (block, action), state in values.items():
        found.setdefault(block, {})[action] = inputs.plain(state)
    return found


def shown_view(view: View) -> dict[str, Any]:
    """One view with its state as plain values. `labels` has the words of the options that are chosen."""
    state = inputs.all_values(view.blocks, view.values)
    return {
        "id": view.id,
        "type": view.type,
        "title": view.title,
        "blocks": view.blocks,
        "submit": view.submit,
        "close": view.close,
        "callback_id": view.callback_id,
        "private_metadata": view.private_metadata,
        "submit_disabled": view.submit_disabled,
        "state": _plain_state(state),
        "labels": {
            option["value"]: option["text"]["text"] for value in state.values() for option in _chosen_options(value)
        },
        "errors": dict(view.errors),
        "notice": view.notice,
        "hash": view.hash,
        "root_view_id": view.root_id,
        "previous_view_id": view.previous_id,
    }


def _chosen_options(state: dict[str, Any]) -> list[dict[str, Any]]:
    one = state.get("selected_option")
    return [option for option in (one, *(state.get("selected_options") or ())) if option]
