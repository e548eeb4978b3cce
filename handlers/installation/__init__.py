"""Many workspaces: each installs the app over OAuth and is spoken to with a token of its own."""

from __future__ import annotations

from handlers.installation import pages, welcome
from handlers.installation.clients import TeamClients
from handlers.routes import Routes
from services import erasure, installations

HOUR = 60 * 60
RENEW_SECONDS = 10 * 60


def register(routes: Routes) -> None:
    """What there is however the app was installed: the welcome, and the end of what a workspace left behind."""
    routes.delivery(installations.WELCOME, welcome.compose)
    routes.job("erase-removed-workspaces", erasure.erase_due, seconds=HOUR)


def open_to_workspaces(routes: Routes, clients: TeamClients) -> None:
    """The pages on which workspaces install the app, and the renewal of their tokens."""
    pages.register(routes, clients)
    routes.job("renew-tokens", clients.renew_expiring, seconds=RENEW_SECONDS)
