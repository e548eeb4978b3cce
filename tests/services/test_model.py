"""The language model on a team's behalf: what is sent, what it may cost, what is put down; on both databases."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from bot.settings import Settings
from domain.errors import Refused
from domain.model import Outcome, Reason, Sharing, Unavailable
from prompts import library
from prompts.library import Library
from prompts.llm import THOUGHT_TOKENS, LanguageModel
from services import model
from services.deps import Deps
from storage.tables import ModelCall
from tests.servers.model import KEY, Cut, Failure, Json, ModelServer, Page, Refusal, Spoken, Text, Truncated
from tests.services.office import Office

MOST = ((1000 + THOUGHT_TOKENS) * 1600) / 1_000_000
"""Yen that an answer of the test's prompt may cost at the most, its question left out."""


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")

    summary: str
    items: list[Item]


HEAD = "version: 1\nvariables: [transcript, language]\nmax_output_tokens: 1000\ntemperature: 0\n"
BODY = "# Instructions\nAnswer in {{ language }}.\n# Input\n{{ transcript }}\n"


@pytest.fixture(autouse=True)
def prompts_of_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "prompts"
    (root / "tests").mkdir(parents=True)
    # A prompt's output stands in the product's own modules; here any module does.
    (root / "tests" / "note.md").write_text(f"---\nid: tests/note\n{HEAD}output: prompts.x:Note\n---\n{BODY}", "utf-8")
    (root / "tests" / "talk.md").write_text(f"---\nid: tests/talk\n{HEAD}model: small\n---\n{BODY}", "utf-8")
    made = Library(root)
    made.prompt("tests/note").__dict__["output_type"] = Note
    monkeypatch.setattr(library, "LIBRARY", made)


@pytest.fixture
async def asking(deps: Deps, model_server: ModelServer) -> AsyncIterator[Deps]:
    settings = Settings(_env_file=None, **model_server.settings)
    assert settings.language_model is not None
    configured = LanguageModel(settings.language_model)
    yield replace(deps, model=configured)
    await configured.close()


async def calls(deps: Deps) -> list[tuple[str, str, int, int, int]]:
    async with deps.reading("T1") as session:
        rows = await session.scalars(sa.select(ModelCall).order_by(ModelCall.id))
        return [(row.prompt_id, row.outcome, row.input_tokens, row.output_tokens, row.cost) for row in rows]


async def note(deps: Deps, transcript: Any = "お世話になります", **more: Any) -> Note:
    return await model.ask(deps, "T1", "tests/note", Note, {"transcript": transcript, "language": "ja"}, **more)


async def refused(work: Any) -> tuple[Reason, Outcome | None]:
    with pytest.raises(Unavailable) as unavailable:
        await work
    return unavailable.value.reason, unavailable.value.outcome


async def test_nothing_is_sent_before_a_manager_has_decided_so(
    asking: Deps, deps: Deps, office: Office, model_server: ModelServer
) -> None:
    assert await refused(note(deps)) == (Reason.NOT_CONFIGURED, None)
    assert await model.available(deps, "T1") is Reason.NOT_CONFIGURED
    for work in (note(asking), model.embed(asking, "T1", ["x"]), model.transcribe(asking, "T1", b"x", "a.mp3")):
        assert await refused(work) == (Reason.OFF, None)
    assert await model.available(asking, "T1") is Reason.OFF
    with pytest.raises(Refused):
        await model.set_rules(asking, office.sato, Sharing.FULL, 100, recordings=True)
    with pytest.raises(Refused):
        await model.set_rules(asking, office.mori, Sharing.FULL, -1, recordings=True)
    assert await model.available(asking, "T1") is Reason.OFF
    assert model_server.requests == []
    assert await calls(deps) == []


async def test_answer_comes_back_with_names_though_only_placeholders_were_sent(
    asking: Deps, office: Office, model_server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await model.set_rules(asking, office.mori, Sharing.MASKED, 100, recordings=False)
    said = [{"who": "山田 太郎", "text": "山田です。０３-1234-5678、taro@aoba.example"}, {"text": "佐藤様、〔人名1〕"}]
    model_server.answer = lambda asked: Json(
        {"summary": "〔人名1〕と〔人名２〕", "items": [{"text": asked.input}]}, input_tokens=300, output_tokens=50
    )
    answer = await note(asking, said, names=["山田 太郎", "佐藤"], member_id=office.sato.member_id)
    (asked,) = model_server.requests
    assert "〔人名1〕" in asked.input
    for word in ("山田", "太郎", "佐藤", "1234", "aoba.example"):
        assert word not in str(asked.body)
    assert "placeholders" in asked.instructions
    assert asked.output == "Note"
    assert answer.summary == "山田 太郎と佐藤"
    assert answer.items[0].text.count("taro@aoba.example") == 1
    assert "〔人名1〕" in answer.items[0].text
    # 300 and 50 tokens at 200 and 1600 yen a million.
    assert await calls(asking) == [("tests/note", "ok", 300, 50, 300 * 200 + 50 * 1600)]
    seen = await model.overview(asking, office.mori)
    assert (seen.configured, seen.used_yen) == (True, 1)
    for word in ("お世話", "〔人名", "taro@", KEY):
        assert word not in caplog.text


@pytest.mark.parametrize(
    ("answers", "outcome", "requests"),
    [
        ([Failure(429, after="0"), Failure(503), Json({"summary": "s", "items": []})], None, 3),
        ([Failure(400, "unsupported_parameter", "temperature"), Json({"summary": "s", "items": []})], None, 2),
        ([Text("{"), Json({"summary": "s", "items": []})], None, 2),
        ([Failure(500)] * 9, Outcome.UNAVAILABLE, 4),
        ([Failure(429, "insufficient_quota")], Outcome.RATE_LIMITED, 1),
        ([Failure(429, after="9999")], Outcome.RATE_LIMITED, 1),
        ([Failure(401)], Outcome.REJECTED, 1),
        ([Cut()] * 9, Outcome.UNAVAILABLE, 4),
        ([Page()] * 9, Outcome.MALFORMED, 2),
        ([Page(content_type="application/json")] * 9, Outcome.MALFORMED, 2),
        ([Json({"summary": 1, "items": []})] * 9, Outcome.MALFORMED, 2),
        ([Truncated()], Outcome.TRUNCATED, 1),
        ([Refusal()], Outcome.REFUSED, 1),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_goes_wrong_is_tried_again_where_that_may_help_and_put_down(
    asking: Deps, office: Office, model_server: ModelServer, answers: list[Any], outcome: Outcome | None, requests: int
) -> None:
    await model.set_rules(asking, office.mori, Sharing.FULL, 100, recordings=False)
    model_server.enqueue(*answers)
    if outcome is None:
        assert (await note(asking)).summary == "s"
    else:
        assert await refused(note(asking)) == (Reason.FAILED, outcome)
    assert len(model_server.requests) == requests
    ((_, put_down, read, _, cost),) = await calls(asking)
    assert put_down == (outcome or Outcome.OK)
    metered = [each for each in answers[:requests] if isinstance(each, Text | Truncated | Refusal)]
    assert read == 100 * len(metered)
    # Where the server said nothing of what it did, it counts as dear; where it surely did nothing, as nothing.
    unheard = [each for each in answers[:requests] if isinstance(each, Cut | Page)]
    assert (cost > MOST * 1_000_000 * len(unheard)) if unheard else cost == len(metered) * (100 * 200 + 20 * 1600)


async def test_twenty_at_once_cost_no_more_than_the_month_has_left(
    asking: Deps, office: Office, model_server: ModelServer
) -> None:
    await model.set_rules(asking, office.mori, Sharing.FULL, 30, recordings=False)
    model_server.answer = lambda asked: Json({"summary": "s", "items": []}, input_tokens=0, output_tokens=1000)
    done = await asyncio.gather(*(note(asking) for _ in range(20)), return_exceptions=True)
    over = [each for each in done if isinstance(each, Unavailable) and each.reason is Reason.OVER_BUDGET]
    assert len(over) + sum(isinstance(each, Note) for each in done) == 20
    cost = sum(cost for *_, cost in await calls(asking))
    assert len(model_server.requests) == 20 - len(over) >= 5
    assert cost <= 30_000_000
    await model.set_rules(asking, office.mori, Sharing.FULL, 6, recordings=False)
    assert await model.available(asking, "T1") is Reason.OVER_BUDGET
    # The month ends where the team is, nine hours before it does in Greenwich.
    office.clock.now = datetime(2026, 4, 30, 14, 59, tzinfo=UTC)
    assert await refused(note(asking)) == (Reason.OVER_BUDGET, None)
    office.clock.now = datetime(2026, 4, 30, 15, 1, tzinfo=UTC)
    assert await model.available(asking, "T1") is None
    await note(asking)


async def test_what_a_dead_process_had_under_way_counts_with_the_most_it_may_have_cost_and_is_called_broken_off(
    asking: Deps, office: Office, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await model.set_rules(asking, office.mori, Sharing.FULL, 10, recordings=False)
    with monkeypatch.context() as killed:
        killed.setattr(model, "_settle", AsyncMock())
        model_server.enqueue(Json({"summary": "s", "items": []}))
        await note(asking)
    async with asking.writing("T1") as session:
        await session.execute(sa.update(ModelCall).values(cost=10_000_000))
    for minutes, outcome in ((0, "under_way"), (16, "given_up")):
        office.clock.now += timedelta(minutes=minutes)
        (broken,) = (await model.overview(asking, office.mori)).calls
        assert (broken.outcome, broken.calls, broken.cost) == (outcome, 1, 10_000_000)
        # The server may have done its work: a process that keeps dying does not spend more than the month has.
        assert await refused(note(asking)) == (Reason.OVER_BUDGET, None)


async def test_stream_comes_piece_by_piece_and_a_closed_one_is_cancelled_at_the_server(
    asking: Deps, office: Office, model_server: ModelServer
) -> None:
    await model.set_rules(asking, office.mori, Sharing.MASKED, 100, recordings=False)
    variables = {"transcript": "山田です", "language": "ja"}
    model_server.enqueue(Failure(503), Text("", pieces=("こちら、〔人", "名1", "〕様", "です")), Cut(pieces=("途中",)))
    pieces = [each async for each in model.stream(asking, "T1", "tests/talk", variables, names=["山田"])]
    assert "".join(pieces) == "こちら、山田様です"
    assert len(pieces) > 1
    broken = model.stream(asking, "T1", "tests/talk", variables)
    assert await anext(broken) == "途中"
    assert await refused(anext(broken)) == (Reason.FAILED, Outcome.UNAVAILABLE)
    model_server.enqueue(Text("これはとても長い答えです", holds=2))
    async with aclosing(model.stream(asking, "T1", "tests/talk", variables)) as begun:
        assert await anext(begun) == "これはと"
    async with asyncio.timeout(30):
        while not model_server.cancelled:  # noqa: ASYNC110 - the server is in another thread
            await asyncio.sleep(0.01)
    assert [how for _, how, *_ in await calls(asking)] == ["ok", "unavailable", "cancelled"]


async def test_question_that_is_cancelled_or_out_of_time_is_put_down_with_what_it_may_have_cost(
    asking: Deps, office: Office, model_server: ModelServer
) -> None:
    await model.set_rules(asking, office.mori, Sharing.FULL, 100, recordings=False)
    model_server.enqueue(Text("{}", holds=0), Text("{}", holds=0))
    task = asyncio.create_task(note(asking))
    async with asyncio.timeout(30):
        while not model_server.waiting:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
    # No transaction is open meanwhile, and what it may cost counts already.
    ((_, how, _, _, reserved),) = await calls(asking)
    assert (how, reserved > MOST * 1_000_000) == ("under_way", True)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await refused(note(asking, seconds=0.5)) == (Reason.FAILED, Outcome.TIMED_OUT)
    assert [(how, cost) for _, how, _, _, cost in await calls(asking)] == [
        ("cancelled", reserved),
        ("timed_out", reserved),
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_texts_are_compared_and_recordings_written_down_as_the_team_allows(
    asking: Deps, office: Office, model_server: ModelServer, tmp_path: Path
) -> None:
    await model.set_rules(asking, office.mori, Sharing.MASKED, 100, recordings=False)
    near, same, far = await model.embed(asking, "T1", ["山田の予算", "鈴木の予算", "次回"], names=["山田", "鈴木"])
    assert near == same != far
    assert "山田" not in model_server.requests[0].input
    assert await model.embed(asking, "T1", []) == []
    assert await refused(model.transcribe(asking, "T1", b"sound", "a.mp3", "ja")) == (Reason.UNMASKABLE, None)
    assert await model.available(asking, "T1", recording=True) is Reason.UNMASKABLE
    await model.set_rules(asking, office.mori, Sharing.MASKED, 100, recordings=True)
    sound = tmp_path / "call.m4a"
    sound.write_bytes(b"sound")
    model_server.enqueue(Failure(500), Spoken([(0.5, 2.25, "A", "もしもし"), (2.5, 3.0, "B", "はい")], seconds=90))
    heard = await model.transcribe(asking, "T1", sound, "call.m4a", "ja")
    assert [(each.speaker, each.text, each.start_ms, each.end_ms) for each in heard] == [
        ("A", "もしもし", 500, 2250),
        ("B", "はい", 2500, 3000),
    ]
    assert (model_server.requests[-1].sound, model_server.requests[-1].filename) == (b"sound", "call.m4a")
    assert [(what, how) for what, how, *_ in await calls(asking)] == [("embedding", "ok"), ("transcription", "ok")]
    # A minute and a half at one yen.
    assert (await calls(asking))[-1][-1] == 1_500_000
