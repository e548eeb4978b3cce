"""Where in a conversation a quote was said. A claim whose quote is nowhere to be found was not said.

Compared are texts without differences of width and of white space (NFKC; a space beside a Japanese character is none),
nothing else: a quote that changes, adds or leaves out a letter is not a quote.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from domain.pipeline.transcripts import Side, Transcript, Utterance

LEAST = 3
"""Characters: less than that is found everywhere and shows nothing."""

_SPACES = re.compile(r"\s+")
_WIDE = r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
_BESIDE_WIDE = re.compile(rf"(?<={_WIDE}) | (?={_WIDE})")
MARKS = "「」『』“”\"'‘’ "


@dataclass(frozen=True, slots=True)
class Source:
    """Where something was said: utterance numbers in their order, and whose voice it was. `start_ms`: of the first of
    them, where the transcript has times."""

    numbers: tuple[int, ...]
    speaker: str
    side: Side
    start_ms: int | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which `from_json` makes an equal value."""
        return {
            "numbers": list(self.numbers),
            "speaker": self.speaker,
            "side": self.side.value,
            "start_ms": self.start_ms,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Source:
        """The value that `to_json` wrote."""
        return cls(tuple(data["numbers"]), data["speaker"], Side(data["side"]), data["start_ms"])


def fold(text: str) -> str:
    """A text without differences of width and of white space."""
    return _BESIDE_WIDE.sub("", _SPACES.sub(" ", unicodedata.normalize("NFKC", text))).strip()


def source_of(*utterances: Utterance) -> Source:
    """The source that consecutive utterances of one speaker are (at least one)."""
    first = utterances[0]
    return Source(tuple(u.number for u in utterances), first.speaker, first.side, first.start_ms)


class Index:
    """A conversation folded once, for many quotes."""

    def __init__(self, transcript: Transcript) -> None:
        self._turns = [
            _Turn(list(turn)) for _, turn in groupby(transcript.utterances, key=lambda u: (u.speaker, u.side))
        ]

    def find(self, quote: str, *, near: int | None = None) -> Source | None:
        """As the function of this name."""
        sought = fold(quote.strip(MARKS))
        if len(sought) < LEAST:
            return None
        places = [place for turn in self._turns for place in turn.places(sought)]
        if near is not None and len(places) > 1:
            places = [place for place in places if any(u.number == near for u in place)]
        return source_of(*places[0]) if len(places) == 1 else None


def find(quote: str, transcript: Transcript, *, near: int | None = None) -> Source | None:
    """Where a quote was said: in one utterance, or over several in a row of one speaker. None where it was not said, is
    too short to show anything, or was said in several places of which `near` (an utterance's number) is none."""
    return Index(transcript).find(quote, near=near)


class _Turn:
    """Utterances in a row of one speaker, as one folded text."""

    def __init__(self, utterances: list[Utterance]) -> None:
        self._utterances = utterances
        self._begins: list[int] = []
        pieces: list[str] = []
        length, last = 0, ""
        for utterance in utterances:
            piece = fold(utterance.text)
            # Folded as one text the pieces would have this space between them, or none.
            if last and piece and len(fold(f"{last} {piece[0]}")) == 3:
                pieces.append(" ")
                length += 1
            self._begins.append(length)
            pieces.append(piece)
            length += len(piece)
            last = piece[-1:] or last
        self._text = "".join(pieces)

    def places(self, sought: str) -> list[tuple[Utterance, ...]]:
        """Each different group of utterances over which a folded text is found."""
        found: dict[tuple[int, int], None] = {}
        at = self._text.find(sought)
        while at >= 0:
            first = bisect_right(self._begins, at) - 1
            last = bisect_right(self._begins, at + len(sought) - 1) - 1
            found[max(first, 0), last] = None
            at = self._text.find(sought, at + 1)
        return [tuple(self._utterances[first : last + 1]) for first, last in found]
