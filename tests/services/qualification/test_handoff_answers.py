"""What comes back of a handoff: accepted, returned, or reminded of where nobody answers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import Code, Refused
from domain.leads import NextStep, Stage
from domain.members import Role
from domain.qualification.handoff import HandoffStatus, ReturnReason
from services import members
from services.outreach import leads
from services.qualification import handoff
from services.qualification.records import HandoffView
from storage.tables import HandoffReturn
from tests.services.office import CHANNEL, NOW, Office


async def test_accepting_moves_the_lead_and_tells_both_sides(office: Office) -> None:
    view = await office.handed_off()
    office.clock.forward(minutes=20)
    accepted = await handoff.accept(office.deps, office.ito, view.handoff_id)
    assert (accepted.status, accepted.acknowledged_by, accepted.acknowledged_by_slack_user) == (
        HandoffStatus.ACCEPTED,
        "ito",
        "UITO",
    )
    assert accepted.acknowledged_at == NOW + timedelta(minutes=20)
    assert await office.stage(view.lead_id) == "accepted"
    key, arguments = f"handoff:{view.handoff_id}", {"handoff_id": view.handoff_id}
    assert await office.deliveries() == {
        key: ("handoff.post", CHANNEL, arguments),
        f"{key}:status": ("handoff.update", CHANNEL, arguments),
        f"{key}:answered": ("handoff.answered", "USATO", arguments),
    }
    assert await office.audited("handoff.accept") == [arguments]


async def test_of_twenty_simultaneous_accepts_one_wins(office: Office) -> None:
    view = await office.handed_off()
    actors = [office.ito, office.kato, office.mori, office.boss] * 5
    results = await asyncio.gather(
        *(handoff.accept(office.deps, actor, view.handoff_id) for actor in actors), return_exceptions=True
    )
    won = [result for result in results if isinstance(result, HandoffView)]
    lost = [result for result in results if isinstance(result, Refused)]
    assert len(won) == 1
    assert len(lost) == 19
    assert {(r.code, r.detail["by"], r.detail["status"]) for r in lost} == {
        (Code.ALREADY_DONE, won[0].acknowledged_by, "accepted")
    }
    assert await office.moves(view.lead_id) == [
        (None, "new"),
        ("new", "sales_qualified"),
        ("sales_qualified", "handed_off"),
        ("handed_off", "accepted"),
    ]
    assert len(await office.deliveries()) == 3


async def test_of_simultaneous_accepts_and_returns_one_wins(office: Office) -> None:
    view = await office.handed_off()
    results = await asyncio.gather(
        *(handoff.accept(office.deps, office.ito, view.handoff_id) for _ in range(5)),
        *(handoff.return_(office.deps, office.kato, view.handoff_id, ReturnReason.TOO_EARLY, "") for _ in range(5)),
        return_exceptions=True,
    )
    won = [result for result in results if isinstance(result, HandoffView)]
    lost = [result for result in results if isinstance(result, Refused)]
    assert (len(won), len(lost)) == (1, 9)
    assert {r.detail["by"] for r in lost} == {won[0].acknowledged_by}
    assert await office.stage(view.lead_id) == ("accepted" if won[0].status is HandoffStatus.ACCEPTED else "working")
    assert await office.rows(HandoffReturn) == (won[0].status is HandoffStatus.RETURNED)


async def test_returning_gives_the_lead_back_to_be_called(office: Office) -> None:
    view = await office.handed_off()
    # Friday evening: the owner is to call on Monday morning.
    office.clock.now = datetime(2026, 4, 3, 11, tzinfo=UTC)
    returned = await handoff.return_(office.deps, office.ito, view.handoff_id, ReturnReason.NO_BUDGET, " 予算なし ")
    assert returned.status is HandoffStatus.RETURNED
    assert returned.returned is not None
    assert (returned.returned.reason, returned.returned.comment, returned.returned.by) == (
        ReturnReason.NO_BUDGET,
        "予算なし",
        "ito",
    )
    card = await leads.card(office.deps, office.sato, view.lead_id)
    assert (card.lead.stage, card.lead.next_step, card.lead.next_step_at, card.lead.owner) == (
        Stage.WORKING,
        NextStep.CALL,
        datetime(2026, 4, 6, 0, tzinfo=UTC),
        "sato",
    )
    assert {key.removeprefix(f"handoff:{view.handoff_id}") for key in await office.deliveries()} == {
        "",
        ":status",
        ":answered",
    }


async def test_accepted_lead_can_come_back_after_the_meeting(office: Office) -> None:
    view = await office.handed_off()
    accepted = await handoff.accept(office.deps, office.ito, view.handoff_id)
    office.clock.forward(days=7)
    with pytest.raises(Refused) as refused:
        await handoff.return_(office.deps, office.ito, view.handoff_id, ReturnReason.NO_NEED, "")
    assert (refused.value.code, refused.value.detail["status"]) == (Code.ALREADY_DONE, "accepted")
    returned = await handoff.return_(
        office.deps, office.ito, view.handoff_id, ReturnReason.NO_NEED, "", after_acceptance=True
    )
    # The clock of the first answer is not touched by the second.
    assert returned.acknowledged_at == accepted.acknowledged_at
    assert returned.returned is not None
    assert returned.returned.at == NOW + timedelta(days=7)
    assert await office.stage(view.lead_id) == "working"
    news = {key.removeprefix(f"handoff:{view.handoff_id}") for key in await office.deliveries()}
    assert news == {"", ":status", ":answered", ":status:returned", ":answered:returned"}


async def test_who_comes_late_is_told_who_returned_it(office: Office) -> None:
    view = await office.handed_off()
    await handoff.accept(office.deps, office.ito, view.handoff_id)
    await handoff.return_(
        office.deps, office.kato, view.handoff_id, ReturnReason.WRONG_TERRITORY, "", after_acceptance=True
    )
    with pytest.raises(Refused) as refused:
        await handoff.accept(office.deps, office.ito, view.handoff_id)
    assert (refused.value.detail["by"], refused.value.detail["status"]) == ("kato", "returned")


async def test_other_reason_needs_a_comment(office: Office) -> None:
    view = await office.handed_off()
    with pytest.raises(Refused) as refused:
        await handoff.return_(office.deps, office.ito, view.handoff_id, ReturnReason.OTHER, " ")
    assert (refused.value.code, refused.value.field) == (Code.REQUIRED, "comment")
    with pytest.raises(Refused) as refused:
        await handoff.return_(office.deps, office.ito, view.handoff_id, ReturnReason.NO_NEED, "x" * 1001)
    assert (refused.value.code, refused.value.field) == (Code.TOO_LONG, "comment")
    assert (await handoff.view(office.deps, "T1", view.handoff_id)).status is HandoffStatus.WAITING


@pytest.mark.parametrize("who", ["sato", "marketer", "success"])
async def test_others_do_not_answer_a_handoff(office: Office, who: str) -> None:
    view = await office.handed_off()
    for attempt in (
        handoff.accept(office.deps, office.members[who], view.handoff_id),
        handoff.return_(office.deps, office.members[who], view.handoff_id, ReturnReason.NO_NEED, ""),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_ALLOWED


async def test_handoff_that_nobody_answers_is_reminded_of_once(office: Office) -> None:
    view = await office.handed_off()
    office.clock.forward(minutes=59)
    assert await handoff.remind_overdue(office.deps, "T1") == 0
    assert await handoff.teams_with_waiting(office.deps) == ["T1"]
    office.clock.forward(minutes=1)
    assert await handoff.remind_overdue(office.deps, "T1") == 1
    assert await handoff.remind_overdue(office.deps, "T1") == 0
    assert await handoff.teams_with_waiting(office.deps) == []
    key, arguments = f"handoff:{view.handoff_id}", {"handoff_id": view.handoff_id}
    deliveries = await office.deliveries()
    assert deliveries[f"{key}:reminder"] == ("handoff.reminder", CHANNEL, arguments)
    assert deliveries[f"{key}:overdue:UMORI"] == (
        "handoff.overdue",
        "UMORI",
        arguments | {"member_id": office.mori.member_id},
    )
    assert deliveries[f"{key}:late"] == ("handoff.update", CHANNEL, arguments)
    assert len(deliveries) == 4
    late = await handoff.view(office.deps, "T1", view.handoff_id)
    assert (late.overdue, late.reminded_at) == (True, NOW + timedelta(minutes=60))


async def test_reminders_at_once_remind_once(office: Office) -> None:
    for n in range(3):
        await office.handed_off(await office.lead(f"青葉 {n}郎"))
    office.clock.forward(hours=2)
    counts = await asyncio.gather(*(handoff.remind_overdue(office.deps, "T1") for _ in range(6)))
    assert sorted(counts) == [0, 0, 0, 0, 0, 3]
    assert len(await office.deliveries()) == 12


async def test_admin_is_told_where_no_manager_is(office: Office) -> None:
    await members.set_role(office.deps, office.boss, office.mori.member_id, Role.MARKETING)
    view = await office.handed_off()
    office.clock.forward(hours=2)
    await handoff.remind_overdue(office.deps, "T1")
    assert f"handoff:{view.handoff_id}:overdue:UBOSS" in await office.deliveries()


async def test_answered_handoff_is_not_reminded_of(office: Office) -> None:
    view = await office.handed_off()
    await handoff.accept(office.deps, office.ito, view.handoff_id)
    office.clock.forward(days=2)
    assert await handoff.teams_with_waiting(office.deps) == []
    assert await handoff.remind_overdue(office.deps, "T1") == 0
    assert not (await handoff.view(office.deps, "T1", view.handoff_id)).overdue


async def test_reminders_of_one_team_leave_the_others_alone(office: Office, neighbours: Office) -> None:
    await office.handed_off()
    await neighbours.handed_off()
    office.clock.forward(hours=2)
    assert await handoff.teams_with_waiting(office.deps) == ["T1", "T2"]
    assert await handoff.remind_overdue(office.deps, "T1") == 1
    assert await handoff.teams_with_waiting(office.deps) == ["T2"]
    assert len(await neighbours.deliveries()) == 1
