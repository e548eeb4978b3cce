"""The wing of qualification: what it answers."""

from __future__ import annotations

from handlers.qualification import bant, calendars, handoff, meetings, verdict
from handlers.routes import Routes


def register(routes: Routes) -> None:
    """BANT, verdicts and their rules, handoffs, calendars, meetings."""
    bant.register(routes)
    verdict.register(routes)
    handoff.register(routes)
    calendars.register(routes)
    meetings.register(routes)
