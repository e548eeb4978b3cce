"""Every rule of the table over the real Web API: refused at its place, and taken just inside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import RunningWorkspace, running

from .kit import mrkdwn, on_surface, section
from .recorder import GENERAL, SATO
from .rules import RULES, Rule

# One workspace for all of them: each rule leaves behind no more than a message or a view that the next one replaces.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def workspace() -> AsyncIterator[RunningWorkspace]:
    async with running() as served:
        yield served


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def api(workspace: RunningWorkspace) -> AsyncWebClient:
    return AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url, retry_handlers=[])


async def send(workspace: RunningWorkspace, api: AsyncWebClient, surface: str, content: Any) -> Any:
    """The answer of the method that takes this surface, whether or not it was taken."""
    body: dict[str, Any]
    match surface:
        case "message":
            method, body = "chat.postMessage", {"channel": GENERAL, "text": "x", "blocks": content}
        case "modal":
            trigger = workspace.workspace.triggers.issue("1.1.x", SATO, None)
            method, body = "views.open", {"trigger_id": trigger, "view": content}
        case _:
            method, body = "views.publish", {"user_id": SATO, "view": content}
    try:
        return (await api.api_call(method, json=body)).data
    except SlackApiError as error:
        return error.response.data


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
async def test_a_broken_rule_is_refused_at_its_place_and_the_neighbour_is_taken(workspace, api, rule: Rule) -> None:
    refused = await send(workspace, api, rule.surface, rule.broken)
    assert refused.get("error") == rule.code
    pointers = [message.rpartition("[json-pointer:")[2] for message in refused["response_metadata"]["messages"]]
    assert f"{rule.pointer}]" in pointers
    taken = await send(workspace, api, rule.surface, rule.inside)
    assert taken["ok"], taken


@pytest.mark.parametrize("surface", ["modal", "home"])
async def test_a_view_of_more_than_250_kilobytes_is_refused(workspace, api, surface: str) -> None:
    long = section(text=mrkdwn("x" * 2938))  # With its keys 2,991 bytes, and a comma.
    assert (await send(workspace, api, surface, on_surface(surface, [long] * 84)))["error"] == "view_too_large"
    assert (await send(workspace, api, surface, on_surface(surface, [long] * 83)))["ok"]


async def test_names_of_rules_are_unique_so_that_a_failure_says_which() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
