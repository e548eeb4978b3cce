"""Slack's limits for a workspace, what a delivery does that finds no room in them, and who calls how patiently.

Each call of a method counts against the workspace's budget for it (handlers/calls.py sees to that): what can wait asks
for room first, what somebody waits for is made at once and counted afterwards.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final, TypeVar

from domain.pacing import Budget
from services import deliveries
from services.deliveries import AGAIN, Call, NoRoom
from services.deps import Deps

T = TypeVar("T")

POST, UPDATE, FILES = "chat.postMessage", "chat.update", "files.getUploadURLExternal"
"""What deliveries ask room for. An upload takes several methods, as often as each other: the first stands for them."""
# Slack takes 20 calls a minute of a method of tier 2, 50 of tier 3, 100 of tier 4 and several hundred of those it calls
# special; a margin is left, since what somebody waits for is counted and never waits.
_TIER_2: Final = Budget(burst=5.0, per_second=15 / 60)
_TIER_3: Final = Budget(burst=10.0, per_second=40 / 60)
_TIER_4: Final = Budget(burst=20.0, per_second=80 / 60)
_SPECIAL: Final = Budget(burst=30.0, per_second=5.0)
BUDGETS: Mapping[str, Budget] = {
    "assistant.threads.setStatus": _SPECIAL,
    "assistant.threads.setSuggestedPrompts": _TIER_4,
    "assistant.threads.setTitle": _TIER_4,
    "auth.test": _SPECIAL,
    "chat.appendStream": _TIER_4,
    "chat.getPermalink": _SPECIAL,
    "chat.postEphemeral": _TIER_4,
    POST: _SPECIAL,
    "chat.startStream": _TIER_2,
    "chat.stopStream": _TIER_2,
    UPDATE: _TIER_3,
    "conversations.history": _TIER_3,
    "conversations.open": _TIER_3,
    "conversations.replies": _TIER_3,
    "files.completeUploadExternal": _TIER_4,
    FILES: _TIER_4,
    "files.info": _TIER_4,
    "users.info": _TIER_4,
    "views.open": _TIER_4,
    "views.publish": _TIER_4,
    "views.push": _TIER_4,
    "views.update": _TIER_4,
}
"""What all processes together call in one workspace, by method."""
UNLISTED: Final = _TIER_2
"""For a method that no budget was given: Slack takes as many of nearly every one."""
OF_THE_APP: Final = frozenset({"apps.connections.open", "apps.uninstall", "oauth.v2.access"})
"""What is called for no workspace's sake: Slack limits it for the app, and only starts and installations call it."""
DEFAULT_AFTER: Final = 30.0
"""Seconds until a call is made again where Slack does not say when it takes calls again."""
KEPT_FOR_PEOPLE = 0.5
"""This part of the burst is left by what the clock sends."""
SHORT_SECONDS = 2.0
"""For so long a delivery waits for its turn where it is, rather than in the queue."""
LOOK_SECONDS = 30.0
"""Whoever waits outside of the queue asks again after so long at the latest."""


def retry_after(headers: Mapping[str, Any]) -> float | None:
    """For how many seconds Slack wants no such call; None where it does not say. Where the SDK repeats calls it holds
    a list for each header, elsewhere a text."""
    for name, said in headers.items():
        if name.lower() == "retry-after":
            first = said[0] if isinstance(said, list) and said else said
            try:
                seconds = float(first)
            except (TypeError, ValueError):
                return None
            return seconds if isfinite(seconds) and seconds >= 0 else None
    return None


# Who calls

SOON_SECONDS: Final = 1.0
"""So long may a person's click wait for Slack's own sake: what they clicked expires after three seconds."""
LATER_SECONDS: Final = 60.0
"""So long may what nobody's click waits for any more: an answer after its acknowledgement, a task of the queue."""
MOST_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom Slack is called. A call that Slack had no room for (HTTP 429: nothing was done) is made again, at most
    `again` times, where Slack wants it within `patience` seconds. `settles`: the caller itself sees to the rest.
    `paid`: calls that were taken out of the budget before they were made."""

    patience: float = SOON_SECONDS
    again: int = 1
    settles: bool = False
    paid: Counter[str] = field(default_factory=Counter)


PERSON: Final = Caller()
_CALLER: ContextVar[Caller] = ContextVar("caller", default=PERSON)


def caller() -> Caller:
    """For whom Slack is called now; unless something else was said, a person waits."""
    return _CALLER.get()


@contextmanager
def calling(who: Caller) -> Iterator[Caller]:
    """Until the block ends, and in tasks started meanwhile, Slack is called for somebody else."""
    token = _CALLER.set(who)
    try:
        yield who
    finally:
        _CALLER.reset(token)


def patiently() -> Caller:
    """Somebody who has time."""
    return Caller(LATER_SECONDS, MOST_TRIES)


def delivering(*methods: str) -> Caller:
    """A delivery, which has taken one call of each method out of the budget and puts itself off where Slack refuses."""
    return Caller(patience=0.0, again=0, settles=True, paid=Counter(methods))


# Asking for room


@dataclass(frozen=True, slots=True)
class PutOff:
    """Slack's limits leave no room for so many seconds: the same turn comes again then."""

    seconds: float


def call_of(method: str, budgets: Mapping[str, Budget], *, timed: bool, channel: str = "") -> Call:
    """A call, as it is counted; `timed`: the clock sends it. Slack limits posts by channel too."""
    budget = budgets.get(method, UNLISTED)
    return Call(method, budget, KEPT_FOR_PEOPLE * budget.burst if timed else 0.0, channel if method == POST else "")


async def in_turn(ask: Callable[[], Awaitable[T]]) -> T:
    """What `ask` answers, asked once more where there is room soon. Raises `NoRoom`."""
    try:
        return await ask()
    except NoRoom as full:
        if full.seconds > SHORT_SECONDS:
            raise
        await asyncio.sleep(full.seconds)
        return await ask()


@asynccontextmanager
async def one_of_many(deps: Deps, team_id: str, method: str) -> AsyncIterator[None]:
    """Wait for room for a call of a long row that nobody waits for; in the block it is made."""
    call = call_of(method, BUDGETS, timed=True)
    while True:
        try:
            await deliveries.room(deps, team_id, call)
            break
        except NoRoom as full:
            await asyncio.sleep(min(full.seconds, LOOK_SECONDS))
    with calling(Caller(LATER_SECONDS, MOST_TRIES, paid=Counter([method]))):
        yield


def times_put_off(workflow_id: str | None) -> int:
    """How often the turn of this workflow was put off before."""
    _key, mark, times = deliveries.first_begun(workflow_id or "").rpartition(AGAIN)
    return int(times) if mark and times.isdecimal() else 0
