"""A question that a model is asked about is acknowledged at once and answered later: nobody waits for nothing, though.

Before the acknowledgement a message is enqueued that says that the answer was broken off; once there is an answer, it
is settled and not sent. So it comes only where the process has ended in between, or nothing could be said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from handlers.assistant_posts import answer_thread
from handlers.blocks import section
from handlers.i18n import Markup
from handlers.interaction import Interaction
from handlers.messages import Reader, Rendered
from handlers.routes import Outgoing
from services import assistant as service
from services import deliveries
from services.deps import Deps


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """To whoever asked and may have got no answer."""

    def render(self, reader: Reader) -> Rendered:
        """What happened, and what to do."""
        text = reader.t.md(
            "I was interrupted while I was answering. If there is no answer above, please ask me again; nothing was "
            "changed."
        )
        return Rendered(text, [section(Markup(f":warning: {text}"))])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """There is but one."""
        return [cls()]


async def promise(interaction: Interaction) -> bool:
    """Promise the asker an answer; False where that was done before, as for a question that Slack sends twice."""
    return await service.promise(
        interaction.deps,
        interaction.actor,
        _key(interaction),
        channel=interaction.channel,
        thread_ts=answer_thread(interaction),
    )


async def kept(interaction: Interaction) -> None:
    """It is answered."""
    await service.kept(interaction.deps, interaction.actor, _key(interaction))


def _key(interaction: Interaction) -> str:
    return f"asked:{interaction.actor.team_id}:{interaction.channel}:{interaction.body['event']['ts']}"


async def compose_broken_off(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
    """In the thread of the question."""
    voice = await deliveries.member_voice(deps, team_id, str(arguments["slack_user"]))
    thread = arguments.get("thread_ts")
    channel = str(arguments["channel"])
    return Outgoing(BrokenOff(), voice.language, voice.zone, channel, thread_ts=str(thread) if thread else None)
