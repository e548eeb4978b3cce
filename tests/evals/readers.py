"""Who reads the conversations: the product with a model, over its own services, or the product without one."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from domain.members import Role
from domain.model import MOST_BUDGET_YEN, YEN, Sharing
from domain.pipeline import plain_notes
from domain.pipeline.notes import Note
from prompts.llm import LanguageModel, ModelSettings
from services import model
from services.deps import Actor, Deps, wall_clock
from services.pipeline import notes
from storage.database import connect
from storage.migrations import upgrade
from storage.outbox import Outbox
from storage.tables import Member, ModelCall, Team
from tests.evals.labelled import Case

TEAM = "T0EVALS"
AT_ONCE = 4

Reader = Callable[[Case], Awaitable[Note]]


@dataclass(frozen=True)
class Spent:
    """What the model cost, over all calls."""

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    yen: float = 0.0
    latency_ms: int = 0
    """Of a call, on average."""


async def plain(case: Case) -> Note:
    """What cue words find."""
    return plain_notes.read(case.transcript, case.held_on)


@asynccontextmanager
async def asking(
    settings: ModelSettings, *, masked: bool = False, template: Path | None = None
) -> AsyncIterator[tuple[Reader, Callable[[], Awaitable[Spent]]]]:
    """The product with this model, on a database of its own that is gone afterwards; and what it has cost so far.
    `masked`: names are replaced before anything is sent, as in a team that wants it. `template`: a migrated file, which
    spares the migrating."""
    async with house(settings, masked=masked, template=template) as deps:
        yield reader(deps), lambda: spent(deps)


def reader(deps: Deps) -> Reader:
    """The product's own reading."""

    async def read(case: Case) -> Note:
        return await notes.read(deps, TEAM, case.transcript, case.names, held_on=case.held_on, language=case.language)

    return read


@asynccontextmanager
async def house(settings: ModelSettings, *, masked: bool = False, template: Path | None = None) -> AsyncIterator[Deps]:
    """The product with this model and a team that lets it read; arguments as of `asking`."""
    with tempfile.TemporaryDirectory(prefix="kakehashi-evals-") as folder:
        url = f"sqlite:///{Path(folder) / 'evals.db'}"
        if template is None:
            await asyncio.to_thread(upgrade, url)
        else:
            await asyncio.to_thread(shutil.copyfile, template, Path(folder) / "evals.db")
        database, configured = connect(url), LanguageModel(settings)
        # Nothing is enqueued: a reading leaves no work behind.
        deps = Deps(database, Outbox(None), model=configured)  # type: ignore[arg-type]
        try:
            manager = await _team(deps)
            sharing = Sharing.MASKED if masked else Sharing.FULL
            await model.set_rules(deps, manager, sharing, MOST_BUDGET_YEN, recordings=False)
            yield deps
        finally:
            await configured.close()
            await database.dispose()


async def readings(cases: Sequence[Case], reader: Reader) -> list[tuple[Case, Note]]:
    """Each case as it was read, in their order, a few at a time."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case) -> tuple[Case, Note]:
        async with turns:
            return case, await reader(case)

    return await asyncio.gather(*map(one, cases))


async def _team(deps: Deps) -> Actor:
    async with deps.writing(TEAM) as session:
        session.add(Team(id=TEAM, name="Evals", created_at=wall_clock()))
        await session.flush()
        row = Member(team_id=TEAM, slack_user="U0EVALS", name="Evals", role=Role.MANAGER.value)
        session.add(row)
        await session.flush()
        return Actor(TEAM, row.id, row.slack_user, row.name, Role.MANAGER, row.language, row.zone, row.zone)


async def spent(deps: Deps) -> Spent:
    """What all calls have cost so far."""
    async with deps.reading(TEAM) as session:
        count, read, written, cost, latency = (
            await session.execute(
                sa.select(
                    sa.func.count(),
                    sa.func.coalesce(sa.func.sum(ModelCall.input_tokens), 0),
                    sa.func.coalesce(sa.func.sum(ModelCall.output_tokens), 0),
                    sa.func.coalesce(sa.func.sum(ModelCall.cost), 0),
                    sa.func.coalesce(sa.func.avg(ModelCall.latency_ms), 0),
                )
            )
        ).one()
        failed = await session.scalar(sa.select(sa.func.count()).where(ModelCall.outcome != "ok"))
    return Spent(count, failed or 0, int(read), int(written), int(cost) / YEN, round(float(latency)))
