"""What leaves the house."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Double, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, OfTeam
from storage.tables.personal import Personal, personal


class Delivery(OfTeam, Base):
    """A message on its way to Slack, under its key (see storage/outbox.py for its states)."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_team_state", "team_id", "state"),)

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(32))
    arguments: Mapped[dict[str, Any]] = mapped_column(info=personal(Personal.MEMBER))
    state: Mapped[str] = mapped_column(String(16))
    ts: Mapped[str | None] = mapped_column(String(32))
    posted_channel: Mapped[str | None] = mapped_column(String(32))
    """The conversation the message stands in: a DM's `D…` where `channel` is a user."""
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class SlackPace(OfTeam, Base):
    """What is left of Slack's limit for a method in a workspace (storage/pace.py)."""

    __tablename__ = "slack_paces"

    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    method: Mapped[str] = mapped_column(String(64), primary_key=True)
    remaining: Mapped[float] = mapped_column(Double)
    """Calls that could be made at once, at the moment `at`."""
    at: Mapped[datetime]
    closed_until: Mapped[datetime | None]
    """Slack answered 429 and wants no call before."""


class Mail(OfTeam, Base):
    """A letter on its way to a customer or a member, under its key; the states are a delivery's."""

    __tablename__ = "mails"
    __table_args__ = (
        Index("ix_mails_team_state", "team_id", "state"),
        Index("ix_mails_sent", "team_id", "sent_at"),
        Index("ix_mails_contact", "contact_id"),
    )

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    to_address: Mapped[str] = mapped_column(Text, info=personal(Personal.CONTACT))
    to_name: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.NAME))
    from_name: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.MEMBER))
    reply_to: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.MEMBER))
    subject: Mapped[str] = mapped_column(Text, info=personal(Personal.TEXT))
    text: Mapped[str] = mapped_column(Text, info=personal(Personal.TEXT))
    html: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.TEXT))
    invitation: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.TEXT))
    """An iCalendar object (RFC 5545), or ""."""
    method: Mapped[str] = mapped_column(String(16), default="")
    """The invitation's method (RFC 5546): REQUEST or CANCEL."""
    audience: Mapped[str] = mapped_column(String(16))
    """Whom it is for, and so what the law asks of it (domain/mail.py)."""
    language: Mapped[str] = mapped_column(String(8), default="")
    """Of the footer; "": the team's."""
    report_to: Mapped[str] = mapped_column(String(32), default="")
    """The Slack user who is told when it does not arrive."""
    expires_at: Mapped[datetime | None]
    """When it has become pointless: from then on it is not sent any more."""
    state: Mapped[str] = mapped_column(String(16))
    error: Mapped[str | None] = mapped_column(Text, info=personal(Personal.TEXT))
    """A word of ours, or the mail server's, which may quote the address."""
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
