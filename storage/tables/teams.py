"""Teams, their members, what they decided for themselves, and what was done."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key, OfTeam
from storage.tables.personal import Personal, personal


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


class Member(OfTeam, Base):
    """A person of the team, known by the Slack user."""

    __tablename__ = "members"
    __table_args__ = (UniqueConstraint("team_id", "slack_user"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slack_user: Mapped[str] = mapped_column(String(32), info=personal(Personal.MEMBER))
    name: Mapped[str] = mapped_column(String(200), info=personal(Personal.MEMBER))
    role: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(8), default="ja")
    zone: Mapped[str] = mapped_column(String(64), default="Asia/Tokyo")
    email: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.MEMBER))
    """Where invitations reach this member; "" while nobody knows."""
    territories: Mapped[list[str]] = mapped_column(default=list)
    industries: Mapped[list[str]] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class AuditLog(OfTeam, Base):
    """Who did what to which record. Only added to: triggers refuse changes, and sealed rows form a chain
    (storage/audit.py). Columns that are added later go beside the chain, or its hashes do not fit any more."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_team_subject", "team_id", "subject", "id"),
        # Few at any time: those that were written since the clock last sealed.
        Index(
            "ix_audit_log_unsealed",
            "team_id",
            "id",
            postgresql_where=text("seal IS NULL"),
            sqlite_where=text("seal IS NULL"),
        ),
        Index(
            "uq_audit_log_seal",
            "team_id",
            "seal",
            unique=True,
            postgresql_where=text("seal IS NOT NULL"),
            sqlite_where=text("seal IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    """Table and id, such as `leads:12`."""
    detail: Mapped[dict[str, Any]] = mapped_column(info=personal(Personal.TEXT))
    created_at: Mapped[datetime]
    seal: Mapped[int | None] = mapped_column(BigInteger)
    """Its number in the team's chain, from 1; None until it is sealed."""
    salt: Mapped[str | None] = mapped_column(String(32))
    """Erased together with the details."""
    digest: Mapped[str | None] = mapped_column(String(64))
    """The commitment to the details (domain/audit.py)."""
    hash: Mapped[str | None] = mapped_column(String(64))
    """Over this row and the hash of the one before."""


class AuditPermit(Base):
    """While a transaction has put its team here, the triggers let it change and delete rows of the team's audit log.
    Taken back in the same transaction, so it is always empty to everybody else."""

    __tablename__ = "audit_permits"

    # No foreign key: a team's deletion must not take it away before the log has gone.
    team_id: Mapped[str] = mapped_column(String(32), primary_key=True)


class TeamRules(OfTeam, Base):
    """What a team decided in one matter, such as how often a lead is called; absent: the product's own values.

    `kind` names the matter, `values` are the fields of its frozen dataclass in the domain.
    """

    __tablename__ = "team_rules"

    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    values: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(Integer, default=1)
    updated_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    updated_at: Mapped[datetime]


class TeamDay(OfTeam, Base):
    """A local date on which the team works though others do not, or does not work though others do."""

    __tablename__ = "team_days"

    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    works: Mapped[bool] = mapped_column(Boolean, default=False)
    name: Mapped[str] = mapped_column(Text, default="")


class Absence(OfTeam, Base):
    """Days on which a member is on leave: both days included, local dates of the member."""

    __tablename__ = "absences"
    __table_args__ = (Index("ix_absences_member", "member_id", "last_day"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    created_at: Mapped[datetime]


class JobRun(Base):
    """One due time of a job of the clock: whoever adds the row does the work, so two clocks never do it twice."""

    __tablename__ = "job_runs"
    __table_args__ = (Index("ix_job_runs_due", "name", "due_at"),)

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    """`name:team:zone:local date`, in a repeated hour of the autumn the same for both."""
    name: Mapped[str] = mapped_column(String(64))
    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    zone: Mapped[str] = mapped_column(String(64))
    day: Mapped[date] = mapped_column(Date)
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    """`started`, `done`, `failed`, or `skipped` when it was found too late."""
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)


class JobPlan(Base):
    """When a job of the clock is due for a team in a zone, and since when that has stood: what was due before then was
    never missed."""

    __tablename__ = "job_plans"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    """`name:team:zone`."""
    name: Mapped[str] = mapped_column(String(64))
    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    plan: Mapped[str] = mapped_column(String(64))
    """The timetable as text (domain/clock.py: `Timetable.text`)."""
    since: Mapped[datetime]


class JobBeat(Base):
    """When a job of the clock that comes every so many seconds last ran, in any process; written by the minute."""

    __tablename__ = "job_beats"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    seconds: Mapped[int] = mapped_column(Integer)
    ran_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    """`done`, `failed`, or `skipped` when its turn came too late."""
