"""What a calendar holds, as far as we read and write it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Busy:
    """A stretch of time that is taken; `end` is the first moment after it. Both aware."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who takes part, by mail address."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A meeting as calendars and invitations carry it.

    `uid` stays the same through all changes and `sequence` counts them (RFC 5546). `start` and `end` are aware; the
    invitation names their zone when it is a `ZoneInfo`, so a meeting keeps its local time in the reader's eyes.
    """

    uid: str
    sequence: int
    start: datetime
    end: datetime
    summary: str
    description: str = ""
    location: str = ""
    organizer: Person = field(default_factory=lambda: Person(""))
    attendees: tuple[Person, ...] = ()


class Problem(StrEnum):
    """Why a calendar cannot be used, as it is remembered for its owner."""

    UNAUTHORISED = "unauthorised"
    """Name, password or permission are refused."""
    NOT_FOUND = "not_found"
    """There is no such calendar on that server."""
    UNREACHABLE = "unreachable"
    """No server answers at that address."""
    SLOW = "slow"
    """It did not answer in time."""
    REFUSED = "refused"
    """The server answered with an error of its own."""
    NOT_SET_UP = "not_set_up"
    """This installation is no app at that provider (any more)."""
    PRIVATE = "private"
    """Its address is in a network that members' calendars may not be in, or must not be sent a password."""


def merged(taken: list[Busy]) -> list[Busy]:
    """The same time as stretches that neither touch nor overlap, in order; empty ones are left out."""
    result: list[Busy] = []
    for busy in sorted(busy for busy in taken if busy.start < busy.end):
        if result and busy.start <= result[-1].end:
            result[-1] = Busy(result[-1].start, max(result[-1].end, busy.end))
        else:
            result.append(busy)
    return result
