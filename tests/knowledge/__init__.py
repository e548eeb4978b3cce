"""Invented calls and questions about them, labelled by hand: whether a search finds what was said.

`passages.tsv`: a key, the company and the person, and the note. `questions.tsv`: what somebody types, and the key of
the note that answers it. The questions share some words with the answer, not its sentences; some are in other widths
or kana than the note, with old characters, or name the company. Those marked `meaning` share hardly a word with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.data.quality import person_key
from services.data.quality import account_keys
from services.deps import Actor, Deps
from services.pipeline import knowledge
from storage import accounts
from storage.tables import Call, Contact, Lead

HERE = Path(__file__).parent
AT = 5
"""How many answers somebody looks at."""


@dataclass(frozen=True)
class Note:
    key: str
    company: str
    person: str
    text: str


def notes() -> list[Note]:
    """All notes."""
    rows = [row.split("\t") for row in (HERE / "passages.tsv").read_text("utf-8").splitlines()]
    return [Note(key, *_who(about), text) for key, about, text in rows]


def _who(about: str) -> tuple[str, str]:
    company, _, person = about.partition(" / ") if " / " in about else about.partition(" ")
    return company, person


def questions(*, by_meaning: bool = False) -> list[tuple[str, str]]:
    """What is typed, and the key of the note that answers: those that share words with it, or those that only mean the
    same, which no full text can find."""
    rows = [row.split("\t") for row in (HERE / "questions.tsv").read_text("utf-8").splitlines()]
    return [(row[0], row[1]) for row in rows if (len(row) == 3) is by_meaning]


async def write_down(deps: Deps, actor: Actor) -> dict[int, str]:
    """Let the actor have had these calls, an hour apart, and have them indexed; the notes' keys by the calls' ids."""
    made: dict[int, str] = {}
    at = deps.now() - timedelta(days=30)
    async with deps.writing(actor.team_id) as session:
        leads: dict[str, int] = {}
        for place, note in enumerate(notes()):
            if note.company not in leads:
                leads[note.company] = await _lead(session, actor, note, at)
            values = {"connection": "answered", "party": "contact", "note": note.text, "request_key": note.key}
            call = Call(
                team_id=actor.team_id,
                lead_id=leads[note.company],
                member_id=actor.member_id,
                called_at=at + timedelta(hours=place),
                **values,
            )
            session.add(call)
            await session.flush()
            made[call.id] = note.key
    while await knowledge.bring_up(deps, actor.team_id):
        pass
    return made


async def _lead(session: AsyncSession, actor: Actor, note: Note, now: datetime) -> int:
    keys = account_keys(note.company)
    nothing = {"corporate_number": None, **dict.fromkeys(("reading", "name_en", "industry", "address", "website"), "")}
    columns: dict[str, Any] = {"name_key": keys.name_key, "search_text": keys.search_text, "now": now, **nothing}
    account_id = await accounts.insert(session, name=note.company, **columns)
    team = {"team_id": actor.team_id, "account_id": account_id, "created_at": now}
    person = Contact(**team, name=note.person, name_key=person_key(note.person))
    session.add(person)
    await session.flush()
    lead = Lead(**team, contact_id=person.id, owner_id=actor.member_id, updated_at=now)
    session.add(lead)
    await session.flush()
    return lead.id


async def missed(
    deps: Deps, actor: Actor, made: dict[int, str], at: int = AT, *, by_meaning: bool = False
) -> list[tuple[str, str, list[str]]]:
    """The questions whose answer is not among the first: what was typed, the key, and the keys found instead."""
    found = []
    for text, key in questions(by_meaning=by_meaning):
        page = await knowledge.search(deps, actor, text, at)
        keys = [made.get(hit.source_id, "") for hit in page.hits]
        if key not in keys:
            found.append((text, key, keys))
    return found
