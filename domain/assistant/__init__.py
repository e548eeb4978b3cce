"""What people ask the assistant for, understood without a model: the commonest requests, in Japanese and English.

`understand` turns a sentence into the name of a tool and the words for its arguments. It knows forms, not facts:
whether there is a Tanaka, and what 来週火曜14時 means on the team's calendar, the tools find out. The forms are
tables, tried in their order, so a request is added by a line.
"""

from __future__ import annotations

import re
from typing import Final

from domain.assistant.lookups import lookup_in
from domain.assistant.orders import order_in
from domain.assistant.questions import question_in
from domain.assistant.requests import (
    BREAKDOWNS,
    EDGE,
    KPI_WORDS,
    MOST_CHARACTERS,
    PERIODS,
    Period,
    Request,
    request,
    tidy,
)
from domain.outreach.time_words import spot

__all__ = ["KPI_WORDS", "MOST_CHARACTERS", "Period", "Request", "tidy", "understand"]

_MORE: Final = re.compile(
    r"^(?:じゃあ|では|それで|あと|それなら|and|what about|how about)?[、, ]*(?P<rest>.+?)(?:は|だと|では|なら|"
    r"の場合|分|の分)?(?:どう(?:です|だった|でした)?)?(?:か)?$"
)


def understand(text: str, before: Request | None = None) -> Request | None:
    """What somebody asks for; None where it is none of the common requests.

    `before` is what was asked in the same thread last: 「なぜ?」 and 「先月は?」 go on from there.
    """
    if len(text) > MOST_CHARACTERS:
        return None
    said = tidy(text)
    lower = said.lower()
    if not said:
        return None
    if before is not None and (more := _more(lower, before)):
        return more
    asked = text.rstrip().endswith(("?", "？"))
    found = lookup_in(said) or order_in(said, lower, asked=asked) or question_in(said, lower)
    if found is not None and found.tool == "why" and before is not None:
        kept = {name: before.arguments[name] for name in ("kpi", "period") if name in before.arguments}
        return request("why", **{**kept, **found.arguments})
    return found


def _more(lower: str, before: Request) -> Request | None:
    """The same again for another time, another way of dividing or another KPI: 先月は?, 担当別では?"""
    found = _MORE.match(lower)
    rest = found["rest"].strip(EDGE) if found else lower
    for words, period in PERIODS:
        if re.fullmatch(words, rest) and (before.tool in FIGURES):
            return request(before.tool, **{**before.arguments, "period": period.value})
    for words, by in BREAKDOWNS:
        if re.fullmatch(words, rest) and before.tool in FIGURES:
            return request("kpis", **{**before.arguments, "by": by})
    if before.tool == "meetings" and spot(rest) == (0, len(rest)):
        return request("meetings", when=rest)
    return None


FIGURES: Final = frozenset({"kpis", "why", "ranking", "landing"})
"""The tools that are asked about a KPI or a period."""
