"""What was written and said, in passages that a search finds (work item 5-3).

A passage is found by its line: folded as names are (width, kana, old characters), words and scripts parted by `_`,
which folding leaves nowhere else. The grams of a line are the pairs of neighbouring characters where one is Japanese,
and the triples of Latin words, which begin and end with the mark. Every gram is a part of the line itself, so whether a
passage has it can be asked of the line alone.

A search weighs the grams of what was typed by how rare they are in the team's own passages. A passage is worth the
weight that it covers, and more where whole words stand in it; nobody has to type what was said word for word.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from domain.data.quality import fold

EDGE = "_"

PASSAGE = 400
"""Characters of a passage: a few sentences, so that what is found together was said together."""
SNIPPET = 120
"""Characters of a passage that a list shows."""
MAX_TYPED = 200
MAX_WORDS = 12
MAX_GRAMS = 60
LEAST = 0.1
"""The share of the weight that a passage must cover to be an answer."""
BESIDE = 0.4
"""What an answer must be worth beside the best one. What nobody has ever said counts against all of them alike."""
WHOLE = 0.3
"""The part of a passage's worth that whole words make."""
COMMON = 0.05
"""A gram that more passages than this share have is common: it is counted, but not looked for by itself."""
RAREST = 8
"""So many grams are looked for; more cost more than they find."""


class Kind(StrEnum):
    """What a passage comes from."""

    CALL = "call"
    LEAD = "lead"
    QUALIFICATION = "qualification"
    HANDOFF = "handoff"
    RETURN = "return"
    OBJECTION = "objection"
    SCRIPT = "script"
    RECORDING = "recording"
    INQUIRY = "inquiry"


_punctuation = re.compile(r"[^\w\s\-‐‑‒–—―−─━~〜～ー]")
_runs = re.compile(r"[a-z0-9]+|[^a-z0-9 ]+").findall
_sentences = re.compile(r"[^。．！？!?\n]*[。．！？!?\n]+|[^。．！？!?\n]+").findall


def passages(text: str, most: int = PASSAGE) -> list[str]:
    """A text in pieces of at most so many characters, cut where sentences end if they do."""
    found: list[str] = []
    piece = ""
    for sentence in _sentences(text):
        rest = str(sentence)
        if len(piece) + len(rest) <= most:
            piece += rest
            continue
        found.append(piece)
        while len(rest) > most:
            found.append(rest[:most])
            rest = rest[most:]
        piece = rest
    found.append(piece)
    return [stripped for each in found if (stripped := each.strip())]


def _folded(text: str) -> str:
    # Marks part words here; in names, which `fold` is made for, they do not.
    return fold(_punctuation.sub(" ", unicodedata.normalize("NFKC", text)))


def line(text: str) -> str:
    """The line that a passage is found by."""
    return f"{EDGE}{EDGE.join(_runs(_folded(text)))}{EDGE}"


def grams(text: str) -> set[str]:
    """The grams of a line."""
    found = {text[place : place + 2] for place in range(len(text) - 1)}
    found = {pair for pair in found if not pair.isascii()}
    for word in text.split(EDGE):
        if word.isascii() and word:
            found.update(_triples(f"{EDGE}{word}{EDGE}"))
    return found


def _triples(text: str) -> Iterator[str]:
    return (text[place : place + 3] for place in range(len(text) - 2))


@dataclass(frozen=True, slots=True)
class Word:
    """A word that was typed: how it stands in a line, and its grams, which are in every line that holds it."""

    needle: str
    grams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for. `grams`: of all words, each once."""

    words: tuple[Word, ...]

    @property
    def grams(self) -> tuple[str, ...]:
        """The grams of all words, in the order in which they were typed."""
        return tuple(dict.fromkeys(gram for word in self.words for gram in word.grams))[:MAX_GRAMS]


def parse(text: str) -> Question | None:
    """What a person typed, as a question; None when no letter or digit is in it."""
    words = list(dict.fromkeys(_folded(text[:MAX_TYPED]).split()))[:MAX_WORDS]
    return Question(tuple(_word(word) for word in words)) if words else None


def _word(folded: str) -> Word:
    runs = _runs(folded)
    found: list[str] = []
    for place, run in enumerate(runs):
        if run.isascii():
            # Latin words are looked for by their beginning: budget finds budgets.
            found += _triples(f"{EDGE}{run}{EDGE}" if len(run) == 1 else f"{EDGE}{run}")
        elif len(run) > 1:
            found += [run[at : at + 2] for at in range(len(run) - 1)]
        elif place > 0:
            found.append(EDGE + run)
    # Where a run of Latin letters begins is known, where a Japanese one does is not.
    mark = EDGE if runs[0].isascii() else ""
    return Word(mark + EDGE.join(runs), tuple(dict.fromkeys(found)))


def weigh(question: Question, sample: Sequence[str]) -> dict[str, float]:
    """The weight of each gram: how rare it is among these lines, which stand for all."""
    count = len(sample)
    return {gram: math.log((count + 1) / (sum(gram in text for text in sample) + 0.5) + 0.1) for gram in question.grams}


def rare(weights: Mapping[str, float], sample_size: int) -> list[str]:
    """The grams that passages are looked for by, the rarest first: those that are not common, or the rarest three."""
    ordered = sorted(weights, key=lambda gram: (-weights[gram], gram))
    limit = math.log((sample_size + 1) / (COMMON * sample_size + 0.5) + 0.1)
    return [gram for place, gram in enumerate(ordered) if place < 3 or weights[gram] >= limit][:RAREST]


def pairs(rarest: Sequence[str]) -> list[tuple[str, str]]:
    """Two of these grams: a passage that has both is a better answer than one that has either."""
    return list(combinations(rarest, 2))


def worth(question: Question, weights: Mapping[str, float], text: str, named: frozenset[int] = frozenset()) -> float:
    """What a line is worth as an answer, 0 to 1; 0 for one that covers too little. `named`: the words (their places)
    that the passage answers without saying them, because it is about a company or person of that name."""
    covered = total = whole = 0.0
    for place, word in enumerate(question.words):
        # A word that no gram tells, a single character, is as rare as the rarest.
        weight = sum(weights.get(gram, 0.0) for gram in word.grams) or max(weights.values(), default=1.0)
        total += weight
        if place in named or word.needle in text:
            covered += weight
            whole += weight
        else:
            covered += sum(weights.get(gram, 0.0) for gram in word.grams if gram in text)
    share = covered / total if total else 0.0
    return round((1 - WHOLE) * share + WHOLE * whole / total, 6) if share >= LEAST else 0.0


def snippet(question: Question, weights: Mapping[str, float], text: str, length: int = SNIPPET) -> str:
    """The part of a passage that answers best, in one line, with an ellipsis where something is left out."""
    plain = " ".join(text.split())
    if len(plain) <= length:
        return plain
    step = length // 4
    begins = [*range(0, len(plain) - length, step), len(plain) - length]

    def answers(begin: int) -> tuple[float, int]:
        part = line(plain[begin : begin + length])
        return sum(weights.get(gram, 0.0) for word in question.words for gram in word.grams if gram in part), -begin

    begin = max(begins, key=answers)
    end = begin + length
    return f"{'…' if begin else ''}{plain[begin:end].strip()}{'…' if end < len(plain) else ''}"


def opening(text: str, length: int = SNIPPET) -> str:
    """The beginning of a text, in one line."""
    plain = " ".join(text.split())
    return plain if len(plain) <= length else f"{plain[:length].strip()}…"


def fused(rankings: Iterable[Sequence[int]], constant: int = 60) -> list[int]:
    """Several rankings of the same things as one (reciprocal rank fusion); what stands in more of them, or higher,
    comes first."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for place, key in enumerate(ranking, start=1):
            scores[key] = scores.get(key, 0.0) + 1 / (constant + place)
    return sorted(scores, key=lambda key: (-scores[key], -key))
