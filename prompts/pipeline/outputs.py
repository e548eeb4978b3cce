"""What the prompts about conversations give. Nothing of it is believed before it was held against the transcript."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from domain.pipeline.notes import ItemKind


class NoteLine(BaseModel):
    """One line of a note. `quote`: copied letter by letter; `utterance`: the number it stands under."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ItemKind
    text: str
    quote: str
    utterance: int


class MeetingNote(BaseModel):
    """A note of a conversation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lines: list[NoteLine]
