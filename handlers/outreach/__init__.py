"""The wing of outreach: what it answers."""

from __future__ import annotations

from handlers.outreach import leads
from handlers.routes import Routes


def register(routes: Routes) -> None:
    """Leads: add, find, show, next step."""
    leads.register(routes)
