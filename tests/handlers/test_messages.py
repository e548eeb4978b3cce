"""Every message's examples are rendered in both languages and accepted by the workspace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import RunningWorkspace
from handlers.delivery import NotDelivered
from handlers.i18n import LANGUAGES, translator
from handlers.messages import Message, Reader
from handlers.outreach.call_queue_cards import MorningQueue
from handlers.outreach.call_words import CapReached
from handlers.outreach.inbound_card import InboundCard, InboundOverdue, InboundPassedOn, InboundTeamTold
from handlers.outreach.reminders import AimlessLeads, CallbackReminder, OverdueSteps
from handlers.performance.digest_post import DigestPost
from handlers.qualification.handoff_post import HandoffAnswered, HandoffOverdue, HandoffPost, HandoffReminder
from handlers.qualification.meeting_messages import (
    MeetingCard,
    MeetingNews,
    MeetingOutcome,
    MeetingReminder,
    OfferRunOut,
)
from handlers.qualification.verdict import VerdictOverridden

NOW = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
MESSAGES: list[type[Message]] = [
    HandoffPost,
    HandoffReminder,
    HandoffOverdue,
    HandoffAnswered,
    InboundCard,
    InboundTeamTold,
    InboundOverdue,
    InboundPassedOn,
    VerdictOverridden,
    MeetingCard,
    MeetingNews,
    MeetingReminder,
    MeetingOutcome,
    OfferRunOut,
    NotDelivered,
    CapReached,
    DigestPost,
    MorningQueue,
    CallbackReminder,
    OverdueSteps,
    AimlessLeads,
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
async def test_workspace_accepts_every_example(
    world_workspace: RunningWorkspace, kind: type[Message], language: str
) -> None:
    client = AsyncWebClient(world_workspace.bot_token, base_url=world_workspace.api_url)
    reader = Reader(translator(language), "Asia/Tokyo", NOW)
    for example in kind.examples():
        rendered = example.render(reader)
        assert rendered.text
        blocks = [block.to_dict() for block in rendered.blocks]
        assert (await client.chat_postMessage(channel="C01HANDOFF", text=rendered.text, blocks=blocks))["ok"]


def markup(part: Any) -> Iterator[str]:
    """Every text that Slack reads as markup."""
    if isinstance(part, dict):
        if part.get("type") == "mrkdwn":
            yield part["text"]
        for value in part.values():
            yield from markup(value)
    elif isinstance(part, list):
        for value in part:
            yield from markup(value)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_what_people_typed_becomes_neither_mention_nor_link(kind: type[Message]) -> None:
    for example in kind.examples():
        rendered = example.render(Reader(translator("ja"), "Asia/Tokyo", NOW))
        texts = [rendered.text, *markup([block.to_dict() for block in rendered.blocks])]
        ours = re.compile(r"<(!here|@U\w+|#C\w+|tel:[+\d]+\|[^<>]+|mailto:[^<>|]+\|[^<>]+|https://[^<>]+)>")
        for text in texts:
            assert "<" not in ours.sub("", text), text


def test_post_in_english_has_no_japanese_words_of_ours() -> None:
    (post, *_) = HandoffPost.examples()
    rendered = post.render(Reader(translator("en"), "Asia/Tokyo", NOW))
    assert rendered.text.startswith("Handoff:")
    labels = [b.to_dict().get("text", {}).get("text", "") for b in rendered.blocks]
    assert any(label.startswith("*Background*") for label in labels)
