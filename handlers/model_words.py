"""What is said where the language model gives no answer, in one quiet line under what was done without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.model import Outcome, Reason
from handlers.i18n import Markup, Translator
from handlers.i18n import mark as _

REASONS: Final[Mapping[Reason, str]] = {
    Reason.NOT_CONFIGURED: _("Made without a language model: none is set up here."),
    Reason.OFF: _("Made without the language model: the team has it switched off (/team model)."),
    Reason.UNMASKABLE: _(
        "Recordings are not sent to the language model, since nothing in them can be masked (/team model)."
    ),
    Reason.OVER_BUDGET: _("Made without the language model: this month's budget is used up (/team model)."),
    Reason.FAILED: _("Made without the language model: it gave no usable answer just now."),
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.OK: _("Answered"),
    Outcome.TIMED_OUT: _("Too slow"),
    Outcome.RATE_LIMITED: _("Too many questions"),
    Outcome.UNAVAILABLE: _("Not reached"),
    Outcome.REFUSED: _("Refused by the model"),
    Outcome.MALFORMED: _("Unusable answer"),
    Outcome.TRUNCATED: _("Answer too long"),
    Outcome.CANCELLED: _("Called off"),
    Outcome.REJECTED: _("Settings not accepted"),
    Outcome.UNDER_WAY: _("Under way"),
    Outcome.GIVEN_UP: _("Broken off by a restart"),
}


def unavailable_line(t: Translator, reason: Reason) -> Markup:
    """Why this was made without the model."""
    return t.md(REASONS[reason])
