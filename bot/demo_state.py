"""The state of the simulation of a sales team (bot/demo_history.py): its days, what is still to happen, who is next."""

from __future__ import annotations

import heapq
import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.demo_records import Decided, DemoLead, Move, Records
from bot.demo_truth import Counts, Model
from domain.calendar import BusinessCalendar, add_months
from domain.leads import DisqualifyReason, NextStep, Source, Stage

MINUTE, HOUR = 60, 3600
DAY = 9 * HOUR
"""Of the invented company: from nine to six."""
MORNING = 100 * MINUTE
"""Today's work is shown after so much of it, however late it is: half of the morning."""
AHEAD = 90
"""Days after today for which something may be planned."""
MAX_ATTEMPTS = 8
"""Dials without reaching anybody after which a lead is let rest."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to invent. `now` is aware; nothing but plans lies after it. `calendar` must work on the day of `now`, from
    nine to six."""

    seed: int
    months: int
    now: datetime
    calendar: BusinessCalendar


class State:
    """Where the simulation stands."""

    def __init__(self, model: Model, plan: Plan) -> None:
        self.model, self.plan = model, plan
        self.chance = random.Random(plan.seed)  # noqa: S311 - repeatable, not secret
        self.now = int(plan.now.timestamp())
        self.records, self.counts = Records(), Counts()
        zone, calendar = plan.calendar.zone, plan.calendar
        today = plan.now.astimezone(zone).date()
        first = add_months(today, -plan.months)
        days = [first + timedelta(days=n) for n in range((today - first).days + AHEAD)]
        self.days: list[date] = [day for day in days if calendar.is_business_day(day)]
        self.opens = [int(datetime.combine(day, calendar.opens, zone).timestamp()) for day in self.days]
        self.today = self.days.index(today)
        # What is shown of today: half of a morning, and never more than there has been.
        self.until = min(self.now, self.opens[self.today] + MORNING)
        self.ready: list[list[tuple[int, int, int]]] = [[] for _ in model.reps]
        """For each rep, leads that may be called: (day, order, lead)."""
        self.fresh: list[list[tuple[int, int]]] = [[] for _ in model.reps]
        """For each rep, new leads that are called before the list: (when they came, lead)."""
        self.promised: list[list[tuple[int, int]]] = [[] for _ in model.reps]
        """For each rep, calls that have a time: (moment, lead)."""
        self._waiting: list[tuple[int, int, Callable[[int], None]]] = []
        self._tick = 0

    def later(self, at: int, happen: Callable[[int], None]) -> None:
        """Let something happen at a moment; what lies after now never does."""
        if at <= self.now:
            self._tick += 1
            heapq.heappush(self._waiting, (at, self._tick, happen))

    def settle(self, moment: int) -> None:
        """Let happen what was to happen up to a moment."""
        while self._waiting and self._waiting[0][0] <= moment:
            at, _, happen = heapq.heappop(self._waiting)
            happen(at)

    def local(self, at: int) -> datetime:
        """The moment on the team's clocks."""
        return datetime.fromtimestamp(at, self.plan.calendar.zone)

    def number(self, at: int) -> int:
        """The business day that a moment belongs to: the last one that had begun."""
        return max(0, bisect_right(self.opens, at) - 1)

    def working(self, at: int, minutes: float) -> int:
        """The moment at which so many business minutes have passed."""
        number, left = self.number(at), minutes * MINUTE
        while True:
            begin = max(at, self.opens[number])
            room = self.opens[number] + DAY - begin
            if room > 0:
                if left < room:
                    return int(begin + left)
                left -= room
            number += 1

    def in_days(self, at: int, days: int) -> int:
        """A moment on the half hour, so many business days later."""
        return self.opens[self.number(at) + days] + self.chance.randrange(17) * 30 * MINUTE

    def free_in(self, lead: DemoLead, at: int, days: int) -> None:
        """The lead may be called again in so many business days."""
        # New leads who know us go first, the rest as the list has it.
        room = _FIRST.get(lead.source, 100)
        order = self.chance.randrange(1000) if lead.called else self.chance.randrange(room)
        heapq.heappush(self.ready[lead.owner], (self.number(at) + days, order, lead.number))

    def move(self, lead: DemoLead, stage: Stage, person: int | None, at: int, reason: str = "") -> None:
        """Put a lead into a stage, which counts its version up, and write the move down if it is one."""
        if stage is not lead.stage:
            self.records.moves.append(Move(lead.number, person, lead.stage, stage, at, reason))
            lead.stage = stage
        lead.updated, lead.version = at, lead.version + 1

    def decide(
        self,
        lead: DemoLead,
        rep: int,
        step: NextStep,
        at: int,
        *,
        due: int | None = None,
        reason: DisqualifyReason | None = None,
        note: str = "",
    ) -> None:
        """Set a lead's next step, move it and write it down. A call that has a time waits for it."""
        out = step is NextStep.DISQUALIFY
        lead.step, lead.due, lead.out = (None if out else step), due, reason
        stages = {
            NextStep.CALL: Stage.WORKING,
            NextStep.NURTURE: Stage.NURTURING,
            NextStep.DISQUALIFY: Stage.DISQUALIFIED,
        }
        self.move(lead, stages[step], rep, at, note)
        self.records.decided.append(Decided(lead.number, rep, step, due, reason, at, note))
        if step is NextStep.CALL and due is not None:
            heapq.heappush(self.promised[lead.owner], (due, lead.number))


_FIRST = {Source.TRADE_SHOW: 10, Source.REFERRAL: 10, Source.OUTBOUND_LIST: 1000}
"""Among how many places of the list a new lead of a source is put; others among a hundred."""


def callable_now(lead: DemoLead) -> bool:
    """Whether the lead is on a list of calls."""
    return lead.stage in (Stage.NEW, Stage.WORKING) and lead.stopped is None and lead.attempts < MAX_ATTEMPTS
