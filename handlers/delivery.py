"""The durable workflow that renders and posts one delivery, exactly once.

Slack has no idempotency key for `chat.postMessage`. So the delivery is marked `sending` before the call, and every post
carries its key as message metadata; when the step runs again (after a crash, or because the answer was lost), it first
looks for the key in the channel's history since the mark and takes that message instead of posting again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from dbos import DBOS
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.i18n import mark as _
from handlers.i18n import translator
from handlers.messages import Reader
from handlers.routes import Compose, NotYet, Outgoing, Task
from services import deliveries
from services.deliveries import TASK_WORKFLOW, WORKFLOW, Claim
from services.deps import Deps

log = logging.getLogger(__name__)

EVENT_TYPE = "delivery"
LOOK_BACK_SECONDS = 120
"""How far before our own mark the history is read: our clock and Slack's may differ."""

TRANSIENT = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
HISTORY_REFUSED = frozenset({"missing_scope", "not_in_channel", "channel_not_found", "no_permission", "access_denied"})


class TryAgain(Exception):
    """The step is to be run again later."""


class Unreadable(Exception):
    """The channel's history cannot be read, so nobody knows whether the message was posted."""


@dataclass(frozen=True, slots=True)
class Deliverer:
    """What the workflow needs from the house."""

    deps: Deps
    client_of: Callable[[str], AsyncWebClient]
    composers: Mapping[str, Compose]

    async def deliver(self, team_id: str, key: str) -> str:
        """Send one delivery; the answer is its final state. Raises `TryAgain` when it is to be tried again."""
        claim = await deliveries.claim(self.deps, team_id, key)
        if claim is None:
            return "gone"
        if claim.settled:
            return claim.state
        try:
            arguments = {**claim.arguments, "channel": claim.channel}
            outgoing = await self.composers[claim.kind](self.deps, team_id, arguments)
        except NotYet as not_yet:
            raise TryAgain(str(not_yet)) from not_yet
        if outgoing is None:
            return await deliveries.sent(self.deps, team_id, key, ts=None, channel=None)
        client = self.client_of(team_id)
        try:
            if not claim.first and outgoing.update_ts is None:
                found = await self._find(client, claim, outgoing)
                if found is not None:
                    return await deliveries.sent(self.deps, team_id, key, ts=found[1], channel=found[0])
            channel, ts = await self._send(client, claim, outgoing)
        except SlackApiError as refused:
            return await self._refused(team_id, key, outgoing, refused)
        except (aiohttp.ClientError, TimeoutError, OSError) as lost:
            raise TryAgain(f"The connection to Slack failed: {type(lost).__name__}") from lost
        return await deliveries.sent(self.deps, team_id, key, ts=ts, channel=channel)

    async def _send(self, client: AsyncWebClient, claim: Claim, outgoing: Outgoing) -> tuple[str, str]:
        reader = Reader(translator(outgoing.language), outgoing.zone, self.deps.now())
        rendered = outgoing.message.render(reader)
        blocks = [block.to_dict() for block in rendered.blocks]
        if outgoing.update_ts is not None:
            response = await client.chat_update(
                channel=outgoing.channel, ts=outgoing.update_ts, text=rendered.text, blocks=blocks
            )
        else:
            response = await client.chat_postMessage(
                channel=outgoing.channel,
                text=rendered.text,
                blocks=blocks,
                thread_ts=outgoing.thread_ts,
                metadata={"event_type": EVENT_TYPE, "event_payload": {"key": claim.key}},
                unfurl_links=False,
                unfurl_media=False,
            )
        return str(response["channel"]), str(response["ts"])

    async def _find(self, client: AsyncWebClient, claim: Claim, outgoing: Outgoing) -> tuple[str, str] | None:
        """The message that an earlier run of this step posted, as (channel, ts)."""
        channel = outgoing.channel
        if channel.startswith(("U", "W")):
            opened = await client.conversations_open(users=channel)
            channel = str(opened["channel"]["id"])
        cursor: str | None = None
        while True:
            arguments: dict[str, Any] = {
                "channel": channel,
                "oldest": f"{claim.claimed_at.timestamp() - LOOK_BACK_SECONDS:.6f}",
                "limit": 200,
                "include_all_metadata": True,
                "cursor": cursor,
            }
            try:
                if outgoing.thread_ts:
                    page = await client.conversations_replies(ts=outgoing.thread_ts, **arguments)
                else:
                    page = await client.conversations_history(**arguments)
            except SlackApiError as refused:
                if refused.response["error"] in HISTORY_REFUSED:
                    raise Unreadable(channel) from refused
                raise
            for message in page["messages"]:
                metadata = message.get("metadata") or {}
                if (
                    metadata.get("event_type") == EVENT_TYPE
                    and metadata.get("event_payload", {}).get("key") == claim.key
                ):
                    return channel, str(message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None

    async def _refused(self, team_id: str, key: str, outgoing: Outgoing, refused: SlackApiError) -> str:
        error = str(refused.response.get("error", "unknown_error"))
        if refused.response.status_code == 429:
            await asyncio.sleep(min(float(refused.response.headers.get("Retry-After", 1)), 30))
            raise TryAgain(error) from refused
        if error in TRANSIENT or refused.response.status_code >= 500:
            raise TryAgain(error) from refused
        log.error("Slack refused delivery %s for good: %s", key, error)
        state = await deliveries.failed(self.deps, team_id, key, error)
        if outgoing.report_to:
            t = translator(outgoing.language)
            await self.client_of(team_id).chat_postMessage(
                channel=outgoing.report_to,
                text=t(
                    _(
                        "A message could not be posted to {channel}: Slack answered “{error}”. "
                        "Please invite me to the channel (/invite) or choose another one, and post again."
                    ),
                    channel=f"<#{outgoing.channel}>",
                    error=error,
                ),
            )
        return state


def register(deliverer: Deliverer, tasks: Mapping[str, Task], *, max_attempts: int = 16) -> None:
    """Make both workflows known to the queue engine. Called once, when the house is wired.

    The step is tried again for about half an hour with growing pauses; then the delivery is marked as failed.
    """

    async def attempt(team_id: str, key: str) -> str:
        try:
            return await deliverer.deliver(team_id, key)
        except Unreadable as unreadable:
            log.error("Delivery %s may have been posted already: the history of %s is closed to us", key, unreadable)
            return await deliveries.uncertain(deliverer.deps, team_id, key)

    async def deliver(team_id: str, key: str) -> str:
        try:
            return await DBOS.run_step_async(
                {
                    "name": "send",
                    "retries_allowed": True,
                    "max_attempts": max_attempts,
                    "interval_seconds": 0.5,
                    "backoff_rate": 1.6,
                },
                attempt,
                team_id,
                key,
            )
        except Exception as error:
            log.exception("Delivery %s was given up", key)
            return await deliveries.failed(deliverer.deps, team_id, key, type(error).__name__)

    async def perform(team_id: str, kind: str, arguments: dict[str, Any]) -> None:
        await DBOS.run_step_async(
            {"name": kind}, tasks[kind], deliverer.deps, deliverer.client_of(team_id), team_id, arguments
        )

    DBOS.workflow(name=WORKFLOW)(deliver)
    DBOS.workflow(name=TASK_WORKFLOW)(perform)
