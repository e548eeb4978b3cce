"""Identifiers of Slack's shapes and strictly increasing message timestamps."""

from __future__ import annotations

import secrets
from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SPACE = 36**9
# A step that shares no factor with 36**9 visits every number once, so ids look mixed and never repeat.
_STEP = 38_742_049_531_157 % _SPACE | 1


def _base36(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, rest = divmod(number, 36)
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))


class Mint:
    """Makes ids for one workspace. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._number = secrets.randbelow(_SPACE)
        self._last_ts = 0

    def id(self, prefix: str) -> str:
        """A new id such as `F0…`, eleven characters behind a one-letter prefix counted in."""
        self._number = (self._number + _STEP) % _SPACE
        return f"{prefix}0{_base36(self._number, 9)}"

    def short(self) -> str:
        """A short id like those Slack gives to blocks and actions that come without one."""
        self._number = (self._number + _STEP) % _SPACE
        return _base36(self._number, 9)[4:]

    def ts(self) -> str:
        """The next message timestamp, `seconds.microseconds`, later than every one before it."""
        self._last_ts = max(int(self._clock() * 1_000_000), self._last_ts + 1)
        return self.written(self._last_ts)

    def advance_past(self, ts: str) -> None:
        """Makes sure that no later timestamp comes before `ts` (used when a saved workspace is loaded)."""
        seconds, _, micros = ts.partition(".")
        self._last_ts = max(self._last_ts, int(seconds) * 1_000_000 + int(micros or 0))

    @staticmethod
    def written(micros: int) -> str:
        """Microseconds since the epoch in Slack's notation."""
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def secret(self) -> str:
        """A part of a token or of an unguessable address."""
        return secrets.token_hex(16)

    def trigger(self, team_number: int) -> str:
        """A trigger id of Slack's three-part shape."""
        return f"{secrets.randbelow(10**13)}.{team_number}.{secrets.token_hex(16)}"
