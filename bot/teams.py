"""What `python -m bot teams` does: the workspaces of this installation."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.markup import escape
from rich.table import Table

from bot.run import storage
from bot.settings import Settings
from services import installations
from services.installations import KEPT, ListedRow

COLUMNS: Final = ("Slack", "Name", "Installed", "State", "Erased on")


async def list_teams(settings: Settings, table: Table) -> None:
    """A row for each workspace, the oldest first; days are those of UTC."""
    async with storage(settings) as deps:
        for row in await installations.everybody(deps):
            erased = row.gone_at + KEPT if row.gone_at else None
            table.add_row(row.team_id, escape(row.name), _day(row.installed_at), _state(row, deps.now()), _day(erased))


def _state(row: ListedRow, now: datetime) -> str:
    if row.erasing:
        return "being erased"
    if row.gone_at is not None:
        return f"removed {_day(row.gone_at)}"
    if row.installed_at is None:
        return "by bot token"
    if row.expires_at is not None and row.expires_at <= now:
        return "token has ended: to be installed again"
    return "installed"


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.date().isoformat()
