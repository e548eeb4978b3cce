"""The small language in which Block Kit's rules are written: checks that add problems, made of other checks."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from bot.workspace.blockkit.problem import Problem

# Looks at a value at a pointer, and adds what is wrong with it.
Check = Callable[[Any, str, list[Problem]], None]


def string(most: int | None = None, least: int = 0, pattern: str | None = None, error: str = "invalid format") -> Check:
    """A string of `least` to `most` characters."""
    compiled = re.compile(pattern, re.ASCII) if pattern else None

    def check(value: Any, pointer: str, problems: list[Problem]) -> None:
        if not isinstance(value, str):
            problems.append(Problem(pointer, "must provide a string"))
        elif len(value) < least:
            problems.append(Problem(pointer, f"must be more than {least - 1} characters"))
        elif most is not None and len(value) > most:
            problems.append(Problem(pointer, f"must be less than {most + 1} characters"))
        elif compiled is not None and not compiled.fullmatch(value):
            problems.append(Problem(pointer, error))

    return check


def boolean(value: Any, pointer: str, problems: list[Problem]) -> None:
    """true or false."""
    if not isinstance(value, bool):
        problems.append(Problem(pointer, "must be a boolean"))


def integer(least: int | None = None, most: int | None = None) -> Check:
    """A whole number from `least` to `most`."""

    def check(value: Any, pointer: str, problems: list[Problem]) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            problems.append(Problem(pointer, "must be an integer"))
        elif least is not None and value < least:
            problems.append(Problem(pointer, f"must be greater than {least - 1}"))
        elif most is not None and value > most:
            problems.append(Problem(pointer, f"must be less than {most + 1}"))

    return check


def number(value: Any, pointer: str, problems: list[Problem]) -> None:
    """A number, whole or not; JSON knows no infinity."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        problems.append(Problem(pointer, "must be a number"))


def one_of(*allowed: str) -> Check:
    """One of some words."""

    def check(value: Any, pointer: str, problems: list[Problem]) -> None:
        if value not in allowed:
            problems.append(Problem(pointer, "must be a valid enum value"))

    return check


def array(item: Check, least: int = 0, most: int | None = None) -> Check:
    """A list of `least` to `most` items."""

    def check(value: Any, pointer: str, problems: list[Problem]) -> None:
        if not isinstance(value, list):
            problems.append(Problem(pointer, "must provide an array"))
            return
        if len(value) < least:
            problems.append(Problem(pointer, f"no fewer than {least} items allowed"))
        if most is not None and len(value) > most:
            problems.append(Problem(pointer, f"no more than {most} items allowed"))
            return
        for place, entry in enumerate(value):
            item(entry, f"{pointer}/{place}", problems)

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check], *more: Check) -> Check:
    """An object with exactly these keys; `more` checks see the object when its own keys are in order."""
    known = {**optional, **required}

    def check(value: Any, pointer: str, problems: list[Problem]) -> None:
        if not isinstance(value, dict):
            problems.append(Problem(pointer, "must provide an object"))
            return
        before = len(problems)
        problems += [Problem(pointer, f"missing required field: {key}") for key in required if value.get(key) is None]
        for key, entry in value.items():
            inner = known.get(key)
            if inner is None:
                problems.append(Problem(pointer, f"invalid additional property: {key}"))
            elif entry is not None:
                # SDKs leave optional keys in with null, and Slack takes them as absent.
                inner(entry, f"{pointer}/{key}", problems)
        if len(problems) == before:
            for extra in more:
                extra(value, pointer, problems)

    return check


def typed(kinds: Mapping[str, Check], only: Collection[str] | None = None) -> Check:
    """An object whose `type` chooses its check; `only` narrows the types that may stand here."""

    def check(value: Any, pointer: str, problems: list[Problem]) -> None:
        if not isinstance(value, dict):
            problems.append(Problem(pointer, "must provide an object"))
            return
        kind = value.get("type")
        if kind is None:
            problems.append(Problem(pointer, "missing required field: type"))
        elif not isinstance(kind, str):
            problems.append(Problem(f"{pointer}/type", "must provide a string"))
        elif kind not in kinds or (only is not None and kind not in only):
            problems.append(Problem(f"{pointer}/type", f"unsupported type: {kind}"))
        else:
            kinds[kind](value, pointer, problems)

    return check


def either(*keys: str) -> Check:
    """Exactly one of some keys of an object."""
    sentence = "must define either " + " or ".join(f"`{key}`" for key in keys)

    def check(value: Any, pointer: str, problems: list[Problem]) -> None:
        if sum(value.get(key) is not None for key in keys) != 1:
            problems.append(Problem(pointer, sentence))

    return check


def any_of(*keys: str) -> Check:
    """At least one of some keys of an object, with something in it."""
    sentence = "must define at least one of " + ", ".join(f"`{key}`" for key in keys)

    def check(value: Any, pointer: str, problems: list[Problem]) -> None:
        if all(value.get(key) in (None, []) for key in keys):
            problems.append(Problem(pointer, sentence))

    return check


def unique(key: str, inner: str) -> Check:
    """No two of the objects in the list `key` have the same `inner`."""

    def check(value: Any, pointer: str, problems: list[Problem]) -> None:
        seen = set()
        for place, entry in enumerate(value.get(key) or ()):
            ident = entry.get(inner)
            if ident is not None and ident in seen:
                problems.append(Problem(f"{pointer}/{key}/{place}/{inner}", f'{inner} "{ident}" already exists'))
            seen.add(ident)

    return check


def anything(_value: Any, _pointer: str, _problems: list[Problem]) -> None:
    """Whatever it is."""
