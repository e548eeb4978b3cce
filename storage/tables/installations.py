"""The workspaces that have installed the app by themselves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, OfTeam


class Installation(OfTeam, Base):
    """The app in a workspace, with the tokens that Slack gave for it; encrypted (services/keys.py)."""

    __tablename__ = "installations"

    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    app_id: Mapped[str] = mapped_column(String(32))
    bot_id: Mapped[str] = mapped_column(String(32))
    bot_user: Mapped[str] = mapped_column(String(32))
    installer: Mapped[str] = mapped_column(String(32))
    """The Slack user who gave consent."""
    scopes: Mapped[str] = mapped_column(Text)
    """As Slack granted them, with commas."""
    bot_token: Mapped[str | None] = mapped_column(Text)
    """None: the workspace has removed the app."""
    refresh_token: Mapped[str | None] = mapped_column(Text)
    """Becomes the next token, once. None: the token does not expire."""
    expires_at: Mapped[datetime | None]
    renewing_until: Mapped[datetime | None]
    """Until then somebody is spending the refresh token, and nobody else may."""
    installed_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    """When the workspace removed the app or took its token back."""
    erasing: Mapped[bool] = mapped_column(Boolean, default=False)
    """The team's data is being erased: what is left of it is not to be used any more."""


class SpentState(Base):
    """A way through Slack's consent page that has come to its end; until it has expired by itself, it must not be gone
    a second time."""

    __tablename__ = "spent_states"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the state."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
