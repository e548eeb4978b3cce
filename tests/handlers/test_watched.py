"""What those who run the house see over HTTP and in the log while people work, and what they never see."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from dbos import DBOS
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot import logs
from bot.app import all_routes
from bot.logs import LogFormat
from bot.metrics import Metrics, names_of
from bot.queue import QUEUES
from bot.settings import Settings
from bot.workspace.team import EXAMPLE
from domain.members import Permission
from handlers.delivery import TaskFailed
from handlers.interaction import Answer, Interaction
from handlers.routes import Outgoing, Route
from handlers.trail import UNKNOWN, Outcome
from services.deps import Deps
from storage.database import BUSY_TIMEOUT_MS, Database
from tests.handlers.conftest import ADMIN, IS, MANAGER, World, eventually
from tests.handlers.test_main_job import hand_off

TEAM = EXAMPLE.id
CHANNEL = "C01ISTEAM0"
TOKEN = "a-token-for-the-scraper"
BEARER = {"Authorization": f"Bearer {TOKEN}"}

NAME, PHONE, MAIL, COMPANY = "小鳥遊 兼好", "03-4821-9907", "kenko@planted.example", "㈱ウエタモノ商会"
PLANTED = ("小鳥遊", "兼好", "4821-9907", "48219907", "planted.example", "ウエタモノ")

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Counts = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})


async def page(world: World, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=10) as http:
        return await http.get(f"{world.house.address}{path}", headers=headers)


async def counted(world: World) -> Counts:
    """Every sample that is told now, by its name and labels."""
    answer = await page(world, "metrics", **BEARER)
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of(counts: Counts, name: str, **labels: str) -> float:
    return counts.get((name, frozenset(labels.items())), 0.0)


# Metrics


async def test_what_people_do_is_counted_by_route_and_outcome(world: World) -> None:
    before = await counted(world)
    assert of(before, "kakehashi_interactions_total", kind="view", route="lead.add.submit", outcome="fault") == 0.0
    await world.person(IS).command(CHANNEL, "/lead", f"find {NAME}")
    await world.person(IS).command(CHANNEL, "/lead", f"{COMPANY} {NAME}")
    await world.person(IS).command(CHANNEL, "/team", "sender")
    await hand_off(world)

    def posted() -> float:
        return (
            world.house.metrics.registry.get_sample_value(
                "kakehashi_deliveries_total", {"kind": "handoff.post", "outcome": "sent"}
            )
            or 0.0
        )

    await eventually(posted)
    after = await counted(world)

    def more(name: str, **labels: str) -> float:
        return of(after, name, **labels) - of(before, name, **labels)

    found = {"kind": "command", "route": "lead find"}
    assert more("kakehashi_interactions_total", **found, outcome="ok") == 1
    assert more("kakehashi_acknowledgement_seconds_count", **found) == 1
    assert 0 < more("kakehashi_acknowledgement_seconds_sum", **found) < 10
    assert more("kakehashi_interactions_total", kind="command", route=UNKNOWN, outcome="other") == 1
    assert more("kakehashi_interactions_total", kind="command", route="team sender", outcome="refused") == 1
    assert more("kakehashi_interactions_total", kind="action", route="lead.qualify.pick", outcome="ok") == 1
    assert more("kakehashi_slack_calls_total", method="views.open", error="none") >= 1
    assert more("kakehashi_slack_call_seconds_count", method="chat.postMessage") >= 1
    assert more("kakehashi_deliveries_total", kind="handoff.post", outcome="sent") == 1
    assert of(after, "kakehashi_clock_turns_total", job="read-plans", outcome="ok") >= 1
    assert of(after, "process_resident_memory_bytes") > 0


async def test_what_waits_is_told_with_its_age(world: World) -> None:
    deps = world.house.deps
    async with deps.writing(TEAM) as session:
        for n in range(3):
            await deps.outbox.start_task(
                session, key=f"later:{n}", kind="data.import", arguments={}, delay_seconds=BUSY_TIMEOUT_MS
            )
    await world.house.metrics.read(deps.database)
    told = world.house.metrics.registry.get_sample_value
    later = {"queue": "tasks", "state": "delayed"}
    assert told("kakehashi_queue_depth", later) == 3
    age = told("kakehashi_queue_oldest_seconds", later)
    assert age is not None
    assert 0 <= age < 60


@sqlite
async def test_refusals_of_slack_are_counted_by_its_error(world: World) -> None:
    client = world.house.app.client
    answer = await client.api_call("users.info", params={"user": IS})
    assert answer["ok"]
    world.workspace.workspace.faults.order({"kind": "429", "method": "users.info", "seconds": 2})
    for user in (IS, "U0NOBODY00"):
        with pytest.raises(Exception, match=r"ratelimited|user_not_found|server responded"):
            await client.users_info(user=user)
    counts = await counted(world)
    assert of(counts, "kakehashi_slack_calls_total", method="users.info", error="http_429") == 1
    assert of(counts, "kakehashi_slack_calls_total", method="users.info", error="user_not_found") == 1
    assert of(counts, "kakehashi_slack_calls_total", method="users.info", error="none") >= 1


@sqlite
async def test_metrics_are_for_whoever_brings_the_token(world: World) -> None:
    for headers in ({}, {"Authorization": "Bearer guessed"}, {"Authorization": TOKEN}):
        answer = await page(world, "metrics", **headers)
        assert answer.status_code == 401
        assert "kakehashi_" not in answer.text


def test_labels_come_from_the_route_tables() -> None:
    routes = all_routes()
    metrics = Metrics(routes)
    metrics.delivery(NAME, "sent")
    metrics.task(NAME, "ok")
    seen = {v for family in metrics.registry.collect() for s in family.samples for v in s.labels.values()}
    assert UNKNOWN in seen
    assert NAME not in seen
    assert "lead find" in names_of(routes)["command"]


# Readiness


async def test_bot_at_work_is_ready(world: World) -> None:
    await eventually_ready(world)
    answer = await page(world, "readyz")
    parts = dict.fromkeys(("database", "migrations", "queue", "clock", "slack"), True)
    assert answer.json() == {"ready": True, "parts": parts}


async def eventually_ready(world: World) -> None:
    """The engine begins to look at a queue within a second after it has heard of it."""
    world.house.readiness.kept_seconds = 0.0
    answers = [False]

    async def ask() -> None:
        answers.append((await page(world, "readyz")).status_code == 200)

    async with asyncio.timeout(20):
        while not answers[-1]:
            await ask()


async def test_part_that_does_not_work_is_named(world: World, owner: Database) -> None:
    await eventually_ready(world)
    deps = world.house.deps

    async def broken() -> set[str]:
        answer = await page(world, "readyz")
        assert answer.status_code == 503
        return {name for name, works in answer.json()["parts"].items() if not works}

    async with deps.database.sessions() as session:
        known = await session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    assert len(QUEUES) == 6

    async def revision(value: str) -> None:
        async with owner.turn, owner.sessions() as session:
            await session.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": value})
            await session.commit()

    await revision("0001")
    assert await broken() == {"migrations"}
    await revision("from_a_later_version")
    assert (await page(world, "readyz")).status_code == 200
    await revision(str(known))
    assert (await page(world, "readyz")).status_code == 200


# The log


@pytest.fixture
def written() -> Iterator[dict[LogFormat, io.StringIO]]:
    """What the process logs at its most talkative, in each form."""
    packages = {name: logging.getLogger(name) for name in (*logs.OURS, "dbos", "uvicorn")}
    before = {name: (logger.level, logger.handlers[:], logger.propagate) for name, logger in packages.items()}
    streams = {form: io.StringIO() for form in LogFormat}
    handlers = [logs.handler(form, stream) for form, stream in streams.items()]
    logs.set_up("DEBUG")
    for handler in handlers:
        logging.getLogger().addHandler(handler)
    yield streams
    for handler in handlers:
        logging.getLogger().removeHandler(handler)
    for name, (level, own, propagate) in before.items():
        packages[name].setLevel(level)
        packages[name].handlers[:] = own
        packages[name].propagate = propagate


async def say(deps: Deps) -> None:
    """Fails as code does that was given what it cannot read, after a database that will not save it."""
    statement = sa.text("INSERT INTO job_beats (name, seconds, ran_at, state) VALUES (:typed, 1, now(), 'done')")
    try:
        async with deps.writing(TEAM) as session:
            for _ in range(2):
                await session.execute(statement, {"typed": NAME})
    except sa.exc.IntegrityError as doubled:
        raise ValueError(f"{NAME} {PHONE} {MAIL} cannot be read") from doubled


# Over HTTP a listener that fails is answered at once.
@pytest.mark.parametrize(("database_url", "way"), [("postgresql", "http")], indirect=True)
async def test_nothing_that_people_typed_is_logged_or_counted(
    written: dict[LogFormat, io.StringIO],
    world: World,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    routes, deps = world.house.routes, world.house.deps
    person = world.person(IS)
    # The workspace in this process has let its own server write to stderr.
    logs.through_root("uvicorn")

    # What works, and what is refused.
    await person.command(CHANNEL, "/lead", f"find {NAME}")
    await person.command(CHANNEL, "/call", f"log {NAME} {PHONE}")
    await person.command(CHANNEL, "/lead", f"add {COMPANY}")
    form = world.modal(IS)
    typed = {"name": {"v": NAME}, "phone": {"v": PHONE}, "email": {"v": MAIL}}
    refused = await person.submit(form["id"], {**typed, "email": {"v": f"{MAIL} {NAME}"}})
    assert refused["result"] == "errors"
    assert (await person.submit(form["id"], typed))["result"] == "updated"
    await person.message(world.person(IS).screen()["channels"][0]["id"], f"{NAME} {PHONE} {MAIL}")

    # Somebody asks what is held, and is erased.
    admin = world.person(ADMIN)
    for deed in ("disclose", "erase"):
        await admin.command(CHANNEL, "/data", f"person {NAME}")
        form = world.modal(ADMIN)
        people = [
            option["value"] for block in form["blocks"] for option in (block.get("element") or {}).get("options", ())
        ]
        chosen = {"people": {"v": people[:1]}, "deed": {"v": deed}}
        assert (await admin.submit(form["id"], chosen))["result"] == "updated"
        if deed == "disclose":
            await eventually(lambda: [f for m in world.direct(ADMIN) for f in m["files"]])
            await admin.close(world.modal(ADMIN)["id"])
    assert "消去しました" in str(await admin.submit(world.modal(ADMIN)["id"], {"sure": {"v": ["sure"]}}))
    await admin.close(world.modal(ADMIN)["id"])

    # A handler, a task, a delivery and a page of ours that fail.
    async def failing_handler(interaction: Interaction) -> Answer:
        await say(interaction.deps)
        return None

    async def failing_task(deps: Deps, client: AsyncWebClient, team_id: str, arguments: Mapping[str, Any]) -> None:
        await say(deps)

    async def failing_compose(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
        await say(deps)
        return None

    async def failing_use_case(deps: Deps, *_: object) -> None:
        await say(deps)

    routes.views["lead.add.submit"] = Route(failing_handler, Permission.EDIT_LEADS)
    await person.command(CHANNEL, "/lead", f"add {COMPANY}")
    failed = await person.submit(world.modal(IS)["id"], typed)
    reference = re.search(r"[0-9A-F]{8}", str(failed))
    assert reference is not None
    routes.task("broken", failing_task)
    routes.delivery("broken", failing_compose)
    async with deps.writing(TEAM) as session:
        arguments = {"name": NAME, "mail": MAIL}
        await deps.outbox.start_task(session, key="broken:1", kind="broken", arguments=arguments)
        await deps.outbox.enqueue(
            session, key="broken:2", kind="broken", channel=IS, arguments=arguments, now=deps.now()
        )
    monkeypatch.setattr("handlers.mail.mail.opting_out", failing_use_case)
    assert (await page(world, f"mail/opt-out/{MAIL}")).status_code == 500
    monkeypatch.setattr("bot.app.members.who", failing_use_case)
    await world.person(MANAGER).command(CHANNEL, "/lead", f"find {NAME}")

    def failing_name(*_: object) -> str:
        raise ValueError(NAME)

    monkeypatch.setattr("bot.payloads.route_name", failing_name)
    await world.person(MANAGER).command(CHANNEL, "/lead", f"find {NAME}")

    json_lines = written[LogFormat.JSON]
    expected = (
        "A handler failed",
        "The task broken failed",
        "Delivery broken:2 is tried",
        "could not be answered",
        "A listener failed",
        "What Slack sent could not be handled",
        '"logger": "dbos", "message": "Exception',
    )
    await eventually(lambda: all(part in json_lines.getvalue() for part in expected))

    records = [json.loads(line) for line in json_lines.getvalue().splitlines()]
    told = next(record for record in records if record["message"].startswith("A handler failed"))
    assert {"reference": reference[0], "kind": "view", "route": "lead.add.submit", "team": TEAM}.items() <= told.items()
    assert (told["level"], told["logger"]) == ("ERROR", "handlers.boundary")
    assert "psycopg.errors.UniqueViolation (23505" in told["exception"]
    assert "failing_handler" in told["exception"]
    delivery = next(record for record in records if record.get("delivery") == "broken:2")
    assert (delivery["kind"], delivery["team"]) == ("broken", TEAM)
    assert f"reference={reference[0]}" in written[LogFormat.TEXT].getvalue()

    await page(world, "readyz")
    seen = {
        "json": json_lines.getvalue(),
        "text": written[LogFormat.TEXT].getvalue(),
        "messages": "\n".join(record.getMessage() for record in caplog.records),
        "stderr": "".join(capfd.readouterr()),
        "metrics": (await page(world, "metrics", **BEARER)).text,
        "readiness": (await page(world, "readyz")).text,
    }
    assert {(where, part) for where, text in seen.items() for part in PLANTED if part in text} == set()
    # The queue keeps what a task failed for, for a month.
    kept = await DBOS.retrieve_workflow_async("broken:1")
    with pytest.raises(TaskFailed, match=r"^ValueError$"):
        await kept.get_result()
    counts = await counted(world)
    assert of(counts, "kakehashi_interactions_total", kind="view", route="lead.add.submit", outcome="fault") == 1
    assert of(counts, "kakehashi_tasks_total", kind="broken", outcome=Outcome.FAULT) == 1
