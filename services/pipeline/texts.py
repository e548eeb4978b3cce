"""Text files as they come: in UTF-8, UTF-16, what Japanese Windows writes, or what their bytes look like."""

from __future__ import annotations

import codecs
from typing import Final

from charset_normalizer import from_bytes

from domain.errors import Code, Refused

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LIKELY: Final = ("utf-8", "cp932")
_POSSIBLE: Final = ["utf_16_le", "utf_16_be", "euc_jp", "iso2022_jp", "cp932"]
_LOOKED_AT: Final = 200_000
"""Bytes by which an encoding is told."""


def decoded(content: bytes) -> str:
    """The text of a file. Refused: REQUIRED `transcript` for an empty one, INVALID for one that is no text."""
    if not content.strip():
        raise Refused(Code.REQUIRED, "transcript")
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            # A byte or two that were lost on the way cost their letters only.
            return content.decode(encoding, "replace")
    if b"\0" not in content and b"\x1b$" not in content:
        for encoding in _LIKELY:
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                continue
    found = from_bytes(content[: _LOOKED_AT // 2 * 2], cp_isolation=_POSSIBLE).best()
    if found is None:
        raise Refused(Code.INVALID, "transcript")
    return content.decode(found.encoding, "replace")
