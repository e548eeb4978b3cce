"""The first steps of a new team: a list on the home tab of those who decide, and each step one click away."""

from __future__ import annotations

from typing import Final

from slack_sdk.models.blocks import Block

from domain.errors import Code
from domain.members import Permission
from handlers import mail, model, team, team_members
from handlers.blocks import (
    actions,
    button,
    channel_input,
    confirm,
    context,
    divider,
    header,
    modal,
    number_input,
    section,
)
from handlers.forms import word
from handlers.i18n import Markup, Translator, escape, mention
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply
from handlers.messages import Rendered
from handlers.outreach import inbound
from handlers.performance import digests
from handlers.routes import Handler, Routes
from services import setup as service
from services import teams
from services.setup import Setup, Step

HANDOFFS: Final = "team.handoffs.submit"
NAMED: Final = 10
"""How many people without a calendar are named."""

TITLES: Final = {
    Step.ROLES: _("Who does what"),
    Step.COMPANIES: _("Companies and contacts"),
    Step.HANDOFFS: _("Channel of handoffs"),
    Step.DIGESTS: _("Channel of the daily figures"),
    Step.INBOUND: _("Channel of inquiries"),
    Step.HOURS: _("Working hours"),
    Step.SENDER: _("Sender of our mails"),
    Step.CALENDARS: _("Calendars of field sales"),
    Step.MODEL: _("Language model"),
}
REASONS: Final = {
    Step.ROLES: _("Lists, handoffs and figures follow the roles. Everybody starts in inside sales."),
    Step.COMPANIES: _("Send me a CSV file as a direct message: I show what is in it before anything is saved."),
    Step.HANDOFFS: _("There field sales finds what inside sales hands over."),
    Step.DIGESTS: _("Every morning the team reads there how yesterday went."),
    Step.INBOUND: _("Cards with a clock appear there as soon as somebody fills in a form on your website."),
    Step.HOURS: _("Due times and response times are counted in them."),
    Step.SENDER: _("The law asks for it at the end of mails to customers."),
    Step.CALENDARS: _("Then meetings are offered only when they are free. Each connects it with /meeting calendar."),
    Step.MODEL: _("Nothing is sent to it before you decide what, and how much it may cost in a month."),
}
OPENERS: Final[dict[Step, Handler]] = {
    Step.ROLES: team_members.open_members,
    Step.DIGESTS: digests.open_digests,
    Step.INBOUND: inbound.open_settings,
    Step.HOURS: team.open_hours,
    Step.SENDER: mail.open_sender,
    Step.MODEL: model.open_model,
}


def register(routes: Routes) -> None:
    """`/team setup`, `/team handoffs`, and the buttons of the list."""
    routes.command(
        "team",
        "setup",
        show,
        Permission.EDIT_TEAM,
        usage=_("setup"),
        summary=_("The first steps, and what of them is done (managers)"),
    )
    routes.command(
        "team",
        "handoffs",
        open_handoffs,
        Permission.EDIT_TEAM,
        usage=_("handoffs"),
        summary=_("The channel of handoffs, and how soon they are to be answered (managers)"),
    )
    routes.action("setup.step", open_step, Permission.EDIT_TEAM)
    routes.action("setup.hide", hide, Permission.EDIT_TEAM)
    routes.view(HANDOFFS, save_handoffs, Permission.EDIT_TEAM)


def blocks(t: Translator, setup: Setup, *, hides: bool = True) -> list[Block]:
    """What is left, each with its reason and its button; what is done in one line."""
    done = [step for step in Step if setup.done.get(step)]
    title = t("First steps　{done} of {all}", done=len(done), all=len(setup.done))
    shown: list[Block] = [divider(), header(title)]
    for step in Step:
        if setup.done.get(step, True):
            continue
        opens = step in OPENERS or step is Step.HANDOFFS
        text = f"*{escape(t(TITLES[step]))}*\n{escape(t(REASONS[step]))}"
        if step is Step.CALENDARS and setup.without_calendar:
            names = " ".join(mention(user) for user in setup.without_calendar[:NAMED])
            more = len(setup.without_calendar) - NAMED
            rest = escape(t.plural("and {n} more", "and {n} more", more)) if more > 0 else ""
            text += f"\n{escape(t('Not yet:'))} {names} {rest}".rstrip()
        press = button(t("Set up"), f"setup.step#{step}", step.value) if opens else None
        shown.append(section(Markup(f"⬜ {text}"), press, block_id=f"setup.{step}"))
    if done:
        shown.append(context(Markup("　".join(f"✅ {escape(t(TITLES[step]))}" for step in done))))
    if hides:
        asked = confirm(
            t("Hide the first steps?"),
            t("Nobody sees them on the home tab any more. /team setup still shows them."),
            t("Hide"),
            t("Keep"),
        )
        shown.append(actions(button(t("Hide these steps"), "setup.hide", confirm=asked), block_id="setup"))
    return shown


async def show(interaction: Interaction) -> Answer:
    """The list, for whoever asks, also when it is hidden."""
    t = interaction.t
    setup = await service.progress(interaction.deps, interaction.actor)
    if setup.complete:
        text = t("All first steps are done.")
        return Reply(Rendered(text, [section(Markup(f"✅ {escape(text)}"))]))
    listed = blocks(t, setup, hides=False)[1:]
    return Reply(Rendered(t("First steps"), listed))


async def open_step(interaction: Interaction) -> Answer:
    """The form of a step."""
    step = word(Step, interaction.value)
    if step is Step.HANDOFFS:
        return await open_handoffs(interaction)
    return await OPENERS[step](interaction)


async def hide(interaction: Interaction) -> Answer:
    """No list on the home tab from now on."""
    await service.hide(interaction.deps, interaction.actor)
    return None


async def open_handoffs(interaction: Interaction) -> Answer:
    """Where handoffs are posted, and how soon field sales should answer."""
    t = interaction.t
    now = await teams.settings(interaction.deps, interaction.actor)
    fields = [
        channel_input(
            "channel",
            t("Channel of handoffs"),
            now.handoff_channel,
            hint=t("Invite me there first: /invite."),
        ),
        number_input(
            "minutes",
            t("Answer within (minutes of working time)"),
            now.acknowledge_minutes,
            optional=False,
            least=teams.MIN_ACKNOWLEDGE_MINUTES,
            most=teams.MAX_ACKNOWLEDGE_MINUTES,
        ),
    ]
    await interaction.open(modal(HANDOFFS, t("Handoffs"), fields, submit=t("Save"), close=t("Cancel")))
    return None


async def save_handoffs(interaction: Interaction) -> Answer:
    """Another channel, another deadline from now on."""
    form = interaction.form
    channel, minutes = form.option("channel") or "", form.number("minutes")
    if minutes is None:
        form.wrong("minutes", Code.REQUIRED)
    form.check()
    await teams.set_handoffs(interaction.deps, interaction.actor, channel=channel, minutes=minutes)
    return None
