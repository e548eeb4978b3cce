"""Queries about call scripts. The session goes first and sees one team only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.mail import SENDER
from storage import rules, statements
from storage.members import NO_SYNC
from storage.tables import Call, Contact, Lead, Member, Script, ScriptVersion, Team


class VersionRow(NamedTuple):
    """A version of a script. `newest` is the number of the one that holds; `member` None: nobody is known."""

    id: int
    script_id: int
    number: int
    newest: int
    retired_at: datetime | None
    name: str
    scene: str
    segment: str
    persona: str
    language: str
    stages: dict[str, Any]
    drafted: bool
    created_at: datetime
    member: str | None


_VERSIONS = (
    sa.select(
        ScriptVersion.id,
        ScriptVersion.script_id,
        ScriptVersion.number,
        Script.newest,
        Script.retired_at,
        ScriptVersion.name,
        ScriptVersion.scene,
        ScriptVersion.segment,
        ScriptVersion.persona,
        ScriptVersion.language,
        ScriptVersion.stages,
        ScriptVersion.drafted,
        ScriptVersion.created_at,
        Member.name,
    )
    .join(Script, Script.id == ScriptVersion.script_id)
    .outerjoin(Member, Member.id == ScriptVersion.created_by)
)


async def in_force(session: AsyncSession, limit: int) -> list[VersionRow]:
    """The newest version of each script that is offered, the one changed last first."""
    holds = (Script.retired_at.is_(None), ScriptVersion.number == Script.newest)
    statement = _VERSIONS.where(*holds).order_by(ScriptVersion.created_at.desc(), ScriptVersion.id.desc()).limit(limit)
    return [VersionRow._make(row) for row in await session.execute(statement)]


async def versions(session: AsyncSession, script_id: int) -> list[VersionRow]:
    """All versions of a script, newest first."""
    statement = _VERSIONS.where(Script.id == script_id).order_by(ScriptVersion.number.desc())
    return [VersionRow._make(row) for row in await session.execute(statement)]


async def version(session: AsyncSession, version_id: int) -> VersionRow | None:
    """One version."""
    row = (await session.execute(_VERSIONS.where(ScriptVersion.id == version_id))).one_or_none()
    return VersionRow._make(row) if row else None


async def calls_with(session: AsyncSession, script_id: int) -> dict[int, int]:
    """How many calls each version of a script was open in, by its id."""
    mine = sa.select(ScriptVersion.id).where(ScriptVersion.script_id == script_id)
    statement = (
        sa.select(Call.script_version_id, sa.func.count())
        .where(Call.script_version_id.in_(mine))
        .group_by(Call.script_version_id)
    )
    return {int(number): count for number, count in await session.execute(statement) if number is not None}


async def add(session: AsyncSession, member_id: int, now: datetime) -> int:
    """Add a script whose first version comes with `add_version`; the id."""
    values = {"newest": 1, "created_by": member_id, "created_at": now, "retired_at": None}
    return await statements.insert(session, Script, values)


async def add_version(session: AsyncSession, values: Mapping[str, Any]) -> int:
    """Add a version; the id."""
    return await statements.insert(session, ScriptVersion, values)


async def supersede(session: AsyncSession, script_id: int, newest: int) -> bool:
    """Let the version after `newest` hold; False when another one holds already, or the script is not offered."""
    here = (Script.id == script_id, Script.newest == newest, Script.retired_at.is_(None))
    statement = sa.update(Script).where(*here).values(newest=newest + 1).returning(Script.id)
    return (await session.execute(statement, execution_options=NO_SYNC)).scalar_one_or_none() is not None


async def retire(session: AsyncSession, script_id: int, now: datetime) -> bool:
    """Offer a script no more; False when it was not offered."""
    here = (Script.id == script_id, Script.retired_at.is_(None))
    statement = sa.update(Script).where(*here).values(retired_at=now).returning(Script.id)
    return (await session.execute(statement, execution_options=NO_SYNC)).scalar_one_or_none() is not None


class PersonRow(NamedTuple):
    """To whom a script will be spoken, as far as it depends on that."""

    source: str
    stage: str
    attempts: int
    last_called_at: datetime | None
    contact: str
    department: str
    title: str
    account_id: int


async def person(session: AsyncSession, lead_id: int) -> PersonRow | None:
    """The person of a lead."""
    statement = (
        sa.select(
            Lead.source,
            Lead.stage,
            Lead.attempts,
            Lead.last_called_at,
            Contact.name,
            Contact.department,
            Contact.title,
            Lead.account_id,
        )
        .join(Contact, Contact.id == Lead.contact_id)
        .where(Lead.id == lead_id)
    )
    row = (await session.execute(statement)).one_or_none()
    return PersonRow._make(row) if row else None


async def team_name(session: AsyncSession) -> str:
    """Who we are to a customer: the company that writes the team's letters, else the workspace's name."""
    sender = await rules.read(session, SENDER)
    if sender and sender.get("company"):
        return str(sender["company"])
    return (await session.execute(sa.select(Team.name).where(Team.id == session.info["team_id"]))).scalar_one()
