"""The wing of data: what it answers."""

from __future__ import annotations

from handlers.data import integrations, person, search
from handlers.routes import Routes
from services import audit


def register(routes: Routes) -> None:
    """Imports, what is held about people, the search through what was written, and the audit log's seals."""
    integrations.register(routes)
    person.register(routes)
    search.register(routes)
    routes.job("seal-audit-log", audit.seal, seconds=audit.SEAL_SECONDS)
