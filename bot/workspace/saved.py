"""A workspace in a file and back: identity and tokens, conversations with their messages, pins and bookmarks, scheduled
messages, user groups, files, homes.

Open modals, triggers, response addresses, consents and streams are not kept: they live for seconds or minutes. A
message that was being streamed into comes back as far as it had got.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.workspace.files import File
from bot.workspace.grants import UserToken
from bot.workspace.members import MemberState, Usergroup
from bot.workspace.messages import AssistantThread, Bookmark, Conversation, Message, Pin, Values
from bot.workspace.schedules import Scheduled
from bot.workspace.state import Workspace
from bot.workspace.views import View

FORMAT = 1
_TOKENS = ("bot_token", "app_token", "signing_secret", "verification_token")
_IDENTITY = ("app_id", "bot_id", "bot_user", "created", *_TOKENS)
_CONVERSATION = ("unread", "mentions", "last_read", "archived", "topic", "purpose", "previous_names")


class SavedError(ValueError):
    """The file is not a workspace of this format and team."""


def save(workspace: Workspace) -> dict[str, Any]:
    """The workspace as JSON."""
    return {
        "format": FORMAT,
        "team": workspace.team.id,
        "identity": {name: getattr(workspace, name) for name in _IDENTITY},
        "conversations": [_conversation(one) for one in workspace.conversations.values()],
        "files": [_file(file) for file in workspace.files.files.values()],
        "homes": [_view(view) for view in workspace.views.homes.values()],
        "grants": {
            "client_id": workspace.grants.client_id,
            "client_secret": workspace.grants.client_secret,
            "user_tokens": {token: [one.user, one.scopes] for token, one in workspace.grants.user_tokens.items()},
            "dead": workspace.grants.dead,
            "rotating": workspace.grants.rotating,
            "refresh_tokens": sorted(workspace.grants.refresh_tokens),
        },
        "scheduled": [dataclasses.asdict(one) for one in workspace.schedules.waiting.values()],
        "usergroups": [dataclasses.asdict(group) for group in workspace.usergroups.values()],
        "member_states": {user: dataclasses.asdict(state) for user, state in workspace.member_states.items()},
    }


def write(workspace: Workspace, path: Path) -> None:
    """Saves into a file that only its owner can read, since tokens are in it; replaces an older one in one step."""
    beside = path.with_name(path.name + ".new")
    beside.touch(mode=0o600)
    beside.write_text(json.dumps(save(workspace), ensure_ascii=False), encoding="utf-8")
    beside.replace(path)


def load(workspace: Workspace, saved: Mapping[str, Any]) -> None:
    """Puts what was saved into a new workspace of the same team. Raises `SavedError`."""
    if saved.get("format") != FORMAT:
        raise SavedError("The file is not a saved workspace of this version.")
    if saved.get("team") != workspace.team.id:
        raise SavedError("The file was saved by the workspace of another team.")
    for name in _IDENTITY:
        setattr(workspace, name, saved["identity"][name])
    workspace.conversations.clear()
    workspace.ims.clear()
    for entry in saved["files"]:
        content = entry.pop("content")
        workspace.files.add(File(**entry, content=None if content is None else base64.b64decode(content)))
    for entry in saved["conversations"]:
        _restore(workspace, entry)
    for entry in saved["homes"]:
        values = _values(entry.pop("values"))
        touched = {(block, action) for block, action in entry.pop("touched")}
        workspace.views.set_home(View(**entry, values=values, touched=touched))
    _restore_people(workspace, saved)


def _restore_people(workspace: Workspace, saved: Mapping[str, Any]) -> None:
    # Files of earlier releases have none of this.
    grants = saved.get("grants")
    if grants is not None:
        workspace.grants.client_id, workspace.grants.client_secret = grants["client_id"], grants["client_secret"]
        tokens = grants["user_tokens"].items()
        workspace.grants.user_tokens = {token: UserToken(user, tuple(scopes)) for token, (user, scopes) in tokens}
        workspace.grants.dead = dict(grants["dead"])
        workspace.grants.rotating = dict(grants.get("rotating", {}))
        workspace.grants.refresh_tokens = set(grants.get("refresh_tokens", ()))
    for entry in saved.get("scheduled", ()):
        workspace.schedules.add(Scheduled(**entry))
    for entry in saved.get("usergroups", ()):
        workspace.usergroups[entry["id"]] = Usergroup(**entry)
    for user, entry in saved.get("member_states", {}).items():
        workspace.member_states[user] = MemberState(**entry)


def _conversation(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "kind": conversation.kind,
        "name": conversation.name,
        "members": list(conversation.members),
        "creator": conversation.creator,
        "created": conversation.created,
        **{name: getattr(conversation, name) for name in _CONVERSATION},
        "closed_for": sorted(conversation.closed_for),
        "pins": {ts: dataclasses.asdict(pin) for ts, pin in conversation.pins.items()},
        "bookmarks": [dataclasses.asdict(bookmark) for bookmark in conversation.bookmarks.values()],
        "assistant": {ts: dataclasses.asdict(thread) for ts, thread in conversation.assistant.items()},
        "messages": [_message(message) for message in conversation.messages.values()],
        "ephemerals": [_message(one) for shown in conversation.ephemerals.values() for one in shown.values()],
    }


def _message(message: Message) -> dict[str, Any]:
    saved = {field.name: getattr(message, field.name) for field in dataclasses.fields(message)}
    # The replies follow from the messages that name their parent; what was chosen has pairs as keys.
    del saved["replies"], saved["repliers"]
    saved["chosen"] = {user: _flat(values) for user, values in (message.chosen or {}).items()} or None
    return saved


def _file(file: File) -> dict[str, Any]:
    saved = {field.name: getattr(file, field.name) for field in dataclasses.fields(file)}
    saved["content"] = None if file.content is None else base64.b64encode(file.content).decode()
    return saved


def _view(view: View) -> dict[str, Any]:
    saved = {field.name: getattr(view, field.name) for field in dataclasses.fields(view)}
    return {**saved, "values": _flat(view.values), "touched": sorted(view.touched)}


def _flat(values: Values) -> list[list[Any]]:
    return [[block, action, state] for (block, action), state in values.items()]


def _values(flat: list[list[Any]]) -> Values:
    return {(block, action): state for block, action, state in flat}


def _restore(workspace: Workspace, entry: dict[str, Any]) -> None:
    conversation = Conversation(
        entry["id"],
        entry["kind"],
        entry["name"],
        entry["members"],
        creator=entry["creator"],
        created=entry["created"],
    )
    for name in _CONVERSATION:
        setattr(conversation, name, entry.get(name, getattr(conversation, name)))
    conversation.closed_for = set(entry.get("closed_for", ()))
    conversation.pins = {ts: Pin(**pin) for ts, pin in entry.get("pins", {}).items()}
    conversation.bookmarks = {one["id"]: Bookmark(**one) for one in entry.get("bookmarks", ())}
    conversation.assistant = {ts: AssistantThread(**one) for ts, one in entry.get("assistant", {}).items()}
    for saved in (*entry["messages"], *entry["ephemerals"]):
        chosen = saved.pop("chosen")
        message = Message(**saved)
        message.chosen = {user: _values(flat) for user, flat in chosen.items()} if chosen else None
        workspace.mint.advance_past(message.ts)
        if message.ephemeral_to is not None:
            conversation.add_ephemeral(message)
        else:
            message.streaming = "completed" if message.streaming else None
            conversation.add(message)
            for user in {user for users in message.reactions.values() for user in users}:
                workspace.note_reaction(message, user)
    workspace.conversations[conversation.id] = conversation
    if conversation.kind in ("im", "mpim"):
        workspace.ims[frozenset(conversation.members)] = conversation
