"""Rows that earlier versions wrote come through every migration: from the first schema on, and from each later one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from dbos import DBOS

from bot.queue import Queue
from bot.readiness import database_parts
from bot.run import storage
from bot.settings import Settings
from handlers.delivery import UnderWay
from services import members
from services.data.exports import export_team
from services.operator import operator
from services.outreach import call_queue, home, leads
from services.qualification import meetings
from services.targeting import accounts
from storage.exports import parts
from storage.migrations import config, revisions, sync_url, upgrade
from storage.tables import Base
from tests.conftest import as_program, of_server

START: Final = datetime(2026, 1, 5, 1, tzinfo=UTC)

SENSIBLE: Final[Mapping[str, Any]] = {
    # What the program of that time would have written, where a word stands for something.
    "teams.acknowledge_minutes": 120,
    "accounts.grams": [3, 7],
    "passages.grams": [3, 7],
    "language": "ja",
    "zone": "Asia/Tokyo",
    "customer_zone": "Asia/Tokyo",
    "members.role": "admin",
    "territories": ["関東"],
    "industries": [],
    "leads.stage": "working",
    "leads.source": "trade_show",
    "leads.next_step": "call",
    "leads.disqualify_reason": "timing",
    "contacts.buying_role": "user",
    "calls.connection": "answered",
    "calls.party": "contact",
    "calls.outcome": "interested",
    "calls.reason": "timing",
    "call_days.source": "trade_show",
    "stage_changes.from_stage": "new",
    "stage_changes.to_stage": "working",
    "verdict_policies.required": ["need"],
    "verdict_policies.min_confirmed": 3,
    "qualifications.judged_on": "2026-01-05",
    "handoffs.status": "waiting",
    "handoff_returns.reason": "no_need",
    "meetings.status": "booked",
    "meetings.guests": ["customer@example.co.jp"],
    "meetings.cancelled_by": "customer",
    "meeting_offers.status": "open",
    "meeting_offers.candidates": [],
    "deliveries.state": "sent",
    "mails.state": "sent",
    "mails.audience": "customer",
    "suppressions.channel": "mail",
    "calendar_connections.kind": "caldav",
    "form_submissions.urgency": "high",
    "job_runs.state": "done",
    "job_beats.state": "done",
    "team_rules.values": {},
    "kpi_targets.kpi": "dials",
    "weekday": 1,
    "hour": 10,
    "scopes": "chat:write",
}
"""By table and column, or for every column of that name."""

ADDED: Final[Mapping[str, Any]] = {"members.email": "", "leads.attempts": 0}
"""What older rows have in columns that came later; NULL where nothing is said."""

CHANGED: Final[Mapping[str, Callable[[dict[str, Any]], Any]]] = {}
"""What a migration makes of a value on purpose: the column as `table.column`, and the new value by the old row."""


@dataclass
class Past:
    """A database that is brought on revision by revision, and every row that was ever written into it."""

    url: str
    engine: sa.Engine
    tables: dict[str, sa.Table] = field(default_factory=dict)
    """Ours, as they are now, each after those it refers to."""
    written: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    teams: list[str] = field(default_factory=list)
    count: int = 0

    def upgrade(self, revision: str) -> None:
        """Bring it on."""
        command.upgrade(config(self.url), revision)
        found = sa.MetaData()
        # What is made of other tables, there and then, is no row that an earlier version wrote.
        beside = ("alembic_version", "account_search", "passage_search", "passage_dues")
        found.reflect(self.engine, only=lambda name, _: not name.startswith(beside))
        self.tables = {table.name: table for table in found.sorted_tables}

    def fill(self, revision: str) -> None:
        """Two more teams with a row in every table: one with everything that can be said, one with what must be."""
        with self.engine.begin() as connection:
            for whole in (True, False):
                self.count += 1
                team = f"T{revision}{'AB'[self.count % 2]}"
                self.teams.append(team)
                made: dict[str, dict[str, Any]] = {}
                for table in self.tables.values():
                    row = {c.name: v for c in table.c if (v := self._value(table, c, team, made, whole)) is not _OPEN}
                    key = connection.execute(table.insert().values(row)).inserted_primary_key
                    assert key is not None
                    made[table.name] = dict(row) | dict(zip((c.name for c in table.primary_key), key, strict=True))
                    for c in table.c:
                        made[table.name].setdefault(c.name, None)
                    self.written.setdefault(table.name, []).append(made[table.name])

    def _value(
        self, table: sa.Table, column: sa.Column[Any], team: str, made: Mapping[str, Mapping[str, Any]], whole: bool
    ) -> Any:
        name, n = column.name, self.count
        if table.name == "teams" and name == "id":
            return team
        if name == "team_id":
            return team
        if name == "id":
            return _OPEN
        if column.nullable and not whole:
            return _OPEN
        if column.foreign_keys:
            target = next(iter(column.foreign_keys)).column
            return made[target.table.name][target.name]
        for known in (f"{table.name}.{name}", name):
            if known in SENSIBLE:
                return SENSIBLE[known]
        match column.type:
            case sa.Boolean():
                return True
            case sa.Integer():
                return n
            case sa.Float():
                return n + 0.5
            case sa.DateTime():
                at = START + timedelta(minutes=n)
                return at if self.engine.dialect.name == "postgresql" else at.replace(tzinfo=None)
            case sa.Date():
                return date(2026, 1, 5) + timedelta(days=n)
            case sa.JSON():
                return {"説明": n}
            case sa.LargeBinary():
                return f"{name}・{n}".encode()
            case sa.String(length=length):
                return f"{name}・{n}"[:length]
        raise NotImplementedError(f"{table.name}.{name}: {column.type}")

    def check(self) -> None:
        """Every row is there, with what was in it; nothing refers to what is not there."""
        now = self.tables
        with self.engine.connect() as connection:
            for name, rows in self.written.items():
                found = {
                    tuple(row[c.name] for c in now[name].primary_key.columns): row
                    for row in connection.execute(now[name].select()).mappings()
                }
                assert len(found) == len(rows), name
                for row in rows:
                    there = found[tuple(row[c.name] for c in now[name].primary_key.columns)]
                    for column in [c.name for c in now[name].c]:
                        place = f"{name}.{column}"
                        expected = row[column] if column in row else ADDED.get(place)
                        if place in CHANGED:
                            expected = CHANGED[place](row)
                        assert there[column] == expected, (place, row)
            if self.engine.dialect.name == "sqlite":
                assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
                assert connection.exec_driver_sql("PRAGMA integrity_check").fetchall() == [("ok",)]


_OPEN: Final = object()


@pytest.fixture(params=["sqlite", "postgresql"])
def past(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Past]:
    """A new, empty database, for its owner."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.db'}"
    else:
        server: str = request.getfixturevalue("postgres")
        name = f"old_{uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        url = of_server(server, name)
    engine = sa.create_engine(sync_url(url))
    yield Past(url, engine)
    engine.dispose()
    if request.param == "postgresql":
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_rows_of_every_version_come_through_to_the_newest_which_works_on_them(past: Past) -> None:
    for revision in reversed(revisions(past.url)):
        past.upgrade(revision)
        past.check()
        past.fill(revision)
    assert set(past.written) | {"passage_dues"} == set(Base.metadata.tables)
    assert len(past.teams) == 2 * len(revisions(past.url))
    # Raises where the tables are not what the models describe.
    command.check(config(past.url))

    program = as_program(past.url) if past.engine.dialect.name == "postgresql" else past.url
    upgrade(past.url, program=program)
    past.check()
    settings = Settings(_env_file=None, database_url=program)
    async with storage(settings) as deps:
        for team in past.teams:
            lines: list[bytes] = []
            exported = await export_team(deps, team, lines.append)
            kept = {part.name for part in parts()}
            assert exported.tables == {
                name: 1 for name, rows in past.written.items() if name in kept and any(_of(row) == team for row in rows)
            }
            actor = await operator(deps, team)
            (person,) = await members.everybody(deps, actor)
            somebody = await members.who(deps, team, person.slack_user)
            assert somebody is not None
            assert await leads.mine(deps, somebody)
            assert (await home.by_stage(deps, somebody)) is not None
            await call_queue.build(deps, somebody)
            await meetings.upcoming(deps, somebody, everybody=True)
            await accounts.find(deps, somebody, "name")
        works = await database_parts(deps.database, program)
        assert all([await part() for part in works.values()])
    await _works(Queue(settings))


async def test_who_asked_before_there_was_a_list_not_to_be_called_is_on_it(past: Past) -> None:
    first, second, *_later = reversed(revisions(past.url))
    past.upgrade(first)
    past.fill(first)
    past.fill("again")
    tables = past.tables
    one, no_call, with_number, other_team = (row["id"] for row in past.written["contacts"])
    team = past.teams[0]
    calls = past.written["calls"]
    with past.engine.begin() as connection:
        for contact, changed in (
            (one, {"phone": "+81312345678"}),
            (no_call, {"phone": "", "team_id": team}),
            (with_number, {"phone": "+81312345678", "team_id": team}),
            (other_team, {"phone": "+81312345678"}),
        ):
            here = tables["contacts"].c.id == contact
            connection.execute(tables["contacts"].update().where(here).values(changed))
        asked = tables["calls"].c.id.in_([calls[0]["id"], calls[1]["id"]])
        connection.execute(tables["calls"].update().where(asked).values(outcome="do_not_call"))
    past.upgrade(second)
    contacts, stops = past.tables["contacts"], past.tables["suppressions"]
    with past.engine.connect() as connection:
        marked = dict(connection.execute(sa.select(contacts.c.id, contacts.c.do_not_call_at)).all())
        listed = connection.execute(sa.select(stops.c.team_id, stops.c.channel, stops.c.key, stops.c.created_at)).all()
    called = [calls[0]["called_at"], calls[1]["called_at"]]
    assert marked == {one: called[0], no_call: called[1], with_number: called[0], other_team: None}
    assert sorted(map(tuple, listed)) == [
        (team, "phone", "+81312345678", called[0]),
        (team, "phone", f"contact:{no_call}", called[1]),
    ]


def _of(row: Mapping[str, Any]) -> str:
    """Whose row it is."""
    return str(row.get("team_id") or row.get("id"))


async def _works(queue: Queue) -> None:
    async def echo(text: str) -> str:
        return text

    def register() -> UnderWay:
        DBOS.workflow(name="echo of old rows")(echo)
        return UnderWay()

    await queue.start(register)
    try:
        handle = await DBOS.start_workflow_async(echo, "x")
        assert await handle.get_result() == "x"
    finally:
        await queue.stop()
