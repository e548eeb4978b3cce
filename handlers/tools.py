"""What the assistant can be asked for. Each wing registers its tools beside its commands (`Routes.tool`).

A tool reads or writes. One that reads answers with a message whose figures and names open the rows behind them. One
that writes only says what it is going to do (`plan`); it is done (`run`) when the asker has clicked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from domain.members import Permission
from handlers.blocks import Choice
from handlers.i18n import Markup
from handlers.interaction import Interaction
from handlers.messages import Rendered


class Arguments(BaseModel):
    """What a tool is given: words and ids. Its docstring and the descriptions of its fields, in English, are what a
    language model reads of the tool."""

    hidden: ClassVar[frozenset[str]] = frozenset()
    """Fields that only a plan or a button fills in; a model is not offered them."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, str_max_length=500)


A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Which:
    """Several fit what was said, and the asker chooses. The value of what is clicked goes into `argument` of
    the same tool, or of `tool` with the arguments `given`."""

    question: Markup
    argument: str
    choices: Sequence[Choice]
    tool: str = ""
    given: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned(Generic[A]):
    """What a writing tool is going to do, for the asker to confirm. `arguments` leave nothing open: done with them, it
    is what the blocks say. `confirm` is the button's label."""

    message: Rendered
    arguments: A
    confirm: str


Run = Callable[[Interaction, A], Awaitable["Rendered | Which | Planned[A]"]]
"""Does it. Of a writing tool `interaction.value` names the request: done twice under one name, it is done once. Where
something has happened since the asker was asked, it does nothing and asks again, with what has happened."""
Plan = Callable[[Interaction, A], Awaitable["Planned[A] | Rendered | Which"]]
"""Says what it is going to do; a message instead where it cannot be done so."""


@dataclass(frozen=True, slots=True)
class Tool:
    """Something to ask for. `summary` is a msgid: a few words, as the asker reads them under the answer."""

    name: str
    summary: str
    arguments: type[BaseModel]
    run: Run[BaseModel]
    permission: Permission
    writes: bool = False
    plan: Plan[BaseModel] | None = None
    public: bool = False
    """A whole channel may see its answers: figures of the team, no customer, and nobody's own list."""

    def __post_init__(self) -> None:
        if self.writes is not (self.plan is not None):
            raise ValueError(f"{self.name}: what writes has a plan, and only that.")


class Nothing(Arguments):
    """No arguments."""
