"""Conversations with many messages: pages, threads and what waits for an app that is not there."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bot.workspace import posting
from bot.workspace.messages import Conversation, Message
from bot.workspace.server import create_app
from bot.workspace.state import WAITING_EVENTS, Workspace

from .stage import GENERAL, KATO, SATO, TANAKA

MOMENTS = [f"17000000{number:02d}.000000" for number in range(30)]
moments = st.sampled_from(MOMENTS)


def conversation() -> Conversation:
    return Conversation("C1", "channel", "x", [SATO], creator=SATO, created=0)


@given(
    posted=st.sets(moments),
    oldest=st.one_of(st.just(""), moments),
    latest=st.one_of(st.none(), moments),
    before=st.one_of(st.none(), moments),
    limit=st.integers(1, 12),
    inclusive=st.booleans(),
)
def test_a_page_holds_the_newest_messages_within_its_bounds(posted, oldest, latest, before, limit, inclusive) -> None:
    channel = conversation()
    for ts in sorted(posted):
        channel.add(Message(ts, "C1", SATO, ts))
    within = [
        ts
        for ts in sorted(posted)
        if (ts >= oldest if inclusive else ts > oldest)
        and (latest is None or (ts <= latest if inclusive else ts < latest))
        and (before is None or ts < before)
    ]
    found, more = channel.newest(oldest, latest, limit, inclusive=inclusive, before=before)
    assert (found, more) == (within[-limit:], len(within) > limit)


@given(st.lists(st.tuples(st.sampled_from([SATO, KATO, TANAKA]), st.booleans(), st.integers(0, 20)), max_size=30))
def test_a_thread_knows_who_has_answered_whatever_is_deleted(steps) -> None:
    channel = conversation()
    parent = Message("1600000000.000000", "C1", SATO, "親")
    channel.add(parent)
    for number, (user, delete, place) in enumerate(steps):
        if delete and parent.replies:
            channel.remove(channel.messages[parent.replies[place % len(parent.replies)]])
        else:
            channel.add(Message(MOMENTS[number], "C1", user, "子", thread_ts=parent.ts))
    written = [channel.messages[ts].user for ts in parent.replies or ()]
    assert dict(parent.repliers or {}) == {user: written.count(user) for user in written}
    assert (parent.thread_ts is not None) == bool(written)


async def test_events_for_an_app_that_never_comes_do_not_pile_up() -> None:
    workspace = Workspace()
    create_app(workspace, page=False)
    tasks = [
        workspace.emit("message.channels", {"type": "message", "text": str(number)})
        for number in range(WAITING_EVENTS + 5)
    ]
    await asyncio.sleep(0)
    waiting = [task for task in tasks if task is not None and not task.cancelling()]
    assert waiting == tasks[5:]
    await workspace.close()


async def test_only_those_who_are_in_a_thread_are_told_of_its_replies() -> None:
    workspace = Workspace()
    general = workspace.conversations[GENERAL]
    parent = posting.post(workspace, general, SATO, "親")
    for number in range(1000):
        posting.post(workspace, general, KATO if number % 2 else TANAKA, str(number), thread_ts=parent.ts)
    assert parent.repliers == {TANAKA: 500, KATO: 500}
    assert general.unread[SATO] == 1000
    # The parent, and what the other one has said since the second reply.
    assert general.unread[KATO] == 1 + 499
    assert general.unread["U01ONO0001"] == 1
