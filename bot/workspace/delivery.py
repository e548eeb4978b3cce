"""How payloads reach the app: a small protocol, so that Socket Mode and signed HTTP can stand side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

EnvelopeKind = Literal["events_api", "interactive", "slash_commands"]
# Slack waits this long for an acknowledgement.
ACKNOWLEDGE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one payload. `reason` is Slack's word for why nothing did: the app was not there
    (`dispatch_failed`) or did not acknowledge in time (`operation_timeout`)."""

    acknowledged: bool
    payload: Any = None
    reason: Literal["dispatch_failed", "operation_timeout"] | None = None


class Delivery(Protocol):
    """One way to the app."""

    @property
    def connected(self) -> bool:
        """Whether an app is there to receive."""
        ...

    async def deliver(self, kind: EnvelopeKind, payload: Mapping[str, Any], *, accepts_answer: bool = False) -> Answer:
        """Hands over one payload and waits for its acknowledgement. Events are tried again as Slack does; the
        answer is then that of the last attempt."""
        ...
