"""What `python -m bot check` does: whether the roll-ups of calls equal the calls."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from bot.run import storage
from bot.settings import Settings
from domain.errors import Refused
from services.operator import known_teams, operator
from services.outreach import roll_up


async def check_roll_ups(settings: Settings, console: Console, team_id: str | None, *, rebuild: bool) -> int:
    """Print every row of a roll-up that is not what the calls say, of one team or of all; the process's exit code:
    1 when there was one that still stands, 2 when there is no such team."""
    differing = 0
    async with storage(settings) as deps:
        known = await known_teams(deps)
        if team_id is not None and team_id not in known:
            console.print(f"[red]No team {team_id}. Known teams: {', '.join(known) or 'none'}.[/red]")
            return 2
        for team in [team_id] if team_id is not None else known:
            try:
                actor = await operator(deps, team)
            except Refused:
                console.print(f"[red]{team}: nobody is an admin, so nobody can answer for its data.[/red]")
                return 2
            found = await roll_up.check(deps, actor)
            if not found:
                console.print(f"{team}: the roll-ups equal the calls.")
                continue
            table = Table("Roll-up", "Row", "Stands", "Calls say", title=team)
            for difference in found:
                table.add_row(difference.table, difference.key, _figures(difference.kept), _figures(difference.counted))
            console.print(table)
            if rebuild:
                await roll_up.rebuild(deps, actor)
                console.print(f"{team}: counted anew from the calls.")
            else:
                differing += len(found)
    if differing:
        console.print(f"{differing} rows differ. `python -m bot check --rebuild` counts them anew.")
    return 1 if differing else 0


def _figures(figures: Mapping[str, int]) -> str:
    return " ".join(f"{name}={value}" for name, value in figures.items())
