"""Objections (work item 2-5): the team's collection, found by words, and counted by how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.errors import Code, Refused
from domain.members import Permission, require
from domain.outreach.objections import Objection, Record, Use, records
from domain.outreach.objections import search as find
from services.deps import Actor, Deps
from storage import leads as lead_queries
from storage import objections as queries
from storage.members import audit
from storage.objections import ObjectionRow

MOST = 300
"""So many objections a team collects; more nobody would look through."""
COUNTED = timedelta(days=365)
"""So far back it is counted how it went."""


@dataclass(frozen=True, slots=True)
class ObjectionLine:
    """An objection with how it went. `version` goes back with a form, so that an old form is noticed."""

    objection_id: int
    objection: Objection
    version: int
    by: str | None
    at: datetime
    record: Record


async def search(deps: Deps, actor: Actor, typed: str) -> list[ObjectionLine]:
    """The objections that hold what was typed, the likest first; with nothing typed all, the most frequent first.

    Refused: NOT_ALLOWED.
    """
    require(actor.role, Permission.LOG_CALLS)
    lines = {line.objection_id: line for line in await _all(deps, actor)}
    ordered = sorted(lines.values(), key=lambda line: -line.record.handled.n)
    return [lines[number] for number in find(typed, ((line.objection_id, line.objection) for line in ordered))]


async def one(deps: Deps, actor: Actor, objection_id: int) -> ObjectionLine:
    """One objection. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.LOG_CALLS)
    found = await _all(deps, actor, objection_id)
    if not found:
        raise Refused(Code.NOT_FOUND)
    return found[0]


async def _all(deps: Deps, actor: Actor, only: int | None = None) -> list[ObjectionLine]:
    since = deps.now() - COUNTED
    async with deps.reading(actor.team_id) as session:
        if only is None:
            rows = await queries.offered(session, MOST)
        else:
            row = await queries.by_id(session, only)
            rows = [row] if row else []
        uses = await queries.uses(session, since, only)
        meetings = await queries.meetings_set(session, since) if uses else {}
    counted = records([Use(*use) for use in uses], meetings)
    return [_line(row, counted.get(row.id, Record())) for row in rows]


def _line(row: ObjectionRow, record: Record) -> ObjectionLine:
    objection = Objection(row.said, tuple(str(answer) for answer in row.answers))
    return ObjectionLine(row.id, objection, row.version, row.member, row.updated_at, record)


async def add(deps: Deps, actor: Actor, objection: Objection) -> int:
    """Write an objection and its answers down; the id.

    Refused: NOT_ALLOWED, TOO_LONG where the team has MOST already. Rejected: what is missing or too long.
    """
    require(actor.role, Permission.EDIT_PLAYBOOK)
    objection = objection.check()
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        if len(await queries.offered(session, MOST)) >= MOST:
            raise Refused(Code.TOO_LONG, most=MOST)
        made = await queries.add(
            session,
            {
                "said": objection.text,
                "answers": list(objection.answers),
                "created_by": actor.member_id,
                "created_at": now,
                "updated_at": now,
            },
        )
        await audit(session, actor.member_id, "objection.add", f"objections:{made}", {}, now)
    return made


async def change(deps: Deps, actor: Actor, objection_id: int, version: int, objection: Objection) -> None:
    """Put an objection and its answers down anew. Refused: NOT_ALLOWED, STALE. Rejected: as `add`."""
    require(actor.role, Permission.EDIT_PLAYBOOK)
    objection = objection.check()
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        values = {"said": objection.text, "answers": list(objection.answers), "updated_at": now}
        if not await queries.change(session, objection_id, version, **values):
            raise Refused(Code.STALE)
        await audit(session, actor.member_id, "objection.change", f"objections:{objection_id}", {}, now)


async def retire(deps: Deps, actor: Actor, objection_id: int, version: int) -> None:
    """Offer an objection no more; how it went stays counted. Refused: NOT_ALLOWED, STALE."""
    require(actor.role, Permission.EDIT_PLAYBOOK)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        if not await queries.change(session, objection_id, version, retired_at=now):
            raise Refused(Code.STALE)
        await audit(session, actor.member_id, "objection.retire", f"objections:{objection_id}", {}, now)


async def count(
    deps: Deps,
    actor: Actor,
    objection_id: int,
    *,
    handled: bool,
    lead_id: int | None = None,
    request_key: str | None = None,
) -> ObjectionLine:
    """Write down that an objection came up, and whether it was handled; the objection as it stands now. The same click
    sent twice counts once. Refused: NOT_ALLOWED, NOT_FOUND for an objection or a lead that is not there."""
    require(actor.role, Permission.LOG_CALLS)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        if await queries.by_id(session, objection_id) is None:
            raise Refused(Code.NOT_FOUND)
        if lead_id is not None and await lead_queries.line(session, lead_id) is None:
            raise Refused(Code.NOT_FOUND)
        await queries.use(
            session,
            {
                "objection_id": objection_id,
                "lead_id": lead_id,
                "member_id": actor.member_id,
                "handled": handled,
                "used_at": now,
                "request_key": request_key,
            },
        )
    return await one(deps, actor, objection_id)
