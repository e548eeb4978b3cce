"""Messages that the app has put off: kept until the workspace's clock says that they are due, then posted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FURTHEST_SECONDS = 120 * 86_400
# Slack takes at most this many for one channel within any five minutes.
WINDOW_SECONDS = 300
WINDOW_LIMIT = 30
# What is due within a minute can no longer be taken back.
LOCKED_SECONDS = 60
# The clock is not always the machine's: it is asked again after this long at the latest.
_NAP_SECONDS = 1.0


@dataclass(slots=True)
class Scheduled:
    """One message for later. `parts` are what `posting.post` takes besides the author; `post_at` and `created` are
    whole seconds since the epoch."""

    id: str
    channel: str
    user: str
    post_at: int
    created: int
    parts: dict[str, Any]


class Schedules:
    """All messages for later. `post` is called with each when it is due."""

    def __init__(self, clock: Callable[[], float], post: Callable[[Scheduled], None]) -> None:
        self._clock = clock
        self._post = post
        self.waiting: dict[str, Scheduled] = {}
        self._next: float | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def add(self, message: Scheduled) -> None:
        """Keeps a message until it is due."""
        self.waiting[message.id] = message
        self._next = message.post_at if self._next is None else min(self._next, message.post_at)
        self.wake()

    def remove(self, ident: str) -> None:
        """Takes a message back."""
        self.waiting.pop(ident, None)

    def crowded(self, channel: str, post_at: int) -> bool:
        """Whether another message at that moment would be the thirty-first within five minutes in the channel."""
        moments = sorted(
            one.post_at
            for one in self.waiting.values()
            if one.channel == channel and abs(one.post_at - post_at) < WINDOW_SECONDS
        )
        windows = zip(moments, moments[WINDOW_LIMIT - 1 :], strict=False)
        return any(last - first < WINDOW_SECONDS for first, last in windows)

    def run_due(self) -> None:
        """Posts what is due, in the order of its time. Costs nothing while nothing is."""
        if self._next is None or self._clock() < self._next:
            return
        now = self._clock()
        due = sorted((one for one in self.waiting.values() if one.post_at <= now), key=lambda one: one.post_at)
        for message in due:
            del self.waiting[message.id]
        self._next = min((one.post_at for one in self.waiting.values()), default=None)
        for message in due:
            self._post(message)

    def wake(self) -> None:
        """Sets the alarm for the next message; without a running event loop there is nothing to wake."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self.stop()
        if self._next is not None:
            self._alarm = loop.call_later(min(max(self._next - self._clock(), 0.0), _NAP_SECONDS), self._ring)

    def _ring(self) -> None:
        self.run_due()
        self.wake()

    def stop(self) -> None:
        """Switches the alarm off."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
