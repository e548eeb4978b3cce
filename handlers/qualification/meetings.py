"""`/meeting`: book and list, and what the whole room answers (work item 3-5)."""

from __future__ import annotations

from dataclasses import replace

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.errors import Refused
from domain.members import Permission, Role
from handlers.blocks import (
    actions,
    button,
    context,
    modal,
    section,
)
from handlers.forms import Form
from handlers.i18n import Markup, escape, mention
from handlers.i18n import mark as _
from handlers.interaction import Answer, Errors, Interaction, Options, Reply, Update
from handlers.lead_choice import LeadChoice
from handlers.messages import Rendered
from handlers.qualification import meeting_changes, meeting_form, meeting_messages, meeting_rules, meeting_words
from handlers.qualification.meeting_form import Mode, State
from handlers.qualification.meeting_messages import reader_of
from handlers.qualification.meeting_words import letter, offer_letter
from handlers.routes import Routes
from services.deps import Deps
from services.qualification import meeting_news, meeting_offers, meeting_reminders
from services.qualification import meetings as service
from services.qualification.meeting_records import AddedMeanwhile, MeetingView, Plan, SlotTaken


def register(routes: Routes) -> None:
    """Commands, forms, buttons, messages, and the clock of the reminders."""
    routes.command(
        "meeting",
        "book",
        CHOICE.by_name,
        Permission.BOOK_MEETINGS,
        usage=_("book [name or company]"),
        summary=_("Book a meeting with field sales, or mail times to choose from"),
    )
    routes.command(
        "meeting", "list", show_list, Permission.READ, usage=_("list"), summary=_("Your meetings; managers see all")
    )
    routes.action("meeting.book", CHOICE.by_button, Permission.BOOK_MEETINGS)
    CHOICE.register(routes, Permission.BOOK_MEETINGS)
    routes.action(meeting_form.REDRAW, redraw, Permission.BOOK_MEETINGS)
    routes.action(meeting_form.ZONES, redraw, Permission.BOOK_MEETINGS)
    routes.select(meeting_form.ZONES, zones, Permission.BOOK_MEETINGS)
    routes.view(meeting_form.SUBMIT, submit, Permission.BOOK_MEETINGS)
    routes.action("meeting.offer.withdraw", withdraw, Permission.BOOK_MEETINGS)
    routes.action("meeting.show", show, Permission.READ)
    routes.delivery(meeting_news.CARD, meeting_messages.compose_card)
    routes.delivery(meeting_news.CARD_UPDATE, meeting_messages.compose_card_update)
    routes.delivery(meeting_news.NEWS, meeting_messages.compose_news)
    routes.delivery(meeting_news.REMINDER, meeting_messages.compose_reminder)
    routes.delivery(meeting_news.OUTCOME, meeting_messages.compose_outcome)
    routes.delivery(meeting_news.OUTCOME_UPDATE, meeting_messages.compose_outcome_update)
    routes.delivery(meeting_offers.RUN_OUT, meeting_messages.compose_run_out)
    meeting_changes.register(routes)
    meeting_rules.register(routes)
    routes.job("meeting-reminders", remind, seconds=30)


async def remind(deps: Deps) -> int:
    """What is due for every team's meetings; how much there was."""
    done = 0
    for team_id in await meeting_reminders.teams_due(deps):
        done += await meeting_reminders.remind(deps, team_id, letter)
    for team_id in await meeting_offers.teams_due(deps):
        done += await meeting_offers.run_out(deps, team_id)
    return done


# Book


async def _form(interaction: Interaction, state: State) -> View:
    draft = await service.prepare(
        interaction.deps, interaction.actor, state.lead_id, zone=state.zone, place=state.place
    )
    return meeting_form.form(interaction, draft, state)


async def _first(interaction: Interaction, lead_id: int) -> View:
    """The form as it is first seen."""
    home = int(interaction.view.get("type") == "home") or None
    return await _form(interaction, State(lead_id, home=home))


CHOICE = LeadChoice("meeting.pick", _("Book a meeting"), _first)


async def redraw(interaction: Interaction) -> Answer:
    """Something was chosen on which the rest depends."""
    state = meeting_form.read(interaction)
    await interaction.redraw(await _form(interaction, state))
    return None


async def zones(interaction: Interaction) -> Answer:
    """Time zones that fit what was typed."""
    return Options(meeting_form.zones(interaction.t, interaction.text, interaction.deps.now()))


async def submit(interaction: Interaction) -> Answer:
    """Fix the meeting or send the candidates. Where somebody was quicker, the form comes back with everything that was
    typed, and with what is free now."""
    t, state = interaction.t, meeting_form.read(interaction)
    form = interaction.form
    plan = Plan(
        subject=state.subject or "",
        place=state.place or "",
        guests=tuple(part for part in _split(state.guests or "") if part),
        customer_zone=state.zone,
        language=state.language,
    )
    try:
        if state.mode is Mode.FIX:
            return await _fix(interaction, state, plan)
        return await _send(interaction, state, plan, form)
    except SlotTaken:
        warning = t("Somebody else has just taken this time. Everything else is as you left it; please choose another.")
        return Update(await _form(interaction, replace(state, slot=None, warning=warning)))
    except AddedMeanwhile as added:
        # Perhaps by this very person, whose first submission was saved and its answer lost.
        return Update(await _form(interaction, replace(state, warning=_added(interaction, added.meeting))))


def _added(interaction: Interaction, meeting: MeetingView | None) -> str:
    t, ours = interaction.t, interaction.actor.zone
    if meeting is None:
        return t(
            "Times have been mailed to this customer since you opened this form. To send others in their place, "
            "press the button once more."
        )
    return t(
        "A meeting with this customer has been booked since you opened this form: {time} with {rep}. "
        "To book one more, press the button once more.",
        time=meeting_words.both(
            t, meeting.starts_at, meeting.ends_at, ours, meeting.customer_zone, now=interaction.deps.now()
        ),
        rep=meeting.rep,
    )


async def _fix(interaction: Interaction, state: State, plan: Plan) -> Answer:
    t = interaction.t
    block = meeting_form.slots_block(state.member_id, state.zone)
    chosen = meeting_form.chosen_slot(state.slot, block)
    try:
        made = await service.book(
            interaction.deps,
            interaction.actor,
            state.lead_id,
            chosen,
            plan,
            letter,
            request_key=str(interaction.view["id"]),
            seen=state.seen,
        )
    except (SlotTaken, AddedMeanwhile):
        raise
    except Refused as refused:
        if refused.field != "slot":
            raise
        return Errors({block: t("This time can no longer be chosen. Please choose another.")})
    told = (
        t.md("The invitation goes to {addresses}.", addresses=t.listed(made.guests))
        if made.guests
        else t.md("There is no e-mail address, so no invitation is sent: please tell the customer.")
    )
    reader = reader_of(interaction)
    blocks = [*meeting_messages.card_blocks(reader, made)[:-1], section(told)]
    return Update(modal("meeting.booked", t("Meeting booked"), blocks, close=t("Close")))


async def _send(interaction: Interaction, state: State, plan: Plan, form: Form) -> Answer:
    t = interaction.t
    greeting = form.text(meeting_form.greeting_block(state.member_id, state.language), required=True)
    form.check()
    block = meeting_form.candidates_block(state.member_id, state.zone)
    try:
        sent = await meeting_offers.send(
            interaction.deps,
            interaction.actor,
            state.lead_id,
            [meeting_form.chosen_slot(value, block) for value in state.candidates or ()],
            plan,
            offer_letter(greeting),
            request_key=str(interaction.view["id"]),
            seen=state.seen,
        )
    except Refused as refused:
        if refused.field == "candidates" and "least" in refused.detail:
            return Errors({block: t("Please choose {least} to {most} times.", **refused.detail)})
        if refused.field == "candidates":
            return Errors({block: t("This time can no longer be chosen. Please choose another.")})
        if "opted_out" in refused.detail:
            return Errors({"guests": t("This person does not want to be written to.")})
        raise
    now = interaction.deps.now()
    text = t.md(
        "*Sent to {address}.* The customer can choose until {until}; I will tell you at once.",
        address=sent.email,
        until=t.moment(sent.expires_at, interaction.actor.zone, now=now),
    )
    times = "\n".join(
        f"• {meeting_words.both(t, s.start, s.end, interaction.actor.zone, sent.zone, now=now)}"
        for s in sent.candidates
    )
    back = button(t("Take the times back"), "meeting.offer.withdraw", sent.offer_id)
    blocks = [section(Markup(f"✉️ {text}")), section(escape(times)), actions(back)]
    return Update(modal("meeting.sent", t("Times sent"), blocks, close=t("Close")))


async def withdraw(interaction: Interaction) -> Answer:
    """Take candidates back; who opens their link then reads that they are no longer offered."""
    await meeting_offers.withdraw(interaction.deps, interaction.actor, interaction.record)
    text = interaction.t.md("*Taken back.* The link in the mail no longer works.")
    return Reply(Rendered(text, [section(text)]))


def _split(addresses: str) -> list[str]:
    for sign in "、，；;\n":
        addresses = addresses.replace(sign, ",")
    return [part.strip() for part in addresses.split(",")]


# List and card


async def show_list(interaction: Interaction) -> Answer:
    """One's meetings in order; managers see the team's."""
    t, reader = interaction.t, reader_of(interaction)
    everybody = interaction.actor.role in (Role.MANAGER, Role.ADMIN)
    found = await service.upcoming(interaction.deps, interaction.actor, everybody=everybody)
    if not found:
        text = t.md("No meetings are booked. Book one with `/meeting book`.")
        return Reply(Rendered(text, [section(Markup(f"📅 {text}"))]))
    title = t("The team's meetings") if everybody else t("Your meetings")
    blocks: list[Block] = [section(Markup(f"*{escape(title)}*"))]
    for view in found[:20]:
        time = escape(meeting_messages.time_line(reader, view))
        line = Markup(f"*{time}*\n{meeting_messages.who(view)}　{mention(view.rep_slack_user)}")
        blocks.append(section(line, button(t("Open"), f"meeting.show#{view.meeting_id}", view.meeting_id)))
    more = len(found) - 20
    if more > 0:
        blocks.append(context(Markup(escape(t.plural("{n} more later", "{n} more later", more)))))
    return Reply(Rendered(title, blocks))


async def show(interaction: Interaction) -> Answer:
    """A meeting's card."""
    view = await service.view(interaction.deps, interaction.actor.team_id, interaction.record)
    rendered = meeting_messages.MeetingCard(view).render(reader_of(interaction))
    if interaction.in_view or interaction.view:
        await interaction.open(
            modal("meeting.card", interaction.t("Meeting"), rendered.blocks, close=interaction.t("Close"))
        )
        return None
    return Reply(rendered)
