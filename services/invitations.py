"""Events as iCalendar objects (RFC 5545): invitations by mail (RFC 5546, 6047) and entries of CalDAV calendars."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Timezone, vCalAddress, vText
from icalendar import Event as Component

from domain.appointments import Event, Person
from services.deps import wall_clock

REQUEST = "REQUEST"
CANCEL = "CANCEL"
_PRODUCT = "-//Kakehashi//Inside sales//EN"
_YEARS = 2
"""How many years of a zone's changes an invitation carries."""


def ics(event: Event, method: str, *, now: datetime | None = None) -> str:
    """The invitation (`REQUEST`) or its withdrawal (`CANCEL`), as text with CRLF line ends.

    `method` "" makes the object that a calendar keeps: RFC 4791 allows no method there, and the server is told not to
    invite anybody itself (RFC 6638), because we do. `now` is the moment of making; None: the present one.
    """
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    if method:
        calendar.add("method", method)
    zone = event.start.tzinfo
    if isinstance(zone, ZoneInfo) and zone.key != "UTC":
        first, last = event.start.date(), event.end.date()
        calendar.add_component(
            Timezone.from_tzinfo(
                zone,
                zone.key,
                first_date=first.replace(month=1, day=1, year=first.year - _YEARS),
                last_date=last.replace(month=12, day=31, year=last.year + _YEARS),
            )
        )
    calendar.add_component(_component(event, method, now or wall_clock()))
    return bytes(calendar.to_ical()).decode()


def _component(event: Event, method: str, now: datetime) -> Component:
    component = Component()
    component.add("uid", event.uid)
    component.add("sequence", event.sequence)
    component.add("dtstamp", now.astimezone(UTC))
    component.add("dtstart", _moment(event.start))
    component.add("dtend", _moment(event.end))
    component.add("summary", _text(event.summary))
    if event.description:
        component.add("description", _text(event.description))
    if event.location:
        component.add("location", _text(event.location))
    component.add("status", "CANCELLED" if method == CANCEL else "CONFIRMED")
    component.add("transp", "OPAQUE")
    if event.organizer.address:
        component.add("organizer", _person(event.organizer, method))
    for attendee in event.attendees:
        person = _person(attendee, method)
        person.params["CUTYPE"] = vText("INDIVIDUAL")
        person.params["ROLE"] = vText("REQ-PARTICIPANT")
        person.params["PARTSTAT"] = vText("NEEDS-ACTION")
        person.params["RSVP"] = vText("FALSE" if method == CANCEL else "TRUE")
        component.add("attendee", person, encode=False)
    return component


def _moment(moment: datetime) -> datetime:
    # Offsets without a zone's name have no place in iCalendar.
    return moment if isinstance(moment.tzinfo, ZoneInfo) and moment.tzinfo.key != "UTC" else moment.astimezone(UTC)


def _person(person: Person, method: str) -> vCalAddress:
    result = vCalAddress(f"mailto:{_line(person.address)}")
    if person.name:
        # Double quotes cannot be written in a parameter (RFC 5545, 3.2).
        result.params["CN"] = vText(_line(person.name).replace('"', "'"))
    if not method:
        result.params["SCHEDULE-AGENT"] = vText("CLIENT")
    return result


def _text(text: str) -> str:
    """Without the control characters that iCalendar has no place for (RFC 5545, 3.3.11); line ends stay."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in "\n\t" or (ord(c) >= 32 and ord(c) != 127))


def _line(text: str) -> str:
    return " ".join(_text(text).split())
