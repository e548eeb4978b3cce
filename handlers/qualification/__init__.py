"""The wing of qualification: what it answers."""

from __future__ import annotations

from handlers.qualification import bant, booking_page, calendars, handoff, meetings, tools, verdict
from handlers.routes import Routes


def register(routes: Routes) -> None:
    """BANT, verdicts and their rules, handoffs, calendars, meetings and the page where customers choose a time."""
    bant.register(routes)
    verdict.register(routes)
    handoff.register(routes)
    calendars.register(routes)
    meetings.register(routes)
    booking_page.register(routes)
    tools.register(routes)
