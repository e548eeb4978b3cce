"""Members' leave: who puts it down, for whom, and what is refused."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from domain.errors import Code, Refused
from services import leave
from storage import members as member_queries
from tests.services.office import TODAY, Office

FRIDAY = date(2026, 4, 3)


async def absent(office: Office, day: date) -> set[int]:
    async with office.deps.reading(office.team_id) as session:
        return await member_queries.absent(session, day)


async def test_member_on_leave_is_absent_on_both_days_and_between(office: Office) -> None:
    sato = office.sato.member_id
    await leave.add(office.deps, office.sato, sato, FRIDAY, FRIDAY + timedelta(days=2))
    days = [FRIDAY + timedelta(days=n) for n in range(-1, 4)]
    assert [await absent(office, day) for day in days] == [set(), {sato}, {sato}, {sato}, set()]


async def test_one_day_needs_no_last(office: Office) -> None:
    made = await leave.add(office.deps, office.sato, office.sato.member_id, FRIDAY, None)
    assert (made.name, made.first_day, made.last_day) == ("sato", FRIDAY, FRIDAY)
    assert await leave.coming(office.deps, office.sato) == [made]


async def test_manager_puts_down_anybodys_and_sees_all(office: Office, neighbours: Office) -> None:
    deps = office.deps
    second = await leave.add(deps, office.mori, office.sato.member_id, FRIDAY, None)
    first = await leave.add(deps, office.ito, office.ito.member_id, TODAY, None)
    assert await leave.coming(deps, office.mori) == [first, second]
    assert await leave.coming(deps, office.sato) == [second]
    assert await leave.coming(deps, office.suzuki) == []
    assert await leave.coming(neighbours.deps, neighbours.mori) == []
    put_down = await office.audited("leave.add")
    assert [detail["first"] for detail in put_down] == ["2026-04-03", "2026-04-01"]


async def test_leave_that_is_over_is_not_shown(office: Office) -> None:
    await leave.add(office.deps, office.sato, office.sato.member_id, TODAY, None)
    office.clock.forward(days=3)
    assert await leave.coming(office.deps, office.mori) == []


async def test_others_leave_is_not_theirs_to_change(office: Office) -> None:
    made = await leave.add(office.deps, office.sato, office.sato.member_id, FRIDAY, None)
    for attempt in (
        leave.add(office.deps, office.suzuki, office.sato.member_id, TODAY, None),
        leave.remove(office.deps, office.suzuki, made.id),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_ALLOWED
    assert await absent(office, FRIDAY) == {office.sato.member_id}


async def test_leave_is_taken_back_by_oneself_or_a_manager_once(office: Office, neighbours: Office) -> None:
    deps = office.deps
    for who in ("sato", "mori"):
        made = await leave.add(deps, office.sato, office.sato.member_id, FRIDAY, None)
        await leave.remove(neighbours.deps, neighbours.mori, made.id)
        assert await absent(office, FRIDAY) == {office.sato.member_id}
        await leave.remove(deps, office.members[who], made.id)
        await leave.remove(deps, office.members[who], made.id)
        assert await absent(office, FRIDAY) == set()
    assert len(await office.audited("leave.remove")) == 2


@pytest.mark.parametrize(
    ("first", "last", "code", "field"),
    [
        (FRIDAY, FRIDAY - timedelta(days=1), Code.INVALID, "last"),
        (FRIDAY, FRIDAY + timedelta(days=366), Code.TOO_LONG, "last"),
        (TODAY - timedelta(days=9), TODAY - timedelta(days=1), Code.DATE_IN_PAST, "last"),
    ],
)
async def test_days_that_cannot_be_meant_are_refused(
    office: Office, first: date, last: date, code: Code, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        await leave.add(office.deps, office.sato, office.sato.member_id, first, last)
    assert (refused.value.code, refused.value.field) == (code, field)


async def test_day_is_put_down_once_however_often_it_is_sent(office: Office) -> None:
    sato = office.sato.member_id
    sent = [leave.add(office.deps, office.sato, sato, FRIDAY, FRIDAY + timedelta(days=n)) for n in range(6)]
    answers = await asyncio.gather(*sent, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refused) == 5
    assert {(error.code, error.field) for error in refused} == {(Code.DUPLICATE, "first")}
    assert len(await leave.coming(office.deps, office.sato)) == 1


async def test_member_must_be_one_of_the_team(office: Office, neighbours: Office) -> None:
    with pytest.raises(Refused) as refused:
        await leave.add(office.deps, office.mori, neighbours.sato.member_id, FRIDAY, None)
    assert (refused.value.code, refused.value.field) == (Code.NOT_FOUND, "member_id")
