"""Digests: their jobs, their deliveries, and `/kpi digests`, where a team sets, previews and sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.clock import Due
from domain.members import Permission, may
from domain.performance.digests import SPANS, DigestKind, DigestRules
from domain.performance.windows import Window
from handlers.blocks import (
    Choice,
    actions,
    button,
    channel_input,
    context,
    divider,
    modal,
    radio_input,
    section,
    select_input,
    time_input,
)
from handlers.forms import word
from handlers.i18n import Markup, Translator, channel, escape, translator
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply, Update, metadata
from handlers.performance import board
from handlers.performance.digest_post import DigestPost, pictures
from handlers.performance.places import Place
from handlers.routes import DailyJob, Outgoing, Plan, Routes
from services import deliveries
from services.deps import Deps
from services.performance import digests as service
from services.performance import kpis

NAMES = {
    DigestKind.DAILY: _("Daily digest"),
    DigestKind.WEEKLY: _("Weekly digest"),
    DigestKind.MONTHLY: _("Monthly report"),
}
WHEN = {
    DigestKind.DAILY: _("each business day at {at}"),
    DigestKind.WEEKLY: _("Mondays at {at}, about the week before"),
    DigestKind.MONTHLY: _("on the first of each month at {at}, about the month before"),
}
LANGUAGES = {"": _("The reader's own language"), "ja": _("Japanese"), "en": _("English")}
ON, OFF = "on", "off"


def register(routes: Routes) -> None:
    """Jobs, deliveries, the command and its modals."""
    for kind in DigestKind:
        routes.daily(f"kpi-digest-{kind}", _job(kind), plan=_plan(kind))
    routes.delivery(service.POST, compose)
    routes.command(
        "kpi",
        "digests",
        open_digests,
        Permission.READ,
        usage=_("digests"),
        summary=_("When and where digests are sent; preview them, send them again"),
    )
    routes.action("kpi.digest.open", open_figures, Permission.READ)
    routes.action("kpi.digest.preview", preview, Permission.READ)
    routes.action("kpi.digest.send", send_again, Permission.EDIT_TEAM)
    routes.action("kpi.digest.edit", open_edit, Permission.EDIT_TEAM)
    routes.view("kpi.digest.submit", submit, Permission.EDIT_TEAM)


def _job(kind: DigestKind) -> DailyJob:
    async def run(deps: Deps, due: Due) -> object:
        return await service.send_due(deps, due, kind)

    return run


def _plan(kind: DigestKind) -> Plan:
    async def plan(deps: Deps) -> Any:
        return await service.plan(deps, kind)

    return plan


async def compose(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """A digest with its charts, as the figures are when it is sent."""
    to, kind = str(arguments["channel"]), DigestKind(str(arguments["digest"]))
    first, last = (date.fromisoformat(str(arguments[end])) for end in ("first", "last"))
    team = await deliveries.team_voice(deps, team_id)
    voice = await deliveries.member_voice(deps, team_id, to) if to.startswith(("U", "W")) else team
    language = str(arguments.get("language") or voice.language)
    found = await service.content(deps, team_id, team.zone, kind, Window(SPANS[kind], first, last))
    digest = replace(found, preview=bool(arguments.get("preview")))
    return Outgoing(DigestPost(digest), language, voice.zone, to, pictures=pictures(translator(language), digest))


async def open_figures(interaction: Interaction) -> Answer:
    """All figures of a digest's window, in a message of one's own."""
    window = Place.read(interaction.value).window
    found = await kpis.board(interaction.deps, interaction.actor, window.span, window=window)
    return Reply(board.board(interaction.t, found))


async def open_digests(interaction: Interaction) -> Answer:
    """What is sent when and where."""
    await interaction.open(await _overview(interaction))
    return None


async def _overview(interaction: Interaction, notice: Markup | None = None) -> View:
    t = interaction.t
    rules = await service.read(interaction.deps, interaction.actor)
    manages = may(interaction.actor.role, Permission.EDIT_TEAM)
    blocks: list[Block] = [section(notice)] if notice else []
    for kind, rule in rules.items():
        blocks.append(section(Markup(f"*{t(NAMES[kind])}*\n{_when(t, kind, rule)}")))
        buttons = [button(t("Preview"), f"kpi.digest.preview#{kind}", kind.value)]
        if manages:
            buttons += [
                button(t("Send now"), f"kpi.digest.send#{kind}", kind.value),
                button(t("Change"), f"kpi.digest.edit#{kind}", kind.value),
            ]
        blocks += [actions(*buttons), divider()]
    return modal("kpi.digests", t("Digests"), blocks[:-1], close=t("Close"))


def _when(t: Translator, kind: DigestKind, rule: DigestRules) -> Markup:
    if not rule.on:
        return t.md("Switched off.")
    if not rule.channel and kind is DigestKind.DAILY:
        return t.md("Goes nowhere yet: choose the team's channel with “Change”.")
    to = channel(rule.channel) if rule.channel else t.md("each manager in a direct message")
    when = escape(t(WHEN[kind], at=rule.at))
    language = escape(t(LANGUAGES[rule.language]))
    return Markup(f"{to} · {when} · {language}")


async def preview(interaction: Interaction) -> Answer:
    """The digest as it would go out today, to oneself."""
    kind = word(DigestKind, interaction.value)
    await service.preview(interaction.deps, interaction.actor, kind, _request(interaction))
    text = interaction.t.md("The preview is on its way to you as a direct message.")
    await interaction.redraw(await _overview(interaction, Markup(f"📨 {text}")))
    return None


async def send_again(interaction: Interaction) -> Answer:
    """Send it to everybody it is for, now."""
    t, kind = interaction.t, word(DigestKind, interaction.value)
    sent = await service.send_again(interaction.deps, interaction.actor, kind, _request(interaction))
    text = t.md("It is on its way.") if sent else t.md("Nobody is to get it yet: choose a channel with “Change”.")
    await interaction.redraw(await _overview(interaction, Markup(f"📨 {text}")))
    return None


def _request(interaction: Interaction) -> str:
    """The click: the same one delivered twice sends one digest."""
    clicked = interaction.body["actions"][0]
    return str(clicked.get("action_ts") or interaction.trigger_id)


async def open_edit(interaction: Interaction) -> Answer:
    """The form of one digest."""
    kind = word(DigestKind, interaction.value)
    rules = await service.read(interaction.deps, interaction.actor)
    await interaction.open(edit_modal(interaction.t, kind, rules[kind]))
    return None


def edit_modal(t: Translator, kind: DigestKind, rule: DigestRules) -> View:
    """On or off, where, when, in which language."""
    states = [Choice(ON, t("On")), Choice(OFF, t("Off"))]
    hint = (
        t("The channel of the team.")
        if kind is DigestKind.DAILY
        else t("Empty: each manager gets it in a direct message.")
    )
    blocks: list[Block] = [
        radio_input("on", t("Send it"), states, ON if rule.on else OFF),
        channel_input("channel", t("Channel"), rule.channel or None, optional=True, hint=hint),
        time_input("at", t("Time"), rule.at, optional=False),
        select_input(
            "language",
            t("Language"),
            [Choice(key or "own", t(label)) for key, label in LANGUAGES.items()],
            rule.language or "own",
            optional=False,
        ),
    ]
    if kind is DigestKind.DAILY:
        blocks.append(context(t.md("From noon on it tells of the day itself, before noon of the last business day.")))
    return modal(
        "kpi.digest.submit",
        t(NAMES[kind]),
        blocks,
        submit=t("Save"),
        close=t("Cancel"),
        private_metadata=metadata(kind=kind.value),
    )


async def submit(interaction: Interaction) -> Answer:
    """Save, and show what stands now where the form was."""
    t, form = interaction.t, interaction.form
    kind = DigestKind(str(interaction.metadata["kind"]))
    at = form.time("at")
    if at is None:
        form.wrong("at")
    form.check()
    language = form.option("language") or "own"
    rules = DigestRules(
        form.option("on") != OFF,
        form.option("channel") or "",
        at.strftime("%H:%M") if at else "",
        "" if language == "own" else language,
    )
    await service.change(interaction.deps, interaction.actor, kind, rules)
    return Update(await _overview(interaction, Markup(f"✅ {t.md('Saved.')}")))
