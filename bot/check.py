"""What `python -m bot check` does: whether the roll-ups of calls equal the calls, and the audit log is as it was
written."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from bot.run import storage
from bot.settings import Settings
from domain.audit import Break, Fault
from domain.errors import Refused
from services import audit
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


BROKEN: Mapping[Fault, str] = {
    Fault.MISSING: "no row has this number: one was removed, or several",
    Fault.CHANGED: "this row, its number or its hash is not what was sealed: it was changed, added or moved",
    Fault.DETAILS: "its details are not those that were sealed",
    Fault.UNRECORDED: "its details are gone, and no erasure of a person says so",
    Fault.CUT_OFF: "the chain ends here, or is another: the anchor that was kept says more",
}


async def check_audit(settings: Settings, console: Console, team_id: str | None, anchor: str | None = None) -> int:
    """Walk along the audit log of one team or of all, and print where each ends, or its first broken place; the
    process's exit code: 1 when there is one, 2 for a team or an anchor (`number:hash`, of one team) that is none."""
    anchors: dict[int, str] = {}
    if anchor is not None:
        number, _, sealed = anchor.partition(":")
        if not (number.isascii() and number.isdigit() and sealed):
            console.print(f"[red]{anchor} is no anchor. It looks like 42:9f86d0…, as an earlier check said it.[/red]")
            return 2
        anchors[int(number)] = sealed
    broken = False
    async with storage(settings) as deps:
        known = await known_teams(deps)
        if (team_id is not None and team_id not in known) or (anchors and team_id is None and len(known) != 1):
            console.print(f"[red]Name the team with --team. Known teams: {', '.join(known) or 'none'}.[/red]")
            return 2
        for team in [team_id] if team_id is not None else known:
            checked = await audit.check(deps, team, anchors)
            if checked.broken is not None:
                broken = True
                console.print(f"[red]{team}: the audit log is not what was written. {_place(checked.broken)}[/red]")
                continue
            end = checked.newest
            kept = f" Anchor: {end.seal}:{end.hash}" if end else ""
            console.print(
                f"{team}: the audit log is as it was written: {checked.rows:,} rows, {checked.waiting:,} not sealed "
                f"yet.{kept}",
                highlight=False,
                soft_wrap=True,
            )
    return 1 if broken else 0


def _place(found: Break) -> str:
    row = f" (row {found.row})" if found.row is not None else ""
    return f"Number {found.seal}{row}: {BROKEN[found.fault]}."


def _figures(figures: Mapping[str, int]) -> str:
    return " ".join(f"{name}={value}" for name, value in figures.items())
