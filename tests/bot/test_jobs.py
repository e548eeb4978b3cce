"""`python -m bot jobs`: what fires when, and when it last did."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, time

import pytest
import time_machine
from dbos import DBOSClient
from typer.testing import CliRunner, Result

import bot.__main__ as command_line
from bot import commands
from domain.clock import EVERY_DAY, Due, Timetable
from handlers.routes import Routes
from services import clock
from services.deps import Deps
from storage.database import connect
from storage.jobs import BeatRow
from storage.migrations import sync_url
from storage.outbox import Outbox
from storage.tables import Team

# A Wednesday, ten in the morning in Tokyo.
NOW = datetime(2026, 4, 1, 1, tzinfo=UTC)
MORNING = Timetable("T1", "Asia/Tokyo", time(8, 30), frozenset(range(5)))
PLANS = {
    "morning-queue": [MORNING, Timetable("T1", "America/New_York", time(8, 30), frozenset(range(5)))],
    "monthly-report": [Timetable("T2", "Europe/Berlin", time(9), EVERY_DAY, 1)],
    "reviews": [Timetable("T2", "Europe/Berlin", time(17), frozenset({0, 3}))],
}


def routes() -> Routes:
    made = Routes()

    async def run(deps: Deps, due: Due) -> None:
        raise AssertionError("listing runs nothing")

    async def poll(deps: Deps) -> None:
        raise AssertionError("listing runs nothing")

    for name, timetables in PLANS.items():

        async def plan(deps: Deps, timetables: Sequence[Timetable] = timetables) -> Sequence[Timetable]:
            return timetables

        made.daily(name, run, plan=plan)
    made.job("forms", poll, seconds=20)
    return made


async def fill(database_url: str) -> None:
    """Two teams, this morning's work, and yesterday's that failed."""
    client = DBOSClient(system_database_url=sync_url(database_url), lazy=True)
    database = connect(database_url)
    deps = Deps(database, Outbox(client), lambda: NOW)
    for team_id in ("T1", "T2"):
        async with deps.writing(team_id) as session:
            session.add(Team(id=team_id, name=team_id, created_at=NOW))
    last = MORNING.last_due(NOW)
    assert last is not None
    await clock.start(deps, "morning-queue", due := Due("T1", "Asia/Tokyo", *last))
    await clock.failed(deps, "morning-queue", due, "TimeoutError")
    await clock.beat(deps, [BeatRow("forms", 20, NOW, "done")])
    await database.dispose()
    client.destroy()


@pytest.fixture
def listed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database on which the command runs, without any token of Slack."""
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setattr(commands, "all_routes", routes)
    monkeypatch.setattr(command_line.console, "width", 200)
    asyncio.run(fill(database_url))
    return database_url


def jobs(*arguments: str) -> Result:
    with time_machine.travel(NOW):
        return CliRunner().invoke(command_line.app, ["jobs", *arguments])


def cells(result: Result) -> list[list[str]]:
    """The rows of the printed table."""
    lines = [line for line in result.stdout.splitlines() if line.startswith(("│", "┃"))]
    return [[cell.strip() for cell in line.strip("│┃").replace("┃", "│").split("│")] for line in lines]


TOKYO = ["T1", "morning-queue", "08:30 Mon–Fri", "Asia/Tokyo", "Thu 2026-04-02 08:30", "Wed 2026-04-01 23:30"]
NEW_YORK = ["T1", "morning-queue", "08:30 Mon–Fri", "America/New_York", "Wed 2026-04-01 08:30", "Wed 2026-04-01 12:30"]
MONTHLY = ["T2", "monthly-report", "09:00 on day 1", "Europe/Berlin", "Wed 2026-04-01 09:00", "Wed 2026-04-01 07:00"]
REVIEWS = ["T2", "reviews", "17:00 Mon, Thu", "Europe/Berlin", "Thu 2026-04-02 17:00", "Thu 2026-04-02 15:00"]
POLL = ["every clock", "forms", "every 20 s", "", "–", "–", "Wed 2026-04-01 01:00", "done"]


def test_every_job_is_listed_with_its_next_and_last_time(listed: str) -> None:
    result = jobs()
    assert result.exit_code == 0, result.output
    rows = cells(result)
    assert rows[0] == list(commands.COLUMNS)
    assert rows[1:5] == [
        [*NEW_YORK, "–", ""],
        [*TOKYO, "Wed 2026-04-01 08:30", "failed (TimeoutError)"],
        [*MONTHLY, "–", ""],
        [*REVIEWS, "–", ""],
    ]
    assert rows[5:] == [
        POLL,
        ["every clock", "forget-due-times", "every 6 h", "", "–", "–", "–", ""],
    ]


def test_list_in_a_pipe_is_as_wide_as_it_has_to_be(listed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_line.console, "width", 80)
    assert [*TOKYO, "Wed 2026-04-01 08:30", "failed (TimeoutError)"] in cells(jobs())


def test_list_in_a_narrow_window_goes_job_by_job_and_loses_nothing(
    listed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_line.console, "width", 80)
    monkeypatch.setattr(command_line.console, "_force_terminal", True)
    monkeypatch.setattr(command_line.console, "no_color", True)
    printed = jobs().stdout
    for text in (*TOKYO, *NEW_YORK, "failed (TimeoutError)", "forget-due-times", "every 20 s"):
        assert text in printed
    assert all(len(line) <= 80 for line in printed.splitlines())


def test_one_teams_jobs_are_listed(listed: str) -> None:
    teams = [row[0] for row in cells(jobs("--team", "T2"))[1:]]
    assert teams == ["T2"] * 2 + ["every clock"] * 2


def test_unknown_team_is_named(listed: str) -> None:
    result = jobs("--team", "T9")
    assert result.exit_code == 2
    assert "There is no team T9. Known teams: T1, T2." in result.output


def test_products_own_jobs_can_be_listed(listed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.app import all_routes

    monkeypatch.setattr(commands, "all_routes", all_routes)
    made = all_routes()
    rows = cells(jobs())
    assert {row[1] for row in rows[1:]} >= set(made.jobs)
