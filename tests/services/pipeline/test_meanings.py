"""Passages are found by what they mean where a team lets the language model read, and by their words everywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.settings import Settings
from domain.model import Reason, Sharing
from domain.outreach.calls import CallResult, Connection, Outcome, Party
from prompts.llm import LanguageModel
from services import model
from services.deps import Deps
from services.outreach import calls
from services.pipeline import knowledge, meanings
from storage.tables import Call, PassageSigns, PassageVector
from tests.servers.model import Asked, Failure, ModelServer, Vectors
from tests.services.office import Office

TOPICS = (("二割", "値引き", "値段"), ("納期", "遅れ", "間に合"), ("上司", "決裁", "部長"))
"""Words that mean nearly the same, to the model of this test."""


def meaning(text: str) -> list[float]:
    found = [float(sum(word in text for word in words)) for words in TOPICS]
    return [*(value - 0.3 for value in found), 0.1, -0.1, 0.0, 0.05, -0.05]


def answer(asked: Asked) -> Vectors:
    return Vectors([meaning(text) for text in asked.body["input"]])


@pytest.fixture
async def reading(deps: Deps, model_server: ModelServer) -> AsyncIterator[Deps]:
    configured = Settings(_env_file=None, **model_server.settings).language_model
    assert configured is not None
    model_server.answer = answer
    made = LanguageModel(replace(configured, attempts=1))
    yield replace(deps, model=made)
    await made.close()


async def test_what_means_the_same_is_found_too_and_words_do_where_the_model_gives_nothing(
    reading: Deps, deps: Deps, office: Office, neighbours: Office, model_server: ModelServer
) -> None:
    noted = {}
    lead_id = await office.lead("渋柿 太郎")
    for key, note in (
        ("price", "渋柿 太郎様より、よその提案のほうが二割安いとのこと。03-5550-0147へ。"),
        ("late", "前回は納期に遅れが出た"),
        ("boss", "部長の判断を待っている"),
    ):
        result = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.INTERESTED, note=note)
        noted[await calls.record(deps, office.sato, lead_id, result, request_key=key)] = key
    await neighbours.lead(note="値引きを求められた")
    await knowledge.index(reading)

    async def found(typed: str, limit: int = 5) -> list[str]:
        page = await knowledge.search(reading, office.sato, typed, limit)
        assert page.unavailable is None
        return [noted[hit.source_id] for hit in page.hits]

    # Nothing is sent before the team has decided so.
    assert await meanings.start(reading) == 0
    assert await meanings.make(reading, "T1", {}) == 0
    assert await found("値引き") == []
    assert model_server.requests == []

    await model.set_rules(reading, office.boss, Sharing.MASKED, 1_000, recordings=False)
    assert await meanings.start(reading) == 1
    assert await meanings.make(reading, "T1", {}) == 3
    assert await meanings.make(reading, "T1", {}) == 0
    assert await meanings.start(reading) == 0
    sent = model_server.requests[-1].input
    assert "二割安い" in sent
    assert "渋柿" not in sent
    assert "5550" not in sent

    # No word of the question stands in the answer; then one that words and meaning agree on.
    assert (await found("値引き"))[0] == "price"
    assert (await found("期日に間に合わない話"))[0] == "late"
    assert (await found("前回 部長"))[:2] == ["boss", "late"]
    # Names in a question stay here as well.
    await found("渋柿さん 値段")
    assert "渋柿" not in model_server.requests[-1].input
    # What is next door is not found, though it says the very word.
    assert {hit.lead_id for hit in (await knowledge.search(reading, office.sato, "値引き", 50)).hits} == {lead_id}

    # A model that is away, and a budget that is used up: words find what they find, and it is said why.
    model_server.enqueue(Failure(500))
    page = await knowledge.search(reading, office.sato, "納期")
    assert (page.unavailable, [noted[hit.source_id] for hit in page.hits]) == (Reason.FAILED, ["late"])
    await model.set_rules(reading, office.boss, Sharing.MASKED, 0, recordings=False)
    page = await knowledge.search(reading, office.sato, "納期")
    assert (page.unavailable, len(page.hits)) == (Reason.OVER_BUDGET, 1)

    # A vector goes with its passage.
    price = next(call_id for call_id, key in noted.items() if key == "price")
    async with deps.writing("T1") as session:
        await session.execute(sa.delete(Call).where(Call.id == price))
    await knowledge.index(reading)
    assert [await office.rows(target) for target in (PassageSigns, PassageVector)] == [2, 2]
