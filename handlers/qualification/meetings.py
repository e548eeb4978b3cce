"""`/meeting`: book, list, move, give to another rep, cancel, close, and the team's rules (work item 3-5)."""

from __future__ import annotations

from dataclasses import replace

from slack_sdk.models.blocks import Block, InputBlock, PlainTextObject, StaticSelectElement
from slack_sdk.models.views import View

from domain.errors import Code, Refused
from domain.members import Permission, Role, may
from domain.qualification.meetings import MeetingRules, MeetingStatus, Slot
from handlers import lead_lines
from handlers.blocks import (
    VALUE,
    Choice,
    actions,
    button,
    context,
    external_select,
    modal,
    number_input,
    section,
    select_input,
    text_input,
)
from handlers.forms import Form
from handlers.i18n import Markup, escape, mention
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Options, Reply, Update, metadata
from handlers.messages import Reader, Rendered
from handlers.qualification import meeting_form, meeting_messages, meeting_words
from handlers.qualification.meeting_form import Mode, State
from handlers.qualification.meeting_words import letter, offer_letter
from handlers.routes import Routes
from services.deps import Deps
from services.outreach import leads
from services.qualification import meeting_changes as changes
from services.qualification import meeting_news, meeting_offers, meeting_reminders
from services.qualification import meetings as service
from services.qualification.meeting_records import Free, MeetingView, Plan, SlotTaken

PICK = "meeting.pick"


def register(routes: Routes) -> None:
    """Commands, forms, buttons, messages, and the clock of the reminders."""
    routes.command(
        "meeting",
        "book",
        open_form,
        Permission.BOOK_MEETINGS,
        usage=_("book [name or company]"),
        summary=_("Book a meeting with field sales, or mail times to choose from"),
    )
    routes.command(
        "meeting", "list", show_list, Permission.READ, usage=_("list"), summary=_("Your meetings; managers see all")
    )
    routes.command(
        "meeting",
        "rules",
        open_rules,
        Permission.READ,
        usage=_("rules"),
        summary=_("How long meetings take, how early they are offered; managers can change it"),
    )
    routes.action("meeting.book", open_from_button, Permission.BOOK_MEETINGS)
    routes.action(PICK, picked, Permission.BOOK_MEETINGS)
    routes.select(PICK, own_leads, Permission.BOOK_MEETINGS)
    routes.view("meeting.pick.submit", picked_and_submitted, Permission.BOOK_MEETINGS)
    routes.action(meeting_form.REDRAW, redraw, Permission.BOOK_MEETINGS)
    routes.action(meeting_form.ZONES, redraw, Permission.BOOK_MEETINGS)
    routes.select(meeting_form.ZONES, zones, Permission.BOOK_MEETINGS)
    routes.view(meeting_form.SUBMIT, submit, Permission.BOOK_MEETINGS)
    routes.action("meeting.show", show, Permission.READ)
    routes.action("meeting.move", open_move, Permission.BOOK_MEETINGS)
    routes.view("meeting.move.submit", move, Permission.BOOK_MEETINGS)
    routes.action("meeting.reassign", open_reassign, Permission.BOOK_MEETINGS)
    routes.view("meeting.reassign.submit", reassign, Permission.BOOK_MEETINGS)
    routes.action("meeting.cancel", open_cancel, Permission.BOOK_MEETINGS)
    routes.view("meeting.cancel.submit", cancel, Permission.BOOK_MEETINGS)
    routes.action("meeting.held", held, Permission.CLOSE_MEETINGS)
    routes.action("meeting.no_show", no_show, Permission.CLOSE_MEETINGS)
    routes.action("meeting.was_cancelled", was_cancelled, Permission.CLOSE_MEETINGS)
    routes.view("meeting.rules.submit", save_rules, Permission.EDIT_TEAM)
    routes.delivery(meeting_news.CARD, meeting_messages.compose_card)
    routes.delivery(meeting_news.CARD_UPDATE, meeting_messages.compose_card_update)
    routes.delivery(meeting_news.NEWS, meeting_messages.compose_news)
    routes.delivery(meeting_news.REMINDER, meeting_messages.compose_reminder)
    routes.delivery(meeting_news.OUTCOME, meeting_messages.compose_outcome)
    routes.delivery(meeting_news.OUTCOME_UPDATE, meeting_messages.compose_outcome_update)
    routes.job("meeting-reminders", remind, seconds=30)


async def remind(deps: Deps) -> int:
    """What is due for every team's meetings; how much there was."""
    done = 0
    for team_id in await meeting_reminders.teams_due(deps):
        done += await meeting_reminders.remind(deps, team_id, letter)
    return done


def _reader(interaction: Interaction) -> Reader:
    return Reader(interaction.t, interaction.actor.zone, interaction.deps.now())


# Book


async def open_form(interaction: Interaction) -> Answer:
    """With a name that fits one lead: its form at once. Else a select of the leads that fit, or of one's own."""
    t = interaction.t
    if interaction.text:
        found = await leads.find(interaction.deps, interaction.actor, interaction.text)
        if not found:
            text = t.md(
                "No lead fits “{text}”. Search with `/lead find`, or add it with `/lead add`.", text=interaction.text
            )
            return Reply(Rendered(text, [section(Markup(f":mag: {text}"))]))
        if len(found) == 1:
            await interaction.open(await _form(interaction, State(found[0].lead_id)))
            return None
    await interaction.open(
        modal(
            "meeting.pick.submit",
            t("Book a meeting"),
            [
                external_select(
                    "lead",
                    t("Lead"),
                    PICK,
                    placeholder=t("Name or company"),
                    dispatch=True,
                    hint=t("Your own leads come first, the one called last on top."),
                )
            ],
            submit=t("Next"),
            close=t("Cancel"),
            private_metadata=metadata(text=interaction.text or None),
        )
    )
    return None


async def open_from_button(interaction: Interaction) -> Answer:
    """The form of the lead on whose card or message the button stands."""
    home = int(interaction.view.get("type") == "home") or None
    await interaction.open(await _form(interaction, State(int(interaction.value), home=home)))
    return None


async def own_leads(interaction: Interaction) -> Answer:
    """One's own leads, most recent call first; with something typed, every lead that fits."""
    t, zone, now = interaction.t, interaction.actor.zone, interaction.deps.now()
    text = interaction.text or str(interaction.metadata.get("text", ""))
    if text:
        found = await leads.find(interaction.deps, interaction.actor, text, limit=50)
    else:
        found = await leads.mine(interaction.deps, interaction.actor)
    return Options([lead_lines.choice(t, line, zone, now) for line in found])


async def picked(interaction: Interaction) -> Answer:
    """A lead was chosen: the modal turns into its form."""
    await interaction.redraw(await _form(interaction, State(int(interaction.value))))
    return None


async def picked_and_submitted(interaction: Interaction) -> Answer:
    """The same for those who press the button as well."""
    return Update(await _form(interaction, State(int(interaction.form.option("lead") or 0))))


async def _form(interaction: Interaction, state: State) -> View:
    draft = await service.prepare(
        interaction.deps, interaction.actor, state.lead_id, zone=state.zone, place=state.place
    )
    return meeting_form.form(interaction, draft, state)


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


async def _fix(interaction: Interaction, state: State, plan: Plan) -> Answer:
    t = interaction.t
    chosen = _slot(state.slot, meeting_form.slots_block(state.member_id, state.zone))
    made = await service.book(
        interaction.deps,
        interaction.actor,
        state.lead_id,
        chosen,
        plan,
        letter,
        request_key=str(interaction.view["id"]),
    )
    told = (
        t.md("The invitation goes to {addresses}.", addresses=t.listed(made.guests))
        if made.guests
        else t.md("There is no e-mail address, so no invitation is sent: please tell the customer.")
    )
    reader = _reader(interaction)
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
            [_slot(value, block) for value in state.candidates or ()],
            plan,
            offer_letter(greeting),
            request_key=str(interaction.view["id"]),
        )
    except Refused as refused:
        if refused.field != "candidates":
            raise
        raise Refused(refused.code, block, **refused.detail) from refused
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
    blocks = [section(Markup(f"✉️ {text}")), section(escape(times))]
    return Update(modal("meeting.sent", t("Times sent"), blocks, close=t("Close")))


def _slot(value: str | None, block: str) -> Slot:
    if value is None:
        raise Refused(Code.REQUIRED, block)
    try:
        return meeting_form.slot_of(value)
    except (ValueError, OverflowError) as not_ours:
        raise Refused(Code.INVALID, block) from not_ours


def _split(addresses: str) -> list[str]:
    for sign in "、，；;\n":
        addresses = addresses.replace(sign, ",")
    return [part.strip() for part in addresses.split(",")]


# List and card


async def show_list(interaction: Interaction) -> Answer:
    """One's meetings in order; managers see the team's."""
    t, reader = interaction.t, _reader(interaction)
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
    view = await service.view(interaction.deps, interaction.actor.team_id, int(interaction.value))
    rendered = meeting_messages.MeetingCard(view).render(_reader(interaction))
    if interaction.in_view or interaction.view:
        await interaction.open(
            modal("meeting.card", interaction.t("Meeting"), rendered.blocks, close=interaction.t("Close"))
        )
        return None
    return Reply(rendered)


# Move, give away, cancel


def _head(interaction: Interaction, view: MeetingView) -> Block:
    reader = _reader(interaction)
    time = escape(meeting_messages.time_line(reader, view))
    return section(Markup(f"{meeting_messages.who(view)}\n{time}　{mention(view.rep_slack_user)}"))


async def open_move(interaction: Interaction) -> Answer:
    """The rep's free slots."""
    view, free = await changes.slots_to_move(interaction.deps, interaction.actor.team_id, int(interaction.value))
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
    chosen = _slot(interaction.form.option("slot"), "slot")
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
        interaction.deps, interaction.actor.team_id, int(interaction.value), anybody=True
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
            int(interaction.form.option("rep") or 0),
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
    view = await service.view(interaction.deps, interaction.actor.team_id, int(interaction.value))
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
    blocks = meeting_messages.card_blocks(_reader(interaction), view)[:-1]
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
    closed = await changes.close(interaction.deps, interaction.actor, int(interaction.value), status, letter)
    if not interaction.body.get("container", {}).get("is_ephemeral"):
        return None
    text = t.md("Noted: *{status}*.", status=t(meeting_words.STATUSES[closed.status]))
    row = [button(t("Open the lead"), "lead.show", closed.lead_id)]
    if status is not MeetingStatus.HELD:
        row.insert(0, button(t("Book another meeting"), "meeting.book", closed.lead_id, style="primary"))
    return Reply(Rendered(text, [section(text), actions(*row)]))


# Rules


async def open_rules(interaction: Interaction) -> Answer:
    """A manager gets the modal, everybody else the rules in words."""
    t = interaction.t
    rules = await service.read_rules(interaction.deps, interaction.actor.team_id)
    if not may(interaction.actor.role, Permission.EDIT_TEAM):
        text = t.md(
            "A meeting takes {minutes} minutes with {buffer} minutes free after it. Times are offered from {notice} "
            "business minutes to {days} days ahead, between {first} and {last} of the customer's day.",
            minutes=rules.minutes,
            buffer=rules.buffer_minutes,
            notice=rules.notice_minutes,
            days=rules.horizon_days,
            first=rules.customer_from,
            last=rules.customer_to,
        )
        return Reply(Rendered(text, [section(text)]))

    def number(field: str, label: str, least: int, most: int, hint: str | None = None) -> Block:
        return number_input(field, label, getattr(rules, field), optional=False, least=least, most=most, hint=hint)

    blocks = [
        number("minutes", t("Length in minutes"), 15, 240),
        number("step_minutes", t("Times begin every … minutes"), 5, 120),
        number("buffer_minutes", t("Free time after a meeting, in minutes"), 0, 120),
        number("travel_minutes", t("Way there, and back, in minutes"), 0, 240, t("Where the place is an address.")),
        number("notice_minutes", t("Earliest, in business minutes from now"), 0, 2700),
        number("horizon_days", t("Latest, in days from now"), 1, 60),
        number("offer_days", t("Days a customer has to choose"), 1, 30),
        text_input("customer_from", t("Customers are met from"), rules.customer_from, optional=False, max_length=5),
        text_input(
            "customer_to",
            t("Customers are met until"),
            rules.customer_to,
            optional=False,
            max_length=5,
            hint=t("In the customer's own time, such as 18:00."),
        ),
        text_input("lunch_from", t("Lunch from"), rules.lunch_from, max_length=5),
        text_input("lunch_to", t("Lunch until"), rules.lunch_to, max_length=5, hint=t("Both empty: at any time.")),
        text_input(
            "place",
            t("Usual place"),
            rules.place,
            max_length=500,
            hint=t("A link or an address; leave empty for a telephone call."),
        ),
    ]
    await interaction.open(
        modal("meeting.rules.submit", t("Rules of meetings"), blocks, submit=t("Save"), close=t("Cancel"))
    )
    return None


async def save_rules(interaction: Interaction) -> Answer:
    """Put the rules down."""
    t, form = interaction.t, interaction.form
    numbers = {
        field: form.number(field)
        for field in (
            "minutes",
            "step_minutes",
            "buffer_minutes",
            "travel_minutes",
            "notice_minutes",
            "horizon_days",
            "offer_days",
        )
    }
    for field, value in numbers.items():
        if value is None:
            form.wrong(field, Code.REQUIRED)
    form.check()
    new = MeetingRules(
        **{field: value or 0 for field, value in numbers.items()},
        customer_from=form.text("customer_from"),
        customer_to=form.text("customer_to"),
        lunch_from=form.text("lunch_from"),
        lunch_to=form.text("lunch_to"),
        place=form.text("place"),
    )
    await service.change_rules(interaction.deps, interaction.actor, new)
    text = t.md("*Saved.* It holds for what is booked from now on.")
    return Update(modal("meeting.rules.saved", t("Rules of meetings"), [section(text)], close=t("Close")))
