"""A client for each workspace, its token renewed before it ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urljoin

import aiohttp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers import trail
from handlers.refusals import error_of
from services import installations
from services.deps import Deps
from services.installations import RENEW_BEFORE, Installed, NotInstalled

log = logging.getLogger(__name__)

REMEMBERED_SECONDS: Final = 10.0
"""A token taken back is tried for so long; it is asked for with every click."""
REMEMBERED: Final = 10_000
WAIT_SECONDS: Final = 2.0
"""How long we wait for another process that is renewing a token that has ended: Slack waits 3 seconds for us."""
LOOK_SECONDS: Final = 0.1

# What Slack answers when the workspace has removed the app, or somebody has taken its token back.
REMOVED: Final = frozenset({"account_inactive", "token_revoked", "invalid_auth"})
SPENT: Final = frozenset(
    {"invalid_refresh_token", "invalid_grant", "token_revoked", "account_inactive", "invalid_auth"}
)
"""What it answers to a refresh token that is worth nothing any more."""
LOST: Final = frozenset({"invalid_refresh_token", "invalid_grant"})
"""Those that say nothing of the workspace: the token has been spent, perhaps by a process that died before it had
written down what it got."""


@dataclass(frozen=True, slots=True)
class SlackApp:
    """The app as Slack knows it. `api_url` ends in "/"."""

    client_id: str
    client_secret: str = field(repr=False)
    api_url: str
    scopes: tuple[str, ...]
    """What the bot asks for."""

    @property
    def authorize_url(self) -> str:
        """Slack's page of consent."""
        return urljoin(self.api_url, "../oauth/v2/authorize")


@dataclass(slots=True)
class TeamClients:
    """The clients of all workspaces. `client_with` makes one that has this token, or none."""

    deps: Deps
    app: SlackApp
    client_with: Callable[[str | None], AsyncWebClient]
    remembered_seconds: float = REMEMBERED_SECONDS
    _known: OrderedDict[str, tuple[float, Installed]] = field(default_factory=OrderedDict, init=False)

    async def of(self, team_id: str) -> AsyncWebClient:
        """The team's client. Raises `NotInstalled`."""
        return self.client_with((await self.installed(team_id)).token)

    async def installed(self, team_id: str) -> Installed:
        """The team's installation, its token renewed if it would end soon. Raises `NotInstalled`."""
        known = self._known.get(team_id)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        found = await installations.find(self.deps, team_id)
        if found is not None and self._ends_within(found, RENEW_BEFORE):
            found = await self._renew(found)
        if found is None:
            self._known.pop(team_id, None)
            raise NotInstalled(team_id)
        self._known[team_id] = (time.monotonic() + self.remembered_seconds, found)
        self._known.move_to_end(team_id)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found

    def forget(self, team_id: str) -> None:
        """Ask the database the next time."""
        self._known.pop(team_id, None)

    async def authorize(self, team_id: str | None) -> AuthorizeResult | None:
        """Whose token answers what Slack sends, as Bolt wants it; None: nobody's."""
        if team_id is None:
            return None
        try:
            found = await self.installed(team_id)
        except NotInstalled:
            return None
        return AuthorizeResult(
            enterprise_id=None,
            team_id=team_id,
            bot_id=found.bot_id,
            bot_user_id=found.bot_user,
            bot_token=found.token,
        )

    # What Slack says of tokens

    async def refused(self, team_id: str, client: AsyncWebClient, error: str) -> bool:
        """Whether the team has removed the app. The token that Slack does not take may have been renewed meanwhile, and
        what stands between us and Slack may have answered: so Slack is asked itself, before anything is erased."""
        if error not in REMOVED:
            return False
        self.forget(team_id)
        found = await installations.find(self.deps, team_id)
        if found is None:
            return True
        if found.token != client.token:
            return False
        try:
            await self.client_with(found.token).auth_test()
        except SlackApiError as answer:
            said = error_of(answer)
            if said not in REMOVED:
                return False
            return await self.removed(team_id, str(said), token=found.token)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        return False

    async def removed(self, team_id: str, reason: str, **when: Any) -> bool:
        """The workspace has removed the app (`services.installations.gone`); False when it has not."""
        self.forget(team_id)
        gone = await installations.gone(self.deps, team_id, reason, **when)
        if gone:
            log.warning("Team %s has removed the app (%s): its data is kept for 30 days", team_id, reason)
        return gone

    # Renewal

    async def renew_expiring(self, deps: Deps) -> int:  # noqa: ARG002 - a job's signature
        """Renew the tokens that end within some hours, also of workspaces where nobody does anything; how many have a
        new one. For an interval job."""
        renewed = 0
        for team_id in await installations.expiring(self.deps):
            with trail.following(team=team_id):
                try:
                    found = await installations.find(self.deps, team_id)
                    if found is not None and self._ends_within(found, installations.RENEW_AHEAD):
                        after = await self._renew(found)
                        renewed += after is not None and after.token != found.token
                except Exception:
                    # The others' tokens end too.
                    log.exception("The token of team %s could not be renewed", team_id)
        return renewed

    def _ends_within(self, found: Installed, ahead: timedelta) -> bool:
        return found.expires_at is not None and found.expires_at - self.deps.now() <= ahead

    async def _renew(self, found: Installed) -> Installed | None:
        """The installation with a new token, or as it is while another process renews it or Slack cannot; None when the
        workspace has gone."""
        if not await installations.begin_renewal(self.deps, found):
            return await self._renewed_elsewhere(found)
        try:
            # The SDK's own call sends the secret in a way that its HTTP client is about to drop, and its rotator takes
            # an answer it does not expect for none, after the refresh token has been spent.
            answer = await self.client_with(None).api_call(
                "oauth.v2.access",
                data={
                    "client_id": self.app.client_id,
                    "client_secret": self.app.client_secret,
                    "grant_type": "refresh_token",
                    "refresh_token": found.refresh_token,
                },
            )
        except SlackApiError as refused:
            error = error_of(refused)
            ended = self._ends_within(found, timedelta(0))
            if error in LOST and ended:
                log.error(
                    "The tokens of team %s are lost (%s): it is to install the app again; its data is kept",
                    found.team_id,
                    error,
                )
                return None
            if error in SPENT and ended:
                # Neither token is good for anything any more: only a new installation brings others.
                return None if await self.removed(found.team_id, error, token=found.token) else found
            log.error("The token of team %s could not be renewed: %s", found.team_id, error)
            if error not in SPENT:
                await installations.not_renewed(self.deps, found)
            return found
        except (aiohttp.ClientError, TimeoutError, OSError) as lost:
            # Slack may have taken the refresh token: nobody tries again before the right to has ended.
            log.warning("The token of team %s could not be renewed: %s", found.team_id, type(lost).__name__)
            return found
        expires_at = self.deps.now() + timedelta(seconds=int(answer["expires_in"]))
        token, refresh_token = str(answer["access_token"]), str(answer["refresh_token"])
        after = await installations.renewed(self.deps, found, token, refresh_token, expires_at)
        return after or await installations.find(self.deps, found.team_id)

    async def _renewed_elsewhere(self, found: Installed) -> Installed | None:
        until = time.monotonic() + WAIT_SECONDS
        while True:
            newest = await installations.find(self.deps, found.team_id)
            # Until it ends the old token is as good.
            if newest is None or newest.token != found.token or not self._ends_within(newest, timedelta(0)):
                return newest
            if time.monotonic() >= until:
                return newest
            await asyncio.sleep(LOOK_SECONDS)
