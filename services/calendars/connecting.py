"""A member connects a calendar: with name and password (CalDAV), or by agreeing at Google or Microsoft (OAuth 2).

A calendar is tried before it is kept. The link to a provider names the member and the moment until which it counts,
signed; and it counts only while the member has decided nothing else since, so it connects one calendar, once.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import requests
from sqlalchemy.ext.asyncio import AsyncSession

from domain.appointments import Problem
from domain.errors import Code, Refused
from domain.members import Permission, require
from services.calendars import google_calendar, microsoft_calendar
from services.calendars.calendar import Access, Kind, Unusable
from services.calendars.opening import open_calendar
from services.deps import Actor, Deps
from services.networks import acceptable
from services.oauth import OAuthApp
from storage import calendars as queries
from storage import members
from storage.members import audit

TRY_SECONDS = 20.0
"""How long a calendar is tried, and a provider waited for."""
LINK_COUNTS = timedelta(minutes=30)
CALLBACK = "calendars/callback"
_MICROSOFTS_SCOPES = ("openid", "profile", "offline_access", microsoft_calendar.SCOPE)
_CONNECT, _STATE, _VERIFIER = "calendar.connect", "calendar.state", "calendar.verifier"


@dataclass(frozen=True, slots=True)
class Connection:
    """A member's calendar as its owner sees it."""

    kind: Kind
    url: str
    calendar: str
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Consent:
    """What a link to a provider was made for."""

    team_id: str
    member_id: int
    kind: Kind
    decided_at: str
    """When the member had last decided something, as text; "" for never."""
    expires: int
    nonce: str

    def packed(self) -> list[str | int]:
        """As it is signed."""
        return [self.team_id, self.member_id, self.kind.value, self.decided_at, self.expires, self.nonce]


async def connection(deps: Deps, actor: Actor) -> Connection | None:
    """The actor's calendar; None where none is connected."""
    require(actor.role, Permission.BOOK_MEETINGS)
    async with deps.reading(actor.team_id) as session:
        row = await queries.of_member(session, actor.member_id)
    if row is None or not row.secret:
        return None
    return Connection(Kind(row.kind), row.url, row.calendar, Problem(row.error) if row.error else None)


def configured(deps: Deps, kind: Kind) -> bool:
    """Whether calendars of this kind can be connected here."""
    return kind is Kind.CALDAV or (_app(deps, kind).configured and bool(deps.public_url))


async def connect_caldav(deps: Deps, actor: Actor, *, url: str, name: str, password: str, calendar: str = "") -> None:
    """Keep a calendar on a CalDAV server, if it can be read. Refused: NOT_ALLOWED, REQUIRED on a field; INVALID `url`
    where a password must not be sent to it. Unusable otherwise.
    """
    require(actor.role, Permission.BOOK_MEETINGS)
    for field, value in (("url", url), ("name", name), ("password", password)):
        if not value:
            raise Refused(Code.REQUIRED, field)
    if not acceptable(url, deps.calendar_networks):
        raise Refused(Code.INVALID, "url")
    access = Access(Kind.CALDAV, actor.zone, url, calendar, {"name": name, "password": password})
    found, secret = await _tried(deps, access)
    if not acceptable(found, deps.calendar_networks):
        # The server led on to a place where the password would be read by everybody on the way.
        raise Refused(Code.INVALID, "url")
    async with deps.writing(actor.team_id) as session:
        await _keep(deps, session, actor.member_id, Access(Kind.CALDAV, actor.zone, url, found, secret))


async def disconnect(deps: Deps, actor: Actor) -> None:
    """Forget the actor's calendar, its secret above all."""
    require(actor.role, Permission.BOOK_MEETINGS)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        row = await queries.of_member(session, actor.member_id)
        if row is None or not row.secret:
            return
        await queries.connect(session, actor.member_id, kind=row.kind, url="", calendar="", secret="", now=now)
        await audit(session, actor.member_id, "calendar.disconnect", f"members:{actor.member_id}", {}, now)


async def consent_link(deps: Deps, actor: Actor, kind: Kind) -> str:
    """The page of ours on which the actor goes on to the provider. Counts for half an hour."""
    require(actor.role, Permission.BOOK_MEETINGS)
    async with deps.reading(actor.team_id) as session:
        row = await queries.of_member(session, actor.member_id)
    expires = int((deps.now() + LINK_COUNTS).timestamp())
    consent = Consent(
        actor.team_id, actor.member_id, kind, _text(row and row.created_at), expires, secrets.token_hex(8)
    )
    return f"{deps.public_url}calendars/connect/{deps.keys.sign(_CONNECT, consent.packed())}"


async def asked(deps: Deps, token: str) -> tuple[Consent, str]:
    """Whose calendar a link connects, and the member's name. Refused: INVALID, NOT_FOUND, STALE."""
    consent = _read(deps, _CONNECT, token)
    async with deps.reading(consent.team_id) as session:
        member = await members.by_id(session, consent.member_id)
        row = await queries.of_member(session, consent.member_id)
    if member is None:
        raise Refused(Code.NOT_FOUND)
    _still(consent, row and row.created_at)
    return consent, member.name


async def provider_address(deps: Deps, consent: Consent) -> str:
    """Where the member agrees. Raises Unusable."""
    app = _app(deps, consent.kind)
    state = deps.keys.sign(_STATE, consent.packed())
    challenge = (
        base64.urlsafe_b64encode(hashlib.sha256(_verifier(deps, consent).encode()).digest()).decode().rstrip("=")
    )
    proof = {"code_challenge": challenge, "code_challenge_method": "S256"}
    if consent.kind is Kind.GOOGLE:
        asked_for = {
            "client_id": app.client_id,
            "redirect_uri": _callback(deps),
            "response_type": "code",
            "scope": " ".join(google_calendar.SCOPES),
            # Only so Google gives a token that lasts.
            "access_type": "offline",
            "prompt": "consent",
            "state": state,
        }
        return f"{app.authorise_url}?{urlencode(asked_for | proof)}"
    identity = await asyncio.to_thread(microsoft_calendar.identity, app)
    asked_for = {
        "client_id": app.client_id,
        "redirect_uri": _callback(deps),
        "response_type": "code",
        "scope": " ".join(_MICROSOFTS_SCOPES),
        "prompt": "select_account",
        "state": state,
        "nonce": hashlib.sha256(_verifier(deps, consent).encode()).hexdigest(),
    }
    return f"{identity.authority.authorization_endpoint}?{urlencode(asked_for | proof)}"


async def agreed(deps: Deps, state: str, code: str) -> None:
    """Keep the calendar that the member has agreed to, if it can be read. Refused: INVALID for a state we did not make,
    STALE for one that no longer counts. Unusable.
    """
    consent = _read(deps, _STATE, state)
    async with deps.reading(consent.team_id) as session:
        member = await members.by_id(session, consent.member_id)
        row = await queries.of_member(session, consent.member_id)
    if member is None:
        raise Refused(Code.NOT_FOUND)
    _still(consent, row and row.created_at)
    secret = await _exchanged(deps, consent, code)
    found, secret = await _tried(deps, Access(consent.kind, member.zone, "", "", secret))
    async with deps.writing(consent.team_id) as session:
        # Asked again where nobody else can decide in between: of two answers to one link, one counts.
        _still(consent, await queries.decided_at(session, consent.member_id))
        await _keep(deps, session, consent.member_id, Access(consent.kind, member.zone, "", found, secret))


async def _exchanged(deps: Deps, consent: Consent, code: str) -> Mapping[str, str]:
    app, verifier = _app(deps, consent.kind), _verifier(deps, consent)
    if consent.kind is Kind.GOOGLE:
        answer = await _googles_tokens(app, code, verifier, _callback(deps))
    else:
        answer = await asyncio.to_thread(_microsofts_tokens, app, code, verifier, _callback(deps))
    kept = microsoft_calendar.tokens(answer, {})
    if not kept["refresh_token"]:
        raise Unusable(Problem.UNAUTHORISED, "no refresh token")
    return kept


async def _googles_tokens(app: OAuthApp, code: str, verifier: str, callback: str) -> Mapping[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": callback,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
    }
    try:
        async with httpx.AsyncClient(timeout=TRY_SECONDS) as client:
            answer = (await client.post(app.token_url, data=form)).json()
    except (httpx.HTTPError, ValueError) as lost:
        raise Unusable(Problem.UNREACHABLE, type(lost).__name__) from lost
    return answer if isinstance(answer, Mapping) else {}


def _microsofts_tokens(app: OAuthApp, code: str, verifier: str, callback: str) -> Mapping[str, Any]:
    identity = microsoft_calendar.identity(app)
    # What msal would have kept in a session of the browser's. Our state was checked before.
    flow = {
        "state": "checked",
        "redirect_uri": callback,
        "scope": list(_MICROSOFTS_SCOPES),
        "code_verifier": verifier,
        "nonce": verifier,
    }
    try:
        answer: Mapping[str, Any] = identity.acquire_token_by_auth_code_flow(flow, {"state": "checked", "code": code})
    except RuntimeError as forged:
        raise Unusable(Problem.UNAUTHORISED, type(forged).__name__) from forged
    except (ValueError, requests.RequestException) as lost:
        raise Unusable(Problem.UNREACHABLE, type(lost).__name__) from lost
    return answer


async def _tried(deps: Deps, access: Access) -> tuple[str, Mapping[str, str]]:
    """The calendar's own id or address, and the secret as it is after the first use. Raises Unusable."""
    try:
        async with asyncio.timeout(TRY_SECONDS):
            calendar = open_calendar(access, deps.oauth, deps.calendar_networks)
            try:
                return await calendar.check(), calendar.secret
            finally:
                await calendar.close()
    except TimeoutError as slow:
        raise Unusable(Problem.SLOW) from slow


async def _keep(deps: Deps, session: AsyncSession, member_id: int, access: Access) -> None:
    now = deps.now()
    await queries.connect(
        session,
        member_id,
        kind=access.kind.value,
        url=access.url,
        calendar=access.calendar,
        secret=deps.keys.encrypt(json.dumps(dict(access.secret))),
        now=now,
    )
    await audit(session, member_id, "calendar.connect", f"members:{member_id}", {"kind": access.kind.value}, now)


def _read(deps: Deps, purpose: str, token: str) -> Consent:
    content = deps.keys.read(purpose, token)
    try:
        team_id, member_id, kind, decided_at, expires, nonce = content
        consent = Consent(str(team_id), int(member_id), Kind(kind), str(decided_at), int(expires), str(nonce))
    except (TypeError, ValueError) as strange:
        raise Refused(Code.INVALID, "token") from strange
    if deps.now() >= datetime.fromtimestamp(consent.expires, UTC):
        raise Refused(Code.STALE)
    return consent


def _still(consent: Consent, decided_at: datetime | None) -> None:
    if consent.decided_at != _text(decided_at):
        raise Refused(Code.STALE)


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment is not None else ""


def _verifier(deps: Deps, consent: Consent) -> str:
    # Made of the installation's key, it need not be kept anywhere (RFC 7636 asks for 43 characters or more).
    return deps.keys.sign(_VERIFIER, consent.nonce)


def _app(deps: Deps, kind: Kind) -> OAuthApp:
    return deps.oauth.google if kind is Kind.GOOGLE else deps.oauth.microsoft


def _callback(deps: Deps) -> str:
    return f"{deps.public_url}{CALLBACK}"
