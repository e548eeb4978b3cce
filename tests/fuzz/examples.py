"""Inputs that once broke a parser, by target (tests/fuzz/targets.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, tuple[bytes, ...]]] = {
    # Half a character.
    "terms": (b"\xed\xbc\x8f", b"----------\n", b"-- -- -- -- --"),
    "names": (b"\xed\xbc\x8f",),
    # A name of nothing but a full stop.
    "masked": (b".\nA text.",),
    # Beyond all calendars.
    "slot": (b"1@3333333333333333+3", b"1@" + b"3" * 30 + b"+3", b"1@1+99999999999999999"),
}
