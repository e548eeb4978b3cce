"""What Slack sends for what somebody does, put together by hand: also for people who could not do it on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from bot.workspace.delivery import EnvelopeKind
from bot.workspace.team import EXAMPLE

TEAM = EXAMPLE.id
CHANNEL = "C01ISTEAM0"


def _common(kind: str, user: str) -> dict[str, Any]:
    return {
        "type": kind,
        "team": {"id": TEAM, "domain": EXAMPLE.domain},
        "user": {"id": user, "username": "x", "name": "x", "team_id": TEAM},
        "api_app_id": "A01",
        "token": "-",
        "trigger_id": "1.1.outside",
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _view(callback_id: str, private_metadata: str) -> dict[str, Any]:
    return {
        "id": "V1",
        "team_id": TEAM,
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": private_metadata,
        "hash": "1.1",
        "title": {"type": "plain_text", "text": "x"},
        "blocks": [],
        "state": {"values": {}},
    }


def command(user: str, name: str, text: str) -> dict[str, Any]:
    """`/name text`, in the team's channel."""
    return {
        "token": "-",
        "team_id": TEAM,
        "team_domain": EXAMPLE.domain,
        "channel_id": CHANNEL,
        "channel_name": "is-team",
        "user_id": user,
        "user_name": "x",
        "command": f"/{name}",
        "text": text,
        "api_app_id": "A01",
        "is_enterprise_install": "false",
        "trigger_id": "1.1.outside",
    }


def submission(user: str, callback_id: str, private_metadata: str = "") -> dict[str, Any]:
    """A form sent off, with nothing filled in."""
    return _common("view_submission", user) | {"response_urls": [], "view": _view(callback_id, private_metadata)}


def click(user: str, action_id: str, value: str = "") -> dict[str, Any]:
    """A button of a message in the team's channel."""
    button = {"type": "button", "action_id": action_id, "block_id": "b", "value": value}
    return _common("block_actions", user) | {
        "container": {"type": "message", "message_ts": "1.1", "channel_id": CHANNEL, "is_ephemeral": False},
        "channel": {"id": CHANNEL, "name": "is-team"},
        "message": {"type": "message", "ts": "1.1", "text": "", "blocks": []},
        "state": {"values": {}},
        "actions": [{**button, "action_ts": "1.2"}],
    }


def suggestion(user: str, action_id: str, value: str) -> dict[str, Any]:
    """What was typed into a searching select."""
    return _common("block_suggestion", user) | {
        "container": {"type": "view", "view_id": "V1"},
        "action_id": action_id,
        "block_id": "b",
        "value": value,
    }


def shortcut(user: str, callback_id: str, kind: str) -> dict[str, Any]:
    """A `global` or a `message` shortcut."""
    if kind == "global":
        return _common("shortcut", user) | {"callback_id": callback_id, "action_ts": "1.2"}
    return _common("message_action", user) | {
        "callback_id": callback_id,
        "action_ts": "1.2",
        "message_ts": "1.1",
        "channel": {"id": CHANNEL, "name": "is-team"},
        "message": {"type": "message", "user": user, "ts": "1.1", "text": ""},
    }


def event(user: str, kind: str) -> dict[str, Any]:
    """An event of the Events API, as it comes from a DM with the bot."""
    told: Mapping[str, Any] = {
        "type": kind,
        "user": user,
        "channel": "D01",
        "channel_type": "im",
        "text": "x",
        "ts": "1.1",
        "event_ts": "1.1",
        "tab": "home",
        "assistant_thread": {"user_id": user, "context": {}, "channel_id": "D01", "thread_ts": "1.1"},
    }
    return {
        "type": "event_callback",
        "token": "-",
        "team_id": TEAM,
        "api_app_id": "A01",
        "event": told,
        "event_id": f"Ev{uuid4().hex}",
        "event_time": 1,
        "authorizations": [],
    }


def account(user: str, **changed: Any) -> dict[str, Any]:
    """The event that somebody's account was changed."""
    told = event(user, "user_change")
    described = {"id": user, "team_id": TEAM, "name": "x", "deleted": False, "profile": {}, **changed}
    return told | {"event": {"type": "user_change", "user": described, "cache_ts": 1, "event_ts": "1.1"}}


def envelope(kind: str) -> EnvelopeKind:
    """How Socket Mode calls what carries a command, an event, or anything else."""
    kinds: dict[str, EnvelopeKind] = {"command": "slash_commands", "event": "events_api"}
    return kinds.get(kind, "interactive")
