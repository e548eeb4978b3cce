"""Figures are what the rows say, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.errors import Code, Refused
from domain.leads import Source
from domain.members import Role
from domain.performance.kpis import CALL_MEASURES, CATALOGUE, DURATIONS, Measure, State
from domain.performance.windows import Span, Window
from domain.qualification.bant import Answers, Budget, Status
from services.deps import Deps
from services.performance import kpis, targets
from services.performance.kpis import PAGE, By
from services.teams import team_calendar
from storage.kpis import Between, calls_from_rows, calls_rolled_up
from storage.tables import Contact, FormSource, FormSubmission, Handoff, Lead, Meeting
from tests.services.office import NOT_QUALIFIED, NOW, Office
from tests.services.performance.golden import NO_ANSWER, Book

WEEK = Window(Span.WEEK, date(2026, 3, 30), date(2026, 4, 1))


def value(board: kpis.Board, key: str) -> float | None:
    return board.line(key).figure.value


async def test_week_is_counted_as_by_hand(deps: Deps, office: Office, book: Book) -> None:
    board = await kpis.board(deps, office.mori, Span.WEEK)
    assert (board.window, board.business_days) == (WEEK, 3)
    assert board.before == Window(Span.WEEK, date(2026, 3, 23), date(2026, 3, 25))
    assert [value(board, key) for key in ("dials", "connected", "effective", "meetings_set", "rep_days")] == [
        *(20, 4, 3, 2, 3)
    ]
    assert value(board, "answer_rate") == pytest.approx(6 / 20)
    assert value(board, "connect_rate") == pytest.approx(4 / 20)
    assert value(board, "reach_rate") == pytest.approx(4 / 6)
    assert value(board, "effective_rate") == pytest.approx(3 / 4)
    assert value(board, "meetings_per_answered") == pytest.approx(2 / 6)
    assert value(board, "dials_per_rep_day") == pytest.approx(20 / 3)
    assert [board.line(key).before.value for key in ("dials", "connected", "meetings_set")] == [25, 6, 4]


async def test_day_is_held_against_the_business_day_before(deps: Deps, office: Office, book: Book) -> None:
    board = await kpis.board(deps, office.sato, Span.DAY)
    assert (value(board, "dials"), board.line("dials").before.value) == (5, 10)


async def test_day_ends_at_the_teams_midnight(deps: Deps, office: Office) -> None:
    book = Book(office)
    # 23:00 UTC is eight in the morning of the next day in Tokyo.
    late = datetime(2026, 3, 31, 23, tzinfo=UTC)
    await book.calls(date(2026, 3, 31), office.sato, [NO_ANSWER], hour=14)
    async with deps.reading("T1") as session:
        calendar = await team_calendar(session, "Asia/Tokyo", NOW)
        today = Between(*Window(Span.DAY, date(2026, 4, 1), date(2026, 4, 1)).moments(calendar), NOW)
        assert today.start == datetime(2026, 3, 31, 15, tzinfo=UTC) < late < today.end
        assert (await calls_from_rows(session, today))[""][0] == 0


@pytest.mark.parametrize("by", [By.REP, By.SOURCE, By.SEGMENT])
async def test_groups_add_up_to_the_team(deps: Deps, office: Office, book: Book, by: By) -> None:
    team = await kpis.board(deps, office.mori, Span.WEEK)
    groups = await kpis.boards(deps, office.mori, Span.WEEK, by)
    for kpi in CATALOGUE:
        if kpi.additive and kpi.numerator not in (None, Measure.MAILS, Measure.REP_DAYS):
            whole = sum(group.line(kpi.key).figure.numerator for group in groups)
            assert whole == team.line(kpi.key).figure.numerator, kpi.key
    assert all(group.by is by for group in groups)


async def test_reps_are_called_by_name_and_stand_in_the_order_of_their_dials(
    deps: Deps, office: Office, book: Book
) -> None:
    await book.calls(date(2026, 4, 1), office.suzuki, [NO_ANSWER])
    boards = await kpis.boards(deps, office.mori, Span.WEEK, By.REP)
    assert [(board.name, value(board, "dials")) for board in boards] == [("suzuki", 11), ("sato", 10)]


async def test_industry_is_the_segment(deps: Deps, office: Office, book: Book) -> None:
    boards = await kpis.boards(deps, office.mori, Span.WEEK, By.SEGMENT)
    assert [(board.group, value(board, "dials")) for board in boards] == [("機械", 20)]


async def test_roll_up_and_rows_say_the_same(deps: Deps, office: Office, book: Book) -> None:
    async with deps.reading("T1") as session:
        calendar = await team_calendar(session, "Asia/Tokyo", NOW)
        between = Between(*WEEK.moments(calendar), NOW)
        for by in (None, "rep", "source"):
            rolled_up = await calls_rolled_up(session, WEEK.first, WEEK.last, by)
            assert rolled_up == await calls_from_rows(session, between, by)


async def test_another_teams_calls_are_not_counted(deps: Deps, office: Office, neighbours: Office, book: Book) -> None:
    board = await kpis.board(deps, neighbours.mori, Span.WEEK)
    assert value(board, "dials") == 0
    page = await kpis.rows(deps, neighbours.mori, "dials", WEEK)
    assert (page.total, page.rows) == (0, ())


async def full(office: Office, book: Book) -> None:
    """Beside the calls a little of everything else."""
    deps, now = office.deps, office.clock.now
    show = await office.lead("展示 花子", source=Source.TRADE_SHOW)
    late = await office.lead("展示 太郎", source=Source.TRADE_SHOW)
    idle = await office.lead("展示 次郎", source=Source.TRADE_SHOW)
    young = await office.lead("展示 三郎", source=Source.TRADE_SHOW)
    async with deps.writing("T1") as session:
        for lead, days in ((show, 3), (late, 5), (idle, 4), (young, 1)):
            (await session.get_one(Lead, lead)).created_at = now - timedelta(days=days)
        # The second record of one person at the same company.
        first = await session.get_one(Contact, (await session.get_one(Lead, show)).contact_id)
        session.add(
            Contact(
                team_id="T1",
                account_id=first.account_id,
                name=first.name,
                name_key=first.name_key,
                created_at=now,
            )
        )
        await session.commit()
    # Called two days less a second, and two days and a second, after they came.
    await book.calls(date(2026, 3, 31), office.sato, [NO_ANSWER], source=Source.TRADE_SHOW, lead_id=show, hour=0)
    await book.calls(date(2026, 3, 31), office.sato, [NO_ANSWER], source=Source.TRADE_SHOW, lead_id=late, hour=0)
    judged = await office.judged(show)
    await office.judged(late, NOT_QUALIFIED)
    await office.judged(idle, Answers(budget=Budget(Status.CONFIRMED)))
    view = await office.handed_off()
    async with deps.writing("T1") as session:
        handoff = await session.get_one(Handoff, view.handoff_id)
        handoff.status, handoff.acknowledged_at = "accepted", now
        given: dict[str, Any] = {
            "team_id": "T1",
            "member_id": office.ito.member_id,
            "booked_by": office.sato.member_id,
            "customer_zone": "Asia/Tokyo",
            "language": "ja",
            "subject": "商談",
            "created_at": now,
            "ends_at": now,
        }
        for number, (lead, status, start) in enumerate(
            [
                (view.lead_id, "held", now - timedelta(hours=1)),
                (late, "held", now - timedelta(hours=1)),
                (late, "no_show", now - timedelta(days=1)),
                (late, "cancelled", now - timedelta(days=1)),
                (show, "booked", now + timedelta(days=4)),
            ]
        ):
            session.add(
                Meeting(
                    **given,
                    lead_id=lead,
                    status=status,
                    starts_at=start,
                    uid=str(number),
                    qualification_id=judged.qualification_id if lead == show else None,
                )
            )
        source = FormSource(team_id="T1", name="x", title="x", secret="x", mapping={}, created_at=now)
        session.add(source)
        await session.flush()
        for number, seconds in enumerate([60, 120, 300, 301, None]):
            session.add(
                FormSubmission(
                    team_id="T1",
                    source_id=source.id,
                    submission_id=str(number),
                    lead_id=show,
                    fields={},
                    urgency="high",
                    received_at=now - timedelta(hours=2),
                    team_due_at=now - timedelta(hours=2),
                    # The last one's five minutes are not over.
                    manager_due_at=now + timedelta(minutes=1) if seconds is None else now - timedelta(hours=1),
                    claimed_by=office.sato.member_id,
                    responded_at=None if seconds is None else now,
                    response_seconds=seconds,
                )
            )
        await session.commit()


async def test_everything_else_is_counted_as_by_hand(deps: Deps, office: Office, book: Book) -> None:
    await full(office, book)
    board = await kpis.board(
        deps, office.mori, Span.MONTH, window=Window(Span.MONTH, date(2026, 3, 1), date(2026, 4, 1))
    )

    def counted(key: str) -> tuple[int, int | None]:
        figure = board.line(key).figure
        return figure.numerator, figure.denominator

    # Of the leads judged one has two of four elements left open; the handoff's own lead is the fourth.
    assert counted("bant_completion") == (3, 4)
    assert counted("qualified_rate") == (2, 4)
    assert counted("by_the_book") == (1, 1)
    assert counted("acceptance_rate") == (1, 1)
    assert counted("show_rate") == (2, 3)
    assert counted("opportunity_per_meeting") == (1, 2)
    assert counted("meetings_booked") == (5, None)
    assert counted("first_response_share") == (3, 4)
    assert value(board, "first_response") == pytest.approx(2.0)
    assert value(board, "first_response_p90") == pytest.approx(301 / 60)
    assert value(board, "meeting_lead_time") == pytest.approx(4.0)
    # The young one, uncalled, is still open and in no denominator; the book's own leads came today and are called.
    assert counted("show_first_contact_share") == (2, 4)
    people = await office.rows(Contact)
    assert counted("duplicate_rate") == (1, people)


async def test_figure_is_as_large_as_its_rows_are_many(deps: Deps, office: Office, book: Book) -> None:
    await full(office, book)
    window = Window(Span.MONTH, date(2026, 3, 1), date(2026, 4, 1))
    board = await kpis.board(deps, office.mori, Span.MONTH, window=window)
    seen = 0
    for line in board.lines:
        parts = [(False, line.kpi.numerator, line.figure.numerator)]
        if line.kpi.denominator is not None:
            parts.append((True, line.kpi.denominator, line.figure.denominator or 0))
        for denominator, measure, figure in parts:
            if measure is None:
                continue
            found, number = 0, 1
            while True:
                page = await kpis.rows(deps, office.mori, line.kpi.key, window, denominator=denominator, page=number)
                found += len(page.rows)
                assert len(page.rows) <= PAGE
                if number >= page.pages:
                    break
                number += 1
            assert (found, page.total) == (figure, figure), (line.kpi.key, measure)
            seen += figure
    assert seen > 100


@pytest.mark.parametrize("by", [By.REP, By.SOURCE, By.SEGMENT])
async def test_rows_of_a_group_are_as_many_as_its_figure(deps: Deps, office: Office, book: Book, by: By) -> None:
    await full(office, book)
    window = Window(Span.MONTH, date(2026, 3, 1), date(2026, 4, 1))
    for board in await kpis.boards(deps, office.mori, Span.MONTH, by, window=window):
        for key in (
            "dials",
            "connected",
            "sales_qualified",
            "by_the_book",
            "meetings_held",
            "show_first_contact_share",
        ):
            page = await kpis.rows(deps, office.mori, key, window, by=by, group=board.group)
            assert page.total == board.line(key).figure.numerator, (key, board.group)
            assert len(page.rows) == min(page.total, PAGE)


async def test_rows_tell_who_was_called_when_and_what_came_of_it(deps: Deps, office: Office, book: Book) -> None:
    page = await kpis.rows(deps, office.mori, "meetings_set", WEEK)
    newest, _ = page.rows
    assert (newest.member, newest.account, newest.contact) == ("sato", "株式会社あおば精機", "青葉 trade_show")
    assert (newest.lead_id, newest.detail) == (book.leads[Source.TRADE_SHOW], "meeting_set")
    assert newest.at == datetime(2026, 4, 1, 0, 0, 4, tzinfo=UTC)


async def test_kpi_without_a_source_has_no_figure_and_no_rows(deps: Deps, office: Office, book: Book) -> None:
    board = await kpis.board(deps, office.mori, Span.MONTH)
    without = {line.kpi.key for line in board.lines if line.figure.state is State.NO_SOURCE}
    assert without == {kpi.key for kpi in CATALOGUE if kpi.numerator is None}
    with pytest.raises(Refused) as refused:
        await kpis.rows(deps, office.mori, "open_rate", WEEK)
    assert refused.value.code is Code.NOT_FOUND


async def test_group_in_which_nothing_happened_has_a_board_of_nothing(deps: Deps, office: Office, book: Book) -> None:
    board = await kpis.board(deps, office.mori, Span.WEEK, by=By.SOURCE, group="referral")
    assert value(board, "dials") == 0
    assert board.line("connect_rate").figure.state is State.NOTHING


async def test_group_without_any_of_the_figures_asked_for_is_not_listed(deps: Deps, office: Office) -> None:
    lead = await office.lead(source=Source.WEBINAR)
    await office.judged(lead, NOT_QUALIFIED)

    async def listed(key: str) -> list[str]:
        boards = await kpis.boards(deps, office.mori, Span.WEEK, By.SOURCE, keys={"dials", key})
        return [board.group for board in boards]

    assert await listed("judged") == ["webinar"]
    assert await listed("sales_qualified") == []


async def test_target_of_a_count_holds_in_its_window_and_one_of_a_share_in_all(
    deps: Deps, office: Office, book: Book
) -> None:
    await targets.set_(deps, office.mori, "dials", Span.WEEK, 30)
    await targets.set_(deps, office.mori, "connect_rate", Span.DAY, 0.2)
    await targets.set_(deps, office.mori, "dials", Span.WEEK, 12, member_id=office.sato.member_id)
    week, day = [await kpis.board(deps, office.mori, span) for span in (Span.WEEK, Span.DAY)]
    assert (week.line("dials").target, day.line("dials").target) == (30, None)
    assert (week.line("connect_rate").target, day.line("connect_rate").target) == (0.2, 0.2)
    by_rep = {b.name: b.line("dials").target for b in await kpis.boards(deps, office.mori, Span.WEEK, By.REP)}
    assert by_rep == {"sato": 12, "suzuki": None}


async def test_newest_target_counts_and_can_be_taken_back(deps: Deps, office: Office) -> None:
    await targets.set_(deps, office.mori, "connect_rate", Span.DAY, 0.2)
    await targets.set_(deps, office.mori, "connect_rate", Span.MONTH, 0.25)
    assert [target.value for target in (await targets.read(deps, office.sato)).targets] == [0.25]
    await targets.set_(deps, office.mori, "connect_rate", Span.WEEK, None)
    assert (await targets.read(deps, office.sato)).targets == ()


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("connect_rate", 1.2, Code.INVALID),
        ("dials", -1, Code.INVALID),
        ("nothing", 1, Code.NOT_FOUND),
        ("duplicate_rate", 0.05, Code.NOT_FOUND),
        ("open_rate", 0.25, Code.NOT_FOUND),
    ],
)
async def test_senseless_target_is_refused(deps: Deps, office: Office, key: str, value: float, code: Code) -> None:
    with pytest.raises(Refused) as refused:
        await targets.set_(deps, office.mori, key, Span.WEEK, value)
    assert refused.value.code is code


async def test_rep_may_not_set_targets(deps: Deps, office: Office) -> None:
    assert office.sato.role is Role.INSIDE_SALES
    with pytest.raises(Refused) as refused:
        await targets.set_(deps, office.sato, "dials", Span.WEEK, 1)
    assert refused.value.code is Code.NOT_ALLOWED


@pytest.mark.parametrize("by", [None, By.REP, By.SOURCE])
async def test_figures_that_are_asked_for_alone_are_those_of_the_whole_board(
    deps: Deps, office: Office, book: Book, by: By | None
) -> None:
    await full(office, book)
    whole = await kpis.of_team(deps, "T1", "Asia/Tokyo", Span.WEEK, by=by)
    for kpi in CATALOGUE:
        alone = await kpis.of_team(deps, "T1", "Asia/Tokyo", Span.WEEK, by=by, keys={"dials", kpi.key})
        lines = {board.group: board.line(kpi.key) for board in alone}
        assert lines == {board.group: board.line(kpi.key) for board in whole if board.group in lines}
        assert lines.keys() >= {board.group for board in whole if board.line("dials").figure.numerator}


def test_every_measure_of_the_catalogue_is_counted() -> None:
    measures = {kpi.numerator for kpi in CATALOGUE} | {kpi.denominator for kpi in CATALOGUE}
    assert set(Measure) - {None} == measures - {None}
    assert set(CALL_MEASURES) <= measures
    assert {kpi.unit for kpi in CATALOGUE} & DURATIONS
