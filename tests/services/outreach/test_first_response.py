"""What counts as the first response to a submission, and how fast it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from domain.errors import Refused
from domain.outreach.calls import CallResult, Connection
from domain.qualification.meetings import Slot
from services.outreach import calls, inbound
from services.outreach.form_sources import NewSecret
from services.qualification import meeting_offers, meetings
from services.qualification.meeting_records import Plan, Words
from storage.tables import MeetingOffer
from tests.services.office import Clock, Office
from tests.services.outreach.website import YAMADA, form, send, submission, told

__all__ = ["form"]


async def answer(office: Office, lead_id: int, at: datetime | None = None) -> None:
    """A call by suzuki, as the hook hears of it."""
    async with office.deps.writing(office.team_id) as session:
        await inbound.responded(session, lead_id, office.suzuki.member_id, at or office.clock.now)


async def test_call_is_the_first_response_and_stops_both_clocks(office: Office, form: NewSecret, clock: Clock) -> None:
    received = await send(office, form, YAMADA, "1")
    clock.forward(minutes=2)
    await answer(office, received.lead_id)
    assert await inbound.teams_with_work(office.deps) == [office.team_id]
    await inbound.keep_time(office.deps, office.team_id)
    view = await inbound.view(office.deps, office.team_id, received.submission_id)
    assert (view.response_seconds, view.claimed and view.claimed.name, view.lead.owner) == (120, "suzuki", "suzuki")
    clock.forward(minutes=10)
    assert await inbound.keep_time(office.deps, office.team_id) == 0
    assert await told(office) == set()


async def test_call_in_a_brief_transaction_is_a_response_too(office: Office, form: NewSecret, clock: Clock) -> None:
    received = await send(office, form, YAMADA, "1")
    clock.forward(minutes=1)
    async with office.deps.brief(office.team_id) as brief:
        await inbound.responded(brief, received.lead_id, office.sato.member_id, clock.now)
    assert (await submission(office, received.submission_id)).responded_at == clock.now


async def test_claimer_stays_when_somebody_else_calls(office: Office, form: NewSecret) -> None:
    received = await send(office, form, YAMADA, "1")
    await inbound.claim(office.deps, office.sato, received.submission_id)
    await answer(office, received.lead_id)
    await inbound.keep_time(office.deps, office.team_id)
    view = await inbound.view(office.deps, office.team_id, received.submission_id)
    assert (view.claimed and view.claimed.name, view.lead.owner) == ("sato", "sato")


async def test_call_before_the_submission_is_no_response(office: Office, form: NewSecret, clock: Clock) -> None:
    received = await send(office, form, YAMADA, "1")
    await answer(office, received.lead_id, clock.now - timedelta(minutes=1))
    assert (await submission(office, received.submission_id)).responded_at is None


async def test_second_call_leaves_the_first_response(office: Office, form: NewSecret, clock: Clock) -> None:
    received = await send(office, form, YAMADA, "1")
    clock.forward(minutes=1)
    await answer(office, received.lead_id)
    clock.forward(minutes=1)
    await answer(office, received.lead_id)
    row = await submission(office, received.submission_id)
    assert row.responded_at == row.received_at + timedelta(minutes=1)


async def test_undone_call_starts_the_clock_again(office: Office, form: NewSecret, clock: Clock) -> None:
    received = await send(office, form, YAMADA, "1")
    clock.forward(minutes=1)
    await answer(office, received.lead_id)
    await inbound.keep_time(office.deps, office.team_id)
    async with office.deps.writing(office.team_id) as session:
        await inbound.taken_back(office.deps, session, received.lead_id, 0, clock.now)
    assert len([key for key in await office.deliveries() if ":waits:" in key]) == 1
    assert await inbound.keep_time(office.deps, office.team_id) == 0
    clock.forward(minutes=5)
    await inbound.keep_time(office.deps, office.team_id)
    assert inbound.MANAGER_TOLD in await told(office)


async def test_undone_call_leaves_another_as_the_response(office: Office, form: NewSecret, clock: Clock) -> None:
    received = await send(office, form, YAMADA, "1")
    clock.forward(minutes=1)
    first = clock.now
    missed = CallResult(Connection.NO_ANSWER)
    undone = await calls.record(office.deps, office.sato, received.lead_id, missed)
    assert (await submission(office, received.submission_id)).responded_at == first
    clock.forward(minutes=1)
    await calls.record(office.deps, office.sato, received.lead_id, missed)
    async with office.deps.writing(office.team_id) as session:
        await inbound.taken_back(office.deps, session, received.lead_id, undone, first)
    assert (await submission(office, received.submission_id)).responded_at == clock.now


def words(*_about: object) -> Words:
    return Words("subject", "text")


def slots(office: Office) -> list[Slot]:
    """Three hours of ito's, on the next day."""
    starts = [datetime(2026, 4, 2, hour, tzinfo=UTC) for hour in (1, 4, 6)]
    return [Slot(start, start + timedelta(hours=1), office.ito.member_id) for start in starts]


async def invite(office: Office, lead_id: int, way: str) -> None:
    """sato fixes a meeting with ito, or sends candidates for one."""
    plan = Plan("お打ち合わせ", "", ("yamada@aoba.example",), "Asia/Tokyo", "ja")
    if way == "candidates":
        office.deps = replace(office.deps, public_url="https://bot.example/")
        await meeting_offers.send(office.deps, office.sato, lead_id, slots(office), plan, words)
    else:
        await meetings.book(office.deps, office.sato, lead_id, slots(office)[0], plan, words)


@pytest.mark.parametrize("way", ["candidates", "meeting"])
async def test_letter_or_meeting_is_a_first_response_too(
    office: Office, form: NewSecret, clock: Clock, way: str
) -> None:
    received = await send(office, form, YAMADA, "1")
    clock.forward(minutes=2)
    await invite(office, received.lead_id, way)
    await inbound.keep_time(office.deps, office.team_id)
    view = await inbound.view(office.deps, office.team_id, received.submission_id)
    assert (view.response_seconds, view.responder, view.lead.owner) == (120, "sato", "sato")
    clock.forward(minutes=10)
    assert await inbound.keep_time(office.deps, office.team_id) == 0
    assert not await told(office) & {inbound.TEAM_TOLD, inbound.MANAGER_TOLD}


@pytest.mark.parametrize("way", ["candidates", "meeting"])
async def test_undone_call_leaves_a_later_letter_or_meeting_as_the_response(
    office: Office, form: NewSecret, clock: Clock, way: str
) -> None:
    received = await send(office, form, YAMADA, "1")
    clock.forward(seconds=10)
    undone = await calls.record(office.deps, office.suzuki, received.lead_id, CallResult(Connection.NO_ANSWER))
    clock.forward(seconds=10)
    await invite(office, received.lead_id, way)
    invited = clock.now
    clock.forward(seconds=10)
    await calls.undo(office.deps, office.suzuki, undone)
    assert (await submission(office, received.submission_id)).responded_at == invited


async def test_customers_own_choice_is_no_response_of_ours(office: Office, form: NewSecret, clock: Clock) -> None:
    first = await send(office, form, YAMADA, "1")
    await invite(office, first.lead_id, "candidates")
    clock.forward(minutes=1)
    second = await send(office, form, YAMADA, "2")
    assert second.lead_id == first.lead_id
    async with office.deps.reading(office.team_id) as session:
        offer_id = (await session.execute(sa.select(MeetingOffer.id))).scalar_one()
    await meeting_offers.choose(office.deps, office.team_id, offer_id, slots(office)[1], words)
    assert (await submission(office, second.submission_id)).responded_at is None


@pytest.mark.parametrize("late", [False, True])
async def test_logged_call_responds_and_its_undo_takes_that_back(
    office: Office, form: NewSecret, clock: Clock, late: bool
) -> None:
    received = await send(office, form, YAMADA, "1")
    clock.forward(minutes=2)
    when = {"called_at": clock.now - timedelta(minutes=1)} if late else {}
    made = await calls.record(office.deps, office.sato, received.lead_id, CallResult(Connection.VOICEMAIL), **when)
    await inbound.keep_time(office.deps, office.team_id)
    assert (await submission(office, received.submission_id)).response_seconds == (60 if late else 120)
    await calls.undo(office.deps, office.sato, made)
    await inbound.keep_time(office.deps, office.team_id)
    assert (await submission(office, received.submission_id)).responded_at is None
    clock.forward(minutes=5)
    await inbound.keep_time(office.deps, office.team_id)
    assert inbound.MANAGER_TOLD in await told(office)


# Speed to lead


async def test_speed_to_lead_counts_business_time_and_what_nobody_answered(
    office: Office, form: NewSecret, clock: Clock
) -> None:
    start = clock.now
    for number, minutes in enumerate((1, 2, 4, 9, None, None)):
        clock.now = start
        person = {"会社名": f"会社{number}", "お名前": f"人{number}"}
        received = await send(office, form, person, str(number))
        if minutes is not None:
            await answer(office, received.lead_id, start + timedelta(minutes=minutes))
    clock.now = start + timedelta(minutes=4)
    assert (await inbound.speed_of_days(office.deps, office.sato, 7)).waiting == 2
    clock.now = start + timedelta(hours=1)
    await inbound.keep_time(office.deps, office.team_id)
    found = await inbound.speed_of_days(office.deps, office.sato, 7)
    assert (found.decided, found.within, found.unanswered, found.waiting) == (6, 3, 2, 0)
    assert found.median == pytest.approx((4 * 60 + 9 * 60) / 2)
    assert found.p90 is None
    async with office.deps.reading(office.team_id) as session:
        mine = await inbound.speed_to_lead(
            session, start, clock.now, zone="Asia/Tokyo", now=clock.now, member_id=office.suzuki.member_id
        )
        before = await inbound.speed_to_lead(
            session, start - timedelta(days=1), start, zone="Asia/Tokyo", now=clock.now
        )
    assert mine.decided == 4
    assert before.decided == 0


async def test_neighbours_are_not_counted_nor_told(office: Office, neighbours: Office, form: NewSecret) -> None:
    received = await send(office, form, YAMADA, "1")
    office.clock.forward(minutes=6)
    assert await inbound.keep_time(neighbours.deps, neighbours.team_id) == 0
    with pytest.raises(Refused):
        await inbound.claim(neighbours.deps, neighbours.sato, received.submission_id)
    assert (await inbound.speed_of_days(neighbours.deps, neighbours.sato, 1)).decided == 0
