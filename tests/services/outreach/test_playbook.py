"""The playbook: scripts with all their versions, objections with how it went, and what a call leaves to be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.errors import Code, Refused
from domain.leads import Source
from domain.outreach.brief import Asked, Returned, Said, Unconfirmed
from domain.outreach.calls import CallResult, Connection, Outcome, Party
from domain.outreach.objections import Objection, Record
from domain.outreach.scripts import Gap, Heading, Scene, Script, Stage
from domain.performance.proportions import Proportion
from domain.qualification.bant import Answers, Budget, Element, Status
from domain.qualification.handoff import ReturnReason
from services.mail import Letter, enqueue
from services.outreach import calls, form_sources, lead_card, objections, scripts
from services.outreach.lead_card import CallEntry, FormEntry, MailEntry, ReturnEntry
from services.qualification import handoff
from storage import mails
from storage.outbox import DeliveryState
from storage.tables import Call
from tests.services.office import CHANNEL, PACKAGE, QUALIFIED, Office
from tests.services.outreach.website import YAMADA, send

SCRIPT = Script(Heading("新規", Scene.FIRST_CALL), {stage: f"{stage}：{{担当者}}様、{{会社}}" for stage in Stage})
SPOKE = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.INTERESTED, "来月の会議で話す")
MEETING = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.MEETING_SET)


async def test_every_version_of_a_script_is_kept_and_calls_name_the_one_that_was_open(
    office: Office, neighbours: Office
) -> None:
    deps = office.deps
    first = await scripts.add(deps, office.mori, SCRIPT)
    lead_id = await office.lead()
    speaking = await scripts.speak(deps, office.sato, lead_id)
    assert speaking.chosen is not None
    assert speaking.chosen.version_id == first.version_id
    assert (speaking.gaps[Gap.CONTACT], speaking.gaps[Gap.US]) == ("青葉", "Team T1")
    done = await calls.log(deps, office.sato, lead_id, SPOKE, script_version_id=first.version_id)
    # Spoken to, the lead is called about something else, for which there is no script yet.
    assert (await scripts.speak(deps, office.sato, lead_id)).chosen is None

    second = await scripts.change(deps, office.mori, first.script_id, 1, replace(SCRIPT, stages={**SCRIPT.stages}))
    with pytest.raises(Refused) as refused:
        await scripts.change(deps, office.boss, first.script_id, 1, SCRIPT)
    assert refused.value.code is Code.STALE
    theirs = await scripts.add(neighbours.deps, neighbours.mori, SCRIPT)
    await calls.log(deps, office.sato, lead_id, SPOKE, script_version_id=theirs.version_id)
    await calls.log(deps, office.sato, lead_id, SPOKE)
    async with deps.reading(office.team_id) as session:
        named = list(await session.execute(sa.select(Call.id, Call.script_version_id).order_by(Call.id)))
    assert [tuple(row) for row in named] == [(done.call_id, first.version_id), *((c, None) for c, _ in named[1:])]
    kept = await scripts.history(deps, office.sato, first.script_id)
    assert [(each.version.number, each.version.holds, each.calls) for each in kept] == [(2, True, 0), (1, False, 1)]
    assert [each.version_id for each in await scripts.listed(deps, office.sato)] == [second.version_id]

    await scripts.retire(deps, office.mori, first.script_id)
    assert await scripts.listed(deps, office.sato) == []
    assert len(await scripts.history(deps, office.sato, first.script_id)) == 2


async def test_only_managers_write_the_playbook_and_only_who_calls_reads_it(office: Office) -> None:
    deps, said = office.deps, Objection("予算がない", ("来期の資料を渡す",))
    number = await objections.add(deps, office.mori, said)
    made = await scripts.add(deps, office.boss, SCRIPT)
    for write in (
        scripts.add(deps, office.sato, SCRIPT),
        scripts.change(deps, office.ito, made.script_id, 1, SCRIPT),
        scripts.retire(deps, office.sato, made.script_id),
        objections.add(deps, office.sato, said),
        objections.change(deps, office.marketer, number, 1, said),
        objections.retire(deps, office.sato, number, 1),
        objections.search(deps, office.marketer, ""),
        objections.count(deps, office.success, number, handled=True),
        scripts.listed(deps, office.success),
        scripts.speak(deps, office.marketer, await office.lead()),
    ):
        with pytest.raises(Refused) as refused:
            await write
        assert refused.value.code is Code.NOT_ALLOWED


async def test_objection_is_counted_once_a_click_and_followed_to_the_meeting(office: Office) -> None:
    deps = office.deps
    number = await objections.add(deps, office.mori, Objection("予算がない", ("来期の資料を渡す",)))
    await objections.add(deps, office.mori, Objection("時期ではない", ("情報だけ先に",)))
    met, waiting = await office.lead(), await office.lead("別人 次郎")
    for key in ("a", "a", "b"):
        line = await objections.count(deps, office.sato, number, handled=True, lead_id=met, request_key=key)
    assert line.record == Record(Proportion(2, 2), Proportion(0, 1), Proportion(0, 0))
    await objections.count(deps, office.sato, number, handled=False, lead_id=waiting)
    await objections.count(deps, office.suzuki, number, handled=True)
    office.clock.forward(minutes=1)
    await calls.log(deps, office.sato, met, MEETING)
    (line, *_) = await objections.search(deps, office.sato, "予算")
    assert line.record == Record(Proportion(3, 4), Proportion(1, 1), Proportion(0, 1))
    assert (await objections.search(deps, office.sato, ""))[0].objection_id == number
    for wrong in ({"objection_id": 999}, {"objection_id": number, "lead_id": 999}):
        with pytest.raises(Refused) as refused:
            await objections.count(deps, office.sato, handled=True, **wrong)
        assert refused.value.code is Code.NOT_FOUND

    await objections.change(deps, office.mori, number, 1, Objection("予算が無い", ("別の返し方",)))
    with pytest.raises(Refused) as refused:
        await objections.retire(deps, office.mori, number, 1)
    assert refused.value.code is Code.STALE
    await objections.retire(deps, office.mori, number, 2)
    assert len(await objections.search(deps, office.sato, "")) == 1


async def test_brief_names_the_last_three_touches_and_what_is_open_each_from_its_record(office: Office) -> None:
    deps = office.deps
    form = await form_sources.add(deps, office.mori, "お問い合わせ")
    lead_id = (await send(office, form, YAMADA, "1")).lead_id
    shown = await lead_card.card(deps, office.sato, lead_id)
    assert [type(touch) for touch in shown.touches] == [FormEntry]
    (asked,) = shown.questions
    assert isinstance(asked, Asked)
    assert (asked.form, asked.message) == ("お問い合わせ", YAMADA["お問い合わせ内容"])

    office.clock.forward(hours=1)
    await calls.log(deps, office.sato, lead_id, SPOKE)
    office.clock.forward(hours=1)
    half = replace(QUALIFIED, budget=Budget(Status.NOT_CONFIRMED))
    handed = await _handed_off(office, lead_id, half)
    office.clock.forward(hours=1)
    await handoff.return_(deps, office.ito, handed, ReturnReason.TOO_EARLY, "半年後に")
    office.clock.forward(hours=1)
    async with deps.writing(office.team_id) as session:
        contact_id = shown.contact.contact_id
        for key in ("sent", "queued"):
            letter = Letter(key, "a@b.example", "資料のご案内", "本文", from_name="佐藤", contact_id=contact_id)
            await enqueue(deps, session, letter)
        await mails.settle(session, "sent", DeliveryState.SENT, office.clock.now, None)
    after = await lead_card.card(deps, office.sato, lead_id)
    assert [type(touch) for touch in after.touches] == [MailEntry, ReturnEntry, CallEntry]
    assert after.touches[0] == MailEntry(office.clock.now, "佐藤", "資料のご案内")
    returned, said, left = after.questions
    assert isinstance(returned, Returned)
    assert (returned.by, returned.comment) == ("ito", "半年後に")
    assert isinstance(said, Said)
    assert (said.by, said.note, said.at) == ("sato", SPOKE.note, office.clock.now - timedelta(hours=3))
    assert isinstance(left, Unconfirmed)
    assert left.elements == (Element.BUDGET,)
    assert after.lead.source is Source.INBOUND_FORM


async def _handed_off(office: Office, lead_id: int, answers: Answers) -> int:
    done = await office.judged(lead_id, answers)
    posted = await handoff.post(
        office.deps, office.sato, lead_id, done.qualification_id, PACKAGE, office.ito.member_id, CHANNEL
    )
    return posted.handoff_id
