"""`python -m bot check`: roll-ups against the calls."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from rich.console import Console

from bot.check import check_audit, check_roll_ups
from bot.demo import populate
from bot.run import storage
from bot.settings import Settings
from bot.workspace.server import running as workspace_running
from domain.outreach.calls import QUICK, QuickResult
from services import audit, members
from services.operator import known_teams
from services.outreach import calls, leads
from storage.audit import permitted
from storage.tables import AuditLog, CallDay


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    """A demonstration's database in which one call was logged by a click."""
    made = Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'check.db'}")
    async with workspace_running() as workspace, storage(made) as deps:
        await populate(deps, workspace.introduction(), seed=1)
        rep = await members.who(deps, workspace.introduction()["team"]["id"], "U01SATO001")
        assert rep is not None
        (line, *_) = await leads.mine(deps, rep)
        await calls.record(deps, rep, line.lead_id, QUICK[QuickResult.NO_ANSWER])
    return made


async def checked(settings: Settings, *, team: str | None = None, rebuild: bool = False) -> tuple[int, str]:
    console = Console(record=True, width=200, quiet=False)
    with console.capture() as captured:
        code = await check_roll_ups(settings, console, team, rebuild=rebuild)
    return code, captured.get()


async def audited(settings: Settings, anchor: str | None = None, team: str | None = None) -> tuple[int, str]:
    console = Console(record=True, width=200, quiet=False)
    with console.capture() as captured:
        code = await check_audit(settings, console, team, anchor)
    return code, captured.get()


async def test_audit_log_is_checked_against_its_chain_and_an_anchor_kept_elsewhere(settings: Settings) -> None:
    async with storage(settings) as deps:
        await audit.seal(deps)
    code, said = await audited(settings)
    assert (code, "as it was written" in said) == (0, True), said
    anchor = said.split("Anchor: ")[1].strip()
    assert (await audited(settings, anchor))[0] == 0
    assert (await audited(settings, "anchor"))[0] == 2
    assert (await audited(settings, anchor, "T0NOBODY"))[0] == 2

    async with storage(settings) as deps:
        (team,) = await known_teams(deps)
        async with deps.writing(team) as session, permitted(session):
            newest = await session.scalar(sa.select(sa.func.max(AuditLog.seal)))
            await session.execute(sa.delete(AuditLog).where(AuditLog.seal == newest))
    assert (await audited(settings))[0] == 0, "what was cut off behind shows by the anchor only"
    code, said = await audited(settings, anchor)
    assert (code, f"Number {newest}:" in said) == (1, True), said


async def test_equal_roll_ups_pass_and_a_wrong_one_is_named_until_it_is_counted_anew(settings: Settings) -> None:
    code, said = await checked(settings)
    assert (code, "the roll-ups equal the calls" in said) == (0, True), said
    async with storage(settings) as deps:
        for team_id in await known_teams(deps):
            async with deps.writing(team_id) as session:
                await session.execute(sa.update(CallDay).values(dials=CallDay.dials + 1))
    code, said = await checked(settings)
    assert code == 1
    assert "call_days" in said
    assert "rows differ" in said
    assert (await checked(settings, rebuild=True))[0] == 0
    assert (await checked(settings))[0] == 0


async def test_unknown_team_is_told(settings: Settings) -> None:
    code, said = await checked(settings, team="T0NOBODY")
    assert (code, "No team T0NOBODY" in said) == (2, True)
