"""The first steps of a team: what counts as done."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest

from domain.errors import Code, Refused
from domain.mail import Sender
from domain.members import Role
from domain.model import Sharing
from domain.performance.digests import DigestKind
from prompts.llm import LanguageModel, ModelSettings
from services import mail, members, model, setup, teams
from services.outreach import inbound
from services.performance import digests
from services.setup import Step
from tests.services.office import Office


async def done(office: Office) -> set[Step]:
    return {step for step, is_done in (await setup.progress(office.deps, office.mori)).done.items() if is_done}


async def test_every_step_is_done_by_what_it_asks_for_and_by_nothing_else(office: Office) -> None:
    deps, mori = office.deps, office.mori
    assert await done(office) == {Step.ROLES, Step.COMPANIES}
    await teams.set_handoffs(deps, mori, channel="C1")
    assert Step.HANDOFFS in await done(office)
    rules = await digests.read(deps, mori)
    await digests.change(deps, mori, DigestKind.DAILY, replace(rules[DigestKind.DAILY], channel="C2"))
    assert Step.DIGESTS in await done(office)
    settings = await inbound.settings(deps, mori)
    await inbound.set_rules(deps, mori, replace(settings, channel="C3"))
    assert Step.INBOUND in await done(office)
    await teams.set_working_time(deps, mori, time(9), time(18), range(5))
    assert Step.HOURS in await done(office)
    await mail.set_sender(deps, mori, Sender("株式会社ほしみテクノロジー", "東京都", "03-1234-5678"))
    # Where there is no language model there is nothing to decide about it.
    assert await done(office) == set(Step) - {Step.CALENDARS, Step.MODEL}
    assert Step.MODEL not in (await setup.progress(deps, mori)).done
    with_model = replace(deps, model=LanguageModel(ModelSettings("a", "b", "c", "d")))
    assert not (await setup.progress(with_model, mori)).done[Step.MODEL]
    await model.set_rules(with_model, mori, Sharing.OFF, 0, recordings=False)
    assert (await setup.progress(with_model, mori)).done[Step.MODEL]
    progress = await setup.progress(deps, mori)
    assert progress.without_calendar == (office.ito.slack_user, office.kato.slack_user)
    assert not progress.complete


async def test_roles_are_open_while_nobody_is_in_field_sales(office: Office) -> None:
    for member in (office.ito, office.kato):
        await members.set_role(office.deps, office.mori, member.member_id, Role.MARKETING)
    assert Step.ROLES not in await done(office)
    assert (await setup.progress(office.deps, office.mori)).without_calendar == ()
    assert Step.CALENDARS not in await done(office)


async def test_another_team_starts_with_its_own_steps(office: Office, neighbours: Office) -> None:
    await teams.set_handoffs(office.deps, office.mori, channel="C1")
    await setup.hide(office.deps, office.mori)
    theirs = await setup.progress(neighbours.deps, neighbours.mori)
    assert not theirs.hidden
    assert not theirs.done[Step.HANDOFFS]
    assert (await setup.progress(office.deps, office.mori)).hidden


@pytest.mark.parametrize("who", ["sato", "ito", "marketer", "success"])
async def test_only_who_decides_sees_and_hides_the_steps(office: Office, who: str) -> None:
    for attempt in (setup.progress(office.deps, office.members[who]), setup.hide(office.deps, office.members[who])):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_ALLOWED
