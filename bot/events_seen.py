"""Slack's events, each handled once: Slack sends one again when our acknowledgement was lost, or late."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

EVENTS_REMEMBERED = 10_000


class EventsSeen:
    """The last events of this process, by their ids."""

    def __init__(self) -> None:
        self._events: OrderedDict[str, asyncio.Future[bool]] = OrderedDict()
        """Whether each was handled."""

    async def once(self, event_id: str, handle: Callable[[], Awaitable[None]]) -> None:
        """Handle an event that has not been handled before. What `handle` raises, this raises."""
        while (before := self._events.get(event_id)) is not None:
            # Slack has had no acknowledgement yet: were this one acknowledged, and the first then failed, it would be
            # lost. Whoever sees the first fail is the next to try.
            await asyncio.wait([before])
            if before.result():
                return
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._remember(event_id, done)
        try:
            await handle()
        except BaseException:
            # Slack has no acknowledgement and sends it again: then it is new.
            self._events.pop(event_id, None)
            done.set_result(False)
            raise
        done.set_result(True)

    def _remember(self, event_id: str, done: asyncio.Future[bool]) -> None:
        if event_id:
            self._events[event_id] = done
            if len(self._events) > EVENTS_REMEMBERED:
                self._events.popitem(last=False)
