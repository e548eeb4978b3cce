"""Who counts afterwards: that nothing is lost, nothing doubled, and no two states are at odds."""

from __future__ import annotations

import asyncio
import email
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email.policy import default
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from bot.run import storage
from bot.settings import Settings
from domain.leads import Stage
from domain.model import Outcome, Reason
from domain.pipeline.recordings import Progress
from handlers.assistant_posts import ANSWERED
from handlers.i18n import LANGUAGES, translator
from handlers.model_words import REASONS
from handlers.posted import EVENT_TYPE
from services import audit, model
from services.deps import Deps
from services.outreach import roll_up
from storage.tables import (
    Call,
    Contact,
    Delivery,
    FormSubmission,
    Handoff,
    Lead,
    Mail,
    Meeting,
    MeetingSlot,
    Member,
    Qualification,
    Recording,
)
from tests.chaos.ledger import RAW
from tests.chaos.people import INBOUND
from tests.chaos.scene import FIELD, MANAGER, PATIENCE, Scene, who
from tests.kill.conftest import TEAM
from tests.servers.radicale import entries

OPEN = ("queued", "sending")
WITHOUT = [translator(language)(REASONS[Reason.FAILED]) for language in LANGUAGES]
"""What stands under a note for which the model was asked in vain."""
FEW = 20
"""More than these take a while, and the books are read less often meanwhile."""


@dataclass(frozen=True)
class Books:
    """Everything at the end: rows by table."""

    rows: dict[str, list[sa.Row[Any]]]
    entries: list[str]
    """The ids of the events in the calendar of who has one."""
    unfinished: list[str]
    """Work that the queue engine has not brought to its end."""
    under_way: list[str]
    """Calls of the language model that still count as under way an hour later."""
    begun_again: int
    """How much work ended for something that passes, and was begun again."""
    differing: list[object]
    """Rows of the calls' roll-ups that are not what the calls say."""
    broken: object | None
    """Where the audit log's chain is broken."""

    def __getitem__(self, table: str) -> list[sa.Row[Any]]:
        return self.rows[table]


async def wrongs(scene: Scene) -> list[str]:
    """One sentence for each thing that is not as it must be; [] when everything is right."""
    books = await _settled(scene)
    scene.ledger.begun_again = books.begun_again
    checks = (
        _deliveries,
        _letters,
        _handoffs,
        _calls,
        _submissions,
        _meetings,
        _calendar,
        _records,
        _answers,
        _what_people_read,
    )
    found = [f"unfinished work: {each}" for each in books.unfinished]
    found += [f"roll-up: {each}" for each in books.differing]
    found += [f"the model's calls: {each}" for each in books.under_way]
    found += [f"audit log: {books.broken}"] if books.broken is not None else []
    for check in checks:
        found += check(scene, books)
    return found


async def _settled(scene: Scene) -> Books:
    """The books, once nothing is open any more (or nothing has been done about it for too long).

    After a long run hundreds of cards may wait for one channel, which takes one every two seconds.
    """
    fewest, until = None, time.monotonic() + PATIENCE
    async with storage(Settings(_env_file=None, **scene.settings)) as deps:
        while True:
            books = await _read(scene, deps)
            still = [row for name in ("deliveries", "mails") for row in books[name] if row.state in OPEN]
            told = _cards_told(scene, books) and all(_said(scene, *each) for each in scene.ledger.asked)
            if not still and not books.unfinished and told:
                return books
            if fewest is None or len(still) < fewest:
                fewest, until = len(still), time.monotonic() + PATIENCE
            if time.monotonic() > until:
                return books
            await asyncio.sleep(0.2 if len(still) < FEW else 2.0)


async def _read(scene: Scene, deps: Deps) -> Books:
    tables = {
        "deliveries": sa.select(Delivery.key, Delivery.kind, Delivery.state, Delivery.ts, Delivery.posted_channel),
        "mails": sa.select(Mail.key, Mail.state, Mail.to_address),
        "handoffs": sa.select(Handoff.id, Handoff.lead_id, Contact.name)
        .join(Lead, Lead.id == Handoff.lead_id)
        .join(Contact, Contact.id == Lead.contact_id),
        "judged": sa.select(Qualification.lead_id, Contact.name)
        .join(Lead, Lead.id == Qualification.lead_id)
        .join(Contact, Contact.id == Lead.contact_id),
        "calls": sa.select(Call.note, Call.connection, Contact.name)
        .join(Lead, Lead.id == Call.lead_id)
        .join(Contact, Contact.id == Lead.contact_id),
        "submissions": sa.select(
            FormSubmission.id, FormSubmission.submission_id, FormSubmission.lead_id, FormSubmission.claimed_by
        ),
        "leads": sa.select(Lead.id, Lead.stage, Lead.owner_id, Contact.name).join(
            Contact, Contact.id == Lead.contact_id
        ),
        "meetings": sa.select(
            Meeting.id, Meeting.uid, Meeting.member_id, Meeting.starts_at, Meeting.ends_at, Contact.name
        )
        .join(Lead, Lead.id == Meeting.lead_id)
        .join(Contact, Contact.id == Lead.contact_id)
        .where(Meeting.status == "booked"),
        "slots": sa.select(MeetingSlot.meeting_id),
        "recordings": sa.select(Recording.id, Recording.source_key, Recording.progress, Recording.note),
        "members": sa.select(Member.id, Member.slack_user),
    }
    rows: dict[str, list[sa.Row[Any]]] = {}
    async with deps.database.snapshot(TEAM) as session:
        for name, statement in tables.items():
            rows[name] = list((await session.execute(statement)).all())
        schema = "dbos." if deps.database.dialect == "postgresql" else ""
        engine = await session.execute(
            sa.text(
                f"SELECT workflow_uuid, name, status, was_forked_from FROM {schema}workflow_status "  # noqa: S608 - no word from outside
                "WHERE status NOT IN ('SUCCESS', 'CANCELLED')"
            )
        )
        ended = list(engine)
        # What was begun again counts under the id that it has since then.
        unfinished = [f"{row.name} {row.workflow_uuid} is {row.status}" for row in ended if not row.was_forked_from]
    manager = await who(deps, MANAGER)
    # Whatever was sealed while processes died, and what nobody has come to seal.
    await audit.seal_team(deps, TEAM)
    checked = await audit.check(deps, TEAM)
    events = re.findall(r"^UID:(\S+)", await entries(scene.calendar_url, "ito"), re.MULTILINE)
    differing = list(await roll_up.check(deps, manager))
    later = replace(deps, now=lambda: deps.now() + timedelta(hours=1))
    calls = (await model.overview(later, manager)).calls
    under_way = [str(each) for each in calls if each.outcome == Outcome.UNDER_WAY]
    scene.ledger.done["model calls given up"] = sum(each.calls for each in calls if each.outcome == Outcome.GIVEN_UP)
    begun_again = len(ended) - len(unfinished)
    return Books(rows, events, unfinished, under_way, begun_again, differing, checked.broken)


def _twice(values: Iterator[Any] | list[Any], what: str) -> list[str]:
    return [f"{what} {value} is there {count} times" for value, count in Counter(values).items() if count > 1]


def _posts(scene: Scene) -> dict[str, list[tuple[str, str]]]:
    """Where messages stand, by the key of the delivery that posted them."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for conversation in scene.workspace.workspace.conversations.values():
        for message in conversation.messages.values():
            if message.metadata is not None and message.metadata["event_type"] == EVENT_TYPE:
                found[message.metadata["event_payload"]["key"]].append((conversation.id, message.ts))
    return found


def _deliveries(scene: Scene, books: Books) -> Iterator[str]:
    posts = _posts(scene)
    keys = {row.key for row in books["deliveries"]}
    for key, places in posts.items():
        if key not in keys:
            yield f"a message of {key}, which nobody enqueued"
        elif len(places) > 1:
            yield f"{key} was posted {len(places)} times"
    for row in books["deliveries"]:
        if row.state != "sent":
            yield f"the delivery {row.key} is {row.state}"
        elif row.ts is not None and row.key in posts and (row.posted_channel, row.ts) not in posts[row.key]:
            yield f"the delivery {row.key} stands elsewhere than its row says"


def _letters(scene: Scene, books: Books) -> Iterator[str]:
    arrived = [
        email.message_from_bytes(file.read_bytes(), policy=default) for file in sorted(scene.letters.glob("*.eml"))
    ]
    yield from _twice([message["Message-ID"] for message in arrived], "the letter")
    sent = [row for row in books["mails"] if row.state == "sent"]
    for row in books["mails"]:
        if row.state not in ("sent", "uncertain"):
            yield f"the letter {row.key} is {row.state}"
    if len({message["Message-ID"] for message in arrived}) < len(sent):
        yield f"{len(sent)} letters count as sent, {len(arrived)} arrived"


def _handoffs(scene: Scene, books: Books) -> Iterator[str]:
    names = [row.name for row in books["handoffs"]]
    yield from _twice(names, "the handoff of")
    # A second form that was made when the first was saved already is another judgement.
    judged = [row.lead_id for row in books["judged"] if row.name not in scene.ledger.judged_twice]
    yield from _twice(judged, "the judgement of lead")
    if set(names) != scene.ledger.handed_off:
        yield f"handed off and not read, or the other way round: {set(names) ^ scene.ledger.handed_off}"
    handed = {row.lead_id for row in books["handoffs"]}
    keys = {row.key for row in books["deliveries"]}
    for row in books["handoffs"]:
        if f"handoff:{row.id}" not in keys:
            yield f"the handoff {row.id} was never posted"
    for row in books["leads"]:
        if row.name.startswith("引継") and (row.stage == Stage.HANDED_OFF) != (row.id in handed):
            yield f"{row.name} is {row.stage}, and its handoffs say otherwise"


def _calls(scene: Scene, books: Books) -> Iterator[str]:
    ledger = scene.ledger
    # The team has a history too.
    calls = [row for row in books["calls"] if row.name.startswith("架電")]
    notes = [row.note for row in calls if row.note]
    yield from _twice(notes, "the call")
    for note in ledger.noted - set(notes):
        yield f"a call was saved and is not there: {note}"
    for note in set(notes) - ledger.typed:
        yield f"a call that nobody logged: {note}"
    clicked = Counter(row.name for row in calls if row.connection == "no_answer")
    for name, count in clicked.items():
        if count > ledger.clicked[name]:
            yield f"{name}: {ledger.clicked[name]} clicks made {count} calls"


def _submissions(scene: Scene, books: Books) -> Iterator[str]:
    by_id = {row.submission_id: row for row in books["submissions"]}
    yield from _twice([row.submission_id for row in books["submissions"]], "the submission")
    yield from _twice([row.lead_id for row in books["submissions"]], "the lead of submissions")
    yield from _twice([r.name for r in books["leads"] if r.name.startswith("問合")], "the lead")
    for submission, lead in scene.ledger.submitted.items():
        if submission not in by_id:
            yield f"the submission {submission} was taken and is not there"
        elif by_id[submission].lead_id != lead:
            yield f"the submission {submission} was said to be lead {lead}"
    owners = {row.id: row.owner_id for row in books["leads"]}
    for row in books["submissions"]:
        if row.claimed_by is not None and owners[row.lead_id] != row.claimed_by:
            yield f"the submission {row.submission_id} is claimed by one and owned by another"
    if not _cards_told(scene, books):
        yield f"cards do not say who has taken their submissions: {sorted(_told_wrongly(scene, books))}"


def _cards_told(scene: Scene, books: Books) -> bool:
    """Whether those submissions are offered to be taken that nobody has taken."""
    return not _told_wrongly(scene, books)


def _told_wrongly(scene: Scene, books: Books) -> set[int]:
    """The submissions of which a card, or the news that they wait, says otherwise than what is so."""
    screen = scene.person(MANAGER).screen(only=[INBOUND], limit=10_000)
    (channel,) = [c for c in screen["channels"] if c["id"] == INBOUND]
    buttons = [
        element
        for message in channel["messages"]
        if not message["ephemeral"]
        for block in message["blocks"] or ()
        for element in block.get("elements", ())
    ]
    offered = {int(each["value"]) for each in buttons if each.get("action_id") == "inbound.claim"}
    return offered ^ {row.id for row in books["submissions"] if row.claimed_by is None}


def _meetings(scene: Scene, books: Books) -> Iterator[str]:
    names = [row.name for row in books["meetings"]]
    yield from _twice(names, "the meeting with")
    if set(names) != scene.ledger.booked:
        yield f"booked and not read: {set(names) - scene.ledger.booked}"
        yield f"read and not booked: {scene.ledger.booked - set(names)}"
    by_rep: dict[int, list[sa.Row[Any]]] = defaultdict(list)
    for row in books["meetings"]:
        by_rep[row.member_id].append(row)
    for rows in by_rep.values():
        rows.sort(key=lambda row: row.starts_at)
        for one, next_one in pairwise(rows):
            if next_one.starts_at < one.ends_at:
                yield f"two meetings of one rep at once: {one.name}, {next_one.name}"
    booked = {row.id for row in books["meetings"]}
    if {row.meeting_id for row in books["slots"]} != booked:
        yield "times are taken by no meeting, or a meeting takes none"


def _calendar(scene: Scene, books: Books) -> Iterator[str]:
    """Each meeting of whoever has a calendar stands in it once, and nothing else does."""
    yield from _twice(books.entries, "the event")
    (field,) = [row.id for row in books["members"] if row.slack_user == FIELD]
    theirs = {row.uid for row in books["meetings"] if row.member_id == field}
    if theirs != set(books.entries):
        yield f"in the calendar and not booked, or the other way round: {theirs ^ set(books.entries)}"


def _records(scene: Scene, books: Books) -> Iterator[str]:
    """Each transcript that was dropped is a record, posted once; its note says where no model wrote it."""
    keys = {row.key for row in books["deliveries"]}
    posts = _posts(scene)
    by_file = {row.source_key.removeprefix("slack:"): row for row in books["recordings"]}
    for file in scene.ledger.dropped:
        row = by_file.get(file)
        if row is None:
            yield f"the transcript {file} was dropped, and nobody knows of it"
        elif row.progress != Progress.DONE or not row.note:
            yield f"the recording {row.id} is {row.progress}"
        elif f"recording:{row.id}:result" not in keys:
            yield f"the record {row.id} was never posted"
        else:
            why = row.note["unavailable"]
            scene.ledger.done["notes without the model" if why else "notes by the model"] += 1
            for channel, ts in posts.get(f"recording:{row.id}:result", []):
                message = scene.workspace.workspace.conversations[channel].messages[ts]
                if why not in ("", Reason.FAILED):
                    yield f"the record {row.id} was made without the model because of {why}"
                if bool(why) != any(f"'{each}'" in str(message.blocks) for each in WITHOUT):
                    yield f"the record {row.id} does not say who made it ({why!r}): {message.blocks}"


def _answers(scene: Scene, books: Books) -> Iterator[str]:
    """Each question to the assistant has an answer, or a sentence that says that there is none."""
    for channel, thread, asked in scene.ledger.asked:
        said = _said(scene, channel, thread, asked)
        if not said:
            promised = next((row.state for row in books["deliveries"] if row.key.endswith(f":{asked}")), "not heard")
            yield f"the question {asked} was never answered ({promised}): {_texts(scene, channel, thread)}"
        answers = [message for message in said if (message.metadata or {}).get("event_type") == ANSWERED]
        if len(answers) > 1:
            yield f"the question {asked} was answered {len(answers)} times"
        scene.ledger.done["answers" if answers else "answers broken off"] += 1
        for message in said if not answers else ():
            scene.ledger.tell(message.text)


def _texts(scene: Scene, channel: str, thread: str) -> list[str]:
    messages = scene.workspace.workspace.conversations[channel].messages.values()
    return [each.text for each in messages if each.thread_ts == thread]


def _said(scene: Scene, channel: str, thread: str, asked: str) -> list[Any]:
    """What the bot said in a thread after a message, except its greeting."""
    messages = scene.workspace.workspace.conversations[channel].messages.values()
    after = [each for each in messages if each.thread_ts == thread and each.ts > asked]
    return [each for each in after if each.metadata is not None or ":warning:" in str(each.blocks)]


def _what_people_read(scene: Scene, books: Books) -> Iterator[str]:
    for text in scene.ledger.told:
        if RAW.search(text):
            yield f"somebody read: {text}"
    for place in scene.ledger.lost:
        yield f"what was typed is gone: {place}"
    for conversation in scene.workspace.workspace.conversations.values():
        for message in conversation.messages.values():
            if RAW.search(f"{message.text} {message.blocks}".replace("None", "")):
                yield f"somebody read: {message.text}"
