"""The team's rules: versions, races, and verdicts put aside."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from domain.errors import Code, Refused, Rejected
from domain.leads import NextStep, Stage
from domain.qualification.bant import Element
from domain.qualification.verdict import Policy
from services.outreach import leads
from services.qualification import verdict
from storage.tables import VerdictPolicy
from tests.services.office import NOT_QUALIFIED, QUALIFIED, Office


async def test_team_without_rules_gets_the_defaults_as_version_one(office: Office) -> None:
    version = await verdict.policy(office.deps, office.sato)
    assert (version.version, version.policy, version.created_by_name) == (1, Policy(), None)
    assert await verdict.policy(office.deps, office.sato) == version
    assert await office.rows(VerdictPolicy) == 1


async def test_changed_rules_are_the_next_version_and_the_old_one_stays(office: Office) -> None:
    new = Policy(2, frozenset({Element.BUDGET, Element.NEED}), needs_pain=False, start_within_months=None)
    await verdict.policy(office.deps, office.mori)
    made = await verdict.change_policy(office.deps, office.mori, new, based_on=1)
    assert (made.version, made.policy, made.created_by_name) == (2, new, "mori")
    assert await verdict.policy(office.deps, office.sato) == made
    assert [(v.version, v.policy) for v in await verdict.versions(office.deps, office.sato)] == [
        (2, new),
        (1, Policy()),
    ]
    (entry,) = await office.audited("policy.change")
    assert (entry["from"]["min_confirmed"], entry["to"]["required"]) == (3, ["budget", "need"])


async def test_rules_can_be_changed_before_anybody_was_judged(office: Office) -> None:
    assert (await verdict.change_policy(office.deps, office.mori, Policy(2), based_on=1)).version == 2


async def test_same_rules_again_make_no_version(office: Office) -> None:
    before = await verdict.policy(office.deps, office.mori)
    assert await verdict.change_policy(office.deps, office.mori, Policy(), based_on=1) == before
    assert await office.rows(VerdictPolicy) == 1
    assert await office.audited("policy.change") == []


async def test_rules_changed_meanwhile_are_not_overwritten(office: Office) -> None:
    await verdict.change_policy(office.deps, office.mori, Policy(2), based_on=1)
    with pytest.raises(Refused) as refused:
        await verdict.change_policy(office.deps, office.boss, Policy(4), based_on=1)
    assert (refused.value.code, refused.value.detail["version"]) == (Code.STALE, 2)
    assert (await verdict.policy(office.deps, office.sato)).policy == Policy(2)


async def test_of_many_who_change_the_rules_at_once_one_gets_through(office: Office) -> None:
    await verdict.policy(office.deps, office.mori)
    wishes = [Policy(start_within_months=months) for months in range(4, 12)]
    results = await asyncio.gather(
        *(verdict.change_policy(office.deps, office.mori, wish, based_on=1) for wish in wishes),
        return_exceptions=True,
    )
    made = [result for result in results if isinstance(result, verdict.PolicyVersion)]
    refused = [result for result in results if isinstance(result, Refused)]
    assert [version.version for version in made] == [2]
    assert {refusal.code for refusal in refused} == {Code.STALE}
    assert len(refused) == len(wishes) - 1
    assert (await verdict.policy(office.deps, office.sato)).policy == made[0].policy


async def test_rules_out_of_range_are_rejected(office: Office) -> None:
    with pytest.raises(Rejected) as rejected:
        await verdict.change_policy(office.deps, office.mori, Policy(5, start_within_months=0), based_on=1)
    assert [refusal.field for refusal in rejected.value.refusals] == ["min_confirmed", "start_within_months"]


@pytest.mark.parametrize("who", ["sato", "ito", "marketer", "success"])
async def test_only_managers_change_rules_and_verdicts(office: Office, who: str) -> None:
    done = await office.judged(await office.lead())
    actor = office.members[who]
    for attempt in (
        verdict.change_policy(office.deps, actor, Policy(2), based_on=1),
        verdict.override(office.deps, actor, done.qualification_id, "理由"),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_ALLOWED


async def test_old_verdict_keeps_the_rules_it_was_judged_by(office: Office) -> None:
    lead_id = await office.lead()
    await office.judged(lead_id, NOT_QUALIFIED)
    await verdict.change_policy(office.deps, office.mori, Policy(needs_pain=False), based_on=1)
    card = await leads.card(office.deps, office.sato, lead_id)
    assert card.qualification is not None
    assert (card.qualification.policy_version, card.qualification.policy) == (1, Policy())
    assert not card.qualification.verdict.sales_qualified
    done = await office.judged(lead_id, NOT_QUALIFIED)
    assert (done.policy_version, done.verdict.sales_qualified) == (2, True)


async def test_old_verdict_is_counted_from_its_own_day(office: Office) -> None:
    lead_id = await office.lead()
    await office.judged(lead_id)
    office.clock.forward(days=200)
    card = await leads.card(office.deps, office.sato, lead_id)
    assert card.qualification is not None
    assert card.qualification.verdict.sales_qualified


async def test_override_turns_the_verdict_and_moves_the_lead(office: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id, NOT_QUALIFIED)
    view = await verdict.override(office.deps, office.mori, done.qualification_id, " 社長からの紹介 ")
    assert (view.sales_qualified, view.verdict.sales_qualified) == (True, False)
    assert view.override is not None
    assert (view.override.by, view.override.reason) == ("mori", "社長からの紹介")
    card = await leads.card(office.deps, office.mori, lead_id)
    assert (card.lead.stage, card.lead.next_step) == (Stage.SALES_QUALIFIED, NextStep.HAND_OFF)
    assert await office.audited("qualification.override") == [
        {"sales_qualified": True, "reason": "社長からの紹介", "lead_id": lead_id}
    ]


async def test_override_can_be_taken_back(office: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id, NOT_QUALIFIED)
    await verdict.override(office.deps, office.mori, done.qualification_id, "一")
    view = await verdict.override(office.deps, office.boss, done.qualification_id, "二")
    assert not view.sales_qualified
    card = await leads.card(office.deps, office.mori, lead_id)
    assert (card.lead.stage, card.lead.next_step) == (Stage.WORKING, None)


async def test_of_two_managers_who_override_at_once_one_is_told(office: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id, NOT_QUALIFIED)

    async def turn(who: str) -> bool:
        view = await verdict.override(
            office.deps, office.members[who], done.qualification_id, "理由", sales_qualified=True
        )
        return view.sales_qualified

    results = await asyncio.gather(turn("mori"), turn("boss"), return_exceptions=True)
    refused = [result for result in results if isinstance(result, Refused)]
    assert [(r.code, r.detail["by"]) for r in refused] in (
        [(Code.ALREADY_DONE, "mori")],
        [(Code.ALREADY_DONE, "boss")],
    )
    assert await office.stage(lead_id) == "sales_qualified"


@pytest.mark.parametrize(("reason", "code"), [("  ", Code.REQUIRED), ("x" * 1001, Code.TOO_LONG)])
async def test_override_needs_a_reason_of_some_length(office: Office, reason: str, code: Code) -> None:
    done = await office.judged(await office.lead())
    with pytest.raises(Refused) as refused:
        await verdict.override(office.deps, office.mori, done.qualification_id, reason)
    assert (refused.value.code, refused.value.field) == (code, "reason")


async def test_only_the_newest_verdict_can_be_overridden(office: Office) -> None:
    lead_id = await office.lead()
    old = await office.judged(lead_id, NOT_QUALIFIED)
    await office.judged(lead_id, replace(QUALIFIED, call_summary="二回目"))
    with pytest.raises(Refused) as refused:
        await verdict.override(office.deps, office.mori, old.qualification_id, "理由")
    assert refused.value.code is Code.STALE


async def test_verdict_is_not_overridden_while_field_sales_has_the_lead(office: Office) -> None:
    handed = await office.handed_off()
    with pytest.raises(Refused) as refused:
        await verdict.override(office.deps, office.mori, handed.qualification.qualification_id, "理由")
    assert refused.value.code is Code.WRONG_STAGE


async def test_verdict_of_another_team_is_not_found(office: Office, neighbours: Office) -> None:
    done = await office.judged(await office.lead())
    with pytest.raises(Refused) as refused:
        await verdict.override(neighbours.deps, neighbours.mori, done.qualification_id, "理由")
    assert refused.value.code is Code.NOT_FOUND


async def test_rules_of_another_team_stay_its_own(office: Office, neighbours: Office) -> None:
    await verdict.change_policy(office.deps, office.mori, Policy(2), based_on=1)
    assert (await verdict.policy(neighbours.deps, neighbours.mori)).policy == Policy()
    assert [v.version for v in await verdict.versions(neighbours.deps, neighbours.mori)] == [1]
