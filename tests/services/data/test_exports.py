"""A team's data as one file: whole, the same bytes again after they were taken back, on either database; or refused."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOSClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from domain.appointments import Problem as CalendarProblem
from domain.members import Role
from services import calendars
from services.data import exports
from services.data.exports import Problem, Unusable, export_team, import_team
from services.deps import Actor, Deps
from services.keys import Keys
from services.outreach import form_sources, forms, roll_up
from services.pipeline import knowledge
from services.targeting import accounts
from storage import bulk
from storage import calendars as calendar_queries
from storage import exports as queries
from storage.database import connect
from storage.migrations import sync_url
from storage.outbox import Outbox
from storage.tables import Account, Base, CalendarConnection, Delivery, Mail, Team, TeamDay
from tests.bot.invented import TEAM, ZONE, invented, keep
from tests.conftest import KINDS, copy_of
from tests.services.data.any_team import POOLS, Pool, fill
from tests.services.office import NOW, Clock, Office, open_office

WAYS = [("sqlite", "sqlite"), ("postgresql", "postgresql"), ("sqlite", "postgresql"), ("postgresql", "sqlite")]
EITHER = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Deps]:
    database, client = connect(url), DBOSClient(system_database_url=sync_url(url), lazy=True)
    try:
        yield Deps(database, Outbox(client), Clock())
    finally:
        client.destroy()
        await database.dispose()


@pytest.fixture(params=WAYS, ids=[f"{a} to {b}" for a, b in WAYS])
def two_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two databases in which nothing is yet."""
    with ExitStack() as stack:
        urls = []
        for place, kind in enumerate(request.param):
            folder = tmp_path / str(place)
            folder.mkdir()
            urls.append(
                stack.enter_context(copy_of(request.getfixturevalue(f"{KINDS[kind]}_template"), request, folder))
            )
        yield urls[0], urls[1]


@pytest.fixture
async def two(two_urls: tuple[str, str]) -> AsyncIterator[tuple[Deps, Deps]]:
    async with opened(two_urls[0]) as here, opened(two_urls[1]) as there:
        yield here, there


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "team.jsonl"


async def exported(deps: Deps, team_id: str) -> bytes:
    pieces: list[bytes] = []
    await export_team(deps, team_id, pieces.append)
    return b"".join(pieces)


async def restored(deps: Deps, content: bytes, file: Path, team_id: str | None = None) -> exports.Restored:
    await asyncio.to_thread(file.write_bytes, content)
    return await import_team(deps, file, team_id)


def told(content: bytes) -> Counter[str]:
    """Rows by table."""
    return Counter(json.loads(line)["table"] for line in content.splitlines(keepends=True)[1:-1])


def sealed(lines: list[bytes]) -> bytes:
    """Lines with the last one that fits them."""
    body = b"".join(lines)
    end = {"end": {"rows": len(lines) - 1, "sha256": hashlib.sha256(body).hexdigest()}}
    return body + json.dumps(end, separators=(",", ":")).encode() + b"\n"


# The same again


def test_every_table_is_exported_or_has_a_reason_not_to_be() -> None:
    left_out = {model.__tablename__ for model in queries.LEFT_OUT}
    assert {part.name for part in queries.parts()} | left_out == set(Base.metadata.tables)
    here = {"job_runs", "job_plans", "job_beats", "slack_paces", "audit_permits", "passages", "passage_dues"}
    assert left_out == here | {"installations", "spent_states", "passage_signs", "passage_vectors"}


async def test_invented_team_comes_back_byte_for_byte_and_goes_on_working(two: tuple[Deps, Deps], file: Path) -> None:
    here, there = two
    history = invented(seed=3, months=1)
    kept = await keep(here.database, here.outbox._client, history)
    async with here.writing(TEAM) as session:
        await fill(session, Pool(), 1)
    content = await exported(here, TEAM)
    assert set(told(content)) == {part.name for part in queries.parts()}
    assert told(content)["calls"] == len(history.records.calls) > queries.BATCH

    done = await restored(there, content, file)
    assert done.rows == told(content).total()
    assert await exported(there, TEAM) == content
    assert await exported(here, TEAM) == content

    rep = Actor(TEAM, kept.staff.inside[0], "U0", "人0", Role.INSIDE_SALES, "ja", ZONE, ZONE)
    assert await roll_up.check(there, rep) == []
    async with there.reading(TEAM) as session:
        name = str(await session.scalar(sa.select(Account.name).where(Account.name.like("株式会社%")).limit(1)))
    # By a part of the name, which only the index finds.
    assert any(found.name == name for found in await accounts.find(there, rep, name.removeprefix("株式会社")[1:]))
    # What was written down is findable again soon.
    assert await knowledge.bring_up(there, TEAM) > 0
    async with there.writing(TEAM) as session:
        for part in queries.parts():
            if part.target.autoincrement_column is not None:
                highest = await session.scalar(sa.select(sa.func.max(part.target.c.id)))
                assert await bulk.reserve(session, part.model, 1) > highest, part.name


@EITHER
@given(pool=POOLS)
async def test_any_rows_come_back_byte_for_byte_beside_other_teams(
    two: tuple[Deps, Deps], file: Path, pool: Pool
) -> None:
    here, there = two
    async with here.database.reading_across_teams() as session:
        number = int(await session.scalar(sa.select(sa.func.count()).select_from(Team)) or 0)
    team_id = f"T{number}"
    async with here.writing(team_id) as session:
        await fill(session, pool, 1 + 10 * number)
    content = await exported(here, team_id)
    await restored(there, content, file)
    assert await exported(there, team_id) == content


async def test_values_are_the_rows_own(office: Office, file: Path) -> None:
    await office.lead("青葉 一郎", note='a\n"b"')
    rows = [json.loads(line) for line in (await exported(office.deps, "T1")).splitlines()]
    assert {key: rows[0][key] for key in ("format", "version", "team")} == {
        "format": "kakehashi-export",
        "version": 1,
        "team": "T1",
    }
    (lead,) = (each["row"] for each in rows[1:-1] if each["table"] == "leads")
    assert (lead["note"], lead["created_at"], lead["next_step"]) == ('a\n"b"', "2026-04-01T01:00:00.000000Z", None)


async def test_export_holds_one_moment_and_no_other_team(office: Office, neighbours: Office, owner_url: str) -> None:
    await office.lead("青葉 一郎")
    await neighbours.lead("隣 花子")
    before = await exported(office.deps, "T1")
    assert "隣".encode() not in before
    engine = sa.create_engine(sync_url(owner_url))
    pieces: list[bytes] = []

    def write(piece: bytes) -> None:
        if not pieces:
            # Somebody else saves something after the export has begun.
            with engine.begin() as connection:
                connection.execute(sa.insert(TeamDay).values(team_id="T1", day=NOW.date(), works=False, name="創立日"))
        pieces.append(piece)

    await export_team(office.deps, "T1", write)
    engine.dispose()
    assert b"".join(pieces) == before
    assert "創立日".encode() in await exported(office.deps, "T1")


async def test_postgresql_is_asked_for_the_order_of_code_points_whatever_its_language(
    office: Office, database_url: str
) -> None:
    # The servers that tests run on sort like this anyway.
    asked: list[str] = []
    engine = office.deps.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    await exported(office.deps, "T1")
    (letters,) = (statement for statement in asked if "FROM mails" in statement)
    assert ('ORDER BY mails.key COLLATE "C"' in letters) is database_url.startswith("postgresql")


async def test_no_more_than_a_batch_of_rows_is_read_at_a_time(
    office: Office, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    for number in range(25):
        await office.account(f"会社{number}")
    monkeypatch.setattr(queries, "BATCH", 10)
    async with office.deps.database.snapshot("T1") as session:
        (part,) = (each for each in queries.parts() if each.model is Account)
        sizes = [len(rows) async for rows in queries.rows(session, part)]
    # The office has one company of its own.
    assert sizes == [10, 10, 6]


# Secrets, and what is on its way


@pytest.fixture
async def next_door(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Deps]:
    """An empty database of the same kind, under another key."""
    kind = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    folder = tmp_path / "next"
    folder.mkdir()
    with copy_of(request.getfixturevalue(f"{KINDS[kind]}_template"), request, folder) as url:
        async with opened(url) as deps:
            yield deps


async def test_secrets_stay_closed_and_under_another_key_their_owners_are_told(
    office: Office, next_door: Deps, file: Path
) -> None:
    password = "合言葉-open-sesame"
    async with office.deps.writing("T1") as session:
        await calendar_queries.connect(
            session,
            office.ito.member_id,
            kind="caldav",
            url="https://calendar.example",
            calendar="",
            secret=office.deps.keys.encrypt(json.dumps({"name": "ito", "password": password}, ensure_ascii=False)),
            now=NOW,
        )
    form = await form_sources.add(office.deps, office.boss, "お問い合わせ")
    content = await exported(office.deps, "T1")
    for secret in (password, form.secret):
        assert secret.encode() not in content

    done = await restored(next_door, content, file)
    assert (done.calendars, done.forms) == (1, 1)
    taken = await calendars.busy(next_door, "T1", [office.ito.member_id], NOW, NOW)
    assert taken == {office.ito.member_id: None}
    async with next_door.reading("T1") as session:
        assert await session.scalar(sa.select(CalendarConnection.error)) == CalendarProblem.UNAUTHORISED.value
        trouble = await session.scalar(sa.select(Delivery.channel).where(Delivery.kind == calendars.TROUBLE))
    assert trouble == office.ito.slack_user
    body, now = b"{}", str(int(NOW.timestamp()))
    signed = forms.signature(form.secret, now, body)
    name = form.form.name
    assert (await forms.prove(office.deps, name, now, signed, body)).team_id == "T1"
    with pytest.raises(forms.Unproven):
        await forms.prove(next_door, name, now, signed, body)


async def test_secrets_open_again_under_the_same_key_and_without_any_nobody_can_tell(
    office: Office, next_door: Deps, file: Path
) -> None:
    form = await form_sources.add(office.deps, office.boss, "お問い合わせ")
    content = await exported(office.deps, "T1")
    done = await restored(replace(next_door, keys=Keys(None)), content, file)
    assert (done.calendars, done.forms) == (None, None)
    same = replace(next_door, keys=office.deps.keys)
    now = str(int(NOW.timestamp()))
    name = form.form.name
    assert (await forms.prove(same, name, now, forms.signature(form.secret, now, b"{}"), b"{}")).team_id == "T1"


async def test_what_was_on_its_way_is_taken_up_as_begun(office: Office, next_door: Deps, file: Path) -> None:
    # A team of its own, because the office has done something already.
    async with office.deps.writing("T5") as session:
        await fill(session, Pool(), 1_000, each=5)
    content = await exported(office.deps, "T5")
    rows = [json.loads(line) for line in content.splitlines()[1:-1]]
    states = Counter((each["table"], each["row"]["state"]) for each in rows if each["table"] in ("deliveries", "mails"))
    for table in ("deliveries", "mails"):
        assert states[table, "queued"] == 0
        assert states[table, "sending"] >= 2
    done = await restored(next_door, content, file)
    assert (done.deliveries, done.letters) == (states["deliveries", "sending"], states["mails", "sending"])
    async with next_door.reading("T5") as session:
        open_ones = list(await session.scalars(sa.select(Delivery).where(Delivery.state == "sending")))
        letters = list(await session.scalars(sa.select(Mail.key).where(Mail.state == "sending")))
    assert all(each.claimed_at is not None for each in open_ones)
    waiting = await next_door.outbox._client.list_workflows_async()
    begun = Counter(workflow.name for workflow in waiting)
    assert begun == {"deliver": len(open_ones), "perform": len(letters)}


# Refused


@pytest.fixture
async def small(office: Office) -> bytes:
    """The export of a small team."""
    await office.handed_off()
    return await exported(office.deps, "T1")


async def refused(deps: Deps, content: bytes, file: Path, team_id: str | None = None) -> Problem:
    with pytest.raises(Unusable) as caught:
        await restored(deps, content, file, team_id)
    return caught.value.problem


async def nothing_there(deps: Deps) -> bool:
    async with deps.reading("T1") as session:
        counts = [await session.scalar(sa.select(sa.func.count()).select_from(part.target)) for part in queries.parts()]
    return not any(counts)


async def test_team_with_data_is_not_written_over(office: Office, small: bytes, file: Path) -> None:
    assert await refused(office.deps, small, file) is Problem.NOT_EMPTY
    assert await exported(office.deps, "T1") == small


async def test_another_schema_another_team_another_format_are_refused(
    next_door: Deps, small: bytes, file: Path
) -> None:
    head, *rest = small.splitlines(keepends=True)[:-1]
    schema = json.loads(head)["schema"].encode()
    old = sealed([head.replace(b'"schema":"%s"' % schema, b'"schema":"0001"'), *rest])
    assert await refused(next_door, old, file) is Problem.OTHER_SCHEMA
    assert await refused(next_door, small, file, "T2") is Problem.OTHER_TEAM
    newer = sealed([head.replace(b'"version":1', b'"version":2'), *rest])
    assert await refused(next_door, newer, file) is Problem.NO_EXPORT
    assert await nothing_there(next_door)


@EITHER
@given(share=st.floats(0, 1, exclude_max=True))
def test_file_that_was_cut_anywhere_is_refused(share: float, whole: bytes, file: Path) -> None:
    file.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(Unusable) as caught:
        exports.examine(file)
    assert caught.value.problem in (Problem.CUT_OFF, Problem.NO_EXPORT)


@EITHER
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_file_in_which_one_bit_is_another_is_refused(share: float, bit: int, whole: bytes, file: Path) -> None:
    place = int(share * len(whole))
    file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
    with pytest.raises(Unusable):
        exports.examine(file)


@pytest.fixture(scope="module")
def whole() -> bytes:
    """An export of a few rows."""
    head = exports._head("0002", "T1")
    return sealed([head, *(b'{"table":"team_days","row":{"name":"%d"}}\n' % number for number in range(20))])


async def test_lines_after_the_end_and_lines_left_out_are_refused(next_door: Deps, small: bytes, file: Path) -> None:
    assert await refused(next_door, small + b"\n", file) is Problem.CUT_OFF
    assert await refused(next_door, small + small.splitlines(keepends=True)[-1], file) is Problem.CHANGED
    lines = small.splitlines(keepends=True)
    assert await refused(next_door, b"".join([*lines[:3], *lines[4:]]), file) is Problem.CHANGED
    assert await nothing_there(next_door)


async def test_rows_that_do_not_fit_leave_nothing_behind(next_door: Deps, small: bytes, file: Path) -> None:
    lines = small.splitlines(keepends=True)[:-1]

    def with_last(change: Any) -> bytes:
        content = json.loads(lines[-1])
        change(content)
        return sealed([*lines[:-1], json.dumps(content, ensure_ascii=False).encode() + b"\n"])

    changes = [
        lambda content: content.update(table="job_runs"),
        lambda content: content["row"].pop("team_id"),
        lambda content: content["row"].update(team_id="T2"),
        lambda content: content["row"].update(created_at="yesterday"),
        lambda content: content["row"].update(created_at=None),
        lambda content: content["row"].update(id="1"),
        lambda content: content["row"].update(id=True),
        lambda content: content["row"].update(more=1),
    ]
    for change in changes:
        assert await refused(next_door, with_last(change), file) is Problem.UNREADABLE
    assert await refused(next_door, sealed([*lines, b"[1]\n"]), file) is Problem.UNREADABLE
    # A company that is not among them.
    assert (
        await refused(next_door, sealed([line for line in lines if b'{"table":"accounts"' not in line]), file)
        is Problem.REFERS
    )
    assert await nothing_there(next_door)


async def test_ids_of_other_teams_are_neither_taken_nor_referred_to(next_door: Deps, small: bytes, file: Path) -> None:
    await open_office(next_door, Clock(), "T2")
    before = await exported(next_door, "T2")
    assert await refused(next_door, small, file) is Problem.TAKEN
    # A team that has nothing of its own but a day, and one that leans on the other team's member.
    lines = small.splitlines(keepends=True)
    team = next(line for line in lines if line.startswith(b'{"table":"teams"'))
    member = json.loads(next(line for line in before.splitlines() if b'{"table":"members"' in line))["row"]["id"]
    absence = {
        "table": "absences",
        "row": {
            "created_at": "2026-04-01T00:00:00.000000Z",
            "first_day": "2026-04-01",
            "id": 999,
            "last_day": "2026-04-01",
            "member_id": member,
            "team_id": "T1",
        },
    }
    leaning = sealed([lines[0], team, json.dumps(absence).encode() + b"\n"])
    assert await refused(next_door, leaning, file) is Problem.REFERS
    assert await exported(next_door, "T2") == before
    async with next_door.database.reading_across_teams() as session:
        assert list(await session.scalars(sa.select(Team.id))) == ["T2"]


@pytest.mark.parametrize("bad", ["a\0b", "\ud800"])
async def test_texts_that_postgresql_cannot_hold_are_refused_there_and_kept_by_sqlite(
    next_door: Deps, small: bytes, file: Path, bad: str
) -> None:
    lines = small.splitlines(keepends=True)[:-1]
    place = next(place for place, line in enumerate(lines) if line.startswith(b'{"table":"handoffs"'))
    content = json.loads(lines[place])
    content["row"]["package"]["company"] = bad
    lines[place] = json.dumps(content).encode() + b"\n"
    if next_door.database.dialect == "postgresql":
        assert await refused(next_door, sealed(lines), file) is Problem.UNSTORABLE
        assert await nothing_there(next_door)
        return
    await restored(next_door, sealed(lines), file)
    again = await exported(next_door, "T1")
    assert bad in {
        json.loads(line)["row"]["package"]["company"] for line in again.splitlines() if b'"handoffs"' in line
    }
