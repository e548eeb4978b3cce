"""The wing of outreach: what it answers."""

from __future__ import annotations

from handlers.outreach import (
    call_queue,
    calls,
    follow_ups,
    heat_map,
    inbound,
    inbound_sources,
    inbound_webhook,
    leads,
    objections,
    reminders,
    scripts,
    stops,
    tools,
)
from handlers.routes import Routes


def register(routes: Routes) -> None:
    """Leads: add, find, show, next step; the queue of calls, its reminders, when people pick up; calls, what to say in
    them, and whom nobody may call."""
    leads.register(routes)
    call_queue.register(routes)
    reminders.register(routes)
    heat_map.register(routes)
    calls.register(routes)
    scripts.register(routes)
    objections.register(routes)
    follow_ups.register(routes)
    stops.register(routes)
    inbound.register(routes)
    inbound_sources.register(routes)
    inbound_webhook.register(routes)
    tools.register(routes)
