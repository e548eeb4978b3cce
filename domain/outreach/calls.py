"""The result of a call on three axes: who picked up, who spoke, what came of it (glossary)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.errors import Code, Refused, Rejected


class Connection(StrEnum):
    """What the line did."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    INVALID_NUMBER = "invalid_number"


class Party(StrEnum):
    """Who spoke."""

    NONE = "none"
    GATEKEEPER = "gatekeeper"
    OTHER_STAFF = "other_staff"
    CONTACT = "contact"
    DECISION_MAKER = "decision_maker"


class Outcome(StrEnum):
    """What came of it."""

    MEETING_SET = "meeting_set"
    INTERESTED = "interested"
    SEND_MATERIAL = "send_material"
    CALLBACK = "callback"
    ABSENT = "absent"
    GATEKEEPER_REFUSED = "gatekeeper_refused"
    REFUSED = "refused"
    DO_NOT_CALL = "do_not_call"
    REFERRED = "referred"
    DISQUALIFIED = "disqualified"


class RefusalReason(StrEnum):
    """Why the intended person refused."""

    BUDGET = "budget"
    NEED = "need"
    NOT_DECISION_MAKER = "not_decision_maker"
    TIMING = "timing"
    COMPETITOR = "competitor"


INTENDED = frozenset({Party.CONTACT, Party.DECISION_MAKER})
"""The parties whom a call is meant for: an answered call with one of them is connected."""

EFFECTIVE = frozenset(
    {
        Outcome.MEETING_SET,
        Outcome.INTERESTED,
        Outcome.SEND_MATERIAL,
        Outcome.REFUSED,
        Outcome.REFERRED,
        Outcome.DISQUALIFIED,
    }
)
"""Outcomes in which the subject was discussed: with the intended person, an effective conversation (glossary)."""

_NOT_INTENDED = frozenset({Party.GATEKEEPER, Party.OTHER_STAFF})

# Outcomes that only some parties can give; every other one may come from anybody who spoke.
_ONLY_FROM: dict[Outcome, frozenset[Party]] = {
    # A secretary or a colleague may agree a date; a switchboard does not.
    Outcome.MEETING_SET: INTENDED | {Party.OTHER_STAFF},
    Outcome.INTERESTED: INTENDED,
    Outcome.REFUSED: INTENDED,
    Outcome.ABSENT: _NOT_INTENDED,
    Outcome.GATEKEEPER_REFUSED: _NOT_INTENDED,
}


@dataclass(frozen=True, slots=True)
class CallResult:
    """One dial's result.

    `callback_at` (aware) belongs to the outcome CALLBACK, `reason` to REFUSED: each is required there and refused
    elsewhere.
    """

    connection: Connection
    party: Party = Party.NONE
    outcome: Outcome | None = None
    note: str = ""
    callback_at: datetime | None = None
    reason: RefusalReason | None = None

    @property
    def connected(self) -> bool:
        """Answered, and the intended person spoke."""
        return self.connection is Connection.ANSWERED and self.party in INTENDED

    @property
    def effective(self) -> bool:
        """Connected, and the subject was discussed."""
        return self.connected and self.outcome in EFFECTIVE

    def check(self) -> None:
        """Raise `Rejected` with every field that contradicts another.

        Nobody speaks and nothing comes of a call that was not answered; whoever answers is somebody, and something
        came of it.
        """
        refusals = []
        if self.connection is not Connection.ANSWERED:
            if self.party is not Party.NONE:
                refusals.append(Refused(Code.INVALID, "party"))
            if self.outcome is not None:
                refusals.append(Refused(Code.INVALID, "outcome"))
        else:
            if self.party is Party.NONE:
                refusals.append(Refused(Code.REQUIRED, "party"))
            if self.outcome is None:
                refusals.append(Refused(Code.REQUIRED, "outcome"))
            elif self.party is not Party.NONE and self.party not in _ONLY_FROM.get(self.outcome, frozenset(Party)):
                refusals.append(Refused(Code.INVALID, "outcome"))
        refusals += _belongs(self.outcome is Outcome.CALLBACK, self.callback_at, "callback_at")
        refusals += _belongs(self.outcome is Outcome.REFUSED, self.reason, "reason")
        if refusals:
            raise Rejected(*refusals)


def _belongs(needed: bool, value: object | None, field: str) -> list[Refused]:
    if needed and value is None:
        return [Refused(Code.REQUIRED, field)]
    if not needed and value is not None:
        return [Refused(Code.INVALID, field)]
    return []
