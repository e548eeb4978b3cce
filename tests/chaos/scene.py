"""A workspace with people and a website at work, a database, a mail server, and bots that come and go."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bot.app import all_routes
from bot.demo import populate
from bot.manifest import manifest
from bot.run import storage
from bot.settings import Settings
from bot.workspace.person import PersonClient
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from domain.mail import Sender
from domain.model import Sharing
from domain.outreach.inbound import InboundRules
from services import mail, members
from services import model as language_model
from services.calendars import connecting
from services.deps import Actor, Deps
from services.outreach import form_sources, inbound, leads
from services.outreach.leads import NewLead
from tests.chaos.database import File, Server
from tests.chaos.ledger import Ledger
from tests.chaos.life import Life, live
from tests.chaos.model import Model, Mood
from tests.chaos.people import INBOUND, Rep, Website, Work
from tests.kill.conftest import REPS, TEAM
from tests.servers.model import serving as model_server
from tests.servers.process import serving
from tests.servers.radicale import PEOPLE, radicale

MANAGER, ADMIN, FIELD = "U01KATO001", "U01HAYASHI", "U01TANAKA1"
"""The last holds meetings, and has a calendar on a server of its own."""
CALLED, MET = 20, 60
"""Leads to call, and the most to meet."""
RETRY_DELAYS = (0.0, 1.0, 3.0, 9.0, 15.0)
"""Seconds between tries at an event. Slack takes six minutes for fewer; the troubles last for less long here."""
FIRST = ("handoff", "call", "question")
"""What each begins with, so that it is done in the shortest run."""
PATIENCE = 60.0
"""Seconds; what does not happen within that time will not happen."""

# Forked from a process that has imported everything, a bot starts in a fraction of a second instead of two.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.chaos.life"])


class Command:
    """`python -m bot run` of another version of the program, as if it were a process of `multiprocessing`."""

    def __init__(self, code: Path, life: Life) -> None:
        environment = {name.upper(): str(value) for name, value in life.settings.items()}
        with Path(life.journal).open("a") as journal:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"],
                cwd=code,
                env=os.environ | environment,
                stdout=journal,
                stderr=journal,
            )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()

    def join(self) -> None:
        self._process.wait()


@dataclass
class Slot:
    """A place for a process, on a port of its own; whoever is in it may die at any time."""

    port: int
    life: Life
    process: BaseProcess | Command | None = None

    @property
    def is_edge(self) -> bool:
        """Whether Slack and websites reach it."""
        roles = self.life.settings["roles"]
        return not roles or "edge" in roles

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.is_alive()

    def start(self, **changed: Any) -> None:
        """A new life."""
        process = processes.Process(target=live, args=(replace(self.life, **changed),), daemon=True)
        process.start()
        self.process = process

    def start_older(self, code: Path) -> None:
        """A life of another version of the program."""
        self.process = Command(code, self.life)

    async def kill(self) -> bool:
        """kill -9; whether there was somebody to kill."""
        if self.process is None:
            return False
        was_alive = self.process.is_alive()
        self.process.kill()
        await asyncio.to_thread(self.process.join)
        return was_alive


@dataclass
class Scene:
    """Everything that is there."""

    workspace: RunningWorkspace
    database: File | Server
    slots: list[Slot]
    letters: Path
    mail: Road
    calendar: Road
    calendar_url: str
    """The calendar server's own address, whatever becomes of the way."""
    to_model: Road
    model: Model
    journal: Path
    settings: dict[str, Any]
    work: Work
    older: Path | None = None
    """The folder of an older version of the program."""
    website: Website | None = None
    reps: dict[str, Rep] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    closing: bool = False
    started: list[asyncio.Task[None]] = field(default_factory=list)

    def person(self, user: str) -> PersonClient:
        return self.workspace.person(user)

    def connected(self) -> bool:
        return bool(self.workspace.socket_mode.connected)

    def addresses(self) -> list[str]:
        return [f"http://127.0.0.1:{slot.port}" for slot in self.slots if slot.is_edge]

    def open(self, chance: random.Random) -> None:
        """People come to work."""
        for user, first in zip(REPS, FIRST, strict=True):
            rep = Rep(self, user, self.work, random.Random(chance.getrandbits(64)), first)
            self.reps[user] = rep
            self.started.append(asyncio.create_task(rep.go_on(), name=user))
        assert self.website is not None
        self.started.append(asyncio.create_task(self.website.go_on(), name="website"))

    def watch(self) -> None:
        """Raises what went wrong with a person: they are part of the test, and do not go wrong by themselves."""
        for task in self.started:
            if task.done() and not self.closing:
                task.result()

    async def calm(self) -> None:
        """All troubles end, every place has a process with nothing wrong about it, and people finish what they have
        begun. Raises `Stuck` where somebody cannot."""
        self.workspace.workspace.faults.clear()
        self.mail.open()
        self.calendar.open()
        self.to_model.open()
        self.model.mood = Mood.WELL
        if isinstance(self.database, Server):
            await self.database.up()
        for slot in self.slots:
            await slot.kill()
            slot.start()
        self.closing = True
        waiting, pieces = set(self.started), -1
        while waiting and self.ledger.pieces > pieces:
            # On a busy machine everything takes longer, and nobody is stuck who gets something done.
            pieces = self.ledger.pieces
            _done, waiting = await asyncio.wait(waiting, timeout=PATIENCE)
        if waiting:
            raise Stuck(
                [f"{task.get_name()}: {self.seen(task.get_name())}" for task in waiting] + [str(self.ledger.told)]
            )
        for task in self.started:
            task.result()

    def seen(self, user: str) -> str:
        """What somebody has before them."""
        if user not in REPS:
            return ""
        views = self.person(user).screen(limit=0)["views"]
        shown = [(view["callback_id"], view["state"], view["errors"], view["notice"]) for view in views]
        return f"{shown}, {self.reps[user].talk.seen()}"


class Stuck(Exception):
    """People who cannot finish what they have begun, though nothing is wrong any more."""


class Road:
    """The way to a server: open, shut, or slow."""

    def __init__(self, port: int, *, kept: bool = False) -> None:
        self._target = port
        self._kept = kept
        self._used: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._seconds = 0.0
        self._open = True
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._through, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    def open(self) -> None:
        self._open, self._seconds = True, 0.0

    def shut(self) -> None:
        self._open = False
        self._end()

    def slow(self, seconds: float) -> None:
        self._seconds = seconds
        self._end()

    def _end(self) -> None:
        if self._kept:
            for writer in self._used:
                writer.close()

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._used.add(writer)
        try:
            if self._open:
                await asyncio.sleep(self._seconds)
                there, back = await asyncio.open_connection("127.0.0.1", self._target)
                await asyncio.gather(_pour(reader, back), _pour(there, writer))
        except OSError:
            pass
        finally:
            self._used.discard(writer)
            writer.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@asynccontextmanager
async def scene(database: File | Server, chance: random.Random, journal: Path, size: int) -> AsyncIterator[Scene]:
    """Everything set up, with so many leads to hand off, and nobody at work yet; at the end every process is ended."""
    # A SQLite file has one process.
    roles = ("",) if isinstance(database, File) else ("edge", "edge,worker", "worker", "worker,clock", "clock")
    async with AsyncExitStack() as stack:
        letters = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kakehashi-letters-")))
        printed = await stack.enter_async_context(serving("tests.servers.smtp", str(letters), "none"))
        house = Road(int(printed["port"]))
        kept = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kakehashi-calendar-")))
        calendar_url = await stack.enter_async_context(radicale(kept))
        calendar = Road(int(calendar_url.rstrip("/").rpartition(":")[2]))
        # What breaks off in it is meant to.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        model, server = Model(), stack.enter_context(model_server())
        server.answer = model.answer
        # Its connections are kept and used again, so they end when the way changes.
        to_model = Road(int(server.url.split(":")[2].partition("/")[0]), kept=True)
        for road in (house, calendar, to_model):
            await road.start()
            stack.push_async_callback(road.stop)
        workspace = await stack.enter_async_context(workspace_running(manifest=manifest(all_routes())))
        workspace.socket_mode.retry_delays = RETRY_DELAYS
        settings = {
            "slack_bot_token": workspace.bot_token,
            "slack_app_token": workspace.app_token,
            "slack_api_url": workspace.api_url,
            "secret_key": "a key for a run",
            "database_url": database.url,
            "database_owner_url": database.owner_url,
            "delivery_limit": 10_000,
            # Longer than Slack is ever slow here (troubles.py): that is what it is for.
            "delivery_settle_seconds": 1.0,
            "queue_poll_seconds": 0.05,
            "recover_seconds": 0.2,
            "log_level": "WARNING",
            "smtp_host": "127.0.0.1",
            "smtp_port": house.port,
            "smtp_security": "none",
            "mail_from": "sales@hoshimi-tech.example",
            "mail_retry_seconds": 0.2,
            "caldav_private_networks": "127.0.0.0/8",
            **server.settings,
            "openai_base_url": f"http://127.0.0.1:{to_model.port}/v1",
            "openai_attempt_seconds": 1.0,
            "openai_deadline_seconds": 2.0,
            "openai_recording_seconds": 2.0,
        }
        async with storage(Settings(_env_file=None, **settings)) as deps:
            work, form = await _furnish(deps, workspace, size)
            name, password = "ito", PEOPLE["ito"]
            at = f"http://127.0.0.1:{calendar.port}/"
            await connecting.connect_caldav(deps, await who(deps, FIELD), url=at, name=name, password=password)
        slots = [
            Slot(port, Life(settings | {"web_port": port, "roles": role}, str(journal)))
            for port, role in zip(free_ports(len(roles)), roles, strict=True)
        ]
        made = Scene(
            workspace,
            database,
            slots,
            letters,
            house,
            calendar,
            calendar_url,
            to_model,
            model,
            journal,
            settings,
            work,
        )
        made.website = Website(made, form, random.Random(chance.getrandbits(64)))
        try:
            yield made
        finally:
            for task in made.started:
                task.cancel()
            await asyncio.gather(*made.started, return_exceptions=True)
            for slot in slots:
                await slot.kill()


async def _furnish(deps: Deps, workspace: RunningWorkspace, size: int) -> tuple[Work, form_sources.NewSecret]:
    await populate(deps, workspace.introduction(), seed=1)
    owner = await who(deps, REPS[0])
    work = Work([], [], [])
    for names, start, count in (
        (work.to_hand_off, "引継", size),
        (work.to_call, "架電", CALLED),
        (work.to_meet, "商談", min(size, MET)),
    ):
        for number in range(count):
            name = f"{start}{number:04d}"
            new = NewLead(1, name, email=f"m{number}@meet.example" if names is work.to_meet else "")
            await leads.add(deps, owner, new, despite_duplicates=True)
            names.append(name)
    manager, admin = await who(deps, MANAGER), await who(deps, ADMIN)
    await mail.set_sender(deps, admin, Sender("星見", "東京都", "info@hoshimi-tech.example"))
    await inbound.set_rules(deps, manager, InboundRules(INBOUND))
    await language_model.set_rules(deps, manager, Sharing.MASKED, 1_000_000, recordings=False)
    return work, await form_sources.add(deps, manager, "お問い合わせ")


async def who(deps: Deps, user: str) -> Actor:
    """A member of the team."""
    found = await members.who(deps, TEAM, user)
    assert found is not None
    return found


def free_ports(count: int) -> list[int]:
    """So many ports of this machine that nobody listens at now."""
    taken = [socket.socket() for _ in range(count)]
    try:
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in taken]
    finally:
        for each in taken:
            each.close()
