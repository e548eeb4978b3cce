"""Invitations as other programs read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from domain.appointments import Event, Person
from services.invitations import CANCEL, REQUEST, ics

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
EVENT = Event(
    "meeting-1@kakehashi.example",
    2,
    datetime(2026, 4, 1, 10, tzinfo=TOKYO),
    datetime(2026, 4, 1, 11, tzinfo=TOKYO),
    "お打ち合わせ: 株式会社あおば精機様; 導入のご相談、その他いろいろと長いので行を折り返さなければならない件名",
    "議題, その他\n一、現状\\課題\n二、ご提案",
    "東京都大田区1-2-3",
    Person("ito@kakehashi.example", '伊藤 "次郎"'),
    (Person("yamada@customer.example", "山田, 太郎"), Person("second@customer.example")),
)


def test_another_reader_finds_everything_in_the_invitation() -> None:
    read = vobject.readOne(ics(EVENT, REQUEST, now=NOW))
    assert read.method.value == "REQUEST"
    event = read.vevent
    assert event.uid.value == EVENT.uid
    assert event.sequence.value == "2"
    assert event.summary.value == EVENT.summary
    assert event.description.value == EVENT.description
    assert event.location.value == EVENT.location
    assert event.dtstart.value == EVENT.start
    assert event.dtend.value == EVENT.end
    assert event.organizer.value == "mailto:ito@kakehashi.example"
    assert event.organizer.cn_param == "伊藤 '次郎'"
    guests = {guest.value: guest.params for guest in event.attendee_list}
    assert guests["mailto:yamada@customer.example"]["CN"] == ["山田, 太郎"]
    assert all(params["RSVP"] == ["TRUE"] and params["PARTSTAT"] == ["NEEDS-ACTION"] for params in guests.values())


def test_lines_are_folded_by_bytes_and_end_as_they_must() -> None:
    raw = ics(EVENT, REQUEST, now=NOW).encode()
    lines = raw.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    for line in lines:
        line.decode()


def test_cancellation_names_the_same_event_and_withdraws_it() -> None:
    read = Calendar.from_ical(ics(replace(EVENT, sequence=3), CANCEL, now=NOW))
    (event,) = read.walk("VEVENT")
    assert read["METHOD"] == "CANCEL"
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (EVENT.uid, 3, "CANCELLED")


def test_what_a_calendar_keeps_has_no_method_and_invites_nobody() -> None:
    read = Calendar.from_ical(ics(EVENT, "", now=NOW))
    (event,) = read.walk("VEVENT")
    assert "METHOD" not in read
    assert {guest.params["SCHEDULE-AGENT"] for guest in (event["ORGANIZER"], *event["ATTENDEE"])} == {"CLIENT"}


@pytest.mark.parametrize(
    ("zone", "offset"), [("Asia/Tokyo", 9), ("America/New_York", -4), ("Europe/London", 1), ("Australia/Sydney", 11)]
)
def test_invitation_carries_its_zone_so_that_others_read_the_same_moment(zone: str, offset: int) -> None:
    start = datetime(2026, 4, 1, 10, tzinfo=ZoneInfo(zone))
    read = vobject.readOne(ics(replace(EVENT, start=start, end=start + timedelta(hours=1)), REQUEST, now=NOW))
    assert read.vtimezone.tzid.value == zone
    assert read.vevent.dtstart.value.utcoffset() == timedelta(hours=offset)
    assert read.vevent.dtstart.value.astimezone(UTC) == start.astimezone(UTC)


def test_moments_without_a_named_zone_are_written_in_utc() -> None:
    start = EVENT.start.astimezone(UTC)
    text = ics(replace(EVENT, start=start, end=start + timedelta(hours=1)), REQUEST, now=NOW)
    assert "DTSTART:20260401T010000Z" in text
    assert "VTIMEZONE" not in text


def test_event_over_a_change_of_clocks_is_written_in_utc() -> None:
    start = datetime(2026, 3, 8, 1, 30, tzinfo=ZoneInfo("America/New_York"))
    end = datetime(2026, 3, 8, 3, 30, tzinfo=ZoneInfo("America/New_York"))
    text = ics(replace(EVENT, start=start, end=end), REQUEST, now=NOW)
    assert "DTSTART:20260308T063000Z" in text
    assert "DTEND:20260308T073000Z" in text


TEXT = st.text(st.characters(codec="utf-8"), max_size=200)


@given(summary=TEXT, description=TEXT, name=TEXT, minutes=st.integers(0, 10_000_000))
def test_whatever_is_written_comes_back_and_adds_no_line_of_its_own(
    summary: str, description: str, name: str, minutes: int
) -> None:
    moment = NOW.astimezone(TOKYO) + timedelta(minutes=minutes)
    event = replace(
        EVENT,
        start=moment,
        end=moment + timedelta(minutes=30),
        summary=summary,
        description=description,
        attendees=(Person("yamada@customer.example", name),),
    )
    read = Calendar.from_ical(ics(event, REQUEST, now=NOW))
    (found,) = read.walk("VEVENT")
    assert str(found["SUMMARY"]) == printable(summary)
    assert str(found.get("DESCRIPTION", "")) == printable(description)
    assert found["DTSTART"].dt == moment
    assert found["ATTENDEE"] == "mailto:yamada@customer.example"
    assert len(read.walk()) == len(Calendar.from_ical(ics(EVENT, REQUEST, now=NOW)).walk())


def printable(text: str) -> str:
    """What iCalendar has a place for."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in unified if c in "\n\t" or (ord(c) >= 32 and ord(c) != 127))
