"""Workspaces install the app over OAuth: the way there and back, each with a token of its own, and going again."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from prometheus_client import generate_latest
from pydantic import SecretStr
from rich.table import Table

from bot import doctor_installations
from bot.app import Listeners, all_routes, bolt
from bot.doctor import State
from bot.logs import OURS
from bot.manifest import SCOPES, manifest
from bot.metrics import Metrics
from bot.run import House, Misconfigured, running
from bot.settings import Settings
from bot.slack_client import web_client
from bot.teams import list_teams
from bot.workspace.manifest import RequestUrls
from bot.workspace.team import EXAMPLE
from handlers.i18n import translator
from handlers.installation.pages import INSTALL
from services import installations
from services.data.exports import export_team
from services.deps import Deps
from storage.tables import Delivery, Installation, Member
from tests.dump import dump
from tests.handlers.conftest import eventually
from tests.servers.slack import OTHER, Slack, slack

GOOD, BAD = State.GOOD, State.BAD
PUBLIC = "https://kakehashi.example/"
HAYASHI, SATO, OKADA, BAKER = "U01HAYASHI", "U01SATO001", "U02OKADA01", "U02BAKER01"


@dataclass
class Browser:
    """Somebody's browser: what is public leads to the bot's own server."""

    house: House
    http: httpx.AsyncClient
    language: str = "en"
    cookies: dict[str, str] = field(default_factory=dict)
    set_with: str = ""

    async def get(self, url: str) -> httpx.Response:
        place = urlsplit(url)
        held = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        here = f"{self.house.address.rstrip('/')}{place.path}?{place.query}"
        # Its own cookies stand in the header: those of the client would be everybody's.
        self.http.cookies.clear()
        answer = await self.http.get(here, headers={"Accept-Language": self.language, "Cookie": held})
        for line in answer.headers.get_list("set-cookie"):
            self.set_with = line
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    async def begin(self) -> str:
        """The link to Slack."""
        answer = await self.get(INSTALL)
        assert answer.status_code == 200
        return link(answer)

    async def install(self, workspaces: Slack, team: str, user: str) -> httpx.Response:
        """There and back."""
        return await self.get(await workspaces.consent(await self.begin(), team=team, user=user))


def link(answer: httpx.Response) -> str:
    found = re.search(r'class="button" href="([^"]+)"', answer.text)
    assert found, answer.text
    return unescape(found[1])


@dataclass
class Town:
    """Two workspaces, and the bot in none of them yet."""

    slack: Slack
    house: House

    def browser(self, language: str = "en") -> Browser:
        return Browser(self.house, self.slack.http, language)

    def direct(self, team: str, user: str) -> list[dict[str, Any]]:
        """What somebody has read from the bot in direct messages."""
        screen = self.slack.workspaces[team].person(user).screen()
        found = [c for c in screen["channels"] if c["with"] == screen["app"]["bot_user"]]
        return found[0]["messages"] if found else []

    async def rows(self, team: str, *columns: Any) -> list[Any]:
        async with self.house.deps.reading(team) as session:
            return list((await session.execute(sa.select(*columns))).all())


@pytest.fixture
async def workspaces() -> AsyncIterator[Slack]:
    async with slack(manifest(all_routes(), request_url="http://127.0.0.1:9/", public_url=PUBLIC)) as served:
        yield served


@pytest.fixture
def settings(database_url: str, workspaces: Slack) -> Settings:
    return Settings(
        _env_file=None,
        slack_client_id=workspaces.first.workspace.grants.client_id,
        slack_client_secret=workspaces.first.workspace.grants.client_secret,
        slack_signing_secret=workspaces.first.signing_secret,
        slack_api_url=workspaces.api_url,
        public_url=PUBLIC,
        web_port=0,
        database_url=database_url,
        delivery_limit=1000,
        delivery_settle_seconds=0.0,
        queue_poll_seconds=0.05,
    )


@pytest.fixture
async def town(workspaces: Slack, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    # What Bolt would read from the environment of a container, and make files of.
    monkeypatch.setenv("SLACK_CLIENT_ID", settings.slack_client_id)
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "a secret")
    async with running(settings) as house:
        assert house.request_url is not None
        for one in workspaces.workspaces.values():
            await one.transport.use_http(RequestUrls.one(house.request_url))
        yield Town(workspaces, house)


async def test_two_workspaces_install_work_and_one_goes_and_comes_back(
    town: Town, settings: Settings, owner_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    for package in OURS:
        caplog.set_level(logging.DEBUG, logger=package)
    # There: what is asked for, and the browser's secret.
    japanese = town.browser("ja,en;q=0.5")
    page = await japanese.get(INSTALL)
    assert ('lang="ja"' in page.text, "Slack へ" in page.text) == (True, True)
    assert japanese.set_with.startswith("__Host-kakehashi-install=")
    assert {"Secure", "HttpOnly", "SameSite=lax"} <= set(japanese.set_with.split("; "))
    asked = {name: values[0] for name, values in parse_qs(urlsplit(link(page)).query).items()}
    assert asked["scope"].split(",") == sorted(SCOPES)
    assert asked["redirect_uri"] == f"{PUBLIC}slack/oauth_redirect"
    # And back: the installer is the admin, and is welcomed in their language.
    done = await japanese.get(await town.slack.consent(link(page), team=EXAMPLE.id, user=HAYASHI))
    assert (done.status_code, EXAMPLE.name in done.text) == (200, True)
    assert link(done).startswith("https://slack.com/app_redirect?app=")
    assert (await town.browser().install(town.slack, OTHER.id, OKADA)).status_code == 200
    for team, user in ((EXAMPLE.id, HAYASHI), (OTHER.id, OKADA)):
        assert await town.rows(team, Member.slack_user, Member.role) == [(user, "admin")]
        told = await eventually(lambda team=team, user=user: town.direct(team, user))
        assert "はじめの設定" in str(told[0]["blocks"])
    # Each is answered with its own token.
    for team, user, channel in ((EXAMPLE.id, SATO, "C01GENERAL"), (OTHER.id, BAKER, "C02GENERAL")):
        told = await town.slack.workspaces[team].person(user).command(channel, "/lead", "help")
        assert told["ok"], told
        await town.slack.workspaces[team].person(user).home()
    assert (SATO, "inside_sales") in await town.rows(EXAMPLE.id, Member.slack_user, Member.role)
    # Nothing of the tokens is anywhere to be read.
    tokens = []
    for one in town.slack.workspaces.values():
        tokens += [*one.workspace.grants.rotating, *one.workspace.grants.refresh_tokens]
    assert len(tokens) == 4
    found = await installations.find(town.house.deps, OTHER.id)
    assert found is not None
    assert found.token in tokens
    exported: list[bytes] = []
    await export_team(town.house.deps, OTHER.id, exported.append)
    assert b'"table":"installations"' not in b"".join(exported)
    public = [
        dump(owner_url),
        caplog.text,
        repr(found),
        repr(settings),
        b"".join(exported).decode(),
        generate_latest(town.house.metrics.registry).decode(),
    ]
    assert not [text[:80] for text in public for token in tokens if token in text]

    # The doctor tries each one's token.
    assert await examined(settings) == [("Slack app", GOOD), ("Clock", GOOD), ("Workspaces", GOOD)]
    other_key = settings.model_copy(update={"secret_key": SecretStr("another")})
    assert (f"{OTHER.name} ({OTHER.id})", BAD) in await examined(other_key)
    wrong = settings.model_copy(update={"slack_client_secret": SecretStr("wrong")})
    assert ("Slack app", BAD) in await examined(wrong)

    # One goes: its tokens at once, and what is on its way stays where it is.
    gone = town.slack.first.workspace
    credentials = {"client_id": settings.slack_client_id, "client_secret": gone.grants.client_secret}
    headers = {"Authorization": f"Bearer {next(iter(gone.grants.rotating))}"}
    answer = await town.slack.http.post(f"{town.slack.api_url}apps.uninstall", data=credentials, headers=headers)
    assert answer.json()["ok"]
    deps = town.house.deps

    async def row() -> Any:
        (only,) = await town.rows(EXAMPLE.id, Installation.bot_token, Installation.refresh_token, Installation.gone_at)
        return only

    await until(row, lambda now: now.gone_at is not None)
    assert (await row())[:2] == (None, None)
    # Whoever still uses it there learns what has become of it.
    answered = await town.slack.first.person(SATO).command("C01GENERAL", "/lead", "help")
    assert "このワークスペースから削除されています" in str(answered) + str(town.slack.first.person(SATO).screen())
    for team, user in ((EXAMPLE.id, HAYASHI), (OTHER.id, OKADA)):
        async with deps.writing(team) as session:
            await deps.outbox.enqueue(
                session,
                key=f"note:{team}",
                kind=installations.WELCOME,
                channel=user,
                arguments={"before": True},
                now=deps.now(),
            )
    await eventually(lambda: len(town.direct(OTHER.id, OKADA)) == 2)
    dropped = f'kakehashi_deliveries_total{{kind="{installations.WELCOME}",outcome="dropped"}} 1.0'
    await eventually(lambda: dropped in generate_latest(town.house.metrics.registry).decode())
    assert (f"note:{EXAMPLE.id}", "queued") in await town.rows(EXAMPLE.id, Delivery.key, Delivery.state)
    listed = Table("Slack", "Name", "Installed", "State", "Erased on")
    await list_teams(settings, listed)
    shown = dict(zip(listed.columns[0].cells, listed.columns[3].cells, strict=True))
    assert shown == {EXAMPLE.id: f"removed {deps.now().date()}", OTHER.id: "installed"}
    assert [*listed.columns[4].cells] == [str((deps.now() + timedelta(days=30)).date()), ""]

    # And comes back, by somebody who decides nothing: everything is as it was, and what waited goes out.
    gone.live_bot_token()
    assert (await town.browser().install(town.slack, EXAMPLE.id, SATO)).status_code == 200
    await eventually(lambda: len(town.direct(EXAMPLE.id, HAYASHI)) == 2)
    assert (SATO, "inside_sales") in await town.rows(EXAMPLE.id, Member.slack_user, Member.role)
    told = await eventually(lambda: town.direct(EXAMPLE.id, SATO))
    assert "Kakehashi が戻りました" in told[-1]["text"]


async def examined(settings: Settings) -> list[tuple[str, State]]:
    found = await doctor_installations.workspaces(settings, translator("en"), time.time)
    return [(finding.part, finding.state) for finding in found]


async def until(look: Callable[[], Any], right: Callable[[Any], bool]) -> None:
    async with asyncio.timeout(20):
        while not right(await look()):  # noqa: ASYNC110 - the database tells nobody that it has changed
            await asyncio.sleep(0.02)


REFUSED = {
    "forged": lambda url: url.replace("state=", "state=x"),
    "nobody's": lambda url: re.sub(r"state=[^&]*", "state=", url),
    "cut": lambda url: re.sub(r"&?state=[^&]*", "", url),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_comes_back_is_who_went_once_and_soon(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing() -> None:
        assert await installations.everybody(town.house.deps) == []

    browser = town.browser()
    back = await town.slack.consent(await browser.begin())
    for change in REFUSED.values():
        assert (await browser.get(change(back))).status_code == 400
    # Somebody else's browser, with a secret of its own and without any; cookies of nobody.
    other = town.browser()
    await other.begin()
    strange = Browser(town.house, town.slack.http, cookies={"__Host-kakehashi-install": "x" * 43})
    for wrong in (other, town.browser(), strange):
        refused = await wrong.get(back)
        assert (refused.status_code, "did not begin in this browser" in refused.text) == (400, True)
    # Who refuses, or whose admin must be asked first, learns so; what Slack says is not shown unless it is a code.
    denied = await browser.get(await town.slack.consent(await browser.begin(), deny="1"))
    assert (denied.status_code, link(denied)) == (403, "install")
    state = parse_qs(urlsplit(await browser.begin()).query)["state"][0]
    odd = await browser.get(f"{PUBLIC}slack/oauth_redirect?state={state}&error=%3Cscript%3Ealert(1)%3C/script%3E")
    assert (odd.status_code, "script>" in odd.text) == (400, False)
    # A code that Slack does not know.
    wrong_code = await browser.get(re.sub("code=[^&]*", "code=1.2.3", await town.slack.consent(await browser.begin())))
    assert (wrong_code.status_code, "invalid_code" in wrong_code.text) == (400, True)
    # An organisation as a whole: what it gave is given back.
    town.slack.change["oauth.v2.access"] = {"is_enterprise_install": True, "team": None, "enterprise": {"id": "E1"}}
    enterprise = await browser.get(await town.slack.consent(await browser.begin()))
    assert (enterprise.status_code, "whole organisation" in enterprise.text) == (400, True)
    assert town.slack.calls["apps.uninstall"] == 1
    del town.slack.change["oauth.v2.access"]
    await nothing()
    # Too late.
    late = await town.slack.consent(await browser.begin())
    with monkeypatch.context() as later:
        later.setattr(installations, "STATE_SECONDS", 0)
        assert "took too long" in (await browser.get(late)).text
    await nothing()
    # Once: the second time nothing happens, even for the same browser.
    town.slack.first.workspace.live_bot_token()
    again = await town.slack.consent(await browser.begin(), user=HAYASHI)
    assert (await browser.get(again)).status_code == 200
    calls = town.slack.calls["oauth.v2.access"]
    assert "opened before" in (await browser.get(again)).text
    assert town.slack.calls["oauth.v2.access"] == calls
    # A member's token taken back is none of ours; the bot's is.
    workspace = town.slack.first.workspace
    told = workspace.emit("tokens_revoked", {"type": "tokens_revoked", "tokens": {"oauth": [SATO], "bot": []}})
    assert told is not None
    assert (await told).acknowledged
    found = await installations.find(town.house.deps, EXAMPLE.id)
    assert found is not None
    await web_client(found.token, town.slack.api_url).auth_revoke()
    await until(lambda: installations.find(town.house.deps, EXAMPLE.id), lambda now: now is None)


async def test_missing_settings_are_named_at_the_start(tmp_path: Path) -> None:
    given = {
        "slack_client_id": "1.2",
        "slack_client_secret": "s",
        "slack_signing_secret": "s",
        "public_url": PUBLIC,
        "database_url": f"sqlite:///{tmp_path / 'kakehashi.db'}",
    }
    for name in ("slack_client_id", "slack_client_secret", "slack_signing_secret", "public_url"):
        without = Settings(_env_file=None, **{**given, name: ""})
        with pytest.raises(Misconfigured, match=f"Not set: {name.upper()}"):
            async with running(without):
                pass
    with pytest.raises(Misconfigured, match="over HTTP"):
        async with running(Settings(_env_file=None, **given), http=False):
            pass


def test_bot_token_keeps_it_one_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "s")
    routes = all_routes()
    listeners = Listeners(cast("Deps", None), routes, Metrics(routes))
    app = bolt(listeners, web_client("xoxb-1", "http://127.0.0.1:9/api/"), "a secret")
    # Of these two Bolt would make an installation in files, and drop the token.
    assert (app.oauth_flow, app.installation_store, app._token) == (None, None, "xoxb-1")
    given = {"slack_client_id": "1.2", "slack_client_secret": "s", "slack_bot_token": "xoxb-1"}
    assert not Settings(_env_file=None, **given).many_workspaces
    assert Settings(_env_file=None, **{**given, "slack_bot_token": ""}).many_workspaces
    made = manifest(all_routes(), public_url="https://bot.example")
    assert made["oauth_config"]["redirect_urls"] == ["https://bot.example/slack/oauth_redirect"]
    assert made["settings"]["token_rotation_enabled"] is True
    assert {"app_uninstalled", "tokens_revoked"} <= set(made["settings"]["event_subscriptions"]["bot_events"])
    assert "app_uninstalled" not in manifest(all_routes())["settings"]["event_subscriptions"]["bot_events"]
