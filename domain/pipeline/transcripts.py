"""What was said, by whom and when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Whose voice it is."""

    OURS = "ours"
    THEIRS = "theirs"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One turn of a conversation. `number` counts from 1; times are milliseconds from the beginning, where known."""

    number: int
    speaker: str
    side: Side
    start_ms: int | None
    end_ms: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation in its order."""

    utterances: tuple[Utterance, ...]
