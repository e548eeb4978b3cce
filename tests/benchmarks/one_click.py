"""A call logged by one click: from envelope to acknowledgement, with the call and its roll-ups committed."""

from __future__ import annotations

from typing import Any

from bot.run import storage
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from services import members
from services.outreach import roll_up
from storage.tables import Call
from tests.benchmarks.acknowledgements import USERS, Case, Target, envelope, run

CHANNEL = "C01ISTEAM0"
PAUSE = 0.02
"""Between two clicks of one person, so that what the bot does after one is not measured with the next."""


def payload(workspace: RunningWorkspace, number: int, target: Target) -> dict[str, Any]:
    """What Slack sends when “no answer” is clicked on this lead's card; every lead once."""
    ts = f"1700000000.{number:06d}"
    button = {
        "type": "button",
        "action_id": "call.quick#no_answer",
        "block_id": "calls",
        "value": str(target.lead_id),
        "text": {"type": "plain_text", "text": "不在・不通"},
    }
    return {
        **envelope(workspace, number, target.user, "block_actions"),
        "container": {"type": "message", "message_ts": ts, "channel_id": CHANNEL, "is_ephemeral": False},
        "channel": {"id": CHANNEL, "name": "bench"},
        "message": {"type": "message", "ts": ts, "text": "card", "blocks": []},
        # An address nobody answers at: what is told afterwards is nothing that is waited for, and costs the same.
        "response_url": f"{workspace.api_url}nowhere",
        "state": {"values": {}},
        "actions": [{**button, "action_ts": f"1700000001.{number:06d}"}],
    }


async def check(settings: Settings, team_id: str, clicks: int) -> None:
    """Every click must have become one call, and the roll-ups must equal the calls."""
    async with storage(settings) as deps:
        async with deps.reading(team_id) as session:
            made = await session.run_sync(lambda sync: sync.query(Call).count())
        rep = await members.who(deps, team_id, USERS[0])
        differences = await roll_up.check(deps, rep) if rep else []
    if made != clicks or differences:
        raise RuntimeError(f"{made} calls for {clicks} clicks; {len(differences)} rows of roll-ups differ")


if __name__ == "__main__":
    run(Case(payload, pause=PAUSE, check=check), __doc__)
