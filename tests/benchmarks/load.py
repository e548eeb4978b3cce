"""Sustained load: how many interactions a second processes of the bot take with a p99 under one second.

    python -m tests.benchmarks.load [--databases sqlite,postgresql] [--processes 1,2,4] [--seconds 10] [--minutes 0]
                                     [--rate N]

Every interaction is a click that logs a call (tests/benchmarks/one_click.py), committed before it is acknowledged. The
clicks come at a steady rate, whether those before are answered or not, as people's do: a bot that falls behind is seen
to. The rate is doubled as long as the p99 stays under a second and nothing fails; then the limit is looked for between
the last two. Printed is the best rate that held, and its share of the floor of the same run: of what one process with
an empty listener takes. The workspace that clicks is a process on the same machine and takes its share of it; at the
floor's rate it is what has most to do.

Start to ready: from the start of a process until `/readyz` answers 200, on a database that is as it should be.

With `--minutes`, one process on each database then takes half its best rate, or `--rate`, for so long, and its memory
(RSS) is read every half minute: no growth is the aim, and the exit code is 1 where the last fifth of the time needs
over a tenth more than the fifth that follows the first.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp
import sqlalchemy as sa

from bot.app import all_routes
from bot.manifest import manifest
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from storage.migrations import sync_url
from storage.tables import Call
from tests.benchmarks.acknowledgements import Target, made_leads
from tests.benchmarks.imports import server
from tests.benchmarks.one_click import payload

FIRST_RATE = 20.0
FASTEST = 50_000.0
"""Nobody gets there: it only ends a ladder that something is wrong with."""
HALVINGS = 3
BEHIND_SECONDS = 3.0
"""A step ends early where so many seconds' clicks are unanswered."""
LIMIT_MS = 1000.0
WAIT = 30.0
"""Seconds that clicks which are under way are waited for when a step of the ladder is over."""
LEADS = 4000
GROWTH = 1.1


@dataclass
class Ladder:
    """What a number of processes held: the rate, and its milliseconds."""

    name: str
    processes: int
    rate: float = 0.0
    p50: float = 0.0
    p99: float = 0.0


@dataclass
class Clicks:
    """Every click has a number of its own."""

    workspace: RunningWorkspace
    targets: Sequence[Target]
    made: int = 0
    failed: int = 0
    why: Counter[str] = field(default_factory=Counter)
    """What Slack would have said of those that failed."""
    times: list[float] = field(default_factory=list)
    saved: Callable[[], int] | None = None
    """How many calls are in the database: a click that was turned away is answered too. None: they make none."""

    async def one(self, due: float) -> None:
        """One click, timed from the moment it was due until its acknowledgement: where the workspace does not keep up
        with clicking, that shows too."""
        number, self.made = self.made, self.made + 1
        # A lead is called again when all have been: that is another call.
        sent = payload(self.workspace, number, self.targets[number % len(self.targets)])
        answer = await self.workspace.socket_mode.deliver("interactive", sent)
        if answer.acknowledged:
            self.times.append((time.perf_counter() - due) * 1000)
        else:
            self.failed += 1
            self.why[answer.reason or "dispatch_failed"] += 1

    @property
    def reasons(self) -> str:
        """Why some failed, in brackets; "" where none did."""
        return f" ({', '.join(f'{why}: {count}' for why, count in self.why.items())})" if self.why else ""

    async def at(self, rate: float, seconds: float) -> tuple[float, float, bool]:
        """Click at a rate for so long: p50, p99, and whether all were answered in time."""
        self.times, before = [], self.failed
        saved = self.saved() if self.saved else 0
        began = time.perf_counter()
        under_way: set[asyncio.Task[None]] = set()
        for number in range(max(50, round(rate * seconds))):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            click = asyncio.create_task(self.one(due))
            under_way.add(click)
            click.add_done_callback(under_way.discard)
            if len(under_way) > BEHIND_SECONDS * rate + 50:
                self.failed += 1
                break
        if under_way:
            await asyncio.wait(set(under_way), timeout=WAIT)
        turned_away = len(self.times) - (self.saved() - saved) if self.saved else 0
        if turned_away > 0:
            self.failed += turned_away
            self.why["turned_away"] += turned_away
        if len(self.times) < 50:
            return 0.0, float("inf"), False
        p99 = statistics.quantiles(self.times, n=100, method="inclusive")[98]
        return statistics.median(self.times), p99, p99 < LIMIT_MS and self.failed == before


@dataclass
class Process:
    """A process of the bot, or of the floor."""

    child: asyncio.subprocess.Process
    port: int
    ready_after: float = 0.0

    def memory(self) -> float:
        """Megabytes of RSS."""
        pages = int(Path(f"/proc/{self.child.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def calls_in(url: str) -> int:
    """How many calls the database holds."""
    engine = sa.create_engine(sync_url(url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(Call)) or 0


async def start(workspace: RunningWorkspace, kind: str, url: str) -> Process:
    """Start one, and wait until it is ready (the floor: until it is connected)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    connected, began = len(workspace.socket_mode.connections), time.perf_counter()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.submit_app", kind),
        env={
            **os.environ,
            "DATABASE_URL": url,
            "SECRET_KEY": "a key for benchmarks",
            "WEB_PORT": str(port),
            "LOG_LEVEL": "ERROR",
            "SLACK_BOT_TOKEN": workspace.bot_token,
            "SLACK_APP_TOKEN": workspace.app_token,
            "SLACK_API_URL": workspace.api_url,
        },
    )
    made = Process(child, port)
    async with asyncio.timeout(120), aiohttp.ClientSession() as http:
        while not (await _ready(http, port) if kind == "bot" else len(workspace.socket_mode.connections) > connected):
            if child.returncode is not None:
                raise RuntimeError(f"{kind} ended with {child.returncode}")
            await asyncio.sleep(0.02)
    made.ready_after = time.perf_counter() - began
    return made


async def _ready(http: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


@asynccontextmanager
async def processes(workspace: RunningWorkspace, kind: str, count: int, url: str) -> AsyncIterator[list[Process]]:
    """So many of a kind at work, until the block ends."""
    started: list[Process] = []
    try:
        for _ in range(count):
            started.append(await start(workspace, kind, url))  # noqa: PERF401 - what has been started is ended
        yield started
    finally:
        for each in started:
            if each.child.returncode is None:
                each.child.terminate()
        await asyncio.gather(*(each.child.wait() for each in started))
        async with asyncio.timeout(60):
            while workspace.socket_mode.connections:  # noqa: ASYNC110 - the workspace tells nobody when an app goes
                await asyncio.sleep(0.02)


async def climb(name: str, count: int, clicks: Clicks, seconds: float) -> Ladder:
    """The best rate that holds."""
    best = Ladder(name, count)

    async def holds(rate: float) -> bool:
        p50, p99, held = await clicks.at(rate, seconds)
        if held:
            best.rate, best.p50, best.p99 = rate, p50, p99
        return held

    await clicks.at(FIRST_RATE, 5.0)
    too_fast = FIRST_RATE
    while too_fast < FASTEST and await holds(too_fast):
        too_fast *= 2
    if too_fast < FASTEST:
        for _ in range(HALVINGS):
            between = (best.rate + too_fast) / 2
            if not await holds(between):
                too_fast = between
    return best


def told(held: Ladder) -> str:
    """A line of the table."""
    return f"{held.name:24} {held.processes:9} {held.rate:10.0f} {held.p50:9.1f} {held.p99:9.1f}"


async def measure(
    kind: str, url: str, counts: Sequence[int], seconds: float, minutes: float, rate: float | None
) -> bool:
    """All of one database; whether its memory stayed as it was. With a rate no other is looked for."""
    async with workspace_running(manifest=manifest(all_routes()), patience=WAIT) as workspace:
        settings = Settings(_env_file=None, database_url=url)
        team = workspace.introduction()["team"]
        _, targets = await made_leads(settings, team, LEADS)
        logged = 0
        best = 0.0
        print(f"{kind:24} {'processes':>9} {'clicks/s':>10} {'p50 ms':>9} {'p99 ms':>9}", flush=True)
        floor = 0.0
        if rate is None:
            async with processes(workspace, "before", 1, url):
                empty = await climb("floor: empty listener", 1, Clicks(workspace, targets), seconds)
            print(told(empty), flush=True)
            floor = empty.rate
        for count in counts if rate is None else ():
            async with processes(workspace, "bot", count, url) as started:
                clicks = Clicks(workspace, targets, made=logged, saved=partial(calls_in, url))
                held = await climb("bot", count, clicks, seconds)
                logged = clicks.made
                ready = ", ".join(f"{each.ready_after:.1f}" for each in started)
                rss = ", ".join(f"{each.memory():.0f}" for each in started)
                share = held.rate / floor if floor else 0.0
                print(
                    f"{told(held)}   {share:.3f} of the floor; start to ready {ready} s; RSS afterwards {rss} MB",
                    flush=True,
                )
                best = best or held.rate
        if not minutes:
            return True
        return await endure(workspace, url, targets, logged, rate or best / 2, minutes)


async def endure(
    workspace: RunningWorkspace, url: str, targets: Sequence[Target], logged: int, rate: float, minutes: float
) -> bool:
    """One process at a rate for so long; whether it needs no more memory at the end than at the beginning."""
    async with processes(workspace, "bot", 1, url) as (process,):
        clicks = Clicks(workspace, targets, made=logged, saved=partial(calls_in, url))
        seen: list[float] = []
        times: list[float] = []
        until = time.monotonic() + 60 * minutes
        while time.monotonic() < until:
            await clicks.at(rate, min(30.0, 12 * minutes))
            times += clicks.times
            seen.append(process.memory())
        fifth = max(1, len(seen) // 5)
        first, last = statistics.median(seen[fifth : 2 * fifth] or seen), statistics.median(seen[-fifth:])
        p99 = statistics.quantiles(times, n=100, method="inclusive")[98]
        print(
            f"{minutes:g} minutes at {rate:.0f} clicks/s: {len(times)} answered, {clicks.failed} failed"
            f"{clicks.reasons}, p50 {statistics.median(times):.1f} ms, p99 {p99:.1f} ms; "
            f"RSS {first:.0f} MB early, {last:.0f} MB late, most {max(seen):.0f} MB",
            flush=True,
        )
        return last <= GROWTH * first


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--processes", default="1,2,4", help="on PostgreSQL; a SQLite file has one")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each step")
    parser.add_argument("--minutes", type=float, default=0.0, help="of endurance afterwards")
    parser.add_argument("--rate", type=float, help="clicks a second of the endurance; the best is then not looked for")
    arguments = parser.parse_args()
    steady = True
    with tempfile.TemporaryDirectory() as folder:
        # PostgreSQL runs as another user where it is started as root.
        Path(folder).chmod(0o755)
        for kind in arguments.databases.split(","):
            counts = [int(count) for count in arguments.processes.split(",")] if kind == "postgresql" else [1]
            with server(kind, Path(folder)) as new_database:
                steady &= asyncio.run(
                    measure(kind, new_database(), counts, arguments.seconds, arguments.minutes, arguments.rate)
                )
    return 0 if steady else 1


if __name__ == "__main__":
    sys.exit(main())
