"""Every route, as everybody: who gets through to its handler, and who does not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.app import all_routes
from bot.manifest import manifest
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from domain.errors import Code, Refused
from domain.members import MATRIX, Permission, Role, may
from handlers.boundary import sentence
from handlers.i18n import translator
from handlers.interaction import Answer, Interaction
from handlers.routes import Route, Routes, Verb
from services import members
from services.operator import operator
from tests.handlers import payloads
from tests.handlers.conftest import ADMIN as ADMINISTRATOR
from tests.handlers.conftest import CS, DEADLINE, FS, IS, MANAGER, MARKETING, World, eventually
from tests.handlers.outsiders import OUTSIDERS, with_outsiders

USERS = {
    IS: Role.INSIDE_SALES,
    FS: Role.FIELD_SALES,
    MANAGER: Role.MANAGER,
    MARKETING: Role.MARKETING,
    CS: Role.CUSTOMER_SUCCESS,
    ADMINISTRATOR: Role.ADMIN,
}
STRANGERS = (*(person.id for person in OUTSIDERS), "U0NOBODY00")


@dataclass(frozen=True)
class Way:
    """How a route is reached: what Slack sends when `user` takes it."""

    kind: str
    name: str
    permission: Permission
    payload: Callable[[str], dict[str, Any]]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@pytest.fixture
async def world_workspace() -> AsyncIterator[RunningWorkspace]:
    async with workspace_running(with_outsiders(), manifest=manifest(all_routes()), patience=DEADLINE) as served:
        yield served


def ways(routes: Routes) -> Iterator[Way]:
    """All of them."""
    for command, verbs in routes.commands.items():
        for verb, spoken in verbs.items():
            text, allowed = f"{verb} x", spoken.route.permission
            yield Way("command", f"/{command} {verb}", allowed, lambda u, c=command, x=text: payloads.command(u, c, x))
    for name, route in routes.views.items():
        yield Way("view", name, route.permission, lambda u, n=name: payloads.submission(u, n))
    for name, route in routes.actions.items():
        yield Way("action", name, route.permission, lambda u, n=name: payloads.click(u, n))
    for name, route in routes.options.items():
        yield Way("options", name, route.permission, lambda u, n=name: payloads.suggestion(u, n, "x"))
    for name, (route, _, kind) in routes.shortcuts.items():
        yield Way("shortcut", name, route.permission, lambda u, n=name, k=kind: payloads.shortcut(u, n, k))
    for name, route in routes.events.items():
        yield Way("event", name, route.permission, lambda u, n=name: payloads.event(u, n))


def watch(routes: Routes, reached: set[tuple[str, str]]) -> None:
    """Puts in place of every handler one that only notes who got through to it."""

    def noting(kind: str, name: str) -> Callable[[Interaction], Awaitable[Answer]]:
        async def handler(interaction: Interaction) -> Answer:
            reached.add((f"{kind} {name}", interaction.actor.slack_user))
            return None

        return handler

    def watched(kind: str, name: str, route: Route) -> Route:
        return replace(route, handler=noting(kind, name))

    for command, verbs in routes.commands.items():
        for verb, spoken in verbs.items():
            verbs[verb] = Verb(watched("command", f"/{command} {verb}", spoken.route), spoken.usage, spoken.summary)
    for kind, table in (("view", routes.views), ("action", routes.actions), ("options", routes.options)):
        for name, route in table.items():
            table[name] = watched(kind, name, route)
    for name, route in routes.events.items():
        routes.events[name] = watched("event", name, route)
    for name, (route, title, kind) in routes.shortcuts.items():
        routes.shortcuts[name] = (watched("shortcut", name, route), title, kind)


async def take(world: World, way: Way, user: str) -> None:
    answers = way.kind in ("command", "view", "options")
    sent = await world.workspace.socket_mode.deliver(
        payloads.envelope(way.kind), way.payload(user), accepts_answer=answers
    )
    assert sent.acknowledged, f"{way} as {user}"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_route_lets_exactly_those_through_whose_role_may(world: World) -> None:
    deps = world.house.deps
    for user, role in USERS.items():
        actor = await members.who(deps, payloads.TEAM, user)
        assert actor is not None
        assert actor.role is role
    before = {m.slack_user for m in await members.everybody(deps, await operator(deps, payloads.TEAM))}
    reached: set[tuple[str, str]] = set()
    watch(world.house.routes, reached)
    every = list(ways(world.house.routes))
    for way in every:
        for user in (*USERS, *STRANGERS):
            await take(world, way, user)
    expected = {(str(way), user) for way in every for user, role in USERS.items() if may(role, way.permission)}
    # An event is acknowledged before it is looked at.
    await eventually(lambda: len(reached) >= len(expected))
    assert reached == expected
    assert {m.slack_user for m in await members.everybody(deps, await operator(deps, payloads.TEAM))} == before


def test_every_permission_is_asked_for_by_a_route_and_given_to_somebody() -> None:
    asked = {way.permission for way in ways(all_routes())}
    # A file is dropped as a message, which everybody may send: the use case alone asks.
    assert asked | {Permission.IMPORT} == set(Permission)
    assert all(MATRIX.values())


@pytest.mark.parametrize("permission", Permission)
def test_refusal_names_only_those_who_may(permission: Permission) -> None:
    said = sentence(translator("ja"), Refused(Code.NOT_ALLOWED, permission=permission.value))
    assert "管理者" in said
    assert may(Role.ADMIN, permission)
    assert ("マネージャーか管理者" in said) == may(Role.MANAGER, permission)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_refusal_of_a_shortcut_is_read_also_where_the_bot_cannot_write(world: World) -> None:
    mori = world.person(MARKETING)
    channel = (await mori.open_dm(IS))["channel"]
    sent = await mori.message(channel, "電話しておいて")
    await mori.shortcut("call.log.message", channel, sent["ts"])
    (told,) = await eventually(lambda: [m for m in world.messages(MARKETING, channel) if m["ephemeral"]])
    assert "架電の記録" in str(told["blocks"])
