"""An invented history for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.demo_history import History, invent
from bot.demo_state import Plan
from bot.demo_truth import model
from domain.calendar import BusinessCalendar
from services.teams import business_calendar

NOW = datetime(2026, 4, 1, 4, tzinfo=UTC)
"""A Wednesday, one in the afternoon in Tokyo."""
ZONE = "Asia/Tokyo"


def calendar(now: datetime = NOW) -> BusinessCalendar:
    """Japan's business days, and the day of `now` whatever it is."""
    known = business_calendar(ZONE, now.year)
    older = business_calendar(ZONE, now.year - 2).holidays
    today = now.astimezone(known.zone).date()
    return replace(known, holidays=frozenset(known.holidays | older), workdays=frozenset({today}))


def invented(seed: int = 1, reps: int = 3, months: int = 1, now: datetime = NOW) -> History:
    """A history of a team."""
    return invent(model(seed, reps), Plan(seed, months, now, calendar(now)))
