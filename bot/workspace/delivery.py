"""How payloads reach the app: a small protocol, so that Socket Mode and signed HTTP can stand side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

EnvelopeKind = Literal["events_api", "interactive", "slash_commands"]
# Slack waits this long for an acknowledgement.
ACKNOWLEDGE_SECONDS = 3.0
# Slack tries an event three more times: at once, after a minute, after five.
RETRY_DELAYS = (0.0, 60.0, 300.0)

Reason = Literal[
    "dispatch_failed", "operation_timeout", "http_client_error", "http_service_error", "app_missing_action_url"
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one payload. `reason` is Slack's word for why nothing did: the app was not there
    (`dispatch_failed`), did not acknowledge in time (`operation_timeout`), answered with a 4xx (`http_client_error`) or
    another wrong status (`http_service_error`), or has named no address for it (`app_missing_action_url`)."""

    acknowledged: bool
    payload: Any = None
    reason: Reason | None = None


class Delivery(Protocol):
    """One way to the app."""

    @property
    def connected(self) -> bool:
        """Whether an app is there to receive."""
        ...

    async def deliver(self, kind: EnvelopeKind, payload: Mapping[str, Any], *, accepts_answer: bool = False) -> Answer:
        """Hands over one payload and waits for its acknowledgement. Events are tried again as Slack does; the
        answer is then that of the last attempt. `accepts_answer`: whether what comes with the acknowledgement counts,
        as for commands, submissions and suggestions."""
        ...


def takes_answer(kind: EnvelopeKind, payload: Mapping[str, Any]) -> bool:
    """Whether Slack reads what comes with the acknowledgement; otherwise it only counts that there is one."""
    return kind == "slash_commands" or payload.get("type") in ("view_submission", "block_suggestion")
