"""The audit log in a database: only added to, sealed, checked, and verifiable after a move."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.audit import Fault
from services import audit
from services.data import exports
from services.deps import Deps
from storage import audit as queries
from storage.members import audit as write
from storage.tables import AuditLog, Team
from tests.services.office import Clock, Office

ROWS = sa.select(AuditLog).order_by(AuditLog.id)


async def written(office: Office, count: int) -> None:
    async with office.deps.writing(office.team_id) as session:
        for number in range(count):
            await write(session, None, "test", f"tests:{number}", {"n": [number, 1.0, "ひ"]}, office.clock.now)


async def refused(deps: Deps, statement: sa.Executable, team_id: str = "T1") -> bool:
    with pytest.raises(sa.exc.DBAPIError, match="The audit log is only added to"):
        async with deps.writing(team_id) as session:
            await session.execute(statement, execution_options={"synchronize_session": False})
    return True


async def test_log_is_only_added_to_and_sealed_rows_form_a_chain(
    office: Office, neighbours: Office, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    deps = office.deps
    lead_id = await office.lead("山田 太郎")
    await neighbours.lead("隣の 人")
    before = await audit.check(deps, "T1")
    assert (before.rows, before.waiting > 0, before.newest) == (0, True, None)

    change, delete = sa.update(AuditLog).values(action="other"), sa.delete(AuditLog)
    for statement in (change, delete, sa.delete(Team).where(Team.id == "T1")):
        assert await refused(deps, statement)
    await asyncio.gather(audit.seal(deps), audit.seal(deps), written(office, 5))
    await audit.seal(deps)
    for statement in (change, delete, sa.update(AuditLog).values(seal=None), sa.update(AuditLog).values(detail={})):
        assert await refused(deps, statement)

    found = await audit.check(deps, "T1")
    assert (found.broken, found.waiting, found.rows) == (None, 0, before.waiting + 5)
    assert (await audit.check(deps, "T2")).rows == (await audit.check(deps, "T2")).newest.seal  # type: ignore[union-attr]  # it has rows

    # The first seal of a day tells where the chain ended before.
    clock.forward(days=1)
    await written(office, 1)
    with caplog.at_level(logging.INFO, "services.audit"):
        await audit.seal(deps)
    assert found.newest is not None
    anchor = f"{found.newest.seal}:{found.newest.hash}"
    assert [record.getMessage() for record in caplog.records] == [f"Audit log of T1 until 2026-04-01: anchor {anchor}"]

    # Whoever gets past the triggers is found by the chain; T2 is none the wiser.
    async with deps.writing("T1") as session, queries.permitted(session):
        await session.execute(sa.update(AuditLog).where(AuditLog.seal == 2).values(subject=f"leads:{lead_id + 1}"))
    broken = (await audit.check(deps, "T1")).broken
    assert broken is not None
    assert (broken.fault, broken.seal) == (Fault.CHANGED, 2)
    assert (await audit.check(deps, "T2")).broken is None
    assert await refused(deps, change), "the permit ended with its transaction"

    # A team that goes for good takes its log along.
    async with deps.writing("T1") as session:
        await queries.delete_all(session)
    assert await office.rows(AuditLog) == 0
    assert await neighbours.rows(AuditLog) > 0


async def test_erased_details_leave_the_chain_whole_when_they_are_written_down(office: Office) -> None:
    deps = office.deps
    await written(office, 4)
    async with deps.writing("T1") as session:
        await audit.seal_all(session)
        ids = [row.id for row in await session.scalars(ROWS)]
        seals = await queries.erase_details(session, ids[1:3])
    assert seals == [2, 3]
    broken = (await audit.check(deps, "T1")).broken
    assert broken is not None
    assert (broken.fault, broken.seal) == (Fault.UNRECORDED, 2)
    async with deps.writing("T1") as session:
        await write(session, None, "person.erase", "contacts:1", {"entries": seals}, office.clock.now)
    await audit.seal(deps)
    assert (await audit.check(deps, "T1")).broken is None
    async with deps.reading("T1") as session:
        rows = list(await session.scalars(ROWS))
    assert [row.detail == {} for row in rows[:4]] == [False, True, True, False]
    assert [row.salt is None for row in rows[:4]] == [False, True, True, False]


async def test_log_that_was_exported_and_taken_back_is_checked_and_goes_on(
    office: Office, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    from tests.services.data.test_exports import KINDS, copy_of, exported, opened

    await written(office, 3)
    await audit.seal(office.deps)
    await written(office, 2)
    content = await exported(office.deps, "T1")
    there_kind = "postgresql" if office.deps.database.dialect == "sqlite" else "sqlite"
    folder = tmp_path / "there"
    folder.mkdir()
    (tmp_path / "team.jsonl").write_bytes(content)
    end = (await audit.check(office.deps, "T1")).newest
    assert end is not None
    with copy_of(request.getfixturevalue(f"{KINDS[there_kind]}_template"), request, folder) as url:
        async with opened(url) as there:
            await exports.import_team(there, tmp_path / "team.jsonl", None)
            assert await exported(there, "T1") == content
            await audit.seal(there)
            found = await audit.check(there, "T1", {end.seal: end.hash})
            assert (found.broken, found.rows, found.waiting) == (None, 5, 0)
