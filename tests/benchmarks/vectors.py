"""Where the vectors of passages are best kept, measured: called by tests/benchmarks/passages.py.

Each way is a process of its own, so that its memory is its own. Vectors lie in heaps, as those of texts do; a question
is a vector of the heap with noise. `found`: the share of the true ten nearest that the way brings.
"""

from __future__ import annotations

import multiprocessing
import resource
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

TEAM = "T1"
NEAREST = 10
AGAIN = 1_000
"""So many of the nearest by their signs are compared in full."""
ROUNDS = 20
CHUNK = 2_000
Row = tuple[int, Any]


def vectors(size: int, dimensions: int) -> Iterator[Any]:
    """So many vectors of length 1, some at a time; always the same."""
    made = np.random.default_rng(7)
    heaps = made.standard_normal((200, dimensions), dtype=np.float32)
    for begin in range(0, size, CHUNK):
        count = min(CHUNK, size - begin)
        some = heaps[made.integers(0, len(heaps), count)] + made.standard_normal((count, dimensions), dtype=np.float32)
        yield some / np.linalg.norm(some, axis=1, keepdims=True)


def questions(size: int, dimensions: int) -> Any:
    """Vectors near to some of those."""
    made = np.random.default_rng(11)
    some = next(vectors(size, dimensions))[:ROUNDS]
    some = some + 0.3 * made.standard_normal(some.shape, dtype=np.float32) / np.sqrt(dimensions)
    return (some / np.linalg.norm(some, axis=1, keepdims=True)).astype(np.float32)


def signs(some: Any) -> Any:
    """The sign of each number, a bit."""
    return np.packbits(some > 0, axis=1)


def nearest(matrix: Any, question: Any, most: int) -> Any:
    """The places of the nearest."""
    near = matrix @ question
    most = min(most, len(near))
    some = np.argpartition(-near, most - 1)[:most]
    return some[np.argsort(-near[some])]


Ask = Callable[[Any], list[int]]


def fill_sqlite(path: str, size: int, dimensions: int) -> None:
    """Both kinds of tables."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE full_ (id INTEGER PRIMARY KEY, team TEXT, vector BLOB)")
        connection.execute("CREATE TABLE signs (id INTEGER PRIMARY KEY, team TEXT, signs BLOB)")
        first = 1
        for some in vectors(size, dimensions):
            ids = range(first, first + len(some))
            full = [(key, TEAM, row.tobytes()) for key, row in zip(ids, some, strict=True)]
            connection.executemany("INSERT INTO full_ VALUES (?, ?, ?)", full)
            bits = [(key, TEAM, row.tobytes()) for key, row in zip(ids, signs(some), strict=True)]
            connection.executemany("INSERT INTO signs VALUES (?, ?, ?)", bits)
            first += len(some)


def fill_postgresql(url: str, size: int, dimensions: int) -> dict[str, float]:
    """All kinds of tables; the seconds that pgvector's index took, where there is pgvector."""
    took: dict[str, float] = {}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE full_ (id bigint PRIMARY KEY, team text, vector bytea)")
        connection.execute("ALTER TABLE full_ ALTER vector SET STORAGE EXTERNAL")
        connection.execute("CREATE TABLE signs (id bigint PRIMARY KEY, team text, signs bytea)")
        try:
            connection.execute("CREATE EXTENSION vector")
            connection.execute(f"CREATE TABLE pg (id bigint PRIMARY KEY, team text, vector halfvec({dimensions}))")
        except psycopg.errors.Error:
            took["no pgvector"] = 0.0
        first = 1
        for some in vectors(size, dimensions):
            ids = range(first, first + len(some))
            first += len(some)
            for name, rows in (("full_", some), ("signs", signs(some))):
                with connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
                    for key, row in zip(ids, rows, strict=True):
                        copy.write_row((key, TEAM, row.tobytes()))
            if not took:
                with connection.cursor().copy("COPY pg FROM STDIN") as copy:
                    for key, row in zip(ids, some, strict=True):
                        copy.write_row((key, TEAM, "[" + ",".join(f"{x:.4f}" for x in row) + "]"))
        if not took:
            connection.execute("SET maintenance_work_mem = '1GB'")
            began = time.perf_counter()
            connection.execute("CREATE INDEX pg_near ON pg USING hnsw (vector halfvec_ip_ops)")
            took["index"] = time.perf_counter() - began
    return took


def in_full(fetch: Callable[[str, tuple[Any, ...]], list[Row]], mark: str) -> Ask:
    """Every vector is read and compared."""

    def ask(question: Any) -> list[int]:
        rows = fetch(f"SELECT id, vector FROM full_ WHERE team = {mark}", (TEAM,))  # noqa: S608 - our own names
        matrix = np.frombuffer(b"".join(row[1] for row in rows), np.float32).reshape(len(rows), -1)
        return [rows[place][0] for place in nearest(matrix, question, NEAREST)]

    return ask


def by_signs(fetch: Callable[[str, tuple[Any, ...]], list[Row]], mark: str) -> Ask:
    """Every vector's signs are read and compared; the nearest of them in full."""

    def ask(question: Any) -> list[int]:
        rows = fetch(f"SELECT id, signs FROM signs WHERE team = {mark}", (TEAM,))  # noqa: S608 - our own names
        width = len(rows[0][1])
        bits = np.frombuffer(b"".join(row[1] for row in rows), np.uint8).reshape(-1, width)
        apart = np.bitwise_count(bits ^ signs(question[None])[0]).sum(axis=1, dtype=np.uint16)
        most = min(AGAIN, len(rows))
        ids = [rows[place][0] for place in np.argpartition(apart, most - 1)[:most]]
        marks = ", ".join([mark] * len(ids))
        full = fetch(f"SELECT id, vector FROM full_ WHERE id IN ({marks})", tuple(ids))  # noqa: S608 - our own names
        matrix = np.frombuffer(b"".join(row[1] for row in full), np.float32).reshape(len(full), -1)
        return [full[place][0] for place in nearest(matrix, question, NEAREST)]

    return ask


def with_pgvector(fetch: Callable[[str, tuple[Any, ...]], list[Row]], *, index: bool) -> Ask:
    """pgvector compares, with its index or without."""
    fetch(f"SELECT set_config('enable_indexscan', '{'on' if index else 'off'}', false), 1", ())

    def ask(question: Any) -> list[int]:
        text = "[" + ",".join(f"{x:.5f}" for x in question) + "]"
        sql = "SELECT id, 0 FROM pg WHERE team = %s ORDER BY vector <#> %s::halfvec LIMIT 10"
        return [key for key, _ in fetch(sql, (TEAM, text))]

    return ask


def _measured(way: str, address: str, size: int, dimensions: int, told: Any) -> None:
    fetch: Callable[[str, tuple[Any, ...]], list[Row]]
    if way.startswith("sqlite"):
        sqlite = sqlite3.connect(address)

        def fetch(sql: str, values: tuple[Any, ...]) -> list[Row]:
            return sqlite.execute(sql, values).fetchall()
    else:
        postgresql = psycopg.connect(address, autocommit=True)

        def fetch(sql: str, values: tuple[Any, ...]) -> list[Row]:
            return postgresql.cursor(binary=True).execute(sql, values).fetchall()

    mark = "?" if way.startswith("sqlite") else "%s"
    asks = {
        "in full": lambda: in_full(fetch, mark),
        "signs first": lambda: by_signs(fetch, mark),
        "pgvector": lambda: with_pgvector(fetch, index=False),
        "pgvector hnsw": lambda: with_pgvector(fetch, index=True),
    }
    ask = asks[way.partition(" ")[2]]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times, answers = [], []
    for question in questions(size, dimensions):
        began = time.perf_counter()
        answers.append(ask(question))
        times.append((time.perf_counter() - began) * 1000)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    told.put((times, answers, grown))


def measure(folder: Path, url: str | None, size: int, dimensions: int) -> None:
    """Print a line for each way."""
    path = str(folder / f"vectors-{size}-{dimensions}.db")
    began = time.perf_counter()
    fill_sqlite(path, size, dimensions)
    print(f"# {size:,} x {dimensions}: SQLite filled in {time.perf_counter() - began:.0f} s", flush=True)
    ways = [(f"sqlite {how}", path) for how in ("in full", "signs first")]
    if url is not None:
        began = time.perf_counter()
        took = fill_postgresql(url, size, dimensions)
        index = f", of which pgvector's index {took['index']:.0f} s" if "index" in took else ", no pgvector here"
        print(f"# {size:,} x {dimensions}: PostgreSQL filled in {time.perf_counter() - began:.0f} s{index}", flush=True)
        hows = ["in full", "signs first"] + (["pgvector", "pgvector hnsw"] if "index" in took else [])
        ways += [(f"postgresql {how}", url) for how in hows]
    true: list[list[int]] = []
    for way, address in ways:
        context = multiprocessing.get_context("spawn")
        told: Any = context.Queue()
        process = context.Process(target=_measured, args=(way, address, size, dimensions, told))
        process.start()
        times, answers, grown = told.get()
        process.join()
        true = true or answers
        found = statistics.mean(len(set(a) & set(b)) / len(b) for a, b in zip(answers, true, strict=True))
        p50, p99 = statistics.median(times), max(times)
        print(f"{size:>8,} {dimensions:>5} {way:<26} {p50:>9.1f} {p99:>9.1f} {grown:>8.0f} {found:>6.2f}", flush=True)
