"""Every KPI of an invented history is exactly what was invented, on both databases.

The invented company's records are counted here a second time, in plain Python, from what the simulation says happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

import pytest
from dbos import DBOSClient

from bot.demo_names import company, person
from bot.demo_records import DemoLead, Judgement
from bot.demo_store import email_of
from bot.demo_truth import Tally
from domain.leads import Source
from domain.members import Role
from domain.performance.kpis import CATALOGUE, DURATIONS, SNAPSHOTS, Counts, Figure, Measure, State, figure
from domain.performance.windows import Span, Window, current
from domain.qualification.bant import Element, Status
from domain.qualification.handoff import HandoffStatus
from services.deps import Actor
from services.performance import kpis
from services.performance.kpis import By
from storage.database import Database
from tests.bot.invented import TEAM, ZONE, Invented, invented, keep

Belongs = Callable[[DemoLead, int], bool]
"""Whether something about a lead, done by a rep, belongs to a group."""

MINUTE, HOUR, DAY = 60, 3600, 86_400


@dataclass(frozen=True)
class Happened:
    """What an invented history says happened between two local dates, in one group."""

    kept: Invented
    window: Window
    belongs: Belongs

    def _on(self, at: int | None) -> bool:
        if at is None:
            return False
        return self.window.first <= self._day(at) <= self.window.last

    def _day(self, at: int) -> date:
        return datetime.fromtimestamp(at, UTC).astimezone(self.kept.history.plan.calendar.zone).date()

    def _count(self, cases: Iterable[tuple[int, int]]) -> int:
        leads = self.kept.history.records.leads
        return sum(self.belongs(leads[lead], rep) for lead, rep in cases)

    def counts(self, *, everybody: bool, month: bool) -> Counts:
        """All of it, measure by measure."""
        rows: dict[Measure, int] = {}
        durations: dict[Measure, list[float]] = {}
        for part in (self._calls(), self._judged(), self._handed(), self._met()):
            rows |= part
        records = self.kept.history.records
        new = [lead for lead in records.leads if self._on(lead.created)]
        rows[Measure.NEW_LEADS] = sum(self.belongs(lead, lead.owner) for lead in new)
        forms = [f for f in records.submissions if self._on(f.received)]
        forms = [f for f in forms if self.belongs(records.leads[f.lead], f.rep)]
        rows[Measure.FORMS] = rows[Measure.FORMS_ANSWERED] = len(forms)
        rows[Measure.FORMS_IN_TIME] = sum(f.seconds <= 300 for f in forms)
        durations[Measure.FORMS_ANSWERED] = [f.seconds / MINUTE for f in forms]
        shown = [lead for lead in new if lead.source is Source.TRADE_SHOW and self.belongs(lead, lead.owner)]
        waits = [self.first[lead.number] - lead.created for lead in shown if lead.number in self.first]
        now = self.kept.history.plan.now.timestamp()
        late = [each for each in shown if each.number not in self.first and now - each.created >= 48 * HOUR]
        rows[Measure.SHOW_LEADS] = len(waits) + len(late)
        rows[Measure.SHOW_LEADS_CALLED] = len(waits)
        rows[Measure.SHOW_LEADS_IN_TIME] = sum(wait <= 48 * HOUR for wait in waits)
        durations[Measure.SHOW_LEADS_CALLED] = [wait / HOUR for wait in waits]
        meetings = [m for m in records.meetings if self._on(m.booked) and self.belongs(records.leads[m.lead], m.rep)]
        rows[Measure.LEAD_TIMES] = len(meetings)
        durations[Measure.LEAD_TIMES] = [(m.starts - records.judgements[m.judgement].at) / DAY for m in meetings]
        if everybody and month:
            rows[Measure.CONTACTS] = len(records.leads)
            rows[Measure.DUPLICATES] = self._duplicates()
        return Counts(rows, {measure: sorted(values) for measure, values in durations.items()})

    @cached_property
    def first(self) -> dict[int, int]:
        """The first call of each lead."""
        found: dict[int, int] = {}
        for call in self.kept.history.records.calls:
            found.setdefault(call.lead, call.at)
        return found

    def _calls(self) -> dict[Measure, int]:
        total, days = Tally(), set()
        leads = self.kept.history.records.leads
        for call in self.kept.history.records.calls:
            if self._on(call.at) and self.belongs(leads[call.lead], call.rep):
                answered = call.connection.value == "answered"
                connected = answered and call.party.value in ("contact", "decision_maker")
                discussed = call.outcome is not None and call.outcome.value not in ("callback", "do_not_call")
                set_ = call.outcome is not None and call.outcome.value == "meeting_set"
                total.add(Tally(1, int(answered), int(connected), int(connected and discussed), int(set_)))
                days.add((self._day(call.at), call.rep))
        return {
            Measure.DIALS: total.dials,
            Measure.ANSWERED: total.answered,
            Measure.CONNECTED: total.connected,
            Measure.EFFECTIVE: total.effective,
            Measure.MEETINGS_SET: total.meetings_set,
            Measure.REP_DAYS: len(days),
        }

    def _judged(self) -> dict[Measure, int]:
        latest: dict[int, Judgement] = {}
        for each in self.kept.history.records.judgements:
            if self._day(each.at) <= self.window.last:
                latest[each.lead] = each
        leads = self.kept.history.records.leads
        found = [each for each in latest.values() if self._on(each.at) and self.belongs(leads[each.lead], each.rep)]
        return {
            Measure.JUDGED: len(found),
            Measure.BANT_COMPLETE: sum(
                all(each.answers.status(element) is not Status.NOT_ASKED for element in Element) for each in found
            ),
            Measure.SALES_QUALIFIED: sum(each.sales_qualified for each in found),
        }

    def _handed(self) -> dict[Measure, int]:
        handoffs = self.kept.history.records.handoffs
        made = self._count((h.lead, h.rep) for h in handoffs if self._on(h.at))
        answered = [h for h in handoffs if self._on(h.answered)]
        return {
            Measure.HANDOFFS: made,
            # The invented company judges by the framework's own rules.
            Measure.BY_THE_BOOK: made,
            Measure.ANSWERED_HANDOFFS: self._count((h.lead, h.rep) for h in answered),
            Measure.ACCEPTED_HANDOFFS: self._count(
                (h.lead, h.rep) for h in answered if h.status is HandoffStatus.ACCEPTED
            ),
        }

    def _met(self) -> dict[Measure, int]:
        records = self.kept.history.records
        accepted = {h.lead for h in records.handoffs if h.status is HandoffStatus.ACCEPTED}
        over = [m for m in records.meetings if self._on(m.starts) and m.status in ("held", "no_show")]
        held = [m for m in over if m.status == "held"]
        return {
            Measure.MEETINGS_BOOKED: self._count((m.lead, m.rep) for m in records.meetings if self._on(m.booked)),
            Measure.MEETINGS_DUE: self._count((m.lead, m.rep) for m in over),
            Measure.MEETINGS_HELD: self._count((m.lead, m.rep) for m in held),
            Measure.OPPORTUNITIES: self._count((m.lead, m.rep) for m in held if m.lead in accepted),
        }

    def _duplicates(self) -> int:
        seen: set[object] = set()
        found = 0
        for lead in self.kept.history.records.leads:
            keys = {email_of(lead), (lead.account, person(lead.person))}
            found += not seen.isdisjoint(keys)
            seen |= keys
        return found


def anything(_lead: DemoLead, _rep: int) -> bool:
    """Everything belongs."""
    return True


def of_rep(rep: int) -> Belongs:
    """What a rep did."""
    return lambda _lead, who: who == rep


def of_source(source: Source) -> Belongs:
    """What was done about leads of a source."""
    return lambda lead, _rep: lead.source is source


def of_segment(industry: str) -> Belongs:
    """What was done about companies of an industry."""
    return lambda lead, _rep: company(lead.account).industry == industry


def manager(kept: Invented) -> Actor:
    return Actor(TEAM, kept.staff.manager, "UM", "長", Role.MANAGER, "ja", ZONE, ZONE)


def same(found: Figure, expected: Figure) -> None:
    """Counts exactly; durations as exactly as SQLite tells moments apart."""
    assert (found.kpi.key, found.state, found.numerator, found.denominator) == (
        expected.kpi.key,
        expected.state,
        expected.numerator,
        expected.denominator,
    )
    if found.kpi.unit in DURATIONS and expected.value is not None:
        assert found.value == pytest.approx(expected.value, rel=1e-5), found.kpi.key
    else:
        assert found.value == expected.value, found.kpi.key


@pytest.fixture
async def kept(database: Database, queue_client: DBOSClient) -> Invented:
    # On a Thursday afternoon near the end of a month, so that day, week and month all hold something.
    return await keep(database, queue_client, invented(seed=11, months=3, now=datetime(2026, 4, 23, 6, tzinfo=UTC)))


@pytest.mark.parametrize("span", list(Span))
async def test_every_kpi_of_the_team_is_the_truth(kept: Invented, span: Span) -> None:
    board = await kpis.board(kept.deps, manager(kept), span)
    for window, chosen in ((board.window, "figure"), (board.before, "before")):
        # How many there were in the records then, nobody has written down.
        month = window.span is Span.MONTH and chosen == "figure"
        truth = Happened(kept, window, anything).counts(everybody=True, month=month)
        assert truth.of(Measure.DIALS) > 0
        for line in board.lines:
            same(getattr(line, chosen), figure(line.kpi, truth))


async def test_every_kpi_of_every_rep_source_and_segment_is_the_truth(kept: Invented) -> None:
    groups: dict[By, dict[str, Belongs]] = {
        By.REP: {str(member): of_rep(rep) for rep, member in enumerate(kept.staff.inside)},
        By.SOURCE: {source.value: of_source(source) for source in kept.history.truth.model.sources},
        By.SEGMENT: {industry: of_segment(industry) for industry in kept.history.truth.model.connect},
    }
    for by, of_group in groups.items():
        boards = {b.group: b for b in await kpis.boards(kept.deps, manager(kept), Span.MONTH, by)}
        assert set(boards) == set(of_group)
        for group, belongs in of_group.items():
            truth = Happened(kept, boards[group].window, belongs).counts(everybody=False, month=True)
            rows = dict(truth.rows)
            if by is not By.REP:
                # A day belongs to a rep, not to a source or a segment.
                rows[Measure.REP_DAYS] = 0
            for line in boards[group].lines:
                same(line.figure, figure(line.kpi, Counts(rows, truth.durations)))


async def test_whole_history_has_the_counts_that_were_drawn(kept: Invented) -> None:
    """Over all three months, the KPIs are the exact counts that the simulation kept while it drew."""
    counts = kept.history.truth.counts
    today = kept.deps.today(ZONE)
    window = Window(Span.MONTH, date(2026, 1, 1), today)
    board = await kpis.board(kept.deps, manager(kept), Span.MONTH, window=window)
    total = counts.total()
    expected = {
        "dials": total.dials,
        "connected": total.connected,
        "effective": total.effective,
        "meetings_set": total.meetings_set,
        "rep_days": len({(day, rep) for day, rep, _ in counts.calls}),
        "new_leads": sum(counts.leads.values()),
        "handoffs": sum(counts.handoffs.values()),
        "meetings_booked": sum(counts.booked.values()),
        "meetings_held": sum(n for (_, _, status), n in counts.meetings.items() if status == "held"),
        "first_response": len(counts.responses),
        "first_response_share": sum(seconds <= 300 for _, _, seconds in counts.responses),
    }
    assert {key: board.line(key).figure.numerator for key in expected} == expected


async def test_intervals_of_a_long_history_hold_the_true_rates(kept: Invented) -> None:
    """Wilson's interval of each rep's rate holds the rate that the rep's calls were drawn with."""
    window = Window(Span.MONTH, date(2026, 1, 1), kept.deps.today(ZONE))
    boards = await kpis.boards(kept.deps, manager(kept), Span.MONTH, By.REP, window=window)
    by_rep = {kept.rep(int(board.group)): board for board in boards}
    for rep, habits in enumerate(kept.history.truth.model.reps):
        found = by_rep[rep].line("effective_rate").figure
        assert found.interval is not None
        assert found.interval[0] < habits.effective < found.interval[1]


async def test_every_figure_has_as_many_rows_as_it_says(kept: Invented) -> None:
    window = current(Span.WEEK, kept.deps.today(ZONE))
    board = await kpis.board(kept.deps, manager(kept), Span.WEEK)
    for kpi in CATALOGUE:
        if kpi.numerator is None or kpi.numerator in SNAPSHOTS:
            continue
        page = await kpis.rows(kept.deps, manager(kept), kpi.key, window)
        assert page.total == board.line(kpi.key).figure.numerator, kpi.key
    assert board.line("dials").figure.state is State.MEASURED
