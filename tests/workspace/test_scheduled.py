"""Messages for later: posted when the workspace's clock says so, and not before."""

from __future__ import annotations

import json
from typing import Any

from bot.workspace.saved import load, save
from bot.workspace.state import Workspace

from .stage import GENERAL, HANDOFF, START, Clock, Stage
from .waiting import until

SOON = int(START) + 120


def texts(workspace: Workspace, channel: str = GENERAL) -> list[str]:
    conversation = workspace.conversations[channel]
    return [conversation.messages[ts].text for ts in conversation.timeline]


async def schedule(stage: Stage, text: str, post_at: int = SOON, **more: Any) -> str:
    answer = await stage.call("chat.scheduleMessage", {"channel": GENERAL, "post_at": post_at, "text": text, **more})
    assert (answer["post_at"], answer["message"]["type"]) == (post_at, "delayed_message")
    return str(answer["scheduled_message_id"])


async def ids(stage: Stage, **arguments: Any) -> list[str]:
    answer = await stage.call("chat.scheduledMessages.list", arguments)
    return [entry["id"] for entry in answer["scheduled_messages"]]


async def test_a_message_stands_in_the_list_until_it_is_due_and_in_the_channel_then(stage) -> None:
    second, first = await schedule(stage, "二", SOON + 1), await schedule(stage, "一")
    assert await ids(stage) == [first, second]
    stage.clock.now = SOON - 0.5
    assert await ids(stage) == [first, second]
    assert "一" not in texts(stage.workspace)
    stage.clock.now = SOON + 5
    assert await ids(stage) == []
    assert texts(stage.workspace)[-2:] == ["一", "二"]


async def test_nobody_has_to_call_for_a_message_to_be_posted(stage) -> None:
    await schedule(stage, "一人でに")
    stage.clock.now = SOON
    await until(lambda: texts(stage.workspace)[-1] == "一人でに")


async def test_blocks_thread_and_face_are_those_that_were_given(stage) -> None:
    blocks = [{"type": "divider"}]
    await schedule(
        stage, "返信", blocks=blocks, thread_ts=stage.things["theirs"], reply_broadcast=True, username="別名"
    )
    stage.clock.now = SOON
    thread = (await stage.call("conversations.replies", {"channel": GENERAL, "ts": "$theirs"}))["messages"]
    assert (thread[1]["text"], thread[1]["username"], thread[1]["subtype"]) == ("返信", "別名", "thread_broadcast")
    assert thread[1]["blocks"][0]["type"] == "divider"


async def test_what_was_taken_back_is_never_posted(stage) -> None:
    ident = await schedule(stage, "やめた")
    assert (await stage.call("chat.deleteScheduledMessage", {"channel": GENERAL, "scheduled_message_id": ident}))["ok"]
    stage.clock.now = SOON
    assert await ids(stage) == []
    assert "やめた" not in texts(stage.workspace)


async def test_a_message_with_metadata_is_taken_and_not_posted_as_in_slack(stage) -> None:
    await schedule(stage, "付き", metadata={"event_type": "a", "event_payload": {}})
    stage.clock.now = SOON
    assert await ids(stage) == []
    assert "付き" not in texts(stage.workspace)
    assert "metadata" in stage.workspace.refusals[-1]


async def test_a_channel_that_takes_no_messages_any_more_gets_none(stage) -> None:
    answer = await stage.call("chat.scheduleMessage", {"channel": HANDOFF, "post_at": SOON, "text": "x"})
    assert answer["ok"]
    assert (await stage.call("conversations.archive", {"channel": HANDOFF}))["ok"]
    stage.clock.now = SOON
    assert await ids(stage) == []
    assert texts(stage.workspace, HANDOFF) == []
    assert "takes no messages" in stage.workspace.refusals[-1]


async def test_the_list_is_narrowed_by_channel_and_time_and_paged(stage) -> None:
    made = [await schedule(stage, str(n), SOON + n) for n in range(5)]
    await stage.call("chat.scheduleMessage", {"channel": HANDOFF, "post_at": SOON, "text": "x"})
    assert await ids(stage, channel=GENERAL) == made
    assert await ids(stage, channel=GENERAL, oldest=SOON + 1, latest=SOON + 3) == made[1:4]
    seen: list[str] = []
    cursor = ""
    while True:
        answer = await stage.call("chat.scheduledMessages.list", {"channel": GENERAL, "limit": 2, "cursor": cursor})
        seen += [entry["id"] for entry in answer["scheduled_messages"]]
        cursor = answer["response_metadata"]["next_cursor"]
        if not cursor:
            break
    assert seen == made


async def test_thirty_messages_fit_into_five_minutes_of_a_channel_and_the_next_is_refused(stage) -> None:
    for number in range(30):
        await schedule(stage, str(number), SOON + number * 10)
    arguments = {"channel": GENERAL, "text": "x"}
    refused = await stage.call("chat.scheduleMessage", {**arguments, "post_at": SOON + 299})
    assert refused["error"] == "restricted_too_many"
    assert (await stage.call("chat.scheduleMessage", {**arguments, "post_at": SOON + 300}))["ok"]
    assert (await stage.call("chat.scheduleMessage", {**arguments, "channel": HANDOFF, "post_at": SOON}))["ok"]


async def test_what_is_waiting_survives_in_a_file(stage) -> None:
    ident = await schedule(stage, "残る")
    clock = Clock()
    again = Workspace(clock=clock)
    load(again, json.loads(json.dumps(save(stage.workspace))))
    assert list(again.schedules.waiting) == [ident]
    assert again.schedules.waiting[ident].post_at == SOON
