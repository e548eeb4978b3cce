"""The views and sentences with which Slack is answered where no handler made one: notices, forms kept, apologies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from handlers import boundary
from handlers.i18n import LANGUAGES, Translator, translator
from handlers.interaction import Interaction, dicts

SAID = "said."
"""How the ids of the blocks begin that we put on top of a view."""
MOST_BLOCKS = 100
"""A view with more is refused by Slack."""


def notice(view: Mapping[str, Any], blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """A modal in place of the view that says only this."""
    return {"type": "modal", "title": view["title"], "close": view.get("close"), "blocks": blocks}


_OWN = ("type", "callback_id", "title", "submit", "close", "private_metadata", "clear_on_close", "notify_on_close")
"""What of a view is the app's."""


def kept(view: Mapping[str, Any], blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """The view as it is, below these blocks; those of an earlier time go."""
    said = [{**block, "block_id": f"{SAID}{place}"} for place, block in enumerate(blocks)]
    stays = [block for block in view["blocks"] if not str(block.get("block_id")).startswith(SAID)]
    return {**{name: view[name] for name in _OWN if view.get(name) is not None}, "blocks": (said + stays)[:MOST_BLOCKS]}


async def apologise(kind: str, body: Mapping[str, Any], ack: AsyncAck | None, reference: str | None) -> bool:
    """Tell somebody whom we do not even know yet that there is a fault, in both languages; whether they were told.
    `reference` None: it is only that too much is going on."""
    if ack is None or ack.response is not None:
        return False
    said = " / ".join(_fault(translator(code), reference, submitting=kind == "view") for code in LANGUAGES)
    if kind == "command":
        await ack(text=said, response_type="ephemeral")
    elif kind == "view":
        place = boundary.anchor(body["view"])
        if place is not None:
            await ack(response_action="errors", errors={place: said})
        else:
            await ack(response_action="update", view=kept(body["view"], dicts(boundary.warning(said).blocks)))
    else:
        return False
    return True


def _fault(t: Translator, reference: str | None, *, submitting: bool) -> str:
    if reference is None:
        return boundary.crowded(t, submitting=submitting)
    return boundary.fault(t, reference, submitting=submitting)


def notice_modal(interaction: Interaction, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """A small modal that says this, where there is no other place for it."""
    t = interaction.t
    return {"type": "modal", "title": t("Notice"), "close": t("Close"), "blocks": blocks}
