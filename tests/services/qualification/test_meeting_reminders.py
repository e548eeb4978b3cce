"""Reminders of meetings, to both sides, once at each time, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from services.qualification import meeting_changes as changes
from services.qualification import meeting_reminders
from services.qualification.meeting_news import moment_key
from services.qualification.meeting_reminders import remind, teams_due
from tests.services.office import Office
from tests.services.qualification.test_meetings import at, booked, lead, mails, write


async def sent(office: Office) -> tuple[list[str], list[str]]:
    """What the job enqueues now: (kinds and reminders in Slack, occasions in letters)."""
    before, letters = set(await office.deliveries()), set(await mails(office))
    for team_id in await teams_due(office.deps):
        await remind(office.deps, team_id, write)
    found: Mapping[str, Any] = await office.deliveries()
    new = [str(found[key][2].get("reminder", found[key][0])) for key in sorted(set(found) - before)]
    written = await mails(office)
    return new, sorted(written[key].subject.split()[0] for key in set(written) - letters)


async def test_both_sides_are_reminded_once_at_each_time(office: Office) -> None:
    made = await booked(office, day=6)
    steps = [
        (timedelta(days=-1, minutes=-1), ([], [])),
        (timedelta(days=-1), (["day_before"], ["day_before"])),
        (timedelta(days=-1, minutes=1), ([], [])),
        (timedelta(minutes=-15), (["soon"], ["soon"])),
        (timedelta(minutes=-14), ([], [])),
        (timedelta(minutes=69), ([], [])),
        (timedelta(minutes=70), (["outcome"], [])),
        (timedelta(minutes=71), ([], [])),
    ]
    for ago, expected in steps:
        office.clock.now = made.starts_at + ago
        assert await sent(office) == expected, ago
    soon = next(mail for key, mail in (await mails(office)).items() if ":soon:" in key)
    assert soon.expires_at == made.starts_at


async def test_moved_meeting_is_reminded_of_at_its_new_time_only(office: Office) -> None:
    made = await booked(office, day=6)
    office.clock.now = made.starts_at - timedelta(days=1)
    await sent(office)
    moved = await changes.move(office.deps, office.sato, office.team_id, made.meeting_id, at(15, day=7), write)
    office.clock.now = made.starts_at - timedelta(minutes=15)
    assert await sent(office) == ([], [])
    office.clock.now = moved.starts_at - timedelta(days=1)
    assert await sent(office) == (["day_before"], ["day_before"])
    assert any(moment_key(moved.starts_at) in key for key in await office.deliveries())


async def test_nobody_is_reminded_of_a_cancelled_meeting(office: Office) -> None:
    made = await booked(office, day=6)
    await changes.cancel(office.deps, office.sato, office.team_id, made.meeting_id, "", write)
    for ago in (timedelta(days=-1), timedelta(minutes=-15), timedelta(minutes=70)):
        office.clock.now = made.starts_at + ago
        assert await sent(office) == ([], [])


async def test_many_clocks_at_once_remind_once(office: Office) -> None:
    made = await booked(office, day=6)
    office.clock.now = made.starts_at - timedelta(minutes=15)
    done = await asyncio.gather(*(remind(office.deps, office.team_id, write) for _ in range(10)))
    assert sum(done) == 1


async def test_more_meetings_than_are_looked_at_in_one_question_are_all_reminded_of(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meeting_reminders, "AT_ONCE", 2)
    made = [await booked(office, await lead(office, f"青木 {hour}"), hour, day=6) for hour in (9, 11, 14, 16)]
    made += [await booked(office, await lead(office, "加藤"), 16, day=6, rep="kato")]
    office.clock.now = made[-1].ends_at + timedelta(minutes=10)
    assert await remind(office.deps, office.team_id, write) == 5
    assert await remind(office.deps, office.team_id, write) == 0
