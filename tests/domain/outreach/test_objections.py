"""Objections: found by what the rep types, counted by how it went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import Code, Rejected
from domain.outreach.objections import MEETING_WITHIN, Objection, Record, Use, records, search
from domain.performance.proportions import Proportion

AT = datetime(2026, 4, 1, 1, tzinfo=UTC)
BUDGET = Objection("予算がありません", ("来期の予算取りの資料をお渡しします。",))
NEED = Objection("特に困っていません", ("順調でいらっしゃるのは何よりです。",))
RIVAL = Objection("他社の製品を使っています", ("入れ替えずに補えます。コストも下がります。",))
PRICE = Objection("Too expensive for us", ("It costs less than the hours it saves.",))
ALL = list(enumerate((BUDGET, NEED, RIVAL, PRICE)))


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("予算がない", 0),
        ("今期は予算が厳しい", 0),
        ("ＹＯＳＡＮ 予算", 0),
        ("こまっていない", None),
        ("困ってない", 1),
        ("他社製品", 2),
        ("ｺｽﾄ", 2),
        ("expensive", 3),
        ("EXPENSIVE!", 3),
        ("天気の話", None),
    ],
)
def test_objection_is_found_by_the_customers_own_words(typed: str, first: int | None) -> None:
    assert next(iter(search(typed, ALL)), None) == first


def test_nothing_typed_offers_all_and_what_was_said_comes_before_what_was_answered() -> None:
    assert search(" ", ALL) == [0, 1, 2, 3]
    answered = Objection("検討します", ("予算の時期はいつでしょうか。",))
    assert search("予算", [(8, answered), (9, BUDGET)]) == [9, 8]


def test_empty_answers_are_left_out_and_each_fault_is_named() -> None:
    assert Objection("  予算が\nない ", ("", " 資料 ", "")).check() == Objection("予算が ない", ("資料",))
    with pytest.raises(Rejected) as rejected:
        Objection("あ" * 201, (" ", "あ" * 1001)).check()
    assert {(each.field, each.code) for each in rejected.value.refusals} == {
        ("text", Code.TOO_LONG),
        ("answer_2", Code.TOO_LONG),
    }
    with pytest.raises(Rejected) as rejected:
        Objection("", ()).check()
    assert {each.field for each in rejected.value.refusals} == {"text", "answer_1"}


def test_meeting_rate_counts_each_lead_once_by_how_it_went_last_and_only_meetings_soon_after() -> None:
    day = timedelta(days=1)
    uses = [
        Use(1, 10, handled=False, at=AT),
        Use(1, 10, handled=True, at=AT + day),
        Use(1, 11, handled=True, at=AT),
        Use(1, 12, handled=True, at=AT),
        Use(1, 13, handled=False, at=AT),
        Use(1, None, handled=True, at=AT),
        Use(2, 10, handled=True, at=AT + 2 * day),
    ]
    meetings = {
        10: [AT + day],  # At the moment of the call in which it was handled.
        11: [AT + MEETING_WITHIN + timedelta(seconds=1)],
        12: [AT - day, AT + MEETING_WITHIN],
        13: [AT + day],
    }
    assert records(uses, meetings) == {
        1: Record(Proportion(4, 6), Proportion(2, 3), Proportion(1, 1)),
        2: Record(Proportion(1, 1), Proportion(0, 1), Proportion(0, 0)),
    }
    assert records([], meetings) == {}
