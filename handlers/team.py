"""The team's calendar in Slack: working hours, days that are not like others, leave, and where one's invitations go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from babel.dates import get_day_names
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from domain.errors import Code, Refused, Rejected
from domain.members import Permission, may
from handlers.blocks import (
    Choice,
    button,
    context,
    day_input,
    divider,
    external_select,
    modal,
    radio_input,
    section,
    text_input,
    ticks_input,
    time_input,
    user_input,
)
from handlers.boundary import sentence
from handlers.i18n import Markup, Translator, escape, mention
from handlers.i18n import mark as _
from handlers.interaction import Answer, Errors, Interaction, Options, Update, metadata
from handlers.qualification.meeting_form import zone_choice
from handlers.qualification.meeting_form import zones as fitting
from handlers.routes import Routes
from handlers.terms import ROLES
from services import leave, members, teams
from services.deps import Deps
from services.outreach import roll_up

SHOWN = 40
"""How many own days or leaves a modal lists: it holds 100 blocks."""
WORKS, RESTS = "works", "rests"
ZONES = "team.zone.find"
FOLLOW = "follow"


def register(routes: Routes) -> None:
    """`/team`."""
    routes.command(
        "team",
        "hours",
        open_hours,
        Permission.READ,
        usage=_("hours"),
        summary=_("The team's working hours and weekdays"),
    )
    routes.command(
        "team", "days", open_days, Permission.READ, usage=_("days"), summary=_("Company holidays and extra workdays")
    )
    routes.command(
        "team", "leave", open_leave, Permission.READ, usage=_("leave"), summary=_("Put down days on which you are away")
    )
    routes.command(
        "team", "me", open_me, Permission.READ, usage=_("me"), summary=_("The mail address for your invitations")
    )
    routes.command(
        "team",
        "zone",
        open_zone,
        Permission.EDIT_ZONE,
        usage=_("zone"),
        summary=_("The time zone in which the team's days and hours are counted (admins)"),
    )
    routes.select(ZONES, zones, Permission.EDIT_ZONE)
    routes.view("team.zone.submit", save_zone, Permission.EDIT_ZONE)
    routes.task(teams.RECOUNT, recount, patient=True)
    routes.view("team.hours.submit", save_hours, Permission.EDIT_TEAM)
    routes.view("team.days.submit", add_days, Permission.EDIT_TEAM)
    routes.action("team.days.remove", remove_day, Permission.EDIT_TEAM)
    routes.view("team.leave.submit", add_leave, Permission.READ)
    routes.action("team.leave.remove", remove_leave, Permission.READ)
    routes.view("team.me.submit", save_me, Permission.READ)


def _edits(interaction: Interaction) -> bool:
    return may(interaction.actor.role, Permission.EDIT_TEAM)


def _said(t: Translator, refused: Refused) -> str:
    """Why a day or an hour was refused."""
    match refused.code, refused.field:
        case Code.INVALID, "closes":
            return t("The end must be after the start.")
        case Code.INVALID, "last":
            return t("The last day must not be before the first.")
        case Code.TOO_LONG, "last":
            return t("At most {days} days at once, please.", days=refused.detail["days"])
        case Code.DUPLICATE, "first":
            return t("There is leave on one of these days already.")
    return sentence(t, refused)


# Hours


async def open_hours(interaction: Interaction) -> Answer:
    """When the team works; whoever may changes it here."""
    t = interaction.t
    now = await teams.working_time(interaction.deps, interaction.actor)
    zone = context(t.md("Times are those of {zone}.", zone=interaction.actor.team_zone))
    names = _weekdays(t)
    if not _edits(interaction):
        days = t.listed(names[day] for day in now.weekdays)
        text = t.md("*{opens} – {closes}*　{days}", opens=now.opens, closes=now.closes, days=days)
        await interaction.open(modal("team.hours", t("Working hours"), [section(text), zone], close=t("Close")))
        return None
    blocks = [
        time_input("opens", t("Start of work"), now.opens, optional=False),
        time_input("closes", t("End of work"), now.closes, optional=False),
        ticks_input(
            "weekdays",
            t("Working days"),
            [Choice(str(day), name) for day, name in names.items()],
            [str(day) for day in now.weekdays],
            optional=False,
        ),
        zone,
        context(t.md("Due times and response times are counted in these hours. Due times already set stay.")),
    ]
    view = modal("team.hours.submit", t("Working hours"), blocks, submit=t("Save"), close=t("Cancel"))
    await interaction.open(view)
    return None


async def save_hours(interaction: Interaction) -> Answer:
    """Other hours from now on."""
    t, form = interaction.t, interaction.form
    opens, closes = form.time("opens"), form.time("closes")
    for field, value in (("opens", opens), ("closes", closes)):
        if value is None:
            form.wrong(field, Code.REQUIRED)
    weekdays = [int(day) for day in form.choices("weekdays") if day in map(str, range(7))]
    form.check()
    try:
        await teams.set_working_time(interaction.deps, interaction.actor, opens or time(), closes or time(), weekdays)
    except Rejected as rejected:
        return Errors({str(refused.field): _said(t, refused) for refused in rejected.refusals})
    return None


def _weekdays(t: Translator) -> Mapping[int, str]:
    """The names of the weekdays, Monday is 0."""
    names = get_day_names("wide", context="stand-alone", locale=t.locale)
    return {day: names[day] for day in range(7)}


# The zone


async def open_zone(interaction: Interaction) -> Answer:
    """In which zone the team's days and hours are counted."""
    t, now = interaction.t, interaction.deps.now()
    zone = (await teams.settings(interaction.deps, interaction.actor)).zone
    follow = Choice(
        FOLLOW, t("Members in the old zone move too"), t("Their call lists and reminders come by the new one's clocks")
    )
    blocks = [
        external_select("zone", t("Time zone"), ZONES, chosen=zone_choice(t, zone, now)),
        ticks_input("followers", t("Members"), [follow], [FOLLOW]),
        context(
            t.md(
                "Days begin and end by this zone in figures, digests and working hours. The figures of past days are "
                "counted anew, which takes a moment. Due times already set stay."
            )
        ),
    ]
    await interaction.open(modal("team.zone.submit", t("Time zone"), blocks, submit=t("Save"), close=t("Cancel")))
    return None


async def zones(interaction: Interaction) -> Answer:
    """Time zones that fit what was typed."""
    return Options(fitting(interaction.t, interaction.text, interaction.deps.now()))


async def save_zone(interaction: Interaction) -> Answer:
    """Another zone from now on."""
    t, form = interaction.t, interaction.form
    zone = form.option("zone")
    if zone is None:
        form.wrong("zone", Code.REQUIRED)
    form.check()
    moved = await teams.set_zone(
        interaction.deps, interaction.actor, zone or "", followers=FOLLOW in form.choices("followers")
    )
    lines = [t.md("✅ The team's days and hours are those of *{zone}* from now on.", zone=zone or "")]
    if moved:
        lines.append(escape(t.plural("{n} member moved too", "{n} members moved too", moved)))
    said = section(Markup("\n".join(lines)))
    return Update(modal("team.zone.saved", t("Time zone"), [said], close=t("Close")))


async def recount(deps: Deps, client: AsyncWebClient, team_id: str, arguments: Mapping[str, Any]) -> None:  # noqa: ARG001 - a task's signature; nobody is told
    """The figures of past days, by the days of the team's new zone."""
    await roll_up.recount(deps, team_id)


# Days


async def open_days(interaction: Interaction) -> Answer:
    """The days that are not like others of their weekday."""
    await interaction.open(await _days(interaction))
    return None


async def _days(interaction: Interaction, round_: int = 0, notice: str = "") -> View:
    t, edits = interaction.t, _edits(interaction)
    days = await teams.own_days(interaction.deps, interaction.actor)
    blocks: list[Block] = [section(Markup(f"✅ {escape(notice)}"))] if notice else []
    if edits:
        blocks += [
            radio_input(
                _id("kind", round_),
                t("Day"),
                [
                    Choice(RESTS, t("Holiday of the company")),
                    Choice(WORKS, t("Workday"), t("Although it is a weekend or a holiday")),
                ],
                RESTS,
            ),
            day_input(_id("first", round_), t("First day"), optional=False),
            day_input(_id("last", round_), t("Last day"), hint=t("Empty: one day.")),
            text_input(
                _id("name", round_), t("What it is called"), max_length=teams.MAX_NAME, placeholder=t("Summer break")
            ),
            divider(),
        ]
    blocks.append(section(Markup(f"*{escape(t('Days of our own'))}*")))
    if not days.own:
        blocks.append(context(t.md("None in the coming year.")))
    for row in days.own[:SHOWN]:
        kind = t("Workday") if row.works else t("Holiday")
        text = Markup(f"{'💼' if row.works else '🌴'} {escape(t.day(row.day))}　{escape(row.name or kind)}")
        remove = button(t("Remove"), f"team.days.remove#{row.day}", row.day.isoformat()) if edits else None
        blocks.append(section(text, remove, block_id=f"day.{row.day}"))
    if len(days.own) > SHOWN:
        more = len(days.own) - SHOWN
        blocks.append(context(escape(t.plural("{n} more", "{n} more", more))))
    if days.given:
        lines = "\n".join(
            f"🎌 {escape(t.day(day))}　{escape(name or t('New Year holidays'))}" for day, name in days.given
        )
        blocks += [divider(), section(Markup(f"*{escape(t('Holidays of Japan'))}*\n{lines}"))]
    title = t("Holidays and workdays")
    if not edits:
        return modal("team.days", title, blocks, close=t("Close"))
    return modal(
        "team.days.submit",
        title,
        blocks,
        submit=t("Add"),
        close=t("Close"),
        private_metadata=metadata(round=round_),
    )


async def add_days(interaction: Interaction) -> Answer:
    """Days of our own; the modal stays for the next ones."""
    t, form, round_ = interaction.t, interaction.form, _round(interaction)
    first, last = _span(interaction)
    works = form.option(_id("kind", round_)) == WORKS
    try:
        count = await teams.add_days(
            interaction.deps, interaction.actor, first, last, works=works, name=form.text(_id("name", round_))
        )
    except Refused as refused:
        return _wrong(interaction, refused)
    notice = t.plural("{n} day added", "{n} days added", count)
    return Update(await _days(interaction, round_ + 1, notice))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as garbled:
        raise Refused(Code.NOT_FOUND) from garbled


async def remove_day(interaction: Interaction) -> Answer:
    """A day is like others again."""
    await teams.remove_day(interaction.deps, interaction.actor, _day(interaction.value))
    await interaction.redraw(await _days(interaction, _round(interaction)))
    return None


# Leave


async def open_leave(interaction: Interaction) -> Answer:
    """Who is away when."""
    await interaction.open(await _leave(interaction))
    return None


async def _leave(interaction: Interaction, round_: int = 0, notice: str = "") -> View:
    t, actor = interaction.t, interaction.actor
    coming = await leave.coming(interaction.deps, actor)
    blocks: list[Block] = [section(Markup(f"✅ {escape(notice)}"))] if notice else []
    if _edits(interaction):
        blocks.append(user_input(_id("member", round_), t("Member"), actor.slack_user))
    blocks += [
        day_input(_id("first", round_), t("First day"), optional=False),
        day_input(_id("last", round_), t("Last day"), hint=t("Empty: one day.")),
        context(t.md("On leave nobody gets a call list or reminders, and no meetings are offered.")),
        divider(),
        section(Markup(f"*{escape(t('Coming leave'))}*")),
    ]
    if not coming:
        blocks.append(context(t.md("None.")))
    for row in coming[:SHOWN]:
        days = t.day(row.first_day)
        if row.last_day != row.first_day:
            days = f"{days} – {t.day(row.last_day)}"
        blocks.append(
            section(
                Markup(f"🌴 {mention(row.slack_user)}　{escape(days)}"),
                button(t("Remove"), f"team.leave.remove#{row.id}", row.id),
                block_id=f"leave.{row.id}",
            )
        )
    if len(coming) > SHOWN:
        blocks.append(context(escape(t.plural("{n} more", "{n} more", len(coming) - SHOWN))))
    return modal(
        "team.leave.submit",
        t("Leave"),
        blocks,
        submit=t("Add"),
        close=t("Close"),
        private_metadata=metadata(round=round_),
    )


async def add_leave(interaction: Interaction) -> Answer:
    """Days on which somebody is away; the modal stays for the next ones."""
    t, deps, actor = interaction.t, interaction.deps, interaction.actor
    round_ = _round(interaction)
    first, last = _span(interaction)
    chosen = interaction.form.option(_id("member", round_)) if _edits(interaction) else actor.slack_user
    member = actor if chosen == actor.slack_user else await members.who(deps, actor.team_id, chosen or "")
    if member is None:
        return Errors({_id("member", round_): t("This person has not used Kakehashi yet.")})
    try:
        await leave.add(deps, actor, member.member_id, first, last)
    except Refused as refused:
        return _wrong(interaction, refused)
    return Update(await _leave(interaction, round_ + 1, t("Added for {name}", name=member.name)))


async def remove_leave(interaction: Interaction) -> Answer:
    """Back at work."""
    await leave.remove(interaction.deps, interaction.actor, interaction.record)
    await interaction.redraw(await _leave(interaction, _round(interaction)))
    return None


def _id(field: str, round_: int) -> str:
    """The block of an input. Slack keeps what was typed in blocks that stay: what was added must not stand there still,
    so each round has blocks of its own."""
    return f"{field}.{round_}"


def _round(interaction: Interaction) -> int:
    return int(interaction.metadata.get("round", 0))


def _span(interaction: Interaction) -> tuple[date, date | None]:
    form, round_ = interaction.form, _round(interaction)
    first, last = form.day(_id("first", round_)), form.day(_id("last", round_))
    if first is None:
        form.wrong(_id("first", round_), Code.REQUIRED)
    form.check()
    return first or date.min, last


def _wrong(interaction: Interaction, refused: Refused) -> Answer:
    if refused.field is None:
        raise refused
    return Errors({_id(refused.field, _round(interaction)): _said(interaction.t, refused)})


# Oneself


async def open_me(interaction: Interaction) -> Answer:
    """Where one's invitations go; what Slack knows is suggested."""
    t, actor = interaction.t, interaction.actor
    known = (await members.own(interaction.deps, actor)).email
    if not known:
        info = await interaction.client.users_info(user=actor.slack_user)
        known = str(info["user"].get("profile", {}).get("email") or "")
    blocks = [
        context(Markup(f"{mention(actor.slack_user)}　{escape(t(ROLES[actor.role]))}　{escape(actor.zone)}")),
        text_input(
            "email",
            t("E-mail"),
            known,
            max_length=254,
            hint=t("Invitations to your meetings go there, and customers' answers."),
        ),
    ]
    await interaction.open(modal("team.me.submit", t("About me"), blocks, submit=t("Save"), close=t("Cancel")))
    return None


async def save_me(interaction: Interaction) -> Answer:
    """Another address from now on."""
    await members.set_email(interaction.deps, interaction.actor, interaction.form.text("email"))
    return None
