"""Faults on Web API calls, ordered over HTTP as a test of an app would."""

from __future__ import annotations

import asyncio

import httpx
import pytest

GENERAL = "C01GENERAL"


@pytest.fixture
async def http(served):
    async with httpx.AsyncClient(base_url=served.page_url) as client:
        yield client


async def post(http, served, text: str) -> httpx.Response:
    return await http.post("/api/chat.postMessage", data={"token": served.bot_token, "channel": GENERAL, "text": text})


def texts(served) -> list[str]:
    conversation = served.workspace.conversations[GENERAL]
    return [conversation.messages[ts].text for ts in conversation.timeline]


async def test_429_says_when_to_come_again_and_posts_nothing(served, http) -> None:
    ordered = await http.post("/faults", json={"kind": "429", "method": "chat.*", "retry_after": 7, "count": 2})
    assert ordered.json()["faults"][0]["count"] == 2
    for _ in range(2):
        answer = await post(http, served, "x")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
        assert answer.json() == {"ok": False, "error": "ratelimited"}
    assert (await http.post("/api/auth.test", data={"token": served.bot_token})).json()["ok"]
    assert texts(served) == []
    assert (await post(http, served, "x")).json()["ok"]


async def test_500_answers_without_doing(served, http) -> None:
    await http.post("/faults", json={"kind": "500"})
    assert (await post(http, served, "x")).status_code == 500
    assert texts(served) == []


async def test_a_cut_connection_leaves_nothing_done(served, http) -> None:
    await http.post("/faults", json={"kind": "cut", "method": "chat.postMessage"})
    with pytest.raises(httpx.TransportError):
        await post(http, served, "x")
    assert texts(served) == []


async def test_a_lost_answer_leaves_it_done(served, http) -> None:
    await http.post("/faults", json={"kind": "answer_lost", "method": "chat.postMessage"})
    with pytest.raises(httpx.TransportError):
        await post(http, served, "x")
    assert texts(served) == ["x"]


async def test_a_delayed_call_is_done_only_after_the_delay(served, http) -> None:
    await http.post("/faults", json={"kind": "delay", "seconds": 0.2})
    call = asyncio.create_task(post(http, served, "x"))
    _, pending = await asyncio.wait({call}, timeout=0.05)
    assert pending
    assert texts(served) == []
    assert (await call).json()["ok"]


async def test_a_fault_can_wait_for_its_channel_and_let_calls_pass(served, http) -> None:
    await http.post("/faults", json={"kind": "500", "channel": GENERAL, "skip": 1})
    other = await http.post(
        "/api/chat.postMessage", data={"token": served.bot_token, "channel": "C01ISTEAM0", "text": "x"}
    )
    assert other.status_code == 200
    assert [(await post(http, served, "x")).status_code for _ in range(3)] == [200, 500, 200]


async def test_faults_are_listed_and_taken_back(served, http) -> None:
    await http.post("/faults", json={"kind": "500", "count": None})
    assert len((await http.get("/faults")).json()["faults"]) == 1
    assert (await http.delete("/faults")).json()["faults"] == []
    assert (await post(http, served, "x")).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"kind": "meteor"}, {"kind": "429", "count": 0}, {"kind": "delay", "seconds": -1}]
)
async def test_an_order_that_makes_no_sense_is_refused_with_a_sentence(http, body) -> None:
    answer = await http.post("/faults", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
