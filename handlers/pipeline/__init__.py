"""The wing of the pipeline: what it answers."""

from __future__ import annotations

from handlers.pipeline import miitel_webhook, proposals, recordings, telephone_systems
from handlers.routes import Routes


def register(routes: Routes) -> None:
    """Conversations become records, and what they propose is decided; telephone systems send theirs by themselves."""
    recordings.register(routes)
    proposals.register(routes)
    telephone_systems.register(routes)
    miitel_webhook.register(routes)
