"""Judging a lead: what is saved, how the lead moves, what a form sent twice or late does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from domain.errors import Code, Refused, Rejected
from domain.leads import NextStep, Stage
from domain.qualification.bant import Answers, Budget, Need, Status
from domain.qualification.verdict import Policy, Rule
from services.outreach import leads
from services.outreach.leads import NextStepInput
from services.qualification import bant, verdict
from storage.tables import Qualification, VerdictPolicy
from tests.services.office import NOT_QUALIFIED, NOW, QUALIFIED, Office


async def test_draft_of_a_new_lead_shows_what_is_known(office: Office) -> None:
    lead_id = await office.lead("青葉 一郎", title="部長", phone="03-1234-5678")
    draft = await bant.prepare(office.deps, office.sato, lead_id)
    assert (draft.account.name, draft.contact.name, draft.contact.title) == ("株式会社あおば精機", "青葉 一郎", "部長")
    assert (draft.answers, draft.last) == (Answers(), None)
    assert (draft.policy, draft.policy_version, draft.lead_version) == (Policy(), 1, 1)


async def test_draft_carries_the_newest_answers(office: Office) -> None:
    lead_id = await office.lead()
    await office.judged(lead_id, NOT_QUALIFIED)
    newest = replace(NOT_QUALIFIED, need=Need(Status.CONFIRMED, note="新しい"))
    await office.judged(lead_id, newest)
    draft = await bant.prepare(office.deps, office.sato, lead_id)
    assert draft.answers == newest
    assert draft.lead_version == 3


async def test_qualified_lead_waits_for_its_handoff(office: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id)
    assert done.verdict.sales_qualified
    assert (done.policy_version, done.lead.stage, done.lead.next_step) == (
        1,
        Stage.SALES_QUALIFIED,
        NextStep.HAND_OFF,
    )
    assert await office.moves(lead_id) == [(None, "new"), ("new", "sales_qualified")]
    assert await office.audited("lead.qualify") == [
        {
            "sales_qualified": True,
            "policy_version": 1,
            "stage": "sales_qualified",
        }
    ]


async def test_line_of_a_judgement_is_the_line_that_was_saved(office: Office) -> None:
    for answers in (QUALIFIED, NOT_QUALIFIED):
        lead_id = await office.lead()
        done = await office.judged(lead_id, answers)
        assert done.lead == (await leads.card(office.deps, office.sato, lead_id)).lead


async def test_lead_that_is_not_qualified_is_worked_and_shows_what_is_missing(office: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id, NOT_QUALIFIED)
    assert not done.verdict.sales_qualified
    assert [finding.rule for finding in done.verdict.unmet] == [Rule.PAIN_RECOGNISED]
    assert (done.lead.stage, done.lead.next_step) == (Stage.WORKING, None)
    assert await office.moves(lead_id) == [(None, "new"), ("new", "working")]


async def test_lead_that_loses_its_verdict_is_worked_again(office: Office) -> None:
    lead_id = await office.lead()
    await office.judged(lead_id)
    done = await office.judged(lead_id, NOT_QUALIFIED)
    assert (done.lead.stage, done.lead.next_step) == (Stage.WORKING, None)


async def test_planned_call_survives_a_verdict_that_does_not_qualify(office: Office) -> None:
    lead_id = await office.lead()
    plan = NextStepInput(NextStep.CALL, date(2026, 4, 8))
    await leads.set_next_step(office.deps, office.sato, lead_id, plan)
    done = await office.judged(lead_id, NOT_QUALIFIED)
    assert done.lead.next_step is NextStep.CALL
    assert done.lead.next_step_at is not None


async def test_verdict_counts_from_the_teams_own_date(office: Office) -> None:
    """At 23:30 in UTC it is tomorrow in Tokyo, and three months from tomorrow is a day later."""
    office.clock.now = NOW.replace(hour=23, minute=30)
    late = replace(QUALIFIED, timeline=replace(QUALIFIED.timeline, start_on=date(2026, 7, 2)))
    assert (await office.judged(await office.lead(), late)).verdict.sales_qualified


async def test_form_sent_twice_makes_one_qualification(office: Office) -> None:
    lead_id = await office.lead()
    first = await office.judged(lead_id, lead_version=1, request_key="V1")
    second = await office.judged(lead_id, lead_version=1, request_key="V1")
    assert second == first
    assert await office.rows(Qualification) == 1
    assert await office.moves(lead_id) == [(None, "new"), ("new", "sales_qualified")]


@pytest.mark.parametrize("version", [1, None])
async def test_form_sent_many_times_at_once_makes_one_qualification(office: Office, version: int | None) -> None:
    lead_id = await office.lead()
    answers = await asyncio.gather(*(office.judged(lead_id, lead_version=version, request_key="V1") for _ in range(8)))
    assert {done.qualification_id for done in answers} == {answers[0].qualification_id}
    assert await office.rows(Qualification) == 1


async def test_form_sent_again_after_the_handoff_still_gets_its_answer(office: Office) -> None:
    lead_id = await office.lead()
    first = await office.judged(lead_id, request_key="V1")
    await office.handed_off(lead_id)
    again = await office.judged(lead_id, request_key="V1")
    assert again.qualification_id == first.qualification_id
    assert again.lead.stage is Stage.HANDED_OFF


async def test_second_form_that_was_asked_for_before_the_first_was_saved_adds_nothing(office: Office) -> None:
    lead_id = await office.lead()
    seen = (await bant.prepare(office.deps, office.sato, lead_id)).lead_version
    key = bant.submission_key(office.sato, seen, QUALIFIED)
    first = await office.judged(lead_id, request_key=key)
    assert bant.submission_key(office.sato, seen, QUALIFIED) == key
    assert (await office.judged(lead_id, request_key=key)).qualification_id == first.qualification_id
    assert await office.rows(Qualification) == 1


async def test_changed_answers_another_rep_and_a_form_opened_later_are_judgements_of_their_own(office: Office) -> None:
    lead_id = await office.lead()
    seen = (await bant.prepare(office.deps, office.sato, lead_id)).lead_version
    for who, answers in ((office.sato, QUALIFIED), (office.sato, NOT_QUALIFIED), (office.suzuki, QUALIFIED)):
        key = bant.submission_key(who, seen, answers)
        await bant.qualify(office.deps, who, lead_id, answers, request_key=key)
    assert await office.rows(Qualification) == 3
    later = (await bant.prepare(office.deps, office.sato, lead_id)).lead_version
    await office.judged(lead_id, request_key=bant.submission_key(office.sato, later, QUALIFIED))
    assert await office.rows(Qualification) == 4


async def test_same_form_key_on_another_lead_is_another_submission(office: Office) -> None:
    one, other = await office.lead("青葉 一郎"), await office.lead("青葉 二郎")
    first = await office.judged(one, request_key="V1")
    second = await office.judged(other, request_key="V1")
    assert second.lead.lead_id == other
    assert second.qualification_id != first.qualification_id


async def test_form_opened_before_somebody_elses_change_is_stale(office: Office) -> None:
    lead_id = await office.lead()
    draft = await bant.prepare(office.deps, office.sato, lead_id)
    await bant.qualify(office.deps, office.suzuki, lead_id, NOT_QUALIFIED, lead_version=draft.lead_version)
    with pytest.raises(Refused) as refused:
        await office.judged(lead_id, lead_version=draft.lead_version, request_key="V2")
    assert (refused.value.code, refused.value.detail["version"]) == (Code.STALE, 2)
    assert await office.rows(Qualification) == 1


async def test_of_two_reps_who_save_at_once_one_is_told_the_form_is_old(office: Office) -> None:
    lead_id = await office.lead()
    results = await asyncio.gather(
        bant.qualify(office.deps, office.sato, lead_id, QUALIFIED, lead_version=1, request_key="a"),
        bant.qualify(office.deps, office.suzuki, lead_id, NOT_QUALIFIED, lead_version=1, request_key="b"),
        return_exceptions=True,
    )
    stale = [result for result in results if isinstance(result, Refused)]
    assert [refusal.code for refusal in stale] == [Code.STALE]
    assert await office.rows(Qualification) == 1


async def test_lead_with_field_sales_is_not_judged(office: Office) -> None:
    lead_id = await office.lead()
    await office.handed_off(lead_id)
    for attempt in (office.judged(lead_id), bant.prepare(office.deps, office.sato, lead_id)):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.WRONG_STAGE


async def test_answers_out_of_bounds_are_rejected_each_with_its_field(office: Office) -> None:
    lead_id = await office.lead()
    bad = Answers(budget=Budget(amount_yen=-1), need=Need(note="x" * 3001), call_summary="x" * 3001)
    with pytest.raises(Rejected) as rejected:
        await office.judged(lead_id, bad)
    assert [(r.code, r.field) for r in rejected.value.refusals] == [
        (Code.INVALID, "amount_yen"),
        (Code.TOO_LONG, "need.note"),
        (Code.TOO_LONG, "call_summary"),
    ]
    assert await office.rows(Qualification) == 0


@pytest.mark.parametrize("who", ["marketer", "success"])
async def test_others_do_not_judge(office: Office, who: str) -> None:
    lead_id = await office.lead()
    for attempt in (
        bant.prepare(office.deps, office.members[who], lead_id),
        bant.qualify(office.deps, office.members[who], lead_id, QUALIFIED),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_ALLOWED


async def test_lead_of_another_team_is_not_found(office: Office, neighbours: Office) -> None:
    lead_id = await office.lead()
    for attempt in (bant.prepare(neighbours.deps, neighbours.sato, lead_id), neighbours.judged(lead_id)):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_FOUND
    assert await office.stage(lead_id) == "new"


async def test_each_team_is_judged_by_its_own_rules(office: Office, neighbours: Office) -> None:
    await verdict.policy(office.deps, office.mori)
    await verdict.change_policy(office.deps, office.mori, Policy(needs_pain=False), based_on=1)
    assert (await office.judged(await office.lead(), NOT_QUALIFIED)).verdict.sales_qualified
    assert not (await neighbours.judged(await neighbours.lead(), NOT_QUALIFIED)).verdict.sales_qualified


async def test_first_judgements_at_once_make_the_default_rules_once(office: Office) -> None:
    ids = [await office.lead(f"青葉 {n}郎") for n in range(6)]
    results = await asyncio.gather(*(office.judged(lead_id) for lead_id in ids))
    assert {done.policy_version for done in results} == {1}
    assert await office.rows(VerdictPolicy) == 1
