"""Whom to call next, as tables and as what always holds."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import BusinessCalendar
from domain.leads import NextStep, Source, Stage
from domain.outreach.best_hour import Cell, HourRates, Tally
from domain.outreach.call_queue import (
    EARLY,
    Again,
    Candidate,
    Fresh,
    GoodHour,
    LargeCompany,
    NeverCalled,
    Planned,
    Promised,
    Ranking,
    Rates,
    Reason,
    Spoke,
    may_be_called,
    rank,
    value_of,
)
from domain.outreach.calls import CallRules, Connection, Outcome

TOKYO = ZoneInfo("Asia/Tokyo")
# A Tuesday, ten past ten in Tokyo.
NOW = datetime(2026, 4, 7, 1, 10, tzinfo=UTC)
CALENDAR = BusinessCalendar(TOKYO, holidays=frozenset({date(2026, 4, 29)}))
RULES = CallRules(max_attempts=8, min_gap_minutes=120)
PLAIN = Candidate(1, Stage.WORKING, Source.OUTBOUND_LIST, "機械", 100, "+81310005000", NOW - timedelta(days=30))


def queue(*candidates: Candidate, now: datetime = NOW, rates: Rates | None = None) -> Ranking:
    return rank(candidates, now, RULES, rates or Rates(), CALENDAR, random.Random(1))


def order(*candidates: Candidate, rates: Rates | None = None) -> list[int]:
    return [ranked.lead_id for ranked in queue(*candidates, rates=rates).calls]


def kinds(candidate: Candidate, rates: Rates | None = None) -> list[type[Reason]]:
    (ranked,) = queue(candidate, rates=rates).calls
    return [type(reason) for reason in ranked.reasons]


@pytest.mark.parametrize(
    "never",
    [
        {"do_not_call": True},
        {"phone": ""},
        {"last_connection": Connection.INVALID_NUMBER},
        {"attempts": 8},
        {"stage": Stage.HANDED_OFF},
        {"stage": Stage.ACCEPTED},
        {"stage": Stage.DISQUALIFIED},
        {"last_called_at": NOW - timedelta(minutes=119)},
        {"next_step": NextStep.CALL, "next_step_at": NOW + timedelta(days=1)},
        {"next_step": NextStep.NURTURE, "stage": Stage.NURTURING},
        {"next_step": NextStep.NURTURE, "next_step_at": NOW + timedelta(days=1), "stage": Stage.NURTURING},
        {"stage": Stage.SALES_QUALIFIED},
        {"next_step": NextStep.HAND_OFF, "stage": Stage.SALES_QUALIFIED},
        {"last_outcome": Outcome.MEETING_SET},
        {"meeting_ahead": True},
    ],
    ids=str,
)
def test_lead_is_not_in_the_queue_when(never: dict[str, object]) -> None:
    assert queue(replace(PLAIN, **never)) == Ranking()  # type: ignore[arg-type]  # the table's values


@pytest.mark.parametrize(
    "still",
    [
        {"attempts": 7},
        {"last_called_at": NOW - timedelta(minutes=120)},
        {"next_step": NextStep.CALL, "next_step_at": datetime(2026, 4, 7, 0, tzinfo=UTC)},
        {
            "next_step": NextStep.NURTURE,
            "next_step_at": datetime(2026, 4, 7, 0, tzinfo=UTC),
            "stage": Stage.NURTURING,
        },
        {
            "next_step": NextStep.CALL,
            "next_step_at": datetime(2026, 4, 6, 0, tzinfo=UTC),
            "stage": Stage.SALES_QUALIFIED,
        },
        {"stage": Stage.NEW},
    ],
    ids=str,
)
def test_lead_is_in_the_queue_when(still: dict[str, object]) -> None:
    assert len(queue(replace(PLAIN, **still)).calls) == 1  # type: ignore[arg-type]  # the table's values


@pytest.mark.parametrize("day", [date(2026, 4, 29), date(2026, 4, 11)])
def test_nobody_is_called_on_a_day_on_which_the_team_does_not_work(day: date) -> None:
    due = replace(PLAIN, next_step=NextStep.CALL, next_step_at=NOW, last_outcome=Outcome.CALLBACK)
    assert queue(PLAIN, due, now=datetime(day.year, day.month, day.day, 1, tzinfo=UTC)) == Ranking()


def test_promise_comes_first_five_minutes_before_its_time() -> None:
    form = replace(PLAIN, lead_id=2, source=Source.INBOUND_FORM, created_at=NOW - timedelta(minutes=3))
    promise = replace(
        PLAIN, next_step=NextStep.CALL, next_step_at=NOW + EARLY, last_outcome=Outcome.CALLBACK, last_called_at=NOW
    )
    assert order(form, promise) == [1, 2]


def test_promise_for_later_today_waits_beside_the_queue() -> None:
    later = replace(PLAIN, next_step=NextStep.CALL, next_step_at=NOW + timedelta(hours=3))
    soon = replace(later, lead_id=2, next_step_at=NOW + timedelta(hours=1))
    ranking = queue(later, soon)
    assert ranking.calls == ()
    assert [ranked.lead_id for ranked in ranking.later] == [2, 1]


def test_promise_is_kept_even_within_the_gap_since_the_last_dial() -> None:
    promise = replace(PLAIN, next_step=NextStep.CALL, next_step_at=NOW, last_called_at=NOW - timedelta(minutes=30))
    assert order(promise) == [1]


def test_call_planned_for_a_day_is_no_promise_at_nine() -> None:
    at_nine = datetime(2026, 4, 7, 0, tzinfo=UTC)
    planned = replace(PLAIN, next_step=NextStep.CALL, next_step_at=at_nine)
    assert kinds(planned)[0] is Planned
    assert kinds(replace(planned, last_outcome=Outcome.CALLBACK))[0] is Promised


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"source": Source.INBOUND_FORM, "created_at": NOW - timedelta(minutes=3)}, {}),
        (
            {"source": Source.TRADE_SHOW, "created_at": NOW - timedelta(hours=40)},
            {"source": Source.TRADE_SHOW, "created_at": NOW - timedelta(days=20)},
        ),
        ({"employees": 2000}, {"employees": 20}),
        ({}, {"attempts": 5}),
        ({"last_connected_at": NOW - timedelta(days=1), "last_called_at": NOW - timedelta(days=1)}, {}),
        ({"next_step": NextStep.CALL, "next_step_at": datetime(2026, 4, 7, 0, tzinfo=UTC)}, {}),
    ],
    ids=str,
)
def test_better_lead_comes_first(better: dict[str, object], worse: dict[str, object]) -> None:
    first = replace(PLAIN, lead_id=2, **better)  # type: ignore[arg-type]  # the table's values
    second = replace(PLAIN, lead_id=1, **worse)  # type: ignore[arg-type]  # the table's values
    assert order(second, first) == [2, 1]


def test_industry_that_picks_up_now_comes_first() -> None:
    hours = HourRates({Cell("機械", 1, 10): Tally(500, 200), Cell("化学", 1, 10): Tally(500, 25)})
    chemistry = replace(PLAIN, segment="化学")
    assert order(chemistry, replace(PLAIN, lead_id=2), rates=Rates(hours)) == [2, 1]


def test_source_that_becomes_opportunities_comes_first() -> None:
    rates = Rates(sources={Source.REFERRAL: Tally(400, 160), Source.OUTBOUND_LIST: Tally(400, 4)})
    referral = replace(PLAIN, lead_id=2, source=Source.REFERRAL, created_at=NOW - timedelta(days=300))
    assert order(replace(PLAIN, created_at=NOW - timedelta(days=300)), referral, rates=rates) == [2, 1]


def test_source_without_counts_has_the_teams_rate() -> None:
    rates = Rates(sources={Source.WEBINAR: Tally(1000, 500)})
    assert rates.opportunity(Source.REFERRAL) == pytest.approx((500 + 30 * 0.1) / 1030)


@pytest.mark.parametrize(("employees", "value"), [(None, 1.0), (0, 0.6), (49, 0.6), (50, 1.0), (300, 1.6), (1000, 2.5)])
def test_value_follows_the_size_class(employees: int | None, value: float) -> None:
    assert value_of(employees) == value


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, [NeverCalled]),
        ({"source": Source.TRADE_SHOW, "created_at": NOW - timedelta(hours=40)}, [Fresh]),
        ({"employees": 1200}, [NeverCalled, LargeCompany]),
        ({"attempts": 2, "last_called_at": NOW - timedelta(days=2)}, [Again]),
        (
            {"last_called_at": NOW - timedelta(days=1), "last_connected_at": NOW - timedelta(days=1)},
            [Spoke],
        ),
        (
            {"last_called_at": NOW - timedelta(days=40), "last_connected_at": NOW - timedelta(days=40)},
            [Spoke],
        ),
    ],
    ids=str,
)
def test_every_lead_has_its_reasons(changed: dict[str, object], expected: list[type[Reason]]) -> None:
    assert kinds(replace(PLAIN, **changed)) == expected  # type: ignore[arg-type]  # the table's values


def test_hour_is_a_reason_only_when_it_is_known_and_not_bad() -> None:
    good = Rates(HourRates({Cell("機械", 1, 10): Tally(200, 62), Cell("化学", 0, 9): Tally(800, 80)}))
    (ranked,) = queue(PLAIN, rates=good).calls
    assert ranked.reasons[0] == GoodHour("機械", 1, 10, good.hours.rate(Cell("機械", 1, 10)), Tally(200, 62))
    bad = Rates(HourRates({Cell("機械", 1, 10): Tally(200, 2), Cell("化学", 0, 9): Tally(800, 400)}))
    few = Rates(HourRates({Cell("機械", 1, 10): Tally(5, 5)}))
    assert GoodHour not in kinds(PLAIN, bad)
    assert GoodHour not in kinds(PLAIN, few)


moments = st.integers(-60 * 24 * 60, 60 * 24 * 3).map(lambda minutes: NOW + timedelta(minutes=minutes))
past = st.integers(0, 60 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes))
candidates = st.builds(
    Candidate,
    lead_id=st.integers(1, 10_000),
    stage=st.sampled_from(Stage),
    source=st.sampled_from(Source),
    segment=st.sampled_from(["", "機械", "化学"]),
    employees=st.none() | st.integers(0, 10_000),
    phone=st.sampled_from(["", "+81310005000"]),
    created_at=past,
    next_step=st.none() | st.sampled_from(NextStep),
    next_step_at=st.none() | moments,
    attempts=st.integers(0, 10),
    last_called_at=st.none() | past,
    last_connection=st.none() | st.sampled_from(Connection),
    last_outcome=st.none() | st.sampled_from(Outcome),
    last_connected_at=st.none() | past,
    do_not_call=st.booleans(),
    meeting_ahead=st.booleans(),
)
crowds = st.lists(candidates, max_size=30, unique_by=lambda c: c.lead_id)


@given(crowds, st.integers(0, 1000))
def test_nobody_who_may_not_be_called_is_ever_ranked(crowd: list[Candidate], seed: int) -> None:
    by_id = {candidate.lead_id: candidate for candidate in crowd}
    ranking = rank(crowd, NOW, RULES, Rates(), CALENDAR, random.Random(seed))
    for ranked in (*ranking.calls, *ranking.later):
        lead = by_id[ranked.lead_id]
        assert not lead.do_not_call
        assert lead.phone
        assert lead.attempts < RULES.max_attempts
        assert lead.last_connection is not Connection.INVALID_NUMBER
        assert lead.stage not in (Stage.HANDED_OFF, Stage.ACCEPTED, Stage.DISQUALIFIED)


@given(crowds, st.integers(0, 1000))
def test_due_promises_stand_before_all_others_in_the_order_of_their_times(crowd: list[Candidate], seed: int) -> None:
    ranking = rank(crowd, NOW, RULES, Rates(), CALENDAR, random.Random(seed))
    firsts = [ranked.reasons[0] for ranked in ranking.calls]
    promises = [reason for reason in firsts if isinstance(reason, Promised)]
    assert firsts[: len(promises)] == promises
    assert [promise.at for promise in promises] == sorted(promise.at for promise in promises)
    assert all(promise.at <= NOW + EARLY for promise in promises)


@given(crowds, st.integers(0, 1000))
def test_every_promise_of_today_to_a_lead_that_may_be_called_is_somewhere(crowd: list[Candidate], seed: int) -> None:
    ranking = rank(crowd, NOW, RULES, Rates(), CALENDAR, random.Random(seed))
    there = {ranked.lead_id for ranked in (*ranking.calls, *ranking.later)}
    for lead in crowd:
        promise = lead.next_step is NextStep.CALL and lead.last_outcome is Outcome.CALLBACK and lead.next_step_at
        if promise and promise.astimezone(TOKYO).date() <= date(2026, 4, 7) and may_be_called(lead, RULES):
            assert lead.lead_id in there


@given(crowds, st.integers(0, 1000))
def test_scores_fall_and_each_lead_stands_once_with_a_reason(crowd: list[Candidate], seed: int) -> None:
    ranking = rank(crowd, NOW, RULES, Rates(), CALENDAR, random.Random(seed))
    plain = [ranked.score for ranked in ranking.calls if not isinstance(ranked.reasons[0], Promised)]
    assert plain == sorted(plain, reverse=True)
    ids = [ranked.lead_id for ranked in (*ranking.calls, *ranking.later)]
    assert len(ids) == len(set(ids))
    assert all(ranked.reasons and ranked.score > 0 for ranked in (*ranking.calls, *ranking.later))


@given(crowds, st.randoms(use_true_random=False))
def test_order_of_the_candidates_does_not_matter(crowd: list[Candidate], shuffle: random.Random) -> None:
    shuffled = list(crowd)
    shuffle.shuffle(shuffled)
    one = rank(crowd, NOW, RULES, Rates(), CALENDAR, random.Random(7))
    assert one == rank(shuffled, NOW, RULES, Rates(), CALENDAR, random.Random(7))
