"""The wing of data: what it answers."""

from __future__ import annotations

from handlers.data import integrations, person
from handlers.routes import Routes
from services import audit


def register(routes: Routes) -> None:
    """Imports, what is held about people, and the audit log's seals."""
    integrations.register(routes)
    person.register(routes)
    routes.job("seal-audit-log", audit.seal, seconds=audit.SEAL_SECONDS)
