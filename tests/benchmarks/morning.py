"""A morning's messages to everybody, at Slack's real rate, while people click.

    python -m tests.benchmarks.morning [--messages 600] [--database postgresql] [--clicks 1.5]

The clock's messages to so many people are enqueued at once: half of them due half an hour after the others, and those
first. The embedded workspace holds the bot to Slack's limits as they are (a minute is a minute). Meanwhile somebody
opens a form by a command, `--clicks` times a second, each with the call that shows it. Printed are the rate of the
messages over the whole time and in its fastest minute, how many stood out of the order of their due times and by how
many places, what Slack refused (HTTP 429), and how long it took until the form was there. The exit code is 1 where a
message is lost or doubled, anything was refused, or the p99 of the clicks is over a second.

10,000 messages take 42 minutes; 600 prove the rate and the order in two and a half.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import bot.run
from bot.app import all_routes
from bot.demo import populate
from bot.manifest import manifest
from bot.run import House, running, storage
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from bot.workspace.team import EXAMPLE, Person
from handlers.messages import Reader, Rendered
from handlers.pacing import POST
from handlers.routes import Outgoing, Routes
from services.deps import Deps
from storage.migrations import upgrade
from storage.outbox import in_turn
from tests.benchmarks.imports import server

DUE = datetime(2026, 4, 1, tzinfo=UTC)
CLICKER, CHANNEL = "U01SATO001", "C01ISTEAM0"
PATIENCE = 3.0
"""How many times as long as the rate asks for the messages may take."""
MOST_MS = 1000.0


@dataclass(frozen=True, slots=True)
class Note:
    """The shortest message there is."""

    def render(self, reader: Reader) -> Rendered:
        """The text."""
        return Rendered("おはようございます。")

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """One."""
        return [cls()]


async def compose(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """A note to whoever it is for."""
    return Outgoing(Note(), "ja", "Asia/Tokyo", str(arguments["channel"]))


def routes() -> Routes:
    """The bot's, and the notes."""
    made = all_routes()
    made.delivery("note", compose)
    return made


async def enqueue(house: House, people: Sequence[str]) -> dict[str, int]:
    """A note to each; the keys, with 0 for what is due first and 1 for what is due later."""
    half = len(people) // 2
    due: dict[str, int] = {}
    async with house.deps.writing(EXAMPLE.id) as session:
        for line, group in ((1, people[half:]), (0, people[:half])):
            for user in group:
                key = f"note:{line}:{user}"
                due[key] = line
                await house.deps.outbox.enqueue(
                    session,
                    key=key,
                    kind="note",
                    channel=user,
                    arguments={},
                    now=house.deps.now(),
                    place=in_turn(DUE + timedelta(minutes=30 * line)),
                )
    return due


def posted(workspace: RunningWorkspace) -> list[tuple[float, str]]:
    """When each note was posted, and its key; in their order."""
    messages = [m for c in workspace.workspace.conversations.values() for m in c.messages.values() if m.metadata]
    return sorted((float(m.ts), str(m.metadata["event_payload"]["key"])) for m in messages if m.metadata)


async def click(workspace: RunningWorkspace, seconds: float, waited: list[float], done: asyncio.Event) -> None:
    """One person opens a form again and again."""
    person = workspace.person(CLICKER)
    while not done.is_set():
        began = time.perf_counter()
        await person.command(CHANNEL, "/lead", "add")
        waited.append((time.perf_counter() - began) * 1000)
        for view in person.screen(limit=0)["views"]:
            await person.close(view["id"])
        await asyncio.sleep(max(0.0, seconds - (time.perf_counter() - began)))


def out_of_order(order: Sequence[int]) -> tuple[int, int]:
    """How many that are due later stand before one that is due first, and how many places the farthest of them."""
    last_first = max((place for place, line in enumerate(order) if line == 0), default=-1)
    early = [place for place, line in enumerate(order[:last_first]) if line == 1]
    return len(early), last_first - early[0] if early else 0


async def measure(database: str, messages: int, clicks: float) -> bool:
    """Run it, print it, and say whether everything was as it should be."""
    crowd = [f"U09CROWD{number:05}" for number in range(messages)]
    people = tuple(Person(user, f"crowd{place}", f"大勢 {place}", "is", "担当") for place, user in enumerate(crowd))
    bot.run.all_routes = routes
    with tempfile.TemporaryDirectory(prefix="kakehashi-morning-") as folder, server(database, Path(folder)) as new:
        url = new()
        upgrade(url)
        team = replace(EXAMPLE, people=EXAMPLE.people + people)
        async with workspace_running(team, manifest=manifest(all_routes())) as workspace:
            settings = Settings(
                _env_file=None,
                slack_bot_token=workspace.bot_token,
                slack_app_token=workspace.app_token,
                slack_api_url=workspace.api_url,
                secret_key="a key for a morning",
                database_url=url,
                web_port=0,
                log_level="ERROR",
            )
            async with storage(settings) as deps:
                await populate(deps, workspace.introduction(), seed=1)
            # Slack's own minutes begin here: introducing everybody took calls of other methods.
            workspace.workspace.limits.always = True
            async with running(settings, http=False) as house:
                return await _morning(workspace, house, crowd, settings, clicks)


async def _morning(
    workspace: RunningWorkspace, house: House, crowd: Sequence[str], settings: Settings, clicks: float
) -> bool:
    rate = settings.timed_limit / settings.timed_seconds
    waited: list[float] = []
    done = asyncio.Event()
    clicking = asyncio.create_task(click(workspace, 1 / clicks, waited, done))
    due = await enqueue(house, crowd)
    try:
        async with asyncio.timeout(60 + PATIENCE * len(crowd) / rate):
            while sum(key in due for _ts, key in posted(workspace)) < len(crowd):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(1)
    finally:
        done.set()
        await clicking
    came = [(ts, key) for ts, key in posted(workspace) if key in due]
    times = [ts for ts, _key in came]
    fastest = max(bisect.bisect_left(times, ts + 60) - place for place, ts in enumerate(times))
    early, farthest = out_of_order([due[key] for _ts, key in came])
    read = house.metrics.registry.get_sample_value
    refused = sum(
        read("kakehashi_slack_calls_total", {"method": method, "error": "http_429"}) or 0
        for method in (POST, "views.open")
    )
    waited.sort()
    p50, p99 = waited[len(waited) // 2], waited[min(len(waited) - 1, int(len(waited) * 0.99))]
    span = times[-1] - times[0]
    print(f"{len(came)} messages in {span:.0f} s: {60 * len(came) / span:.0f} a minute (set: {60 * rate:.0f})")
    doubled = len(came) - len({key for _ts, key in came})
    print(f"fastest minute: {fastest}; lost: {len(due) - len(came) + doubled}; doubled: {doubled}")
    print(f"out of order: {early} of those due later came early, the first by {farthest} places")
    print(f"answered with 429: {refused:.0f}")
    print(f"{len(waited)} clicks meanwhile: p50 {p50:.0f} ms, p99 {p99:.0f} ms, longest {waited[-1]:.0f} ms")
    whole = sorted(key for _ts, key in came) == sorted(due)
    return whole and not refused and p99 <= MOST_MS


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="A morning's messages at Slack's real rate, while people click.")
    parser.add_argument("--messages", type=int, default=600)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--clicks", type=float, default=1.5, help="A second; Slack opens 100 forms a minute.")
    given = parser.parse_args()
    sys.exit(0 if asyncio.run(measure(given.database, given.messages, given.clicks)) else 1)


if __name__ == "__main__":
    main()
