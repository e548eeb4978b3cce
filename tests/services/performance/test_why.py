"""Where a change comes from, on golden data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.errors import Refused
from domain.performance.windows import Span
from services.deps import Deps
from services.performance import landing, targets
from services.performance.why import Split, why
from tests.services.office import Office
from tests.services.performance.golden import NO_ANSWER, Book


async def test_fewer_meetings_are_divided_among_dials_answers_and_what_came_of_them(
    deps: Deps, office: Office, book: Book
) -> None:
    # 25 dials × 9/25 answered × 4/9 set = 4 became 20 × 6/20 × 2/6 = 2.
    found = await why(deps, office.mori, "meetings_set", Span.WEEK)
    assert (found.figure.value, found.figure_before.value) == (2, 4)
    first = found.steps[0]
    assert first.split is Split.FACTORS
    assert sum(part.effect for part in first.parts) == pytest.approx(-2)
    assert {part.name for part in first.parts} == {"dials", "answer_rate", "meetings_per_answered"}
    # The rates fell to 0.83 and 0.75 of what they were, the dials to 0.8.
    assert first.largest is not None
    assert first.largest.name == "meetings_per_answered"


async def test_way_ends_at_reps_and_sources_whose_parts_add_up(deps: Deps, office: Office, book: Book) -> None:
    found = await why(deps, office.mori, "dials", Span.WEEK)
    assert found.steps[0].split is Split.FACTORS
    for step in found.steps:
        assert sum(part.effect for part in step.parts) == pytest.approx(step.change)


async def test_connect_rate_is_walked_down_to_the_rep_it_comes_from(deps: Deps, office: Office, book: Book) -> None:
    found = await why(deps, office.mori, "reach_rate", Span.WEEK)
    # 6 of 9 and 4 of 6: nothing has changed.
    assert found.steps == ()
    found = await why(deps, office.mori, "answer_rate", Span.WEEK)
    by_rep = next(step for step in found.steps if step.split is Split.REP)
    called = {found.names[part.name]: part for part in by_rep.parts}
    # sato stays at 4 of 10 (8 of 20), suzuki at 2 of 10 (1 of 5): only their weights have changed.
    assert all(part.rate == pytest.approx(0) for part in called.values())
    assert sum(part.effect for part in called.values()) == pytest.approx(6 / 20 - 9 / 25)
    by_source = next(step for step in found.steps if step.split is Split.SOURCE)
    assert {part.name for part in by_source.parts} == {"trade_show", "outbound_list"}


async def test_days_worked_belong_to_reps_and_to_no_source(deps: Deps, office: Office, book: Book) -> None:
    await book.calls(date(2026, 4, 1), office.suzuki, [NO_ANSWER])
    found = await why(deps, office.mori, "rep_days", Span.WEEK)
    (step,) = found.steps
    assert step.split is Split.REP
    assert {found.names[part.name]: part.effect for part in step.parts} == {"sato": 1, "suzuki": 1}


async def test_kpi_without_records_has_no_way_down(deps: Deps, office: Office, book: Book) -> None:
    assert (await why(deps, office.mori, "open_rate", Span.WEEK)).steps == ()
    assert (await why(deps, office.mori, "first_response", Span.WEEK)).steps == ()


async def test_unknown_kpi_is_refused(deps: Deps, office: Office) -> None:
    with pytest.raises(Refused):
        await why(deps, office.mori, "moon", Span.WEEK)


async def test_month_lands_by_its_pace_in_working_time(deps: Deps, office: Office, book: Book) -> None:
    await targets.set_(deps, office.mori, "dials", Span.MONTH, 100)
    found = await landing.month(deps, office.mori)
    first = found.landings[0]
    assert first.line.kpi.key == "dials"
    actual = first.line.figure.value
    assert actual
    assert first.gap == 100 - actual
    assert found.days_over <= found.days
    # The first of April at work: one day of 21 is not over yet.
    assert first.lands is None
    later = replace(deps, now=lambda: deps.now() + timedelta(days=14))
    (dials, *_) = (await landing.month(later, office.mori)).landings
    assert dials.lands is not None
    assert dials.lands > actual
