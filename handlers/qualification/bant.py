"""`/lead qualify`: the BANT modal and the verdict it ends with (work items 3-1 and 3-4)."""

from __future__ import annotations

from datetime import timedelta

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.leads import NextStep
from domain.members import Permission, may
from handlers import lead_lines, next_step
from handlers.blocks import actions, button, context, divider, external_select, modal, section
from handlers.i18n import Markup, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Options, Reply, Update, metadata
from handlers.messages import Rendered
from handlers.qualification import bant_form
from handlers.qualification.verdict import verdict_blocks
from handlers.qualification.words import policy_text
from handlers.routes import Routes
from services.outreach import leads
from services.qualification import bant as service
from services.qualification.bant import Judged, QualifyDraft

PICK = "lead.qualify.pick"
SUBMIT = "lead.qualify.submit"


def register(routes: Routes) -> None:
    """The command, the button, the select of one's own leads, and the form."""
    routes.command(
        "lead",
        "qualify",
        open_modal,
        Permission.QUALIFY,
        usage=_("qualify [name or company]"),
        summary=_("Record BANT after a call and see the verdict"),
    )
    routes.action("lead.qualify", open_from_button, Permission.QUALIFY)
    routes.action("home.qualify", open_modal, Permission.QUALIFY)
    routes.action(PICK, picked, Permission.QUALIFY)
    routes.select(PICK, own_leads, Permission.QUALIFY)
    routes.view("lead.qualify.pick.submit", picked_and_submitted, Permission.QUALIFY)
    routes.view(SUBMIT, submit, Permission.QUALIFY)


async def open_modal(interaction: Interaction) -> Answer:
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
            await interaction.open(await _form(interaction, found[0].lead_id))
            return None
    await interaction.open(_picker(interaction))
    return None


async def open_from_button(interaction: Interaction) -> Answer:
    """The form of the lead on whose card or post the button stands."""
    await interaction.open(await _form(interaction, int(interaction.value)))
    return None


def _picker(interaction: Interaction) -> View:
    t = interaction.t
    return modal(
        "lead.qualify.pick.submit",
        t("Qualify a lead"),
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
    await interaction.redraw(await _form(interaction, int(interaction.value)))
    return None


async def picked_and_submitted(interaction: Interaction) -> Answer:
    """The same for those who press the button as well."""
    return Update(await _form(interaction, int(interaction.form.option("lead") or 0)))


async def _form(interaction: Interaction, lead_id: int) -> View:
    draft = await service.prepare(interaction.deps, interaction.actor, lead_id)
    return form(interaction, draft)


def form(interaction: Interaction, draft: QualifyDraft) -> View:
    """The BANT modal, filled in with what is known."""
    t = interaction.t
    rules = t.md(
        "Sales qualified with: {rules} (version {version})",
        rules=policy_text(t, draft.policy),
        version=draft.policy_version,
    )
    head: list[Block] = [
        section(lead_lines.markup(t, draft.lead, interaction.actor.zone, interaction.deps.now())),
        context(rules),
    ]
    if draft.last is not None:
        head.append(
            context(
                t.md(
                    "Filled in with what {name} recorded on {at}",
                    name=draft.last.by,
                    at=t.moment(draft.last.created_at, interaction.actor.zone, now=interaction.deps.now()),
                )
            )
        )
    return modal(
        SUBMIT,
        t("Qualify a lead"),
        [*head, *bant_form.inputs(t, draft.answers)],
        submit=t("See the verdict"),
        close=t("Cancel"),
        private_metadata=metadata(lead=draft.lead.lead_id),
    )


async def submit(interaction: Interaction) -> Answer:
    """Save, judge, and turn the modal into the verdict."""
    deps, actor = interaction.deps, interaction.actor
    answers = bant_form.parse(interaction.form, deps.today(actor.team_zone))
    judged = await service.qualify(
        deps,
        actor,
        int(interaction.metadata["lead"]),
        answers,
        # No version is asked for: a judgement is added to those before it, so nobody's work is overwritten, and a call
        # logged meanwhile is no reason to throw away what was typed.
        request_key=str(interaction.view["id"]),
    )
    shown = verdict_blocks(interaction.t, judged.verdict, answers, judged.policy_version)
    return Update(_verdict_view(interaction, judged, shown))


def _verdict_view(interaction: Interaction, judged: Judged, shown: list[Block]) -> View:
    t = interaction.t
    who = section(Markup(f"*{escape(judged.lead.contact)}*　{escape(judged.lead.account)}"))
    private = metadata(lead=judged.lead.lead_id, qualification=judged.qualification_id)
    blocks = [who, *shown]
    if judged.verdict.sales_qualified:
        if not may(interaction.actor.role, Permission.HAND_OFF):
            return modal("verdict.shown", t("Verdict"), blocks, close=t("Close"))
        # While the customer is still on the telephone.
        blocks.append(actions(button(t("Book a meeting"), "meeting.book", judged.lead.lead_id)))
        return modal(
            "handoff.begin", t("Verdict"), blocks, submit=t("Hand off"), close=t("Later"), private_metadata=private
        )
    if may(interaction.actor.role, Permission.OVERRIDE_VERDICT):
        override = button(t("Override the verdict"), "verdict.override", judged.qualification_id)
        blocks.append(actions(override))
    tomorrow = interaction.deps.today(interaction.actor.zone) + timedelta(days=1)
    blocks += [divider(), *next_step.inputs(t, NextStep.CALL, on=tomorrow)]
    return modal(next_step.SUBMIT, t("Verdict"), blocks, submit=t("Save"), close=t("Later"), private_metadata=private)
