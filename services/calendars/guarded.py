"""Requests to servers that members named: they reach the public internet and the networks an admin allows, no others.

Whoever may type an address could otherwise ask, through us, what only our own network can reach: other services on
this machine, a cloud's metadata, an office's routers. Names are checked where they become addresses, on each
connection, so neither a redirect nor a name that leads elsewhere the second time gets around it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from niquests import AsyncSession, PreparedRequest
from niquests.adapters import AsyncHTTPAdapter
from niquests.models import AsyncResponse

# niquests brings its own copy of urllib3 under this name, which type checkers cannot follow.
from niquests.packages.urllib3.contrib.resolver._async.system import SystemResolver  # type: ignore[import-not-found]

from domain.appointments import Problem
from services.calendars.calendar import Unusable
from services.networks import Network, acceptable, reachable

MOST_BYTES: Final = 16 * 1024 * 1024
"""The largest answer: a year of a busy person's entries is a fiftieth of it."""
_PIECE: Final = 64 * 1024


class _Resolver(SystemResolver):  # type: ignore[misc]  # It is Any to type checkers, see its import.
    """Names become those of their addresses that may be asked."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        super().__init__()
        self._allowed = allowed

    async def getaddrinfo(self, host: Any, *given: Any, **more: Any) -> list[Any]:
        """As the system's, numeric addresses included."""
        found: list[Any] = await super().getaddrinfo(host, *given, **more)
        left = [entry for entry in found if reachable(str(entry[4][0]), self._allowed)]
        if found and not left:
            raise Unusable(Problem.PRIVATE)
        return left


class _Adapter(AsyncHTTPAdapter):
    """Every request goes through here, those that redirects lead to included."""

    def __init__(self, resolver: _Resolver, allowed: Sequence[Network], seconds: float) -> None:
        # HTTP/3 would be tried at whatever other port a server announces.
        super().__init__(resolver=resolver, disable_http3=True)
        self._allowed = allowed
        self._seconds = seconds

    async def send(self, request: PreparedRequest, *given: Any, **more: Any) -> AsyncResponse:
        """The answer, whole: within the time, and no larger than any calendar's."""
        if not acceptable(request.url or "", self._allowed):
            raise Unusable(Problem.PRIVATE)
        if request.headers is not None:
            # What is packed a thousandfold would be large only here.
            request.headers["Accept-Encoding"] = "identity"
        try:
            async with asyncio.timeout(self._seconds):
                answer = await super().send(request, *given, **more)
                await _read(answer)
        except TimeoutError as slow:
            raise Unusable(Problem.SLOW) from slow
        return answer


async def _read(answer: AsyncResponse) -> None:
    if answer.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        await answer.close()
        raise Unusable(Problem.REFUSED, "packed though not asked for")
    content = bytearray()
    async for piece in await answer.iter_content(_PIECE):
        content += piece
        if len(content) > MOST_BYTES:
            await answer.close()
            raise Unusable(Problem.REFUSED, "too large")
    # Where the library keeps what it has read itself.
    answer._content = bytes(content)


def guarded(url: str, allowed: Sequence[Network], seconds: float) -> AsyncSession:
    """A session for one server that a member named; each request raises Unusable where it may not go on.

    A proxy that the environment names is used, and is an address like others; what it reaches is its own matter.
    """
    resolver = _Resolver(allowed)
    session = AsyncSession(resolver=resolver)
    # The rest of the environment is not meant for members' servers: a .netrc holds other people's passwords.
    session.trust_env = False
    session.proxies = {} if proxy_bypass(urlsplit(url).hostname or "") else dict(getproxies())
    session.adapters.clear()
    adapter = _Adapter(resolver, allowed, seconds)
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session
