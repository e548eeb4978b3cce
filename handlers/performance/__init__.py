"""Performance: KPIs, targets, digests."""

from __future__ import annotations

from handlers.performance import board, digests, rows, targets, tools, why
from handlers.routes import Routes


def register(routes: Routes) -> None:
    """The routes of this wing."""
    board.register(routes)
    why.register(routes)
    targets.register(routes)
    digests.register(routes)
    rows.register(routes)
    tools.register(routes)
