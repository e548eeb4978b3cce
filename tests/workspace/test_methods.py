"""Every supported method against Slack's published tables: required arguments, reachable error codes, answers' keys."""

from __future__ import annotations

from typing import Any

import pytest

from bot.workspace import posting
from bot.workspace.api import METHODS
from bot.workspace.api.dispatch import OWN_EMPTY
from bot.workspace.api.scopes import ANY_LEVEL, APP_LEVEL, BOT_ONLY, MEMBERS_ONLY, OPEN, SCOPES
from bot.workspace.api.tables import tables

from .method_calls import SUCCESSES, Made
from .method_errors import ERRORS
from .stage import GENERAL, KATO, SATO, Stage

# Codes outside a method's own list that its smallest call reaches here.
BEYOND_THE_TABLE = {
    # Slack names it where it describes thread_ts, not in the list.
    ("chat.startStream", "invalid_thread_ts"),
}


async def play(stage: Stage, made: Made) -> dict[str, Any]:
    for step in made.before:
        await (_STEPS[step[0]](stage) if step[0] in _STEPS else stage.prepare(step))
    stage.clock.now += made.later
    return await stage.call(made.method, made.arguments, made.token)


async def _upload(stage: Stage) -> None:
    ticket = stage.workspace.files.files[stage.things["file"]].ticket
    sent = await stage.http.post(str(stage.http.base_url.join(f"/upload/v1/{ticket}")), content=b"x")
    assert sent.status_code == 200


async def _their_file(stage: Stage) -> None:
    answer = await stage.person(SATO).upload(GENERAL, "a.txt", b"x")
    stage.things["file"] = answer["file"]["id"]


async def _hundred_pins(stage: Stage) -> None:
    for number in range(100):
        ts = posting.post(stage.workspace, stage.workspace.conversations[GENERAL], SATO, str(number)).ts
        await stage.prepare(("pins.add", {"channel": GENERAL, "timestamp": ts}))


async def _fifty(stage: Stage) -> None:
    general = stage.workspace.conversations[GENERAL]
    for number in range(50):
        message = general.messages[stage.things["mine"]]
        posting.react(stage.workspace, general, message, SATO, f"n{number}", add=True)


async def _close_modals(stage: Stage) -> None:
    stage.workspace.views.clear(KATO)


async def _home_of_kato(stage: Stage) -> None:
    stage.things["home"] = stage.workspace.views.homes[KATO].id


_STEPS = {
    "upload": _upload,
    "their_file": _their_file,
    "hundred_pins": _hundred_pins,
    "fifty": _fifty,
    "close_modals": _close_modals,
    "home_of_kato": _home_of_kato,
}


def test_every_method_is_in_slacks_table_and_in_the_table_of_successes() -> None:
    assert set(METHODS) == set(tables())
    assert sorted(made.method for made in SUCCESSES) == sorted(METHODS)
    assert set(SCOPES) | APP_LEVEL | ANY_LEVEL | BOT_ONLY | MEMBERS_ONLY | OPEN | set(OWN_EMPTY) <= set(METHODS)


@pytest.mark.parametrize("made", SUCCESSES, ids=lambda made: made.method)
async def test_the_smallest_call_succeeds_with_every_key_slack_requires(served_stage, made) -> None:
    answer = await play(served_stage, made)
    assert answer["ok"], answer
    assert set(tables()[made.method]["output_required"]) <= set(answer)


@pytest.mark.parametrize(
    "made", [made for made in SUCCESSES if tables()[made.method]["required"]], ids=lambda made: made.method
)
async def test_each_required_argument_is_missed_by_name(stage, made) -> None:
    required = tables()[made.method]["required"]
    for place, name in enumerate(required):
        rest = {key: value for key, value in made.arguments.items() if key != name}
        answer = await play(stage, Made(made.method, rest, () if place else made.before, made.token))
        assert answer["error"] == "invalid_arguments"
        assert answer["response_metadata"]["messages"] == [f"[ERROR] missing required field: {name}"]


@pytest.mark.parametrize(("code", "made"), ERRORS, ids=lambda one: one if isinstance(one, str) else one.method)
async def test_the_error_is_reached_by_its_smallest_call(stage, code, made) -> None:
    answer = await play(stage, made)
    assert (answer["ok"], answer["error"]) == (False, code)
    published = set(tables()[made.method]["errors"])
    assert code in published | {"invalid_arguments"} or (made.method, code) in BEYOND_THE_TABLE


@pytest.mark.parametrize("method", sorted(set(METHODS) - OPEN))
async def test_a_call_without_or_with_a_wrong_token_is_refused(stage, method) -> None:
    assert (await stage.http.post(method)).json() == {"ok": False, "error": "not_authed"}
    assert (await stage.http.post(method, data={"token": "xoxb-no"})).json()["error"] == "invalid_auth"


@pytest.mark.parametrize("made", SUCCESSES, ids=lambda made: made.method)
async def test_a_token_of_the_wrong_kind_opens_nothing(stage, made) -> None:
    if made.method in OPEN | ANY_LEVEL:
        for token in ("bot", "app", "user"):
            assert (await stage.call(made.method, {}, token)).get("error") != "not_allowed_token_type"
        return
    wrong = "bot" if made.method in APP_LEVEL | MEMBERS_ONLY else "app"
    answer = await stage.call(made.method, {}, wrong)
    assert answer["error"] == "not_allowed_token_type"


@pytest.mark.parametrize("method", sorted(set(SCOPES) - BOT_ONLY - {m for m in SCOPES if "chat:write" in SCOPES[m]}))
async def test_a_scope_that_was_not_granted_is_missed(stage, method) -> None:
    answer = await stage.call(method, {}, "narrow")
    assert (answer["error"], answer["needed"], answer["provided"]) == (
        "missing_scope",
        ",".join(SCOPES[method]),
        "chat:write",
    )
