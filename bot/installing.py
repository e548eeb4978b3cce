"""One workspace with its token in the settings, or many that install the app themselves: who speaks for which."""

from __future__ import annotations

import aiohttp
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.manifest import SCOPES
from bot.settings import ProcessRole, Settings
from bot.slack_client import web_client
from handlers.clients import Clients, OneClient
from handlers.installation import open_to_workspaces
from handlers.installation.clients import SlackApp, TeamClients
from handlers.routes import Routes
from services.deps import Deps


def missing(settings: Settings, http: bool) -> list[str]:
    """The names of the settings that are not set, and that this process needs for what it does and this way to
    Slack."""
    edge = ProcessRole.EDGE in settings.roles
    needed: dict[str, object] = {}
    if settings.many_workspaces:
        # Every process may be the one that renews a token.
        needed["SLACK_CLIENT_ID"] = settings.slack_client_id
        needed["SLACK_CLIENT_SECRET"] = settings.slack_client_secret
        if edge:
            needed["SLACK_SIGNING_SECRET"] = settings.slack_signing_secret
            needed["PUBLIC_URL"] = settings.public_url
        return [name for name, value in needed.items() if not value]
    if settings.roles & {ProcessRole.EDGE, ProcessRole.WORKER}:
        needed["SLACK_BOT_TOKEN"] = settings.slack_bot_token
    if edge and http:
        needed["SLACK_SIGNING_SECRET"] = settings.slack_signing_secret
    elif edge:
        needed["SLACK_APP_TOKEN"] = settings.slack_app_token
    return [name for name, value in needed.items() if not value]


def client_for(settings: Settings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """The client of the one workspace; where there are many, one without a token."""
    return _client(_plain(settings.slack_bot_token), settings.slack_api_url, session)


def slack_app(settings: Settings) -> SlackApp:
    """The app that workspaces install."""
    secret = _plain(settings.slack_client_secret) or ""
    return SlackApp(settings.slack_client_id, secret, settings.slack_api_url, tuple(sorted(SCOPES)))


def clients_of(settings: Settings, deps: Deps, routes: Routes, client: AsyncWebClient) -> Clients:
    """The clients of all teams; where workspaces install the app themselves, the pages for it are added to the
    routes."""
    if not settings.many_workspaces:
        return OneClient(client)
    session = client.session
    clients = TeamClients(deps, slack_app(settings), lambda token: _client(token, settings.slack_api_url, session))
    open_to_workspaces(routes, clients)
    return clients


def _client(token: str | None, api_url: str, session: aiohttp.ClientSession | None) -> AsyncWebClient:
    made = web_client(token, api_url)
    made.session = session
    return made


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
