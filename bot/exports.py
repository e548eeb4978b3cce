"""What `python -m bot export` does, and `import` with what it wrote."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from bot.run import storage
from bot.settings import Settings
from services.data import exports
from services.data.exports import Problem, Restored, Unusable
from services.operator import known_teams

STDOUT = Path("-")


async def export_file(settings: Settings, console: Console, file: Path, team_id: str | None) -> int:
    """Write all data of a team into a file, or to standard output for "-"; the process's exit code. The console is not
    standard output: whatever else there is to say goes there."""
    async with storage(settings) as deps:
        known = await known_teams(deps)
        if team_id is None and len(known) == 1:
            team_id = known[0]
        if team_id is None or team_id not in known:
            console.print(f"[red]Name the team with --team. Known teams: {', '.join(known) or 'none yet'}.[/red]")
            return 2
        try:
            with _opened(file) as out:
                exported = await exports.export_team(deps, team_id, out.write)
        except OSError as unwritten:
            console.print(f"[red]{file} could not be written: {unwritten.strerror or unwritten}.[/red]")
            return 1
    console.print(f"{team_id}: {exported.rows:,} rows of {len(exported.tables)} tables exported.", highlight=False)
    return 0


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """Where the export goes. A file appears under its name, readable by its owner only, when all of it is written."""
    if file == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if file.exists() and not file.is_file():
        # A pipe or a device, which nothing may take the place of.
        with file.open("wb") as out:
            yield out
        return
    written = Path(_temporary(file))
    try:
        with written.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        written.replace(file)
    finally:
        written.unlink(missing_ok=True)


def _temporary(file: Path) -> str:
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    os.close(handle)
    return name


async def import_export(settings: Settings, console: Console, file: Path, team_id: str | None) -> int:
    """Take an export back; the process's exit code."""
    async with storage(settings) as deps:
        bar = Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        try:
            with bar:
                shown = bar.add_task(file.name, total=1.0)
                restored = await exports.import_team(
                    deps, file, team_id, lambda share: bar.update(shown, completed=share)
                )
                bar.update(shown, completed=1.0)
        except Unusable as unusable:
            console.print(f"[red]{escape(sentence(unusable))}[/red]", highlight=False)
            return 1
    for said in _said(restored):
        console.print(said, highlight=False)
    return 0


_SENTENCES = {
    Problem.NO_EXPORT: "This is no export, or one of another version of its format.",
    Problem.CUT_OFF: "The file is not whole: its last line, which says how many rows there are, is missing.",
    Problem.CHANGED: "The file is not as it was written: its checksum differs.",
    Problem.OTHER_SCHEMA: (
        "The export was written under schema {0}, and this database has {1}. Import it with the version of the program "
        "that wrote it, into a new database; then `python -m bot migrate` of this version brings that up to date."
    ),
    Problem.OTHER_TEAM: "The export is that of team {0}, not of {1}.",
    Problem.NOT_EMPTY: (
        "Team {0} has data here already (in {1}). An export is taken back only where its team has none: into a new "
        "database, before the bot is used there."
    ),
    Problem.UNREADABLE: "Line {0} is no row of this schema. {1}",
    Problem.TAKEN: (
        "Rows of other teams in this database have ids that the export uses ({0}). Buttons and links that are out "
        "already name these ids, so the export keeps them: take it back into a database of its own."
    ),
    Problem.REFERS: "A row of {0} refers to a record that the export does not hold ({1}).",
    Problem.UNSTORABLE: "This database cannot hold a value in {0}: {1}.",
}


def sentence(unusable: Unusable) -> str:
    """Why an export was not taken back."""
    return f"{_SENTENCES[unusable.problem].format(*unusable.detail).strip()} Nothing was imported."


def _said(restored: Restored) -> Iterator[str]:
    yield f"{restored.team_id}: {restored.rows:,} rows imported."
    if restored.deliveries or restored.letters:
        yield (
            f"On their way: {restored.deliveries:,} messages, which are looked for in Slack before they are posted, "
            f"and {restored.letters:,} letters, whose writers are told that they may not have gone out."
        )
    if restored.calendars is None:
        yield "SECRET_KEY is not set. Only with the one that was in use before can calendars and forms go on as before."
    if restored.calendars:
        yield (
            f"{restored.calendars:,} calendars were connected under another SECRET_KEY and have to be connected again "
            "(/meeting calendar). Their owners are told in Slack as soon as the bot needs one."
        )
    if restored.forms:
        yield f"{restored.forms:,} forms need a new secret (/inbound sources): theirs is of another SECRET_KEY."
