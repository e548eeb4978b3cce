"""Conversations: what was recorded, what was said, what it proposes, and the telephone systems it comes from."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key, OfTeam
from storage.tables.personal import Personal, personal


class RecordingSource(OfTeam, Base):
    """A telephone system whose calls come to `/webhooks/miitel/{token}`."""

    __tablename__ = "recording_sources"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the token in the address, which is shown once and kept nowhere."""
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_by: Mapped[int] = mapped_column(ForeignKey("members.id"))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)


class Recording(OfTeam, Base):
    """A call or meeting on its way from a file to a record (domain/pipeline/recordings.py: `Progress`)."""

    __tablename__ = "recordings"
    __table_args__ = (
        UniqueConstraint("team_id", "source_key"),
        Index("ix_recordings_lead", "lead_id", "id"),
        Index("ix_recordings_digest", "team_id", "digest"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    """Whom it is about, once somebody has said so."""
    proposed_lead_id: Mapped[int | None] = mapped_column(BigInteger)
    """Whom it seems to be about. No reference: what only seems so is not among what is held about a person."""
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    """Whose it is: who dropped it, or who made the call."""
    source_key: Mapped[str] = mapped_column(String(200))
    """The file's id in Slack, or the call's in the telephone system: the same one makes one recording."""
    file_id: Mapped[str | None] = mapped_column(String(64))
    filename: Mapped[str] = mapped_column(Text, info=personal(Personal.TEXT))
    digest: Mapped[str | None] = mapped_column(String(64))
    """Of the file's content, once it was fetched: two people may drop the same."""
    audio: Mapped[bool] = mapped_column(Boolean)
    progress: Mapped[str] = mapped_column(String(16))
    error: Mapped[str | None] = mapped_column(String(32))
    attempt: Mapped[int] = mapped_column(Integer, default=1)
    held_on: Mapped[date] = mapped_column(Date)
    """The local day of the conversation."""
    channel: Mapped[str] = mapped_column(String(32))
    thread_ts: Mapped[str | None] = mapped_column(String(32))
    permalink: Mapped[str] = mapped_column(Text, default="")
    guessed: Mapped[bool] = mapped_column(Boolean, default=False)
    """Nobody knows the speakers by name: whose voice is whose is a guess."""
    swapped: Mapped[bool] = mapped_column(Boolean, default=False)
    heard: Mapped[dict[str, Any] | None] = mapped_column(info=personal(Personal.TEXT))
    """What was heard in the first pieces of a long recording, until the last one is done."""
    measures: Mapped[dict[str, Any] | None]
    note: Mapped[dict[str, Any] | None] = mapped_column(info=personal(Personal.TEXT))
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)


class Utterance(OfTeam, Base):
    """One turn of a recorded conversation."""

    __tablename__ = "utterances"
    __table_args__ = (UniqueConstraint("recording_id", "number"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    speaker: Mapped[str] = mapped_column(Text, info=personal(Personal.NAME))
    side: Mapped[str] = mapped_column(String(16))
    start_ms: Mapped[int | None] = mapped_column(Integer)
    end_ms: Mapped[int | None] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(Text, info=personal(Personal.TEXT))


class Proposal(OfTeam, Base):
    """What a conversation proposes for a field of a qualification, until a person has decided about it."""

    __tablename__ = "proposals"
    __table_args__ = (Index("ix_proposals_recording", "recording_id", "id"), Index("ix_proposals_lead", "lead_id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"))
    content: Mapped[dict[str, Any]] = mapped_column(info=personal(Personal.TEXT))
    """Field, value, quote and source (domain/pipeline/notes.py: `Proposal.to_json`). Nothing, once it was erased."""
    state: Mapped[str] = mapped_column(String(16))
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    """For whom it was accepted, whatever lead the recording is about later."""
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    decided_at: Mapped[datetime | None]
