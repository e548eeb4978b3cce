"""The members of a team: who they are, what they may do, what they cover."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Code, Refused
from domain.members import Permission, Role, check_role_change, require
from services.data.quality import is_email
from services.deps import Actor, Deps
from storage import members as queries
from storage.members import MemberRow, audit
from storage.statements import insert_once
from storage.tables import Member, Team

LANGUAGES = ("ja", "en")


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as others see them. Territories are parts of addresses, industries as companies state them."""

    member_id: int
    slack_user: str
    name: str
    role: Role
    language: str
    zone: str
    territories: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    email: str = ""
    """Where invitations reach this member; "" while nobody knows."""


async def who(deps: Deps, team_id: str, slack_user: str) -> Actor | None:
    """The member behind a Slack user, in one query; None for somebody not seen yet."""
    async with deps.asking(team_id) as session:
        row = await queries.by_slack_user(session, slack_user)
    return _actor(row) if row else None


async def acting(deps: Deps, team_id: str, member_id: int) -> Actor | None:
    """The member with this id, to show what is meant for them; None for somebody who has left."""
    async with deps.reading(team_id) as session:
        row = await queries.by_id(session, member_id)
    return _actor(row) if row else None


async def arrive(
    deps: Deps,
    team_id: str,
    slack_user: str,
    *,
    team_name: str,
    name: str,
    language: str,
    zone: str,
    email: str = "",
    role: Role | None = None,
) -> Actor:
    """The member behind a Slack user; team and member are made when first seen.

    The first member of a team becomes its admin unless `role` says otherwise, later ones inside sales. Of somebody
    who is known, only the name and the zone are brought up to date, and the mail address where none is known: the role
    is given by people (`set_role`), the language chosen (`set_language`). Simultaneous arrivals make one member.
    """
    now = deps.now()
    async with deps.writing(team_id) as session:
        team = {"id": team_id, "name": team_name, "zone": zone, "language": _language(language), "created_at": now}
        await insert_once(session, Team, team, unique=("id",))
        # Whoever comes first must be alone while looking whether anybody is there.
        await queries.lock_team(session, team_id)
        if role is None:
            role = Role.INSIDE_SALES if await queries.count(session) else Role.ADMIN
        values = {
            "team_id": team_id,
            "slack_user": slack_user,
            "name": name,
            "role": role.value,
            "language": _language(language),
            "zone": zone,
            "email": email,
        }
        added = await insert_once(session, Member, values, unique=("team_id", "slack_user"))
        if added is None:
            await queries.refresh(session, slack_user, name=name, zone=zone, email=email)
        else:
            await audit(session, added, "member.arrive", f"members:{added}", {"role": role.value}, now)
        row = await queries.by_slack_user(session, slack_user)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return _actor(row)


async def give_role(deps: Deps, actor: Actor, people: Mapping[str, str], role: Role) -> int:
    """Give a role to people (Slack user → name), all or none of them; how many have another now.

    Who has not used the bot, or had left, becomes a member: also a guest of the workspace, who could not otherwise.
    Refused: as `set_role`.
    """
    check_role_change(actor.role, role, role)
    changed = 0
    async with deps.writing(actor.team_id) as session:
        await queries.lock_team(session, actor.team_id)
        team = await queries.team(session, actor.team_id)
        if team is None:
            raise Refused(Code.NOT_FOUND)
        for slack_user, name in people.items():
            row = await queries.by_slack_user(session, slack_user)
            if row is not None:
                changed += await _give(deps, session, actor, row, role)
                continue
            values = {"name": name, "role": role.value, "zone": team.zone, "language": team.language}
            added = await insert_once(
                session,
                Member,
                {"team_id": actor.team_id, "slack_user": slack_user, "email": "", **values},
                unique=("team_id", "slack_user"),
            )
            if added is None:
                added = await queries.take_back(session, slack_user, name=name, role=role.value)
            detail = {"role": role.value}
            await audit(session, actor.member_id, "member.admit", f"members:{added}", detail, deps.now())
            changed += 1
    return changed


async def set_role(deps: Deps, actor: Actor, member_id: int, role: Role) -> MemberView:
    """Give a member a role.

    Refused: NOT_ALLOWED (managers and admins do this; only an admin makes or unmakes an admin), NOT_FOUND, INVALID
    `role` when the team would be left without an admin.
    """
    require(actor.role, Permission.EDIT_TEAM)
    async with deps.writing(actor.team_id) as session:
        await queries.lock_team(session, actor.team_id)
        row = await _member(session, member_id)
        await _give(deps, session, actor, row, role)
        return _view(row._replace(role=role.value))


async def _give(deps: Deps, session: AsyncSession, actor: Actor, row: MemberRow, role: Role) -> bool:
    """Whether the member had another role before. The team is locked."""
    current = Role(row.role)
    check_role_change(actor.role, current, role)
    if current is role:
        return False
    await _keep_an_admin(session, current)
    await queries.change(session, row.id, role=role.value)
    detail = {"from": current.value, "to": role.value}
    await audit(session, actor.member_id, "member.role", f"members:{row.id}", detail, deps.now())
    return True


async def _keep_an_admin(session: AsyncSession, current: Role) -> None:
    if current is Role.ADMIN and await queries.count(session, Role.ADMIN.value) == 1:
        raise Refused(Code.INVALID, "role", current=current.value)


async def remove(deps: Deps, actor: Actor, member_id: int) -> None:
    """Somebody is no member any more: they get no lists and reminders, and no meetings are offered with them. What is
    theirs stays. Whoever uses the bot again, and still belongs to the workspace, is a member again.

    Refused: NOT_ALLOWED (as `set_role`), NOT_FOUND, INVALID `role` when the team would be
    left without an admin.
    """
    require(actor.role, Permission.EDIT_TEAM)
    async with deps.writing(actor.team_id) as session:
        await queries.lock_team(session, actor.team_id)
        row = await _member(session, member_id)
        current = Role(row.role)
        check_role_change(actor.role, current, current)
        await _keep_an_admin(session, current)
        await queries.change(session, member_id, active=False)
        await audit(session, actor.member_id, "member.remove", f"members:{member_id}", {}, deps.now())


async def left(deps: Deps, team_id: str, slack_user: str) -> bool:
    """Whether somebody was a member whose account in the workspace was switched off: they are none any more, as after
    `remove`. The last admin stays in the books, so that the team has one; nobody can act as them."""
    async with deps.writing(team_id) as session:
        await queries.lock_team(session, team_id)
        row = await queries.by_slack_user(session, slack_user)
        if row is None:
            return False
        if row.role == Role.ADMIN.value and await queries.count(session, Role.ADMIN.value) == 1:
            return False
        await queries.change(session, row.id, active=False)
        await audit(session, None, "member.left", f"members:{row.id}", {}, deps.now())
        return True


async def set_coverage(
    deps: Deps, actor: Actor, member_id: int, *, territories: Sequence[str], industries: Sequence[str]
) -> MemberView:
    """Say which places and industries a field-sales rep covers; handoffs are suggested by it.

    Members may say it of themselves, managers of anybody. Refused: NOT_ALLOWED, NOT_FOUND.
    """
    if member_id != actor.member_id:
        require(actor.role, Permission.EDIT_TEAM)
    places = [text.strip() for text in territories if text.strip()]
    trades = [text.strip() for text in industries if text.strip()]
    async with deps.writing(actor.team_id) as session:
        row = await _member(session, member_id)
        await queries.change(session, member_id, territories=places, industries=trades)
        detail = {"territories": places, "industries": trades}
        await audit(session, actor.member_id, "member.coverage", f"members:{member_id}", detail, deps.now())
        return _view(row._replace(territories=places, industries=trades))


async def set_language(deps: Deps, actor: Actor, language: str) -> Actor:
    """Choose the language one reads; the actor as it is from now on. Refused: INVALID `language`."""
    if language not in LANGUAGES:
        raise Refused(Code.INVALID, "language")
    async with deps.writing(actor.team_id) as session:
        if not await queries.change(session, actor.member_id, language=language):
            raise Refused(Code.NOT_FOUND)
        row = await _member(session, actor.member_id)
    return _actor(row)


async def set_email(deps: Deps, actor: Actor, email: str) -> MemberView:
    """Say where one's own invitations go; "" where nowhere. Refused: INVALID `email`, NOT_FOUND."""
    require(actor.role, Permission.READ)
    tidy = unicodedata.normalize("NFKC", email).strip()
    if tidy and not is_email(tidy):
        raise Refused(Code.INVALID, "email")
    async with deps.writing(actor.team_id) as session:
        row = await _member(session, actor.member_id)
        await queries.change(session, actor.member_id, email=tidy)
        return _view(row._replace(email=tidy))


async def own(deps: Deps, actor: Actor) -> MemberView:
    """The actor, as others see them. Refused: NOT_FOUND."""
    require(actor.role, Permission.READ)
    async with deps.reading(actor.team_id) as session:
        return _view(await _member(session, actor.member_id))


async def of_role(deps: Deps, actor: Actor, role: Role) -> list[MemberView]:
    """The team's members of one role, in the order in which they came."""
    require(actor.role, Permission.READ)
    async with deps.reading(actor.team_id) as session:
        return [_view(row) for row in await queries.of_roles(session, [role.value])]


async def everybody(deps: Deps, actor: Actor) -> list[MemberView]:
    """All members of the team, in the order in which they came."""
    require(actor.role, Permission.READ)
    async with deps.reading(actor.team_id) as session:
        return [_view(row) for row in await queries.of_roles(session, list(Role))]


async def _member(session: AsyncSession, member_id: int) -> MemberRow:
    row = await queries.by_id(session, member_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, "member_id")
    return row


def _language(language: str) -> str:
    # Slack sends locales such as ja-JP and en-US.
    short = language.split("-")[0].split("_")[0].lower()
    return short if short in LANGUAGES else LANGUAGES[0]


def _actor(row: MemberRow) -> Actor:
    return Actor(
        team_id=row.team_id,
        member_id=row.id,
        slack_user=row.slack_user,
        name=row.name,
        role=Role(row.role),
        language=row.language,
        zone=row.zone,
        team_zone=row.team_zone,
    )


def _view(row: MemberRow) -> MemberView:
    return MemberView(
        member_id=row.id,
        slack_user=row.slack_user,
        name=row.name,
        role=Role(row.role),
        language=row.language,
        zone=row.zone,
        territories=tuple(row.territories),
        industries=tuple(row.industries),
        email=row.email,
    )
