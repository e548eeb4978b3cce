"""Faults on our side: what a person then reads, and that what was before them stays there."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from services import members
from tests.handlers.conftest import IS, World
from tests.handlers.test_assistant import asked
from tests.handlers.test_main_job import answers, open_form

CHANNEL = "C01ISTEAM0"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def fail(*_: object, **__: object) -> Any:
    raise ConnectionError("the database is away")


async def test_form_without_inputs_stays_and_says_what_went_wrong_once(world: World) -> None:
    form = await open_form(world)
    judged = (await world.person(IS).submit(form["id"], answers()))["view"]
    views = world.house.routes.views
    works = views["handoff.begin"]
    views["handoff.begin"] = replace(works, handler=fail)
    for _ in range(2):
        failed = (await world.person(IS).submit(judged["id"], {}))["view"]
        (warning, *stays) = failed["blocks"]
        assert re.search("不具合.*参照番号 [0-9A-F]{8}", warning["text"]["text"])
        assert [b.get("text") for b in stays] == [b.get("text") for b in judged["blocks"]]
        assert (failed["callback_id"], failed["submit"]) == (judged["callback_id"], judged["submit"])
    views["handoff.begin"] = works
    assert (await world.person(IS).submit(judged["id"], {}))["view"]["callback_id"] == "handoff.submit"


async def test_whoever_cannot_even_be_looked_up_is_told_so_in_both_languages(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bot.app.ACTOR_SECONDS", 0.0)
    form = await open_form(world)
    monkeypatch.setattr("bot.app.members.who", fail)
    answered = (await world.person(IS).command(CHANNEL, "/lead", "find 山田"))["response"]["text"]
    refused = await world.person(IS).submit(form["id"], answers())
    assert refused["result"] == "errors", refused
    for said in (answered, *refused["errors"].values()):
        assert "不具合" in said
        assert "fault on our side" in said
        reference = re.search("[0-9A-F]{8}", said)
        assert reference is not None
        assert reference[0] in caplog.text
    assert world.modal(IS)["state"]["summary"] == answers()["summary"]


async def test_question_that_could_not_be_heard_is_answered_when_slack_sends_it_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.ACTOR_SECONDS", 0.0)
    monkeypatch.setattr(world.workspace.socket_mode, "acknowledge_seconds", 0.3)
    heard = []

    async def away_at_first(*given: Any) -> Any:
        heard.append(given)
        return await (fail() if len(heard) == 1 else who(*given))

    who = members.who
    monkeypatch.setattr("bot.app.members.who", away_at_first)
    assert (await asked(world, IS, "ヘルプ"))["blocks"]
    assert len(heard) == 2
