"""team.*, bots.*, emoji.*, dnd.*"""

from __future__ import annotations

from typing import Any

from bot.workspace.api.call import ApiError, Call, Method, misshapen
from bot.workspace.avatars import pictures
from bot.workspace.described import team_object

_LONGEST_SNOOZE_MINUTES = 60 * 24 * 365


def team_info(call: Call) -> dict[str, Any]:
    """The team."""
    wanted = call.text("team")
    if wanted and wanted != call.workspace.team.id:
        raise ApiError("team_not_found")
    domain = call.text("domain")
    if domain and domain != call.workspace.team.domain:
        raise ApiError("team_not_found")
    return {"team": team_object(call.workspace)}


def profile_fields(call: Call) -> dict[str, Any]:
    """The profile fields a team has made for itself: none."""
    if (call.text("visibility") or "all") not in ("all", "visible", "hidden"):
        raise misshapen("visibility", "must be a valid enum value")
    return {"profile": {"fields": [], "sections": []}}


def bots_info(call: Call) -> dict[str, Any]:
    """The app as a bot."""
    workspace = call.workspace
    if call.text("bot") not in (None, "", workspace.bot_id):
        raise ApiError("bot_not_found")
    return {
        "bot": {
            "id": workspace.bot_id,
            "deleted": False,
            "name": workspace.app.name,
            "updated": workspace.created,
            "app_id": workspace.app_id,
            "user_id": workspace.bot_user,
            "icons": pictures(workspace.base_url, workspace.bot_user, (36, 48, 72)),
        }
    }


def emoji(call: Call) -> dict[str, Any]:
    """The emoji a team has made for itself: none."""
    answer: dict[str, Any] = {"emoji": {}, "cache_ts": f"{call.workspace.clock():.6f}"}
    return {**answer, "categories": [], "categories_version": "1"} if call.flag("include_categories") else answer


def _quiet(call: Call, user: str) -> dict[str, Any]:
    # Nobody has regular quiet hours here. Slack says 1 for "never".
    return {"dnd_enabled": False, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1} | _snooze(call, user)


def _snooze(call: Call, user: str) -> dict[str, Any]:
    state = call.workspace.member_states.get(user)
    now = int(call.workspace.clock())
    if state is None or state.snooze_until <= now:
        return {"snooze_enabled": False}
    return {
        "snooze_enabled": True,
        "snooze_endtime": state.snooze_until,
        "snooze_remaining": state.snooze_until - now,
        "snooze_is_indefinite": False,
    }


def dnd_info(call: Call) -> dict[str, Any]:
    """Whether a member (the caller, without one named) wants quiet."""
    user = call.text("user") or call.user
    if not call.workspace.is_user(user):
        raise ApiError("user_not_found")
    return _quiet(call, user)


def dnd_team(call: Call) -> dict[str, Any]:
    """Whether members want quiet. Ids nobody has are left out, as in Slack."""
    users = call.listed("users")
    if not users:
        raise ApiError("no_users_provided")
    return {"users": {user: _quiet(call, user) for user in users[:50] if call.workspace.is_user(user)}}


def snooze(call: Call) -> dict[str, Any]:
    """Quiet for the member for some minutes."""
    minutes = call.number("num_minutes", 0, most=_LONGEST_SNOOZE_MINUTES + 1, error="snooze_failed")
    if minutes < 1:
        raise ApiError("missing_duration")
    if minutes > _LONGEST_SNOOZE_MINUTES:
        raise ApiError("too_long")
    call.workspace.member_state(call.user).snooze_until = int(call.workspace.clock()) + minutes * 60
    return _snooze(call, call.user)


def end_snooze(call: Call) -> dict[str, Any]:
    """No more quiet for the member."""
    if not _snooze(call, call.user)["snooze_enabled"]:
        raise ApiError("snooze_end_failed")
    call.workspace.member_state(call.user).snooze_until = 0
    return _quiet(call, call.user)


def end_dnd(call: Call) -> dict[str, Any]:
    """Ends the quiet of the member, whatever it comes from; nothing to do is no error, as in Slack."""
    call.workspace.member_state(call.user).snooze_until = 0
    return {}


METHODS: dict[str, Method] = {
    "team.info": team_info,
    "team.profile.get": profile_fields,
    "bots.info": bots_info,
    "emoji.list": emoji,
    "dnd.info": dnd_info,
    "dnd.teamInfo": dnd_team,
    "dnd.setSnooze": snooze,
    "dnd.endSnooze": end_snooze,
    "dnd.endDnd": end_dnd,
}
