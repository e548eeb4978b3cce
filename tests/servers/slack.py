"""Several embedded workspaces behind one address, with one app, as Slack has them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from bot.workspace.team import EXAMPLE, Channel, Person, Team
from tests.servers.http import web

PATIENCE = 20.0
OTHER = Team(
    id="T02KAWARA1",
    name="株式会社かわらや商事",
    domain="kawaraya",
    people=(
        Person("U02OKADA01", "okada", "岡田 亮", "admin", "代表"),
        Person("U02BAKER01", "baker", "Ann Baker", "is", "Inside Sales", "en"),
    ),
    channels=(Channel("C02GENERAL", "general", "", ("U02OKADA01", "U02BAKER01")),),
)
"""A second company."""


@dataclass
class Slack:
    """`workspaces` by team id. `calls` counts Web API calls by method. `change` may replace what a method answers."""

    workspaces: dict[str, RunningWorkspace]
    http: httpx.AsyncClient
    url: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    change: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    held: asyncio.Event | None = None
    """Calls of `oauth.v2.access` wait for it."""

    @property
    def api_url(self) -> str:
        """For SLACK_API_URL."""
        return f"{self.url}/api/"

    @property
    def first(self) -> RunningWorkspace:
        """The example's."""
        return self.workspaces[EXAMPLE.id]

    @property
    def other(self) -> RunningWorkspace:
        """`OTHER`'s."""
        return self.workspaces[OTHER.id]

    async def consent(self, link: str, **more: str) -> str:
        """Where Slack sends the browser that has followed this link of the app's and agreed; `team` and `user` say
        where and who, `deny` that they did not."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()} | more
        answer = await self.http.get(f"{self.url}/oauth/v2/authorize", params=query)
        answer = await self.http.get(answer.headers["location"])
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def _holder(self, headers: Mapping[str, str], form: Mapping[str, str]) -> RunningWorkspace:
        token = headers.get("authorization", "").removeprefix("Bearer ") or form.get("token", "")
        for one in self.workspaces.values():
            grants = one.workspace.grants
            if token and (one.workspace.holder(token) is not None or token in grants.dead):
                return one
            if form.get("refresh_token") in grants.refresh_tokens or grants.look_at(form.get("code", "")) is not None:
                return one
        return self.first

    async def api(self, request: Request) -> Response:
        """A method of the Web API."""
        method, body = request.path_params["method"], await request.body()
        self.calls[method] += 1
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if self.held is not None and method == "oauth.v2.access":
            await self.held.wait()
        chosen = self._holder(request.headers, form)
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
        url = f"{chosen.api_url}{method}"
        answer = await self.http.request(
            request.method, url, params=request.query_params, content=body, headers=headers
        )
        if method in self.change:
            return JSONResponse({**json.loads(answer.content), **self.change[method]})
        kept = {name: value for name, value in answer.headers.items() if name.startswith("x-")}
        return Response(answer.content, answer.status_code, kept, "application/json")

    async def authorize(self, request: Request) -> Response:
        """The page of consent."""
        query = dict(request.query_params)
        chosen = self.workspaces[query.pop("team", EXAMPLE.id)]
        return RedirectResponse(str(httpx.URL(f"{chosen.page_url}oauth/v2/authorize", params=query)))


@asynccontextmanager
async def slack(manifest: Mapping[str, Any], **options: Any) -> AsyncIterator[Slack]:
    """Serves two workspaces, the example's and `OTHER`'s, until the block ends."""
    async with AsyncExitStack() as stack:
        found = {}
        for team in (EXAMPLE, OTHER):
            running = workspace_running(team, manifest, patience=PATIENCE, **options)
            found[team.id] = await stack.enter_async_context(running)
        first, *others = (each.workspace for each in found.values())
        for workspace in others:
            # The same app everywhere.
            workspace.app_id, workspace.signing_secret = first.app_id, first.signing_secret
            workspace.grants.client_id = first.grants.client_id
            workspace.grants.client_secret = first.grants.client_secret
        for workspace in (first, *others):
            # Nobody has installed it yet.
            workspace.grants.dead[workspace.bot_token] = "account_inactive"
            workspace.app = replace(workspace.app, socket_mode=False)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE))
        served = Slack(found, http)
        routes = [
            Route("/api/{method}", served.api, methods=["GET", "POST"]),
            Route("/oauth/v2/authorize", served.authorize),
        ]
        served.url = await stack.enter_async_context(web(Starlette(routes=routes)))
        yield served
