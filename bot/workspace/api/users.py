"""users.*, without users.conversations"""

from __future__ import annotations

from typing import Any

from bot.workspace.api.call import ApiError, Call, Method, page
from bot.workspace.described import SLACKBOT, user_object


def _described(call: Call, user: str, *, locale: bool = False) -> dict[str, Any]:
    """A member as this token may see them: the address is for those with a scope of its own."""
    described = user_object(call.workspace, user, locale=locale)
    if not call.may("users:read.email"):
        described["profile"].pop("email", None)
    return described


def listed(call: Call) -> dict[str, Any]:
    """All members, the app's bot user among them."""
    workspace = call.workspace
    users, metadata = page([*workspace.people, workspace.bot_user], call, default=1000)
    locale = call.flag("include_locale")
    return {
        "members": [_described(call, user, locale=locale) for user in users],
        "cache_ts": int(workspace.clock()),
        "response_metadata": metadata,
    }


def _user(call: Call) -> str:
    user = call.text("user") or call.user
    if not call.workspace.is_user(user) and user != SLACKBOT:
        raise ApiError("user_not_found")
    return user


def info(call: Call) -> dict[str, Any]:
    """One member."""
    return {"user": _described(call, _user(call), locale=call.flag("include_locale"))}


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
    return {"profile": _described(call, _user(call))["profile"]}


_WRITABLE = frozenset(
    {
        "title", "phone", "skype", "real_name", "display_name", "first_name", "last_name", "pronouns", "status_text",
        "status_emoji", "status_expiration", "fields",
    }
)  # fmt: skip
_STATUS_LIMIT = 100
_NAME_LIMIT = 80


def set_profile(call: Call) -> dict[str, Any]:
    """Changes the profile of the member whose token it is: `profile` as an object, or one field by `name`, `value`."""
    workspace = call.workspace
    if (call.text("user") or call.user) != call.user:
        raise ApiError("not_admin")
    changed = call.json("profile", "invalid_profile")
    if changed is None and call.text("name"):
        changed = {call.required("name"): call.text("value") or ""}
    if not isinstance(changed, dict) or not changed or set(changed) - _WRITABLE:
        raise ApiError("invalid_profile")
    for key, value in changed.items():
        if key == "fields":
            good = value is None or isinstance(value, dict)
        elif key == "status_expiration":
            good = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        else:
            good = isinstance(value, str)
        if not good:
            raise ApiError("invalid_profile")
        if isinstance(value, str) and len(value) > (_STATUS_LIMIT if key == "status_text" else _NAME_LIMIT):
            raise ApiError("too_long")
    state = workspace.member_state(call.user)
    state.profile |= changed
    if "real_name" in changed:
        state.profile["real_name_normalized"] = changed["real_name"]
    if "display_name" in changed:
        state.profile["display_name_normalized"] = changed["display_name"]
    described = user_object(workspace, call.user, locale=True)
    workspace.emit("user_change", {"type": "user_change", "user": described, "cache_ts": int(workspace.clock())})
    workspace.emit("user_profile_changed", {"type": "user_profile_changed", "user": described})
    return {"username": workspace.people[call.user].name, "profile": described["profile"]}


def presence(call: Call) -> dict[str, Any]:
    """Everybody is at their desk, unless they say otherwise. One's own presence says more."""
    user = _user(call)
    state = call.workspace.member_states.get(user)
    away = state is not None and state.away
    answer: dict[str, Any] = {"presence": "away" if away else "active"}
    if user != call.user:
        return answer
    more = {"online": not away, "auto_away": False, "manual_away": away, "connection_count": 1}
    return answer | more | {"last_activity": int(call.workspace.clock())}


def set_presence(call: Call) -> dict[str, Any]:
    """The caller is away, or there again."""
    wanted = call.required("presence")
    if wanted not in ("auto", "away", "active"):
        raise ApiError("invalid_presence")
    call.workspace.member_state(call.user).away = wanted == "away"
    return {}


def identity(call: Call) -> dict[str, Any]:
    """Who the member is whose token it is."""
    workspace = call.workspace
    person = workspace.people[call.user]
    user: dict[str, Any] = {"id": person.id, "name": person.real_name}
    granted = workspace.grants.user_tokens[call.token].scopes
    if "identity.email" in granted:
        user["email"] = workspace.team.email(person)
    return {"user": user, "team": {"id": workspace.team.id, "name": workspace.team.name}}


METHODS: dict[str, Method] = {
    "users.list": listed,
    "users.info": info,
    "users.lookupByEmail": by_email,
    "users.profile.get": profile,
    "users.profile.set": set_profile,
    "users.getPresence": presence,
    "users.setPresence": set_presence,
    "users.identity": identity,
}
