"""The tables. Every row belongs to a team."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

# Named, so that a migration can drop what it did not name itself.
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """An aware datetime, in UTC on the way out. SQLite keeps no zone, so it is put back; a naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse naive values and store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A naive datetime was about to be stored.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON().with_variant(JSONB(), "postgresql")
# SQLite only counts up on its own with exactly INTEGER as the primary key's type.
Key = BigInteger().with_variant(Integer(), "sqlite")
Grams = ARRAY(Integer).with_variant(JSON(), "sqlite")


class Base(DeclarativeBase):
    """All tables of the product."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: Moment, dict[str, Any]: Json, list[str]: Json}  # noqa: RUF012 - SQLAlchemy reads this class attribute as a plain dict


class Team(Base):
    """A Slack workspace that uses the product."""

    __tablename__ = "teams"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    zone: Mapped[str] = mapped_column(String(64), default="Asia/Tokyo")
    language: Mapped[str] = mapped_column(String(8), default="ja")
    handoff_channel: Mapped[str | None] = mapped_column(String(32))
    acknowledge_minutes: Mapped[int] = mapped_column(Integer, default=60)
    """Business minutes in which field sales should answer a handoff."""
    created_at: Mapped[datetime]


class OfTeam:
    """A row that belongs to a team; sessions filter by it (storage/database.py)."""

    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"), index=True)


class Member(OfTeam, Base):
    """A person of the team, known by the Slack user."""

    __tablename__ = "members"
    __table_args__ = (UniqueConstraint("team_id", "slack_user"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slack_user: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(8), default="ja")
    zone: Mapped[str] = mapped_column(String(64), default="Asia/Tokyo")
    territories: Mapped[list[str]] = mapped_column(default=list)
    industries: Mapped[list[str]] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class Account(OfTeam, Base):
    """A company."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("team_id", "corporate_number"),
        Index("ix_accounts_team_name_key", "team_id", "name_key"),
        # Those that a row with a number may turn out to be: found without reading every company of that name.
        Index(
            "ix_accounts_unnumbered",
            "team_id",
            "name_key",
            postgresql_where=text("corporate_number IS NULL"),
            sqlite_where=text("corporate_number IS NULL"),
        ),
        Index("ix_accounts_grams", "grams", postgresql_using="gin").ddl_if(dialect="postgresql"),
    )

    # Without an index of its own: the unique constraint's begins with the team, and imports pay for each index.
    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"))
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    corporate_number: Mapped[str | None] = mapped_column(String(13))
    """法人番号, 13 digits."""
    name: Mapped[str] = mapped_column(Text)
    reading: Mapped[str] = mapped_column(Text, default="")
    """Katakana, as given."""
    name_en: Mapped[str] = mapped_column(Text, default="")
    industry: Mapped[str] = mapped_column(Text, default="")
    listed: Mapped[str] = mapped_column(Text, default="")
    capital_million_yen: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str] = mapped_column(Text, default="")
    employees: Mapped[int | None] = mapped_column(Integer)
    website: Mapped[str] = mapped_column(Text, default="")
    business: Mapped[str] = mapped_column(Text, default="")
    name_key: Mapped[str] = mapped_column(Text)
    """The name folded for comparison, without its corporate form: equal keys are probably one company."""
    search_text: Mapped[str] = mapped_column(Text)
    """What a search is checked against (domain/data/search.py)."""
    grams: Mapped[list[int] | None] = mapped_column(Grams)
    """PostgreSQL: the grams of `search_text` as numbers, under a GIN index: numbers take half the room of text and a
    third less time to add. SQLite keeps its grams as words in the full-text table `account_search`, whose row ids
    begin with team and length of the name (storage/account_search.py)."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Contact(OfTeam, Base):
    """A person at a company."""

    __tablename__ = "contacts"
    __table_args__ = (
        Index("ix_contacts_account", "account_id"),
        Index("ix_contacts_team_phone", "team_id", "phone"),
        Index("ix_contacts_team_email", "team_id", "email_key"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    reading: Mapped[str] = mapped_column(Text, default="")
    name_key: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text, default="")
    title: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(String(32), default="")
    """E.164, or as typed where no such number exists (extensions)."""
    email: Mapped[str] = mapped_column(Text, default="")
    email_key: Mapped[str] = mapped_column(Text, default="")
    buying_role: Mapped[str] = mapped_column(String(32), default="unknown")
    created_at: Mapped[datetime]

    account: Mapped[Account] = relationship(lazy="raise")


class Lead(OfTeam, Base):
    """A contact that may buy, worked by one member of inside sales."""

    __tablename__ = "leads"
    __table_args__ = (
        Index("ix_leads_owner_call", "team_id", "owner_id", "last_called_at"),
        Index("ix_leads_account", "account_id"),
        Index("ix_leads_team_stage", "team_id", "stage"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    stage: Mapped[str] = mapped_column(String(32), default="new")
    source: Mapped[str] = mapped_column(String(32), default="other")
    note: Mapped[str] = mapped_column(Text, default="")
    next_step: Mapped[str | None] = mapped_column(String(32))
    next_step_at: Mapped[datetime | None]
    disqualify_reason: Mapped[str | None] = mapped_column(String(32))
    last_called_at: Mapped[datetime | None]
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
    __table_args__ = (Index("ix_calls_lead", "lead_id", "called_at"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    called_at: Mapped[datetime]
    connection: Mapped[str] = mapped_column(String(32))
    party: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(String(32))
    """Why the person refused."""
    note: Mapped[str] = mapped_column(Text, default="")


class VerdictPolicy(OfTeam, Base):
    """One version of a team's rules for the verdict; never changed, only followed by the next."""

    __tablename__ = "verdict_policies"
    __table_args__ = (UniqueConstraint("team_id", "version"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    min_confirmed: Mapped[int] = mapped_column(Integer)
    required: Mapped[list[str]]
    needs_pain: Mapped[bool] = mapped_column(Boolean)
    needs_intent: Mapped[bool] = mapped_column(Boolean)
    start_within_months: Mapped[int | None] = mapped_column(Integer)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    created_at: Mapped[datetime]


class Qualification(OfTeam, Base):
    """One judgement of a lead: the answers, the verdict and the rules it was judged by."""

    __tablename__ = "qualifications"
    __table_args__ = (UniqueConstraint("team_id", "request_key"), Index("ix_qualifications_lead", "lead_id", "id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    policy_id: Mapped[int] = mapped_column(ForeignKey("verdict_policies.id"))
    judged_on: Mapped[str] = mapped_column(String(10))
    """The team's local date of the judgement (ISO), from which the verdict can be computed again."""
    answers: Mapped[dict[str, Any]]
    sales_qualified: Mapped[bool] = mapped_column(Boolean)
    """The verdict in force: the rules' own, or the override's."""
    overridden_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    override_reason: Mapped[str] = mapped_column(Text, default="")
    overridden_at: Mapped[datetime | None]
    request_key: Mapped[str | None] = mapped_column(String(255))
    """The submission that made this row: the same one sent twice makes one row."""
    created_at: Mapped[datetime]

    policy: Mapped[VerdictPolicy] = relationship(lazy="raise")


class Handoff(OfTeam, Base):
    """A lead on its way to field sales."""

    __tablename__ = "handoffs"
    __table_args__ = (
        UniqueConstraint("team_id", "request_key"),
        Index("ix_handoffs_team_status_due", "team_id", "status", "due_at"),
        Index("ix_handoffs_lead", "lead_id"),
        # At most one handoff of a lead is open at a time, also under two simultaneous clicks.
        Index(
            "uq_handoffs_one_waiting",
            "lead_id",
            unique=True,
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    qualification_id: Mapped[int] = mapped_column(ForeignKey("qualifications.id"))
    from_member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    to_member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    channel: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16), default="waiting")
    package: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    reminded_at: Mapped[datetime | None]
    request_key: Mapped[str | None] = mapped_column(String(255))
    """The submission that made this row: the same one sent twice makes one row."""

    lead: Mapped[Lead] = relationship(lazy="raise")
    qualification: Mapped[Qualification] = relationship(lazy="raise")


class HandoffReturn(OfTeam, Base):
    """Why field sales gave a lead back."""

    __tablename__ = "handoff_returns"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    handoff_id: Mapped[int] = mapped_column(ForeignKey("handoffs.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    reason: Mapped[str] = mapped_column(String(32))
    comment: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]


class StageChange(OfTeam, Base):
    """One move of a lead from stage to stage."""

    __tablename__ = "stage_changes"
    __table_args__ = (Index("ix_stage_changes_lead", "lead_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    from_stage: Mapped[str | None] = mapped_column(String(32))
    to_stage: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]


class AuditLog(OfTeam, Base):
    """Who did what to which record. Only added to."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_team_subject", "team_id", "subject", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    """Table and id, such as `leads:12`."""
    detail: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Delivery(OfTeam, Base):
    """A message on its way to Slack, under its key (see storage/outbox.py for its states)."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_team_state", "team_id", "state"),)

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(32))
    arguments: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16))
    ts: Mapped[str | None] = mapped_column(String(32))
    posted_channel: Mapped[str | None] = mapped_column(String(32))
    """The conversation the message stands in: a DM's `D…` where `channel` is a user."""
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
