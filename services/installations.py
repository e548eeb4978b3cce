"""Workspaces install the app, renew their tokens, go, and come back within thirty days.

Tokens are stored encrypted, and leave this module only in `Installed`, which does not show them. What leaves the
database is never waited for while a transaction is open: the right to spend a refresh token, which is good for one use,
is taken first (`begin_renewal`) and its outcome written afterwards, so that of many processes one spends it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Refused
from services import erasure, mail, members
from services.deps import Actor, Deps
from storage import installations as queries
from storage import mails, outbox
from storage.installations import InstallationRow, ListedRow
from storage.members import audit

__all__ = ["ListedRow"]

KEPT: Final = erasure.KEPT
"""How long the data of a workspace that has removed the app is kept."""
RENEW_BEFORE: Final = timedelta(hours=2)
"""A token that ends within so long is renewed before it is used."""
RENEW_AHEAD: Final = timedelta(hours=4)
"""The clock renews earlier, so that whoever clicks seldom waits for it."""
RENEWING: Final = timedelta(seconds=60)
"""How long one process has the right to spend a refresh token; longer than Slack is waited for."""
STALE: Final = timedelta(hours=24)
"""What was on its way for longer, when a workspace comes back, is not sent any more."""
WELCOME: Final = "installation.welcome"
"""The kind of the message that whoever installed the app gets; `arguments`: whether the workspace was here `before`."""

STATE: Final = "slack-install"
STATE_SECONDS: Final = 600
"""How long somebody may look at Slack's page of consent; Slack's own codes are good for as long."""


class NotInstalled(Exception):
    """The team has not installed the app, or has removed it."""

    def __init__(self, team_id: str) -> None:
        super().__init__("The workspace has not installed the app.")
        self.team_id = team_id


class Unreadable(Exception):
    """The team's tokens were encrypted with another SECRET_KEY."""


@dataclass(frozen=True, slots=True)
class Installed:
    """The app in a workspace. `expires_at` None: the token does not end, and cannot be renewed."""

    team_id: str
    app_id: str
    bot_id: str
    bot_user: str
    installer: str
    scopes: tuple[str, ...]
    token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime | None
    installed_at: datetime
    _stored: str = field(default="", repr=False)
    """The refresh token as it is stored, which is different each time it is written."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever gave consent, as Slack describes them."""

    slack_user: str
    name: str
    language: str
    zone: str
    email: str = ""


# Coming and going


async def find(deps: Deps, team_id: str) -> Installed | None:
    """The team's installation; None for a team that has none any more. Raises `Unreadable`."""
    async with deps.asking(team_id) as session:
        row = await queries.of(session)
    return None if row is None or row.bot_token is None else _opened(deps, row, row.bot_token)


async def install(deps: Deps, found: Installed, team_name: str, person: Person) -> Actor:
    """Write an installation down. The first person of a team becomes its admin; in a team that is known already,
    everybody stays what they are, because consent in Slack may be given by people who decide nothing here.

    A team that comes back finds everything as it was, and what was on its way goes on. One whose data is just being
    erased begins anew.
    """
    while True:
        actor = await members.arrive(
            deps,
            found.team_id,
            person.slack_user,
            team_name=team_name,
            name=person.name,
            language=person.language,
            zone=person.zone,
            email=person.email,
        )
        async with deps.writing(found.team_id) as session:
            before = await queries.held(session)
            if before is None or not before.erasing:
                await _put(deps, session, found, before, actor)
                return actor
        await erasure.finish(deps, found.team_id)


async def _put(
    deps: Deps, session: AsyncSession, found: Installed, before: InstallationRow | None, actor: Actor
) -> None:
    now = deps.now()
    await queries.put(
        session,
        {
            "app_id": found.app_id,
            "bot_id": found.bot_id,
            "bot_user": found.bot_user,
            "installer": found.installer,
            "scopes": ",".join(found.scopes),
            "bot_token": deps.keys.encrypt(found.token),
            "refresh_token": deps.keys.encrypt(found.refresh_token) if found.refresh_token else None,
            "expires_at": found.expires_at,
            "installed_at": found.installed_at,
        },
    )
    team = f"teams:{found.team_id}"
    await audit(session, actor.member_id, "team.install", team, {"scopes": list(found.scopes)}, now)
    if before is not None and before.bot_token is not None:
        # Consent was given once more, perhaps for another scope: nobody needs to be welcomed.
        return
    await deps.outbox.enqueue(
        session,
        key=f"{WELCOME}:{found.team_id}:{found.installed_at.isoformat()}",
        kind=WELCOME,
        channel=actor.slack_user,
        arguments={"before": before is not None},
        now=now,
    )
    if before is not None:
        await _go_on(deps, session, now)


async def _go_on(deps: Deps, session: AsyncSession, now: datetime) -> None:
    """Take up what was on its way when the team went; what has grown old meanwhile is told to nobody any more."""
    await outbox.give_up(session, now - STALE, now)
    await mails.give_up(session, now - STALE, outbox.REMOVED)
    run = f"returned:{secrets.token_hex(8)}"
    for key, channel in await outbox.unfinished(session):
        await deps.outbox.resume(session, key=key, channel=channel, run=run)
    await mail.resume(deps, session, run)


async def gone(deps: Deps, team_id: str, reason: str, *, at: datetime | None = None, token: str | None = None) -> bool:
    """Erase the team's tokens, and write down that it has removed the app; False when that is not so (any more).

    `at`: when it happened; Slack may tell it late, when the app has been installed again. `token`: the one that Slack
    does not take any more; by now there may be another.
    """
    async with deps.writing(team_id) as session:
        row = await queries.held(session)
        if row is None or row.bot_token is None:
            return False
        # Slack tells whole seconds.
        if at is not None and at < row.installed_at.replace(microsecond=0):
            return False
        if token is not None and _opened(deps, row, row.bot_token).token != token:
            return False
        await queries.mark_gone(session, deps.now())
        await audit(session, None, "team.uninstall", f"teams:{team_id}", {"reason": reason}, deps.now())
    return True


async def stopped(deps: Deps) -> frozenset[str]:
    """The teams that have removed the app: nothing is done for them any more."""
    async with deps.database.reading_across_teams() as session:
        return await queries.gone(session)


async def everybody(deps: Deps) -> Sequence[ListedRow]:
    """Every workspace, for those who run the house."""
    async with deps.database.reading_across_teams() as session:
        return await queries.listed(session)


# Renewal


async def expiring(deps: Deps) -> list[str]:
    """The teams whose token is to be renewed now, whether they are at work or asleep."""
    async with deps.database.reading_across_teams() as session:
        return await queries.expiring(session, deps.now() + RENEW_AHEAD)


async def begin_renewal(deps: Deps, found: Installed) -> bool:
    """Take the right to spend the installation's refresh token, for `RENEWING`; False: somebody else has it, or it has
    been spent."""
    now = deps.now()
    async with deps.writing(found.team_id) as session:
        return await queries.begin_renewal(session, found._stored, now, now + RENEWING)


async def renewed(
    deps: Deps, found: Installed, token: str, refresh_token: str, expires_at: datetime
) -> Installed | None:
    """Write what the refresh token became; None when the workspace has removed the app or installed it anew meanwhile:
    then the tokens are worth nothing to us."""
    async with deps.writing(found.team_id) as session:
        kept = await queries.end_renewal(
            session,
            found._stored,
            bot_token=deps.keys.encrypt(token),
            refresh_token=deps.keys.encrypt(refresh_token),
            expires_at=expires_at,
        )
    return await find(deps, found.team_id) if kept else None


async def not_renewed(deps: Deps, found: Installed) -> None:
    """Give the right back: Slack has said that it took nothing."""
    async with deps.writing(found.team_id) as session:
        await queries.end_renewal(session, found._stored)


def _opened(deps: Deps, row: InstallationRow, bot_token: str) -> Installed:
    try:
        token = deps.keys.decrypt(bot_token)
        refresh_token = deps.keys.decrypt(row.refresh_token) if row.refresh_token else None
    except Refused as other_key:
        raise Unreadable(f"The tokens of {row.team_id} were encrypted with another SECRET_KEY.") from other_key
    return Installed(
        row.team_id,
        row.app_id,
        row.bot_id,
        row.bot_user,
        row.installer,
        tuple(scope for scope in row.scopes.split(",") if scope),
        token,
        refresh_token,
        row.expires_at,
        row.installed_at,
        row.refresh_token or "",
    )


# The way through Slack's page of consent


class StateProblem(StrEnum):
    """Why somebody who comes back from Slack is not let through."""

    UNKNOWN = "unknown"
    """We did not make this state."""
    BROWSER = "browser"
    """The way began in another browser."""
    EXPIRED = "expired"
    SPENT = "spent"
    """Somebody has come back with it already."""


def issue_state(deps: Deps, browser: str) -> str:
    """A state for Slack to bring back, good once, for ten minutes, in the browser with this secret.

    It is signed, so any process may take it back, and looking at the page writes nothing: everybody may look at it.
    """
    issued = int(deps.now().timestamp())
    return deps.keys.sign(STATE, [secrets.token_urlsafe(12), issued, _digest(browser)])


async def spend_state(deps: Deps, state: str, browser: str) -> StateProblem | None:
    """Take a state back; None: it is right, and nobody comes through with it again."""
    try:
        _, issued, digest = deps.keys.read(STATE, state)
    except (Refused, ValueError, TypeError):
        return StateProblem.UNKNOWN
    now = deps.now()
    expires_at = datetime.fromtimestamp(int(issued), UTC) + timedelta(seconds=STATE_SECONDS)
    if now >= expires_at:
        return StateProblem.EXPIRED
    if not browser or not secrets.compare_digest(str(digest), _digest(browser)):
        return StateProblem.BROWSER
    # Many edges, one database: whoever writes it down first has spent it.
    async with deps.database.writing_across_teams() as session:
        first = await queries.spend(session, _digest(state), expires_at)
        await queries.forget_spent(session, now)
    return None if first else StateProblem.SPENT


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
