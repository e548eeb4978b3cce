"""Do-not-call and opt-out in Slack: the badge on a card, the buttons, and the way back for managers."""

from __future__ import annotations

from slack_sdk.models.blocks import Block, ButtonElement

from domain.members import Permission
from domain.outreach.calls import CallAction
from handlers.blocks import button, confirm, modal, section, text_input
from handlers.forms import record
from handlers.i18n import Markup, Translator, escape
from handlers.interaction import Answer, Interaction, Update, metadata
from handlers.messages import Reader, Rendered
from handlers.outreach.whispers import whisper
from handlers.routes import Routes
from services.outreach import suppressions as service
from services.outreach.lead_card import LeadCard, Stop

ALLOW = "call.allow.submit"
CHANNELS = {CallAction.ALLOW_CALLING: "phone", CallAction.ALLOW_WRITING: "mail"}


def register(routes: Routes) -> None:
    """Stop, and allow again."""
    routes.action("call.stop", stop_calling, Permission.LOG_CALLS)
    routes.action("mail.stop", stop_writing, Permission.LOG_CALLS)
    routes.action("call.allow", open_allow, Permission.EDIT_TEAM)
    routes.view(ALLOW, allow, Permission.EDIT_TEAM)


def badges(reader: Reader, shown: LeadCard) -> list[Block]:
    """What must be seen before anything is done with the lead."""
    t = reader.t
    found: list[Block] = []
    if shown.do_not_call is not None:
        found.append(_badge(reader, t.md("🚫 *Do not call*"), shown.do_not_call))
    if shown.opted_out is not None:
        found.append(_badge(reader, t.md("📪 *No mails*"), shown.opted_out))
    return found


def _badge(reader: Reader, label: Markup, stop: Stop) -> Block:
    t = reader.t
    facts = [t.moment(stop.at, reader.zone, now=reader.now), stop.by or t("the person's own wish")]
    reason = f"\n{escape(stop.reason)}" if stop.reason else ""
    return section(Markup(f"{label}　{escape('　'.join(facts))}{reason}"))


def buttons(t: Translator, shown: LeadCard) -> list[ButtonElement]:
    """Stop, where it is allowed; allow again, for managers."""
    lead_id, fit, who = shown.lead.lead_id, shown.call_actions, shown.contact.name
    found = []
    if CallAction.STOP_CALLING in fit:
        asked = confirm(
            t("Do not call"),
            t(
                "Nobody will call {name} any more, nor anybody with the same number. The lead leaves every list at "
                "once. Only a manager can take this back.",
                name=who,
            ),
            t("Do not call"),
            t("Cancel"),
        )
        found.append(button(t("Do not call"), "call.stop", lead_id, style="danger", confirm=asked))
    if CallAction.STOP_WRITING in fit:
        asked = confirm(
            t("No mails"),
            t(
                "Nobody will write to {name} any more, nor to anybody with the same address. "
                "Only a manager can take this back.",
                name=who,
            ),
            t("No mails"),
            t("Cancel"),
        )
        found.append(button(t("No mails"), "mail.stop", lead_id, confirm=asked))
    if CallAction.ALLOW_CALLING in fit:
        found.append(button(t("Allow calls again"), "call.allow#phone", f"phone:{lead_id}"))
    if CallAction.ALLOW_WRITING in fit:
        found.append(button(t("Allow mails again"), "call.allow#mail", f"mail:{lead_id}"))
    return found


async def stop_calling(interaction: Interaction) -> Answer:
    """Nobody calls this person or number any more."""
    t = interaction.t
    stopped = await service.stop_calling(interaction.deps, interaction.actor, interaction.record, "")
    text = t.plural(
        "Nobody will be called at this number any more: {n} person.",
        "Nobody will be called at this number any more: {n} people.",
        len(stopped),
    )
    return whisper(interaction, Rendered(text, [section(Markup(f"🚫 {escape(text)}"))]))


async def stop_writing(interaction: Interaction) -> Answer:
    """Nobody writes to this person or address any more."""
    t = interaction.t
    stopped = await service.stop_writing(interaction.deps, interaction.actor, interaction.record, "")
    text = t.plural(
        "Nobody will be written to at this address any more: {n} person.",
        "Nobody will be written to at this address any more: {n} people.",
        len(stopped),
    )
    return whisper(interaction, Rendered(text, [section(Markup(f"📪 {escape(text)}"))]))


async def open_allow(interaction: Interaction) -> Answer:
    """A reason is asked for: somebody had wished not to be reached."""
    t = interaction.t
    channel, _, lead_id = interaction.value.partition(":")
    title = t("Allow calls again") if channel == service.PHONE else t("Allow mails again")
    warning = t.md(
        "Somebody had asked not to be reached. Say why that no longer holds; it stays on record, "
        "and counts for everybody with the same number or address."
    )
    view = modal(
        ALLOW,
        title,
        [
            section(warning),
            text_input("reason", t("Reason"), optional=False, multiline=True, max_length=service.MAX_REASON),
        ],
        submit=t("Allow"),
        close=t("Cancel"),
        private_metadata=metadata(lead=record(lead_id), channel=channel),
    )
    await interaction.open(view)
    return None


async def allow(interaction: Interaction) -> Answer:
    """Reached again, with a reason."""
    t, form = interaction.t, interaction.form
    lead_id, channel = int(interaction.metadata["lead"]), str(interaction.metadata["channel"])
    change = service.allow_calling if channel == service.PHONE else service.allow_writing
    allowed = await change(interaction.deps, interaction.actor, lead_id, form.text("reason"))
    text = t.plural("{n} person may be reached again.", "{n} people may be reached again.", len(allowed))
    if channel == service.PHONE:
        text = f"{text} {t('The lead stays out until somebody reopens it.')}"
    return Update(modal("call.allowed", t("Allowed"), [section(Markup(f"✅ {escape(text)}"))], close=t("Close")))
