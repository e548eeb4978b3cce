"""What Slack publishes of each supported method: arguments, required ones, error codes, rate tier, keys of answers."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any


@functools.cache
def tables() -> Mapping[str, Mapping[str, Any]]:
    """The table of every supported method, by its name."""
    text = files("bot.workspace.api").joinpath("methods.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Any]] = json.loads(text)["methods"]
    return found
