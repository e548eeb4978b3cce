"""What the command line does with the database directly: imports, members, the list of jobs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from bot.app import all_routes
from bot.clock import intervals
from bot.run import storage
from bot.settings import Settings
from domain.clock import EVERY_DAY, Timetable
from domain.errors import Refused
from domain.members import Role
from handlers.boundary import sentence
from handlers.data.integrations import file_problem, reason_text
from handlers.i18n import translator
from services import clock, members
from services.data import integrations
from services.deps import Actor, Deps
from services.operator import known_teams, operator


class NoTeam(Exception):
    """No team, or more than one and none named."""


async def chosen_operator(deps: Deps, team_id: str | None) -> Actor:
    """Whoever runs the command line: an admin of the team that `team_id` names, or of the only one there is."""
    known = await known_teams(deps)
    if team_id is None and len(known) == 1:
        team_id = known[0]
    if team_id is None or team_id not in known:
        names = ", ".join(known) or "none yet: start the bot and use it once in Slack"
        raise NoTeam(f"Name the team with --team. Known teams: {names}.")
    return await operator(deps, team_id)


async def import_file(
    settings: Settings, console: Console, file: Path, team_id: str | None, rejects: Path | None, language: str
) -> int:
    """Import companies from a file; the process's exit code."""
    t = translator(language)
    async with storage(settings) as deps:
        try:
            actor = await chosen_operator(deps, team_id)
        except NoTeam as missing:
            console.print(f"[red]{missing}[/red]")
            return 2
        bar = Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        with bar:
            shown = bar.add_task(file.name, total=1.0)

            async def progress(so_far: integrations.Progress) -> None:
                bar.update(shown, completed=so_far.share)

            try:
                result = await integrations.import_accounts(deps, actor, file, reason=reason_text(t), progress=progress)
            except Refused as refused:
                console.print(f"[red]{file_problem(t, refused) or sentence(t, refused)}[/red]")
                return 1
            bar.update(shown, completed=1.0)
    table = Table(show_header=False)
    for label, count in (
        (t("Rows"), result.rows),
        (t("Added"), result.added),
        (t("Updated"), result.updated),
        (t("Unchanged"), result.unchanged),
        (t("Not readable"), result.rejected),
    ):
        table.add_row(label, t.number(count))
    console.print(table)
    if result.ignored:
        console.print(t("Columns I do not know and left out: {names}", names=t.listed(result.ignored)))
    if result.rejects is not None:
        target = rejects or file.with_name(f"{file.stem}-rejected.csv")
        with result.rejects as unread:
            await asyncio.to_thread(target.write_bytes, unread.read())
        console.print(f"{t('Rows that could not be read')}: {target}")
    return 0


async def list_or_change_members(
    settings: Settings,
    console: Console,
    table: Table,
    slack_user: str | None,
    role: Role | None,
    territories: list[str],
    industries: list[str],
    team_id: str | None,
    name: str | None = None,
) -> int:
    """Fill `table` with the members after the change, if one was asked for; the process's exit code."""
    async with storage(settings) as deps:
        try:
            actor = await chosen_operator(deps, team_id)
            everybody = {m.slack_user: m for m in await members.everybody(deps, actor)}
            if slack_user is not None:
                if slack_user not in everybody:
                    if role is None or not name:
                        console.print(
                            f"[red]{slack_user} has not used the bot yet. --role and --name add somebody all the same, "
                            "also a guest of the workspace.[/red]"
                        )
                        return 2
                    await members.give_role(deps, actor, {slack_user: name}, role)
                    everybody = {m.slack_user: m for m in await members.everybody(deps, actor)}
                chosen = everybody[slack_user]
                if role is not None:
                    await members.set_role(deps, actor, chosen.member_id, role)
                if territories or industries:
                    await members.set_coverage(
                        deps, actor, chosen.member_id, territories=territories, industries=industries
                    )
            for member in await members.everybody(deps, actor):
                table.add_row(
                    member.slack_user,
                    member.name,
                    member.role.value,
                    ", ".join(member.territories),
                    ", ".join(member.industries),
                )
        except NoTeam as missing:
            console.print(f"[red]{missing}[/red]")
            return 2
        except Refused as refused:
            console.print(f"[red]{sentence(translator('en'), refused)}[/red]")
            return 1
    return 0


WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
COLUMNS = ("Team", "Job", "When", "Zone", "Next", "Next in UTC", "Last", "State")
"""Of the list of jobs."""
MOST_CHARACTERS = 1000
"""Of a line of it, whatever the window shows."""


async def list_jobs(settings: Settings, console: Console, table: Table, team_id: str | None) -> int:
    """Fill `table` with every job, what fires it when, and when it last did; the process's exit code."""
    routes = all_routes()
    async with storage(settings) as deps:
        known = await known_teams(deps)
        if team_id is not None and team_id not in known:
            console.print(f"[red]There is no team {team_id}. Known teams: {', '.join(known) or 'none yet'}.[/red]")
            return 2
        plans = {name: daily.plan for name, daily in routes.dailies.items()}
        every = {name: round(seconds) for name, seconds in intervals(routes).items()}
        for line in await clock.overview(deps, plans, every, team_id):
            zone = line.zone or "UTC"
            table.add_row(
                line.team_id or "every clock",
                line.name,
                _when(line.timetable) if line.timetable else f"every {_length(line.seconds or 0)}",
                line.zone or "",
                _local(line.next_at, zone),
                _local(line.next_at, "UTC"),
                _local(line.last_at, zone),
                f"{line.state} ({line.error})" if line.error else line.state or "",
            )
    return 0


def show_jobs(console: Console, table: Table) -> None:
    """Print the list so that nothing of it is cut off: in a narrow window job by job, elsewhere as the table it is."""
    wide = Measurement.get(console, console.options.update(max_width=MOST_CHARACTERS), table).maximum
    if not console.is_terminal:
        Console(file=console.file, width=max(wide, console.width)).print(table)
        return
    if wide <= console.width:
        console.print(table)
        return
    for row in zip(*(column.cells for column in table.columns), strict=True):
        said = dict(zip(COLUMNS, map(str, row), strict=True))
        console.print(f"[bold]{said.pop('Job')}[/bold]", highlight=False)
        for name, text in said.items():
            if text not in ("", "–"):
                console.print(f"  {name:<12}{text}", highlight=False)


def _when(timetable: Timetable) -> str:
    at = timetable.at.isoformat("minutes")
    if timetable.month_day is not None:
        at = f"{at} on day {timetable.month_day}"
    days = sorted(timetable.weekdays)
    if timetable.weekdays == EVERY_DAY:
        return at
    if len(days) > 1 and days == list(range(days[0], days[-1] + 1)):
        return f"{at} {WEEKDAYS[days[0]]}–{WEEKDAYS[days[-1]]}"
    return f"{at} {', '.join(WEEKDAYS[day] for day in days)}"


def _length(seconds: int) -> str:
    return f"{seconds // 3600} h" if seconds % 3600 == 0 else f"{seconds} s"


def _local(moment: datetime | None, zone: str) -> str:
    if moment is None:
        return "–"
    local = moment.astimezone(UTC if zone == "UTC" else ZoneInfo(zone))
    return f"{WEEKDAYS[local.weekday()]} {local:%Y-%m-%d %H:%M}"
