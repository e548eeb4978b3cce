"""Messages that grow while the app writes them."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.models.messages.chunk import MarkdownTextChunk, TaskUpdateChunk

from .method_calls import STREAM
from .stage import GENERAL, SATO, Stage


async def start(stage: Stage, **more: Any) -> str:
    await stage.prepare(("chat.startStream", {**STREAM, "markdown_text": None, **more}, ("stream", "ts")))
    return str(stage.things["stream"])


async def append(stage: Stage, *chunks: dict[str, Any]) -> dict[str, Any]:
    return await stage.call("chat.appendStream", {"channel": GENERAL, "ts": "$stream", "chunks": list(chunks)})


def shown(stage: Stage) -> dict[str, Any]:
    channel = next(one for one in stage.person(SATO).screen()["channels"] if one["id"] == GENERAL)
    return dict(channel["threads"][stage.things["theirs"]][-1])


async def state(stage: Stage) -> str:
    thread = await stage.call("conversations.replies", {"channel": GENERAL, "ts": "$theirs"})
    return str(thread["messages"][-1]["streaming_state"])


async def test_what_people_see_grows_with_every_call(stage) -> None:
    await start(stage, markdown_text="**調べて")
    before = stage.person(SATO).version
    assert [block["text"] for block in shown(stage)["blocks"]] == ["**調べて"]
    assert await state(stage) == "in_progress"
    await append(stage, {"type": "markdown_text", "text": "います**"})
    assert stage.person(SATO).version > before
    assert [block["text"] for block in shown(stage)["blocks"]] == ["**調べています**"]
    button = {"type": "button", "text": {"type": "plain_text", "text": "よい"}}
    stopped = await stage.call(
        "chat.stopStream",
        {
            "channel": GENERAL,
            "ts": "$stream",
            "markdown_text": "終わり",
            "blocks": [{"type": "actions", "elements": [button]}],
            "metadata": {"event_type": "done", "event_payload": {"n": 1}},
        },
    )
    assert [block["type"] for block in stopped["message"]["blocks"]] == ["markdown", "actions"]
    assert stopped["message"]["text"] == "**調べています**終わり"
    assert stopped["message"]["metadata"]["event_payload"] == {"n": 1}
    assert await state(stage) == "completed"
    assert "edited" not in stopped["message"]


async def test_tasks_stand_between_the_text_in_a_timeline(stage) -> None:
    await start(stage)
    task = {"type": "task_update", "id": "a", "title": "検索", "status": "in_progress"}
    await append(stage, {"type": "markdown_text", "text": "まず"}, task, {"type": "markdown_text", "text": "次に"})
    await append(stage, {**task, "title": "検索した", "status": "complete", "details": "三件"})
    await append(stage, {**task, "title": "検索した", "status": "complete", "details": "と一件"})
    blocks = shown(stage)["blocks"]
    assert [block["type"] for block in blocks] == ["markdown", "task_card", "markdown"]
    assert (blocks[1]["title"], blocks[1]["status"]) == ("検索した", "complete")
    assert blocks[1]["details"]["elements"][0]["elements"][0]["text"] == "三件と一件"


async def test_tasks_stand_together_in_a_plan(stage) -> None:
    await start(stage, task_display_mode="plan")
    tasks = [{"type": "task_update", "id": name, "title": name, "status": "pending"} for name in "ab"]
    await append(stage, {"type": "plan_update", "title": "段取り"}, *tasks, {"type": "markdown_text", "text": "文"})
    plan, text = shown(stage)["blocks"]
    assert (plan["type"], plan["title"], [task["task_id"] for task in plan["tasks"]]) == ("plan", "段取り", ["a", "b"])
    assert text["text"] == "文"


async def test_blocks_come_in_their_place(stage) -> None:
    await start(stage, markdown_text="前")
    await append(stage, {"type": "blocks", "blocks": [{"type": "divider"}]}, {"type": "markdown_text", "text": "後"})
    assert [block["type"] for block in shown(stage)["blocks"]] == ["markdown", "divider", "markdown"]


@pytest.mark.parametrize(
    ("chunk", "place"),
    [
        ("text", ""),
        ({}, ""),
        ({"type": "markdown_text"}, ""),
        ({"type": "markdown_text", "text": 1}, "/text"),
        ({"type": "markdown_text", "text": "x", "more": 1}, ""),
        ({"type": "task_update", "id": "a", "title": "x"}, ""),
        ({"type": "task_update", "id": "a", "title": "x", "status": "asleep"}, "/status"),
        ({"type": "task_update", "id": "a", "title": "x" * 257, "status": "pending"}, "/title"),
        ({"type": "task_update", "id": "a", "title": "x", "status": "pending", "sources": [{}]}, "/sources"),
        ({"type": "plan_update", "title": "x" * 257}, "/title"),
        ({"type": "blocks"}, ""),
    ],
)
async def test_a_chunk_slack_would_refuse_is_pointed_at_and_leaves_nothing_behind(stage, chunk, place) -> None:
    await start(stage, markdown_text="一")
    answer = await append(stage, {"type": "markdown_text", "text": "二"}, chunk)
    assert answer["error"] == "invalid_chunks"
    assert answer["response_metadata"]["messages"][0].endswith(f"[json-pointer:/chunks/1{place}]")
    assert [block["text"] for block in shown(stage)["blocks"]] == ["一"]


async def test_a_stream_that_is_never_stopped_ends_by_itself_and_can_be_updated_then(stage) -> None:
    ts = await start(stage, markdown_text="途中")
    stage.clock.now += 300
    assert await state(stage) == "in_progress"
    stage.clock.now += 1
    assert await state(stage) == "completed"
    assert (await stage.call("chat.update", {"channel": GENERAL, "ts": ts, "text": "やり直し"}))["ok"]


async def test_a_direct_message_needs_no_recipient(stage) -> None:
    arguments = {"channel": "$dm", "thread_ts": "$in_dm", "markdown_text": "はい"}
    assert (await stage.call("chat.startStream", arguments))["ok"]


async def test_the_sdks_stream_helper_writes_one_message(served, client) -> None:
    ts = (await served.person(SATO).message(GENERAL, "調べて"))["ts"]
    stream = await client.chat_stream(
        channel=GENERAL, thread_ts=ts, recipient_team_id="T01HOSHIMI", recipient_user_id=SATO, buffer_size=4
    )
    await stream.append(markdown_text="こん")
    await stream.append(markdown_text="にちは")
    await stream.append(chunks=[TaskUpdateChunk(id="t", title="検索", status="complete")])
    await stream.stop(chunks=[MarkdownTextChunk(text="。")])
    replies = (await client.conversations_replies(channel=GENERAL, ts=ts))["messages"][1:]
    assert [reply["streaming_state"] for reply in replies] == ["completed"]
    words = "".join(block["text"] for block in replies[0]["blocks"] if block["type"] == "markdown")
    assert words == "こんにちは。"
