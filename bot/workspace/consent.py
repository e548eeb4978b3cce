"""The page on which a member lets the app in: `/oauth/v2/authorize`. Consent is given at once, without a click."""

from __future__ import annotations

import hmac
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.workspace.state import Workspace

_METHODS = ("plain", "S256")


def consent_routes(workspace: Workspace) -> list[BaseRoute]:
    """The route of the consent page."""
    return [Route("/oauth/v2/authorize", _Consent(workspace).authorize, methods=["GET"])]


def _refused(code: str) -> Response:
    return JSONResponse({"ok": False, "error": code}, 400)


class _Consent:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def authorize(self, request: Request) -> Response:
        """Sends the browser back to `redirect_uri` with `code` and `state`; without one, to the first of the manifest's
        redirect_urls, and where there is none of these either, the code is in the answer. Two arguments are the
        workspace's own: `user` names the member who consents (an admin otherwise), and `deny` makes them refuse."""
        workspace, asked = self._workspace, request.query_params
        if not hmac.compare_digest(asked.get("client_id", "").encode(), workspace.grants.client_id.encode()):
            return _refused("invalid_client_id")
        redirect_uri = asked.get("redirect_uri") or None
        if redirect_uri is not None and not self._known(redirect_uri):
            return _refused("bad_redirect_uri")
        # Without one, the browser goes to the first address of the manifest; the code is then not bound to it.
        target = redirect_uri or next(iter(workspace.app.redirect_urls), None)
        admins = (person.id for person in workspace.people.values() if person.role == "admin")
        user = asked.get("user") or next(admins, next(iter(workspace.people)))
        if user not in workspace.people:
            return _refused("user_not_found")
        challenge, method = asked.get("code_challenge"), asked.get("code_challenge_method", "plain")
        if challenge is not None and method not in _METHODS:
            return _refused("invalid_code_challenge_method")
        scopes, user_scopes = _scopes(asked.get("scope")), _scopes(asked.get("user_scope"))
        answer = {"state": asked.get("state", "")}
        if asked.get("deny"):
            answer["error"] = "access_denied"
        elif workspace.app.scopes is not None and not workspace.app.scopes.issuperset(scopes):
            answer["error"] = "invalid_scope"
        else:
            answer["code"] = workspace.grants.consent(user, scopes, user_scopes, redirect_uri, challenge, method)
        if target is None:
            return JSONResponse({"ok": "code" in answer, **answer})
        return RedirectResponse(f"{target}{'&' if '?' in target else '?'}{urlencode(answer)}", 302)

    def _known(self, redirect_uri: str) -> bool:
        """Whether the app may be answered there: below one of its manifest's redirect_urls, or anywhere without any."""
        if urlsplit(redirect_uri).scheme not in ("http", "https"):
            return False
        urls = self._workspace.app.redirect_urls
        return not urls or any(redirect_uri.startswith(url) for url in urls)


def _scopes(text: str | None) -> tuple[str, ...]:
    # Slack takes commas, and spaces too.
    return tuple(dict.fromkeys((text or "").replace(",", " ").split()))
