"""Recording calls."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import Code, Refused, Rejected
from domain.leads import NextStep, Stage
from domain.outreach.calls import CallResult, Connection, Outcome, Party
from services.outreach import calls, leads
from services.qualification import bant
from storage.tables import Call
from tests.services.office import NOW, QUALIFIED, Office

BUSY = CallResult(Connection.BUSY)


async def test_first_call_puts_a_new_lead_to_work(office: Office) -> None:
    lead_id = await office.lead()
    await calls.record(office.deps, office.sato, lead_id, BUSY)
    line = (await leads.card(office.deps, office.sato, lead_id)).lead
    assert (line.stage, line.last_called_at) == (Stage.WORKING, NOW)
    await calls.record(office.deps, office.sato, lead_id, BUSY)
    assert await office.moves(lead_id) == [(None, "new"), ("new", "working")]
    assert await office.rows(Call) == 2


async def test_promised_callback_is_the_next_step(office: Office) -> None:
    lead_id = await office.lead()
    at = NOW + timedelta(days=1)
    promised = CallResult(Connection.ANSWERED, Party.GATEKEEPER, Outcome.CALLBACK, callback_at=at)
    await calls.record(office.deps, office.sato, lead_id, promised)
    line = (await leads.card(office.deps, office.sato, lead_id)).lead
    assert (line.next_step, line.next_step_at) == (NextStep.CALL, at)


async def test_call_entered_late_does_not_hide_a_later_one(office: Office) -> None:
    lead_id = await office.lead()
    await calls.record(office.deps, office.sato, lead_id, BUSY)
    await calls.record(office.deps, office.sato, lead_id, BUSY, called_at=NOW - timedelta(hours=1))
    assert (await leads.card(office.deps, office.sato, lead_id)).lead.last_called_at == NOW


async def test_call_does_not_make_an_open_form_old(office: Office) -> None:
    lead_id = await office.lead()
    await calls.record(office.deps, office.sato, lead_id, BUSY)
    draft = await bant.prepare(office.deps, office.sato, lead_id)
    await calls.record(office.deps, office.sato, lead_id, BUSY)
    done = await office.judged(lead_id, QUALIFIED, lead_version=draft.lead_version)
    assert done.lead.stage is Stage.SALES_QUALIFIED


async def test_call_on_a_lead_with_field_sales_leaves_it_there(office: Office) -> None:
    view = await office.handed_off()
    promised = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.CALLBACK, callback_at=NOW + timedelta(days=1))
    await calls.record(office.deps, office.ito, view.lead_id, promised)
    line = (await leads.card(office.deps, office.sato, view.lead_id)).lead
    assert (line.stage, line.next_step, line.last_called_at) == (
        Stage.HANDED_OFF,
        NextStep.WAIT_FOR_FIELD_SALES,
        NOW,
    )


async def test_impossible_result_is_rejected(office: Office) -> None:
    lead_id = await office.lead()
    with pytest.raises(Rejected):
        await calls.record(office.deps, office.sato, lead_id, CallResult(Connection.BUSY, Party.CONTACT))
    assert await office.rows(Call) == 0


async def test_times_that_cannot_be_are_refused(office: Office) -> None:
    lead_id = await office.lead()
    with pytest.raises(Refused) as refused:
        await calls.record(office.deps, office.sato, lead_id, BUSY, called_at=NOW + timedelta(seconds=1))
    assert (refused.value.code, refused.value.field) == (Code.INVALID, "called_at")
    past = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.CALLBACK, callback_at=NOW - timedelta(seconds=1))
    with pytest.raises(Refused) as refused:
        await calls.record(office.deps, office.sato, lead_id, past)
    assert (refused.value.code, refused.value.field) == (Code.DATE_IN_PAST, "callback_at")
    with pytest.raises(Refused) as refused:
        await calls.record(office.deps, office.sato, lead_id, CallResult(Connection.BUSY, note="x" * 3001))
    assert (refused.value.code, refused.value.field) == (Code.TOO_LONG, "note")
