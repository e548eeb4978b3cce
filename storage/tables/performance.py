"""What the team aims at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Float, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, Key, OfTeam


class KpiTarget(OfTeam, Base):
    """What a KPI should reach in a window, for the team or one member; the newest row of the same counts."""

    __tablename__ = "kpi_targets"
    __table_args__ = (Index("ix_kpi_targets_kpi", "team_id", "kpi", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kpi: Mapped[str] = mapped_column(String(64))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"))
    window: Mapped[str] = mapped_column(String(16))
    """`day`, `week` or `month`: a ratio has the same target in each, a count its own."""
    value: Mapped[float | None] = mapped_column(Float)
    """A share between 0 and 1, a count, or minutes, as the KPI's unit says; None: the target was taken back."""
    set_by: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    created_at: Mapped[datetime]
