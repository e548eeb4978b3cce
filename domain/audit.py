"""The chain of the audit log: each sealed row carries a hash over itself and the hash before it, so that whoever
changes, removes, adds or reorders one breaks every hash from there on.

A row's details may name people, and must be erasable without breaking the chain. So the chain holds only a commitment
to them: the hash of the details and a random salt. Salt and details are erased together, and what then stays tells
nobody anything: without the salt not even a guess can be tried.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ERASED: Mapping[str, Any] = {}
"""What stands in place of details that were erased."""
ERASURE = "person.erase"
"""The action that writes down which rows lost their details (`ENTRIES` in its own)."""
ENTRIES = "entries"


def canonical(value: Any) -> bytes:
    """JSON that is the same for the same value, whatever wrote it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def start(team_id: str) -> str:
    """What stands before a team's first row: its own, so that no team's chain passes for another's."""
    return hashlib.sha256(b"kakehashi-audit-1\n" + team_id.encode()).hexdigest()


def commitment(salt: str, detail: Any) -> str:
    """What the chain holds of a row's details."""
    return hashlib.sha256(salt.encode() + b"\n" + canonical(detail)).hexdigest()


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it is sealed. `created_at` is text in UTC with microseconds; `digest` the commitment to the details."""

    seal: int
    id: int
    member_id: int | None
    action: str
    subject: str
    created_at: str
    digest: str

    def after(self, previous: str) -> str:
        """The hash of this row behind the one with this hash."""
        row = [self.seal, self.id, self.member_id, self.action, self.subject, self.created_at, self.digest]
        return hashlib.sha256(previous.encode() + b"\n" + canonical(row)).hexdigest()


@dataclass(frozen=True, slots=True)
class Sealed:
    """A row as it stands in the log."""

    entry: Entry
    detail: Any
    salt: str | None
    """None: the details were erased."""
    hash: str


class Fault(StrEnum):
    """What is wrong at a place of the chain."""

    MISSING = "missing"
    """A number is not there: a row was removed, or several."""
    CHANGED = "changed"
    """The row, its place or its hash is not what was sealed."""
    DETAILS = "details"
    """The details are not those that were sealed."""
    UNRECORDED = "unrecorded"
    """The details are gone, and no erasure says so."""
    CUT_OFF = "cut_off"
    """The chain ends before an anchor that was kept elsewhere, or leads to another hash there."""


@dataclass(frozen=True, slots=True)
class Break:
    """The first place at which the log is not what was written. `row`: the row's id, where there is one."""

    fault: Fault
    seal: int
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place of the chain as it was once told outside the database."""

    seal: int
    hash: str


@dataclass(slots=True)
class Walk:
    """Goes along a team's chain, row by row in the order of the seals."""

    previous: str
    anchors: Mapping[int, str] = field(default_factory=dict)
    seal: int = 0
    broken: Break | None = None
    _without: dict[int, int] = field(default_factory=dict)
    _recorded: set[int] = field(default_factory=set)

    def feed(self, rows: Iterable[Sealed]) -> bool:
        """Look at the next rows; False when nothing more has to be looked at."""
        for row in rows:
            self.broken = self._looked_at(row)
            if self.broken is not None:
                return False
            self.previous, self.seal = row.hash, row.entry.seal
        return True

    def _looked_at(self, row: Sealed) -> Break | None:
        entry = row.entry
        if entry.seal != self.seal + 1:
            # A number that comes twice is one too many, not one too few.
            fault = Fault.MISSING if entry.seal > self.seal else Fault.CHANGED
            return Break(fault, self.seal + 1, None if fault is Fault.MISSING else entry.id)
        if entry.after(self.previous) != row.hash:
            return Break(Fault.CHANGED, entry.seal, entry.id)
        if self.anchors.get(entry.seal, row.hash) != row.hash:
            return Break(Fault.CUT_OFF, entry.seal, entry.id)
        if row.salt is None:
            if row.detail != ERASED:
                return Break(Fault.DETAILS, entry.seal, entry.id)
            self._without[entry.seal] = entry.id
        elif commitment(row.salt, row.detail) != entry.digest:
            return Break(Fault.DETAILS, entry.seal, entry.id)
        elif entry.action == ERASURE:
            self._recorded.update(row.detail.get(ENTRIES, ()))
        return None

    def end(self) -> Break | None:
        """The first broken place, once all rows were fed."""
        if self.broken is not None:
            return self.broken
        beyond = [seal for seal in self.anchors if seal > self.seal]
        if beyond:
            return Break(Fault.CUT_OFF, self.seal + 1)
        unrecorded = min(self._without.keys() - self._recorded, default=None)
        return None if unrecorded is None else Break(Fault.UNRECORDED, unrecorded, self._without[unrecorded])
