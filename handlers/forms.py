"""From `view.state` to typed values, or errors on the right fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from enum import StrEnum
from typing import Any, TypeVar

from domain.errors import Code, Refused, Rejected

E = TypeVar("E", bound=StrEnum)

MOST_RECORDS = 2**63 - 1
"""What the databases count to."""


def storable(text: object) -> str:
    """As our databases take it: NUL and halves of characters can be pasted, but not stored."""
    return str(text).replace("\0", "").encode("utf-8", "replace").decode()


def record(text: object, field: str | None = None) -> int:
    """The record that a button or an option of ours names. Refused: NOT_FOUND, also for what names none: an older
    version may have drawn it."""
    try:
        number = int(str(text))
    except ValueError as garbled:
        raise Refused(Code.NOT_FOUND, field) from garbled
    if not 0 <= number <= MOST_RECORDS:
        raise Refused(Code.NOT_FOUND, field)
    return number


def word(kind: type[E], text: object, field: str | None = None) -> E:
    """What a button or an option of ours stands for. Refused: INVALID, as above."""
    try:
        return kind(str(text))
    except ValueError as unknown:
        raise Refused(Code.INVALID, field) from unknown


class Form:
    """The values of a submitted (or half-filled) view, read by block_id.

    Readers collect what is wrong instead of raising at once, so that a person sees every error in one go:
    call `check()` after the last one.
    """

    def __init__(self, view: Mapping[str, Any]) -> None:
        self._values: Mapping[str, Mapping[str, Mapping[str, Any]]] = view.get("state", {}).get("values", {})
        self._refusals: list[Refused] = []

    def _raw(self, field: str) -> Mapping[str, Any]:
        elements = self._values.get(field) or {}
        return next(iter(elements.values()), {})

    def wrong(self, field: str, code: Code = Code.INVALID, **detail: str | int) -> None:
        """Remember that a field is wrong."""
        self._refusals.append(Refused(code, field, **detail))

    def check(self) -> None:
        """Raise `Rejected` when any field was wrong."""
        if self._refusals:
            raise Rejected(*self._refusals)

    def shows(self, field: str) -> bool:
        """Whether the view has this input, filled in or not."""
        return field in self._values

    def text(self, field: str, *, required: bool = False) -> str:
        """What was typed, without the spaces around it."""
        value = storable(self._raw(field).get("value") or "").strip()
        if required and not value:
            self.wrong(field, Code.REQUIRED)
        return value

    def number(self, field: str) -> int | None:
        """A whole number, also one typed in full-width digits or with separators."""
        typed = self.text(field).replace(",", "").replace("，", "").replace("、", "")
        if not typed:
            return None
        try:
            return int(typed)
        except ValueError:
            self.wrong(field, Code.INVALID)
            return None

    def option(self, field: str) -> str | None:
        """The value of the chosen option, user or conversation."""
        raw = self._raw(field)
        chosen = raw.get("selected_option")
        if chosen:
            return storable(chosen["value"])
        other = raw.get("selected_conversation") or raw.get("selected_channel") or raw.get("selected_user")
        return storable(other) if other else None

    def record(self, field: str) -> int | None:
        """The record that was chosen. Refused: NOT_FOUND."""
        value = self.option(field)
        return record(value, field) if value else None

    def option_label(self, field: str) -> str:
        """The text the chosen option was shown with."""
        chosen = self._raw(field).get("selected_option")
        return storable(chosen["text"]["text"]) if chosen else ""

    def choice(self, field: str, kind: type[E]) -> E | None:
        """The chosen member of an enum; a value that is none of it is an error."""
        value = self.option(field)
        if value is None:
            return None
        try:
            return kind(value)
        except ValueError:
            self.wrong(field, Code.INVALID)
            return None

    def required_choice(self, field: str, kind: type[E], default: E) -> E:
        """Like `choice`, and nothing chosen is an error; `default` stands in until `check()`."""
        value = self.choice(field, kind)
        if value is None and self.option(field) is None:
            self.wrong(field, Code.REQUIRED)
        return value or default

    def choices(self, field: str) -> list[str]:
        """The values of the ticked boxes."""
        return [storable(chosen["value"]) for chosen in self._raw(field).get("selected_options") or []]

    def users(self, field: str) -> list[str]:
        """The chosen people: their Slack users, each once."""
        return list(dict.fromkeys(storable(user) for user in self._raw(field).get("selected_users") or []))

    def day(self, field: str, *, not_before: date | None = None) -> date | None:
        """A date, perhaps not before another."""
        value = self._raw(field).get("selected_date")
        if not value:
            return None
        try:
            day = date.fromisoformat(str(value))
        except ValueError:
            self.wrong(field, Code.INVALID)
            return None
        if not_before is not None and day < not_before:
            self.wrong(field, Code.DATE_IN_PAST)
        return day

    def time(self, field: str) -> time | None:
        """A time of day."""
        value = self._raw(field).get("selected_time")
        if not value:
            return None
        try:
            return time.fromisoformat(str(value))
        except ValueError:
            self.wrong(field, Code.INVALID)
            return None
