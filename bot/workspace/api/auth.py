"""auth.*, api.*, apps.*, oauth.*"""

from __future__ import annotations

import hmac
from typing import Any

from bot.workspace.api.call import ApiError, Call, Method, page
from bot.workspace.described import team_object
from bot.workspace.grants import TOKEN_SECONDS, proves
from bot.workspace.transport import Transport


def auth_test(call: Call) -> dict[str, Any]:
    """Who the token belongs to."""
    workspace = call.workspace
    if call.app_level:
        return {"app_name": workspace.app.name, "app_id": workspace.app_id}
    described = {
        "url": f"{workspace.base_url}/",
        "team": workspace.team.name,
        "user": workspace.app.bot_name if call.by_bot else workspace.people[call.user].name,
        "team_id": workspace.team.id,
        "user_id": call.user,
        "is_enterprise_install": False,
    }
    return {**described, "bot_id": workspace.bot_id} if call.by_bot else described


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


def authorizations(call: Call) -> dict[str, Any]:
    """For whom an event was meant: for the one installation there is."""
    workspace = call.workspace
    if not workspace.knows_event_context(call.required("event_context")):
        raise ApiError("invalid_event_context")
    installed = {
        "enterprise_id": None,
        "team_id": workspace.team.id,
        "user_id": workspace.bot_user,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    items, metadata = page([installed], call)
    return {"authorizations": items, "response_metadata": metadata}


def revoke(call: Call) -> dict[str, Any]:
    """Takes the calling token back; with `test`, only says that it could."""
    if call.flag("test"):
        return {"revoked": False}
    workspace = call.workspace
    told: dict[str, list[str]] = {"oauth": [], "bot": []}
    told["bot" if call.by_bot else "oauth"].append(call.user)
    workspace.emit("tokens_revoked", {"type": "tokens_revoked", "tokens": told})
    workspace.grants.dead[call.token] = "token_revoked"
    if call.by_bot:
        workspace.grants.refresh_tokens.clear()
    return {"revoked": True}


def teams(call: Call) -> dict[str, Any]:
    """The one workspace the token opens."""
    team = call.workspace.team
    described: dict[str, Any] = {"id": team.id, "name": team.name}
    if call.flag("include_icon"):
        described["icon"] = team_object(call.workspace)["icon"]
    items, metadata = page([described], call)
    # Slack answers with `teams`; its published table names the key `team`. Both are here.
    return {"teams": items, "team": items, "response_metadata": metadata}


def _client(call: Call) -> None:
    grants = call.workspace.grants
    if not hmac.compare_digest((call.text("client_id") or "").encode(), grants.client_id.encode()):
        raise ApiError("invalid_client_id")
    if not hmac.compare_digest((call.text("client_secret") or "").encode(), grants.client_secret.encode()):
        raise ApiError("bad_client_secret")


def uninstall(call: Call) -> dict[str, Any]:
    """Takes every token of the app back. It is installed again with the next code."""
    _client(call)
    workspace = call.workspace
    workspace.emit("app_uninstalled", {"type": "app_uninstalled"})
    workspace.grants.end(workspace.bot_token)
    return {"uninstalled": True}


def access(call: Call) -> dict[str, Any]:
    """Turns the code of a consent into tokens."""
    _client(call)
    workspace = call.workspace
    kind = call.text("grant_type") or "authorization_code"
    if kind == "refresh_token":
        following = workspace.grants.refresh(call.text("refresh_token") or "")
        if following is None:
            raise ApiError("invalid_refresh_token")
        return {**_installed(call), **_bot(call, following, tuple(sorted(workspace.app.scopes or ())))}
    if kind != "authorization_code":
        raise ApiError("invalid_grant_type")
    text = call.text("code") or ""
    code = workspace.grants.look_at(text)
    if code is None:
        raise ApiError("invalid_code")
    if (call.text("redirect_uri") or None) not in (None, code.redirect_uri) or (
        code.redirect_uri is not None and not call.text("redirect_uri")
    ):
        raise ApiError("bad_redirect_uri")
    if not code.scopes and not code.user_scopes:
        raise ApiError("no_scopes")
    if not proves(code, call.text("code_verifier")):
        raise ApiError("invalid_code_verifier")
    workspace.grants.spend(text)
    member: dict[str, Any] = {"id": code.user}
    if code.user_scopes:
        token = workspace.grants.user_token(code.user, code.user_scopes)
        scopes = ",".join(workspace.grants.user_tokens[token].scopes)
        member |= {"scope": scopes, "access_token": token, "token_type": "user"}
    answer = {**_installed(call), "authed_user": member}
    if code.scopes:
        answer |= _bot(call, workspace.grants.rotate() if workspace.app.rotates else None, code.scopes)
    return answer


def _installed(call: Call) -> dict[str, Any]:
    workspace = call.workspace
    return {
        "app_id": workspace.app_id,
        "team": {"id": workspace.team.id, "name": workspace.team.name},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _bot(call: Call, rotated: tuple[str, str] | None, scopes: tuple[str, ...]) -> dict[str, Any]:
    """The bot's token: the one there is, or a rotated one with the refresh token for the next."""
    workspace = call.workspace
    ends = {} if rotated is None else {"refresh_token": rotated[1], "expires_in": TOKEN_SECONDS}
    return {
        "access_token": workspace.live_bot_token() if rotated is None else rotated[0],
        "token_type": "bot",
        "scope": ",".join(scopes),
        "bot_user_id": workspace.bot_user,
        **ends,
    }


METHODS: dict[str, Method] = {
    "auth.test": auth_test,
    "auth.revoke": revoke,
    "auth.teams.list": teams,
    "api.test": api_test,
    "apps.connections.open": connections_open,
    "apps.event.authorizations.list": authorizations,
    "apps.uninstall": uninstall,
    "oauth.v2.access": access,
}
