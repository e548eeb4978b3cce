"""A message reaches Slack once, whatever goes wrong on the way: against the embedded workspace, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import pytest

from bot.run import storage
from bot.settings import Settings
from bot.slack_client import web_client
from bot.workspace.messages import Conversation
from bot.workspace.server import RunningWorkspace
from domain.members import Role
from domain.pacing import Budget
from handlers.blocks import section
from handlers.clients import OneClient
from handlers.delivery import GIVE_UP_AFTER, Deliverer
from handlers.i18n import Markup
from handlers.messages import Reader, Rendered
from handlers.pacing import BUDGETS, POST, PutOff
from handlers.routes import NotYet, Outgoing
from services import deliveries, members
from services.deliveries import Call, Claim, DeliveryState
from services.deps import Deps
from tests.handlers.conftest import HANDOFFS, IS, IS_ENGLISH, MANAGER, eventually

TEAM = "T01HOSHIMI"
KEY = "note:1"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """What was posted appears at once in this workspace, so there is little to wait for."""
    return settings.model_copy(update={"delivery_settle_seconds": 0.05, "recover_seconds": 0.5})


@dataclass(frozen=True, slots=True)
class Note:
    """The shortest message there is."""

    text: str

    def render(self, reader: Reader) -> Rendered:
        return Rendered(self.text, [section(Markup(self.text))])

    @classmethod
    def examples(cls) -> Sequence[Self]:
        return [cls("note")]


@dataclass
class Desk:
    """Deliveries of notes, made by hand: the queue has nobody who works it, a test says when a try is made."""

    workspace: RunningWorkspace
    deps: Deps
    moment: list[timedelta]
    outgoing: dict[str, Any] = field(default_factory=dict)
    not_yet: int = 0

    def __post_init__(self) -> None:
        client = web_client(self.workspace.bot_token, self.workspace.api_url)
        self.deliverer = Deliverer(self.deps, OneClient(client), {"note": self._compose}, settle_seconds=0.0)

    async def _compose(self, deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing | None:
        if self.not_yet:
            self.not_yet -= 1
            raise NotYet("not yet")
        if arguments.get("gone"):
            return None
        given = {"channel": arguments["channel"], **self.outgoing}
        return Outgoing(Note(str(arguments["text"])), "ja", "Asia/Tokyo", **given)

    def later(self, length: timedelta) -> None:
        """Let time pass."""
        self.moment[0] += length

    async def enqueue(self, channel: str = HANDOFFS, *, key: str = KEY, **arguments: Any) -> bool:
        async with self.deps.writing(TEAM) as session:
            return await self.deps.outbox.enqueue(
                session,
                key=key,
                kind="note",
                channel=channel,
                arguments={"text": "こんにちは", **arguments},
                now=self.deps.now(),
            )

    async def attempt(self, turn: int = 0, *, key: str = KEY, timed: bool = False) -> str | float | PutOff:
        return await self.deliverer.attempt(TEAM, key, turn, timed=timed)

    async def stands(self, key: str = KEY) -> Claim:
        found = await deliveries.look(self.deps, TEAM, key)
        assert found is not None
        return found

    def fault(self, kind: str, method: str = "chat.postMessage", **order: Any) -> None:
        self.workspace.workspace.faults.order({"kind": kind, "method": method, **order})

    def conversation(self, channel: str = HANDOFFS) -> Conversation:
        return self.workspace.workspace.conversations[channel]

    def notes(self, channel: str = HANDOFFS, key: str = KEY) -> list[str]:
        """The timestamps of the posts that carry a key."""
        return keyed(self.conversation(channel), key)


def keyed(conversation: Conversation, key: str) -> list[str]:
    return [
        message.ts
        for message in conversation.messages.values()
        if message.metadata and message.metadata["event_payload"].get("key") == key
    ]


@pytest.fixture
async def desk(world_workspace: RunningWorkspace, settings: Settings) -> AsyncIterator[Desk]:
    moment = [timedelta()]
    async with storage(settings, now=lambda: datetime.now(UTC) + moment[0]) as deps:
        for user, language in ((IS, "ja"), (IS_ENGLISH, "en")):
            await members.arrive(
                deps,
                TEAM,
                user,
                team_name="ほしみ",
                name=user,
                language=language,
                zone="Asia/Tokyo",
                role=Role.INSIDE_SALES,
            )
        yield Desk(world_workspace, deps, moment)


async def test_note_is_posted_once_with_its_key_and_recorded(desk: Desk) -> None:
    await desk.enqueue()
    assert await desk.attempt() == DeliveryState.SENT
    posted = await deliveries.posted(desk.deps, TEAM, KEY)
    assert posted is not None
    assert (posted.state, posted.channel, [posted.ts]) == (DeliveryState.SENT, HANDOFFS, desk.notes())


async def test_second_try_at_a_sent_delivery_posts_nothing(desk: Desk) -> None:
    await desk.enqueue()
    await desk.attempt()
    assert await desk.attempt(1) == DeliveryState.SENT
    assert len(desk.notes()) == 1


async def test_key_that_was_used_is_not_enqueued_again(desk: Desk) -> None:
    assert await desk.enqueue()
    assert not await desk.enqueue(text="別の文")
    await desk.attempt()
    assert len(desk.notes()) == 1


async def test_unknown_delivery_is_gone(desk: Desk) -> None:
    assert await desk.attempt(key="nobody") == "gone"


async def test_nothing_left_to_say_is_settled_without_a_post(desk: Desk) -> None:
    await desk.enqueue(gone=True)
    assert await desk.attempt() == DeliveryState.SENT
    assert desk.notes() == []


@pytest.mark.parametrize("fault", ["answer_lost", "cut"])
async def test_lost_connection_ends_in_one_post_whether_it_was_made_or_not(desk: Desk, fault: str) -> None:
    await desk.enqueue()
    desk.fault(fault)
    assert isinstance(await desk.attempt(), float)
    assert len(desk.notes()) == (fault == "answer_lost")
    assert await desk.attempt(1) == DeliveryState.SENT
    posted = await deliveries.posted(desk.deps, TEAM, KEY)
    assert posted is not None
    assert [posted.ts] == desk.notes()


async def test_post_about_which_there_is_nothing_to_say_any_more_is_known_to_who_edits_it(desk: Desk) -> None:
    await desk.enqueue()
    desk.fault("answer_lost")
    await desk.attempt()
    await deliveries.remember(desk.deps, TEAM, KEY, gone=True)
    desk.fault("500", "conversations.history")
    assert isinstance(await desk.attempt(1), float)
    assert await desk.attempt(2) == DeliveryState.SENT
    posted = await deliveries.posted(desk.deps, TEAM, KEY)
    assert posted is not None
    assert [posted.ts] == desk.notes()


async def test_post_is_found_behind_more_than_a_page_of_newer_messages(desk: Desk) -> None:
    await desk.enqueue()
    desk.fault("answer_lost")
    await desk.attempt()
    for number in range(450):
        await desk.workspace.person(IS).message(HANDOFFS, f"{number}")
    assert await desk.attempt(1) == DeliveryState.SENT
    assert len(desk.notes()) == 1


async def test_direct_message_is_found_again_in_its_conversation(desk: Desk) -> None:
    await desk.enqueue(IS)
    desk.fault("answer_lost")
    await desk.attempt()
    assert await desk.attempt(1) == DeliveryState.SENT
    posted = await deliveries.posted(desk.deps, TEAM, KEY)
    assert posted is not None
    assert str(posted.channel).startswith("D")
    assert desk.notes(str(posted.channel)) == [posted.ts]


async def test_reply_is_found_again_in_its_thread(desk: Desk) -> None:
    parent = (await desk.workspace.person(IS).message(HANDOFFS, "親"))["ts"]
    desk.outgoing["thread_ts"] = parent
    await desk.enqueue()
    desk.fault("answer_lost")
    await desk.attempt()
    assert await desk.attempt(1) == DeliveryState.SENT
    [ts] = desk.notes()
    assert desk.conversation().messages[ts].thread_ts == parent


async def test_post_of_another_key_is_not_taken_for_ones_own(desk: Desk) -> None:
    await desk.enqueue()
    await desk.enqueue(key="note:2")
    await desk.attempt()
    desk.fault("cut")
    await desk.attempt(key="note:2")
    assert await desk.attempt(1, key="note:2") == DeliveryState.SENT
    assert len(desk.notes()) == len(desk.notes(key="note:2")) == 1


async def test_post_still_on_its_way_is_waited_for_before_it_is_looked_for(desk: Desk) -> None:
    desk.deliverer = replace(desk.deliverer, settle_seconds=1.0)
    await desk.enqueue()
    desk.fault("delay", seconds=0.6)
    first = asyncio.create_task(desk.attempt())
    # The request has arrived, and Slack takes its time with it; then the process dies.
    await eventually(lambda: not desk.workspace.workspace.faults.orders)
    assert (await desk.stands()).state is DeliveryState.SENDING
    first.cancel()
    assert await desk.attempt() == DeliveryState.SENT
    assert len(desk.notes()) == 1


async def test_too_many_requests_in_a_channel_close_it_and_those_in_two_the_workspace(desk: Desk) -> None:
    await desk.enqueue()
    desk.fault("429", seconds=200)
    assert await desk.attempt() == 200.0
    assert (await desk.stands()).first
    # No process asks again before in this channel. In others there is room.
    await desk.enqueue(IS, key="note:2")
    await desk.enqueue(MANAGER, key="note:3")
    another = Desk(desk.workspace, desk.deps, desk.moment)
    put_off = await another.attempt(1)
    assert isinstance(put_off, PutOff)
    assert 100.0 < put_off.seconds <= 200.0
    assert await another.attempt(key="note:2") == DeliveryState.SENT
    # In a second channel it is no accident any more.
    await desk.enqueue(IS_ENGLISH, key="note:4")
    desk.fault("429", seconds=100)
    assert await desk.attempt(key="note:4") == 100.0
    assert isinstance(await another.attempt(key="note:3"), PutOff)
    desk.later(timedelta(seconds=200))
    assert [await desk.attempt(1), await another.attempt(key="note:3")] == [DeliveryState.SENT] * 2


async def test_what_somebody_waited_for_leaves_less_room_for_what_can_wait(
    desk: Desk,
) -> None:
    slow = {**BUDGETS, POST: Budget(burst=3.0, per_second=0.01)}
    desk.deliverer = replace(desk.deliverer, budgets=slow)
    await deliveries.counted(desk.deps, TEAM, {POST: (slow[POST], 5)})
    await desk.enqueue()
    assert isinstance(await desk.attempt(), PutOff)
    desk.later(timedelta(seconds=350))
    assert await desk.attempt() == DeliveryState.SENT
    # In debt, the workspace is over its budget: then it is the workspace that Slack has refused.
    await deliveries.counted(desk.deps, TEAM, {POST: (slow[POST], 5)})
    await deliveries.closed(desk.deps, TEAM, Call(POST, slow[POST], channel=IS), 299.0)
    desk.deliverer = replace(desk.deliverer, budgets=BUDGETS)
    await desk.enqueue(MANAGER, key="note:2")
    put_off = await desk.attempt(key="note:2")
    assert isinstance(put_off, PutOff)
    assert put_off.seconds > 200.0


async def test_too_many_requests_after_a_lost_answer_still_leave_it_to_be_looked_for(desk: Desk) -> None:
    await desk.enqueue()
    desk.fault("answer_lost")
    await desk.attempt()
    desk.fault("429", "conversations.history", seconds=3)
    assert await desk.attempt(1) == 3.0
    assert not (await desk.stands()).first
    assert await desk.attempt(2) == DeliveryState.SENT
    assert len(desk.notes()) == 1


async def test_server_error_is_tried_again_with_growing_pauses(desk: Desk) -> None:
    await desk.enqueue()
    desk.fault("500", count=3)
    pauses = [await desk.attempt(turn) for turn in range(3)]
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[2]
    assert await desk.attempt(3) == DeliveryState.SENT
    assert len(desk.notes()) == 1


async def test_delivery_that_builds_on_another_waits_unmarked(desk: Desk) -> None:
    desk.not_yet = 1
    await desk.enqueue()
    assert isinstance(await desk.attempt(), float)
    assert (await desk.stands()).first
    assert await desk.attempt(1) == DeliveryState.SENT


async def test_delivery_that_waits_for_another_never_waits_long(desk: Desk) -> None:
    desk.not_yet = 1
    await desk.enqueue()
    # As many turns as a day may have.
    pause = await desk.attempt(3000)
    assert isinstance(pause, float)
    assert pause <= 30


@pytest.mark.parametrize("error", ["channel_not_found", "not_in_channel", "is_archived"])
async def test_refused_delivery_fails_and_its_sender_is_told_in_their_language(desk: Desk, error: str) -> None:
    desk.outgoing["report_to"] = IS_ENGLISH
    channel = HANDOFFS
    match error:
        case "channel_not_found":
            channel = "C0NOWHERE"
        case "not_in_channel":
            del desk.conversation().members[desk.workspace.workspace.bot_user]
        case "is_archived":
            desk.conversation().archived = True
    await desk.enqueue(channel)
    assert await desk.attempt() == DeliveryState.FAILED
    assert await deliveries.troubled(desk.deps, TEAM) == [(KEY, DeliveryState.FAILED, error)]
    # Told by a delivery of its own, so that this news survives a crash too.
    assert await desk.attempt(key=f"{KEY}:failed") == DeliveryState.SENT
    told = await deliveries.posted(desk.deps, TEAM, f"{KEY}:failed")
    assert told is not None
    [ts] = desk.notes(str(told.channel), f"{KEY}:failed")
    text = desk.conversation(str(told.channel)).messages[ts].text
    assert "could not be posted" in text
    assert error in text


async def test_failed_delivery_stays_failed_and_is_reported_once(desk: Desk) -> None:
    desk.outgoing["report_to"] = IS
    await desk.enqueue("C0NOWHERE")
    await desk.attempt()
    assert await desk.attempt(1) == DeliveryState.FAILED
    await deliveries.failed(desk.deps, TEAM, KEY, "again", to=HANDOFFS, report_to=IS_ENGLISH)
    assert await deliveries.troubled(desk.deps, TEAM) == [(KEY, DeliveryState.FAILED, "channel_not_found")]
    assert (await desk.stands(f"{KEY}:failed")).channel == IS


async def test_unreadable_history_after_a_lost_answer_leaves_it_uncertain(desk: Desk) -> None:
    await desk.enqueue()
    desk.fault("answer_lost")
    await desk.attempt()
    del desk.conversation().members[desk.workspace.workspace.bot_user]
    assert await desk.attempt(1) == DeliveryState.UNCERTAIN
    assert len(desk.notes()) == 1


async def test_refused_token_loses_nothing_until_it_is_mended(desk: Desk) -> None:
    good = desk.deliverer
    bad = web_client("xoxb-wrong", desk.workspace.api_url)
    desk.deliverer = replace(good, clients=OneClient(bad))
    await desk.enqueue()
    assert isinstance(await desk.attempt(), float)
    desk.deliverer = good
    assert await desk.attempt(1) == DeliveryState.SENT


async def test_outage_of_a_day_ends_as_failed_and_is_told(desk: Desk) -> None:
    desk.outgoing["report_to"] = IS
    await desk.enqueue()
    desk.fault("429", count=None)
    desk.later(GIVE_UP_AFTER - timedelta(minutes=1))
    assert isinstance(await desk.attempt(60), float)
    desk.later(timedelta(minutes=2))
    assert await desk.attempt(61) == DeliveryState.FAILED
    assert (await desk.stands(f"{KEY}:failed")).channel == IS


async def test_outage_of_a_day_ends_as_uncertain_when_it_may_have_been_posted(desk: Desk) -> None:
    await desk.enqueue()
    desk.fault("answer_lost")
    await desk.attempt()
    desk.fault("500", "conversations.history", count=None)
    desk.later(GIVE_UP_AFTER + timedelta(minutes=1))
    assert await desk.attempt(60) == DeliveryState.UNCERTAIN


async def test_fault_of_our_own_is_tried_a_few_times_and_then_seen_by_an_admin(desk: Desk) -> None:
    desk.deliverer = replace(desk.deliverer, composers={})
    await desk.enqueue()
    assert isinstance(await desk.attempt(), float)
    assert await desk.attempt(8) == DeliveryState.FAILED
    assert await deliveries.troubled(desk.deps, TEAM) == [(KEY, DeliveryState.FAILED, "KeyError")]


async def test_edit_is_harmless_when_it_is_made_twice(desk: Desk) -> None:
    await desk.enqueue()
    await desk.attempt()
    [ts] = desk.notes()
    desk.outgoing["update_ts"] = ts
    await desk.enqueue(key="note:edit", text="新しい")
    desk.fault("answer_lost", "chat.update")
    assert isinstance(await desk.attempt(key="note:edit"), float)
    assert await desk.attempt(1, key="note:edit") == DeliveryState.SENT
    assert desk.conversation().messages[ts].text == "新しい"
    assert len(desk.conversation().timeline) == 1


async def test_edit_that_was_overtaken_is_made_again_with_the_newest_words(desk: Desk) -> None:
    await desk.enqueue()
    await desk.attempt()
    [ts] = desk.notes()
    words = ["古い", "新しい", "新しい"]

    async def compose(deps: Deps, team_id: str, arguments: Mapping[str, Any]) -> Outgoing:
        return Outgoing(Note(words.pop(0)), "ja", "Asia/Tokyo", HANDOFFS, update_ts=ts)

    desk.deliverer = replace(desk.deliverer, composers={"note": compose})
    await desk.enqueue(key="note:edit")
    assert await desk.attempt(key="note:edit") == DeliveryState.SENT
    assert desk.conversation().messages[ts].text == "新しい"


async def test_two_at_once_never_lose_the_key(desk: Desk) -> None:
    """A process that was thought dead and is not: whatever both do, the delivery ends as sent."""
    await desk.enqueue()
    desk.deliverer = replace(desk.deliverer, settle_seconds=0.5)
    assert set(await asyncio.gather(desk.attempt(), desk.attempt())) == {DeliveryState.SENT}
    assert len(desk.notes()) == 1
