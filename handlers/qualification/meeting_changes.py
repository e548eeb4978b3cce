"""A meeting changes: moved, given to another rep, cancelled, closed (work item 3-5)."""

from __future__ import annotations

from slack_sdk.models.blocks import Block, InputBlock, PlainTextObject, StaticSelectElement
from slack_sdk.models.views import View

from domain.errors import Code, Refused
from domain.members import Permission
from domain.qualification.meetings import MeetingStatus
from handlers.blocks import (
    VALUE,
    Choice,
    actions,
    button,
    context,
    modal,
    section,
    select_input,
    text_input,
)
from handlers.boundary import warning
from handlers.i18n import Markup, escape, mention
from handlers.interaction import Answer, Interaction, Reply, Update, metadata
from handlers.messages import Rendered
from handlers.qualification import meeting_form, meeting_messages
from handlers.qualification.meeting_messages import reader_of
from handlers.qualification.meeting_words import letter
from handlers.routes import Routes
from handlers.terms import MEETING_STATUSES
from services.qualification import meeting_changes as changes
from services.qualification import meetings as service
from services.qualification.meeting_records import Free, MeetingView, SlotTaken


def register(routes: Routes) -> None:
    """The buttons of a meeting's card and the forms they open."""
    routes.action("meeting.move", open_move, Permission.BOOK_MEETINGS)
    routes.view("meeting.move.submit", move, Permission.BOOK_MEETINGS)
    routes.action("meeting.reassign", open_reassign, Permission.BOOK_MEETINGS)
    routes.view("meeting.reassign.submit", reassign, Permission.BOOK_MEETINGS)
    routes.action("meeting.cancel", open_cancel, Permission.BOOK_MEETINGS)
    routes.view("meeting.cancel.submit", cancel, Permission.BOOK_MEETINGS)
    routes.action("meeting.held", held, Permission.CLOSE_MEETINGS)
    routes.action("meeting.no_show", no_show, Permission.CLOSE_MEETINGS)
    routes.action("meeting.was_cancelled", was_cancelled, Permission.CLOSE_MEETINGS)


def _head(interaction: Interaction, view: MeetingView) -> Block:
    reader = reader_of(interaction)
    time = escape(meeting_messages.time_line(reader, view))
    return section(Markup(f"{meeting_messages.who(view)}\n{time}　{mention(view.rep_slack_user)}"))


async def open_move(interaction: Interaction) -> Answer:
    """The rep's free slots."""
    view, free = await changes.slots_to_move(interaction.deps, interaction.actor.team_id, interaction.record)
    await interaction.open(_move_view(interaction, view, free))
    return None


def _move_view(interaction: Interaction, view: MeetingView, free: Free, warning: str = "") -> View:
    t, ours = interaction.t, interaction.actor.zone
    rep = free.of(view.rep_id)
    blocks = [_head(interaction, view)]
    if warning:
        blocks.insert(0, section(Markup(f":warning: *{warning}*")))
    if rep is None or not rep.slots:
        text = t.md(
            "*{name}* has no free time in the days ahead. Please give the meeting to another rep.", name=view.rep
        )
        return modal("meeting.move.nothing", t("Move the meeting"), [*blocks, section(text)], close=t("Close"))
    groups = meeting_form.slot_groups(t, rep.slots, ours, view.customer_zone, interaction.deps.now())
    element = StaticSelectElement(action_id=VALUE, option_groups=groups, placeholder=PlainTextObject(text=t("Choose")))
    label = PlainTextObject(text=t("New time"))
    told = t.md("The customer gets the new invitation at once.") if view.guests else t.md("Please tell the customer.")
    return modal(
        "meeting.move.submit",
        t("Move the meeting"),
        [*blocks, InputBlock(block_id="slot", label=label, element=element, optional=False), context(told)],
        submit=t("Move"),
        close=t("Close"),
        private_metadata=metadata(meeting=view.meeting_id, version=view.version),
    )


async def move(interaction: Interaction) -> Answer:
    """Move it; what is on the cards follows."""
    t, actor, given = interaction.t, interaction.actor, interaction.metadata
    chosen = meeting_form.chosen_slot(interaction.form.option("slot"), "slot")
    try:
        moved = await changes.move(
            interaction.deps,
            actor,
            actor.team_id,
            int(given["meeting"]),
            chosen.start,
            letter,
            version=int(given["version"]),
        )
    except SlotTaken as taken:
        view = await service.view(interaction.deps, actor.team_id, int(given["meeting"]))
        return Update(_move_view(interaction, view, taken.fresh, t("Somebody else has just taken this time.")))
    return _done(interaction, t("Move the meeting"), moved)


async def open_reassign(interaction: Interaction) -> Answer:
    """The reps who are free at that time."""
    view, free = await changes.slots_to_move(
        interaction.deps, interaction.actor.team_id, interaction.record, anybody=True
    )
    await interaction.open(_reassign_view(interaction, view, free))
    return None


def _reassign_view(interaction: Interaction, view: MeetingView, free: Free, warning: str = "") -> View:
    t = interaction.t
    others = [rep for rep in free.reps if rep.member_id != view.rep_id]
    # Those who are known to be free then come first; who is not may still say yes.
    others.sort(key=lambda rep: view.starts_at not in {slot.start for slot in rep.slots})
    blocks = [_head(interaction, view)]
    if warning:
        blocks.insert(0, section(Markup(f":warning: *{warning}*")))
    if not others:
        text = t.md("There is no other field-sales rep.")
        return modal("meeting.reassign.nobody", t("Another rep"), [*blocks, section(text)], close=t("Close"))
    choices = []
    for rep in others:
        free_then = view.starts_at in {slot.start for slot in rep.slots}
        state = t("free at that time") if free_then else t("perhaps not free at that time")
        choices.append(Choice(str(rep.member_id), rep.name, state))
    return modal(
        "meeting.reassign.submit",
        t("Another rep"),
        [*blocks, select_input("rep", t("Field sales"), choices, choices[0].value, optional=False)],
        submit=t("Give the meeting"),
        close=t("Close"),
        private_metadata=metadata(meeting=view.meeting_id, version=view.version),
    )


async def reassign(interaction: Interaction) -> Answer:
    """Give it to another rep."""
    t, actor, given = interaction.t, interaction.actor, interaction.metadata
    try:
        done = await changes.reassign(
            interaction.deps,
            actor,
            int(given["meeting"]),
            interaction.form.record("rep") or 0,
            letter,
            version=int(given["version"]),
        )
    except SlotTaken as taken:
        view = await service.view(interaction.deps, actor.team_id, int(given["meeting"]))
        return Update(_reassign_view(interaction, view, taken.fresh, t("This rep has no time then.")))
    return _done(interaction, t("Another rep"), done)


async def open_cancel(interaction: Interaction) -> Answer:
    """Ask for the reason, which nobody has to give."""
    t = interaction.t
    view = await service.view(interaction.deps, interaction.actor.team_id, interaction.record)
    told = (
        t.md("The customer is told by mail, without the reason.") if view.guests else t.md("Please tell the customer.")
    )
    await interaction.open(
        modal(
            "meeting.cancel.submit",
            t("Cancel the meeting"),
            [
                _head(interaction, view),
                text_input("reason", t("Reason"), multiline=True, max_length=changes.MAX_REASON),
                context(told),
            ],
            submit=t("Cancel the meeting"),
            close=t("Keep it"),
            private_metadata=metadata(meeting=view.meeting_id, version=view.version),
        )
    )
    return None


async def cancel(interaction: Interaction) -> Answer:
    """Cancel it."""
    actor, given = interaction.actor, interaction.metadata
    done = await changes.cancel(
        interaction.deps,
        actor,
        actor.team_id,
        int(given["meeting"]),
        interaction.form.text("reason"),
        letter,
        version=int(given["version"]),
    )
    return _done(interaction, interaction.t("Cancel the meeting"), done)


def _done(interaction: Interaction, title: str, view: MeetingView) -> Update:
    blocks = meeting_messages.card_blocks(reader_of(interaction), view)[:-1]
    return Update(modal("meeting.changed", title, blocks, close=interaction.t("Close")))


# Close


async def held(interaction: Interaction) -> Answer:
    """It took place."""
    return await _close(interaction, MeetingStatus.HELD)


async def no_show(interaction: Interaction) -> Answer:
    """Nobody came."""
    return await _close(interaction, MeetingStatus.NO_SHOW)


async def was_cancelled(interaction: Interaction) -> Answer:
    """It was called off."""
    return await _close(interaction, MeetingStatus.CANCELLED)


async def _close(interaction: Interaction, status: MeetingStatus) -> Answer:
    """The messages that show the meeting follow in a moment; what only this person sees is not edited, so there a line
    confirms it."""
    t = interaction.t
    try:
        closed = await changes.close(interaction.deps, interaction.actor, interaction.record, status, letter)
    except Refused as refused:
        if refused.code is not Code.INVALID:
            raise
        return Reply(warning(t("This meeting has not begun yet.")))
    if not interaction.body.get("container", {}).get("is_ephemeral"):
        return None
    text = t.md("Noted: *{status}*.", status=t(MEETING_STATUSES[closed.status]))
    row = [button(t("Open the lead"), "lead.show", closed.lead_id)]
    if status is not MeetingStatus.HELD:
        row.insert(0, button(t("Book another meeting"), "meeting.book", closed.lead_id, style="primary"))
    return Reply(Rendered(text, [section(text), actions(*row)]))
