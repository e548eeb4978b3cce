"""What we have posted before is found again in Slack: by the key that a message carries, or by a file's name.

Slack has no idempotency key, and whatever is done may be begun again after a crash or a lost answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.refusals import error_of

EVENT_TYPE: Final = "delivery"
LOOK_BACK_SECONDS: Final = 3600
"""How far before our own mark the history is read: our clock and Slack's may differ, by minutes or by an hour that
somebody set wrongly. Longer costs pages of history, and only what was begun before reads it."""
HISTORY_REFUSED: Final = frozenset(
    {"missing_scope", "not_in_channel", "channel_not_found", "no_permission", "access_denied"}
)


def carrying(key: str) -> dict[str, Any]:
    """The metadata of a message that is to be found again."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


def key_of(message: Mapping[str, Any]) -> str | None:
    """The key that a message of ours carries."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return None
    key = (metadata.get("event_payload") or {}).get("key")
    return None if key is None else str(key)


async def history(
    client: AsyncWebClient, channel: str, oldest: float, thread_ts: str | None = None
) -> AsyncIterator[Mapping[str, Any]]:
    """The messages of a channel or a thread since a moment (seconds of the epoch). Raises SlackApiError."""
    arguments: dict[str, Any] = {"oldest": f"{oldest:.6f}", "limit": 200, "include_all_metadata": True}
    while True:
        if thread_ts:
            page = await client.conversations_replies(channel=channel, ts=thread_ts, **arguments)
        else:
            page = await client.conversations_history(channel=channel, **arguments)
        for message in page["messages"]:
            yield message
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return
        arguments["cursor"] = cursor


async def message_of(
    client: AsyncWebClient, channel: str, key: str, oldest: float, thread_ts: str | None = None
) -> str | None:
    """The timestamp of the message that carries this key. Raises SlackApiError, also where the history is closed."""
    async for message in history(client, channel, oldest, thread_ts):
        if key_of(message) == key:
            return str(message["ts"])
    return None


async def message_if_open(client: AsyncWebClient, channel: str, key: str, oldest: float) -> str | None:
    """The same, and None where the history is closed to us: rather twice than never."""
    try:
        return await message_of(client, channel, key, oldest)
    except SlackApiError as refused:
        if error_of(refused) in HISTORY_REFUSED:
            return None
        raise


async def file_is_there(
    client: AsyncWebClient, channel: str, name: str, oldest: float, size: int | None = None
) -> bool:
    """Whether a file of this name (and size in bytes) was shared since; also False where the history is closed."""
    try:
        async for message in history(client, channel, oldest):
            for file in message.get("files") or ():
                if file.get("name") == name and size in (None, file.get("size")):
                    return True
    except SlackApiError as refused:
        if error_of(refused) not in HISTORY_REFUSED:
            raise
    return False
