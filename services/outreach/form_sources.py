"""The forms whose submissions become leads: added, mapped, paused, given another secret."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.errors import Code, Refused, Rejected
from domain.leads import Source
from domain.members import Permission, require
from domain.outreach.form_fields import FILLED, MAX_LENGTH, MAX_VALUE, Field, FieldMap, meaning_of
from services.deps import Actor, Deps
from services.outreach.forms import field_map
from storage import inbound as queries
from storage.inbound import SourceRow
from storage.members import audit

MAX_TITLE = 100
COUNTED_DAYS = 30
PATH = "webhooks/forms/"


@dataclass(frozen=True, slots=True)
class FormView:
    """A form. `received` counts the last COUNTED_DAYS days; `url` is "" where no server runs."""

    source_id: int
    name: str
    title: str
    url: str
    active: bool
    version: int
    received: int
    last_received_at: datetime | None


@dataclass(frozen=True, slots=True)
class FieldSeen:
    """A field of a form: what it was last filled with, what it means, and whether somebody said so."""

    name: str
    example: str
    meaning: Field
    decided: bool


@dataclass(frozen=True, slots=True)
class FormFields:
    """A form with its fields in its own order; none where nothing has been received and nothing was named yet."""

    form: FormView
    fields: tuple[FieldSeen, ...]
    fixed: Mapping[Field, str]
    source: Source


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A form and its secret, which is shown this once."""

    form: FormView
    secret: str = field(repr=False)


async def all_of(deps: Deps, actor: Actor) -> list[FormView]:
    """The team's forms, oldest first. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.EDIT_TEAM)
    async with deps.reading(actor.team_id) as session:
        rows = await queries.sources(session)
        counts = await queries.received(session, deps.now() - timedelta(days=COUNTED_DAYS))
    return [_view(deps, row, counts.get(row.id)) for row in rows]


async def add(deps: Deps, actor: Actor, title: str) -> NewSecret:
    """A new form with an address and a secret of its own. Refused: NOT_ALLOWED, REQUIRED and TOO_LONG `title`."""
    require(actor.role, Permission.EDIT_TEAM)
    title = _title(title)
    secret, now = secrets.token_urlsafe(32), deps.now()
    async with deps.writing(actor.team_id) as session:
        made = await queries.add_source(
            session,
            name=secrets.token_urlsafe(18),
            title=title,
            secret=deps.keys.encrypt(secret),
            mapping={},
            created_by=actor.member_id,
            created_at=now,
        )
        await audit(session, actor.member_id, "form.add", f"form_sources:{made}", {"title": title}, now)
        row = await queries.source(session, made)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return NewSecret(_view(deps, row), secret)


async def rotate(deps: Deps, actor: Actor, source_id: int) -> NewSecret:
    """Another secret; the old one signs nothing from now on. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.EDIT_TEAM)
    secret, now = secrets.token_urlsafe(32), deps.now()
    async with deps.writing(actor.team_id) as session:
        row = await queries.source(session, source_id, lock=True)
        if row is None:
            raise Refused(Code.NOT_FOUND)
        await queries.change_source(session, source_id, secret=deps.keys.encrypt(secret))
        await audit(session, actor.member_id, "form.rotate", f"form_sources:{source_id}", {}, now)
    return NewSecret(_view(deps, row), secret)


async def set_active(deps: Deps, actor: Actor, source_id: int, active: bool) -> FormView:
    """Pause a form or let it go on. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.EDIT_TEAM)
    async with deps.writing(actor.team_id) as session:
        row = await queries.source(session, source_id, lock=True)
        if row is None:
            raise Refused(Code.NOT_FOUND)
        if row.active != active:
            await queries.change_source(session, source_id, active=active)
            action = "form.resume" if active else "form.pause"
            await audit(session, actor.member_id, action, f"form_sources:{source_id}", {}, deps.now())
    return _view(deps, row._replace(active=active))


async def fields(deps: Deps, actor: Actor, source_id: int) -> FormFields:
    """What the form sends and what each field means. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.EDIT_TEAM)
    async with deps.reading(actor.team_id) as session:
        row = await queries.source(session, source_id)
        if row is None:
            raise Refused(Code.NOT_FOUND)
        newest = await queries.newest_fields(session, source_id)
    known = field_map(row.mapping)
    seen = row.mapping.get("seen")
    names = [str(name) for name in seen] if isinstance(seen, list) else []
    names += [name for name in known.meanings if name not in names]
    return FormFields(
        _view(deps, row),
        tuple(
            FieldSeen(
                name,
                _example(name, known, newest),
                known.meanings.get(name) or meaning_of(name),
                name in known.meanings,
            )
            for name in names
        ),
        known.fixed,
        known.source,
    )


def _example(name: str, known: FieldMap, newest: Mapping[str, object]) -> str:
    """What the field was last filled with: kept by what it means, or under its own name."""
    meaning = known.meanings.get(name) or meaning_of(name)
    return str(newest.get(meaning.value) or newest.get(name) or "")


async def set_fields(
    deps: Deps, actor: Actor, source_id: int, changed: FieldMap, *, title: str, version: int | None = None
) -> FormFields:
    """Say what the fields mean, from the next submission on.

    Refused: NOT_ALLOWED, NOT_FOUND, STALE, REQUIRED and TOO_LONG `title`, INVALID `fixed` for what cannot be fixed.
    """
    require(actor.role, Permission.EDIT_TEAM)
    title = _title(title)
    for meaning, text in changed.fixed.items():
        if meaning not in FILLED:
            raise Refused(Code.INVALID, "fixed")
        if len(text) > MAX_LENGTH.get(meaning, MAX_VALUE):
            raise Rejected(Refused(Code.TOO_LONG, "fixed", most=MAX_LENGTH.get(meaning, MAX_VALUE)))
    async with deps.writing(actor.team_id) as session:
        row = await queries.source(session, source_id, lock=True)
        if row is None:
            raise Refused(Code.NOT_FOUND)
        if version not in (None, row.version):
            raise Refused(Code.STALE)
        mapping = {
            **row.mapping,
            "meanings": {name: meaning.value for name, meaning in changed.meanings.items()},
            "fixed": {meaning.value: text for meaning, text in changed.fixed.items()},
            "source": changed.source.value,
        }
        await queries.change_source(session, source_id, mapping=mapping, title=title)
        await audit(session, actor.member_id, "form.map", f"form_sources:{source_id}", mapping, deps.now())
    return await fields(deps, actor, source_id)


def _title(typed: str) -> str:
    title = " ".join(typed.split())
    if not title:
        raise Refused(Code.REQUIRED, "title")
    if len(title) > MAX_TITLE:
        raise Refused(Code.TOO_LONG, "title", most=MAX_TITLE)
    return title


def _view(deps: Deps, row: SourceRow, received: tuple[int, datetime] | None = None) -> FormView:
    count, newest = received or (0, None)
    url = f"{deps.public_url}{PATH}{row.name}" if deps.public_url else ""
    return FormView(row.id, row.name, row.title, url, row.active, row.version, count, newest)
