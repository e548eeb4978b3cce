"""Answers that only one person sees, given after the acknowledgement: nobody waits for them."""

from __future__ import annotations

from slack_sdk.webhook.async_client import AsyncWebhookClient

from handlers.interaction import Answer, Interaction, Reply, dicts
from handlers.messages import Rendered


def whisper(interaction: Interaction, rendered: Rendered, *, url: str = "", replace: bool = False) -> Answer:
    """Tell only this person, once Slack has its acknowledgement; `replace`: in place of the message clicked on.

    Where there is no message to answer to, the answer is given with the acknowledgement.
    """
    address = url or str(interaction.body.get("response_url") or "")
    if not address:
        return Reply(rendered)

    async def say() -> None:
        await AsyncWebhookClient(address, session=interaction.client.session, retry_handlers=[]).send_dict(
            {
                "text": rendered.text,
                "blocks": dicts(rendered.blocks),
                "response_type": "ephemeral",
                "replace_original": replace,
                # What is clicked in a thread is answered there.
                **({"thread_ts": interaction.thread} if interaction.thread else {}),
            }
        )

    interaction.afterwards.append(say)
    return None
