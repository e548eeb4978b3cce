"""What a call leaves to be asked: the open questions of a lead, worked out from its records (work item 2-5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.outreach.calls import INTENDED, Outcome, Party, RefusalReason
from domain.qualification.bant import Element
from domain.qualification.handoff import ReturnReason


@dataclass(frozen=True, slots=True)
class Said:
    """The last thing a call left behind: its note, why a call back was promised, why the person refused."""

    at: datetime
    by: str
    outcome: Outcome | None
    reason: RefusalReason | None
    note: str


@dataclass(frozen=True, slots=True)
class Returned:
    """Field sales gave the lead back, and nobody has spoken with the person since."""

    at: datetime
    by: str
    reason: ReturnReason
    comment: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The person wrote something into a form, and nobody has spoken with them since."""

    at: datetime
    form: str
    message: str


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """The elements of BANT that the newest judgement left open."""

    at: datetime
    by: str
    elements: tuple[Element, ...]


Question = Said | Returned | Asked | Unconfirmed


@dataclass(frozen=True, slots=True)
class Spoken:
    """A call as far as it may leave something open."""

    said: Said
    party: Party

    @property
    def reached(self) -> bool:
        """Whether the intended person spoke."""
        return self.party in INTENDED


def open_questions(
    calls: Sequence[Spoken], returns: Sequence[Returned], forms: Sequence[Asked], judged: Unconfirmed | None
) -> tuple[Question, ...]:
    """What is to be found out or answered, the most pressing first; all of it is of the lead's own records.

    A return or a form waits until the person was spoken to after it. Of the calls only the last one that left anything
    behind counts. What the newest judgement left open comes last.
    """
    spoken_at = max((call.said.at for call in calls if call.reached), default=None)

    def waiting(at: datetime) -> bool:
        return spoken_at is None or at > spoken_at

    found: list[Returned | Asked | Said] = []
    newest_return = max(returns, key=lambda each: each.at, default=None)
    if newest_return is not None and waiting(newest_return.at):
        found.append(newest_return)
    newest_form = max((form for form in forms if form.message.strip()), key=lambda each: each.at, default=None)
    if newest_form is not None and waiting(newest_form.at):
        found.append(newest_form)
    last = max((call.said for call in calls if _leaves(call.said)), key=lambda said: said.at, default=None)
    if last is not None:
        found.append(last)
    found.sort(key=lambda each: each.at, reverse=True)
    left: tuple[Question, ...] = (judged,) if judged is not None and judged.elements else ()
    return (*found, *left)


def _leaves(said: Said) -> bool:
    return bool(said.note.strip()) or said.reason is not None or said.outcome is Outcome.CALLBACK
