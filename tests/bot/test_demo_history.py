"""The invented history is consistent, repeatable, and drawn with the rates it says."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.demo_history import History
from bot.demo_names import company, person, team_of
from bot.demo_records import POLICY, DemoCall, DemoLead
from bot.demo_sales import cells_of
from bot.demo_truth import Tally
from domain.leads import NextStep, Source, Stage, check_move
from domain.outreach.calls import CallResult, CallRules, Connection, Outcome, Party, attempts_after
from domain.qualification.handoff import HandoffStatus
from domain.qualification.verdict import judge
from tests.bot.invented import NOW, calendar, invented

# Any moment of two years: at night, on Sundays, on New Year's Day.
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
HISTORIES = st.builds(
    invented, seed=st.integers(0, 10**6), reps=st.integers(1, 5), months=st.integers(1, 2), now=MOMENTS
)
few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@cache
def long_history() -> History:
    """Some sixty thousand calls."""
    return invented(seed=7, reps=12, months=8)


def local(history: History, at: int) -> datetime:
    return datetime.fromtimestamp(at, history.plan.calendar.zone)


def by_lead(calls: list[DemoCall]) -> dict[int, list[DemoCall]]:
    found: dict[int, list[DemoCall]] = defaultdict(list)
    for call in calls:
        found[call.lead].append(call)
    return found


def test_same_seed_gives_the_same_history() -> None:
    first, second = invented(seed=5), invented(seed=5)
    assert first.records == second.records
    assert first.truth == second.truth


def test_other_seeds_give_other_histories() -> None:
    assert invented(seed=5).records.calls != invented(seed=6).records.calls


@few
@given(HISTORIES)
def test_calls_happen_in_working_hours_of_reps_who_are_there(history: History) -> None:
    leave = {
        (each.rep, each.first + timedelta(days=n))
        for each in history.records.leaves
        for n in range((each.last - each.first).days + 1)
    }
    assert [call.at for call in history.records.calls] == sorted(call.at for call in history.records.calls)
    moments = Counter((call.rep, call.at) for call in history.records.calls)
    assert max(moments.values(), default=1) == 1
    for call in history.records.calls:
        assert history.plan.calendar.is_open(datetime.fromtimestamp(call.at, UTC))
        assert (call.rep, local(history, call.at).date()) not in leave


@few
@given(HISTORIES)
def test_nothing_but_plans_lies_in_the_future(history: History) -> None:
    records, now = history.records, int(history.plan.now.timestamp())
    past = [
        *(lead.created for lead in records.leads),
        *(lead.updated for lead in records.leads),
        *(call.at for call in records.calls),
        *(move.at for move in records.moves),
        *(each.at for each in records.decided),
        *(each.at for each in records.reopened),
        *(each.at for each in records.judgements),
        *(at for each in records.handoffs for at in (each.at, each.answered) if at),
        *(each.booked for each in records.meetings),
        *(at for each in records.meetings for at in (each.told, each.changed) if at),
        *(at for each in records.submissions for at in (each.received, each.claimed, each.responded)),
    ]
    assert max(past, default=now) <= now
    today = history.plan.now.astimezone(history.plan.calendar.zone).date()
    assert all(leave.last < today for leave in records.leaves)
    for meeting in records.meetings:
        assert meeting.status in ("booked", "cancelled") or meeting.ends <= now
        assert history.plan.calendar.is_open(datetime.fromtimestamp(meeting.starts, UTC))


@few
@given(HISTORIES)
def test_every_call_is_a_possible_result_of_a_lead_that_was_there(history: History) -> None:
    stopped: dict[int, int] = {lead.number: lead.stopped for lead in history.records.leads if lead.stopped}
    for call in history.records.calls:
        lead = history.records.leads[call.lead]
        assert lead.created < call.at
        assert call.rep == lead.owner
        assert call.at <= stopped.get(call.lead, call.at)
        promised = datetime.fromtimestamp(call.promised, UTC) if call.promised else None
        CallResult(call.connection, call.party, call.outcome, call.note, promised, call.reason).check()
        assert call.promised is None or call.promised > call.at


@few
@given(HISTORIES)
def test_leads_stand_where_their_calls_have_brought_them(history: History) -> None:
    rules, reopened = CallRules(), defaultdict(list)
    for again in history.records.reopened:
        reopened[again.lead].append(again.at)
    for number, calls in by_lead(history.records.calls).items():
        lead = history.records.leads[number]
        attempts, before = 0, 0
        for call in calls:
            if any(before < at <= call.at for at in reopened[number]):
                attempts = 0
            attempts = attempts_after(attempts, CallResult(call.connection, call.party, call.outcome), rules)
            before = call.at
        if any(at > before for at in reopened[number]):
            attempts = 0
        assert (lead.attempts, lead.called) == (attempts, calls[-1].at)
        assert all(b.at - a.at >= rules.min_gap_minutes * 60 for a, b in pairwise(calls))
    for lead in history.records.leads:
        assert (lead.called is None) == (lead.number not in by_lead(history.records.calls))


@few
@given(HISTORIES)
def test_stages_change_only_as_they_may_and_next_steps_fit_them(history: History) -> None:
    stages: dict[int, Stage] = {}
    for move in history.records.moves:
        assert stages.get(move.lead) is move.before
        if move.before is None:
            assert move.after is Stage.NEW
        else:
            check_move(move.before, move.after)
        stages[move.lead] = move.after
    for lead in history.records.leads:
        assert stages[lead.number] is lead.stage
        assert (lead.out is not None) == (lead.stage is Stage.DISQUALIFIED)
        match lead.stage:
            case Stage.NEW | Stage.DISQUALIFIED | Stage.ACCEPTED:
                assert (lead.step, lead.due) == (None, None)
            case Stage.WORKING:
                assert lead.step in (None, NextStep.CALL)
                assert (lead.step is None) == (lead.due is None)
            case Stage.NURTURING:
                assert lead.step is NextStep.NURTURE
            case Stage.SALES_QUALIFIED:
                assert lead.step is NextStep.HAND_OFF
            case Stage.HANDED_OFF:
                assert lead.step is NextStep.WAIT_FOR_FIELD_SALES


@few
@given(HISTORIES)
def test_judgements_handoffs_and_meetings_follow_from_each_other(history: History) -> None:
    records = history.records
    meant = {
        (call.lead, call.at) for call in records.calls if call.outcome in (Outcome.MEETING_SET, Outcome.INTERESTED)
    }
    talks = defaultdict(list)
    for lead, at in meant:
        talks[lead].append(at)
    for each in records.judgements:
        assert each.day == local(history, each.at).date()
        assert judge(each.answers, POLICY, each.day).sales_qualified is each.sales_qualified
        each.answers.check()
        assert any(0 < each.at - at <= 600 for at in talks[each.lead])
    for handoff in records.handoffs:
        judged = records.judgements[handoff.judgement]
        assert judged.sales_qualified
        assert (judged.lead, judged.rep) == (handoff.lead, handoff.rep)
        assert handoff.at > judged.at
        assert (handoff.answered is None) == (handoff.status is HandoffStatus.WAITING)
        assert (handoff.why is None) == (handoff.status is not HandoffStatus.RETURNED)
        handoff.package.check()
    handed = {(each.lead, each.judgement): each for each in records.handoffs}
    taken: set[tuple[int, int]] = set()
    for meeting in records.meetings:
        assert meeting.booked > handed[meeting.lead, meeting.judgement].at
        if meeting.status != "cancelled":
            cells = {(meeting.to, cell) for cell in cells_of(meeting)}
            assert taken.isdisjoint(cells)
            taken |= cells
        assert (meeting.told is not None) == (meeting.status in ("held", "no_show"))
        assert meeting.told is None or meeting.told > meeting.ends
        assert meeting.cancelled_by is None or meeting.changed < meeting.starts


@few
@given(HISTORIES)
def test_inbound_leads_are_claimed_and_called_by_the_same_rep(history: History) -> None:
    first = {number: calls[0] for number, calls in by_lead(history.records.calls).items()}
    for each in history.records.submissions:
        call = first[each.lead]
        assert (call.at, call.rep) == (each.responded, each.rep)
        assert each.received < each.claimed <= each.responded
        minutes = history.plan.calendar.minutes_between(
            *(datetime.fromtimestamp(at, UTC) for at in (each.received, each.responded))
        )
        assert each.seconds == round(minutes * 60)


@few
@given(HISTORIES)
def test_counts_are_those_of_the_calls(history: History) -> None:
    days: dict[tuple[object, ...], Tally] = {}
    hours: dict[tuple[object, ...], Tally] = {}
    for call in history.records.calls:
        lead, when = history.records.leads[call.lead], local(history, call.at)
        result = CallResult(call.connection, call.party, call.outcome)
        one = Tally(
            1,
            int(call.connection is Connection.ANSWERED),
            int(result.connected),
            int(result.effective),
            int(call.outcome is Outcome.MEETING_SET),
        )
        days.setdefault((when.date(), call.rep, lead.source), Tally()).add(one)
        hours.setdefault((company(lead.account).industry, when.weekday(), when.hour), Tally()).add(one)
    assert history.truth.counts.calls == days
    assert history.truth.counts.hours == hours


# The rates -----------------------------------------------------------------------------------------------------------


def near(successes: int, trials: int, rate: float) -> bool:
    """Whether so many successes are what chance makes of a true rate: within four standard deviations and a half."""
    spread = math.sqrt(trials * rate * (1 - rate))
    return abs(successes - trials * rate) <= 4.5 * max(spread, 1)


def test_connect_rates_are_the_true_ones_in_every_industry_at_every_hour() -> None:
    history = long_history()
    cells = history.truth.counts.hours
    assert sum(tally.dials for tally in cells.values()) > 50_000
    for (industry, weekday, hour), tally in cells.items():
        rate = history.truth.model.connect_rate(industry, weekday, hour)
        assert near(tally.connected, tally.dials, rate), (industry, weekday, hour)


def test_peak_is_in_the_morning_and_the_low_at_four() -> None:
    hours: dict[int, Tally] = defaultdict(Tally)
    for (_, _, hour), tally in long_history().truth.counts.hours.items():
        hours[hour].add(tally)
    rates = {hour: tally.connected / tally.dials for hour, tally in hours.items() if hour != 12}
    assert max(rates, key=rates.__getitem__) in (10, 11)
    assert min(rates, key=rates.__getitem__) == 16
    assert rates[17] > rates[16]


def test_reps_talk_and_sources_bring_meetings_at_their_true_rates() -> None:
    history = long_history()
    counts, model = history.truth.counts, history.truth.model
    for rep, habits in enumerate(model.reps):
        tally = counts.total(reps=[rep])
        assert near(tally.effective, tally.connected, habits.effective), rep
    for source, rates in model.sources.items():
        tally = counts.total(sources=[source])
        assert near(tally.meetings_set, tally.effective, rates.meeting), source


def test_judgements_and_meetings_come_out_at_their_true_rates() -> None:
    history = long_history()
    counts, model = history.truth.counts, history.truth.model
    asked, of = counts.bant_completion()
    assert near(asked, of, model.asked)
    answers = Counter(each.status for each in history.records.handoffs)
    answered = answers[HandoffStatus.ACCEPTED] + answers[HandoffStatus.RETURNED]
    assert near(answers[HandoffStatus.ACCEPTED], answered, model.accepted)
    accepted = {each.lead for each in history.records.handoffs if each.status is HandoffStatus.ACCEPTED}
    today = history.plan.now.astimezone(history.plan.calendar.zone).date()
    over = [
        meeting.status
        for meeting in history.records.meetings
        if meeting.lead in accepted and local(history, meeting.starts).date() < today
    ]
    assert len(over) > 200
    assert near(over.count("held"), len(over), model.held)


@pytest.mark.parametrize(("seed", "reps", "months"), [(1, 3, 3), (7, 12, 8)])
def test_most_visitors_of_a_trade_show_are_called_within_two_days_but_not_all(
    seed: int, reps: int, months: int
) -> None:
    history = long_history() if seed == 7 else invented(seed=seed, reps=reps, months=months)
    calls, two_days = by_lead(history.records.calls), 48 * 3600
    over = [
        lead
        for lead in history.records.leads
        if lead.source is Source.TRADE_SHOW and history.plan.now.timestamp() - lead.created >= two_days
    ]
    waits = [calls[lead.number][0].at - lead.created for lead in over if lead.number in calls]
    share = sum(wait <= two_days for wait in waits) / len(over)
    assert history.truth.model.prompt - 0.1 < share < 1


def test_reps_dial_as_often_as_they_are_used_to() -> None:
    history = long_history()
    for rep, habits in enumerate(history.truth.model.reps):
        days = defaultdict(int)
        for (day, who, _), tally in history.truth.counts.calls.items():
            if who == rep:
                days[day] += tally.dials
        mean = sum(days.values()) / len(days)
        assert 0.75 * habits.dials < mean < 1.25 * habits.dials, rep


# What a visitor finds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hour", [2, 7, 9])
def test_visitor_finds_a_morning_half_done(hour: int) -> None:
    now = NOW.replace(hour=hour)
    history = invented(months=3, now=now)
    at, zone = int(now.timestamp()), calendar().zone
    today = now.astimezone(zone).date()
    done = [call for call in history.records.calls if local(history, call.at).date() == today]
    assert 10 < len(done) < 60
    assert max(local(history, call.at).hour for call in done) == 10
    open_leads = [lead for lead in history.records.leads if lead.stage in (Stage.NEW, Stage.WORKING)]
    assert any(lead.due and lead.due <= at for lead in open_leads), "no overdue call"
    assert any(lead.step is None for lead in open_leads), "no lead without a next step"
    assert any(lead.stage is Stage.SALES_QUALIFIED for lead in history.records.leads), "none ready to be handed off"
    assert any(each.status is HandoffStatus.WAITING for each in history.records.handoffs), "no handoff waits"
    assert any(each.status == "booked" and each.starts > at for each in history.records.meetings), "no meeting ahead"


def test_callbacks_are_due_later_today() -> None:
    now = NOW.replace(hour=2)
    history = invented(months=3, now=now)
    end = int(now.timestamp()) + 7 * 3600
    due = [
        lead
        for lead in history.records.leads
        if lead.due and now.timestamp() < lead.due < end and lead.step is NextStep.CALL
    ]
    assert len(due) >= 3


# Names ---------------------------------------------------------------------------------------------------------------


def test_invented_companies_have_names_and_sites_of_their_own() -> None:
    companies = [company(number) for number in range(4000)]
    assert len({each.name for each in companies}) == len({each.website for each in companies}) == 4000
    assert all(each.website.endswith(".example") for each in companies)


def test_no_invented_company_is_a_real_one_of_the_example_file() -> None:
    real = Path("data/companies-500.csv").read_text(encoding="utf-8-sig")
    assert [each.name for number in range(2000) if (each := company(number)).name in real] == []


def test_people_are_told_apart_for_a_long_time() -> None:
    assert len({person(number) for number in range(1000)}) == 1000


@pytest.mark.parametrize(("reps", "inside", "field"), [(1, 3, 3), (3, 3, 3), (12, 12, 4), (30, 30, 10)])
def test_larger_team_has_people_for_every_rep(reps: int, inside: int, field: int) -> None:
    team = team_of(reps)
    team.check()
    roles = Counter(person.role for person in team.people)
    assert (roles["is"], roles["fs"]) == (inside, field)
    names = [person.real_name for person in team.people]
    assert len(names) == len(set(names))


def test_lead_of_a_short_history_is_never_without_a_past() -> None:
    leads: list[DemoLead] = invented().records.leads
    assert {lead.number for lead in leads} == set(range(len(leads)))
    assert all(lead.version > 1 for lead in leads if lead.called)
    assert Party.NONE not in {call.party for call in invented().records.calls if call.connection is Connection.ANSWERED}
