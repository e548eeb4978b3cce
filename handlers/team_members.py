"""The team's people in Slack: what each does, what field sales covers, who may do what, and who has left."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from domain.errors import Code, Refused
from domain.members import MATRIX, Permission, Role, may
from handlers.block_json import as_json
from handlers.blocks import (
    Choice,
    actions,
    button,
    context,
    divider,
    modal,
    section,
    select_input,
    text_input,
    user_input,
    users_input,
)
from handlers.boundary import sentence
from handlers.i18n import Markup, Translator, escape, mention
from handlers.i18n import mark as _
from handlers.interaction import Answer, Errors, Interaction, Update, metadata
from handlers.people import is_of, name_of
from handlers.refusals import error_of
from handlers.routes import Routes
from handlers.terms import PERMISSIONS, ROLES
from services import members
from services.members import MemberView

NAMED: Final = 60
"""How many members of a role are named: a section holds 3,000 characters."""
COVERING: Final = 70
"""How many field-sales reps are listed with what they cover: a modal holds 100 blocks."""
MOST: Final = 30
"""How many people get a role at once: each that is new is asked of Slack."""
_COMMA = re.compile(r"[,，、\n]")


def register(routes: Routes) -> None:
    """`/team members`."""
    routes.command(
        "team",
        "members",
        open_members,
        Permission.READ,
        usage=_("members"),
        summary=_("Who does what: roles, areas of field sales, and what each role may do"),
    )
    routes.action("team.members", open_members, Permission.READ)
    routes.view("team.members.submit", save_roles, Permission.EDIT_TEAM)
    routes.action("team.rights", open_rights, Permission.READ)
    routes.action("team.coverage", open_coverage, Permission.READ)
    routes.view("team.coverage.submit", save_coverage, Permission.READ)
    routes.action("team.leaver", open_leaver, Permission.EDIT_TEAM)
    routes.view("team.leaver.submit", remove, Permission.EDIT_TEAM)


def _edits(interaction: Interaction) -> bool:
    return may(interaction.actor.role, Permission.EDIT_TEAM)


async def open_members(interaction: Interaction) -> Answer:
    """Everybody by role; whoever may gives roles here."""
    await interaction.open(await _members(interaction))
    return None


async def _members(interaction: Interaction, round_: int = 0, notice: str = "") -> View:
    t, actor, edits = interaction.t, interaction.actor, _edits(interaction)
    everybody = await members.everybody(interaction.deps, actor)
    blocks: list[Block] = [section(Markup(f"✅ {escape(notice)}"))] if notice else []
    if edits:
        blocks += [
            users_input(
                _id("people", round_),
                t("People"),
                most=MOST,
                hint=t("Also people who have not used Kakehashi yet, and guests."),
            ),
            select_input(
                _id("role", round_), t("Role"), [Choice(role.value, t(ROLES[role])) for role in Role], optional=False
            ),
            divider(),
        ]
    for role in Role:
        blocks += _of_role(interaction, role, [member for member in everybody if member.role is role])
    buttons = [button(t("What each role may do"), "team.rights")]
    if edits:
        buttons.append(button(t("Somebody has left"), "team.leaver"))
    blocks += [divider(), actions(*buttons)]
    title = t("Members and roles")
    if not edits:
        return modal("team.members", title, blocks, close=t("Close"))
    return modal(
        "team.members.submit",
        title,
        blocks,
        submit=t("Give this role"),
        close=t("Close"),
        private_metadata=metadata(round=round_),
    )


def _of_role(interaction: Interaction, role: Role, people: list[MemberView]) -> list[Block]:
    t = interaction.t
    title = f"*{escape(t(ROLES[role]))}*　{escape(t.plural('{n} person', '{n} people', len(people)))}"
    if role is not Role.FIELD_SALES:
        names = " ".join(mention(person.slack_user) for person in people[:NAMED])
        more = escape(t.plural("and {n} more", "and {n} more", len(people) - NAMED)) if len(people) > NAMED else ""
        return [section(Markup(f"{title}\n{names} {more}".rstrip()))]
    blocks = [section(Markup(title))]
    for person in people[:COVERING]:
        covered = t.listed([*person.territories, *person.industries]) or t("Covers everything")
        own = _edits(interaction) or person.member_id == interaction.actor.member_id
        change = button(t("Area"), f"team.coverage#{person.member_id}", person.member_id) if own else None
        blocks.append(section(Markup(f"{mention(person.slack_user)}　{escape(covered)}"), change))
    if len(people) > COVERING:
        rest = " ".join(mention(person.slack_user) for person in people[COVERING : COVERING + NAMED])
        blocks.append(section(Markup(rest)))
    return blocks


async def save_roles(interaction: Interaction) -> Answer:
    """The chosen people do this from now on; the modal stays for the next ones."""
    t, form, round_ = interaction.t, interaction.form, _round(interaction)
    people = form.users(_id("people", round_))
    role = form.required_choice(_id("role", round_), Role, Role.INSIDE_SALES)
    if not people:
        form.wrong(_id("people", round_), Code.REQUIRED)
    form.check()
    known = {member.slack_user: member for member in await members.everybody(interaction.deps, interaction.actor)}
    unknown = [user for user in people if user not in known]
    # At once: Slack waits for three seconds, and each of them is a question of its own.
    names = await asyncio.gather(*(_name(interaction, user) for user in unknown))
    if None in names:
        wrong = t("Apps and people of other workspaces cannot be members. Please choose people of this one.")
        return Errors({_id("people", round_): wrong})
    chosen = dict.fromkeys(people, "") | {user: name or "" for user, name in zip(unknown, names, strict=True)}
    try:
        await members.give_role(interaction.deps, interaction.actor, chosen, role)
    except Refused as refused:
        return Errors({_id("role", round_): _said(t, refused)})
    done = t.plural("{n} person now: {role}", "{n} people now: {role}", len(people), role=t(ROLES[role]))
    return Update(await _members(interaction, round_ + 1, done))


async def _name(interaction: Interaction, user: str) -> str | None:
    """How somebody of this workspace is called; None for anybody and anything else."""
    try:
        info: dict[str, Any] = (await interaction.client.users_info(user=user))["user"]
    except SlackApiError as unknown:
        if error_of(unknown) in ("user_not_found", "user_not_visible"):
            return None
        raise
    return name_of(info) if is_of(info, interaction.actor.team_id) and user != "USLACKBOT" else None


def _said(t: Translator, refused: Refused) -> str:
    """Why a role was not given."""
    match refused.code, refused.field:
        case Code.NOT_ALLOWED, _field:
            return t("Only an admin makes somebody an admin, or an admin something else.")
        case Code.INVALID, "role":
            return t("The team needs an admin. Please make somebody else an admin first.")
    return sentence(t, refused)


# What each role may do


async def open_rights(interaction: Interaction) -> Answer:
    """The permission matrix."""
    t = interaction.t
    blocks: list[Block] = [context(t.md("Who is not allowed something is told so, and by whom it can be done."))]
    for permission, roles in MATRIX.items():
        named = [t(ROLES[role]) for role in Role if role in roles]
        allowed = t("Everybody") if len(named) == len(Role) else t.listed(named)
        blocks.append(section(Markup(f"*{escape(t(PERMISSIONS[permission]))}*\n{escape(allowed)}")))
    await interaction.open(modal("team.rights", t("What each role may do"), blocks, close=t("Close")))
    return None


# What field sales covers


async def open_coverage(interaction: Interaction) -> Answer:
    """Places and industries of one field-sales rep."""
    t = interaction.t
    everybody = await members.everybody(interaction.deps, interaction.actor)
    member = next((m for m in everybody if m.member_id == interaction.record), None)
    if member is None:
        raise Refused(Code.NOT_FOUND)
    blocks = [
        context(Markup(mention(member.slack_user))),
        text_input(
            "territories",
            t("Places"),
            t.listed(member.territories),
            max_length=500,
            hint=t("Parts of addresses, separated by commas: Tokyo, Saitama. Empty: everywhere."),
        ),
        text_input(
            "industries",
            t("Industries"),
            t.listed(member.industries),
            max_length=500,
            hint=t("As companies state them, separated by commas. Empty: all. Handoffs are suggested by both."),
        ),
    ]
    await interaction.open(
        modal(
            "team.coverage.submit",
            t("Area"),
            blocks,
            submit=t("Save"),
            close=t("Back"),
            private_metadata=_aside(interaction, member=member.member_id),
        )
    )
    return None


async def save_coverage(interaction: Interaction) -> Answer:
    """Another area from now on; the list behind shows it."""
    form = interaction.form
    member_id = int(interaction.metadata["member"])
    places, trades = (_COMMA.split(form.text(field)) for field in ("territories", "industries"))
    await members.set_coverage(interaction.deps, interaction.actor, member_id, territories=places, industries=trades)
    await _behind(interaction)
    return None


# Somebody has left


async def open_leaver(interaction: Interaction) -> Answer:
    """Who is no member any more."""
    t = interaction.t
    blocks = [
        user_input("member", t("Member")),
        context(
            t.md(
                "Gets no lists, reminders and meetings any more. Their leads and calls stay as they are; "
                "using Kakehashi again makes them a member again."
            )
        ),
    ]
    await interaction.open(
        modal(
            "team.leaver.submit",
            t("Somebody has left"),
            blocks,
            submit=t("Remove"),
            close=t("Back"),
            private_metadata=_aside(interaction),
        )
    )
    return None


async def remove(interaction: Interaction) -> Answer:
    """Somebody is no member any more."""
    t, deps, actor = interaction.t, interaction.deps, interaction.actor
    chosen = interaction.form.option("member") or ""
    member = await members.who(deps, actor.team_id, chosen)
    if member is None:
        return Errors({"member": t("This person has not used Kakehashi yet.")})
    try:
        await members.remove(deps, actor, member.member_id)
    except Refused as refused:
        return Errors({"member": _said(t, refused)})
    await _behind(interaction)
    return None


def _aside(interaction: Interaction, **values: int) -> str:
    """The metadata of a form over the list: which list, to show there what the form has changed."""
    return metadata(list=str(interaction.view.get("id", "")), round=_round(interaction), **values)


async def _behind(interaction: Interaction) -> None:
    """Shows in the list behind the form what stands in it now."""
    view_id = interaction.metadata["list"]
    view = await _members(interaction, _round(interaction))
    await interaction.client.views_update(view_id=view_id, view=as_json(view))


def _id(field: str, round_: int) -> str:
    """The block of an input. Slack keeps what was typed in blocks that stay: each round has blocks of its own."""
    return f"{field}.{round_}"


def _round(interaction: Interaction) -> int:
    return int(interaction.metadata.get("round", 0))
