"""auth.*, api.*, apps.*, team.*, bots.*"""

from __future__ import annotations

from typing import Any

from bot.workspace.api.call import ApiError, Call, Method
from bot.workspace.described import team_object
from bot.workspace.transport import Transport


def auth_test(call: Call) -> dict[str, Any]:
    """Who the token belongs to."""
    workspace = call.workspace
    if call.app_level:
        return {"app_name": workspace.app.name, "app_id": workspace.app_id}
    return {
        "url": f"{workspace.base_url}/",
        "team": workspace.team.name,
        "user": workspace.app.bot_name,
        "team_id": workspace.team.id,
        "user_id": workspace.bot_user,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


def api_test(call: Call) -> dict[str, Any]:
    """Gives the arguments back; with `error`, fails with that code."""
    arguments = {name: value for name, value in call.arguments.items() if name != "token"}
    error = call.text("error")
    if error:
        raise ApiError(error, args=arguments)
    return {"args": arguments} if arguments else {}


def connections_open(call: Call) -> dict[str, Any]:
    """The address of a new Socket Mode connection; needs the app-level token."""
    transport = call.workspace.delivery
    if not isinstance(transport, Transport):
        raise ApiError("internal_error")
    address = call.workspace.base_url.replace("http", "ws", 1)
    return {"url": f"{address}/link/?ticket={transport.socket_mode.ticket()}&app_id={call.workspace.app_id}"}


def team_info(call: Call) -> dict[str, Any]:
    """The team."""
    wanted = call.text("team")
    if wanted and wanted != call.workspace.team.id:
        raise ApiError("team_not_found")
    return {"team": team_object(call.workspace)}


def bots_info(call: Call) -> dict[str, Any]:
    """The app as a bot."""
    workspace = call.workspace
    if call.text("bot") not in (None, "", workspace.bot_id):
        raise ApiError("bot_not_found")
    icons = {f"image_{size}": f"{workspace.base_url}/static/bot_{size}.png" for size in (36, 48, 72)}
    return {
        "bot": {
            "id": workspace.bot_id,
            "deleted": False,
            "name": workspace.app.name,
            "updated": workspace.created,
            "app_id": workspace.app_id,
            "user_id": workspace.bot_user,
            "icons": icons,
        }
    }


METHODS: dict[str, Method] = {
    "auth.test": auth_test,
    "api.test": api_test,
    "apps.connections.open": connections_open,
    "team.info": team_info,
    "bots.info": bots_info,
}
