"""What follows a change of a meeting, in its transaction: letters with the invitation, calendars, messages in Slack."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from domain.mail import Audience
from services import calendars, invitations, mail
from services.calendars import Event, Person
from services.deps import Deps
from services.mail import Letter
from services.qualification.meeting_records import MeetingView, Occasion, OfferView, Write, WriteOffer

CARD = "meeting.card"
"""The meeting in the direct messages of whoever holds it and whoever booked it; edited in place by CARD_UPDATE."""
CARD_UPDATE = "meeting.card.update"
NEWS = "meeting.news"
"""A change, told to those of ours who did not make it."""
REMINDER = "meeting.reminder"
OUTCOME = "meeting.outcome"
"""The question how it went; edited in place by OUTCOME_UPDATE."""
OUTCOME_UPDATE = "meeting.outcome.update"

MEETING_LINK = "meeting"
"""The purpose of the customer's link to a meeting: [team, meeting]."""
OFFER_LINK = "meeting.offer"
"""The purpose of the customer's link to candidates: [team, offer]."""


def meeting_link(deps: Deps, team_id: str, meeting_id: int) -> str:
    """The customer's address of a meeting; "" where no server of ours can be reached."""
    return f"{deps.public_url}meeting/{deps.keys.sign(MEETING_LINK, [team_id, meeting_id])}" if deps.public_url else ""


def offer_link(deps: Deps, team_id: str, offer_id: int) -> str:
    """The customer's address of an offer."""
    return f"{deps.public_url}book/{deps.keys.sign(OFFER_LINK, [team_id, offer_id])}" if deps.public_url else ""


def card_key(meeting_id: int, slack_user: str) -> str:
    """The delivery of the meeting's card to a member."""
    return f"meeting:{meeting_id}:card:{slack_user}"


def moment_key(starts_at: datetime) -> str:
    """A start in a key: what was due for another start is not due for this one."""
    return starts_at.strftime("%Y%m%dT%H%MZ")


def outcome_key(view: MeetingView) -> str:
    """The delivery of the question how a meeting went."""
    return f"meeting:{view.meeting_id}:outcome:{moment_key(view.starts_at)}:{view.rep_slack_user}"


def event_of(deps: Deps, view: MeetingView, description: str) -> Event:
    """The meeting as calendars keep it. Without an organizer it would be no invitation, so where nobody of ours has an
    address, it is the one that letters come from."""
    organizer = view.rep_email or view.booker_email or (deps.mail.sender if deps.mail else "")
    return Event(
        uid=view.uid,
        sequence=view.sequence,
        # In the customer's zone, so that the customer's calendar shows the time that the letter names.
        start=view.starts_at.astimezone(ZoneInfo(view.customer_zone)),
        end=view.ends_at.astimezone(ZoneInfo(view.customer_zone)),
        summary=view.subject,
        description=description,
        location=view.place,
        organizer=Person(organizer, view.rep),
        # Only the contact is known by name, and it is the first.
        attendees=tuple(Person(guest, view.contact if n == 0 else "") for n, guest in enumerate(view.guests)),
    )


def published(deps: Deps, team_id: str, view: MeetingView, write: Write) -> str:
    """The meeting as a file that calendars open. It invites nobody: that is what the letter's own is for."""
    words = write(Occasion.BOOKED, view, meeting_link(deps, team_id, view.meeting_id))
    return invitations.ics(replace(event_of(deps, view, words.description), attendees=()), "PUBLISH")


async def announce(
    deps: Deps,
    session: AsyncSession,
    view: MeetingView,
    occasion: Occasion,
    write: Write,
    *,
    by: str | None,
    was: MeetingView | None = None,
    quiet: bool = False,
) -> None:
    """Enqueue everything that follows a change. `by`: the Slack user who made it, None for the customer; `was`: the
    meeting before a move or another rep; `quiet`: the customer is not written to, because it is over."""
    team_id = session.info["team_id"]
    words = write(occasion, view, meeting_link(deps, team_id, view.meeting_id))
    event = event_of(deps, view, words.description)
    cancelled = occasion is Occasion.CANCELLED
    method = "CANCEL" if cancelled else "REQUEST"
    if not quiet:
        await write_to_guests(
            deps,
            session,
            view,
            occasion,
            write,
            key=f"meeting:{view.meeting_id}:{occasion}:{view.version}",
            method=method,
            attached=invitations.ics(event, method),
        )
    if was is not None and was.rep_id != view.rep_id:
        key = f"meeting:{view.meeting_id}:off:{was.rep_id}:{view.version}"
        await calendars.enqueue_remove(deps, session, was.rep_id, view.uid, key)
    key = f"meeting:{view.meeting_id}:calendar:{view.version}"
    if cancelled:
        await calendars.enqueue_remove(deps, session, view.rep_id, view.uid, key)
    else:
        await calendars.enqueue_put(deps, session, view.rep_id, event, key)
    await show(deps, session, view, was)
    if occasion is Occasion.BOOKED and by is not None:
        return
    # Whoever made the change knows of it already.
    people = {view.rep_slack_user, view.booker_slack_user} | ({was.rep_slack_user} if was else set())
    for slack_user in sorted(person for person in people if person and person != by):
        arguments: dict[str, object] = {"meeting_id": view.meeting_id, "occasion": occasion.value, "by": by}
        if was is not None:
            arguments |= {"was": was.starts_at.isoformat(), "was_rep": was.rep}
        await deps.outbox.enqueue(
            session,
            key=f"meeting:{view.meeting_id}:news:{view.version}:{slack_user}",
            kind=NEWS,
            channel=slack_user,
            arguments=arguments,
            now=deps.now(),
        )


async def show(deps: Deps, session: AsyncSession, view: MeetingView, was: MeetingView | None = None) -> None:
    """Bring the cards up to date; whoever has none yet gets one."""
    people = {view.rep_slack_user, view.booker_slack_user} | ({was.rep_slack_user} if was else set())
    for slack_user in sorted(person for person in people if person):
        key = card_key(view.meeting_id, slack_user)
        enqueue = partial(
            deps.outbox.enqueue,
            session,
            channel=slack_user,
            arguments={"meeting_id": view.meeting_id},
            now=deps.now(),
        )
        if not await enqueue(key=key, kind=CARD):
            await enqueue(key=f"{key}:{view.version}", kind=CARD_UPDATE)


async def write_to_guests(
    deps: Deps,
    session: AsyncSession,
    view: MeetingView,
    occasion: Occasion,
    write: Write,
    *,
    key: str,
    method: str = "",
    attached: str = "",
    expires_at: datetime | None = None,
) -> None:
    """Enqueue a letter to each of the customer's addresses."""
    words = write(occasion, view, meeting_link(deps, session.info["team_id"], view.meeting_id))
    letter = Letter(
        key=key,
        to_address="",
        subject=words.subject,
        text=words.text,
        from_name=f"{view.rep} ({view.team})",
        reply_to=view.rep_email or view.booker_email or "",
        invitation=attached,
        method=method,
        contact_id=view.contact_id,
        # It is about what the customer has agreed to.
        audience=Audience.ANSWER,
        language=view.language,
        report_to=view.booker_slack_user or view.rep_slack_user,
        expires_at=expires_at,
    )
    for place, guest in enumerate(view.guests):
        # Only the contact is known by name, and it is the first.
        name = view.contact if place == 0 else ""
        contact_id = view.contact_id if place == 0 else None
        await mail.enqueue(
            deps,
            session,
            replace(letter, key=f"{key}:{place}", to_address=guest, to_name=name, contact_id=contact_id),
        )


async def send_offer(deps: Deps, session: AsyncSession, view: OfferView, write: WriteOffer) -> None:
    """Enqueue the letter with the candidates."""
    words = write(view, offer_link(deps, session.info["team_id"], view.offer_id))
    await mail.enqueue(
        deps,
        session,
        Letter(
            key=f"offer:{view.offer_id}",
            to_address=view.email,
            to_name=view.contact,
            subject=words.subject,
            text=words.text,
            from_name=f"{view.booker} ({view.team})" if view.booker else view.team,
            reply_to=view.booker_email or "",
            contact_id=view.contact_id,
            language=view.language,
            report_to=view.booker_slack_user or "",
            expires_at=view.expires_at,
        ),
    )
