"""How long the morning's queues take for very many reps over very many leads, on PostgreSQL.

    python -m tests.benchmarks.queue [--leads 1000000] [--reps 10000] [--built 10000]

For `--built` of the reps, one after the other: the product's `build` as the morning uses it (a session, the candidates,
the figures of two days, the ranking; rules and calendar once) and in turns two floors over the driver's own connection:

* rows: the one statement that fetches the same candidates, bare;
* all: every statement `build` came down to, sent again bare.

The ratio is that of the sums. Then the morning itself: every rep's message enqueued, as the clock does at half past
eight. Memory is the process's peak before the first and after the last queue.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from dbos import DBOSClient

from domain.clock import Due
from domain.members import Role
from services.deps import Actor, Deps
from services.outreach.call_queue import build, send_mornings
from storage.database import Database, connect
from storage.migrations import sync_url, upgrade
from storage.outbox import Outbox
from tests.benchmarks.imports import server

# A Tuesday, half past eight in Tokyo.
NOW = datetime(2026, 4, 6, 23, 30, tzinfo=UTC)
DAY = date(2026, 4, 7)
WARM = 50

FILL = (
    "INSERT INTO teams (id, name, zone, language, acknowledge_minutes, created_at) "
    "VALUES ('T1', 'T1', 'Asia/Tokyo', 'ja', 60, %(now)s)",
    "INSERT INTO members (id, team_id, slack_user, name, role, language, zone, email, territories, industries, active) "
    "SELECT n, 'T1', 'U' || n, 'rep ' || n, 'inside_sales', 'ja', 'Asia/Tokyo', '', '[]', '[]', true "
    "FROM generate_series(1, %(reps)s) n",
    "INSERT INTO accounts (team_id, id, name, reading, name_en, industry, listed, address, employees, website, "
    "business, name_key, search_text, created_at, updated_at) "
    "SELECT 'T1', n, '会社' || n, '', '', '業種' || n %% 33, '', '東京都', (n * 7919) %% 3000, '', '', '会社' || n, "
    "'会社' || n, %(now)s, %(now)s FROM generate_series(1, %(leads)s / 5 + 1) n",
    "INSERT INTO contacts (id, team_id, account_id, name, reading, name_key, department, title, phone, email, "
    "email_key, buying_role, do_not_call_at, created_at) "
    "SELECT n, 'T1', n / 5 + 1, '担当 ' || n, '', '担当' || n, '', '部長', '+8131' || lpad(n::text, 8, '0'), '', '', "
    "'unknown', CASE WHEN n %% 50 = 0 THEN %(now)s::timestamptz END, %(now)s FROM generate_series(1, %(leads)s) n",
    # A rep's leads lie all over the table, as they do after a year of work. Two in five were never called, one in
    # twenty is promised a call today, one in ten waits for a later day, one in five is closed.
    "INSERT INTO leads (id, team_id, account_id, contact_id, owner_id, stage, source, note, next_step, next_step_at, "
    "last_called_at, attempts, created_at, updated_at, version) "
    "SELECT n, 'T1', n / 5 + 1, n, n %% %(reps)s + 1, "
    "CASE WHEN h %% 5 = 0 THEN 'disqualified' WHEN h %% 5 < 3 THEN 'working' ELSE 'new' END, "
    "(ARRAY['outbound_list', 'trade_show', 'webinar', 'inbound_form', 'referral'])[1 + h %% 5], '', "
    "CASE WHEN h %% 20 < 3 THEN 'call' END, "
    "CASE WHEN h %% 20 = 0 THEN %(now)s::timestamptz + (h %% 480) * interval '1 minute' "
    "WHEN h %% 20 < 3 THEN %(now)s::timestamptz + (2 + h %% 20) * interval '1 day' END, "
    "CASE WHEN h %% 5 < 3 THEN %(now)s::timestamptz - (1 + h %% 60) * interval '17 hours' END, h %% 10, "
    "%(now)s::timestamptz - (h %% 200) * interval '1 day', %(now)s, 1 "
    "FROM (SELECT n, abs(hashint4(n)) AS h FROM generate_series(1, %(leads)s) n) numbered",
    "INSERT INTO calls (team_id, lead_id, member_id, called_at, connection, party, outcome, note) "
    "SELECT 'T1', id, owner_id, last_called_at - back * interval '3 days', "
    "CASE WHEN (id + back) %% 3 = 0 THEN 'answered' ELSE 'no_answer' END, "
    "CASE WHEN (id + back) %% 3 = 0 THEN 'contact' ELSE 'none' END, "
    "CASE WHEN (id + back) %% 3 = 0 THEN 'interested' END, 'メモ' || id "
    "FROM leads, generate_series(0, 1) back WHERE last_called_at IS NOT NULL",
    "INSERT INTO call_hours (team_id, segment, weekday, hour, dials, connected) "
    "SELECT 'T1', '業種' || s, d, h, 200, 20 + (s * d * h) %% 60 "
    "FROM generate_series(0, 32) s, generate_series(0, 4) d, generate_series(8, 19) h",
    "INSERT INTO call_days (team_id, day, member_id, source, dials, answered, connected, effective, meetings_set) "
    "SELECT 'T1', %(day)s::date - d, m, s, 7, 4, 2, 1, 0 FROM generate_series(1, %(reps)s) m, "
    "generate_series(1, 180) d, unnest(ARRAY['outbound_list', 'trade_show', 'webinar']) s WHERE d %% 7 < 5",
)


@dataclass(slots=True)
class Measured:
    """Milliseconds of each rep."""

    built: list[float] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)
    candidates: int = 0
    lines: int = 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--reps", type=int, default=10_000)
    parser.add_argument("--built", type=int, help="so many reps' queues (all)")
    arguments = parser.parse_args()
    built = min(arguments.built or arguments.reps, arguments.reps)
    with tempfile.TemporaryDirectory() as folder, server("postgresql", Path(folder)) as new_database:
        url = new_database()
        upgrade(url)
        _fill(url, arguments.leads, arguments.reps)
        asyncio.run(_measure(url, arguments.reps, built))


def _fill(url: str, leads: int, reps: int) -> None:
    started = time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in FILL:
            connection.execute(statement, {"now": NOW, "day": DAY, "leads": leads, "reps": reps})
        connection.execute("VACUUM ANALYZE")
    print(f"filled: {leads:,} leads of {reps:,} reps in {time.monotonic() - started:.0f} s", flush=True)


async def _measure(url: str, reps: int, built: int) -> None:
    database = connect(url)
    client = DBOSClient(system_database_url=sync_url(url), lazy=True)
    deps = Deps(database, Outbox(client), lambda: NOW)
    sent = _record(database)
    # Planned once and used again, as the product's own connection does.
    bare: Any = psycopg.connect(url, autocommit=True)
    started = time.perf_counter()
    await build(deps, _rep(1), morning=True)
    print(f"first queue, with what the team learned: {(time.perf_counter() - started) * 1000:.0f} ms", flush=True)
    for member in range(2, WARM):
        await build(deps, _rep(member % reps + 1), morning=True)
    before = _peak()
    measured = Measured()
    for member in range(1, built + 1):
        await _one(deps, _rep(member), sent, bare, measured)
    after = _peak()
    _report("queue built", measured.built)
    _report("floor: rows", measured.rows)
    _report("floor: all", measured.all)
    ours = sum(measured.built)
    print(f"ratio to rows {ours / sum(measured.rows):.2f}, to all {ours / sum(measured.all):.2f}")
    print(
        f"candidates {measured.candidates / built:.1f}, lines {measured.lines / built:.1f} a rep; "
        f"peak memory {before:.0f} MB before, {after:.0f} MB after",
        flush=True,
    )
    started = time.perf_counter()
    enqueued = await send_mornings(deps, Due("T1", "Asia/Tokyo", DAY, NOW))
    length = time.perf_counter() - started
    print(f"morning: {enqueued:,} messages enqueued in {length:.1f} s, {length / enqueued * 1000:.2f} ms each")
    bare.close()
    client.destroy()
    await database.dispose()


async def _one(deps: Deps, rep: Actor, sent: list[tuple[str, Any]], bare: Any, measured: Measured) -> None:
    sent.clear()
    started = time.perf_counter()
    queue = await build(deps, rep, morning=True)
    measured.built.append((time.perf_counter() - started) * 1000)
    measured.lines += len(queue.calls) + len(queue.later)
    statements = list(sent)
    (candidates,) = [one for one in statements if "chosen" in one[0]]
    started = time.perf_counter()
    rows = bare.execute(*candidates).fetchall()
    measured.rows.append((time.perf_counter() - started) * 1000)
    measured.candidates += len(rows)
    started = time.perf_counter()
    for statement, parameters in statements:
        bare.execute(statement, parameters).fetchall()
    measured.all.append((time.perf_counter() - started) * 1000)


def _rep(member: int) -> Actor:
    user, zone = f"U{member}", "Asia/Tokyo"
    return Actor("T1", member, user, f"rep {member}", Role.INSIDE_SALES, "ja", zone, zone)


def _report(name: str, values: list[float]) -> None:
    p99 = statistics.quantiles(values, n=100, method="inclusive")[98]
    print(
        f"{name:<12} p50 {statistics.median(values):6.2f} ms   p99 {p99:6.2f} ms   in all {sum(values) / 1000:7.1f} s",
        flush=True,
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _record(database: Database) -> list[tuple[str, Any]]:
    """A list that holds every question the database is asked from now on."""
    sent: list[tuple[str, Any]] = []

    @sa.event.listens_for(database.engine.sync_engine, "before_cursor_execute")
    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.startswith("SELECT"):
            sent.append((statement, parameters))

    return sent


if __name__ == "__main__":
    main()
