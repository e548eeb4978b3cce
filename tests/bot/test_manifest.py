"""The app manifest says of each command what it is for."""

from __future__ import annotations

import pytest

from bot.app import all_routes
from bot.manifest import COMMANDS, manifest


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
