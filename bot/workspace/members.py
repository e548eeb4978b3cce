"""What changes about members: their status, presence and quiet times, and the user groups they are in."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class MemberState:
    """What a member has set. `profile` holds the profile fields that were changed; `snooze_until` is in seconds since
    the epoch, 0 for no snooze."""

    profile: dict[str, object] = field(default_factory=dict)
    away: bool = False
    snooze_until: int = 0


@dataclass(slots=True)
class Usergroup:
    """A group of members that is mentioned by its handle. Times in seconds since the epoch; `disabled` is 0 while the
    group is in use."""

    id: str
    name: str
    handle: str
    description: str
    created: int
    updated: int
    created_by: str
    updated_by: str
    disabled: int = 0
    disabled_by: str | None = None
    channels: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
