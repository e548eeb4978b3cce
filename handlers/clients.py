"""Which client of Slack's Web API speaks for a team."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from slack_sdk.web.async_client import AsyncWebClient


class Clients(Protocol):
    """The clients of all teams."""

    async def of(self, team_id: str) -> AsyncWebClient:
        """The team's client, with a token that is good for an hour at least. Raises `NotInstalled`
        (services/installations.py) for a team that has removed the app."""

    async def refused(self, team_id: str, client: AsyncWebClient, error: str) -> bool:
        """Whether the team has removed the app, now that Slack has answered this client with this error."""


@dataclass(frozen=True, slots=True)
class OneClient:
    """The client of the one workspace there is, whose token stands in the settings: whoever put it there mends it."""

    client: AsyncWebClient

    async def of(self, team_id: str) -> AsyncWebClient:  # noqa: ARG002 - the protocol's signature
        """The client."""
        return self.client

    async def refused(self, team_id: str, client: AsyncWebClient, error: str) -> bool:  # noqa: ARG002 - as above
        """Nobody can tell."""
        return False
