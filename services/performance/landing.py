"""Where the month will end: what was reached, its pace, and what was to be reached (`landing` of the assistant)."""

from __future__ import annotations

from dataclasses import dataclass

from domain.members import Permission, require
from domain.performance.landing import run_rate
from domain.performance.windows import Span, whole
from services.deps import Actor, Deps
from services.performance import kpis
from services.performance.kpis import Board, Line
from services.teams import team_calendar

ALWAYS = ("dials", "meetings_set", "sales_qualified", "meetings_held")
"""Shown with a target and without."""


@dataclass(frozen=True, slots=True)
class Landing:
    """One KPI: `line` as it stands; `lands` None while it is too early to tell."""

    line: Line
    lands: float | None

    @property
    def gap(self) -> float | None:
        """How much is missing to the target; below 0 what is over it. None without one."""
        value = self.line.figure.value
        return None if self.line.target is None else self.line.target - (value or 0.0)


@dataclass(frozen=True, slots=True)
class Month:
    """The month so far. Days are business days, today among those that are over."""

    board: Board
    days_over: int
    days: int
    landings: tuple[Landing, ...]


async def month(deps: Deps, actor: Actor) -> Month:
    """Where counts of the team will land this month, those with a target first. Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    now = deps.now()
    board = await kpis.board(deps, actor, Span.MONTH)
    entire = whole(board.window)
    async with deps.reading(actor.team_id) as session:
        calendar = await team_calendar(session, actor.team_zone, now)
    begins, ends = entire.moments(calendar)
    worked, altogether = calendar.minutes_between(begins, now), calendar.minutes_between(begins, ends)
    landings = [
        Landing(line, run_rate(line.figure.value or 0.0, worked, altogether))
        for line in board.lines
        if line.kpi.additive and (line.target is not None or line.kpi.key in ALWAYS)
    ]
    landings.sort(key=lambda each: each.line.target is None)
    return Month(board, board.business_days, entire.business_days(calendar), tuple(landings))
