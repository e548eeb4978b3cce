"""Every call of Slack's Web API has its place in the limits."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

import bot
from bot.workspace.api.tables import tables
from bot.workspace.ratelimits import TIERS
from handlers.pacing import BUDGETS, OF_THE_APP

ROOT = Path(next(iter(bot.__path__))).parent
SOURCES = [
    path
    for folder in ("bot", "handlers", "services")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "workspace" not in path.relative_to(ROOT).parts
]


def methods_of(name: str) -> set[str]:
    """The methods that a method of the SDK's client calls; none where it has no such method."""
    found = inspect.getattr_static(AsyncWebClient, name, None)
    if not inspect.isfunction(found) or name.startswith("_") or "_" not in name:
        return set()
    source = inspect.getsource(found)
    called = {each for inner in re.findall(r"self\.(\w+)\(", source) if inner != name for each in methods_of(inner)}
    return called | set(re.findall(r"api_call\(\s*\"([\w.]+)\"", source))


def called_in(source: str) -> set[str]:
    """The methods of Slack's that a module calls, or may."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            found |= methods_of(node.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "api_call":
            found |= {argument.value for argument in node.args[:1] if isinstance(argument, ast.Constant)}
    return {str(method) for method in found} - {"api_call"}


def test_every_method_that_is_called_has_a_budget_and_every_budget_a_caller() -> None:
    called = set().union(*(called_in(path.read_text("utf-8")) for path in SOURCES))
    assert {"views.open", "chat.startStream", "files.completeUploadExternal", "oauth.v2.access"} <= called
    assert called == BUDGETS.keys() | OF_THE_APP


@pytest.mark.parametrize("method", sorted(BUDGETS))
def test_budget_stays_below_what_slack_takes_in_a_minute(method: str) -> None:
    budget = BUDGETS[method]
    assert budget.burst + 60 * budget.per_second <= TIERS[str(tables()[method]["tier"])]
