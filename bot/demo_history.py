"""The invented history: a small simulation of a sales team, day by day. The same seed gives the same history.

Pure: it draws, and writes nothing. Each draw is made with a rate of the model (bot/demo_truth.py), independent of what
was drawn before, so that observed rates approach the true ones.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import UTC, datetime

from bot import demo_words as words
from bot.demo_names import company
from bot.demo_records import DemoCall, DemoLead, Leave, Move, Records, Submission
from bot.demo_sales import Sales, one
from bot.demo_state import DAY, HOUR, MINUTE, Plan, callable_now
from bot.demo_truth import Habits, Model, Tally, Truth
from domain.leads import Source, Stage
from domain.outreach.calls import EFFECTIVE, INTENDED, Connection, Outcome, Party, RefusalReason

SLOTS = 200
"""Calls in a day that there is room for."""

_DISCUSSED = (
    (Outcome.INTERESTED, 0.34),
    (Outcome.SEND_MATERIAL, 0.3),
    (Outcome.REFUSED, 0.28),
    (Outcome.REFERRED, 0.05),
    (Outcome.DISQUALIFIED, 0.03),
)
_UNANSWERED = (
    (Connection.NO_ANSWER, 0.74),
    (Connection.VOICEMAIL, 0.17),
    (Connection.BUSY, 0.07),
    (Connection.INVALID_NUMBER, 0.02),
)

_REASONS = tuple(RefusalReason)


@dataclass(frozen=True, slots=True)
class History:
    """What happened, the rates it was drawn with, and the exact counts."""

    plan: Plan
    records: Records
    truth: Truth


def invent(model: Model, plan: Plan) -> History:
    """The history of a team over the months before `now`. Raises ValueError for less than a month."""
    if plan.months < 1:
        raise ValueError("A history needs a month at least.")
    return _Play(model, plan).all()


class _Play(Sales):
    """A team at work."""

    def all(self) -> History:
        """Play every day up to now."""
        leave = [self._leave(rep) for rep in range(len(self.model.reps))]
        for number in range(self.today + 1):
            self._day(number, [rep for rep, away in enumerate(leave) if number not in away])
        self.settle(self.now)
        self._in_order()
        return History(self.plan, self.records, Truth(self.model, self.counts))

    def _leave(self, rep: int) -> set[int]:
        """The days on which a rep is away; not lately, so that everybody is there to be looked at."""
        found: set[int] = set()
        number = 0
        while number < self.today - 5:
            # Leave takes one day and a half on average.
            if self.chance.random() < self.model.leave / 1.5:
                away = range(number, min(number + self.chance.choice((1, 1, 1, 1, 2, 3)), self.today - 4))
                self.records.leaves.append(Leave(rep, self.days[away[0]], self.days[away[-1]]))
                found.update(away)
                number = away[-1]
            number += 1
        return found

    def _day(self, number: int, present: list[int]) -> None:
        opens = self.opens[number]
        closes = min(opens + DAY, self.until) if number == self.today else opens + DAY
        if closes <= opens:
            return
        self.settle(opens)
        season = self.model.season[self.days[number].month]
        for rep in present:
            self._arrivals(number, rep, season, closes)
        answers = self._submissions(number, present, season, closes)
        for rep in present:
            self._calls(number, rep, season, closes, answers.get(rep, []))
        self.settle(min(opens + 15 * HOUR, self.now))

    # Leads come ------------------------------------------------------------------------------------------------------

    def _lead(self, owner: int, source: Source, at: int, *, by: int | None) -> DemoLead:
        number = len(self.records.leads)
        # Some three people a company, who do not come one after the other.
        account = number // 3 if number % 3 == 0 else self.chance.randrange(number // 3 + 1)
        lead = DemoLead(number, account, number, owner, source, at, self.chance.choice(words.CAME[source]), updated=at)
        self.records.leads.append(lead)
        self.records.moves.append(Move(number, by, None, Stage.NEW, at, ""))
        self.counts.leads[self.local(at).date(), source] += 1
        return lead

    def _some(self, mean: float) -> int:
        """A number of things of which there are so many on average."""
        whole, part = divmod(mean * self.chance.choice((0.0, 0.5, 1.0, 1.0, 1.5, 2.0)), 1)
        return int(whole) + (self.chance.random() < part)

    def _arrivals(self, number: int, rep: int, season: float, closes: int) -> None:
        """Leads of marketing and referrals, who are called from the next day on, if not at once; then a list, if too
        few are left."""
        opens = self.opens[number]
        for source, rates in self.model.sources.items():
            if source is Source.INBOUND_FORM or not rates.per_day:
                continue
            for _ in range(self._some(rates.per_day * season)):
                at = opens + self.chance.randrange(DAY)
                if at >= closes:
                    continue
                lead = self._lead(rep, source, at, by=rep)
                if source is Source.TRADE_SHOW and self.chance.random() < self.model.prompt:
                    heapq.heappush(self.fresh[rep], (at, lead.number))
                else:
                    self.free_in(lead, at, 1)
        there = sum(day <= number for day, _, _ in self.ready[rep]) + len(self.fresh[rep])
        there += sum(at < opens + DAY for at, _ in self.promised[rep])
        # A little more than the day will take, so that nobody ends it without a list.
        for place in range(int(self.model.reps[rep].dials * 1.35 * season) - there):
            at = opens + 30 + place
            if at < closes:
                self.free_in(self._lead(rep, Source.OUTBOUND_LIST, at, by=rep), at, 0)

    def _submissions(
        self, number: int, present: list[int], season: float, closes: int
    ) -> dict[int, list[tuple[int, int]]]:
        """Forms sent since yesterday's end; for each rep the leads to be called, with the moment of it."""
        chance, opens = self.chance, self.opens[number]
        begins = self.opens[number - 1] + DAY if number else opens
        found: dict[int, list[tuple[int, int]]] = {}
        mean = self.model.sources[Source.INBOUND_FORM].per_day * season * len(self.model.reps)
        for _ in range(self._some(mean) if present else 0):
            if chance.random() < 0.75 or begins >= opens:
                received = opens + chance.randrange(DAY)
            else:
                received = begins + chance.randrange(opens - begins)
            rep = chance.choices(present, [1 / self.model.reps[each].response_minutes for each in present])[0]
            wait = self.model.reps[rep].response_minutes * chance.lognormvariate(0, 0.6)
            responded = max(self.working(received, wait), received + 20)
            others = found.setdefault(rep, [])
            while any(abs(responded - other) < MINUTE for other, _ in others):
                responded += MINUTE
            # What would have to wait for another day comes on another day.
            if responded < closes:
                others.append((responded, self._submission(rep, received, responded)))
        return found

    def _submission(self, rep: int, received: int, responded: int) -> int:
        chance, calendar = self.chance, self.plan.calendar
        came, answered = (datetime.fromtimestamp(at, UTC) for at in (received, responded))
        team_due, manager_due = (int(calendar.add_minutes(came, minutes).timestamp()) for minutes in (3, 5))
        seconds = round(calendar.minutes_between(came, answered) * 60)
        claimed = max(received + 5, responded - chance.randrange(15, 90))
        lead = self._lead(rep, Source.INBOUND_FORM, received, by=None)
        form = int(chance.random() < 0.4)
        urgency = ("high" if chance.random() < 0.6 else "medium") if form == 0 else "low"
        self.records.submissions.append(
            Submission(lead.number, form, received, team_due, manager_due, rep, claimed, responded, seconds, urgency)
        )
        self.counts.responses.append((self.local(received).date(), rep, seconds))
        return lead.number

    # Calls -----------------------------------------------------------------------------------------------------------

    def _calls(self, number: int, rep: int, season: float, closes: int, answers: list[tuple[int, int]]) -> None:
        """A rep's calls of a day: new inbound leads at once, promised calls at their time, then the list."""
        habits = self.model.reps[rep]
        for at, place in self._slots(number, habits, season, closes, answers):
            chosen = self._next(number, rep, habits, at) if place is None else self.records.leads[place]
            if chosen is not None:
                self._call(rep, chosen, at)

    def _slots(
        self, number: int, habits: Habits, season: float, closes: int, answers: list[tuple[int, int]]
    ) -> list[tuple[int, int | None]]:
        """The moments at which a rep calls, with the lead where it is a new inbound one."""
        chance, opens = self.chance, self.opens[number]
        wanted = max(1, round(chance.gauss(habits.dials, habits.dials * 0.12) * min(1.15, season)))
        # Every other minute: between two calls there is something to write down.
        minutes: set[int] = set()
        hours = range(len(habits.hours))
        while len(minutes) < min(wanted, SLOTS):
            hour = chance.choices(hours, habits.hours)[0]
            minutes.add(hour * 60 + chance.randrange(3 if hour == 0 else 0, 30) * 2)
        listed = [opens + minute * MINUTE + chance.randrange(50) for minute in sorted(minutes)]
        free = [at for at in listed if at < closes and all(abs(at - busy) > MINUTE for busy, _ in answers)]
        return sorted([*((at, None) for at in free), *answers], key=lambda slot: slot[0])

    def _next(self, number: int, rep: int, habits: Habits, at: int) -> DemoLead | None:
        """Whom to call: a promised call that is due, else a visitor of a trade show, else whoever is on top of the
        list."""
        due, new, queue = self.promised[rep], self.fresh[rep], self.ready[rep]
        while due and due[0][0] <= at:
            promised, place = heapq.heappop(due)
            lead = self.records.leads[place]
            if not callable_now(lead) or lead.due != promised:
                continue
            if self.chance.random() < habits.punctual:
                return lead
            # Forgotten until tomorrow.
            self.free_in(lead, at, 1)
        if new and new[0][0] < at:
            return self.records.leads[heapq.heappop(new)[1]]
        while queue and queue[0][0] <= number:
            lead = self.records.leads[heapq.heappop(queue)[2]]
            # Who was promised another time meanwhile is not called before it, and nobody twice a day from the list.
            fresh = lead.called is None or lead.called < self.opens[number]
            if callable_now(lead) and fresh and lead.created < at and (lead.due is None or lead.due <= at):
                return lead
        return None

    def _call(self, rep: int, lead: DemoLead, at: int) -> None:
        """Dial, and what follows from it."""
        chance, model, local = self.chance, self.model, self.local(at)
        industry = company(lead.account).industry
        connection, party = Connection.ANSWERED, Party.NONE
        outcome: Outcome | None = None
        reason: RefusalReason | None = None
        note = ""
        if chance.random() < model.connect_rate(industry, local.weekday(), local.hour):
            party = Party.DECISION_MAKER if chance.random() < 0.35 else Party.CONTACT
            outcome, reason = self._said(lead, model.reps[rep])
        elif chance.random() < model.somebody:
            party = Party.GATEKEEPER if chance.random() < 0.7 else Party.OTHER_STAFF
            outcome = Outcome.GATEKEEPER_REFUSED if chance.random() < 0.12 else Outcome.ABSENT
        else:
            connection = one(chance, _UNANSWERED)
            if connection is Connection.INVALID_NUMBER and lead.heard:
                # A number on which somebody answered once exists.
                connection = Connection.NO_ANSWER
            note = words.VOICEMAIL if connection is Connection.VOICEMAIL else ""
        if outcome is not None:
            lead.heard = True
            note = words.REFUSED[reason] if reason else chance.choice(words.NOTED[outcome])
        promised = self._promise(at) if outcome is Outcome.CALLBACK else None
        call = DemoCall(lead.number, rep, at, connection, party, outcome, reason, note, promised)
        self.records.calls.append(call)
        connected = connection is Connection.ANSWERED and party in INTENDED
        counted = Tally(
            1,
            int(connection is Connection.ANSWERED),
            int(connected),
            int(connected and outcome in EFFECTIVE),
            int(outcome is Outcome.MEETING_SET),
        )
        self.counts.calls.setdefault((local.date(), rep, lead.source), Tally()).add(counted)
        self.counts.hours.setdefault((industry, local.weekday(), local.hour), Tally()).add(counted)
        self.followed(lead, call, connected=connected)

    def _said(self, lead: DemoLead, habits: Habits) -> tuple[Outcome, RefusalReason | None]:
        """What came of a call with the intended person."""
        chance, model = self.chance, self.model
        if chance.random() >= habits.effective:
            return (Outcome.CALLBACK if chance.random() < model.callback else Outcome.DO_NOT_CALL), None
        if chance.random() < model.sources[lead.source].meeting:
            return Outcome.MEETING_SET, None
        outcome = one(chance, _DISCUSSED)
        return outcome, chance.choice(_REASONS) if outcome is Outcome.REFUSED else None

    def _promise(self, at: int) -> int:
        """A time at which to call again: today in some hours, or one of the next days."""
        if self.chance.random() < 0.3 and at + 3 * HOUR < self.opens[self.number(at)] + DAY:
            quarter = 15 * MINUTE
            return -(-(at + 2 * HOUR) // quarter) * quarter
        return self.in_days(at, self.chance.choice((1, 1, 1, 2, 3, 5)))

    # In the end ------------------------------------------------------------------------------------------------------

    def _in_order(self) -> None:
        """Put everything in the order of time, and count how it ended."""
        records, counts = self.records, self.counts
        records.calls.sort(key=lambda call: call.at)
        records.moves.sort(key=lambda move: move.at)
        records.decided.sort(key=lambda decided: decided.at)
        records.submissions.sort(key=lambda submission: submission.received)
        records.leaves.sort(key=lambda leave: leave.first)
        for handoff in records.handoffs:
            counts.handoffs[self.local(handoff.at).date(), handoff.rep, handoff.status.value] += 1
        for meeting in records.meetings:
            counts.meetings[self.local(meeting.starts).date(), meeting.rep, meeting.status] += 1
            counts.booked[self.local(meeting.booked).date(), meeting.rep] += 1
