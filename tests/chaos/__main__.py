"""`python -m tests.chaos`: a long run on both databases, repeatable by its seed."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.chaos.run import Result, run

KINDS = ("sqlite", "postgresql")


def main(
    seed: Annotated[int, typer.Option(help="The same seed brings the same troubles in the same order.")] = 1,
    kills: Annotated[int, typer.Option(min=1, help="How many processes are killed, on all databases together.")] = 500,
    database: Annotated[str, typer.Option(help="sqlite, postgresql, or both.")] = "both",
    older: Annotated[str, typer.Option(help="A commit of an older version, which then takes part in the work.")] = "",
    journal: Annotated[Path | None, typer.Option(help="Where the bots' log goes.")] = None,
) -> None:
    """Kill, cut, fill and mislead a bot at work; say at the end whether anything was lost, doubled or at odds."""
    console = Console()
    kinds = KINDS if database == "both" else (database,)
    if not set(kinds) <= set(KINDS):
        raise typer.BadParameter("sqlite, postgresql, or both", param_hint="--database")
    written = journal or Path(tempfile.mkdtemp(prefix="kakehashi-chaos-log-")) / "bots.log"
    results = []
    with tempfile.TemporaryDirectory(prefix="kakehashi-older-") as folder:
        code = _checked_out(older, Path(folder)) if older else None
        for kind in kinds:
            console.rule(f"{kind}, seed {seed}")
            each = -(-kills // len(kinds))
            made = run(kind, seed, each, written, partial(console.print, style="dim"), may_fill=True, older=code)
            results.append(asyncio.run(made))
            _show(console, results[-1])
    console.print(f"The bots' log: {written}", style="dim")
    raise typer.Exit(1 if any(result.wrongs for result in results) else 0)


def _checked_out(commit: str, folder: Path) -> Path:
    """The files of a commit."""
    packed = subprocess.run(["git", "archive", commit], check=True, capture_output=True).stdout  # noqa: S603, S607 - git
    subprocess.run(["tar", "-x", "-C", str(folder)], check=True, input=packed)  # noqa: S603, S607 - the system's own
    return folder


def _show(console: Console, result: Result) -> None:
    table = Table("What happened", "How often", title=f"{result.kind}, {result.seconds:.0f} s")
    for name, count in sorted(result.happened.items()):
        table.add_row(name, str(count))
    console.print(table)
    work = Table("What people got done", "How often")
    for name, count in sorted(result.ledger.done.items()):
        work.add_row(name, str(count))
    console.print(work)
    read = Table("What people read when something did not work", "How often")
    for text, count in result.ledger.told.most_common():
        read.add_row(text, str(count))
    console.print(read)
    console.print(
        f"{result.kills} processes were killed, {result.died} ended by themselves. "
        f"{result.ledger.begun_again} pieces of work ended as errors and were begun again."
    )
    for wrong in result.wrongs:
        console.print(f"WRONG: {wrong}", style="red", markup=False)
    if not result.wrongs:
        console.print("Nothing was lost, nothing doubled, no two states are at odds.", style="green")


if __name__ == "__main__":
    typer.run(main)
