"""Longer work, started now and done by the queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.members import Permission, require
from services.deps import Actor, Deps


async def start(
    deps: Deps, actor: Actor, permission: Permission, *, key: str, kind: str, arguments: Mapping[str, Any]
) -> None:
    """Start a task (handlers/routes.py: `task`) under a key; a second start under the same key changes nothing."""
    require(actor.role, permission)
    async with deps.writing(actor.team_id) as session:
        await deps.outbox.start_task(session, key=key, kind=kind, arguments=arguments)
