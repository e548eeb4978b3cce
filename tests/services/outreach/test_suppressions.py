"""Do-not-call and opt-out: at once, for everybody with the number or the address, now and later."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from domain.errors import Code, Refused
from domain.leads import DisqualifyReason, Stage
from domain.outreach.calls import CallAction, CallResult, Connection, Outcome, Party
from services.outreach import calls, leads, suppressions
from storage.tables import Contact, Lead, Suppression
from tests.services.office import Office

PHONE = "03-5555-0101"
NO_ANSWER = CallResult(Connection.NO_ANSWER)


async def stopped(office: Office) -> dict[str, tuple[bool, bool]]:
    """Name → (must not be called, must not be written to)."""
    async with office.deps.reading(office.team_id) as session:
        rows = await session.execute(sa.select(Contact.name, Contact.do_not_call_at, Contact.opted_out_at))
        return {name: (call is not None, mail is not None) for name, call, mail in rows}


async def test_number_is_stopped_for_everybody_who_has_it_and_whoever_is_added_later(office: Office) -> None:
    first = await office.lead(phone=PHONE)
    await office.lead("同番 次郎", account_id=await office.account("別会社"), phone="０３（５５５５）０１０１")
    await office.lead("別番 三郎", phone="03-5555-0199")
    await suppressions.stop_calling(office.deps, office.sato, first, "二度とかけないでほしい")
    await office.lead("後日 四郎", phone="0355550101")
    assert await stopped(office) == {
        "青葉 一郎": (True, False),
        "同番 次郎": (True, False),
        "別番 三郎": (False, False),
        "後日 四郎": (True, False),
    }
    assert await office.stage(first) == "disqualified"


async def test_stopped_person_cannot_be_called_and_the_card_says_who_said_so(office: Office) -> None:
    lead_id = await office.lead(phone=PHONE, email="ichiro@aoba.example")
    await suppressions.stop_calling(office.deps, office.suzuki, lead_id, "法務からの指示")
    with pytest.raises(Refused) as refused:
        await calls.record(office.deps, office.sato, lead_id, NO_ANSWER)
    assert refused.value.code is Code.DO_NOT_CALL
    card = await leads.card(office.deps, office.sato, lead_id)
    assert card.do_not_call is not None
    assert (card.do_not_call.by, card.do_not_call.reason) == ("suzuki", "法務からの指示")
    assert card.call_actions == {CallAction.STOP_WRITING}
    managers = await leads.card(office.deps, office.mori, lead_id)
    assert CallAction.ALLOW_CALLING in managers.call_actions


async def test_outcome_do_not_call_stops_the_number_with_the_call_and_undo_frees_it(office: Office) -> None:
    lead_id = await office.lead(phone=PHONE)
    await office.lead("同番 次郎", phone=PHONE)
    said = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.DO_NOT_CALL, "もう結構です")
    done = await calls.log(office.deps, office.sato, lead_id, said)
    assert done.state.disqualify_reason is DisqualifyReason.DO_NOT_CALL
    assert await stopped(office) == {"青葉 一郎": (True, False), "同番 次郎": (True, False)}
    undone = await calls.undo(office.deps, office.sato, done.call_id, done.mark)
    assert undone.state.stage is Stage.NEW
    assert await stopped(office) == {"青葉 一郎": (False, False), "同番 次郎": (False, False)}
    assert await office.rows(Suppression) == 0


async def test_person_without_a_number_is_stopped_alone(office: Office) -> None:
    lead_id = await office.lead()
    await office.lead("番号 なし")
    await suppressions.stop_calling(office.deps, office.sato, lead_id, "")
    assert await stopped(office) == {"青葉 一郎": (True, False), "番号 なし": (False, False)}
    card = await leads.card(office.deps, office.sato, lead_id)
    assert card.do_not_call is not None
    assert card.do_not_call.by == "sato"


async def test_manager_allows_calls_again_with_a_reason_and_a_rep_cannot(office: Office) -> None:
    lead_id = await office.lead(phone=PHONE)
    await suppressions.stop_calling(office.deps, office.sato, lead_id, "")
    for actor, reason, code in ((office.sato, "理由", Code.NOT_ALLOWED), (office.mori, "  ", Code.REQUIRED)):
        with pytest.raises(Refused) as refused:
            await suppressions.allow_calling(office.deps, actor, lead_id, reason)
        assert refused.value.code is code
    await suppressions.allow_calling(office.deps, office.mori, lead_id, "ご本人から電話")
    assert await office.stage(lead_id) == "disqualified"
    await leads.reopen(office.deps, office.sato, lead_id)
    assert await calls.record(office.deps, office.sato, lead_id, NO_ANSWER)
    (entry,) = await office.audited("contact.allow_calling")
    assert entry["reason"] == "ご本人から電話"
    with pytest.raises(Refused) as refused:
        await suppressions.allow_calling(office.deps, office.mori, lead_id, "もう一度")
    assert refused.value.code is Code.ALREADY_DONE


async def test_stopping_twice_says_that_it_was_done(office: Office) -> None:
    lead_id = await office.lead(phone=PHONE)
    answers = await asyncio.gather(
        *(suppressions.stop_calling(office.deps, office.sato, lead_id, "") for _ in range(4)), return_exceptions=True
    )
    assert [getattr(answer, "code", None) for answer in answers].count(Code.ALREADY_DONE) == 3


async def test_mail_is_stopped_by_address_in_any_spelling_and_calls_are_not(office: Office) -> None:
    lead_id = await office.lead(email="Ichiro@Aoba.example")
    await office.lead("同宛 次郎", email="ichiro@aoba.example")
    await suppressions.stop_writing(office.deps, office.sato, lead_id, "")
    await office.lead("後日 三郎", email="ＩＣＨＩＲＯ@aoba.example")
    assert await stopped(office) == {
        "青葉 一郎": (False, True),
        "同宛 次郎": (False, True),
        "後日 三郎": (False, True),
    }
    assert await office.stage(lead_id) == "new"
    await suppressions.allow_writing(office.deps, office.mori, lead_id, "再同意")
    assert not any(mail for _, mail in (await stopped(office)).values())


async def test_own_wish_by_a_link_stops_the_address_once(office: Office) -> None:
    lead_id = await office.lead(email="ichiro@aoba.example")
    async with office.deps.reading(office.team_id) as session:
        contact_id = await session.scalar(sa.select(Lead.contact_id).where(Lead.id == lead_id))
    assert contact_id is not None
    assert await suppressions.opt_out(office.deps, office.team_id, contact_id)
    assert not await suppressions.opt_out(office.deps, office.team_id, contact_id)
    card = await leads.card(office.deps, office.sato, lead_id)
    assert card.opted_out is not None
    assert card.opted_out.by is None
    with pytest.raises(Refused):
        await suppressions.opt_out(office.deps, office.team_id, 10**9)


async def test_neighbours_with_the_same_number_are_left_alone(office: Office, neighbours: Office) -> None:
    lead_id = await office.lead(phone=PHONE)
    theirs = await neighbours.lead(phone=PHONE)
    await suppressions.stop_calling(office.deps, office.sato, lead_id, "")
    assert await calls.record(neighbours.deps, neighbours.sato, theirs, NO_ANSWER)
    with pytest.raises(Refused) as refused:
        await suppressions.stop_calling(neighbours.deps, neighbours.sato, lead_id, "")
    assert refused.value.code is Code.NOT_FOUND


async def test_person_added_while_the_number_is_stopped_is_stopped_too(office: Office) -> None:
    lead_id = await office.lead(phone=PHONE)
    await asyncio.gather(
        suppressions.stop_calling(office.deps, office.sato, lead_id, ""),
        *(office.lead(f"同時 {number}郎", phone=PHONE) for number in "一二三四五六"),
    )
    assert all(call for call, _ in (await stopped(office)).values())
