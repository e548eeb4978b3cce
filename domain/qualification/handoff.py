"""The handoff to field sales: its six sections, who should take it, and how it ends (work item 3-6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.errors import Code, Refused, Rejected

MAX_TEXT = 3000
"""What a field of a form can hold."""


class Section(StrEnum):
    """The six sections of a complete handoff."""

    COMPANY = "company"
    KEY_PERSONS = "key_persons"
    BANT = "bant"
    BACKGROUND = "background"
    WORRIES_AND_HOPES = "worries_and_hopes"
    CALL_SUMMARY = "call_summary"


class HandoffStatus(StrEnum):
    """Where a handoff stands."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    RETURNED = "returned"


class ReturnReason(StrEnum):
    """Why field sales gives a lead back."""

    NO_NEED = "no_need"
    NO_BUDGET = "no_budget"
    WRONG_PERSON = "wrong_person"
    TOO_EARLY = "too_early"
    INFORMATION_MISSING = "information_missing"
    DUPLICATE = "duplicate"
    WRONG_TERRITORY = "wrong_territory"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Package:
    """The written part of a handoff: five of its six sections. The sixth, BANT, is the qualification itself."""

    company: str = ""
    key_persons: str = ""
    background: str = ""
    worries: str = ""
    hopes: str = ""
    call_summary: str = ""

    def missing(self) -> tuple[Section, ...]:
        """The written sections that are still empty, in their order."""
        filled = {
            Section.COMPANY: self.company,
            Section.KEY_PERSONS: self.key_persons,
            Section.BACKGROUND: self.background,
            Section.WORRIES_AND_HOPES: self.worries + self.hopes,
            Section.CALL_SUMMARY: self.call_summary,
        }
        return tuple(section for section, text in filled.items() if not text.strip())

    def check(self) -> None:
        """Raise `Rejected` with every section that is empty (REQUIRED) or text that is too long (TOO_LONG).

        The fields are this class's own names; worries and hopes are one section, missed under `worries`.
        """
        names = {section: section.value for section in Section} | {Section.WORRIES_AND_HOPES: "worries"}
        refusals = [Refused(Code.REQUIRED, names[section]) for section in self.missing()]
        refusals += [
            Refused(Code.TOO_LONG, name, most=MAX_TEXT) for name, text in self.to_json().items() if len(text) > MAX_TEXT
        ]
        if refusals:
            raise Rejected(*refusals)

    def to_json(self) -> dict[str, str]:
        """A JSON object from which `from_json` makes an equal value."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Package:
        """The value that `to_json` wrote."""
        return cls(**{name: str(data.get(name, "")) for name in cls.__slots__})


class Fit(StrEnum):
    """Why a field-sales rep is suggested."""

    TERRITORY = "territory"
    INDUSTRY = "industry"
    LIGHTEST_LOAD = "lightest_load"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A field-sales rep who could take a lead. `load` counts handoffs that wait or were accepted and are still open."""

    member_id: int
    territories: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    load: int = 0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A candidate and the reasons that speak for it."""

    member_id: int
    fits: tuple[Fit, ...]
    load: int


def suggest(candidates: Iterable[Candidate], address: str, industry: str) -> list[Suggestion]:
    """All candidates, best first: territory weighs more than industry, industry more than load, the id decides ties.

    A territory is any part of an address (a prefecture, a city, a ward); an industry is compared as written.
    """
    everybody = list(candidates)
    lightest = min((c.load for c in everybody), default=0)

    def fits(candidate: Candidate) -> tuple[Fit, ...]:
        found = []
        if any(territory and territory in address for territory in candidate.territories):
            found.append(Fit.TERRITORY)
        if industry and industry in candidate.industries:
            found.append(Fit.INDUSTRY)
        if candidate.load == lightest and len(everybody) > 1:
            found.append(Fit.LIGHTEST_LOAD)
        return tuple(found)

    ranked = [Suggestion(c.member_id, fits(c), c.load) for c in everybody]
    ranked.sort(key=lambda s: (Fit.TERRITORY not in s.fits, Fit.INDUSTRY not in s.fits, s.load, s.member_id))
    return ranked
