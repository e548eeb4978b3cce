"""Leads: adding, finding, listing, planning, taking over."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from domain.data.quality import Likeness
from domain.errors import Code, Refused, Rejected
from domain.leads import BuyingRole, DisqualifyReason, NextStep, Source, Stage
from domain.outreach.calls import CallResult, Connection
from services.outreach import calls, leads
from services.outreach.leads import DuplicateFound, NewLead, NextStepInput
from storage.tables import Contact, Lead
from tests.services.office import NOW, TODAY, Office


async def _names(office: Office, text: str, limit: int = 10) -> list[str]:
    return [line.contact for line in await leads.find(office.deps, office.sato, text, limit)]


async def test_new_lead_belongs_to_who_added_it(office: Office) -> None:
    new = NewLead(
        office.account_id,
        "  青葉　一郎 ",
        reading="あおば いちろう",
        department="情報システム部",
        title="部長",
        phone="０３-１２３４-５６７８",
        email="ichiro@aoba-seiki.example",
        buying_role=BuyingRole.DECISION_MAKER,
        source=Source.TRADE_SHOW,
        note="展示会で名刺交換",
    )
    lead_id = await leads.add(office.deps, office.sato, new)
    card = await leads.card(office.deps, office.sato, lead_id)
    assert (card.lead.stage, card.lead.owner, card.lead.source, card.lead.version) == (
        Stage.NEW,
        "sato",
        Source.TRADE_SHOW,
        1,
    )
    assert (card.contact.name, card.contact.reading, card.contact.phone, card.contact.email) == (
        "青葉 一郎",
        "アオバ イチロウ",
        "+81312345678",
        "ichiro@aoba-seiki.example",
    )
    assert (card.contact.department, card.contact.title, card.contact.buying_role, card.note) == (
        "情報システム部",
        "部長",
        BuyingRole.DECISION_MAKER,
        "展示会で名刺交換",
    )
    assert await office.moves(lead_id) == [(None, "new")]


async def test_name_alone_is_enough(office: Office) -> None:
    lead_id = await leads.add(office.deps, office.sato, NewLead(office.account_id, "青葉一郎"))
    assert (await leads.card(office.deps, office.sato, lead_id)).contact.phone == ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"account_id": None}, [(Code.REQUIRED, "account_id")]),
        ({"name": " 　"}, [(Code.REQUIRED, "name")]),
        ({"name": "・"}, [(Code.REQUIRED, "name")]),
        ({"name": "あ" * 101}, [(Code.TOO_LONG, "name")]),
        ({"title": "あ" * 101}, [(Code.TOO_LONG, "title")]),
        ({"note": "あ" * 3001}, [(Code.TOO_LONG, "note")]),
        ({"phone": "電話なし"}, [(Code.INVALID, "phone")]),
        ({"phone": "12"}, [(Code.INVALID, "phone")]),
        ({"email": "ichiro"}, [(Code.INVALID, "email")]),
        ({"email": "ichiro@aoba"}, [(Code.INVALID, "email")]),
        ({"email": "ichiro@@aoba.example"}, [(Code.INVALID, "email")]),
        ({"email": "ichiro @aoba.example"}, [(Code.INVALID, "email")]),
        ({"email": "ichiro@aoba..example"}, [(Code.INVALID, "email")]),
        ({"email": "i" * 243 + "@aoba.example"}, [(Code.INVALID, "email")]),
        (
            {"name": "", "phone": "x", "email": "x"},
            [(Code.REQUIRED, "name"), (Code.INVALID, "phone"), (Code.INVALID, "email")],
        ),
    ],
)
async def test_bad_fields_are_rejected_together(
    office: Office, changes: dict[str, str], expected: list[tuple[Code, str]]
) -> None:
    new = replace(NewLead(office.account_id, "青葉一郎"), **changes)  # type: ignore[arg-type]  # the table's values fit
    with pytest.raises(Rejected) as rejected:
        await leads.add(office.deps, office.sato, new)
    assert [(r.code, r.field) for r in rejected.value.refusals] == expected
    assert await office.rows(Lead) == 0


@pytest.mark.parametrize(
    "email", ["ichiro@aoba.example", "i.chiro+a@mail.aoba.co.jp", "一郎@青葉.example", "ｉ@aoba.jp"]
)
async def test_usual_mail_addresses_are_taken(office: Office, email: str) -> None:
    lead_id = await leads.add(office.deps, office.sato, NewLead(office.account_id, "青葉一郎", email=email))
    assert (await leads.card(office.deps, office.sato, lead_id)).contact.email.endswith(email[-6:])


async def test_extension_is_kept_as_typed(office: Office) -> None:
    lead_id = await leads.add(office.deps, office.sato, NewLead(office.account_id, "青葉一郎", phone="内線 1234"))
    assert (await leads.card(office.deps, office.sato, lead_id)).contact.phone == "内線 1234"


async def test_company_of_another_team_is_not_found(office: Office, neighbours: Office) -> None:
    for account_id in (neighbours.account_id, 999_999):
        with pytest.raises(Rejected) as rejected:
            await leads.add(office.deps, office.sato, NewLead(account_id, "青葉一郎"))
        assert [(r.code, r.field) for r in rejected.value.refusals] == [(Code.NOT_FOUND, "account_id")]
    assert await office.rows(Contact) == 0


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"name": "斎藤花子"}, (Likeness.NAME,)),
        ({"name": "別人", "phone": "03(1234)5678"}, (Likeness.PHONE,)),
        ({"name": "別人", "email": "HANAKO@aoba-seiki.example"}, (Likeness.EMAIL,)),
        (
            {"name": "齋藤　花子 様", "phone": "+81 3-1234-5678", "email": "hanako@aoba-seiki.example"},
            (Likeness.NAME, Likeness.PHONE, Likeness.EMAIL),
        ),
    ],
)
async def test_likely_duplicate_is_shown_before_anything_is_saved(
    office: Office, changes: dict[str, str], reasons: tuple[Likeness, ...]
) -> None:
    there = await office.lead("齋藤 花子", phone="03-1234-5678", email="hanako@aoba-seiki.example")
    new = NewLead(office.account_id, **changes)  # type: ignore[arg-type]  # the table's values fit
    with pytest.raises(DuplicateFound) as found:
        await leads.add(office.deps, office.sato, new)
    assert found.value.code is Code.DUPLICATE
    assert [(m.lead_id, m.contact, m.reasons) for m in found.value.matches] == [(there, "齋藤 花子", reasons)]
    assert await office.rows(Contact) == 1
    assert await leads.add(office.deps, office.sato, new, despite_duplicates=True) != there
    assert await office.rows(Contact) == 2


async def test_same_person_elsewhere_is_no_duplicate(office: Office, neighbours: Office) -> None:
    person = {"name": "青葉一郎", "phone": "03-1234-5678", "email": "i@aoba.example"}
    await neighbours.lead("青葉一郎", phone="03-1234-5678", email="i@aoba.example")
    other = await office.account("みどり商事株式会社")
    await leads.add(office.deps, office.sato, NewLead(other, **person))  # type: ignore[arg-type]  # as above
    await leads.add(office.deps, office.sato, NewLead(office.account_id, **person))  # type: ignore[arg-type]  # as above
    assert await office.rows(Lead) == 2


async def test_people_without_phone_and_mail_are_not_alike_by_that(office: Office) -> None:
    await leads.add(office.deps, office.sato, NewLead(office.account_id, "青葉一郎"))
    await leads.add(office.deps, office.sato, NewLead(office.account_id, "緑川次郎"))
    assert await office.rows(Lead) == 2


async def test_same_person_added_many_times_at_once_is_added_once(office: Office) -> None:
    new = NewLead(office.account_id, "青葉一郎")
    results = await asyncio.gather(
        *(leads.add(office.deps, office.sato, new) for _ in range(6)), return_exceptions=True
    )
    assert len([result for result in results if isinstance(result, int)]) == 1
    assert len([result for result in results if isinstance(result, DuplicateFound)]) == 5


@pytest.mark.parametrize(
    "text",
    [
        "青葉",
        "一郎",
        "青葉一郎",
        "あおば",
        "アオバ",
        "ｱｵﾊﾞ",
        "いちろう",
        "03-1234-5678",
        "0312345678",
        "5678",
        "ichiro@",
        "ICHIRO",
    ],
)
async def test_lead_is_found_by_any_part_of_the_person(office: Office, text: str) -> None:
    other = await office.account("みどり商事株式会社", reading="ミドリショウジ")
    await office.lead("青葉 一郎", reading="あおば いちろう", phone="03-1234-5678", email="ichiro@aoba-seiki.example")
    await office.lead(
        "緑川 次郎", reading="みどりかわ じろう", phone="06-9999-0000", email="jiro@midori.example", account_id=other
    )
    assert await _names(office, text) == ["青葉 一郎"]


@pytest.mark.parametrize(
    "text",
    [
        "株式会社國際精機",
        "国際精機㈱",
        "(株)国際精機",
        "コクサイセイキ",
        "kokusai",
        "Kokusai Seiki Co., Ltd.",
        "精機 国際",
        "ｺｸｻｲ",
    ],
)
async def test_lead_is_found_by_its_company_in_any_spelling(office: Office, text: str) -> None:
    kokusai = await office.account("株式会社国際精機", reading="コクサイセイキ", name_en="Kokusai Seiki Co., Ltd.")
    await office.lead("山田 太郎", account_id=kokusai)
    await office.lead("川口 花")
    assert await _names(office, text) == ["山田 太郎"]


async def test_lead_is_found_by_company_and_person_together(office: Office) -> None:
    kokusai = await office.account("株式会社国際精機", reading="コクサイセイキ")
    for account_id in (kokusai, office.account_id):
        await office.lead("山田 太郎", account_id=account_id)
        await office.lead("川口 花", account_id=account_id)
    found = await leads.find(office.deps, office.sato, "コクサイ　山田")
    assert [(line.account, line.contact) for line in found] == [("株式会社国際精機", "山田 太郎")]
    assert await _names(office, "国際") == ["川口 花", "山田 太郎"]
    assert await _names(office, "国際 田中") == []


async def test_own_leads_are_found_first_then_the_latest_call(office: Office) -> None:
    theirs = await office.lead("山田 一", owner=office.suzuki)
    old, called = await office.lead("山田 二"), await office.lead("山田 三")
    for lead_id in (theirs, called):
        await calls.record(office.deps, office.sato, lead_id, CallResult(Connection.BUSY))
    assert [line.lead_id for line in await leads.find(office.deps, office.sato, "山田")] == [called, old, theirs]
    assert await _names(office, "山田", limit=1) == ["山田 三"]


async def test_signs_of_the_query_language_are_plain_text(office: Office) -> None:
    await office.lead("青葉 一郎")
    for text in ("%", "_", "a_b", "' OR 1=1 --", "\\"):
        assert await _names(office, text) == []


async def test_nothing_typed_shows_own_open_leads(office: Office) -> None:
    await office.lead("青葉 一郎")
    await office.lead("緑川 次郎", owner=office.suzuki)
    assert await _names(office, "  ") == ["青葉 一郎"]


async def test_leads_of_another_team_are_never_found(office: Office, neighbours: Office) -> None:
    lead_id = await neighbours.lead("青葉 一郎")
    assert await _names(office, "青葉") == []
    assert await leads.mine(office.deps, office.sato) == []
    for attempt in (
        leads.card(office.deps, office.boss, lead_id),
        leads.take_over(office.deps, office.boss, lead_id),
        leads.reopen(office.deps, office.boss, lead_id),
        leads.set_next_step(office.deps, office.boss, lead_id, NextStepInput(NextStep.NURTURE)),
        calls.record(office.deps, office.boss, lead_id, CallResult(Connection.BUSY)),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_FOUND


async def test_own_open_leads_stand_in_order_of_the_last_call(office: Office) -> None:
    first, second, third, fourth = [await office.lead(f"青葉 {n}郎") for n in range(4)]
    await leads.set_next_step(
        office.deps, office.sato, fourth, NextStepInput(NextStep.DISQUALIFY, reason=DisqualifyReason.NO_NEED)
    )
    await calls.record(office.deps, office.sato, second, CallResult(Connection.BUSY))
    office.clock.forward(minutes=5)
    await calls.record(office.deps, office.sato, first, CallResult(Connection.BUSY))
    assert [line.lead_id for line in await leads.mine(office.deps, office.sato)] == [first, second, third]
    assert [line.lead_id for line in await leads.mine(office.deps, office.sato, limit=2)] == [first, second]


async def test_call_is_planned_for_a_local_time(office: Office) -> None:
    lead_id = await office.lead()
    line = await leads.set_next_step(
        office.deps, office.sato, lead_id, NextStepInput(NextStep.CALL, date(2026, 4, 8), time(15, 30), note="稟議後")
    )
    assert (line.stage, line.next_step, line.next_step_at, line.version) == (
        Stage.WORKING,
        NextStep.CALL,
        datetime(2026, 4, 8, 6, 30, tzinfo=UTC),
        2,
    )
    assert await office.audited("lead.next_step") == [
        {"step": "call", "due": "2026-04-08T15:30:00+09:00", "reason": None, "note": "稟議後"}
    ]


async def test_planned_day_is_that_of_the_one_who_plans(office: Office) -> None:
    """At 10:00 in Tokyo it is still yesterday in New York."""
    abroad = replace(office.sato, zone="America/New_York")
    lead_id = await office.lead()
    line = await leads.set_next_step(
        office.deps, abroad, lead_id, NextStepInput(NextStep.CALL, TODAY - timedelta(days=1), time(22))
    )
    assert line.next_step_at == datetime(2026, 4, 1, 2, tzinfo=UTC)


async def test_call_today_without_a_time_is_always_possible(office: Office) -> None:
    office.clock.now = NOW.replace(hour=9)
    line = await leads.set_next_step(office.deps, office.sato, await office.lead(), NextStepInput(NextStep.CALL, TODAY))
    assert line.next_step_at == datetime(2026, 4, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (NextStepInput(NextStep.CALL), [(Code.REQUIRED, "on")]),
        (NextStepInput(NextStep.CALL, date(2026, 3, 31)), [(Code.DATE_IN_PAST, "on")]),
        (NextStepInput(NextStep.CALL, TODAY, time(9, 59)), [(Code.DATE_IN_PAST, "time")]),
        (NextStepInput(NextStep.NURTURE, date(2026, 3, 31)), [(Code.DATE_IN_PAST, "on")]),
        (NextStepInput(NextStep.DISQUALIFY), [(Code.REQUIRED, "reason")]),
        (NextStepInput(NextStep.HAND_OFF), [(Code.INVALID, "step")]),
        (NextStepInput(NextStep.WAIT_FOR_FIELD_SALES), [(Code.INVALID, "step")]),
        (NextStepInput(NextStep.CALL, note="x" * 3001), [(Code.REQUIRED, "on"), (Code.TOO_LONG, "note")]),
    ],
)
async def test_incomplete_plan_is_rejected(
    office: Office, plan: NextStepInput, expected: list[tuple[Code, str]]
) -> None:
    lead_id = await office.lead()
    with pytest.raises(Rejected) as rejected:
        await leads.set_next_step(office.deps, office.sato, lead_id, plan)
    assert [(r.code, r.field) for r in rejected.value.refusals] == expected
    assert await office.stage(lead_id) == "new"


async def test_nurtured_lead_is_looked_at_again_on_a_day_or_not(office: Office) -> None:
    for on, due in ((None, None), (date(2026, 7, 1), datetime(2026, 7, 1, 0, tzinfo=UTC))):
        line = await leads.set_next_step(
            office.deps, office.sato, await office.lead(), NextStepInput(NextStep.NURTURE, on)
        )
        assert (line.stage, line.next_step, line.next_step_at) == (Stage.NURTURING, NextStep.NURTURE, due)


async def test_disqualified_lead_says_why_and_can_be_reopened(office: Office) -> None:
    lead_id = await office.lead()
    plan = NextStepInput(NextStep.DISQUALIFY, date(2020, 1, 1), reason=DisqualifyReason.COMPETITOR, note="他社導入済")
    line = await leads.set_next_step(office.deps, office.sato, lead_id, plan)
    assert (line.stage, line.next_step, line.next_step_at, line.disqualify_reason) == (
        Stage.DISQUALIFIED,
        None,
        None,
        DisqualifyReason.COMPETITOR,
    )
    assert await leads.mine(office.deps, office.sato) == []
    line = await leads.reopen(office.deps, office.sato, lead_id)
    assert (line.stage, line.disqualify_reason) == (Stage.WORKING, None)
    with pytest.raises(Refused) as refused:
        await leads.reopen(office.deps, office.sato, lead_id)
    assert refused.value.code is Code.ALREADY_DONE


async def test_planned_call_takes_a_lead_back_to_work(office: Office) -> None:
    lead_id = await office.lead()
    out = NextStepInput(NextStep.DISQUALIFY, reason=DisqualifyReason.TIMING)
    await leads.set_next_step(office.deps, office.sato, lead_id, out)
    line = await leads.set_next_step(office.deps, office.sato, lead_id, NextStepInput(NextStep.CALL, date(2026, 10, 1)))
    assert (line.stage, line.disqualify_reason) == (Stage.WORKING, None)


async def test_call_before_the_handoff_keeps_the_verdict(office: Office) -> None:
    lead_id = await office.lead()
    await office.judged(lead_id)
    line = await leads.set_next_step(office.deps, office.sato, lead_id, NextStepInput(NextStep.CALL, TODAY))
    assert (line.stage, line.next_step) == (Stage.SALES_QUALIFIED, NextStep.CALL)


async def test_nothing_is_planned_while_field_sales_has_the_lead(office: Office) -> None:
    view = await office.handed_off()
    for attempt in (
        leads.set_next_step(office.deps, office.sato, view.lead_id, NextStepInput(NextStep.CALL, TODAY)),
        leads.reopen(office.deps, office.sato, view.lead_id),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.WRONG_STAGE


async def test_plan_on_an_old_form_is_stale(office: Office) -> None:
    lead_id = await office.lead()
    plan = NextStepInput(NextStep.NURTURE)
    await leads.set_next_step(office.deps, office.sato, lead_id, plan, lead_version=1)
    with pytest.raises(Refused) as refused:
        await leads.set_next_step(office.deps, office.suzuki, lead_id, plan, lead_version=1)
    assert (refused.value.code, refused.value.detail["version"]) == (Code.STALE, 2)


async def test_lead_is_taken_over(office: Office) -> None:
    lead_id = await office.lead()
    line = await leads.take_over(office.deps, office.suzuki, lead_id)
    assert (line.owner, line.owner_slack_user) == ("suzuki", "USUZUKI")
    with pytest.raises(Refused) as refused:
        await leads.take_over(office.deps, office.suzuki, lead_id)
    assert (refused.value.code, refused.value.detail["by"]) == (Code.ALREADY_DONE, "suzuki")
    with pytest.raises(Refused) as refused:
        await leads.take_over(office.deps, office.ito, lead_id)
    assert refused.value.code is Code.NOT_ALLOWED
