"""What the clock writes down: which due times were begun, how they ended, and since when their times have stood.

These tables are read over all teams, so their rows are not filtered by the session: each statement names what it means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage import statements
from storage.tables import JobBeat, JobPlan, JobRun, Team

AT_ONCE = 500
"""How many keys one question names."""


class RunState(StrEnum):
    """How a due time went."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Found too late."""


class RunRow(NamedTuple):
    """One due time of a job."""

    name: str
    team_id: str
    zone: str
    day: date
    due_at: datetime
    state: str
    started_at: datetime
    finished_at: datetime | None
    error: str | None


_RUN = tuple(getattr(JobRun, name) for name in RunRow._fields)


class PlanRow(NamedTuple):
    """Since when a job's times have stood for a team in a zone."""

    key: str
    name: str
    plan: str
    since: datetime


class BeatRow(NamedTuple):
    """When a job that comes every so many seconds last ran."""

    name: str
    seconds: int
    ran_at: datetime
    state: str


async def begin(session: AsyncSession, key: str, values: Mapping[str, Any]) -> bool:
    """Add the row of a due time, `started` or `skipped`; False when there is one already.

    A date that was skipped may still begin at a later time: somebody moved the job's time.
    """
    row = {"key": key, **values}
    if await statements.insert_once(session, JobRun, row, unique=("key",)) is not None:
        return True
    if values["state"] != RunState.STARTED:
        return False
    again = (
        sa.update(JobRun)
        .where(JobRun.key == key, JobRun.state == RunState.SKIPPED.value, JobRun.due_at < values["due_at"])
        .values(**values)
        .returning(JobRun.key)
    )
    return (await session.execute(again)).scalar_one_or_none() is not None


async def finish(session: AsyncSession, key: str, state: RunState, now: datetime, error: str | None = None) -> None:
    """`started` → `done` or `failed`."""
    await session.execute(
        sa.update(JobRun)
        .where(JobRun.key == key, JobRun.state == RunState.STARTED.value)
        .values(state=state.value, finished_at=now, error=error)
    )


async def recorded(session: AsyncSession, keys: Sequence[str]) -> dict[str, tuple[RunState, datetime]]:
    """Those of the keys that have a row: its state, and the moment it was due."""
    found: dict[str, tuple[RunState, datetime]] = {}
    for start in range(0, len(keys), AT_ONCE):
        named = JobRun.key.in_(keys[start : start + AT_ONCE])
        rows = await session.execute(sa.select(JobRun.key, JobRun.state, JobRun.due_at).where(named))
        found |= {key: (RunState(state), due_at) for key, state, due_at in rows}
    return found


async def last_runs(session: AsyncSession) -> list[RunRow]:
    """The latest due time of each job, team and zone."""
    latest = (
        sa.select(JobRun.name, JobRun.team_id, JobRun.zone, sa.func.max(JobRun.due_at).label("due_at"))
        .group_by(JobRun.name, JobRun.team_id, JobRun.zone)
        .subquery()
    )
    same = (
        (JobRun.name == latest.c.name)
        & (JobRun.team_id == latest.c.team_id)
        & (JobRun.zone == latest.c.zone)
        & (JobRun.due_at == latest.c.due_at)
    )
    return [RunRow._make(row) for row in await session.execute(sa.select(*_RUN).join(latest, same))]


async def troubled(session: AsyncSession, team_id: str, since: datetime, *, limit: int) -> list[RunRow]:
    """A team's due times that failed or were skipped, newest first."""
    statement = (
        sa.select(*_RUN)
        .where(
            JobRun.team_id == team_id,
            JobRun.due_at >= since,
            JobRun.state.in_((RunState.FAILED.value, RunState.SKIPPED.value)),
        )
        .order_by(JobRun.due_at.desc(), JobRun.key)
    )
    return [RunRow._make(row) for row in await session.execute(statement.limit(limit))]


async def forget(session: AsyncSession, before: datetime) -> int:
    """Delete the due times before this moment; how many there were."""
    gone = await session.execute(sa.delete(JobRun).where(JobRun.due_at < before).returning(JobRun.key))
    return len(gone.all())


async def plans(session: AsyncSession, names: Sequence[str]) -> dict[str, PlanRow]:
    """What is written down about these jobs' times, by key."""
    statement = sa.select(JobPlan.key, JobPlan.name, JobPlan.plan, JobPlan.since).where(JobPlan.name.in_(names))
    return {row.key: PlanRow._make(row) for row in await session.execute(statement)}


async def put_plan(session: AsyncSession, key: str, name: str, team_id: str, plan: str, since: datetime) -> None:
    """Write down a job's times, unless another process has just written the same."""
    insert = _insert(session)(JobPlan).values(key=key, name=name, team_id=team_id, plan=plan, since=since)
    await session.execute(
        insert.on_conflict_do_update(
            index_elements=["key"],
            set_={"plan": insert.excluded.plan, "since": insert.excluded.since},
            where=JobPlan.plan != insert.excluded.plan,
        )
    )


async def drop_plans(session: AsyncSession, keys: Sequence[str]) -> None:
    """Forget the times of jobs that are due there no more."""
    for start in range(0, len(keys), AT_ONCE):
        await session.execute(sa.delete(JobPlan).where(JobPlan.key.in_(keys[start : start + AT_ONCE])))


async def created(session: AsyncSession) -> dict[str, datetime]:
    """When each team was made."""
    found = await session.execute(sa.select(Team.id, Team.created_at))
    return {row.id: row.created_at for row in found}


async def beats(session: AsyncSession) -> list[BeatRow]:
    """When each job that comes every so many seconds last ran."""
    found = await session.execute(sa.select(JobBeat.name, JobBeat.seconds, JobBeat.ran_at, JobBeat.state))
    return [BeatRow._make(row) for row in found]


async def put_beats(session: AsyncSession, rows: Iterable[BeatRow]) -> None:
    """Write down when jobs last ran; what another process wrote later stays."""
    for row in sorted(rows):
        insert = _insert(session)(JobBeat).values(row._asdict())
        await session.execute(
            insert.on_conflict_do_update(
                index_elements=["name"],
                set_={
                    "seconds": insert.excluded.seconds,
                    "ran_at": insert.excluded.ran_at,
                    "state": insert.excluded.state,
                },
                where=JobBeat.ran_at < insert.excluded.ran_at,
            )
        )


def _insert(session: AsyncSession) -> Any:
    return postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
