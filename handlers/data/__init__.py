"""The wing of data: what it answers."""

from __future__ import annotations

from handlers.data import integrations
from handlers.routes import Routes


def register(routes: Routes) -> None:
    """Imports."""
    integrations.register(routes)
