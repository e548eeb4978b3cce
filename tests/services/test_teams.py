"""A team's settings and working time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from domain.calendar import BusinessCalendar, WorkingTime
from domain.errors import Code, Refused, Rejected
from domain.outreach.calls import CallResult, Connection
from services import teams
from services.outreach import calls, roll_up
from storage.tables import CallDay, CallHour, Member
from storage.team_calendar import DayRow
from tests.services.office import NOW, TODAY, Office


async def test_team_starts_with_an_hour_and_without_a_channel(office: Office) -> None:
    settings = await teams.settings(office.deps, office.sato)
    assert (settings.handoff_channel, settings.acknowledge_minutes, settings.zone, settings.language) == (
        None,
        60,
        "Asia/Tokyo",
        "ja",
    )


async def test_manager_changes_the_settings_of_the_own_team_only(office: Office, neighbours: Office) -> None:
    await teams.set_handoffs(office.deps, office.mori, channel="C9")
    await teams.set_handoffs(office.deps, office.mori, minutes=30)
    settings = await teams.settings(office.deps, office.sato)
    assert (settings.handoff_channel, settings.acknowledge_minutes) == ("C9", 30)
    other = await teams.settings(neighbours.deps, neighbours.sato)
    assert (other.handoff_channel, other.acknowledge_minutes) == (None, 60)
    assert await office.audited("team.change") == [{"handoff_channel": "C9"}, {"acknowledge_minutes": 30}]


@pytest.mark.parametrize("who", ["sato", "ito", "marketer", "success"])
async def test_others_change_no_settings(office: Office, who: str) -> None:
    for attempt in (
        teams.set_handoffs(office.deps, office.members[who], channel="C9"),
        teams.set_handoffs(office.deps, office.members[who], minutes=30),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_ALLOWED


@pytest.mark.parametrize("minutes", [4, 0, -1, 2701])
async def test_minutes_out_of_range_are_refused_and_the_channel_beside_them_not_taken(
    office: Office, minutes: int
) -> None:
    with pytest.raises(Rejected) as rejected:
        await teams.set_handoffs(office.deps, office.mori, channel="C9", minutes=minutes)
    (refused,) = rejected.value.refusals
    assert (refused.code, refused.field) == (Code.INVALID, "minutes")
    assert (await teams.settings(office.deps, office.sato)).handoff_channel is None


@pytest.mark.parametrize("minutes", [5, 2700])
async def test_minutes_at_the_bounds_are_taken(office: Office, minutes: int) -> None:
    await teams.set_handoffs(office.deps, office.mori, minutes=minutes)
    assert (await teams.settings(office.deps, office.sato)).acknowledge_minutes == minutes


async def test_channel_must_be_one(office: Office) -> None:
    with pytest.raises(Rejected) as rejected:
        await teams.set_handoffs(office.deps, office.mori, channel="")
    (refused,) = rejected.value.refusals
    assert (refused.code, refused.field) == (Code.REQUIRED, "channel")


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 4, 29), False),  # Showa Day, a Wednesday.
        (date(2026, 4, 30), True),
        (date(2026, 5, 6), False),  # The substitute for Constitution Day, which is a Sunday in 2026.
        (date(2026, 9, 22), False),  # A day between two holidays is one.
        (date(2026, 12, 30), True),
        (date(2026, 12, 31), False),  # New Year, which is not a holiday by law.
        (date(2027, 1, 1), False),
        (date(2027, 1, 4), True),
        (date(2026, 4, 4), False),  # A Saturday.
    ],
)
def test_offices_in_japan_are_shut_on_holidays_and_at_new_year(day: date, works: bool) -> None:
    assert teams.business_calendar("Asia/Tokyo", 2026).is_business_day(day) is works


def test_holidays_of_japan_are_none_elsewhere() -> None:
    assert teams.business_calendar("Europe/London", 2026).is_business_day(date(2026, 4, 29))


# The team's calendar


async def calendar(office: Office, zone: str = "Asia/Tokyo") -> BusinessCalendar:
    async with office.deps.reading(office.team_id) as session:
        return await teams.team_calendar(session, zone, NOW)


async def test_team_works_nine_to_six_on_weekdays_until_it_says_otherwise(office: Office, neighbours: Office) -> None:
    assert await teams.working_time(office.deps, office.sato) == WorkingTime()
    before = await calendar(office)
    assert (before.opens, before.closes, before.weekdays) == (time(9), time(18), {0, 1, 2, 3, 4})
    await teams.set_working_time(office.deps, office.mori, time(8, 30), time(17), [5, 2, 2])
    assert await teams.working_time(office.deps, office.sato) == WorkingTime("08:30", "17:00", (2, 5))
    after = await calendar(office)
    assert (after.opens, after.closes, after.weekdays) == (time(8, 30), time(17), {2, 5})
    assert await teams.working_time(neighbours.deps, neighbours.sato) == WorkingTime()


@pytest.mark.parametrize(
    ("opens", "closes", "weekdays", "wrong"),
    [
        (time(9), time(9), [0], {("invalid", "closes")}),
        (time(22), time(6), [0], {("invalid", "closes")}),
        (time(9), time(18), [], {("required", "weekdays")}),
        (time(9), time(18), [0, 7], {("invalid", "weekdays")}),
        (time(18), time(9), [], {("invalid", "closes"), ("required", "weekdays")}),
    ],
)
async def test_hours_that_are_none_are_refused(
    office: Office, opens: time, closes: time, weekdays: list[int], wrong: set[tuple[str, str]]
) -> None:
    with pytest.raises(Rejected) as rejected:
        await teams.set_working_time(office.deps, office.mori, opens, closes, weekdays)
    assert {(refused.code.value, refused.field) for refused in rejected.value.refusals} == wrong
    assert await teams.working_time(office.deps, office.mori) == WorkingTime()


async def test_own_days_go_before_weekdays_and_holidays(office: Office) -> None:
    showa, saturday, thursday = date(2026, 4, 29), date(2026, 4, 4), date(2026, 4, 2)
    plain = await calendar(office)
    assert [plain.is_business_day(day) for day in (showa, saturday, thursday)] == [False, False, True]
    for day in (showa, saturday):
        assert await teams.add_days(office.deps, office.mori, day, None, works=True, name="棚卸") == 1
    assert await teams.add_days(office.deps, office.mori, thursday, thursday, works=False, name="創立記念日") == 1
    own = await calendar(office)
    assert [own.is_business_day(day) for day in (showa, saturday, thursday)] == [True, True, False]
    await teams.remove_day(office.deps, office.mori, showa)
    await teams.remove_day(office.deps, office.mori, showa)
    assert not (await calendar(office)).is_business_day(showa)


async def test_holidays_of_japan_are_given_to_teams_there_in_the_readers_language(office: Office) -> None:
    shown = await teams.own_days(office.deps, office.sato)
    assert shown.given[0] == (date(2026, 4, 29), "昭和の日")
    assert all(TODAY <= day <= TODAY + teams.AHEAD for day, _ in shown.given)
    assert (date(2027, 1, 1), "元日") in shown.given
    assert (date(2027, 1, 2), "") in shown.given
    english = replace(office.sato, language="en")
    assert (await teams.own_days(office.deps, english)).given[0] == (date(2026, 4, 29), "Showa Day")
    assert (await calendar(office, "Europe/Berlin")).is_business_day(date(2026, 4, 29))
    assert (await calendar(office, "Europe/Berlin")).zone == ZoneInfo("Europe/Berlin")


async def test_days_of_a_whole_holiday_are_added_at_once_and_said_again_otherwise(office: Office) -> None:
    deps, mori = office.deps, office.mori
    obon = date(2026, 8, 13)
    assert await teams.add_days(deps, mori, obon, date(2026, 8, 15), works=False, name=" 夏季休暇 ") == 3
    await teams.add_days(deps, mori, date(2026, 8, 14), None, works=True, name="出社日")
    assert (await teams.own_days(deps, office.sato)).own == [
        DayRow(obon, False, "夏季休暇"),
        DayRow(date(2026, 8, 14), True, "出社日"),
        DayRow(date(2026, 8, 15), False, "夏季休暇"),
    ]
    assert [detail["name"] for detail in await office.audited("team.days.add")] == ["夏季休暇", "出社日"]


async def test_same_days_added_by_several_at_once_are_there_once(office: Office) -> None:
    adding = [teams.add_days(office.deps, office.mori, TODAY, None, works=False, name=f"{n}") for n in range(5)]
    assert await asyncio.gather(*adding) == [1] * 5
    assert len((await teams.own_days(office.deps, office.sato)).own) == 1


@pytest.mark.parametrize(
    ("first", "last", "name", "code", "field"),
    [
        (TODAY - timedelta(days=1), None, "", Code.DATE_IN_PAST, "first"),
        (TODAY, TODAY - timedelta(days=1), "", Code.INVALID, "last"),
        (TODAY, TODAY + timedelta(days=31), "", Code.TOO_LONG, "last"),
        (TODAY, None, "x" * 101, Code.TOO_LONG, "name"),
    ],
)
async def test_days_that_cannot_be_meant_are_refused(
    office: Office, first: date, last: date | None, name: str, code: Code, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        await teams.add_days(office.deps, office.mori, first, last, works=False, name=name)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert (await teams.own_days(office.deps, office.sato)).own == []


@pytest.mark.parametrize("who", ["sato", "ito", "marketer", "success"])
async def test_others_change_no_calendar(office: Office, who: str) -> None:
    actor = office.members[who]
    for attempt in (
        teams.set_working_time(office.deps, actor, time(9), time(18), [0]),
        teams.add_days(office.deps, actor, TODAY, None, works=False, name=""),
        teams.remove_day(office.deps, actor, TODAY),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_ALLOWED


async def test_own_days_are_the_own_teams(office: Office, neighbours: Office) -> None:
    await teams.add_days(office.deps, office.mori, TODAY, None, works=False, name="")
    assert (await teams.own_days(neighbours.deps, neighbours.sato)).own == []
    assert (await calendar(neighbours)).is_business_day(TODAY)
    await teams.remove_day(neighbours.deps, neighbours.mori, TODAY)
    assert len((await teams.own_days(office.deps, office.sato)).own) == 1


# The zone


async def zones_of(office: Office) -> dict[str, str]:
    async with office.deps.reading(office.team_id) as session:
        rows = await session.execute(sa.select(Member.name, Member.zone))
        return {row.name: row.zone for row in rows}


async def test_zone_changes_for_the_team_and_for_those_who_were_in_it(office: Office, neighbours: Office) -> None:
    async with office.deps.writing(office.team_id) as session:
        moved_away = sa.update(Member).where(Member.id == office.ito.member_id).values(zone="America/New_York")
        await session.execute(moved_away)
    count = len(await zones_of(office)) - 1
    assert await teams.set_zone(office.deps, office.boss, "Europe/Berlin", followers=True) == count
    assert (await teams.settings(office.deps, office.sato)).zone == "Europe/Berlin"
    after = await zones_of(office)
    assert after.pop("ito") == "America/New_York"
    assert set(after.values()) == {"Europe/Berlin"}
    assert (await teams.settings(neighbours.deps, neighbours.sato)).zone == "Asia/Tokyo"
    assert set((await zones_of(neighbours)).values()) == {"Asia/Tokyo"}
    (told,) = await office.audited("team.zone")
    assert told == {"from": "Asia/Tokyo", "zone": "Europe/Berlin", "members": count}


async def test_zone_changes_for_the_team_alone(office: Office) -> None:
    assert await teams.set_zone(office.deps, office.boss, "Europe/Berlin", followers=False) == 0
    assert set((await zones_of(office)).values()) == {"Asia/Tokyo"}


async def test_zone_that_is_none_and_who_is_no_admin_change_nothing(office: Office) -> None:
    for zone in ("", "Japan Time", "../etc"):
        with pytest.raises(Refused) as wrong:
            await teams.set_zone(office.deps, office.boss, zone, followers=True)
        assert (wrong.value.code, wrong.value.field) == (Code.INVALID, "zone")
    with pytest.raises(Refused) as refused:
        await teams.set_zone(office.deps, office.mori, "Europe/Berlin", followers=True)
    assert refused.value.code is Code.NOT_ALLOWED
    assert (await teams.settings(office.deps, office.sato)).zone == "Asia/Tokyo"
    assert await office.audited("team.zone") == []


async def test_days_and_hours_of_calls_are_counted_by_the_new_zone(office: Office, neighbours: Office) -> None:
    for team in (office, neighbours):
        await calls.record(team.deps, team.sato, await team.lead(), CallResult(Connection.NO_ANSWER))
    # Ten on Wednesday morning in Tokyo is nine on Tuesday evening in New York.
    await teams.set_zone(office.deps, office.boss, "America/New_York", followers=True)
    assert await roll_up.check(office.deps, office.sato) != []
    await roll_up.recount(office.deps, office.team_id)
    for team, day, hour in ((office, date(2026, 3, 31), (1, 21)), (neighbours, date(2026, 4, 1), (2, 10))):
        assert await roll_up.check(team.deps, team.sato) == []
        async with team.deps.reading(team.team_id) as session:
            assert (await session.execute(sa.select(CallDay.day))).scalar_one() == day
            assert (await session.execute(sa.select(CallHour.weekday, CallHour.hour))).one() == hour
