"""Objections and the team's own answers to them: found by what the rep types, counted by how it went (work item
2-5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.data.quality import fold
from domain.data.search import LATIN, gram_numbers
from domain.errors import Code, Refused, Rejected
from domain.performance.proportions import Proportion

MAX_TEXT = 200
MAX_ANSWER = 1000
MAX_ANSWERS = 3
MEETING_WITHIN = timedelta(days=14)
"""A meeting that was set so soon after an objection is counted as having followed it."""
LEAST_LIKENESS = 0.34
"""So much of the shorter one, of what was typed and an objection, must stand in the other for it to be offered: a
third, so that one word of a sentence is enough."""


@dataclass(frozen=True, slots=True)
class Objection:
    """What customers say, and what the team answers, the best first."""

    text: str
    answers: tuple[str, ...]

    def check(self) -> Objection:
        """The same without spaces and empty answers. Rejected: REQUIRED, TOO_LONG on `text`, `answer_1` and so on."""
        refusals = []
        text = " ".join(self.text.split())
        if not text:
            refusals.append(Refused(Code.REQUIRED, "text"))
        if len(text) > MAX_TEXT:
            refusals.append(Refused(Code.TOO_LONG, "text", most=MAX_TEXT))
        answers = tuple(answer.strip() for answer in self.answers)
        if not any(answers):
            refusals.append(Refused(Code.REQUIRED, "answer_1"))
        refusals += [
            Refused(Code.TOO_LONG, f"answer_{place}", most=MAX_ANSWER)
            for place, answer in enumerate(answers, start=1)
            if len(answer) > MAX_ANSWER
        ]
        if len(answers) > MAX_ANSWERS:
            refusals.append(Refused(Code.INVALID, f"answer_{MAX_ANSWERS}"))
        if refusals:
            raise Rejected(*refusals)
        return Objection(text, tuple(answer for answer in answers if answer))


# Found


def search(typed: str, objections: Iterable[tuple[int, Objection]]) -> list[int]:
    """The objections that hold what was typed, the likest first; all of them in their order where nothing was typed.

    Width, case, kana and the words' endings do not matter: compared are the pairs of characters (of Latin letters
    threes), first in the objection itself, then in its answers.
    """
    wanted = _grams(typed)
    if not wanted:
        return [number for number, _ in objections]
    found = []
    for place, (number, objection) in enumerate(objections):
        own = _likeness(wanted, _grams(objection.text))
        told = _likeness(wanted, _grams(" ".join(objection.answers)))
        if max(own, told) >= LEAST_LIKENESS:
            found.append((-(2 * own + told), place, number))
    return [number for _, _, number in sorted(found)]


def rests_on(text: str, answer: str) -> bool:
    """Whether a text is a form of this answer: a third of what the answer says stands in it."""
    own = _grams(answer)
    return bool(own) and len(own & _grams(text)) / len(own) >= LEAST_LIKENESS


def _grams(text: str) -> set[int]:
    folded = fold(text)
    latin = "".join(letter if letter.isascii() else " " for letter in folded)
    # A blank in a pair says only where a word ends.
    japanese = "".join(letter for letter in folded if not letter.isascii())
    return gram_numbers(f"{japanese}{LATIN}{' '.join(latin.split())}") if folded else set()


def _likeness(wanted: set[int], there: set[int]) -> float:
    return len(wanted & there) / min(len(wanted), len(there)) if there else 0.0


# Counted


@dataclass(frozen=True, slots=True)
class Use:
    """An objection came up in a call. `lead_id` None: the rep did not say with whom."""

    objection_id: int
    lead_id: int | None
    handled: bool
    at: datetime


_NEVER = Proportion(0, 0)


@dataclass(frozen=True, slots=True)
class Record:
    """How it went with an objection. `handled`: of the times it came up. `met`: of the leads with whom it was handled
    (`met_otherwise`: was not), those with whom a meeting was set soon after."""

    handled: Proportion = _NEVER
    met: Proportion = _NEVER
    met_otherwise: Proportion = _NEVER


def records(uses: Sequence[Use], meetings: Mapping[int, Sequence[datetime]]) -> dict[int, Record]:
    """How it went, by objection. `meetings`: when a meeting was set with a lead.

    A lead counts once for an objection, by how it went the last time: who is answered at the second try was answered.
    """
    by_objection: dict[int, list[Use]] = {}
    for use in uses:
        by_objection.setdefault(use.objection_id, []).append(use)
    found = {}
    for number, mine in by_objection.items():
        last: dict[int, Use] = {}
        for use in sorted(mine, key=lambda use: use.at):
            if use.lead_id is not None:
                last[use.lead_id] = use
        met = {lead: _met(use, meetings.get(lead, ())) for lead, use in last.items()}
        found[number] = Record(
            Proportion(sum(use.handled for use in mine), len(mine)),
            _of(met[lead] for lead, use in last.items() if use.handled),
            _of(met[lead] for lead, use in last.items() if not use.handled),
        )
    return found


def _met(use: Use, meetings: Sequence[datetime]) -> bool:
    return any(timedelta() <= at - use.at <= MEETING_WITHIN for at in meetings)


def _of(hits: Iterable[bool]) -> Proportion:
    each = list(hits)
    return Proportion(sum(each), len(each))
