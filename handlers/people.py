"""People as Slack describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def name_of(info: Mapping[str, Any]) -> str:
    """How somebody is called, from the `user` of `users.info`: the full name, which colleagues and customers know."""
    return str(info.get("profile", {}).get("real_name") or info.get("real_name") or info.get("name") or info["id"])
