"""The audit log after it was written: sealed in order, read along its chain, erased only with a permit.

Rows are written by many transactions at once, which a hash over the row before would make wait for each other. So they
are written without, and sealed a moment later, one team's at a time, in the order in which they are found. Triggers
keep a row as it was written, before and after: what they let through is the seal, once, and whatever a permit allows.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit import ERASED, Anchor, Entry, Sealed, commitment, start
from storage import statements
from storage.exports import Part, parts
from storage.members import NO_SYNC
from storage.tables import AuditLog, AuditPermit

BATCH = 1_000
"""Rows that are read at a time."""
AT_ONCE = 200
"""Rows that are sealed at a time: on SQLite nobody else writes meanwhile, which is some hundredths of a second."""
SALT_BYTES = 16


def _part() -> Part:
    # As it is exported, because that is the same on either database.
    return next(part for part in parts() if part.model is AuditLog)


async def unsealed_teams(session: AsyncSession) -> list[str]:
    """The teams with rows that wait for their seal. For a session that sees all teams."""
    statement = sa.select(AuditLog.team_id).where(AuditLog.seal.is_(None)).distinct().order_by(AuditLog.team_id)
    return list(await session.scalars(statement))


async def hold(session: AsyncSession) -> None:
    """Let nobody else seal this team's rows until the end of the transaction. SQLite has one writer at a time."""
    if session.get_bind().dialect.name == "postgresql":
        name = f"audit:{statements.team_of(session)}"
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


async def newest(session: AsyncSession) -> tuple[Anchor, datetime] | None:
    """The end of the team's chain, and when its row was written; None before the first row."""
    statement = sa.select(AuditLog.seal, AuditLog.hash, AuditLog.created_at).where(AuditLog.seal.is_not(None))
    row = (await session.execute(statement.order_by(AuditLog.seal.desc()).limit(1))).one_or_none()
    return None if row is None else (Anchor(row[0] or 0, row[1] or ""), row[2])


async def seal(session: AsyncSession, limit: int = AT_ONCE) -> int:
    """Seal the team's oldest rows without a seal, at most so many; how many there were."""
    await hold(session)
    part, team_id = _part(), statements.team_of(session)
    columns = [part.target.c[name] for name in part.ways]
    waiting = sa.select(*columns).where(part.target.c.team_id == team_id, part.target.c.seal.is_(None))
    found = (await session.execute(waiting.order_by(part.target.c.id).limit(limit))).all()
    if not found:
        return 0
    end = await newest(session)
    number, previous = (end[0].seal, end[0].hash) if end else (0, start(team_id))
    changes = []
    for values in found:
        row = part.row(values)
        number, salt = number + 1, secrets.token_hex(SALT_BYTES)
        entry = _entry({**row, "seal": number, "digest": commitment(salt, row["detail"])})
        previous = entry.after(previous)
        changes.append(
            {"in_key": entry.id, "in_seal": number, "in_salt": salt, "in_digest": entry.digest, "in_hash": previous}
        )
    await (await session.connection()).execute(_SEAL, changes)
    return len(changes)


def _sealing() -> sa.Update:
    target = statements.table(AuditLog)
    return (
        sa.update(target)
        .where(target.c.id == sa.bindparam("in_key"), target.c.seal.is_(None))
        .values(
            seal=sa.bindparam("in_seal"),
            salt=sa.bindparam("in_salt"),
            digest=sa.bindparam("in_digest"),
            hash=sa.bindparam("in_hash"),
        )
    )


_SEAL = _sealing()


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(
        row["seal"], row["id"], row["member_id"], row["action"], row["subject"], row["created_at"], row["digest"] or ""
    )


async def sealed(session: AsyncSession) -> AsyncIterator[Sequence[Sealed]]:
    """The team's sealed rows in the order of their numbers, some at a time."""
    part, team_id = _part(), statements.team_of(session)
    target = part.target
    columns = [target.c[name] for name in part.ways]
    page = (
        sa.select(*columns)
        .where(target.c.team_id == team_id, target.c.seal.is_not(None))
        .order_by(target.c.seal, target.c.id)
        .limit(BATCH)
    )
    after = 0
    while True:
        found = [part.row(values) for values in (await session.execute(page.where(target.c.seal > after))).all()]
        if found:
            yield [Sealed(_entry(row), row["detail"], row["salt"], row["hash"] or "") for row in found]
        if len(found) < BATCH:
            return
        after = found[-1]["seal"]


async def counts(session: AsyncSession) -> tuple[int, int]:
    """How many of the team's rows are sealed, and how many are not yet."""
    statement = sa.select(sa.func.count(AuditLog.seal), sa.func.count(AuditLog.id))
    sealed_rows, rows = (await session.execute(statement)).one()
    return sealed_rows, rows - sealed_rows


@asynccontextmanager
async def permitted(session: AsyncSession) -> AsyncIterator[None]:
    """Let rows of the team's log be changed and deleted within the block. Nobody else's transaction ever sees the
    permit, because it is taken back in the one that gave it."""
    team_id = statements.team_of(session)
    await session.execute(sa.insert(AuditPermit).values(team_id=team_id))
    yield
    await session.execute(sa.delete(AuditPermit).where(AuditPermit.team_id == team_id))


async def erase_details(session: AsyncSession, row_ids: Collection[int]) -> list[int]:
    """Take the details out of these rows, all of them sealed; their numbers, in order. Those without any stay as they
    are. Whoever calls this writes the numbers down (`domain.audit.ERASURE`), else the check finds them missing."""
    if not row_ids:
        return []
    statement = (
        sa.update(AuditLog)
        .where(AuditLog.id.in_(row_ids), AuditLog.seal.is_not(None), AuditLog.salt.is_not(None))
        .values(detail=dict(ERASED), salt=None)
        .returning(AuditLog.seal)
    )
    async with permitted(session):
        return sorted(seal or 0 for seal in await session.scalars(statement, execution_options=NO_SYNC))


async def delete_all(session: AsyncSession) -> None:
    """Delete the whole log of the session's team, which is about to be erased itself: the one way to do so."""
    async with permitted(session):
        await session.execute(sa.delete(AuditLog), execution_options=NO_SYNC)
