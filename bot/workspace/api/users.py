"""users.*"""

from __future__ import annotations

from typing import Any

from bot.workspace.api.call import ApiError, Call, Method, page
from bot.workspace.described import user_object


def listed(call: Call) -> dict[str, Any]:
    """All members, the app's bot user among them."""
    workspace = call.workspace
    users, metadata = page([*workspace.people, workspace.bot_user], call, default=1000)
    locale = call.flag("include_locale")
    return {
        "members": [user_object(workspace, user, locale=locale) for user in users],
        "cache_ts": int(workspace.clock()),
        "response_metadata": metadata,
    }


def _user(call: Call) -> str:
    user = call.text("user") or call.workspace.bot_user
    if not call.workspace.is_user(user):
        raise ApiError("user_not_found")
    return user


def info(call: Call) -> dict[str, Any]:
    """One member."""
    return {"user": user_object(call.workspace, _user(call), locale=call.flag("include_locale"))}


def by_email(call: Call) -> dict[str, Any]:
    """The member with an address, upper and lower case alike."""
    wanted = call.required("email").strip().lower()
    team = call.workspace.team
    for person in team.people:
        if team.email(person).lower() == wanted:
            return {"user": user_object(call.workspace, person.id)}
    raise ApiError("users_not_found")


def profile(call: Call) -> dict[str, Any]:
    """The profile of a member."""
    return {"profile": user_object(call.workspace, _user(call))["profile"]}


def presence(call: Call) -> dict[str, Any]:
    """Everybody is at their desk."""
    _user(call)
    return {"presence": "active"}


METHODS: dict[str, Method] = {
    "users.list": listed,
    "users.info": info,
    "users.lookupByEmail": by_email,
    "users.profile.get": profile,
    "users.getPresence": presence,
}
