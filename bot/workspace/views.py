"""Modals and home tabs: a stack of at most three modals for each person, one home for each person."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from typing import Any

from bot.workspace.messages import Blocks, Values

STACK_LIMIT = 3
_HASH_LETTERS = string.ascii_letters + string.digits


def fresh_hash(now: float) -> str:
    """A new view hash of Slack's shape: seconds and eight letters."""
    return f"{int(now)}.{''.join(secrets.choice(_HASH_LETTERS) for _ in range(8))}"


@dataclass(slots=True)
class View:
    """One view as the app defined it, and what the person has typed in it so far (`values`)."""

    id: str
    type: str
    user: str
    blocks: Blocks
    title: dict[str, Any] | None
    submit: dict[str, Any] | None
    close: dict[str, Any] | None
    private_metadata: str
    callback_id: str
    external_id: str
    clear_on_close: bool
    notify_on_close: bool
    submit_disabled: bool
    hash: str
    root_id: str
    previous_id: str | None
    values: Values = field(default_factory=dict)
    # Elements the person has set by hand; their values outlive an update that leaves the ids alone.
    touched: set[tuple[str, str]] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)
    # The submission is with the app; the button is dead until the answer is there.
    submitting: bool = False
    # A sentence shown above the fields, as when the app did not answer.
    notice: str | None = None


class ViewStore:
    """Who has which views open."""

    def __init__(self) -> None:
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self.views: dict[str, View] = {}
        self.external: dict[str, View] = {}
        # Options the app has offered for external selects, by view id or message ts, then by element, then by value.
        self.offered: dict[str, dict[tuple[str, str], dict[str, dict[str, Any]]]] = {}

    def stack(self, user: str) -> list[View]:
        """The person's modals, bottom to top. A copy."""
        return list(self.stacks.get(user, ()))

    def top(self, user: str) -> View | None:
        """The modal the person looks at."""
        stack = self.stacks.get(user)
        return stack[-1] if stack else None

    def push(self, view: View) -> None:
        """Puts a modal on top. Callers have checked `STACK_LIMIT`."""
        stack = self.stacks.setdefault(view.user, [])
        if stack:
            view.previous_id, view.root_id = stack[-1].id, stack[0].id
        stack.append(view)
        self.register(view)

    def register(self, view: View) -> None:
        """Makes a view findable by its ids."""
        self.views[view.id] = view
        if view.external_id:
            self.external[view.external_id] = view

    def forget(self, view: View) -> None:
        """Drops a view from every index."""
        self.views.pop(view.id, None)
        if self.external.get(view.external_id) is view:
            del self.external[view.external_id]

    def pop(self, view: View) -> list[View]:
        """Closes a modal and those above it; returns what was closed, top first."""
        stack = self.stacks.get(view.user, [])
        if view not in stack:
            return []
        place = stack.index(view)
        closed = stack[place:][::-1]
        del stack[place:]
        for gone in closed:
            self.forget(gone)
            self.offered.pop(gone.id, None)
        return closed

    def clear(self, user: str) -> list[View]:
        """Closes every modal of a person; returns them, top first."""
        stack = self.stacks.pop(user, [])
        for gone in stack:
            self.forget(gone)
            self.offered.pop(gone.id, None)
        return stack[::-1]

    def set_home(self, view: View) -> None:
        """Replaces a person's home."""
        old = self.homes.get(view.user)
        if old is not None:
            self.forget(old)
        self.homes[view.user] = view
        self.register(view)
