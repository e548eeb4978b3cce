"""What was written and said, as a search finds it. It is made of other tables, and made anew where it is lost."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Grams, Key, OfTeam
from storage.tables.personal import Personal, personal


class Passage(OfTeam, Base):
    """A few sentences of a note, a form or a talk (domain/pipeline/passages.py)."""

    __tablename__ = "passages"
    __table_args__ = (
        UniqueConstraint("team_id", "kind", "source_id", "section", "part"),
        Index("ix_passages_sample", "team_id", "shuffle"),
        Index("ix_passages_lead", "lead_id"),
        # Written by nobody who is waited for, so each gram goes to its place at once and no search reads a list of
        # those that have not.
        Index("ix_passages_grams", "grams", postgresql_using="gin", postgresql_with={"fastupdate": "off"}).ddl_if(
            dialect="postgresql"
        ),
    )

    # Without an index of its own: three others begin with it.
    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"))
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    source_id: Mapped[int] = mapped_column(BigInteger)
    """The row it comes from, in the table of its kind."""
    section: Mapped[str] = mapped_column(String(32), default="")
    """Which of the row's texts."""
    part: Mapped[int] = mapped_column(Integer)
    """Its number within that text."""
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    """Who wrote it."""
    said_at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text, info=personal(Personal.TEXT))
    search_text: Mapped[str] = mapped_column(Text, info=personal(Personal.TEXT))
    """The line it is found by."""
    grams: Mapped[list[int] | None] = mapped_column(Grams)
    """PostgreSQL: the line's grams as numbers, and the team's own number. SQLite keeps them as words in the full-text
    table `passage_search` (storage/passages.py)."""
    shuffle: Mapped[int] = mapped_column(BigInteger)
    """A number by which the team's passages stand in no order: the first ones are a sample of all."""


class PassageDue(OfTeam, Base):
    """A row whose passages are not what it says any more. Triggers of the sources' tables write it in the transaction
    that changes the row, so nothing is forgotten; a row may be named more than once."""

    __tablename__ = "passage_dues"
    __table_args__ = (Index("ix_passage_dues_source", "team_id", "kind", "source_id"),)

    # Without an index of its own: the other one begins with it.
    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"))
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    source_id: Mapped[int] = mapped_column(BigInteger)


class PassageSigns(OfTeam, Base):
    """The signs of a passage's vector, a bit each: what all of the team's passages are compared by first, so small and
    apart from the vectors themselves (docs/search.md)."""

    __tablename__ = "passage_signs"
    __table_args__ = (Index("ix_passage_signs_model", "team_id", "model"),)

    # Without an index of its own: the other one begins with it.
    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"))
    passage_id: Mapped[int] = mapped_column(
        ForeignKey("passages.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    model: Mapped[str] = mapped_column(String(100))
    """What made the vector: only vectors of one model can be compared."""
    signs: Mapped[bytes] = mapped_column(LargeBinary)


class PassageVector(OfTeam, Base):
    """A passage's vector."""

    __tablename__ = "passage_vectors"

    passage_id: Mapped[int] = mapped_column(
        ForeignKey("passages.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    """Numbers of 16 bits, little-endian; its length is 1."""
