"""Slack's JSON for the things of a workspace: users, channels, messages, files, views, the team and the bot."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bot.workspace.avatars import PROFILE_SIZES, pictures
from bot.workspace.files import File
from bot.workspace.messages import Conversation, Message, Values
from bot.workspace.state import Workspace
from bot.workspace.views import View

# Who speaks where Slack itself says something.
SLACKBOT = "USLACKBOT"


def user_object(workspace: Workspace, user: str, *, locale: bool = False) -> dict[str, Any]:
    """A user as `users.info` gives it."""
    if user == workspace.bot_user:
        return _bot_user(workspace)
    if user == SLACKBOT:
        return _slackbot(workspace)
    person = workspace.people[user]
    zone = datetime.fromtimestamp(workspace.clock(), ZoneInfo(person.zone))
    admin = person.role == "admin"
    described: dict[str, Any] = {
        "id": person.id,
        "team_id": person.home or workspace.team.id,
        "name": person.name,
        "deleted": False,
        "color": "9f69e7",
        "real_name": person.real_name,
        "tz": person.zone,
        "tz_label": zone.tzname() or person.zone,
        "tz_offset": int((zone.utcoffset() or timedelta()).total_seconds()),
        "profile": _profile(
            workspace, person.id, person.real_name, person.name, person.title, workspace.team.email(person)
        ),
        "is_admin": admin,
        "is_owner": admin,
        "is_primary_owner": admin,
        "is_restricted": bool(person.guest),
        "is_ultra_restricted": person.guest == "single",
        **({"is_stranger": True} if person.home else {}),
        "is_bot": False,
        "is_app_user": False,
        "is_email_confirmed": True,
        "who_can_share_contact_card": "EVERYONE",
        "updated": workspace.created,
    }
    state = workspace.member_states.get(user)
    if state is not None:
        described["profile"] |= state.profile
    if locale:
        described["locale"] = person.locale
    return described


def _profile(
    workspace: Workspace, user: str, real_name: str, display_name: str, title: str, email: str | None
) -> dict[str, Any]:
    profile: dict[str, Any] = {
        "title": title,
        "phone": "",
        "skype": "",
        "real_name": real_name,
        "real_name_normalized": real_name,
        "display_name": display_name,
        "display_name_normalized": display_name,
        "fields": None,
        "status_text": "",
        "status_emoji": "",
        "status_expiration": 0,
        "avatar_hash": f"g{zlib.crc32(user.encode()):08x}",
        **pictures(workspace.base_url, user, PROFILE_SIZES),
        "team": workspace.team.id,
    }
    if email is not None:
        profile["email"] = email
    first, _, last = real_name.partition(" ")
    return {**profile, "first_name": first, "last_name": last}


def _bot_user(workspace: Workspace) -> dict[str, Any]:
    profile = _profile(workspace, workspace.bot_user, workspace.app.name, workspace.app.bot_name, "", None)
    return {
        "id": workspace.bot_user,
        "team_id": workspace.team.id,
        "name": workspace.app.bot_name,
        "deleted": False,
        "color": "5a4592",
        "real_name": workspace.app.name,
        "tz": "Asia/Tokyo",
        "tz_label": "JST",
        "tz_offset": 32400,
        "profile": {**profile, "api_app_id": workspace.app_id, "bot_id": workspace.bot_id, "always_active": True},
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": True,
        "is_app_user": False,
        "updated": workspace.created,
    }


def _slackbot(workspace: Workspace) -> dict[str, Any]:
    # Slack counts its own voice among the people: is_bot is false.
    profile = _profile(workspace, SLACKBOT, "Slackbot", "Slackbot", "", None)
    return _bot_user(workspace) | {
        "id": SLACKBOT,
        "name": "slackbot",
        "color": "757575",
        "real_name": "Slackbot",
        "profile": {**profile, "always_active": True},
        "is_bot": False,
    }


def channel_object(workspace: Workspace, conversation: Conversation, viewer: str) -> dict[str, Any]:
    """A conversation as `conversations.info` gives it to one user."""
    common: dict[str, Any] = {
        "id": conversation.id,
        "created": conversation.created,
        "is_archived": conversation.archived,
        "is_im": conversation.kind == "im",
        "is_org_shared": False,
        "context_team_id": workspace.team.id,
        "updated": conversation.created * 1000,
    }
    if conversation.kind == "im":
        other = next((user for user in conversation.members if user != viewer), viewer)
        return {
            **common,
            "user": other,
            "is_user_deleted": False,
            "is_open": viewer not in conversation.closed_for,
            "priority": 0,
        }
    purpose = {"value": conversation.purpose, "creator": "", "last_set": 0}
    if conversation.purpose:
        purpose = {**purpose, "creator": conversation.creator, "last_set": conversation.created}
    return {
        **common,
        "name": conversation.name,
        "name_normalized": conversation.name,
        "is_channel": conversation.kind == "channel",
        "is_group": conversation.kind == "private",
        "is_mpim": conversation.kind == "mpim",
        "is_private": conversation.kind != "channel",
        "is_general": conversation.name == "general",
        "unlinked": 0,
        "is_shared": False,
        "is_frozen": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "parent_conversation": None,
        "creator": conversation.creator,
        "is_ext_shared": False,
        "shared_team_ids": [workspace.team.id],
        "pending_connected_team_ids": [],
        "is_member": viewer in conversation.members,
        "topic": {"value": conversation.topic, "creator": conversation.creator, "last_set": conversation.created},
        "purpose": purpose,
        "previous_names": conversation.previous_names,
        "num_members": len(conversation.members),
    }


def bot_profile(workspace: Workspace) -> dict[str, Any]:
    """The app's face on its messages."""
    return {
        "id": workspace.bot_id,
        "app_id": workspace.app_id,
        "user_id": workspace.bot_user,
        "name": workspace.app.name,
        "icons": pictures(workspace.base_url, workspace.bot_user, (36, 48, 72)),
        "deleted": False,
        "updated": workspace.created,
        "team_id": workspace.team.id,
    }


def message_object(workspace: Workspace, message: Message, *, metadata: bool = False) -> dict[str, Any]:
    """A message as the history gives it, without its channel. `metadata` adds the app's own data."""
    described: dict[str, Any] = {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": workspace.team.id,
    }
    if message.subtype:
        described["subtype"] = message.subtype
    if message.client_msg_id:
        described["client_msg_id"] = message.client_msg_id
    if message.bot_id:
        described |= {"bot_id": message.bot_id, "app_id": workspace.app_id, "bot_profile": bot_profile(workspace)}
    if message.username:
        described["username"] = message.username
    if message.icons:
        described["icons"] = message.icons
    if message.blocks:
        described["blocks"] = message.blocks
    if message.attachments:
        described["attachments"] = message.attachments
    if message.files:
        described |= {
            "files": [file_object(workspace, workspace.files.files[file]) for file in message.files],
            "upload": True,
            "display_as_bot": False,
        }
    if message.edited:
        described["edited"] = {"user": message.user, "ts": message.edited}
    if message.thread_ts:
        described["thread_ts"] = message.thread_ts
        if message.thread_ts != message.ts:
            parent = workspace.conversations[message.channel].messages.get(message.thread_ts)
            if parent is not None:
                described["parent_user_id"] = parent.user
    if message.replies:
        described |= _thread_summary(workspace, message, message.replies)
    if message.reactions:
        described["reactions"] = [
            {"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions.items()
        ]
    pin = workspace.conversations[message.channel].pins.get(message.ts)
    if pin is not None:
        described |= {
            "pinned_to": [message.channel],
            "pinned_info": {"channel": message.channel, "pinned_by": pin.user, "pinned_ts": pin.created},
        }
    if message.streaming is not None:
        writing = workspace.stream(message.channel, message.ts) is not None
        described["streaming_state"] = "in_progress" if writing else "completed"
    if metadata and message.metadata:
        described["metadata"] = message.metadata
    return described


def _thread_summary(workspace: Workspace, message: Message, replies: list[str]) -> dict[str, Any]:
    users = reply_users(workspace, message)
    return {
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "latest_reply": replies[-1],
        "reply_users": users[:5],
        "is_locked": False,
        "subscribed": False,
    }


def reply_users(_workspace: Workspace, message: Message) -> list[str]:
    """Who has answered in a message's thread, in order of their first answer."""
    return list(message.repliers or ())


def file_object(workspace: Workspace, file: File) -> dict[str, Any]:
    """A file as `files.info` gives it."""
    if file.deleted:
        return {
            "id": file.id,
            "mode": "tombstone",
            "created": file.created,
            "timestamp": file.created,
            "user": file.owner,
        }
    address = f"{workspace.base_url}/files-pri/{workspace.team.id}-{file.id}"
    name = quote(file.name)
    shares: dict[str, dict[str, Any]] = {"public": {}, "private": {}}
    channels: list[str] = []
    groups: list[str] = []
    ims: list[str] = []
    for channel, messages in file.shares.items():
        kind = workspace.conversations[channel].kind
        {"channel": channels, "private": groups}.get(kind, ims).append(channel)
        entries = [
            {"ts": ts, "channel_name": workspace.conversations[channel].name, "team_id": workspace.team.id}
            for ts in messages
        ]
        shares["public" if kind == "channel" else "private"][channel] = entries
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype,
        "filetype": file.filetype,
        "pretty_type": file.pretty_type,
        "user": file.owner,
        "user_team": workspace.team.id,
        "editable": False,
        "size": file.size,
        "mode": "snippet" if file.snippet_type else "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": bool(channels),
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"{address}/{name}",
        "url_private_download": f"{address}/download/{name}",
        "permalink": f"{workspace.base_url}/files/{file.owner}/{file.id}/{name}",
        "permalink_public": f"{workspace.base_url}/files-public/{file.id}-{file.secret[:10]}",
        "comments_count": 0,
        "is_starred": False,
        "shares": {kind: found for kind, found in shares.items() if found},
        "channels": channels,
        "groups": groups,
        "ims": ims,
        "has_rich_preview": False,
        "file_access": "visible",
        **({"alt_txt": file.alt_text} if file.alt_text else {}),
    }


def nested(values: Values) -> dict[str, dict[str, Any]]:
    """Values in the nesting of Slack's `state.values`."""
    found: dict[str, dict[str, Any]] = {}
    for (block, action), value in values.items():
        found.setdefault(block, {})[action] = value
    return found


def view_object(workspace: Workspace, view: View, values: Values | None = None) -> dict[str, Any]:
    """A view as the app gets it. `values` is its state; without it the state is empty, as in `views.open`."""
    return {
        "id": view.id,
        "team_id": workspace.team.id,
        "type": view.type,
        "blocks": view.blocks,
        "private_metadata": view.private_metadata,
        "callback_id": view.callback_id,
        "state": {"values": nested(values or {})},
        "hash": view.hash,
        "title": view.title or {"type": "plain_text", "text": "View Title", "emoji": True},
        "clear_on_close": view.clear_on_close,
        "notify_on_close": view.notify_on_close,
        "close": view.close,
        "submit": view.submit,
        "submit_disabled": view.submit_disabled,
        "previous_view_id": view.previous_id,
        "root_view_id": view.root_id,
        "app_id": workspace.app_id,
        "external_id": view.external_id,
        "app_installed_team_id": workspace.team.id,
        "bot_id": workspace.bot_id,
    }


def team_object(workspace: Workspace) -> dict[str, Any]:
    """The team as `team.info` gives it."""
    return {
        "id": workspace.team.id,
        "name": workspace.team.name,
        "url": f"{workspace.base_url}/",
        "domain": workspace.team.domain,
        "email_domain": f"{workspace.team.domain}.example",
        "icon": {"image_default": True, **pictures(workspace.base_url, workspace.team.id, (34, 44, 68, 88, 102, 132))},
        "avatar_base_url": f"{workspace.base_url}/avatars/",
        "is_verified": False,
    }
