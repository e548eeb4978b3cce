"""The App Home: own leads by stage, handoffs that wait."""

from __future__ import annotations

from domain.leads import Stage
from services.outreach import leads
from services.qualification import handoff
from tests.services.office import NOT_QUALIFIED, Office


async def test_new_member_sees_an_empty_home(office: Office) -> None:
    home = await leads.by_stage(office.deps, office.sato)
    assert (home.stages, home.sent.count, home.to_answer, home.team) == ((), 0, None, None)


async def test_own_leads_stand_by_stage_with_counts_and_the_first_few(office: Office) -> None:
    for n in range(7):
        await office.lead(f"青葉 {n}郎")
    await office.judged(await office.lead("緑川 一"), NOT_QUALIFIED)
    await office.judged(await office.lead("緑川 二"))
    await office.lead("他人 一", owner=office.suzuki)
    home = await leads.by_stage(office.deps, office.sato)
    assert [(group.stage, group.count, [line.contact for line in group.lines]) for group in home.stages] == [
        (Stage.NEW, 7, [f"青葉 {n}郎" for n in (6, 5, 4, 3, 2)]),
        (Stage.WORKING, 1, ["緑川 一"]),
        (Stage.SALES_QUALIFIED, 1, ["緑川 二"]),
    ]


async def test_handoffs_wait_on_both_sides_until_answered(office: Office) -> None:
    first = await office.handed_off(await office.lead("青葉 一郎"))
    office.clock.forward(minutes=30)
    second = await office.handed_off(await office.lead("青葉 二郎"))
    office.clock.forward(minutes=30)
    sent = (await leads.by_stage(office.deps, office.sato)).sent
    assert (sent.count, sent.overdue) == (2, 1)
    assert [(line.handoff_id, line.overdue, line.to_name) for line in sent.lines] == [
        (first.handoff_id, True, "ito"),
        (second.handoff_id, False, "ito"),
    ]
    for who, count in (("ito", 2), ("kato", 0)):
        to_answer = (await leads.by_stage(office.deps, office.members[who])).to_answer
        assert to_answer is not None
        assert (to_answer.count, len(to_answer.lines)) == (count, count)
    manager = await leads.by_stage(office.deps, office.mori)
    assert manager.team is not None
    assert (manager.team.count, manager.team.overdue) == (2, 1)
    await handoff.accept(office.deps, office.ito, first.handoff_id)
    after = (await leads.by_stage(office.deps, office.ito)).to_answer
    assert after is not None
    assert [line.handoff_id for line in after.lines] == [second.handoff_id]
    assert (await leads.by_stage(office.deps, office.sato)).sent.count == 1


async def test_home_shows_nothing_of_another_team(office: Office, neighbours: Office) -> None:
    await neighbours.handed_off()
    manager = await leads.by_stage(office.deps, office.mori)
    assert manager.team is not None
    assert manager.team.count == 0
