"""What a lead's records leave to be found out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.outreach.brief import Asked, Returned, Said, Spoken, Unconfirmed, open_questions
from domain.outreach.calls import Outcome, Party, RefusalReason
from domain.qualification.bant import Element
from domain.qualification.handoff import ReturnReason

AT = datetime(2026, 4, 1, 1, tzinfo=UTC)


def said(day: int, note: str = "", outcome: Outcome | None = None, reason: RefusalReason | None = None) -> Said:
    return Said(AT + timedelta(days=day), "佐藤", outcome, reason, note)


def returned(day: int) -> Returned:
    return Returned(AT + timedelta(days=day), "田中", ReturnReason.TOO_EARLY, "半年後")


def asked(day: int, message: str = "価格を知りたい") -> Asked:
    return Asked(AT + timedelta(days=day), "お問い合わせ", message)


LEFT = Unconfirmed(AT, "佐藤", (Element.BUDGET,))


def test_last_call_that_left_something_is_the_question_whoever_spoke() -> None:
    noted, absent = said(1, "稟議は来月"), said(3, outcome=Outcome.ABSENT)
    calls = [Spoken(noted, Party.CONTACT), Spoken(absent, Party.GATEKEEPER)]
    assert open_questions(calls, (), (), None) == (noted,)
    for later in (said(4, outcome=Outcome.CALLBACK), said(4, outcome=Outcome.REFUSED, reason=RefusalReason.BUDGET)):
        assert open_questions([*calls, Spoken(later, Party.CONTACT)], (), (), None) == (later,)


def test_return_and_form_wait_until_the_person_was_spoken_to_after_them() -> None:
    before, after = Spoken(said(1, "話した"), Party.CONTACT), Spoken(said(5, outcome=Outcome.INTERESTED), Party.CONTACT)
    assert open_questions([before], [returned(2)], [asked(3), asked(0)], None) == (asked(3), returned(2), before.said)
    assert open_questions([before, after], [returned(2)], [asked(3)], None) == (before.said,)
    # A gatekeeper is nobody to have answered.
    reception = Spoken(said(5, outcome=Outcome.ABSENT), Party.GATEKEEPER)
    assert open_questions([reception], [returned(2)], [asked(3, " ")], None) == (returned(2),)


def test_what_the_judgement_left_open_comes_last_and_only_if_something_is() -> None:
    call = Spoken(said(-3, "古い"), Party.CONTACT)
    assert open_questions([call], (), (), LEFT) == (call.said, LEFT)
    assert open_questions([], (), (), Unconfirmed(AT, "佐藤", ())) == ()
