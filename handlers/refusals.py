"""What Slack answered when it did not do what it was asked."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.errors import SlackApiError


def error_of(refused: SlackApiError) -> str:
    """Slack's name for it; "" for the page of somebody who stands between us and Slack."""
    data = getattr(refused.response, "data", refused.response)
    return str(data.get("error") or "") if isinstance(data, Mapping) else ""
