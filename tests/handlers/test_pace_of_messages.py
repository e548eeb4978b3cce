"""A morning's messages to everybody, while people click: in a workspace that holds the bot to Slack's limits nothing is
refused, lost or doubled, and nobody who clicks waits for the morning to be over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import pytest

import bot.run
import handlers.delivery
from bot.app import all_routes
from bot.manifest import manifest
from bot.run import running
from bot.settings import Settings
from bot.workspace import ratelimits
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from bot.workspace.team import EXAMPLE, Person
from domain.pacing import Budget
from handlers.messages import Reader, Rendered
from handlers.pacing import POST
from handlers.routes import Outgoing, Routes
from services.deps import Deps
from storage.outbox import REMINDER, in_turn
from tests.handlers.conftest import DEADLINE

TEAM = "T01HOSHIMI"
EACH = 8
"""Messages of each half hour."""
PEOPLE = [f"U09CROWD{number:02}" for number in range(2 * EACH + 8)]
DUE = datetime(2026, 4, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Note:
    """The shortest message there is."""

    text: str

    def render(self, reader: Reader) -> Rendered:
        """The text."""
        return Rendered(self.text)

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """One."""
        return [cls("note")]


async def compose(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """A note to whoever it is for."""
    return Outgoing(Note("おはようございます。"), "ja", "Asia/Tokyo", str(arguments["channel"]))


def routes() -> Routes:
    made = all_routes()
    made.delivery("note", compose)
    return made


@pytest.fixture
async def world_workspace() -> AsyncIterator[RunningWorkspace]:
    crowd = tuple(Person(user, f"crowd{place}", f"大勢 {place}", "is", "担当") for place, user in enumerate(PEOPLE))
    team = replace(EXAMPLE, people=EXAMPLE.people + crowd)
    async with workspace_running(team, manifest=manifest(all_routes()), patience=DEADLINE) as served:
        yield served


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_clicks_are_answered_amid_a_morning_that_keeps_to_slacks_limits(
    world_workspace: RunningWorkspace, team_at_work: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = world_workspace.workspace
    # Slack's minute takes two seconds here, with 20 posts in each; a channel takes one a second after four at once.
    monkeypatch.setattr(ratelimits, "WINDOW_SECONDS", 2.0)
    monkeypatch.setitem(ratelimits.TIERS, "t5", 20)
    workspace.limits.always = True
    monkeypatch.setattr(bot.run, "all_routes", routes)
    budgets = handlers.delivery.BUDGETS
    monkeypatch.setattr(handlers.delivery, "BUDGETS", {**budgets, POST: Budget(burst=8.0, per_second=10.0)})
    chosen = settings.model_copy(update={"timed_limit": 2, "timed_seconds": 1.0})

    def posted() -> list[str]:
        """The keys of what was posted, in its order."""
        messages = [m for c in workspace.conversations.values() for m in c.messages.values() if m.metadata]
        return [str(m.metadata["event_payload"]["key"]) for m in sorted(messages, key=lambda m: m.ts) if m.metadata]

    async def reached(count: int) -> None:
        async with asyncio.timeout(60):
            while len(posted()) < count:  # noqa: ASYNC110 - the workspace has no event for it
                await asyncio.sleep(0.02)

    async with running(chosen, http=False) as house:

        async def enqueue(*lines: tuple[str, Sequence[str], int | None]) -> list[list[str]]:
            """Messages of several lines, known all at once: their keys."""
            async with house.deps.writing(TEAM) as session:
                for name, people, place in lines:
                    for user in people:
                        await house.deps.outbox.enqueue(
                            session,
                            key=f"{name}:{user}",
                            kind="note",
                            channel=user,
                            arguments={},
                            now=house.deps.now(),
                            place=place,
                        )
            return [[f"{name}:{user}" for user in people] for name, people, _ in lines]

        # What is due later is enqueued first.
        later, earlier, reminders = await enqueue(
            ("later", PEOPLE[:EACH], in_turn(DUE + timedelta(minutes=30))),
            ("earlier", PEOPLE[EACH : 2 * EACH], in_turn(DUE)),
            ("reminder", PEOPLE[2 * EACH : 2 * EACH + 2], REMINDER),
        )
        await reached(2)
        [answers] = await enqueue(("answer", PEOPLE[2 * EACH + 2 :], None))
        every = [*later, *earlier, *reminders, *answers]
        await reached(len(every))
        refused = house.metrics.registry.get_sample_value(
            "kakehashi_slack_calls_total", {"method": POST, "error": "http_429"}
        )
    order = posted()
    assert sorted(order) == sorted(every)
    assert not refused
    last_of_the_morning = max(order.index(key) for key in [*later, *earlier])
    assert all(order.index(key) < last_of_the_morning for key in answers)
    # A worker's posts of a moment overtake each other; beyond that the order is that of the due times.
    begun = 4
    morning = [key for key in order if key not in answers]
    assert all(morning.index(key) < 2 * begun for key in reminders)
    assert sum(morning.index(a) > morning.index(b) for a in earlier for b in later) <= begun * EACH
    assert set(morning[-begun:]) <= set(later)
