"""Short-lived handles the app is given: trigger ids (3 seconds, once) and response addresses (5 uses, 30 minutes)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

TRIGGER_SECONDS = 3.0
# How long a spent or expired trigger is remembered, so that it is refused by the right name.
_REMEMBERED_SECONDS = 600.0
RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5


class TriggerError(Exception):
    """The trigger cannot be used; `code` is Slack's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Trigger:
    """Whose doing it was, in which view or conversation, and when."""

    id: str
    user: str
    view_id: str | None
    issued: float
    channel: str | None = None
    used: bool = False


class Triggers:
    """All triggers of the last minutes; each can be used for so many `seconds`."""

    def __init__(self, clock: Callable[[], float], seconds: float = TRIGGER_SECONDS) -> None:
        self._clock = clock
        self._seconds = seconds
        self._known: dict[str, Trigger] = {}
        self._order: deque[str] = deque()

    def issue(self, ident: str, user: str, view_id: str | None, channel: str | None = None) -> str:
        """Remembers a new trigger and returns its id."""
        now = self._clock()
        self._known[ident] = Trigger(ident, user, view_id, now, channel)
        self._order.append(ident)
        while self._order and self._known[self._order[0]].issued < now - _REMEMBERED_SECONDS:
            del self._known[self._order.popleft()]
        return ident

    def look_at(self, ident: str) -> Trigger:
        """The trigger, still usable. Raises `TriggerError` with Slack's code otherwise."""
        trigger = self._known.get(ident)
        if trigger is None:
            raise TriggerError("invalid_trigger_id")
        if trigger.used:
            raise TriggerError("exchanged_trigger_id")
        if self._clock() - trigger.issued > self._seconds:
            raise TriggerError("expired_trigger_id")
        return trigger


@dataclass(slots=True)
class ResponseAddress:
    """Where a response_url leads: the channel, the person, and the message it was issued for, if any."""

    secret: str
    channel: str
    user: str
    issued: float
    message_ts: str | None
    ephemeral: bool
    uses: int = 0


class ResponseAddresses:
    """All response addresses of the last half hour."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[str, ResponseAddress] = {}
        self._order: deque[str] = deque()

    def issue(self, secret: str, channel: str, user: str, message_ts: str | None, *, ephemeral: bool) -> str:
        """Remembers a new address by the secret part of its URL, which is returned."""
        now = self._clock()
        self._known[secret] = ResponseAddress(secret, channel, user, now, message_ts, ephemeral)
        self._order.append(secret)
        while self._order and self._known[self._order[0]].issued < now - 2 * RESPONSE_SECONDS:
            del self._known[self._order.popleft()]
        return secret

    def find(self, secret: str) -> ResponseAddress | str:
        """The address, or Slack's code: `expired_url` or `used_url`; `no_such_url` where it never was."""
        address = self._known.get(secret)
        if address is None:
            return "no_such_url"
        if self._clock() - address.issued > RESPONSE_SECONDS:
            return "expired_url"
        if address.uses >= RESPONSE_USES:
            return "used_url"
        return address
