"""The payloads an app gets when a person does something, with the keys that Slack documents."""

from __future__ import annotations

from typing import Any

from bot.workspace.described import message_object, nested, view_object
from bot.workspace.inputs import all_values
from bot.workspace.messages import Conversation, Message, Values
from bot.workspace.state import Workspace
from bot.workspace.views import View


def _common(workspace: Workspace, user: str) -> dict[str, Any]:
    person = workspace.people[user]
    return {
        "team": {"id": workspace.team.id, "domain": workspace.team.domain},
        "user": {
            "id": person.id,
            "username": person.name,
            "name": person.name,
            "team_id": person.home or workspace.team.id,
        },
        "api_app_id": workspace.app_id,
        "token": workspace.verification_token,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _team_number(workspace: Workspace) -> int:
    return sum(ord(letter) * 36**place for place, letter in enumerate(workspace.team.id[:6]))


def trigger(workspace: Workspace, user: str, view: View | None = None, conversation: Conversation | None = None) -> str:
    """A fresh trigger id for what a person has just done."""
    ident = workspace.mint.trigger(_team_number(workspace))
    channel = conversation.id if conversation is not None else None
    return workspace.triggers.issue(ident, user, view.id if view is not None else None, channel)


def response_url(
    workspace: Workspace,
    conversation: Conversation,
    user: str,
    message: Message | None = None,
    *,
    kind: str = "actions",
) -> str:
    """A fresh response address."""
    secret = workspace.responses.issue(
        workspace.mint.secret(),
        conversation.id,
        user,
        message.ts if message is not None else None,
        ephemeral=message is not None and message.ephemeral_to is not None,
    )
    return f"{workspace.base_url}/response/{kind}/{workspace.team.id}/{secret}"


def channel_name(conversation: Conversation) -> str:
    """The name Slack puts into payloads for a conversation."""
    return "directmessage" if conversation.kind == "im" else conversation.name


def command(workspace: Workspace, user: str, conversation: Conversation, name: str, text: str) -> dict[str, Any]:
    """A slash command. Here alone Slack writes flat keys and the boolean as text."""
    return {
        "token": workspace.verification_token,
        "team_id": workspace.team.id,
        "team_domain": workspace.team.domain,
        "channel_id": conversation.id,
        "channel_name": channel_name(conversation),
        "user_id": user,
        "user_name": workspace.people[user].name,
        "command": name,
        "text": text,
        "api_app_id": workspace.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url(workspace, conversation, user, kind="commands"),
        "trigger_id": trigger(workspace, user, conversation=conversation),
    }


def message_values(message: Message, user: str) -> Values:
    """The state of a message's elements for one person."""
    return all_values(message.blocks or [], (message.chosen or {}).get(user, {}))


def told_message(workspace: Workspace, message: Message) -> dict[str, Any]:
    """A message inside an interactive payload; an ephemeral one comes with less, as from Slack."""
    described = message_object(workspace, message, metadata=True)
    return described | {"is_ephemeral": True} if message.ephemeral_to else described


def message_container(message: Message) -> dict[str, Any]:
    """Where an element of a message stands."""
    container: dict[str, Any] = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    return container


def message_actions(
    workspace: Workspace, user: str, conversation: Conversation, message: Message, actions: list[dict[str, Any]]
) -> dict[str, Any]:
    """`block_actions` from a message."""
    return {
        "type": "block_actions",
        **_common(workspace, user),
        "container": message_container(message),
        "trigger_id": trigger(workspace, user, conversation=conversation),
        "channel": {"id": conversation.id, "name": channel_name(conversation)},
        "message": told_message(workspace, message),
        "state": {"values": nested(message_values(message, user))},
        "response_url": response_url(workspace, conversation, user, message),
        "actions": actions,
    }


def full_view(workspace: Workspace, view: View) -> dict[str, Any]:
    """A view with its whole state."""
    return view_object(workspace, view, all_values(view.blocks, view.values))


def view_actions(workspace: Workspace, user: str, view: View, actions: list[dict[str, Any]]) -> dict[str, Any]:
    """`block_actions` from a modal or a home tab."""
    return {
        "type": "block_actions",
        **_common(workspace, user),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": trigger(workspace, user, view if view.type == "modal" else None),
        "view": full_view(workspace, view),
        "actions": actions,
    }


def submission(workspace: Workspace, user: str, view: View) -> dict[str, Any]:
    """`view_submission`, with response addresses for the conversation selects that ask for them."""
    described = full_view(workspace, view)
    addresses = []
    for block in view.blocks:
        element = block.get("element") or {}
        if not element.get("response_url_enabled"):
            continue
        state = described["state"]["values"].get(block["block_id"], {}).get(element["action_id"], {})
        chosen = state.get("selected_conversation") or state.get("selected_channel")
        conversation = workspace.conversations.get(chosen or "")
        if conversation is not None:
            addresses.append(
                {
                    "block_id": block["block_id"],
                    "action_id": element["action_id"],
                    "channel_id": conversation.id,
                    "response_url": response_url(workspace, conversation, user, kind="app"),
                }
            )
    return {
        "type": "view_submission",
        **_common(workspace, user),
        "trigger_id": trigger(workspace, user, view),
        "view": described,
        "response_urls": addresses,
    }


def closed(workspace: Workspace, view: View, *, cleared: bool) -> dict[str, Any]:
    """`view_closed`."""
    return {
        "type": "view_closed",
        **_common(workspace, view.user),
        "view": full_view(workspace, view),
        "is_cleared": cleared,
    }


def suggestion(
    workspace: Workspace,
    user: str,
    block_id: str,
    action_id: str,
    query: str,
    place: View | tuple[Conversation, Message],
) -> dict[str, Any]:
    """`block_suggestion`: what fits the letters typed so far."""
    told: dict[str, Any] = {
        "type": "block_suggestion",
        **_common(workspace, user),
        "action_id": action_id,
        "block_id": block_id,
        "value": query,
    }
    if isinstance(place, View):
        return {**told, "container": {"type": "view", "view_id": place.id}, "view": full_view(workspace, place)}
    conversation, message = place
    return {
        **told,
        "container": message_container(message),
        "channel": {"id": conversation.id, "name": channel_name(conversation)},
        "message": told_message(workspace, message),
    }


def shortcut(
    workspace: Workspace,
    user: str,
    callback_id: str,
    conversation: Conversation | None = None,
    message: Message | None = None,
) -> dict[str, Any]:
    """A global shortcut, or with a message a message shortcut (`message_action`)."""
    told: dict[str, Any] = {
        **_common(workspace, user),
        "callback_id": callback_id,
        "trigger_id": trigger(workspace, user, conversation=conversation),
        "action_ts": workspace.mint.ts(),
    }
    if conversation is None or message is None:
        return {"type": "shortcut", **told}
    return {
        "type": "message_action",
        **told,
        "channel": {"id": conversation.id, "name": channel_name(conversation)},
        "message_ts": message.ts,
        "message": told_message(workspace, message),
        "response_url": response_url(workspace, conversation, user, message, kind="app"),
    }
