"""When the right reps could meet a customer (work item 3-5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers.timezone import time_zones_for_number
from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar import BusinessCalendar
from domain.errors import Code, Refused
from domain.qualification.handoff import Candidate, Fit, suggest
from domain.qualification.meetings import (
    Diary,
    MeetingRules,
    Slot,
    Span,
    cells,
    footprint,
    free_slots,
    in_turn,
    is_free,
    is_visit,
    loads,
)
from services import calendars, rules, teams
from services.deps import Deps
from services.qualification.meeting_records import Free, RepSlots
from storage import handoffs as handoff_queries
from storage import meetings as queries
from storage.handoffs import FieldRepRow

RULES = "meetings"
"""The kind of a team's rules about its meetings."""
TURNS_SINCE = timedelta(days=28)
"""How far back the round robin looks: a rep who is new is not given everything until the others' years are made up."""
MAX_REPS = 12
"""Whose calendars are asked for one form."""
MARGIN = timedelta(hours=6)
"""Around the horizon: what travel and buffers of the last meeting reach into."""


@dataclass(frozen=True, slots=True)
class _Ranked:
    row: FieldRepRow
    zone: str
    fits: tuple[Fit, ...]
    right: bool
    turns: int


def customer_zone(phone: str, fallback: str) -> str:
    """Where a customer probably is, by the telephone number; `fallback` where the number does not say."""
    try:
        found = time_zones_for_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return fallback
    known = [name for name in found if name != "Etc/Unknown" and is_zone(name)]
    return fallback if not known or fallback in known else known[0]


def is_zone(name: str) -> bool:
    """Whether this is the name of a time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # Names such as "../x" and "Europe" are no files that it may read.
        return False
    return bool(name)


def customer_calendar(rules_: MeetingRules, zone: str, now: datetime) -> BusinessCalendar:
    """The hours at which customers are met, in their own zone, without its holidays where those are known."""
    known = teams.business_calendar(zone, now.astimezone(ZoneInfo(zone)).year)
    return replace(known, opens=time.fromisoformat(rules_.customer_from), closes=time.fromisoformat(rules_.customer_to))


async def free(
    deps: Deps,
    team_id: str,
    lead_address: str,
    lead_industry: str,
    zone: str,
    *,
    place: str | None = None,
    minutes: int | None = None,
    only: Sequence[int] | None = None,
    but: int | None = None,
) -> Free:
    """The slots of the right reps, and of the others after them; `only` of these members.

    `place` None: where the team's meetings are. `but`: a meeting that is being moved, whose own time counts as free.
    Refused: INVALID `zone`.
    """
    if not is_zone(zone):
        raise Refused(Code.INVALID, "zone")
    now = deps.now()
    async with deps.reading(team_id) as session:
        found = await rules.of(session, RULES, MeetingRules())
        ranked = await _ranked(session, lead_address, lead_industry, now)
        if only is not None:
            ranked = [rep for rep in ranked if rep.row.member_id in only]
        ranked = ranked[:MAX_REPS]
        diaries = await _diaries(session, [(rep.row.member_id, rep.zone) for rep in ranked], found, now, but)
        moved = await queries.meeting(session, but) if but is not None else None
    own = Span(moved.starts_at, moved.ends_at) if moved else None
    busy = await calendars.busy(
        deps, team_id, list(diaries), now - MARGIN, now + timedelta(days=found.horizon_days + 1) + MARGIN
    )
    customer = customer_calendar(found, zone, now)
    visit = is_visit(found.place if place is None else place)

    def slots(member_id: int) -> tuple[Slot, ...]:
        taken = [Span(b.start, b.end) for b in busy.get(member_id) or []]
        diary = replace(diaries[member_id], busy=[part for span in taken for part in _without(span, own)])
        return tuple(free_slots(diary, customer, found, now, minutes=minutes, visit=visit))

    return Free(
        tuple(
            RepSlots(
                rep.row.member_id,
                rep.row.slack_user,
                rep.row.name,
                tuple(fit for fit in rep.fits if fit is not Fit.LIGHTEST_LOAD),
                rep.right,
                rep.turns,
                busy.get(rep.row.member_id, []) is not None,
                slots(rep.row.member_id),
            )
            for rep in ranked
        ),
        zone,
        found,
    )


async def still_free(deps: Deps, team_id: str, slot: Slot, place: str, *, but: int | None = None) -> bool:
    """Whether nothing in the rep's calendar stands in the way of a slot now. What our own meetings take is left to the
    unique cells; a calendar that cannot be read stands in nobody's way."""
    async with deps.reading(team_id) as session:
        found = await rules.of(session, RULES, MeetingRules())
        moved = await queries.meeting(session, but) if but is not None else None
    around = footprint(slot.span, found, visit=is_visit(place))
    busy = (await calendars.busy(deps, team_id, [slot.member_id], around.start - MARGIN, around.end + MARGIN)).get(
        slot.member_id
    )
    own = Span(moved.starts_at, moved.ends_at) if moved and moved.rep_id == slot.member_id else None
    spans = [part for b in busy or [] for part in _without(Span(b.start, b.end), own)]
    # The calendar's own hours do not matter here: whoever agreed on a time may work then.
    diary = Diary(slot.member_id, BusinessCalendar(ZoneInfo("UTC")), spans)
    return is_free(diary, slot.span, found, visit=is_visit(place))


async def unoccupied(deps: Deps, team_id: str, slots: Sequence[Slot], place: str) -> list[Slot]:
    """Those of the slots in whose way nothing stands now, neither in the reps' calendars nor among our meetings.

    When one would be proposed does not matter here: what was offered once may be chosen until it begins.
    """
    now = deps.now()
    slots = [slot for slot in slots if slot.start > now]
    if not slots:
        return []
    members = sorted({slot.member_id for slot in slots})
    around = Span(min(slot.start for slot in slots) - MARGIN, max(slot.end for slot in slots) + MARGIN)
    async with deps.reading(team_id) as session:
        found = await rules.of(session, RULES, MeetingRules())
        touched = cells(around)
        taken = await queries.taken(session, members, touched.start, touched.stop)
    busy = await calendars.busy(deps, team_id, members, around.start, around.end)
    diaries = {
        member: Diary(
            member,
            BusinessCalendar(ZoneInfo("UTC")),
            [Span(b.start, b.end) for b in busy.get(member) or []],
            taken[member],
        )
        for member in members
    }
    visit = is_visit(place)
    return [slot for slot in slots if is_free(diaries[slot.member_id], slot.span, found, visit=visit)]


async def taken_cells(session: AsyncSession, slot: Slot, place: str) -> range:
    """The cells that a meeting at this place takes of its rep."""
    found = await rules.of(session, RULES, MeetingRules())
    return cells(footprint(slot.span, found, visit=is_visit(place)))


def _without(span: Span, own: Span | None) -> list[Span]:
    """What is left of a busy span when the meeting's own entry is left out: it does not stand in its own way."""
    if own is None or not span.overlaps(own):
        return [span]
    parts = [Span(span.start, own.start), Span(own.end, span.end)]
    return [part for part in parts if part.start < part.end]


async def _ranked(session: AsyncSession, address: str, industry: str, now: datetime) -> list[_Ranked]:
    """All field-sales reps: those who fit best by their turns, then the others by how they fit."""
    by_id = {row.member_id: row for row in await handoff_queries.field_reps(session)}
    zones = {row.member_id: row.zone for row in await queries.reps(session)}
    suggested = suggest(
        [Candidate(r.member_id, tuple(r.territories), tuple(r.industries), r.load) for r in by_id.values()],
        address,
        industry,
    )
    if not suggested:
        return []

    def coverage(fits: tuple[Fit, ...]) -> tuple[bool, bool]:
        return Fit.TERRITORY in fits, Fit.INDUSTRY in fits

    best = coverage(suggested[0].fits)
    right = [s.member_id for s in suggested if coverage(s.fits) == best]
    history = await queries.turns(session, list(by_id), now - TURNS_SINCE)
    had = loads(by_id, history)
    fits = {s.member_id: s.fits for s in suggested}
    order = in_turn(right, history) + [s.member_id for s in suggested if coverage(s.fits) != best]
    return [_Ranked(by_id[m], zones[m], fits[m], m in right, had[m]) for m in order]


async def _diaries(
    session: AsyncSession, reps: Sequence[tuple[int, str]], rules_: MeetingRules, now: datetime, but: int | None
) -> dict[int, Diary]:
    members = [member_id for member_id, _ in reps]
    last = now + timedelta(days=rules_.horizon_days + 1)
    around = cells(Span(now - MARGIN, last + MARGIN))
    taken = await queries.taken(session, members, around.start, around.stop, but=but)
    leave: dict[int, set[date]] = {member_id: set() for member_id in members}
    for member_id, start, end in await queries.away(session, members, now.date() - timedelta(days=1), last.date()):
        leave[member_id] |= {start + timedelta(days=n) for n in range((end - start).days + 1)}
    by_zone = {zone: await teams.team_calendar(session, zone, now) for zone in {zone for _, zone in reps}}
    return {
        member_id: Diary(member_id, by_zone[zone], (), taken[member_id], frozenset(leave[member_id]))
        for member_id, zone in reps
    }
