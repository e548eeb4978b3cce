"""Signed submissions of a form become leads, each once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import Code, Refused
from domain.leads import DisqualifyReason, NextStep, Source, Stage
from domain.outreach.form_fields import Field, FieldMap
from domain.outreach.inbound import Urgency
from services.outreach import form_sources, forms, inbound, suppressions
from services.outreach.form_sources import NewSecret
from services.outreach.forms import Paused, Unproven
from services.outreach.leads import NextStepInput, set_next_step
from storage.tables import Account, FormSource, FormSubmission, Lead
from tests.services.office import NOW, Office
from tests.services.outreach.website import YAMADA, form, request, rows, send

__all__ = ["form"]


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
