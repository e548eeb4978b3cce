"""A meeting's whole way with a real mail server and a real calendar server beside the bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Event

from bot.settings import Settings
from domain.mail import Sender
from handlers.qualification.meeting_form import slot_of
from services import mail
from services.calendars import connecting
from services.qualification import meetings
from services.smtp import Security
from tests.handlers.conftest import ADMIN, DEADLINE, FS, IS, World, eventually
from tests.handlers.test_meetings import TEAM, TEAM_ID, actor, block, booking_form, new_lead, offered
from tests.servers.process import serving
from tests.servers.radicale import entries, put, radicale
from tests.services.test_smtp import arrived

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    folder = tmp_path / "letters"
    folder.mkdir()
    return folder


@pytest.fixture
async def settings(settings: Settings, letters: Path) -> AsyncIterator[Settings]:
    """The house with a mail server."""
    async with serving("tests.servers.smtp", str(letters), "none") as printed:
        more = {
            "caldav_private_networks": "127.0.0.0/8",
            "smtp_host": "127.0.0.1",
            "smtp_port": printed["port"],
            "mail_from": "sales@hoshimi-tech.example",
        }
        yield settings.model_copy(update=more | {"smtp_security": Security.NONE})


async def letter(letters: Path, method: str, number: int) -> tuple[EmailMessage, Event]:
    """The `number`th letter, and the event of its invitation."""
    await eventually(lambda: len(arrived(letters)) >= number)
    message = arrived(letters)[number - 1]
    (part,) = [p for p in message.walk() if p.get_content_type() == "text/calendar"]
    assert part.get_param("method") == method
    content = part.get_content()
    calendar = Calendar.from_ical(content if isinstance(content, str) else content.decode())
    assert calendar["METHOD"] == method
    return message, calendar.walk("VEVENT")[0]


async def in_calendar(url: str, uid: str, start: datetime | None) -> None:
    """Waits until the rep's calendar has the meeting at this time; None: not any more."""
    async with asyncio.timeout(DEADLINE):
        while True:
            text = await entries(url, "ito")
            found = [e for e in Calendar.from_ical(text).walk("VEVENT") if e["UID"] == uid] if text.strip() else []
            if [e.decoded("DTSTART").astimezone(UTC) for e in found] == ([start] if start else []):
                return
            await asyncio.sleep(0.05)


def entry(start: datetime, end: datetime) -> str:
    utc = "%Y%m%dT%H%M%SZ"
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:dentist", "DTSTAMP:20260101T000000Z")
    times = (f"DTSTART:{start.astimezone(UTC):{utc}}", f"DTEND:{end.astimezone(UTC):{utc}}")
    return "\r\n".join((*lines, *times, "SUMMARY:dentist", "END:VEVENT", "END:VCALENDAR", ""))


async def test_letters_and_calendar_follow_a_meeting_from_booking_to_cancellation(
    world: World, letters: Path, tmp_path: Path
) -> None:
    deps = world.house.deps
    await mail.set_sender(deps, await actor(world, ADMIN), Sender("星見", "東京都", "info@hoshimi-tech.example"))
    async with radicale(tmp_path) as url:
        tanaka = await actor(world, FS)
        await connecting.connect_caldav(deps, tanaka, url=url, name="ito", password="correct horse")
        await new_lead(world)
        before = [
            slot_of(value)
            for value in offered(await booking_form(world))
            if slot_of(value).member_id == tanaka.member_id
        ]
        taken = before[2]
        await put(url, "ito", "dentist.ics", entry(taken.start, taken.end))
        form = await booking_form(world)
        assert block(form, "rep")["element"]["initial_option"]["value"] == str(tanaka.member_id)
        free = [slot_of(value) for value in offered(form)]
        # The dentist, and a quarter of an hour on either side, are nobody's time.
        assert free
        assert not [s for s in free if s.span.overlaps(taken.span)]
        done = await world.person(IS).submit(form["id"], {})
        assert done["result"] == "updated", done
        (made,) = await meetings.upcoming(deps, tanaka)

        message, event = await letter(letters, "REQUEST", 1)
        assert message["To"] is not None
        assert "hanako@customer.example" in str(message["To"])
        assert (event["UID"], int(event["SEQUENCE"])) == (made.uid, 0)
        assert event.decoded("DTSTART").astimezone(UTC) == made.starts_at
        await in_calendar(url, made.uid, made.starts_at)

        # Its own entry does not stand in its way, the dentist does.
        async def click(action_id: str) -> dict[str, object]:
            shown = await world.person(IS).command(TEAM, "/meeting", "list")
            assert shown["response"] is not None
            message = await eventually(lambda: next((m for m in world.direct(IS) if action_id in str(m)), None))
            channel = next(c for c in world.person(IS).screen()["channels"] if message in c["messages"])["id"]
            await world.person(IS).action(
                channel=channel, ts=message["ts"], action_id=action_id, value=str(made.meeting_id)
            )
            return world.modal(IS)

        view = await click("meeting.move")
        choices = [slot_of(value) for value in offered(view, "slot")]
        assert made.starts_at in {s.start for s in choices}
        assert taken.start not in {s.start for s in choices}
        wanted = offered(view, "slot")[-1]
        moved = await world.person(IS).submit(str(view["id"]), {"slot": {"v": wanted}})
        assert moved["result"] == "updated", moved
        await world.person(IS).close(moved["view"]["id"])
        _, event = await letter(letters, "REQUEST", 2)
        assert (event["UID"], int(event["SEQUENCE"])) == (made.uid, 1)
        await in_calendar(url, made.uid, slot_of(wanted).start)

        view = await click("meeting.cancel")
        await world.person(IS).submit(str(view["id"]), {"reason": {"v": "都合により"}})
        message, event = await letter(letters, "CANCEL", 3)
        assert (event["UID"], int(event["SEQUENCE"]), event["STATUS"]) == (made.uid, 2, "CANCELLED")
        assert "都合により" not in message.as_string()
        await in_calendar(url, made.uid, None)
        assert "dentist" in await entries(url, "ito")
    assert (await meetings.view(deps, TEAM_ID, made.meeting_id)).status == "cancelled"
