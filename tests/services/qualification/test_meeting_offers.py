"""Candidates that a customer chooses from by a link, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.errors import Code, Refused, Rejected
from domain.qualification.meetings import OfferStatus, Slot
from services.qualification import meeting_offers as offers
from services.qualification import meetings
from services.qualification.meeting_news import OFFER_LINK
from services.qualification.meeting_records import (
    AddedMeanwhile,
    MeetingView,
    OfferClosed,
    OfferView,
    Seen,
    SlotTaken,
    Words,
)
from storage.tables import Contact, Meeting
from tests.services.office import Office
from tests.services.qualification.test_meetings import PLAN, at, booked, lead, mails, slot, write

URL = "https://bot.example/"


def write_offer(view: OfferView, link: str) -> Words:
    return Words("candidates", link)


@pytest.fixture
def office(office: Office) -> Office:
    """The team, whose pages customers can reach."""
    office.deps = replace(office.deps, public_url=URL)
    return office


def candidates(office: Office, *hours: int, rep: str = "ito") -> list[Slot]:
    return [slot(office, hour, rep=rep) for hour in hours or (10, 13, 16)]


async def offered(
    office: Office, lead_id: int | None = None, *, key: str | None = None, seen: Seen | None = None
) -> OfferView:
    lead_id = lead_id or await lead(office)
    return await offers.send(
        office.deps, office.sato, lead_id, candidates(office), PLAN, write_offer, request_key=key, seen=seen
    )


async def choose(office: Office, offer: OfferView, wanted: Slot, zone: str = "") -> MeetingView:
    return await offers.choose(office.deps, office.team_id, offer.offer_id, wanted, write, zone=zone)


async def test_candidates_go_out_with_a_link_that_only_we_can_make(office: Office) -> None:
    offer = await offered(office)
    letter = (await mails(office))[f"offer:{offer.offer_id}"]
    assert letter.text.startswith(f"{URL}book/")
    token = letter.text.removeprefix(f"{URL}book/")
    assert office.deps.keys.read(OFFER_LINK, token) == [office.team_id, offer.offer_id]
    assert letter.expires_at == offer.expires_at == at(16)
    assert letter.audience == "customer"


async def test_choice_becomes_a_meeting_of_whoever_sent_the_offer(office: Office) -> None:
    lead_id = await lead(office)
    judged = await office.judged(lead_id)
    offer = await offered(office, lead_id)
    made = await choose(office, offer, candidates(office)[1], "Asia/Seoul")
    assert (made.starts_at, made.rep, made.booker, made.customer_zone) == (at(13), "ito", "sato", "Asia/Seoul")
    assert made.guests == PLAN.guests
    news = {channel for kind, channel, _ in (await office.deliveries()).values() if kind == "meeting.news"}
    assert news == {"UITO", "USATO"}
    with pytest.raises(OfferClosed) as closed:
        await offers.view(office.deps, office.team_id, offer.offer_id)
    assert closed.value.status is OfferStatus.CHOSEN
    assert closed.value.meeting == made
    async with office.deps.reading(office.team_id) as session:
        assert await session.scalar(sa.select(Meeting.qualification_id)) == judged.qualification_id


async def test_form_sent_twice_is_one_choice_and_another_choice_is_refused(office: Office) -> None:
    offer = await offered(office)
    first, second, _ = candidates(office)
    made = await choose(office, offer, first)
    assert await choose(office, offer, first) == made
    with pytest.raises(OfferClosed):
        await choose(office, offer, second)
    assert await office.rows(Meeting) == 1


async def test_of_fifty_customers_who_choose_one_time_at_once_one_gets_it(office: Office) -> None:
    sent = [await offered(office, await office.lead(f"青木 {n}", email=f"a{n}@x.example")) for n in range(50)]
    tried = await asyncio.gather(
        *(choose(office, offer, candidates(office)[0]) for offer in sent), return_exceptions=True
    )
    won = [found for found in tried if isinstance(found, MeetingView)]
    lost = [found for found in tried if isinstance(found, SlotTaken)]
    assert (len(won), len(lost)) == (1, 49)
    assert await office.rows(Meeting) == 1
    # The others still have their offers, with what is left, and other times besides.
    assert all(refused.fresh.suggested and refused.fresh.suggested.slots for refused in lost)
    loser = next(offer for offer, found in zip(sent, tried, strict=True) if isinstance(found, SlotTaken))
    _, left, free = await offers.choices(office.deps, office.team_id, loser.offer_id, "Asia/Tokyo")
    assert [s.start for s in left] == [at(13), at(16)]
    assert free.suggested is not None


async def test_one_customer_who_clicks_everything_at_once_gets_one_meeting(office: Office) -> None:
    offer = await offered(office)
    tried = await asyncio.gather(
        *(choose(office, offer, wanted) for wanted in candidates(office) * 5), return_exceptions=True
    )
    won = {found.meeting_id for found in tried if isinstance(found, MeetingView)}
    assert len(won) == 1
    assert {type(found) for found in tried} == {MeetingView, OfferClosed}
    assert await office.rows(Meeting) == 1


async def test_customer_may_take_another_free_time_but_none_that_is_not(office: Office) -> None:
    offer = await offered(office)
    for wanted in (slot(office, 20), slot(office, 10, rep="kato"), slot(office, 10, day=4)):
        with pytest.raises(SlotTaken):
            await choose(office, offer, wanted)
    with pytest.raises(Refused) as refused:
        await choose(office, offer, Slot(at(11), at(14), office.ito.member_id))
    assert refused.value.field == "slot"
    assert (await choose(office, offer, slot(office, 11))).starts_at == at(11)


async def test_candidate_that_was_taken_meanwhile_is_not_shown(office: Office) -> None:
    offer = await offered(office)
    await booked(office, await lead(office, "上田"), 12)
    _, left, _ = await offers.choices(office.deps, office.team_id, offer.offer_id, "Asia/Tokyo")
    # The buffer of the meeting at twelve reaches into the candidate at one.
    assert [s.start for s in left] == [at(10), at(16)]


async def test_offer_ends_with_its_time(office: Office) -> None:
    offer = await offered(office)
    office.clock.now = offer.expires_at
    with pytest.raises(OfferClosed) as closed:
        await choose(office, offer, candidates(office)[0])
    assert closed.value.status is OfferStatus.EXPIRED


async def test_newer_offer_and_fixed_meeting_withdraw_the_older(office: Office) -> None:
    lead_id = await lead(office)
    first = await offered(office, lead_id)
    second = await offered(office, lead_id)
    await offers.view(office.deps, office.team_id, second.offer_id)
    await booked(office, lead_id)
    for offer in (first, second):
        with pytest.raises(OfferClosed) as closed:
            await offers.view(office.deps, office.team_id, offer.offer_id)
        assert closed.value.status is OfferStatus.WITHDRAWN


async def test_withdrawn_offer_cannot_be_chosen_from_or_withdrawn_again(office: Office) -> None:
    offer = await offered(office)
    await offers.withdraw(office.deps, office.sato, offer.offer_id)
    with pytest.raises(OfferClosed):
        await choose(office, offer, candidates(office)[0])
    with pytest.raises(Refused) as refused:
        await offers.withdraw(office.deps, office.sato, offer.offer_id)
    assert refused.value.code is Code.ALREADY_DONE


async def test_submission_sent_twice_makes_one_offer(office: Office) -> None:
    lead_id = await lead(office)
    seen = (await meetings.prepare(office.deps, office.sato, lead_id)).seen
    sent = await offered(office, lead_id, key="V1", seen=seen)
    assert await offered(office, lead_id, key="V1", seen=seen) == sent
    # A form that was opened before the first was sent sends no second letter unasked.
    with pytest.raises(AddedMeanwhile) as added:
        await offered(office, lead_id, key="V2", seen=seen)
    assert added.value.meeting is None
    assert len(await mails(office)) == 1
    await offered(office, lead_id, key="V2", seen=(await meetings.prepare(office.deps, office.sato, lead_id)).seen)
    assert len(await mails(office)) == 2


@pytest.mark.parametrize("hours", [(10,), (10, 13), (9, 10, 11, 12, 13, 14)])
async def test_three_to_five_candidates_are_sent(office: Office, hours: tuple[int, ...]) -> None:
    with pytest.raises(Refused) as refused:
        await offers.send(office.deps, office.sato, await lead(office), candidates(office, *hours), PLAN, write_offer)
    assert (refused.value.field, refused.value.detail["least"], refused.value.detail["most"]) == ("candidates", 3, 5)


async def test_offer_needs_an_address_a_reachable_page_and_somebody_who_may_be_written_to(office: Office) -> None:
    lead_id = await lead(office)
    with pytest.raises(Rejected) as rejected:
        await offers.send(office.deps, office.sato, lead_id, candidates(office), replace(PLAN, guests=()), write_offer)
    assert [refused.field for refused in rejected.value.refusals] == ["guests"]
    unreachable = replace(office.deps, public_url="")
    with pytest.raises(Refused) as refused:
        await offers.send(unreachable, office.sato, lead_id, candidates(office), PLAN, write_offer)
    assert refused.value.code is Code.INCOMPLETE
    async with office.deps.writing(office.team_id) as session:
        await session.execute(sa.update(Contact).values(opted_out_at=office.clock.now - timedelta(days=1)))
    with pytest.raises(Refused) as refused:
        await offered(office, lead_id)
    assert refused.value.field == "guests"


async def test_neighbours_cannot_choose(office: Office, neighbours: Office) -> None:
    offer = await offered(office)
    with pytest.raises(Refused) as refused:
        await offers.choose(neighbours.deps, neighbours.team_id, offer.offer_id, candidates(office)[0], write)
    assert refused.value.code is Code.NOT_FOUND


async def test_offer_nobody_answered_is_told_of_once_and_not_at_all_after_a_meeting(office: Office) -> None:
    silent, met = await lead(office, "無言 太郎"), await lead(office, "成約 花子")
    first = await offered(office, silent)
    second = await offers.send(
        office.deps, office.sato, met, candidates(office, rep="kato"), PLAN, write_offer, request_key=None
    )
    assert await offers.teams_due(office.deps) == []
    office.clock.now = first.expires_at
    assert await offers.teams_due(office.deps) == [office.team_id]
    assert await offers.run_out(office.deps, office.team_id) == 2
    assert await offers.run_out(office.deps, office.team_id) == 0
    assert await offers.teams_due(office.deps) == []
    keys = {f"offer:{first.offer_id}:run_out", f"offer:{second.offer_id}:run_out"}
    assert keys <= set(await office.deliveries())
    told = await offers.unanswered(office.deps, office.team_id, first.offer_id)
    assert told is not None
    assert (told.lead_id, told.contact) == (silent, "無言 太郎")
    await booked(office, met, hour=11, day=3, rep="kato")
    assert await offers.unanswered(office.deps, office.team_id, second.offer_id) is None
