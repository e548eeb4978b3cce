"""Mails after a call or a meeting (work item 2-5): made ready, read by a person, and sent by that person's click.

The law's gates are asked before anything is written and again in the transaction that sends: nobody is written to who
asked not to be called or written to, and no mail goes out without the sender's details and a way to opt out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused
from domain.mail import SENDER, Sender
from domain.members import Permission, require
from domain.outreach.calls import INTENDED, Outcome
from domain.outreach.follow_ups import Occasion, check, occasion_of
from domain.outreach.scripts import LANGUAGES, spoken_name
from domain.qualification.meetings import MeetingStatus
from services import mail, rules
from services.deps import Actor, Deps
from services.outreach import lead_card
from services.outreach.lead_card import CallEntry, LeadCard
from storage import leads as lead_queries
from storage import mails as mail_queries
from storage import meetings as meeting_queries
from storage import members as member_queries
from storage import suppressions as suppression_queries
from storage.members import audit

CALLS_READ = 100
"""So many of a lead's calls and meetings are looked at."""
SENT = "lead.follow_up"
"""The audit log's name for it."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a mail is written from. `said` is the rep's own note of the last call; `today`: it follows something of
    this day; `me` and `us` write it."""

    lead_id: int
    contact: str
    account: str
    place: str
    to_address: str
    occasion: Occasion
    today: bool
    said: str
    pain: str
    me: str
    us: str
    names: tuple[str, ...]
    """Of everybody who may be named, to be masked where the team masks."""
    written: int
    """How many mails after a call or a meeting this person has been sent."""

    @property
    def surname(self) -> str:
        """The person's name as a mail addresses it."""
        return spoken_name(self.contact)


class WrittenMeanwhile(Refused):
    """The person was sent a mail that whoever asks did not know of; nothing was sent. Perhaps it was their own
    submission, whose answer was lost. `written`: how many it is now."""

    def __init__(self, written: int) -> None:
        super().__init__(Code.STALE)
        self.written = written


async def prepare(deps: Deps, actor: Actor, lead_id: int) -> FollowUp:
    """What a mail to a lead's person is written from.

    Refused: NOT_ALLOWED, NOT_FOUND, REQUIRED `email` where none is known, DO_NOT_WRITE for somebody who asked not to be
    called or written to, INCOMPLETE `sender` where the team has not said who writes, INCOMPLETE `opt_out` where nobody
    could opt out, since no server of ours is reached, INCOMPLETE `occasion` where nobody has spoken with the person.
    """
    require(actor.role, Permission.LOG_CALLS)
    shown = await lead_card.card(deps, actor, lead_id)
    async with deps.reading(actor.team_id) as session:
        sender = await _gates(deps, session, lead_id, shown.contact.contact_id, shown.contact.email)
        occasion, met_at = await _occasion(session, lead_id)
        written = await mail_queries.written_to(session, shown.contact.contact_id, _key(actor))
    call = next((e for e in shown.history if isinstance(e, CallEntry) and e.party in INTENDED), None)
    last = call.at if call and occasion is not Occasion.MEETING_HELD else met_at
    judged = shown.qualification
    return FollowUp(
        lead_id,
        shown.contact.name,
        shown.account.name,
        " ".join(part for part in (shown.contact.department, shown.contact.title) if part),
        shown.contact.email,
        occasion,
        last is not None and last.astimezone(ZoneInfo(actor.zone)).date() == deps.today(actor.zone),
        call.note if call else "",
        judged.answers.need.note if judged else "",
        actor.name,
        sender.company,
        names_in(shown, actor),
        written,
    )


def names_in(shown: LeadCard, actor: Actor) -> tuple[str, ...]:
    """Everybody who may be named in what is known of a lead."""
    people = (shown.contact.name, *(person.name for person in shown.people), shown.lead.owner, actor.name)
    told = (entry.by for entry in shown.history if entry.by)
    return tuple(dict.fromkeys(name for name in (*people, *told) if name))


async def send(
    deps: Deps,
    actor: Actor,
    lead_id: int,
    subject: str,
    text: str,
    *,
    language: str,
    request_key: str,
    written: int | None = None,
) -> bool:
    """Send the mail that the actor has read; False when this click sent it before. `written`: how many the person had
    been sent when it was opened; None: does not matter.

    Refused: as `prepare`; `WrittenMeanwhile` where it is more by now. Rejected: REQUIRED, TOO_LONG on `subject` and
    `text`.
    """
    require(actor.role, Permission.LOG_CALLS)
    subject, text = check(subject, text)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        lead = await lead_queries.line(session, lead_id, lock=True)
        contact = await lead_queries.contact(session, lead.contact_id) if lead else None
        if lead is None or contact is None:
            raise Refused(Code.NOT_FOUND)
        sender = await _gates(deps, session, lead_id, contact.id, contact.email)
        await _occasion(session, lead_id)
        writer = await member_queries.by_id(session, actor.member_id)
        letter = mail.Letter(
            key=f"{_key(actor)}{lead_id}:{request_key}"[:200],
            to_address=contact.email,
            to_name=contact.name,
            subject=subject,
            text=text,
            from_name=f"{actor.name} ({sender.company})",
            reply_to=writer.email if writer else "",
            contact_id=contact.id,
            language=language if language in LANGUAGES else actor.language,
            report_to=actor.slack_user,
        )
        before = await mail_queries.written_to(session, contact.id, _key(actor))
        if not await mail.enqueue(deps, session, letter):
            return False
        if written is not None and before > written:
            raise WrittenMeanwhile(before)
        await audit(session, actor.member_id, SENT, f"leads:{lead_id}", {"key": letter.key}, now)
    return True


def _key(actor: Actor) -> str:
    """How the keys of these mails begin."""
    return f"follow-up:{actor.team_id}:"


async def _occasion(session: AsyncSession, lead_id: int) -> tuple[Occasion, datetime | None]:
    """What the mail follows, and when the last meeting was held."""
    calls = [call for call in await lead_queries.calls(session, lead_id, CALLS_READ) if call.party in INTENDED]
    held = [
        meeting.starts_at
        for meeting in await meeting_queries.of_lead(session, lead_id, CALLS_READ)
        if meeting.status == MeetingStatus.HELD
    ]
    met_at = max(held, default=None)
    if not calls:
        return occasion_of(None, None, met_at), met_at
    outcome = Outcome(calls[0].outcome) if calls[0].outcome else None
    return occasion_of(outcome, calls[0].called_at, met_at), met_at


async def _gates(deps: Deps, session: AsyncSession, lead_id: int, contact_id: int, address: str) -> Sender:
    """Who writes, where the person may be written to."""
    marks = await suppression_queries.marks(session, lead_id)
    if marks.do_not_call_at is not None or marks.opted_out_at is not None:
        raise Refused(Code.DO_NOT_WRITE)
    if not address:
        raise Refused(Code.REQUIRED, "email")
    if not await mail.may_write(session, address, contact_id):
        raise Refused(Code.DO_NOT_WRITE)
    sender = await rules.of(session, SENDER, Sender())
    if not sender.complete:
        raise Refused(Code.INCOMPLETE, "sender")
    if not deps.public_url:
        raise Refused(Code.INCOMPLETE, "opt_out")
    return sender
