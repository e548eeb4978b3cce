"""The event loop of a process: uvloop where there is one (not on Windows), which answers about a tenth faster, and
threads that give way to it soon."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

# The loop waits so long for a thread that computes (the queue's, an import's) each time it comes back from the network.
# Python's own 5 ms is longer than a click takes here altogether.
THREAD_SECONDS = 0.0005


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, as `asyncio.run` does."""
    sys.setswitchinterval(THREAD_SECONDS)
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
