"""What `python -m bot doctor` does: whether this installation can work, a line for each part, with the remedy."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp
import sqlalchemy as sa
from rich.console import Console
from rich.markup import escape
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.manifest import SCOPES
from bot.settings import Settings
from handlers.i18n import Translator, translator
from services.oauth import OAuthApp
from services.smtp import Unsent
from storage.database import normalise_url
from storage.isolation import Standing
from storage.migrations import TooNew, behind, standing

SECONDS = 10
"""How long each server is waited for."""
SKEW_SECONDS = 30
"""Slack's signatures count for five minutes, and reminders are due to the minute: from here on the clock is wrong."""


class State(StrEnum):
    """How a part is."""

    GOOD = "good"
    NOTE = "note"
    """It works, and something is left out that one may want."""
    BAD = "bad"


MARKS: Final = {State.GOOD: "[green]✓[/green]", State.NOTE: "[yellow]–[/yellow]", State.BAD: "[red]✗[/red]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: the part, how it is, and what to do about it."""

    state: State
    part: str
    found: str
    remedy: str = ""


async def examine(settings: Settings, console: Console, language: str) -> int:
    """Print a line for each part; the process's exit code: 1 where something has to be mended."""
    findings = await findings_of(settings, translator(language))
    for finding in findings:
        remedy = f" → {escape(finding.remedy)}" if finding.remedy else ""
        console.print(
            f"{MARKS[finding.state]} [bold]{escape(finding.part)}[/bold]  {escape(finding.found)}{remedy}",
            soft_wrap=True,
        )
    return 1 if any(finding.state is State.BAD for finding in findings) else 0


async def findings_of(settings: Settings, t: Translator, *, now: Callable[[], float] = time.time) -> list[Finding]:
    """Everything that was found, in the order in which one would mend it. Nothing is changed anywhere."""
    parts: list[Callable[[], Awaitable[list[Finding]]]] = [
        lambda: asyncio.to_thread(_database, settings, t),
        lambda: asyncio.to_thread(_connections, settings, t),
        lambda: _key(settings, t),
        lambda: _slack(settings, t, now),
        lambda: _way(settings, t),
        lambda: _pages(settings, t),
        lambda: _mail(settings, t),
        lambda: _calendars(settings, t),
        lambda: _model(settings, t),
    ]
    return [finding for found in await asyncio.gather(*(part() for part in parts)) for finding in found]


# The database and what lies beside it


def _database(settings: Settings, t: Translator) -> list[Finding]:
    part = t("Database")
    url = normalise_url(settings.database_url)
    shown = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        folder = next((each for each in Path(url.database).absolute().parents if each.exists()), Path())
        if not os.access(folder, os.W_OK):
            return [
                Finding(
                    State.BAD,
                    part,
                    t("{folder} cannot be written to.", folder=str(folder)),
                    t("Give the bot's user the right to write there, or name another file in DATABASE_URL."),
                )
            ]
        return [Finding(State.GOOD, part, t("{database} is made at the first start.", database=shown))]
    apart: list[Finding] = []
    try:
        waits = behind(settings.database_url)
    except TooNew:
        return [
            Finding(
                State.BAD,
                part,
                t("A newer version of the bot has been at {database}.", database=shown),
                t("Start that version, or restore the backup from before the upgrade."),
            )
        ]
    except sa.exc.SQLAlchemyError as lost:
        return [
            Finding(
                State.BAD,
                part,
                t("{database} cannot be reached: {reason}", database=shown, reason=_first_line(lost)),
                t("Check DATABASE_URL, and that the server runs and lets this machine in."),
            )
        ]
    if url.get_backend_name() == "postgresql":
        stands = standing(settings.database_url)
        apart = [] if waits else [_apart(stands, t)]
        if waits and not stands.owner and not settings.database_owner_url:
            return [
                Finding(
                    State.BAD,
                    part,
                    t("{database} waits for migrations, which only its owner may make.", database=shown),
                    t("Set DATABASE_OWNER_URL to the owner's address, and run {command}.", command=_MIGRATE),
                )
            ]
    if waits:
        return [Finding(State.GOOD, part, t("{database} is brought up to date at the next start.", database=shown))]
    return [Finding(State.GOOD, part, t("{database} can be reached and is up to date.", database=shown)), *apart]


def _apart(stands: Standing, t: Translator) -> Finding:
    """Whether PostgreSQL itself keeps teams apart."""
    part = t("Row-level security")
    if stands.exposed:
        return Finding(
            State.NOTE,
            part,
            t("It does not bind {role}, who is a superuser or owns the tables.", role=stands.role),
            t(
                "Make this address DATABASE_OWNER_URL, name a role of its own in DATABASE_URL, and run {command}.",
                command=_MIGRATE,
            ),
        )
    return Finding(State.GOOD, part, t("PostgreSQL shows {role} one team's rows at a time.", role=stands.role))


def _connections(settings: Settings, t: Translator) -> list[Finding]:
    # It builds on this module.
    from bot.doctor_connections import connections

    return connections(settings, t)


async def _key(settings: Settings, t: Translator) -> list[Finding]:
    part = t("Key")
    if settings.secret_key is not None:
        return [Finding(State.GOOD, part, t("SECRET_KEY is set."))]
    if normalise_url(settings.database_url).get_backend_name() == "sqlite":
        return [Finding(State.GOOD, part, t("One is kept in a file beside the database: back both up together."))]
    return [
        Finding(
            State.BAD,
            part,
            t("SECRET_KEY is not set."),
            t(
                "Make one and put it into .env: {command}",
                command="python -c 'import secrets; print(secrets.token_hex(32))'",
            ),
        )
    ]


# Slack


async def _slack(settings: Settings, t: Translator, now: Callable[[], float]) -> list[Finding]:
    if settings.many_workspaces:
        # It builds on this module.
        from bot.doctor_installations import workspaces

        return await workspaces(settings, t, now)
    part = t("Bot token")
    if settings.slack_bot_token is None:
        return [
            Finding(
                State.BAD,
                part,
                t("SLACK_BOT_TOKEN is not set."),
                t("Copy it from your app's page, “OAuth & Permissions” (xoxb-…), into .env."),
            )
        ]
    client = client_with(settings.slack_bot_token.get_secret_value(), settings)
    asked_at = now()
    try:
        answer = await client.auth_test()
    except SlackApiError as refused:
        return [
            Finding(
                State.BAD,
                part,
                t("Slack does not accept it: {error}", error=error_of(refused)),
                t("Copy it again from “OAuth & Permissions”; install the app anew if it was removed."),
            )
        ]
    except (aiohttp.ClientError, TimeoutError, OSError) as lost:
        return [away(part, settings.slack_api_url, lost, t)]
    good = t("{team}, as {bot}.", team=str(answer.get("team")), bot=str(answer.get("user")))
    return [Finding(State.GOOD, part, good), _scopes(answer, t), clock_of(answer, asked_at, t)]


def _scopes(answer: AsyncSlackResponse, t: Translator) -> Finding:
    part = t("Scopes")
    granted = scopes_of(answer)
    missing = sorted(set(SCOPES) - granted)
    if missing:
        return Finding(
            State.BAD,
            part,
            t("Missing: {scopes}", scopes=", ".join(missing)),
            t("Paste the manifest of {command} into your app's page and install the app again.", command=_MANIFEST),
        )
    more = sorted(granted - set(SCOPES))
    if more:
        return Finding(
            State.NOTE,
            part,
            t("All there, and more than the bot uses: {scopes}", scopes=", ".join(more)),
            t("Paste the manifest of {command} into your app's page to give up the rest.", command=_MANIFEST),
        )
    return Finding(State.GOOD, part, t("All there, and no more."))


def scopes_of(answer: AsyncSlackResponse) -> set[str]:
    """What Slack says the token may do."""
    return {scope.strip() for scope in _header(answer, "x-oauth-scopes").split(",")} - {""}


_MIGRATE: Final = "python -m bot migrate"
_MANIFEST: Final = "python -m bot manifest"


def clock_of(answer: AsyncSlackResponse, asked_at: float, t: Translator) -> Finding:
    """How far this machine's clock is off Slack's; `asked_at`: when the question began, in seconds since 1970."""
    part = t("Clock")
    try:
        slack_time = parsedate_to_datetime(_header(answer, "date")).timestamp()
    except ValueError:
        return Finding(State.NOTE, part, t("Slack did not tell its time."))
    off = round(abs(asked_at - slack_time))
    if off > SKEW_SECONDS:
        return Finding(
            State.BAD,
            part,
            t.plural("It is {n} second off.", "It is {n} seconds off.", off),
            t("Let the machine keep its time by NTP: Slack's messages are refused and reminders come at wrong times."),
        )
    return Finding(State.GOOD, part, t("As Slack's."))


async def _way(settings: Settings, t: Translator) -> list[Finding]:
    """How Slack reaches the bot."""
    if settings.slack_signing_secret is not None:
        return [Finding(State.GOOD, t("Signing secret"), t("SLACK_SIGNING_SECRET is set: Slack is heard over HTTP."))]
    if settings.many_workspaces:
        return []
    part = t("App token")
    if settings.slack_app_token is None:
        return [
            Finding(
                State.BAD,
                part,
                t("Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set."),
                t("For Socket Mode make a token (xapp-…) with connections:write under “Basic Information”."),
            )
        ]
    client = client_with(settings.slack_app_token.get_secret_value(), settings)
    try:
        await client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except SlackApiError as refused:
        return [
            Finding(
                State.BAD,
                part,
                t("Slack does not accept it: {error}", error=error_of(refused)),
                t("Under “Basic Information” make one with connections:write, and switch Socket Mode on."),
            )
        ]
    except (aiohttp.ClientError, TimeoutError, OSError) as lost:
        return [away(part, settings.slack_api_url, lost, t)]
    return [Finding(State.GOOD, part, t("Slack is heard over Socket Mode."))]


# What customers reach, and whom we ask


async def _pages(settings: Settings, t: Translator) -> list[Finding]:
    part = t("Public address")
    if not settings.public_url:
        return [
            Finding(
                State.NOTE,
                part,
                t("PUBLIC_URL is not set: customers cannot open booking pages, and forms cannot report."),
                t("Set it to the https address that leads to WEB_HOST and WEB_PORT."),
            )
        ]
    secure = urlsplit(settings.public_url).scheme == "https"
    try:
        async with _session() as session, session.get(urljoin(settings.public_url, "healthz")) as answer:
            here = answer.status == 200 and _says_ok(await answer.read())
    except (aiohttp.ClientError, TimeoutError, OSError) as lost:
        return [
            Finding(
                State.NOTE,
                part,
                t("Nobody answers at {url} now: {reason}", url=settings.public_url, reason=_first_line(lost)),
                t("If the bot runs, let your proxy lead this address to WEB_HOST and WEB_PORT."),
            )
        ]
    if not here:
        return [
            Finding(
                State.BAD,
                part,
                t("Somebody else answers at {url}.", url=settings.public_url),
                t("Let your proxy lead this address to WEB_HOST and WEB_PORT, all paths."),
            )
        ]
    if not secure:
        return [
            Finding(
                State.NOTE,
                part,
                t("The bot answers at {url}, unencrypted.", url=settings.public_url),
                t("Use https where customers reach it."),
            )
        ]
    return [Finding(State.GOOD, part, t("The bot answers at {url}.", url=settings.public_url))]


def _says_ok(body: bytes) -> bool:
    try:
        return bool(json.loads(body) == {"ok": True})
    except ValueError:
        return False


async def _mail(settings: Settings, t: Translator) -> list[Finding]:
    part = t("Mail")
    server = settings.mail_server
    if server is None:
        return [
            Finding(
                State.NOTE,
                part,
                t("SMTP_HOST is not set: no invitations and no letters are sent."),
                t("Set SMTP_HOST, MAIL_FROM and, where the server asks for them, SMTP_USER and SMTP_PASSWORD."),
            )
        ]
    try:
        await server.greet(SECONDS)
    except Unsent as refused:
        return [
            Finding(
                State.BAD,
                part,
                t(
                    "{host} does not take our letters: {reason}",
                    host=f"{server.host}:{server.port}",
                    reason=str(refused),
                ),
                t("Check SMTP_HOST, SMTP_PORT, SMTP_SECURITY, SMTP_USER and SMTP_PASSWORD."),
            )
        ]
    return [Finding(State.GOOD, part, t("{host} takes letters from {sender}.", host=server.host, sender=server.sender))]


async def _calendars(settings: Settings, t: Translator) -> list[Finding]:
    providers = (
        (t("Google Calendar"), settings.oauth.google, settings.oauth.google.token_url, "GOOGLE"),
        (
            t("Microsoft calendar"),
            settings.oauth.microsoft,
            f"{settings.oauth.microsoft.authorise_url}/oauth2/v2.0/token",
            "MICROSOFT",
        ),
    )
    return list(await asyncio.gather(*(_calendar(part, app, url, name, t) for part, app, url, name in providers)))


async def _calendar(part: str, app: OAuthApp, url: str, name: str, t: Translator) -> Finding:
    if not app.configured:
        return Finding(
            State.NOTE,
            part,
            t("Not set up: members connect CalDAV calendars only."),
            t(
                "Register an app there and set {id} and {secret}.",
                id=f"{name}_CLIENT_ID",
                secret=f"{name}_CLIENT_SECRET",
            ),
        )
    # A token nobody was ever given: whoever knows the app refuses the token, whoever does not refuses the app.
    asked = {
        "grant_type": "refresh_token",
        "refresh_token": "none",
        "client_id": app.client_id,
        "client_secret": app.client_secret,
    }
    try:
        async with _session() as session, session.post(url, data=asked) as answer:
            told: Any = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as lost:
        return away(part, urlsplit(url).netloc, lost, t)
    error = str(told.get("error")) if isinstance(told, dict) else ""
    if error in ("invalid_client", "unauthorized_client"):
        return Finding(
            State.BAD,
            part,
            t("The app is not accepted: {error}", error=error),
            t("Check {id} and {secret}.", id=f"{name}_CLIENT_ID", secret=f"{name}_CLIENT_SECRET"),
        )
    return Finding(State.GOOD, part, t("The app is known there."))


async def _model(settings: Settings, t: Translator) -> list[Finding]:
    # It builds on this module.
    from bot.doctor_model import language_model, recordings

    return [*await language_model(settings, t), *await recordings(t)]


# Asking


def client_with(token: str | None, settings: Settings) -> AsyncWebClient:
    """A client that waits for Slack only so long, and calls once."""
    return AsyncWebClient(token=token, base_url=settings.slack_api_url, timeout=SECONDS, retry_handlers=[])


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS))


def away(part: str, server: str, lost: Exception, t: Translator) -> Finding:
    """That a server does not answer."""
    return Finding(
        State.BAD,
        part,
        t("{server} cannot be reached: {reason}", server=server, reason=_first_line(lost)),
        t("Check this machine's network, proxy and name service."),
    )


def error_of(refused: SlackApiError) -> str:
    """Slack's error code."""
    return str(refused.response.get("error", ""))


def _header(answer: AsyncSlackResponse, name: str) -> str:
    """A header of Slack's answer, whatever its letters' case."""
    return next((str(value) for key, value in answer.headers.items() if key.lower() == name), "")


def _first_line(error: Exception) -> str:
    # SQLAlchemy's own text begins with the driver's name for the error.
    if isinstance(error, sa.exc.DBAPIError) and isinstance(error.orig, Exception):
        error = error.orig
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
