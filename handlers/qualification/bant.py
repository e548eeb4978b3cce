"""`/lead qualify`: the BANT modal and the verdict it ends with (work items 3-1 and 3-4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.leads import NextStep
from domain.members import Permission, may
from domain.qualification.bant import Element
from handlers import lead_lines, next_step, spoken
from handlers.blocks import actions, button, context, divider, modal, section
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Update, metadata
from handlers.lead_choice import LeadChoice
from handlers.qualification import bant_form
from handlers.qualification.verdict import verdict_blocks
from handlers.qualification.words import policy_text
from handlers.routes import Routes
from services.qualification import bant as service
from services.qualification.bant import Judged, QualifyDraft

SUBMIT = "lead.qualify.submit"


def register(routes: Routes) -> None:
    """The command, the button, the select of one's own leads, and the form."""
    routes.command(
        "lead",
        "qualify",
        CHOICE.by_name,
        Permission.QUALIFY,
        usage=_("qualify [name or company]"),
        summary=_("Record BANT after a call and see the verdict"),
    )
    routes.action("lead.qualify", CHOICE.by_button, Permission.QUALIFY)
    routes.action("home.qualify", CHOICE.by_name, Permission.QUALIFY)
    CHOICE.register(routes, Permission.QUALIFY)
    routes.view(SUBMIT, submit, Permission.QUALIFY)


async def _form(interaction: Interaction, lead_id: int) -> View:
    draft = await service.prepare(interaction.deps, interaction.actor, lead_id)
    return form(interaction, draft)


CHOICE = LeadChoice("lead.qualify.pick", _("Qualify a lead"), _form)


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
    if draft.from_call:
        head.append(context(t.md("📞 What was accepted from the conversation is filled in, and marked.")))
    known = draft.answers
    if draft.summary and not known.call_summary:
        known = replace(known, call_summary=spoken.summary(t, draft.summary))
    return modal(
        SUBMIT,
        t("Qualify a lead"),
        [*head, *bant_form.inputs(t, known, _from_call(t, draft))],
        submit=t("See the verdict"),
        close=t("Cancel"),
        private_metadata=metadata(lead=draft.lead.lead_id, version=draft.lead_version),
    )


def _from_call(t: Translator, draft: QualifyDraft) -> dict[Element, list[Block]]:
    """What was said, under the element that it fills in."""
    found: dict[Element, list[Block]] = {}
    for each in draft.from_call:
        proposed = each.proposed
        label = Markup(f"📞 *{escape(t(spoken.FIELDS[proposed.field]))}*")
        # Whoever dropped it into their direct messages may be somebody else.
        link = spoken.shared(each.permalink)
        line = Markup(f"{label}　{spoken.cited(t, proposed.quote, proposed.source, link)}")
        found.setdefault(proposed.element, []).append(context(line))
    return found


async def submit(interaction: Interaction) -> Answer:
    """Save, judge, and turn the modal into the verdict."""
    deps, actor, opened = interaction.deps, interaction.actor, interaction.metadata
    answers = bant_form.parse(interaction.form, deps.today(actor.team_zone))
    # Forms of the version before this one do not say what they have seen.
    seen = opened.get("version")
    judged = await service.qualify(
        deps,
        actor,
        int(opened["lead"]),
        answers,
        # No version is asked for: a judgement is added to those before it, so nobody's work is overwritten, and a call
        # logged meanwhile is no reason to throw away what was typed.
        request_key=service.submission_key(actor, int(seen), answers) if seen else str(interaction.view["id"]),
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
