"""Whether this process can do its work now: what a load balancer or an orchestrator asks `/readyz`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from storage import watch
from storage.database import Database
from storage.migrations import revisions

log = logging.getLogger(__name__)

Part = Callable[[], Awaitable[bool]]

PATIENCE = 2.0
"""Seconds that a part is waited for; who asks usually waits as long."""
KEPT_SECONDS = 1.0
"""Everybody can ask: however often, the database is asked once in so long."""


@dataclass(slots=True)
class Readiness:
    """The parts that must all work, in the order in which they are told."""

    parts: Mapping[str, Part]
    kept_seconds: float = KEPT_SECONDS
    _found: dict[str, bool] = field(default_factory=dict, init=False)
    _found_at: float = field(default=float("-inf"), init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def look(self) -> Mapping[str, bool]:
        """Each part, and whether it works."""
        async with self._turn:
            if time.monotonic() - self._found_at >= self.kept_seconds:
                works = await asyncio.gather(*(_works(name, part) for name, part in self.parts.items()))
                found = dict(zip(self.parts, works, strict=True))
                for name, before in self._found.items():
                    if before and not found[name]:
                        log.warning("Not ready: %s does not work any more", name)
                    elif found[name] and not before:
                        log.info("Ready: %s works", name)
                self._found, self._found_at = found, time.monotonic()
        return self._found

    async def answer(self, request: Request) -> Response:  # noqa: ARG002 - a page takes the request
        """`GET /readyz`: 200 when all parts work, else 503; which do and which do not, and nothing else."""
        found = await self.look()
        ready = all(found.values())
        return JSONResponse({"ready": ready, "parts": found}, 200 if ready else 503)


async def _works(name: str, part: Part) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            return await part()
    except Exception:
        # Whatever it is, the answer is no, and it must not keep the others from being told.
        log.debug("Readiness: %s could not be looked at", name, exc_info=True)
        return False


async def database_parts(database: Database, url: str) -> dict[str, Part]:
    """That the database answers, and that no migration waits.

    A database that a later version has brought on counts as current: while versions are exchanged one by one, the older
    ones go on working.
    """
    known = await asyncio.to_thread(revisions, url)

    async def current() -> str | None:
        async with database.sessions() as session:
            return await watch.revision(session)

    async def answers() -> bool:
        async with database.sessions() as session:
            return bool(await session.scalar(sa.text("SELECT 1")))

    async def migrated() -> bool:
        found = await current()
        return found is not None and (found == known[0] or found not in known)

    return {"database": answers, "migrations": migrated}
