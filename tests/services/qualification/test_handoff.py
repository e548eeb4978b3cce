"""The handoff: what it takes, who gets it, what is enqueued."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from domain.errors import Code, Refused, Rejected
from domain.leads import NextStep
from domain.qualification.handoff import Fit, HandoffStatus, Package, ReturnReason
from services import members, teams
from services.outreach import leads
from services.qualification import handoff, verdict
from services.qualification.records import HandoffView
from storage.tables import Delivery, Handoff, Lead
from tests.services.office import CHANNEL, NOT_QUALIFIED, NOW, PACKAGE, QUALIFIED, Office


async def _post(office: Office, lead_id: int, qualification_id: int, **changes: object) -> HandoffView:
    values: dict[str, object] = {
        "package": PACKAGE,
        "to_member_id": office.ito.member_id,
        "channel": CHANNEL,
        "request_key": None,
    }
    return await handoff.post(office.deps, office.sato, lead_id, qualification_id, **(values | changes))  # type: ignore[arg-type]  # the test decides


async def test_draft_is_filled_from_what_is_known(office: Office) -> None:
    await teams.set_handoffs(office.deps, office.mori, channel=CHANNEL)
    await members.set_coverage(
        office.deps, office.kato, office.kato.member_id, territories=["大田区"], industries=["機械"]
    )
    colleague = await office.lead("緑川 次郎", title="課長")
    lead_id = await office.lead(note="展示会で名刺交換")
    done = await office.judged(lead_id)
    draft = await handoff.prepare(office.deps, office.sato, lead_id)
    assert draft.lead == done.lead
    assert draft.account.name == "株式会社あおば精機"
    assert [(person.name, person.title) for person in draft.people] == [("緑川 次郎", "課長")]
    assert draft.qualification.qualification_id == done.qualification_id
    assert draft.package == Package(
        background="展示会で名刺交換", worries="月末の入力が終わらない", call_summary="来月の稟議に載せたいとのこと"
    )
    assert [(rep.name, rep.fits) for rep in draft.suggestions] == [
        ("kato", (Fit.TERRITORY, Fit.INDUSTRY, Fit.LIGHTEST_LOAD)),
        ("ito", (Fit.LIGHTEST_LOAD,)),
    ]
    assert (draft.channel, draft.acknowledge_minutes, draft.returned) == (CHANNEL, 60, None)
    assert colleague != lead_id


async def test_suggestions_put_the_territory_first_and_count_the_load(office: Office) -> None:
    deps, boss = office.deps, office.boss
    await members.set_coverage(deps, boss, office.kato.member_id, territories=["東京都"], industries=["機械"])
    await office.handed_off()
    lead_id = await office.lead("青葉 二郎")
    await office.judged(lead_id)
    draft = await handoff.prepare(deps, office.sato, lead_id)
    assert [(rep.name, rep.fits, rep.load) for rep in draft.suggestions] == [
        ("kato", (Fit.TERRITORY, Fit.INDUSTRY, Fit.LIGHTEST_LOAD), 0),
        ("ito", (), 1),
    ]


async def test_draft_after_a_return_keeps_what_was_written_and_says_why_it_came_back(office: Office) -> None:
    first = await office.handed_off()
    await handoff.return_(office.deps, office.ito, first.handoff_id, ReturnReason.INFORMATION_MISSING, "予算は？")
    again = replace(QUALIFIED, call_summary="予算は1200万円")
    await office.judged(first.lead_id, again)
    draft = await handoff.prepare(office.deps, office.sato, first.lead_id)
    assert (draft.package.background, draft.package.hopes) == (PACKAGE.background, PACKAGE.hopes)
    assert draft.package.call_summary == "予算は1200万円"
    assert draft.returned is not None
    assert (draft.returned.reason, draft.returned.comment, draft.returned.by) == (
        ReturnReason.INFORMATION_MISSING,
        "予算は？",
        "ito",
    )


async def test_handoff_is_saved_with_its_delivery(office: Office) -> None:
    lead_id = await office.lead()
    view = await office.handed_off(lead_id)
    assert (view.status, view.lead_id, view.package, view.channel) == (
        HandoffStatus.WAITING,
        lead_id,
        PACKAGE,
        CHANNEL,
    )
    assert (view.from_slack_user, view.to_slack_user) == ("USATO", "UITO")
    assert (view.due_at, view.overdue) == (NOW + timedelta(minutes=60), False)
    assert (view.ts, view.acknowledged_at, view.returned) == (None, None, None)
    assert view == await handoff.view(office.deps, "T1", view.handoff_id)
    assert await office.deliveries() == {
        f"handoff:{view.handoff_id}": ("handoff.post", CHANNEL, {"handoff_id": view.handoff_id})
    }
    assert await office.moves(lead_id) == [
        (None, "new"),
        ("new", "sales_qualified"),
        ("sales_qualified", "handed_off"),
    ]
    card = await leads.card(office.deps, office.sato, lead_id)
    assert card.lead.next_step is NextStep.WAIT_FOR_FIELD_SALES


async def test_view_tells_where_the_post_stands(office: Office) -> None:
    view = await office.handed_off()
    async with office.deps.writing("T1") as session:
        await session.execute(sa.update(Delivery).values(ts="1.2", posted_channel="C1"))
    view = await handoff.view(office.deps, "T1", view.handoff_id)
    assert (view.posted_channel, view.ts) == ("C1", "1.2")


@pytest.mark.parametrize(
    ("posted", "due"),
    [
        # Wednesday 10:00 in Tokyo: an hour later.
        ("2026-04-01T01:00", "2026-04-01T02:00"),
        # Friday 17:30: half an hour is left, the rest is Monday's.
        ("2026-04-03T08:30", "2026-04-06T00:30"),
        # Saturday noon: Monday 10:00.
        ("2026-04-04T03:00", "2026-04-06T01:00"),
        # The evening before Golden Week's holidays (3 to 6 May 2026): Thursday the 7th.
        ("2026-05-02T03:00", "2026-05-07T01:00"),
        # 30 December 17:30: offices are shut on the 31st, on 1 to 3 January; the 4th of 2027 is a Monday.
        ("2026-12-30T08:30", "2027-01-04T00:30"),
    ],
)
async def test_clock_runs_in_working_hours_only(office: Office, posted: str, due: str) -> None:
    office.clock.now = datetime.fromisoformat(posted).replace(tzinfo=UTC)
    answers = replace(QUALIFIED, timeline=replace(QUALIFIED.timeline, start_on=office.clock.now.date()))
    lead_id = await office.lead()
    done = await office.judged(lead_id, answers)
    if not done.verdict.sales_qualified:
        await verdict.override(office.deps, office.mori, done.qualification_id, "理由")
    view = await _post(office, lead_id, done.qualification_id)
    assert view.due_at == datetime.fromisoformat(due).replace(tzinfo=UTC)


async def test_holiday_and_hours_of_the_team_itself_move_the_clock(office: Office) -> None:
    today, tomorrow = NOW.date(), NOW.date() + timedelta(days=1)
    await teams.add_days(office.deps, office.mori, today, tomorrow, works=False, name="創立記念日")
    # Friday the 3rd, at the opening and an hour; Tokyo is nine hours ahead.
    assert (await office.handed_off()).due_at == datetime(2026, 4, 3, 1, tzinfo=UTC)
    await teams.remove_day(office.deps, office.mori, today)
    await teams.set_working_time(office.deps, office.mori, time(11), time(19, 30), range(5))
    assert (await office.handed_off()).due_at == datetime(2026, 4, 1, 3, tzinfo=UTC)


async def test_lead_given_back_on_a_holiday_of_the_team_is_called_when_it_is_over(office: Office) -> None:
    posted = await office.handed_off()
    await teams.add_days(office.deps, office.mori, NOW.date(), None, works=False, name="")
    await handoff.return_(office.deps, office.ito, posted.handoff_id, ReturnReason.TOO_EARLY, "")
    async with office.deps.reading("T1") as session:
        next_step_at = await session.scalar(sa.select(Lead.next_step_at).where(Lead.id == posted.lead_id))
    assert next_step_at == datetime(2026, 4, 2, tzinfo=UTC)


async def test_clock_is_the_teams_own(office: Office) -> None:
    await teams.set_handoffs(office.deps, office.mori, minutes=15)
    assert (await office.handed_off()).due_at == NOW + timedelta(minutes=15)


async def test_each_empty_section_is_rejected_under_its_own_field(office: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id)
    with pytest.raises(Rejected) as rejected:
        await _post(office, lead_id, done.qualification_id, package=Package(hopes=" ", call_summary="x" * 3001))
    assert [(r.code, r.field) for r in rejected.value.refusals] == [
        (Code.REQUIRED, "company"),
        (Code.REQUIRED, "key_persons"),
        (Code.REQUIRED, "background"),
        (Code.REQUIRED, "worries"),
        (Code.TOO_LONG, "call_summary"),
    ]
    assert await office.rows(Handoff) == 0
    assert await office.deliveries() == {}


async def test_handoff_needs_a_channel(office: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id)
    with pytest.raises(Refused) as refused:
        await _post(office, lead_id, done.qualification_id, channel="")
    assert (refused.value.code, refused.value.field) == (Code.NO_CHANNEL, "channel")


async def test_only_a_sales_qualified_lead_is_handed_off(office: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id, NOT_QUALIFIED)
    for attempt in (
        handoff.prepare(office.deps, office.sato, lead_id),
        _post(office, lead_id, done.qualification_id),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert (refused.value.code, refused.value.detail["current"]) == (Code.WRONG_STAGE, "working")


async def test_overridden_verdict_opens_the_way(office: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id, NOT_QUALIFIED)
    await verdict.override(office.deps, office.mori, done.qualification_id, "理由")
    view = await _post(office, lead_id, done.qualification_id)
    assert view.qualification.override is not None


async def test_lead_judged_again_since_the_form_was_opened_is_stale(office: Office) -> None:
    lead_id = await office.lead()
    old = await office.judged(lead_id)
    await office.judged(lead_id)
    with pytest.raises(Refused) as refused:
        await _post(office, lead_id, old.qualification_id)
    assert refused.value.code is Code.STALE


@pytest.mark.parametrize("who", ["suzuki", "marketer"])
async def test_receiver_must_take_handoffs(office: Office, who: str) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id)
    with pytest.raises(Refused) as refused:
        await _post(office, lead_id, done.qualification_id, to_member_id=office.members[who].member_id)
    assert (refused.value.code, refused.value.field) == (Code.INVALID, "to_member_id")


async def test_receiver_of_another_team_is_refused(office: Office, neighbours: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id)
    with pytest.raises(Refused) as refused:
        await _post(office, lead_id, done.qualification_id, to_member_id=neighbours.ito.member_id)
    assert (refused.value.code, refused.value.field) == (Code.INVALID, "to_member_id")


async def test_lead_is_not_handed_off_twice(office: Office) -> None:
    view = await office.handed_off()
    qualification_id = view.qualification.qualification_id
    for attempt in (
        handoff.prepare(office.deps, office.suzuki, view.lead_id),
        _post(office, view.lead_id, qualification_id),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert (refused.value.code, refused.value.detail["by"]) == (Code.ALREADY_DONE, "sato")


async def test_form_sent_twice_makes_one_handoff_even_after_it_was_accepted(office: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id)
    first = await _post(office, lead_id, done.qualification_id, request_key="V1")
    assert await _post(office, lead_id, done.qualification_id, request_key="V1") == first
    await handoff.accept(office.deps, office.ito, first.handoff_id)
    again = await _post(office, lead_id, done.qualification_id, request_key="V1")
    assert (again.handoff_id, again.status) == (first.handoff_id, HandoffStatus.ACCEPTED)
    assert await office.rows(Handoff) == 1


async def test_of_many_posts_of_one_lead_at_once_one_gets_through(office: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id)
    results = await asyncio.gather(
        *(_post(office, lead_id, done.qualification_id) for _ in range(8)), return_exceptions=True
    )
    made = [result for result in results if isinstance(result, HandoffView)]
    refused = [result for result in results if isinstance(result, Refused)]
    assert len(made) == 1
    assert [(r.code, r.detail["by"]) for r in refused] == [(Code.ALREADY_DONE, "sato")] * 7
    assert await office.rows(Handoff) == 1
    assert list(await office.deliveries()) == [f"handoff:{made[0].handoff_id}"]


async def test_double_click_on_post_gets_the_same_handoff(office: Office) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id)
    views = await asyncio.gather(*(_post(office, lead_id, done.qualification_id, request_key="V1") for _ in range(6)))
    assert {view.handoff_id for view in views} == {views[0].handoff_id}
    assert await office.rows(Handoff) == 1


@pytest.mark.parametrize("who", ["ito", "marketer", "success"])
async def test_others_do_not_hand_off(office: Office, who: str) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id)
    actor = office.members[who]
    for attempt in (
        handoff.prepare(office.deps, actor, lead_id),
        handoff.post(office.deps, actor, lead_id, done.qualification_id, PACKAGE, office.ito.member_id, CHANNEL),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_ALLOWED


async def test_handoff_of_another_team_is_not_found(office: Office, neighbours: Office) -> None:
    view = await office.handed_off()
    qualification_id = view.qualification.qualification_id
    for attempt in (
        handoff.view(neighbours.deps, "T2", view.handoff_id),
        handoff.accept(neighbours.deps, neighbours.ito, view.handoff_id),
        handoff.return_(neighbours.deps, neighbours.ito, view.handoff_id, ReturnReason.NO_NEED, ""),
        handoff.prepare(neighbours.deps, neighbours.sato, view.lead_id),
        handoff.post(
            neighbours.deps,
            neighbours.sato,
            view.lead_id,
            qualification_id,
            PACKAGE,
            neighbours.ito.member_id,
            CHANNEL,
        ),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_FOUND
    assert await office.stage(view.lead_id) == "handed_off"


async def test_failed_handoff_leaves_nothing_behind(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    lead_id = await office.lead()
    done = await office.judged(lead_id)

    async def broken(*_: object, **__: object) -> bool:
        raise RuntimeError("the queue is gone")

    monkeypatch.setattr(type(office.deps.outbox), "enqueue", broken)
    with pytest.raises(RuntimeError, match="the queue is gone"):
        await _post(office, lead_id, done.qualification_id)
    assert await office.rows(Handoff) == 0
    assert await office.stage(lead_id) == "sales_qualified"
    async with office.deps.reading("T1") as session:
        assert await session.scalar(sa.select(Lead.version).where(Lead.id == lead_id)) == 2
