"""The SDK's installation store over our own tables.

The SDK's own keeps tokens as they come, a row for each time somebody gave consent, and belongs to no team, which the
walls between teams do not let in. Whatever works with the SDK's interface works with this one: what it gives out is
renewed already, and only of single workspaces; tokens of members are not kept.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore

from handlers import trail
from handlers.installation.clients import TeamClients
from handlers.people import name_of
from services import installations
from services.installations import Installed, NotInstalled, Person

log = logging.getLogger(__name__)

DELETED = "deleted"
"""Why a team has gone where somebody asked the store to forget it."""


class Store(AsyncInstallationStore):
    """The workspaces that have installed the app."""

    def __init__(self, clients: TeamClients) -> None:
        self._clients = clients

    @property
    def logger(self) -> logging.Logger:
        """The module's."""
        return log

    async def async_save(self, installation: Installation) -> None:
        """Write an installation down; whoever gave consent becomes a member (`services.installations.install`). Raises
        ValueError for an organisation's, SlackApiError when Slack does not say who gave consent."""
        if installation.is_enterprise_install or not installation.team_id or not installation.bot_token:
            raise ValueError("The app is installed in single workspaces, with a token of the bot.")
        # From here on it is known whose workspace calls are for.
        trail.note(team=installation.team_id)
        client = self._clients.client_with(installation.bot_token)
        info = (await client.users_info(user=installation.user_id, include_locale=True))["user"]
        person = Person(
            installation.user_id,
            name_of(info),
            "ja" if str(info.get("locale") or "ja-JP").startswith("ja") else "en",
            str(info.get("tz") or "Asia/Tokyo"),
            str(info.get("profile", {}).get("email") or ""),
        )
        ends = installation.bot_token_expires_at
        found = Installed(
            team_id=installation.team_id,
            app_id=installation.app_id or "",
            bot_id=installation.bot_id or "",
            bot_user=installation.bot_user_id or "",
            installer=installation.user_id,
            scopes=tuple(installation.bot_scopes or ()),
            token=installation.bot_token,
            refresh_token=installation.bot_refresh_token,
            expires_at=datetime.fromtimestamp(ends, UTC) if ends is not None else None,
            installed_at=datetime.fromtimestamp(installation.installed_at, UTC),
        )
        deps, team_name = self._clients.deps, installation.team_name or installation.team_id
        await installations.install(deps, found, team_name, person)
        self._clients.forget(found.team_id)

    async def async_find_bot(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        is_enterprise_install: bool | None = False,
    ) -> Bot | None:
        """The bot in a workspace, with a token that is good for a while."""
        found = await self.async_find_installation(
            enterprise_id=enterprise_id, team_id=team_id, is_enterprise_install=is_enterprise_install
        )
        return found.to_bot() if found is not None else None

    async def async_find_installation(
        self,
        *,
        enterprise_id: str | None,  # noqa: ARG002 - the SDK's signature; single workspaces are known by theirs alone
        team_id: str | None,
        user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> Installation | None:
        """The same, as the SDK keeps it; None too for a member who did not give the consent that counts."""
        if team_id is None or is_enterprise_install:
            return None
        try:
            found = await self._clients.installed(team_id)
        except NotInstalled:
            return None
        return _shown(found) if user_id in (None, found.installer) else None

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:  # noqa: ARG002 - as above
        """Erase a workspace's tokens; its data follows in 30 days."""
        if team_id is not None:
            await self._clients.removed(team_id, DELETED)

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """The same; nothing is kept of single members' consent."""
        if user_id is None:
            await self.async_delete_bot(enterprise_id=enterprise_id, team_id=team_id)


def _shown(found: Installed) -> Installation:
    given: dict[str, Any] = {}
    if found.expires_at is not None:
        # Who has it could spend it, and nobody would be left with the next: it stays here.
        given["bot_token_expires_at"] = int(found.expires_at.timestamp())
    return Installation(
        app_id=found.app_id,
        team_id=found.team_id,
        bot_token=found.token,
        bot_id=found.bot_id,
        bot_user_id=found.bot_user,
        bot_scopes=found.scopes,
        user_id=found.installer,
        installed_at=found.installed_at.timestamp(),
        **given,
    )
