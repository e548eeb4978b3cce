"""Whatever an app sends, the Web API answers with a code of Slack's and never stumbles."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.workspace.api import METHODS
from bot.workspace.api.tables import tables
from bot.workspace.server import create_app
from bot.workspace.state import Workspace

from .method_calls import SUCCESSES
from .stage import GENERAL, HOME, MODAL, SATO, Clock, Stage

THINGS = (
    "mine", "theirs", "reply", "deleted", "whisper", "elsewhere", "secret", "own", "archived", "dm", "in_dm", "trigger",
    "view", "view_trigger", "client_id", "client_secret", "code", "event_context", "bot_user", "bot_id",
)  # fmt: skip
letters = st.characters() | st.characters(categories=["Cs"])
odd = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(letters, max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
values = (
    st.sampled_from([f"${name}" for name in THINGS])
    | st.sampled_from([GENERAL, SATO, HOME, MODAL, "x", "next:1", "0", "1700000000.000001", [], {}, [{}], [None]])
    | odd
    | odd.map(lambda value: json.dumps(value, default=str))
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any], str]:
    """A call that succeeds with some of its arguments left out, replaced by anything, or joined by others."""
    made = draw(st.sampled_from(SUCCESSES))
    arguments = {key: value for key, value in made.arguments.items() if draw(st.integers(0, 4))}
    for name in draw(st.sets(st.sampled_from(tables()[made.method]["args"] or ["x"]), max_size=3)):
        arguments[name] = draw(values)
    return made.method, arguments, made.token


async def codes(made: list[tuple[str, dict[str, Any], str]]) -> list[tuple[str, str | None]]:
    clock = Clock()
    workspace = Workspace(clock=clock)
    transport = httpx.ASGITransport(create_app(workspace, page=False))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/") as http:
        stage = Stage(workspace, clock, http)
        found = []
        for method, arguments, who in made:
            body = json.dumps(stage.filled(arguments)).encode()
            headers = {"Authorization": f"Bearer {stage.tokens[who]}"} if who else {}
            answer = await http.post(method, content=body, headers={**headers, "Content-Type": "application/json"})
            found.append((method, answer.json().get("error")))
    await workspace.close()
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(calls(), min_size=1, max_size=8))
def test_no_call_stumbles(made) -> None:
    for method, code in asyncio.run(codes(made)):
        assert code != "internal_error", method


def test_every_method_can_be_drawn() -> None:
    assert {made.method for made in SUCCESSES} == set(METHODS)
