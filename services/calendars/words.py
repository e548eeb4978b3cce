"""What an entry says where the provider would invite the guests itself if they stood in it as guests."""

from __future__ import annotations

from domain.appointments import Event


def with_guests(event: Event) -> str:
    """The description, and below it who takes part, one a line."""
    guests = [f"{person.name} <{person.address}>" if person.name else person.address for person in event.attendees]
    return "\n\n".join(part for part in (event.description, "\n".join(guests)) if part)
