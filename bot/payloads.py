"""What Slack's payloads say: who, where, what was clicked, and under which name the route tables have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def route_name(kind: str, body: Mapping[str, Any]) -> str:
    """The name under which the route tables have what somebody did, if they have it."""
    match kind:
        case "command":
            verb = str(body.get("text") or "").strip().partition(" ")[0].lower()
            return f"{str(body.get('command', '')).removeprefix('/')} {verb}".strip()
        case "view":
            return str(body["view"].get("callback_id"))
        case "action":
            return str(body["actions"][0].get("action_id")).partition("#")[0]
        case "options":
            return str(body.get("action_id")).partition("#")[0]
        case "shortcut":
            return str(body.get("callback_id"))
        case _:
            return str(body["event"].get("type"))


def team_of(body: Mapping[str, Any]) -> str:
    """The team's Slack id, for the log."""
    return str(body.get("team_id") or (body.get("team") or {}).get("id") or "")


def where(body: Mapping[str, Any]) -> tuple[str, str, str]:
    """The team's and the user's Slack ids, and the team's domain."""
    team = body.get("team") or {}
    team_id = team.get("id") or body["user"].get("team_id")
    return str(team_id), str(body["user"]["id"]), str(team.get("domain", ""))


def channel_of(event: Mapping[str, Any]) -> str:
    """Where an event happened; of a thread in the assistant's pane, the direct message it is in."""
    return str(event.get("channel") or (event.get("assistant_thread") or {}).get("channel_id") or "")


def value_of(clicked: Mapping[str, Any]) -> str:
    """What a button stands for, or what was chosen; "" for neither."""
    chosen = clicked.get("selected_option")
    if chosen:
        return str(chosen["value"])
    for key in ("value", "selected_conversation", "selected_user", "selected_channel", "selected_date"):
        if clicked.get(key):
            return str(clicked[key])
    return ""
