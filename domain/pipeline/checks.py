"""What a model claims is held against what was said. Whatever does not hold is dropped, and why is counted.

Words are the model's, quotes are not: they must stand in the transcript. Figures are never the model's: amounts and
days are read from the quote by ourselves. Who said something is read from the transcript.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from domain.pipeline.cues import (
    before_a_machine_is_addressed,
    confirms,
    not_of_this_purchase,
    sentences,
    speaks_of_deciding,
    speaks_of_money,
    speaks_of_now,
)
from domain.pipeline.figures import amounts, days, unfounded
from domain.pipeline.notes import (
    DropReason,
    Field,
    ItemKind,
    NoteItem,
    Proposal,
    Sentence,
    Value,
    checked,
)
from domain.pipeline.quotes import MARKS, Index, Source, fold
from domain.pipeline.transcripts import Side, Transcript, Utterance
from domain.qualification.bant import Element

MOST_TEXT = 400
"""Characters of an item or a sentence of a summary."""
MOST_LINES = 60


@dataclass(frozen=True, slots=True)
class ItemClaim:
    """A line of a note as it was claimed."""

    kind: ItemKind
    text: str
    quote: str
    utterance: int


@dataclass(frozen=True, slots=True)
class ProposalClaim:
    """A value for a field as it was claimed, in words."""

    field: Field
    value: str
    quote: str
    utterance: int
    certain: bool


class _Dropped(Exception):
    def __init__(self, reason: DropReason) -> None:
        super().__init__(reason)
        self.reason = reason


def items(claims: Iterable[ItemClaim], transcript: Transcript) -> tuple[list[NoteItem], list[DropReason]]:
    """The items that hold, and why each other one does not."""
    index = Index(transcript)
    kept: list[NoteItem] = []
    drops: list[DropReason] = []
    for claim in claims:
        try:
            item = _item(claim, transcript, index)
            if len(kept) >= MOST_LINES or any(_same_item(each, item) for each in kept):
                raise _Dropped(DropReason.TWICE)
            kept.append(item)
        except _Dropped as dropped:
            drops.append(dropped.reason)
    return kept, drops


def _same_item(one: NoteItem, other: NoteItem) -> bool:
    """Whether two items of a kind rest on the same words, or one on a part of the other's."""
    return (one.kind, one.source) == (other.kind, other.source) and _overlap(fold(one.quote), fold(other.quote))


def _item(claim: ItemClaim, transcript: Transcript, index: Index) -> NoteItem:
    source = _source(claim.quote, claim.utterance, transcript, index)
    text = " ".join(claim.text.split())
    if not text or len(text) > MOST_TEXT:
        raise _Dropped(DropReason.VALUE)
    if unfounded(text, claim.quote):
        raise _Dropped(DropReason.FIGURES)
    if claim.kind not in {ItemKind.PROMISE, ItemKind.NEXT_STEP}:
        source = _theirs(source, claim.quote, transcript)
    return NoteItem(claim.kind, text, claim.quote, source)


def proposals(
    claims: Iterable[ProposalClaim], transcript: Transcript, held_on: date
) -> tuple[list[Proposal], list[DropReason]]:
    """The proposals that hold, and why each other one does not. `held_on`: the day from which 来月 is counted."""
    index = Index(transcript)
    kept: list[Proposal] = []
    drops: list[DropReason] = []
    for claim in claims:
        try:
            proposal = _proposal(claim, transcript, index, held_on)
            if len(kept) >= MOST_LINES or any(
                (each.field, each.value) == (proposal.field, proposal.value) for each in kept
            ):
                raise _Dropped(DropReason.TWICE)
            kept.append(proposal)
        except _Dropped as dropped:
            drops.append(dropped.reason)
    return kept, drops


def _proposal(claim: ProposalClaim, transcript: Transcript, index: Index, held_on: date) -> Proposal:
    source = _theirs(_source(claim.quote, claim.utterance, transcript, index), claim.quote, transcript)
    certain = claim.certain and source.side is not Side.UNKNOWN
    around = _sentences_of(claim.quote, source, transcript)
    if not_of_this_purchase(around) and not speaks_of_now(around):
        if claim.field.element is Element.BUDGET:
            raise _Dropped(DropReason.NOT_THEIRS)
        certain = False
    value = _value(claim, source, transcript, held_on)
    if claim.field is Field.BUDGET_STATE and not speaks_of_money(_heard_with(source, transcript)):
        raise _Dropped(DropReason.TOPIC)
    return Proposal(claim.field, value, claim.quote, source, certain)


def _source(quote: str, near: int, transcript: Transcript, index: Index) -> Source:
    source = index.find(quote, near=near)
    if source is None:
        raise _Dropped(DropReason.NOT_SAID)
    # Where a machine is addressed, everything from there on is meant for it.
    spoken = fold(" ".join(before_a_machine_is_addressed(u.text) for u in _utterances(source, transcript)))
    if fold(quote.strip(MARKS)) not in spoken:
        raise _Dropped(DropReason.MACHINE)
    return source


def _utterances(source: Source, transcript: Transcript) -> list[Utterance]:
    return [u for u in transcript.utterances if u.number in source.numbers]


def _theirs(source: Source, quote: str, transcript: Transcript) -> Source:
    """The source, where the customer said it or said yes to it; the yes is then a part of it."""
    if source.side is not Side.OURS:
        return source
    following = next((u for u in transcript.utterances if u.number > source.numbers[-1]), None)
    last = sentences(_utterances(source, transcript)[-1].text)
    if (
        following is None
        or following.side is not Side.THEIRS
        or before_a_machine_is_addressed(following.text) != following.text
        # What is answered is what was said last.
        or not last
        or not _overlap(fold(quote), fold(last[-1]))
        or not confirms(following.text, last[-1])
    ):
        raise _Dropped(DropReason.OURS)
    return replace(source, numbers=(*source.numbers, following.number))


def _overlap(quote: str, sentence: str) -> bool:
    return quote in sentence or sentence in quote


def _sentences_of(quote: str, source: Source, transcript: Transcript) -> str:
    """The whole sentences in which a quote stands: 「予算は300万円」 says nothing of the 去年は before it."""
    sought = fold(quote)
    found = [
        sentence
        for utterance in _utterances(source, transcript)
        for sentence in sentences(utterance.text)
        if _overlap(sought, fold(sentence))
    ]
    return " ".join(found) or quote


def _heard_with(source: Source, transcript: Transcript) -> str:
    """The utterances of a source and, where it answers somebody else, the two before: a question says what an answer is
    about. What somebody wrote on their own stands by itself."""
    before = [u for u in transcript.utterances if source.numbers[0] - 2 <= u.number < source.numbers[0]]
    heard = before if before and before[-1].speaker != source.speaker else []
    return " ".join(u.text for u in (*heard, *_utterances(source, transcript)))


def _value(claim: ProposalClaim, source: Source, transcript: Transcript, held_on: date) -> Value:
    if claim.field is Field.BUDGET_AMOUNT:
        return _one(amounts(claim.quote), amounts(claim.value))
    if claim.field in {Field.START_ON, Field.DECIDE_ON}:
        return _day(claim, held_on)
    try:
        value = checked(claim.field, claim.value)
    except ValueError:
        raise _Dropped(DropReason.VALUE) from None
    if unfounded(str(value), claim.quote):
        raise _Dropped(DropReason.FIGURES)
    if claim.field in {Field.DECISION_MAKER, Field.INFLUENCERS}:
        _named(str(value), claim, source, transcript)
    return value


def _named(who: str, claim: ProposalClaim, source: Source, transcript: Transcript) -> None:
    """Whoever decides was named in the conversation, and in the quote itself; or says in it that they decide."""
    words = [word.lower() for word in _NAMES.findall(unicodedata.normalize("NFKC", who))]
    everything = fold(" ".join(f"{u.speaker} {u.text}" for u in transcript.utterances)).lower()
    if not words or any(word not in everything for word in words):
        raise _Dropped(DropReason.VALUE)
    own = fold(source.speaker).lower()
    if not any(word in fold(claim.quote).lower() for word in words) and not (
        any(word in own for word in words) and speaks_of_deciding(claim.quote)
    ):
        raise _Dropped(DropReason.TOPIC)
    # Who is only hinted at may be: 社長に見せてみます.
    if claim.certain and not speaks_of_deciding(_heard_with(source, transcript)):
        raise _Dropped(DropReason.TOPIC)


_NAMES = re.compile(r"[一-龥々]+|[ァ-ヶー]+|[A-Za-z]+")
"""Of which names and titles are made: whoever decides was named by these words in the conversation."""


def _one(said: Sequence[int], claimed: Sequence[int]) -> int:
    """The only amount of the quote, or the one of several that the claim has."""
    fitting = [amount for amount in said if amount in claimed] if claimed or len(said) != 1 else list(said)
    if len(fitting) != 1:
        raise _Dropped(DropReason.FIGURES)
    return fitting[0]


def _day(claim: ProposalClaim, held_on: date) -> date:
    said = [day.on for day in days(claim.quote, held_on)]
    try:
        claimed = [date.fromisoformat(claim.value.strip())]
    except ValueError:
        claimed = [day.on for day in days(claim.value, held_on)]
    months = {(day.year, day.month) for day in claimed}
    fitting = [day for day in said if (day.year, day.month) in months] if claimed or len(said) != 1 else said
    if len(fitting) != 1:
        raise _Dropped(DropReason.FIGURES)
    return fitting[0]


def summary(
    claims: Iterable[tuple[str, Sequence[int]]], sources: Sequence[str]
) -> tuple[list[Sentence], list[DropReason]]:
    """The sentences whose sources are there and have their figures, and why each other one is dropped. Sources are
    numbered from 1."""
    kept: list[Sentence] = []
    drops: list[DropReason] = []
    for text, numbers in claims:
        for sentence in sentences(" ".join(text.split())):
            reason = _unsound(sentence, numbers, sources)
            if reason is None and any(each.text == sentence for each in kept):
                reason = DropReason.TWICE
            if reason is None:
                kept.append(Sentence(sentence, tuple(sorted(set(numbers)))))
            else:
                drops.append(reason)
    return kept, drops


def _unsound(sentence: str, numbers: Sequence[int], sources: Sequence[str]) -> DropReason | None:
    if not numbers or not all(1 <= number <= len(sources) for number in numbers):
        return DropReason.SOURCE
    if len(sentence) > MOST_TEXT:
        return DropReason.VALUE
    ground = [sources[number - 1] for number in set(numbers)]
    if any(before_a_machine_is_addressed(text) != text for text in ground):
        return DropReason.MACHINE
    return DropReason.FIGURES if unfounded(sentence, "\n".join(ground)) else None
