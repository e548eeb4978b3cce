"""People as Slack describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def name_of(info: Mapping[str, Any]) -> str:
    """How somebody is called, from the `user` of `users.info`: the full name, which colleagues and customers know."""
    return str(info.get("profile", {}).get("real_name") or info.get("real_name") or info.get("name") or info["id"])


def is_of(info: Mapping[str, Any], team_id: str) -> bool:
    """Whether somebody is of this workspace, as a guest perhaps. In an organisation one may be of several."""
    homes = {info.get("team_id"), *(info.get("enterprise_user") or {}).get("teams", ())}
    return team_id in homes and not any(info.get(kind) for kind in ("is_stranger", "is_bot", "deleted"))


def is_full_member(info: Mapping[str, Any], team_id: str) -> bool:
    """Whether somebody is of this workspace, and no guest."""
    return is_of(info, team_id) and not (info.get("is_restricted") or info.get("is_ultra_restricted"))
