"""A request whose maker has gone ends quietly; every other fault is raised."""

from __future__ import annotations

import pytest
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from bot.workspace.departures import Departures

SCOPE: Scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "http_version": "1.1"}


async def _send(_message: Message) -> None:
    """Nobody reads it."""


def _receiver(*messages: Message) -> Receive:
    left = iter(messages)

    async def receive() -> Message:
        return next(left)

    return receive


async def _leaves_without_an_answer(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    raise RuntimeError("No response returned.")


async def test_request_of_a_browser_that_has_gone_ends_quietly() -> None:
    receive = _receiver({"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"})
    await Departures(_leaves_without_an_answer)(SCOPE, receive, _send)


async def test_middleware_really_says_what_is_listened_for() -> None:
    """The words are Starlette's: if they change, this is where it shows."""

    async def answers_nothing(scope: Scope, receive: Receive, send: Send) -> None:
        """As a route whose client left before it had begun."""

    async def passed_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)

    app = BaseHTTPMiddleware(answers_nothing, dispatch=passed_on)
    with pytest.raises(RuntimeError, match=r"^No response returned\.$"):
        await app(SCOPE, _receiver({"type": "http.disconnect"}), _send)


@pytest.mark.parametrize("error", [RuntimeError("No response returned."), ValueError("broken")])
async def test_fault_while_somebody_waits_is_raised(error: Exception) -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    with pytest.raises(type(error)):
        await Departures(fails)(SCOPE, _receiver(), _send)
