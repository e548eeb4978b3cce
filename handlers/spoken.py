"""What was said, as every wing shows it: whose words, when, and where they can be heard or read again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from domain.pipeline.notes import Field, Proposal
from domain.pipeline.quotes import Source
from domain.pipeline.transcripts import Side
from domain.qualification.bant import Answer, BudgetState, Level
from handlers.blocks import clip
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.terms import ANSWERS, BUDGET_STATES, LEVELS
from services.pipeline.proposals import SummaryLine

QUOTE_LIMIT: Final = 200
SUMMARY_LIMIT: Final = 2500
"""Letters: it has to fit into a field of a form, and what somebody adds to it too."""

_LETTERED: Final = re.compile(r"[A-Z]")
_PRIVATE: Final = re.compile(r"/archives/D")
"""In a link to a message: it stands in somebody's direct messages."""

FIELDS = {
    Field.BUDGET_AMOUNT: _("Budget: amount"),
    Field.BUDGET_STATE: _("Budget: status"),
    Field.DECISION_MAKER: _("Authority: decision maker"),
    Field.INFLUENCERS: _("Authority: influencers"),
    Field.PROCESS: _("Authority: decision process"),
    Field.NEED: _("Need: what hurts"),
    Field.URGENCY: _("Need: urgency"),
    Field.START_ON: _("Timeline: start"),
    Field.DECIDE_ON: _("Timeline: decision"),
    Field.PAIN_RECOGNISED: _("Pain recognised"),
    Field.INTENT_STATED: _("Intent stated"),
}


def clock(ms: int) -> str:
    """3:05, 1:02:03."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def source(t: Translator, said: Source) -> str:
    """山田 太郎 3:05; where there are no times, the number of the line."""
    at = (
        clock(said.start_ms) if said.start_ms is not None else t("line {n}", n=said.numbers[0] if said.numbers else "–")
    )
    return f"{_voice(t, said)} {at}"


def _voice(t: Translator, said: Source) -> str:
    """Whose voice it was. Where listening told voices apart and named nobody, the side says more than a letter."""
    if said.side is Side.UNKNOWN or not _LETTERED.fullmatch(said.speaker):
        return speaker(t, said.speaker)
    return t("our side") if said.side is Side.OURS else t("the customer")


def speaker(t: Translator, name: str) -> str:
    """A speaker by name, or by the letter that listening gave them: 話者A."""
    if not name:
        return t("speaker unknown")
    return t("Speaker {letter}", letter=name) if _LETTERED.fullmatch(name) else name


def value(t: Translator, proposed: Proposal) -> str:
    """A proposal's value in words."""
    match proposed.field, proposed.value:
        case Field.BUDGET_AMOUNT, int(amount):
            return t.yen(amount)
        case Field.BUDGET_STATE, state:
            return t(BUDGET_STATES[BudgetState(str(state))])
        case Field.URGENCY, level:
            return t(LEVELS[Level(str(level))])
        case ((Field.PAIN_RECOGNISED | Field.INTENT_STATED), answer):
            return t(ANSWERS[Answer(str(answer))])
        case ((Field.START_ON | Field.DECIDE_ON), day) if not isinstance(day, int | str):
            return t.day(day)
        case _, text:
            return str(text)


def shared(permalink: str) -> str:
    """The link to a message, where more people than one can open it; else ""."""
    return "" if _PRIVATE.search(permalink) else permalink


def cited(t: Translator, said: str, where: Source, permalink: str = "") -> Markup:
    """What was said, by whom and when, in one line; with a link to where it stands, if that is known."""
    words = escape(t("“{quote}”", quote=clip(" ".join(said.split()), QUOTE_LIMIT)))
    by = escape(source(t, where))
    # A link of ours from Slack, in which nothing was typed by anybody; the name before it was.
    named = Markup(by.replace("|", "/"))
    return Markup(f"{words} <{escape(permalink)}|{named}>") if permalink else Markup(f"{words} {by}")


def summary(t: Translator, lines: Sequence[SummaryLine]) -> str:
    """A summary in plain text, a sentence a line, each with who said it and when. Where others can read it again, a
    line at the end says."""
    found: list[str] = []
    links = dict.fromkeys(shared(line.permalink) for line in lines)
    last = [t("Read it again: {link}", link=link) for link in links if link]
    for line in lines:
        text = t("{sentence} ({source})", sentence=line.text, source=source(t, line.source))
        if sum(map(len, [*found, *last])) + len(text) > SUMMARY_LIMIT:
            break
        found.append(f"・{text}" if t.language == "ja" else f"- {text}")
    return "\n".join([*found, *last])
