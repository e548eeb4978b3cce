"""Performance: KPIs, targets, digests."""

from __future__ import annotations

from handlers.routes import Routes


def register(_routes: Routes) -> None:
    """The routes of this wing."""
