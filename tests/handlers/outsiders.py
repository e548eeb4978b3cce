"""People at the workspace's edge: guests, and somebody of another workspace, in one of the team's channels."""

from __future__ import annotations

from dataclasses import replace

from bot.workspace.team import EXAMPLE, Person, Team
from tests.handlers.payloads import CHANNEL

GUEST, SINGLE, FOREIGN = "U01GUEST01", "U01GUEST02", "U02FOREIGN"
OUTSIDERS = (
    Person(GUEST, "guest", "客野 一", "is", "業務委託", guest="multi"),
    Person(SINGLE, "visitor", "客野 二", "is", "業務委託", guest="single"),
    Person(FOREIGN, "foreign", "Alex Outside", "manager", "Customer", "en", home="T02CUSTOMER"),
)


def with_outsiders() -> Team:
    """The demonstration's team and they."""
    users = tuple(person.id for person in OUTSIDERS)
    channels = tuple(
        replace(channel, members=(*channel.members, *users)) if channel.id == CHANNEL else channel
        for channel in EXAMPLE.channels
    )
    return replace(EXAMPLE, people=(*EXAMPLE.people, *OUTSIDERS), channels=channels)
