"""Tokens that end are renewed before they do, once, by whichever process comes first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from dbos import DBOSClient
from slack_bolt.authorization.async_authorize import AsyncInstallationStoreAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.oauth.installation_store import Installation

from bot.app import all_routes
from bot.manifest import SCOPES, manifest
from bot.slack_client import web_client
from bot.workspace.team import EXAMPLE
from handlers.installation.clients import SlackApp, TeamClients
from handlers.installation.store import Store
from services import erasure, installations
from services.deps import Deps
from services.installations import Installed, NotInstalled, Person
from services.keys import Keys
from storage.database import connect
from storage.migrations import sync_url
from storage.outbox import Outbox
from tests.handlers.conftest import eventually
from tests.servers.slack import Slack, slack

TEAM = EXAMPLE.id
BYSTANDER = "U01SATO001"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what rests on no row that two processes change at once."""


@dataclass
class Processes:
    """Two processes of the bot on one database, and Slack; all tell the same time."""

    slack: Slack
    one: TeamClients
    other: TeamClients
    now: datetime

    def forward(self, **length: float) -> None:
        self.now += timedelta(**length)
        for clients in (self.one, self.other):
            clients.forget(TEAM)

    @property
    def renewals(self) -> int:
        return self.slack.calls["oauth.v2.access"]

    async def found(self) -> Installed:
        found = await installations.find(self.one.deps, TEAM)
        assert found is not None
        return found


@pytest.fixture
async def processes(database_url: str) -> AsyncIterator[Processes]:
    async with AsyncExitStack() as stack:
        made: list[Processes] = []
        now = datetime.now(UTC)

        def clock() -> datetime:
            return made[0].now if made else now

        document = manifest(all_routes(), request_url="http://127.0.0.1:9/", public_url="https://bot.example/")
        served = await stack.enter_async_context(slack(document, clock=lambda: clock().timestamp()))
        grants, session = served.first.workspace.grants, await stack.enter_async_context(aiohttp.ClientSession())
        app = SlackApp(grants.client_id, grants.client_secret, served.api_url, SCOPES)
        keys = Keys()

        def process() -> TeamClients:
            database, queue = connect(database_url), DBOSClient(system_database_url=sync_url(database_url), lazy=True)
            stack.push_async_callback(database.dispose)
            stack.callback(queue.destroy)

            def client(token: str | None) -> Any:
                made = web_client(token, served.api_url)
                made.session = session
                return made

            return TeamClients(Deps(database, Outbox(queue), clock, keys), app, client)

        made.append(Processes(served, process(), process(), now))
        token, refresh_token = grants.rotate()
        found = Installed(
            TEAM, "A1", "B1", "U1", "U01HAYASHI", SCOPES, token, refresh_token, now + timedelta(hours=12), now
        )
        await installations.install(
            made[0].one.deps, found, EXAMPLE.name, Person("U01HAYASHI", "林", "ja", "Asia/Tokyo")
        )
        yield made[0]


async def test_token_that_ends_soon_is_renewed_once_by_two_processes(processes: Processes) -> None:
    first = await processes.found()
    assert (await processes.one.of(TEAM)).token == first.token
    processes.forward(hours=11)
    held = processes.slack.held = asyncio.Event()
    asked = [asyncio.ensure_future(each.of(TEAM)) for each in (processes.one, processes.other) * 4]
    # Whoever has not the right to renew goes on with the old token, which is good for an hour.
    await eventually(lambda: sum(task.done() for task in asked) == len(asked) - 1)
    held.set()
    clients = await asyncio.gather(*asked)
    assert processes.renewals == 1
    second = await processes.found()
    assert second.token != first.token
    assert {client.token for client in clients} == {first.token, second.token}
    assert second.expires_at == processes.now + timedelta(hours=12)
    # Where nobody is at work the clock does it, also in two processes at once; nobody waits for it then.
    processes.forward(hours=9)
    await asyncio.gather(*(each.renew_expiring(each.deps) for each in (processes.one, processes.other)))
    assert processes.renewals == 2
    for clients_of in (processes.one, processes.other):
        clients_of.forget(TEAM)
        assert (await (await clients_of.of(TEAM)).auth_test())["team_id"] == TEAM
    # After it has ended everybody waits for whoever renews it.
    processes.forward(hours=13)
    woken = await asyncio.gather(*(each.of(TEAM) for each in (processes.one, processes.other) * 3))
    assert len({client.token for client in woken}) == 1
    assert processes.renewals == 3
    assert (await woken[0].auth_test())["ok"]


@on_sqlite
async def test_answer_that_is_lost_costs_nothing_until_the_token_ends(processes: Processes) -> None:
    first = await processes.found()
    processes.forward(hours=11)
    away = replace(processes.one.app, api_url="http://127.0.0.1:9/api/")
    lost = TeamClients(processes.one.deps, away, lambda token: web_client(token, away.api_url))
    assert (await lost.of(TEAM)).token == first.token
    # Slack may have taken the refresh token: for a minute nobody spends it.
    assert (await processes.other.of(TEAM)).token == first.token
    assert processes.renewals == 0
    processes.forward(seconds=61)
    assert (await processes.other.of(TEAM)).token != first.token


@on_sqlite
async def test_workspace_whose_refresh_token_was_lost_is_not_taken_for_one_that_has_gone(processes: Processes) -> None:
    first = await processes.found()
    app = processes.one.app
    # A process that dies before it has written down what the token became.
    await processes.one.client_with(None).api_call(
        "oauth.v2.access",
        data={
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "grant_type": "refresh_token",
            "refresh_token": first.refresh_token,
        },
    )
    processes.forward(hours=13)
    with pytest.raises(NotInstalled):
        await processes.one.of(TEAM)
    (listed,) = await installations.everybody(processes.one.deps)
    assert listed.gone_at is None
    processes.forward(days=31)
    assert await erasure.erase_due(processes.one.deps) == 0
    assert await processes.found()


@on_sqlite
async def test_workspace_whose_tokens_are_worth_nothing_has_removed_the_app(processes: Processes) -> None:
    first = await processes.found()
    client = await processes.one.of(TEAM)
    # What somebody between us and Slack answers is not believed.
    assert not await processes.one.refused(TEAM, client, "invalid_auth")
    assert not await processes.one.refused(TEAM, client, "ratelimited")
    # Nor what is said of a token that has been renewed since.
    processes.forward(hours=11)
    await processes.other.of(TEAM)
    processes.slack.first.workspace.grants.dead[first.token] = "token_expired"
    asked = processes.slack.calls["auth.test"]
    assert not await processes.one.refused(TEAM, client, "invalid_auth")
    assert processes.slack.calls["auth.test"] == asked
    newest = await processes.one.of(TEAM)
    processes.slack.first.workspace.grants.end(str(newest.token))
    assert await processes.one.refused(TEAM, newest, "account_inactive")
    for clients in (processes.one, processes.other):
        clients.forget(TEAM)
        with pytest.raises(NotInstalled):
            await clients.of(TEAM)
    assert await processes.one.authorize(TEAM) is None


@on_sqlite
async def test_refresh_token_that_slack_does_not_know_ends_with_the_token(processes: Processes) -> None:
    grants = processes.slack.first.workspace.grants
    grants.refresh_tokens.clear()
    processes.forward(hours=11)
    assert (await (await processes.one.of(TEAM)).auth_test())["ok"]
    processes.forward(hours=2)
    with pytest.raises(NotInstalled):
        await processes.one.of(TEAM)


@on_sqlite
async def test_sdks_own_authorisation_works_with_the_store(processes: Processes) -> None:
    store = Store(processes.one)
    authorise = AsyncInstallationStoreAuthorize(logger=store.logger, installation_store=store, bot_only=True)
    context, found = AsyncBoltContext(), await processes.found()
    asked = {"context": context, "enterprise_id": None, "user_id": None}
    context["client"] = processes.one.client_with(None)
    right = await authorise(team_id=TEAM, **asked)
    assert right is not None
    assert (right.bot_token, right.team_id) == (found.token, TEAM)
    whole = {"enterprise_id": "E1", "team_id": TEAM, "is_enterprise_install": True}
    assert await store.async_find_bot(**whole) is None
    assert await store.async_find_installation(enterprise_id=None, team_id=TEAM, user_id=BYSTANDER) is None
    kept = await store.async_find_installation(enterprise_id=None, team_id=TEAM, user_id="U01HAYASHI")
    assert kept is not None
    assert (kept.bot_token, kept.bot_refresh_token) == (found.token, None)
    with pytest.raises(ValueError, match="single workspaces"):
        await store.async_save(Installation(user_id="U1", team_id=None, is_enterprise_install=True, bot_token="xoxb-1"))
    await store.async_delete_installation(enterprise_id=None, team_id=TEAM, user_id=BYSTANDER)
    assert await installations.find(processes.one.deps, TEAM) is not None
    await store.async_delete_all(enterprise_id=None, team_id=TEAM)
    assert await installations.find(processes.one.deps, TEAM) is None
    assert await authorise(team_id=TEAM, **asked) is None
