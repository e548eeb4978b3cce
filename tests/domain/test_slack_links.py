"""Addresses of messages are read as Slack copies and pastes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.slack_links import MessageLink, message_in

BARE = "https://example.slack.com/archives/C01ABCDEF/p1700000000123456"


@pytest.mark.parametrize(
    ("text", "link"),
    [
        (BARE, MessageLink("C01ABCDEF", "1700000000.123456")),
        (f"<{BARE}>", MessageLink("C01ABCDEF", "1700000000.123456")),
        (f"<{BARE}|これ>は何の件？", MessageLink("C01ABCDEF", "1700000000.123456")),
        (
            f"{BARE}?thread_ts=1699999999.000100&cid=C01ABCDEF",
            MessageLink("C01ABCDEF", "1700000000.123456", "1699999999.000100"),
        ),
        (
            f"<{BARE}?cid=C01ABCDEF&amp;thread_ts=1699999999.000100>",
            MessageLink("C01ABCDEF", "1700000000.123456", "1699999999.000100"),
        ),
        ("http://localhost:3000/archives/D0SATO/p1700000000123456", MessageLink("D0SATO", "1700000000.123456")),
        ("https://example.slack.com/archives/C01ABCDEF", None),
        ("https://example.com/p1700000000123456", None),
        ("archives/C01ABCDEF/p1700000000123456", None),
        ("", None),
    ],
)
def test_message_is_read_out_of_its_address(text: str, link: MessageLink | None) -> None:
    assert message_in(text) == link


def test_message_in_a_thread_stands_for_its_thread_too() -> None:
    assert MessageLink("C1", "2.0", "1.0").stamps == ("2.0", "1.0")
    assert MessageLink("C1", "1.0", "1.0").stamps == ("1.0",)


@given(st.text(max_size=400))
def test_any_text_has_an_address_or_none(text: str) -> None:
    message_in(text)
    message_in(f"https://x/archives/{text}")
