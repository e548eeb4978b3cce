"""Every call of Slack's Web API that this process makes for a workspace, counted in one place.

A call counts where it is made, in memory: nobody's click waits for a transaction of the book-keeping. What has come
together is written down together, at most once a second, so that the other processes know (storage/pace.py). A process
that dies takes the calls of its last second with it; the budgets leave a margin, and Slack's 429 holds in any case.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

from domain.pacing import Budget
from handlers import trail
from handlers.pacing import BUDGETS, DEFAULT_AFTER, OF_THE_APP, POST, UNLISTED, caller, retry_after
from services import deliveries
from services.deliveries import Call
from services.deps import Deps, in_no_hurry

log = logging.getLogger(__name__)

WRITE_SECONDS: Final = 1.0
_METHOD: Final = re.compile(r"[a-z][A-Za-z]*(\.[a-zA-Z]+){1,3}")


@dataclass(slots=True)
class Meter:
    """Counts calls by workspace and method, and tells the others."""

    deps: Deps
    seconds: float = WRITE_SECONDS
    budgets: Mapping[str, Budget] = field(default_factory=lambda: BUDGETS)
    _calls: dict[str, Counter[str]] = field(default_factory=dict, init=False)
    _closed: dict[tuple[str, str, str], float] = field(default_factory=dict, init=False)
    """What Slack wants no more of: (team, method, channel) → for how many seconds."""
    _news: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _hurry: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    async def call(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """A client middleware: everything that the session is used for passes here. Whose workspace it is for says the
        trail; what is for none belongs to the app."""
        method, team_id = request.url.path.rpartition("/")[2], trail.fields().get("team", "")
        if not team_id or method in OF_THE_APP or _METHOD.fullmatch(method) is None:
            return await handler(request)
        who = caller()
        if who.paid[method] > 0:
            who.paid[method] -= 1
        else:
            self._calls.setdefault(team_id, Counter())[method] += 1
            self._news.set()
        answer = await handler(request)
        if answer.status == 429 and not who.settles:
            channel = await _channel(request) if method == POST else ""
            self._closed[team_id, method, channel] = retry_after(answer.headers) or DEFAULT_AFTER
            self._news.set()
            self._hurry.set()
        return answer

    async def write(self) -> None:
        """Write down what has come together. What cannot be written is nothing that anybody needs to be told."""
        calls, self._calls = self._calls, {}
        closed, self._closed = self._closed, {}
        for team_id, methods in calls.items():
            spent = {method: (self._budget(method), times) for method, times in methods.items()}
            await _carefully(deliveries.counted(self.deps, team_id, spent))
        for (team_id, method, channel), seconds in closed.items():
            call = Call(method, self._budget(method), channel=channel)
            await _carefully(deliveries.closed(self.deps, team_id, call, seconds))

    async def keep(self) -> None:
        """Write whenever there is something to write, at most once in `seconds`; what Slack has refused at once."""
        while True:
            await self._news.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.seconds):
                    await self._hurry.wait()
            self._news.clear()
            self._hurry.clear()
            await self.write()

    def _budget(self, method: str) -> Budget:
        return self.budgets.get(method, UNLISTED)


@asynccontextmanager
async def counting(deps: Deps) -> AsyncIterator[Meter]:
    """A meter that writes until the block ends."""
    meter = Meter(deps)
    with in_no_hurry():
        keeping = asyncio.create_task(meter.keep())
    try:
        yield meter
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await meter.write()


async def _carefully(writing: Awaitable[None]) -> None:
    try:
        await writing
    except Exception:
        # Somebody of a workspace that is not ours has no row to count in; a database that is away comes back.
        log.warning("Calls of Slack's Web API were not counted", exc_info=True)


async def _channel(request: ClientRequest) -> str:
    """The channel that a post was for; "" where that cannot be read."""
    body = request.body
    try:
        sent = json.loads(body if isinstance(body, bytes) else await body.as_bytes())
        return str(sent.get("channel") or "")
    except (AttributeError, TypeError, ValueError):
        return ""
