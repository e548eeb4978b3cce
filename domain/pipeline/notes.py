"""What a conversation is found to say: items of a note, proposals for BANT, each with the words it rests on.

A proposal waits for a person. `accept` is what their yes does to the answers of a qualification.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from domain.pipeline.quotes import Source
from domain.qualification.bant import MAX_TEXT, MAX_YEN, Answer, Answers, BudgetState, Element, Level, Status


class ItemKind(StrEnum):
    """What an item of a note is, in the order in which they are shown."""

    NEED = "need"
    PAIN = "pain"
    OBJECTION = "objection"
    PROMISE = "promise"
    NEXT_STEP = "next_step"


class Field(StrEnum):
    """What a proposal proposes: a field of `Answers`, by its place there."""

    BUDGET_AMOUNT = "budget.amount_yen"
    BUDGET_STATE = "budget.state"
    DECISION_MAKER = "authority.decision_maker"
    INFLUENCERS = "authority.influencers"
    PROCESS = "authority.process"
    NEED = "need.note"
    URGENCY = "need.urgency"
    START_ON = "timeline.start_on"
    DECIDE_ON = "timeline.decide_on"
    PAIN_RECOGNISED = "pain_recognised"
    INTENT_STATED = "intent_stated"

    @property
    def element(self) -> Element:
        """The BANT element it belongs to; pain and intent speak for the need."""
        head = self.value.split(".")[0]
        return Element(head) if head in set(Element) else Element.NEED


class DropReason(StrEnum):
    """Why something that was proposed is not shown."""

    NOT_SAID = "not_said"
    """Its quote is nowhere in the transcript, or in several places."""
    FIGURES = "figures"
    """It has figures that its quote does not have."""
    OURS = "ours"
    """Our own side said it and the customer did not confirm it."""
    NOT_THEIRS = "not_theirs"
    """It was said of another company, of the past, by hearsay or as a joke."""
    MACHINE = "machine"
    """The words address a machine, not a person."""
    VALUE = "value"
    """Its value is none that the field can have."""
    TOPIC = "topic"
    """Its quote does not speak of what it is said to show."""
    SOURCE = "source"
    """A sentence without a source, or with one that was not given."""
    TWICE = "twice"


@dataclass(frozen=True, slots=True)
class NoteItem:
    """One line of a note. `quote` is verbatim what `source` said."""

    kind: ItemKind
    text: str
    quote: str
    source: Source

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which `from_json` makes an equal value."""
        return {"kind": self.kind.value, "text": self.text, "quote": self.quote, "source": self.source.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NoteItem:
        """The value that `to_json` wrote."""
        return cls(ItemKind(data["kind"]), data["text"], data["quote"], Source.from_json(data["source"]))


Value = int | str | date
"""Yen for the amount, a date for the timeline's days, an enum's value for states, levels and answers, else text."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A value for one field of the answers. `certain` False: it was hinted at, with a doubt or a condition."""

    field: Field
    value: Value
    quote: str
    source: Source
    certain: bool = True

    @property
    def element(self) -> Element:
        """The BANT element it speaks for."""
        return self.field.element

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which `from_json` makes an equal value."""
        return {
            "field": self.field.value,
            "value": self.value.isoformat() if isinstance(self.value, date) else self.value,
            "quote": self.quote,
            "source": self.source.to_json(),
            "certain": self.certain,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Proposal:
        """The value that `to_json` wrote. ValueError for a value that the field cannot have."""
        field = Field(data["field"])
        value = data["value"]
        if field in _DATES:
            value = date.fromisoformat(value)
        return cls(field, checked(field, value), data["quote"], Source.from_json(data["source"]), data["certain"])


@dataclass(frozen=True, slots=True)
class Note:
    """Everything read from one conversation. `drops` says why each thing that was proposed is not here.

    `unavailable`: why no model read it ("" where one did); the items and proposals are then found by cue words.
    """

    items: tuple[NoteItem, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    drops: tuple[DropReason, ...] = ()
    unavailable: str = ""

    @property
    def dropped(self) -> int:
        """How many were dropped."""
        return len(self.drops)

    def dropped_by(self) -> dict[DropReason, int]:
        """How many were dropped for each reason that occurs."""
        return dict(Counter(self.drops))

    def of_kind(self, *kinds: ItemKind) -> tuple[NoteItem, ...]:
        """The items of these kinds, in their order."""
        return tuple(item for item in self.items if item.kind in kinds)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which `from_json` makes an equal value."""
        return {
            "items": [item.to_json() for item in self.items],
            "proposals": [proposal.to_json() for proposal in self.proposals],
            "drops": [drop.value for drop in self.drops],
            "unavailable": self.unavailable,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Note:
        """The value that `to_json` wrote."""
        return cls(
            tuple(NoteItem.from_json(item) for item in data["items"]),
            tuple(Proposal.from_json(proposal) for proposal in data["proposals"]),
            tuple(DropReason(drop) for drop in data["drops"]),
            data["unavailable"],
        )


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a handoff's summary with the numbers (from 1) of the sources it rests on."""

    text: str
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What field sales reads first. `unavailable` as in `Note`."""

    sentences: tuple[Sentence, ...] = ()
    drops: tuple[DropReason, ...] = ()
    unavailable: str = ""

    @property
    def dropped(self) -> int:
        """How many sentences were dropped."""
        return len(self.drops)


_DATES = frozenset({Field.START_ON, Field.DECIDE_ON})
_CHOICES: Mapping[Field, type[StrEnum]] = {
    Field.BUDGET_STATE: BudgetState,
    Field.URGENCY: Level,
    Field.PAIN_RECOGNISED: Answer,
    Field.INTENT_STATED: Answer,
}


def checked(field: Field, value: object) -> Value:
    """The value, if the field can have it; ValueError otherwise."""
    if field is Field.BUDGET_AMOUNT:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_YEN:
            return value
    elif field in _DATES:
        if isinstance(value, date):
            return value
    elif isinstance(value, str) and value.strip() and len(value) <= MAX_TEXT:
        return _CHOICES[field](value).value if field in _CHOICES else value.strip()
    raise ValueError(f"{field} cannot be {value!r}")


def accept(answers: Answers, proposals: Iterable[Proposal]) -> Answers:
    """The answers with these proposals in them. A later proposal for a field replaces an earlier one; what a person
    confirmed before stays confirmed. Pain and intent are set by themselves and confirm no element."""
    for proposal in proposals:
        answers = _accept(answers, proposal)
    return answers


def _accept(answers: Answers, proposal: Proposal) -> Answers:
    field, value = proposal.field, proposal.value
    if field is Field.PAIN_RECOGNISED:
        return replace(answers, pain_recognised=Answer(str(value)))
    if field is Field.INTENT_STATED:
        return replace(answers, intent_stated=Answer(str(value)))
    name, attribute = field.value.split(".")
    part: Any = getattr(answers, name)
    # That there is no money is an answer, and no budget.
    holds = proposal.certain and not (field is Field.BUDGET_STATE and value == BudgetState.NONE)
    status = Status.CONFIRMED if holds or part.status is Status.CONFIRMED else Status.NOT_CONFIRMED
    typed = _CHOICES[field](str(value)) if field in _CHOICES else value
    changes: dict[str, Any] = {attribute: typed, "status": status}
    if "note" in part.__slots__ and not part.note and field is not Field.NEED:
        changes["note"] = proposal.quote
    return replace(answers, **{name: replace(part, **changes)})
