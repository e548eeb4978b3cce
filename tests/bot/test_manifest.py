"""The app manifest says of each command what it is for."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bot.app import all_routes
from bot.manifest import COMMANDS, manifest
from bot.workspace.api.scopes import SCOPES


@pytest.mark.parametrize("language", ["ja", "en"])
def test_each_command_has_a_description_of_its_own(language: str) -> None:
    routes = all_routes()
    assert set(COMMANDS) == set(routes.commands)
    commands = manifest(routes, language)["features"]["slash_commands"]
    described = {command["command"]: command["description"] for command in commands}
    assert len(set(described.values())) == len(described)
    assert all(described.values())


def test_addresses_of_members_are_asked_for() -> None:
    assert {"users:read", "users:read.email"} <= set(manifest(all_routes())["oauth_config"]["scopes"]["bot"])


ROOT = Path(__file__).parents[2]
BESIDES = {
    "app_mentions:read": "the event app_mention",
    "commands": "slash commands and shortcuts",
    "users:read.email": "the address in users.info",
}
"""Scopes that no method asks for, and what does."""


def called() -> set[str]:
    """The methods of Slack's that our sources call, by the names they have in the SDK."""
    ours = {path for folder in ("handlers", "bot") for path in (ROOT / folder).rglob("*.py")}
    sources = [path for path in ours if "workspace" not in path.relative_to(ROOT).parts]
    names = {
        node.attr
        for path in sources
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    return {method for method in SCOPES if method.replace(".", "_") in names}


def test_every_call_has_a_scope_and_every_scope_a_call() -> None:
    granted = set(manifest(all_routes())["oauth_config"]["scopes"]["bot"])
    methods = called()
    assert {"chat.postMessage", "files.info", "users.info"} <= methods
    assert {method for method in methods if not granted & set(SCOPES[method])} == set()
    asked = {scope for method in methods for scope in SCOPES[method]} | set(BESIDES)
    assert granted - asked == set()


def test_leavers_are_told_of() -> None:
    assert "user_change" in manifest(all_routes())["settings"]["event_subscriptions"]["bot_events"]


def test_pane_of_the_assistant_is_there_with_what_slack_asks_for_it() -> None:
    document = manifest(all_routes())
    assert len(document["features"]["assistant_view"]["assistant_description"]) <= 300
    assert "assistant:write" in document["oauth_config"]["scopes"]["bot"]
    events = document["settings"]["event_subscriptions"]["bot_events"]
    assert {"app_mention", "assistant_thread_started", "assistant_thread_context_changed", "message.im"} <= set(events)
