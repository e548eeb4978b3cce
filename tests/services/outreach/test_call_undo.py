"""Calls by one click, taken back again, and the roll-ups that go with them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Code, Refused
from domain.leads import DisqualifyReason, NextStep, Source, Stage
from domain.outreach.calls import (
    QUICK,
    CallResult,
    CallRules,
    Connection,
    Outcome,
    Party,
    Plan,
    QuickResult,
    offset_periods,
)
from services import rules
from services.data import integrations
from services.deps import Deps
from services.outreach import calls, leads, roll_up
from services.outreach.leads import NextStepInput
from storage.database import Database
from storage.outbox import Outbox
from storage.tables import Account, AuditLog, Call, CallDay, CallHour, Contact, Lead, Team
from tests.services.office import NOW, Clock, Office, open_office

NO_ANSWER = QUICK[QuickResult.NO_ANSWER]
CONNECTED = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.INTERESTED)


async def lead_row(office: Office, lead_id: int) -> dict[str, Any]:
    """Everything of a lead but what every change counts."""
    async with office.deps.reading(office.team_id) as session:
        row = (await session.execute(sa.select(Lead.__table__).where(Lead.id == lead_id))).one()
    return {name: value for name, value in row._mapping.items() if name not in ("version", "updated_at")}


async def rolled_up(office: Office) -> tuple[list[Any], list[Any]]:
    async with office.deps.reading(office.team_id) as session:
        days = await session.execute(
            sa.select(CallDay.day, CallDay.member_id, CallDay.source, CallDay.dials, CallDay.connected)
        )
        hours = await session.execute(
            sa.select(CallHour.segment, CallHour.weekday, CallHour.hour, CallHour.dials, CallHour.connected)
        )
        return [tuple(row) for row in days], [tuple(row) for row in hours]


async def test_click_sent_again_makes_one_call(office: Office) -> None:
    lead_id = await office.lead()
    first = await calls.log(office.deps, office.sato, lead_id, NO_ANSWER, request_key="C1:1.1:2.2")
    again = await calls.log(office.deps, office.sato, lead_id, NO_ANSWER, request_key="C1:1.1:2.2")
    assert (first.call_id, first.repeated, again.call_id, again.repeated) == (first.call_id, False, first.call_id, True)
    assert again.state.attempts == 1
    assert await office.rows(Call) == 1
    assert await roll_up.check(office.deps, office.sato) == []


async def test_same_click_twice_at_once_makes_one_call(office: Office) -> None:
    lead_id = await office.lead()
    made = await asyncio.gather(
        *(calls.record(office.deps, office.sato, lead_id, NO_ANSWER, request_key="same") for _ in range(8))
    )
    assert len(set(made)) == 1
    assert (await rolled_up(office))[0] == [(date(2026, 4, 1), office.sato.member_id, "other", 1, 0)]


async def test_call_is_counted_in_the_teams_day_and_hour(office: Office) -> None:
    # Half past three in the afternoon of the last of March in London is half past eleven at night in Tokyo.
    office.clock.now = datetime(2026, 3, 31, 14, 30, tzinfo=UTC)
    lead_id = await office.lead(source=Source.WEBINAR)
    await calls.record(office.deps, office.sato, lead_id, CONNECTED)
    days, hours = await rolled_up(office)
    assert days == [(date(2026, 3, 31), office.sato.member_id, "webinar", 1, 1)]
    assert hours == [("機械", 1, 23, 1, 1)]


async def test_undo_leaves_lead_and_roll_ups_as_they_were_and_both_in_the_audit_log(office: Office) -> None:
    lead_id = await office.lead()
    before = await lead_row(office, lead_id)
    call_id = await calls.record(office.deps, office.sato, lead_id, NO_ANSWER)
    office.clock.forward(seconds=60)
    undone = await calls.undo(office.deps, office.sato, call_id)
    assert undone.state.stage is Stage.NEW
    assert await lead_row(office, lead_id) == before
    assert await office.moves(lead_id) == [(None, "new")]
    assert await rolled_up(office) == ([], [])
    assert await office.rows(Call) == 0
    assert len(await office.audited("lead.call")) == len(await office.audited("lead.call.undo")) == 1


async def test_undone_callback_gives_the_earlier_promise_back(office: Office) -> None:
    lead_id = await office.lead()
    promised = NOW + timedelta(days=2)
    first = CallResult(Connection.ANSWERED, Party.GATEKEEPER, Outcome.CALLBACK, callback_at=promised)
    await calls.record(office.deps, office.sato, lead_id, first)
    before = await lead_row(office, lead_id)
    out = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.DISQUALIFIED)
    call_id = await calls.record(office.deps, office.sato, lead_id, out)
    assert await office.stage(lead_id) == "disqualified"
    await calls.undo(office.deps, office.sato, call_id)
    assert await lead_row(office, lead_id) == before


async def test_undo_is_refused_after_a_minute(office: Office) -> None:
    call_id = await calls.record(office.deps, office.sato, await office.lead(), NO_ANSWER)
    office.clock.forward(seconds=61)
    with pytest.raises(Refused) as refused:
        await calls.undo(office.deps, office.sato, call_id)
    assert refused.value.code is Code.TOO_LATE
    assert await office.rows(Call) == 1


async def test_undo_twice_takes_one_call_back(office: Office) -> None:
    lead_id = await office.lead()
    await calls.record(office.deps, office.sato, lead_id, NO_ANSWER)
    call_id = await calls.record(office.deps, office.sato, lead_id, NO_ANSWER)
    answers = await asyncio.gather(
        *(calls.undo(office.deps, office.sato, call_id) for _ in range(4)), return_exceptions=True
    )
    assert [getattr(answer, "code", None) for answer in answers].count(Code.ALREADY_DONE) == 3
    assert await office.rows(Call) == 1
    assert await roll_up.check(office.deps, office.sato) == []


async def test_colleague_cannot_take_a_call_back(office: Office) -> None:
    call_id = await calls.record(office.deps, office.sato, await office.lead(), NO_ANSWER)
    with pytest.raises(Refused) as refused:
        await calls.undo(office.deps, office.suzuki, call_id)
    assert refused.value.code is Code.NOT_ALLOWED


async def test_earlier_call_cannot_be_taken_from_under_a_later_one(office: Office) -> None:
    lead_id = await office.lead()
    first = await calls.record(office.deps, office.sato, lead_id, NO_ANSWER)
    second = await calls.record(office.deps, office.sato, lead_id, CONNECTED)
    with pytest.raises(Refused) as refused:
        await calls.undo(office.deps, office.sato, first)
    assert refused.value.code is Code.STALE
    await calls.undo(office.deps, office.sato, second)
    await calls.undo(office.deps, office.sato, first)
    assert await office.stage(lead_id) == "new"


async def test_button_of_a_call_taken_back_does_not_reach_the_next_one(office: Office) -> None:
    lead_id = await office.lead()
    first = await calls.log(office.deps, office.sato, lead_id, NO_ANSWER)
    await calls.undo(office.deps, office.sato, first.call_id, first.mark)
    # SQLite gives the number away again.
    await calls.log(office.deps, office.sato, lead_id, NO_ANSWER)
    with pytest.raises(Refused) as refused:
        await calls.undo(office.deps, office.sato, first.call_id, first.mark)
    assert refused.value.code is Code.ALREADY_DONE
    assert await office.rows(Call) == 1


async def test_step_decided_meanwhile_outlives_the_undo(office: Office) -> None:
    lead_id = await office.lead()
    call_id = await calls.record(office.deps, office.sato, lead_id, NO_ANSWER)
    await leads.set_next_step(office.deps, office.sato, lead_id, NextStepInput(NextStep.NURTURE))
    undone = await calls.undo(office.deps, office.sato, call_id)
    assert (undone.state.stage, undone.state.attempts, undone.state.last_called_at) == (Stage.NURTURING, 0, None)


async def test_reaching_the_person_counts_attempts_from_nothing_again(office: Office) -> None:
    lead_id = await office.lead()
    for _ in range(3):
        done = await calls.log(office.deps, office.sato, lead_id, NO_ANSWER)
    assert done.state.attempts == 3
    done = await calls.log(office.deps, office.sato, lead_id, CONNECTED)
    assert done.state.attempts == 0


async def test_wrong_number_uses_up_all_attempts(office: Office) -> None:
    done = await calls.log(office.deps, office.sato, await office.lead(), CallResult(Connection.INVALID_NUMBER))
    assert (done.state.attempts, done.at_cap) == (8, True)


async def test_owner_is_offered_nurture_when_a_colleague_makes_the_last_attempt(office: Office) -> None:
    await calls.change_rules(office.deps, office.mori, CallRules(max_attempts=2))
    lead_id = await office.lead()
    await calls.log(office.deps, office.suzuki, lead_id, NO_ANSWER)
    assert await office.deliveries() == {}
    done = await calls.log(office.deps, office.suzuki, lead_id, NO_ANSWER)
    assert done.at_cap
    ((kind, channel, arguments),) = (await office.deliveries()).values()
    assert (kind, channel, arguments) == ("call-cap", office.sato.slack_user, {"lead": lead_id, "attempts": 2})
    # The dial after the last one tells nobody again.
    await calls.log(office.deps, office.suzuki, lead_id, NO_ANSWER)
    assert len(await office.deliveries()) == 1
    assert await roll_up.check(office.deps, office.sato) == []


async def test_dial_too_soon_after_the_last_is_saved_and_says_so(office: Office) -> None:
    lead_id = await office.lead()
    await calls.log(office.deps, office.sato, lead_id, NO_ANSWER)
    office.clock.forward(minutes=20)
    assert (await calls.log(office.deps, office.sato, lead_id, NO_ANSWER)).since_last == timedelta(minutes=20)
    office.clock.forward(minutes=120)
    assert (await calls.log(office.deps, office.sato, lead_id, NO_ANSWER)).since_last is None
    assert await office.rows(Call) == 3


async def test_call_entered_late_does_not_undo_that_the_person_was_reached(office: Office) -> None:
    lead_id = await office.lead()
    await calls.record(office.deps, office.sato, lead_id, CONNECTED)
    office.clock.forward(hours=1)
    await calls.record(office.deps, office.sato, lead_id, NO_ANSWER)
    late = await calls.log(office.deps, office.sato, lead_id, NO_ANSWER, called_at=NOW - timedelta(hours=1))
    assert (late.state.attempts, late.state.last_called_at) == (1, NOW + timedelta(hours=1))


async def test_reach_entered_late_leaves_only_the_later_dials(office: Office) -> None:
    lead_id = await office.lead()
    for _ in range(3):
        office.clock.forward(hours=3)
        await calls.record(office.deps, office.sato, lead_id, NO_ANSWER)
    late = await calls.log(office.deps, office.sato, lead_id, CONNECTED, called_at=NOW + timedelta(hours=4))
    assert late.state.attempts == 2


async def test_dial_at_the_promised_time_keeps_the_promise(office: Office) -> None:
    lead_id = await office.lead()
    at = NOW + timedelta(hours=5)
    promised = CallResult(Connection.ANSWERED, Party.GATEKEEPER, Outcome.CALLBACK, callback_at=at)
    await calls.record(office.deps, office.sato, lead_id, promised)
    office.clock.forward(hours=4)
    early = await calls.log(office.deps, office.sato, lead_id, NO_ANSWER)
    assert (early.state.next_step, early.state.next_step_at) == (NextStep.CALL, at)
    office.clock.forward(minutes=50)
    assert (await calls.log(office.deps, office.sato, lead_id, NO_ANSWER)).state.next_step is None


async def test_plan_beside_the_result_is_the_next_step(office: Office) -> None:
    lead_id = await office.lead()
    plan = Plan(NextStep.NURTURE, NOW + timedelta(days=30))
    done = await calls.log(office.deps, office.sato, lead_id, CONNECTED, plan=plan)
    assert (done.state.stage, done.state.next_step, done.state.next_step_at) == (
        Stage.NURTURING,
        NextStep.NURTURE,
        NOW + timedelta(days=30),
    )
    out = Plan(NextStep.DISQUALIFY, reason=DisqualifyReason.NO_NEED)
    done = await calls.log(office.deps, office.sato, lead_id, NO_ANSWER, plan=out)
    assert (done.state.stage, done.state.disqualify_reason) == (Stage.DISQUALIFIED, DisqualifyReason.NO_NEED)


async def test_role_that_does_not_call_is_refused(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        await calls.record(office.deps, office.marketer, await office.lead(), NO_ANSWER)
    assert refused.value.code is Code.NOT_ALLOWED


async def test_rules_out_of_bounds_are_rejected_and_those_in_bounds_kept(office: Office) -> None:
    with pytest.raises(Exception, match="max_attempts"):
        await calls.change_rules(office.deps, office.mori, CallRules(max_attempts=0))
    with pytest.raises(Refused):
        await calls.change_rules(office.deps, office.sato, CallRules(max_attempts=5))
    await calls.change_rules(office.deps, office.mori, CallRules(max_attempts=5, min_gap_minutes=0, daily_target=50))
    assert await calls.call_rules(office.deps, office.sato) == CallRules(5, 0, 50)
    assert await rules.read(office.deps, office.team_id, "calls", CallRules()) == CallRules(5, 0, 50)


# Roll-ups


async def test_check_names_what_differs_and_rebuild_mends_it(office: Office, neighbours: Office) -> None:
    for team in (office, neighbours):
        await calls.record(team.deps, team.sato, await team.lead(), CONNECTED)
    async with office.deps.writing(office.team_id) as session:
        await session.execute(sa.update(CallDay).values(dials=7))
        await session.execute(sa.delete(CallHour))
    day, hour = await roll_up.check(office.deps, office.sato)
    assert (day.table, day.kept["dials"], day.counted["dials"]) == ("call_days", 7, 1)
    assert "2026-04-01" in day.key
    assert (hour.table, hour.kept, hour.counted) == (
        "call_hours",
        {"dials": 0, "connected": 0},
        {"dials": 1, "connected": 1},
    )
    with pytest.raises(Refused):
        await roll_up.rebuild(office.deps, office.sato)
    await roll_up.rebuild(office.deps, office.boss)
    assert await roll_up.check(office.deps, office.sato) == []
    assert await roll_up.check(neighbours.deps, neighbours.sato) == []


async def test_calls_on_both_sides_of_a_clock_change_are_counted_in_their_own_hours(office: Office) -> None:
    async with office.deps.writing(office.team_id) as session:
        await session.execute(sa.text("UPDATE teams SET zone = 'Europe/Berlin' WHERE id = :team"), {"team": "T1"})
    sato = replace(office.sato, team_zone="Europe/Berlin")
    for moment in (
        datetime(2026, 10, 24, 22, 30, tzinfo=UTC),  # half past midnight of the 25th, in summer time
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # half past two, for the first time
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),  # half past two again, in winter time
        datetime(2026, 10, 25, 23, 30, tzinfo=UTC),  # half past midnight of the 26th
    ):
        office.clock.now = moment
        await calls.record(office.deps, sato, await office.lead(), NO_ANSWER)
    assert await roll_up.check(office.deps, office.sato) == []
    _, hours = await rolled_up(office)
    assert sorted(hours) == [("機械", 0, 0, 1, 0), ("機械", 6, 0, 1, 0), ("機械", 6, 2, 2, 0)]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_periods_cover_the_time_without_gaps_each_at_one_distance_from_utc(zone: str) -> None:
    first, last = datetime(2025, 1, 1, 0, 0, 1, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)
    periods = offset_periods(ZoneInfo(zone), first, last)
    assert periods[0].start == first
    assert periods[-1].end > last
    assert all(one.end == other.start for one, other in pairwise(periods))
    for period in periods:
        for moment in (period.start, period.end - timedelta(microseconds=1)):
            assert moment.astimezone(ZoneInfo(zone)).utcoffset() == period.offset
    assert len(periods) == (1 if zone == "Asia/Tokyo" else 5)


# Any sequence

RESULTS = (
    *QUICK.values(),
    CallResult(Connection.BUSY),
    CallResult(Connection.INVALID_NUMBER),
    CONNECTED,
    CallResult(Connection.ANSWERED, Party.DECISION_MAKER, Outcome.MEETING_SET),
    CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.DISQUALIFIED),
    CallResult(Connection.ANSWERED, Party.GATEKEEPER, Outcome.DO_NOT_CALL, "もうかけないで"),
)
STEP = st.one_of(
    st.tuples(
        st.just("record"),
        st.sampled_from(RESULTS),
        st.integers(0, 2),
        st.sampled_from(["sato", "suzuki"]),
        st.integers(0, 5),
    ),
    st.tuples(st.just("undo"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.sampled_from([1, 59, 61, 3600, 50_000])),
)


async def everything(office: Office) -> dict[str, list[Any]]:
    """What calls may change, apart from the audit log and what counts changes."""
    async with office.deps.reading(office.team_id) as session:
        left_out = {"version", "updated_at"}
        found = {}
        for model in (Lead, Contact, Call, CallDay, CallHour):
            columns = [column for column in model.__table__.columns if column.name not in left_out]
            mine = model.__table__.c.team_id == office.team_id
            found[model.__tablename__] = sorted(map(repr, await session.execute(sa.select(*columns).where(mine))))
        return found


@contextmanager
def suppress_only(*codes: Code) -> Iterator[None]:
    """Let these refusals pass."""
    try:
        yield
    except Refused as refused:
        if refused.code not in codes:
            raise


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=14), number=st.integers(0, 2**40))
async def test_any_sequence_of_calls_and_undos_leaves_roll_ups_equal_to_the_calls(
    database: Database, queue_client: Any, steps: list[Any], number: int
) -> None:
    clock = Clock()
    deps = Deps(database, Outbox(queue_client), clock)
    # A team of its own for each example; a colliding number only makes a team that is there already.
    office = await open_office(deps, clock, f"T{number}-{await teams(database)}")
    other = await office.account("ひので物流", industry="運輸")
    lead_ids = [await office.lead(), await office.lead("白石 花"), await office.lead("海野 守", account_id=other)]
    undoable: list[tuple[int, str, dict[str, list[Any]] | None]] = []
    for step in steps:
        match step:
            case ("record", result, which, who, hours_late):
                before = await everything(office)
                late = clock.now - timedelta(hours=hours_late) if hours_late else None
                with suppress_only(Code.DO_NOT_CALL):
                    made = await calls.record(
                        deps, office.members[who], lead_ids[which], result, called_at=late, request_key=str(number)
                    )
                    undoable.append((made, who, before))
                number += 1
            case ("undo", back) if back < len(undoable):
                call_id, who, before = undoable.pop(-1 - back)
                with suppress_only(Code.TOO_LATE, Code.STALE):
                    await calls.undo(deps, office.members[who], call_id)
                    if back == 0 and before is not None:
                        assert await everything(office) == before
                    if back:
                        # What was before the later calls had this one in it.
                        undoable = [(made, by, None) for made, by, _before in undoable]
            case ("wait", seconds):
                clock.forward(seconds=seconds)
        assert await roll_up.check(deps, office.sato) == []


async def teams(database: Database) -> int:
    async with database.reading_across_teams() as session:
        return int(await session.scalar(sa.select(sa.func.count(Team.id))) or 0)


async def test_audit_log_says_who_called_and_who_took_it_back(office: Office) -> None:
    call_id = await calls.record(office.deps, office.sato, await office.lead(), NO_ANSWER)
    await calls.undo(office.deps, office.sato, call_id)
    async with office.deps.reading(office.team_id) as session:
        rows = await session.execute(
            sa.select(AuditLog.member_id, AuditLog.action).where(AuditLog.action.startswith("lead.call"))
        )
        assert sorted(map(tuple, rows)) == [
            (office.sato.member_id, "lead.call"),
            (office.sato.member_id, "lead.call.undo"),
        ]


async def test_calls_follow_their_company_into_the_industry_an_import_gives_it(office: Office, tmp_path: Path) -> None:
    async def imported(industry: str) -> None:
        file = tmp_path / "companies.csv"
        file.write_text(f"法人番号,会社名,業種\n7999900000101,株式会社ひので物流,{industry}\n", encoding="utf-8")
        await integrations.import_accounts(office.deps, office.boss, file, reason=str)

    await imported("運輸")
    async with office.deps.reading(office.team_id) as session:
        moved = await session.scalar(sa.select(Account.id).where(Account.industry == "運輸"))
    assert moved is not None
    for account_id in (office.account_id, moved, moved):
        await calls.record(office.deps, office.sato, await office.lead("人", account_id=account_id), CONNECTED)
    await imported("倉庫")
    assert sorted((await rolled_up(office))[1]) == [("倉庫", 2, 10, 2, 2), ("機械", 2, 10, 1, 1)]
    assert await roll_up.check(office.deps, office.sato) == []
