"""Submissions become leads, are claimed by one, and are told of when nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from domain.errors import Code, Refused, Rejected
from domain.leads import DisqualifyReason, NextStep, Source, Stage
from domain.outreach.calls import CallResult, Connection
from domain.outreach.form_fields import Field, FieldMap
from domain.outreach.inbound import InboundRules, Urgency
from domain.qualification.meetings import Slot
from services.outreach import calls, form_sources, forms, inbound, suppressions
from services.outreach.form_sources import NewSecret
from services.outreach.forms import Paused, Received, Stand, Unproven
from services.outreach.inbound import Claimed
from services.outreach.leads import NextStepInput, set_next_step
from services.qualification import meeting_offers, meetings
from services.qualification.meeting_records import Plan, Words
from storage.tables import Account, Contact, FormSource, FormSubmission, Lead, MeetingOffer
from tests.services.office import NOW, Clock, Office

STAND = Stand("お名前なし", "会社名なし")
YAMADA = {
    "会社名": "㈱あおば精機",
    "お名前": "山田　太郎",
    "メールアドレス": "yamada@aoba.example",
    "お電話番号": "０３-１０００-５０００",
    "お問い合わせ内容": "資料を見ました。見積をお願いします",
}


@pytest.fixture
async def form(office: Office) -> NewSecret:
    """A form of the team."""
    return await form_sources.add(office.deps, office.mori, "お問い合わせ")


def request(body: bytes, form: NewSecret, at: datetime = NOW) -> tuple[str, str]:
    """The time and the signature of a request."""
    timestamp = str(int(at.timestamp()))
    return timestamp, forms.signature(form.secret, timestamp, body)


async def send(
    office: Office, form: NewSecret, raw: Mapping[str, str], submission_id: str | None = None, body: bytes = b""
) -> Received:
    """A signed submission; `body` only tells requests apart."""
    sent = body or f"{submission_id}{raw}".encode()
    timestamp, signed = request(sent, form, office.clock.now)
    proven = await forms.prove(office.deps, form.form.name, timestamp, signed, sent)
    return await forms.receive(office.deps, proven, raw, STAND, submission_id)


async def rows(office: Office, *columns: Any) -> list[Any]:
    async with office.deps.reading(office.team_id) as session:
        return list(await session.execute(sa.select(*columns).order_by(columns[0])))


async def submission(office: Office, submission_id: int) -> FormSubmission:
    async with office.deps.reading(office.team_id) as session:
        found = await session.scalar(sa.select(FormSubmission).where(FormSubmission.id == submission_id))
        assert found is not None
        return found


# Proof


async def test_signed_request_is_taken(office: Office, form: NewSecret) -> None:
    timestamp, signed = request(b"a=b", form)
    proven = await forms.prove(office.deps, form.form.name, timestamp, signed, b"a=b")
    assert (proven.source_id, proven.team_id) == (form.form.source_id, office.team_id)


@pytest.mark.parametrize("minutes", [-5.1, 5.1, 60, -60 * 24])
async def test_stale_request_is_not_taken(office: Office, form: NewSecret, minutes: float) -> None:
    timestamp, signed = request(b"a=b", form, NOW + timedelta(minutes=minutes))
    with pytest.raises(Unproven):
        await forms.prove(office.deps, form.form.name, timestamp, signed, b"a=b")


@pytest.mark.parametrize(
    "wrong",
    [{"body": b"a=c"}, {"signed": "0" * 64}, {"signed": ""}, {"timestamp": "1"}, {"timestamp": "²"}, {"name": "x"}],
)
async def test_forged_request_is_not_taken(office: Office, form: NewSecret, wrong: dict[str, Any]) -> None:
    timestamp, signed = request(b"a=b", form)
    given = {"name": form.form.name, "timestamp": timestamp, "signed": signed, "body": b"a=b"} | wrong
    with pytest.raises(Unproven):
        await forms.prove(office.deps, **given)


async def test_old_secret_signs_nothing_after_a_new_one_was_made(office: Office, form: NewSecret) -> None:
    fresh = await form_sources.rotate(office.deps, office.mori, form.form.source_id)
    timestamp, signed = request(b"a=b", form)
    with pytest.raises(Unproven):
        await forms.prove(office.deps, form.form.name, timestamp, signed, b"a=b")
    timestamp, signed = request(b"a=b", fresh)
    assert await forms.prove(office.deps, form.form.name, timestamp, signed, b"a=b")


async def test_paused_form_says_so_only_to_itself(office: Office, form: NewSecret) -> None:
    await form_sources.set_active(office.deps, office.mori, form.form.source_id, active=False)
    timestamp, signed = request(b"a=b", form)
    with pytest.raises(Paused):
        await forms.prove(office.deps, form.form.name, timestamp, signed, b"a=b")
    with pytest.raises(Unproven):
        await forms.prove(office.deps, form.form.name, timestamp, "0" * 64, b"a=b")
    await form_sources.set_active(office.deps, office.mori, form.form.source_id, active=True)
    assert await forms.prove(office.deps, form.form.name, timestamp, signed, b"a=b")


async def test_secret_is_stored_encrypted(office: Office, form: NewSecret) -> None:
    ((stored,),) = await rows(office, FormSource.secret)
    assert form.secret not in stored
    assert office.deps.keys.decrypt(stored) == form.secret


# Leads


async def test_submission_becomes_a_lead_at_the_company_that_is_there(office: Office, form: NewSecret) -> None:
    received = await send(office, form, YAMADA, "1")
    assert received.new
    view = await inbound.view(office.deps, office.team_id, received.submission_id)
    assert view.account.account_id == office.account_id
    assert (view.contact.name, view.contact.phone) == ("山田 太郎", "+81310005000")
    assert view.lead.source is Source.INBOUND_FORM
    assert view.lead.stage is Stage.NEW
    assert view.lead.owner == "mori"
    assert view.urgency is Urgency.HIGH
    assert (await office.deliveries())[f"inbound:{received.submission_id}"][:2] == (
        inbound.CARD,
        office.mori.slack_user,
    )


async def test_same_id_again_is_the_same_lead_and_nothing_new(office: Office, form: NewSecret) -> None:
    first = await send(office, form, YAMADA, "1")
    again = await send(office, form, {**YAMADA, "お問い合わせ内容": "別の文"}, "1")
    assert (again.lead_id, again.submission_id, again.new) == (first.lead_id, first.submission_id, False)
    assert (await office.rows(FormSubmission), await office.rows(Lead)) == (1, 1)
    assert len(await office.deliveries()) == 1


async def test_same_request_under_another_id_is_nothing_new(office: Office, form: NewSecret) -> None:
    first = await send(office, form, YAMADA, "1", b"the same")
    again = await send(office, form, YAMADA, "2", b"the same")
    assert (again.lead_id, again.new) == (first.lead_id, False)
    assert await office.rows(FormSubmission) == 1


async def test_twenty_at_once_are_one_submission(office: Office, form: NewSecret) -> None:
    received = await asyncio.gather(*(send(office, form, YAMADA, "1") for _ in range(20)))
    assert len({one.lead_id for one in received}) == 1
    assert sum(one.new for one in received) == 1
    assert await office.rows(FormSubmission) == 1


async def test_two_people_of_a_new_company_at_once_make_one_company(office: Office, form: NewSecret) -> None:
    people = [{"company": "株式会社あけぼの", "name": f"人 {n}", "email": f"p{n}@akebono.example"} for n in range(8)]
    await asyncio.gather(*(send(office, form, person, str(n)) for n, person in enumerate(people)))
    assert await office.rows(Account) == 2
    assert await office.rows(Lead) == 8


@pytest.mark.parametrize(
    "again",
    [
        {**YAMADA, "お問い合わせ内容": "まだですか"},
        {"会社名": "あおば精機株式会社", "お名前": "山田太郎", "お問い合わせ内容": "電話ください"},
        {"お名前": "山田", "メールアドレス": "YAMADA@aoba.example", "お問い合わせ内容": "会社名を書き忘れました"},
        {"会社名": "べつの表記", "お名前": "山田 太郎", "電話番号": "03-1000-5000"},
    ],
)
async def test_same_person_again_is_the_same_lead_and_more_urgent(
    office: Office, form: NewSecret, again: dict[str, str]
) -> None:
    first = await send(office, form, {**YAMADA, "お問い合わせ内容": "導入を検討"}, "1")
    second = await send(office, form, again, "2")
    assert second.new
    assert second.lead_id == first.lead_id
    assert second.submission_id != first.submission_id
    assert (await inbound.view(office.deps, office.team_id, first.submission_id)).urgency is Urgency.MEDIUM
    later = await inbound.view(office.deps, office.team_id, second.submission_id)
    assert later.repeated == 1
    assert later.urgency in (Urgency.MEDIUM, Urgency.HIGH)


async def test_colleague_on_the_same_switchboard_is_another_lead(office: Office, form: NewSecret) -> None:
    first = await send(office, form, YAMADA, "1")
    other = await send(office, form, {**YAMADA, "お名前": "鈴木 花子", "メールアドレス": "suzuki@aoba.example"}, "2")
    assert other.lead_id != first.lead_id


async def test_shared_address_with_another_name_is_another_lead(office: Office, form: NewSecret) -> None:
    first = await send(office, form, {**YAMADA, "メールアドレス": "info@aoba.example"}, "1")
    other = await send(
        office, form, {**YAMADA, "お名前": "鈴木 花子", "メールアドレス": "info@aoba.example", "お電話番号": ""}, "2"
    )
    assert other.lead_id != first.lead_id


async def test_lead_that_was_out_comes_back_to_work(office: Office, form: NewSecret) -> None:
    first = await send(office, form, YAMADA, "1")
    plan = NextStepInput(NextStep.DISQUALIFY, reason=DisqualifyReason.TIMING)
    await set_next_step(office.deps, office.sato, first.lead_id, plan)
    assert (await send(office, form, YAMADA, "2")).lead_id == first.lead_id
    assert await office.stage(first.lead_id) == Stage.WORKING


@pytest.mark.parametrize(
    ("raw", "company", "person"),
    [
        ({"お名前": "山田", "メール": "y@kaze.example", "内容": "?"}, "kaze.example", "山田"),
        ({"お名前": "山田", "メール": "y@gmail.com", "内容": "?"}, "会社名なし", "山田"),
        ({"会社名": "風", "内容": "電話も名前もない"}, "風", "お名前なし"),
        ({"内容": "何もない"}, "会社名なし", "お名前なし"),
        ({"会社名": "!!!", "お名前": "☎"}, "会社名なし", "お名前なし"),
        ({"会社名": "風", "お名前": "山田", "メール": "だめ", "電話": "電話なし"}, "風", "山田"),
        ({"q": "\ud800\0"}, "会社名なし", "お名前なし"),
    ],
)
async def test_whatever_is_missing_it_becomes_a_lead(
    office: Office, form: NewSecret, raw: dict[str, str], company: str, person: str
) -> None:
    received = await send(office, form, raw, "1")
    view = await inbound.view(office.deps, office.team_id, received.submission_id)
    assert (view.account.name, view.contact.name) == (company, person)


async def test_two_strangers_without_company_and_name_stay_two(office: Office, form: NewSecret) -> None:
    one = await send(office, form, {"内容": "一"}, "1")
    other = await send(office, form, {"内容": "二"}, "2")
    named = await send(office, form, {"お名前": "山田 太郎", "内容": "三"}, "3")
    namesake = await send(office, form, {"お名前": "山田 太郎", "内容": "四"}, "4")
    assert len({one.lead_id, other.lead_id, named.lead_id, namesake.lead_id}) == 4
    assert await office.rows(Account) == 2


async def test_name_that_was_missing_is_filled_in_later(office: Office, form: NewSecret) -> None:
    first = await send(office, form, {"メール": "y@aoba.example"}, "1")
    again = await send(office, form, {"メール": "y@aoba.example", "お名前": "山田 太郎", "電話": "03-1000-5001"}, "2")
    assert again.lead_id == first.lead_id
    view = await inbound.view(office.deps, office.team_id, again.submission_id)
    assert (view.contact.name, view.contact.phone) == ("山田 太郎", "+81310005001")


async def test_what_is_known_is_not_overwritten(office: Office, form: NewSecret) -> None:
    await send(office, form, {**YAMADA, "役職": "部長"}, "1")
    again = await send(office, form, {**YAMADA, "役職": "課長", "お電話番号": "03-1000-5999", "従業員数": "120名"}, "2")
    view = await inbound.view(office.deps, office.team_id, again.submission_id)
    assert (view.contact.title, view.contact.phone) == ("部長", "+81310005000")
    assert (view.account.employees, view.account.industry) == (120, "機械")


async def test_number_that_must_not_be_called_stops_whoever_gives_it(office: Office, form: NewSecret) -> None:
    stopped = await office.lead("青葉 一郎", phone="03-1000-5000")
    await suppressions.stop_calling(office.deps, office.sato, stopped, "電話は困る")
    new = await send(office, form, YAMADA, "1")
    assert not (await inbound.view(office.deps, office.team_id, new.submission_id)).calls_allowed
    known = {"お名前": "鈴木 花子", "メール": "suzuki@aoba.example"}
    await send(office, form, known, "2")
    filled = await send(office, form, {**known, "電話": "03-1000-5000"}, "3")
    assert not (await inbound.view(office.deps, office.team_id, filled.submission_id)).calls_allowed


async def test_company_is_found_by_its_website_when_only_the_mail_says_it(office: Office, form: NewSecret) -> None:
    made = await send(office, form, {"会社名": "株式会社そら", "お名前": "一", "メール": "a@sora.example"}, "1")
    by_mail = await send(office, form, {"お名前": "二", "メール": "b@sora.example"}, "2")
    first = await inbound.view(office.deps, office.team_id, made.submission_id)
    second = await inbound.view(office.deps, office.team_id, by_mail.submission_id)
    assert first.account.account_id == second.account.account_id


async def test_mapping_and_fixed_values_fill_the_lead(office: Office, form: NewSecret) -> None:
    known = FieldMap({"q1": Field.COMPANY, "q2": Field.NAME}, {Field.DEPARTMENT: "ウェブ"}, Source.WHITE_PAPER)
    await form_sources.set_fields(office.deps, office.mori, form.form.source_id, known, title="資料請求")
    received = await send(office, form, {"q1": "風", "q2": "山田", "q3": "赤"}, "1")
    view = await inbound.view(office.deps, office.team_id, received.submission_id)
    assert (view.form, view.account.name, view.contact.name) == ("資料請求", "風", "山田")
    assert (view.contact.department, view.lead.source, view.filled.others) == (
        "ウェブ",
        Source.WHITE_PAPER,
        {"q3": "赤"},
    )
    seen = await form_sources.fields(office.deps, office.mori, form.form.source_id)
    assert [(field.name, field.example, field.decided) for field in seen.fields] == [
        ("q1", "風", True),
        ("q2", "山田", True),
        ("q3", "赤", False),
    ]


async def test_mapped_field_is_the_submission_id(office: Office, form: NewSecret) -> None:
    first = await send(office, form, {"受付番号": "A-1", "内容": "一"})
    again = await send(office, form, {"受付番号": "A-1", "内容": "二"})
    other = await send(office, form, {"受付番号": "A-2", "内容": "一"})
    assert (again.new, other.new) == (False, True)
    assert again.lead_id == first.lead_id


async def test_mapping_changed_by_somebody_else_meanwhile_is_not_overwritten(office: Office, form: NewSecret) -> None:
    source = form.form.source_id
    await form_sources.set_fields(office.deps, office.mori, source, FieldMap(), title="一", version=1)
    with pytest.raises(Refused) as refused:
        await form_sources.set_fields(office.deps, office.mori, source, FieldMap(), title="二", version=1)
    assert refused.value.code is Code.STALE


async def test_forms_are_for_managers_and_of_one_team(office: Office, neighbours: Office, form: NewSecret) -> None:
    with pytest.raises(Refused) as refused:
        await form_sources.all_of(office.deps, office.sato)
    assert refused.value.code is Code.NOT_ALLOWED
    assert await form_sources.all_of(neighbours.deps, neighbours.mori) == []
    with pytest.raises(Refused) as refused:
        await form_sources.rotate(neighbours.deps, neighbours.mori, form.form.source_id)
    assert refused.value.code is Code.NOT_FOUND


# Claims


async def test_one_of_twenty_gets_the_claim_and_the_others_hear_who(office: Office, form: NewSecret) -> None:
    received = await send(office, form, YAMADA, "1")
    who = [office.sato, office.suzuki, office.mori, office.boss] * 5
    answers = await asyncio.gather(
        *(inbound.claim(office.deps, actor, received.submission_id) for actor in who), return_exceptions=True
    )
    view = await inbound.view(office.deps, office.team_id, received.submission_id)
    assert view.claimed is not None
    winner = view.claimed.name
    assert view.lead.owner == winner
    for actor, answer in zip(who, answers, strict=True):
        if actor.name == winner:
            assert not isinstance(answer, BaseException)
        else:
            assert isinstance(answer, Claimed)
            assert answer.by == winner
    assert len([key for key in await office.deliveries() if "claimed" in key]) == 1


async def test_field_sales_claims_nothing(office: Office, form: NewSecret) -> None:
    received = await send(office, form, YAMADA, "1")
    with pytest.raises(Refused) as refused:
        await inbound.claim(office.deps, office.ito, received.submission_id)
    assert refused.value.code is Code.NOT_ALLOWED


async def test_claim_is_given_back_and_passed_on(office: Office, form: NewSecret) -> None:
    number = (await send(office, form, YAMADA, "1")).submission_id
    await inbound.claim(office.deps, office.sato, number)
    with pytest.raises(Claimed):
        await inbound.release(office.deps, office.suzuki, number)
    await inbound.release(office.deps, office.sato, number)
    assert (await inbound.view(office.deps, office.team_id, number)).claimed is None
    await inbound.claim(office.deps, office.suzuki, number)
    line = await inbound.pass_on(office.deps, office.suzuki, number, office.sato.member_id)
    assert line.owner == "sato"
    told = [d for d in (await office.deliveries()).values() if d[0] == inbound.PASSED_ON]
    assert [d[1] for d in told] == [office.sato.slack_user]
    with pytest.raises(Refused) as refused:
        await inbound.pass_on(office.deps, office.sato, number, office.ito.member_id)
    assert refused.value.code is Code.INVALID


async def test_manager_gives_back_what_a_member_on_leave_had_claimed(office: Office, form: NewSecret) -> None:
    number = (await send(office, form, YAMADA, "1")).submission_id
    await inbound.claim(office.deps, office.sato, number)
    await inbound.release(office.deps, office.mori, number)
    assert (await inbound.view(office.deps, office.team_id, number)).claimed is None


# The clock


async def told(office: Office) -> set[str]:
    """Which news has been enqueued, without the cards."""
    return {d[0] for d in (await office.deliveries()).values()} - {inbound.CARD, inbound.UPDATE}


async def test_team_hears_after_three_minutes_and_managers_after_five(
    office: Office, form: NewSecret, clock: Clock
) -> None:
    await send(office, form, YAMADA, "1")
    clock.forward(minutes=2, seconds=59)
    assert await inbound.keep_time(office.deps, office.team_id) == 0
    clock.forward(seconds=1)
    assert await inbound.teams_with_work(office.deps) == [office.team_id]
    assert await inbound.keep_time(office.deps, office.team_id) == 1
    assert await told(office) == {inbound.TEAM_TOLD}
    assert await inbound.keep_time(office.deps, office.team_id) == 0
    clock.forward(minutes=2)
    assert await inbound.keep_time(office.deps, office.team_id) == 1
    # What the team was told says so too.
    assert await told(office) == {inbound.TEAM_TOLD, inbound.TEAM_UPDATE, inbound.MANAGER_TOLD}
    clock.forward(hours=5)
    assert await inbound.teams_with_work(office.deps) == []


async def test_two_processes_tell_once(office: Office, form: NewSecret, clock: Clock) -> None:
    for number in range(5):
        await send(
            office, form, {**YAMADA, "お名前": f"人{number}", "メールアドレス": f"p{number}@aoba.example"}, str(number)
        )
    clock.forward(minutes=6)
    counts = await asyncio.gather(*(inbound.keep_time(office.deps, office.team_id) for _ in range(4)))
    assert sum(counts) == 5
    kinds = [d[0] for d in (await office.deliveries()).values()]
    assert kinds.count(inbound.TEAM_TOLD) == 5
    assert kinds.count(inbound.MANAGER_TOLD) == 5


async def test_claim_keeps_the_team_quiet_but_not_the_managers_clock(
    office: Office, form: NewSecret, clock: Clock
) -> None:
    number = (await send(office, form, YAMADA, "1")).submission_id
    await inbound.claim(office.deps, office.sato, number)
    clock.forward(minutes=4)
    assert await inbound.keep_time(office.deps, office.team_id) == 0
    clock.forward(minutes=1)
    assert await inbound.keep_time(office.deps, office.team_id) == 1
    assert await told(office) == {inbound.MANAGER_TOLD}


async def test_released_claim_tells_the_team_at_once_when_its_time_is_over(
    office: Office, form: NewSecret, clock: Clock
) -> None:
    number = (await send(office, form, YAMADA, "1")).submission_id
    await inbound.claim(office.deps, office.sato, number)
    clock.forward(minutes=4)
    await inbound.release(office.deps, office.sato, number)
    await inbound.keep_time(office.deps, office.team_id)
    assert await told(office) == {inbound.TEAM_TOLD}


@pytest.mark.parametrize(
    ("received_at", "due"),
    [
        # Friday 17:58: two minutes are left, the others are Monday's.
        (datetime(2026, 4, 3, 8, 58, tzinfo=UTC), datetime(2026, 4, 6, 0, 3, tzinfo=UTC)),
        # A Saturday, and the night.
        (datetime(2026, 4, 4, 3, 0, tzinfo=UTC), datetime(2026, 4, 6, 0, 5, tzinfo=UTC)),
        (datetime(2026, 4, 1, 14, 0, tzinfo=UTC), datetime(2026, 4, 2, 0, 5, tzinfo=UTC)),
        # Golden Week.
        (datetime(2026, 4, 29, 3, 0, tzinfo=UTC), datetime(2026, 4, 30, 0, 5, tzinfo=UTC)),
    ],
)
async def test_clock_starts_at_opening_outside_working_hours(
    office: Office, form: NewSecret, clock: Clock, received_at: datetime, due: datetime
) -> None:
    clock.now = received_at
    number = (await send(office, form, YAMADA, "1")).submission_id
    assert (await submission(office, number)).manager_due_at == due


async def test_team_chooses_its_own_minutes_and_channel(office: Office, form: NewSecret, clock: Clock) -> None:
    rules = InboundRules("C0INBOUND", office.sato.member_id, 10, 20)
    await inbound.set_rules(office.deps, office.mori, rules)
    received = await send(office, form, YAMADA, "1")
    row = await submission(office, received.submission_id)
    assert row.manager_due_at - row.received_at == timedelta(minutes=20)
    assert (await office.deliveries())[f"inbound:{received.submission_id}"][1] == "C0INBOUND"
    view = await inbound.view(office.deps, office.team_id, received.submission_id)
    assert view.lead.owner == "sato"


async def test_rules_are_refused_that_nobody_could_follow(office: Office) -> None:
    with pytest.raises(Rejected):
        await inbound.set_rules(office.deps, office.mori, InboundRules(manager_minutes=0))
    with pytest.raises(Refused) as refused:
        await inbound.set_rules(office.deps, office.mori, InboundRules(owner_id=office.ito.member_id))
    assert refused.value.field == "owner_id"
    with pytest.raises(Refused) as refused:
        await inbound.set_rules(office.deps, office.sato, InboundRules())
    assert refused.value.code is Code.NOT_ALLOWED


# First response


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


async def test_person_who_must_not_be_called_is_marked(office: Office, form: NewSecret) -> None:
    received = await send(office, form, YAMADA, "1")
    async with office.deps.writing(office.team_id) as session:
        await session.execute(sa.update(Contact).values(do_not_call_at=NOW))
    assert not (await inbound.view(office.deps, office.team_id, received.submission_id)).calls_allowed
