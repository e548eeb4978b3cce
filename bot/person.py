"""What `python -m bot person` does: what is held about one person, shown, written into a file, or erased. And the table
of all columns that hold such things, for docs/privacy.md."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.commands import NoTeam, chosen_operator
from bot.run import storage
from bot.settings import Settings
from domain.errors import Code, Refused
from handlers.boundary import sentence
from handlers.data.person import said, words
from handlers.data.person_file import csv_file
from handlers.i18n import translator
from services import deliveries
from services.data import personal
from services.data.personal import Chosen, Plan
from services.deps import Actor, Deps
from storage.tables import Base
from storage.tables.personal import KEY, Mark, Personal


async def find_or_handle(
    settings: Settings,
    console: Console,
    typed: str,
    team_id: str | None,
    contacts: list[int],
    disclose: Path | None,
    *,
    erase: bool,
    confirmed: Callable[[str], bool],
) -> int:
    """List who might be meant; with `contacts`, or where letters went to an address that is nobody's, do what is asked
    for. `confirmed` is asked before anything is erased. The process's exit code."""
    async with storage(settings) as deps:
        try:
            actor = await chosen_operator(deps, team_id)
            chosen = await _chosen(deps, actor, console, typed, contacts)
            if chosen is None:
                return 0 if not (disclose or erase) else 2
            if disclose is not None:
                _write(disclose, csv_file(await personal.disclose(deps, actor, chosen)))
                console.print(f"Written, readable by its owner only: {disclose}", highlight=False)
            planned = await personal.plan(deps, actor, chosen)
            console.print(_numbers(planned), highlight=False)
            if erase:
                if deps.keys.secret is None:
                    console.print("[red]SECRET_KEY is not set: without it nobody could be left alone later on.[/red]")
                    return 2
                if not confirmed("Erase this person? It cannot be undone."):
                    return 1
                voice = await deliveries.team_voice(deps, actor.team_id)
                done = await personal.erase(deps, actor, chosen, words(voice.language))
                console.print(said(translator("en"), done), highlight=False)
        except NoTeam as missing:
            console.print(f"[red]{missing}[/red]")
            return 2
        except Refused as refused:
            console.print(f"[red]{_refusal(refused)}[/red]")
            return 1
        except OSError as unwritten:
            console.print(f"[red]{disclose} could not be written: {unwritten.strerror or unwritten}.[/red]")
            return 1
    return 0


async def _chosen(deps: Deps, actor: Actor, console: Console, typed: str, contacts: list[int]) -> Chosen | None:
    if contacts:
        return Chosen(tuple(contacts))
    found = await personal.find(deps, actor, typed)
    if not found and "@" in typed:
        return Chosen((), typed)
    table = Table("Contact", "Name", "Title", "Company", "Phone", "Mail", "Leads", "Probably one person")
    for person in found:
        cells = (person.name, person.title, person.account, person.phone, person.email)
        table.add_row(str(person.contact_id), *cells, str(person.leads), "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[person.same % 26])
    console.print(table if found else "Nobody is found by that.")
    if found:
        console.print("Choose with --contact, once for each of those who are the same person.")
    return None


def _numbers(planned: Plan) -> str:
    rows = ", ".join(f"{table} {count}" for table, count in planned.rows.items())
    shared = f" Shared with others, and so not stopped: {', '.join(planned.shared)}." if planned.shared else ""
    return f"Held: {rows}. Records about others that mention the person: {planned.mentions}.{shared}"


def _refusal(refused: Refused) -> str:
    if refused.code is Code.NOT_FOUND:
        return "Nothing is held about this person, or it was erased."
    return sentence(translator("en"), refused)


def _write(file: Path, content: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)


def marks_table() -> str:
    """Every column that holds something of people, in Markdown: by table, and what it is."""
    rows = ["| table | of customers | of members |\n| --- | --- | --- |\n"]
    for target in Base.metadata.sorted_tables:
        found: list[tuple[str, Mark]] = [(c.name, c.info[KEY]) for c in target.c if KEY in c.info]
        if not found:
            continue
        members = [name for name, mark in found if mark.kind is Personal.MEMBER]
        customers = [f"{name} ({mark.kind})" for name, mark in found if mark.kind is not Personal.MEMBER]
        rows.append(f"| {target.name} | {', '.join(customers)} | {', '.join(members)} |\n")
    return "".join(rows)
