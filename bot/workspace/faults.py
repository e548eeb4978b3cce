"""Faults on demand: what a test asks the workspace to do wrong, and how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

# On Web API calls: 429, 500, delay (answered late), cut (connection cut before anything happened),
# answer_lost (done, then the connection is cut). On envelopes: duplicate (sent twice), unacknowledged (the
# acknowledgement is overlooked), disconnect (the app is asked to connect anew). rate_limits is no fault of its own:
# while it is ordered, Slack's limits hold for every call.
FaultKind = Literal[
    "429", "500", "delay", "cut", "answer_lost", "duplicate", "unacknowledged", "disconnect", "rate_limits"
]
API_FAULTS = frozenset({"429", "500", "delay", "cut", "answer_lost"})
_OTHER_NAMES = {
    "ratelimited": "429", "rate_limited": "429", "error": "500", "lost": "answer_lost", "lost_answer": "answer_lost",
    "unacked": "unacknowledged", "duplicated": "duplicate",
}  # fmt: skip


class FaultError(ValueError):
    """The order cannot be understood; the message says why."""


@dataclass(slots=True)
class Fault:
    """One order. `method` is a pattern (`chat.*`), for envelopes a pattern over their type; `left` counts down,
    None stands for always; `skip` lets that many matching calls pass first; `seconds` is the delay or Retry-After."""

    kind: FaultKind
    method: str = "*"
    left: int | None = 1
    skip: int = 0
    seconds: float = 1.0
    channel: str | None = None
    reason: str = "refresh_requested"

    def described(self) -> dict[str, Any]:
        """The order as JSON."""
        return {
            "kind": self.kind,
            "method": self.method,
            "count": self.left,
            "skip": self.skip,
            "seconds": self.seconds,
            "channel": self.channel,
        }


class Faults:
    """The orders in force."""

    def __init__(self) -> None:
        self.orders: list[Fault] = []
        # Set by the running server: cuts the client's connection without an answer. The argument is the
        # client's address and port.
        self.cut: Callable[[tuple[str, int]], bool] = lambda _client: False

    def order(self, body: Mapping[str, Any]) -> Fault:
        """Reads an order and puts it in force. Raises `FaultError`."""
        name = str(body.get("kind", ""))
        kind = _OTHER_NAMES.get(name, name)
        if kind not in get_args(FaultKind):
            raise FaultError(f"kind must be one of {', '.join(get_args(FaultKind))}")
        if kind == "rate_limits":
            return self._limit(body)
        count = body.get("count", 1)
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
            raise FaultError("count must be a positive number, or null for always")
        skip = body.get("skip", 0)
        if not isinstance(skip, int) or isinstance(skip, bool) or skip < 0:
            raise FaultError("skip must be a number of calls to let pass")
        seconds = body.get("seconds", body.get("retry_after", 1.0))
        if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 <= seconds <= 3600:
            raise FaultError("seconds must be a number from 0 to 3600")
        channel = body.get("channel")
        fault = Fault(
            kind,  # type: ignore[arg-type] # the membership test above has narrowed it, which the checker cannot see
            str(body.get("method") or body.get("type") or "*"),
            count,
            skip,
            float(seconds),
            None if channel is None else str(channel),
            str(body.get("reason") or "refresh_requested"),
        )
        self.orders.append(fault)
        return fault

    def _limit(self, body: Mapping[str, Any]) -> Fault:
        on = body.get("on", True)
        if not isinstance(on, bool):
            raise FaultError("on must be true or false")
        order = Fault("rate_limits", left=None)
        self.orders = [one for one in self.orders if one.kind != "rate_limits"]
        if on:
            self.orders.append(order)
        return order

    @property
    def limited(self) -> bool:
        """Whether Slack's rate limits have been ordered."""
        return any(order.kind == "rate_limits" for order in self.orders)

    def take(self, kinds: frozenset[str], name: str, channel: str | None = None) -> Fault | None:
        """The fault for this call or envelope, counted down; None, the usual case, lets it pass."""
        if not self.orders:
            return None
        for fault in self.orders:
            if fault.kind not in kinds or not fnmatchcase(name, fault.method):
                continue
            if fault.channel is not None and fault.channel != channel:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.left is not None:
                fault.left -= 1
                if not fault.left:
                    self.orders.remove(fault)
            return fault
        return None

    def clear(self) -> None:
        """Takes every order back."""
        self.orders.clear()
