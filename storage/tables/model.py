"""What the language model was asked, and what it cost."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key, OfTeam


class ModelCall(OfTeam, Base):
    """One question to the language model. What was asked and answered is not kept."""

    __tablename__ = "model_calls"
    __table_args__ = (Index("ix_model_calls_created", "team_id", "created_at"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    """On whose behalf; None: nobody's, such as a recording that came by itself."""
    prompt_id: Mapped[str] = mapped_column(String(64))
    """`embedding` and `transcription` for those, which have no prompt."""
    prompt_version: Mapped[int] = mapped_column(Integer)
    prompt_hash: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(100))
    sharing: Mapped[str] = mapped_column(String(16))
    """What was sent: `masked` or `full`."""
    outcome: Mapped[str] = mapped_column(String(16))
    """`under_way` until it has ended; a process that ended before leaves it so, and it counts as given up in time."""
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[int] = mapped_column(BigInteger)
    """Millionths of a yen; while it is under way, and where nobody heard what it cost, what it may cost at the most."""
    latency_ms: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
