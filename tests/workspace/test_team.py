"""A team described in a file."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import running
from bot.workspace.team import EXAMPLE, Team, TeamError


def test_team_comes_back_from_its_description() -> None:
    assert Team.from_json(json.loads(json.dumps(EXAMPLE.to_json()))) == EXAMPLE


def _without_channels(team: dict[str, Any]) -> None:
    del team["channels"]


def _strange_key(team: dict[str, Any]) -> None:
    team["people"][0]["shoe_size"] = 42


def _twice(team: dict[str, Any]) -> None:
    team["people"][1]["id"] = team["people"][0]["id"]


def _channel_twice(team: dict[str, Any]) -> None:
    team["channels"][1]["id"] = team["channels"][0]["id"]


def _stranger(team: dict[str, Any]) -> None:
    team["channels"][0]["members"].append("U01NOBODY0")


def _role(team: dict[str, Any]) -> None:
    team["people"][0]["role"] = "pirate"


def _guest(team: dict[str, Any]) -> None:
    team["people"][0]["guest"] = "of honour"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_without_channels, "channels"),
        (_strange_key, "shoe_size"),
        (_twice, "same id"),
        (_channel_twice, "channels have the same id"),
        (_stranger, "U01NOBODY0"),
        (_role, "role"),
        (_guest, "guest"),
    ],
)
def test_description_that_makes_no_team_is_refused_with_the_reason(
    spoil: Callable[[dict[str, Any]], None], told: str
) -> None:
    described = json.loads(json.dumps(EXAMPLE.to_json()))
    spoil(described)
    with pytest.raises(TeamError, match=told):
        Team.from_json(described)


async def _workspace(*options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "workspace", "--port", "0", "--no-page", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, (EXAMPLE.id, False, False, None)),
        ({"guest": "multi"}, (EXAMPLE.id, True, False, None)),
        ({"guest": "single"}, (EXAMPLE.id, True, True, None)),
        ({"home": "T02OTHER"}, ("T02OTHER", False, False, True)),
    ],
)
async def test_apps_learn_who_is_a_guest_and_who_of_another_workspace(
    given: dict[str, Any], told: tuple[Any, ...]
) -> None:
    first, *others = EXAMPLE.people
    async with running(replace(EXAMPLE, people=(replace(first, **given), *others))) as workspace:
        client = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)
        user = (await client.users_info(user=first.id))["user"]
        keys = ("team_id", "is_restricted", "is_ultra_restricted", "is_stranger")
        assert tuple(user.get(key) for key in keys) == told


async def test_workspace_is_started_with_the_team_of_a_file(tmp_path: Path) -> None:
    described = json.loads(json.dumps(EXAMPLE.to_json()))
    described["people"].append(described["people"][0] | {"id": "U01NEW0001", "name": "new", "real_name": "新人 一郎"})
    file = tmp_path / "team.json"
    file.write_text(json.dumps(described), encoding="utf-8")
    process = await _workspace("--team", str(file))
    try:
        assert process.stdout is not None
        printed = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
    finally:
        process.terminate()
        await process.wait()
    assert "U01NEW0001" in {user["id"] for user in printed["users"]}


async def test_workspace_says_what_is_wrong_with_a_team(tmp_path: Path) -> None:
    file = tmp_path / "team.json"
    file.write_text("{}", encoding="utf-8")
    process = await _workspace("--team", str(file))
    _, told = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 2
    assert "people" in told.decode()
