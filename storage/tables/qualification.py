"""Judgements, handoffs, meetings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.tables.base import Base, Json, Key, OfTeam
from storage.tables.outreach import Lead
from storage.tables.personal import Personal, personal

ANSWERS_KEPT = (
    "status",
    "state",
    "urgency",
    "severity",
    "concreteness",
    "start_on",
    "decide_on",
    "pain_recognised",
    "intent_stated",
)
"""Of a judgement's answers: what the verdict and its figures are computed from."""


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
    __table_args__ = (
        UniqueConstraint("team_id", "request_key"),
        Index("ix_qualifications_lead", "lead_id", "id"),
        Index("ix_qualifications_created", "team_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    policy_id: Mapped[int] = mapped_column(ForeignKey("verdict_policies.id"))
    judged_on: Mapped[str] = mapped_column(String(10))
    """The team's local date of the judgement (ISO), from which the verdict can be computed again."""
    answers: Mapped[dict[str, Any]] = mapped_column(info=personal(Personal.TEXT, keeps=ANSWERS_KEPT, blanks=True))
    sales_qualified: Mapped[bool] = mapped_column(Boolean)
    """The verdict in force: the rules' own, or the override's."""
    overridden_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    override_reason: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.TEXT))
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
        Index("ix_handoffs_created", "team_id", "created_at"),
        Index("ix_handoffs_acknowledged", "team_id", "acknowledged_at"),
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
    package: Mapped[dict[str, Any]] = mapped_column(info=personal(Personal.TEXT, blanks=True))
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
    comment: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.TEXT))
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
    reason: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.TEXT))
    created_at: Mapped[datetime]


class CalendarConnection(OfTeam, Base):
    """Where a member's calendar is and how we get in."""

    __tablename__ = "calendar_connections"
    __table_args__ = (UniqueConstraint("member_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    """`caldav`, `google` or `microsoft`."""
    url: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.MEMBER))
    calendar: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.MEMBER))
    """Its id or address on that server; "": the person's main one."""
    secret: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.MEMBER))
    """Name and password or tokens as JSON, encrypted with the installation's key."""
    error: Mapped[str | None] = mapped_column(Text)
    """What the server last answered when it could not be read."""
    created_at: Mapped[datetime]


class Meeting(OfTeam, Base):
    """A meeting of a lead with field sales."""

    __tablename__ = "meetings"
    __table_args__ = (
        UniqueConstraint("team_id", "request_key"),
        Index("ix_meetings_member", "team_id", "member_id", "starts_at"),
        Index("ix_meetings_lead", "lead_id"),
        Index("ix_meetings_starts", "team_id", "starts_at"),
        Index("ix_meetings_created", "team_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    """The field-sales rep who holds it."""
    booked_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    """The member of inside sales who set it, or whose offer the customer chose from."""
    offer_id: Mapped[int | None] = mapped_column(ForeignKey("meeting_offers.id"))
    qualification_id: Mapped[int | None] = mapped_column(ForeignKey("qualifications.id"))
    """The verdict it follows: the lead time counts from it."""
    status: Mapped[str] = mapped_column(String(16), default="booked")
    """`booked`, `held`, `no_show` or `cancelled`."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    customer_zone: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    """In which the customer is written to."""
    subject: Mapped[str] = mapped_column(Text, info=personal(Personal.TEXT))
    place: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.TEXT))
    """An address or a link; "" for a call."""
    guests: Mapped[list[str]] = mapped_column(default=list, info=personal(Personal.CONTACT))
    """The customer's mail addresses."""
    uid: Mapped[str] = mapped_column(String(255))
    """The invitation's UID (RFC 5545), the same through all changes."""
    sequence: Mapped[int] = mapped_column(Integer, default=0)
    """Counted up by every move, as RFC 5546 asks."""
    cancel_reason: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.TEXT))
    cancelled_by: Mapped[str | None] = mapped_column(String(16))
    """`customer` or `member`."""
    outcome_at: Mapped[datetime | None]
    """When it was said that it was held or not."""
    request_key: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

    lead: Mapped[Lead] = relationship(lazy="raise")


class MeetingSlot(OfTeam, Base):
    """Five minutes of a rep that a meeting takes, buffers included. The unique key is what keeps two from one time."""

    __tablename__ = "meeting_slots"

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True, autoincrement=False)
    cell: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Five-minute cells since 1970-01-01 UTC."""
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"), index=True)


class MeetingOffer(OfTeam, Base):
    """Candidate slots that a customer may choose from, behind a signed link."""

    __tablename__ = "meeting_offers"
    __table_args__ = (Index("ix_meeting_offers_lead", "lead_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    """The rep it is for; None: whoever of the right ones is free."""
    booked_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    qualification_id: Mapped[int | None] = mapped_column(ForeignKey("qualifications.id"))
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """[{"member_id", "starts_at", "ends_at"}], moments in ISO 8601."""
    minutes: Mapped[int] = mapped_column(Integer)
    subject: Mapped[str] = mapped_column(Text, info=personal(Personal.TEXT))
    place: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.TEXT))
    email: Mapped[str] = mapped_column(Text, info=personal(Personal.CONTACT))
    language: Mapped[str] = mapped_column(String(8))
    zone: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), default="open")
    """`open`, `chosen`, `withdrawn` or `expired`."""
    expires_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(255), unique=True)
    created_at: Mapped[datetime]
