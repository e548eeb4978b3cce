"""When a meeting can be, whose turn it is, and how one ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import BusinessCalendar
from domain.errors import Code, Refused, Rejected
from domain.leads import NextStep, Stage
from domain.qualification.meetings import (
    CELL,
    COUNTS,
    EPOCH,
    Diary,
    MeetingRules,
    MeetingStatus,
    Reminder,
    Slot,
    Span,
    Turn,
    cells,
    check_close,
    check_movable,
    due,
    footprint,
    free_slots,
    in_turn,
    is_free,
    is_visit,
    loads,
    spread,
    stage_when_booked,
)

TOKYO, BERLIN, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
# A Wednesday, nine in the morning in Tokyo.
NOW = datetime(2026, 4, 1, 0, 0, tzinfo=UTC)
RULES = MeetingRules(notice_minutes=0, horizon_days=1, buffer_minutes=0, lunch_from="", lunch_to="")
DESK = Diary(1, BusinessCalendar(TOKYO))
CUSTOMER = BusinessCalendar(TOKYO)


def at(hour: int, minute: int = 0, day: int = 1, zone: ZoneInfo = TOKYO, month: int = 4) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=zone)


def starts(
    diary: Diary = DESK, rules: MeetingRules = RULES, customer: BusinessCalendar = CUSTOMER, **more: bool
) -> list:
    found = free_slots(diary, customer, rules, NOW, visit=more.get("visit", False))
    return [slot.start.astimezone(TOKYO).strftime("%d %H:%M") for slot in found]


# Slots


def test_free_day_has_a_slot_at_each_step_until_the_last_that_ends_in_time() -> None:
    assert starts(rules=replace(RULES, step_minutes=60, horizon_days=0)) == [
        f"01 {hour:02}:00" for hour in range(9, 18)
    ]


@pytest.mark.parametrize(
    ("busy", "buffer", "missing"),
    [
        # Something from 11:00 to 12:00: an hour's meeting fits neither into it nor over its edges.
        ((at(11), at(12)), 0, {"10:30", "11:00", "11:30"}),
        # With a quarter of an hour around it, neither may one end at 11:00 nor begin at 12:00.
        ((at(11), at(12)), 15, {"10:00", "10:30", "11:00", "11:30", "12:00"}),
        # A minute is enough to stand in the way.
        ((at(11, 59), at(12)), 0, {"11:00", "11:30"}),
        ((at(8), at(9)), 0, set()),
    ],
)
def test_what_is_in_the_calendar_stands_in_the_way(
    busy: tuple[datetime, datetime], buffer: int, missing: set[str]
) -> None:
    rules = replace(RULES, buffer_minutes=buffer, horizon_days=0)
    everything = {text[3:] for text in starts(rules=rules)}
    left = {text[3:] for text in starts(replace(DESK, busy=[Span(*busy)]), rules)}
    assert everything - left == missing


def test_nobody_is_kept_from_lunch_by_the_customers_clock() -> None:
    rules = replace(RULES, lunch_from="12:00", lunch_to="13:00", horizon_days=0)
    assert {text[3:] for text in starts(rules=RULES)} - {text[3:] for text in starts(rules=rules)} == {
        "11:30",
        "12:00",
        "12:30",
    }
    # In Kolkata it is noon when it is 15:30 in Tokyo.
    kolkata = BusinessCalendar(ZoneInfo("Asia/Kolkata"))
    hours = [text[3:] for text in starts(rules=rules, customer=kolkata)]
    assert hours == ["12:30", "13:00", "13:30", "14:00", "14:30", "16:30", "17:00"]


def test_two_meetings_have_one_buffer_between_them() -> None:
    rules = replace(RULES, buffer_minutes=15)
    first = frozenset(cells(footprint(Span(at(10), at(11)), rules, visit=False)))
    diary = replace(DESK, taken=first)
    assert not is_free(diary, Span(at(11, 10), at(12)), rules, visit=False)
    assert is_free(diary, Span(at(11, 15), at(12, 15)), rules, visit=False)
    assert is_free(diary, Span(at(8, 45), at(9, 45)), rules, visit=False)
    assert not is_free(diary, Span(at(8, 50), at(9, 50)), rules, visit=False)


def test_visit_needs_the_way_there_and_back() -> None:
    rules = replace(RULES, travel_minutes=60, buffer_minutes=0)
    diary = replace(DESK, busy=[Span(at(12), at(13))])
    assert is_free(diary, Span(at(10), at(11)), rules, visit=True)
    assert not is_free(diary, Span(at(10, 30), at(11, 30)), rules, visit=True)
    assert is_free(diary, Span(at(11), at(12)), rules, visit=False)
    assert not is_free(diary, Span(at(13, 30), at(14, 30)), rules, visit=True)


@pytest.mark.parametrize(
    ("place", "visit"),
    [("", False), ("  ", False), ("https://meet.example/abc", False), ("HTTP://x", False), ("東京都大田区", True)],
)
def test_only_an_address_is_travelled_to(place: str, visit: bool) -> None:
    assert is_visit(place) is visit


def test_notice_counts_the_reps_business_time() -> None:
    # Two hours from Wednesday 17:00 end on Thursday at 10:00.
    evening = at(17)
    found = free_slots(DESK, CUSTOMER, replace(RULES, notice_minutes=120, horizon_days=2), evening, visit=False)
    assert next(found).start == at(10, day=2)


def test_holidays_leave_and_weekends_have_no_slots() -> None:
    rules = replace(RULES, horizon_days=6, step_minutes=120)
    closed = BusinessCalendar(TOKYO, holidays=frozenset({date(2026, 4, 2)}))
    diary = replace(DESK, calendar=closed, away=frozenset({date(2026, 4, 3)}))
    # Wednesday; holiday, leave, weekend; Monday and Tuesday.
    assert {text[:2] for text in starts(diary, rules)} == {"01", "06", "07"}
    # The customer's holidays count as the rep's do.
    assert "02" not in {text[:2] for text in starts(rules=rules, customer=closed)}


def test_customer_in_berlin_is_met_in_the_hours_both_work() -> None:
    berlin = BusinessCalendar(BERLIN, opens=time(9), closes=time(18))
    # Nine in Berlin is 16:00 in Tokyo in summer time, 17:00 in winter.
    assert starts(rules=replace(RULES, horizon_days=0), customer=berlin) == ["01 16:00", "01 16:30", "01 17:00"]
    winter = at(9, day=2, month=3)
    found = list(free_slots(DESK, berlin, replace(RULES, horizon_days=0), winter, visit=False))
    assert [slot.start.astimezone(TOKYO).hour for slot in found] == [17]


def test_slots_follow_the_clock_through_the_change_to_summer_time() -> None:
    # In Berlin the clocks go forward on Sunday, 29 March 2026.
    rep = Diary(1, BusinessCalendar(BERLIN))
    customer = BusinessCalendar(BERLIN)
    friday = datetime(2026, 3, 27, 6, tzinfo=UTC)
    found = list(free_slots(rep, customer, replace(RULES, horizon_days=3), friday, visit=False))
    assert {slot.start.astimezone(BERLIN).strftime("%a") for slot in found} == {"Fri", "Mon"}
    by_day = {
        day: [s.start for s in found if s.start.astimezone(BERLIN).strftime("%a") == day] for day in ("Fri", "Mon")
    }
    assert by_day["Fri"][0] == datetime(2026, 3, 27, 8, tzinfo=UTC)
    assert by_day["Mon"][0] == datetime(2026, 3, 30, 7, tzinfo=UTC)
    assert len(by_day["Fri"]) == len(by_day["Mon"]) == 17


moments = st.integers(0, 60 * 24 * 60).map(lambda minute: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minute))
lengths = st.timedeltas(timedelta(seconds=1), timedelta(hours=5))
zones = st.sampled_from([TOKYO, BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata")])


@st.composite
def diaries(draw: st.DrawFn) -> Diary:
    spans = [
        Span(start, start + timedelta(minutes=draw(st.integers(1, 600))))
        for start in draw(st.lists(moments, max_size=5))
    ]
    met = [Span(start, start + timedelta(hours=1)) for start in draw(st.lists(moments, max_size=5))]
    taken = frozenset(cell for span in met for cell in cells(span))
    return Diary(1, BusinessCalendar(draw(zones)), spans, taken)


@given(
    diaries(),
    zones,
    moments,
    st.sampled_from([15, 30, 45, 60, 90]),
    st.sampled_from([0, 10, 15, 60]),
    st.booleans(),
)
def test_every_slot_keeps_every_rule(
    diary: Diary, zone: ZoneInfo, now: datetime, minutes: int, buffer: int, visit: bool
) -> None:
    customer = BusinessCalendar(zone)
    rules = MeetingRules(minutes=minutes, buffer_minutes=buffer, horizon_days=4, notice_minutes=30)
    found = list(free_slots(diary, customer, rules, now, visit=visit))
    assert found == sorted(found)
    for slot in found:
        assert slot.end - slot.start == timedelta(minutes=minutes)
        assert slot.start >= now + timedelta(minutes=30)
        for calendar in (diary.calendar, customer):
            start, end = slot.start.astimezone(calendar.zone), slot.end.astimezone(calendar.zone)
            assert calendar.is_business_day(start.date())
            assert start.date() == end.date()
            assert calendar.opens <= start.time()
            assert end.time() <= calendar.closes
        takes = footprint(slot.span, rules, visit=visit)
        assert not any(busy.overlaps(takes) for busy in diary.busy)
        assert diary.taken.isdisjoint(cells(takes))


@given(moments, lengths, moments, lengths)
def test_spans_that_overlap_share_a_cell(a: datetime, long: timedelta, b: datetime, other: timedelta) -> None:
    one, two = Span(a, a + long), Span(b, b + other)
    if one.overlaps(two):
        assert set(cells(one)) & set(cells(two))


@given(moments, st.integers(1, 60), st.integers(0, 60), st.integers(1, 60))
def test_spans_on_the_grid_that_do_not_overlap_share_no_cell(start: datetime, long: int, gap: int, other: int) -> None:
    begin = EPOCH + ((start - EPOCH) // CELL) * CELL
    one = Span(begin, begin + long * CELL)
    two = Span(one.end + gap * CELL, one.end + (gap + other) * CELL)
    assert not set(cells(one)) & set(cells(two))


def slot(hour: int, day: int) -> Slot:
    return Slot(at(hour, day=day), at(hour + 1, day=day), 1)


def test_proposals_are_of_different_days_and_times_of_the_day() -> None:
    free = [slot(hour, day) for day in (1, 2, 3, 6) for hour in (9, 10, 13, 14)]
    found = spread(free, 3, TOKYO)
    assert [s.start.day for s in found] == [1, 2, 3]
    assert {s.start.hour >= 12 for s in found} == {True, False}


@given(st.lists(st.tuples(st.integers(9, 16), st.integers(1, 9)), unique=True), st.integers(0, 6))
def test_proposals_are_free_slots_and_as_many_as_there_can_be(free: list[tuple[int, int]], count: int) -> None:
    slots = [slot(*each) for each in free]
    found = spread(slots, count, TOKYO)
    assert len(set(found)) == len(found) == min(count, len(slots))
    assert set(found) <= set(slots)
    assert found == sorted(found)
    days = {s.start.day for s in slots}
    assert len({s.start.day for s in found}) == min(count, len(days))


# Turns


STATUSES = st.sampled_from(MeetingStatus)
turns = st.builds(Turn, st.integers(1, 5), moments, STATUSES)


@given(st.sets(st.integers(1, 5), min_size=1), st.lists(turns, max_size=30))
def test_whoever_is_next_had_the_fewest_turns_that_counted(members: set[int], history: list[Turn]) -> None:
    order = in_turn(members, history)
    had = loads(members, history)
    assert set(order) == members
    assert had[order[0]] == min(had.values())
    assert [had[m] for m in order] == sorted(had.values())


@given(st.integers(1, 6), st.lists(st.one_of(st.none(), st.integers(0, 200)), max_size=60))
def test_loads_of_equally_able_reps_differ_by_at_most_one_when_all_meetings_are_held(
    reps: int, steps: list[int | None]
) -> None:
    history: list[Turn] = []
    for n, _ in enumerate(steps):
        (first, *_rest) = in_turn(range(reps), history)
        history.append(Turn(first, NOW + timedelta(minutes=n)))
        had = loads(range(reps), history).values()
        assert max(had) - min(had) <= 1


@given(st.integers(2, 6), st.lists(st.one_of(st.none(), st.integers(0, 200)), min_size=1, max_size=80))
def test_loads_are_level_again_after_no_shows_and_cancellations(reps: int, steps: list[int | None]) -> None:
    """None: a meeting is given; a number: one of those given falls through."""
    history: list[Turn] = []
    for n, step in enumerate(steps):
        before = loads(range(reps), history).values()
        if step is None:
            history.append(Turn(in_turn(range(reps), history)[0], NOW + timedelta(minutes=n)))
            had = loads(range(reps), history).values()
            # Giving never makes it less level.
            assert max(had) - min(had) <= max(1, max(before) - min(before))
        elif history:
            lost = step % len(history)
            status = MeetingStatus.NO_SHOW if step % 2 else MeetingStatus.CANCELLED
            history[lost] = replace(history[lost], status=status)
    had = loads(range(reps), history)
    owed = sum(max(had.values()) - load for load in had.values())
    for n in range(owed):
        history.append(Turn(in_turn(range(reps), history)[0], NOW + timedelta(days=1, minutes=n)))
    after = loads(range(reps), history).values()
    assert max(after) - min(after) <= 1


@pytest.mark.parametrize("status", list(MeetingStatus))
def test_no_show_and_cancellation_give_the_turn_back(status: MeetingStatus) -> None:
    history = [Turn(1, NOW, status)]
    assert in_turn([1, 2], history)[0] == (2 if status in COUNTS else 1)


def test_equal_loads_go_to_whoever_waits_longest() -> None:
    history = [Turn(1, NOW), Turn(2, NOW - timedelta(days=1)), Turn(3, NOW - timedelta(days=2))]
    assert in_turn([1, 2, 3], history) == [3, 2, 1]


# Endings


B, H, N, C = MeetingStatus.BOOKED, MeetingStatus.HELD, MeetingStatus.NO_SHOW, MeetingStatus.CANCELLED


@pytest.mark.parametrize("current", list(MeetingStatus))
@pytest.mark.parametrize("target", list(MeetingStatus))
def test_meeting_ends_only_in_ways_that_make_sense(current: MeetingStatus, target: MeetingStatus) -> None:
    allowed = {(B, H), (B, N), (B, C), (H, N), (H, C), (N, H), (N, C)}
    if (current, target) in allowed:
        check_close(current, target, NOW, NOW)
        return
    with pytest.raises(Refused) as refused:
        check_close(current, target, NOW, NOW)
    assert refused.value.code is Code.ALREADY_DONE


@pytest.mark.parametrize("target", [H, N])
def test_nothing_is_said_to_have_happened_before_it_began(target: MeetingStatus) -> None:
    with pytest.raises(Refused) as refused:
        check_close(B, target, NOW, NOW - timedelta(seconds=1))
    assert refused.value.field == "status"
    check_close(B, C, NOW, NOW - timedelta(days=1))


def test_customer_moves_until_it_begins_and_we_also_later() -> None:
    check_movable(B, NOW, NOW - timedelta(seconds=1), by_customer=True)
    check_movable(B, NOW, NOW + timedelta(hours=2), by_customer=False)
    for status, by_customer in ((B, True), (C, False), (H, False)):
        with pytest.raises(Refused):
            check_movable(status, NOW, NOW, by_customer=by_customer)


@pytest.mark.parametrize(
    ("stage", "goes_to"),
    [
        (Stage.NEW, (Stage.WORKING, NextStep.WAIT_FOR_FIELD_SALES)),
        (Stage.WORKING, (Stage.WORKING, NextStep.WAIT_FOR_FIELD_SALES)),
        (Stage.NURTURING, (Stage.WORKING, NextStep.WAIT_FOR_FIELD_SALES)),
        (Stage.SALES_QUALIFIED, (Stage.SALES_QUALIFIED, NextStep.HAND_OFF)),
        (Stage.HANDED_OFF, None),
        (Stage.ACCEPTED, None),
    ],
)
def test_booking_moves_the_lead(stage: Stage, goes_to: tuple[Stage, NextStep] | None) -> None:
    assert stage_when_booked(stage) == goes_to


def test_no_meeting_is_booked_with_a_lead_that_is_out() -> None:
    with pytest.raises(Refused) as refused:
        stage_when_booked(Stage.DISQUALIFIED)
    assert refused.value.code is Code.WRONG_STAGE


D, S, Q = Reminder.DAY_BEFORE, Reminder.SOON, Reminder.OUTCOME


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(days=-1, seconds=-1), set()),
        (timedelta(days=-1), {D}),
        (timedelta(days=-1, minutes=29), {D}),
        # Too late for yesterday's: the reminder would say “tomorrow” and be wrong.
        (timedelta(days=-1, minutes=30), set()),
        (timedelta(minutes=-16), set()),
        (timedelta(minutes=-15), {S}),
        (timedelta(seconds=-1), {S}),
        (timedelta(), set()),
        (timedelta(minutes=69), set()),
        (timedelta(minutes=70), {Q}),
        (timedelta(days=7), {Q}),
        (timedelta(days=8), set()),
    ],
)
def test_reminders_fall_due_at_their_times(ago: timedelta, expected: set[Reminder]) -> None:
    booked = NOW - timedelta(days=3)
    assert due(NOW, NOW + timedelta(hours=1), booked, NOW + ago) == expected


def test_meeting_set_within_a_day_is_not_reminded_of_at_once() -> None:
    made = NOW - timedelta(hours=23, minutes=50)
    assert due(NOW, NOW + timedelta(hours=1), made, made) == set()
    made = NOW - timedelta(minutes=14)
    assert due(NOW, NOW + timedelta(hours=1), made, NOW - timedelta(minutes=13)) == set()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"minutes": 10}, "minutes"),
        ({"minutes": 31}, "minutes"),
        ({"step_minutes": 0}, "step_minutes"),
        ({"buffer_minutes": -5}, "buffer_minutes"),
        ({"travel_minutes": 500}, "travel_minutes"),
        ({"notice_minutes": -1}, "notice_minutes"),
        ({"horizon_days": 0}, "horizon_days"),
        ({"offer_days": 31}, "offer_days"),
        ({"customer_from": "19:00"}, "customer_to"),
        ({"customer_from": "nine"}, "customer_from"),
        ({"lunch_from": "13:00"}, "lunch_to"),
        ({"lunch_to": ""}, "lunch_from"),
        ({"place": "x" * 501}, "place"),
    ],
)
def test_rules_that_make_no_sense_are_rejected(changed: dict[str, object], field: str) -> None:
    MeetingRules().check()
    with pytest.raises(Rejected) as rejected:
        replace(MeetingRules(), **changed).check()
    assert field in {refused.field for refused in rejected.value.refusals}
