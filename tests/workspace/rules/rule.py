"""One rule, and the forms that many rules have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..kit import Json, actions, field, modal

CODES = {"message": "invalid_blocks", "modal": "invalid_arguments", "home": "invalid_arguments"}
ROOTS = {"message": "/blocks", "modal": "/view/blocks", "home": "/view/blocks"}


@dataclass(frozen=True)
class Rule:
    """`broken` and `inside` are the blocks of a message, or a whole view."""

    name: str
    surface: str
    broken: Any
    pointer: str
    inside: Any
    code: str


def rule(name: str, broken: Any, pointer: str, inside: Any, surface: str = "message", code: str = "") -> Rule:
    return Rule(name, surface, broken, pointer, inside, code or CODES[surface])


def in_message(name: str, broken: Json, pointer: str, inside: Json) -> Rule:
    """A rule inside of the only block of a message; the pointer counts from the block."""
    return rule(name, [broken], f"/blocks/0{pointer}", [inside])


def in_input(name: str, broken: Json, pointer: str, inside: Json) -> Rule:
    """A rule inside of the only input element of a modal; the pointer counts from the element."""
    return rule(name, modal(field(broken)), f"/view/blocks/0/element{pointer}", modal(field(inside)), surface="modal")


def in_actions(name: str, broken: Json, pointer: str, inside: Json) -> Rule:
    """A rule inside of the only element of an actions block; the pointer counts from the element."""
    return in_message(name, actions(broken), f"/elements/0{pointer}", actions(inside))


def characters(
    of: Callable[[str, Json, str, Json], Rule], name: str, most: int, make: Callable[[str], Json], pointer: str
) -> Iterator[Rule]:
    """A text of 1 to `most` characters."""
    yield of(f"{name}: {most} characters", make("x" * (most + 1)), pointer, make("x" * most))
    # Characters are counted, not bytes.
    yield of(f"{name}: {most} characters of Japanese", make("字" * (most + 1)), pointer, make("字" * most))
    yield of(f"{name}: not empty", make(""), pointer, make("x"))


def up_to(
    of: Callable[[str, Json, str, Json], Rule], name: str, most: int, make: Callable[[str], Json], pointer: str
) -> Iterator[Rule]:
    """A text that may be empty."""
    yield of(f"{name}: {most} characters", make("x" * (most + 1)), pointer, make("x" * most))


def count(
    of: Callable[[str, Json, str, Json], Rule],
    name: str,
    least: int,
    most: int,
    make: Callable[[int], Json],
    pointer: str,
) -> Iterator[Rule]:
    """A list, or a number, from `least` to `most`."""
    yield of(f"{name}: at most {most}", make(most + 1), pointer, make(most))
    if least:
        yield of(f"{name}: at least {least}", make(least - 1), pointer, make(least))
