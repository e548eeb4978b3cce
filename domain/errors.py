"""What a use case refuses, as data: the handlers turn a code into words, so no sentence is written here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Code(StrEnum):
    """Why something was refused."""

    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    REQUIRED = "required"
    INVALID = "invalid"
    TOO_LONG = "too_long"
    DATE_IN_PAST = "date_in_past"
    DUPLICATE = "duplicate"
    STALE = "stale"
    """Somebody else changed the thing in the meantime."""
    ALREADY_DONE = "already_done"
    WRONG_STAGE = "wrong_stage"
    INCOMPLETE = "incomplete"
    NO_CHANNEL = "no_channel"
    DO_NOT_CALL = "do_not_call"
    """The person, or whoever has the number, asked not to be called."""
    DO_NOT_WRITE = "do_not_write"
    """The person, or whoever has the number or the address, asked to be left alone."""
    TOO_LATE = "too_late"


class Refused(Exception):
    """A use case refused; nothing was saved.

    `code` says why, `field` names the input at fault (a field of the use case's own argument, or None),
    `detail` carries the figures the sentence needs.
    """

    def __init__(self, code: Code, field: str | None = None, **detail: str | int) -> None:
        super().__init__(f"{code}:{field}" if field else str(code))
        self.code = code
        self.field = field
        self.detail: Mapping[str, str | int] = detail


class Rejected(Exception):
    """Several fields of one form are wrong at once; nothing was saved."""

    def __init__(self, *refusals: Refused) -> None:
        super().__init__(", ".join(str(refusal) for refusal in refusals))
        self.refusals = refusals
