"""The handoff: its form, its post, the answers to it and its clock (work item 3-6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.errors import Code
from domain.leads import BuyingRole
from domain.members import Permission
from domain.qualification.handoff import Fit, HandoffStatus, Package, ReturnReason
from handlers import lead_lines, spoken
from handlers.blocks import (
    Choice,
    channel_input,
    context,
    modal,
    section,
    select_input,
    text_input,
)
from handlers.forms import record
from handlers.i18n import Markup, Translator, channel, escape, mention
from handlers.interaction import Answer, Interaction, Reply, Update, metadata
from handlers.messages import Message, Rendered
from handlers.qualification.handoff_post import HandoffAnswered, HandoffOverdue, HandoffPost, HandoffReminder
from handlers.qualification.words import bant_text
from handlers.routes import NotYet, Outgoing, Routes
from handlers.terms import BUYING_ROLES, FITS, RETURN_REASONS, choices
from services import deliveries
from services.deliveries import DeliveryState, Voice
from services.deps import Deps
from services.outreach.records import ContactFacts
from services.qualification import handoff as service
from services.qualification.handoff import HandoffDraft
from services.qualification.records import FieldRep, HandoffView
from services.targeting.records import AccountFacts

SECTION_LIMIT = 2800
"""Characters a section of the package may have, so that it fits one block of the post with its label."""

SUBMIT = "handoff.submit"


def register(routes: Routes) -> None:
    """Form, buttons, deliveries and the clock."""
    routes.view("handoff.begin", begin, Permission.HAND_OFF)
    routes.action("lead.hand_off", open_form, Permission.HAND_OFF)
    routes.view(SUBMIT, submit, Permission.HAND_OFF)
    routes.action("handoff.accept", accept, Permission.TAKE_HANDOFF)
    routes.action("handoff.return", open_return, Permission.TAKE_HANDOFF)
    routes.view("handoff.return.submit", return_, Permission.TAKE_HANDOFF)
    routes.delivery(service.POST, compose_post)
    routes.delivery(service.UPDATE, compose_update)
    routes.delivery(service.REMINDER, compose_reminder)
    routes.delivery(service.OVERDUE, compose_overdue)
    routes.delivery(service.ANSWERED, compose_answered)
    routes.job("handoff-acknowledgement", remind, seconds=20)


async def begin(interaction: Interaction) -> Answer:
    """From the verdict to the form, in the same modal."""
    return Update(await _form(interaction, int(interaction.metadata["lead"])))


async def open_form(interaction: Interaction) -> Answer:
    """The form from a lead's card."""
    await interaction.open(await _form(interaction, interaction.record))
    return None


async def _form(interaction: Interaction, lead_id: int) -> View:
    draft = await service.prepare(interaction.deps, interaction.actor, lead_id)
    return form(interaction.t, interaction, draft)


def form(t: Translator, interaction: Interaction, draft: HandoffDraft) -> View:
    """The six sections, prefilled, with the field-sales rep and the channel suggested."""
    package = draft.package
    # Where all have as much to do, that somebody has least of it says nothing.
    loads_differ = len({rep.load for rep in draft.suggestions}) > 1
    reps = [rep_choice(t, rep, loads_differ=loads_differ) for rep in draft.suggestions]
    blocks: list[Block] = [section(lead_lines.markup(t, draft.lead, interaction.actor.zone, interaction.deps.now()))]
    if draft.returned is not None:
        blocks.append(
            context(
                t.md(
                    "Returned last time by {name}: {reason} {comment}",
                    name=draft.returned.by,
                    reason=t(RETURN_REASONS[draft.returned.reason]),
                    comment=draft.returned.comment,
                )
            )
        )
    if not reps:
        text = t.md("Your team has no field-sales reps yet. An admin can give somebody that role.")
        return modal("handoff.nobody", t("Handoff"), [*blocks, section(text)], close=t("Close"))

    def part(field: str, label: str, value: str, *, optional: bool = False, hint: str | None = None) -> Block:
        return text_input(field, label, value, optional=optional, multiline=True, max_length=SECTION_LIMIT, hint=hint)

    blocks += [
        select_input(
            "to_member_id",
            t("Field sales"),
            reps,
            reps[0].value,
            optional=False,
            hint=t("Suggested: {name} ({why})", name=reps[0].label, why=reps[0].description or ""),
        ),
        channel_input("channel", t("Post to"), draft.channel),
        part("company", t("Company"), package.company or company_text(t, draft.account)),
        part("key_persons", t("Key persons"), package.key_persons or people_text(t, draft.contact, draft.people)),
        section(Markup(f"*{t('BANT')}*\n{escape(bant_text(t, draft.qualification.answers))}")),
        context(t.md("Goes into the post as a table, in the channel's language.")),
        part("background", t("Background"), package.background, hint=t("How did this lead come about, and why now?")),
        part("worries", t("Worries"), package.worries, hint=t("What holds the customer back?")),
        part("hopes", t("Hopes"), package.hopes, optional=True, hint=t("What should be better afterwards?")),
        part("call_summary", t("Call summary"), package.call_summary or spoken.summary(t, draft.summary)),
    ]
    return modal(
        SUBMIT,
        t("Handoff"),
        blocks,
        submit=t("Post"),
        close=t("Cancel"),
        private_metadata=metadata(lead=draft.lead.lead_id, qualification=draft.qualification.qualification_id),
    )


def rep_choice(t: Translator, rep: FieldRep, *, loads_differ: bool) -> Choice:
    """A field-sales rep and what speaks for them: 地域、業種 · 担当中 2件."""
    load = t.plural("{n} open", "{n} open", rep.load)
    fits = t.listed(t(FITS[fit]) for fit in rep.fits if loads_differ or fit is not Fit.LIGHTEST_LOAD)
    return Choice(str(rep.member_id), rep.name, f"{fits} · {load}" if fits else load)


def company_text(t: Translator, account: AccountFacts) -> str:
    """What is known about the company, one fact a line."""
    facts = [
        (t("Industry"), account.industry),
        (t("Employees"), t.number(account.employees) if account.employees is not None else ""),
        (t("Address"), account.address),
        (t("Website"), account.website),
        (t("Business"), account.business),
    ]
    return "\n".join([account.name, *(f"{label}: {value}" for label, value in facts if value)])


def people_text(t: Translator, contact: ContactFacts, others: tuple[ContactFacts, ...]) -> str:
    """The contact and the others at the company, those who decide first."""
    order = {role: place for place, role in enumerate(BUYING_ROLES)}
    people = sorted((contact, *others), key=lambda person: order[person.buying_role])
    lines = []
    for person in people:
        place = " ".join(part for part in (person.department, person.title) if part)
        role = "" if person.buying_role is BuyingRole.UNKNOWN else t(BUYING_ROLES[person.buying_role])
        details = t.listed(part for part in (place, role) if part)
        lines.append(f"{person.name}: {details}" if details else person.name)
    return "\n".join(lines)


async def submit(interaction: Interaction) -> Answer:
    """Save the handoff; its post is on its way when the modal says so."""
    t, form = interaction.t, interaction.form
    to_member, where = form.option("to_member_id"), form.option("channel")
    if to_member is None:
        form.wrong("to_member_id", Code.REQUIRED)
    if where is None:
        form.wrong("channel", Code.NO_CHANNEL)
    package = Package(
        company=form.text("company"),
        key_persons=form.text("key_persons"),
        background=form.text("background"),
        worries=form.text("worries"),
        hopes=form.text("hopes"),
        call_summary=form.text("call_summary"),
    )
    form.check()
    view = await service.post(
        interaction.deps,
        interaction.actor,
        int(interaction.metadata["lead"]),
        int(interaction.metadata["qualification"]),
        package,
        record(to_member or 0, "to_member_id"),
        str(where),
        request_key=str(interaction.view["id"]),
    )
    text = t.md(
        "*Handed off.* {receiver} will find it in {channel} and should answer by {due}. I will tell you the answer.",
        receiver=mention(view.to_slack_user),
        channel=channel(view.channel),
        due=t.moment(view.due_at, interaction.actor.zone, now=interaction.deps.now()),
    )
    return Update(modal("handoff.done", t("Handoff"), [section(Markup(f"🤝 {text}"))], close=t("Close")))


async def accept(interaction: Interaction) -> Answer:
    """Take the lead; the post says so in a moment. A card is not edited, so there a line confirms it."""
    t = interaction.t
    view = await service.accept(interaction.deps, interaction.actor, interaction.record)
    if not interaction.body.get("container", {}).get("is_ephemeral"):
        return None
    text = t.md("*Accepted.* {name} has been told.", name=view.from_name)
    return Reply(Rendered(text, [section(Markup(f"✅ {text}"))]))


async def open_return(interaction: Interaction) -> Answer:
    """Ask for the reason."""
    t = interaction.t
    view = await service.view(interaction.deps, interaction.actor.team_id, interaction.record)
    await interaction.open(
        modal(
            "handoff.return.submit",
            t("Return the handoff"),
            [
                section(Markup(f"*{escape(view.contact.name)}*　{escape(view.account.name)}")),
                select_input(
                    "reason", t("Reason"), choices(t, RETURN_REASONS), optional=False, placeholder=t("Choose")
                ),
                text_input(
                    "comment",
                    t("Comment"),
                    multiline=True,
                    max_length=1000,
                    hint=t("What would make this lead ready for you? {name} reads it.", name=view.from_name),
                ),
            ],
            submit=t("Return"),
            close=t("Cancel"),
            private_metadata=metadata(
                handoff=view.handoff_id,
                accepted=int(view.status is HandoffStatus.ACCEPTED),
                home=int(interaction.view.get("type") == "home"),
            ),
        )
    )
    return None


async def return_(interaction: Interaction) -> Answer:
    """Give the lead back."""
    form = interaction.form
    reason = form.required_choice("reason", ReturnReason, ReturnReason.OTHER)
    comment = form.text("comment")
    form.check()
    await service.return_(interaction.deps, interaction.actor, int(interaction.metadata["handoff"]), reason, comment)
    return None


async def remind(deps: Deps) -> int:
    """The clock of every team's handoffs; the number of those it rang for."""
    rang = 0
    for team_id in await service.teams_with_waiting(deps):
        rang += await service.remind_overdue(deps, team_id)
    return rang


async def compose_post(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """The post in the field-sales channel, as the handoff stands now."""
    view = await service.view(deps, team_id, int(arguments["handoff_id"]))
    return _outgoing(HandoffPost(view), await deliveries.team_voice(deps, team_id), view.channel, view)


async def compose_update(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The same post, edited in place."""
    view = await _posted(deps, team_id, arguments)
    if view is None:
        return None
    voice = await deliveries.team_voice(deps, team_id)
    return Outgoing(HandoffPost(view), voice.language, voice.zone, str(view.posted_channel), update_ts=view.ts)


async def compose_reminder(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The reminder in the post's thread, unless the answer came first."""
    view = await _posted(deps, team_id, arguments)
    if view is None or view.acknowledged_at is not None:
        return None
    voice = await deliveries.team_voice(deps, team_id)
    return Outgoing(HandoffReminder(view), voice.language, voice.zone, str(view.posted_channel), thread_ts=view.ts)


async def compose_overdue(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The news to a manager, unless the answer came first."""
    view = await service.view(deps, team_id, int(arguments["handoff_id"]))
    if view.acknowledged_at is not None:
        return None
    manager = str(arguments["channel"])
    return _outgoing(HandoffOverdue(view), await deliveries.member_voice(deps, team_id, manager), manager)


async def compose_answered(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """The answer, to the inside-sales rep."""
    view = await service.view(deps, team_id, int(arguments["handoff_id"]))
    voice = Voice(view.from_language, view.from_zone)
    return _outgoing(HandoffAnswered(view), voice, view.from_slack_user)


def _outgoing(message: Message, voice: Voice, to: str, view: HandoffView | None = None) -> Outgoing:
    return Outgoing(
        message, voice.language, voice.zone, to, report_to=view.from_slack_user if view is not None else None
    )


async def _posted(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> HandoffView | None:
    """The handoff once its post stands; None when it never will. Raises `NotYet` while the post is on its way."""
    handoff_id = int(arguments["handoff_id"])
    view = await service.view(deps, team_id, handoff_id)
    if view.ts is not None:
        return view
    post = await deliveries.posted(deps, team_id, f"handoff:{handoff_id}")
    if post is not None and post.state in (DeliveryState.QUEUED, DeliveryState.SENDING):
        raise NotYet(f"The post of handoff {handoff_id} is still on its way.")
    return None
