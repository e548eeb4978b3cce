"""Waiting on conditions, never for a fixed time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Waits until a condition holds; fails after a deadline."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 # The condition is a question about the workspace, not an event.
            await asyncio.sleep(0.005)
