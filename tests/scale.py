"""`make scale`: two edges, three workers and two clocks on one PostgreSQL, and one of each killed at work.

    python -m tests.scale [--handoffs 60] [--reps 20]

All seven start at once on an empty database. Reps then hand leads off in an embedded Slack workspace, as fast as they
get answers, and look companies up in between; whoever gets no answer, because the edge was just killed, tries again.
Meanwhile it becomes the time of the morning's messages. What was killed is started anew, as every service is. At the
end the workspace, the deliveries and the handoffs are compared: the exit code says whether everything was answered, and
each message posted exactly once.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import sqlalchemy as sa
from rich.console import Console

from bot.app import all_routes
from bot.demo import populate
from bot.manifest import manifest
from bot.run import storage
from bot.settings import ProcessRole, Settings
from bot.workspace.person import PersonClient
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from bot.workspace.team import EXAMPLE, Person
from services.deps import Deps
from services.operator import operator
from services.outreach import call_queue, leads
from services.outreach.leads import NewLead
from storage.tables import Delivery, Handoff, TeamDay
from tests.benchmarks.imports import server
from tests.kill.conftest import CHANNEL, FORMS, TEAM

ZONE = "Asia/Tokyo"
AT_WORK = ("U01SATO001", "U01SUZUKI1", "U01MILLER1")
"""Who hands leads off."""
STAFF = {ProcessRole.EDGE: 2, ProcessRole.WORKER: 3, ProcessRole.CLOCK: 2}
READY_SECONDS = 120.0
DEADLINE = 240.0
STOP_SECONDS = 40.0
LEAD_TIME = timedelta(seconds=20)
"""The morning comes no sooner, so that its time is set before it."""

console = Console(highlight=False)


@dataclass
class Process:
    """One of the seven, in its present life."""

    role: ProcessRole
    number: int
    port: int
    child: asyncio.subprocess.Process | None = None

    @property
    def name(self) -> str:
        return f"{self.role} {self.number}"


@dataclass
class Load:
    """What people do, and what came of it."""

    names: list[str]
    """Of the leads that are not handed off so far."""
    handed_off: set[str] = field(default_factory=set)
    answered: int = 0
    again: int = 0
    """How often somebody got no answer and tried again."""

    def count(self, *, answered: bool) -> None:
        """Somebody did something."""
        self.answered += answered
        self.again += not answered


class Wrong(Exception):
    """What should hold does not."""


@dataclass
class Installation:
    """The seven processes, and the workspace in front of them."""

    workspace: RunningWorkspace
    settings: Settings
    began: float = field(default_factory=time.monotonic)
    processes: list[Process] = field(default_factory=list)

    def say(self, text: str) -> None:
        """A line with the time since the beginning."""
        console.print(f"[dim]{time.monotonic() - self.began:6.1f} s[/dim]  {text}", soft_wrap=True)

    async def start(self, process: Process) -> None:
        """Begin a life of a process; nobody waits until it is ready."""
        process.child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run", "--socket-mode", "--role", process.role),
            env={
                **os.environ,
                "DATABASE_URL": self.settings.database_url,
                "SECRET_KEY": "a key for a demonstration",
                "SLACK_BOT_TOKEN": self.workspace.bot_token,
                "SLACK_APP_TOKEN": self.workspace.app_token,
                "SLACK_API_URL": self.workspace.api_url,
                "WEB_HOST": "127.0.0.1",
                "WEB_PORT": str(process.port),
                "PUBLIC_URL": "https://bot.example.com/",
                "LOG_LEVEL": "ERROR",
                # This workspace has one channel for handoffs; how fast a channel is written to is shown elsewhere.
                "DELIVERY_LIMIT": "100",
                "RECOVER_SECONDS": "2",
            },
        )

    async def ready(self, among: Sequence[Process]) -> None:
        """Wait until all of these say that they can do their work."""
        async with aiohttp.ClientSession() as http, asyncio.timeout(READY_SECONDS):
            for process in among:
                while not await _says_ready(http, process.port):
                    if process.child is not None and process.child.returncode is not None:
                        raise Wrong(f"{process.name} ended with {process.child.returncode}")
                    await asyncio.sleep(0.1)

    async def kill(self, role: ProcessRole) -> None:
        """Kill the first of a role, and start it anew as whatever looks after services does."""
        process = next(each for each in self.processes if each.role is role)
        assert process.child is not None
        process.child.kill()
        await process.child.wait()
        self.say(f"[red]{process.name} was killed[/red] (SIGKILL); a new one is started in its place")
        await self.start(process)

    async def stop(self) -> list[int | None]:
        """End all with SIGTERM: how each ended."""
        children = [each.child for each in self.processes if each.child is not None]
        for child in children:
            if child.returncode is None:
                child.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(*(child.wait() for child in children))
        except TimeoutError:
            for child in children:
                if child.returncode is None:
                    child.kill()
            await asyncio.gather(*(child.wait() for child in children))
        return [child.returncode for child in children]


async def _says_ready(http: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@asynccontextmanager
async def installed(url: str, reps: int) -> AsyncIterator[Installation]:
    """The seven, started at once on an empty database, and ready; all ended with the block."""
    crowd = tuple(
        Person(f"U01CROWD{number:02}", f"crowd{number}", f"朝田 {number}", "is", "担当") for number in range(reps)
    )
    team = replace(EXAMPLE, people=EXAMPLE.people + crowd)
    async with workspace_running(team, manifest=manifest(all_routes())) as workspace:
        made = Installation(workspace, Settings(_env_file=None, database_url=url, secret_key="-"))
        made.processes = [
            Process(role, number + 1, _free_port()) for role, count in STAFF.items() for number in range(count)
        ]
        try:
            made.say("PostgreSQL is up; 2 edges, 3 workers and 2 clocks start at once on an empty database")
            await asyncio.gather(*map(made.start, made.processes))
            await made.ready(made.processes)
            made.say(f"all 7 are ready; {len(workspace.socket_mode.connections)} connections to Slack, one an edge")
            yield made
        finally:
            await made.stop()


async def move_in(deps: Deps, installation: Installation, count: int) -> tuple[Load, datetime]:
    """The team, its leads, and a morning that comes soon: the load, and when the morning is."""
    await populate(deps, installation.workspace.introduction(), seed=1)
    admin = await operator(deps, TEAM)
    names = [f"試験{number:04d}" for number in range(count)]
    for name in names:
        await leads.add(deps, admin, NewLead(1, name), despite_duplicates=True)
    # The clocks have read their plans when they started and read them again a minute later.
    at = (deps.now() + LEAD_TIME + timedelta(minutes=1)).replace(second=0, microsecond=0).astimezone(ZoneInfo(ZONE))
    async with deps.writing(TEAM) as session:
        session.add(TeamDay(team_id=TEAM, day=at.date(), works=True, name=""))
    await call_queue.set_morning(deps, admin, at.strftime("%H:%M"))
    return Load(names), at


async def work(installation: Installation, load: Load, user: str) -> None:
    """Hand leads off, one after the other, and look companies up in between."""
    person = installation.workspace.person(user)
    while load.names:
        name = load.names.pop()
        await _ask(installation, load, person, "find 株式会社")
        while True:
            views = person.screen()["views"]
            if not views:
                await _ask(installation, load, person, f"qualify {name}")
            elif views[-1]["callback_id"] == "handoff.done":
                break
            else:
                done = await person.submit(views[-1]["id"], FORMS[views[-1]["callback_id"]])
                load.count(answered=done["result"] == "updated")
        load.handed_off.add(name)
        for view in reversed(person.screen()["views"]):
            await person.close(view["id"])


async def _ask(installation: Installation, load: Load, person: PersonClient, text: str) -> None:
    """A command, tried again until it is answered."""
    while True:
        await _until(lambda: installation.workspace.socket_mode.connected)
        answered = "error" not in await person.command(CHANNEL, "/lead", text)
        load.count(answered=answered)
        if answered:
            return


async def _until(check: Callable[[], object]) -> None:
    while not check():  # noqa: ASYNC110 - the workspace tells nobody what it sees
        await asyncio.sleep(0.05)


def in_tokyo(installation: Installation) -> int:
    """How many reps have their morning there."""
    people = installation.workspace.workspace.people.values()
    return sum(person.role == "is" and person.zone == ZONE for person in people)


def posts(installation: Installation) -> dict[str, list[str]]:
    """The timestamps of what was posted, by the keys of the deliveries."""
    found: dict[str, list[str]] = {}
    for conversation in installation.workspace.workspace.conversations.values():
        for message in conversation.messages.values():
            if message.metadata and message.metadata["event_type"] == "delivery":
                found.setdefault(str(message.metadata["event_payload"]["key"]), []).append(message.ts)
    return found


async def deliveries(deps: Deps) -> Sequence[sa.Row[str, str, str | None]]:
    """Key, state and timestamp of every delivery."""
    async with deps.reading(TEAM) as session:
        return (await session.execute(sa.select(Delivery.key, Delivery.state, Delivery.ts))).all()


async def all_sent(deps: Deps) -> None:
    """Wait until the morning has come and nothing is on its way any more."""
    while True:
        rows = await deliveries(deps)
        begun = any(row.key.startswith("call-queue:") for row in rows)
        if begun and all(row.state not in ("queued", "sending") for row in rows):
            return
        await asyncio.sleep(0.2)


async def check(deps: Deps, installation: Installation, load: Load, at: datetime) -> list[str]:
    """What was found right, in words. Raises `Wrong`."""
    rows, posted = await deliveries(deps), posts(installation)
    async with deps.reading(TEAM) as session:
        handoffs = list(await session.scalars(sa.select(Handoff)))
    reps = in_tokyo(installation)
    mornings = [row for row in rows if row.key.startswith("call-queue:")]
    states = Counter(row.state for row in rows)
    doubled = sorted(key for key, found in posted.items() if len(found) > 1)
    for holds, wrong in (
        (len({handoff.lead_id for handoff in handoffs}) == len(handoffs), "a lead was handed off twice"),
        (len(handoffs) == len(load.handed_off), f"{len(load.handed_off)} handed off, {len(handoffs)} saved"),
        (set(states) == {"sent"}, f"deliveries ended as {dict(states)}"),
        (not doubled, f"posted more than once: {doubled}"),
        ({row.key: [row.ts] for row in rows if row.ts} == posted, "what is recorded is not what was posted"),
        (len(mornings) == reps, f"{len(mornings)} morning messages for {reps} reps"),
    ):
        if not holds:
            raise Wrong(wrong)
    return [
        f"{load.answered} commands and forms were answered; {load.again} had to be tried again",
        f"{len(handoffs)} leads were handed off, each once",
        f"{len(mornings)} reps had their morning at {at:%H:%M} once, though two clocks rang; "
        f"{sum(row.ts is not None for row in mornings)} have somebody to call, and their message",
        f"{len(posted)} messages stand in Slack, each delivery's exactly once",
    ]


async def demonstrate(url: str, handoffs: int, reps: int) -> int:
    """All of it; the process's exit code."""
    async with installed(url, reps) as installation, storage(installation.settings) as deps:
        say = installation.say
        try:
            async with asyncio.timeout(DEADLINE):
                load, at = await move_in(deps, installation, handoffs)
                say(f"3 reps hand {handoffs} leads off; the morning of {in_tokyo(installation)} reps is at {at:%H:%M}")
                people = asyncio.gather(*(work(installation, load, user) for user in AT_WORK))
                for part, role in enumerate(STAFF, 1):
                    until = handoffs * part // 4
                    await _until(lambda until=until: len(load.handed_off) >= until or people.done())  # type: ignore[misc]  # a default binds the loop's value
                    await installation.kill(role)
                    say(f"{len(load.handed_off)} handed off, {len(posts(installation))} messages posted")
                await people
                say(f"all {len(load.handed_off)} are handed off; what is left to post is waited for, and the morning")
                await installation.ready(installation.processes)
                await all_sent(deps)
                for line in await check(deps, installation, load, at):
                    say(f"[green]✓[/green] {line}")
                codes = await installation.stop()
                if any(codes):
                    raise Wrong(f"the processes ended with {codes}")
                say("[green]✓[/green] all 7 ended by themselves when they were asked to")
        except (Wrong, TimeoutError) as wrong:
            say(f"[red]✗ {wrong or 'it took too long'}[/red]")
            return 1
    return 0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--handoffs", type=int, default=60)
    parser.add_argument("--reps", type=int, default=20, help="more people whose morning comes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kakehashi-") as folder:
        # PostgreSQL runs as another user where it is started as root.
        Path(folder).chmod(0o755)
        with server("postgresql", Path(folder)) as new_database:
            return asyncio.run(demonstrate(new_database(), arguments.handoffs, arguments.reps))


if __name__ == "__main__":
    sys.exit(main())
