"""Traces, as a collector receives them from the bot at work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from pydantic import SecretStr

from bot.run import running
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from domain.model import Sharing
from services import model
from tests.handlers.conftest import IS, MANAGER, World
from tests.handlers.test_assistant import asked
from tests.handlers.test_main_job import answers, hand_off, open_form
from tests.handlers.test_meetings import actor
from tests.servers.collector import Collector, attributes, collecting
from tests.servers.model import Failure, Json, ModelServer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as opened:
        yield opened


async def fail(*_: object, **__: object) -> Any:
    raise ValueError("山田 太郎")


async def test_what_people_do_is_traced_down_to_slacks_calls_without_a_word_of_theirs(
    world_workspace: RunningWorkspace,
    team_at_work: None,
    settings: Settings,
    collector: Collector,
    caplog: pytest.LogCaptureFixture,
    model_server: ModelServer,
) -> None:
    given = {"otel_exporter_otlp_endpoint": collector.url, "otel_exporter_otlp_headers": SecretStr("x-key=hidden")}
    own = Settings(_env_file=None, **(settings.model_dump() | given | model_server.settings))
    async with running(own, http=False) as house:
        world = World(world_workspace, house)
        await hand_off(world)
        house.routes.views["lead.qualify.submit"] = replace(house.routes.views["lead.qualify.submit"], handler=fail)
        form = await open_form(world, "U01SUZUKI1")
        await world.person("U01SUZUKI1").submit(form["id"], answers(summary="小鳥遊さんの電話番号"))
        await model.set_rules(house.deps, await actor(world, MANAGER), Sharing.FULL, 1000, recordings=False)
        model_server.enqueue(Json({"calls": [{"tool": "help", "arguments": []}]}), Failure(400))
        for question in ("小鳥遊さんのことは？", "小鳥遊さんの件は？"):
            await asked(world, IS, question)
        async with httpx.AsyncClient() as client:
            await client.post(f"{house.address}webhooks/forms/nobody", content=b"{}")
    opened, *_ = collector.named("command lead qualify")
    (under,) = [span for span in collector.named("slack views.open") if span.trace_id == opened.trace_id]
    assert under.parent_span_id == opened.span_id
    (posted,) = collector.named("delivery handoff.post")
    assert attributes(posted)["kakehashi.outcome"] == "sent"
    assert attributes(posted)["kakehashi.delivery"].startswith("handoff:")
    (post,) = [span for span in collector.named("slack chat.postMessage") if span.trace_id == posted.trace_id]
    assert attributes(post)["kakehashi.outcome"] == "none"
    # What the model was asked is a step of the message it was asked for.
    answered, refused = collector.named("model assistant/choose")
    assert [attributes(span)["kakehashi.outcome"] for span in (answered, refused)] == ["ok", "rejected"]
    assert [span.status.code == Status.STATUS_CODE_ERROR for span in (answered, refused)] == [False, True]
    messages = {span.trace_id: span.span_id for span in collector.named("event message")}
    assert [span.parent_span_id for span in (answered, refused)] == [messages[s.trace_id] for s in (answered, refused)]
    *_, failed = collector.named("view lead.qualify.submit")
    assert failed.status.code == Status.STATUS_CODE_ERROR
    assert attributes(failed)["kakehashi.reference"] in caplog.text
    assert collector.named("web /webhooks/forms/{source}")
    assert collector.scopes == {"kakehashi"}
    assert {each["service.name"] for each in collector.resources} == {"kakehashi"}
    assert {each["x-key"] for each in collector.headers} == {"hidden"}
    for word in ("山田", "小鳥遊", "部長", "hidden"):
        assert word.encode() not in collector.received


async def test_collector_that_is_away_holds_nobody_up(
    world_workspace: RunningWorkspace, team_at_work: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.tracing.EXPORT_SECONDS", 0.2)
    own = Settings(_env_file=None, **(settings.model_dump() | {"otel_exporter_otlp_endpoint": "http://127.0.0.1:9"}))
    async with running(own, http=False) as house:
        await hand_off(World(world_workspace, house))
