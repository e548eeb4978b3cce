"""Inputs that once broke a parser, by target (tests/fuzz/targets.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, tuple[bytes, ...]]] = {
    # Half a character.
    "terms": (b"\xed\xbc\x8f",),
    "names": (b"\xed\xbc\x8f",),
}
