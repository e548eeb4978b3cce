"""What passages mean, kept as vectors: made by the language model where the team lets it, and asked by a search.

Vectors are made by a task, some passages at a time, the newest first. Where the model gives none (switched off, over
budget, away) a search does with words alone; what is missing is made later.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from domain.data.quality import person_key
from domain.model import MODEL, ModelRules, Reason, Sharing, Unavailable
from services import model, rules
from services.deps import Deps
from storage import installations, passages, personal, vectors
from storage import rules as rule_queries

log = logging.getLogger(__name__)

TASK: Final = "passages.embed"
LOOK_SECONDS: Final = 60
"""How often the clock looks for passages without vectors."""
BATCH: Final = 64
"""Passages in one call of the model."""
SECONDS: Final = 4.0
"""So long somebody who searches waits for the question's vector."""
PEOPLE: Final = 100
"""So many people's names are kept from the model, of those that fit what was typed."""
NEAREST: Final = 30
"""So many of the nearest passages count as answers."""


async def start(deps: Deps) -> int:
    """Start a task for each team that lets the model read and has passages without vectors; how many there were. For
    an interval job."""
    if deps.model is None:
        return 0
    async with deps.database.reading_across_teams() as session:
        gone = await installations.gone(session)
        decided = await rule_queries.of_all_teams(session, MODEL)
    begun = 0
    for team_id, values in decided.items():
        if team_id in gone or rules.parse(values, ModelRules()).sharing is Sharing.OFF:
            continue
        async with deps.reading(team_id) as session:
            missing = await vectors.without(session, deps.model.settings.embedding, 1)
        if missing:
            # Where the model is away, the same passage is tried again in the next hour.
            key = f"{TASK}:{team_id}:{missing[0][0]}:{deps.now():%Y%m%d%H}"
            async with deps.writing(team_id) as session:
                await deps.outbox.start_task(session, key=key, kind=TASK, arguments={})
            begun += 1
    return begun


async def make(deps: Deps, team_id: str, _arguments: Mapping[str, Any]) -> int:
    """Make the vectors that are missing; how many were made. Done again, it goes on where it was."""
    made = 0
    while deps.model is not None:
        name = deps.model.settings.embedding
        async with deps.reading(team_id) as session:
            missing = await vectors.without(session, name, BATCH)
            members = (await personal.member_names(session)).values() if missing else ()
        if not missing:
            break
        people = {person for *_, person in missing if person}
        try:
            found = await model.embed(deps, team_id, [text for _, text, _ in missing], names={*people, *members})
        except Unavailable as unavailable:
            log.info("Vectors of team %s wait: %s", team_id, unavailable.reason)
            break
        async with deps.writing(team_id) as session:
            await vectors.put(session, name, dict(zip((key for key, *_ in missing), found, strict=True)))
        made += len(missing)
    return made


async def question(deps: Deps, team_id: str, text: str, member_id: int) -> tuple[list[float] | None, Reason | None]:
    """The vector of what somebody typed; None where there is none, with the reason if somebody would wonder."""
    if deps.model is None:
        return None, None
    async with deps.reading(team_id) as session:
        if not await vectors.any_of(session, deps.model.settings.embedding):
            return None, None
        names = set((await personal.member_names(session)).values())
        names.update(await passages.people_named(session, map(person_key, text.split()), PEOPLE))
    # A name is typed without its second half more often than not.
    names |= {part for name in names for part in name.split() if len(part) > 1}
    try:
        (found,) = await model.embed(deps, team_id, [text], member_id=member_id, names=names, seconds=SECONDS)
    except Unavailable as unavailable:
        told = unavailable.reason in (Reason.OVER_BUDGET, Reason.FAILED)
        return None, unavailable.reason if told else None
    return found, None
