"""Leads that come by themselves, in Slack: their cards, claims and clocks; the team's rules; speed to lead."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from slack_sdk.models.blocks import Block

from domain.errors import Code, Refused
from domain.members import Permission, may
from domain.outreach.inbound import ENOUGH_FOR_MEDIAN, ENOUGH_FOR_P90, MAX_MINUTES, Speed
from handlers.blocks import (
    Choice,
    actions,
    button,
    channel_input,
    context,
    modal,
    number_input,
    section,
    select_input,
)
from handlers.i18n import Markup, Translator, channel, escape, mention
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply, Update, metadata
from handlers.messages import Message, Reader, Rendered
from handlers.outreach.inbound_card import (
    BLOCK,
    URGENCY_MARKS,
    InboundCard,
    InboundOverdue,
    InboundPassedOn,
    InboundTeamTold,
    call_buttons,
    clock_time,
    took,
)
from handlers.routes import NotYet, Outgoing, Routes
from services import deliveries, members
from services.deliveries import DeliveryState, Voice
from services.deps import Deps
from services.outreach import inbound as service
from services.outreach.inbound import Claimed, InboundView

SETTINGS = "inbound.settings.submit"
HAND_ON = "inbound.pass_on.submit"
DAYS = 30
MOST_DAYS = 366
LISTED = 10


def register(routes: Routes) -> None:
    """Commands, buttons, deliveries and the clock."""
    routes.command(
        "inbound", "open", show_open, Permission.READ, usage=_("open"), summary=_("Inquiries nobody has answered yet")
    )
    routes.command(
        "inbound",
        "speed",
        show_speed,
        Permission.READ,
        usage=_("speed [days]"),
        summary=_("How fast inquiries are answered: median, p90, share within 5 minutes"),
    )
    routes.command(
        "inbound",
        "settings",
        open_settings,
        Permission.EDIT_TEAM,
        usage=_("settings"),
        summary=_("Channel, owner and clocks of inquiries"),
    )
    routes.view(SETTINGS, save_settings, Permission.EDIT_TEAM)
    routes.action("inbound.claim", claim, Permission.CLAIM)
    routes.action("inbound.release", release, Permission.CLAIM)
    routes.action("inbound.pass_on", open_pass_on, Permission.CLAIM)
    routes.view(HAND_ON, pass_on, Permission.CLAIM)
    routes.delivery(service.CARD, compose_card)
    routes.delivery(service.UPDATE, compose_update)
    routes.delivery(service.TEAM_TOLD, compose_team_told)
    routes.delivery(service.TEAM_UPDATE, compose_team_update)
    routes.delivery(service.MANAGER_TOLD, compose_overdue)
    routes.delivery(service.MANAGER_UPDATE, compose_overdue_update)
    routes.delivery(service.PASSED_ON, compose_passed_on)
    routes.job("inbound-first-response", keep_time, seconds=10)


def _reader(interaction: Interaction) -> Reader:
    return Reader(interaction.t, interaction.actor.zone, interaction.deps.now())


# Claims


async def claim(interaction: Interaction) -> Answer:
    """Take it; the winner gets the number at once, all others hear who was faster."""
    t, deps = interaction.t, interaction.deps
    number = interaction.record
    try:
        await service.claim(deps, interaction.actor, number)
    except Claimed as taken:
        text = t.md("{who} was faster and has this one. The next one is yours!", who=mention(taken.slack_user))
        return Reply(Rendered(text, [section(Markup(f"🙌 {text}"))]))
    view = await service.view(deps, interaction.actor.team_id, number)
    who = t("{company}, {person}", company=view.account.name, person=view.contact.name)
    text = t.md("*It is yours:* {who}.", who=who)
    lines = [Markup(f"🙋 {text}")]
    if view.calls_allowed and view.contact.phone:
        lines.append(Markup(f"📞 {t.phone_link(view.contact.phone)}"))
    elif view.contact.email:
        lines.append(Markup(f"✉️ {t.mail_link(view.contact.email)}"))
    blocks: list[Block] = [section(Markup("\n".join(lines)))]
    if view.calls_allowed:
        blocks.append(actions(*call_buttons(t, view, first=True)))
    return Reply(Rendered(text, blocks))


def after_call(interaction: Interaction) -> None:
    """Have the card say at once that somebody called, where the call was logged by a click on it; otherwise the clock
    sees to that within seconds."""
    clicked = (interaction.body.get("actions") or [{}])[0]
    if str(clicked.get("block_id", "")).startswith(BLOCK):

        async def settle() -> None:
            await service.keep_time(interaction.deps, interaction.actor.team_id)

        interaction.afterwards.append(settle)


async def release(interaction: Interaction) -> Answer:
    """Give it back; the card says so in a moment."""
    try:
        await service.release(interaction.deps, interaction.actor, interaction.record)
    except Claimed as taken:
        return _anothers(interaction.t, taken)
    return None


def _anothers(t: Translator, taken: Claimed) -> Reply:
    text = t.md("{who} has this one now, so only {who} or a manager can do that.", who=mention(taken.slack_user))
    return Reply(Rendered(text, [section(Markup(f"🙌 {text}"))]))


async def open_pass_on(interaction: Interaction) -> Answer:
    """Ask to whom."""
    t, actor = interaction.t, interaction.actor
    view = await service.view(interaction.deps, actor.team_id, interaction.record)
    has_it = view.claimed.member_id if view.claimed else None
    people = [
        Choice(str(member.member_id), member.name)
        for member in await members.everybody(interaction.deps, actor)
        if may(member.role, Permission.CLAIM) and member.member_id != has_it
    ]
    who = Markup(f"*{escape(view.account.name)}*　{escape(view.contact.name)}")
    if not people:
        text = t.md("There is nobody else who may take inquiries. An admin can give somebody the role inside sales.")
        await interaction.open(modal("inbound.nobody", t("Pass on"), [section(who), section(text)], close=t("Close")))
        return None
    await interaction.open(
        modal(
            HAND_ON,
            t("Pass on"),
            [
                section(who),
                select_input("to_member_id", t("To"), people, optional=False, hint=t("Is told by a direct message.")),
            ],
            submit=t("Pass on"),
            close=t("Cancel"),
            private_metadata=metadata(submission=view.submission_id),
        )
    )
    return None


async def pass_on(interaction: Interaction) -> Answer:
    """Pass it on; the card says so in a moment."""
    to = interaction.form.record("to_member_id")
    if to is None:
        raise Refused(Code.REQUIRED, "to_member_id")
    try:
        await service.pass_on(interaction.deps, interaction.actor, int(interaction.metadata["submission"]), to)
    except Claimed as taken:
        return _anothers(interaction.t, taken)
    return None


# Rules


async def open_settings(interaction: Interaction) -> Answer:
    """The team's rules."""
    t, actor = interaction.t, interaction.actor
    rules = await service.settings(interaction.deps, actor)
    owners = [
        Choice(str(member.member_id), member.name)
        for member in await members.everybody(interaction.deps, actor)
        if may(member.role, Permission.CLAIM)
    ]
    await interaction.open(
        modal(
            SETTINGS,
            t("Inquiries"),
            [
                channel_input(
                    "channel",
                    t("Channel of the cards"),
                    rules.channel or None,
                    optional=True,
                    hint=t("Invite me there first: /invite. Without a channel the owner below gets the cards."),
                ),
                select_input(
                    "owner_id",
                    t("Owner until somebody takes it"),
                    owners,
                    str(rules.owner_id) if rules.owner_id is not None else None,
                    placeholder=t("A manager"),
                ),
                number_input(
                    "team_minutes",
                    t("Tell the channel after (business minutes)"),
                    rules.team_minutes,
                    optional=False,
                    least=1,
                    most=MAX_MINUTES,
                    hint=t("When nobody has taken it."),
                ),
                number_input(
                    "manager_minutes",
                    t("Tell the managers after (business minutes)"),
                    rules.manager_minutes,
                    optional=False,
                    least=1,
                    most=MAX_MINUTES,
                    hint=t("When nobody has called, whether somebody has taken it or not. The aim is 5 minutes."),
                ),
                context(t.md("Outside working hours the clocks start when the team opens.")),
            ],
            submit=t("Save"),
            close=t("Cancel"),
        )
    )
    return None


async def save_settings(interaction: Interaction) -> Answer:
    """Save the rules, and say what holds now."""
    t, form = interaction.t, interaction.form
    rules = await service.settings(interaction.deps, interaction.actor)
    owner, team, manager = form.record("owner_id"), form.number("team_minutes"), form.number("manager_minutes")
    for field, value in (("team_minutes", team), ("manager_minutes", manager)):
        if value is None and form.text(field) == "":
            form.wrong(field, Code.REQUIRED)
    form.check()
    changed = replace(
        rules,
        channel=form.option("channel") or "",
        owner_id=owner,
        team_minutes=team or 0,
        manager_minutes=manager or 0,
    )
    await service.set_rules(interaction.deps, interaction.actor, changed)
    where = channel(changed.channel) if changed.channel else escape(t("direct messages to the owner"))
    text = t.md(
        "*Saved.* Cards go to {where}; the team hears after {team}, the managers after {manager}.",
        where=where,
        team=t.plural("{n} minute", "{n} minutes", changed.team_minutes),
        manager=t.plural("{n} minute", "{n} minutes", changed.manager_minutes),
    )
    return Update(modal("inbound.saved", t("Inquiries"), [section(Markup(f"✅ {text}"))], close=t("Close")))


# Lists and figures


async def show_open(interaction: Interaction) -> Answer:
    """What waits for a first response, the one due first first."""
    t = interaction.t
    reader = _reader(interaction)
    found = await service.waiting(interaction.deps, interaction.actor)
    if not found:
        text = t("Every inquiry has been answered.")
        return Reply(Rendered(text, [section(Markup(f"✅ {escape(text)}"))]))
    title = t.plural("{n} inquiry waits for an answer", "{n} inquiries wait for an answer", len(found))
    blocks: list[Block] = [section(Markup(f"*{escape(title)}*"))]
    for view in found[:LISTED]:
        blocks.append(section(_line(reader, view)))
        taking = [button(t("I take it"), f"inbound.claim#{view.submission_id}", view.submission_id, style="primary")]
        blocks.append(
            actions(
                *(taking if view.claimed is None and may(interaction.actor.role, Permission.CLAIM) else []),
                *call_buttons(t, view, first=False)[:1],
                button(t("Open the lead"), "lead.show", view.lead.lead_id),
            )
        )
    more = len(found) - LISTED
    if more > 0:
        blocks.append(context(Markup(escape(t.plural("{n} more", "{n} more", more)))))
    return Reply(Rendered(title, blocks))


def _line(reader: Reader, view: InboundView) -> Markup:
    t = reader.t
    mark = "🔴" if view.manager_due_at <= reader.now else URGENCY_MARKS[view.urgency]
    due = clock_time(t, view.manager_due_at, reader.zone, reader.now)
    has_it = view.claimed.name if view.claimed else t("nobody has taken it")
    return Markup(
        f"{mark} *{escape(view.account.name)}*　{escape(view.contact.name)}\n"
        + t.md("due {due}　{who}", due=due, who=has_it)
    )


_DAYS = re.compile(r"\d{1,4}")


async def show_speed(interaction: Interaction) -> Answer:
    """Speed to lead of the last days."""
    t = interaction.t
    typed = _DAYS.search(interaction.text)
    days = min(max(int(typed[0]), 1), MOST_DAYS) if typed else DAYS
    found = await service.speed_of_days(interaction.deps, interaction.actor, days)
    return Reply(speed_message(t, found, days))


def speed_message(t: Translator, found: Speed, days: int) -> Rendered:
    """The figures, with what they are made of; where there is too little, so it says."""
    title = t.plural("Speed to lead, last {n} day", "Speed to lead, last {n} days", days)
    blocks: list[Block] = [section(Markup(f"*⏱️ {escape(title)}*"))]
    if not found.decided:
        text = t("No inquiry was answered or came due in this time.")
        return Rendered(title, [*blocks, section(escape(text)), *_open(t, found)])
    low, high = found.share.interval()
    share = f"{100 * found.within / found.decided:.0f}%"
    lines = [
        t.md(
            "Within 5 minutes: *{share}* ({hits} of {n}, 95 % interval {low}–{high} %)",
            share=share,
            hits=t.number(found.within),
            n=t.number(found.decided),
            low=f"{100 * low:.0f}",
            high=f"{100 * high:.0f}",
        ),
        t.md("Median: *{length}*", length=_length(t, found, found.median, ENOUGH_FOR_MEDIAN)),
        t.md("90th percentile: *{length}*", length=_length(t, found, found.p90, ENOUGH_FOR_P90)),
    ]
    blocks.append(section(Markup("\n".join(lines))))
    if not found.share.enough:
        blocks.append(context(t.md("So few inquiries do not tell much yet.")))
    return Rendered(title, [*blocks, *_open(t, found)])


def _length(t: Translator, found: Speed, seconds: float | None, enough: int) -> str:
    if seconds is not None:
        return took(t, seconds)
    if found.decided < enough:
        return t("not enough data ({n} of {enough})", n=found.decided, enough=enough)
    return t("not known: too many have had no answer")


def _open(t: Translator, found: Speed) -> list[Block]:
    notes = [
        t.md("Business minutes from the submission to the first call, letter or meeting, by the team's hours and days.")
    ]
    if found.unanswered:
        notes.append(
            Markup(
                escape(t.plural("{n} has had no answer in time", "{n} have had no answer in time", found.unanswered))
            )
        )
    if found.waiting:
        notes.append(Markup(escape(t.plural("{n} still has time", "{n} still have time", found.waiting))))
    return [context(*notes)]


# The clock and the deliveries


async def keep_time(deps: Deps) -> int:
    """The clock of every team's inquiries; the number of those it concerned."""
    rang = 0
    for team_id in await service.teams_with_work(deps):
        rang += await service.keep_time(deps, team_id)
    return rang


async def compose_card(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """The card as the submission stands now."""
    view = await service.view(deps, team_id, int(arguments["submission_id"]))
    voice = await deliveries.team_voice(deps, team_id)
    to = str(arguments["channel"])
    return Outgoing(InboundCard(view), voice.language, voice.zone, to, report_to=view.lead.owner_slack_user)


async def compose_update(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The same card, edited in place."""
    number = int(arguments["submission_id"])
    voice = await deliveries.team_voice(deps, team_id)
    return await _edited(deps, team_id, number, service.card_key(number), InboundCard, voice)


async def compose_team_told(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The news that nobody has taken it, unless somebody did in the meantime."""
    view = await service.view(deps, team_id, int(arguments["submission_id"]))
    if view.claimed is not None or view.responded_at is not None:
        return None
    voice = await deliveries.team_voice(deps, team_id)
    return Outgoing(InboundTeamTold(view), voice.language, voice.zone, str(arguments["channel"]))


async def compose_team_update(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """That news, edited in place once somebody has taken it."""
    number = int(arguments["submission_id"])
    voice = await deliveries.team_voice(deps, team_id)
    return await _edited(deps, team_id, number, service.team_key(number), InboundTeamTold, voice)


async def _edited(
    deps: Deps, team_id: str, number: int, key: str, kind: Callable[[InboundView], Message], voice: Voice
) -> Outgoing | None:
    posted = await deliveries.posted(deps, team_id, key)
    if posted is not None and posted.state in (DeliveryState.QUEUED, DeliveryState.SENDING):
        raise NotYet(f"The message about submission {number} is still on its way.")
    if posted is None or posted.ts is None:
        return None
    message = kind(await service.view(deps, team_id, number))
    return Outgoing(message, voice.language, voice.zone, str(posted.channel), update_ts=posted.ts)


async def compose_overdue(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """The news to a manager, unless somebody called in the meantime."""
    view = await service.view(deps, team_id, int(arguments["submission_id"]))
    if view.responded_at is not None:
        return None
    manager = str(arguments["channel"])
    voice = await deliveries.member_voice(deps, team_id, manager)
    return Outgoing(InboundOverdue(view), voice.language, voice.zone, manager)


async def compose_overdue_update(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
    """That news, edited in place once somebody has taken it, given it back, or answered."""
    number, manager = int(arguments["submission_id"]), str(arguments["channel"])
    voice = await deliveries.member_voice(deps, team_id, manager)
    return await _edited(deps, team_id, number, service.manager_key(number, manager), InboundOverdue, voice)


async def compose_passed_on(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """The news to whoever was given it."""
    view = await service.view(deps, team_id, int(arguments["submission_id"]))
    receiver = str(arguments["channel"])
    voice = await deliveries.member_voice(deps, team_id, receiver)
    return Outgoing(InboundPassedOn(view, str(arguments["by"])), voice.language, voice.zone, receiver)
