"""Reminders: once each, for nobody who is away, about nobody who may not be called."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from domain.clock import Due
from domain.leads import NextStep
from domain.outreach.call_queue import Promised
from domain.outreach.calls import CallResult, CallRules, Connection, Outcome, Party
from services.outreach import reminders
from services.outreach.call_queue import build
from services.outreach.calls import left_the_lists, record
from services.outreach.leads import NextStepInput, set_next_step, take_over
from storage.tables import Absence, Call, Contact, Lead, Member, TeamDay
from tests.services.office import NOW, TODAY, Clock, Office

PHONE = "03-1000-5000"
AT = NOW + timedelta(hours=2)
CALLBACK = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.CALLBACK, "二時間後に", AT)


async def promised(office: Office, at: datetime = AT) -> int:
    lead = await office.lead(phone=PHONE)
    await record(office.deps, office.sato, lead, CALLBACK)
    await change(office, Lead, Lead.id == lead, next_step_at=at)
    return lead


async def change(office: Office, table: Any, condition: Any, **values: Any) -> None:
    async with office.deps.writing(office.team_id) as session:
        await session.execute(sa.update(table).where(condition).values(**values))


async def add(office: Office, *rows: Any) -> None:
    async with office.deps.writing(office.team_id) as session:
        session.add_all(rows)


async def keys(office: Office) -> list[str]:
    ours = (reminders.CALLBACK, reminders.OVERDUE, reminders.AIMLESS)
    return [key for key, (kind, _channel, _arguments) in (await office.deliveries()).items() if kind in ours]


async def test_promised_call_is_reminded_of_once_five_minutes_before(office: Office, clock: Clock) -> None:
    lead = await promised(office)
    clock.now = AT - timedelta(minutes=6)
    assert await reminders.remind_promised(office.deps) == 0
    clock.forward(minutes=1)
    assert await reminders.remind_promised(office.deps) == 1
    clock.forward(seconds=30)
    assert await reminders.remind_promised(office.deps) == 0
    assert await keys(office) == [f"callback:{lead}:{int(AT.timestamp())}"]


async def test_both_teams_promises_are_reminded_of(office: Office, neighbours: Office, clock: Clock) -> None:
    await promised(office)
    await promised(neighbours)
    clock.now = AT - timedelta(minutes=5)
    assert await reminders.remind_promised(office.deps) == 2
    assert len(await keys(office)) == len(await keys(neighbours)) == 1


async def test_call_that_was_moved_is_reminded_of_at_its_new_time_too(office: Office, clock: Clock) -> None:
    lead = await promised(office)
    clock.now = AT - timedelta(minutes=5)
    await reminders.remind_promised(office.deps)
    await change(office, Lead, Lead.id == lead, next_step_at=AT + timedelta(hours=1))
    assert await reminders.promise(office.deps, office.sato, lead, AT) is None
    clock.forward(hours=1)
    assert await reminders.remind_promised(office.deps) == 1


@pytest.mark.parametrize(
    "why", ["do not call", "on leave", "left", "day off", "out", "no number", "at the cap", "wrong number"]
)
async def test_nobody_is_reminded_when(office: Office, clock: Clock, why: str) -> None:
    lead = await promised(office)
    sato = office.sato.member_id
    match why:
        case "do not call":
            await change(office, Contact, Contact.phone != "", do_not_call_at=NOW)
        case "on leave":
            leave = {"member_id": sato, "first_day": TODAY, "last_day": TODAY, "created_at": NOW}
            await add(office, Absence(team_id=office.team_id, **leave))
        case "left":
            await change(office, Member, Member.id == sato, active=False)
        case "day off":
            await add(office, TeamDay(team_id=office.team_id, day=TODAY, works=False, name="創立記念日"))
        case "out":
            await change(office, Lead, Lead.id == lead, stage="disqualified")
        case "no number":
            await change(office, Contact, Contact.phone != "", phone="")
        case "at the cap":
            await change(office, Lead, Lead.id == lead, attempts=CallRules().max_attempts)
        case "wrong number":
            await change(office, Call, Call.lead_id == lead, connection="invalid_number", outcome=None)
    assert await reminders.promise(office.deps, office.sato, lead, AT) == (
        Promised(AT, by_customer=True) if why in ("on leave", "left", "day off") else None
    )
    clock.now = AT - timedelta(minutes=5)
    assert await reminders.remind_promised(office.deps) == 0


async def test_promise_to_the_customer_is_kept_with_the_last_dial_before_the_cap(office: Office, clock: Clock) -> None:
    lead = await office.lead(phone=PHONE)
    await change(office, Lead, Lead.id == lead, attempts=CallRules().max_attempts - 1)
    asked = CallResult(Connection.ANSWERED, Party.GATEKEEPER, Outcome.CALLBACK, callback_at=AT)
    await record(office.deps, office.sato, lead, asked)
    assert await left_the_lists(office.deps, office.team_id, lead) is None
    clock.now = AT - timedelta(minutes=5)
    assert await reminders.remind_promised(office.deps) == 1
    assert [line.lead_id for line in (await build(office.deps, office.sato)).calls] == [lead]
    clock.now = AT
    await record(office.deps, office.sato, lead, CallResult(Connection.NO_ANSWER))
    assert await left_the_lists(office.deps, office.team_id, lead) is not None
    assert (await build(office.deps, office.sato)).calls == ()


async def test_callback_at_nine_sharp_is_reminded_of(office: Office, clock: Clock) -> None:
    nine = datetime(2026, 4, 2, 0, tzinfo=UTC)
    await promised(office, nine)
    clock.now = nine - timedelta(minutes=5)
    assert await reminders.remind_promised(office.deps) == 1


async def test_call_planned_for_a_day_has_no_minute_to_remind_of(office: Office, clock: Clock) -> None:
    lead = await office.lead(phone=PHONE)
    await set_next_step(office.deps, office.sato, lead, NextStepInput(NextStep.CALL, on=date(2026, 4, 2)))
    clock.now = datetime(2026, 4, 1, 23, 56, tzinfo=UTC)
    assert await reminders.remind_promised(office.deps) == 0


async def test_reminder_says_nothing_once_the_call_was_made(office: Office, clock: Clock) -> None:
    lead = await promised(office)
    assert await reminders.promise(office.deps, office.sato, lead, AT) == Promised(AT, by_customer=True)
    clock.now = AT - timedelta(minutes=4)
    await record(office.deps, office.sato, lead, CallResult(Connection.NO_ANSWER))
    assert await reminders.promise(office.deps, office.sato, lead, AT) is None


async def test_reminder_is_not_given_to_the_former_owner(office: Office) -> None:
    lead = await promised(office)
    await take_over(office.deps, office.suzuki, lead)
    assert await reminders.promise(office.deps, office.sato, lead, AT) is None
    assert await reminders.promise(office.deps, office.suzuki, lead, AT) is not None


def noon(day: date = TODAY) -> Due:
    return Due("T1", "Asia/Tokyo", day, datetime(day.year, day.month, day.day, 3, tzinfo=UTC))


async def test_overdue_steps_come_in_one_message_at_noon(office: Office) -> None:
    first, second = await promised(office, NOW - timedelta(days=2)), await promised(office, NOW - timedelta(days=1))
    await promised(office, NOW + timedelta(days=1))
    assert await reminders.send_overdue(office.deps, noon()) == 1
    assert await reminders.send_overdue(office.deps, noon()) == 0
    assert await keys(office) == [f"overdue:{office.sato.member_id}:2026-04-01"]
    steps = await reminders.overdue(office.deps, office.sato, noon().at)
    assert (steps.count, [line.lead_id for line in steps.lines]) == (2, [first, second])


async def test_call_planned_for_today_without_a_time_is_not_overdue_at_noon(office: Office) -> None:
    lead = await office.lead(phone=PHONE)
    await set_next_step(office.deps, office.sato, lead, NextStepInput(NextStep.CALL, on=TODAY))
    assert await reminders.send_overdue(office.deps, noon()) == 0
    assert await reminders.send_overdue(office.deps, noon(date(2026, 4, 2))) == 1


async def test_overdue_list_leaves_out_whom_nobody_may_call(office: Office) -> None:
    await promised(office, NOW - timedelta(days=1))
    await change(office, Contact, Contact.phone != "", do_not_call_at=NOW)
    assert await reminders.send_overdue(office.deps, noon()) == 0
    assert (await reminders.overdue(office.deps, office.sato, noon().at)).count == 0


@pytest.mark.parametrize("send", [reminders.send_overdue, reminders.send_aimless])
async def test_no_list_on_a_holiday_nor_on_leave(office: Office, send: Any) -> None:
    await promised(office, NOW - timedelta(days=1))
    lead = await office.lead("清水 由美", phone="03-1000-5001")
    await record(office.deps, office.sato, lead, CallResult(Connection.NO_ANSWER))
    assert await send(office.deps, noon(date(2026, 4, 29))) == 0
    leave = {"member_id": office.sato.member_id, "first_day": TODAY, "last_day": TODAY, "created_at": NOW}
    await add(office, Absence(team_id=office.team_id, **leave))
    assert await send(office.deps, noon()) == 0
    assert await send(office.deps, noon(date(2026, 4, 2))) == 1


async def test_leads_in_work_without_a_next_step_are_listed_on_friday(office: Office) -> None:
    await office.lead("新規 一郎", phone="03-1000-5002")
    await promised(office)
    called = await office.lead("清水 由美", phone="03-1000-5001")
    await record(office.deps, office.sato, called, CallResult(Connection.NO_ANSWER))
    friday = noon(date(2026, 4, 3))
    assert await reminders.send_aimless(office.deps, friday) == 1
    assert await reminders.send_aimless(office.deps, friday) == 0
    steps = await reminders.aimless(office.deps, office.sato)
    assert (steps.count, [line.lead_id for line in steps.lines]) == (1, [called])
    assert (await reminders.aimless(office.deps, office.suzuki)).count == 0


async def test_more_than_ten_are_counted_and_ten_shown(office: Office) -> None:
    for n in range(12):
        lead = await office.lead(f"青葉 {n}郎", phone=f"03-1000-50{n:02}")
        await record(office.deps, office.sato, lead, CallResult(Connection.NO_ANSWER))
    steps = await reminders.aimless(office.deps, office.sato)
    assert (steps.count, len(steps.lines)) == (12, 10)


async def test_plans_are_noon_each_day_and_friday_afternoon(office: Office) -> None:
    (daily,) = await reminders.overdue_plan(office.deps)
    (friday,) = await reminders.friday_plan(office.deps)
    assert (daily.team_id, daily.at.hour, friday.weekdays) == (office.team_id, 12, {4})
    assert 12 < friday.at.hour < 18
