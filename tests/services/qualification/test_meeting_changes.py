"""Moving, reassigning, cancelling and closing meetings, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from icalendar import Calendar

from domain.errors import Code, Refused
from domain.leads import NextStep
from domain.qualification.meetings import MeetingStatus
from services.qualification import meeting_changes as changes
from services.qualification import meetings
from services.qualification.meeting_records import SlotTaken
from storage.tables import MeetingSlot
from tests.services.office import Office
from tests.services.qualification.test_meetings import at, booked, lead, mails, step, times, write


async def test_move_follows_in_letter_calendar_and_lead(office: Office) -> None:
    lead_id = await lead(office)
    made = await booked(office, lead_id)
    moved = await changes.move(office.deps, office.sato, office.team_id, made.meeting_id, at(15), write)
    assert (moved.starts_at, moved.sequence, moved.uid) == (at(15), 1, made.uid)
    letter = (await mails(office))[f"meeting:{made.meeting_id}:moved:2:0"]
    (event,) = Calendar.from_ical(letter.invitation).walk("VEVENT")
    assert (letter.method, event["SEQUENCE"], event.decoded("DTSTART")) == ("REQUEST", 1, at(15))
    assert (await step(office, lead_id))[1] == at(15)
    found = await office.deliveries()
    news = {channel for kind, channel, _ in found.values() if kind == "meeting.news"}
    assert news == {"UITO"}
    assert {channel for kind, channel, _ in found.values() if kind == "meeting.card.update"} == {"UITO", "USATO"}
    # What it had is free again, and what it has is not.
    free = times(await meetings.free(office.deps, office.sato, lead_id), office.ito)
    assert "02 10:00" in free
    assert "02 15:00" not in free


async def test_meeting_can_move_into_a_part_of_its_own_time(office: Office) -> None:
    made = await booked(office)
    moved = await changes.move(office.deps, office.sato, office.team_id, made.meeting_id, at(10, 30), write)
    assert moved.starts_at == at(10, 30)


async def test_move_to_a_taken_time_changes_nothing(office: Office) -> None:
    made = await booked(office)
    await booked(office, await lead(office, "上田"), 15)
    with pytest.raises(SlotTaken) as taken:
        await changes.move(office.deps, office.sato, office.team_id, made.meeting_id, at(14, 30), write)
    assert "02 14:30" not in times(taken.value.fresh, office.ito)
    assert await meetings.view(office.deps, office.team_id, made.meeting_id) == made


async def test_two_meetings_that_change_places_at_once_never_share_a_time(office: Office) -> None:
    one = await booked(office, await lead(office, "上田"), 10)
    two = await booked(office, await lead(office, "江口"), 15)
    await asyncio.gather(
        changes.move(office.deps, office.sato, office.team_id, one.meeting_id, at(15), write),
        changes.move(office.deps, office.sato, office.team_id, two.meeting_id, at(10), write),
        return_exceptions=True,
    )
    found = await meetings.upcoming(office.deps, office.sato)
    assert len({meeting.starts_at for meeting in found}) == 2


async def test_customer_moves_only_to_what_is_offered(office: Office) -> None:
    made = await booked(office)
    with pytest.raises(SlotTaken):
        await changes.move(office.deps, None, office.team_id, made.meeting_id, at(21), write)
    moved = await changes.move(office.deps, None, office.team_id, made.meeting_id, at(11), write, zone="Asia/Seoul")
    assert (moved.starts_at, moved.customer_zone) == (at(11), "Asia/Seoul")
    news = [channel for kind, channel, _ in (await office.deliveries()).values() if kind == "meeting.news"]
    assert sorted(news) == ["UITO", "USATO"]
    assert (await office.audited("meeting.move"))[0]["to"] == at(11).isoformat()


async def test_old_form_does_not_undo_what_happened_since(office: Office) -> None:
    made = await booked(office)
    await changes.move(office.deps, office.sato, office.team_id, made.meeting_id, at(15), write)
    with pytest.raises(Refused) as refused:
        await changes.cancel(office.deps, None, office.team_id, made.meeting_id, "", write, version=made.version)
    assert refused.value.code is Code.STALE


async def test_another_rep_takes_over_with_the_same_invitation(office: Office) -> None:
    made = await booked(office)
    given = await changes.reassign(office.deps, office.sato, made.meeting_id, office.kato.member_id, write)
    assert (given.rep, given.starts_at, given.uid, given.sequence) == ("kato", made.starts_at, made.uid, 1)
    found = await office.deliveries()
    assert {channel for kind, channel, _ in found.values() if kind == "meeting.card"} == {"UITO", "USATO", "UKATO"}
    assert {channel for kind, channel, _ in found.values() if kind == "meeting.news"} == {"UITO", "UKATO"}
    assert f"meeting:{made.meeting_id}:reassigned:2:0" in await mails(office)
    async with office.deps.reading(office.team_id) as session:
        assert set(await session.scalars(sa.select(MeetingSlot.member_id))) == {office.kato.member_id}


async def test_busy_rep_takes_nothing_over(office: Office) -> None:
    made = await booked(office)
    await booked(office, await lead(office, "上田"), 10, rep="kato")
    with pytest.raises(SlotTaken):
        await changes.reassign(office.deps, office.sato, made.meeting_id, office.kato.member_id, write)


async def test_cancelled_meeting_gives_everything_back(office: Office) -> None:
    lead_id = await lead(office)
    made = await booked(office, lead_id)
    gone = await changes.cancel(office.deps, None, office.team_id, made.meeting_id, " 予算が凍結された ", write)
    assert (gone.status, gone.cancel_reason, gone.sequence) == (MeetingStatus.CANCELLED, "予算が凍結された", 1)
    assert gone.cancelled_by == "customer"
    letter = (await mails(office))[f"meeting:{made.meeting_id}:cancelled:2:0"]
    (event,) = Calendar.from_ical(letter.invitation).walk("VEVENT")
    assert (letter.method, event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 1)
    assert await office.rows(MeetingSlot) == 0
    assert await step(office, lead_id) == (NextStep.CALL.value, office.clock.now)
    with pytest.raises(Refused) as refused:
        await changes.cancel(office.deps, office.sato, office.team_id, made.meeting_id, "", write)
    assert refused.value.code is Code.ALREADY_DONE


async def test_lead_with_another_meeting_is_not_called_when_one_is_cancelled(office: Office) -> None:
    lead_id = await lead(office)
    first, second = await booked(office, lead_id), await booked(office, lead_id, 15)
    await changes.cancel(office.deps, office.sato, office.team_id, first.meeting_id, "", write)
    assert (await step(office, lead_id))[0] == NextStep.WAIT_FOR_FIELD_SALES.value
    await changes.cancel(office.deps, office.sato, office.team_id, second.meeting_id, "", write)
    assert (await step(office, lead_id))[0] == NextStep.CALL.value


async def test_lead_that_field_sales_has_stays_with_them(office: Office) -> None:
    handed = await office.handed_off()
    made = await booked(office, handed.lead_id)
    assert await office.stage(handed.lead_id) == "handed_off"
    await changes.cancel(office.deps, office.ito, office.team_id, made.meeting_id, "", write)
    assert (await step(office, handed.lead_id))[0] == NextStep.WAIT_FOR_FIELD_SALES.value


# Closing


@pytest.mark.parametrize(
    ("status", "after"),
    [(MeetingStatus.HELD, None), (MeetingStatus.NO_SHOW, "call"), (MeetingStatus.CANCELLED, "call")],
)
async def test_outcome_decides_what_is_next_for_the_lead(
    office: Office, status: MeetingStatus, after: str | None
) -> None:
    lead_id = await lead(office)
    made = await booked(office, lead_id)
    office.clock.now = made.ends_at + timedelta(minutes=10)
    before = len(await mails(office))
    closed = await changes.close(office.deps, office.ito, made.meeting_id, status, write)
    assert (closed.status, closed.outcome_at) == (status, office.clock.now)
    assert (await step(office, lead_id))[0] == after
    # Nobody is written to about a meeting that is over.
    assert len(await mails(office)) == before


async def test_wrong_click_is_put_right_and_the_same_click_twice_changes_nothing(office: Office) -> None:
    made = await booked(office)
    office.clock.now = made.ends_at
    first = await changes.close(office.deps, office.ito, made.meeting_id, MeetingStatus.NO_SHOW, write)
    assert await changes.close(office.deps, office.kato, made.meeting_id, MeetingStatus.NO_SHOW, write) == first
    right = await changes.close(office.deps, office.ito, made.meeting_id, MeetingStatus.HELD, write)
    assert right.status is MeetingStatus.HELD


async def test_meeting_is_not_held_before_it_begins(office: Office) -> None:
    made = await booked(office)
    with pytest.raises(Refused) as refused:
        await changes.close(office.deps, office.ito, made.meeting_id, MeetingStatus.HELD, write)
    assert refused.value.code is Code.INVALID
