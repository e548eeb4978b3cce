"""Digests: when they are due, to whom they go, and what they tell."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from domain.clock import Due
from domain.errors import Code, Refused
from domain.performance.digests import DigestKind, DigestRules
from domain.performance.windows import Span, Window
from services.deps import Deps
from services.performance import digests
from storage.tables import TeamDay
from tests.services.office import Office
from tests.services.performance.golden import Book

CHANNEL = "C0TEAM"
WEDNESDAY = date(2026, 4, 1)


def due(day: date) -> Due:
    return Due("T1", "Asia/Tokyo", day, datetime(day.year, day.month, day.day, 9, tzinfo=UTC))


async def daily_to_the_channel(deps: Deps, office: Office, at: str = "18:30") -> None:
    await digests.change(deps, office.mori, DigestKind.DAILY, DigestRules(channel=CHANNEL, at=at))


async def test_each_digest_has_its_time(deps: Deps, office: Office, neighbours: Office) -> None:
    await digests.change(deps, neighbours.mori, DigestKind.WEEKLY, DigestRules(on=False))
    await digests.change(deps, office.mori, DigestKind.WEEKLY, DigestRules(at="08:15"))
    (weekly,) = await digests.plan(deps, DigestKind.WEEKLY)
    assert (weekly.team_id, weekly.at, weekly.weekdays, weekly.month_day) == ("T1", time(8, 15), {0}, None)
    monthly = await digests.plan(deps, DigestKind.MONTHLY)
    assert {(table.team_id, table.at, table.month_day) for table in monthly} == {
        ("T1", time(9), 1),
        ("T2", time(9), 1),
    }


async def test_daily_digest_goes_to_the_channel_once_a_day(deps: Deps, office: Office) -> None:
    await daily_to_the_channel(deps, office)
    assert await digests.send_due(deps, due(WEDNESDAY), DigestKind.DAILY) == 1
    assert await digests.send_due(deps, due(WEDNESDAY), DigestKind.DAILY) == 0
    sent = await office.deliveries()
    assert {key: (kind, channel) for key, (kind, channel, _) in sent.items()} == {
        "digest:daily:T1:2026-04-01": (digests.POST, CHANNEL)
    }


@pytest.mark.parametrize("day", [date(2026, 4, 29), date(2026, 4, 4)])
async def test_daily_digest_is_skipped_on_holidays_and_weekends(deps: Deps, office: Office, day: date) -> None:
    await daily_to_the_channel(deps, office)
    assert await digests.send_due(deps, due(day), DigestKind.DAILY) == 0
    assert await office.deliveries() == {}


async def test_daily_digest_is_sent_on_a_saturday_on_which_the_team_works(deps: Deps, office: Office) -> None:
    await daily_to_the_channel(deps, office)
    async with deps.writing("T1") as session:
        session.add(TeamDay(team_id="T1", day=date(2026, 4, 4), works=True))
        await session.commit()
    assert await digests.send_due(deps, due(date(2026, 4, 4)), DigestKind.DAILY) == 1


async def test_daily_digest_without_a_channel_goes_to_nobody(deps: Deps, office: Office) -> None:
    assert await digests.send_due(deps, due(WEDNESDAY), DigestKind.DAILY) == 0
    assert await digests.send_again(deps, office.mori, DigestKind.DAILY, "click") == 0


@pytest.mark.parametrize(
    ("at", "day", "told"),
    [
        ("18:30", WEDNESDAY, WEDNESDAY),
        ("08:45", WEDNESDAY, date(2026, 3, 31)),
        # On Monday morning of Friday; after a holiday of the day before it.
        ("08:45", date(2026, 4, 6), date(2026, 4, 3)),
        ("08:45", date(2026, 4, 30), date(2026, 4, 28)),
    ],
)
async def test_daily_digest_tells_of_today_in_the_evening_and_of_the_last_day_in_the_morning(
    deps: Deps, office: Office, at: str, day: date, told: date
) -> None:
    await daily_to_the_channel(deps, office, at)
    await digests.send_due(deps, due(day), DigestKind.DAILY)
    ((_, _, arguments),) = (await office.deliveries()).values()
    assert (arguments["first"], arguments["last"]) == (told.isoformat(), told.isoformat())


async def test_weekly_digest_goes_to_every_manager_about_the_week_before(deps: Deps, office: Office) -> None:
    monday = date(2026, 4, 6)
    assert await digests.send_due(deps, due(monday), DigestKind.WEEKLY) == 1
    sent = await office.deliveries()
    assert list(sent) == ["digest:weekly:T1:2026-04-06:UMORI"]
    _, channel, arguments = sent["digest:weekly:T1:2026-04-06:UMORI"]
    assert channel == "UMORI"
    assert (arguments["first"], arguments["last"]) == ("2026-03-30", "2026-04-05")


async def test_click_delivered_twice_sends_a_digest_again_once_and_another_click_once_more(
    deps: Deps, office: Office
) -> None:
    for click in ("1", "1", "2"):
        await digests.send_again(deps, office.mori, DigestKind.MONTHLY, click)
    assert len(await office.deliveries()) == 2


async def test_preview_goes_to_whoever_asked_alone(deps: Deps, office: Office) -> None:
    await daily_to_the_channel(deps, office)
    await digests.preview(deps, office.sato, DigestKind.DAILY, "click")
    ((_, channel, arguments),) = (await office.deliveries()).values()
    assert (channel, arguments["preview"]) == ("USATO", True)


async def test_digest_tells_the_weeks_figures_its_reps_and_how_it_came(deps: Deps, office: Office, book: Book) -> None:
    week = Window(Span.WEEK, date(2026, 3, 30), date(2026, 4, 5))
    digest = await digests.content(deps, "T1", "Asia/Tokyo", DigestKind.WEEKLY, week)
    assert digest.board.line("dials").figure.value == 20
    # A whole week is held against the whole one before, Thursday included.
    assert digest.board.line("dials").before.value == 32
    assert {rep.name for rep in digest.reps} == {"sato", "suzuki"}
    # From the first week with calls on.
    assert [(point.window.first, point.dials, point.connected, point.meetings_set) for point in digest.trend] == [
        (date(2026, 3, 23), 32, 13, 11),
        (date(2026, 3, 30), 20, 4, 2),
    ]
    assert len(digest.facts) == 3


async def test_digest_of_a_time_without_calls_tells_that(deps: Deps, office: Office) -> None:
    month = Window(Span.MONTH, date(2026, 1, 1), date(2026, 1, 31))
    digest = await digests.content(deps, "T1", "Asia/Tokyo", DigestKind.MONTHLY, month)
    assert (digest.reps, digest.trend) == ((), ())
    assert digest.board.line("dials").figure.value == 0


@pytest.mark.parametrize(
    ("kind", "rules", "field"),
    [
        (DigestKind.DAILY, DigestRules(), "channel"),
        (DigestKind.WEEKLY, DigestRules(at="25:00"), "at"),
        (DigestKind.WEEKLY, DigestRules(language="fr"), "language"),
    ],
)
async def test_rules_that_make_no_sense_are_refused(
    deps: Deps, office: Office, kind: DigestKind, rules: DigestRules, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        await digests.change(deps, office.mori, kind, rules)
    assert refused.value.field == field


async def test_rep_may_neither_change_nor_send_digests(deps: Deps, office: Office) -> None:
    for attempt in (
        digests.change(deps, office.sato, DigestKind.WEEKLY, DigestRules()),
        digests.send_again(deps, office.sato, DigestKind.WEEKLY, "click"),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_ALLOWED
