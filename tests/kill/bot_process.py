"""The bot as a process of its own that can be told to kill itself at a named point."""

from __future__ import annotations

import asyncio
import functools
import itertools
import logging
import os
import signal
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from dbos._sys_db import SystemDatabase
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncSession

from bot.run import running
from bot.settings import Settings
from services import deliveries, model, sound
from services.pipeline import recording_work, recordings
from services.qualification import bant, handoff
from storage.brief import Brief
from storage.outbox import Outbox

# Every step on the way of a handoff, in its order: qualify → save → enqueue → take from the queue → mark → post →
# record → done; `postpone` after a try that failed.
TRANSACTIONS = {
    "qualify": (bant, "qualify"),
    "handoff": (handoff, "post"),
    "mark": (deliveries, "claim"),
    "record": (deliveries, "sent"),
    "postpone": (deliveries, "postponed"),
    # A recording's way: receive → reserve what listening may cost → listen to a piece → keep what was heard of it →
    # the next → keep → read → arrange.
    "receive": (recordings, "receive"),
    "reserve": (model, "_reserve"),
    "settle": (model, "_settle"),
    "heard": (recording_work, "_keep_heard"),
    "keep": (recording_work, "_keep"),
    "arrange": (recording_work, "_arrange"),
}
CALLS = {
    "enqueue": (Outbox, "enqueue"),
    "post": (AsyncWebClient, "chat_postMessage"),
    "dequeue": (SystemDatabase, "start_queued_workflows"),
    "step": (SystemDatabase, "record_operation_result"),
    "done": (SystemDatabase, "update_workflow_outcome"),
}
POINTS = tuple(
    f"{moment} {name}"
    for name in ("qualify", "enqueue", "handoff", "dequeue", "mark", "post", "record", "step", "done", "postpone")
    for moment in ("before", "after")
)

_transaction: ContextVar[str] = ContextVar("transaction", default="")


class Killer:
    """Kills this process when a point is reached for the nth time."""

    def __init__(self, point: str, nth: int) -> None:
        self._point = point
        self._left = itertools.count(nth - 1, -1)

    def reached(self, point: str) -> None:
        if point == self._point and next(self._left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self) -> None:
        """Put the points around the functions they are named after."""
        for name, (owner, attribute) in TRANSACTIONS.items():
            setattr(owner, attribute, self._named(name, getattr(owner, attribute)))
        for name, (owner, attribute) in CALLS.items():
            function = getattr(owner, attribute)
            around = self._around_async if asyncio.iscoroutinefunction(function) else self._around
            setattr(owner, attribute, around(name, function))
        for transaction in (AsyncSession, Brief):
            setattr(transaction, "commit", self._around_commit(transaction.commit))  # noqa: B010 - a test's kill

    def _named(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def named(*args: Any, **kwargs: Any) -> Any:
            before = _transaction.set(name)
            try:
                return await function(*args, **kwargs)
            finally:
                _transaction.reset(before)

        return named

    def _around_commit(self, commit: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(commit)
        async def around(transaction: AsyncSession | Brief) -> None:
            self.reached(f"before {_transaction.get()}")
            await commit(transaction)
            self.reached(f"after {_transaction.get()}")

        return around

    def _around_async(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def around(*args: Any, **kwargs: Any) -> Any:
            self.reached(f"before {name}")
            result = await function(*args, **kwargs)
            self.reached(f"after {name}")
            return result

        return around

    def _around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def around(*args: Any, **kwargs: Any) -> Any:
            self.reached(f"before {name}")
            result = function(*args, **kwargs)
            # A look into the queue counts only when something was taken from it.
            if name != "dequeue" or result[0]:
                self.reached(f"after {name}")
            return result

        return around


async def _run(settings: Settings) -> None:
    async with running(settings):
        await asyncio.Event().wait()


def live(
    settings: dict[str, Any], point: str | None = None, nth: int = 1, piece_seconds: float = sound.MOST_SECONDS
) -> None:
    """A life of the bot: until it is killed, by somebody else or at `point`. It listens to so many seconds of a
    recording at a time."""
    logging.basicConfig(level=logging.ERROR)
    sound.MOST_SECONDS = piece_seconds  # type: ignore[misc] - what the product never changes
    if point is not None:
        Killer(point, nth).arm()
    asyncio.run(_run(Settings(_env_file=None, **settings)))
