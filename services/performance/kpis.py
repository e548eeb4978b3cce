"""KPIs with their values: for today, a week, a month; by rep, source or segment; and the rows behind each figure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar import BusinessCalendar
from domain.errors import Code, Refused
from domain.members import Permission, require
from domain.performance.kpis import (
    BY_KEY,
    CALL_MEASURES,
    CATALOGUE,
    DURATIONS,
    NOTHING,
    SNAPSHOTS,
    Counts,
    Figure,
    Kpi,
    Measure,
    Unit,
    figure,
    find,
    measures,
)
from domain.performance.windows import Span, Window, current, previous
from domain.qualification.bant import Answers
from domain.qualification.verdict import Policy, judge
from services.deps import Actor, Deps
from services.teams import team_calendar
from storage import kpis as queries
from storage.kpis import EVERYBODY, Between

PAGE = 10
_SECONDS: Mapping[Unit, float] = {Unit.MINUTES: 60, Unit.HOURS: 3600, Unit.DAYS: 86_400}
_TIMED: Mapping[Measure, Unit] = {
    kpi.numerator: kpi.unit for kpi in CATALOGUE if kpi.numerator is not None and kpi.unit in DURATIONS
}
_EVERY = frozenset(Measure)
_COUNTED = tuple(
    measure
    for measure in Measure
    if measure not in {*CALL_MEASURES, *SNAPSHOTS, *_TIMED, Measure.REP_DAYS, Measure.BY_THE_BOOK}
)


class By(StrEnum):
    """How figures can be broken down."""

    REP = "rep"
    SOURCE = "source"
    SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class Line:
    """A KPI now and in the window before, and what it should be (`target`, None: nothing was set)."""

    figure: Figure
    before: Figure
    target: float | None = None

    @property
    def kpi(self) -> Kpi:
        """What it is the figure of."""
        return self.figure.kpi


@dataclass(frozen=True, slots=True)
class Board:
    """The catalogue with values. `group` and `name` are set where it is one rep's, source's or segment's."""

    window: Window
    before: Window
    business_days: int
    lines: tuple[Line, ...]
    by: By | None = None
    group: str = EVERYBODY
    name: str = ""

    def line(self, key: str) -> Line:
        """One KPI's."""
        return next(line for line in self.lines if line.kpi.key == key)


@dataclass(frozen=True, slots=True)
class Row:
    """One row behind a figure. `detail` is the row's own code, such as a call's outcome or a meeting's status."""

    at: datetime | None
    day: date | None
    member: str
    account: str
    contact: str
    lead_id: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the rows behind a figure; `measure` is what they are counted as, `total` how many there are."""

    kpi: Kpi
    measure: Measure
    window: Window
    total: int
    number: int
    rows: tuple[Row, ...]

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(-(-self.total // PAGE), 1)


async def board(
    deps: Deps,
    actor: Actor,
    span: Span,
    *,
    window: Window | None = None,
    by: By | None = None,
    group: str | None = None,
) -> Board:
    """The catalogue for the window that now is in, or another; of the team, or of one group of a breakdown.

    Refused: NOT_ALLOWED.
    """
    require(actor.role, Permission.READ)
    (found,) = await of_team(deps, actor.team_id, actor.team_zone, span, window=window, by=by, group=group or EVERYBODY)
    return found


async def boards(
    deps: Deps,
    actor: Actor,
    span: Span,
    by: By,
    *,
    window: Window | None = None,
    keys: Collection[str] = BY_KEY,
) -> list[Board]:
    """The same for each group of a breakdown, most dials first; `keys`: only with these KPIs, of which "dials" is one.
    Refused: NOT_ALLOWED."""
    require(actor.role, Permission.READ)
    return await of_team(deps, actor.team_id, actor.team_zone, span, window=window, by=by, keys=keys)


async def of_team(
    deps: Deps,
    team_id: str,
    zone: str,
    span: Span,
    *,
    window: Window | None = None,
    by: By | None = None,
    group: str | None = None,
    keys: Collection[str] = BY_KEY,
) -> list[Board]:
    """The boards of a team, whoever asks: one, or one for each group in which something happened, or that of `group`
    alone. `keys`: only with these KPIs."""
    now = deps.now()
    kpis = [kpi for kpi in CATALOGUE if kpi.key in keys]
    needed = measures(kpis)
    async with deps.reading(team_id) as session:
        calendar = await team_calendar(session, zone, now)
        window = window or current(span, deps.today(zone))
        before = previous(window, calendar)
        counted = await count(session, calendar, window, now, by, only=needed)
        # How many were in the records then was not written down.
        counted_before = await count(session, calendar, before, now, by, snapshots=False, only=needed)
        aims = await queries.targets(session)
        wanted = [group] if group is not None else list(counted)
        called = await names(session, by, wanted)
    days = window.business_days(calendar)
    found = []
    for key in wanted:
        now_, then = counted.get(key, NOTHING), counted_before.get(key, NOTHING)
        member = int(key) if by is By.REP and key else None
        own = aims if by in (None, By.REP) else []
        lines = tuple(
            Line(
                figure(kpi, now_),
                figure(kpi, then),
                _target(own, kpi, window.span, member) if own else None,
            )
            for kpi in kpis
        )
        if group is not None or by is None or any(map(_anything, lines)):
            found.append(Board(window, before, days, lines, by, key, called.get(key, key)))
    return sorted(found, key=lambda each: (-each.line("dials").figure.numerator, each.name))


def _anything(line: Line) -> bool:
    """Whether anything happened that this line tells of, in its window or in the one before."""
    return any(each.numerator or each.denominator for each in (line.figure, line.before))


async def count(
    session: AsyncSession,
    calendar: BusinessCalendar,
    window: Window,
    now: datetime,
    by: By | None = None,
    *,
    rolled_up: bool = True,
    snapshots: bool = True,
    only: frozenset[Measure] = _EVERY,
) -> dict[str, Counts]:
    """What is counted in a window, by group. `rolled_up` False: calls from their rows; `snapshots` False: without what
    is only known as it is now; `only`: these alone (calls have their own all together).

    Everybody in the records is only counted for months: it is the largest question, and the slowest to change.
    """
    between = Between(*window.moments(calendar), now)
    rows: dict[str, dict[Measure, int]] = {} if by is not None else {EVERYBODY: {}}
    timed: dict[str, dict[Measure, Sequence[float]]] = {}
    if not only.isdisjoint(CALL_MEASURES):
        if rolled_up and by is not By.SEGMENT:
            calls = await queries.calls_rolled_up(session, window.first, window.last, by)
        else:
            calls = await queries.calls_from_rows(session, between, by)
        for group, counted in calls.items():
            rows.setdefault(group, {}).update(zip(CALL_MEASURES, counted, strict=True))
    if by in (None, By.REP) and Measure.REP_DAYS in only:
        for group, n in (await queries.rep_days(session, window.first, window.last, by)).items():
            rows.setdefault(group, {})[Measure.REP_DAYS] = n
    asked = [measure for measure in _COUNTED if measure in only]
    if snapshots and by is None and window.span is Span.MONTH:
        asked += sorted(SNAPSHOTS & only)
    for group, of_group in (await queries.count_all(session, asked, between, by)).items():
        rows.setdefault(group, {}).update(of_group)
    if Measure.BY_THE_BOOK in only:
        for handoff in await queries.judged_handoffs(session, between, by):
            if by_the_book(handoff):
                rows_of = rows.setdefault(handoff.group, {})
                rows_of[Measure.BY_THE_BOOK] = rows_of.get(Measure.BY_THE_BOOK, 0) + 1
    for measure in only & _TIMED.keys():
        unit = _TIMED[measure]
        for group, seconds in (await queries.durations(session, measure, between, by)).items():
            timed.setdefault(group, {})[measure] = tuple(value / _SECONDS[unit] for value in seconds)
            rows.setdefault(group, {})[measure] = len(seconds)
    return {group: Counts(counted, timed.get(group, {})) for group, counted in rows.items()}


def by_the_book(handoff: queries.JudgedHandoff) -> bool:
    """Whether a handoff's judgement meets the framework's definition, on the day it was made."""
    day = date.fromisoformat(handoff.judged_on)
    return judge(Answers.from_json(handoff.answers), Policy(), day).sales_qualified


async def rows(
    deps: Deps,
    actor: Actor,
    key: str,
    window: Window,
    *,
    denominator: bool = False,
    by: By | None = None,
    group: str = EVERYBODY,
    page: int = 1,
) -> Page:
    """A page of the rows behind a figure's numerator or denominator, newest first.

    Refused: NOT_ALLOWED, NOT_FOUND `kpi` for one that has no rows.
    """
    require(actor.role, Permission.READ)
    kpi = find(key)
    measure = kpi.denominator if denominator else kpi.numerator
    if measure is None:
        raise Refused(Code.NOT_FOUND, "kpi")
    now, offset = deps.now(), (max(page, 1) - 1) * PAGE
    async with deps.reading(actor.team_id) as session:
        calendar = await team_calendar(session, actor.team_zone, now)
        between = Between(*window.moments(calendar), now)
        if measure is Measure.REP_DAYS:
            days = await queries.rep_days(session, window.first, window.last, by)
            member = int(group) if by is By.REP and group else None
            found = await queries.rep_days_behind(
                session, window.first, window.last, member_id=member, offset=offset, limit=PAGE
            )
            listed = [Row(None, day, name, "", "", None, str(dials)) for day, name, dials in found]
            return Page(kpi, measure, window, days.get(group, 0), max(page, 1), tuple(listed))
        only: list[int] | None = None
        if measure is Measure.BY_THE_BOOK:
            judged = await queries.judged_handoffs(session, between, by)
            chosen = [h.handoff_id for h in judged if h.group == group and by_the_book(h)]
            total, only = len(chosen), chosen[::-1][offset : offset + PAGE]
        else:
            total = (await queries.count(session, measure, between, by)).get(group, 0)
        behind = await queries.rows_behind(
            session,
            measure,
            between,
            by=by,
            group=group,
            only=only,
            offset=0 if only is not None else offset,
            limit=PAGE,
        )
    made = tuple(
        Row(r.at, None, r.member or "", r.account or "", r.contact or "", r.lead_id, r.detail or "") for r in behind
    )
    return Page(kpi, measure, window, total, max(page, 1), made)


async def names(session: AsyncSession, by: By | None, counted: Iterable[str]) -> dict[str, str]:
    """How groups are called: reps by name, sources and segments by themselves."""
    if by is not By.REP:
        return {}
    named = await queries.member_names(session, [int(group) for group in counted if group])
    return {str(member): name for member, name in named.items()}


def _target(aims: Sequence[queries.TargetRow], kpi: Kpi, span: Span, member_id: int | None) -> float | None:
    """The newest that fits: a count has one for each window, anything else the same for all."""
    fitting = [
        aim.value
        for aim in aims
        if aim.kpi == kpi.key and aim.member_id == member_id and (not kpi.additive or aim.window == span.value)
    ]
    return fitting[-1] if fitting else None
