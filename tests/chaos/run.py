"""A run: people at work, troubles one after the other, and the books at the end."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.chaos import database, troubles
from tests.chaos.invariants import wrongs
from tests.chaos.ledger import Ledger
from tests.chaos.scene import scene

CONNECTS_WITHIN, DONE_WITHIN = 10.0, 3.0
"""Seconds; what takes longer is not waited for."""


@dataclass
class Result:
    """What happened, and what was wrong afterwards."""

    seed: int
    kind: str
    kills: int = 0
    died: int = 0
    """How many processes ended by themselves."""
    happened: Counter[str] = field(default_factory=Counter)
    wrongs: list[str] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    seconds: float = 0.0


async def run(
    kind: str,
    seed: int,
    kills: int,
    journal: Path,
    say: Callable[[str], None],
    *,
    may_fill: bool = False,
    older: Path | None = None,
) -> Result:
    """Troubles until so many processes were killed; `kind` is the database's, `sqlite` or `postgresql`. `may_fill`:
    PostgreSQL may get a small disk of its own. `older`: the folder of an older version, which takes part."""
    began = time.monotonic()
    chance = random.Random(seed)
    result = Result(seed, kind)
    with database.opened(kind, may_fill=may_fill) as opened:
        async with scene(opened, chance, journal, 20 + 2 * kills) as place:
            result.ledger, place.older = place.ledger, older
            for slot in place.slots:
                slot.start()
            place.open(chance)
            ways = troubles.of(place)
            # Each once, in an order of the seed's, then as often as they are likely.
            first = list(ways)
            chance.shuffle(first)
            while result.kills < kills:
                place.watch()
                name = first.pop() if first else chance.choices(list(ways), [often for often, _way in ways.values()])[0]
                say(f"{result.kills:4d} kills  {name}")
                result.happened[name] += 1
                await ways[name][1](place, chance)
                await asyncio.sleep(chance.uniform(0.0, 0.8))
                slot = troubles.victim(place, chance)
                if await slot.kill():
                    result.kills += 1
                for each in place.slots:
                    if not each.alive:
                        # The one that was killed, and whoever a trouble has ended: a supervisor starts both again.
                        result.died += each is not slot
                        each.start()
                if chance.random() < 0.7:
                    await _within(CONNECTS_WITHIN, place.connected)
                    await asyncio.sleep(chance.uniform(0.0, 0.5))
                if chance.random() < 0.3:
                    # However slow the machine is, some lives are long enough for people to get something done.
                    await _within(DONE_WITHIN, partial(_more, place.ledger, place.ledger.pieces))
            say("the troubles end")
            await place.calm()
            result.wrongs = await wrongs(place)
    result.seconds = time.monotonic() - began
    return result


def _more(ledger: Ledger, pieces: int) -> bool:
    return ledger.pieces > pieces


async def _within(seconds: float, check: Callable[[], bool]) -> None:
    """Wait until it holds, at most so long."""
    until = time.monotonic() + seconds
    while not check() and time.monotonic() < until:  # noqa: ASYNC110 - neither the workspace nor people tell
        await asyncio.sleep(0.02)
