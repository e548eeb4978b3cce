"""Leads: added, found, listed, planned, taken over. The card and the App Home stand in modules of their own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from domain.data.quality import Likeness, Person, likely_duplicates, person_key
from domain.data.search import MAX_TYPED, parse
from domain.errors import Code, Refused, Rejected
from domain.leads import (
    OPEN_STAGES,
    BuyingRole,
    DisqualifyReason,
    NextStep,
    Source,
    Stage,
    after_step,
)
from domain.members import Permission, require
from services.data.quality import email_key, is_email, phone_e164
from services.deps import Actor, Deps
from services.outreach.home import HandoffGroup, Home, StageGroup, by_stage
from services.outreach.lead_card import (
    NEXT_STEP_SET,
    CallEntry,
    HandoffEntry,
    HistoryEntry,
    LeadCard,
    NextStepEntry,
    QualificationEntry,
    ReturnEntry,
    StageEntry,
    card,
)
from services.outreach.records import LeadLine, lead_line
from services.outreach.stages import move
from storage import leads as queries
from storage.leads import ContactKeys, LeadRow, Word
from storage.members import audit

__all__ = [
    "CallEntry",
    "DuplicateFound",
    "DuplicateMatch",
    "HandoffEntry",
    "HandoffGroup",
    "HistoryEntry",
    "Home",
    "LeadCard",
    "LeadLine",
    "NewLead",
    "NextStepEntry",
    "NextStepInput",
    "QualificationEntry",
    "ReturnEntry",
    "StageEntry",
    "StageGroup",
    "add",
    "add_person",
    "by_stage",
    "card",
    "find",
    "mine",
    "reopen",
    "set_next_step",
    "take_over",
]

MAX_NAME = 100
MAX_NOTE = 3000
MAX_PHONE = 32
MAX_WORDS = 6
MIN_DIGITS = 3
MIN_MAIL = 3
"""Shorter parts of a number or a mail address are in nearly all of them."""
START_OF_DAY = time(9)

_NUMBER = re.compile(r"[\d\s()+.\-‐‑‒–—―−ー]+")
_KANA = re.compile(r"[ぁ-ゖァ-ヶー\s]+")
_EXTENSION = re.compile(r"(内線|ext\.?|#)\s*\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NewLead:
    """A lead as somebody types it. Texts may be "", except the name."""

    account_id: int | None
    name: str
    reading: str = ""
    department: str = ""
    title: str = ""
    phone: str = ""
    email: str = ""
    buying_role: BuyingRole = BuyingRole.UNKNOWN
    source: Source = Source.OTHER
    note: str = ""


@dataclass(frozen=True, slots=True)
class DuplicateMatch:
    """A person at the same company who is probably the same (`lead_id` None: no lead yet), and what says so."""

    lead_id: int | None
    contact_id: int
    contact: str
    reasons: tuple[Likeness, ...]


class DuplicateFound(Refused):
    """The person is probably there already; nothing was saved. `matches` are the likely ones."""

    def __init__(self, matches: Sequence[DuplicateMatch]) -> None:
        super().__init__(Code.DUPLICATE, count=len(matches))
        self.matches = tuple(matches)


@dataclass(frozen=True, slots=True)
class NextStepInput:
    """A decided next step. `on` and `time` are local to whoever decides; `reason` belongs to DISQUALIFY."""

    step: NextStep
    on: date | None = None
    time: time | None = None
    reason: DisqualifyReason | None = None
    note: str = ""


def check(new: NewLead) -> None:
    """Raise `Rejected` with every field of a lead that is wrong, whatever its company: before one is made for it."""
    tidied(replace(new, account_id=new.account_id or 0))


async def add(deps: Deps, actor: Actor, new: NewLead, *, despite_duplicates: bool = False) -> int:
    """Add a person at a company as a lead of the actor's; the lead's id.

    A name is enough: many a lead is reached through the company's switchboard.

    Refused: NOT_ALLOWED, `DuplicateFound` unless `despite_duplicates`. Rejected: `account_id` and `name` REQUIRED,
    `account_id` NOT_FOUND, `phone` and `email` INVALID, texts TOO_LONG.
    """
    require(actor.role, Permission.EDIT_LEADS)
    person, phone = tidied(new)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        # Locked, so that the same person added twice at once is seen by the second.
        account = await queries.account(session, person.account_id or 0, lock=True)
        if account is None:
            raise Rejected(Refused(Code.NOT_FOUND, "account_id"))
        if not despite_duplicates:
            matches = _duplicates(person, phone, await queries.contact_keys(session, account.id))
            if matches:
                raise DuplicateFound(matches)
        contact_id = await add_person(session, account.id, person, phone, now)
        lead_id = await queries.add(
            session,
            account_id=account.id,
            contact_id=contact_id,
            owner_id=actor.member_id,
            stage=Stage.NEW.value,
            source=person.source.value,
            note=person.note,
            created_at=now,
            updated_at=now,
        )
        await queries.add_stage_change(session, lead_id, actor.member_id, None, Stage.NEW.value, now)
        detail = {"contact_id": contact_id, "account_id": account.id, "despite_duplicates": despite_duplicates}
        await audit(session, actor.member_id, "lead.add", f"leads:{lead_id}", detail, now)
    return lead_id


async def find(deps: Deps, actor: Actor, text: str, limit: int = 10) -> list[LeadLine]:
    """Leads by contact (name, reading, phone, mail) or company in any spelling; own leads first.

    All that was typed must be found in one place, or every word somewhere: a company's and a person's name together
    narrow down. Nothing typed: own open leads.
    """
    require(actor.role, Permission.READ)
    text = text.strip()[:MAX_TYPED]
    if not text:
        return await mine(deps, actor, limit)
    words = [_word(word) for word in text.split()[:MAX_WORDS]]
    async with deps.reading(actor.team_id) as session:
        rows = await queries.search(session, _word(text), words, actor.member_id, limit)
    return [lead_line(row) for row in rows]


async def mine(deps: Deps, actor: Actor, limit: int = 100) -> list[LeadLine]:
    """The actor's own open leads, the most recent call first, then the newest."""
    require(actor.role, Permission.READ)
    async with deps.reading(actor.team_id) as session:
        return [lead_line(row) for row in await queries.of_owner(session, actor.member_id, OPEN_STAGES, limit)]


async def set_next_step(
    deps: Deps, actor: Actor, lead_id: int, plan: NextStepInput, *, lead_version: int | None = None
) -> LeadLine:
    """Decide what happens next with a lead: call again, nurture, or disqualify; the lead as it is from now on.

    A call needs a day, without a time from the start of the day; nurturing may have one; disqualifying needs a reason.

    Refused: NOT_ALLOWED, NOT_FOUND, STALE, WRONG_STAGE while field sales has the lead. Rejected: `step` INVALID, `on`
    REQUIRED or DATE_IN_PAST, `time` DATE_IN_PAST, `reason` REQUIRED, `note` TOO_LONG.
    """
    require(actor.role, Permission.EDIT_LEADS)
    now = deps.now()
    due = _due(plan, now, ZoneInfo(actor.zone))
    async with deps.writing(actor.team_id) as session:
        lead = await _locked(session, lead_id, lead_version)
        stage = Stage(lead.stage)
        columns: dict[str, Any] = {
            # A lead that is out has no next step; why it is out stands beside.
            "next_step": None if plan.step is NextStep.DISQUALIFY else plan.step.value,
            "next_step_at": due,
            "disqualify_reason": plan.reason.value if plan.step is NextStep.DISQUALIFY and plan.reason else None,
        }
        note = plan.note.strip()
        await move(session, actor, lead_id, stage, after_step(stage, plan.step), now, reason=note, **columns)
        detail = {
            "step": plan.step.value,
            "due": due.isoformat() if due else None,
            "reason": columns["disqualify_reason"],
            "note": note,
        }
        await audit(session, actor.member_id, NEXT_STEP_SET, f"leads:{lead_id}", detail, now)
        return await _line(session, lead_id)


async def reopen(deps: Deps, actor: Actor, lead_id: int) -> LeadLine:
    """Work a lead again that was out or in nurturing.

    Refused: NOT_ALLOWED, NOT_FOUND, ALREADY_DONE when it is being worked, WRONG_STAGE while field sales has it.
    """
    require(actor.role, Permission.EDIT_LEADS)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        lead = await _locked(session, lead_id, None)
        stage = Stage(lead.stage)
        if stage in (Stage.NEW, Stage.WORKING, Stage.SALES_QUALIFIED):
            raise Refused(Code.ALREADY_DONE, by=lead.owner)
        target = after_step(stage, NextStep.CALL)
        await move(
            session, actor, lead_id, stage, target, now, next_step=None, next_step_at=None, disqualify_reason=None
        )
        await audit(session, actor.member_id, "lead.reopen", f"leads:{lead_id}", {"from": stage.value}, now)
        return await _line(session, lead_id)


async def take_over(deps: Deps, actor: Actor, lead_id: int) -> LeadLine:
    """Become the owner of a colleague's lead.

    Refused: NOT_ALLOWED (members who hand leads off own them), NOT_FOUND, ALREADY_DONE for an own lead.
    """
    require(actor.role, Permission.HAND_OFF)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        lead = await _locked(session, lead_id, None)
        if lead.owner_id == actor.member_id:
            raise Refused(Code.ALREADY_DONE, by=lead.owner)
        await queries.change(session, lead_id, now, owner_id=actor.member_id)
        detail = {"from": lead.owner_id, "to": actor.member_id}
        await audit(session, actor.member_id, "lead.take_over", f"leads:{lead_id}", detail, now)
        return await _line(session, lead_id)


async def _locked(session: AsyncSession, lead_id: int, version: int | None) -> LeadRow:
    lead = await queries.line(session, lead_id, lock=True)
    if lead is None:
        raise Refused(Code.NOT_FOUND)
    if version not in (None, lead.version):
        raise Refused(Code.STALE, version=lead.version)
    return lead


async def _line(session: AsyncSession, lead_id: int) -> LeadLine:
    row = await queries.line(session, lead_id)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return lead_line(row)


def _due(plan: NextStepInput, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When a planned step is due; `Rejected` for a plan that is incomplete or in the past."""
    refusals = []
    local = now.astimezone(zone)
    if plan.step not in (NextStep.CALL, NextStep.NURTURE, NextStep.DISQUALIFY):
        refusals.append(Refused(Code.INVALID, "step"))
    if plan.step is NextStep.CALL and plan.on is None:
        refusals.append(Refused(Code.REQUIRED, "on"))
    if plan.step is NextStep.DISQUALIFY and plan.reason is None:
        refusals.append(Refused(Code.REQUIRED, "reason"))
    if len(plan.note) > MAX_NOTE:
        refusals.append(Refused(Code.TOO_LONG, "note", most=MAX_NOTE))
    due: datetime | None = None
    if plan.on is not None and plan.step is not NextStep.DISQUALIFY:
        due = datetime.combine(plan.on, plan.time or START_OF_DAY, zone)
        if plan.on < local.date():
            refusals.append(Refused(Code.DATE_IN_PAST, "on"))
        # Today without a time is always possible: it means during what is left of the day.
        elif plan.time is not None and due < now:
            refusals.append(Refused(Code.DATE_IN_PAST, "time"))
    if refusals:
        raise Rejected(*refusals)
    return due


async def add_person(session: AsyncSession, account_id: int, person: NewLead, phone: str, now: datetime) -> int:
    """Put a person whose texts are tidy (see `tidied`) at a company; the contact's id."""
    return await queries.add_contact(
        session,
        account_id=account_id,
        name=person.name,
        reading=person.reading,
        name_key=person_key(person.name),
        department=person.department,
        title=person.title,
        phone=phone,
        email=person.email,
        email_key=email_key(person.email),
        buying_role=person.buying_role.value,
        created_at=now,
    )


def tidied(new: NewLead) -> tuple[NewLead, str]:
    """What was typed, tidy, and the phone number as it is stored; `Rejected` with every field that is wrong."""
    tidy = replace(
        new,
        name=" ".join(new.name.split()),
        reading=_katakana(new.reading),
        department=new.department.strip(),
        title=new.title.strip(),
        phone=new.phone.strip(),
        email=unicodedata.normalize("NFKC", new.email).strip(),
        note=new.note.strip(),
    )
    refusals = []
    if tidy.account_id is None:
        refusals.append(Refused(Code.REQUIRED, "account_id"))
    if not person_key(tidy.name):
        refusals.append(Refused(Code.REQUIRED, "name"))
    limits = {"name": MAX_NAME, "reading": MAX_NAME, "department": MAX_NAME, "title": MAX_NAME, "note": MAX_NOTE}
    refusals += [
        Refused(Code.TOO_LONG, field, most=most) for field, most in limits.items() if len(getattr(tidy, field)) > most
    ]
    phone = _phone(tidy.phone)
    if tidy.phone and not phone:
        refusals.append(Refused(Code.INVALID, "phone"))
    if tidy.email and not is_email(tidy.email):
        refusals.append(Refused(Code.INVALID, "email"))
    if refusals:
        raise Rejected(*refusals)
    return tidy, phone


def _phone(typed: str) -> str:
    """The number as it is stored: E.164, an extension as typed, "" for what is no number."""
    number = phone_e164(typed)
    if number:
        return number
    return typed if len(typed) <= MAX_PHONE and _EXTENSION.search(unicodedata.normalize("NFKC", typed)) else ""


def _duplicates(person: NewLead, phone: str, there: Sequence[ContactKeys]) -> list[DuplicateMatch]:
    account_id = person.account_id or 0
    candidate = Person(account_id, person_key(person.name), phone, email_key(person.email))
    by_id = {row.contact_id: row for row in there}
    existing = [Person(account_id, row.name_key, row.phone, row.email_key, row.contact_id) for row in there]
    return [
        DuplicateMatch(by_id[found.id].lead_id, found.id, by_id[found.id].name, reasons)
        for found, reasons in likely_duplicates(candidate, existing)
        if found.id is not None
    ]


def _katakana(reading: str) -> str:
    """A reading as it is stored: katakana, words parted by one space."""
    wide = " ".join(unicodedata.normalize("NFKC", reading).split())
    return "".join(chr(ord(char) + 0x60) if "ぁ" <= char <= "ゖ" else char for char in wide)


def _word(typed: str) -> Word:
    """A word, or all that was typed, as it is looked for in each column."""
    plain = unicodedata.normalize("NFKC", typed).lower()
    # Stored numbers begin with the country: what follows the 0 of a number typed at home is a part of them.
    digits = re.sub(r"\D", "", plain).lstrip("0") if _NUMBER.fullmatch(plain) else ""
    company = parse(typed)
    return Word(
        name=person_key(typed),
        reading=_katakana(plain).replace(" ", "") if _KANA.fullmatch(plain) else "",
        phone=digits if len(digits) >= MIN_DIGITS else "",
        email=plain if plain.isascii() and len(plain) >= MIN_MAIL else "",
        # The last tier is the widest: the line holds one spelling of each word.
        company=company.tiers[-1].needles if company else (),
    )
