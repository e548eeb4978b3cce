"""What follows from a call in the invented history: next steps, judgements, handoffs, meetings."""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

from bot import demo_words as words
from bot.demo_names import company, person
from bot.demo_records import POLICY, DemoCall, DemoHandoff, DemoLead, DemoMeeting, Judgement, Reopened
from bot.demo_state import DAY, HOUR, MAX_ATTEMPTS, MINUTE, Plan, State, callable_now
from bot.demo_team import COVERAGE
from bot.demo_truth import Model
from domain.leads import DisqualifyReason, NextStep, Stage, after_verdict
from domain.outreach.calls import Connection, Outcome, RefusalReason
from domain.qualification.bant import Answer, Answers, Authority, Budget, BudgetState, Level, Need, Status, Timeline
from domain.qualification.handoff import HandoffStatus, Package
from domain.qualification.verdict import judge

T = TypeVar("T")

ACKNOWLEDGE_MINUTES = 60
MEETING, BUFFER, CELL = HOUR, 15 * MINUTE, 5 * MINUTE
CALLED_EARLY = 15 * MINUTE
"""A dial this long before a promised time keeps the promise."""
LATELY = 4
"""Of the leads qualified in so many days, one still has to be handed off."""
UNANSWERED = 3
"""Of the handoffs of so many days, one still waits for each field-sales rep's answer."""

_LEFT = {
    RefusalReason.BUDGET: DisqualifyReason.NO_BUDGET,
    RefusalReason.NEED: DisqualifyReason.NO_NEED,
    RefusalReason.NOT_DECISION_MAKER: DisqualifyReason.NOT_DECISION_MAKER,
    RefusalReason.TIMING: DisqualifyReason.TIMING,
    RefusalReason.COMPETITOR: DisqualifyReason.COMPETITOR,
}


def one(chance: random.Random, shares: Sequence[tuple[T, float]]) -> T:
    """One of several, by their shares."""
    return chance.choices([each for each, _ in shares], [share for _, share in shares])[0]


class Sales(State):
    """Reacts to calls."""

    def __init__(self, model: Model, plan: Plan) -> None:
        super().__init__(model, plan)
        self._taken: list[set[int]] = [set() for _ in range(model.field)]
        """The five-minute cells of each field-sales rep's meetings."""
        self._left: set[str] = set()
        """What was left undone on purpose, lately."""
        self._turn = 0

    def followed(self, lead: DemoLead, call: DemoCall, *, connected: bool) -> None:
        """What a call changes, and what is planned after it."""
        rep, at, chance = call.rep, call.at, self.chance
        if connected:
            lead.attempts = 0
        else:
            dead = call.connection is Connection.INVALID_NUMBER
            lead.attempts = max(lead.attempts + 1, MAX_ATTEMPTS if dead else 0)
        lead.called = at
        if lead.step is NextStep.CALL and lead.due is not None and at >= lead.due - CALLED_EARLY:
            lead.step = lead.due = None
        match call.outcome:
            case Outcome.CALLBACK:
                lead.step, lead.due = NextStep.CALL, call.promised
                heapq.heappush(self.promised[lead.owner], (call.promised or at, lead.number))
            case Outcome.DO_NOT_CALL | Outcome.DISQUALIFIED:
                stop = call.outcome is Outcome.DO_NOT_CALL
                lead.out = DisqualifyReason.DO_NOT_CALL if stop else DisqualifyReason.OUT_OF_SCOPE
                lead.step = lead.due = None
                lead.stopped = at if stop else None
                self.move(lead, Stage.DISQUALIFIED, rep, at)
                return
        self.move(lead, Stage.WORKING, rep, at)
        match call.outcome:
            case None | Outcome.ABSENT | Outcome.GATEKEEPER_REFUSED:
                self._not_reached(lead, call)
            case Outcome.REFUSED if chance.random() < 0.6:
                reason = _LEFT[call.reason] if call.reason else DisqualifyReason.NO_NEED
                self.decide(lead, rep, NextStep.DISQUALIFY, at, reason=reason)
            case Outcome.REFUSED:
                self._rest(lead, rep, at)
            case Outcome.REFERRED:
                self.free_in(lead, at, chance.randrange(2, 5))
            case Outcome.SEND_MATERIAL:
                self._call_again(lead, rep, at, 0.75)
            case Outcome.INTERESTED:
                self._call_again(lead, rep, at, 0.7)
                if chance.random() < 0.45:
                    self.later(at + chance.randrange(3, 10) * MINUTE, partial(self._judge, lead, rep, 0.12, False))
            case Outcome.MEETING_SET:
                lead.step = lead.due = None
                self.later(
                    at + chance.randrange(3, 10) * MINUTE, partial(self._judge, lead, rep, self.model.ready, True)
                )

    def _not_reached(self, lead: DemoLead, call: DemoCall) -> None:
        if call.connection is Connection.INVALID_NUMBER:
            self.decide(lead, call.rep, NextStep.DISQUALIFY, call.at, reason=DisqualifyReason.OUT_OF_SCOPE)
        elif lead.attempts >= MAX_ATTEMPTS:
            self._rest(lead, call.rep, call.at)
        elif lead.due is None or lead.due <= call.at:
            self.free_in(lead, call.at, self.chance.choice((1, 1, 2, 2, 3, 4)))

    def _rest(self, lead: DemoLead, rep: int, at: int) -> None:
        """Let a lead rest for some weeks, after which it is worked again."""
        due = self.in_days(at, self.chance.randrange(20, 40))
        self.decide(lead, rep, NextStep.NURTURE, at, due=due)
        self.later(due, partial(self._reopen, lead, rep))

    def _reopen(self, lead: DemoLead, rep: int, at: int) -> None:
        lead.step = lead.due = lead.out = None
        lead.attempts = 0
        self.move(lead, Stage.WORKING, rep, at)
        self.records.reopened.append(Reopened(lead.number, rep, at))
        self.free_in(lead, at, 1)

    def _call_again(self, lead: DemoLead, rep: int, at: int, share: float) -> None:
        """Mostly a day is agreed; else the lead stays in the list without a next step."""
        days = self.chance.randrange(3, 8)
        if self.chance.random() < share:
            self.decide(lead, rep, NextStep.CALL, at, due=self.in_days(at, days))
        else:
            self.free_in(lead, at, days)

    # Judgements ------------------------------------------------------------------------------------------------------

    def _judge(self, lead: DemoLead, rep: int, ready: float, agreed: bool, at: int) -> None:
        if not callable_now(lead):
            return
        chance, day = self.chance, self.local(at).date()
        asked = [chance.random() < self.model.asked for _ in range(4)]
        answers = self._answers(lead, at, asked, willing=chance.random() < ready)
        verdict = judge(answers, POLICY, day).sales_qualified
        if verdict:
            lead.step, lead.due, lead.out = NextStep.HAND_OFF, None, None
        self.move(lead, after_verdict(lead.stage, verdict), rep, at)
        place = len(self.records.judgements)
        self.records.judgements.append(Judgement(lead.number, rep, at, day, answers, verdict, lead.stage))
        self.counts.judged.append((day, rep, sum(asked), verdict))
        if verdict:
            to = self._receiver(lead)
            self.later(at + chance.randrange(2, 12) * MINUTE, partial(self._hand_off, lead, place, to))
        elif agreed:
            # The meeting waits until what is missing is known.
            self.decide(lead, rep, NextStep.CALL, at + MINUTE, due=self.in_days(at, chance.randrange(2, 4)))

    def _answers(self, lead: DemoLead, at: int, asked: list[bool], *, willing: bool) -> Answers:
        chance = self.chance

        def status(place: int) -> Status:
            if not asked[place]:
                return Status.NOT_ASKED
            return Status.CONFIRMED if willing or chance.random() < 0.4 else Status.NOT_CONFIRMED

        surname, given = person(lead.person)
        day = self.local(at).date()
        start = day + timedelta(days=chance.randrange(14, 80) if willing else chance.randrange(120, 400))
        # Things begin on Mondays.
        start += timedelta(days=-start.weekday() % 7)
        sure = {place: status(place) is Status.CONFIRMED for place in range(4)}
        return Answers(
            budget=Budget(
                *(Status.CONFIRMED, chance.randrange(2, 40) * 500_000, chance.choice(list(BudgetState)[:3]))
                if sure[0]
                else (_unsure(asked[0]),)
            ),
            authority=Authority(Status.CONFIRMED, f"{surname.ja} {given.ja}", "", chance.choice(words.PROCESSES))
            if sure[1]
            else Authority(_unsure(asked[1])),
            need=Need(
                Status.CONFIRMED if sure[2] else _unsure(asked[2]),
                urgency=chance.choice(list(Level)) if asked[2] else None,
                severity=chance.choice(list(Level)) if asked[2] else None,
                note=chance.choice(words.PAINS) if asked[2] else "",
            ),
            timeline=Timeline(Status.CONFIRMED if sure[3] else _unsure(asked[3]), start if asked[3] else None),
            pain_recognised=Answer.YES if willing or chance.random() < 0.6 else Answer.UNKNOWN,
            intent_stated=Answer.YES if willing or chance.random() < 0.3 else Answer.NO,
            call_summary=chance.choice(words.SUMMARIES),
        )

    # Handoffs --------------------------------------------------------------------------------------------------------

    def _receiver(self, lead: DemoLead) -> int:
        """Who of field sales covers the company; in turn, where several do or nobody."""
        address = company(lead.account).address
        fitting = [
            rep
            for rep in range(self.model.field)
            if any(territory in address for territory in COVERAGE[rep % len(COVERAGE)].territories)
        ] or list(range(self.model.field))
        self._turn += 1
        return fitting[self._turn % len(fitting)]

    def _lately(self, what: str, at: int, days: int) -> bool:
        """Whether something of the last days is to be left undone; once."""
        if self.number(at) <= self.today - days or what in self._left:
            return False
        self._left.add(what)
        return True

    def _hand_off(self, lead: DemoLead, judged: int, to: int, at: int) -> None:
        rep, chance = lead.owner, self.chance
        if self._lately("hand off", at, LATELY):
            return
        lead.step = NextStep.WAIT_FOR_FIELD_SALES
        self.move(lead, Stage.HANDED_OFF, rep, at)
        answers = self.records.judgements[judged].answers
        handoff = DemoHandoff(
            lead.number, judged, rep, to, self._package(lead, answers), at, self.working(at, ACKNOWLEDGE_MINUTES)
        )
        self.records.handoffs.append(handoff)
        meeting = self._book(lead, judged, to, at) if chance.random() < 0.95 else None
        if not self._lately(f"answer of {to}", at, UNANSWERED):
            wait = 22 * chance.lognormvariate(0, 0.7)
            self.later(self.working(at, wait), partial(self._answer, handoff, meeting))

    def _package(self, lead: DemoLead, answers: Answers) -> Package:
        about, (surname, given) = company(lead.account), person(lead.person)
        return Package(
            company=f"{about.name}（{about.industry}、{about.address}）",
            key_persons=f"{surname.ja} {given.ja}",
            background=lead.note,
            worries=self.chance.choice(words.WORRIES),
            hopes=self.chance.choice(words.HOPES),
            call_summary=answers.call_summary,
        )

    def _answer(self, handoff: DemoHandoff, meeting: DemoMeeting | None, at: int) -> None:
        lead, person_ = self.records.leads[handoff.lead], len(self.model.reps) + handoff.to
        handoff.answered = at
        if self.chance.random() < self.model.accepted:
            handoff.status = HandoffStatus.ACCEPTED
            lead.step = lead.due = None
            self.move(lead, Stage.ACCEPTED, person_, at)
            return
        handoff.status = HandoffStatus.RETURNED
        handoff.why = self.chance.choice(list(words.RETURNS.items()))
        lead.step, lead.due = NextStep.CALL, self.working(at, 0)
        self.move(lead, Stage.WORKING, person_, at, handoff.why[0].value)
        heapq.heappush(self.promised[lead.owner], (lead.due, lead.number))
        if meeting is not None and meeting.status == "booked":
            self._cancel(meeting, "member", "差し戻しのため", at)

    # Meetings --------------------------------------------------------------------------------------------------------

    def _book(self, lead: DemoLead, judged: int, to: int, at: int) -> DemoMeeting:
        """A free hour of the field-sales rep, some business days ahead."""
        chance, today = self.chance, self.number(at)
        taken = self._taken[to]
        days = chance.randrange(2, 11)
        while True:
            starts = self.opens[today + days] + HOUR + chance.randrange(14) * 30 * MINUTE
            cells = range(starts // CELL, (starts + MEETING + BUFFER) // CELL)
            if taken.isdisjoint(cells):
                break
            # Full days are passed over sooner or later.
            days += chance.random() < 0.2
        taken.update(cells)
        meeting = DemoMeeting(lead.number, judged, lead.owner, to, starts, starts + MEETING, at + 30)
        self.records.meetings.append(meeting)
        drawn = chance.random()
        if drawn < self.model.held + self.model.no_show:
            status = "held" if drawn < self.model.held else "no_show"
            told = meeting.ends + chance.randrange(5, 90) * MINUTE
            # How today's went, nobody has said yet.
            if self.number(meeting.ends) < self.today:
                self.later(told, partial(self._told, meeting, status))
        else:
            before = self.opens[self.number(starts) - 1] + chance.randrange(DAY)
            self.later(before, partial(self._cancel, meeting, "customer", chance.choice(words.CANCELLED)))
        return meeting

    @staticmethod
    def _told(meeting: DemoMeeting, status: str, at: int) -> None:
        if meeting.status == "booked":
            meeting.status, meeting.told = status, at

    def _cancel(self, meeting: DemoMeeting, who: str, why: str, at: int) -> None:
        if meeting.status == "booked":
            meeting.status, meeting.cancelled_by, meeting.reason, meeting.changed = "cancelled", who, why, at
            self._taken[meeting.to].difference_update(cells_of(meeting))


def cells_of(meeting: DemoMeeting) -> range:
    """The five-minute cells that a meeting takes of its rep, the free time after it included."""
    return range(meeting.starts // CELL, (meeting.ends + BUFFER) // CELL)


def _unsure(asked: bool) -> Status:
    return Status.NOT_CONFIRMED if asked else Status.NOT_ASKED
