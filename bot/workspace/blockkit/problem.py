"""One thing that is wrong with a payload, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`pointer` is a JSON pointer into the arguments of the call, such as `/blocks/0/text/text`."""

    pointer: str
    message: str

    def plain(self) -> str:
        """As in the `errors` of a chat method."""
        return f"{self.message} [json-pointer:{self.pointer}]"

    def written(self) -> str:
        """As in `response_metadata.messages`."""
        return f"[ERROR] {self.plain()}"
