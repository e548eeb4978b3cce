"""What we ask of a member's calendar, whoever runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.appointments import Busy, Event, Problem


class Kind(StrEnum):
    """Who runs a calendar."""

    CALDAV = "caldav"
    GOOGLE = "google"
    MICROSOFT = "microsoft"


@dataclass(frozen=True, slots=True)
class Access:
    """Where a calendar is and how we get in. `secret`: name and password, or tokens."""

    kind: Kind
    zone: str
    """The owner's: whole days and times without a zone are meant in it."""
    url: str = ""
    calendar: str = ""
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)


class Unusable(Exception):
    """The calendar cannot be used now; `problem` says why, the text what the server said."""

    def __init__(self, problem: Problem, said: str = "") -> None:
        super().__init__(f"{problem}: {said}" if said else problem.value)
        self.problem = problem


class Calendar(Protocol):
    """One person's calendar. Every method raises Unusable."""

    async def check(self) -> str:
        """Make sure that it can be read; its own id or address on that server, to be kept."""
        ...

    async def busy(self, start: datetime, end: datetime) -> list[Busy]:
        """What is taken between two aware moments, in any order."""
        ...

    async def put(self, event: Event) -> None:
        """Add the event, or bring the one with its UID up to date. Repeating it changes nothing."""
        ...

    async def remove(self, uid: str) -> None:
        """Take the event out; nothing happens when it is not there."""
        ...

    @property
    def secret(self) -> Mapping[str, str]:
        """The secret as it is now: tokens may have been renewed."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
