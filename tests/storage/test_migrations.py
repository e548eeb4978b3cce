"""Migrations: they make what the models describe, and two processes may run them at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command

from storage.migrations import config, sync_url, upgrade
from storage.tables import Base

MIGRATE = "import sys; from storage.migrations import upgrade; upgrade(sys.argv[1])"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database in which nothing is yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: str = request.getfixturevalue("postgres")
    name = f"empty_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _tables(url: str) -> set[str]:
    engine = sa.create_engine(sync_url(url))
    names = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_migrations_make_what_the_models_describe(owner_url: str) -> None:
    # Raises when a revision made now would not be empty.
    command.check(config(owner_url))


def test_downgrade_leaves_no_table_of_ours(owner_url: str) -> None:
    assert set(Base.metadata.tables) <= _tables(owner_url)
    command.downgrade(config(owner_url), "base")
    left = _tables(owner_url)
    assert not {name for name in left if name in Base.metadata.tables or name.startswith("account_search")}


def test_three_processes_migrate_an_empty_database_at_once(empty_database_url: str) -> None:
    started = [
        subprocess.Popen(  # noqa: S603 - our own interpreter, with an address made above
            [sys.executable, "-c", MIGRATE, empty_database_url], stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    errors = [process.communicate(timeout=120)[1] for process in started]
    assert [process.returncode for process in started] == [0] * len(started), "\n".join(errors)
    assert set(Base.metadata.tables) <= _tables(empty_database_url)


def test_process_that_comes_while_another_begins_a_new_file_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kakehashi.db"
    # Still of the kind in which nobody reads while somebody writes.
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE begun (id INTEGER)")
    # While the other waits, the first is done.
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _seconds: other.execute("COMMIT")))
    command.upgrade(config(f"sqlite:///{path}"), "head")
    assert set(Base.metadata.tables) <= _tables(f"sqlite:///{path}")
    other.close()


def test_database_of_a_later_version_is_left_as_it_is(
    database_url: str, owner_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = sa.create_engine(sync_url(owner_url))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'from_tomorrow'"))
    upgrade(database_url)
    assert "from_tomorrow" in caplog.text
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "from_tomorrow"
    engine.dispose()


def test_migration_that_fails_half_way_leaves_nothing_behind(empty_database_url: str) -> None:
    engine = sa.create_engine(sync_url(empty_database_url))
    with engine.begin() as connection:
        # The migration makes this table too, after others, and fails at it.
        connection.execute(sa.text("CREATE TABLE handoff_returns (id INTEGER)"))
    with pytest.raises(sa.exc.DBAPIError):
        command.upgrade(config(empty_database_url), "head")
    assert _tables(empty_database_url) <= {"handoff_returns", "alembic_version"}
    engine.dispose()
