"""Which results of a call are possible."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from domain.errors import Code, Rejected
from domain.outreach.calls import CallResult, Connection, Outcome, Party, RefusalReason

LATER = datetime(2026, 4, 2, 1, tzinfo=UTC)
SPOKE = [Party.GATEKEEPER, Party.OTHER_STAFF, Party.CONTACT, Party.DECISION_MAKER]
INTENDED = {Party.CONTACT, Party.DECISION_MAKER}
OTHERS = {Party.GATEKEEPER, Party.OTHER_STAFF}
FROM = {
    Outcome.MEETING_SET: INTENDED | {Party.OTHER_STAFF},
    Outcome.INTERESTED: INTENDED,
    Outcome.SEND_MATERIAL: set(SPOKE),
    Outcome.CALLBACK: set(SPOKE),
    Outcome.ABSENT: OTHERS,
    Outcome.GATEKEEPER_REFUSED: OTHERS,
    Outcome.REFUSED: INTENDED,
    Outcome.DO_NOT_CALL: set(SPOKE),
    Outcome.REFERRED: set(SPOKE),
    Outcome.DISQUALIFIED: set(SPOKE),
}


def _faults(result: CallResult) -> list[tuple[Code, str | None]]:
    try:
        result.check()
    except Rejected as rejected:
        return [(refusal.code, refusal.field) for refusal in rejected.refusals]
    return []


@pytest.mark.parametrize(("party", "outcome"), list(product(SPOKE, Outcome)))
def test_outcome_comes_from_somebody_who_can_give_it(party: Party, outcome: Outcome) -> None:
    result = CallResult(
        Connection.ANSWERED,
        party,
        outcome,
        callback_at=LATER if outcome is Outcome.CALLBACK else None,
        reason=RefusalReason.TIMING if outcome is Outcome.REFUSED else None,
    )
    assert _faults(result) == ([] if party in FROM[outcome] else [(Code.INVALID, "outcome")])


@pytest.mark.parametrize("connection", [c for c in Connection if c is not Connection.ANSWERED])
def test_nothing_comes_of_a_call_nobody_answered(connection: Connection) -> None:
    assert _faults(CallResult(connection)) == []
    for party in SPOKE:
        assert _faults(CallResult(connection, party)) == [(Code.INVALID, "party")]
    for outcome in set(Outcome) - {Outcome.CALLBACK, Outcome.REFUSED}:
        assert _faults(CallResult(connection, outcome=outcome)) == [(Code.INVALID, "outcome")]


def test_answered_call_says_who_and_what() -> None:
    assert _faults(CallResult(Connection.ANSWERED)) == [(Code.REQUIRED, "party"), (Code.REQUIRED, "outcome")]
    assert _faults(CallResult(Connection.ANSWERED, Party.CONTACT)) == [(Code.REQUIRED, "outcome")]
    assert _faults(CallResult(Connection.ANSWERED, outcome=Outcome.REFERRED)) == [(Code.REQUIRED, "party")]


def test_callback_needs_a_time_and_nothing_else_has_one() -> None:
    callback = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.CALLBACK, callback_at=LATER)
    assert _faults(callback) == []
    assert _faults(replace(callback, callback_at=None)) == [(Code.REQUIRED, "callback_at")]
    assert _faults(replace(callback, outcome=Outcome.INTERESTED)) == [(Code.INVALID, "callback_at")]


def test_refusal_needs_a_reason_and_nothing_else_has_one() -> None:
    refusal = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.REFUSED, reason=RefusalReason.BUDGET)
    assert _faults(refusal) == []
    assert _faults(replace(refusal, reason=None)) == [(Code.REQUIRED, "reason")]
    assert _faults(replace(refusal, outcome=Outcome.INTERESTED)) == [(Code.INVALID, "reason")]


@pytest.mark.parametrize(("connection", "party"), list(product(Connection, Party)))
def test_connected_means_answered_by_the_intended_person(connection: Connection, party: Party) -> None:
    expected = connection is Connection.ANSWERED and party in INTENDED
    assert CallResult(connection, party).connected is expected
