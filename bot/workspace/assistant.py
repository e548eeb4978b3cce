"""The threads in which a person talks with the app: opened from the app's tab, told to it with where the person is."""

from __future__ import annotations

from typing import Any

from bot.workspace.messages import Conversation, Message
from bot.workspace.state import Workspace

ROOT_SUBTYPE = "assistant_app_thread"


def start_thread(workspace: Workspace, user: str, looking_at: Conversation | None) -> Message:
    """Opens a new thread in the person's direct message with the app and tells the app (`assistant_thread_started`).
    `looking_at` is the channel the person has open beside it. Returns the thread's parent, which nobody wrote."""
    conversation = workspace.im(user, workspace.bot_user)
    root = Message(
        workspace.mint.ts(),
        conversation.id,
        workspace.bot_user,
        "New Assistant Thread",
        bot_id=workspace.bot_id,
        subtype=ROOT_SUBTYPE,
    )
    # Not announced as a message: the app hears of it as of a thread.
    conversation.add(root)
    workspace.touch((user,))
    _tell(workspace, "assistant_thread_started", user, conversation, root, looking_at)
    return root


def change_context(
    workspace: Workspace, user: str, conversation: Conversation, root: Message, looking_at: Conversation | None
) -> None:
    """Tells the app that the person has gone to another channel with the thread still open."""
    _tell(workspace, "assistant_thread_context_changed", user, conversation, root, looking_at)


def _tell(
    workspace: Workspace,
    kind: str,
    user: str,
    conversation: Conversation,
    root: Message,
    looking_at: Conversation | None,
) -> None:
    context: dict[str, Any] = {}
    if looking_at is not None:
        context = {"channel_id": looking_at.id, "team_id": workspace.team.id, "enterprise_id": None}
    thread = {"user_id": user, "context": context, "channel_id": conversation.id, "thread_ts": root.ts}
    workspace.emit(kind, {"type": kind, "assistant_thread": thread})
