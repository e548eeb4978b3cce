"""What a rep learnt in the call: budget, authority, need, timeline (work item 3-1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from domain.errors import Code, Refused, Rejected

_T = TypeVar("_T")

MAX_YEN = 10**15
"""A thousand trillion yen: above it, zeros were typed by mistake."""
MAX_TEXT = 3000
"""What a field of a form can hold."""


class Element(StrEnum):
    """The four elements, in the order in which they are asked and shown."""

    BUDGET = "budget"
    AUTHORITY = "authority"
    NEED = "need"
    TIMELINE = "timeline"


class Status(StrEnum):
    """How much is known about an element."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    """It was asked, and the customer does not have it or did not say."""
    NOT_ASKED = "not_asked"


class Answer(StrEnum):
    """A plain question's answer."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class BudgetState(StrEnum):
    """Whether the money is there."""

    SECURED = "secured"
    APPLIED = "applied"
    PLANNED = "planned"
    NONE = "none"


class Level(StrEnum):
    """How urgent, how severe, how concrete a need is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Budget:
    """Money: its existence, size in yen and whether it is secured."""

    status: Status = Status.NOT_ASKED
    amount_yen: int | None = None
    state: BudgetState | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Authority:
    """Who decides, who influences, and how a decision is made."""

    status: Status = Status.NOT_ASKED
    decision_maker: str = ""
    influencers: str = ""
    process: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """What hurts and how much."""

    status: Status = Status.NOT_ASKED
    urgency: Level | None = None
    severity: Level | None = None
    concreteness: Level | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """When the customer wants to start and when the decision falls."""

    status: Status = Status.NOT_ASKED
    start_on: date | None = None
    decide_on: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything one qualification asks; a value, never changed."""

    budget: Budget = field(default_factory=Budget)
    authority: Authority = field(default_factory=Authority)
    need: Need = field(default_factory=Need)
    timeline: Timeline = field(default_factory=Timeline)
    pain_recognised: Answer = Answer.UNKNOWN
    intent_stated: Answer = Answer.UNKNOWN
    call_summary: str = ""

    def status(self, element: Element) -> Status:
        """How much is known about one element."""
        return {
            Element.BUDGET: self.budget.status,
            Element.AUTHORITY: self.authority.status,
            Element.NEED: self.need.status,
            Element.TIMELINE: self.timeline.status,
        }[element]

    @property
    def confirmed(self) -> tuple[Element, ...]:
        """The elements that were confirmed, in their order."""
        return tuple(e for e in Element if self.status(e) is Status.CONFIRMED)

    @property
    def asked(self) -> tuple[Element, ...]:
        """The elements that were asked, whatever the answer: the numerator of BANT completion (of four)."""
        return tuple(e for e in Element if self.status(e) is not Status.NOT_ASKED)

    def check(self) -> None:
        """Raise `Rejected` with every field out of bounds: `amount_yen`, and texts, named `need.note` and so on."""
        refusals = []
        amount = self.budget.amount_yen
        if amount is not None and not 0 <= amount <= MAX_YEN:
            refusals.append(Refused(Code.INVALID, "amount_yen", least=0, most=MAX_YEN))
        texts = {
            "budget.note": self.budget.note,
            "authority.decision_maker": self.authority.decision_maker,
            "authority.influencers": self.authority.influencers,
            "authority.process": self.authority.process,
            "need.note": self.need.note,
            "timeline.note": self.timeline.note,
            "call_summary": self.call_summary,
        }
        refusals += [
            Refused(Code.TOO_LONG, name, most=MAX_TEXT) for name, text in texts.items() if len(text) > MAX_TEXT
        ]
        if refusals:
            raise Rejected(*refusals)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which `from_json` makes an equal value."""
        data = asdict(self)
        for key in ("start_on", "decide_on"):
            day = data["timeline"][key]
            data["timeline"][key] = day.isoformat() if day else None
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Answers:
        """The value that `to_json` wrote; keys a later version adds may be missing.

        Raises ValueError for a value that no version wrote.
        """
        timeline = dict(data.get("timeline", {}))
        for key in ("start_on", "decide_on"):
            timeline[key] = date.fromisoformat(timeline[key]) if timeline.get(key) else None
        return cls(
            budget=_typed(Budget, data.get("budget", {}), status=Status, state=BudgetState),
            authority=_typed(Authority, data.get("authority", {}), status=Status),
            need=_typed(Need, data.get("need", {}), status=Status, urgency=Level, severity=Level, concreteness=Level),
            timeline=_typed(Timeline, timeline, status=Status),
            pain_recognised=Answer(data.get("pain_recognised", Answer.UNKNOWN)),
            intent_stated=Answer(data.get("intent_stated", Answer.UNKNOWN)),
            call_summary=str(data.get("call_summary", "")),
        )


def _typed(kind: type[_T], data: Mapping[str, Any], **enums: type[StrEnum]) -> _T:
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]  # only dataclasses are passed in
    values = {key: value for key, value in data.items() if key in known}
    for key, enum in enums.items():
        if values.get(key) is not None:
            values[key] = enum(values[key])
    return kind(**values)
