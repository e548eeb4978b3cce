"""What the prompt of the assistant gives: which tools to use. Only tools the asker may use are run, and writes wait."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ToolArgument(BaseModel):
    """One argument of a tool, as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    value: str


class ToolCall(BaseModel):
    """A tool by its name, with the arguments that the request gives."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: str
    arguments: list[ToolArgument]


class ToolChoice(BaseModel):
    """The tools that answer a request, in their order; none where no tool fits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    calls: list[ToolCall]
