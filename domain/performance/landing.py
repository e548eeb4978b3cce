"""Where a month will end if it goes on as it has gone so far."""

from __future__ import annotations

from typing import Final

ENOUGH: Final = 0.05
"""Less than a twentieth of a month, about one business day, tells nothing of the rest."""


def run_rate(actual: float, worked: float, whole: float) -> float | None:
    """The actual figure and its pace over the working time that is left (glossary: landing).

    `worked` and `whole` are the month's working time so far and altogether, in one unit. None while too little of it
    is over to tell.
    """
    if whole <= 0 or worked < ENOUGH * whole:
        return None
    return actual + actual / worked * max(whole - worked, 0.0)
