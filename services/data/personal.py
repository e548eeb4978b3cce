"""What is held about one person: found, disclosed to whoever it is about, and erased (work items 3-3, 4-4).

Erasing takes out who it was and leaves that something was: figures, references and moments stay, so what was reported
before is still true after. Numbers and addresses stay as keyed hashes, which tell nobody anything, but by which the
person is left alone when somebody adds them again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import phonenumbers
from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit import ENTRIES, ERASURE
from domain.data.quality import person_key
from domain.errors import Code, Refused
from domain.members import Permission, require
from domain.pipeline.recordings import Progress, Trouble
from domain.qualification.meetings import MeetingStatus
from services import audit, calendars
from services.data import scrubbing
from services.data.quality import REGION, email_key, is_email, phone_e164
from services.deps import Actor, Deps
from services.pipeline import knowledge
from services.qualification import meeting_news
from services.qualification.meeting_records import meeting_view
from storage import meetings, recordings, suppressions, work
from storage import personal as queries
from storage.members import audit as write_down
from storage.personal import CandidateRow, Held, Words
from storage.suppressions import MAIL, PHONE
from storage.tables import Contact

__all__ = [
    "Candidate",
    "Chosen",
    "Disclosure",
    "Erased",
    "Plan",
    "Record",
    "Words",
    "disclose",
    "erase",
    "find",
    "plan",
    "sweep",
]

LIMIT = 20
MIN_DIGITS = 4
MIN_TYPED = 2
MIN_NAME = 3
"""Letters that a name needs to be looked for in what was written about others: 林 stands in too many words."""
MOST_COLLEAGUES = 200
"""Where more people than these stand at one company, it is none: those whose company nobody knew are put together."""
UNPOST: Final = "person.unpost"
"""The task that takes the person out of our messages in Slack; `arguments`: `deliveries` and `slack_user`."""

HIDDEN: Final = frozenset(
    {
        "id",
        "team_id",
        "version",
        "request_key",
        "name_key",
        "email_key",
        "uid",
        "sequence",
        "salt",
        "digest",
        "hash",
        "seal",
        "key",
        "claimed_at",
        "arguments",
        "ts",
        "html",
        "invitation",
        "method",
        "erased_at",
        "attempt",
        "file_id",
        "guessed",
        "proposed_lead_id",
        "source_key",
        "swapped",
        "thread_ts",
        "policy_id",
        "candidates",
        "due_at",
        "team_due_at",
        "manager_due_at",
        "team_told_at",
        "manager_told_at",
        "reminded_at",
        "expires_at",
        "report_to",
        "state",
    }
)
"""Columns that say nothing of a person: how the product works, and other forms of what stands beside them."""
SHOWN_KEYS: Final = {"suppressions": frozenset({"key"})}
SECTIONS: Final = (
    "contacts",
    "leads",
    "form_submissions",
    "calls",
    "qualifications",
    "stage_changes",
    "handoffs",
    "handoff_returns",
    "meeting_offers",
    "meetings",
    "mails",
    "suppressions",
    "deliveries",
    "audit_log",
)
"""The tables in the order in which they are disclosed; those that come later stand behind."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person as found. `same`: candidates with the same number are probably one person."""

    contact_id: int
    name: str
    title: str
    account: str
    phone: str
    email: str
    leads: int
    same: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whom it is about: contacts, and an address that belongs to none of them where only letters went."""

    contact_ids: tuple[int, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it is disclosed: column → value. Members stand by their names, documents as `column.key`."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Everything that is held about a person: table → rows, and the companies they were found at."""

    made_at: datetime
    zone: str
    accounts: tuple[str, ...]
    sections: Mapping[str, tuple[Record, ...]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an erasure would reach: rows by table. `mentions`: rows about others in which the person is named or an
    address stands. `shared`: numbers and addresses that somebody else has too, and which so stay callable."""

    people: tuple[Candidate, ...]
    rows: Mapping[str, int]
    mentions: int
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: rows by table, rows about others that were rewritten, tasks of the queue, entries of
    calendars and messages in Slack that are being rewritten."""

    rows: Mapping[str, int]
    mentions: int
    tasks: int
    meetings: int
    messages: int


@dataclass(slots=True)
class _Found:
    """A person's rows, and the texts by which they are known elsewhere."""

    people: list[CandidateRow]
    held: Held
    texts: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    keys: set[tuple[str, str]] = field(default_factory=set)
    mentions: Held = field(default_factory=dict)


async def find(deps: Deps, actor: Actor, typed: str) -> list[Candidate]:
    """People by name, reading, number or address, in any width and spelling; those who are probably one person beside
    each other. Refused: NOT_ALLOWED; REQUIRED `text` for less than two letters."""
    require(actor.role, Permission.HANDLE_PERSONAL_DATA)
    text = unicodedata.normalize("NFKC", typed).strip()
    if len(text) < MIN_TYPED:
        raise Refused(Code.REQUIRED, "text")
    digits = re.sub(r"\D", "", text).lstrip("0") if re.fullmatch(r"[\d\s()+\-.]+", text) else ""
    address = email_key(text) if "@" in text else ""
    named = "" if digits or address else person_key(text)
    async with deps.reading(actor.team_id) as session:
        rows = await queries.find(
            session,
            name=named,
            reading=text if named else "",
            phone=phone_e164(text),
            digits=digits if len(digits) >= MIN_DIGITS else "",
            email=address,
            limit=LIMIT,
        )
    return _grouped(rows)


def _grouped(rows: Sequence[CandidateRow]) -> list[Candidate]:
    groups: list[set[str]] = []
    made = []
    for row in rows:
        keys = {f"contact:{row.id}"} | ({f"mail:{row.email_key}"} if row.email_key else set())
        keys |= {f"phone:{row.phone}:{row.name_key}"} if row.phone else set()
        place = next((at for at, group in enumerate(groups) if group & keys), len(groups))
        if place == len(groups):
            groups.append(set())
        groups[place] |= keys
        made.append(Candidate(row.id, row.name, row.title, row.account, row.phone, row.email, row.leads, place))
    return sorted(made, key=lambda candidate: (candidate.same, candidate.contact_id))


async def _look(session: AsyncSession, chosen: Chosen, *, elsewhere: bool = False) -> _Found:
    """The person's rows; with `elsewhere` also those about others that mention the person, for which every text of the
    team is read."""
    people = await queries.contacts(session, chosen.contact_ids)
    if len(people) != len(set(chosen.contact_ids)) or not (people or chosen.address):
        raise Refused(Code.NOT_FOUND)
    ids = [row.id for row in people]
    addresses = {row.email_key for row in people if row.email_key}
    if chosen.address:
        addresses.add(email_key(chosen.address))
    found = _Found(people, await queries.reached(session, ids, sorted(addresses)))
    if not found.held:
        raise Refused(Code.NOT_FOUND)
    typed_numbers, typed_addresses = await _typed(session, found.held)
    keys = {(PHONE, row.phone) for row in people if row.phone} | {(PHONE, number) for number in typed_numbers}
    keys |= {(MAIL, address) for address in (*addresses, *typed_addresses)}
    for channel, key in sorted(keys):
        column = Contact.phone if channel == PHONE else Contact.email_key
        if await queries.shared(session, ids, column, key):
            found.shared.append(key)
        else:
            found.keys.add((channel, key))
            found.texts += _numbers(key) if channel == PHONE else [key]
    found.texts += [row.email for row in people if row.email and row.email_key not in found.shared]
    names = [name for row in people for name in _names(row.name)]
    if elsewhere:
        found.mentions = await _mentions(session, found, ids, names)
    found.texts += names
    return found


async def _mentions(session: AsyncSession, found: _Found, ids: Sequence[int], names: Sequence[str]) -> Held:
    mentions = await queries.mentions(session, found.texts)
    # A name may be somebody else's too. At the person's own companies it is probably not.
    near = await queries.reached(session, await queries.colleagues(session, ids, MOST_COLLEAGUES), [])
    for table, rows in (await queries.mentions(session, names, near)).items():
        mentions[table] = sorted({*mentions.get(table, ()), *rows})
    own = {table: frozenset(keys) for table, keys in found.held.items()}
    others = {table: [key for key in rows if key not in own.get(table, ())] for table, rows in mentions.items()}
    return {table: keys for table, keys in others.items() if keys}


async def _typed(session: AsyncSession, held: Held) -> tuple[set[str], set[str]]:
    """Numbers and addresses that the person gave elsewhere than on the contact: in forms, for offers."""
    numbers, addresses = set(), set()
    for row in await queries.rows(session, "form_submissions", held.get("form_submissions", ())):
        numbers.add(phone_e164(str(row["fields"].get("phone", ""))))
        addresses.add(email_key(str(row["fields"].get("email", ""))))
    for row in await queries.rows(session, "meetings", held.get("meetings", ())):
        # Only the contact is known by name, and it is the first.
        addresses.update(email_key(guest) for guest in row["guests"][:1])
    for row in await queries.rows(session, "meeting_offers", held.get("meeting_offers", ())):
        addresses.add(email_key(row["email"]))
    return numbers - {""}, {address for address in addresses if is_email(address)}


def _numbers(number: str) -> list[str]:
    """A number as people write it."""
    spellings = [number]
    try:
        parsed = phonenumbers.parse(number, REGION)
    except phonenumbers.NumberParseException:
        return _wide(spellings)
    for form in (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL):
        written = phonenumbers.format_number(parsed, form)
        spellings += [written, re.sub(r"[^\d+]", "", written), written.replace("-", " ")]
    return _wide(spellings)


def _names(name: str) -> list[str]:
    """A name as people write it: with a space of either width, or none."""
    parts = name.split()
    if len(person_key(name)) < MIN_NAME:
        return []
    return list(dict.fromkeys((name, " ".join(parts), "\u3000".join(parts), "".join(parts))))


_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def _wide(spellings: Iterable[str]) -> list[str]:
    plain = list(dict.fromkeys(spellings))
    return [*plain, *(text.translate(_WIDE) for text in plain)]


# Disclosing


async def disclose(deps: Deps, actor: Actor, chosen: Chosen) -> Disclosure:
    """Everything that is held about a person. That it was asked for is written down.

    Refused: NOT_ALLOWED; NOT_FOUND, also for somebody who was erased.
    """
    require(actor.role, Permission.HANDLE_PERSONAL_DATA)
    async with deps.writing(actor.team_id) as session:
        found = await _look(session, chosen)
        names = await queries.member_names(session)
        tables = [*(t for t in SECTIONS if t in found.held), *(t for t in found.held if t not in SECTIONS)]
        sections: dict[str, tuple[Record, ...]] = {}
        for table in tables:
            rows = await queries.rows(session, table, found.held[table])
            sections[table] = tuple(_record(table, row, names) for row in rows)
        accounts = await queries.account_names(session, [row.id for row in found.people])
        for contact_id in chosen.contact_ids:
            await write_down(session, actor.member_id, "person.disclose", f"contacts:{contact_id}", {}, deps.now())
    return Disclosure(deps.now(), actor.team_zone, tuple(accounts), sections)


def _record(table: str, row: Mapping[str, Any], names: Mapping[int, str]) -> Record:
    references = queries.references(table)
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if value in (None, "", [], {}) or (name in HIDDEN and name not in SHOWN_KEYS.get(table, ())):
            continue
        if name in references:
            if references[name] == "members":
                shown[name] = names.get(value, "")
            continue
        shown.update(_flat(name, value))
    return Record(shown)


def _flat(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, each in value.items():
            if key != "digest":
                found |= _flat(f"{name}.{key}", each)
        return found
    if isinstance(value, list):
        return {name: ", ".join(map(_words, value))}
    return {name: value}


def _words(value: Any) -> str:
    """All that stands in a value, in its order."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return " ".join(filter(None, map(_words, value)))
    return "" if value is None else str(value)


# Erasing


async def plan(deps: Deps, actor: Actor, chosen: Chosen) -> Plan:
    """What an erasure would reach; nothing is changed. Refused: NOT_ALLOWED, NOT_FOUND."""
    require(actor.role, Permission.HANDLE_PERSONAL_DATA)
    async with deps.reading(actor.team_id) as session:
        found = await _look(session, chosen, elsewhere=True)
    people = _grouped(found.people)
    return Plan(tuple(people), _counts(found.held), sum(map(len, found.mentions.values())), tuple(found.shared))


def _counts(held: Held) -> dict[str, int]:
    return {table: len(held[table]) for table in (*SECTIONS, *held) if table in held}


async def erase(deps: Deps, actor: Actor, chosen: Chosen, words: Words) -> Erased:
    """Erase what is held about a person, all of it or nothing. `words` are the team's, for what stands in place of the
    name. What lies outside (messages in Slack, calendars) follows by the queue.

    Refused: NOT_ALLOWED; NOT_FOUND, also for somebody who was erased before.
    """
    require(actor.role, Permission.HANDLE_PERSONAL_DATA)
    now = deps.now()
    async with deps.reading(actor.team_id) as session:
        # Before the transaction, in which nobody else may write on SQLite: it reads every text.
        mentions = (await _look(session, chosen, elsewhere=True)).mentions
    async with deps.writing(actor.team_id) as session:
        await queries.lock(session, chosen.contact_ids)
        found = await _look(session, chosen)
        found.mentions = mentions
        ids = [row.id for row in found.people]
        await _leave_alone(session, found, ids, now)
        await audit.seal_all(session)
        uids = {str(row["uid"]) for row in await queries.rows(session, "meetings", found.held.get("meetings", ()))}
        entries = await queries.erase(session, found.held, words, now)
        # Whoever works on them holds in memory what is erased here, and would put it down again.
        recorded = found.held.get("recordings", ())
        under_way = [each.value for each in Progress if each not in (Progress.DONE, Progress.FAILED)]
        await recordings.stop(session, recorded, under_way, progress=Progress.FAILED.value, error=Trouble.ERASED.value)
        entries += await queries.erase_audited(session, found.mentions)
        redacted = _redacting(found.texts, words.person)
        await queries.replace(session, found.mentions, redacted)
        await knowledge.forget(session)
        tasks = await work.rewrite(session, lambda kind, given: _argued(kind, given, uids, words, redacted))
        entered = await _neutral(deps, session, found.held.get("meetings", ()))
        messages = await queries.posted(session, found.held.get("deliveries", ()))
        await _follow_up(deps, session, actor, ids, messages)
        counts = _counts(found.held)
        detail = {"contacts": ids, ENTRIES: sorted(entries), "rows": counts}
        await write_down(session, actor.member_id, ERASURE, f"contacts:{ids[0] if ids else 0}", detail, now)
    return Erased(counts, sum(map(len, found.mentions.values())), tasks, entered, len(messages))


async def sweep(deps: Deps, team_id: str, contact_ids: Sequence[int], words: Words) -> int:
    """Look through the queue once more for people who were erased: a task that was just at work may have put itself
    off with what it had read before. How many tasks were rewritten."""
    async with deps.writing(team_id) as session:
        held = await queries.reached(session, contact_ids, [])
        uids = {str(row["uid"]) for row in await queries.rows(session, "meetings", held.get("meetings", ()))}
        return await work.rewrite(session, lambda kind, given: _argued(kind, given, uids, words, lambda same: same))


async def _leave_alone(session: AsyncSession, found: _Found, ids: Sequence[int], now: datetime) -> None:
    """Put hashes in place of the person's stops, and stop what was not stopped yet."""
    for channel, key in sorted(found.keys):
        await suppressions.hold(session, channel, key)
        await suppressions.forget(session, channel, key, now)
    await suppressions.forget_people(session, ids)


async def _neutral(deps: Deps, session: AsyncSession, meeting_ids: Sequence[int]) -> int:
    """The time stays taken in the reps' calendars; what it was for goes. How many entries there are."""
    entered = 0
    for meeting_id in meeting_ids:
        row = await meetings.meeting(session, meeting_id)
        if row is not None and row.status != MeetingStatus.CANCELLED:
            view = meeting_view(row)
            key = f"meeting:{meeting_id}:erased"
            await calendars.enqueue_put(deps, session, view.rep_id, meeting_news.event_of(deps, view, ""), key)
            entered += 1
    return entered


def _redacting(texts: Iterable[str], word: str) -> Callable[[Any], Any]:
    """Puts the word in place of each of these texts, wherever it stands in a value."""
    wanted = sorted({text for text in texts if text}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, wanted)), re.IGNORECASE) if wanted else None

    def redacted(value: Any) -> Any:
        if isinstance(value, str):
            return pattern.sub(lambda _found: word, value) if pattern else value
        if isinstance(value, dict):
            return {key: redacted(each) for key, each in value.items()}
        if isinstance(value, list):
            return [redacted(each) for each in value]
        return value

    return redacted


def _argued(
    kind: str, given: dict[str, Any], uids: set[str], words: Words, redacted: Callable[[Any], Any]
) -> dict[str, Any]:
    """A task's arguments without the person."""
    event = given.get("event")
    if kind == calendars.WRITE and given.get("uid") in uids and isinstance(event, dict):
        nobody = {"summary": words.subject, "description": "", "location": "", "attendees": []}
        return {**given, "event": {**event, **nobody}}
    fresh: dict[str, Any] = redacted(given)
    return fresh


async def _follow_up(
    deps: Deps, session: AsyncSession, actor: Actor, ids: Sequence[int], messages: Sequence[str]
) -> None:
    run = uuid4().hex
    await deps.outbox.start_task(
        session,
        key=f"{UNPOST}:{actor.team_id}:{run}",
        kind=UNPOST,
        arguments={"deliveries": list(messages), "contacts": list(ids), "slack_user": actor.slack_user},
    )
    await scrubbing.start(deps, session, run)
