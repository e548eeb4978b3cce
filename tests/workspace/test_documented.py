"""The description of the workspace names what there is."""

from __future__ import annotations

import re
from pathlib import Path

from bot.workspace.api import METHODS

DOCUMENT = Path(__file__).parents[2] / "docs" / "workspace.md"


def test_the_table_of_methods_is_complete_and_true() -> None:
    rows = re.findall(r"^\| ([a-z, ]+) \| (`.+) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    named = set()
    for families, methods in rows:
        family = families.split(", ")[0]
        for name in re.findall(r"`([a-zA-Z0-9.]+)`", methods):
            whole = name if name.split(".")[0] in ("api", "auth", "apps", "oauth", "team", "bots", "emoji") else None
            named.add(whole or f"{family}.{name}")
    assert set(METHODS) == {name for name in named if name in METHODS}
    claimed = {name for name in named if name.split(".")[0] in {method.split(".")[0] for method in METHODS}}
    assert claimed - set(METHODS) <= {"files.url_private"}
