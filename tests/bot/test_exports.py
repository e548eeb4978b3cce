"""`python -m bot export`, and `import` with what it wrote: files, output, exit codes."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from rich.console import Console

from bot.exports import export_file, import_export
from bot.run import storage
from bot.settings import Settings
from storage.tables import Team
from tests.services.office import Clock, open_office


def made(path: Path) -> Settings:
    return Settings(_env_file=None, database_url=f"sqlite:///{path}")


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    """A database with a team in it."""
    settings = made(tmp_path / "here.db")
    async with storage(settings) as deps:
        await open_office(deps, Clock(), "T1")
    return settings


class Said:
    """A console, and what was said on it."""

    def __init__(self) -> None:
        self.console = Console(width=500, force_terminal=False)
        self._captured = self.console.capture()
        self._captured.__enter__()

    def __str__(self) -> str:
        self._captured.__exit__(None, None, None)
        return self._captured.get()


async def test_file_appears_whole_and_for_its_owner_only_and_goes_back_into_a_new_database(
    settings: Settings, tmp_path: Path
) -> None:
    file, again = tmp_path / "team.jsonl", tmp_path / "again.jsonl"
    said = Said()
    assert await export_file(settings, said.console, file, None) == 0
    assert "T1: " in str(said)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [name for name in os.listdir(tmp_path) if "team" in name] == ["team.jsonl"]  # noqa: PTH208 - a short look

    there = made(tmp_path / "there.db")
    said = Said()
    assert await import_export(there, said.console, file, None) == 0
    assert "rows imported" in str(said)
    assert await export_file(there, Said().console, again, "T1") == 0
    assert again.read_bytes() == file.read_bytes()
    said = Said()
    assert await import_export(there, said.console, file, None) == 1
    assert "has data here already" in str(said)


async def test_team_has_to_be_named_where_there_are_two(settings: Settings, tmp_path: Path) -> None:
    async with storage(settings) as deps, deps.writing("T2") as session:
        session.add(Team(id="T2", name="隣", created_at=Clock().now))
    said = Said()
    assert await export_file(settings, said.console, tmp_path / "team.jsonl", None) == 2
    assert "T1, T2" in str(said)
    assert not (tmp_path / "team.jsonl").exists()


async def test_folder_that_is_not_there_is_told(settings: Settings, tmp_path: Path) -> None:
    said = Said()
    assert await export_file(settings, said.console, tmp_path / "none" / "team.jsonl", None) == 1
    assert "could not be written" in str(said)


async def test_import_knows_an_export_by_its_first_line_whatever_it_is_called(
    settings: Settings, tmp_path: Path
) -> None:
    def bot(database: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(  # noqa: S603 - our own interpreter; nothing else waits in this loop
            [sys.executable, "-m", "bot", *arguments],
            env={"DATABASE_URL": f"sqlite:///{tmp_path / database}", "PATH": "", "PYTHONPATH": str(Path.cwd())},
            cwd=tmp_path,
            capture_output=True,
            check=False,
            timeout=120,
        )

    written = bot("here.db", "export", "-")
    assert written.returncode == 0, written.stderr
    head, *_, end = written.stdout.splitlines()
    assert json.loads(head)["team"] == "T1"
    assert "end" in json.loads(end)
    file = tmp_path / "companies.csv"
    file.write_bytes(written.stdout)
    taken = bot("there.db", "import", str(file))
    assert taken.returncode == 0, taken.stderr
    # Customers' data is nobody's but the bot's.
    assert stat.S_IMODE((tmp_path / "there.db").stat().st_mode) == 0o600
    there = sa.create_engine(f"sqlite:///{tmp_path / 'there.db'}")
    with there.connect() as connection:
        assert connection.scalar(sa.select(Team.id)) == "T1"
    there.dispose()
