"""Call scripts (work item 2-5): written by people, every version kept, the one that fits found for a lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.errors import Code, Refused
from domain.leads import Source
from domain.leads import Stage as LeadStage
from domain.members import Permission, require
from domain.outreach.calls import INTENDED
from domain.outreach.scripts import Gap, Heading, Occasion, Scene, Script, Stage, best, scene_of, spoken_name
from domain.qualification.bant import Answers
from services.deps import Actor, Deps
from storage import leads as lead_queries
from storage import qualification as qualification_queries
from storage import scripts as queries
from storage.members import audit
from storage.scripts import VersionRow

MOST = 200
"""So many scripts of a team are looked through."""
CALLS_READ = 30
"""So many of a lead's calls are looked at for whether the person was reached."""


@dataclass(frozen=True, slots=True)
class ScriptVersion:
    """A version of a script. `by` None: nobody is known who wrote it; `drafted`: a model's draft was its beginning;
    `holds`: no later one has taken its place, and it is offered."""

    version_id: int
    script_id: int
    number: int
    script: Script
    drafted: bool
    at: datetime
    by: str | None
    holds: bool

    @property
    def heading(self) -> Heading:
        """What it is for."""
        return self.script.heading


@dataclass(frozen=True, slots=True)
class Kept:
    """A version among all of its script's, and in how many calls it was open."""

    version: ScriptVersion
    calls: int


@dataclass(frozen=True, slots=True)
class Speaking:
    """What a rep has to speak from to a lead: the script that was asked for or fits best (None: the team has none for
    this occasion), the others, and what fills the gaps."""

    lead_id: int
    contact: str
    account: str
    occasion: Occasion
    chosen: ScriptVersion | None
    others: tuple[ScriptVersion, ...]
    gaps: Mapping[Gap, str]


async def listed(deps: Deps, actor: Actor) -> list[ScriptVersion]:
    """The scripts that are offered, the one changed last first. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.LOG_CALLS)
    async with deps.reading(actor.team_id) as session:
        return [_version(row) for row in await queries.in_force(session, MOST)]


async def version(deps: Deps, actor: Actor, version_id: int) -> ScriptVersion:
    """One version. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.LOG_CALLS)
    async with deps.reading(actor.team_id) as session:
        row = await queries.version(session, version_id)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return _version(row)


async def history(deps: Deps, actor: Actor, script_id: int) -> list[Kept]:
    """All versions of a script, newest first. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.LOG_CALLS)
    async with deps.reading(actor.team_id) as session:
        rows = await queries.versions(session, script_id)
        calls = await queries.calls_with(session, script_id)
    if not rows:
        raise Refused(Code.NOT_FOUND)
    return [Kept(_version(row), calls.get(row.id, 0)) for row in rows]


async def add(deps: Deps, actor: Actor, script: Script, *, drafted: bool = False) -> ScriptVersion:
    """Write a script down. Refused: NOT_ALLOWED. Rejected: what is missing or too long; all seven stages must speak."""
    require(actor.role, Permission.EDIT_PLAYBOOK)
    script = script.check()
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        script_id = await queries.add(session, actor.member_id, now)
        made = await queries.add_version(session, _values(actor, script_id, 1, script, now, drafted=drafted))
        await audit(session, actor.member_id, "script.add", f"scripts:{script_id}", _told(script, 1, made), now)
    return ScriptVersion(made, script_id, 1, script, drafted, now, actor.name, holds=True)


async def change(
    deps: Deps, actor: Actor, script_id: int, based_on: int, script: Script, *, drafted: bool = False
) -> ScriptVersion:
    """Write a script's next version down; `based_on` is the number of the one it was made from.

    Refused: NOT_ALLOWED, STALE when another one holds by now. Rejected: as `add`.
    """
    require(actor.role, Permission.EDIT_PLAYBOOK)
    script = script.check()
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        if not await queries.supersede(session, script_id, based_on):
            raise Refused(Code.STALE)
        number = based_on + 1
        made = await queries.add_version(session, _values(actor, script_id, number, script, now, drafted=drafted))
        detail = _told(script, number, made)
        await audit(session, actor.member_id, "script.change", f"scripts:{script_id}", detail, now)
    return ScriptVersion(made, script_id, number, script, drafted, now, actor.name, holds=True)


async def retire(deps: Deps, actor: Actor, script_id: int) -> None:
    """Offer a script no more; calls keep naming the version they had. Refused: NOT_ALLOWED, ALREADY_DONE."""
    require(actor.role, Permission.EDIT_PLAYBOOK)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        if not await queries.retire(session, script_id, now):
            raise Refused(Code.ALREADY_DONE)
        await audit(session, actor.member_id, "script.retire", f"scripts:{script_id}", {}, now)


async def speak(deps: Deps, actor: Actor, lead_id: int, version_id: int | None = None) -> Speaking:
    """What to say to a lead: with `version_id` that script, else the one that fits. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.LOG_CALLS)
    async with deps.reading(actor.team_id) as session:
        person = await queries.person(session, lead_id)
        account = await lead_queries.account(session, person.account_id) if person else None
        if person is None or account is None:
            raise Refused(Code.NOT_FOUND)
        calls = await lead_queries.calls(session, lead_id, CALLS_READ)
        judged = await qualification_queries.qualifications(session, lead_id, 1)
        us = await queries.team_name(session)
        rows = await queries.in_force(session, MOST)
        asked = await queries.version(session, version_id) if version_id is not None else None
    scene = scene_of(
        Source(person.source),
        LeadStage(person.stage),
        reached=any(call.party in INTENDED for call in calls),
        dialled=bool(calls),
    )
    place = f"{person.department} {person.title}"
    occasion = Occasion(scene, actor.language, account.industry, place)
    offered = [_version(row) for row in rows]
    if asked is not None:
        chosen: ScriptVersion | None = _version(asked)
    else:
        number = best(((each.version_id, each.heading) for each in offered), occasion)
        chosen = next((each for each in offered if each.version_id == number), None)
    pain = Answers.from_json(judged[0].answers).need.note if judged else ""
    return Speaking(
        lead_id,
        person.contact,
        account.name,
        occasion,
        chosen,
        tuple(each for each in offered if chosen is None or each.version_id != chosen.version_id),
        {
            Gap.COMPANY: account.name,
            Gap.CONTACT: spoken_name(person.contact),
            Gap.DEPARTMENT: person.department,
            Gap.TITLE: person.title,
            Gap.PAIN: pain,
            Gap.ME: spoken_name(actor.name),
            Gap.US: us,
        },
    )


async def our_name(deps: Deps, actor: Actor) -> str:
    """Who we are to a customer. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.LOG_CALLS)
    async with deps.reading(actor.team_id) as session:
        return await queries.team_name(session)


def _version(row: VersionRow) -> ScriptVersion:
    heading = Heading(row.name, Scene(row.scene), row.language, row.segment, row.persona)
    # An erasure may have taken a text out, and nothing else does.
    stages = {stage: str(row.stages.get(stage.value, "")) for stage in Stage}
    holds = row.number == row.newest and row.retired_at is None
    return ScriptVersion(
        row.id, row.script_id, row.number, Script(heading, stages), row.drafted, row.created_at, row.member, holds
    )


def _values(
    actor: Actor, script_id: int, number: int, script: Script, now: datetime, *, drafted: bool
) -> dict[str, object]:
    heading = script.heading
    return {
        "script_id": script_id,
        "number": number,
        "name": heading.name,
        "scene": heading.scene.value,
        "segment": heading.segment,
        "persona": heading.persona,
        "language": heading.language,
        "stages": {stage.value: text for stage, text in script.stages.items()},
        "drafted": drafted,
        "created_by": actor.member_id,
        "created_at": now,
    }


def _told(script: Script, number: int, version_id: int) -> dict[str, object]:
    # The words stand in the version, which never changes.
    heading = script.heading
    return {
        "version": number,
        "version_id": version_id,
        "name": heading.name,
        "scene": heading.scene.value,
        "language": heading.language,
    }
