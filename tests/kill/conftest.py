"""People at work in a workspace that stays, with a bot that does not."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
import sqlalchemy as sa

from bot.app import all_routes
from bot.demo import populate
from bot.manifest import manifest
from bot.run import storage
from bot.settings import Settings
from bot.workspace.person import PersonClient
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from services import members, sound
from services.deps import Deps
from services.outreach import leads
from services.outreach.leads import NewLead
from storage.tables import Delivery, Handoff, Qualification
from tests.kill.bot_process import live

TEAM, CHANNEL, HANDOFFS = "T01HOSHIMI", "C01ISTEAM0", "C01HANDOFF"
REPS = ("U01SATO001", "U01SUZUKI1", "U01MILLER1")
LEADS = 300
DEADLINE = 60.0

# Forked from a process that has imported everything, a bot starts in a fraction of a second instead of two.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.kill.bot_process"])


async def eventually(check: Callable[[], Any], what: str) -> Any:
    """What `check` answers once it is true; fails after the deadline, saying `what` did not happen."""
    try:
        async with asyncio.timeout(DEADLINE):
            while True:
                found = check()
                if found:
                    return found
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"{what} did not happen within {DEADLINE:.0f} s")


def answers() -> dict[str, dict[str, Any]]:
    """A form filled in so that the lead is sales qualified."""
    filled = {
        "budget_status": "confirmed",
        "authority_status": "confirmed",
        "need_status": "confirmed",
        "timeline_status": "not_asked",
        "timeline_start": (datetime.now(UTC) + timedelta(days=30)).date().isoformat(),
        "pain": "yes",
        "intent": "yes",
        "summary": "部長と20分話せた。",
    }
    return {block: {"v": value} for block, value in filled.items()}


FORMS = {
    "lead.qualify.submit": answers(),
    "handoff.begin": {},
    "handoff.submit": {block: {"v": "あり"} for block in ("background", "worries", "hopes")},
}
"""What a person puts into each modal on the way, by its callback_id."""


@dataclass
class Office:
    """A workspace, a database, people who hand leads off, and bots that come and go."""

    workspace: RunningWorkspace
    settings: dict[str, Any]
    names: list[str]
    handed_off: set[str] = field(default_factory=set)
    """The leads of which somebody has read that they are handed off."""
    kills: int = 0
    closing: bool = False
    piece_seconds: float = sound.MOST_SECONDS
    """How much of a recording the bots listen to at a time."""
    bots: list[BaseProcess] = field(default_factory=list)

    def start(self, point: str | None = None, nth: int = 1) -> BaseProcess:
        """A bot; nobody waits for it to be ready."""
        bot = processes.Process(target=live, args=(self.settings, point, nth, self.piece_seconds), daemon=True)
        bot.start()
        self.bots.append(bot)
        return bot

    async def connected(self, count: int = 1) -> None:
        """Wait until so many bots are connected."""
        links = self.workspace.socket_mode
        await eventually(lambda: len(links.connections) >= count, "the bot's connection")

    async def dead(self, bot: BaseProcess) -> None:
        """Wait until a bot has been killed."""
        await eventually(lambda: not bot.is_alive(), "the bot's death")
        assert bot.exitcode == -9, "the bot ended otherwise"
        self.bots.remove(bot)
        self.kills += 1

    async def kill(self, bot: BaseProcess) -> None:
        """Kill it now."""
        bot.kill()
        await self.dead(bot)

    async def work(self, rep: str) -> None:
        """Hand leads off, one after the other, until there are none or the office closes."""
        while self.names and not self.closing:
            await self._hand_off(self.workspace.person(rep), self.names.pop())

    async def _hand_off(self, person: PersonClient, name: str) -> None:
        """The way a person goes, who tries again whatever does not work, in the modal that is open."""
        while True:
            await eventually(lambda: self.workspace.socket_mode.connected, "a connection")
            views = person.screen()["views"]
            if not views:
                await person.command(CHANNEL, "/lead", f"qualify {name}")
            elif views[-1]["callback_id"] == "handoff.done":
                break
            else:
                done = await person.submit(views[-1]["id"], FORMS[views[-1]["callback_id"]])
                assert done["result"] in ("updated", "failed"), done
        self.handed_off.add(name)
        for view in reversed(person.screen()["views"]):
            await person.close(view["id"])

    def posts(self) -> dict[str, list[str]]:
        """The timestamps of the posts in the field-sales channel, by their delivery's key."""
        found: dict[str, list[str]] = {}
        for message in self.workspace.workspace.conversations[HANDOFFS].messages.values():
            assert message.metadata is not None
            found.setdefault(message.metadata["event_payload"]["key"], []).append(message.ts)
        return found

    async def settled(self, deps: Deps) -> list[sa.Row[Any]]:
        """Every delivery, once none is open any more."""
        async with asyncio.timeout(DEADLINE):
            while True:
                async with deps.reading(TEAM) as session:
                    rows = (await session.execute(sa.select(Delivery.key, Delivery.state, Delivery.ts))).all()
                if not any(row.state in ("queued", "sending") for row in rows):
                    return list(rows)
                await asyncio.sleep(0.05)

    async def check(self) -> int:
        """That everything was done once: leads, handoffs, deliveries and posts agree. The number of handoffs."""
        async with storage(Settings(_env_file=None, **self.settings)) as deps:
            rows = await self.settled(deps)
            async with deps.reading(TEAM) as session:
                handoffs = list(await session.scalars(sa.select(Handoff)))
                judged = list(await session.scalars(sa.select(Qualification.lead_id)))
        assert {row.state for row in rows} == {"sent"}
        keys = {f"handoff:{handoff.id}" for handoff in handoffs}
        assert {row.key for row in rows} == keys
        assert self.posts() == {row.key: [row.ts] for row in rows}
        assert len({handoff.lead_id for handoff in handoffs}) == len(handoffs)
        assert len(handoffs) == len(self.handed_off)
        assert len(judged) == len(set(judged))
        return len(handoffs)


@pytest.fixture
async def office(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    """`param`: how many leads there are, for those who need few."""
    async with workspace_running(manifest=manifest(all_routes())) as served:
        settings = {
            "slack_bot_token": served.bot_token,
            "slack_app_token": served.app_token,
            "slack_api_url": served.api_url,
            "database_url": database_url,
            "delivery_limit": 10_000,
            "delivery_settle_seconds": 0.5,
            "queue_poll_seconds": 0.02,
            "recover_seconds": 0.2,
            "log_level": "ERROR",
        }
        names = [f"試験{number:04d}" for number in range(getattr(request, "param", LEADS))]
        async with storage(Settings(_env_file=None, **settings)) as deps:
            await populate(deps, served.introduction(), seed=1)
            owner = await members.who(deps, TEAM, REPS[0])
            assert owner is not None
            for name in names:
                await leads.add(deps, owner, NewLead(1, name), despite_duplicates=True)
        opened = Office(served, settings, names)
        try:
            yield opened
        finally:
            for bot in opened.bots:
                bot.kill()
                bot.join()
