"""The language model itself: how many at once, one deadline, streams, and what is known of the cost when it fails."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import ValidationError

from bot.settings import Settings
from domain.model import DEAR, Outcome, Price, cost, prices
from prompts.library import Prompt, Rendered
from prompts.llm import THOUGHT_TOKENS, LanguageModel, Meter, ModelFailed
from tests.servers.model import Cut, Failure, ModelServer, Refusal, Text, Truncated

QUESTION = Rendered("Answer.", "はい？")
# What is rendered is handed in, so the templates are not asked for.
PROMPT = Prompt("tests/talk", 1, "0", frozenset(), None, "standard", 0.0, 100, None, None)  # type: ignore[arg-type]


@asynccontextmanager
async def configured(server: ModelServer, **changed: Any) -> AsyncIterator[LanguageModel]:
    settings = Settings(_env_file=None, **server.settings).language_model
    assert settings is not None
    model = LanguageModel(dataclasses.replace(settings, **changed))
    yield model
    await model.close()


async def whole(stream: AsyncIterator[str]) -> str:
    return "".join([piece async for piece in stream])


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - the server is in another thread
            await asyncio.sleep(0.01)


async def test_no_more_questions_are_under_way_at_once_than_the_limit_says(model_server: ModelServer) -> None:
    model_server.enqueue(*[Text("はい", holds=0)] * 6)
    async with configured(model_server, concurrency=2) as model:
        asked = [asyncio.create_task(model.complete(QUESTION, PROMPT)) for _ in range(6)]
        await until(lambda: model_server.waiting == 2)
        # Whoever waits for a turn can be called off, and is never heard of by the server.
        asked[5].cancel()
        await asyncio.sleep(0)
        assert len(model_server.requests) == 2
        model_server.release()
        done = await asyncio.gather(*asked, return_exceptions=True)
    assert [getattr(each, "value", None) for each in done] == ["はい"] * 5 + [None]
    assert len(model_server.requests) == 5


@pytest.mark.parametrize(
    ("name", "taken", "refused"),
    [
        ("gpt-5.1", {"reasoning": {"effort": "none"}, "temperature": 0.0, "max_output_tokens": 100}, 0),
        ("gpt-5-mini", {"reasoning": {"effort": "minimal"}, "max_output_tokens": 100 + THOUGHT_TOKENS}, 2),
        ("some-other", {"temperature": 0.0, "max_output_tokens": 100 + THOUGHT_TOKENS}, 1),
    ],
)
async def test_each_model_is_asked_for_the_least_thought_it_knows_and_has_room_for_it(
    model_server: ModelServer, name: str, taken: dict[str, Any], refused: int
) -> None:
    model_server.answer = lambda _: Text("はい")
    async with configured(model_server, standard=name) as model:
        for _ in range(2):
            assert (await model.complete(QUESTION, PROMPT)).value == "はい"
        assert await whole(model.stream(QUESTION, PROMPT)) == "はい"
    for asked in model_server.requests:
        assert {field: asked.body.get(field) for field in taken} == taken
        assert ("temperature" in asked.body) == ("temperature" in taken)
    # What a model does not take is found out once.
    assert (len(model_server.requests), model_server.refused) == (3, refused)


async def test_one_deadline_holds_for_the_waiting_for_a_turn_too_and_costs_nothing_then(
    model_server: ModelServer,
) -> None:
    model_server.enqueue(Text("はい", holds=0))
    async with configured(model_server, concurrency=1) as model:
        first = asyncio.create_task(model.complete(QUESTION, PROMPT))
        await until(lambda: model_server.waiting == 1)
        stream = model.stream(QUESTION, PROMPT, seconds=0.05)
        for late in (model.complete(QUESTION, PROMPT, seconds=0.05), anext(stream)):
            with pytest.raises(ModelFailed) as failed:
                await late
            assert failed.value.outcome is Outcome.TIMED_OUT
        meter = Meter()
        with pytest.raises(ModelFailed):
            await model.embed(["x"], seconds=0.05, meter=meter)
        assert meter == Meter()
        model_server.release()
        assert (await first).value == "はい"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Refusal(), Outcome.REFUSED),
        (Truncated("途中"), Outcome.TRUNCATED),
        (Text("とても長い", holds=1), Outcome.TIMED_OUT),
        (Cut(pieces=("途中",)), Outcome.UNAVAILABLE),
        (Failure(403), Outcome.REJECTED),
    ],
)
async def test_stream_that_does_not_come_to_its_end_says_why(
    model_server: ModelServer, answer: Any, outcome: Outcome
) -> None:
    model_server.enqueue(answer)
    meter = Meter()
    async with configured(model_server) as model:
        # Loading the client takes a while, which is not what is to be out of time here.
        await model.models(60)
        seconds = 1 if outcome is Outcome.TIMED_OUT else 60
        with pytest.raises(ModelFailed) as failed:
            await whole(model.stream(QUESTION, PROMPT, seconds=seconds, meter=meter))
        assert failed.value.outcome is outcome
        assert len(model_server.requests) == 1
        # What the server said it cost is known; of what it never spoke nobody knows it.
        told = {Outcome.TRUNCATED: (0, 100), Outcome.REJECTED: (0, 0)}
        assert (meter.unknown, meter.input_tokens) == told.get(outcome, (1, 0))
        # The turn was given back.
        model_server.enqueue(*[Text("はい")] * 20)
        for _ in range(model.settings.concurrency + 1):
            assert await whole(model.stream(QUESTION, PROMPT)) == "はい"


async def test_server_that_cannot_be_reached_costs_nothing_and_is_tried_again(model_server: ModelServer) -> None:
    meter = Meter()
    async with configured(model_server, base_url="http://127.0.0.1:1/v1", api_key="sk-secret") as model:
        with pytest.raises(ModelFailed) as failed:
            await model.complete(QUESTION, PROMPT, meter=meter)
    assert (failed.value.outcome, meter) == (Outcome.UNAVAILABLE, Meter())
    assert "sk-secret" not in repr(model.settings) + repr(failed.value) + str(failed.value.__cause__)
    model_server.enqueue(Failure(429, after="Wed, 21 Oct 2015 07:28:00 GMT"), Text("はい"))
    async with configured(model_server) as model:
        assert (await model.complete(QUESTION, PROMPT)).model.startswith("gpt-5.1")


def test_prices_are_read_as_they_are_written() -> None:
    assert prices("a=1.5/3, http://b:8=0/0 ,ears=2/min,both=1/2+3/min,") == {
        "a": Price(1.5, 3.0),
        "http://b:8": Price(),
        "ears": Price(minute=2.0),
        "both": Price(1.0, 2.0, 3.0),
    }
    assert cost(Price(1.5, 3.0, 60.0), 3, 2, 0.5) == 11 + 500_000
    for wrong in ("a", "a=1", "a=1/2/3", "a=x/y", "=1/2", "a=1..2/3"):
        with pytest.raises(ValidationError):
            Settings(_env_file=None, openai_prices=wrong)
    with pytest.raises(ValidationError):
        Settings(_env_file=None, openai_base_url="ftp://models.example")
    assert Settings(_env_file=None, openai_api_key=" ").language_model is None
    local = Settings(_env_file=None, openai_base_url="http://models.internal/v1").language_model
    assert local is not None
    assert LanguageModel(local).cost("anything", 1_000_000, 0) == DEAR.input * 1_000_000
