"""How quickly the figures of a digest come out of very many calls.

    python -m tests.benchmarks.kpis [--size 5000000] [--database sqlite|postgresql] [--rounds 5]

The calls of a year, made up by a seedless rule so that every run has the same. For each question the median of some
rounds, in milliseconds:

- rows: the product's own count, from the calls themselves (what the check command holds the roll-up against);
- bare: the same aggregate in SQL written by hand, over the driver's own connection, its rows fetched;
- DuckDB: the same aggregate there, over the same calls in its own format;
- roll-up: the product's count from its roll-up by day, which is what a digest reads;
- digest: everything a digest tells, charts' figures and facts included, from the roll-up and all other tables, which
  hold what such a year leaves behind (a judgement for every 125 calls, a handoff for 250, a meeting for 100, a letter
  for 25, and 20,000 forms).
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from bot.loop import run_loop
from domain.performance.digests import SPANS, DigestKind
from domain.performance.windows import Window, finished
from domain.qualification.bant import Answers, Authority, Budget, Need, Status
from services.deps import Deps
from services.performance.digests import content
from storage import bulk
from storage.database import connect
from storage.kpis import Between, calls_from_rows, calls_rolled_up
from storage.migrations import sync_url, upgrade
from storage.tables import (
    Account,
    Contact,
    FormSource,
    FormSubmission,
    Handoff,
    Lead,
    Mail,
    Meeting,
    Member,
    Qualification,
    Team,
    VerdictPolicy,
)
from tests.benchmarks.imports import server

REPS = 200
LEADS = 100_000
ACCOUNTS = 20_000
FIRST = date(2025, 4, 1)
LAST = date(2026, 3, 31)
NOW = datetime(2026, 4, 1, 1, tzinfo=UTC)
TEAM = "T1"
ZONE = "Asia/Tokyo"
SOURCES = ("inbound_form", "trade_show", "webinar", "white_paper", "outbound_list")
ANSWERED = "connection = 'answered'"
CONNECTED = f"{ANSWERED} AND party IN ('contact', 'decision_maker')"
EFFECTIVE = (
    f"{CONNECTED} AND outcome IN ('meeting_set', 'interested', 'send_material', 'refused', 'referred', 'disqualified')"
)
AGGREGATES = ", ".join(
    f"count(*) FILTER (WHERE {condition})" for condition in (ANSWERED, CONNECTED, EFFECTIVE, "outcome = 'meeting_set'")
)
QUESTIONS = {
    "year, team": (FIRST, LAST, None),
    "year, by rep": (FIRST, LAST, "rep"),
    "month, by rep": (date(2026, 3, 1), LAST, "rep"),
}
COLUMNS = ("team_id", "lead_id", "member_id", "called_at", "connection", "party", "outcome", "note")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=5_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls.csv"
        other = make_calls(path, arguments.size)
        print(f"{arguments.size:,} calls of {REPS} reps in a year", flush=True)
        print("database    question          rows ms   bare ms  x bare  DuckDB ms  roll-up ms", flush=True)
        for database in arguments.database or ["sqlite", "postgresql"]:
            with server(database, Path(folder)) as new_database:
                url = new_database()
                upgrade(url)
                run_loop(_measure(database, url, path, other, arguments.rounds, arguments.size))
        other.close()


def make_calls(path: Path, size: int) -> duckdb.DuckDBPyConnection:
    """The calls in DuckDB, and as a file for the other two. A fifth connect, one in a hundred sets a meeting."""
    seconds = int(timedelta(days=(LAST - FIRST).days + 1).total_seconds())
    start = datetime.combine(FIRST, datetime.min.time(), UTC) - timedelta(hours=9)
    other = duckdb.connect()
    other.execute(
        f"""
        CREATE TABLE calls AS
        WITH dice AS (
            SELECT range AS n, hash(range) % 1000 AS die, hash(range, 1) % {LEADS} + 1 AS lead_id,
                   hash(range, 2) % {REPS} + 1 AS member_id, hash(range, 3) % {seconds} AS second
            FROM range({size})
        )
        SELECT '{TEAM}' AS team_id, lead_id, member_id,
               TIMESTAMP '{start:%Y-%m-%d %H:%M:%S}' + INTERVAL (second) SECOND AS called_at,
               CASE WHEN die < 400 THEN 'answered' WHEN die < 900 THEN 'no_answer' ELSE 'voicemail' END AS connection,
               CASE WHEN die < 180 THEN 'contact' WHEN die < 200 THEN 'decision_maker'
                    WHEN die < 400 THEN 'gatekeeper' ELSE 'none' END AS party,
               CASE WHEN die < 10 THEN 'meeting_set' WHEN die < 100 THEN 'refused' WHEN die < 200 THEN 'callback'
                    WHEN die < 400 THEN 'absent' END AS outcome,
               '' AS note
        FROM dice ORDER BY called_at
        """  # noqa: S608 - numbers of ours
    )
    written = "* REPLACE (strftime(called_at, '%Y-%m-%d %H:%M:%S.000000') AS called_at)"
    other.execute(f"COPY (SELECT {written} FROM calls) TO '{path}' (HEADER false)")  # noqa: S608 - a path of ours
    return other


async def _measure(name: str, url: str, path: Path, other: duckdb.DuckDBPyConnection, rounds: int, size: int) -> None:
    database = connect(url)
    outbox: Any = None  # Nothing is posted here.
    deps = Deps(database, outbox, lambda: NOW)
    await _people(deps)
    await _rest(deps, size)
    await asyncio.to_thread(_load, url, path)
    bare, close = _bare(url)
    for title, (first, last, by) in QUESTIONS.items():
        start, end = _moment(first), _moment(last + timedelta(days=1))

        async def rows(start: datetime = start, end: datetime = end, by: str | None = by) -> Any:
            async with deps.reading(TEAM) as session:
                return await calls_from_rows(session, Between(start, end, NOW), by)

        async def rolled_up(first: date = first, last: date = last, by: str | None = by) -> Any:
            async with deps.reading(TEAM) as session:
                return await calls_rolled_up(session, first, last, by)

        sql = _sql(by)
        answers = [await rows(), await rolled_up(), _named(bare(sql, start, end)), _named(_duck(other, by, start, end))]
        if any(answer != answers[0] for answer in answers):
            raise RuntimeError(f"{title}: the answers differ")
        times: dict[str, list[float]] = {"rows": [], "bare": [], "duckdb": [], "roll-up": []}
        # In turns, so that whatever else the machine does hits all alike.
        for _ in range(rounds):
            times["rows"].append(await _timed(rows))
            times["bare"].append(_timed_here(lambda sql=sql, start=start, end=end: bare(sql, start, end)))
            times["duckdb"].append(_timed_here(lambda by=by, start=start, end=end: _duck(other, by, start, end)))
            times["roll-up"].append(await _timed(rolled_up))
        middle = {kind: statistics.median(series) for kind, series in times.items()}
        ratio = middle["rows"] / middle["bare"]
        print(
            f"{name:<11} {title:<16} {middle['rows']:>8.1f} {middle['bare']:>9.1f} {ratio:>7.2f} "
            f"{middle['duckdb']:>10.1f} {middle['roll-up']:>11.1f}",
            flush=True,
        )
    for kind in DigestKind:
        window = Window(SPANS[kind], LAST, LAST) if kind is DigestKind.DAILY else finished(SPANS[kind], NOW.date())

        async def digest(kind: DigestKind = kind, window: Window = window) -> Any:
            return await content(deps, TEAM, ZONE, kind, window)

        middle_digest = statistics.median([await _timed(digest) for _ in range(rounds)])
        print(f"{name:<11} whole digest, {kind.value:<8} {middle_digest:>10.1f} ms", flush=True)
    close()
    await database.dispose()


async def _people(deps: Deps) -> None:
    """A team with its reps, and the leads they call."""
    async with deps.writing(TEAM) as session:
        session.add(Team(id=TEAM, name="bench", created_at=NOW))
        await session.flush()
        names = ("id", "team_id", "slack_user", "name", "role")
        await bulk.write(
            session, Member, names, ((n, TEAM, f"U{n}", f"rep {n}", "inside_sales") for n in range(1, REPS + 1))
        )
        accounts = ("id", "team_id", "name", "name_key", "search_text", "created_at", "updated_at")
        await bulk.write(
            session, Account, accounts, ((n, TEAM, f"a{n}", f"a{n}", f"a{n}", NOW, NOW) for n in range(1, ACCOUNTS + 1))
        )
        contacts = ("id", "team_id", "account_id", "name", "name_key", "created_at")
        await bulk.write(
            session,
            Contact,
            contacts,
            ((n, TEAM, n % ACCOUNTS + 1, f"person {n}", f"person{n}", NOW) for n in range(1, LEADS + 1)),
        )
        leads = ("id", "team_id", "account_id", "contact_id", "owner_id", "source", "created_at", "updated_at")
        await bulk.write(
            session,
            Lead,
            leads,
            (
                (n, TEAM, n % ACCOUNTS + 1, n, n % REPS + 1, SOURCES[n % len(SOURCES)], when, when)
                for n, when in _spread(LEADS)
            ),
        )


async def _rest(deps: Deps, calls: int) -> None:
    """What else such a year leaves behind: forms, judgements, handoffs, meetings, letters."""
    confirmed = Status.CONFIRMED
    answers = Answers(Budget(confirmed), Authority(confirmed), Need(confirmed)).to_json()
    judged, handed, met = calls // 125, calls // 250, calls // 100
    async with deps.writing(TEAM) as session:
        session.add(FormSource(id=1, team_id=TEAM, name="form", title="form", secret="-", mapping={}, created_at=NOW))
        session.add(
            VerdictPolicy(
                id=1,
                team_id=TEAM,
                version=1,
                min_confirmed=3,
                required=[],
                needs_pain=False,
                needs_intent=False,
                created_at=NOW,
            )
        )
        await session.flush()
        await bulk.write(
            session,
            FormSubmission,
            (
                *("id", "team_id", "source_id", "submission_id", "lead_id", "fields", "urgency", "received_at"),
                *("team_due_at", "manager_due_at", "claimed_by", "responded_at", "response_seconds"),
            ),
            (
                (n, TEAM, 1, str(n), n % LEADS + 1, {}, "normal", when, when, when, n % REPS + 1, when, n % 900)
                for n, when in _spread(20_000)
            ),
        )
        await bulk.write(
            session,
            Qualification,
            (
                *("id", "team_id", "lead_id", "member_id", "policy_id", "judged_on", "answers", "sales_qualified"),
                "created_at",
            ),
            (
                (n, TEAM, n * 7 % LEADS + 1, n % REPS + 1, 1, when.date().isoformat(), answers, n % 3 == 0, when)
                for n, when in _spread(judged)
            ),
        )
        await bulk.write(
            session,
            Handoff,
            (
                *("id", "team_id", "lead_id", "qualification_id", "from_member_id", "to_member_id", "channel"),
                *("status", "package", "created_at", "due_at", "acknowledged_at", "acknowledged_by"),
            ),
            (
                (
                    *(n, TEAM, n * 7 % LEADS + 1, n, n % REPS + 1, n % 20 + 1, "C"),
                    *("returned" if n % 5 == 0 else "accepted", {}, when, when, when, n % 20 + 1),
                )
                for n, when in _spread(handed)
            ),
        )
        await bulk.write(
            session,
            Meeting,
            (
                *("id", "team_id", "lead_id", "member_id", "booked_by", "qualification_id", "status", "starts_at"),
                *("ends_at", "customer_zone", "language", "subject", "guests", "uid", "created_at"),
            ),
            (
                (
                    *(n, TEAM, n * 7 % LEADS + 1, n % 20 + 1, n % REPS + 1, n % judged + 1),
                    *("no_show" if n % 10 == 0 else "held", when, when, ZONE, "ja", "", [], str(n)),
                    when - timedelta(days=7),
                )
                for n, when in _spread(met)
            ),
        )
        await bulk.write(
            session,
            Mail,
            ("key", "team_id", "to_address", "subject", "text", "audience", "state", "created_at", "sent_at"),
            ((str(n), TEAM, "", "", "", "customer", "sent", when, when) for n, when in _spread(calls // 25)),
        )


def _spread(count: int) -> Iterator[tuple[int, datetime]]:
    """Numbers from 1 with moments spread evenly over the year, in no order."""
    seconds = int(timedelta(days=(LAST - FIRST).days + 1).total_seconds())
    start = _moment(FIRST)
    for n in range(1, count + 1):
        yield n, start + timedelta(seconds=n * 2_654_435_761 % seconds)


def _load(url: str, path: Path) -> None:
    """The calls, and the roll-up that the product would have kept with them."""
    listed = ", ".join(COLUMNS)
    with path.open(encoding="utf-8", newline="") as file:
        if url.startswith("sqlite"):
            connection = sqlite3.connect(url.removeprefix("sqlite:///"))
            connection.execute("PRAGMA foreign_keys=OFF")
            rows: Iterable[Any] = ((*row[:6], row[6] or None, row[7]) for row in csv.reader(file))
            connection.executemany(f"INSERT INTO calls ({listed}) VALUES ({', '.join('?' * len(COLUMNS))})", rows)  # noqa: S608 - our own names
            connection.execute(_roll_up("date(called_at, '+9 hours')"))
            connection.execute("ANALYZE")
            connection.commit()
            connection.close()
            return
        with psycopg.connect(sync_url(url).replace("+psycopg", "")) as server_connection:
            # Without looking every lead up again: they are there.
            server_connection.execute("SET session_replication_role = replica")
            server_connection.execute("SET TIME ZONE 'UTC'")
            with server_connection.cursor().copy(
                f"COPY calls ({listed}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL (note))"
            ) as copy:  # type: ignore[arg-type] # our own names
                while block := file.read(1 << 20):
                    copy.write(block)
            server_connection.execute(_roll_up("(called_at AT TIME ZONE 'Asia/Tokyo')::date"))  # type: ignore[arg-type] # our own words
        with psycopg.connect(sync_url(url).replace("+psycopg", ""), autocommit=True) as server_connection:
            server_connection.execute("VACUUM ANALYZE")


def _roll_up(day: str) -> str:
    return (
        "INSERT INTO call_days (team_id, day, member_id, source, dials, answered, connected, effective, meetings_set) "  # noqa: S608 - our own words
        f"SELECT c.team_id, {day}, c.member_id, l.source, count(*), {AGGREGATES} "
        "FROM calls c JOIN leads l ON l.id = c.lead_id GROUP BY 1, 2, 3, 4"
    )


def _sql(by: str | None) -> str:
    """The aggregate as one would write it by hand; %s stands for team, start and end."""
    group = "member_id, " if by else ""
    ending = " GROUP BY member_id" if by else ""
    return (
        f"SELECT {group}count(*), {AGGREGATES} FROM calls "  # noqa: S608 - our own words
        f"WHERE team_id = %s AND called_at >= %s AND called_at < %s{ending}"
    )


def _bare(url: str) -> tuple[Callable[[str, datetime, datetime], Any], Callable[[], None]]:
    """Asks over the driver's own connection; and closes it."""
    if url.startswith("sqlite"):
        file = sqlite3.connect(url.removeprefix("sqlite:///"))

        def ask_file(sql: str, start: datetime, end: datetime) -> Any:
            given = (TEAM, f"{start:%Y-%m-%d %H:%M:%S.%f}", f"{end:%Y-%m-%d %H:%M:%S.%f}")
            return file.execute(sql.replace("%s", "?"), given).fetchall()

        return ask_file, file.close
    server_connection = psycopg.connect(sync_url(url).replace("+psycopg", ""), autocommit=True)

    def ask(sql: str, start: datetime, end: datetime) -> Any:
        return server_connection.execute(sql, (TEAM, start, end)).fetchall()  # type: ignore[arg-type] # our own words

    return ask, server_connection.close


def _duck(other: duckdb.DuckDBPyConnection, by: str | None, start: datetime, end: datetime) -> Any:
    given = [TEAM, start.replace(tzinfo=None), end.replace(tzinfo=None)]
    return other.execute(_sql(by).replace("%s", "?"), given).fetchall()


def _named(rows: list[tuple[Any, ...]]) -> dict[str, tuple[int, ...]]:
    """As the product names its groups."""
    return {str(row[0]): tuple(row[1:]) for row in rows} if len(rows[0]) == 6 else {"": tuple(rows[0])}


def _moment(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC) - timedelta(hours=9)


async def _timed(ask: Callable[[], Awaitable[Any]]) -> float:
    started = time.perf_counter()
    await ask()
    return (time.perf_counter() - started) * 1000


def _timed_here(ask: Callable[[], Any]) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
