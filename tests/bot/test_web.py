"""The bot's own server: what it takes, what it refuses, and how it stops."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urljoin

import httpx
import pytest
from pydantic import ValidationError
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response
from typer.testing import CliRunner

from bot import web
from bot.__main__ import app as command_line
from bot.app import all_routes
from bot.demo import reach_over_http
from bot.manifest import manifest
from bot.run import Misconfigured, running
from bot.settings import Settings
from bot.workspace.manifest import RequestUrls, read_manifest
from bot.workspace.server import running as workspace_running
from handlers.routes import Endpoint
from services.deps import Deps

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BODY = json.dumps({"type": "url_verification", "challenge": "c"})


def signed(body: str, *, secret: str = SECRET, age: int = 0) -> dict[str, str]:
    """The headers of a request that Slack signed `age` seconds ago."""
    timestamp = str(int(time.time()) - age)
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={digest}",
        "Content-Type": "application/json",
    }


@asynccontextmanager
async def serving(app: AsyncApp, host: str, port: int) -> AsyncIterator[str]:
    """Slack's address of a server with nothing but this app."""
    listener = web.listening(host, port)
    async with web.serving(web.web_app(app), listener):
        yield urljoin(web.address(listener), web.EVENTS_PATH)


@dataclass
class Served:
    """A served app whose one listener can be held up."""

    url: str
    http: httpx.AsyncClient
    started: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    finished: list[str] = field(default_factory=list)

    async def post(self, body: str, headers: dict[str, str]) -> httpx.Response:
        """What the app answers at its address for everything."""
        return await self.http.post(self.url, content=body.encode(), headers=headers)


def small_app(secret: str = SECRET) -> AsyncApp:
    """An app that needs no workspace."""
    client = AsyncWebClient(token="xoxb-1", base_url="http://127.0.0.1:9/api/", retry_handlers=[])

    async def authorize(**_: Any) -> Any:
        from slack_bolt.authorization import AuthorizeResult

        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1", bot_id="B1", bot_user_id="U1")

    return AsyncApp(
        name="tests", client=client, signing_secret=secret, authorize=authorize, process_before_response=True
    )


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    app = small_app()
    async with serving(app, "127.0.0.1", 0) as url, httpx.AsyncClient(timeout=10) as http:
        found = Served(url, http)

        @app.event("app_mention")
        async def mentioned(event: dict[str, Any]) -> None:
            found.started.set()
            await found.go_on.wait()
            found.finished.append(event["text"])

        yield found


def mention(text: str) -> str:
    """An event's body."""
    event = {"type": "app_mention", "text": text, "user": "U2", "channel": "C1", "ts": "1.1"}
    return json.dumps({"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event})


async def test_signed_request_is_answered(served: Served) -> None:
    answer = await served.post(BODY, signed(BODY))
    assert (answer.status_code, answer.json()) == (200, {"challenge": "c"})


@pytest.mark.parametrize(
    "sign",
    [
        dict,
        lambda: signed(BODY, secret="another"),
        lambda: signed(BODY + " "),
        lambda: signed(BODY, age=301),
        lambda: signed(BODY, age=-330),
        lambda: {**signed(BODY), "X-Slack-Request-Timestamp": "soon"},
        lambda: {**signed(BODY), "X-Slack-Signature": "v0=ü"},
        lambda: {**signed(BODY), "X-Slack-Signature": ""},
    ],
    ids=["unsigned", "other secret", "other body", "too old", "too new", "no time", "no hex", "empty"],
)
async def test_request_not_signed_by_slack_now_is_refused(served: Served, sign: Callable[[], dict[str, str]]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in sign().items()]
    answer = await served.http.post(served.url, content=BODY.encode(), headers=raw)
    assert answer.status_code == 401
    assert served.finished == []


async def test_forged_event_runs_nothing(served: Served) -> None:
    served.go_on.set()
    body = mention("forged")
    assert (await served.post(body, signed(body, secret="guessed"))).status_code == 401
    assert (await served.post(body, signed(body))).status_code == 200
    assert served.finished == ["forged"]


@pytest.mark.parametrize(
    "body",
    ["{", "\udcff", "null", "[]", "1", '{"authorizations": 1}', '{"team": 1}'],
    ids=["broken JSON", "no UTF-8", "nothing", "list", "number", "no authorizations", "no team"],
)
async def test_request_that_cannot_be_read_is_refused(served: Served, body: str) -> None:
    raw = body.encode("utf-8", "surrogateescape")
    answer = await served.http.post(served.url, content=raw, headers=signed("x"))
    assert answer.status_code == 400


async def test_fault_of_a_page_is_logged_where_all_else_is(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("uvicorn", "uvicorn.error"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)

    async def failing(request: Request) -> Response:
        raise KeyError("x")

    listener = web.listening("127.0.0.1", 0)
    async with web.serving(web.web_app(None, pages={"/page": failing}), listener), httpx.AsyncClient() as http:
        assert (await http.get(urljoin(web.address(listener), "page"))).status_code == 500
    assert {record.name for record in caplog.records if record.exc_info} == {"uvicorn.error"}


async def test_fault_of_an_endpoint_is_told_with_a_reference_to_people_and_to_programs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def failing(_deps: Deps, request: Request) -> Response:
        raise KeyError("山田様の電話番号")

    listener = web.listening("127.0.0.1", 0)
    endpoint = Endpoint("/book", ("GET", "POST"), failing)
    served = web.web_app(None, cast("Deps", object()), [endpoint])
    async with web.serving(served, listener), httpx.AsyncClient(base_url=web.address(listener)) as http:
        page = await http.get("/book", headers={"Accept": "text/html", "Accept-Language": "ja"})
        answer = await http.post("/book")
    assert (page.status_code, answer.status_code) == (500, 500)
    assert "もう一度お試しください" in page.text
    assert answer.json()["error"] == "fault"
    assert answer.headers["Retry-After"]
    references = [re.search(r"[0-9A-F]{8}", text) for text in (page.text, answer.json()["reference"])]
    for reference in references:
        assert reference is not None
        assert reference[0] in caplog.text
    assert "山田" not in page.text + answer.text


async def test_body_larger_than_slacks_is_refused(served: Served) -> None:
    body = "x" * (web.BODY_LIMIT + 1)
    assert (await served.post(body, signed(body))).status_code == 413


async def test_health_is_told_without_a_signature(served: Served) -> None:
    answer = await served.http.get(served.url.replace(web.EVENTS_PATH, "/healthz"))
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", web.EVENTS_PATH, 405), ("GET", "/", 404), ("POST", "/healthz", 405), ("GET", "/docs", 404)],
)
async def test_there_is_nothing_else(served: Served, method: str, path: str, status: int) -> None:
    answer = await served.http.request(method, served.url.replace(web.EVENTS_PATH, path))
    assert answer.status_code == status


async def test_what_was_accepted_is_finished_before_the_end() -> None:
    app = small_app()
    started, go_on, finished = asyncio.Event(), asyncio.Event(), []

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any]) -> None:
        started.set()
        await go_on.wait()
        finished.append(event["text"])

    body = mention("x")
    async with httpx.AsyncClient(timeout=10) as http:
        server = serving(app, "127.0.0.1", 0)
        url = await server.__aenter__()
        asked = asyncio.create_task(http.post(url, content=body, headers=signed(body)))
        await started.wait()
        stopping = asyncio.create_task(server.__aexit__(None, None, None))
        await asyncio.sleep(0)
        assert not stopping.done()
        go_on.set()
        await stopping
        assert finished == ["x"]
        assert (await asked).status_code == 200


# Settings


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, database_url="sqlite:///never-made.db", **given)


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "WEB_HOST", "WEB_PORT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "over_http"),
    [
        ({"slack_signing_secret": "s"}, True),
        ({"slack_signing_secret": "s", "slack_app_token": ""}, True),
        ({"slack_signing_secret": "s", "slack_app_token": "xapp-1"}, True),
        ({"slack_signing_secret": "", "slack_app_token": "xapp-1"}, False),
        ({}, False),
    ],
)
def test_http_is_chosen_by_a_signing_secret(given: dict[str, str], over_http: bool) -> None:
    assert settings(**given).over_http is over_http


@pytest.mark.parametrize(
    ("given", "http", "missing"),
    [
        ({}, None, "SLACK_BOT_TOKEN and SLACK_APP_TOKEN"),
        ({"slack_bot_token": "xoxb-1"}, None, "SLACK_APP_TOKEN"),
        ({"slack_bot_token": "xoxb-1"}, True, "SLACK_SIGNING_SECRET"),
        ({"slack_bot_token": "xoxb-1", "slack_signing_secret": " "}, True, "SLACK_SIGNING_SECRET"),
        ({"slack_signing_secret": "s"}, None, "SLACK_BOT_TOKEN"),
    ],
)
async def test_missing_setting_is_named(given: dict[str, str], http: bool | None, missing: str) -> None:
    with pytest.raises(Misconfigured, match=f"^Not set: {missing}\\. "):
        async with running(settings(**given), http=http):
            pass


async def test_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(web.PortTaken, match=str(port)):
            async with serving(small_app(), "127.0.0.1", port):
                pass


def test_port_outside_of_all_ports_is_no_setting() -> None:
    with pytest.raises(ValidationError, match="web_port"):
        settings(web_port=70_000)


def test_manifest_for_http_names_one_address_for_everything() -> None:
    address = "http://127.0.0.1:3000/slack/events"
    app = read_manifest(manifest(all_routes(), request_url=address))
    assert app.socket_mode is False
    commands = {command.command: address for command in app.commands or ()}
    assert app.urls == RequestUrls(address, address, address, commands)
    assert commands
    assert read_manifest(manifest(all_routes())).socket_mode is True


# Told to the workspace


async def test_workspace_takes_the_address_of_a_bot_that_knows_its_secret() -> None:
    async with workspace_running() as workspace:
        async with serving(small_app("another"), "127.0.0.1", 0) as url:
            with pytest.raises(RuntimeError, match="HTTP 401"):
                await reach_over_http(workspace.introduction(), url)
            assert not workspace.transport.over_http
        async with serving(small_app(workspace.signing_secret), "127.0.0.1", 0) as url:
            await reach_over_http(workspace.introduction(), url)
            assert workspace.transport.http.urls == RequestUrls.one(url)


def test_command_line_prints_the_manifest_for_http() -> None:
    printed = CliRunner().invoke(command_line, ["manifest", "--http", "https://bot.example/slack/events"])
    settings = json.loads(printed.stdout)["settings"]
    assert settings["event_subscriptions"]["request_url"] == "https://bot.example/slack/events"
    assert settings["socket_mode_enabled"] is False


def test_workspace_does_not_start_with_an_address_elsewhere() -> None:
    refused = CliRunner().invoke(
        command_line, ["workspace", "--port", "0", "--no-page", "--request-url", "https://bot.example/slack/events"]
    )
    assert refused.exit_code == 2
    assert "is not on this machine" in refused.output
