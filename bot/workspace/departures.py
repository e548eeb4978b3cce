"""Browsers that go away in the middle of a request: nothing went wrong, so nothing is reported."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What Starlette's middleware raises when the client left before there was an answer.
_NOBODY_LEFT = "No response returned."


class Departures:
    """Lets a request end quietly when whoever made it has gone; every other fault is raised as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = False

        async def watched() -> Message:
            nonlocal gone
            message = await receive()
            gone = gone or message["type"] == "http.disconnect"
            return message

        try:
            await self._app(scope, watched, send)
        except RuntimeError as error:
            if not gone or str(error) != _NOBODY_LEFT:
                raise
