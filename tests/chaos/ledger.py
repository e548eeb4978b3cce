"""What people did, and what they were told of it: the other side of the books."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

REFERENCE = re.compile(r"[0-9A-F]{8}")
RAW = re.compile(r"Traceback|sqlalchemy|psycopg|sqlite3|aiohttp|Exception|\bNone\b|dbos", re.IGNORECASE)
"""What no person should ever read."""


@dataclass
class Ledger:
    """By the words a person chose for it, so that it can be found again."""

    handed_off: set[str] = field(default_factory=set)
    """Names of leads of which somebody has read that they are handed off."""
    judged_twice: set[str] = field(default_factory=set)
    """Names of leads that somebody had two forms for, as they had asked for them twice, and sent both."""
    noted: set[str] = field(default_factory=set)
    """Notes of calls whose form has closed: they are saved."""
    typed: set[str] = field(default_factory=set)
    """Notes of calls that somebody began to send."""
    clicked: Counter[str] = field(default_factory=Counter)
    """How often one click was tried for a lead."""
    submitted: dict[str, int] = field(default_factory=dict)
    """Submissions of the website that were taken, with the lead that the answer named."""
    claimed: dict[str, str] = field(default_factory=dict)
    """Who read that a submission is theirs, by the card's timestamp."""
    booked: set[str] = field(default_factory=set)
    """Names of leads with whom somebody has read that a meeting stands."""
    dropped: set[str] = field(default_factory=set)
    """Files with transcripts that were dropped."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Questions to the assistant: channel, thread and message."""
    told: Counter[str] = field(default_factory=Counter)
    """What people read when something did not work."""
    done: Counter[str] = field(default_factory=Counter)
    """How often each kind of work came to its end."""
    lost: list[str] = field(default_factory=list)
    """What somebody typed and then did not find in the form any more."""
    begun_again: int = 0
    """How many pieces of work ended for something that passes, so that they had to be begun again."""

    @property
    def pieces(self) -> int:
        """How many pieces of work people have brought to their end; websites send without any."""
        return sum(count for name, count in self.done.items() if name != "submission")

    def tell(self, text: str) -> None:
        """Somebody read this when something did not work."""
        self.told[REFERENCE.sub("REFERENCE", text)] += 1
