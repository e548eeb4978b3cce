"""The call queue in Slack: whom to call next, worked through with clicks."""

from __future__ import annotations

from handlers.interaction import Interaction

ORIGIN = "origin"
"""In a modal's private metadata: the place from which it was opened, as `origin` says it."""


def origin(interaction: Interaction) -> str:
    """Where the click happened, for the private metadata (under ORIGIN) of a modal that logs a call: the card it was
    opened from is brought up to date when the modal is submitted. "" where nothing has to be."""
    container = interaction.body.get("container") or {}
    clicked = (interaction.body.get("actions") or [{}])[0]
    block = str(clicked.get("block_id", ""))
    url = str(interaction.body.get("response_url") or "")
    return f"{block} {url}" if url and block.startswith("queue.") and container.get("type") == "message" else ""


def after_call(interaction: Interaction) -> bool:
    """Bring the queue's messages of this member up to date after a call was logged or undone.

    True: the call was logged from one of the queue's own cards, which then shows the result with its undo, so the
    caller need not answer.
    """
    place = origin(interaction) or str(interaction.metadata.get(ORIGIN, ""))
    return bool(place)
