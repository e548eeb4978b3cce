"""The language model in a team: what may leave the house, what it may cost, and how a call of it ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

MODEL: Final = "model"
"""The kind of a team's rules about the language model."""
YEN: Final = 1_000_000
"""Costs are whole numbers of millionths of a yen: a token costs as many as a million of them cost yen."""
MOST_BUDGET_YEN: Final = 100_000_000


class Sharing(StrEnum):
    """What of customers may be sent to the model's server."""

    OFF = "off"
    """Nothing: the model is not used."""
    MASKED = "masked"
    """Texts in which names, telephone numbers and mail addresses are replaced."""
    FULL = "full"
    """Texts as they are."""


@dataclass(frozen=True, slots=True)
class ModelRules:
    """What a team decided about the model. `recordings`: sound may be sent though nothing in it can be masked; where
    everything is sent (`full`) it is sent anyway."""

    sharing: Sharing = Sharing.OFF
    monthly_budget_yen: int = 5_000
    recordings: bool = False

    @property
    def hears(self) -> bool:
        """Whether recordings may be sent."""
        return self.sharing is Sharing.FULL or (self.sharing is Sharing.MASKED and self.recordings)


class Reason(StrEnum):
    """Why there is no answer of a model."""

    NOT_CONFIGURED = "not_configured"
    """This installation has no model."""
    OFF = "off"
    """The team has decided that nothing is sent."""
    UNMASKABLE = "unmaskable"
    """The team sends masked texts only, and this is a recording."""
    OVER_BUDGET = "over_budget"
    FAILED = "failed"
    """It was asked, and did not give an answer that can be used."""


class Outcome(StrEnum):
    """How a call of the model ended."""

    OK = "ok"
    TIMED_OUT = "timed_out"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    """The server could not be reached, broke off, or reported a fault of its own."""
    REFUSED = "refused"
    """The model does not want to answer this."""
    MALFORMED = "malformed"
    """What came back is not what was asked for."""
    TRUNCATED = "truncated"
    """The answer was longer than it may be."""
    CANCELLED = "cancelled"
    """Whoever asked does not want the answer any more."""
    REJECTED = "rejected"
    """The server does not take our request: a wrong key, a model it does not have."""
    UNDER_WAY = "under_way"
    """It has not ended yet."""
    GIVEN_UP = "given_up"
    """It can be under way no longer, and nobody has put down how it ended: its process ended before. Nothing is saved
    under this name; it is how calls that are long under way are counted."""


class Unavailable(Exception):
    """There is no answer of a model; whoever asked does without. `outcome`: how a call failed."""

    def __init__(self, reason: Reason, outcome: Outcome | None = None) -> None:
        super().__init__(f"{reason}:{outcome}" if outcome else str(reason))
        self.reason = reason
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in yen: a million tokens of what it reads and of what it writes, a minute of sound."""

    input: float = 0.0
    output: float = 0.0
    minute: float = 0.0


DEAR: Final = Price(input=5_000.0, output=25_000.0, minute=10.0)
"""A model whose price nobody put down: dearer than what is usual, so that the budget holds all the same."""

_PRICE: Final = re.compile(r"\s*([^=\s]+)\s*=\s*(?:([\d.]+)/([\d.]+)|([\d.]+)/min|([\d.]+)/([\d.]+)\+([\d.]+)/min)\s*")


def prices(named: str) -> Mapping[str, Price]:
    """Prices in yen from `model=in/out` (a million tokens) and `model=yen/min`, with commas between. Raises ValueError.

    >>> prices("small=40/320, ears=1/min")["small"]
    Price(input=40.0, output=320.0, minute=0.0)
    """
    found: dict[str, Price] = {}
    for part in named.split(","):
        if not part.strip():
            continue
        match = _PRICE.fullmatch(part)
        if match is None:
            raise ValueError(f"Not a price: {part.strip()!r}. Write model=in/out, or model=yen/min for sound.")
        name, read, written, minute, read_too, written_too, minute_too = match.groups()
        given = [float(each or 0) for each in (read or read_too, written or written_too, minute or minute_too)]
        found[name] = Price(*given)
    return found


def cost(price: Price, input_tokens: int, output_tokens: int, seconds: float = 0.0) -> int:
    """Millionths of a yen, rounded up."""
    exact = price.input * input_tokens + price.output * output_tokens + price.minute * seconds / 60 * YEN
    return -int(-exact // 1)


def month_of(now: datetime, zone: str) -> datetime:
    """When the month began in which this moment lies in the zone; aware."""
    return now.astimezone(ZoneInfo(zone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
