"""How quickly companies are found among very many.

    python -m tests.benchmarks.search [--size 1000000] [--database sqlite|postgresql] [--url ADDRESS] [--source FILE]

For each query: p50 and p99 of the product's `find` (a session, the statements, the rows as values), and of the bare
statements it came down to, sent again over the driver's own connection (the floor), and the ratio of the two p50.
With `--url` a database that was filled before is measured as it is.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from services.deps import Deps
from services.targeting.accounts import find
from storage.database import Database, connect
from storage.migrations import upgrade
from tests.benchmarks.companies import EXCERPT, write
from tests.benchmarks.imports import ACTOR, import_file, open_team, server
from tests.conftest import as_program

LIMIT = 20
ROUNDS = 50
QUERIES = (
    # One character: common at the beginning, common inside, rare, kana, Latin, a digit.
    *("日", "業", "鑛", "ホ", "ん", "ゔ", "a", "q", "7"),
    # Names, parts of names, readings.
    *("日本", "製作所", "トヨタ", "ほーるでぃんぐす", "ﾃﾞﾝｷ", "アイ・オー", "株式会社日本"),
    # As people type them in Latin letters, and English names.
    *("to", "osaka", "oosaka", "siken", "holdings", "motor co"),
    # Numbers, websites, several words, nothing there.
    *("1234", "8033988", "company12.co.jp", "東京 工業", "nihon den", "xyzzy"),
)
Statement = tuple[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--url", action="append", default=[])
    parser.add_argument("--source", type=Path, default=EXCERPT, help="real companies to make others from")
    arguments = parser.parse_args()
    print("database    query              hits   p50 ms   p99 ms  bare p50  bare p99  ratio")
    for url in arguments.url:
        asyncio.run(_measure(url))
    if arguments.url:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "companies.csv"
        write(path, arguments.size, source=arguments.source)
        for database in arguments.database or ["sqlite", "postgresql"]:
            with server(database, Path(folder)) as new_database:
                owner_url = new_database()
                url = owner_url if database == "sqlite" else as_program(owner_url)
                upgrade(owner_url, program=url)
                asyncio.run(_filled_and_measured(url, path))


async def _filled_and_measured(url: str, path: Path) -> None:
    await open_team(url)
    await import_file(url, path)
    await _measure(url)


async def _measure(url: str) -> None:
    database = connect(url)
    outbox: Any = None  # A search posts nothing.
    deps = Deps(database, outbox)
    bare, close = _bare(url)
    statements = _record(database)
    for query in QUERIES:
        statements.clear()
        hits = len(await find(deps, ACTOR, query, LIMIT))
        sent = list(statements)
        ours, theirs = [], []
        # In turns, so that whatever else the machine does hits both alike.
        for _ in range(ROUNDS):
            started = time.perf_counter()
            await find(deps, ACTOR, query, LIMIT)
            ours.append((time.perf_counter() - started) * 1000)
            started = time.perf_counter()
            bare(sent)
            theirs.append((time.perf_counter() - started) * 1000)
        middle, floor = statistics.median(ours), statistics.median(theirs)
        print(
            f"{database.dialect:<11} {query:<18} {hits:>4} {middle:>8.1f} {_p99(ours):>8.1f} {floor:>9.1f} "
            f"{_p99(theirs):>9.1f} {middle / floor:>6.2f}",
            flush=True,
        )
    close()
    await database.dispose()


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def _record(database: Database) -> list[Statement]:
    """A list that holds every question the database is asked from now on."""
    sent: list[Statement] = []

    @sa.event.listens_for(database.engine.sync_engine, "before_cursor_execute")
    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.startswith("SELECT"):
            sent.append((statement, parameters))

    return sent


def _bare(url: str) -> tuple[Callable[[list[Statement]], None], Callable[[], None]]:
    """Sends statements over the driver's own connection; and closes it."""
    connection: Any
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    else:
        # Planned for each set of values, as it pays for values as different as these.
        connection = psycopg.connect(url, autocommit=True, prepare_threshold=None)
        connection.execute("SET kakehashi.team = 'T1'")

    def send(statements: list[Statement]) -> None:
        for statement, parameters in statements:
            connection.execute(statement, parameters).fetchall()

    return send, connection.close


if __name__ == "__main__":
    main()
