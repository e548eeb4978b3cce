"""usergroups.*"""

from __future__ import annotations

import re
from typing import Any

from bot.workspace.api.call import ApiError, Call, Method, misshapen
from bot.workspace.members import Usergroup

_HANDLE = re.compile(r"[^\s@#<>&,:;'\"()\[\]{}A-Z/\\]{1,21}")
_RESERVED = frozenset({"here", "channel", "everyone", "group"})
_NAME_LIMIT = 100
_DESCRIPTION_LIMIT = 140


def _described(call: Call, group: Usergroup, *, users: bool = False, count: bool = False) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": group.id,
        "team_id": call.workspace.team.id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": group.description,
        "handle": group.handle,
        "is_external": False,
        "date_create": group.created,
        "date_update": group.updated,
        "date_delete": group.disabled,
        "auto_type": None,
        "auto_provision": False,
        "enterprise_subteam_id": "",
        "created_by": group.created_by,
        "updated_by": group.updated_by,
        "deleted_by": group.disabled_by,
        "prefs": {"channels": list(group.channels), "groups": []},
    }
    if users:
        described["users"] = list(group.users)
    if count:
        described["user_count"] = len(group.users)
    return described


def _changed(call: Call, group: Usergroup, kind: str = "subteam_updated") -> dict[str, Any]:
    group.updated, group.updated_by = int(call.workspace.clock()), call.user
    told = _described(call, group, users=True, count=True)
    call.workspace.emit(kind, {"type": kind, "subteam": told})
    return {"usergroup": _described(call, group, users=True, count=call.flag("include_count"))}


def _group(call: Call, error: str | None = None) -> Usergroup:
    group = call.workspace.usergroups.get(call.required("usergroup"))
    if group is None:
        raise ApiError(error) if error else misshapen("usergroup", "no such usergroup")
    return group


def _name(call: Call, group: Usergroup | None = None) -> str:
    name = (call.text("name") or "").strip()
    if not name:
        raise ApiError("missing_subteam_name")
    if len(name) > _NAME_LIMIT:
        raise ApiError("name_too_long") if group is None else misshapen("name", f"must be at most {_NAME_LIMIT}")
    if any(one.name == name and one is not group for one in call.workspace.usergroups.values()):
        raise ApiError("name_already_exists") if group is None else misshapen("name", "is taken")
    return name


def _handle(call: Call, name: str, group: Usergroup | None = None) -> str:
    handle = call.text("handle") or re.sub(r"[^\w\-.]+", "-", name.lower())[:21]
    if handle in _RESERVED:
        raise ApiError("forbidden_handle") if group is None else misshapen("handle", "is reserved")
    if not _HANDLE.fullmatch(handle):
        raise ApiError("bad_handle") if group is None else misshapen("handle", "is not a handle")
    taken = any(one.handle == handle and one is not group for one in call.workspace.usergroups.values())
    people = (person.name for person in call.workspace.people.values())
    if taken or handle in people:
        raise ApiError("handle_already_exists") if group is None else misshapen("handle", "is taken")
    return handle


def _description(call: Call, *, new: bool) -> str:
    description = call.text("description") or ""
    if len(description) > _DESCRIPTION_LIMIT:
        raise ApiError("description_too_long") if new else misshapen("description", "is too long")
    return description


def _channels(call: Call, *, new: bool) -> list[str]:
    channels = call.listed("channels")
    for channel in channels:
        conversation = call.workspace.conversations.get(channel)
        if conversation is None or not call.sees(conversation):
            raise ApiError("invalid_channel_provided") if new else misshapen("channels", "no such channel")
    return channels


def listed(call: Call) -> dict[str, Any]:
    """The groups of the workspace."""
    users, count = call.flag("include_users"), call.flag("include_count")
    shown = (one for one in call.workspace.usergroups.values() if call.flag("include_disabled") or not one.disabled)
    return {"usergroups": [_described(call, group, users=users, count=count) for group in shown]}


def create(call: Call) -> dict[str, Any]:
    """Makes a group, with nobody in it."""
    workspace = call.workspace
    name = _name(call)
    now = int(workspace.clock())
    group = Usergroup(
        workspace.mint.id("S"),
        name,
        _handle(call, name),
        _description(call, new=True),
        now,
        now,
        call.user,
        call.user,
        channels=_channels(call, new=True),
    )
    workspace.usergroups[group.id] = group
    return _changed(call, group, "subteam_created")


def update(call: Call) -> dict[str, Any]:
    """Changes what is named of a group."""
    group = _group(call)
    name = _name(call, group) if call.text("name") else group.name
    handle = _handle(call, name, group) if call.text("handle") else group.handle
    description = group.description if call.text("description") is None else _description(call, new=False)
    channels = group.channels if call.text("channels") is None else _channels(call, new=False)
    group.name, group.handle, group.description, group.channels = name, handle, description, channels
    return _changed(call, group)


def disable(call: Call) -> dict[str, Any]:
    """Puts a group out of use."""
    group = _group(call)
    group.disabled, group.disabled_by = int(call.workspace.clock()), call.user
    return _changed(call, group)


def enable(call: Call) -> dict[str, Any]:
    """Takes a group into use again."""
    group = _group(call)
    group.disabled, group.disabled_by = 0, None
    return _changed(call, group)


def users(call: Call) -> dict[str, Any]:
    """The members of a group."""
    group = _group(call, "no_such_subteam")
    if group.disabled and not call.flag("include_disabled"):
        raise ApiError("no_such_subteam")
    return {"users": list(group.users)}


def set_users(call: Call) -> dict[str, Any]:
    """Replaces the members of a group."""
    group = _group(call)
    wanted = call.listed("users")
    if not wanted:
        raise ApiError("no_users_provided")
    if any(user not in call.workspace.people for user in wanted):
        raise ApiError("invalid_users")
    group.users = list(dict.fromkeys(wanted))
    return _changed(call, group)


METHODS: dict[str, Method] = {
    "usergroups.list": listed,
    "usergroups.create": create,
    "usergroups.update": update,
    "usergroups.disable": disable,
    "usergroups.enable": enable,
    "usergroups.users.list": users,
    "usergroups.users.update": set_users,
}
