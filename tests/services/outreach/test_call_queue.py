"""The call queue on both databases: who is in it, what it learned, who gets it in the morning."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from domain.clock import Due
from domain.errors import Code, Refused
from domain.leads import NextStep, Source
from domain.outreach.best_hour import Cell, Tally
from domain.outreach.call_queue import GoodHour, Promised, Spoke
from domain.outreach.calls import CallResult, CallRules, Connection, Outcome, Party
from domain.performance.windows import Span
from services import rules
from services.deps import Actor
from services.outreach import call_queue
from services.outreach.calls import record
from services.outreach.leads import take_over
from services.performance import targets
from storage.tables import Absence, CallDay, CallHour, Contact, Lead, Meeting, Member, TeamDay
from tests.services.office import NOW, TODAY, Clock, Office

PHONE = "03-1000-5000"
CALLBACK = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.CALLBACK, "10時に戻る", NOW + timedelta(hours=2))
SPOKE = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.INTERESTED, "興味あり")


async def queued(office: Office, actor: Actor | None = None) -> list[int]:
    queue = await call_queue.build(office.deps, actor or office.sato)
    return [line.lead_id for line in queue.calls]


async def change(office: Office, table: Any, condition: Any, **values: Any) -> None:
    async with office.deps.writing(office.team_id) as session:
        await session.execute(sa.update(table).where(condition).values(**values))


async def add(office: Office, *rows: Any) -> None:
    async with office.deps.writing(office.team_id) as session:
        session.add_all(rows)


async def test_queue_holds_own_leads_that_can_be_called(office: Office) -> None:
    mine = await office.lead(phone=PHONE)
    await office.lead("清水 由美")
    await office.lead("別の 担当", owner=office.suzuki, phone="03-1000-5001")
    assert await queued(office) == [mine]


async def test_queue_of_another_team_is_its_own(office: Office, neighbours: Office) -> None:
    await office.lead(phone=PHONE)
    assert await queued(neighbours) == []


async def test_lead_that_is_taken_over_moves_to_the_new_owners_queue(office: Office) -> None:
    lead = await office.lead(phone=PHONE)
    await take_over(office.deps, office.suzuki, lead)
    assert await queued(office) == []
    assert await queued(office, office.suzuki) == [lead]


async def test_do_not_call_leaves_the_queue_at_once(office: Office) -> None:
    lead = await office.lead(phone=PHONE)
    assert await queued(office) == [lead]
    await change(office, Contact, Contact.phone != "", do_not_call_at=NOW)
    assert await queued(office) == []


async def test_lead_at_the_teams_own_cap_leaves_the_queue(office: Office) -> None:
    lead = await office.lead(phone=PHONE)
    await change(office, Lead, Lead.id == lead, attempts=3)
    assert await queued(office) == [lead]
    await rules.change(office.deps, office.mori, "calls", CallRules(max_attempts=3))
    assert await queued(office) == []


async def test_lists_of_one_morning_share_the_rules_for_a_minute(office: Office, clock: Clock) -> None:
    lead = await office.lead(phone=PHONE)
    await change(office, Lead, Lead.id == lead, attempts=3)
    assert (await call_queue.build(office.deps, office.sato, morning=True)).total == 1
    await rules.change(office.deps, office.mori, "calls", CallRules(max_attempts=3))
    assert (await call_queue.build(office.deps, office.sato, morning=True)).total == 1
    clock.forward(minutes=1)
    assert (await call_queue.build(office.deps, office.sato, morning=True)).total == 0


async def test_called_lead_comes_back_after_the_gap(office: Office, clock: Clock) -> None:
    lead = await office.lead(phone=PHONE)
    await record(office.deps, office.sato, lead, CallResult(Connection.NO_ANSWER))
    assert await queued(office) == []
    clock.forward(minutes=CallRules().min_gap_minutes)
    assert await queued(office) == [lead]


async def test_lead_with_a_meeting_ahead_is_not_called(office: Office) -> None:
    lead = await office.lead(phone=PHONE)
    await add(
        office,
        Meeting(
            team_id=office.team_id,
            lead_id=lead,
            member_id=office.ito.member_id,
            starts_at=NOW + timedelta(days=2),
            ends_at=NOW + timedelta(days=2, hours=1),
            customer_zone="Asia/Tokyo",
            language="ja",
            subject="ご商談",
            uid="1@example",
            created_at=NOW,
        ),
    )
    assert await queued(office) == []
    await change(office, Meeting, Meeting.lead_id == lead, status="cancelled")
    assert await queued(office) == [lead]


async def test_promised_callback_is_announced_and_comes_first_at_its_time(office: Office, clock: Clock) -> None:
    promised = await office.lead(phone=PHONE)
    other = await office.lead("清水 由美", phone="03-1000-5001", source=Source.INBOUND_FORM)
    await record(office.deps, office.sato, promised, CALLBACK)
    before = await call_queue.build(office.deps, office.sato)
    assert [line.lead_id for line in before.calls] == [other]
    assert [(line.lead_id, line.promised_at) for line in before.later] == [(promised, CALLBACK.callback_at)]
    clock.forward(hours=1, minutes=55)
    due = await call_queue.build(office.deps, office.sato)
    assert [line.lead_id for line in due.calls] == [promised, other]
    assert due.calls[0].reasons[0] == Promised(CALLBACK.callback_at or NOW, by_customer=True)
    assert due.calls[0].note == "10時に戻る"


async def test_last_conversation_is_a_reason_with_its_note(office: Office, clock: Clock) -> None:
    lead = await office.lead(phone=PHONE)
    await record(office.deps, office.sato, lead, SPOKE)
    spoken = clock.now
    clock.forward(hours=3)
    await record(office.deps, office.sato, lead, CallResult(Connection.NO_ANSWER))
    clock.forward(hours=21)
    (line,) = (await call_queue.build(office.deps, office.sato)).calls
    assert Spoke(spoken) in line.reasons
    assert line.note == ""


async def test_rates_are_learned_from_the_teams_own_calls(office: Office, clock: Clock) -> None:
    await office.lead(phone=PHONE)
    await add(
        office,
        # A Wednesday at ten, which is when this clock stands.
        CallHour(team_id=office.team_id, segment="機械", weekday=2, hour=10, dials=100, connected=31),
        CallHour(team_id=office.team_id, segment="化学", weekday=2, hour=10, dials=300, connected=30),
        CallDay(
            team_id=office.team_id,
            day=TODAY - timedelta(days=9),
            member_id=office.sato.member_id,
            source="referral",
            dials=100,
            connected=40,
        ),
    )
    (line,) = (await call_queue.build(office.deps, office.sato)).calls
    (hour,) = [reason for reason in line.reasons if isinstance(reason, GoodHour)]
    assert (hour.weekday, hour.hour, hour.tally) == (2, 10, Tally(100, 31))
    async with office.deps.reading(office.team_id) as session:
        rates = await call_queue.learned(office.deps, session, office.team_id, clock.now)
    assert rates.sources[Source.REFERRAL] == Tally(40, 0)
    assert rates.hours.tally(Cell("化学", 2, 10)) == Tally(300, 30)


async def test_what_was_learned_is_read_again_after_some_minutes(office: Office, clock: Clock) -> None:
    async def tries() -> int:
        async with office.deps.reading(office.team_id) as session:
            return (await call_queue.learned(office.deps, session, office.team_id, clock.now)).hours.team.tries

    assert await tries() == 0
    await add(office, CallHour(team_id=office.team_id, segment="", weekday=0, hour=9, dials=5, connected=1))
    clock.forward(minutes=4)
    assert await tries() == 0
    clock.forward(minutes=1)
    assert await tries() == 5


async def test_queue_says_what_was_done_on_the_business_day_before(office: Office) -> None:
    def done(day: date, dials: int, source: str) -> CallDay:
        member = office.sato.member_id
        return CallDay(
            team_id=office.team_id,
            day=day,
            member_id=member,
            source=source,
            dials=dials,
            answered=3,
            connected=2,
            effective=1,
            meetings_set=1,
        )

    await add(office, done(date(2026, 3, 31), 20, "webinar"), done(date(2026, 3, 31), 14, "other"))
    await add(office, done(TODAY, 7, "other"))
    queue = await call_queue.build(office.deps, office.sato)
    assert (queue.before.day, queue.before.dials, queue.before.connected) == (date(2026, 3, 31), 34, 4)
    assert (queue.before.meetings_set, queue.today.dials, queue.target) == (2, 7, CallRules().daily_target)
    assert queue.logged is None


async def test_target_of_the_day_is_the_own_one_until_it_is_taken_back(office: Office) -> None:
    await targets.set_(office.deps, office.mori, "dials", Span.DAY, 55, member_id=office.suzuki.member_id)
    await targets.set_(office.deps, office.mori, "dials", Span.DAY, 40, member_id=office.sato.member_id)
    await targets.set_(office.deps, office.mori, "dials", Span.WEEK, 200, member_id=office.sato.member_id)
    await targets.set_(office.deps, office.mori, "dials", Span.DAY, 125)
    assert (await call_queue.build(office.deps, office.sato)).target == 40
    await targets.set_(office.deps, office.mori, "dials", Span.DAY, None, member_id=office.sato.member_id)
    assert (await call_queue.build(office.deps, office.sato)).target == CallRules().daily_target


async def test_last_call_can_be_seen_for_a_minute(office: Office, clock: Clock) -> None:
    lead = await office.lead(phone=PHONE)
    call_id = await record(office.deps, office.sato, lead, CallResult(Connection.VOICEMAIL))
    clock.forward(seconds=59)
    logged = (await call_queue.build(office.deps, office.sato)).logged
    assert logged is not None
    assert (logged.call_id, logged.lead_id, logged.connection) == (call_id, lead, Connection.VOICEMAIL)
    assert (await call_queue.build(office.deps, office.suzuki)).logged is None
    clock.forward(seconds=1)
    assert (await call_queue.build(office.deps, office.sato)).logged is None


async def test_last_call_says_when_the_lead_is_called_again_and_whether_the_team_works_then(office: Office) -> None:
    lead = await office.lead(phone=PHONE)
    saturday = datetime(2026, 4, 4, 1, tzinfo=UTC)
    promise = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.CALLBACK, callback_at=saturday)
    await record(office.deps, office.sato, lead, promise)
    logged = (await call_queue.build(office.deps, office.sato)).logged
    assert logged is not None
    assert (logged.next_step, logged.next_step_at, logged.works) == (NextStep.CALL, saturday, False)


async def test_queue_of_a_holiday_is_that_of_the_next_opening(office: Office, clock: Clock) -> None:
    lead = await office.lead(phone=PHONE)
    clock.now = datetime(2026, 4, 29, 1, tzinfo=UTC)
    queue = await call_queue.build(office.deps, office.sato)
    assert not queue.works
    assert queue.at == datetime(2026, 4, 30, 0, tzinfo=UTC)
    assert [line.lead_id for line in queue.calls] == [lead]


async def test_queue_is_refused_to_marketing(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        await call_queue.build(office.deps, office.marketer)
    assert refused.value.code is Code.NOT_ALLOWED


async def test_very_many_leads_are_cut_to_those_whose_step_is_due(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_queue, "MOST_CANDIDATES", 2)
    leads = [await office.lead(f"青葉 {n}郎", phone=f"03-1000-50{n:02}") for n in range(4)]
    await record(office.deps, office.sato, leads[0], CALLBACK)
    queue = await call_queue.build(office.deps, office.sato)
    assert [line.lead_id for line in queue.later] == [leads[0]]
    assert len(queue.calls) == 1


# The morning


def due(day: date = TODAY, zone: str = "Asia/Tokyo") -> Due:
    return Due("T1", zone, day, datetime.combine(day, time(23, 30), UTC) - timedelta(days=1))


async def test_each_rep_at_work_gets_one_list_a_day(office: Office) -> None:
    assert await call_queue.send_mornings(office.deps, due()) == 2
    assert await call_queue.send_mornings(office.deps, due()) == 0
    keys = await office.deliveries()
    assert keys[f"call-queue:{office.sato.member_id}:2026-04-01"] == (
        call_queue.MORNING,
        office.sato.slack_user,
        {"day": "2026-04-01"},
    )
    assert f"call-queue:{office.suzuki.member_id}:2026-04-01" in keys
    assert await call_queue.send_mornings(office.deps, due(date(2026, 4, 2))) == 2


async def test_nobody_gets_a_list_on_a_holiday_or_a_day_off_of_the_team(office: Office) -> None:
    assert await call_queue.send_mornings(office.deps, due(date(2026, 4, 29))) == 0
    assert await call_queue.send_mornings(office.deps, due(date(2026, 4, 4))) == 0
    await add(office, TeamDay(team_id=office.team_id, day=TODAY, works=False, name="創立記念日"))
    assert await call_queue.send_mornings(office.deps, due()) == 0
    await add(office, TeamDay(team_id=office.team_id, day=date(2026, 4, 4), works=True, name="振替出勤"))
    assert await call_queue.send_mornings(office.deps, due(date(2026, 4, 4))) == 2


async def test_rep_on_leave_gets_no_list(office: Office) -> None:
    away = Absence(
        team_id=office.team_id,
        member_id=office.sato.member_id,
        first_day=TODAY - timedelta(days=1),
        last_day=TODAY,
        created_at=NOW,
    )
    await add(office, away)
    assert await call_queue.send_mornings(office.deps, due()) == 1
    assert await call_queue.send_mornings(office.deps, due(date(2026, 4, 2))) == 2


async def test_rep_elsewhere_gets_the_list_in_the_morning_there(office: Office) -> None:
    await change(office, Member, Member.id == office.suzuki.member_id, zone="Europe/Berlin")
    tables = {table.zone: table.at for table in await call_queue.mornings(office.deps)}
    assert tables == {"Asia/Tokyo": time(8, 30), "Europe/Berlin": time(8, 30)}
    assert await call_queue.send_mornings(office.deps, due(zone="Europe/Berlin")) == 1
    assert list(await office.deliveries()) == [f"call-queue:{office.suzuki.member_id}:2026-04-01"]


async def test_team_chooses_its_own_time_or_none(office: Office, neighbours: Office) -> None:
    await call_queue.set_morning(office.deps, office.mori, "7:45")
    assert {(table.team_id, table.at) for table in await call_queue.mornings(office.deps)} == {
        ("T1", time(7, 45)),
        ("T2", time(8, 30)),
    }
    await call_queue.set_morning(office.deps, office.mori, "")
    assert {table.team_id for table in await call_queue.mornings(office.deps)} == {"T2"}


@pytest.mark.parametrize("wrong", ["25:00", "朝", "8", "8:3"])
async def test_time_that_is_none_is_refused(office: Office, wrong: str) -> None:
    with pytest.raises(Refused) as refused:
        await call_queue.set_morning(office.deps, office.mori, wrong)
    assert refused.value.field == "morning"


async def test_rep_may_not_change_the_time(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        await call_queue.set_morning(office.deps, office.sato, "09:00")
    assert refused.value.code is Code.NOT_ALLOWED
