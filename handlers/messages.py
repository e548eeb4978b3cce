"""The contract of a message: a frozen value that renders itself for a reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, Self

from slack_sdk.models.blocks import Block

from handlers.i18n import Translator, escape


@dataclass(frozen=True, slots=True)
class Rendered:
    """Blocks, and the text that stands for them in notifications and screen readers.

    Slack reads that text as mrkdwn too: what is not Markup yet is escaped here, so no caller need remember to.
    """

    text: str
    blocks: Sequence[Block] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", escape(self.text))


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a message is rendered: the words, the zone of the times, and what time it is.

    `pictures` are the Slack files of the message's pictures (`Outgoing.pictures`), by their names; one that is not
    there could not be uploaded, and the message says what it would have shown.
    """

    t: Translator
    zone: str
    now: datetime
    pictures: Mapping[str, str] = field(default_factory=dict)


class Message(Protocol):
    """A message is a pure function of itself and its reader."""

    def render(self, reader: Reader) -> Rendered:
        """The message in the reader's language."""
        ...

    @classmethod
    def examples(cls) -> Sequence[Self]:
        """Values with everything in them, and the sparsest ones; a test renders them in both languages."""
        ...
