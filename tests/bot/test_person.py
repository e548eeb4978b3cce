"""`python -m bot person`, and the documentation of what is held."""

from __future__ import annotations

import csv
import io
import stat
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from bot.__main__ import app
from bot.person import find_or_handle, marks_table
from bot.run import storage
from bot.settings import Settings
from handlers.data.person_file import LABELS, TABLES, csv_file
from services.data import personal
from services.data.personal import Disclosure, Record
from storage import personal as queries
from tests.services.office import NOW, Clock, Office, open_office

DOCS = Path(__file__).parents[2] / "docs" / "privacy.md"


def test_documentation_holds_the_marks_as_they_are() -> None:
    assert f"\n{marks_table()}\n" in DOCS.read_text(encoding="utf-8"), "python -m bot person --columns"
    done = CliRunner().invoke(app, ["person", "--columns"])
    assert (done.exit_code, done.output) == (0, marks_table())


def test_every_table_and_column_that_is_disclosed_has_its_words() -> None:
    tables = {"contacts", *personal.SECTIONS}
    targets = queries._tables()
    # Whatever refers to a person, directly or not, is disclosed.
    for name, target in targets.items():
        if queries.key_of(target) is not None and set(queries.references(name).values()) & tables:
            tables.add(name)
    assert tables <= TABLES.keys()
    shown = {
        column.name
        for name in tables
        for column in targets[name].c
        if (column.name not in personal.HIDDEN or column.name in personal.SHOWN_KEYS.get(name, ()))
        and queries.references(name).get(column.name) in (None, "members")
    }
    assert shown <= LABELS.keys()


def test_file_has_no_formula_and_both_languages() -> None:
    record = Record({"name": "=1+1", "note": "@SUM(A1)", "created_at": NOW, "stage": "new", "unknown.x": True})
    made = csv_file(Disclosure(NOW, "Asia/Tokyo", ("+株式会社",), {"contacts": (record,), "new_table": (record,)}))
    assert made.startswith("\ufeff".encode())
    rows = list(csv.reader(io.StringIO(made.decode("utf-8-sig"))))
    assert all(len(row) == 4 for row in rows)
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "-"))]
    assert "'=1+1" in cells
    assert "2026-04-01 10:00" in cells
    assert [row for row in rows if row[0] == "担当者情報 / Contact" and row[2] == "氏名 / Name"]


class Said:
    """A console, and what was said on it."""

    def __init__(self) -> None:
        self.console = Console(width=300, force_terminal=False, file=io.StringIO())

    def __str__(self) -> str:
        out = self.console.file
        assert isinstance(out, io.StringIO)
        return out.getvalue()


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    """A database with a team and two people in it, who are one."""
    made = Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'here.db'}")
    async with storage(made) as deps:
        office: Office = await open_office(deps, Clock(), "T1")
        other = await office.account("株式会社よそ")
        await office.lead("真壁 燈里", email="akari@example.jp", note="覚え書き")
        await office.lead("真壁 あかり", email="AKARI@example.jp", account_id=other)
    return made


async def test_person_is_listed_disclosed_and_erased_after_a_yes(settings: Settings, tmp_path: Path) -> None:
    file, asked = tmp_path / "person.csv", []

    def answer(yes: bool) -> object:
        def confirmed(question: str) -> bool:
            asked.append(question)
            return yes

        return confirmed

    async def run(typed: str = "", *contacts: int, to: Path | None = None, erase: bool = False, yes: bool = True):
        said = Said()
        code = await find_or_handle(
            settings, said.console, typed, None, list(contacts), to, erase=erase, confirmed=answer(yes)
        )
        return code, str(said)

    code, said = await run("真壁 燈里")
    assert (code, said.count("株式会社"), said.count(" A ")) == (0, 2, 2), said
    assert (await run("だれもいない", erase=True))[0] == 2
    code, said = await run("", 1, 2, to=file)
    assert (code, "leads 2" in said) == (0, True), said
    assert "覚え書き" in file.read_text(encoding="utf-8-sig")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (await run("", 1, 2, erase=True, yes=False))[0] == 1
    code, said = await run("", 1, 2, erase=True)
    assert (code, "The person is erased" in said, len(asked)) == (0, True, 2), said
    code, said = await run("", 1, 2, erase=True)
    assert (code, "Nothing is held" in said) == (1, True), said
