"""Letters to customers and members: put down in the transaction that causes them, sent by the queue under their keys.

A letter is sent once. Its Message-ID follows from its key, and what the server surely did not take is tried again under
it. Where nobody can tell (the connection or the process was lost while the text went out), it stays `uncertain` and
whoever is waiting for it is told: a customer who gets a letter twice is worse off than a rep who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused
from domain.mail import SENDER, Audience, Sender, Trouble, refused
from domain.members import Permission, Role, require
from services import rules, smtp
from services.data.quality import email_key
from services.deliveries import DeliveryState
from services.deps import Actor, Deps
from services.smtp import Content, NoAddress, Unclear, Unsent
from storage import mails, members, suppressions
from storage.outbox import OUTSIDE_QUEUE
from storage.suppressions import MAIL
from storage.tables import Mail

SEND = "mail.send"
"""The task that sends a letter."""
FAILED = "mail.failed"
"""The delivery that tells somebody that a letter did not arrive; `arguments`: its `key`."""
SHOWN = "mail.shown"
"""The delivery that shows a letter in Slack instead of sending it; `arguments`: its `key`."""
OPT_OUT = "mail.opt_out"
"""The purpose of the signed link on which a reader opts out: [team, key of the letter]."""

LONGEST_PAUSE = 1800.0
TURNS = 55
"""How often a letter is tried before it is given up: with the longest pause between them, for a day."""
LISTED = 20


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to be sent.

    `key`: the same key is one letter, whatever happens. `text` is without the footer, which is added when it is sent;
    so is `html`, the body's content (no <html>). `invitation` is an iCalendar object and `method` its method.
    `language` is the footer's ("": the team's). `report_to` is the Slack user who is told if it does not arrive.
    `expires_at`: from then on it is pointless, and not sent.
    """

    key: str
    to_address: str
    subject: str
    text: str
    to_name: str = ""
    html: str = ""
    from_name: str = ""
    reply_to: str = ""
    invitation: str = ""
    method: str = ""
    contact_id: int | None = None
    audience: Audience = Audience.CUSTOMER
    language: str = ""
    report_to: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A letter as it was put down, and where it stands. `error` is a `Trouble` or the mail server's own words."""

    letter: Letter
    state: DeliveryState
    error: str | None
    written_at: datetime
    language: str
    sender: Sender
    opt_out: str
    """The address of the opt-out page; "" where no server of ours runs, and for members."""


class _Taken(Exception):
    """Somebody else has begun to send the letter."""


async def enqueue(deps: Deps, session: AsyncSession, letter: Letter) -> bool:
    """Send a letter when the transaction commits; False when its key was used before (then nothing happens).

    Whether the person opted out is asked when it is sent; forms ask before, with `may_write`.
    """
    added = await mails.add(
        session,
        {
            "key": letter.key,
            "to_address": letter.to_address,
            "to_name": letter.to_name,
            "from_name": letter.from_name,
            "reply_to": letter.reply_to,
            "subject": letter.subject,
            "text": letter.text,
            "html": letter.html,
            "invitation": letter.invitation,
            "method": letter.method,
            "audience": letter.audience.value,
            "language": letter.language,
            "report_to": letter.report_to,
            "expires_at": letter.expires_at,
            "state": DeliveryState.QUEUED.value,
            "contact_id": letter.contact_id,
            "created_at": deps.now(),
        },
    )
    if added:
        await _start(deps, session, letter.key)
    return added


async def may_write(session: AsyncSession, address: str, contact_id: int | None = None) -> bool:
    """Whether nobody asked not to be written to at this address."""
    if await suppressions.since(session, MAIL, email_key(address)) is not None:
        return False
    return contact_id is None or not await mails.opted_out(session, contact_id)


async def read(deps: Deps, team_id: str, key: str) -> Written | None:
    """A letter and where it stands."""
    async with deps.reading(team_id) as session:
        row = await mails.read(session, key)
        return None if row is None else await _written(deps, session, row)


async def due(deps: Deps, team_id: str, key: str) -> Written | None:
    """A letter whose turn has come, or None when it is not to be sent: because it has been, or must not be, which is
    put down and told."""
    async with deps.writing(team_id) as session:
        row = await mails.read(session, key)
        if row is None or row.state not in (DeliveryState.QUEUED, DeliveryState.SENDING):
            return None
        written = await _written(deps, session, row)
        if written.state is DeliveryState.SENDING:
            # A process ended while the text went out.
            await _settle(deps, session, written, DeliveryState.UNCERTAIN, "interrupted")
            return None
        trouble = await _trouble(deps, session, written.letter, written.sender)
        if trouble is None:
            return written
        await _settle(deps, session, written, DeliveryState.FAILED, trouble.value)
        return None


async def _trouble(deps: Deps, session: AsyncSession, letter: Letter, sender: Sender) -> Trouble | None:
    if letter.expires_at is not None and letter.expires_at <= deps.now():
        return Trouble.EXPIRED
    opted_out = not await may_write(session, letter.to_address, letter.contact_id)
    forbidden = refused(letter.audience, opted_out=opted_out, sender=sender)
    if forbidden is not None:
        return forbidden
    return Trouble.OFF if deps.mail is None and not deps.mail_shown else None


async def hand_over(
    deps: Deps, team_id: str, written: Written, content: Content, *, run: str, turn: int
) -> DeliveryState:
    """Give a letter that is due to the mail server, or show it in Slack; the state it is in then: `queued` means that
    it is tried again later. `run` and `turn` number the tries.
    """
    settled = partial(_settled, deps, team_id, written)
    server = deps.mail
    if server is None:
        return await _show(deps, team_id, written)
    try:
        message = smtp.compose(content, server.sender)
        to_address = smtp.address(content.to_address)
    except NoAddress:
        return await settled(DeliveryState.FAILED, Trouble.ADDRESS.value)
    try:
        await server.send(message, to_address, partial(_claim, deps, team_id, written.letter.key))
    except _Taken:
        return DeliveryState.SENDING
    except Unsent as unsent:
        if not unsent.transient or turn + 1 >= TURNS:
            return await settled(DeliveryState.FAILED, str(unsent))
        return await _postpone(deps, team_id, written.letter.key, run, turn, server.retry_seconds)
    except Unclear as unclear:
        return await settled(DeliveryState.UNCERTAIN, str(unclear))
    return await settled(DeliveryState.SENT, None)


async def _claim(deps: Deps, team_id: str, key: str) -> None:
    async with deps.writing(team_id) as session:
        if not await mails.mark_sending(session, key, deps.now()):
            raise _Taken(key)


async def _postpone(deps: Deps, team_id: str, key: str, run: str, turn: int, seconds: float) -> DeliveryState:
    pause = min(LONGEST_PAUSE, seconds * 2.0 ** min(turn, 30))
    async with deps.writing(team_id) as session:
        await mails.unmark(session, key)
        await _start(deps, session, key, run=run, turn=turn + 1, seconds=pause)
    return DeliveryState.QUEUED


async def _start(
    deps: Deps, session: AsyncSession, key: str, *, run: str = "", turn: int = 0, seconds: float = 0.0
) -> None:
    await deps.outbox.start_task(
        session,
        key=f"mail:{key}{run}#{turn}" if run or turn else f"mail:{key}",
        kind=SEND,
        arguments={"key": key, "run": run, "turn": turn},
        queue=OUTSIDE_QUEUE,
        delay_seconds=seconds,
    )


async def _show(deps: Deps, team_id: str, written: Written) -> DeliveryState:
    async with deps.writing(team_id) as session:
        reader = written.letter.report_to
        if not reader:
            admins = await members.of_roles(session, [Role.ADMIN.value])
            reader = admins[0].slack_user if admins else ""
        if await mails.settle(session, written.letter.key, DeliveryState.SENT, deps.now(), None) and reader:
            key = f"mail:{written.letter.key}:shown"
            arguments = {"key": written.letter.key}
            await deps.outbox.enqueue(session, key=key, kind=SHOWN, channel=reader, arguments=arguments, now=deps.now())
    return DeliveryState.SENT


async def _settled(
    deps: Deps, team_id: str, written: Written, state: DeliveryState, error: str | None
) -> DeliveryState:
    async with deps.writing(team_id) as session:
        await _settle(deps, session, written, state, error)
    return state


async def _settle(deps: Deps, session: AsyncSession, written: Written, state: DeliveryState, error: str | None) -> None:
    """Write the final state, and have whoever waits for the letter told in the same transaction if it is a bad one."""
    letter, now = written.letter, deps.now()
    changed = await mails.settle(session, letter.key, state, now, error)
    if changed and letter.report_to and state is not DeliveryState.SENT:
        await deps.outbox.enqueue(
            session,
            # A letter that is sent again may fail again, which is news.
            key=f"mail:{letter.key}:failed:{now.timestamp():.3f}",
            kind=FAILED,
            channel=letter.report_to,
            arguments={"key": letter.key},
            now=now,
        )


async def _written(deps: Deps, session: AsyncSession, row: Mail) -> Written:
    team = await members.team(session, row.team_id)
    audience = Audience(row.audience)
    letter = Letter(
        key=row.key,
        to_address=row.to_address,
        subject=row.subject,
        text=row.text,
        to_name=row.to_name,
        html=row.html,
        from_name=row.from_name,
        reply_to=row.reply_to,
        invitation=row.invitation,
        method=row.method,
        contact_id=row.contact_id,
        audience=audience,
        language=row.language,
        report_to=row.report_to,
        expires_at=row.expires_at,
    )
    sender = await rules.of(session, SENDER, Sender())
    if not sender.company and team is not None:
        # An answer goes out though nobody has said who writes; it names the team at least.
        sender = replace(sender, company=team.name)
    link = ""
    if audience is not Audience.MEMBER and deps.public_url:
        link = f"{deps.public_url}mail/opt-out/{deps.keys.sign(OPT_OUT, [row.team_id, row.key])}"
    return Written(
        letter,
        DeliveryState(row.state),
        row.error,
        row.created_at,
        row.language or (team.language if team else "ja"),
        sender,
        link,
    )


async def resume(deps: Deps, session: AsyncSession, run: str) -> int:
    """Take up the session's team's letters that are there already, and unknown to this queue; how many. `run` tells
    this time from all others."""
    keys = await mails.unfinished(session)
    for key in keys:
        await _start(deps, session, key, run=f"@{run}")
    return len(keys)


async def opt_out(deps: Deps, token: str) -> bool:
    """Never write to the reader of this link again; False when that was so already. Refused: INVALID, NOT_FOUND."""
    written = await opting_out(deps, token)
    team_id, _ = deps.keys.read(OPT_OUT, token)
    letter, now = written.letter, deps.now()
    key = email_key(letter.to_address)
    if not key:
        # The reader was erased since, and is left alone already.
        return False
    async with deps.writing(team_id) as session:
        await suppressions.hold(session, MAIL, key)
        new = await suppressions.add(
            session, MAIL, key, contact_id=letter.contact_id, member_id=None, reason="link", now=now
        )
        # No contact has the id 0: then only those with this address are marked.
        await suppressions.flag(session, MAIL, letter.contact_id or 0, key, now)
        if new:
            await members.audit(session, None, "mail.opt_out", f"mails:{letter.key}"[:64], {"key": letter.key}, now)
        return new


async def opting_out(deps: Deps, token: str) -> Written:
    """The letter from which a reader came to the opt-out page. Refused: INVALID, NOT_FOUND."""
    content = deps.keys.read(OPT_OUT, token)
    if not (isinstance(content, list) and len(content) == 2 and all(isinstance(part, str) for part in content)):
        raise Refused(Code.INVALID, "token")
    written = await read(deps, content[0], content[1])
    if written is None:
        raise Refused(Code.NOT_FOUND)
    return written


async def sender(deps: Deps, team_id: str) -> Sender:
    """Who writes the team's letters."""
    return await rules.read(deps, team_id, SENDER, Sender())


async def set_sender(deps: Deps, actor: Actor, sender: Sender) -> None:
    """Put down who writes. Refused: NOT_ALLOWED, REQUIRED on the field that is missing."""
    require(actor.role, Permission.EDIT_TEAM)
    for name in ("company", "address", "contact"):
        if not getattr(sender, name).strip():
            raise Refused(Code.REQUIRED, name)
    await rules.change(deps, actor, SENDER, sender)


async def troubled(deps: Deps, actor: Actor) -> Sequence[Written]:
    """Letters that did not arrive, or may not have, newest first. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.EDIT_TEAM)
    async with deps.reading(actor.team_id) as session:
        rows = await mails.in_states(session, (DeliveryState.FAILED, DeliveryState.UNCERTAIN), limit=LISTED)
        return [await _written(deps, session, row) for row in rows]


async def send_again(deps: Deps, actor: Actor, key: str) -> None:
    """Try a letter that did not arrive once more. Refused: NOT_ALLOWED, NOT_FOUND, ALREADY_DONE."""
    require(actor.role, Permission.EDIT_TEAM)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        if await mails.read(session, key) is None:
            raise Refused(Code.NOT_FOUND)
        if not await mails.again(session, key):
            raise Refused(Code.ALREADY_DONE)
        await _start(deps, session, key, run=f"@{now.timestamp():.3f}")
        await members.audit(session, actor.member_id, "mail.again", f"mails:{key}"[:64], {"key": key}, now)
