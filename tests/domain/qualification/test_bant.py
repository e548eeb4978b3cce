"""The answers of a call as a value."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Code, Rejected
from domain.qualification.bant import (
    MAX_TEXT,
    MAX_YEN,
    Answer,
    Answers,
    Authority,
    Budget,
    BudgetState,
    Element,
    Level,
    Need,
    Status,
    Timeline,
)

texts = st.text(max_size=60)
statuses = st.sampled_from(Status)
levels = st.none() | st.sampled_from(Level)
dates = st.none() | st.dates()
everything = st.builds(
    Answers,
    budget=st.builds(
        Budget, statuses, st.none() | st.integers(0, MAX_YEN), st.none() | st.sampled_from(BudgetState), texts
    ),
    authority=st.builds(Authority, statuses, texts, texts, texts),
    need=st.builds(Need, statuses, levels, levels, levels, texts),
    timeline=st.builds(Timeline, statuses, dates, dates, texts),
    pain_recognised=st.sampled_from(Answer),
    intent_stated=st.sampled_from(Answer),
    call_summary=texts,
)


@given(everything)
def test_answers_come_back_from_json_as_they_were(answers: Answers) -> None:
    assert Answers.from_json(json.loads(json.dumps(answers.to_json()))) == answers


@given(everything)
def test_answers_within_bounds_pass(answers: Answers) -> None:
    answers.check()


@given(everything)
def test_confirmed_elements_were_asked(answers: Answers) -> None:
    assert set(answers.confirmed) <= set(answers.asked)
    assert set(answers.asked) == {e for e in Element if answers.status(e) is not Status.NOT_ASKED}


@given(st.dictionaries(st.sampled_from(["budget", "authority", "need", "timeline"]), st.just({})))
def test_json_of_an_older_version_may_lack_keys(data: dict[str, Any]) -> None:
    assert Answers.from_json(data) == Answers()


def test_keys_nobody_knows_any_more_are_left_out() -> None:
    assert Answers.from_json({"budget": {"status": "confirmed", "colour": "red"}, "mood": "good"}) == Answers(
        Budget(Status.CONFIRMED)
    )


@pytest.mark.parametrize(
    "data",
    [
        {"pain_recognised": "perhaps"},
        {"budget": {"status": "maybe"}},
        {"need": {"urgency": "extreme"}},
        {"timeline": {"start_on": "soon"}},
    ],
)
def test_values_no_version_wrote_are_an_error(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Answers.from_json(data)


def test_nothing_asked_is_the_start() -> None:
    assert (Answers().asked, Answers().confirmed) == ((), ())


def test_asked_and_not_confirmed_counts_as_asked_only() -> None:
    answers = Answers(budget=Budget(Status.NOT_CONFIRMED), need=Need(Status.CONFIRMED))
    assert answers.asked == (Element.BUDGET, Element.NEED)
    assert answers.confirmed == (Element.NEED,)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (Answers(Budget(amount_yen=0)), []),
        (Answers(Budget(amount_yen=MAX_YEN)), []),
        (Answers(Budget(amount_yen=-1)), [(Code.INVALID, "amount_yen")]),
        (Answers(Budget(amount_yen=MAX_YEN + 1)), [(Code.INVALID, "amount_yen")]),
        (Answers(call_summary="あ" * MAX_TEXT), []),
        (Answers(call_summary="あ" * (MAX_TEXT + 1)), [(Code.TOO_LONG, "call_summary")]),
        (
            Answers(
                Budget(note="x" * 3001),
                Authority(decision_maker="x" * 3001, influencers="x" * 3001, process="x" * 3001),
                Need(note="x" * 3001),
                Timeline(note="x" * 3001),
            ),
            [
                (Code.TOO_LONG, "budget.note"),
                (Code.TOO_LONG, "authority.decision_maker"),
                (Code.TOO_LONG, "authority.influencers"),
                (Code.TOO_LONG, "authority.process"),
                (Code.TOO_LONG, "need.note"),
                (Code.TOO_LONG, "timeline.note"),
            ],
        ),
    ],
)
def test_answers_out_of_bounds_name_their_fields(answers: Answers, expected: list[tuple[Code, str]]) -> None:
    if not expected:
        answers.check()
        return
    with pytest.raises(Rejected) as rejected:
        answers.check()
    assert [(r.code, r.field) for r in rejected.value.refusals] == expected


def test_dates_are_written_the_iso_way() -> None:
    data = Answers(timeline=Timeline(start_on=date(2026, 4, 1))).to_json()
    assert (data["timeline"]["start_on"], data["timeline"]["decide_on"]) == ("2026-04-01", None)
