"""Members: arriving, roles, languages, coverage."""

from __future__ import annotations

import asyncio

import pytest

from domain.errors import Code, Refused
from domain.members import Role
from services import members
from services.deps import Actor, Deps
from tests.services.office import Office


async def _arrive(deps: Deps, user: str, team: str = "T1", role: Role | None = None, name: str = "") -> Actor:
    return await members.arrive(
        deps, team, user, team_name="Team", name=name or user, language="ja-JP", zone="Asia/Tokyo", role=role
    )


async def test_first_member_becomes_admin_and_later_ones_inside_sales(deps: Deps) -> None:
    roles = [(await _arrive(deps, user)).role for user in ("U1", "U2", "U3")]
    assert roles == [Role.ADMIN, Role.INSIDE_SALES, Role.INSIDE_SALES]


async def test_given_role_is_taken_also_by_the_first(deps: Deps) -> None:
    assert (await _arrive(deps, "U1", role=Role.FIELD_SALES)).role is Role.FIELD_SALES


async def test_somebody_known_keeps_role_and_language_and_gets_a_new_name(deps: Deps) -> None:
    first = await _arrive(deps, "U1", name="old")
    await members.set_language(deps, first, "en")
    again = await _arrive(deps, "U1", role=Role.MARKETING, name="new")
    assert (again.member_id, again.role, again.language, again.name) == (first.member_id, Role.ADMIN, "en", "new")


async def test_simultaneous_arrivals_make_one_admin_and_no_double(deps: Deps) -> None:
    users = [f"U{n % 5}" for n in range(20)]
    actors = await asyncio.gather(*(_arrive(deps, user) for user in users))
    by_user = {actor.slack_user: actor.member_id for actor in actors}
    assert len(set(by_user.values())) == 5
    assert all(by_user[actor.slack_user] == actor.member_id for actor in actors)
    everybody = await members.everybody(deps, actors[0])
    assert sorted(view.slack_user for view in everybody) == ["U0", "U1", "U2", "U3", "U4"]
    assert [view.role for view in everybody].count(Role.ADMIN) == 1


async def test_who_finds_a_member_of_this_team_only(deps: Deps) -> None:
    here, there = await _arrive(deps, "U1"), await _arrive(deps, "U1", team="T2")
    assert await members.who(deps, "T1", "U1") == here
    assert await members.who(deps, "T2", "U1") == there
    assert here.member_id != there.member_id
    assert await members.who(deps, "T1", "U9") is None
    assert await members.who(deps, "T9", "U1") is None


async def test_unknown_language_reads_japanese(deps: Deps) -> None:
    actor = await members.arrive(deps, "T1", "U1", team_name="t", name="n", language="fr-FR", zone="Europe/Paris")
    assert (actor.language, actor.zone, actor.team_zone) == ("ja", "Europe/Paris", "Europe/Paris")


async def test_set_language_refuses_a_language_without_words(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        await members.set_language(office.deps, office.sato, "fr")
    assert (refused.value.code, refused.value.field) == (Code.INVALID, "language")


async def test_manager_gives_a_role_and_it_is_written_down(office: Office) -> None:
    view = await members.set_role(office.deps, office.mori, office.suzuki.member_id, Role.FIELD_SALES)
    assert view.role is Role.FIELD_SALES
    known = await members.who(office.deps, "T1", "USUZUKI")
    assert known is not None
    assert known.role is Role.FIELD_SALES
    assert await office.audited("member.role") == [{"from": "inside_sales", "to": "field_sales"}]


@pytest.mark.parametrize("who", ["sato", "ito", "marketer", "success"])
async def test_nobody_else_gives_roles(office: Office, who: str) -> None:
    with pytest.raises(Refused) as refused:
        await members.set_role(office.deps, office.members[who], office.suzuki.member_id, Role.MANAGER)
    assert refused.value.code is Code.NOT_ALLOWED


async def test_manager_makes_no_admin_and_unmakes_none(office: Office) -> None:
    for member, role in ((office.mori, Role.ADMIN), (office.boss, Role.MANAGER)):
        with pytest.raises(Refused) as refused:
            await members.set_role(office.deps, office.mori, member.member_id, role)
        assert refused.value.code is Code.NOT_ALLOWED


async def test_last_admin_stays(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        await members.set_role(office.deps, office.boss, office.boss.member_id, Role.MANAGER)
    assert (refused.value.code, refused.value.field) == (Code.INVALID, "role")
    await members.set_role(office.deps, office.boss, office.mori.member_id, Role.ADMIN)
    assert (await members.set_role(office.deps, office.boss, office.boss.member_id, Role.MANAGER)).role is Role.MANAGER


async def test_two_admins_cannot_unmake_each_other_at_once(office: Office) -> None:
    await members.set_role(office.deps, office.boss, office.mori.member_id, Role.ADMIN)
    mori = await members.who(office.deps, "T1", "UMORI")
    assert mori is not None
    await asyncio.gather(
        members.set_role(office.deps, office.boss, mori.member_id, Role.MANAGER),
        members.set_role(office.deps, mori, office.boss.member_id, Role.MANAGER),
        return_exceptions=True,
    )
    assert len(await members.of_role(office.deps, office.sato, Role.ADMIN)) == 1


async def test_role_is_given_to_several_known_new_and_returning_people_at_once(office: Office) -> None:
    await members.remove(office.deps, office.mori, office.ito.member_id)
    people = {office.sato.slack_user: "-", "UNEW": "新人 一郎", office.ito.slack_user: "伊藤 帰"}
    assert await members.give_role(office.deps, office.mori, people, Role.MARKETING) == 3
    found = {m.slack_user: m for m in await members.everybody(office.deps, office.mori)}
    assert {found[user].role for user in people} == {Role.MARKETING}
    assert found["UNEW"].name == "新人 一郎"
    assert (found[office.ito.slack_user].member_id, found[office.sato.slack_user].name) == (
        office.ito.member_id,
        office.sato.name,
    )
    assert await members.give_role(office.deps, office.mori, people, Role.MARKETING) == 0


async def test_of_several_people_all_get_a_role_or_none(office: Office) -> None:
    boss = office.members["boss"]
    people = {office.sato.slack_user: "-", "UNEW": "新人", boss.slack_user: "-"}
    with pytest.raises(Refused) as refused:
        await members.give_role(office.deps, boss, people, Role.MANAGER)
    assert (refused.value.code, refused.value.field) == (Code.INVALID, "role")
    found = {m.slack_user: m.role for m in await members.everybody(office.deps, boss)}
    assert "UNEW" not in found
    assert found[office.sato.slack_user] is Role.INSIDE_SALES


async def test_manager_gives_nobody_an_admins_role(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        await members.give_role(office.deps, office.mori, {"UNEW": "新人"}, Role.ADMIN)
    assert refused.value.code is Code.NOT_ALLOWED


async def test_who_is_taken_off_is_no_member_until_they_come_back(office: Office) -> None:
    await members.remove(office.deps, office.mori, office.ito.member_id)
    assert await members.who(office.deps, office.team_id, office.ito.slack_user) is None
    assert office.ito.member_id not in {m.member_id for m in await members.everybody(office.deps, office.mori)}
    assert await office.audited("member.remove") == [{}]
    back = await _arrive(office.deps, office.ito.slack_user, team=office.team_id)
    assert (back.member_id, back.role) == (office.ito.member_id, office.ito.role)


async def test_who_left_the_company_is_no_member_but_the_last_admin_stays(office: Office) -> None:
    boss = office.members["boss"]
    assert await members.left(office.deps, office.team_id, office.sato.slack_user)
    assert not await members.left(office.deps, office.team_id, office.sato.slack_user)
    assert not await members.left(office.deps, office.team_id, "UNOBODY")
    assert not await members.left(office.deps, office.team_id, boss.slack_user)
    users = {m.slack_user for m in await members.everybody(office.deps, boss)}
    assert office.sato.slack_user not in users
    assert boss.slack_user in users


@pytest.mark.parametrize("who", ["sato", "ito", "marketer", "success"])
async def test_only_managers_and_admins_take_somebody_off(office: Office, who: str) -> None:
    with pytest.raises(Refused) as refused:
        await members.remove(office.deps, office.members[who], office.sato.member_id)
    assert refused.value.code is Code.NOT_ALLOWED


async def test_member_of_another_team_is_not_found(office: Office, neighbours: Office) -> None:
    with pytest.raises(Refused) as refused:
        await members.set_role(office.deps, office.boss, neighbours.sato.member_id, Role.MANAGER)
    assert refused.value.code is Code.NOT_FOUND
    with pytest.raises(Refused) as refused:
        await members.set_coverage(
            office.deps, office.boss, neighbours.ito.member_id, territories=["東京都"], industries=[]
        )
    assert refused.value.code is Code.NOT_FOUND


async def test_of_role_lists_this_team_only(office: Office, neighbours: Office) -> None:
    views = await members.of_role(office.deps, office.sato, Role.FIELD_SALES)
    assert [view.member_id for view in views] == [office.ito.member_id, office.kato.member_id]


async def test_coverage_is_ones_own_or_the_managers_matter(office: Office) -> None:
    own = await members.set_coverage(
        office.deps, office.ito, office.ito.member_id, territories=[" 東京都 ", ""], industries=["機械"]
    )
    assert (own.territories, own.industries) == (("東京都",), ("機械",))
    await members.set_coverage(office.deps, office.mori, office.kato.member_id, territories=["大阪府"], industries=[])
    with pytest.raises(Refused) as refused:
        await members.set_coverage(office.deps, office.ito, office.kato.member_id, territories=[], industries=[])
    assert refused.value.code is Code.NOT_ALLOWED


# Mail addresses


async def test_address_comes_from_slack_and_one_typed_stays(deps: Deps) -> None:
    given = {"team_name": "Team", "name": "n", "language": "ja", "zone": "Asia/Tokyo"}
    actor = await members.arrive(deps, "T1", "U1", **given)
    assert (await members.own(deps, actor)).email == ""
    await members.arrive(deps, "T1", "U1", **given, email="slack@example.jp")
    assert (await members.own(deps, actor)).email == "slack@example.jp"
    typed = await members.set_email(deps, actor, " ｍｅ@example.jp ")
    assert typed.email == "me@example.jp"
    await members.arrive(deps, "T1", "U1", **given, email="slack@example.jp")
    assert await members.own(deps, actor) == typed
    assert (await members.set_email(deps, actor, "")).email == ""


@pytest.mark.parametrize("email", ["me", "me@", "me@example", "a b@example.jp", "me@example.jp, x@example.jp", "@a.jp"])
async def test_what_is_no_address_is_refused(deps: Deps, email: str) -> None:
    actor = await _arrive(deps, "U1")
    with pytest.raises(Refused) as refused:
        await members.set_email(deps, actor, email)
    assert (refused.value.code, refused.value.field) == (Code.INVALID, "email")
