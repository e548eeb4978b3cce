"""How urgent a submission is, and speed to lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Rejected
from domain.outreach.form_fields import Field, Filled
from domain.outreach.inbound import InboundRules, Reason, Urgency, judge, speed


def filled(message: str = "", **more: str) -> Filled:
    return Filled({Field.MESSAGE: message, **{Field(name): text for name, text in more.items()}}, {})


@pytest.mark.parametrize(
    ("message", "urgency", "reasons"),
    [
        ("御見積をお願いします", Urgency.HIGH, [Reason.QUOTE]),
        ("お見積りいただけますか", Urgency.HIGH, [Reason.QUOTE]),
        ("製品のデモを見たい", Urgency.HIGH, [Reason.DEMO]),
        ("ﾃﾞﾓ希望", Urgency.HIGH, [Reason.DEMO]),
        ("至急ご連絡ください", Urgency.HIGH, [Reason.URGENT]),
        ("料金を教えてください", Urgency.MEDIUM, [Reason.PRICE]),
        ("導入を検討しています", Urgency.MEDIUM, [Reason.ADOPTION]),
        ("導入について相談したい", Urgency.HIGH, [Reason.MEETING, Reason.ADOPTION]),
        ("資料請求", Urgency.LOW, [Reason.MATERIAL]),
        ("ありがとうございました", Urgency.LOW, []),
        ("", Urgency.LOW, []),
        ("見積は不要です", Urgency.LOW, []),
        ("デモではなく、まず資料請求を", Urgency.LOW, [Reason.MATERIAL]),
        ("見積は不要ですがデモをお願いします", Urgency.HIGH, [Reason.DEMO]),
        ("弊社サービスのご案内です。至急お見積いただけます", Urgency.LOW, [Reason.URGENT, Reason.QUOTE, Reason.PITCH]),
        ("デモグラフィックの資料", Urgency.LOW, []),
        ("Please send a quote ASAP", Urgency.HIGH, [Reason.URGENT, Reason.QUOTE]),
        ("のdemoを希望", Urgency.HIGH, [Reason.DEMO]),
        ("our democracy and a pocket", Urgency.LOW, []),
    ],
)
def test_words_of_the_message_say_how_urgent_it_is(message: str, urgency: Urgency, reasons: list[Reason]) -> None:
    judged = judge(filled(message))
    assert judged.urgency is urgency
    assert [finding.reason for finding in judged.findings] == reasons


@pytest.mark.parametrize(
    ("more", "reasons"),
    [
        ({"title": "情報システム部長"}, [Reason.DECIDES]),
        ({"title": "代表取締役"}, [Reason.DECIDES]),
        ({"title": "CTO"}, [Reason.DECIDES]),
        ({"title": "主任"}, []),
        ({"title": "octopus"}, []),
        ({"employees": "1,000名以上"}, [Reason.LARGE]),
        ({"employees": "300〜999名"}, [Reason.LARGE]),
        ({"employees": "299"}, []),
        ({"topic": "お見積もり"}, [Reason.QUOTE]),
    ],
)
def test_role_size_and_topic_count_too(more: dict[str, str], reasons: list[Reason]) -> None:
    assert [finding.reason for finding in judge(filled(**more)).findings] == reasons


@pytest.mark.parametrize(
    ("message", "first", "again"),
    [
        ("", Urgency.LOW, Urgency.MEDIUM),
        ("導入を検討", Urgency.MEDIUM, Urgency.HIGH),
        ("料金", Urgency.MEDIUM, Urgency.HIGH),
        ("見積", Urgency.HIGH, Urgency.HIGH),
    ],
)
def test_who_writes_again_is_more_urgent(message: str, first: Urgency, again: Urgency) -> None:
    assert judge(filled(message)).urgency is first
    assert judge(filled(message), repeated=1).urgency is again


def test_finding_names_the_word_that_was_typed() -> None:
    assert judge(filled("大至急、御見積もりを")).findings[1].because == "御見積もり"


@given(st.text(max_size=300), st.integers(0, 5))
def test_more_submissions_never_make_less_urgent(message: str, repeated: int) -> None:
    order = list(Urgency)
    one, other = judge(filled(message), repeated=repeated), judge(filled(message), repeated=repeated + 1)
    assert order.index(other.urgency) <= order.index(one.urgency)


@pytest.mark.parametrize(("team", "manager"), [(0, 5), (3, 0), (5, 3), (3, 541)])
def test_clocks_that_make_no_sense_are_refused(team: int, manager: int) -> None:
    with pytest.raises(Rejected):
        InboundRules(team_minutes=team, manager_minutes=manager).check()


def test_default_clocks_are_three_and_five_minutes() -> None:
    rules = InboundRules()
    rules.check()
    assert (rules.team_minutes, rules.manager_minutes) == (3, 5)


def test_share_counts_what_nobody_answered_as_missed() -> None:
    found = speed([60, 120, 300, 301], unanswered=1, waiting=7)
    assert (found.within, found.decided, found.waiting) == (3, 5, 7)
    assert found.share.share == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("seconds", "unanswered", "median", "p90"),
    [
        ([], 0, None, None),
        ([10, 20, 30, 40], 0, None, None),
        ([10, 20, 30, 40, 50], 0, 30, None),
        ([10, 20, 30, 40, 50, 60], 0, 35, None),
        (list(range(10, 110, 10)), 0, 55, 91),
        # Six of ten were never answered: nobody knows the median yet.
        ([10, 20, 30, 40], 6, None, None),
        ([10, 20, 30, 40, 50, 60, 70, 80, 90], 1, 55, None),
    ],
)
def test_percentiles_know_what_they_do_not_know(
    seconds: list[float], unanswered: int, median: float | None, p90: float | None
) -> None:
    found = speed(seconds, unanswered=unanswered)
    assert found.median == (None if median is None else pytest.approx(median))
    assert found.p90 == (None if p90 is None else pytest.approx(p90))


@given(st.lists(st.floats(0, 1e6), max_size=40), st.integers(0, 20))
def test_p90_is_never_before_the_median(seconds: list[float], unanswered: int) -> None:
    found = speed(seconds, unanswered=unanswered)
    assert 0 <= found.within <= found.decided
    if found.p90 is not None:
        assert found.median is not None
        assert found.p90 >= found.median
