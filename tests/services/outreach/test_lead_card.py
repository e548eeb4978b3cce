"""The card of a lead: facts, history and the buttons that fit."""

from __future__ import annotations

from datetime import date

from domain.leads import LeadAction, NextStep, Stage
from domain.outreach.calls import CallResult, Connection, Outcome, Party, RefusalReason
from domain.qualification.handoff import HandoffStatus, ReturnReason
from services.outreach import calls, leads
from services.outreach.lead_card import OverrideEntry
from services.outreach.leads import (
    CallEntry,
    HandoffEntry,
    NextStepEntry,
    NextStepInput,
    QualificationEntry,
    ReturnEntry,
    StageEntry,
)
from services.qualification import handoff, verdict
from tests.services.office import NOT_QUALIFIED, NOW, Office


async def test_card_shows_company_and_colleagues(office: Office) -> None:
    lead_id = await office.lead("青葉 一郎", title="部長")
    await office.lead("緑川 次郎", title="課長")
    await office.lead("他社 三郎", account_id=await office.account("みどり商事株式会社"))
    card = await leads.card(office.deps, office.suzuki, lead_id)
    assert (card.account.name, card.account.industry, card.account.address) == (
        "株式会社あおば精機",
        "機械",
        "東京都大田区",
    )
    assert (card.contact.name, card.contact.title) == ("青葉 一郎", "部長")
    assert [person.name for person in card.people] == ["緑川 次郎"]
    assert (card.qualification, card.handoffs, card.open_handoff_id) == (None, (), None)


async def test_history_stands_newest_first(office: Office) -> None:
    lead_id = await office.lead()

    async def later(step: object) -> None:
        office.clock.forward(minutes=1)
        await step  # type: ignore[misc]  # a coroutine

    deps = office.deps
    refused = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.REFUSED, "今期は無理", reason=RefusalReason.BUDGET)
    await later(calls.record(deps, office.sato, lead_id, refused))
    plan = NextStepInput(NextStep.CALL, date(2026, 4, 8), note="期が変わる")
    await later(leads.set_next_step(deps, office.sato, lead_id, plan))
    await later(office.judged(lead_id, NOT_QUALIFIED))
    await later(office.judged(lead_id))
    done = (await leads.card(deps, office.sato, lead_id)).qualification
    assert done is not None
    await later(office.handed_off(lead_id))
    handed = (await leads.card(deps, office.sato, lead_id)).open_handoff_id
    assert handed is not None
    await later(handoff.return_(deps, office.ito, handed, ReturnReason.TOO_EARLY, "半年後"))

    card = await leads.card(deps, office.sato, lead_id)
    shown = [(type(entry), entry.by) for entry in card.history]
    assert shown == [
        (ReturnEntry, "ito"),
        (StageEntry, "ito"),
        (HandoffEntry, "sato"),
        (QualificationEntry, "sato"),
        (StageEntry, "sato"),
        (QualificationEntry, "sato"),
        (StageEntry, "sato"),
        (QualificationEntry, "sato"),
        (NextStepEntry, "sato"),
        (StageEntry, "sato"),
        (CallEntry, "sato"),
        (StageEntry, "sato"),
    ]
    returned, back, sent = card.history[0], card.history[1], card.history[2]
    assert isinstance(returned, ReturnEntry)
    assert (returned.returned.reason, returned.returned.comment) == (ReturnReason.TOO_EARLY, "半年後")
    assert isinstance(back, StageEntry)
    assert (back.from_stage, back.to_stage) == (Stage.HANDED_OFF, Stage.WORKING)
    assert isinstance(sent, HandoffEntry)
    assert (sent.to, sent.status) == ("ito", HandoffStatus.RETURNED)
    planned = card.history[8]
    assert isinstance(planned, NextStepEntry)
    assert (planned.step, planned.note) == (NextStep.CALL, "期が変わる")
    called = card.history[10]
    assert isinstance(called, CallEntry)
    assert (called.outcome, called.reason, called.note) == (Outcome.REFUSED, RefusalReason.BUDGET, "今期は無理")
    added = card.history[-1]
    assert isinstance(added, StageEntry)
    assert (added.from_stage, added.at) == (None, NOW)
    assert card.open_handoff_id is None


async def test_card_tells_of_an_override(office: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id, NOT_QUALIFIED)
    await verdict.override(office.deps, office.mori, done.qualification_id, "理由")
    card = await leads.card(office.deps, office.sato, lead_id)
    assert card.qualification is not None
    assert card.qualification.sales_qualified
    assert not card.qualification.verdict.sales_qualified
    entries = [entry for entry in card.history if isinstance(entry, QualificationEntry)]
    assert [(entry.sales_qualified, entry.overridden) for entry in entries] == [(False, True)]
    overrides = [entry for entry in card.history if isinstance(entry, OverrideEntry)]
    assert [(entry.by, entry.sales_qualified, entry.reason) for entry in overrides] == [("mori", True, "理由")]


async def test_buttons_fit_stage_and_person(office: Office) -> None:
    lead_id = await office.lead()

    async def buttons(who: str) -> set[LeadAction]:
        return set((await leads.card(office.deps, office.members[who], lead_id)).actions)

    assert await buttons("sato") == {LeadAction.QUALIFY, LeadAction.NEXT_STEP}
    assert await buttons("suzuki") == {LeadAction.QUALIFY, LeadAction.NEXT_STEP, LeadAction.TAKE_OVER}
    await office.judged(lead_id)
    assert LeadAction.HAND_OFF in await buttons("sato")
    assert LeadAction.OVERRIDE in await buttons("mori")
    handed = await office.handed_off(lead_id)
    assert await buttons("sato") == {LeadAction.BOOK_MEETING}
    assert await buttons("ito") == {LeadAction.ACCEPT, LeadAction.RETURN, LeadAction.BOOK_MEETING}
    await handoff.accept(office.deps, office.ito, handed.handoff_id)
    assert await buttons("ito") == {LeadAction.RETURN, LeadAction.BOOK_MEETING}
    card = await leads.card(office.deps, office.ito, lead_id)
    assert card.open_handoff_id == handed.handoff_id
