"""When and where a team hears of its figures by itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.performance.windows import Span


class DigestKind(StrEnum):
    """How often."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


SPANS = {DigestKind.DAILY: Span.DAY, DigestKind.WEEKLY: Span.WEEK, DigestKind.MONTHLY: Span.MONTH}
WEEKDAYS = {
    DigestKind.DAILY: frozenset(range(7)),
    DigestKind.WEEKLY: frozenset({0}),
    DigestKind.MONTHLY: frozenset(range(7)),
}
"""Monday is 0."""
MONTH_DAYS = {DigestKind.DAILY: None, DigestKind.WEEKLY: None, DigestKind.MONTHLY: 1}


@dataclass(frozen=True, slots=True)
class DigestRules:
    """One digest as a team wants it. `channel` "": the managers, each in a direct message; the daily one, which is for
    the whole team, then goes to nobody. `at` is a local time of the team, `language` "" is the reader's own or, in a
    channel, the team's."""

    on: bool = True
    channel: str = ""
    at: str = "09:00"
    language: str = ""


DEFAULTS = {
    DigestKind.DAILY: DigestRules(at="18:30"),
    DigestKind.WEEKLY: DigestRules(),
    DigestKind.MONTHLY: DigestRules(),
}


def is_of_today(kind: DigestKind, at: str) -> bool:
    """Whether a digest tells of the day it is sent on: the daily one does from noon on, before that of the business
    day before."""
    return kind is DigestKind.DAILY and at >= "12:00"
