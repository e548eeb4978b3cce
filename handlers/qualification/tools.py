"""What this wing does for whoever asks the assistant: meetings and when they could be, handoffs and returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field
from slack_sdk.models.blocks import Block

from domain.errors import Code, Refused
from domain.members import Permission, Role, may
from domain.outreach.natural_time import Reading
from domain.qualification.meetings import Slot
from handlers import lead_lines
from handlers.blocks import Choice, actions, button, context, fields, section
from handlers.i18n import LANGUAGES, Markup, escape, mention, translator
from handlers.i18n import mark as _
from handlers.interaction import Interaction
from handlers.lead_names import OfLead, lead_of
from handlers.messages import Rendered
from handlers.moments import moment_of
from handlers.qualification import meeting_messages, meeting_words
from handlers.qualification.meeting_form import chosen_slot, value_of
from handlers.qualification.meeting_messages import place_markup, reader_of
from handlers.qualification.meeting_words import letter
from handlers.routes import Routes
from handlers.terms import RETURN_REASONS, STAGE_MARKS, STAGES
from handlers.tools import Arguments, Nothing, Planned, Which
from services import asked_days
from services.outreach import home
from services.outreach.home import HandoffGroup
from services.outreach.records import LeadLine
from services.qualification import meeting_slots, meetings, returned
from services.qualification.meeting_records import (
    AddedMeanwhile,
    Free,
    MeetingDraft,
    MeetingView,
    Plan,
    RepSlots,
    Seen,
    SlotTaken,
)

MOST_SLOTS = 5
MOST_MEETINGS = 15


def register(routes: Routes) -> None:
    """What can be asked for."""
    routes.tool("meetings", _("Meetings"), Meetings, meetings_, Permission.READ)
    routes.tool("free_slots", _("Free slots for meetings"), FreeSlots, free_slots, Permission.BOOK_MEETINGS)
    routes.tool("handoffs", _("Handoffs"), Handoffs, handoffs, Permission.READ)
    routes.tool("returned_handoffs", _("Returned handoffs"), ReturnedHandoffs, returned_handoffs, Permission.READ)
    routes.tool(
        "book_meeting",
        _("Book a meeting"),
        BookMeeting,
        book,
        Permission.BOOK_MEETINGS,
        writes=True,
        plan=plan_booking,
    )


# Meetings


class Meetings(Arguments):
    """Booked meetings in order: the user's own, for managers the team's."""

    when: str = Field("", description="The days, such as today, 明日, 来週 or 11/30; empty for all that are booked.")


async def meetings_(interaction: Interaction, arguments: Meetings) -> Rendered:
    """The meetings of the days that were named."""
    t, actor = interaction.t, interaction.actor
    everybody = actor.role in (Role.MANAGER, Role.ADMIN)
    found = await meetings.upcoming(interaction.deps, actor, everybody=everybody)
    days = await asked_days.days(interaction.deps, actor, arguments.when) if arguments.when else None
    if days is not None:
        zone = ZoneInfo(actor.zone)
        found = [view for view in found if days[0] <= view.starts_at.astimezone(zone).date() <= days[1]]
    title = t("The team's meetings") if everybody else t("Your meetings")
    if days is not None:
        title = f"{title}: {_days_text(interaction, days)}"
    blocks: list[Block] = [section(Markup(f"*{escape(title)}*"))]
    if not found:
        blocks.append(section(Markup(f"📅 {t.md('No meetings are booked.')}")))
    blocks += [_meeting_line(interaction, view) for view in found[:MOST_MEETINGS]]
    more = len(found) - MOST_MEETINGS
    if more > 0:
        blocks.append(context(escape(t.plural("{n} more later", "{n} more later", more))))
    return Rendered(title, blocks)


def _meeting_line(interaction: Interaction, view: MeetingView) -> Block:
    time = escape(meeting_messages.time_line(reader_of(interaction), view))
    line = Markup(f"📅 *{time}*\n{meeting_messages.who(view)}　{mention(view.rep_slack_user)}")
    return section(line, button(interaction.t("Open"), f"meeting.show#{view.meeting_id}", view.meeting_id))


def _days_text(interaction: Interaction, days: tuple[date, date]) -> str:
    t = interaction.t
    first, last = days
    return t.day(first) if first == last else f"{t.day(first)} – {t.day(last)}"


class FreeSlots(OfLead):
    """When field sales could meet a customer: free slots of the reps who fit the lead, or of all where none is named.
    Those of a lead can be booked with a click."""

    when: str = Field("", description="The days, such as 来週 or 11/30; empty for the soonest.")


async def free_slots(interaction: Interaction, arguments: FreeSlots) -> Rendered | Which:
    """The next free slots; for a lead, with a button that books each."""
    t, deps, actor = interaction.t, interaction.deps, interaction.actor
    if not arguments.name and arguments.lead_id is None:
        free = await meeting_slots.free(deps, actor.team_id, "", "", actor.team_zone)
        return await _slots_of_all(interaction, free, arguments.when)
    found = await lead_of(interaction, arguments)
    if not isinstance(found, LeadLine):
        return found
    draft = await meetings.prepare(deps, actor, found.lead_id)
    days = await asked_days.days(deps, actor, arguments.when) if arguments.when else None
    slots = _slots(draft.free, ZoneInfo(actor.zone), days)
    who = lead_lines.name(found)
    if not slots:
        return _none_free(interaction, found.lead_id, days)
    question = t.md("*Free slots for {name}*　Choose one to book it.", name=who)
    choices = [Choice(value_of(slot), _slot_label(interaction, draft.free, slot)) for slot in slots[:MOST_SLOTS]]
    return Which(question, "slot", choices, tool="book_meeting", given={"lead_id": found.lead_id})


async def _slots_of_all(interaction: Interaction, free: Free, when: str) -> Rendered:
    """A line for each rep, with the first slots."""
    t, actor = interaction.t, interaction.actor
    days = await asked_days.days(interaction.deps, actor, when) if when else None
    title = t.md("*Free slots for meetings*")
    if days is not None:
        title = t.md("*Free slots for meetings*　{days}", days=_days_text(interaction, days))
    blocks: list[Block] = [section(title)]
    for rep in free.reps:
        slots = [slot for slot in rep.slots if _within(slot, days, ZoneInfo(actor.zone))]
        now = interaction.deps.now()
        times = [
            f"{meeting_words.day(t, s.start, actor.zone, now=now)} {meeting_words.clock(s.start, actor.zone)}"
            for s in slots
        ]
        shown = t.listed(times[:MOST_SLOTS]) if times else t("none")
        more = t.plural("{n} more", "{n} more", len(times) - MOST_SLOTS) if len(times) > MOST_SLOTS else ""
        blocks.append(section(Markup(f"*{escape(rep.name)}*　{escape(shown)}　{escape(more)}".rstrip())))
    if not free.reps:
        blocks.append(section(t.md("Your team has no field-sales reps yet. An admin can give somebody that role.")))
    blocks.append(context(t.md("Name a lead, and I look for the reps who fit: “free slots for Yamada”.")))
    return Rendered(title, blocks[:50])


def _within(slot: Slot, days: tuple[date, date] | None, zone: ZoneInfo) -> bool:
    return days is None or days[0] <= slot.start.astimezone(zone).date() <= days[1]


def _slots(free: Free, zone: ZoneInfo, days: tuple[date, date] | None) -> list[Slot]:
    """The slots of those days in order, each time once: of the rep whose turn it is."""
    first: dict[datetime, Slot] = {}
    for rep in free.reps:
        for slot in rep.slots:
            if _within(slot, days, zone):
                first.setdefault(slot.start, slot)
    return [first[at] for at in sorted(first)]


def _none_free(interaction: Interaction, lead_id: int, days: tuple[date, date] | None) -> Rendered:
    t = interaction.t
    if days is not None:
        text = t.md("Nobody has a free slot: {days}.", days=_days_text(interaction, days))
    else:
        text = t.md("Nobody has a free slot.")
    other = button(t("Book a meeting"), "meeting.book", lead_id)
    return Rendered(text, [section(Markup(f"📅 {text}")), actions(other)])


def _slot_label(interaction: Interaction, free: Free, slot: Slot) -> str:
    t, actor = interaction.t, interaction.actor
    when = meeting_words.both(t, slot.start, slot.end, actor.zone, free.customer_zone, now=interaction.deps.now())
    rep = free.of(slot.member_id)
    return f"{when}　{rep.name}" if rep else when


class BookMeeting(OfLead):
    """Book a meeting of one lead with a field-sales rep at a time. The user confirms it first."""

    hidden: ClassVar[frozenset[str]] = frozenset({"slot", "guest", "seen"})

    when: str = Field("", description="When, in the user's own words, such as 来週火曜14時 or next Tuesday at 2pm.")
    slot: str = ""
    guest: str = ""
    seen: tuple[int, int] | None = None
    """The lead's newest meeting and newest offer when the user was asked (`Seen`)."""


async def plan_booking(interaction: Interaction, arguments: BookMeeting) -> Planned[BookMeeting] | Rendered | Which:
    """Who meets whom when, where and who is invited; another slot where that time is taken."""
    found = await lead_of(interaction, arguments)
    if not isinstance(found, LeadLine):
        return found
    t, deps, actor = interaction.t, interaction.deps, interaction.actor
    draft = await meetings.prepare(deps, actor, found.lead_id)
    if arguments.slot:
        return _planned(interaction, draft, chosen_slot(arguments.slot, "slot"))
    days = await asked_days.days(deps, actor, arguments.when) if arguments.when else None
    # A day alone, or nothing: the times at which somebody is free.
    if not arguments.when or _is_span(arguments.when, days):
        return _offered(interaction, draft, days, t.md("*When should {name} be met?*", name=lead_lines.name(found)))
    reading = await moment_of(interaction, arguments.when)
    if not isinstance(reading, Reading):
        return reading
    local = reading.at.date()
    if not reading.time_said:
        question = t.md("*When should {name} be met?*", name=lead_lines.name(found))
        return _offered(interaction, draft, (local, local), question)
    slot = _slot_at(draft.free, reading.at, actor.member_id)
    if slot is None:
        when = t.moment(reading.at, actor.zone, now=deps.now())
        question = t.md("*Nobody is free at {when}.* What about one of these?", when=when)
        return _offered(interaction, draft, (local, local), question)
    return _planned(interaction, draft, slot)


def _is_span(words: str, days: tuple[date, date] | None) -> bool:
    return bool(words) and days is not None and days[0] != days[1]


def _slot_at(free: Free, at: datetime, member_id: int) -> Slot | None:
    """The slot that begins then: one's own first, then that of the rep whose turn it is."""
    reps: Sequence[RepSlots] = sorted(free.reps, key=lambda rep: rep.member_id != member_id)
    return next((slot for rep in reps for slot in rep.slots if slot.start == at), None)


def _offered(
    interaction: Interaction, draft: MeetingDraft, days: tuple[date, date] | None, question: Markup
) -> Which | Rendered:
    """Free slots to choose from: of those days, else the soonest."""
    zone = ZoneInfo(interaction.actor.zone)
    slots = _slots(draft.free, zone, days) or _slots(draft.free, zone, None)
    if not slots:
        return _none_free(interaction, draft.lead.lead_id, days)
    choices = [Choice(value_of(slot), _slot_label(interaction, draft.free, slot)) for slot in slots[:MOST_SLOTS]]
    return Which(question, "slot", choices)


def _planned(
    interaction: Interaction, draft: MeetingDraft, slot: Slot, *, meanwhile: Block | None = None
) -> Planned[BookMeeting]:
    """`meanwhile`: what has happened since the asker was asked before."""
    t, actor = interaction.t, interaction.actor
    when = meeting_words.both(t, slot.start, slot.end, actor.zone, draft.free.customer_zone, now=interaction.deps.now())
    rep = draft.free.of(slot.member_id)
    guest = draft.contact.email
    invited = (
        t.md("The invitation goes to {addresses}.", addresses=guest)
        if guest
        else t.md("There is no e-mail address, so no invitation is sent: please tell the customer.")
    )
    text = t.md("*Book a meeting*　{name}: {when}", name=lead_lines.name(draft.lead), when=when)
    blocks: list[Block] = [
        section(Markup(f"📅 *{escape(t('Book a meeting'))}*　{escape(lead_lines.name(draft.lead))}")),
        *fields(
            [
                (t("Date and time"), escape(when)),
                (t("Field sales"), mention(rep.slack_user) if rep else escape("–")),
                (t("Place"), place_markup(t, draft.free.rules.place)),
            ]
        ),
        context(invited),
    ]
    if meanwhile is not None:
        blocks.insert(0, meanwhile)
    elif draft.upcoming:
        other = draft.upcoming[0]
        at = t.moment(other.starts_at, actor.zone, now=interaction.deps.now())
        blocks.append(context(t.md(":warning: There is a meeting with this lead already: {at}", at=at)))
    settled = BookMeeting(
        name="",
        lead_id=draft.lead.lead_id,
        when="",
        slot=value_of(slot),
        guest=guest,
        seen=(draft.seen.meeting_id, draft.seen.offer_id),
    )
    return Planned(Rendered(text, blocks), settled, t("Book it"))


async def book(interaction: Interaction, arguments: BookMeeting) -> Rendered | Planned[BookMeeting]:
    """Fix the meeting; somebody may have been quicker, and then nothing is booked. Where this customer has got another
    meeting since the asker was asked, they are asked again."""
    if arguments.lead_id is None:
        raise Refused(Code.REQUIRED)
    t, deps, actor = interaction.t, interaction.deps, interaction.actor
    draft = await meetings.prepare(deps, actor, arguments.lead_id)
    plan = Plan(
        subject=meeting_words.default_subject(translator(draft.language), draft.lead.account, draft.team),
        place=draft.free.rules.place,
        guests=(arguments.guest,) if arguments.guest else (),
        customer_zone=draft.free.customer_zone,
        language=draft.language if draft.language in LANGUAGES else "ja",
    )
    slot = chosen_slot(arguments.slot, "slot")
    try:
        made = await meetings.book(
            deps,
            actor,
            arguments.lead_id,
            slot,
            plan,
            letter,
            request_key=f"asked:{interaction.value}",
            seen=Seen(*arguments.seen) if arguments.seen else None,
        )
    except AddedMeanwhile as added:
        if added.meeting is None:
            raise
        return _asked_again(interaction, draft, slot, added.meeting)
    except SlotTaken:
        text = t.md("Somebody else has just taken this time. Nothing was booked.")
        other = button(t("Book a meeting"), "meeting.book", arguments.lead_id, style="primary")
        return Rendered(text, [section(Markup(f":warning: {text}")), actions(other)])
    return _booked(interaction, made)


def _booked(interaction: Interaction, made: MeetingView) -> Rendered:
    text = interaction.t.md("*Meeting booked.*")
    return Rendered(text, [section(Markup(f"✅ {text}")), *meeting_messages.card_blocks(reader_of(interaction), made)])


def _asked_again(
    interaction: Interaction, draft: MeetingDraft, slot: Slot, added: MeetingView
) -> Rendered | Planned[BookMeeting]:
    t, ours = interaction.t, interaction.actor.zone
    if (added.starts_at, added.rep_id) == (slot.start, slot.member_id):
        # Asked for twice, and the other one was confirmed first.
        return _booked(interaction, added)
    both = meeting_words.both(t, added.starts_at, added.ends_at, ours, added.customer_zone, now=interaction.deps.now())
    text = t.md(
        ":warning: A meeting with this customer has been booked since I asked you: {time} with {rep}. "
        "To book one more, click once more.",
        time=both,
        rep=added.rep,
    )
    seen = Seen(max(draft.seen.meeting_id, added.meeting_id), draft.seen.offer_id)
    return _planned(interaction, replace(draft, seen=seen), slot, meanwhile=section(text))


# Handoffs


class Handoffs(Nothing):
    """Handoffs that wait for an answer of field sales: those the user sent, those the user is to answer, for managers
    the team's; with how long they have been overdue."""


async def handoffs(interaction: Interaction, _arguments: Handoffs) -> Rendered:
    """What waits, grouped by whose turn it is."""
    t = interaction.t
    found = await home.by_stage(interaction.deps, interaction.actor)
    groups = [
        (t("Handoffs waiting for your answer"), found.to_answer, True),
        (t("My handoffs waiting for field sales"), found.sent, False),
        (t("Handoffs waiting in the team"), found.team, False),
    ]
    title = t("Handoffs")
    blocks: list[Block] = []
    said = [title]
    for label, group, answering in groups:
        if group is not None and (group.count or answering):
            said.append(f"{label}: {t.number(group.count)}")
            blocks += _handoff_group(interaction, label, group, answering=answering)
    if not blocks:
        text = t.md("No handoff waits for an answer.")
        blocks = [section(Markup(f"✅ {text}"))]
        said.append(text)
    return Rendered("\n".join(said), blocks)


def _handoff_group(interaction: Interaction, label: str, group: HandoffGroup, *, answering: bool) -> list[Block]:
    t, actor, now = interaction.t, interaction.actor, interaction.deps.now()
    count = t.plural("{n} handoff", "{n} handoffs", group.count)
    late = f"　🔴 {t.plural('{n} overdue', '{n} overdue', group.overdue)}" if group.overdue else ""
    blocks: list[Block] = [section(Markup(f"*{escape(label)}*　{escape(count)}{escape(late)}"))]
    for line in group.lines[:5]:
        facts = t.md(
            "{sender} → {receiver}　due {due}",
            sender=mention(line.from_slack_user),
            receiver=mention(line.to_slack_user),
            due=t.moment(line.due_at, actor.zone, now=now),
        )
        mark = "🔴" if line.overdue else "🟡"
        blocks.append(section(Markup(f"{mark} *{escape(line.contact)}*　{escape(line.account)}\n{facts}")))
        row = [button(t("Open the lead"), "lead.show", line.lead_id)]
        if answering and may(actor.role, Permission.TAKE_HANDOFF):
            row = [
                button(t("Accept"), "handoff.accept", line.handoff_id, style="primary"),
                button(t("Return"), "handoff.return", line.handoff_id),
                *row,
            ]
        blocks.append(actions(*row))
    more = group.count - min(len(group.lines), 5)
    if more > 0:
        blocks.append(context(escape(t.plural("{n} more", "{n} more", more))))
    return blocks


class ReturnedHandoffs(Nothing):
    """Handoffs that field sales gave back in the last 30 days, each with its reason and comment."""


async def returned_handoffs(interaction: Interaction, _arguments: ReturnedHandoffs) -> Rendered:
    """The newest returns, each with the way to its lead."""
    t, actor = interaction.t, interaction.actor
    found = await returned.lately(interaction.deps, actor)
    title = t.plural(
        "{n} handoff came back in the last {days} days",
        "{n} handoffs came back in the last {days} days",
        found.count,
        days=found.days,
    )
    blocks: list[Block] = [section(Markup(f"*{escape(title)}*"))]
    for each in found.newest:
        why = escape(t(RETURN_REASONS[each.returned.reason]))
        comment = f"　{escape(each.returned.comment)}" if each.returned.comment else ""
        at = t.moment(each.returned.at, actor.zone, now=interaction.deps.now())
        text = Markup(
            f"↩️ *{escape(each.contact)}*　{escape(each.account)}\n{why}{comment}\n"
            f"{escape(at)}　{escape(each.returned.by)} → {escape(each.sender)}　"
            f"{STAGE_MARKS[each.stage]} {escape(t(STAGES[each.stage]))}"
        )
        blocks.append(section(text, button(t("Open"), f"lead.show#{each.returned.handoff_id}", each.lead_id)))
    more = found.count - len(found.newest)
    if more > 0:
        blocks.append(context(escape(t.plural("{n} more", "{n} more", more))))
    return Rendered(title, blocks)
