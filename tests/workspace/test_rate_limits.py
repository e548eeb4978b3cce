"""Slack's rate limits, where they are switched on: by tier for each method, by the second for posts in a channel."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from bot.workspace.ratelimits import POST_BURST, TIERS, RateLimits

from .stage import GENERAL, HANDOFF, Clock, Stage


async def switch(stage: Stage, *, on: bool) -> None:
    order = await stage.http.post("http://127.0.0.1/faults", json={"kind": "rate_limits", "on": on})
    assert order.json()["ok"]


async def call(stage: Stage, method: str, **arguments: Any) -> httpx.Response:
    return await stage.http.post(method, data={"token": stage.tokens["bot"], **arguments})


async def test_without_being_asked_for_there_are_no_limits(stage) -> None:
    answers = [await call(stage, "chat.postMessage", channel=GENERAL, text=str(n)) for n in range(POST_BURST * 3)]
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize("method", ["users.list", "conversations.history", "users.info"])
async def test_a_method_may_be_called_as_often_a_minute_as_its_tier_says(stage, method) -> None:
    await switch(stage, on=True)
    limit = {"users.list": 20, "conversations.history": 50, "users.info": 100}[method]
    arguments = {"channel": GENERAL, "user": "U01SATO001"}
    for _ in range(limit):
        assert (await call(stage, method, **arguments)).status_code == 200
        stage.clock.now += 0.1
    refused = await call(stage, method, **arguments)
    assert refused.status_code == 429
    assert refused.json() == {"ok": False, "error": "ratelimited"}
    wait = int(refused.headers["retry-after"])
    # Another method has its own count.
    assert (await call(stage, "team.info")).status_code == 200
    stage.clock.now += wait - 1.5
    assert (await call(stage, method, **arguments)).status_code == 429
    stage.clock.now += 1.5
    assert (await call(stage, method, **arguments)).status_code == 200


async def test_posts_come_by_the_second_in_each_channel_with_a_short_burst(stage) -> None:
    await switch(stage, on=True)

    async def post(channel: str = GENERAL) -> int:
        return (await call(stage, "chat.postMessage", channel=channel, text="x")).status_code

    assert [await post() for _ in range(POST_BURST + 1)] == [200] * POST_BURST + [429]
    assert await post(HANDOFF) == 200
    stage.clock.now += 1
    assert [await post(), await post()] == [200, 429]
    stage.clock.now += 2
    assert [await post(), await post(), await post()] == [200, 200, 429]
    conversation = stage.workspace.conversations[GENERAL]
    assert sum(conversation.messages[ts].text == "x" for ts in conversation.timeline) == POST_BURST + 3


async def test_the_limits_are_listed_and_taken_back(stage) -> None:
    await switch(stage, on=True)
    await switch(stage, on=True)
    listed = (await stage.http.get("http://127.0.0.1/faults")).json()["faults"]
    assert [fault["kind"] for fault in listed] == ["rate_limits"]
    await switch(stage, on=False)
    assert (await stage.http.get("http://127.0.0.1/faults")).json()["faults"] == []
    order = {"kind": "rate_limits", "on": "maybe"}
    refused = await stage.http.post("http://127.0.0.1/faults", content=json.dumps(order))
    assert refused.status_code == 400


async def test_limits_of_the_command_line_outlast_the_end_of_all_faults(stage) -> None:
    stage.workspace.limits.always = True
    await stage.http.delete("http://127.0.0.1/faults")
    answers = [await call(stage, "chat.postMessage", channel=GENERAL, text="x") for _ in range(POST_BURST + 1)]
    assert answers[-1].status_code == 429


async def test_an_unknown_method_is_unknown_however_often_it_is_called(stage) -> None:
    await switch(stage, on=True)
    answers = [(await call(stage, "no.such")).json()["error"] for _ in range(3)]
    assert answers == ["unknown_method"] * 3


@pytest.mark.parametrize("tier", sorted(TIERS))
def test_a_whole_minute_later_a_whole_tier_may_be_called_again(tier) -> None:
    clock = Clock()
    limits = RateLimits(clock)
    for _ in range(3):
        assert [limits.take("x", tier, None) for _ in range(TIERS[tier])] == [None] * TIERS[tier]
        assert limits.take("x", tier, None) == 60
        clock.now += 60
