"""Events as iCalendar objects (RFC 5545): invitations by mail (RFC 5546, 6047) and entries of CalDAV calendars."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Timezone, TimezoneStandard, vCalAddress, vText
from icalendar import Event as Component

from domain.appointments import Event, Person
from services.deps import wall_clock

REQUEST = "REQUEST"
CANCEL = "CANCEL"
_PRODUCT = "-//Kakehashi//Inside sales//EN"


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
    if _in_zone(event):
        calendar.add_component(_zone(event.start))
    calendar.add_component(_component(event, method, now or wall_clock()))
    return bytes(calendar.to_ical()).decode()


def _in_zone(event: Event) -> bool:
    """Whether the event's times are written in its zone: a named one, whose clocks do not change meanwhile. Others are
    written in UTC; offsets without a zone's name have no place in iCalendar."""
    zone = event.start.tzinfo
    return isinstance(zone, ZoneInfo) and zone.key != "UTC" and event.start.utcoffset() == _end(event).utcoffset()


def _end(event: Event) -> datetime:
    return event.end.astimezone(event.start.tzinfo)


def _zone(moment: datetime) -> Timezone:
    """The zone as it is at this moment. Programs that know its name go by that; the others, of which some read nothing
    but fixed offsets rightly, need no more for a single event."""
    observance = TimezoneStandard()
    observance.add("dtstart", datetime(1970, 1, 1))  # noqa: DTZ001 - a zone's own beginning is in no zone
    observance.add("tzoffsetfrom", moment.utcoffset())
    observance.add("tzoffsetto", moment.utcoffset())
    observance.add("tzname", moment.tzname())
    zone = Timezone()
    zone.add("tzid", str(moment.tzinfo))
    zone.add_component(observance)
    return zone


def _component(event: Event, method: str, now: datetime) -> Component:
    component = Component()
    component.add("uid", event.uid)
    component.add("sequence", event.sequence)
    component.add("dtstamp", now.astimezone(UTC))
    in_zone = _in_zone(event)
    component.add("dtstart", event.start if in_zone else event.start.astimezone(UTC))
    component.add("dtend", _end(event) if in_zone else event.end.astimezone(UTC))
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
