"""Free slots, booking and the rules of meetings, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from icalendar import Calendar

from domain.errors import Code, Refused, Rejected
from domain.leads import NextStep
from domain.qualification.meetings import MeetingRules, MeetingStatus, Slot
from services import rules
from services.deps import Deps
from services.qualification import meeting_changes as changes
from services.qualification import meetings
from services.qualification.meeting_records import AddedMeanwhile, Free, MeetingView, Occasion, Plan, SlotTaken, Words
from services.qualification.meeting_slots import RULES
from services.smtp import MailServer
from storage.tables import Absence, Lead, Mail, Meeting, Member
from tests.services.office import Office

TOKYO = ZoneInfo("Asia/Tokyo")
PLAN = Plan("お打ち合わせ", "", ("aoki@customer.example",), "Asia/Tokyo", "ja")


def write(occasion: Occasion, view: MeetingView, link: str) -> Words:
    return Words(f"{occasion} {view.subject}", f"{view.starts_at:%d %H:%M} {link}", link)


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 4, day, hour, minute, tzinfo=TOKYO).astimezone(UTC)


def slot(office: Office, hour: int, *, day: int = 2, rep: str = "ito") -> Slot:
    return Slot(at(hour, day=day), at(hour + 1, day=day), getattr(office, rep).member_id)


async def lead(office: Office, name: str = "青木 一郎", **values: Any) -> int:
    return await office.lead(name, email="aoki@customer.example", phone="03-1234-5678", **values)


async def booked(office: Office, lead_id: int | None = None, hour: int = 10, **options: Any) -> MeetingView:
    lead_id = lead_id or await lead(office)
    wanted = slot(office, hour, **{k: options.pop(k) for k in ("day", "rep") if k in options})
    return await meetings.book(office.deps, office.sato, lead_id, wanted, options.pop("plan", PLAN), write, **options)


async def mails(office: Office) -> dict[str, Mail]:
    async with office.deps.reading(office.team_id) as session:
        return {row.key: row for row in await session.scalars(sa.select(Mail))}


async def step(office: Office, lead_id: int) -> tuple[str | None, datetime | None]:
    async with office.deps.reading(office.team_id) as session:
        row = (await session.execute(sa.select(Lead.next_step, Lead.next_step_at).where(Lead.id == lead_id))).one()
        return row[0], row[1]


async def covers(office: Office, name: str, **columns: list[str]) -> None:
    async with office.deps.writing(office.team_id) as session:
        await session.execute(sa.update(Member).where(Member.id == getattr(office, name).member_id).values(**columns))


async def decided(office: Office, found: MeetingRules) -> None:
    await rules.change(office.deps, office.mori, RULES, found)


def times(free: Free, name: Any) -> list[str]:
    rep = free.of(name.member_id)
    assert rep is not None
    return [s.start.astimezone(TOKYO).strftime("%d %H:%M") for s in rep.slots]


# Free slots


async def test_slots_are_offered_for_the_right_reps_first(office: Office) -> None:
    await covers(office, "kato", territories=["東京都"])
    draft = await meetings.prepare(office.deps, office.sato, await lead(office))
    assert [(rep.name, rep.right) for rep in draft.free.reps] == [("kato", True), ("ito", False)]
    # Two business hours' notice from Wednesday at ten.
    assert times(draft.free, office.kato)[0] == "01 13:00"
    assert draft.language == "ja"
    assert draft.free.customer_zone == "Asia/Tokyo"


async def test_rep_whose_turn_it_is_comes_first_and_gets_a_turn_back_for_a_no_show(office: Office) -> None:
    lead_id = await lead(office)
    first = await meetings.free(office.deps, office.sato, lead_id)
    assert first.suggested is not None
    assert first.suggested.name == "ito"
    made = await booked(office, lead_id)
    assert (await meetings.free(office.deps, office.sato, lead_id)).reps[0].name == "kato"
    office.clock.now = made.ends_at
    await changes.close(office.deps, office.ito, made.meeting_id, MeetingStatus.NO_SHOW, write)
    found = await meetings.free(office.deps, office.sato, lead_id)
    assert [(rep.name, rep.turns) for rep in found.reps] == [("ito", 0), ("kato", 0)]


async def test_meetings_leave_and_the_teams_rules_stand_in_the_way(office: Office) -> None:
    lead_id = await lead(office)
    await decided(
        office,
        MeetingRules(minutes=60, buffer_minutes=30, step_minutes=30, notice_minutes=0, lunch_from="", lunch_to=""),
    )
    async with office.deps.writing(office.team_id) as session:
        days = {"first_day": date(2026, 4, 3), "last_day": date(2026, 4, 6), "created_at": office.clock.now}
        session.add(Absence(team_id=office.team_id, member_id=office.ito.member_id, **days))
    await booked(office, lead_id, 13)
    found = times(await meetings.free(office.deps, office.sato, lead_id), office.ito)
    second = [text for text in found if text.startswith("02")]
    assert "02 11:30" in second
    assert not {"02 12:00", "02 12:30", "02 13:00", "02 13:30", "02 14:00"} & set(second)
    assert "02 14:30" in second
    assert not [text for text in found if text[:2] in ("03", "04", "05", "06")]
    assert [text for text in found if text.startswith("07")]


async def test_customer_in_berlin_gets_slots_in_the_hours_both_work(office: Office) -> None:
    lead_id = await office.lead("Anna Schmidt", phone="+49301234567")
    draft = await meetings.prepare(office.deps, office.sato, lead_id)
    assert draft.free.customer_zone == "Europe/Berlin"
    assert draft.language == "en"
    hours = {text[3:] for text in times(draft.free, office.ito)}
    assert hours == {"16:00", "16:30", "17:00"}


# Booking


async def test_booking_writes_to_the_customer_and_tells_rep_and_booker(office: Office) -> None:
    made = await booked(office)
    letters = await mails(office)
    (letter,) = letters.values()
    assert letter.key == f"meeting:{made.meeting_id}:booked:1:0"
    assert (letter.to_address, letter.method, letter.language) == ("aoki@customer.example", "REQUEST", "ja")
    (event,) = Calendar.from_ical(letter.invitation).walk("VEVENT")
    assert (event["UID"], event["SEQUENCE"]) == (made.uid, 0)
    assert event.decoded("DTSTART") == made.starts_at
    cards = {key: channel for key, (kind, channel, _) in (await office.deliveries()).items() if kind == "meeting.card"}
    assert set(cards.values()) == {"UITO", "USATO"}


async def test_booking_takes_a_new_lead_out_of_the_queue_until_the_meeting(office: Office) -> None:
    lead_id = await lead(office)
    made = await booked(office, lead_id)
    assert await office.stage(lead_id) == "working"
    assert await step(office, lead_id) == (NextStep.WAIT_FOR_FIELD_SALES.value, made.starts_at)


async def test_qualified_lead_still_waits_for_its_handoff_and_its_lead_time_is_kept(office: Office) -> None:
    lead_id = await lead(office)
    await office.judged(lead_id)
    office.clock.forward(hours=2)
    await booked(office, lead_id, 16)
    assert await office.stage(lead_id) == "sales_qualified"
    assert await step(office, lead_id) == (NextStep.HAND_OFF.value, None)
    (took,) = await meetings.lead_times(office.deps, office.team_id, at(0, day=1), at(0, day=3))
    assert took.business_minutes == 120
    assert took.booked_by == office.sato.member_id


async def test_submission_sent_twice_makes_one_meeting(office: Office) -> None:
    lead_id = await lead(office)
    first = await booked(office, lead_id, request_key="V1")
    assert await booked(office, lead_id, request_key="V1") == first
    assert await office.rows(Meeting) == 1
    assert len(await mails(office)) == 1


async def test_second_form_that_knew_nothing_of_the_first_ones_meeting_makes_none_unasked(office: Office) -> None:
    lead_id = await lead(office)
    seen = (await meetings.prepare(office.deps, office.sato, lead_id)).seen
    both = await asyncio.gather(
        booked(office, lead_id, 10, request_key="V1", seen=seen),
        booked(office, lead_id, 13, request_key="V2", seen=seen),
        return_exceptions=True,
    )
    (made,) = [each for each in both if isinstance(each, MeetingView)]
    (added,) = [each for each in both if isinstance(each, AddedMeanwhile)]
    assert added.meeting == made
    # Whoever submits the first form again gets what it made; whoever has seen it may have another.
    first = "V1" if both[0] == made else "V2"
    assert await booked(office, lead_id, 15, request_key=first, seen=seen) == made
    assert await office.rows(Meeting) == 1
    seen = (await meetings.prepare(office.deps, office.sato, lead_id)).seen
    await booked(office, lead_id, 15, request_key="V3", seen=seen)
    assert await office.rows(Meeting) == 2


@pytest.mark.parametrize(
    ("hour", "minute", "code"),
    [(9, 0, Code.DATE_IN_PAST), (15, 3, Code.INVALID)],
)
async def test_impossible_times_are_refused(office: Office, hour: int, minute: int, code: Code) -> None:
    start = at(hour, minute, day=1)
    wanted = Slot(start, start + timedelta(hours=1), office.ito.member_id)
    with pytest.raises(Refused) as refused:
        await meetings.book(office.deps, office.sato, await lead(office), wanted, PLAN, write)
    assert (refused.value.code, refused.value.field) == (code, "slot")


async def test_nobody_outside_field_sales_is_booked(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        await booked(office, rep="suzuki")
    assert refused.value.field == "member_id"
    assert await office.rows(Meeting) == 0


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"subject": " "}, "subject"),
        ({"guests": ("aoki",)}, "guests"),
        ({"guests": tuple(f"a{n}@x.example" for n in range(6))}, "guests"),
        ({"customer_zone": "Mars/Olympus"}, "customer_zone"),
        ({"customer_zone": "../../etc/passwd"}, "customer_zone"),
        ({"language": "fr"}, "language"),
        ({"place": "x" * 501}, "place"),
    ],
)
async def test_plans_that_make_no_sense_are_rejected(office: Office, changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as rejected:
        await booked(office, plan=replace(PLAN, **changed))
    assert [refused.field for refused in rejected.value.refusals] == [field]


async def test_marketing_books_no_meetings_and_lead_that_is_out_gets_none(office: Office) -> None:
    lead_id = await lead(office)
    with pytest.raises(Refused) as refused:
        await meetings.prepare(office.deps, office.marketer, lead_id)
    assert refused.value.code is Code.NOT_ALLOWED
    async with office.deps.writing(office.team_id) as session:
        await session.execute(sa.update(Lead).values(stage="disqualified"))
    with pytest.raises(Refused) as refused:
        await booked(office, lead_id)
    assert refused.value.code is Code.WRONG_STAGE


async def test_neighbours_see_nothing_of_it(office: Office, neighbours: Office) -> None:
    made = await booked(office)
    with pytest.raises(Refused) as refused:
        await meetings.view(neighbours.deps, neighbours.team_id, made.meeting_id)
    assert refused.value.code is Code.NOT_FOUND
    for change in (
        changes.cancel(office.deps, neighbours.sato, neighbours.team_id, made.meeting_id, "", write),
        changes.move(office.deps, neighbours.sato, neighbours.team_id, made.meeting_id, at(15), write),
    ):
        with pytest.raises(Refused) as refused:
            await change
        assert refused.value.code is Code.NOT_FOUND


async def test_of_fifty_who_want_one_time_at_once_one_gets_it(office: Office) -> None:
    leads = [await office.lead(f"青木 {n}", email=f"a{n}@customer.example") for n in range(50)]
    # Not all for the same quarter: some want what only overlaps with it.
    wanted = [replace(slot(office, 10), start=at(10, shift), end=at(11, shift)) for shift in (0, 30, 15, 45, 5)]
    tried = await asyncio.gather(
        *(
            meetings.book(office.deps, office.sato, lead_id, wanted[n % 5], PLAN, write)
            for n, lead_id in enumerate(leads)
        ),
        return_exceptions=True,
    )
    won = [found for found in tried if isinstance(found, MeetingView)]
    lost = [found for found in tried if isinstance(found, SlotTaken)]
    assert (len(won), len(lost)) == (1, 49)
    assert await office.rows(Meeting) == 1
    assert len(await mails(office)) == 1
    taken = {won[0].starts_at}
    for refused in lost:
        rep = refused.fresh.of(office.ito.member_id)
        assert rep is not None
        assert rep.slots
        assert taken.isdisjoint(s.start for s in rep.slots)


# Rules


async def test_managers_change_the_rules_and_others_do_not(office: Office, deps: Deps) -> None:
    await meetings.change_rules(deps, office.mori, MeetingRules(minutes=30))
    assert (await meetings.read_rules(deps, office.team_id)).minutes == 30
    with pytest.raises(Refused) as refused:
        await meetings.change_rules(deps, office.sato, MeetingRules())
    assert refused.value.code is Code.NOT_ALLOWED
    with pytest.raises(Rejected):
        await meetings.change_rules(deps, office.mori, MeetingRules(minutes=1))


async def test_invitation_has_an_organizer_even_where_nobody_of_ours_has_an_address(office: Office) -> None:
    deps = replace(office.deps, mail=MailServer("127.0.0.1", 25, "sales@kakehashi.example"))
    made = await meetings.book(deps, office.sato, await lead(office), slot(office, 10), PLAN, write)
    (letter,) = (await mails(office)).values()
    (event,) = Calendar.from_ical(letter.invitation).walk("VEVENT")
    assert (made.rep_email, event["ORGANIZER"]) == ("", "mailto:sales@kakehashi.example")
