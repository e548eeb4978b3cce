"""What customers and members type reaches Slack as letters: it mentions nobody, links nothing, and nothing is lost."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.blocks import clip_markup
from handlers.i18n import LANGUAGES, Markup, escape, translator
from handlers.interaction import dicts
from handlers.mail import MailFailed, MailShown
from handlers.messages import Message, Reader, Rendered
from handlers.qualification.calendars import CalendarTrouble
from tests.handlers.test_messages import MESSAGES

NOW = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
KINDS: list[type[Message]] = [*MESSAGES, MailFailed, MailShown, CalendarTrouble]

# What Slack gives a meaning to, what its escapes are made of, and what turns writing around or ends a line.
PIECES = [
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<!subteam^S012AB>",
    "<!date^0^{date}^http://x|y>",
    "<@U01ATTACK>",
    "<#C01ATTACK>",
    "<http://evil.example|株式会社かけはし>",
    "<mailto:evil@evil.example|x>",
    "<tel:110|x>",
    "&lt;!channel&gt;",
    "&amp;lt;",
    "&",
    "<",
    ">",
    "|",
    "*",
    "_",
    "~",
    "`",
    "```",
    ":smile:",
    "\n",
    "\r",
    "\0",
    "\x1b",
    "\u202e",
    "\u2028",
    "https://evil.example/?<!channel>",
    "{text}",
    "%s",
    "山田",
    "x" * 300,
]
hostile = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)

# Written by us, not by people: identifiers of Slack's, codes, zones, links of our own.
OURS = {"kpi", "language", "zone", "customer_zone", "slack_user", "why", "error", "key", "token"}
IDENTIFIER = re.compile(r"[UCTWDF][0-9A-Z]{5,}|[A-Z][a-z]+/[A-Z][a-z_]+")


def poisoned(value: Any, text: str, name: str = "") -> Any:
    """The same value with the text in place of everything that somebody may have typed."""
    if isinstance(value, Enum) or name in OURS or name.endswith(("slack_user", "_zone")):
        return value
    if isinstance(value, str):
        return value if not value or value.isdecimal() or IDENTIFIER.fullmatch(value) else text
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field for field in dataclasses.fields(value) if field.init)
        return dataclasses.replace(
            value, **{field.name: poisoned(getattr(value, field.name), text, field.name) for field in fields}
        )
    if isinstance(value, dict):
        return {key: poisoned(part, text, name) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(poisoned(part, text, name) for part in value))
    if isinstance(value, list | tuple | frozenset):
        return type(value)(poisoned(part, text, name) for part in value)
    return value


def mrkdwn(part: Any) -> Iterator[str]:
    """Every text of a block that Slack reads as markup."""
    if isinstance(part, dict):
        if part.get("type") in ("mrkdwn", "markdown"):
            yield part["text"]
        for value in part.values():
            yield from mrkdwn(value)
    elif isinstance(part, Sequence) and not isinstance(part, str):
        for value in part:
            yield from mrkdwn(value)


# What we write between angle brackets ourselves; what people typed never stands there but as a number or an address.
WRITTEN_BY_US = re.compile(r"<(!here|@[UW]\w+|#C\w+|tel:[^<>|]*\|[^<>|]*|mailto:[^<>|]*\|[^<>|]*|https?://[^<>|\s]+)>")
ESCAPED = re.compile(r"&(amp|lt|gt);")


def assert_harmless(text: str) -> None:
    """That a text for Slack holds no control sequence but those we write."""
    left = WRITTEN_BY_US.sub("", text)
    assert "<" not in left, text
    assert "&" not in ESCAPED.sub("", left), text
    for found in WRITTEN_BY_US.finditer(text):
        assert "ATTACK" not in found[0], text
        assert "evil.example|" not in found[0], text


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(text=hostile, language=st.sampled_from(LANGUAGES))
def test_no_message_carries_what_somebody_typed_as_a_mention_or_a_link(
    kind: type[Message], text: str, language: str
) -> None:
    reader = Reader(translator(language), "Asia/Tokyo", NOW)
    for example in kind.examples():
        rendered = poisoned(example, text).render(reader)
        assert_harmless(rendered.text)
        for shown in mrkdwn(dicts(rendered.blocks)):
            assert_harmless(shown)


@given(hostile)
def test_notification_is_escaped_once_whoever_writes_it(text: str) -> None:
    assert Rendered(text).text == escape(text)
    assert Rendered(escape(text)).text == escape(text)
    assert_harmless(Rendered(text).text)


@given(hostile, st.integers(2, 120))
def test_cut_text_ends_within_no_control_sequence(text: str, limit: int) -> None:
    assert_harmless(clip_markup(escape(text), limit))


@given(hostile)
def test_value_of_a_sentence_is_escaped(text: str) -> None:
    assert_harmless(translator("en").md("*{who}* {why}", who=text, why=Markup("<!here>")))
    assert translator("en").md("{who}", who=text) == escape(text)
