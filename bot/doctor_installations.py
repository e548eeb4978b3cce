"""The doctor where workspaces install the app themselves: whether Slack knows the app, and takes each one's token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import aiohttp
import sqlalchemy as sa
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor import Finding, State, away, client_with, clock_of, error_of, scopes_of
from bot.installing import missing
from bot.manifest import SCOPES
from bot.settings import Settings
from handlers.i18n import Translator
from handlers.installation.pages import INSTALL
from services import installations
from services.deps import Deps
from services.installations import Installed, ListedRow, Unreadable
from storage.database import connect, normalise_url
from storage.outbox import Outbox

TRIED: Final = 20
"""So many workspaces' tokens are tried, the newest ones'."""
WRONG_APP: Final = frozenset({"invalid_client_id", "bad_client_secret"})


async def workspaces(settings: Settings, t: Translator, now: Callable[[], float]) -> list[Finding]:
    """The app, its clock, and the workspaces."""
    found = await _app(settings, t, now)
    return [*found, *await _installed(settings, t)]


async def _app(settings: Settings, t: Translator, now: Callable[[], float]) -> list[Finding]:
    part = t("Slack app")
    absent = missing(settings, http=True)
    if absent:
        return [
            Finding(
                State.BAD,
                part,
                t("Not set: {names}", names=", ".join(absent)),
                t(
                    "Copy what is Slack's from your app's page, “Basic Information”, into .env; PUBLIC_URL is the "
                    "address that leads to the bot."
                ),
            )
        ]
    secret = settings.slack_client_secret
    asked_at = now()
    try:
        # A code nobody was ever given: whoever knows the app refuses the code, whoever does not refuses the app.
        await client_with(None, settings).api_call(
            "oauth.v2.access",
            data={
                "client_id": settings.slack_client_id,
                "client_secret": secret.get_secret_value() if secret else "",
                "code": "none",
            },
        )
    except SlackApiError as refused:
        error = error_of(refused)
        if error in WRONG_APP:
            return [
                Finding(
                    State.BAD,
                    part,
                    t("The app is not accepted: {error}", error=error),
                    t("Check {id} and {secret}.", id="SLACK_CLIENT_ID", secret="SLACK_CLIENT_SECRET"),  # noqa: S106 - its name
                )
            ]
        return [Finding(State.GOOD, part, t("The app is known there.")), clock_of(refused.response, asked_at, t)]
    except (aiohttp.ClientError, TimeoutError, OSError) as lost:
        return [away(part, settings.slack_api_url, lost, t)]
    return [Finding(State.GOOD, part, t("The app is known there."))]


async def _installed(settings: Settings, t: Translator) -> list[Finding]:
    part = t("Workspaces")
    url = f"{settings.public_url}{INSTALL.removeprefix('/')}"
    none = Finding(State.NOTE, part, t("None has installed the app yet."), t("Install it at {url}.", url=url))
    if not _there(settings):
        return [none]
    try:
        keys = settings.keys()
    except ValueError:
        # The key has a line of its own.
        return []
    database = connect(settings.database_url)
    try:
        deps = Deps(database, Outbox(None), keys=keys)  # type: ignore[arg-type]  # nothing is enqueued
        rows = [row for row in await installations.everybody(deps) if row.installed_at and not row.gone_at]
        tried = await asyncio.gather(*(_one(settings, deps, row, url, t) for row in rows[-TRIED:]))
    except sa.exc.SQLAlchemyError:
        # Not there yet, or out of reach: the database has a line of its own.
        rows, tried = [], []
    finally:
        await database.dispose()
    if not rows:
        return [none]
    good = Finding(State.GOOD, part, t.plural("{n} has installed the app.", "{n} have installed the app.", len(rows)))
    return [good, *(finding for finding in tried if finding is not None)]


def _there(settings: Settings) -> bool:
    """Whether there is a database to be looked into. A SQLite file and its key would be made by looking."""
    parsed = normalise_url(settings.database_url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return True
    key = settings.secret_key is not None or Path(f"{parsed.database}.key").exists()
    return key and Path(parsed.database).exists()


async def _one(settings: Settings, deps: Deps, row: ListedRow, url: str, t: Translator) -> Finding | None:
    """What is wrong with a workspace's token, if anything."""
    part = f"{row.name} ({row.team_id})"
    try:
        found: Installed | None = await installations.find(deps, row.team_id)
    except Unreadable:
        return Finding(
            State.BAD,
            part,
            t("Its token was encrypted with another SECRET_KEY."),
            t(
                "Bring back the SECRET_KEY that was in use, or let an admin there install the app again at {url}.",
                url=url,
            ),
        )
    if found is None or (found.expires_at is not None and found.expires_at <= deps.now()):
        # One that has ended while the bot was not running is renewed at its start.
        return None
    client: AsyncWebClient = client_with(found.token, settings)
    try:
        answer = await client.auth_test()
    except SlackApiError as refused:
        said = t("Slack does not accept it: {error}", error=error_of(refused))
        return Finding(State.BAD, part, said, t("Let an admin there install the app again at {url}.", url=url))
    except (aiohttp.ClientError, TimeoutError, OSError) as lost:
        return away(part, settings.slack_api_url, lost, t)
    lacking = sorted(set(SCOPES) - scopes_of(answer))
    if lacking:
        said = t("Missing: {scopes}", scopes=", ".join(lacking))
        return Finding(State.BAD, part, said, t("Let an admin there install the app again at {url}.", url=url))
    return None
