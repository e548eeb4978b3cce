"""Leads, calls, forms, and whom nobody may call."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.tables.base import Base, Key, OfTeam
from storage.tables.personal import Personal, personal
from storage.tables.targeting import Account, Contact
from storage.tables.teams import Member


class Lead(OfTeam, Base):
    """A contact that may buy, worked by one member of inside sales."""

    __tablename__ = "leads"
    __table_args__ = (
        Index("ix_leads_owner_call", "team_id", "owner_id", "last_called_at"),
        Index("ix_leads_account", "account_id"),
        Index("ix_leads_team_stage", "team_id", "stage"),
        Index("ix_leads_created", "team_id", "created_at"),
        # Steps that fall due are looked for every minute, among leads most of which have none.
        Index(
            "ix_leads_step_due",
            "next_step_at",
            postgresql_where=text("next_step_at IS NOT NULL"),
            sqlite_where=text("next_step_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    stage: Mapped[str] = mapped_column(String(32), default="new")
    source: Mapped[str] = mapped_column(String(32), default="other")
    note: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.TEXT))
    next_step: Mapped[str | None] = mapped_column(String(32))
    next_step_at: Mapped[datetime | None]
    disqualify_reason: Mapped[str | None] = mapped_column(String(32))
    last_called_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    """Dials since the intended person was last reached: what the team's cap counts."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)
    """Counted up by every change; a form that was opened on an older one is told so."""

    account: Mapped[Account] = relationship(lazy="raise")
    contact: Mapped[Contact] = relationship(lazy="raise")
    owner: Mapped[Member] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads this class attribute


class Call(OfTeam, Base):
    """One dial and its result on three axes (glossary)."""

    __tablename__ = "calls"
    __table_args__ = (
        UniqueConstraint("team_id", "request_key"),
        Index("ix_calls_lead", "lead_id", "called_at"),
        Index("ix_calls_team_called", "team_id", "called_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    called_at: Mapped[datetime]
    connection: Mapped[str] = mapped_column(String(32))
    party: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(String(32))
    """Why the person refused."""
    note: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.TEXT))
    request_key: Mapped[str | None] = mapped_column(String(255))
    """The click or submission that made this row: the same one sent twice makes one row."""
    script_version_id: Mapped[int | None] = mapped_column(ForeignKey("script_versions.id"))
    """The script that was open during the call."""


class CallDay(OfTeam, Base):
    """Roll-up of the calls of one member on one local date of the team, by the leads' source. Kept in the transaction
    of each call; `python -m bot check` proves that it equals the calls."""

    __tablename__ = "call_days"

    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    dials: Mapped[int] = mapped_column(Integer, default=0)
    answered: Mapped[int] = mapped_column(Integer, default=0)
    connected: Mapped[int] = mapped_column(Integer, default=0)
    effective: Mapped[int] = mapped_column(Integer, default=0)
    meetings_set: Mapped[int] = mapped_column(Integer, default=0)


class CallHour(OfTeam, Base):
    """Roll-up of the calls by segment and local weekday × hour of the team: what the best hour is learned from."""

    __tablename__ = "call_hours"

    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    segment: Mapped[str] = mapped_column(Text, primary_key=True)
    """The industry of the company; "" where none is known."""
    weekday: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    """Monday is 0."""
    hour: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    dials: Mapped[int] = mapped_column(Integer, default=0)
    connected: Mapped[int] = mapped_column(Integer, default=0)


class Suppression(OfTeam, Base):
    """A telephone number that must not be called or an address that must not be written to, whoever it belongs to."""

    __tablename__ = "suppressions"
    __table_args__ = (UniqueConstraint("team_id", "channel", "key"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    """`phone` or `mail`."""
    key: Mapped[str] = mapped_column(Text, info=personal(Personal.CONTACT))
    """The number as contacts keep it, or the address folded (`email_key`). Of somebody who was erased: a keyed hash of
    it, from which nobody tells the number, but the number, when it comes again, is known."""
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    """Who wrote it down; None: the person did so, by a link."""
    reason: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.TEXT))
    created_at: Mapped[datetime]


class FormSource(OfTeam, Base):
    """A form on a website whose submissions come to `/webhooks/forms/{name}`."""

    __tablename__ = "form_sources"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    """In the address: unguessable, and unique over all teams, because it says whose form it is."""
    title: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    """Signs its submissions; encrypted with the installation's key."""
    mapping: Mapped[dict[str, Any]]
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)


class FormSubmission(OfTeam, Base):
    """One submission of a form: the lead it became, and the clock until somebody answers."""

    __tablename__ = "form_submissions"
    __table_args__ = (
        UniqueConstraint("source_id", "submission_id"),
        Index("ix_form_submissions_received", "team_id", "received_at"),
        Index("ix_form_submissions_lead", "lead_id"),
        # What is looked at every few seconds: the few that wait for an answer.
        Index(
            "ix_form_submissions_waiting",
            "team_id",
            "manager_due_at",
            postgresql_where=text("response_seconds IS NULL"),
            sqlite_where=text("response_seconds IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("form_sources.id", ondelete="CASCADE"))
    submission_id: Mapped[str] = mapped_column(String(200), info=personal(Personal.IDENTIFIER))
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    fields: Mapped[dict[str, Any]] = mapped_column(info=personal(Personal.FORM, keeps=("form:signed",)))
    """What was typed, by our field names; what the mapping does not know under its own."""
    urgency: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[datetime]
    team_due_at: Mapped[datetime]
    """When the team is told that nobody has answered (business time)."""
    manager_due_at: Mapped[datetime]
    """When the manager is told; the first response is due then too."""
    team_told_at: Mapped[datetime | None]
    manager_told_at: Mapped[datetime | None]
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    claimed_at: Mapped[datetime | None]
    responded_at: Mapped[datetime | None]
    """The first attempt by a person to reach the lead."""
    response_seconds: Mapped[int | None] = mapped_column(Integer)
    """Business seconds from `received_at` to `responded_at`."""


class Script(OfTeam, Base):
    """A call script; what it says is in its versions, every one of which is kept."""

    __tablename__ = "scripts"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    newest: Mapped[int] = mapped_column(Integer)
    """The number of the version that holds."""
    created_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    """Since when it is not offered any more."""


class ScriptVersion(OfTeam, Base):
    """A script as it was put down once, whole; never changed."""

    __tablename__ = "script_versions"
    __table_args__ = (UniqueConstraint("script_id", "number"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    script_id: Mapped[int] = mapped_column(ForeignKey("scripts.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    """Counted from 1."""
    name: Mapped[str] = mapped_column(Text, info=personal(Personal.TEXT))
    scene: Mapped[str] = mapped_column(String(32))
    segment: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.TEXT))
    """The industry it is for; "": every one."""
    persona: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.TEXT))
    """A word of the department or title of whom it is for; "": everybody."""
    language: Mapped[str] = mapped_column(String(8))
    stages: Mapped[dict[str, Any]] = mapped_column(info=personal(Personal.TEXT, blanks=True))
    """What is said, by stage (domain/outreach/scripts.py)."""
    drafted: Mapped[bool] = mapped_column(Boolean, default=False)
    """It began as a model's draft, which somebody read and saved."""
    created_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    created_at: Mapped[datetime]


class Objection(OfTeam, Base):
    """What customers say against it, and the team's own answers."""

    __tablename__ = "objections"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    said: Mapped[str] = mapped_column(Text, info=personal(Personal.TEXT))
    answers: Mapped[list[str]] = mapped_column(info=personal(Personal.TEXT))
    """The best first."""
    created_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    """Since when it is not offered any more."""
    version: Mapped[int] = mapped_column(Integer, default=1)
    """Counted up by every change; a form that was opened on an older one is told so."""


class ObjectionUse(OfTeam, Base):
    """An objection came up in a call, and was handled or not."""

    __tablename__ = "objection_uses"
    __table_args__ = (
        UniqueConstraint("team_id", "request_key"),
        Index("ix_objection_uses_used", "team_id", "used_at"),
        Index("ix_objection_uses_lead", "lead_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    objection_id: Mapped[int] = mapped_column(ForeignKey("objections.id", ondelete="CASCADE"))
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    """None: the rep did not say with whom."""
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    handled: Mapped[bool] = mapped_column(Boolean)
    used_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(255))
    """The click that made this row: the same one sent twice makes one row."""
