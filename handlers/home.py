"""App Home, and the answers to messages and mentions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.members import Permission, Role, may
from handlers import assistant, clock, dropped, lead_lines, mail, setup, today
from handlers.block_json import as_json
from handlers.blocks import actions, button, context, divider, header, section
from handlers.help import welcome
from handlers.i18n import Markup, escape, mention, translator
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply
from handlers.messages import Reader
from handlers.outreach import leads
from handlers.routes import Routes
from handlers.terms import ROLES, STAGE_MARKS, STAGES
from services import clock as jobs
from services import deliveries, members
from services import mail as mail_service
from services import setup as setup_service
from services.deliveries import DeliveryState
from services.mail import Written
from services.outreach import call_queue
from services.outreach import home as service
from services.outreach.home import HandoffGroup, Home
from services.qualification import meetings
from services.qualification.records import HandoffLine

MENTION = re.compile(r"<@[A-Z0-9]{1,20}(\|[^<>]*)?>")

Trouble = list[tuple[str, DeliveryState, str | None]]


def register(routes: Routes) -> None:
    """The home tab and its buttons, help, messages, mentions."""

    async def help_(interaction: Interaction) -> Answer:
        return Reply(welcome(interaction.t, routes))

    async def said(interaction: Interaction) -> Answer:
        return await _said(interaction, routes)

    routes.command("lead", "help", help_, Permission.READ, usage=_("help"), summary=_("Show what is possible"))
    routes.event("app_home_opened", opened, Permission.READ)
    routes.event("app_mention", said, Permission.READ)
    routes.event("message", said, Permission.READ)
    routes.action("home.language", switch_language, Permission.READ)
    assistant.register(routes)
    routes.action("home.add", leads.open_add, Permission.EDIT_LEADS)


async def _said(interaction: Interaction, routes: Routes) -> Answer:
    """A file is read; whatever is written is for the assistant."""
    if interaction.body["event"].get("files"):
        return await dropped.dropped(interaction)
    return await assistant.said(replace(interaction, text=MENTION.sub("", interaction.text).strip()), routes)


async def opened(interaction: Interaction) -> Answer:
    """Draw the tab anew."""
    if interaction.body["event"].get("tab", "home") == "home":
        await publish(interaction)
    return None


async def switch_language(interaction: Interaction) -> Answer:
    """The other language from now on; the tab is drawn anew after every click in it."""
    await members.set_language(interaction.deps, interaction.actor, interaction.value)
    return None


async def publish(interaction: Interaction) -> None:
    """Compute and show the tab."""
    deps = interaction.deps
    # Read again, because what was just clicked may have been the language.
    actor = await members.who(deps, interaction.actor.team_id, interaction.actor.slack_user) or interaction.actor
    interaction = replace(interaction, actor=actor, t=translator(actor.language))
    shown = await service.by_stage(deps, actor)
    trouble = await deliveries.troubled(deps, actor.team_id) if actor.role is Role.ADMIN else []
    missed = await jobs.troubled(deps, actor.team_id) if actor.role is Role.ADMIN else []
    unsent = await mail_service.troubled(deps, actor) if actor.role is Role.ADMIN else []
    day = [*await _steps(interaction), *await _today(interaction)]
    view = View(type="home", blocks=tab(interaction, shown, trouble, missed, day, unsent))
    await interaction.client.views_publish(user_id=actor.slack_user, view=as_json(view))


async def _steps(interaction: Interaction) -> list[Block]:
    """What is left of the first steps, for those who decide."""
    if not may(interaction.actor.role, Permission.EDIT_TEAM):
        return []
    left = await setup_service.progress(interaction.deps, interaction.actor)
    return [] if left.hidden or left.complete else setup.blocks(interaction.t, left)


async def _today(interaction: Interaction) -> list[Block]:
    """The day's calls and meetings."""
    deps, actor = interaction.deps, interaction.actor
    reader = Reader(interaction.t, actor.zone, deps.now())
    blocks: list[Block] = []
    if may(actor.role, Permission.LOG_CALLS):
        blocks += today.calls(reader, await call_queue.build(deps, actor))
    if may(actor.role, Permission.CLOSE_MEETINGS):
        blocks += today.meetings(reader, await meetings.upcoming(deps, actor))
    return blocks


def tab(
    interaction: Interaction,
    shown: Home,
    trouble: Trouble,
    missed: Sequence[jobs.RunRow] = (),
    day: Sequence[Block] = (),
    unsent: Sequence[Written] = (),
) -> list[Block]:
    """What is urgent first: handoffs to answer, the day's calls and meetings, one's own handoffs that wait, then one's
    leads by stage."""
    t, actor = interaction.t, interaction.actor
    blocks: list[Block] = [
        header(t("Good day, {name}", name=actor.name)),
        context(
            Markup(
                f"{escape(t(ROLES[actor.role]))}　"
                + escape(t("As of {at}", at=t.moment(interaction.deps.now(), actor.zone, now=interaction.deps.now())))
            )
        ),
    ]
    other = "en" if t.language == "ja" else "ja"
    buttons = [button(t("Add a lead"), "home.add", style="primary")]
    if may(actor.role, Permission.QUALIFY):
        buttons.append(button(t("Qualify a lead"), "home.qualify"))
    buttons.append(button("English" if other == "en" else "日本語", "home.language", other))
    # Fixed block_ids: a click on a tab that was drawn anew in the meantime still finds its button.
    blocks.append(actions(*buttons, block_id="home"))
    if trouble:
        blocks += _trouble(interaction, trouble)
    blocks += mail.trouble(t, unsent)
    blocks += clock.trouble(t, actor.zone, missed)
    if shown.to_answer is not None:
        blocks += _handoffs(interaction, t("Handoffs waiting for your answer"), shown.to_answer, answering=True)
    blocks += day
    if shown.team is not None and shown.team.count:
        blocks += _handoffs(interaction, t("Handoffs waiting in the team"), shown.team, answering=False)
    if shown.sent.count:
        blocks += _handoffs(interaction, t("My handoffs waiting for field sales"), shown.sent, answering=False)
    if may(actor.role, Permission.HAND_OFF):
        blocks += _stages(interaction, shown)
    return blocks[:100]


def _handoffs(interaction: Interaction, title: str, group: HandoffGroup, *, answering: bool) -> list[Block]:
    t = interaction.t
    count = t.plural("{n} handoff", "{n} handoffs", group.count)
    late = f"　🔴 {t.plural('{n} overdue', '{n} overdue', group.overdue)}" if group.overdue else ""
    said = Markup(f"{escape(count)}{escape(late)}") if group.count else escape(t("None – all answered."))
    blocks: list[Block] = [divider(), header(title), section(said)]
    for line in group.lines:
        blocks.append(section(_handoff(interaction, line)))
        row = [button(t("Open the lead"), "lead.show", line.lead_id)]
        if answering:
            row = [
                button(t("Accept"), "handoff.accept", line.handoff_id, style="primary"),
                button(t("Return"), "handoff.return", line.handoff_id),
                *row,
            ]
        blocks.append(actions(*row, block_id=f"handoff.{line.handoff_id}.{int(answering)}"))
    more = group.count - len(group.lines)
    if more > 0:
        blocks.append(context(escape(t.plural("{n} more", "{n} more", more))))
    return blocks


def _handoff(interaction: Interaction, line: HandoffLine) -> Markup:
    t, zone = interaction.t, interaction.actor.zone
    due = t.moment(line.due_at, zone, now=interaction.deps.now())
    mark = "🔴" if line.overdue else "🟡"
    facts = t.md(
        "{sender} → {receiver}　due {due}",
        sender=mention(line.from_slack_user),
        receiver=mention(line.to_slack_user),
        due=due,
    )
    return Markup(f"{mark} *{escape(line.contact)}*　{escape(line.account)}\n{facts}")


def _stages(interaction: Interaction, shown: Home) -> list[Block]:
    t, actor = interaction.t, interaction.actor
    blocks: list[Block] = [divider(), header(t("My leads"))]
    if not shown.stages:
        blocks.append(section(t.md("No leads yet. Add one with the button above.")))
    for group in shown.stages:
        count = t.plural("{n} lead", "{n} leads", group.count)
        title = f"{STAGE_MARKS[group.stage]} *{escape(t(STAGES[group.stage]))}*　{escape(count)}"
        blocks.append(section(Markup(title)))
        for line in group.lines:
            text = lead_lines.markup(t, line, actor.zone, interaction.deps.now(), stage=False)
            opener = button(t("Open"), f"lead.show#{line.lead_id}", line.lead_id)
            blocks.append(section(text, opener, block_id=f"lead.{line.lead_id}"))
        more = group.count - len(group.lines)
        if more > 0:
            blocks.append(context(escape(t.plural("{n} more", "{n} more", more))))
    return blocks


def _trouble(interaction: Interaction, trouble: Trouble) -> list[Block]:
    t = interaction.t
    lines = []
    for key, state, error in trouble[:5]:
        why = (
            t("refused by Slack: {error}", error=error or "–")
            if state is DeliveryState.FAILED
            else t("nobody can tell whether it was posted; please look in the channel")
        )
        lines.append(f"• `{escape(key)}` {escape(why)}")
    title = escape(t("Messages that did not arrive"))
    return [divider(), section(Markup(f":warning: *{title}*\n" + "\n".join(lines)))]
