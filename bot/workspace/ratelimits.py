"""Slack's rate limits: a number of calls a minute for each method by its tier, and about one post a second in each
channel. They hold only where they are switched on."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 60.0
# Calls a minute for one app in one workspace. Tier 5 stands for the methods Slack calls special: hundreds a minute.
TIERS = {"t1": 1, "t2": 20, "t3": 50, "t4": 100, "t5": 600}
# A post a second in each channel; this many may come at once after a quiet while.
POSTS_A_SECOND = 1.0
POST_BURST = 4
_POSTING = frozenset({"chat.postMessage"})


class RateLimits:
    """Counts calls. `clock` gives seconds since the epoch. `always` switches the limits on for good."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.always = False
        self._calls: dict[str, deque[float]] = {}
        # channel → (posts that may come at once, the moment that was true)
        self._posts: dict[str, tuple[float, float]] = {}

    def take(self, method: str, tier: str | None, channel: str | None) -> int | None:
        """Counts a call that may be made now and returns None, or gives the whole seconds after which to try again."""
        now = self._clock()
        most = TIERS.get(tier or "")
        calls = self._calls.setdefault(method, deque())
        while calls and now - calls[0] >= WINDOW_SECONDS:
            calls.popleft()
        if most is not None and len(calls) >= most:
            return _whole(calls[0] + WINDOW_SECONDS - now)
        if method in _POSTING and channel:
            left, since = self._posts.get(channel, (float(POST_BURST), now))
            left = min(float(POST_BURST), left + max(0.0, now - since) * POSTS_A_SECOND)
            if left < 1:
                self._posts[channel] = (left, now)
                return _whole((1 - left) / POSTS_A_SECOND)
            self._posts[channel] = (left - 1, now)
        calls.append(now)
        return None


def _whole(seconds: float) -> int:
    # Rounded first, so that a moment's worth of binary dust does not become another second.
    return max(1, math.ceil(round(seconds, 6)))
