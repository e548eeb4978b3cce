"""Addresses of messages in Slack, as people copy and paste them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_LINK: Final = re.compile(
    r"https?://[^\s/<>|]{1,200}/archives/(?P<channel>[A-Z][A-Z0-9]{1,31})/p(?P<seconds>\d{10})(?P<rest>\d{6})"
    r"(?:\?(?P<query>[^\s<>|]{0,300}))?"
)
_THREAD: Final = re.compile(r"(?:^|&(?:amp;)?)thread_ts=(\d{10}\.\d{6})")


@dataclass(frozen=True, slots=True)
class MessageLink:
    """Where a message stands. `thread`: the message that its thread hangs on, "" where it is in none."""

    channel: str
    ts: str
    thread: str = ""

    @property
    def stamps(self) -> tuple[str, ...]:
        """The message's own, and its thread's."""
        return (self.ts, self.thread) if self.thread and self.thread != self.ts else (self.ts,)


def message_in(text: str) -> MessageLink | None:
    """The first message whose address a text has, bare or in the marks that Slack puts around it."""
    found = _LINK.search(text)
    if found is None:
        return None
    thread = _THREAD.search(found["query"] or "")
    return MessageLink(found["channel"], f"{found['seconds']}.{found['rest']}", thread[1] if thread else "")
