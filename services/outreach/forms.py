"""What a website's form sends: proven to be its own, turned into a lead, once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from domain.data.quality import corporate_number, host, person_key, valid_corporate_number
from domain.data.search import parse
from domain.errors import Code, Refused, Rejected
from domain.leads import NextStep, Source, Stage
from domain.outreach.form_fields import SIGNED, Field, FieldMap, Filled, company_domain, read, same_name
from domain.outreach.inbound import RULES, InboundRules, judge
from services import rules
from services.data.quality import account_keys, email_key
from services.deps import Deps
from services.outreach import inbound
from services.outreach.leads import NewLead, add_person, tidied
from services.teams import team_calendar
from storage import account_search, accounts, installations
from storage import inbound as queries
from storage import leads as lead_queries
from storage import members as member_queries
from storage.inbound import PersonRow, SourceRow
from storage.members import audit

MAX_AGE = timedelta(minutes=5)
"""How far a signature's time may be from ours, either way."""
REMEMBERED_FOR = 2 * MAX_AGE
"""A signature that was used is known for as long as it could be used again."""
MAX_NOTE = 3000
MAX_FIELDS = 200
SAME_HOST = 10


class Unproven(Exception):
    """Whoever sent this did not show that it is the form: forged, stale, or no such form. Nothing says which."""


class Paused(Exception):
    """The form is its own, but a manager has paused it."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A form that showed who it is. `digest` tells this request from every other."""

    source_id: int
    team_id: str
    language: str
    known: FieldMap
    digest: str


@dataclass(frozen=True, slots=True)
class Stand:
    """What stands where a form did not ask, or the person did not say: words of the team's language."""

    person: str
    company: str


@dataclass(frozen=True, slots=True)
class Received:
    """The lead of a submission. `new` False: it had come before, and nothing was changed."""

    submission_id: int
    lead_id: int
    new: bool


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """How a form signs: HMAC-SHA256, in hexadecimal, of the time in seconds, a full stop and the body as sent."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


async def prove(deps: Deps, name: str, timestamp: str, signed: str, body: bytes) -> Proven:
    """The form behind an address, after its signature was checked. Raises `Unproven`, `Paused`.

    A form that does not exist takes the same way as one with another secret, so the answer says nothing about it.
    """
    async with deps.database.reading_across_teams() as session:
        source = await queries.source_named(session, name)
        team = await member_queries.team(session, source.team_id) if source else None
        gone = source is not None and await installations.has_gone(session, source.team_id)
    secret = _secret(deps, source) if source else secrets.token_hex(32)
    genuine = hmac.compare_digest(signature(secret, timestamp, body).encode(), signed.encode())
    fresh = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
    fresh = fresh and abs(deps.now().timestamp() - int(timestamp)) <= MAX_AGE.total_seconds()
    if source is None or team is None or not genuine or not fresh:
        raise Unproven
    if not source.active or gone:
        # Nobody would read what customers write to a workspace that has removed the app.
        raise Paused
    digest = hashlib.sha256(f"{timestamp}.{signed}".encode()).hexdigest()
    return Proven(source.id, source.team_id, team.language, field_map(source.mapping), digest)


def _secret(deps: Deps, source: SourceRow) -> str:
    try:
        return deps.keys.decrypt(source.secret)
    except Refused:
        # Encrypted under another key of the installation: until somebody makes a new secret, nobody can sign.
        return secrets.token_hex(32)


def field_map(stored: Mapping[str, object]) -> FieldMap:
    """A form's mapping as it is stored. What a newer version wrote and this one does not know is left out."""
    meanings, fixed = stored.get("meanings"), stored.get("fixed")
    names, sources = set(Field), set(Source)
    return FieldMap(
        {str(name): Field(m) for name, m in meanings.items() if m in names} if isinstance(meanings, dict) else {},
        {Field(name): str(text) for name, text in fixed.items() if name in names} if isinstance(fixed, dict) else {},
        Source(str(stored["source"])) if stored.get("source") in sources else Source.INBOUND_FORM,
    )


def clean(raw: Mapping[str, str]) -> dict[str, str]:
    """Fields as a database takes them: without NUL and halves of characters, at most MAX_FIELDS of them."""

    def kept(text: str) -> str:
        return text.replace("\0", "").encode("utf-8", "replace").decode()

    return {kept(name).strip()[:200]: kept(text) for name, text in list(raw.items())[:MAX_FIELDS] if kept(name).strip()}


async def receive(
    deps: Deps, form: Proven, raw: Mapping[str, str], stand: Stand, submission_id: str | None = None
) -> Received:
    """Make a submission a lead, have its card posted and its clock started, all in one transaction.

    `submission_id` None: the mapped field says it, else the same fields are the same submission. A person who is known
    gets no second lead: the one there is comes back to work, more urgent than before.

    Nothing that a person typed is refused: what is no number and no address is shown as typed.
    """
    fields = clean(raw)
    filled = read(fields, form.known)
    given = submission_id or filled.text(Field.SUBMISSION) or _digest_of(fields)
    now = deps.now()
    async with deps.writing(form.team_id) as session:
        # Two submissions of a new company, or of one person, at once must see each other.
        await accounts.lock(session)
        before = await queries.same_submission(session, form.source_id, given) or await _replayed(session, form, now)
        if before is not None:
            return Received(*before, new=False)
        team = await member_queries.team(session, form.team_id)
        if team is None:
            raise Unproven
        decided = await rules.of(session, RULES, InboundRules())
        owner = await inbound.fallback_owner(session, decided)
        lead_id, earlier = await _lead(session, form, filled, stand, owner.id, now)
        calendar = await team_calendar(session, team.zone, now)
        made = await queries.add_submission(
            session,
            source_id=form.source_id,
            submission_id=given,
            lead_id=lead_id,
            fields={**filled.to_json(), SIGNED: form.digest},
            urgency=judge(filled, repeated=earlier).urgency.value,
            received_at=now,
            team_due_at=calendar.add_minutes(now, decided.team_minutes),
            manager_due_at=calendar.add_minutes(now, decided.manager_minutes),
        )
        if made is None:
            raise RuntimeError("A submission came twice at once in spite of the lock.")
        await _remember(session, form.source_id, fields)
        detail = {"submission_id": made, "source_id": form.source_id, "repeated": earlier}
        await audit(session, None, "lead.inbound", f"leads:{lead_id}", detail, now)
        await deps.outbox.enqueue(
            session,
            key=inbound.card_key(made),
            kind=inbound.CARD,
            channel=decided.channel or owner.slack_user,
            arguments={"submission_id": made},
            now=now,
        )
    return Received(made, lead_id, new=True)


def _digest_of(fields: Mapping[str, str]) -> str:
    parts = sorted(f"{name}\0{text}" for name, text in fields.items())
    return "fields-" + hashlib.sha256("\0\0".join(parts).encode()).hexdigest()


async def _replayed(session: AsyncSession, form: Proven, now: datetime) -> tuple[int, int] | None:
    """The submission of the very same signed request, come under another id: the header with it is not signed."""
    for submission_id, lead_id, fields in await queries.since(session, form.source_id, now - REMEMBERED_FOR):
        if fields.get(SIGNED) == form.digest:
            return submission_id, lead_id
    return None


async def _remember(session: AsyncSession, source_id: int, fields: Mapping[str, str]) -> None:
    """Keep the names of the form's fields, in its order, for whoever says what they mean."""
    source = await queries.source(session, source_id)
    if source is None:
        return
    seen = list(fields)
    if source.mapping.get("seen") != seen:
        await queries.remember_fields(session, source_id, {**source.mapping, "seen": seen})


# From a submission to a lead


async def _lead(
    session: AsyncSession, form: Proven, filled: Filled, stand: Stand, owner_id: int, now: datetime
) -> tuple[int, int]:
    """The lead of a submission and how many came before; made, or found by address, number, or name at the company."""
    person, phone = _person(filled, stand)
    known = await _known_person(session, person, phone, stand)
    if known is None:
        account_id, own_company = await _account(session, filled, person, stand, now)
        if own_company and filled.text(Field.NAME):
            known = await _colleague(session, account_id, person)
    else:
        account_id = known.account_id
    await _tell_account(session, account_id, filled, now)
    if known is None:
        contact_id = await add_person(session, account_id, person, phone, now)
        return await _new_lead(session, form, account_id, contact_id, person.note, owner_id, now), 0
    await queries.fill_contact(
        session,
        known.contact_id,
        reading=person.reading,
        department=person.department,
        title=person.title,
        phone=phone,
        email=person.email,
        email_key=email_key(person.email),
    )
    if known.name_key == person_key(stand.person) != person_key(person.name):
        await queries.name_contact(session, known.contact_id, person.name, person_key(person.name))
    if known.lead_id is None:
        return await _new_lead(session, form, account_id, known.contact_id, person.note, owner_id, now), 0
    await _back_to_work(session, known.lead_id, now)
    return known.lead_id, await queries.submissions_of(session, known.lead_id)


def _person(filled: Filled, stand: Stand) -> tuple[NewLead, str]:
    """The person as leads have them, and the number as it is stored. What is no name, number or address is left out:
    the card shows it as it was typed."""
    new = NewLead(
        account_id=0,
        name=filled.text(Field.NAME) or stand.person,
        reading=filled.text(Field.READING),
        department=filled.text(Field.DEPARTMENT),
        title=filled.text(Field.TITLE),
        phone=filled.text(Field.PHONE),
        email=filled.text(Field.EMAIL),
        note="\n".join(text for text in (filled.text(Field.TOPIC), filled.text(Field.MESSAGE)) if text)[:MAX_NOTE],
    )
    try:
        return tidied(new)
    except Rejected as rejected:
        wrong = {refusal.field for refusal in rejected.refusals}
    return tidied(
        replace(
            new,
            name=stand.person if "name" in wrong else new.name,
            phone="" if "phone" in wrong else new.phone,
            email="" if "email" in wrong else new.email,
            # Readings grow when half-width kana are widened.
            reading="" if "reading" in wrong else new.reading,
        )
    )


async def _known_person(session: AsyncSession, person: NewLead, phone: str, stand: Stand) -> PersonRow | None:
    """Somebody who was written down with this address or number, at whatever company the form names.

    An address or a switchboard may be shared, so the names must fit where both are known.
    """
    key, unknown = person_key(person.name), person_key(stand.person)
    for row in await queries.people_reached_by(session, email_key(person.email), phone):
        if unknown in (key, row.name_key) or same_name(key, row.name_key):
            return row
    return None


async def _colleague(session: AsyncSession, account_id: int, person: NewLead) -> PersonRow | None:
    """The person of this name at the company."""
    key = person_key(person.name)
    for row in await lead_queries.contact_keys(session, account_id):
        if row.name_key == key:
            return PersonRow(row.contact_id, account_id, row.name_key, row.phone, row.email_key, row.lead_id)
    return None


async def _account(
    session: AsyncSession, filled: Filled, person: NewLead, stand: Stand, now: datetime
) -> tuple[int, bool]:
    """The company, found in any spelling or made; and whether it is one, not the place for those who named none."""
    domain = company_domain(person.email)
    website = filled.text(Field.WEBSITE) or (f"https://{domain}" if domain else "")
    number = corporate_number(filled.text(Field.CORPORATE_NUMBER))
    name = " ".join(filled.text(Field.COMPANY).split())
    keys = account_keys(name, corporate_number=number, website=website)
    if keys.name_key:
        there = await accounts.alike(session, keys.name_key, keys.corporate_number)
        if there:
            if there[0].corporate_number is not None and there[0].corporate_number == keys.corporate_number:
                return there[0].id, True
            same = await _at_host(session, [row.id for row in there], host(website))
            return same or there[0].id, True
        return await _add_account(session, name, website, filled, now), True
    if domain:
        query = parse(domain)
        found = await account_search.search(session, query, SAME_HOST) if query else []
        same = await _at_host(session, [row.id for row in found], domain)
        return same or await _add_account(session, domain, website, filled, now), True
    nameless = await accounts.alike(session, account_keys(stand.company).name_key, None)
    if nameless:
        return nameless[0].id, False
    return await _add_account(session, stand.company, "", Filled({}, {}), now), False


async def _at_host(session: AsyncSession, account_ids: list[int], wanted: str) -> int | None:
    if not wanted or not account_ids:
        return None
    websites = await queries.websites(session, account_ids)
    return next((account_id for account_id in account_ids if host(websites.get(account_id, "")) == wanted), None)


async def _add_account(session: AsyncSession, name: str, website: str, filled: Filled, now: datetime) -> int:
    number = corporate_number(filled.text(Field.CORPORATE_NUMBER))
    keys = account_keys(name, corporate_number=number, website=website)
    made = await accounts.insert(
        session,
        name=name,
        name_key=keys.name_key,
        search_text=keys.search_text,
        corporate_number=number if valid_corporate_number(number) else None,
        reading="",
        name_en="",
        industry=filled.text(Field.INDUSTRY),
        address=filled.text(Field.ADDRESS),
        website=website,
        now=now,
    )
    await audit(session, None, "account.create", f"accounts:{made}", {"name": name}, now)
    return made


async def _tell_account(session: AsyncSession, account_id: int, filled: Filled, now: datetime) -> None:
    """What the form says about a company and nobody knew yet."""
    if not filled.text(Field.COMPANY):
        return
    known: dict[str, str | int] = {
        "industry": filled.text(Field.INDUSTRY),
        "address": filled.text(Field.ADDRESS),
        "employees": filled.employees or 0,
    }
    await queries.fill_account(session, account_id, now, **known)


async def _new_lead(
    session: AsyncSession, form: Proven, account_id: int, contact_id: int, note: str, owner_id: int, now: datetime
) -> int:
    lead_id = await lead_queries.add(
        session,
        account_id=account_id,
        contact_id=contact_id,
        owner_id=owner_id,
        stage=Stage.NEW.value,
        source=form.known.source.value,
        note=note,
        attempts=0,
        created_at=now,
        updated_at=now,
    )
    await lead_queries.add_stage_change(session, lead_id, None, None, Stage.NEW.value, now)
    return lead_id


async def _back_to_work(session: AsyncSession, lead_id: int, now: datetime) -> None:
    """Somebody who writes again is worked again: nobody leaves them in nurturing or among those that were out."""
    lead = await lead_queries.line(session, lead_id, lock=True)
    if lead is None:
        raise Refused(Code.NOT_FOUND)
    stage = Stage(lead.stage)
    if stage in (Stage.NURTURING, Stage.DISQUALIFIED):
        columns = {"next_step": NextStep.CALL.value, "next_step_at": now, "disqualify_reason": None}
        await lead_queries.change(session, lead_id, now, stage=Stage.WORKING.value, **columns)
        await lead_queries.add_stage_change(session, lead_id, None, stage.value, Stage.WORKING.value, now)
