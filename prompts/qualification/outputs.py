"""What the prompts about qualification give. Nothing of it is believed before it was held against what was said."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from domain.pipeline.notes import Field


class BantLine(BaseModel):
    """A value for one field. `value`: an amount and a day as they were said, else a word of the field's list or a few
    words; `quote`: copied letter by letter; `certain`: said without a doubt or a condition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: Field
    value: str
    quote: str
    utterance: int
    certain: bool


class BantReading(BaseModel):
    """Everything a conversation says about budget, authority, need and timeline."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lines: list[BantLine]


class SummaryLine(BaseModel):
    """A sentence with the numbers of the sources it rests on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    sources: list[int]


class HandoffSummary(BaseModel):
    """A summary for field sales, sentence by sentence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lines: list[SummaryLine]
