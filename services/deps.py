"""What every use case is given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from domain.members import Role
from prompts.llm import LanguageModel
from services.keys import Keys
from services.networks import Network
from services.oauth import OAuthApps
from services.smtp import MailServer
from storage.brief import Brief
from storage.connections import patiently as in_no_hurry
from storage.database import Database
from storage.outbox import Outbox
from storage.suppressions import FINGERPRINT

__all__ = ["Actor", "Deps", "in_no_hurry", "wall_clock"]


def wall_clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Actor:
    """The member on whose behalf a use case runs."""

    team_id: str
    member_id: int
    slack_user: str
    name: str
    role: Role
    language: str
    zone: str
    team_zone: str
    """The zone in which the team's dates and business hours are counted."""


@dataclass(frozen=True, slots=True)
class Deps:
    """The outside world of a use case: the database, the way out, the time."""

    database: Database
    outbox: Outbox
    now: Callable[[], datetime] = wall_clock
    keys: Keys = field(default_factory=Keys)
    public_url: str = ""
    """Where customers' browsers reach our pages, ending in "/"; "" where no server runs."""
    mail: MailServer | None = None
    """None: no mail server is set up, and letters stay where they are."""
    mail_shown: bool = False
    """Without a mail server: letters are shown in Slack instead of being sent, for demonstrations."""
    oauth: OAuthApps = field(default_factory=OAuthApps)
    """How members connect their calendars at Google and Microsoft."""
    calendar_networks: tuple[Network, ...] = ()
    """The private networks in which members' CalDAV servers may be."""
    model: LanguageModel | None = None
    """None: this installation has no language model."""

    @asynccontextmanager
    async def reading(self, team_id: str) -> AsyncIterator[AsyncSession]:
        """A session that sees one team's rows."""
        async with self.database.reading(team_id) as session:
            yield self._knowing(session)

    def asking(self, team_id: str) -> AbstractAsyncContextManager[AsyncSession]:
        """A session for one question about one team's rows."""
        return self.database.asking(team_id)

    @asynccontextmanager
    async def writing(self, team_id: str) -> AsyncIterator[AsyncSession]:
        """A transaction on one team's rows."""
        async with self.database.writing(team_id) as session:
            yield self._knowing(session)

    def _knowing(self, session: AsyncSession) -> AsyncSession:
        """The same session, which recognises the numbers and addresses of people who were erased."""
        if self.keys.secret is not None:
            session.info[FINGERPRINT] = self.keys.fingerprint
        return session

    def brief(self, team_id: str) -> AbstractAsyncContextManager[Brief]:
        """A transaction of a few prepared statements on one team's rows, for what a person waits for."""
        return self.database.brief(team_id)

    def today(self, zone: str) -> date:
        """The local date."""
        return self.now().astimezone(ZoneInfo(zone)).date()
