"""The mail after a call or a meeting: on what occasion it is written (work item 2-5)."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

from domain.errors import Code, Refused, Rejected
from domain.outreach.calls import Outcome

MAX_SUBJECT = 120
MAX_BODY = 2900
"""What one field of a form holds, with room for what Slack counts otherwise."""


_gap = re.compile(r"[{｛][^{}｛｝\n]{1,60}[}｝]").search


class Occasion(StrEnum):
    """What the mail follows."""

    CALL = "call"
    """The person was spoken to."""
    MATERIAL = "material"
    """Material was promised."""
    MEETING_SET = "meeting_set"
    MEETING_HELD = "meeting_held"


def occasion_of(outcome: Outcome | None, called_at: datetime | None, met_at: datetime | None) -> Occasion:
    """The occasion, from the last call with the intended person and the last meeting that was held (None: never).

    Refused: INCOMPLETE `occasion` where there was neither: whom nobody has spoken to has not agreed to be written to.
    """
    if met_at is not None and (called_at is None or met_at >= called_at):
        return Occasion.MEETING_HELD
    if called_at is None:
        raise Refused(Code.INCOMPLETE, "occasion")
    return {Outcome.SEND_MATERIAL: Occasion.MATERIAL, Outcome.MEETING_SET: Occasion.MEETING_SET}.get(
        outcome or Outcome.INTERESTED, Occasion.CALL
    )


def check(subject: str, text: str) -> tuple[str, str]:
    """Subject and text without spaces around them, the subject in one line.

    Rejected: REQUIRED, TOO_LONG on either, INCOMPLETE where something in braces is still to be filled in.
    """
    subject, text = " ".join(subject.split()), text.strip()
    refusals = [Refused(Code.REQUIRED, name) for name, said in (("subject", subject), ("text", text)) if not said]
    refusals += [
        Refused(Code.TOO_LONG, name, most=most)
        for name, said, most in (("subject", subject, MAX_SUBJECT), ("text", text, MAX_BODY))
        if len(said) > most
    ]
    refusals += [Refused(Code.INCOMPLETE, name) for name, said in (("subject", subject), ("text", text)) if _gap(said)]
    if refusals:
        raise Rejected(*refusals)
    return subject, text
