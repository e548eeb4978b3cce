"""A team's settings and working time."""

from __future__ import annotations

from datetime import date

import pytest

from domain.errors import Code, Refused
from services import teams
from tests.services.office import Office


async def test_team_starts_with_an_hour_and_without_a_channel(office: Office) -> None:
    settings = await teams.settings(office.deps, office.sato)
    assert (settings.handoff_channel, settings.acknowledge_minutes, settings.zone, settings.language) == (
        None,
        60,
        "Asia/Tokyo",
        "ja",
    )


async def test_manager_changes_the_settings_of_the_own_team_only(office: Office, neighbours: Office) -> None:
    await teams.set_handoff_channel(office.deps, office.mori, "C9")
    await teams.set_acknowledge_minutes(office.deps, office.mori, 30)
    settings = await teams.settings(office.deps, office.sato)
    assert (settings.handoff_channel, settings.acknowledge_minutes) == ("C9", 30)
    other = await teams.settings(neighbours.deps, neighbours.sato)
    assert (other.handoff_channel, other.acknowledge_minutes) == (None, 60)
    assert await office.audited("team.change") == [{"handoff_channel": "C9"}, {"acknowledge_minutes": 30}]


@pytest.mark.parametrize("who", ["sato", "ito", "marketer", "success"])
async def test_others_change_no_settings(office: Office, who: str) -> None:
    for attempt in (
        teams.set_handoff_channel(office.deps, office.members[who], "C9"),
        teams.set_acknowledge_minutes(office.deps, office.members[who], 30),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_ALLOWED


@pytest.mark.parametrize("minutes", [4, 0, -1, 2701])
async def test_minutes_out_of_range_are_refused(office: Office, minutes: int) -> None:
    with pytest.raises(Refused) as refused:
        await teams.set_acknowledge_minutes(office.deps, office.mori, minutes)
    assert (refused.value.code, refused.value.field) == (Code.INVALID, "minutes")


@pytest.mark.parametrize("minutes", [5, 2700])
async def test_minutes_at_the_bounds_are_taken(office: Office, minutes: int) -> None:
    await teams.set_acknowledge_minutes(office.deps, office.mori, minutes)
    assert (await teams.settings(office.deps, office.sato)).acknowledge_minutes == minutes


async def test_channel_must_be_one(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        await teams.set_handoff_channel(office.deps, office.mori, "")
    assert (refused.value.code, refused.value.field) == (Code.REQUIRED, "channel")


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
