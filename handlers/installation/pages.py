"""The pages on which a workspace installs the app: there, and back from Slack's page of consent.

Whoever comes back has to be who went: the state is signed and good once, and the browser that began holds a secret of
ours that no other has. So nobody can make somebody else's browser finish an installation.
"""

from __future__ import annotations

import logging
import re
import secrets
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Installation
from starlette.requests import Request
from starlette.responses import Response

from handlers.boundary import fault, new_reference
from handlers.i18n import Translator, translator
from handlers.installation.clients import TeamClients
from handlers.installation.store import Store
from handlers.openapi import Described, Operation, Parameter, shown
from handlers.pages import Button, language_of, page
from handlers.refusals import error_of
from handlers.routes import Routes
from services import installations
from services.deps import Deps
from services.installations import StateProblem

log = logging.getLogger(__name__)

INSTALL: Final = "/slack/install"
REDIRECT: Final = "/slack/oauth_redirect"
# Over https a browser takes a cookie with the first name only from this very host, and not from its neighbours.
COOKIES: Final = {True: "__Host-kakehashi-install", False: "kakehashi-install"}
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_ERROR = re.compile(r"[a-z][a-z0-9_]{0,60}")


_LANGUAGE: Final = Parameter("Accept-Language", "header", "The page's language; otherwise Japanese.")
_BROWSER: Final = tuple(
    Parameter(name, "cookie", f"The browser's secret, where the bot is reached over {'https' if safe else 'http'}.")
    for safe, name in COOKIES.items()
)
BEGIN: Final[Described] = {
    "GET": Operation(
        "Says what is going to be installed, and leads on to Slack's page of consent",
        {200: shown("The way there.", **{"Set-Cookie": "The browser's secret."})},
        (_LANGUAGE, *_BROWSER),
    )
}
COME_BACK: Final[Described] = {
    "GET": Operation(
        "Where Slack sends the browser back to",
        {
            200: shown("Kakehashi is in the workspace now."),
            400: shown("It is not: the state is not ours or not this browser's, or Slack did not complete it."),
            403: shown("It is not: there was no consent."),
            502: shown("It is not: Slack could not be reached."),
        },
        (
            Parameter("state", "query", "What the way began with."),
            Parameter("code", "query", "What Slack gives out for the consent."),
            Parameter("error", "query", "Why Slack gave out no code."),
            _LANGUAGE,
            *_BROWSER,
        ),
    )
}


class Unfit(Exception):
    """Slack's consent is not one that we can use. `enterprise`: it is for a whole organisation."""

    def __init__(self, *, enterprise: bool) -> None:
        super().__init__("enterprise" if enterprise else "answer")
        self.enterprise = enterprise


def register(routes: Routes, clients: TeamClients) -> None:
    """`GET /slack/install`, `GET /slack/oauth_redirect`."""
    routes.web(INSTALL, partial(begin, clients), methods=["GET"], described=BEGIN)
    routes.web(REDIRECT, partial(come_back, clients), methods=["GET"], described=COME_BACK)


def redirect_url(public_url: str) -> str:
    """Where Slack sends the browser back to; the app's manifest names it too."""
    return urljoin(public_url, REDIRECT.removeprefix("/"))


async def begin(clients: TeamClients, deps: Deps, request: Request) -> Response:
    """What is going to be installed, and the way to Slack's page of consent."""
    t = _reader(request)
    secure, cookie = _cookie(deps, request)
    browser = cookie or secrets.token_urlsafe(32)
    asked = {
        "client_id": clients.app.client_id,
        "scope": ",".join(clients.app.scopes),
        "redirect_uri": redirect_url(deps.public_url),
        "state": installations.issue_state(deps, browser),
    }
    answer = page(
        t,
        t("Add Kakehashi to your Slack workspace"),
        [
            t("Kakehashi is an inside-sales assistant that lives in Slack: leads, calls, handoffs, meetings, figures."),
            t(
                "Slack shows next what Kakehashi may do in your workspace: answer commands and messages to it, post, "
                "and read names and addresses of members. Whoever installs it first becomes its admin."
            ),
            t("Your workspace's data is erased 30 days after the app is removed."),
        ],
        Button(t("Continue to Slack"), f"{clients.app.authorize_url}?{urlencode(asked)}"),
    )
    answer.set_cookie(
        COOKIES[secure],
        browser,
        max_age=installations.STATE_SECONDS,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    return answer


async def come_back(clients: TeamClients, deps: Deps, request: Request) -> Response:
    """The end of the way: the workspace is there, or why it is not and what to do."""
    t = _reader(request)
    asked = request.query_params
    _, browser = _cookie(deps, request)
    problem = await installations.spend_state(deps, asked.get("state", ""), browser)
    if problem is not None:
        return _problem(t, problem)
    error = asked.get("error")
    if error is not None or not asked.get("code"):
        answer = _not_given(t, error or "")
    else:
        try:
            answer = await _installed(clients, deps, t, asked["code"])
        except Exception:
            reference = new_reference()
            log.exception("An installation failed (reference %s)", reference)
            said = fault(t, reference, submitting=False)
            answer = page(t, t("Kakehashi could not be installed"), [said], _again(t), 500)
    # The cookie stays for its ten minutes: whoever opens this page once more is told so, and nothing worse.
    return answer


async def _installed(clients: TeamClients, deps: Deps, t: Translator, code: str) -> Response:
    try:
        found = await _exchange(clients, deps, code)
        await Store(clients).async_save(found)
    except Unfit as unfit:
        return _unfit(t, enterprise=unfit.enterprise)
    except SlackApiError as refused:
        error = error_of(refused)
        log.warning("Slack refused an installation: %s", error if _ERROR.fullmatch(error) else "?")
        return _refused(t, error)
    except (aiohttp.ClientError, TimeoutError, OSError) as lost:
        log.warning("Slack could not be reached for an installation: %s", type(lost).__name__)
        return page(
            t,
            t("Slack could not be reached"),
            [t("Nothing was installed. Please try again in a few minutes.")],
            _again(t),
            502,
        )
    log.info("Team %s has installed the app", found.team_id)
    home = f"https://slack.com/app_redirect?{urlencode({'app': found.app_id, 'team': found.team_id})}"
    return page(
        t,
        t("Kakehashi is installed"),
        [
            t("It is now in {team}, and has sent you a direct message with the first steps.", team=found.team_name),
            t("You can close this page."),
        ],
        Button(t("Open in Slack"), home),
    )


async def _exchange(clients: TeamClients, deps: Deps, code: str) -> Installation:
    """What a code of Slack's stands for. Raises SlackApiError, `Unfit`."""
    credentials = {"client_id": clients.app.client_id, "client_secret": clients.app.client_secret}
    now = deps.now().timestamp()
    # Not the SDK's own call: it sends the secret in a way that its HTTP client is about to drop.
    answer = await clients.client_with(None).api_call(
        "oauth.v2.access",
        data={**credentials, "code": code, "redirect_uri": redirect_url(deps.public_url)},
    )
    given: dict[str, Any] = answer.data if isinstance(answer.data, dict) else {}
    team = given.get("team") or {}
    token = str(given.get("access_token") or "")
    if given.get("is_enterprise_install") or not team.get("id"):
        if token:
            # What we do not keep shall not work: the organisation sees that nothing is installed.
            await _give_back(clients, token, credentials)
        raise Unfit(enterprise=True)
    installer = str((given.get("authed_user") or {}).get("id") or "")
    if given.get("token_type") != "bot" or not token or not installer:
        raise Unfit(enterprise=False)
    itself = await clients.client_with(token).auth_test()
    expires_in = given.get("expires_in")
    return Installation(
        app_id=str(given.get("app_id") or ""),
        team_id=str(team["id"]),
        team_name=str(team.get("name") or team["id"]),
        bot_token=token,
        bot_id=str(itself.get("bot_id") or ""),
        bot_user_id=str(given.get("bot_user_id") or itself.get("user_id") or ""),
        bot_scopes=str(given.get("scope") or ""),
        bot_refresh_token=str(given["refresh_token"]) if expires_in else None,
        bot_token_expires_at=int(now) + int(expires_in) if expires_in else None,
        user_id=installer,
        installed_at=now,
    )


async def _give_back(clients: TeamClients, token: str, credentials: dict[str, str]) -> None:
    try:
        await clients.client_with(token).api_call("apps.uninstall", data=credentials)
    except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as kept:
        log.warning("An organisation's installation could not be given back: %s", type(kept).__name__)


# What people read


def _again(t: Translator) -> Button:
    # From one page to its neighbour, wherever PUBLIC_URL says that they stand.
    return Button(t("Begin again"), INSTALL.rpartition("/")[2])


def _problem(t: Translator, problem: StateProblem) -> Response:
    match problem:
        case StateProblem.EXPIRED:
            title = t("This took too long")
            said = t(
                "The way to Slack and back is open for ten minutes. If Kakehashi is not in your workspace, please "
                "begin again."
            )
        case StateProblem.SPENT:
            title = t("This page has been opened before")
            said = t("If Kakehashi is in your workspace by now, all is well. If not, please begin again.")
        case StateProblem.BROWSER:
            title = t("This did not begin in this browser")
            said = t(
                "Nothing was installed. Please begin again and stay in one browser, with cookies allowed. If somebody "
                "sent you this link, do not open it."
            )
        case StateProblem.UNKNOWN:
            title = t("This link is not valid")
            said = t("Nothing was installed. Please begin again.")
    return page(t, title, [said], _again(t), 400)


def _not_given(t: Translator, error: str) -> Response:
    if error == "access_denied":
        title = t("Nothing was installed")
        said = t("You or your workspace's settings did not allow it. An admin of the workspace can approve the app.")
        return page(t, title, [said], _again(t), 403)
    return _refused(t, error)


def _refused(t: Translator, error: str) -> Response:
    lines = [t("Nothing was installed. Please begin again, and tell whoever runs Kakehashi if it happens again.")]
    if _ERROR.fullmatch(error):
        lines.append(t("Slack answered: {error}", error=error))
    return page(t, t("Slack did not complete the installation"), lines, _again(t), 400)


def _unfit(t: Translator, *, enterprise: bool) -> Response:
    if not enterprise:
        return _refused(t, "")
    title = t("Kakehashi is installed in single workspaces only")
    said = t(
        "You chose the whole organisation (Enterprise Grid). Nothing was installed. Please begin again and choose one "
        "workspace at the top right of Slack's page."
    )
    return page(t, title, [said], _again(t), 400)


def _reader(request: Request) -> Translator:
    return translator(language_of(request, "ja"))


def _cookie(deps: Deps, request: Request) -> tuple[bool, str]:
    """Whether browsers reach us over https, and the secret that this one holds; "" where it holds none of ours."""
    secure = urlsplit(deps.public_url).scheme == "https"
    held = request.cookies.get(COOKIES[secure], "")
    return secure, held if _SECRET.fullmatch(held) else ""
