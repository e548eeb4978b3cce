"""Telephone systems whose calls come by webhook: their addresses, and each call taken on once (work item 5-3)."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import Code, Refused
from domain.members import Permission, Role, require
from domain.pipeline.recordings import Progress, names_in
from domain.pipeline.transcripts import Transcript, folded, of_json, with_sides
from services import members
from services.deps import Actor, Deps
from services.pipeline.recording_posts import post_card
from services.pipeline.recording_records import keep
from services.pipeline.recordings import propose
from storage import installations
from storage import members as member_queries
from storage import recordings as queries
from storage.members import audit
from storage.recordings import SourceRow

PATH = "webhooks/miitel/"
MAX_TITLE = 100
MAX_CALL_ID = 150
MAX_NUMBER = 40


class Unproven(Exception):
    """No telephone system has this token."""


class Paused(Exception):
    """It has, but a manager has paused it."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A telephone system that showed who it is. `created_by`: who set it up."""

    source_id: int
    team_id: str
    created_by: int


@dataclass(frozen=True, slots=True)
class SystemView:
    """A telephone system."""

    source_id: int
    title: str
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewSystem:
    """A telephone system and its address, which is shown this once; "" where no server runs."""

    system: SystemView
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a call. `recording_id` None: nothing is said in it. `new` False: it had come before."""

    recording_id: int | None
    new: bool


async def all_of(deps: Deps, actor: Actor) -> list[SystemView]:
    """The team's telephone systems, oldest first. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.EDIT_TEAM)
    async with deps.reading(actor.team_id) as session:
        return [_view(row) for row in await queries.sources(session)]


async def add(deps: Deps, actor: Actor, title: str) -> NewSystem:
    """Another one, with an address of its own. Refused: NOT_ALLOWED, REQUIRED and TOO_LONG `title`."""
    require(actor.role, Permission.EDIT_TEAM)
    title = " ".join(title.split())
    if not title:
        raise Refused(Code.REQUIRED, "title")
    if len(title) > MAX_TITLE:
        raise Refused(Code.TOO_LONG, "title", most=MAX_TITLE)
    token, now = secrets.token_urlsafe(32), deps.now()
    async with deps.writing(actor.team_id) as session:
        made = await queries.add_source(
            session, title=title, token_hash=_hash(token), created_by=actor.member_id, created_at=now
        )
        await audit(session, actor.member_id, "telephone.add", f"recording_sources:{made}", {"title": title}, now)
    return NewSystem(SystemView(made, title, True, now), _url(deps, token))


async def rotate(deps: Deps, actor: Actor, source_id: int) -> NewSystem:
    """Another address; the old one leads nowhere from now on. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.EDIT_TEAM)
    token = secrets.token_urlsafe(32)
    async with deps.writing(actor.team_id) as session:
        row = await _found(await queries.source(session, source_id))
        await queries.change_source(session, source_id, token_hash=_hash(token))
        subject = f"recording_sources:{source_id}"
        await audit(session, actor.member_id, "telephone.rotate", subject, {}, deps.now())
    return NewSystem(_view(row), _url(deps, token))


async def set_active(deps: Deps, actor: Actor, source_id: int, active: bool) -> SystemView:
    """Pause one or let it go on. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.EDIT_TEAM)
    async with deps.writing(actor.team_id) as session:
        row = await _found(await queries.source(session, source_id))
        if row.active != active:
            await queries.change_source(session, source_id, active=active)
            action = "telephone.resume" if active else "telephone.pause"
            await audit(session, actor.member_id, action, f"recording_sources:{source_id}", {}, deps.now())
    return _view(row._replace(active=active))


async def _found(row: SourceRow | None) -> SourceRow:
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return row


def _view(row: SourceRow) -> SystemView:
    return SystemView(row.id, row.title, row.active, row.created_at)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _url(deps: Deps, token: str) -> str:
    return f"{deps.public_url}{PATH}{token}" if deps.public_url else ""


# Calls


async def prove(deps: Deps, token: str) -> Proven:
    """The telephone system behind an address. Raises `Unproven`, `Paused`."""
    async with deps.database.reading_across_teams() as session:
        source = await queries.source_of_token(session, _hash(token))
        gone = source is not None and await installations.has_gone(session, source.team_id)
    if source is None:
        raise Unproven
    if not source.active or gone:
        raise Paused
    return Proven(source.id, source.team_id, source.created_by)


async def receive(deps: Deps, source: Proven, content: Mapping[str, Any]) -> Received:
    """Take a call on as MiiTel tells it, and have its card posted to whoever made it; the same call once.

    Refused: INVALID `call` where it has no id, INVALID and TOO_LONG `transcript`.
    """
    call = content.get("call")
    call_id = str(call.get("id") or "") if isinstance(call, dict) else ""
    if not call_id or len(call_id) > MAX_CALL_ID or not call_id.isprintable():
        raise Refused(Code.INVALID, "call")
    key = f"miitel:{call_id}"
    async with deps.reading(source.team_id) as session:
        before = await queries.of_source(session, key)
        team = await member_queries.team(session, source.team_id)
    if before is not None:
        return Received(before.id, new=False)
    try:
        said = await asyncio.to_thread(of_json, call)
    except Refused as refused:
        if refused.code is not Code.REQUIRED:
            raise
        # Nobody answered, or the words are not there yet.
        return Received(None, new=False)
    detail = _detail(call)
    owner = await _owner(deps, source, said)
    if owner is None or team is None:
        raise Refused(Code.NOT_FOUND)
    number = _number(detail)
    strangers = [name for name in said.speakers if folded(name) != folded(owner.name)]
    words = [number, *(word for name in strangers for word in names_in(name))]
    proposed = await propose(deps, owner, [word for word in words if word])
    now = deps.now()
    async with deps.writing(source.team_id) as session:
        made = await queries.add(
            session,
            proposed_lead_id=proposed,
            member_id=owner.member_id,
            source_key=key,
            file_id=None,
            filename=f"MiiTel {number}".strip(),
            audio=False,
            progress=Progress.ARRANGING.value,
            held_on=_day(detail, team.zone, now),
            channel=owner.slack_user,
            thread_ts=None,
            created_at=now,
        )
        if made is None:
            other = await queries.of_source(session, key)
            return Received(other.id if other else None, new=False)
        # Whoever cannot be told by the name may be told by the customer's, once it is known who that is.
        sided, guessed = with_sides(said, [owner.name], [])
        await keep(session, made, sided)
        if guessed:
            await queries.change(session, made, guessed=True)
        await audit(session, None, "recording.receive", f"recordings:{made}", {"call": call_id}, now)
        await post_card(session, deps, made, owner.slack_user)
    return Received(made, new=True)


def _detail(call: Any) -> Mapping[str, Any]:
    details = call.get("details") if isinstance(call, dict) else None
    first = details[0] if isinstance(details, list) and details else {}
    return first if isinstance(first, dict) else {}


def _number(detail: Mapping[str, Any]) -> str:
    """The customer's telephone number."""
    incoming = str(detail.get("call_type") or "").startswith("INCOMING")
    number = detail.get("from_number" if incoming else "to_number")
    tidy = "".join(letter for letter in str(number or "") if letter in "+-()0123456789 ").strip()
    return tidy[:MAX_NUMBER]


def _day(detail: Mapping[str, Any], zone: str, now: datetime) -> date:
    """The local day of the call; today's where it does not say, or says one to come."""
    try:
        at = datetime.fromisoformat(str(detail.get("dial_answered_at") or detail.get("dial_starts_at")))
        local = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(ZoneInfo(zone)).date()
    except (ValueError, OverflowError):
        return now.astimezone(ZoneInfo(zone)).date()
    return min(local, now.astimezone(ZoneInfo(zone)).date())


async def _owner(deps: Deps, source: Proven, said: Transcript) -> Actor | None:
    """Whoever made the call, by name; else who set the telephone system up, or has taken that one's place."""
    speakers = {folded(name) for name in said.speakers}
    async with deps.reading(source.team_id) as session:
        found = await member_queries.of_roles(session, list(Role))
    named = [row.id for row in found if folded(row.name) in speakers]
    bosses = [row.id for row in found if row.role in (Role.MANAGER.value, Role.ADMIN.value)]
    for member_id in (*named[:1], source.created_by, *bosses):
        owner = await members.acting(deps, source.team_id, member_id)
        if owner is not None:
            return owner
    return None
