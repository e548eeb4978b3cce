"""What happens to servers. Each trouble begins, lasts a little, and ends; `Scene.calm` ends them all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.chaos.database import File, Server
from tests.chaos.model import Mood
from tests.chaos.scene import Scene, Slot

Trouble = Callable[[Scene, random.Random], Awaitable[None]]


def slacks(kind: str, **more: Any) -> Trouble:
    """Something Slack does wrong with the next few calls or envelopes."""

    async def happen(scene: Scene, chance: random.Random) -> None:
        order = {"kind": kind, "count": chance.randint(1, 4), **more}
        scene.workspace.workspace.faults.order(order)

    return happen


async def nothing_else(scene: Scene, chance: random.Random) -> None:
    """Only the kill that follows."""


async def mail_shut(scene: Scene, chance: random.Random) -> None:
    """The mail server lets nobody in."""
    scene.mail.shut()


async def mail_slow(scene: Scene, chance: random.Random) -> None:
    """The mail server takes its time."""
    scene.mail.slow(chance.uniform(0.2, 1.0))


async def mail_open(scene: Scene, chance: random.Random) -> None:
    """The mail server works as it should."""
    scene.mail.open()


async def calendar_shut(scene: Scene, chance: random.Random) -> None:
    """The calendar server lets nobody in."""
    scene.calendar.shut()


async def calendar_slow(scene: Scene, chance: random.Random) -> None:
    """The calendar server takes its time, sometimes longer than anybody waits for it."""
    scene.calendar.slow(chance.uniform(0.2, 3.0))


async def calendar_open(scene: Scene, chance: random.Random) -> None:
    """The calendar server works as it should."""
    scene.calendar.open()


async def model_shut(scene: Scene, chance: random.Random) -> None:
    """The language model's server lets nobody in."""
    scene.to_model.shut()


async def model_slow(scene: Scene, chance: random.Random) -> None:
    """The language model takes its time, mostly longer than anybody waits for it."""
    scene.to_model.slow(chance.uniform(0.5, 3.0))


async def model_well(scene: Scene, chance: random.Random) -> None:
    """The language model works as it should."""
    scene.to_model.open()
    scene.model.mood = Mood.WELL


def model_is(mood: Mood) -> Trouble:
    """The language model's server answers, and not as it should."""

    async def happen(scene: Scene, chance: random.Random) -> None:
        scene.to_model.open()
        scene.model.mood = mood

    return happen


async def connections_cut(scene: Scene, chance: random.Random) -> None:
    """Every connection to the database ends."""
    assert isinstance(scene.database, Server)
    await scene.database.cut()


async def database_restarted(scene: Scene, chance: random.Random) -> None:
    """The database dies and comes back."""
    assert isinstance(scene.database, Server)
    await scene.database.restart()


async def disk_full(scene: Scene, chance: random.Random) -> None:
    """The database's disk has no room left for a while: the file may not grow, or PostgreSQL finds no place."""
    if isinstance(scene.database, File):
        (slot,) = scene.slots
        await slot.kill()
        slot.start(full=True)
        await asyncio.sleep(chance.uniform(0.5, 1.5))
        return
    if not scene.database.on_own_disk:
        return
    with scene.database.full():
        await asyncio.sleep(chance.uniform(0.5, 1.5))
    await scene.database.up()


async def clock_wrong(scene: Scene, chance: random.Random) -> None:
    """A process is started whose clock is wrong by up to three quarters of an hour."""
    slot = chance.choice(scene.slots)
    await slot.kill()
    slot.start(ahead=chance.uniform(-2700, 2700))
    await asyncio.sleep(chance.uniform(0.2, 1.0))


async def older_version(scene: Scene, chance: random.Random) -> None:
    """A process of an older version works beside the new ones, as during an upgrade."""
    assert scene.older is not None
    slot = chance.choice(scene.slots)
    await slot.kill()
    slot.start_older(scene.older)
    # It reads all of its modules, which forked processes need not.
    await asyncio.sleep(chance.uniform(3.0, 5.0))


ANYWHERE: Mapping[str, tuple[int, Trouble]] = {
    "killed": (12, nothing_else),
    "Slack: 429": (2, slacks("429", seconds=0.2)),
    "Slack: 500": (2, slacks("500")),
    "Slack: slow": (2, slacks("delay", seconds=0.5)),
    "Slack: slow posts": (2, slacks("delay", seconds=0.5, method="chat.*")),
    "Slack: connection cut": (2, slacks("cut")),
    "Slack: answer lost": (2, slacks("answer_lost")),
    "Slack: answer to a post lost": (3, slacks("answer_lost", method="chat.postMessage")),
    "Slack: envelopes twice": (2, slacks("duplicate")),
    "Slack: acknowledgements overlooked": (2, slacks("unacknowledged")),
    "Slack: connect anew": (2, slacks("disconnect")),
    "mail: shut": (2, mail_shut),
    "mail: slow": (2, mail_slow),
    "mail: open": (3, mail_open),
    "calendar: shut": (2, calendar_shut),
    "calendar: slow": (2, calendar_slow),
    "calendar: open": (3, calendar_open),
    "model: shut": (1, model_shut),
    "model: slow": (1, model_slow),
    "model: 429": (1, model_is(Mood.BUSY)),
    "model: 500": (1, model_is(Mood.BROKEN)),
    "model: garbled": (1, model_is(Mood.GARBLED)),
    "model: well": (4, model_well),
    "disk full": (1, disk_full),
    "clock wrong": (2, clock_wrong),
}
ON_POSTGRESQL: Mapping[str, tuple[int, Trouble]] = {
    "database: connections cut": (3, connections_cut),
    "database: restarted": (1, database_restarted),
}


def of(scene: Scene) -> Mapping[str, tuple[int, Trouble]]:
    """What can happen here, with how often."""
    found = {**ANYWHERE, **(ON_POSTGRESQL if isinstance(scene.database, Server) else {})}
    if scene.older is not None:
        found["older version"] = (3, older_version)
    return found


def victim(scene: Scene, chance: random.Random) -> Slot:
    """Who is killed next."""
    return chance.choice(scene.slots)
