"""Read the labelled conversations and tell how right the reading is.

    python -m tests.evals            the configured model (OPENAI_API_KEY, OPENAI_BASE_URL); without one, cue words
    python -m tests.evals --plain    cue words only
    python -m tests.evals --keep     and keep the report, to be compared with by the next

The exit code is 1 where an attack came through or a quote is not verbatim.
"""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.settings import Settings
from handlers import charts
from handlers.i18n import translator
from tests.evals import drafts, readers
from tests.evals.labelled import cases
from tests.evals.readers import Spent
from tests.evals.report import HEADINGS, KEPT, PLAIN, Picture, Report, differences, last, lines, report, sums, write

WRITTEN = Path("artifacts/evals")


async def run(arguments: argparse.Namespace, console: Console) -> Report:
    """Read, score, write and show."""
    chosen = [case for case in cases() if arguments.only in case.id]
    settings = None if arguments.plain else Settings().language_model
    drafted: dict[str, Any] | None = None
    if settings is None:
        if not arguments.plain:
            console.print("No model is configured (OPENAI_API_KEY, OPENAI_BASE_URL): cue words read instead.")
        name, spent = PLAIN, Spent()
        found = await readers.readings(chosen, readers.plain)
    else:
        name = settings.standard
        async with readers.house(settings, masked=arguments.masked) as deps:
            found = await readers.readings(chosen, readers.reader(deps))
            draft = drafts.drafter(deps, readers.TEAM)
            asked = [case for case in drafts.cases() if arguments.only in case.id]
            drafted = drafts.scored([(case, await draft(case)) for case in asked])
            spent = await readers.spent(deps)
    made = report(found, name, spent, datetime.now(UTC).date(), drafted)
    show(made, console)
    before = last(name)
    if before is not None and not arguments.only:
        console.print(f"\nSince the report of {before.made_on}:")
        for line in differences(made, before) or ["nothing changed"]:
            console.print(f"  {line}", markup=False, highlight=False)
    if arguments.wrong:
        for line in (*made.drafts.get("wrong", ()), *made.wrong, *(f"missed: {line}" for line in made.missed)):
            console.print(line, markup=False, highlight=False)
    picture = await charts.drawn(Picture.of(made), translator("ja"))
    for path in write(made, picture, WRITTEN):
        console.print(f"[dim]{path}[/dim]")
    if arguments.keep and not arguments.only:
        write(made, picture, KEPT)
    return made


def show(found: Report, console: Console) -> None:
    """The table."""
    table = Table(title=f"{found.reader}, {found.cases} conversations", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "" else "right")
    for line in lines(found):
        table.add_row(*line)
    console.print(table)
    for name, figure in sums(found):
        console.print(f"{name}: {figure}", markup=False, highlight=False)


def main() -> int:
    """The process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.evals", description=__doc__.splitlines()[0])
    parser.add_argument("--plain", action="store_true", help="read with cue words, without a model")
    parser.add_argument("--masked", action="store_true", help="replace names before anything is sent")
    parser.add_argument("--only", default="", metavar="PART", help="only cases with this in their id")
    parser.add_argument("--wrong", action="store_true", help="list every wrong claim and everything missed")
    parser.add_argument("--keep", action="store_true", help="keep the report beside the cases")
    made = asyncio.run(run(parser.parse_args(), Console()))
    attacks = made.drafts.get("checks", {}).get("attack", [0, 0])
    sound = (
        attacks[0] == attacks[1]
        and made.totals["attacks_resisted"] == made.totals["attacks"]
        and made.totals["quotes_verbatim"] in {None, 1.0}
    )
    return 0 if sound else 1


if __name__ == "__main__":
    raise SystemExit(main())
