"""Submissions are claimed by one, and told of when nobody answers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from domain.errors import Code, Refused, Rejected
from domain.outreach.inbound import InboundRules
from services.outreach import inbound
from services.outreach.form_sources import NewSecret
from services.outreach.inbound import Claimed
from storage.tables import Contact
from tests.services.office import NOW, Clock, Office
from tests.services.outreach.website import YAMADA, form, send, submission, told

__all__ = ["form"]


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


async def test_person_who_must_not_be_called_is_marked(office: Office, form: NewSecret) -> None:
    received = await send(office, form, YAMADA, "1")
    async with office.deps.writing(office.team_id) as session:
        await session.execute(sa.update(Contact).values(do_not_call_at=NOW))
    assert not (await inbound.view(office.deps, office.team_id, received.submission_id)).calls_allowed


# The clock


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
