"""The client of Slack's Web API, and what it may repeat."""

from __future__ import annotations

import asyncio

from slack_sdk.http_retry import FixedValueRetryIntervalCalculator, HttpRequest, HttpResponse, RetryState
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from handlers.pacing import MOST_TRIES, caller, retry_after

REPEAT_SECONDS = 0.1
HARMLESS = frozenset(
    {
        "apps.connections.open",
        "auth.test",
        "conversations.history",
        "conversations.open",
        "conversations.replies",
        "files.info",
        "users.info",
        "views.open",
        "views.publish",
        "views.push",
        "views.update",
    }
)
"""The methods that may be called once more when nobody knows what became of the first call."""


class RepeatHarmless(AsyncConnectionErrorRetryHandler):
    """Calls again when the connection was lost, where that does no harm: a view is shown, or something is only read.

    A post is never repeated so: whether it was made is found out first (`handlers.delivery`). A view that was opened
    all the same answers the second call with `exchanged_trigger_id`, which `Interaction.open` knows."""

    def __init__(self) -> None:
        super().__init__(interval_calculator=FixedValueRetryIntervalCalculator(REPEAT_SECONDS))

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        method = request.url.rpartition("/")[2]
        if method not in HARMLESS:
            return False
        return await super()._can_retry_async(state=state, request=request, response=response, error=error)


class RepeatSoon(AsyncRetryHandler):
    """Calls again what Slack had no room for (HTTP 429: nothing was done), whatever the method, as the caller's
    patience allows (`handlers.pacing.Caller`): for a person once and soon. For any longer the person is told
    (`handlers.boundary`)."""

    def __init__(self) -> None:
        super().__init__(max_retry_count=MOST_TRIES)

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,  # noqa: ARG002 - the SDK's signature
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002 - as above
    ) -> bool:
        if response is None or response.status_code != 429 or state.current_attempt >= caller().again:
            return False
        return _after(response) <= caller().patience

    async def prepare_for_next_attempt_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,  # noqa: ARG002 - the SDK's signature
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002 - as above
    ) -> None:
        """Wait as long as Slack said."""
        state.next_attempt_requested = True
        await asyncio.sleep(0.0 if response is None else _after(response))
        state.increment_current_attempt()


def _after(response: HttpResponse) -> float:
    after = retry_after(response.headers)
    return float("inf") if after is None else after


def web_client(token: str | None, api_url: str) -> AsyncWebClient:
    """A client that repeats nothing but harmless calls by itself, and what Slack refused unseen: the SDK's own retry
    posts twice."""
    return AsyncWebClient(token=token, base_url=api_url, retry_handlers=[RepeatHarmless(), RepeatSoon()])
